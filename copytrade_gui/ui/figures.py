"""Figures as an Indian trader reads them: 12,34,567.50, IST, an en dash for the unknown."""

from __future__ import annotations

from decimal import Decimal

from copytrade_gui.domain.calendar import ist
from copytrade_gui.domain.money import Paise, in_rupees, rupees
from copytrade_gui.domain.number import MAX_DIGITS, grouped

UNKNOWN = "–"


def number(value: int | Decimal) -> str:
    """A figure with Indian grouping and the decimals it has."""
    if isinstance(value, int):
        return grouped(value)
    exponent = value.as_tuple().exponent
    return _grouped(value, max(0, -exponent) if isinstance(exponent, int) else 2)


def whole(number: int) -> str:
    """A count or quantity with Indian grouping."""
    return grouped(number)


def price(value: Decimal | None, tick: Decimal | None = None) -> str:
    """Rupees with the instrument's decimals (two where the tick is not known)."""
    if value is None:
        return UNKNOWN
    return _grouped(value, decimals_of(tick))


def typed_price(value: Decimal, tick: Decimal) -> str:
    """The same as one would type it: without groups."""
    return price(value, tick).replace(",", "")


def decimals_of(tick: Decimal | None) -> int:
    """How many decimals a price with this tick shows; at least two."""
    if tick is None:
        return 2
    exponent = tick.normalize().as_tuple().exponent
    return max(2, -exponent) if isinstance(exponent, int) else 2


def money(amount: Paise | None) -> str:
    """Paise as rupees with two decimals."""
    return UNKNOWN if amount is None else _grouped(rupees(amount), 2)


def amount(value: Paise) -> str:
    """Paise in a sentence: ``₹5,00,000``, ``₹1,72,413.60``. Columns of a table have ``money``."""
    return in_rupees(rupees(value))


def signed(number: int | None) -> str:
    """A quantity whose direction matters: ``+75``, ``-75``, ``0``."""
    if number is None:
        return UNKNOWN
    return f"+{grouped(number)}" if number > 0 else grouped(number)


def signed_money(amount: Decimal | None) -> str:
    """Rupees won or lost: ``+1,234.50``, ``-1,234.50``, ``0.00``."""
    if amount is None:
        return UNKNOWN
    words = _grouped(amount, 2)
    return words if amount <= 0 or words == "0.00" else f"+{words}"


def lots(number: Decimal) -> str:
    """Lots without needless zeros."""
    return f"{number.normalize():f}"


def milliseconds(value: float | None) -> str:
    """Milliseconds; tenths below 100, none above."""
    if value is None:
        return UNKNOWN
    return f"{value:.1f}" if value < 100 else whole(round(value))


def brief(value: float) -> str:
    """A time that something took: ``3.8 ms``, and never none at all."""
    return "under 0.1 ms" if value < 0.1 else f"{milliseconds(value)} ms"


def clock(at_ns: int) -> str:
    """IST time of day with seconds."""
    return ist(at_ns).strftime("%H:%M:%S")


def clock_ms(at_ns: int) -> str:
    """IST time of day with milliseconds."""
    moment = ist(at_ns)
    return f"{moment:%H:%M:%S}.{moment.microsecond // 1000:03d}"


def stamp(at_ns: int) -> str:
    """IST date and time."""
    return ist(at_ns).strftime("%d %b %Y %H:%M:%S IST")


def plural(number: int, one: str, many: str = "") -> str:
    """``1 follower``, ``24 followers``."""
    return f"{whole(number)} {one if number == 1 else many or one + 's'}"


def _grouped(value: Decimal, decimals: int) -> str:
    if value.adjusted() > MAX_DIGITS:  # no price or money is that long
        return grouped(value)
    # Through integers: a float would round large amounts.
    scaled = int(abs(value).scaleb(decimals).to_integral_value())
    before, after = divmod(scaled, 10**decimals)
    sign = "-" if value < 0 and scaled else ""
    return f"{sign}{grouped(before)}.{after:0{decimals}d}"
