"""A file beside the database stops trading before the next byte, and never lets it go on.

The simulator's ledger says what left. What asks is what a script writes (``copytrade-gui stop``).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from copytrade_gui.domain.order import State
from copytrade_gui.domain.trading_state import StateChange, TradingState
from copytrade_gui.engine.orders import faultpoints
from copytrade_gui.engine.planning.denied import DeniedError
from copytrade_gui.ports import StopAnswer, StopAsked
from copytrade_gui.simulator.faults import Fault
from copytrade_gui.storage.files.stop_files import StopFilesOnDisk
from tests.engine.test_every_check import left, place
from tests.engine.test_exits import F1
from tests.engine.test_leaving import begin
from tests.proof.rig import Console, world

SCRIPT = "command line (asha)"
HALT, PAUSE, REDUCE, KILL, ACTIVE = (
    TradingState.HALT,
    TradingState.PAUSE,
    TradingState.REDUCE,
    TradingState.KILL,
    TradingState.ACTIVE,
)


def wish(
    state: TradingState, name: str = "1", account: str = "", group: str = "", **how: bool
) -> StopAsked:
    return StopAsked(name, state, SCRIPT, "The feed looks wrong.", account, group, **how)


def files(console: Console) -> StopFilesOnDisk:
    return console.store.stop_files


def write(console: Console, content: bytes) -> None:
    """As a script does that writes the file itself, always under one name."""
    made = console.world
    folder = made.folder / f"life{made.crashes}" / "profiles" / "paper" / "stop-requests"
    folder.mkdir(exist_ok=True)
    (folder / "mine.json").write_bytes(content)


@pytest.mark.parametrize("called", ["operator", "engine", "loss limit", "nightly"])
def test_a_script_that_asks_by_a_file_is_named_as_one_whatever_it_calls_itself(called: str) -> None:
    async def script(console: Console) -> None:
        await begin(console)
        text = json.dumps({"name": "1", "state": "HALT", "actor": called, "reason": "by night"})
        write(console, text.encode())
        console.engine.gate.look()
        await console.world.clock.sleep(2)
        assert console.engine.gate.change.actor == f"stop file ({called})"
        assert files(console).asked() == ()

    with world(1) as made:
        made.live(script)


@pytest.mark.parametrize("state", [PAUSE, HALT, KILL])
def test_a_stop_by_a_file_holds_before_the_next_plan_is_told_and_is_there_after_a_start(
    state: TradingState,
) -> None:
    async def first(console: Console) -> None:
        await begin(console)
        console.see_price()
        await place(console, console.world.terms(quantity=4, away=60))
        await console.world.clock.sleep(1)
        accepted = left(console)
        files(console).ask(wish(state))
        with pytest.raises(DeniedError) as denied:
            await place(console, console.world.terms(quantity=4, away=70))
        assert denied.value.code == "stopped"
        await console.world.clock.sleep(2)
        assert left(console) == accepted
        answer = files(console).answered("1")
        assert answer is not None
        assert answer.held
        assert answer.sentence == f"{state} holds, by {SCRIPT}: The feed looks wrong."
        assert files(console).asked() == ()
        assert console.engine.gate.change.actor == SCRIPT
        newest = files(console).newest()
        assert newest is not None
        assert newest.state is state
        rows = await console.store.history.events(50, kind="TradingStateChanged")
        assert SCRIPT in rows[0].actor

    async def second(console: Console) -> None:
        await begin(console)
        await console.world.clock.sleep(2)
        assert console.engine.gate.change.state is state

    with world(1) as made:
        made.live(first)
        made.live(second)


def test_what_is_on_its_way_ends_at_the_next_piece() -> None:
    asked: list[str] = []

    def fault(folder: Callable[[], StopFilesOnDisk]) -> Callable[[str], None]:
        def at(name: str) -> None:
            if name == faultpoints.MID_WRITE and not asked:
                asked.append(name)
                folder().ask(wish(HALT))

        return at

    lives: list[Console] = []

    async def script(console: Console) -> None:
        lives.append(console)
        await begin(console)
        console.see_price()
        await place(console, console.world.terms(quantity=4, away=60))
        await console.world.clock.sleep(2)
        orders = list(console.engine.book)
        at_broker = sum(one.state is State.WORKING for one in orders)
        assert asked
        assert left(console) == at_broker < len(orders)
        assert console.engine.gate.state is HALT

    with world(60) as made:
        made.live(script, fault=fault(lambda: files(lives[0])))


def test_an_account_or_a_group_is_stopped_alone() -> None:
    async def script(console: Console) -> None:
        made, engine = console.world, console.engine
        await begin(console)
        console.see_price()
        files(console).ask(wish(HALT, account=made.account(F1).client_id.lower()))
        await place(console, made.terms(quantity=4, away=60))
        await made.clock.sleep(1)
        orders = {one.intent.account_id: one for one in engine.book}
        assert (orders[F1].state, orders[F1].code) == (State.BLOCKED, "account_halted")
        assert SCRIPT in orders[F1].reason
        assert left(console) == 2
        assert engine.gate.state is ACTIVE
        files(console).ask(wish(REDUCE, "2", group="Family"))
        engine.gate.look()
        answer = files(console).answered("2")
        assert answer is not None
        assert (answer.held, answer.sentence) == (
            False, "No follower is in group Family. Check its name.",
        )  # fmt: skip
        link = next(one for one in made.links if one.follower_id != F1)
        engine.put_link(replace(link, group="Family"), "operator")
        files(console).ask(wish(REDUCE, "3", group="Family"))
        console.see_price()
        await place(console, made.terms(quantity=4, away=70))
        await made.clock.sleep(1)
        other = list(engine.book)[-1]
        assert (other.state, other.code) == (State.BLOCKED, "loss_limit")
        assert left(console) == 3
        files(console).ask(wish(PAUSE, "4", group="Family"))
        engine.gate.look()
        refused = files(console).answered("4")
        assert refused is not None
        assert "For an account or a group: reduce, halt or kill." in refused.sentence
        assert engine.gate.state is ACTIVE

    with world(2) as made:
        made.live(script)


@pytest.mark.parametrize("group", [False, True])
def test_a_kill_of_an_account_or_a_group_cancels_there_alone(group: bool) -> None:
    """Also what the broker doubled, which only the account's own book shows."""

    async def script(console: Console) -> None:
        made, engine = console.world, console.engine
        client = made.account(F1).client_id
        await begin(console)
        console.see_price()
        made.broker.add_fault(Fault(action="duplicate_order", accounts=[client]))
        await place(console, made.terms(quantity=4, away=60))
        await made.clock.sleep(2)
        if group:
            mine = next(one for one in made.links if one.follower_id == F1)
            engine.put_link(replace(mine, group="Family"), "operator")
            files(console).ask(wish(KILL, group="Family"))
        else:
            files(console).ask(wish(KILL, account=client))
        engine.gate.look()
        await made.clock.sleep(1)
        answer = files(console).answered("1")
        assert answer is not None
        assert (answer.held, SCRIPT in answer.sentence) == (True, True)
        await made.clock.sleep(30)
        states = {one.intent.account_id: one.state for one in engine.book}
        assert states.pop(F1) is State.CANCELLED
        assert set(states.values()) == {State.WORKING}
        assert engine.gate.state is ACTIVE
        made.broker.advance()
        gone = [row.account for row in made.broker.ledger.accepted if not row.live]
        assert (gone, left(console)) == ([client, client], 4)

    with world(2) as made:
        made.live(script)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not json",
        b'{"name":"1","state":"ACTIVE","actor":"me","reason":"go on"}',
        b'{"name":"1","state":"RECOVERING","actor":"me","reason":"go on"}',
        b'{"name":"","state":"PAUSE","actor":"me","reason":"go on"}',
        b'{"name":"1","state":"PAUSE","actor":"me","reason":"go on","x":' + b"[" * 16_000,
        b'{"name":"1","state":"PAUSE","actor":"\xff","reason":"go on"}',
    ],
)
def test_a_file_that_is_no_stop_halts_and_none_ever_lifts_one(content: bytes) -> None:
    async def script(console: Console) -> None:
        made, engine = console.world, console.engine
        await begin(console)
        console.see_price()
        write(console, content)
        with pytest.raises(DeniedError):
            await place(console, made.terms(quantity=4, away=60))
        await made.clock.sleep(1)
        assert engine.gate.change.state is HALT
        assert left(console) == 0
        # A lighter stop frees nothing, and neither does a word of ACTIVE in the state's file.
        files(console).ask(wish(PAUSE))
        files(console).put(StateChange(ACTIVE, "me", "go on", made.time.wall_ns() + 10**9))
        engine.gate.look()
        await made.clock.sleep(1)
        assert engine.gate.change.state is HALT
        await engine.resume("operator", "The file was a mistake.")
        assert engine.gate.state is ACTIVE
        write(console, content)  # the same once more is not forgiven
        engine.gate.look()
        assert engine.gate.state is HALT

    with world(1) as made:
        made.live(script)


@pytest.mark.parametrize("own_file", [False, True])
def test_a_kill_asked_for_while_another_stop_is_stored_is_answered_too(own_file: bool) -> None:
    """By two scripts, or written over the request that is just being stored."""

    def ask(console: Console, asked: StopAsked) -> None:
        if own_file:
            files(console).ask(asked)
        else:
            write(console, msgspec.json.encode(asked))

    async def script(console: Console) -> None:
        engine = console.engine
        await begin(console)
        ask(console, wish(PAUSE, "A"))
        engine.gate.look()
        ask(console, wish(KILL, "B"))
        await console.world.clock.sleep(1)
        engine.gate.look()
        assert engine.gate.state is KILL
        await console.world.clock.sleep(1)
        assert engine.gate.change.state is KILL
        for name in "AB":
            answer = files(console).answered(name)
            assert answer is not None
            assert answer.held
        assert files(console).asked() == ()

    with world(1) as made:
        made.live(script)


def test_stops_that_wait_together_are_all_answered_and_the_strictest_holds() -> None:
    async def first(console: Console) -> None:
        await begin(console)
        for state in (PAUSE, KILL, REDUCE, PAUSE):
            files(console).ask(wish(state, state.value))
        console.engine.gate.look()
        assert console.engine.gate.state is KILL
        await console.world.clock.sleep(2)
        assert console.engine.gate.change.state is KILL
        for state in (PAUSE, KILL, REDUCE):
            answer = files(console).answered(state.value)
            assert answer is not None
            assert answer.sentence.startswith("KILL holds")

    async def second(console: Console) -> None:
        await begin(console)
        assert console.engine.gate.change.state is KILL

    with world(1) as made:
        made.live(first)
        made.live(second)


def test_a_script_that_always_asks_by_one_name_is_obeyed_each_time() -> None:
    async def script(console: Console) -> None:
        made, engine = console.world, console.engine
        await begin(console)
        for _ in range(3):
            files(console).ask(wish(HALT))
            engine.gate.look()
            await made.clock.sleep(1)
            assert engine.gate.change.state is HALT
            await engine.resume("operator", "Looked at.")
            assert engine.gate.state is ACTIVE
        client, lane = made.account(F1).client_id, engine.core.lanes.get(F1)
        assert lane is not None
        for state in (REDUCE, HALT):
            files(console).ask(wish(state, account=client))
            engine.gate.look()
        assert lane.status.halted
        await made.clock.sleep(1)
        assert engine.core.halts.lift(F1, lane.status.stopped, "operator", "Looked at.")
        files(console).ask(wish(HALT, account=client))
        engine.gate.look()
        assert lane.status.halted

    with world(1) as made:
        made.live(script)


@pytest.mark.parametrize(
    ("stored", "state", "holds"),
    [
        (PAUSE, HALT, HALT),
        (PAUSE, REDUCE, REDUCE),
        (PAUSE, ACTIVE, PAUSE),
        (PAUSE, TradingState.RECOVERING, PAUSE),
        (HALT, PAUSE, HALT),
        (HALT, REDUCE, HALT),
        (KILL, HALT, KILL),
    ],
)
def test_a_newer_word_beside_the_database_is_believed_where_it_stops_more_strictly(
    stored: TradingState, state: TradingState, holds: TradingState
) -> None:
    async def first(console: Console) -> None:
        await begin(console)
        await console.engine.stop_trading(stored, "operator", "Lunch.")
        now = console.world.time.wall_ns()
        files(console).put(StateChange(state, "operator", "The disk was full.", now + 10**9))

    async def second(console: Console) -> None:
        await begin(console)
        await console.world.clock.sleep(2)
        assert console.engine.gate.change.state is holds

    with world(1) as made:
        made.live(first)
        made.live(second)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b'{"x":' + b"[" * 20_000,
        b'{"state":"HALT","actor":"a","reason":"b","at_ns":1' + b"0" * 40 + b"}",
    ],
)
def test_a_state_file_that_cannot_be_read_says_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "trading-state.json").write_bytes(content)
    assert StopFilesOnDisk(tmp_path).newest() is None


def test_no_request_is_lost_between_who_asks_and_who_takes_the_empty_folder_away(
    tmp_path: Path,
) -> None:
    console, heard = StopFilesOnDisk(tmp_path), set[str]()
    names = {str(number) for number in range(60)}

    def ask() -> None:
        for name in names:
            StopFilesOnDisk(tmp_path).ask(wish(HALT, name))

    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(ask)
        while not asking.done() or (tmp_path / "stop-requests").exists():
            for asked in console.asked():
                heard.add(asked.name)
                console.answer(asked, StopAnswer(asked.name, held=True, sentence=""))
        asking.result()
    assert heard == names
