"""What a square-off's report rests on, what stops it, and what it may not be stopped by.

The simulator's positions are the judge.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from functools import partial

import pytest

from copytrade_gui.domain.account import SessionState
from copytrade_gui.domain.checks.limits import NO_LIMITS
from copytrade_gui.domain.ids import AccountId, CommandId
from copytrade_gui.domain.link import Link
from copytrade_gui.domain.order import Side, State
from copytrade_gui.domain.sizing import SizingRule, Strategy
from copytrade_gui.domain.square_off import (
    EVERYTHING,
    Chosen,
    LegState,
    SquareOffReport,
    goes_on,
)
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.engine.orders import faultpoints
from copytrade_gui.engine.orders.settings import EngineSettings
from copytrade_gui.engine.planning.denied import DeniedError
from copytrade_gui.services.square_off import SquareOffService
from copytrade_gui.simulator.faults import Fault
from tests.engine.test_exits import press, ticket
from tests.engine.test_leaving import begin
from tests.engine.test_square_off import (
    F1,
    F2,
    F3,
    M,
    at_broker,
    live,
    square_off,
    units_at_broker,
)
from tests.engine.test_takeover import Day
from tests.proof.judge import settled
from tests.proof.restored import put_back
from tests.proof.rig import Console, ProgramStopped, world

BUY, OFF = Side.BUY, CommandId("off")


def test_closed_means_that_the_brokers_books_show_it() -> None:
    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        await press(console, ticket(made, BUY, 40))
        client = made.account(F1).client_id
        made.broker.add_fault(
            Fault(action="book_failed", call="positions", accounts=[client], skip=1)
        )
        report = await square_off(console)
        assert {who for who, _ in at_broker(made)} == {M}
        states = {leg.key.account_id: leg.state for leg in report.legs}
        assert states == {F1: LegState.UNPROVEN, F2: LegState.CLOSED}
        assert "did not show it yet: Follower 1." in report.in_words

    live(script)


def test_what_was_told_stays_told_whatever_is_copied_later() -> None:
    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        await press(console, ticket(made, BUY, 40))
        assert (await square_off(console)).proven
        await press(console, ticket(made, BUY, 20))
        assert units_at_broker(made)
        await after(console)

    async def after(console: Console) -> None:
        report = console.engine.square_offs.report()
        assert report is not None
        assert report.over
        assert report.proven
        assert not report.broken_off
        assert not report.left

    with world(2) as made:
        made.live(script)
        made.live(after)


def test_copies_of_which_nobody_knows_whose_they_are_are_closed_too() -> None:
    """Our records were lost, and the follower has two masters."""
    day = Day()

    async def enter(console: Console) -> None:
        await day.keep_copy(console)
        await press(console, ticket(console.world, BUY, 40), wait_s=60)

    async def after(console: Console) -> None:
        made, engine = console.world, console.engine
        engine.put_account(replace(made.account(F2), master=True))
        engine.put_link(Link(F2, F1, SizingRule(Strategy.RATIO, Decimal(1))), "operator")
        console.log_all_in()
        await made.clock.sleep(60)
        await engine.resume("operator", "looked")
        assert [leg.key.account_id for leg in (await square_off(console)).legs] == [F1]
        assert {who for who, _ in at_broker(made)} == {M, F2}

    with world(2) as made:
        made.live(enter)
        put_back(day.copy)
        made.live(after)


def test_limits_of_cadence_keep_nobody_from_getting_out() -> None:
    """A square-off is many plans of one side at one time, and halts nothing."""

    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        await press(console, ticket(made, BUY, 40))
        report = await square_off(console)
        assert report.proven
        assert console.engine.gate.state is TradingState.ACTIVE
        closing = [plan for plan in console.engine.book.plans.values() if plan.closes]
        assert len(closing) >= 2
        await made.clock.sleep(12)
        await press(console, ticket(made, BUY, 10))
        assert len(at_broker(made)) == made.followers + 1

    few = replace(NO_LIMITS, repeats=1, plans_a_minute=2, same_again_ms=2_000)
    with world(8, settings=EngineSettings(limits=few)) as made:
        made.live(script)


def test_a_stop_ends_it_and_the_same_press_is_one_square_off() -> None:
    async def script(console: Console) -> None:
        made, square_offs = console.world, console.engine.square_offs
        await begin(console)
        await press(console, ticket(made, BUY, 40))
        before = at_broker(made)
        with pytest.raises(DeniedError, match="nothing there"):
            await square_offs.begin((Chosen(AccountId("F9")),), CommandId("x"), "operator")
        await square_offs.begin(EVERYTHING, CommandId("halted"), "operator")
        with pytest.raises(DeniedError, match="squared off already"):
            await square_offs.begin(EVERYTHING, CommandId("two"), "operator")
        await console.engine.stop_trading(TradingState.HALT, "operator", "enough")
        with pytest.raises(DeniedError, match="halted"):
            await square_off(console)
        await made.clock.sleep(2)
        await console.engine.resume("operator", "go on")
        report = await square_off(console, name="halted")
        assert {leg.code for leg in report.legs} == {"stopped"}
        assert at_broker(made) == before, "it does not go on by itself"
        assert (await square_off(console)).proven
        await square_offs.begin(EVERYTHING, CommandId("off"), "operator")
        closing = [plan for plan in console.engine.book.plans.values() if plan.closes]
        assert len(closing) == len({plan.signal.command_id for plan in closing})
        verdict = await settled(console, 1, {plan.plan_id: len(plan.intents) for plan in closing})
        verdict.must_be_clean("squared off")

    live(script)


async def enter(console: Console) -> dict[tuple[str, str], int]:
    made = console.world
    await begin(console)
    await press(console, ticket(made, BUY, 40))
    await press(console, replace(made.terms(side=BUY, quantity=40, away=-60, which=1)))
    return units_at_broker(made)


async def break_off(console: Console) -> None:
    """One is logged out, the positions of another are read late, and then comes a KILL."""
    made = console.world
    console.engine.detach(F2, SessionState.LOGGED_OUT)
    slow = [made.account(F3).client_id]
    made.broker.add_fault(Fault(action="delay", call="positions", ms=4_000, accounts=slow))
    await console.engine.square_offs.begin(EVERYTHING, OFF, "operator")
    await made.clock.sleep(2)
    await console.engine.stop_trading(TradingState.KILL, "operator", "enough")
    await made.clock.sleep(60)


def test_going_on_leaves_alone_what_was_copied_anew_where_all_was_closed() -> None:
    """A copy that works there since is none of what was chosen, and of no preview."""

    async def script(console: Console) -> None:
        made, square_offs = console.world, console.engine.square_offs
        await enter(console)
        await break_off(console)
        told = square_offs.broken_off()
        assert told is not None
        left = {leg.key.account_id for leg in told.left}
        assert F1 not in left
        console.log_all_in()
        await made.clock.sleep(30)
        await console.engine.resume("operator", "looked at the books")
        anew = await press(console, ticket(made, BUY, 40, away=200))
        command = goes_on(told.command_id)
        await square_offs.begin(tuple(leg.chosen for leg in told.left), command, "operator")
        while (report := square_offs.report(command)) is None or not report.over:
            await made.clock.sleep(1)
        assert {who for who, _ in units_at_broker(made)} <= {M}
        assert anew[F1].state is State.WORKING
        assert {anew[who].state for who in left} == {State.CANCELLED}

    with world(3) as made:
        made.live(script)


async def go_on(console: Console, *, stopped: bool) -> SquareOffReport:
    made, square_offs = console.world, console.engine.square_offs
    console.log_all_in()
    await made.clock.sleep(240)
    before = units_at_broker(made)
    assert before, "it is not resumed by itself"
    told = square_offs.broken_off()
    assert told is not None
    assert told.stopped is stopped
    left = {(leg.key.account_id, leg.instrument.symbol): leg.left for leg in told.left}
    assert left == before, "who is left with what"
    if console.engine.gate.state is TradingState.RECOVERING:
        await console.engine.resume("operator", "looked at the books")
    verbs, command = SquareOffService(console.engine), goes_on(told.command_id)
    for _ in range(2):  # two presses are one
        scope = tuple(leg.chosen for leg in told.left)
        await verbs.begin(scope, command, "looked", "RESUME")
    while (report := square_offs.report(command)) is None or not report.over:
        await made.clock.sleep(1)
    assert square_offs.broken_off() is None
    closing = [plan for plan in console.engine.book.plans.values() if plan.closes]
    verdict = await settled(console, 2, {plan.plan_id: len(plan.intents) for plan in closing})
    verdict.must_be_clean("gone on with")
    return report


@pytest.mark.parametrize("stopped", [False, True])
def test_one_that_was_broken_off_is_gone_on_with_by_a_person_and_is_one_report(
    stopped: bool,
) -> None:
    armed: list[str] = []

    def fault(point: str) -> None:
        if armed and point == armed[0]:
            armed.clear()
            raise ProgramStopped(0)

    async def afterwards(console: Console) -> None:
        console.log_all_in()
        await console.world.clock.sleep(60)
        assert console.engine.square_offs.broken_off() is None

    with world(3) as made:
        made.begin(fault=fault)
        held = made.do(enter)
        assert held is not None
        if not stopped:
            armed.append(faultpoints.AFTER_WRITE)
        made.do(break_off)
        if stopped:
            made.end()
        made.begin()
        report = made.do(partial(go_on, stopped=stopped))
        assert report is not None
        assert report.proven
        assert {who for who, _ in at_broker(made)} == {M}
        assert {
            (leg.key.account_id, leg.instrument.symbol): (leg.before, leg.closed, leg.left)
            for leg in report.legs
        } == {place: (units, units, 0) for place, units in held.items()}
        made.end()
        made.begin()
        made.do(afterwards)
        made.end()
