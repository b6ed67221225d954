"""Owners change and cancel their copies at the broker, over real sockets and over a restart."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from copytrade_gui.domain.account import Role
from copytrade_gui.domain.order import State
from copytrade_gui.domain.records import OrderView
from tests.journeys.journey import Journey, journey


async def copies(trip: Journey) -> dict[str, OrderView]:
    """The followers' orders by client id."""
    await trip.opened.store.journal.flush()
    clients = {account.account_id: account.client_id for account in trip.accounts}
    orders = await trip.opened.console.history.orders(100)
    return {clients[view.account_id]: view for view in orders if view.role is Role.FOLLOWER}


async def move_market(trip: Journey, order: OrderView, price: Decimal) -> None:
    desk = trip.opened.simulator
    assert desk is not None
    key = order.terms.instrument.key
    where = {"exchange": key.exchange, "instrument_id": key.instrument_id}
    await desk.control("POST", "/price", where | {"price": str(price)})


def words(order: OrderView) -> str:
    return "" if order.diverged is None else order.diverged.in_words


def in_state(trip: Journey, *wanted: State) -> Callable[[], bool]:
    return lambda: all(order.state in wanted for order in trip.opened.engine.book)


async def test_owners_change_their_copies_and_the_day_goes_on(
    tmp_path: Path, expected_log: Callable[[str], None]
) -> None:
    expected_log("DIVERGED: Copy BUY 10 RELIANCE-EQ .* was changed at the broker, not by us")
    expected_log("DIVERGED: Copy BUY 10 RELIANCE-EQ .* was cancelled at the broker, not by us")
    async with journey(tmp_path, 4, kept=True) as trip:
        await trip.place(trip.masters[0], await trip.draft("10", away=Decimal(8)), "one")
        await trip.decided(5)
        await trip.until(in_state(trip, State.WORKING))
        before = await copies(trip)
        raised, lowered, dearer, gone = before
        price = before[dearer].terms.price
        assert price is not None
        desk = trip.opened.simulator
        assert desk is not None
        changes: dict[str, dict[str, str] | None] = {
            raised: {"quantity": "16"},
            lowered: {"quantity": "4"},
            dearer: {"price": str(price - 2)},
            gone: None,
        }
        for client, fields in changes.items():
            await desk.act_as_owner(client, str(before[client].broker_order_id), fields)
        book = trip.opened.engine.book
        await trip.until(lambda: sum(order.diverged is not None for order in book) == 4)
        after = await copies(trip)
        assert {client: words(view) for client, view in after.items()} == {
            raised: "quantity 10 → 16",
            lowered: "quantity 10 → 4",
            dearer: f"price {price:.2f} → {price - 2:.2f}",
            gone: "cancelled at the broker",
        }
        assert after[gone].state is State.CANCELLED
        assert after[gone].reason == "Cancelled at the broker, not by this program."
    async with journey(tmp_path, 4, kept=True) as trip:
        assert await copies(trip) == after
        await move_market(trip, after[raised], price - 1)
        book = trip.opened.engine.book
        await trip.until(lambda: [o.state for o in book].count(State.FILLED) == 3)
        filled = await copies(trip)
        assert {client: view.filled_quantity for client, view in filled.items()} == {
            raised: 16, lowered: 4, dearer: 0, gone: 0,
        }  # fmt: skip
        assert filled[dearer].state is State.WORKING
        assert {client: words(view) for client, view in filled.items()} == {
            client: words(view) for client, view in after.items()
        }
        assert not any(lane.status.halted for lane in trip.opened.engine.lanes)
