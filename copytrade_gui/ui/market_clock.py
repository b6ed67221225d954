"""The exchange's regular hours as a countdown; the engine's word on the market comes before it."""

from __future__ import annotations

from datetime import datetime, time, timedelta

OPENS = time(9, 15)
CLOSES = time(15, 30)
SATURDAY = 5


def countdown(now: datetime) -> tuple[bool, str]:
    """Whether NSE's regular session runs at ``now`` (IST), and ``closes in 2:14:05``.

    Holidays are not known here: the market lamp says so in its own words.
    """
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    opens = today + timedelta(hours=OPENS.hour, minutes=OPENS.minute)
    closes = today + timedelta(hours=CLOSES.hour, minutes=CLOSES.minute)
    if now.weekday() < SATURDAY:
        if opens <= now < closes:
            return True, f"closes in {_length(closes - now)}"
        if now < opens:
            return False, f"opens in {_length(opens - now)}"
    opens += timedelta(days=1)
    while opens.weekday() >= SATURDAY:
        opens += timedelta(days=1)
    return False, f"opens {opens:%a %H:%M}"


def _length(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
