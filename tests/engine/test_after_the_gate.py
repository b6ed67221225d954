"""Between the choice of a wave and its bytes, and what was put off, as the wire sees it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import replace

import pytest

from copytrade_gui.domain.account import SessionState
from copytrade_gui.domain.ids import AccountId, CommandId
from copytrade_gui.domain.instrument import Exchange, InstrumentKey
from copytrade_gui.domain.order import FanOut, State
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.engine.orders import faultpoints
from copytrade_gui.engine.orders.settings import EngineSettings
from copytrade_gui.engine.planning.denied import DeniedError
from copytrade_gui.ports import Read
from copytrade_gui.simulator.faults import Fault
from tests.engine.book_reads import Doubt
from tests.engine.test_leaving import begin, launches, press
from tests.proof.judge import settled
from tests.proof.rig import Console, World, world


@contextmanager
def full(console: Console) -> Iterator[None]:
    """The order log takes no plan meanwhile."""
    with closing(sqlite3.connect(console.store.order_log.path, isolation_level=None)) as other:
        other.execute(
            "CREATE TRIGGER full BEFORE INSERT ON records BEGIN SELECT RAISE(ABORT, 'full'); END"
        )
        yield
        other.execute("DROP TRIGGER full")


def states(console: Console) -> dict[str, State]:
    return {order.intent.account_id: order.state for order in console.engine.book}


def sent_by(made: World, number: int) -> int:
    return sum(line.account == made.accounts[number].client_id for line in made.broker.ledger.wire)


def test_an_order_put_off_by_its_connection_does_not_survive_a_kill() -> None:
    """KILL drops what waits, also what waits for its second try; a resume must not send it."""

    async def script(console: Console) -> None:
        await begin(console)
        made = console.world
        made.line.not_sent = 1.0
        await press(console, "nowhere", away=60)
        await made.clock.sleep(0.1)
        await console.engine.stop_trading(TradingState.KILL, "operator", "test")
        made.line.not_sent = 0.0
        await made.clock.sleep(2)
        await console.engine.resume("operator", "test")
        await made.clock.sleep(30)
        assert set(states(console).values()) == {State.SKIPPED}

    with world(2) as made:
        made.live(script)
        assert made.broker.ledger.wire == []


def test_a_kill_file_that_somebody_else_wrote_denies_and_kills() -> None:
    async def script(console: Console) -> None:
        await begin(console)
        made = console.world
        await press(console, "resting", away=60)
        await made.clock.sleep(3)
        console.store.kill_flag._path.write_text("by hand\n")
        with pytest.raises(DeniedError):
            await press(console, "denied")
        assert console.engine.gate.state is TradingState.KILL
        await made.clock.sleep(30)
        assert set(states(console).values()) == {State.CANCELLED}

    with world(2) as made:
        made.live(script)
        assert len(made.broker.ledger.wire) == 3


def test_a_kill_file_is_seen_in_the_middle_of_a_wave(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two were launched by then; of the others not even the channel hears."""
    held: list[Console] = []

    def by_hand(point: str) -> None:
        if point == faultpoints.MID_WRITE and held:
            held[0].store.kill_flag._path.write_text("by hand\n")

    async def script(console: Console) -> None:
        held.append(console)
        await begin(console)
        launched = launches(console, monkeypatch)
        await press(console, "many", away=60)
        await console.world.clock.sleep(30)
        assert len(launched) == 2
        assert set(states(console).values()) == {State.SKIPPED}
        # Their marks are on the disk: without this word a start would look for all of them.
        assert {order.attempt_state for order in console.engine.book} == {State.NOT_SENT}

    with world(10, settings=EngineSettings(gate_every=2)) as made:
        made.live(script, fault=by_hand)
        assert made.broker.ledger.wire == []  # this channel connects first, and asks again then


F1 = AccountId("F001")


def _grow_old(console: Console) -> None:
    console.world.time.now_ns += 61_000_000_000


def _remove(console: Console) -> None:
    console.engine.drop_account(F1)


def _switch_off(console: Console) -> None:
    console.engine.put_account(replace(console.world.account(F1), active=False))


def _log_out(console: Console) -> None:
    console.engine.detach(F1, SessionState.LOGGED_OUT, "Logged out.")


def _halt(console: Console) -> None:
    console.engine.core.halts.found(F1, "test", "Test.")


@pytest.mark.parametrize(
    ("during", "left", "who", "becomes"),
    [
        (_grow_old, [0, 0, 0], "M", State.STALE),
        (_remove, [1, 0, 1], "F001", State.SKIPPED),
        (_switch_off, [1, 0, 1], "F001", State.SKIPPED),
        (_log_out, [1, 0, 1], "F001", State.SKIPPED),
        (_halt, [1, 0, 1], "F001", State.SKIPPED),
    ],
)
def test_the_gate_is_asked_again_after_the_commit(
    during: Callable[[Console], None], left: list[int], who: str, becomes: State
) -> None:
    held: list[Console] = []

    def turn(point: str) -> None:
        if point == faultpoints.AFTER_PLAN_COMMIT:
            during(held[0])

    async def script(console: Console) -> None:
        held.append(console)
        await begin(console)
        await press(console, "slow commit")
        await console.world.clock.sleep(30)
        assert states(console)[who] is becomes

    with world(2) as made:
        made.live(script, fault=turn)
        assert [sent_by(made, number) for number in range(3)] == left


def test_a_follower_removed_and_put_back_copies_over_its_new_session() -> None:
    """Its request was made for the session of before, while the master's answer was awaited."""

    async def script(console: Console) -> None:
        await begin(console)
        made = console.world
        lane = console.engine.lanes[F1]
        account, link = lane.account, lane.links[made.master].link
        for name in ("one", "two"):
            await console.engine.submit(
                made.master, made.terms(away=60), FanOut.ON_MASTER_WORKING, CommandId(name)
            )
            if name == "one":
                await made.clock.sleep(0.01)
                console.engine.drop_account(F1)
                console.engine.put_account(account)
                console.engine.put_link(link, "test")
                console.log_in(F1)
            await made.clock.sleep(10)
        assert {order.state for order in console.engine.book} == {State.WORKING}

    with world(2) as made:
        made.live(script)
        assert [sent_by(made, number) for number in range(3)] == [2, 2, 2]


def test_a_follower_switched_off_while_its_order_waits_is_skipped() -> None:
    async def script(console: Console) -> None:
        await begin(console)
        made = console.world
        console.engine.lanes[F1].wait_until_ns = made.clock.mono_ns() + 3_000_000_000
        await press(console, "waits")
        _switch_off(console)
        await made.clock.sleep(10)
        assert states(console)["F001"] is State.SKIPPED
        (order,) = console.engine.book.of_account(F1)
        assert order.attempt is None  # not even marked

    with world(2) as made:
        made.live(script)
        assert [sent_by(made, number) for number in range(3)] == [1, 0, 1]


def test_a_plan_that_was_not_stored_halts_and_leaves_nothing_behind() -> None:
    """One follower's order waits for its account; it must go with its plan, not after it."""

    async def script(console: Console) -> None:
        await begin(console)
        made = console.world
        console.engine.lanes[F1].wait_until_ns = made.clock.mono_ns() + 3_000_000_000
        with full(console), pytest.raises(DeniedError):
            await press(console, "not stored")
        assert not console.engine.gate.may_send
        await made.clock.sleep(1)
        await console.engine.resume("operator", "space made")
        await made.clock.sleep(10)
        assert not list(console.engine.book)
        assert not console.engine.lanes[F1].queue
        assert console.engine.gate.may_send

    with world(2) as made:
        made.live(script)
        assert made.broker.ledger.wire == []


def test_an_order_that_cannot_be_encoded_leaves_nothing_half_made() -> None:
    async def script(console: Console) -> None:
        await begin(console)
        made = console.world
        terms = made.terms()
        odd = replace(
            terms,
            instrument=replace(
                terms.instrument,
                lot_size=7,
                key=InstrumentKey(Exchange.MCXCOMM, terms.instrument.key.instrument_id),
            ),
        )
        with pytest.raises(DeniedError):
            await console.engine.submit(made.master, odd, FanOut.WITH_MASTER, CommandId("odd"))
        assert not list(console.engine.book)
        placed = await console.engine.submit(
            made.master, terms, FanOut.WITH_MASTER, CommandId("odd")
        )
        assert not placed.known
        (await settled(console, 1)).must_be_clean("after an odd order")

    with world(2) as made:
        made.live(script)
        assert len(made.broker.ledger.wire) == 3


@pytest.mark.parametrize("turns", [1, 2, 3, 4, 5, 6])
def test_a_caller_who_goes_away_leaves_no_order_without_an_outcome(turns: int) -> None:
    """The window that asked was closed while the plan was being stored."""

    async def script(console: Console) -> None:
        await begin(console)
        made = console.world
        asked = asyncio.ensure_future(press(console, "gone"))
        for _ in range(turns):
            await asyncio.sleep(0)
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)
        await made.clock.sleep(100)
        assert all(order.state.ended for order in console.engine.book)
        (await settled(console, 0)).must_be_clean("gone")

    with world(2) as made:
        made.live(script)


def test_a_first_try_found_during_the_commit_of_the_second_stops_it_and_no_neighbour() -> None:
    """Two refused followers are queued again together; the book shows the first try of one."""
    held: list[Console] = []

    def find(point: str) -> None:
        if point == faultpoints.AFTER_MARK and held:
            console = held.pop()
            lane = console.engine.lanes[F1]
            (order,) = console.engine.book.of_account(F1)
            row = Doubt(console, lane, order).row()
            console.engine.parts.reconciler.absorb_orders(lane, Read((row,), whole=True))

    async def script(console: Console) -> None:
        await begin(console)
        made = console.world
        followers = [account.client_id for account in made.accounts[1:]]
        made.broker.add_fault(Fault(action="too_many", call="place", accounts=followers, count=2))
        await press(console, "both", away=60)
        held.append(console)
        await made.clock.sleep(20)
        assert not held
        assert states(console)["F002"] is State.WORKING
        assert not console.bugs

    with world(2) as made:
        made.live(script, fault=find)
        assert [sent_by(made, number) for number in range(3)] == [1, 1, 2]


@pytest.mark.parametrize("fails", [True, False])
def test_a_second_press_during_the_commit_is_told_what_became_of_the_first(fails: bool) -> None:
    async def script(console: Console) -> None:
        await begin(console)
        with full(console) if fails else nullcontext():
            told = await asyncio.gather(
                press(console, "same"), press(console, "same"), return_exceptions=True
            )
        assert [isinstance(one, DeniedError) for one in told] == [fails, fails]

    with world(2) as made:
        made.live(script)
        assert len(made.broker.ledger.wire) == (0 if fails else 3)
