"""How long an order took from stage to stage, and its slippage. The simulator's ledger judges."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copytrade_gui.domain.account import Role
from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.order import FanOut, Side
from copytrade_gui.domain.seen import Follow
from copytrade_gui.domain.waterfall import Moments, Stage, Waterfall, slippage
from copytrade_gui.services.history import HistoryService
from copytrade_gui.simulator.orders import Order as LedgerOrder
from tests.engine.test_exits import F1, ticket
from tests.engine.test_fill_copy import BOTH, Place, begins, copies_fills, fills
from tests.engine.test_leaving import begin
from tests.engine.test_master_elsewhere import LOOKING, elsewhere, ready
from tests.proof.rig import Console, ProgramStopped, World, world
from tests.services.test_day_sheets import sheets

EVERY = list(Stage)


async def falls(console: Console) -> dict[str, Waterfall]:
    """Of every order of the newest plan, by account."""
    history = HistoryService(console.store.history, paper=True)
    plan = list(console.engine.book.plans)[-1]
    await console.store.journal.flush()
    return {
        order.intent.account_id: await history.waterfall(order.view())
        for order in console.engine.book.of_plan(plan)
    }


def taken(made: World, console: Console) -> dict[str, LedgerOrder]:
    """The same orders as the simulator has them, by account."""
    by_number = {order.order_id: order for order in made.broker.ledger.accepted}
    plan = list(console.engine.book.plans)[-1]
    return {
        order.intent.account_id: by_number[order.broker_order_id]
        for order in console.engine.book.of_plan(plan)
        if order.broker_order_id is not None
    }


def average(order: LedgerOrder) -> Decimal:
    """Rupees; the simulator counts in ten-thousandths."""
    return Decimal(order.value) / order.filled / 10_000


@pytest.mark.parametrize("fan_out", [FanOut.WITH_MASTER, FanOut.ON_MASTER_WORKING])
def test_every_stage_is_stored_and_comes_back_after_a_power_cut(fan_out: FanOut) -> None:
    told: list[dict[str, Waterfall]] = []

    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        terms = ticket(made, Side.BUY, 40)
        await console.engine.submit(made.master, terms, fan_out, CommandId("press"))
        await made.clock.sleep(20)
        found, theirs = await falls(console), taken(made, console)
        master = average(theirs["M"])
        for account, fall in found.items():
            assert list(fall.stages) == EVERY
            times = list(fall.stages.values())
            assert times == sorted(times)
            order = next(o for o in console.engine.book if o.intent.account_id == account)
            assert order.timing is not None
            sent, acked = fall.stages[Stage.FIRST_BYTE], fall.stages[Stage.ACKNOWLEDGED]
            assert acked - sent == pytest.approx(order.timing.send_to_reply_ms)
            if order.intent.role is Role.MASTER:
                assert fall.slippage is None
                continue
            mine = average(theirs[account])
            assert (fall.average, fall.master_average) == (mine, master)
            assert fall.slippage == (mine - master) * theirs[account].filled
        held = fan_out is not FanOut.WITH_MASTER
        waits = found["F001"].stages[Stage.QUEUED] - found["F001"].stages[Stage.COMMITTED]
        assert (waits > 50) is held  # the master's answer took so long
        told.append(found)
        raise ProgramStopped("power cut")

    async def after(console: Console) -> None:
        assert await falls(console) == told[0]

    with world(2) as made:
        made.live(script)
        made.live(after)


def test_a_copy_of_what_the_master_placed_elsewhere_counts_from_when_it_was_seen() -> None:
    async def script(console: Console) -> None:
        made = await ready(console, Follow.COPY)
        his = elsewhere(made, ticket(made, Side.SELL))
        await made.clock.sleep(20)
        found, theirs = await falls(console), taken(made, console)
        assert set(found) == {"F001", "F002"}
        for account, fall in found.items():
            assert list(fall.stages) == EVERY
            assert fall.master_average == average(his)
            expected = (average(his) - average(theirs[account])) * theirs[account].filled
            assert fall.slippage == expected

    with world(2, settings=LOOKING) as made:
        made.live(script)


@BOTH
def test_an_order_s_details_and_the_day_s_sheet_say_one_slippage(
    place: Place, tmp_path: Path
) -> None:
    """Of a copy of the order, and of one that came of a fill of it."""

    async def script(console: Console) -> None:
        await begins(console)
        copies_fills(console, F1)
        his = await place(console, Side.BUY, 10)
        for units in (4, 6):
            await fills(console, his, units)
        history = HistoryService(console.store.history, paper=True)
        found = await sheets(console, tmp_path)
        filled = 0
        for line in [one for sheet in found.values() for one in sheet.orders]:
            fall = await history.waterfall(line.order)
            assert (fall.master_average, fall.slippage) == (line.master_average, line.slippage)
            if line.order.filled_quantity:
                filled += 1
                mine = line.order.average_price
                assert mine is not None
                assert fall.slippage == (mine - average(his)) * line.order.filled_quantity
        assert filled >= 2

    with world(2, settings=LOOKING) as made:
        made.live(script)


def test_what_has_not_happened_has_no_time() -> None:
    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        terms = ticket(made, Side.BUY, 40, away=60)
        await console.engine.submit(made.master, terms, FanOut.WITH_MASTER, CommandId("rests"))
        await made.clock.sleep(20)
        for fall in (await falls(console)).values():
            assert list(fall.stages) == EVERY[:-1]
            assert (fall.slippage, fall.master_average) == (None, None)

    with world(1) as made:
        made.live(script)


@given(st.lists(st.integers(0, 10**9), min_size=5, max_size=5), st.integers(0, 10**6))
def test_stages_keep_their_distances(ahead: list[int], before_us: int) -> None:
    called = 10**12
    trigger, sent, replied, exchange, filled = (called + sum(ahead[: n + 1]) for n in range(5))
    stages = Moments(
        called_ns=called, trigger_ns=trigger, sent_ns=sent, replied_ns=replied,
        exchange_ns=exchange, filled_ns=filled, seen_before_ms=before_us / 1e3,
    ).stages()  # fmt: skip
    assert list(stages.values()) == sorted(stages.values())
    whole = (filled - called) / 1e6 + before_us / 1e3
    assert stages[Stage.FILLED] == pytest.approx(whole)
    assert Stage.PLANNED not in stages


def test_slippage_is_what_was_paid_more_or_got_less() -> None:
    dear, cheap = Decimal("101.05"), Decimal("100.05")
    assert slippage(Side.BUY, 75, dear, cheap) == Decimal("75.00")
    assert slippage(Side.SELL, 75, dear, cheap) == Decimal("-75.00")
    assert slippage(Side.BUY, 0, dear, cheap) is None
    assert slippage(Side.BUY, 75, dear, None) is None
