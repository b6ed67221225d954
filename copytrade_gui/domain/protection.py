"""MARKET and SL-M leave as LIMIT and SL with protection (docs/safety.md 10.11)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from copytrade_gui.domain.instrument import NO_BAND, DayBand, InstrumentKind
from copytrade_gui.domain.money import tick_above, tick_below
from copytrade_gui.domain.order import OrderTerms, OrderType, Side

_FLAT_BELOW_ONE = Decimal("0.10")
_SHARES = ((Decimal(100), Decimal("0.02")), (Decimal(500), Decimal("0.01")))
_SHARES_ABOVE = Decimal("0.005")
_OPTIONS = (
    (Decimal(5), Decimal("0.10")),
    (Decimal(10), Decimal("0.05")),
    (Decimal(100), Decimal("0.03")),
    (Decimal(500), Decimal("0.02")),
)
_OPTIONS_ABOVE = Decimal("0.01")


def margin_of_protection(kind: InstrumentKind, reference: Decimal) -> Decimal:
    """How far, in rupees, the limit may stand from ``reference``: the grid one broker publishes.

    Equity and futures: 2 % under ₹100, 1 % to 500, 0.5 % above. Options: ₹0.10 under 1, 10 %
    to 5, 5 % to 10, 3 % to 100, 2 % to 500, 1 % above.
    """
    if kind.is_option:
        if reference < 1:
            return _FLAT_BELOW_ONE
        share = next((share for bound, share in _OPTIONS if reference <= bound), _OPTIONS_ABOVE)
    elif reference < 100:
        share = _SHARES[0][1]
    else:
        share = _SHARES[1][1] if reference <= 500 else _SHARES_ABOVE
    return reference * share


def protect(
    terms: OrderTerms, last_price: Decimal | None, band: DayBand = NO_BAND
) -> OrderTerms | None:
    """Give a MARKET or SL-M order its limit price; other orders come back unchanged.

    MARKET is protected around ``last_price``, SL-M around its own trigger, and neither leaves the
    day's price ``band`` as far as that is known: the exchange takes no price outside it. None when
    no reference price is known: such an order must be blocked.
    """
    if terms.order_type is OrderType.MARKET:
        reference, becomes = last_price, OrderType.LIMIT
    elif terms.order_type is OrderType.SLM:
        reference, becomes = terms.trigger, OrderType.SL
    else:
        return terms
    if reference is None or reference <= 0:
        return None
    tick = terms.instrument.tick
    distance = margin_of_protection(terms.instrument.kind, reference)
    if terms.side is Side.BUY:
        price = tick_above(reference + distance, tick)
    else:
        price = max(tick_below(reference - distance, tick), tick)
        if becomes is OrderType.SL and price >= reference:
            return None
    inside = band.nearest(price)
    beyond = inside < reference if terms.side is Side.BUY else inside > reference
    kept = price if becomes is OrderType.SL and beyond else inside
    return replace(terms, order_type=becomes, price=kept)
