"""The console is closed and opened again: the day is still there, at home and at the broker."""

import asyncio
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from copytrade_gui.app.paper import SimulatorOptions
from copytrade_gui.app.wiring import OpenOptions, open_console
from copytrade_gui.domain.checks.limits import NO_LIMITS
from copytrade_gui.domain.order import State
from copytrade_gui.domain.trading_state import TradingState
from tests.journeys.journey import Journey, journey


async def test_the_paper_day_goes_on(tmp_path: Path) -> None:
    async with journey(tmp_path, 4, kept=True) as trip:
        await trip.place(trip.masters[0], await trip.draft("10", away=Decimal(5)), "one")
        before = {order.intent_id: order.tag for order in await trip.decided(5)}
        ledger = await trip.at_broker()
    async with journey(tmp_path, 4, kept=True) as trip:
        orders = await trip.opened.console.history.orders(100)
        assert {order.intent_id: order.tag for order in orders} == before
        assert await trip.at_broker() == ledger
        report = await trip.opened.console.trading.recovery()
        assert report is not None
        assert not await trip.opened.console.trading.reviews()


async def test_a_new_paper_broker_has_other_keys_and_everybody_logs_in_at_it(
    tmp_path: Path,
) -> None:
    """No day is kept, so its keys are new; the accounts here keep their names and their sizing."""
    keys, names = [], []
    for _ in range(2):
        async with journey(tmp_path, 6) as trip:
            assert all(lane.logged_in for lane in trip.opened.engine.lanes)
            keys.append({one.app_key for one in trip.accounts})
            links = await trip.opened.console.followers.links()
            names.append(([(one.account_id, one.name) for one in trip.accounts], links))
    assert keys[0].isdisjoint(keys[1])
    assert names[0] == names[1]


async def test_a_press_of_before_the_restart_is_not_placed_again(tmp_path: Path) -> None:
    async with journey(tmp_path, 2, kept=True) as trip:
        draft = await trip.draft("10")
        await trip.place(trip.masters[0], draft, "same")
        await trip.decided(3)
    async with journey(tmp_path, 2, kept=True) as trip:
        state = await trip.opened.console.trading.state()
        if not state.state.allows_new_plans:
            await trip.opened.console.trading.resume("Books read.")
        await trip.place(trip.masters[0], draft, "same")
        await trip.decided(3)
        assert await trip.at_broker() == {one.client_id: 1 for one in trip.accounts}


@pytest.mark.parametrize("seconds", [0.0, 0.01, 0.02, 0.05, 0.2])
async def test_whoever_quits_right_after_a_press_finds_every_order_answered(
    tmp_path: Path, seconds: float
) -> None:
    async with journey(tmp_path, 30, kept=True, latency_ms=400) as trip:
        draft = await trip.draft("10", away=Decimal(200))
        press = asyncio.create_task(trip.place(trip.masters[0], draft, "one"))
        await asyncio.sleep(seconds)
    await asyncio.gather(press, return_exceptions=True)
    paper = SimulatorOptions(accounts=31, latency_ms=5, jitter_ms=0)
    options = OpenOptions(
        data_dir=tmp_path, paper=paper, keep_paper_day=True, plain_sizing=True, limits=NO_LIMITS
    )
    async with open_console(options) as opened:
        states = Counter(order.state for order in opened.engine.book)
        assert not states.keys() & {State.UNKNOWN, State.REVIEW, State.SENDING}, states
        assert (await opened.console.trading.state()).state is TradingState.RECOVERING
        assert opened.simulator is not None
        known = {o.broker_order_id for o in opened.engine.book if o.broker_order_id is not None}
        assert {row.order_id for row in await opened.simulator.ledger()} == known


async def test_a_kill_pressed_as_the_window_opens_takes_every_resting_order(tmp_path: Path) -> None:
    """The window is there before the accounts are logged in again, and so are its stops."""
    async with journey(tmp_path, 6, kept=True) as trip:
        for number in range(4):
            draft = await trip.draft("10", away=Decimal(200))
            await trip.place(trip.masters[0], draft, f"resting {number}")
        await trip.decided(28)
        await trip.until(lambda: {o.state for o in trip.opened.engine.book} == {State.WORKING})
    paper = SimulatorOptions(accounts=7, latency_ms=5, jitter_ms=0)
    options = OpenOptions(
        data_dir=tmp_path, paper=paper, keep_paper_day=True, plain_sizing=True, limits=NO_LIMITS
    )
    async with open_console(options) as opened:
        book = opened.engine.book
        assert not any(lane.logged_in for lane in opened.engine.lanes)
        await opened.console.trading.kill("wrong price")
        assert await opened.sessions_taken_up() == 7
        trip = Journey(opened, tuple(await opened.console.followers.accounts()))
        await trip.until(lambda: {order.state for order in book} == {State.CANCELLED})
        for lane in opened.engine.lanes:
            assert lane.session is not None
            read = await lane.session.order_book()
            assert [row.state for row in read.rows] == [State.CANCELLED] * 4
        assert opened.engine.gate.state is TradingState.KILL
