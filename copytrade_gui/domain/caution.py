"""What a ticket warns of before it is sent: with the figure, and without stopping anybody."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from copytrade_gui.domain.freeze import NOT_KNOWN, FreezeTable, slices
from copytrade_gui.domain.money import Paise, in_rupees, order_value, rupees
from copytrade_gui.domain.number import grouped
from copytrade_gui.domain.order import OrderTerms, Product, Side
from copytrade_gui.domain.sizing import Sized

FAR_PERCENT = 10
FAR_PERCENT_OPTION = 50
"""From where on a price is called far from the last one; options move further in a day."""
LEVERAGE = 5
"""What intraday shares and futures may be worth, in times of the free margin, without a word."""


@dataclass(frozen=True, slots=True)
class Portion:
    """One account's share of an order; ``free_margin`` is None while it is not known."""

    name: str
    quantity: int
    free_margin: Paise | None


def cautions(
    terms: OrderTerms,
    last_price: Decimal | None,
    portions: Iterable[Portion],
    freeze: FreezeTable = NOT_KNOWN,
) -> tuple[str, ...]:
    """One sentence for each thing a trader should look at twice; none of them blocks.

    ``terms`` are as typed, ``last_price`` is in rupees and at most seconds old, or None.
    """
    sharing = [portion for portion in portions if portion.quantity]
    found = [
        _far("Limit", terms.price, terms, last_price),
        _far("Trigger", terms.trigger, terms, last_price),
        _unchecked_stop(terms, last_price),
        _worth(terms, last_price, sharing),
        _above_freeze(terms, sharing, freeze),
    ]
    return tuple(sentence for sentence in found if sentence)


def _far(what: str, price: Decimal | None, terms: OrderTerms, last: Decimal | None) -> str:
    if price is None or last is None or last <= 0:
        return ""
    percent = (price - last) / last * 100
    bound = FAR_PERCENT_OPTION if terms.instrument.kind.is_option else FAR_PERCENT
    if abs(percent) < bound:
        return ""
    where = "above" if percent > 0 else "below"
    return (
        f"{what} {grouped(price)} is {grouped(_tenths(abs(percent)))} % {where} the last price "
        f"{grouped(last)}."
    )


def _unchecked_stop(terms: OrderTerms, last: Decimal | None) -> str:
    if terms.trigger is None or last is not None:
        return ""
    return (
        f"No price from the last seconds is known for {terms.instrument.symbol}: whether trigger "
        f"{grouped(terms.trigger)} stands on the right side of it was not checked."
    )


def _worth(terms: OrderTerms, last: Decimal | None, sharing: list[Portion]) -> str:
    price = terms.price or terms.trigger or last
    if price is None:
        return ""
    whole = terms.product in (Product.DELIVERY, Product.BNPL) or terms.instrument.kind.is_option
    most = 1 if whole and terms.side is Side.BUY else LEVERAGE  # paid whole, or a margin of it
    large = [
        (value, portion)
        for portion in sharing
        if portion.free_margin is not None
        and (value := order_value(price, portion.quantity)) > portion.free_margin * most
    ]
    if not large:
        return ""
    value, worst = max(large, key=lambda one: one[0] - (one[1].free_margin or 0))
    margin = worst.free_margin or Paise(0)
    times = f", {grouped(_tenths(Decimal(value) / margin))} times as much" if margin > 0 else ""
    others = f" So in {len(large)} accounts." if len(large) > 1 else ""
    return (
        f"The order of {worst.name} is worth {in_rupees(rupees(value))}, its free margin is "
        f"{in_rupees(rupees(margin))}{times}.{others}"
    )


def _above_freeze(terms: OrderTerms, sharing: list[Portion], table: FreezeTable) -> str:
    freeze = table.of(terms.instrument)
    large = [portion for portion in sharing if freeze is not None and portion.quantity > freeze]
    if freeze is None or not large:
        return ""
    worst = max(large, key=lambda portion: portion.quantity)
    others = f" So in {len(large)} accounts." if len(large) > 1 else ""
    parts = slices(worst.quantity, terms.instrument.lot_size, freeze)
    how = parts.reason if isinstance(parts, Sized) else f"it leaves in {len(parts)} orders."
    return (
        f"{grouped(worst.quantity)} units for {worst.name} are above the freeze quantity of "
        f"{grouped(freeze)} for {terms.instrument.underlying} {table.as_of}: {how}{others}"
    )


def _tenths(number: Decimal) -> Decimal:
    return number.quantize(Decimal("0.1"))
