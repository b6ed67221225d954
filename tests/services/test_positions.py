"""Positions and what they brought, as told to whoever looks. The simulated broker is the judge."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from copytrade_gui.domain.account import Role
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.order import Product, Side
from copytrade_gui.domain.square_off import Chosen
from copytrade_gui.engine.orders.settings import EngineSettings
from copytrade_gui.engine.signals.drift_lines import Differed, drift_of
from copytrade_gui.services.position_report import PositionLine, PositionReport, report_of
from copytrade_gui.services.positions import facts_of
from copytrade_gui.simulator.faults import Fault
from tests.engine.broker_owner import holds_from_yesterday, trades_himself
from tests.engine.test_exits import DAY_NS, F1, F2, position, press, ticket
from tests.engine.test_leaving import begin
from tests.proof.rig import Console, ProgramStopped, World, world

BUY, SELL = Side.BUY, Side.SELL
M = AccountId("M")


def report(console: Console) -> PositionReport:
    console.see_price()
    return report_of(facts_of(console.engine))


def lines(console: Console) -> dict[AccountId, PositionLine]:
    """Each account's line in the first instrument."""
    key = console.world.instruments[0].key
    return {line.account_id: line for line in report(console).lines if line.key == key}


def booked(made: World, number: int, product: str = "INTRADAY") -> Decimal:
    """What the broker's own trade book makes of the day: received - paid + value of what is open.

    In rupees; the simulator counts in ten-thousandths.
    """
    key = made.instruments[0].key
    found = made.broker.find_instrument(key.exchange, key.instrument_id)
    there = made.broker.accounts[number].positions[(*found.key, product)]
    last = int(made.price(made.instruments[0]) * 10_000)
    return Decimal(there.sell_value - there.buy_value + there.net * last) / 10_000


async def a_day_of_trading(console: Console) -> None:
    """In, more, partly out, and for the first follower all the way through to short."""
    made = console.world
    await begin(console)
    for side, quantity in ((BUY, 40), (BUY, 20), (SELL, 30)):
        await press(console, ticket(made, side, quantity), wait_s=30)


def test_what_copies_hold_and_brought_adds_up_to_the_paisa() -> None:
    async def script(console: Console) -> None:
        made = console.world
        await a_day_of_trading(console)
        told = report(console)
        found = lines(console)
        assert set(found) == {M, *(AccountId(f"F{n:03d}") for n in range(1, 6))}
        for number in range(1, 6):
            line = found[AccountId(f"F{number:03d}")]
            assert line.copied == line.held == position(made, number) != 0
            assert line.own == 0
            assert not line.against
            assert line.realised is not None
            assert line.open is not None
            assert line.realised + line.open == line.day == booked(made, number)
        assert told.followers.day == sum(booked(made, number) for number in range(1, 6))
        assert told.followers.realised + told.followers.open == told.followers.day
        assert (told.followers.accounts, told.followers.positions) == (5, 5)
        master = found[M]
        assert (master.copied, master.held, master.role) == (None, 30, Role.MASTER)
        assert master.day == told.masters.day
        # The broker rounds a master's averages to the ten-thousandth, so his is as exact as that.
        assert abs(told.masters.day - booked(made, 0)) < Decimal("0.02")
        assert told.unread == ()

    with world(5) as made:
        made.live(script)


def test_before_its_trades_are_read_a_fill_counts_at_its_orders_average() -> None:
    """Nobody sees less than he holds only because a second book is behind."""

    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        made.broker.add_fault(Fault(action="book_failed", call="trades"))
        await press(console, ticket(made, BUY, 40), wait_s=3)
        found = lines(console)
        for number, account in ((1, F1), (2, F2)):
            line = found[account]
            assert line.copied == position(made, number) > 0
            assert line.average is not None
            assert line.day is not None
            assert abs(line.day - booked(made, number)) < Decimal("0.02")
        assert console.engine.book.filled_by_trades(F1) == 0

    with world(2) as made:
        made.live(script)


def test_what_an_owner_trades_himself_stands_apart_from_the_copy() -> None:
    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        await press(console, ticket(made, BUY, 40))
        copied = position(made, 1)
        trades_himself(made, made.accounts[1], ticket(made, SELL), 15)
        trades_himself(made, made.accounts[2], ticket(made, BUY), 7)
        await made.clock.sleep(console.engine.settings.positions_copied + 20)
        found = lines(console)
        assert (found[F1].copied, found[F1].own) == (copied, -15)
        assert found[F1].against
        assert (found[F2].own, found[F2].against) == (7, False)
        # A position that is none of ours is shown with no copied quantity, and in no sum of copies.
        holds_from_yesterday(made, made.accounts[1], ticket(made, BUY), 11)
        await made.clock.sleep(console.engine.settings.positions_copied + 20)
        others = [one for one in report(console).lines if one.product is Product.NORMAL]
        assert [(one.account_id, one.copied, one.own) for one in others] == [(F1, 0, 11)]
        copies = [one for one in report(console).lines if one.copied]
        assert report(console).followers.day == sum(one.day or 0 for one in copies) != 0

    with world(2) as made:
        made.live(script)


@pytest.mark.parametrize("late", ["", "positions", "orders"])
def test_nobody_is_said_to_have_traded_himself_where_only_a_book_is_late(late: str) -> None:
    """Between a fill and a read that tells it, and where either book comes 6 s behind."""
    quarters = 0
    differed: Differed = {}

    async def script(console: Console) -> None:
        nonlocal quarters
        made, clients = console.world, [one.client_id for one in console.world.accounts[1:]]
        await begin(console)
        if late:
            made.broker.add_fault(Fault(action="book_stale", call=late, seconds=6))
        if late == "orders":
            made.broker.add_fault(Fault(action="feed_skip", accounts=clients))
        found: list[PositionLine] = []
        for side, quantity, quiet in ((BUY, 40, 9), (BUY, 20, 7), (SELL, 60, 20), (BUY, 10, 20)):
            await press(console, ticket(made, side, quantity), wait_s=0)
            for _ in range(quiet * 4):
                await made.clock.sleep(0.25)
                found = [one for one in report(console).lines if one.role is Role.FOLLOWER]
                assert [(one.own, one.against) for one in found if one.own] == []
                quarters += sum(one.behind for one in found)
                scope = [Chosen(one.account_id, one.key, Product.INTRADAY) for one in found]
                offered = await console.engine.square_offs.preview(tuple(scope))
                assert [one.code for one in offered if one.code] == []
                drift = drift_of(console.engine.drift.now(), differed)
                assert [one.verdict for one in drift.lines if one.trouble] == []
        there = [(position(made, number), 0) for number in (1, 2)]
        assert [(one.copied, one.own) for one in found] == there

    with world(2) as made:
        made.live(script)
    assert quarters, "no book was ever behind"


def test_what_an_owner_has_himself_is_told_on_while_his_copies_fill() -> None:
    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        await press(console, ticket(made, BUY, 40))
        trades_himself(made, made.accounts[1], ticket(made, BUY), 7)
        await made.clock.sleep(console.engine.settings.positions_copied + 20)
        assert lines(console)[F1].own == 7
        await press(console, ticket(made, BUY, 20), wait_s=1)
        assert (lines(console)[F1].own, lines(console)[F1].behind) == (None, True)
        await made.clock.sleep(3)  # the book tells what it told before, and what filled since
        assert lines(console)[F1].own == 7
        trades_himself(made, made.accounts[1], ticket(made, BUY), 2)
        await press(console, ticket(made, BUY, 20), wait_s=5)
        assert lines(console)[F1].own is None  # the book may as well be late
        await made.clock.sleep(6)
        assert lines(console)[F1].own == 9

    with world(2) as made:
        made.live(script)


def test_a_restart_and_a_crash_forget_no_rupee() -> None:
    told: list[PositionReport] = []

    def figures(one: PositionReport) -> list[tuple[object, ...]]:
        return [(x.account_id, x.copied, x.average, x.realised, x.open, x.day) for x in one.lines
                if x.copied is not None]  # fmt: skip

    async def morning(console: Console) -> None:
        await a_day_of_trading(console)
        told.append(report(console))

    async def again(console: Console) -> None:
        await begin(console)
        await console.world.clock.sleep(30)
        told.append(report(console))
        raise ProgramStopped("power cut")

    async def after(console: Console) -> None:
        await begin(console)
        await console.world.clock.sleep(30)
        told.append(report(console))

    with world(5) as made:
        made.live(morning)
        made.live(again)
        made.live(after)
    assert len(figures(told[0])) == 5
    # The market moved meanwhile: what is open is worth something else, and cost the same.
    costs = [[one[:4] for one in figures(report)] for report in told]
    assert costs[0] == costs[1] == costs[2]


@pytest.mark.parametrize("product", [Product.INTRADAY, Product.NORMAL])
@pytest.mark.parametrize("restarted", [True, False])
def test_the_next_morning_carries_in_what_is_not_intraday(
    product: Product, restarted: bool
) -> None:
    async def monday(console: Console) -> None:
        await begin(console)
        await press(console, ticket(console.world, BUY, 40, product=product), wait_s=30)

    async def tuesday(console: Console) -> None:
        made = console.world
        if restarted:
            await begin(console)
        carried = position(made, 1, product)
        if product is Product.INTRADAY:
            assert F1 not in lines(console)
            return
        line = lines(console)[F1]
        assert line.copied == carried > 0
        assert line.realised == 0
        assert line.average is not None
        last = made.price(made.instruments[0])
        assert line.open is not None
        assert abs(line.open - carried * (last - line.average)) < Decimal("0.02")
        assert line.day == 0  # at the price it closed at

    with world(2) as made:
        if restarted:
            made.live(monday)
            made.time.now_ns += DAY_NS
            made.live(tuesday)
        else:
            made.begin()
            made.do(monday)
            made.time.now_ns += DAY_NS
            made.do(tuesday)
            made.end()


def test_an_account_that_cannot_be_read_says_why_and_keeps_what_was_known() -> None:
    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        await press(console, ticket(made, BUY, 40), wait_s=20)
        read_ns = lines(console)[F1].read_ns
        assert read_ns
        made.broker.add_fault(
            Fault(action="answer", call="positions", http_status=503, form="html")
        )
        await press(console, ticket(made, BUY, 10), wait_s=20)
        line = lines(console)[F1]
        assert (line.read_ns, line.held) == (read_ns, 20)
        assert line.problem
        assert line.copied == position(made, 1)

    async def again(console: Console) -> None:
        made = console.world
        await made.clock.sleep(5)  # nobody is logged in
        told = dict(report(console).unread)
        assert set(told) == {"Master", "Follower 1", "Follower 2"}
        assert all("Log it in" in why for why in told.values())
        line = lines(console)[F1]
        assert (line.held, line.own, line.copied) == (None, None, position(made, 1))

    with world(2) as made:
        made.live(script)
        made.live(again)


def test_reads_of_many_accounts_keep_a_quiet_pace() -> None:
    """After a burst each account is read once, few at a time; held on, seldom; flat, no more."""
    reads: list[int] = []

    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        reads.clear()
        await press(console, ticket(made, BUY, 40), wait_s=60)
        burst = len(reads)
        followers = [one for one in made.accounts if not one.master]
        assert {line.held for line in lines(console).values()} >= {20}
        masters = 60 // made.settings.positions_every + 4
        assert len(followers) <= burst <= 2 * len(followers) + masters
        reads.clear()
        await made.clock.sleep(240)
        held = len(reads)
        assert held <= 2 * len(followers) + 240 // made.settings.positions_every + 4
        assert made.broker.desk.ledger.excess == []

    with world(60, settings=replace(EngineSettings(), positions_at_once=4)) as made:
        heard = made._on_wire

        def count(method: str, path: str, body: bytes | None) -> None:
            heard(method, path, body)
            if method == "GET" and path.endswith("/positions"):
                reads.append(made.time.now_ns)

        made._on_wire = count  # type: ignore[method-assign]  # a tap on the wire
        made.live(script)
