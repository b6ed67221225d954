"""Make sense of one scalar of the broker's JSON, which may be a number, or text, or missing.

Books hold the whole day of every account, and say the same price, word and instrument thousands of
times: what is equal is one object wherever that is cheap.
"""

from __future__ import annotations

import re
import sys
from decimal import Decimal
from functools import lru_cache

Value = str | int | float | None
"""A scalar as the broker happens to write it."""

_ORDER_ID = re.compile(r"[A-Za-z0-9_-]{1,40}")


def text(value: Value) -> str:
    """Read a scalar as text; absent is empty."""
    return "" if value is None else str(value).strip()


def word(value: Value) -> str:
    """Read a text that many rows hold as one object for all of them."""
    return sys.intern(text(value))


def words(*values: Value) -> tuple[str, ...]:
    """Read the texts of one row, each as one object for all rows that hold it."""
    return tuple([sys.intern(text(value)) for value in values])


_NUMBER = re.compile(r"[+-]?[0-9]{1,24}(\.[0-9]{0,24})?([eE][+-]?[0-9]{1,3})?")
_MAX_MAGNITUDE = 15
_ZERO = Decimal(0)
_NO_PRICE = frozenset({"", "NA", "-"})


def decimal(value: Value) -> Decimal | None:
    """Read a finite number of a size that money can have, or None. Empty is None, not 0."""
    written = text(value)
    return _number(written) if _NUMBER.fullmatch(written) else None


@lru_cache(maxsize=1024)
def _number(written: str) -> Decimal | None:
    number = Decimal(written)
    # 1E+999 is a number too, but nobody's price or quantity.
    if number and abs(number.adjusted()) > _MAX_MAGNITUDE:
        return None
    return number


def prices(*values: Value) -> tuple[Decimal | None, ...]:
    """Read the prices of one row in rupees.

    One that is not there is 0 (a MARKET order has none); one that cannot be read is None.
    """
    return tuple([_ZERO if text(value) in _NO_PRICE else decimal(value) for value in values])


def known_price(value: Value) -> Decimal | None:
    """Read a price in rupees, or None where it is not there or cannot be read."""
    return None if text(value) in _NO_PRICE else decimal(value)


def whole(value: Value) -> int | None:
    """Read an integer, also when written as ``"1.0"``, or None."""
    number = decimal(value)
    if number is None or number != number.to_integral_value():
        return None
    return int(number)


def wholes(*values: Value) -> tuple[int | None, ...]:
    """Read the integers of one row."""
    return tuple([whole(value) for value in values])


def order_id(value: Value) -> str | None:
    """Read a broker order id that is fit to stand in a path (docs/safety.md 14.5), or None."""
    written = text(value)
    return sys.intern(written) if _ORDER_ID.fullmatch(written) else None
