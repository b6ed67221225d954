"""What follows from a loss limit that was reached: entries go, what was agreed is closed, and where
that must wait a person is told, also after a crash right behind the stop.

The simulator's orders and positions are the judge.
"""

from __future__ import annotations

import pytest

from copytrade_gui.domain.calendar import indian_day
from copytrade_gui.domain.halt import Finding
from copytrade_gui.domain.order import Side, State
from copytrade_gui.domain.scope import EVERY_FOLLOWER
from copytrade_gui.domain.square_off import LegState
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.engine.planning.denied import DeniedError
from copytrade_gui.simulator.faults import Fault
from tests.engine.test_exits import F1, F2, position, press, ticket
from tests.engine.test_loss_limits import F3, entry, hold, limit, price, stopped
from tests.proof.rig import Console, ProgramStopped, world


def open_at_broker(console: Console, number: int) -> list[tuple[bool, int]]:
    """Side (True for a purchase) and units of an account's orders that the broker has open."""
    return [
        (one.terms.buy, one.terms.quantity)
        for one in console.world.broker.accounts[number].orders.values()
        if one.live
    ]


async def alarms(console: Console, text: str) -> list[str]:
    await console.store.journal.flush()
    found = await console.store.history.events(50, kind="Alarm", text=text)
    return [one.reason for one in found]


@pytest.mark.parametrize("then", [0, 1])
def test_entries_that_work_are_cancelled_with_the_stop_and_exits_go_on_working(then: int) -> None:
    async def script(console: Console) -> None:
        made = console.world
        at = await hold(console)
        into = await press(console, ticket(made, Side.BUY, 100, away=200), wait_s=3)
        out = await press(console, ticket(made, Side.SELL, 100, away=200), wait_s=3)
        await limit(console, F1, day_loss=1_000, loss_then=then)
        # Its reply is lost, so nobody knows that it works when the limit is reached.
        client = made.account(F1).client_id
        made.broker.add_fault(Fault(action="drop_reply", call="place", accounts=[client]))
        lost = await press(console, ticket(made, Side.BUY, 40, away=300), wait_s=0.5)
        assert lost[F1].state.in_doubt
        assert len(open_at_broker(console, 1)) == 3
        price(console, at - 20)
        await made.clock.sleep(10)
        assert [into[F1].state, lost[F1].state] == [State.CANCELLED] * 2
        assert out[F1].state is into[F2].state is lost[F2].state is State.WORKING
        assert open_at_broker(console, 1) == [(False, 50)]
        assert len(open_at_broker(console, 2)) == 3
        assert "entries that work are cancelled" in stopped(console)

    with world(2) as made:
        made.live(script)


def test_what_copies_hold_alone_bounds_what_may_go_on_working() -> None:
    """F1 sells more than he holds, since a part of what it reduced is gone: that would open."""

    async def script(console: Console) -> None:
        made = console.world
        at = await hold(console, 40)
        out = await press(console, ticket(made, Side.SELL, 40, away=200), wait_s=3)
        less = await press(console, ticket(made, Side.BUY, 10, away=200), wait_s=3)
        assert position(made, 1) == 20
        await limit(console, F1, day_loss=100)
        price(console, at - 20)
        await made.clock.sleep(5)
        assert (out[F1].state, less[F1].state) == (State.WORKING, State.CANCELLED)

    with world(1) as made:
        made.live(script)


def test_a_crash_right_behind_the_stop_leaves_neither_entries_nor_what_was_to_be_closed() -> None:
    """F1 and F3 agreed to be squared off, F2 did not. F3 is logged in late, and it fails there."""

    async def falls(console: Console) -> None:
        """The stops were stored, and nothing that follows from them was done."""
        made = console.world
        await hold(console)
        await press(console, ticket(made, Side.BUY, 100, away=200), wait_s=3)
        for account, then in ((F1, "square_off"), (F2, "only_exits"), (F3, "square_off")):
            day = indian_day(made.time.wall_ns())
            reached = Finding(f"day_loss 1000 {then}", "It lost ₹1,000.", 0, True, day)
            assert console.engine.core.halts.stop(account, reached)
        await console.store.journal.flush()
        raise ProgramStopped("power cut")

    async def restarted(console: Console) -> None:
        made, engine = console.world, console.engine
        assert [len(open_at_broker(console, n)) for n in (1, 2, 3)] == [1, 1, 1]
        await made.clock.sleep(3)
        (told,) = await alarms(console, "not squared off yet")
        assert told.startswith("What copies hold of Follower 1, Follower 3 is not squared off yet")
        for account in (made.master, F1, F2):
            console.log_in(account)
        await made.clock.sleep(60)
        await engine.resume("operator", "looked")
        console.see_price()
        await made.clock.sleep(30)
        assert [len(open_at_broker(console, n)) for n in (1, 2)] == [0, 0]
        assert [position(made, n) for n in (1, 2, 3)] == [0, 800, 600]
        sent = {(one.intent.account_id, one.code, one.reason) for one in engine.book if one.closes}
        assert (F1, "loss_limit", "It lost ₹1,000.") in sent
        fails = [made.account(F3).client_id]
        made.broker.add_fault(Fault(action="reject", accounts=fails, text="RMS: blocked"))
        console.log_in(F3)
        console.see_price()
        await made.clock.sleep(30)
        assert open_at_broker(console, 3) == []
        report = engine.square_offs.report()
        assert report is not None
        assert {leg.state for leg in report.legs} == {LegState.FAILED}
        made.broker.clear_faults()
        await console.store.journal.flush()
        raise ProgramStopped("once more")

    async def again(console: Console) -> None:
        console.log_all_in()
        await console.world.clock.sleep(60)
        await console.engine.resume("operator", "looked")
        console.see_price()
        await console.world.clock.sleep(30)
        assert [position(console.world, n) for n in (1, 2, 3)] == [0, 800, 600], "begun once"

    with world(3) as made:
        made.live(falls)
        made.live(restarted)
        made.live(again)


def test_an_entry_that_was_called_absent_and_comes_to_light_behind_the_stop_goes() -> None:
    async def script(console: Console) -> None:
        made = console.world
        at = await hold(console)
        client = made.account(F1).client_id
        for fault in (
            Fault(action="drop_reply", call="place", accounts=[client]),
            Fault(action="show_late", seconds=400, accounts=[client]),
        ):
            made.broker.add_fault(fault)
        lost = await press(console, ticket(made, Side.BUY, 40, away=300), wait_s=300)
        assert lost[F1].state is State.NOT_PLACED
        await limit(console, F1, day_loss=1_000)
        price(console, at - 20)
        await made.clock.sleep(200)
        assert lost[F1].state is State.CANCELLED
        assert open_at_broker(console, 1) == []

    with world(1) as made:
        made.live(script)


def test_what_a_stop_by_a_person_keeps_from_being_closed_is_told_and_closed_behind_it() -> None:
    async def script(console: Console) -> None:
        engine = console.engine
        at = await hold(console)
        await limit(console, F1, day_loss=1_000, loss_then=2)
        await engine.stop_trading(TradingState.PAUSE, "operator", "lunch")
        price(console, at - 20)
        await console.world.clock.sleep(20)
        assert position(console.world, 1) == 200
        (told,) = await alarms(console, "not squared off yet")
        assert "Trading is paused by the operator" in told
        await engine.resume("operator", "go on")
        console.see_price()
        await console.world.clock.sleep(20)
        assert position(console.world, 1) == 0

    with world(1) as made:
        made.live(script)


def test_a_stop_that_was_lifted_closes_nothing_any_more() -> None:
    async def script(console: Console) -> None:
        engine = console.engine
        at = await hold(console)
        await limit(console, F1, day_loss=1_000, loss_then=2)
        await engine.stop_trading(TradingState.PAUSE, "operator", "lunch")
        price(console, at - 20)
        await console.world.clock.sleep(5)
        assert engine.lift_account_halt(F1, stopped(console), "operator", "he stays in")
        await engine.resume("operator", "go on")
        await console.world.clock.sleep(20)
        assert position(console.world, 1) == 200

    with world(1) as made:
        made.live(script)


def test_a_limit_of_all_that_halts_stops_new_plans_of_masters_too() -> None:
    async def falls(console: Console) -> None:
        at = await hold(console)  # 200 and 800 units
        await limit(console, all_day_loss=10_000, all_loss_then=1)
        price(console, at - 10)
        with pytest.raises(DeniedError, match="Trading is halted"):
            await entry(console)
        await console.world.clock.sleep(1)
        assert console.engine.gate.change.actor == "loss limit"
        assert "halted until a person resumes it" in console.engine.gate.change.reason
        await console.engine.resume("operator", "agreed with all of them")
        assert {code for _, code in (await entry(console)).values()} == {"account_halted"}
        raise ProgramStopped("later")

    async def restarted(console: Console) -> None:
        """A person has gone on since; the followers are halted still."""
        console.log_all_in()
        await console.world.clock.sleep(30)
        if console.engine.gate.state is TradingState.RECOVERING:
            await console.engine.resume("operator", "looked")
        assert {code for _, code in (await entry(console)).values()} == {"account_halted"}

    with world(2) as made:
        made.live(falls)
        made.live(restarted)


def test_a_crash_between_the_followers_halt_and_that_of_trading_loses_neither() -> None:
    async def falls(console: Console) -> None:
        reached = Finding("day_loss 10000 halt", "All followers lost ₹10,000.")
        console.engine.core.halts.stop(EVERY_FOLLOWER, reached)
        await console.store.journal.flush()
        raise ProgramStopped("power cut")

    async def restarted(console: Console) -> None:
        console.log_all_in()
        await console.world.clock.sleep(30)
        assert console.engine.gate.change.state is TradingState.HALT
        assert console.engine.gate.change.reason == "All followers lost ₹10,000."
        with pytest.raises(DeniedError, match="halted by loss limit"):
            await entry(console)

    with world(1) as made:
        made.live(falls)
        made.live(restarted)
