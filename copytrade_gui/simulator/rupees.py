"""Prices as whole ten-thousandths of a rupee, because currency contracts tick by 0.0025."""

from decimal import Decimal, InvalidOperation
from functools import lru_cache

UNIT = 10_000
"""Ten-thousandths in a rupee."""

_LARGEST = Decimal(10) ** 9


@lru_cache(maxsize=8192, typed=True)
def parse(value: str | float) -> int | None:
    """Read rupees as the wire carries them; None for text that is no finite price.

    More than four decimals is no price either: no segment ticks finer than 0.0025. Remembered,
    because five hundred followers send the same price within milliseconds.
    """
    if isinstance(value, int):  # an int is a float to the type system, but not to us
        return value * UNIT if abs(value) <= _LARGEST else None
    try:
        number = Decimal(value if isinstance(value, str) else repr(value))
    except InvalidOperation:
        return None
    # Compared as it stands: abs() of 1e9999999 overflows, a comparison does not.
    if not number.is_finite() or not -_LARGEST <= number <= _LARGEST:
        return None
    scaled = number * UNIT
    whole = int(scaled)
    return whole if whole == scaled else None


def text(units: int) -> str:
    """`15015500` as `1501.55`; whole rupees keep one zero, as the broker's books do."""
    if units < 0:
        return "-" + text(-units)
    whole, rest = divmod(units, UNIT)
    if not rest:
        return f"{whole}.0"
    return f"{whole}.{rest:04d}".rstrip("0")


def number(units: int) -> float:
    """For the few replies that carry JSON numbers: the shortest number that reads the same."""
    return units / UNIT


def average(value: int, quantity: int) -> int:
    """Value over quantity, half away from zero; 0 for no quantity."""
    if not quantity:
        return 0
    sign = -1 if (value < 0) != (quantity < 0) else 1
    value, quantity = abs(value), abs(quantity)
    return sign * ((2 * value + quantity) // (2 * quantity))
