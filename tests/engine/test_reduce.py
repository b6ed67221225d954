"""REDUCE: what reduces leaves, nothing that opens does, also of what waits.

The simulator's orders and positions are the judge.
"""

from __future__ import annotations

import pytest

from copytrade_gui.domain.ids import AccountId, CommandId, PlanId
from copytrade_gui.domain.order import FanOut, Side, State
from copytrade_gui.domain.square_off import EVERYTHING, Chosen
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.engine.planning.denied import DeniedError
from copytrade_gui.services.square_off import SquareOffService
from copytrade_gui.services.trading import Trading
from copytrade_gui.services.verbs import RefusedError
from tests.engine.test_account_halts import trading
from tests.engine.test_exits import F1, position, press, ticket
from tests.engine.test_leaving import begin
from tests.engine.test_master_elsewhere import LOOKING, elsewhere, ready
from tests.engine.test_square_off import M, at_broker
from tests.proof.rig import Console, ProgramStopped, world

REDUCE = TradingState.REDUCE
BUY, SELL = Side.BUY, Side.SELL


def test_exits_pass_and_entries_are_denied_for_master_and_copies() -> None:
    async def script(console: Console) -> None:
        made, engine = console.world, console.engine
        await begin(console)
        await press(console, ticket(made, BUY, 40))
        await engine.stop_trading(REDUCE, "operator", "too wild")
        accepted = len(made.broker.ledger.accepted)
        with pytest.raises(
            DeniedError, match=r"opens\. Only exits leave, as the operator chose"
        ) as no:
            await press(console, ticket(made, BUY, 10))
        assert no.value.code == "only_exits"
        with pytest.raises(DeniedError):  # more than he holds: a reversal opens
            await press(console, ticket(made, SELL, 50))
        assert len(made.broker.ledger.accepted) == accepted
        orders = await press(console, ticket(made, SELL, 20))
        assert {one.state for one in orders.values()} == {State.FILLED}
        resting = await press(console, ticket(made, SELL, 20, away=60), wait_s=3)
        assert {one.state for one in resting.values()} == {State.WORKING}
        with pytest.raises(DeniedError, match="Only exits leave"):  # no change of any order
            await engine.modify(resting[F1].intent.intent_id, ticket(made, SELL, 20, away=50))
        await engine.resume("operator", "calm again")
        await press(console, ticket(made, BUY, 10))
        assert at_broker(made)[M, made.instruments[0].symbol] == 30

    with world(2) as made:
        made.live(script)


def test_of_what_the_master_does_elsewhere_only_exits_are_copied() -> None:
    async def script(console: Console) -> None:
        made = await ready(console)
        elsewhere(made, ticket(made, BUY, 20))
        await made.clock.sleep(20)
        await console.engine.stop_trading(REDUCE, "operator", "too wild")
        elsewhere(made, ticket(made, BUY, 20))
        await made.clock.sleep(20)
        assert [position(made, number) for number in (0, 1, 2)] == [40, 10, 40]
        codes = [one.code for one in console.engine.book if one.state is State.BLOCKED]
        assert codes == ["only_exits"] * 2
        elsewhere(made, ticket(made, SELL, 20))
        await made.clock.sleep(40)
        assert [position(made, number) for number in (0, 1, 2)] == [20, 5, 20]

    with world(2, settings=LOOKING) as made:
        made.live(script)


async def submit(console: Console, name: str, side: Side, which: int, away: int) -> PlanId:
    terms = console.world.terms(side=side, quantity=10, away=away, which=which)
    command = CommandId(name)
    placed = await console.engine.submit(M, terms, FanOut.WITH_MASTER, command)
    return placed.plan.plan_id


@pytest.mark.parametrize("halted", [False, True])
def test_of_what_waits_when_it_takes_hold_only_exits_leave(halted: bool) -> None:
    """An entry and an exit wait for the answers to the orders before them, of the master too."""

    async def script(console: Console) -> None:
        made, engine = console.world, console.engine
        await begin(console)
        await press(console, ticket(made, BUY, 40))
        for which, side in ((1, BUY), (0, SELL)):
            await submit(console, f"first {which}", side, which, 60)
        into = await submit(console, "into", BUY, 1, -60)
        out = await submit(console, "out", SELL, 0, -60)
        if halted:
            await engine.stop_trading(TradingState.HALT, "operator", "wait")
            await made.clock.sleep(2)
            await engine.resume("operator", "let everybody out", REDUCE)
        else:
            engine.brake(REDUCE)
            await made.clock.sleep(2)
        await made.clock.sleep(3)
        states = {(one.state, one.code) for one in engine.book.of_plan(into)}
        assert states == {(State.BLOCKED, "only_exits")}
        assert {one.state for one in engine.book.of_plan(out)} == {State.FILLED}
        symbol = made.instruments[1].symbol
        assert not [place for place in at_broker(made) if place[1] == symbol]

    with world(2) as made:
        made.live(script)


WAYS = {
    (TradingState.ACTIVE, "pause"): TradingState.PAUSE,
    (TradingState.ACTIVE, "only_exits"): REDUCE,
    (TradingState.PAUSE, "only_exits"): REDUCE,
    (TradingState.PAUSE, "resume"): TradingState.ACTIVE,
    (REDUCE, "pause"): TradingState.PAUSE,
    (REDUCE, "resume"): TradingState.ACTIVE,
    (TradingState.HALT, "pause"): TradingState.HALT,
    (TradingState.HALT, "only_exits"): REDUCE,
    (TradingState.HALT, "resume"): TradingState.ACTIVE,
    (TradingState.KILL, "pause"): TradingState.KILL,
    (TradingState.KILL, "halt"): TradingState.KILL,
    (TradingState.KILL, "only_exits"): REDUCE,
    (TradingState.KILL, "resume"): TradingState.ACTIVE,
}
STATES = {"pause": TradingState.PAUSE, "only_exits": REDUCE, "halt": TradingState.HALT,
          "kill": TradingState.KILL, "resume": TradingState.ACTIVE}  # fmt: skip


def test_a_person_gets_from_each_state_into_each_other_and_a_stop_frees_nothing() -> None:
    async def script(console: Console) -> None:
        await begin(console)
        verbs = trading(console)
        gate = console.engine.gate
        for start, into in STATES.items():
            for verb, asked in STATES.items():
                await verbs.resume("begin again", "RESUME")
                if start != "resume":
                    await call(verbs, start)
                assert gate.state is into
                explained = into in (TradingState.HALT, TradingState.KILL, REDUCE)
                back = verb in ("resume", "only_exits") and asked is not into
                if explained and back:
                    with pytest.raises(RefusedError, match="Reason is empty"):
                        await call(verbs, verb, reason="")
                if into is TradingState.KILL and back:
                    with pytest.raises(RefusedError, match="Word must be RESUME"):
                        await call(verbs, verb, word="")
                assert gate.state is into
                await call(verbs, verb)
                wanted = asked if verb in ("halt", "kill") else into
                if into is TradingState.KILL and verb == "halt":
                    wanted = into
                assert gate.state is WAYS.get((into, verb), wanted), (into, verb)

    with world(1) as made:
        made.live(script)


async def call(verbs: Trading, name: str, reason: str = "calm", word: str = "RESUME") -> None:
    if name in ("resume", "only_exits"):
        await getattr(verbs, name)(reason, word)
    else:
        await getattr(verbs, name)(reason)


def test_a_pause_out_of_only_exits_lets_nothing_leave_that_opens() -> None:
    """An entry and an exit wait for the answers to the orders before them when it is pressed."""

    async def script(console: Console) -> None:
        made, engine = console.world, console.engine
        await begin(console)
        await press(console, ticket(made, BUY, 40))
        for which, side in ((1, BUY), (0, SELL)):
            await submit(console, f"first {which}", side, which, 60)
        into = await submit(console, "into", BUY, 1, -60)
        out = await submit(console, "out", SELL, 0, -60)
        engine.brake(REDUCE)
        await engine.stop_trading(REDUCE, "operator", "too wild")
        change = await engine.stop_trading(TradingState.PAUSE, "operator", "and now nothing new")
        assert change.state is engine.gate.state is TradingState.PAUSE
        await made.clock.sleep(5)
        assert {one.state for one in engine.book.of_plan(into)} == {State.BLOCKED}
        assert {one.state for one in engine.book.of_plan(out)} == {State.FILLED}
        with pytest.raises(DeniedError, match="paused"):
            await press(console, ticket(made, SELL, 10))
        symbol = made.instruments[1].symbol
        assert not [place for place in at_broker(made) if place[1] == symbol]

    with world(2) as made:
        made.live(script)


def test_a_fan_out_that_waits_for_the_master_opens_nothing_any_more() -> None:
    async def script(console: Console) -> None:
        made, engine = console.world, console.engine
        await begin(console)
        terms, command = ticket(made, BUY, 10), CommandId("x")
        await engine.submit(M, terms, FanOut.ON_MASTER_WORKING, command)
        await made.clock.sleep(0.02)
        engine.brake(REDUCE)  # the master's order is on its way
        await made.clock.sleep(5)
        assert {who for who, _ in at_broker(made)} == {M}

    with world(2) as made:
        made.live(script)


def test_it_outlives_a_crash_and_ends_when_a_person_resumes() -> None:
    async def stopped(console: Console) -> None:
        await begin(console)
        await press(console, ticket(console.world, BUY, 40))
        await console.engine.stop_trading(REDUCE, "operator", "too wild")
        raise ProgramStopped("power cut")

    async def again(console: Console) -> None:
        made, engine = console.world, console.engine
        console.log_all_in()
        await made.clock.sleep(30)
        assert engine.gate.change.reason == "too wild"
        with pytest.raises(DeniedError, match="Only exits leave"):
            await press(console, ticket(made, BUY, 10))
        orders = await press(console, ticket(made, SELL, 40))
        assert {one.state for one in orders.values()} == {State.FILLED}
        assert at_broker(made) == {}

    with world(2) as made:
        made.live(stopped)
        made.live(again)


@pytest.mark.parametrize("stop", [TradingState.PAUSE, TradingState.HALT, TradingState.KILL])
def test_squaring_off_out_of_a_stop_goes_over_to_reduce_and_opens_nothing(
    stop: TradingState,
) -> None:
    async def script(console: Console) -> None:
        made, engine = console.world, console.engine
        verbs = SquareOffService(engine)
        await begin(console)
        await press(console, ticket(made, BUY, 40))
        await press(console, ticket(made, BUY, 10, away=60), wait_s=2)
        await engine.stop_trading(stop, "operator", "enough")
        await made.clock.sleep(10)
        preview = await verbs.preview(EVERYTHING)
        assert (preview.stopped, preview.blocked_by) == (stop, "")
        off = CommandId("off")
        if stop is not TradingState.PAUSE:
            with pytest.raises(RefusedError, match="Reason is empty"):
                await verbs.begin(EVERYTHING, off, "  ")
        if stop is TradingState.KILL:
            with pytest.raises(RefusedError, match="Word must be RESUME"):
                await verbs.begin(EVERYTHING, off, "out of it", "resum")
        nothing = (Chosen(AccountId("F9")),)
        with pytest.raises(RefusedError, match="nothing there"):
            await verbs.begin(nothing, off, "out of it", "RESUME")
        assert engine.gate.state is stop, "what is refused changes nothing"
        assert (await verbs.report()) is None
        await verbs.begin(EVERYTHING, off, "out of it", "RESUME")
        await made.clock.sleep(30)
        report = await verbs.report()
        assert report is not None
        assert report.proven
        assert {who for who, _ in at_broker(made)} == {M}
        assert engine.gate.state is REDUCE
        assert engine.gate.change.reason == "Squaring off. out of it"
        with pytest.raises(DeniedError, match="Only exits leave"):
            await press(console, ticket(made, BUY, 10))
        await console.store.journal.flush()
        assert await console.store.history.verify() == ()

    with world(2) as made:
        made.live(script)


def test_under_reduce_a_square_off_asks_nothing_more() -> None:
    async def script(console: Console) -> None:
        made, engine = console.world, console.engine
        verbs = SquareOffService(engine)
        await begin(console)
        await press(console, ticket(made, BUY, 40))
        await engine.stop_trading(REDUCE, "operator", "too wild")
        assert (await verbs.preview(EVERYTHING)).stopped is None
        await verbs.begin(EVERYTHING, CommandId("off"))
        await made.clock.sleep(30)
        assert {who for who, _ in at_broker(made)} == {M}

    with world(2) as made:
        made.live(script)
