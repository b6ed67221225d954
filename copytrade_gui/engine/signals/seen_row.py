"""What a row of the broker's book says of an order that was placed elsewhere."""

from __future__ import annotations

from copytrade_gui.domain.instrument import Instrument
from copytrade_gui.domain.order import OrderTerms
from copytrade_gui.ports import BrokerOrder

_REGULAR = frozenset({"", "REGULAR"})


def terms_key(row: BrokerOrder) -> tuple[object, ...]:
    """What of a row is a change of the order, and not of its state."""
    return row.quantity, row.price, row.trigger, row.order_type, row.validity


def kind_problem(row: BrokerOrder) -> str:
    """Why an order of this kind is never copied; empty if it may be."""
    if row.complexity not in _REGULAR:
        return f"{row.complexity} orders are not copied."
    if row.product is None or row.order_type is None or row.validity is None:
        return "Its product, type or validity is a word that this program does not know."
    return ""


def terms_of(row: BrokerOrder, instrument: Instrument | None) -> OrderTerms | None:
    """The terms of an order that was placed elsewhere; None if one of its words is unknown."""
    if instrument is None or row.product is None:
        return None
    kind, validity = row.order_type, row.validity
    if kind is None or validity is None:
        return None
    return OrderTerms(
        instrument=instrument,
        side=row.side,
        quantity=row.quantity,
        product=row.product,
        order_type=kind,
        validity=validity,
        price=row.price if kind.has_price and row.price > 0 else None,
        trigger=row.trigger if kind.has_trigger and row.trigger > 0 else None,
    )
