"""News waits while replies to orders are awaited, and never for long."""

import asyncio

import pytest

from copytrade_gui.brokers.iifl.feed_queue import AT_ONCE, PATIENCE_NS, FeedQueue
from tests.brokers.steered import SteeredClock


async def turns(number: int = 3) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


async def test_news_waits_for_replies_but_not_without_end() -> None:
    clock, done, busy = SteeredClock(), list[int](), True
    queue = FeedQueue(clock, lambda: busy)
    for number in range(3):
        queue.put(lambda n=number: done.append(n))  # type: ignore[misc]  # bound now
    await turns()
    clock.advance(0.1)
    await turns()
    assert done == []
    busy = False
    clock.advance(0.01)
    await turns()
    assert done == [0, 1, 2]
    busy = True
    queue.put(lambda: done.append(3))
    await turns()
    assert done == [0, 1, 2]
    clock.advance(PATIENCE_NS / 1e9)
    await turns()
    assert done == [0, 1, 2, 3]
    clock.advance(1)
    assert clock.waiting == 0


@pytest.mark.expected_log("news of a feed was not taken in")
async def test_much_news_lets_the_sockets_have_their_turn_and_one_bug_stops_nothing() -> None:
    queue, done = FeedQueue(SteeredClock(), lambda: False), list[int]()

    def fails() -> None:
        raise ValueError

    queue.put(fails)
    for number in range(3 * AT_ONCE):
        queue.put(lambda n=number: done.append(n))  # type: ignore[misc]  # bound now
    await asyncio.sleep(0)
    assert 0 < len(done) <= AT_ONCE
    await turns(4)
    assert done == list(range(3 * AT_ONCE))
    queue.put(lambda: done.append(-1))
    queue.close()
    await turns()
    assert -1 not in done
