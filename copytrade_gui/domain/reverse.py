"""A master's order the other way round, for links that copy the opposite side.

Theirs has to trade when his does. What trades at once for him trades at once on the other side. A
limit of his that rests is a stop there, and a stop of his is a limit.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from msgspec import structs

from copytrade_gui.domain.exits import OUT_OF_HOLDINGS
from copytrade_gui.domain.instrument import InstrumentKind
from copytrade_gui.domain.number import grouped
from copytrade_gui.domain.order import OrderTerms, OrderType, Product, Side, Validity
from copytrade_gui.domain.protection import protect
from copytrade_gui.domain.sizing import Sized

REVERSED = "reversed"
NOT_REVERSED = "not_reversed"
_SHARES = Sized(
    0,
    NOT_REVERSED,
    "The link copies the opposite side, and shares are sold short for INTRADAY alone. Leave the "
    "other products out by the link's filter.",
)
_IOC = Sized(
    0,
    NOT_REVERSED,
    "The link copies the opposite side, and this IOC order does not trade at once: there it would "
    "be a stop, which no exchange takes as IOC.",
)
_NO_PRICE = Sized(
    0,
    "no_price",
    "The link copies the opposite side, and no fresh price is known to turn the order by. Wait for "
    "the instrument's quote.",
)


def opposite(terms: OrderTerms) -> OrderTerms:
    """The same order on the other side; its prices are still the master's."""
    return replace(terms, side=terms.side.opposite)


def turned(terms: OrderTerms, last_price: Decimal | None) -> OrderTerms | Sized:
    """The order on the other side, protected there, or the verdict why there is none.

    ``terms`` are as the master gave them, ``last_price`` is rupees and fresh, or None.
    """
    share = terms.instrument.kind is InstrumentKind.EQUITY
    if terms.product in OUT_OF_HOLDINGS or (share and terms.product is not Product.INTRADAY):
        return _SHARES
    other = opposite(terms)
    if terms.trigger is not None:
        return replace(other, order_type=OrderType.LIMIT, price=terms.trigger, trigger=None)
    if terms.order_type is OrderType.LIMIT and terms.price is not None:
        if last_price is None:
            return _NO_PRICE
        if _rests(terms.side, terms.price, last_price):
            if terms.validity is Validity.IOC:
                return _IOC
            other = replace(other, order_type=OrderType.SLM, price=None, trigger=terms.price)
        else:
            other = replace(other, order_type=OrderType.MARKET, price=None)
    return protect(other, last_price) or _NO_PRICE


def moved(terms: OrderTerms, before: OrderTerms, after: OrderTerms) -> OrderTerms:
    """A reversed order (``terms``) after the master's own was changed from ``before``."""
    if terms.trigger is not None and terms.price is not None:  # his is a limit that rests
        if before.price is None or after.price is None:
            return terms
        by = after.price - before.price
        return replace(terms, trigger=terms.trigger + by, price=terms.price + by)
    if after.trigger is not None:  # his is a stop
        return replace(terms, price=after.trigger)
    return terms


def told(sized: Sized, terms: OrderTerms) -> Sized:
    """A size that is more than nothing, with the side on which it leaves as the reason's start."""
    how = f"{terms.side}: the opposite of the master."
    if terms.trigger is not None:
        how = (
            f"{terms.side}: the opposite of the master, as a stop at {grouped(terms.trigger)}, "
            "where his limit trades."
        )
    reason = f"{how} {sized.reason}".strip()
    return structs.replace(sized, code=sized.code or REVERSED, reason=reason)


def _rests(side: Side, price: Decimal, last_price: Decimal) -> bool:
    return price < last_price if side is Side.BUY else price > last_price
