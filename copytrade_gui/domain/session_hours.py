"""When each exchange's last session of a day ends: data, because the exchanges change it.

NSE and BSE as of September 2026: the closing auction to 15:35, derivatives to 15:40 (order-safety
section 13); currency to 17:00; commodities to 23:55, the later of their two seasons. Holidays are
not known here: such a day counts as one with sessions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, time, timedelta

from copytrade_gui.domain.instrument import Exchange

_EVENING, _NIGHT = time(15, 40), time(23, 55)
CLOSES: Mapping[Exchange, time] = {
    Exchange.NSEEQ: _EVENING,
    Exchange.BSEEQ: _EVENING,
    Exchange.NSEFO: _EVENING,
    Exchange.BSEFO: _EVENING,
    Exchange.NSECURR: time(17, 0),
    Exchange.BSECURR: time(17, 0),
    Exchange.MCXCOMM: _NIGHT,
    Exchange.NSECOMM: _NIGHT,
    Exchange.BSECOMM: _NIGHT,
    Exchange.NCDEXCOMM: _NIGHT,
}
"""Time of day in India."""
SETTLES = timedelta(minutes=2)
"""Books may still move so long after a close; the broker's day ends at midnight."""


def last_close(exchanges: Iterable[Exchange], now: datetime) -> datetime | None:
    """When the last session of these exchanges ends on the day of ``now`` (IST).

    The equity market's where none is named; None at a weekend, when there is no session.
    """
    if now.weekday() >= 5:
        return None
    closes = max((CLOSES[one] for one in exchanges), default=_EVENING)
    return now.replace(hour=closes.hour, minute=closes.minute, second=0, microsecond=0)
