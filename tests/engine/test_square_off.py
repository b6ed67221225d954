"""Squaring off: every copied position ends at zero or the report says why not, nobody is reversed.

The simulator's positions are the judge.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copytrade_gui.domain.account import SessionState
from copytrade_gui.domain.ids import AccountId, CommandId
from copytrade_gui.domain.link import Link
from copytrade_gui.domain.order import FanOut, Side
from copytrade_gui.domain.sizing import SizingRule, Strategy
from copytrade_gui.domain.square_off import (
    EVERYTHING,
    Chosen,
    Leg,
    LegState,
    Scope,
    SquareOffReport,
    closable,
)
from copytrade_gui.engine.orders import faultpoints
from copytrade_gui.simulator.faults import Fault
from tests.engine.broker_owner import trades_himself
from tests.engine.test_exits import press, switch, ticket
from tests.engine.test_leaving import begin
from tests.proof.p29_square_off import calls
from tests.proof.rig import Console, ProgramStopped, World, world

BUY, SELL = Side.BUY, Side.SELL
M, F1, F2, F3, F4, F5 = AccountId("M"), *(AccountId(f"F00{n}") for n in range(1, 6))


def at_broker(made: World) -> dict[tuple[str, str], int]:
    """Every position that is not flat, by account and symbol, as the simulator has it."""
    names = {account.client_id: account.account_id for account in made.accounts}
    symbols = {one.key.instrument_id: one.symbol for one in made.instruments}
    return {
        (names[account.client_id], symbols[str(key[1])]): there.net
        for account in made.broker.accounts
        for key, there in account.positions.items()
        if there.net
    }


async def square_off(
    console: Console, scope: Scope = EVERYTHING, name: str = "off", *, most_s: float = 150
) -> SquareOffReport:
    """Press it, and wait for its report."""
    square_offs = console.engine.square_offs
    await square_offs.begin(scope, CommandId(name), "operator")
    while (report := square_offs.report(CommandId(name))) is None or not report.over:
        await console.world.clock.sleep(1)
        most_s -= 1
        assert most_s > 0, report
    return report


def by_place(report: SquareOffReport) -> dict[tuple[str, str], Leg]:
    return {(leg.key.account_id, leg.instrument.symbol): leg for leg in report.legs}


def test_whatever_is_held_an_order_that_closes_is_never_more_than_copies_or_position() -> None:
    @given(
        held=st.integers(-5_000, 5_000).filter(bool),
        there=st.none() | st.integers(-5_000, 5_000),
        lot=st.integers(1, 75),
    )
    def check(held: int, there: int | None, lot: int) -> None:
        sized = closable(held, there, lot)
        sign = 1 if held > 0 else -1
        assert 0 <= sized.quantity <= abs(held)
        assert sized.quantity % lot == 0
        if there is not None:
            assert sized.quantity <= max(0, there * sign)
        assert bool(sized.code) is (sized.quantity != abs(held))

    check()


@pytest.mark.parametrize("crash", [None, faultpoints.AFTER_PLAN_COMMIT, faultpoints.AFTER_WRITE])
def test_every_copy_is_closed_or_the_report_says_who_is_left(crash: str | None) -> None:
    """Rejections, one who is logged out, parts that fill late, a master who is out and away."""
    armed: list[str] = []

    def fault(point: str) -> None:
        if armed and point == armed[0]:
            armed.clear()
            raise ProgramStopped(0)

    async def enter(console: Console) -> None:
        made = console.world
        await begin(console)
        for which, side in enumerate((BUY, SELL, BUY)):
            await press(console, replace(made.terms(side=side, quantity=40, away=-60, which=which)))
        trades_himself(made, made.accounts[0], made.terms(side=SELL), 40)
        console.engine.detach(M, SessionState.LOGGED_OUT)
        console.engine.detach(F4, SessionState.LOGGED_OUT)
        switch(console, F2, on=False)
        rejected = made.account(F5).client_id
        made.broker.add_fault(Fault(action="reject", accounts=[rejected], text="RMS: no margin"))
        made.broker.add_fault(Fault(action="parts", copies=3))
        armed[:] = [crash] if crash else []

    async def off(console: Console) -> SquareOffReport:
        return await square_off(console)

    async def after_crash(console: Console) -> SquareOffReport:
        for number in (1, 2, 3, 5):
            console.log_in(AccountId(f"F00{number}"))
        await console.world.clock.sleep(240)
        report = console.engine.square_offs.report(CommandId("off"))
        assert report is not None
        assert report.broken_off
        assert {leg.account for leg in report.left} >= {"Follower 4", "Follower 5"}
        assert units(report.left) == units_at_broker(console.world)
        await console.engine.resume("operator", "looked at the books")
        return await square_off(console, name="again")

    with world(5) as made:
        made.instruments.append(made._instrument("TCS"))
        made.begin(fault=fault)
        made.do(enter)
        report = made.do(off)
        assert (report is None) is bool(crash)
        if report is None:
            made.begin()
            report = made.do(after_crash)
        assert report is not None
        left = at_broker(made)
        copied = {place: net for place, net in left.items() if place[0] != "M"}
        assert set(copied) == {(F, s.symbol) for F in (F4, F5) for s in made.instruments}
        assert {
            (leg.key.account_id, leg.instrument.symbol): leg.left for leg in report.left
        } == copied
        states = {leg.key.account_id: leg.state for leg in report.legs}
        assert states[F4] is LegState.NOT_SENT
        assert states[F5] is LegState.FAILED
        assert {states.get(one, LegState.CLOSED) for one in (F1, F2, F3)} == {LegState.CLOSED}
        reasons = {leg.key.account_id: leg.reason for leg in report.left}
        assert "Log it in" in reasons[F4]
        assert "no margin" in reasons[F5]
        made.end()


def units(legs: Iterable[Leg]) -> dict[tuple[str, str], int]:
    return {(leg.key.account_id, leg.instrument.symbol): leg.left for leg in legs}


def units_at_broker(made: World) -> dict[tuple[str, str], int]:
    return {place: net for place, net in at_broker(made).items() if place[0] != "M"}


Script = Callable[[Console], Coroutine[object, object, None]]


def live(script: Script, followers: int = 2) -> None:
    with world(followers) as made:
        made.live(script)


def test_who_closed_his_copy_by_himself_is_not_turned_round() -> None:
    """All of it, a part of it, and one who holds more of his own."""

    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        await press(console, ticket(made, BUY, 40))
        mine = made.instruments[0].symbol
        held = {number: at_broker(made)[f"F00{number}", mine] for number in (1, 2, 3)}
        for number, (side, quantity) in enumerate(
            ((SELL, held[1]), (SELL, held[2] - 7), (BUY, 11)), start=1
        ):
            trades_himself(made, made.accounts[number], ticket(made, side), quantity)
        await made.clock.sleep(1)
        report = await square_off(console)
        assert at_broker(made) == {("M", mine): 40, (F3, mine): 11}
        legs = by_place(report)
        first, second, third = (legs[one, mine] for one in (F1, F2, F3))
        assert (first.state, first.code) == (LegState.NOT_SENT, "closed_by_owner")
        assert (second.state, second.closed, second.left) == (LegState.FAILED, 7, held[2] - 7)
        assert "no more can be closed" in second.reason
        assert (third.state, third.left, third.at_broker) == (LegState.CLOSED, 0, 11)
        assert f"{held[1] + held[2] - 7} units left in 2 positions" in report.in_words

    live(script, 3)


def test_copies_that_work_are_cancelled_first_and_what_rests_is_closed_at_a_newer_price() -> None:
    async def script(console: Console) -> None:
        made = console.world
        share = made.instruments[0]
        await begin(console)
        await press(console, ticket(made, BUY, 40))
        await press(console, ticket(made, BUY, 20, away=60))
        await press(console, ticket(made, SELL, 10, away=60))
        held = sum(net for (who, _), net in at_broker(made).items() if who != M)
        # The price falls unseen, so that a protected sale finds nobody.
        console.see_price()
        made.broker.add_fault(Fault(action="answer", call="quotes"))
        key, fallen = share.key, int(made.price(share) * 9_500)
        made.broker.set_price(key.exchange, key.instrument_id, fallen - fallen % 500)
        report = await square_off(console)
        assert report.cancelled == 4
        assert {leg.state for leg in report.legs} == {LegState.RESTS}
        assert all("for a newer price" in leg.reason for leg in report.legs)
        made.broker.clear_faults()
        report = await square_off(console, name="again")
        assert (report.cancelled, report.proven) == (2, True)
        assert sum(leg.closed for leg in report.legs) == held
        assert {who for who, _ in at_broker(made)} == {M}
        first = console.engine.square_offs.report(CommandId("off"))
        assert first is not None
        assert not first.left

    live(script)


def test_a_long_option_is_sold_after_the_short_one_it_covers_and_kept_if_that_stays() -> None:
    async def script(console: Console) -> None:
        made = console.world
        bought, sold = calls(made)
        made.instruments += [bought, sold]
        await begin(console)
        for instrument, side in ((bought, BUY), (sold, SELL)):
            which, lots = made.instruments.index(instrument), 4 * instrument.lot_size
            await press(console, made.terms(side=side, quantity=lots, away=-60, which=which))
        assert len(at_broker(made)) == 6
        accepted = len(made.broker.ledger.accepted)
        client = made.account(F2).client_id
        made.broker.add_fault(Fault(action="reject", accounts=[client], text="RMS: blocked"))
        report = await square_off(console)
        left = {place for place in at_broker(made) if place[0] != M}
        assert left == {(F2, bought.symbol), (F2, sold.symbol)}
        kept = by_place(report)[F2, bought.symbol]
        assert (kept.state, kept.code) == (LegState.NOT_SENT, "hedge_kept")
        assert sold.symbol in kept.reason
        one = made.account(F1).client_id
        sides = [o.terms.buy for o in made.broker.ledger.accepted[accepted:] if o.account == one]
        assert sides == [True, False]
        alone = (Chosen(F2, bought.key),)
        made.broker.clear_faults()
        assert (await square_off(console, alone, "alone")).proven
        assert {place for place in at_broker(made) if place[0] != M} == {(F2, sold.symbol)}

    live(script)


def test_what_waited_for_its_short_leg_is_measured_by_a_new_read() -> None:
    """The owner sells his long option by himself while the short one is still being bought."""

    async def script(console: Console) -> None:
        made = console.world
        bought, sold = calls(made)
        made.instruments += [bought, sold]
        await begin(console)
        lots = 4 * bought.lot_size
        for which, side in ((2, BUY), (3, SELL)):
            await press(console, made.terms(side=side, quantity=lots, away=-60, which=which))
        held = at_broker(made)[F1, bought.symbol]
        made.broker.add_fault(Fault(action="accept_late", seconds=9))
        await console.engine.square_offs.begin(EVERYTHING, CommandId("off"), "operator")
        await made.clock.sleep(4)
        trades_himself(made, made.accounts[1], made.terms(side=SELL, which=2), held)
        report = await square_off(console)
        assert {who for who, _ in at_broker(made)} == {M}
        assert by_place(report)[F1, bought.symbol].code == "closed_by_owner"

    live(script, 1)


def test_copies_of_two_masters_are_closed_together_and_no_exit_finds_them_again() -> None:
    async def script(console: Console) -> None:
        made, engine = console.world, console.engine
        engine.put_account(replace(made.account(F1), master=True))
        engine.put_link(Link(F1, F2, SizingRule(Strategy.RATIO, Decimal(1))), "operator")
        await begin(console)
        await press(console, ticket(made, BUY, 40))
        own = CommandId("F1 himself")
        await engine.submit(F1, ticket(made, BUY, 10), FanOut.WITH_MASTER, own)
        await made.clock.sleep(5)
        report = await square_off(console)
        assert report.proven
        symbol = made.instruments[0].symbol
        assert at_broker(made) == {(M, symbol): 40, (F1, symbol): 10}, "what they bought themselves"
        orders = await press(console, ticket(made, SELL, 40))
        assert {one.code for one in orders.values()} == {"no_copy_to_exit"}

    live(script)
