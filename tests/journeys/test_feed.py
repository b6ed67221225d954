"""The broker tells by itself under a whole console, over real sockets."""

from pathlib import Path

from copytrade_gui.domain.account import FeedState
from copytrade_gui.domain.order import State
from tests.journeys.journey import Journey, journey


async def feeds_stand(trip: Journey) -> None:
    """Every account's feed stands, and its book was read since."""
    await trip.until(lambda: all(lane.pushed for lane in trip.opened.engine.lanes))


async def as_the_broker_says(trip: Journey, orders: int) -> None:
    """Every order has ended here as it has there, each once."""
    book = trip.opened.engine.book

    def ended() -> bool:
        views = [order.view() for order in book]
        return len(views) == orders and all(view.state is State.FILLED for view in views)

    await trip.until(ended)
    for order in book:
        number = order.broker_order_id
        assert number is not None
        account = order.intent.account_id
        await trip.until(lambda a=account, n=number: book.traded_of(a, n) > 0)  # type: ignore[misc]  # bound now
        assert book.traded_of(account, number) == order.filled == order.ordered
    assert not any(lane.status.halted for lane in trip.opened.engine.lanes)
    assert set((await trip.at_broker()).values()) == {orders // len(trip.accounts)}


async def test_a_day_with_a_feed_that_suffers(tmp_path: Path) -> None:
    """What was placed is told by the feed alone, by the books alone, and by both with faults."""
    async with journey(tmp_path, 3) as trip:
        await feeds_stand(trip)
        await trip.misfortune({"action": "book_failed", "call": "orders,order,trades"})
        await trip.place(trip.masters[0], await trip.draft("10"), "no book can be read")
        await as_the_broker_says(trip, 4)
        await trip.end_misfortune()

        lanes = list(trip.opened.engine.lanes)
        await trip.misfortune({"action": "feed_outage"})
        await trip.until(lambda: not any(lane.pushed for lane in lanes))
        assert {lane.status.feed for lane in lanes} == {FeedState.RECONNECTING}
        assert all("books are read instead" in lane.status.feed_reason for lane in lanes)
        await trip.place(trip.masters[0], await trip.draft("10"), "no feed")
        await as_the_broker_says(trip, 8)
        await trip.end_misfortune()
        await feeds_stand(trip)
        assert {lane.status.feed_reason for lane in lanes} == {""}

        await trip.misfortune(
            {"action": "feed_repeat", "probability": 0.3},
            {"action": "feed_overtaken", "probability": 0.3, "ms": 30},
            {"action": "feed_skip", "probability": 0.1},
            {"action": "feed_garble", "probability": 0.1, "form": "broken"},
            {"action": "feed_close", "probability": 0.02, "how": "reset"},
        )
        for number in range(4):
            await trip.place(trip.masters[0], await trip.draft("10"), f"order {number}")
        await as_the_broker_says(trip, 24)
