from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.simulator.feed_client import ServedFeed, serving_feed
from tests.simulator.stand import Stand


@pytest.fixture
def stand() -> Stand:
    """Three accounts, a market that stands still, and RELIANCE at 1,546.60."""
    return Stand()


@pytest.fixture
def market() -> Stand:
    """Six accounts, the last one's id with letters, and a market that stands still."""
    return Stand(accounts=6)


@pytest_asyncio.fixture
async def feed(market: Stand, tmp_path: Path) -> AsyncIterator[ServedFeed]:
    async with serving_feed(market.broker, tmp_path) as served:
        yield served
