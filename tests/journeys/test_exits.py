"""An exit of the master, over real sockets: the broker's own positions are the judge."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from copytrade_gui.domain.account import Account
from copytrade_gui.domain.draft import Draft
from copytrade_gui.domain.order import FanOut, Side, State
from tests.journeys.journey import Journey, journey


async def net(trip: Journey, account: Account, draft: Draft) -> int:
    """What the broker says the account holds of the draft's instrument."""
    session = trip.opened.engine.lanes[account.account_id].session
    assert session is not None
    assert draft.instrument is not None
    rows = await session.positions()
    return sum(row.net_quantity for row in rows if row.key == draft.instrument.key)


async def filled(trip: Journey, orders: int) -> None:
    book = trip.opened.engine.book
    await trip.until(lambda: sum(order.state is State.FILLED for order in book) == orders)


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("fan_out", list(FanOut))
async def test_a_follower_switched_on_after_the_entry_is_not_sold_short_by_the_exit(
    tmp_path: Path, fan_out: FanOut, at_once: bool
) -> None:
    """``at_once``: before any read of a book has told that the entry filled."""
    async with journey(tmp_path, 3) as trip:
        (master, late, *others) = trip.accounts
        trading, followers = trip.opened.console.trading, trip.opened.console.followers
        buy = await trip.draft("10", fan_out, away=Decimal(-20))
        await followers.set_active([late.account_id], active=False)
        await trip.place(master, buy, "entry")
        if not at_once:
            await filled(trip, 3)
        await followers.set_active([late.account_id], active=True)
        sell = replace(buy, side=Side.SELL, price=str(Decimal(buy.price) - 40))
        preview = await trading.preview(master.account_id, sell)
        rows = {row.account_id: row for row in preview.rows}
        wanted = "awaits_copy" if at_once else "no_copy_to_exit"
        assert rows[late.account_id].code == wanted
        assert {rows[one.account_id].quantity for one in others} == {10}
        await trip.place(master, sell, "exit")
        await filled(trip, 6)
        for account in trip.accounts:
            assert await net(trip, account, buy) == 0, account.name
        ledger = await trip.at_broker()
        assert late.client_id not in ledger
        assert {ledger[one.client_id] for one in (master, *others)} == {2}
        book = trip.opened.engine.book
        await trip.until(lambda: all(order.state.ended for order in book))
        (verdict,) = [one for one in book if one.state is State.BLOCKED]
        assert (verdict.intent.account_id, verdict.code) == (late.account_id, "no_copy_to_exit")


async def test_after_a_restart_the_copies_are_known_again(tmp_path: Path) -> None:
    async with journey(tmp_path, 2, kept=True) as trip:
        master, late, _ = trip.accounts
        buy = await trip.draft("10", away=Decimal(-20))
        await trip.opened.console.followers.set_active([late.account_id], active=False)
        await trip.place(master, buy, "entry")
        await filled(trip, 2)
        await trip.opened.console.followers.set_active([late.account_id], active=True)
    async with journey(tmp_path, 2, kept=True) as trip:
        await trip.until(lambda: trip.opened.engine.gate.may_plan)
        sell = replace(buy, side=Side.SELL, price=str(Decimal(buy.price) - 40))
        await trip.place(trip.masters[0], sell, "exit")
        await filled(trip, 4)
        for account in trip.accounts:
            assert await net(trip, account, buy) == 0, account.name
