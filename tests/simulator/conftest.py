import pytest

from tests.simulator.stand import Stand


@pytest.fixture
def stand() -> Stand:
    """Three accounts, a market that stands still, and RELIANCE at 1,546.60."""
    return Stand()
