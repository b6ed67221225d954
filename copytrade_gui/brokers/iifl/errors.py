"""Broker code to meaning, as one table (docs/safety.md 5; codes from docs/broker.md 17).

Codes are compared, never texts: the documentation itself spells the texts in two ways. A code
that is not here has no meaning for us, and an order it answers stays UNKNOWN.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum


class CodeClass(StrEnum):
    """What a code proves about the order that it answers."""

    REFUSED = "refused"
    """Definitely not taken: a parameter or the account is wrong."""
    ADDRESS = "address"
    """Definitely not taken: our network address is not registered with the broker."""
    AUTH = "auth"
    """The session is not valid; whether the order was taken is settled by reading."""
    CHANGE_REFUSED = "change_refused"
    """Definite for a cancel or modify only: the order is not in a state to be changed."""


def _codes(*ranges: tuple[int, int]) -> list[str]:
    return [f"EC{number:03d}" for low, high in ranges for number in range(low, high + 1)]


CLASSES: Mapping[str, CodeClass] = {
    **dict.fromkeys(
        _codes((703, 705), (900, 911), (914, 914), (928, 934), (936, 936), (941, 991)),
        CodeClass.REFUSED,
    ),
    "EC500": CodeClass.ADDRESS,
    **dict.fromkeys(("EC044", "EC055", "EC075", "EC401", "EC403"), CodeClass.AUTH),
    **dict.fromkeys(
        ("EC701", "EC702", *_codes((992, 995), (997, 997), (999, 999))), CodeClass.CHANGE_REFUSED
    ),
}

EMPTY_BOOK = frozenset({"EC916", "EC920", "EC922", "EC926"})
"""Nothing there, said as an error: orders, positions, holdings, trades (docs/broker.md 6.2)."""

_RATE = re.compile(r"too many request|rate limit|rate exceed|request limit|throttl", re.IGNORECASE)
_DOUBT = re.compile(
    r"time[d]?[ -]?out|order ?book|(?:try|retry) (?:again|after|later)|in transit", re.IGNORECASE
)
_ADDRESS = re.compile(r"\bip\b", re.IGNORECASE)
_CODE = re.compile(r"EC\d{3}")


def is_code(status: str) -> bool:
    """Tell whether a ``status`` value is an error code and not a word such as ``Success``."""
    return _CODE.fullmatch(status) is not None


def class_of(code: str, message: str) -> CodeClass | None:
    """Look the code up; None is "proves nothing".

    EC500 is unpublished and its number sounds like a fault of the server, so it counts as the
    address refusal only with a text that speaks of the IP.
    """
    found = CLASSES.get(code)
    if found is CodeClass.ADDRESS and not _ADDRESS.search(message):
        return None
    return found


def speaks_of_rate(message: str) -> bool:
    """Tell whether a text says that we called too often."""
    return _RATE.search(message) is not None


def speaks_of_doubt(message: str) -> bool:
    """Tell whether a text of a 400 hides a time-out: such orders were placed seconds later."""
    return _DOUBT.search(message) is not None


_LONGEST_WAIT_S = 3600


def retry_after_ms(headers: Mapping[str, str]) -> int:
    """Read ``Retry-After`` in ms: seconds, or a date against the reply's own ``Date``; else 0."""
    written = headers.get("retry-after", "").strip()
    if written.isascii() and written.isdigit() and len(written) < 9:
        return min(int(written), _LONGEST_WAIT_S) * 1000
    until, now = _moment(written), _moment(headers.get("date", ""))
    if until is None or now is None:
        return 0
    seconds = (until - now).total_seconds()
    return int(min(max(seconds, 0), _LONGEST_WAIT_S) * 1000)


def _moment(written: str) -> datetime | None:
    if not written or len(written) > 60:
        return None
    try:
        moment = parsedate_to_datetime(written)
    except (ValueError, IndexError, TypeError, OverflowError):
        return None
    return moment if moment.tzinfo is not None else None


def clean(message: str) -> str:
    """A text of the broker's as one short printable line, fit for a table cell or a log line."""
    line = " ".join("".join(c if c.isprintable() else " " for c in message[:400]).split())
    return line if len(line) <= 200 else line[:199] + "…"
