"""The console is closed and opened again: the day is still there, at home and at the broker."""

from decimal import Decimal
from pathlib import Path

import pytest

from tests.journeys.journey import journey

pytestmark = pytest.mark.timeout(120)


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
