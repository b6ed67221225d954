"""A ticket as typed, and what is wrong with it, field by field."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from copytrade_gui.domain.capabilities import Capabilities
from copytrade_gui.domain.instrument import Exchange, Instrument
from copytrade_gui.domain.money import on_tick, tick_above, tick_below
from copytrade_gui.domain.number import Bounds, NotANumber, Number, grouped, read_number
from copytrade_gui.domain.order import (
    MAX_QUANTITY,
    PER_ORDER,
    FanOut,
    OrderTerms,
    OrderType,
    Product,
    Side,
    Validity,
)
from copytrade_gui.domain.recipients import EVERYBODY, Recipients


@dataclass(frozen=True, slots=True)
class Draft:
    """The ticket's fields as strings and choices. ``quantity`` counts lots if ``in_lots``.

    ``stop`` may be empty; it is only sized by (``OrderTerms``). ``recipients`` are those
    followers whom it is for.
    """

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
    stop: str = ""
    recipients: Recipients = EVERYBODY


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One sentence about one field, with the remedy. ``suggestion`` is a value that would pass."""

    field: str
    sentence: str
    suggestion: str = ""


MAX_PRICE = 10_000_000
"""Rupees a unit; no price at an Indian exchange comes near it."""
LOTS = Bounds(MAX_QUANTITY, PER_ORDER, unit="lots", example="1", whole=True)
UNITS = Bounds(MAX_QUANTITY, PER_ORDER, unit="units", example="1", whole=True)
_ANYTHING = Capabilities()
PRICE = Bounds(MAX_PRICE, "more than any price here", unit="rupees", example="101.05", rupees=True)


def read_quantity(text: str, *, in_lots: bool) -> Number | NotANumber:
    """Read a quantity as typed: lots or units, whole and above 0."""
    return read_number(text, LOTS if in_lots else UNITS, "Quantity")


def read_price(text: str, label: str = "Price") -> Number | NotANumber:
    """Read rupees a unit as typed, above 0; whether it is on tick is another question."""
    return read_number(text, PRICE, label)


def read_draft(
    draft: Draft,
    today: date,
    last_price: Decimal | None = None,
    takes: Capabilities = _ANYTHING,
) -> OrderTerms | tuple[FieldProblem, ...]:
    """Turn a ticket into terms, or say all that is wrong with it.

    ``today`` is the IST date, ``last_price`` what the instrument traded at within the last
    seconds; without it nobody can say whether a stop stands on the right side. ``takes`` is
    what the broker does.
    """
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
    quantity = _quantity(draft, instrument, takes.most_units, problems)
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
    if trigger is not None and last_price is not None:
        _stop_side(draft.side, trigger, last_price, problems)
    stop = None
    if draft.stop.strip():
        stop = _price("stop", "Stop", draft.stop, instrument.tick, problems)
        if stop is not None:
            _loss_side(draft.side, stop, price or trigger or last_price, problems)
    problems += not_taken(
        takes, instrument.key.exchange, draft.order_type, draft.product, draft.validity
    )
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
        stop=stop,
    )


def not_taken(
    takes: Capabilities,
    exchange: Exchange,
    order_type: OrderType,
    product: Product,
    validity: Validity,
) -> Iterator[FieldProblem]:
    """What of an order the broker does not take, whoever asks for it."""
    if exchange not in takes.exchanges:
        yield FieldProblem(
            "instrument", f"The broker takes no orders for {exchange}. Pick another instrument."
        )
    if order_type not in takes.order_types:
        yield _choose("order_type", order_type, takes.order_types)
    if product not in takes.products:
        yield _choose("product", product, takes.products)
    elif product in (Product.DELIVERY, Product.BNPL) and exchange not in takes.delivery_on:
        houses = " and ".join(one.house for one in Exchange if one in takes.delivery_on)
        yield FieldProblem(
            "product",
            f"{product} is for {houses} shares. Choose NORMAL or INTRADAY.",
            Product.NORMAL,
        )
    if validity not in takes.validities:
        yield _choose("validity", validity, takes.validities)
    elif validity is Validity.IOC and exchange in takes.no_ioc_on:
        yield FieldProblem(
            "validity",
            f"{exchange.house} takes no IOC orders from a program. Choose DAY.",
            Validity.DAY,
        )


def _choose(field: str, asked: StrEnum, taken: Collection[StrEnum]) -> FieldProblem:
    names = sorted(taken)
    return FieldProblem(
        field, f"The broker takes no {asked} orders. Choose {' or '.join(names)}.", names[0]
    )


def _quantity(draft: Draft, instrument: Instrument, most: int, problems: list[FieldProblem]) -> int:
    typed = read_quantity(draft.quantity, in_lots=draft.in_lots)
    if isinstance(typed, NotANumber):
        problems.append(FieldProblem("quantity", typed.sentence, typed.suggestion))
        return 0
    lot = instrument.lot_size
    units = int(typed.value) * lot if draft.in_lots else int(typed.value)
    if units % lot:
        below = units - units % lot
        problems.append(
            FieldProblem(
                "quantity",
                f"Quantity {units} is not a multiple of the lot of {lot}. Use {below or lot}?",
                str(below or lot),
            )
        )
    elif units > most:
        problems.append(
            FieldProblem(
                "quantity",
                f"Quantity {grouped(units)} is above {grouped(most)}, {PER_ORDER}. Write less.",
            )
        )
    return units


def _price(
    field: str, label: str, text: str, tick: Decimal, problems: list[FieldProblem]
) -> Decimal | None:
    typed = read_price(text, label)
    if isinstance(typed, NotANumber):
        problems.append(FieldProblem(field, typed.sentence, typed.suggestion))
        return None
    value = typed.value
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


def _stop_side(
    side: Side, trigger: Decimal, last_price: Decimal, problems: list[FieldProblem]
) -> None:
    # A stop on the other side is no stop: it triggers with the next trade.
    if side is Side.BUY and trigger <= last_price:
        wrong, remedy = "above", "Raise it, or use LIMIT"
    elif side is Side.SELL and trigger >= last_price:
        wrong, remedy = "below", "Lower it, or use LIMIT"
    else:
        return
    verb = "buys" if side is Side.BUY else "sells"
    problems.append(
        FieldProblem(
            "trigger",
            f"A stop that {verb} must have its trigger {wrong} the last price {last_price}; "
            f"{trigger} would trigger at once. {remedy}.",
        )
    )


def _loss_side(
    side: Side, stop: Decimal, price: Decimal | None, problems: list[FieldProblem]
) -> None:
    """A stop that is sized by stands where the position loses."""
    if price is None or (stop < price if side is Side.BUY else stop > price):
        return
    bought = side is Side.BUY
    where, remedy = ("below", "Lower it") if bought else ("above", "Raise it")
    problems.append(
        FieldProblem(
            "stop",
            f"The stop of a position that is {'bought' if bought else 'sold'} stands {where} its "
            f"price {price}; {stop} does not. {remedy}, or leave it empty.",
        )
    )


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
