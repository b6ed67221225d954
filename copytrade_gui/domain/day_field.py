"""A day as it is typed or named on the command line."""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from copytrade_gui.domain.typed import quoted

FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2099, 12, 31)
"""Days that are looked for; times in ns since 1970 end in 2262."""
_SUCH_AS = "Write a day whose orders are kept here, such as 2026-12-01."


class NotADay(Struct, frozen=True):
    """Why a text is no day, in one sentence with the remedy."""

    sentence: str


def read_day(text: str) -> date | NotADay:
    """Read ``2026-12-01``."""
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        return NotADay(f"Day {quoted(text)} is no day. {_SUCH_AS}")
    return NotADay(problem) if (problem := day_problem(day)) else day


def day_problem(day: date) -> str:
    """Why nothing can be kept of a day, in one sentence; empty if it may be."""
    if FIRST_DAY <= day <= LAST_DAY:
        return ""
    return f"Day {day} is not from {FIRST_DAY} to {LAST_DAY}. {_SUCH_AS}"
