"""A master's order reaches his followers, over real sockets, judged by the broker's ledger."""

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from copytrade_gui.domain.account import Role
from copytrade_gui.domain.order import FanOut, State
from copytrade_gui.services.verbs import RefusedError
from tests.journeys.journey import journey


@pytest.mark.parametrize("followers", [3, 100])
async def test_every_follower_gets_the_masters_order_once(tmp_path: Path, followers: int) -> None:
    async with journey(tmp_path, followers) as trip:
        await trip.place(trip.masters[0], await trip.draft("10"), "one")
        orders = await trip.decided(followers + 1)
        ledger = await trip.at_broker()
        assert ledger == {account.client_id: 1 for account in trip.accounts}
        assert {order.account_id for order in orders} == {one.account_id for one in trip.accounts}
        assert all(order.terms.quantity == 10 for order in orders)
        # The feed may tell of an order before its reply is read.
        book = trip.opened.engine.book
        await trip.until(lambda: all(order.timing is not None for order in book))


async def test_three_masters_at_once_reach_their_own_followers_only(tmp_path: Path) -> None:
    async with journey(tmp_path, 150, masters=3) as trip:
        drafts = [await trip.draft(str(10 + number)) for number in range(3)]
        async with asyncio.TaskGroup() as group:
            for number, master in enumerate(trip.masters):
                group.create_task(trip.place(master, drafts[number], f"press-{number}"))
        orders = await trip.decided(153)
        assert await trip.at_broker() == {account.client_id: 1 for account in trip.accounts}
        for number, master in enumerate(trip.masters):
            followers = trip.followers_of(master)
            got = {
                order.account_id
                for order in orders
                if order.terms.quantity == 10 + number and order.role is Role.FOLLOWER
            }
            assert len(followers) == 50
            assert got == followers
        assert not [order for order in orders if order.broker_order_id is None]


async def test_a_tenth_rejected_with_reasons_and_the_rest_executed(tmp_path: Path) -> None:
    reason = "RMS: Margin Exceeds, Required: 13000, Available: 12"
    async with journey(tmp_path, 50) as trip:
        unlucky = trip.followers[:50:10]
        await trip.misfortune(
            {"action": "reject", "text": reason, "accounts": [one.client_id for one in unlucky]}
        )
        await trip.place(trip.masters[0], await trip.draft("10"), "one")
        book = trip.opened.engine.book
        await trip.until(
            lambda: (
                sum(order.state is State.REJECTED for order in book) == 5
                and sum(order.state is State.FILLED for order in book) == 46
            )
        )
        orders = await trip.decided(51)
        rejected = [order for order in orders if order.state is State.REJECTED]
        assert {order.account_id for order in rejected} == {one.account_id for one in unlucky}
        assert all(reason in order.reason for order in rejected)
        assert await trip.at_broker() == {account.client_id: 1 for account in trip.accounts}


async def test_followers_wait_for_a_working_master(tmp_path: Path) -> None:
    async with journey(tmp_path, 5) as trip:
        draft = await trip.draft("10", fan_out=FanOut.ON_MASTER_WORKING, away=Decimal(5))
        await trip.place(trip.masters[0], draft, "one")
        await trip.decided(6)
        assert await trip.at_broker() == {account.client_id: 1 for account in trip.accounts}


async def test_a_rejected_master_is_not_followed(tmp_path: Path) -> None:
    async with journey(tmp_path, 5) as trip:
        master = trip.masters[0]
        await trip.misfortune(
            {"action": "reject", "text": "RMS: Blocked", "accounts": [master.client_id]}
        )
        draft = await trip.draft("10", fan_out=FanOut.ON_MASTER_WORKING)
        await trip.place(master, draft, "one")
        orders = await trip.decided(6)
        assert await trip.at_broker() == {master.client_id: 1}
        followers = [order for order in orders if order.role is Role.FOLLOWER]
        assert {order.state for order in followers} == {State.SKIPPED}
        assert all(order.reason for order in followers)


async def test_pressing_twice_places_once(tmp_path: Path) -> None:
    async with journey(tmp_path, 3) as trip:
        draft = await trip.draft("10")
        for _ in range(2):
            await trip.place(trip.masters[0], draft, "same")
        await trip.decided(4)
        assert await trip.at_broker() == {account.client_id: 1 for account in trip.accounts}


@pytest.mark.parametrize(
    ("quantity", "off", "field"),
    [("0", Decimal(0), "quantity"), ("10", Decimal("0.01"), "price")],
)
async def test_an_impossible_order_is_refused_in_one_sentence(
    tmp_path: Path, quantity: str, off: Decimal, field: str
) -> None:
    async with journey(tmp_path, 3) as trip:
        draft = await trip.draft(quantity, away=off)
        with pytest.raises(RefusedError) as refusal:
            await trip.place(trip.masters[0], draft, "one")
        assert refusal.value.field == field
        assert field in str(refusal.value).lower()
        assert not await trip.at_broker()
        assert not list(trip.opened.engine.book)
