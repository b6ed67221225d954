"""What every journey gets: a broker whose sessions last as long as the journey."""

import time
from datetime import timedelta

import pytest

from copytrade_gui.domain.calendar import ist

_LONGEST = timedelta(minutes=2)


@pytest.fixture(autouse=True)
def day_that_lasts() -> None:
    """Wait for the next day where this one is nearly over.

    The broker ends every session at midnight in India, and a journey runs by the wall clock.
    """
    now = ist(time.time_ns())
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    if midnight - now < _LONGEST:
        time.sleep((midnight - now).total_seconds() + 1.0)
