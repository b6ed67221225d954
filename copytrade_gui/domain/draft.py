"""A ticket as typed, and what is wrong with it, field by field."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from copytrade_gui.domain.instrument import NO_IOC, NO_IOC_WORDS, Exchange, Instrument
from copytrade_gui.domain.money import on_tick, parse_decimal, tick_above, tick_below
from copytrade_gui.domain.order import FanOut, OrderTerms, OrderType, Product, Side, Validity


@dataclass(frozen=True, slots=True)
class Draft:
    """The ticket's fields as strings and choices. ``quantity`` counts lots if ``in_lots``."""

    instrument: Instrument | None
    side: Side
    quantity: str
    in_lots: bool
    product: Product
    order_type: OrderType
    validity: Validity
    price: str
    trigger: str
    fan_out: FanOut


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One sentence about one field, with the remedy. ``suggestion`` is a value that would pass."""

    field: str
    sentence: str
    suggestion: str = ""


MAX_QUANTITY = 50_000_000
"""The broker's own bound on one order (EC948)."""

_DELIVERY_EXCHANGES = frozenset({Exchange.NSEEQ, Exchange.BSEEQ})


def read_draft(draft: Draft, today: date) -> OrderTerms | tuple[FieldProblem, ...]:
    """Turn a ticket into terms, or say all that is wrong with it. ``today`` is the IST date."""
    instrument = draft.instrument
    if instrument is None:
        return (FieldProblem("instrument", "Instrument is empty. Search and pick one."),)
    problems: list[FieldProblem] = []
    if not instrument.tradable:
        problems.append(
            FieldProblem(
                "instrument", f"{instrument.symbol} is an index. Pick its future or option."
            )
        )
    if instrument.expired(today):
        problems.append(
            FieldProblem(
                "instrument",
                f"{instrument.symbol} expired on {instrument.expiry}. Pick a later expiry.",
            )
        )
    quantity = _quantity(draft, instrument, problems)
    price = (
        _price("price", "Price", draft.price, instrument.tick, problems)
        if draft.order_type.has_price
        else None
    )
    trigger = (
        _price("trigger", "Trigger", draft.trigger, instrument.tick, problems)
        if draft.order_type.has_trigger
        else None
    )
    if draft.order_type is OrderType.SL and price is not None and trigger is not None:
        _trigger_side(draft.side, price, trigger, problems)
    if (
        draft.product in (Product.DELIVERY, Product.BNPL)
        and instrument.key.exchange not in _DELIVERY_EXCHANGES
    ):
        problems.append(
            FieldProblem(
                "product",
                f"{draft.product} is for NSE and BSE shares. Choose NORMAL or INTRADAY.",
                Product.NORMAL,
            )
        )
    if draft.validity is Validity.IOC and instrument.key.exchange in NO_IOC:
        problems.append(FieldProblem("validity", NO_IOC_WORDS, Validity.DAY))
    if problems:
        return tuple(problems)
    return OrderTerms(
        instrument=instrument,
        side=draft.side,
        quantity=quantity,
        product=draft.product,
        order_type=draft.order_type,
        validity=draft.validity,
        price=price,
        trigger=trigger,
    )


def _quantity(draft: Draft, instrument: Instrument, problems: list[FieldProblem]) -> int:
    typed = parse_decimal(draft.quantity)
    unit = "lots" if draft.in_lots else "units"
    if typed is None or typed != typed.to_integral_value():
        problems.append(
            FieldProblem(
                "quantity", f"Quantity {draft.quantity!r} is not a whole number of {unit}."
            )
        )
        return 0
    if typed <= 0:
        problems.append(FieldProblem("quantity", "Quantity must be above 0. Type at least 1.", "1"))
        return 0
    lot = instrument.lot_size
    units = int(typed) * lot if draft.in_lots else int(typed)
    if units % lot:
        below = units - units % lot
        problems.append(
            FieldProblem(
                "quantity",
                f"Quantity {units} is not a multiple of the lot of {lot}. Use {below or lot}?",
                str(below or lot),
            )
        )
    elif units > MAX_QUANTITY:
        problems.append(
            FieldProblem("quantity", f"Quantity {units} is above the broker's {MAX_QUANTITY}.")
        )
    return units


def _price(
    field: str, label: str, text: str, tick: Decimal, problems: list[FieldProblem]
) -> Decimal | None:
    value = parse_decimal(text)
    if value is None or value <= 0:
        shown = repr(text) if text.strip() else "is empty and"
        problems.append(
            FieldProblem(field, f"{label} {shown} must be an amount in rupees above 0.")
        )
        return None
    if not on_tick(value, tick):
        below, above = tick_below(value, tick), tick_above(value, tick)
        near = below if below > 0 and value - below <= above - value else above
        problems.append(
            FieldProblem(
                field, f"{label} {value} is not a multiple of {tick}. Use {near}?", f"{near:f}"
            )
        )
        return None
    return value


def _trigger_side(
    side: Side, price: Decimal, trigger: Decimal, problems: list[FieldProblem]
) -> None:
    # EC973 / EC974: strict comparison; equality is unspecified by the broker, so we refuse it too.
    if side is Side.BUY and trigger >= price:
        problems.append(
            FieldProblem(
                "trigger", f"For a buy, trigger {trigger} must be below price {price}. Lower it."
            )
        )
    if side is Side.SELL and trigger <= price:
        problems.append(
            FieldProblem(
                "trigger", f"For a sell, trigger {trigger} must be above price {price}. Raise it."
            )
        )
