"""Indian Standard Time: no daylight saving, five and a half hours ahead of UTC, all year."""

import time
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache

Clock = Callable[[], int]
"""Wall time in nanoseconds since the Unix epoch, UTC."""

NS = 1_000_000_000
DAY_SECONDS = 86_400
IST = timezone(timedelta(hours=5, minutes=30), "IST")
_OFFSET = 19_800  # seconds ahead of UTC
_OFFSET_NS = _OFFSET * NS
_DAY_NS = DAY_SECONDS * NS
_EPOCH = date(1970, 1, 1)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@lru_cache(maxsize=8192)
def _stamp_of_second(second: int) -> str:
    t = time.gmtime(second + _OFFSET)
    return (
        f"{t.tm_mday:02d}-{_MONTHS[t.tm_mon - 1]}-{t.tm_year:04d} "
        f"{t.tm_hour:02d}:{t.tm_min:02d}:{t.tm_sec:02d}"
    )


def stamp(ns: int) -> str:
    """The broker's way to write a time: `20-Sep-2024 16:05:33`, IST, no zone."""
    return _stamp_of_second(ns // NS)


def iso_stamp(ns: int) -> str:
    """A candle's time: `2024-11-11T09:15:00`, IST, no zone."""
    t = time.gmtime(ns // NS + _OFFSET)
    return (
        f"{t.tm_year:04d}-{t.tm_mon:02d}-{t.tm_mday:02d}T"
        f"{t.tm_hour:02d}:{t.tm_min:02d}:{t.tm_sec:02d}"
    )


@lru_cache(maxsize=64)
def http_date(second: int) -> str:
    """The value of a `Date` header for a second since the epoch."""
    t = time.gmtime(second)
    return (
        f"{_DAYS[t.tm_wday]}, {t.tm_mday:02d} {_MONTHS[t.tm_mon - 1]} {t.tm_year:04d} "
        f"{t.tm_hour:02d}:{t.tm_min:02d}:{t.tm_sec:02d} GMT"
    )


def day_number(ns: int) -> int:
    """Which Indian calendar day, counted from 1 January 1970."""
    return (ns + _OFFSET_NS) // _DAY_NS


def day_start(day: int) -> int:
    """The first nanosecond (UTC) of an Indian calendar day."""
    return (day * DAY_SECONDS - _OFFSET) * NS


def second_of_day(ns: int) -> int:
    """Seconds since midnight IST."""
    return (ns // NS + _OFFSET) % DAY_SECONDS


def date_of(day: int) -> date:
    """The calendar date of a day number."""
    return _EPOCH + timedelta(days=day)


def day_of(day: date) -> int:
    """The day number of a calendar date."""
    return (day - _EPOCH).days


def date_text(day: date) -> str:
    """`24-Nov-2026`, as the contract files and the history call write dates."""
    return f"{day.day:02d}-{_MONTHS[day.month - 1]}-{day.year:04d}"


def month_text(day: date) -> str:
    """`NOV`, as trading symbols write months."""
    return _MONTHS[day.month - 1].upper()


def parse_date(text: str) -> date | None:
    """Read `DD-Mon-YYYY`; None when it is anything else."""
    try:
        return datetime.strptime(text.strip(), "%d-%b-%Y").replace(tzinfo=IST).date()
    except ValueError:
        return None


@lru_cache(maxsize=256)
def ns_of(ms: float) -> int:
    """A setting in milliseconds as whole nanoseconds, never below 0."""
    return max(0, round(ms * 1_000_000))
