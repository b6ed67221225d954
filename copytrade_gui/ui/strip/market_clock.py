"""NSE's session as a word and a countdown; the engine's word on the market comes before it."""

from __future__ import annotations

from datetime import datetime, timedelta

from copytrade_gui.domain.calendar import Calendar, SessionKind
from copytrade_gui.domain.instrument import Exchange

_NSE = Exchange.NSEEQ


def countdown(now: datetime, calendar: Calendar) -> tuple[bool, str, str]:
    """Whether NSE trades continuously at ``now`` (IST), ``NSE open``, ``closes in 2:14:05``."""
    session = calendar.session_at(_NSE, now)
    if session is not None and session.kind is SessionKind.CONTINUOUS:
        word = session.name or "NSE open"
        return True, word, f"closes in {_length(session.closes - now)}"
    opens = calendar.next_opening(_NSE, now)
    if opens is None:
        words = ""
    elif opens.date() == now.date():
        words = f"opens in {_length(opens - now)}"
    else:
        words = f"opens {opens:%a %H:%M}"
    holiday = calendar.holiday(_NSE, now.date())
    if session is not None:
        return False, f"NSE {session.kind}", words
    return False, "NSE closed" if holiday is None else f"NSE closed: {holiday.name}", words


def _length(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
