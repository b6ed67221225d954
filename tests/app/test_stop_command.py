"""``copytrade-gui stop``: a script stops trading, with a console or in a folder that is closed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from copytrade_gui.__main__ import main
from copytrade_gui.app.paper import SimulatorOptions
from copytrade_gui.app.stop_command import carry_out
from copytrade_gui.app.stop_words import StopWish
from copytrade_gui.app.wiring import OpenOptions, open_console
from copytrade_gui.domain.order import State
from copytrade_gui.domain.trading_state import StateChange, TradingState
from copytrade_gui.ports import StopAsked
from copytrade_gui.services.verbs import RefusedError
from tests.engine.test_every_check import left, place
from tests.engine.test_exits import F1
from tests.engine.test_kill_all_orders import rests, works
from tests.engine.test_leaving import begin
from tests.proof.rig import Console, World, world

TWO = SimulatorOptions(accounts=3, masters=1)


def stop(
    made: World, capsys: pytest.CaptureFixture[str], *words: str, code: int = 0
) -> dict[str, object]:
    where = ["--paper", "--data-dir", str(made.folder / f"life{made.crashes}"), "--json"]
    assert main(["stop", *words, *where]) == code
    told = json.loads(capsys.readouterr().out)
    assert isinstance(told, dict)
    return told


async def nothing(console: Console) -> None:
    await begin(console)


def test_a_stop_in_a_closed_folder_is_what_the_next_console_begins_with(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def halted(console: Console) -> None:
        await begin(console)
        await console.world.clock.sleep(2)
        assert console.engine.gate.change.state is TradingState.HALT
        assert console.engine.gate.change.reason == "Results at noon."
        await place_nothing(console)

    async def place_nothing(console: Console) -> None:
        console.see_price()
        with pytest.raises(Exception, match="Trading is halted"):
            await place(console, console.world.terms(quantity=4, away=60))
        assert left(console) == 0

    with world(1) as made:
        made.live(nothing)
        assert stop(made, capsys, "status")["ok"] is True
        told = stop(made, capsys, "halt", "--reason", "Results at noon.")
        assert (told["ok"], told["state"], told["console"]) == (True, "HALT", False)
        assert str(told["actor"]).startswith("command line (")
        # A lighter stop frees nothing.
        assert stop(made, capsys, "pause")["state"] == "HALT"
        assert stop(made, capsys, "status")["reason"] == "Results at noon."
        made.live(halted)
        assert stop(made, capsys, "resume", code=1)["field"] == "reason"
        assert stop(made, capsys, "status")["state"] == "HALT"
        assert stop(made, capsys, "resume", "--reason", "They are out.")["state"] == "ACTIVE"


def test_a_stop_that_only_the_file_holds_is_told_and_not_weakened(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def only_in_the_file(console: Console) -> None:
        await begin(console)
        now = console.world.time.wall_ns()
        change = StateChange(TradingState.HALT, "operator", "The disk was full.", now)
        console.store.stop_files.put(change)

    async def halted(console: Console) -> None:
        await begin(console)
        assert console.engine.gate.change.state is TradingState.HALT
        assert console.engine.gate.change.reason == "The disk was full."

    with world(1) as made:
        made.live(only_in_the_file)
        for verb in ("status", "pause", "reduce", "status"):
            told = stop(made, capsys, verb)
            assert (told["state"], told["reason"]) == ("HALT", "The disk was full.")
        assert stop(made, capsys, "resume", code=1)["field"] == "reason"
        made.live(halted)


def test_a_stop_that_a_console_did_not_live_to_store_is_told_and_resumed_from(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def asked_in_vain(console: Console) -> None:
        await begin(console)
        for state in (TradingState.PAUSE, TradingState.HALT):
            wish = StopAsked(state.value, state, "another script", "The feed looks wrong.")
            console.store.stop_files.ask(wish)

    async def trades(console: Console) -> None:
        await begin(console)
        console.engine.gate.look()
        assert console.engine.gate.state is TradingState.ACTIVE

    with world(1) as made:
        made.live(asked_in_vain)
        for verb in ("status", "pause", "status"):
            told = stop(made, capsys, verb)
            assert (told["state"], told["actor"]) == ("HALT", "stop file (another script)")
        assert stop(made, capsys, "resume", code=1)["field"] == "reason"
        assert stop(made, capsys, "resume", "--reason", "It is right.")["state"] == "ACTIVE"
        made.live(trades)


@pytest.mark.parametrize("account", [False, True])
def test_a_kill_of_all_orders_is_stored_for_the_next_console_and_a_lesser_one_takes_no_less(
    capsys: pytest.CaptureFixture[str], account: bool
) -> None:
    async def first(console: Console) -> None:
        await rests(console)

    async def second(console: Console) -> None:
        await begin(console)
        await console.world.clock.sleep(60)
        assert works(console.world) == ([2, 0, 2] if account else [0, 0, 0])

    with world(2) as made:
        made.live(first)
        whom = ["--account", made.account(F1).client_id] if account else []
        assert stop(made, capsys, "kill", "--all-orders", *whom)["ok"] is True
        if not account:
            sentence = stop(made, capsys, "kill")["sentence"]
            assert "KILL, of all orders since" in str(sentence)
        made.live(second)


def test_a_kill_is_left_in_the_window_alone(capsys: pytest.CaptureFixture[str]) -> None:
    async def killed(console: Console) -> None:
        await begin(console)
        await console.world.clock.sleep(2)
        assert console.engine.gate.change.state is TradingState.KILL

    with world(1) as made:
        made.live(nothing)
        assert stop(made, capsys, "kill")["state"] == "KILL"
        words = ("resume", "--reason", "It is over.")
        assert "left after its report" in str(stop(made, capsys, *words, code=1)["refused"])
        made.live(killed)


def test_an_account_is_stopped_alone_and_a_mistyped_one_is_a_sentence(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def traded(console: Console) -> None:
        await begin(console)
        console.see_price()
        await place(console, console.world.terms(quantity=4, away=60))
        await console.world.clock.sleep(2)
        orders = {one.intent.account_id: one for one in console.engine.book}
        assert (orders[F1].state, orders[F1].code) == (State.BLOCKED, "account_halted")
        assert "His phone was stolen." in orders[F1].reason
        assert left(console) == 2

    with world(2) as made:
        made.live(nothing)
        client = made.account(F1).client_id
        told = stop(made, capsys, "halt", "--account", client, "--reason", "His phone was stolen.")
        assert told["ok"] is True
        refused = stop(made, capsys, "halt", "--account", "NOBODY", code=1)
        assert (refused["field"], "NOBODY" in str(refused["refused"])) == ("account", True)
        assert stop(made, capsys, "halt", "--group", "None", code=1)["field"] == "group"
        made.live(traded)


def test_an_account_that_is_killed_in_a_closed_folder_is_swept_by_the_next_console(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def rests(console: Console) -> None:
        await begin(console)
        console.see_price()
        await place(console, console.world.terms(quantity=4, away=60))
        await console.world.clock.sleep(3)

    async def swept(console: Console) -> None:
        made = console.world
        await begin(console)
        await made.clock.sleep(30)
        made.broker.advance()
        gone = [row.account for row in made.broker.ledger.accepted if not row.live]
        assert gone == [made.account(F1).client_id]
        assert console.engine.gate.state is TradingState.ACTIVE
        saw = console.engine.lanes[F1].status.stopped
        assert "Killed" in saw
        assert console.engine.lift_account_halt(F1, saw, "operator", "It is found.")
        console.see_price()
        await place(console, made.terms(quantity=4, away=60))
        await made.clock.sleep(30)
        made.broker.advance()
        assert sum(row.live for row in made.broker.ledger.accepted) == 2 + 3

    with world(2) as made:
        made.live(rests)
        client = made.account(F1).client_id
        told = stop(made, capsys, "kill", "--account", client, "--reason", "His phone was stolen.")
        assert "the next one cancels them" in str(told["sentence"])
        assert stop(made, capsys, "status")["state"] == "ACTIVE"
        refused = stop(made, capsys, "pause", "--account", client, code=1)
        assert refused["field"] == "account"
        made.live(swept)


async def test_a_console_that_runs_is_stopped_and_never_resumed(tmp_path: Path) -> None:
    async with open_console(OpenOptions(tmp_path, paper=TWO)) as opened:
        told = await carry_out(tmp_path, "default", StopWish("halt", "Test."), paper=True)
        assert (told.ok, told.console, told.state) == (True, True, "HALT")
        assert opened.engine.gate.state is TradingState.HALT
        standing = await carry_out(tmp_path, "default", StopWish("status"), paper=True)
        assert (standing.state, standing.actor) == ("HALT", told.actor)
        with pytest.raises(RefusedError, match="never lifts a stop"):
            await carry_out(tmp_path, "default", StopWish("resume", "Test."), paper=True)
        assert opened.engine.gate.state is TradingState.HALT
