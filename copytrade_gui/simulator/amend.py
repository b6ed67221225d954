"""The terms of an order after a modify request: what is named changes, the rest stays."""

import msgspec

from copytrade_gui.simulator import rupees
from copytrade_gui.simulator.orders import Order, Terms
from copytrade_gui.simulator.terms import (
    Leg,
    RefusedError,
    set_disclosed,
    set_prices,
    set_protection,
    whole_quantity,
)


def new_terms(order: Order, leg: Leg, *, remaining: bool) -> Terms:
    """The order's terms with the request's changes; the order itself is left alone.

    Args:
        order: as it stands now.
        leg: the request; what it does not name is None.
        remaining: read a quantity as what shall still be filled instead of the new total.

    Raises:
        RefusedError: with the code of the first rule that a change breaks.
    """
    child = (leg.quantity, leg.order_type, leg.validity, leg.disclosed_quantity)
    if order.parent != "NA" and any(value is not None for value in child):
        raise RefusedError("EC702")
    terms = msgspec.structs.replace(order.terms)
    if leg.quantity is not None:
        _set_quantity(terms, order, leg, remaining=remaining)
    if leg.order_type is not None:
        _set_kind(terms, leg)
    if leg.validity is not None:
        _set_validity(terms, leg)
    _set_prices(terms, order.terms, leg)
    if leg.disclosed_quantity is not None:
        terms.disclosed = 0
        set_disclosed(terms, leg.disclosed_quantity)
    if leg.market_protection_percent is not None:
        set_protection(terms, leg.market_protection_percent)
    return terms


def _set_quantity(terms: Terms, order: Order, leg: Leg, *, remaining: bool) -> None:
    quantity = whole_quantity(leg.quantity)
    if quantity % terms.instrument.quantity_step:
        raise RefusedError("EC990")
    if remaining:
        quantity += order.filled
    if quantity < order.filled:
        raise RefusedError("EC992")
    terms.quantity = quantity


def _set_kind(terms: Terms, leg: Leg) -> None:
    if leg.order_type not in {"LIMIT", "MARKET", "SL", "SLM"}:
        raise RefusedError("EC930")
    if leg.order_type == "SL" != terms.kind and terms.instrument.exchange.startswith("BSE"):
        raise RefusedError("EC701")
    terms.kind = str(leg.order_type)


def _set_validity(terms: Terms, leg: Leg) -> None:
    if leg.validity not in {"DAY", "IOC"}:
        raise RefusedError("EC932")
    if leg.validity == "IOC" and terms.complexity == "AMO":
        raise RefusedError("EC996")
    terms.validity = str(leg.validity)


def _set_prices(terms: Terms, old: Terms, leg: Leg) -> None:
    """Prices not named stay; those the new type has no use for go."""
    if leg.price is None and terms.kind in {"LIMIT", "SL"} and old.price:
        leg.price = rupees.text(old.price)
    if leg.sl_trigger_price is None and terms.kind in {"SL", "SLM"} and old.trigger:
        leg.sl_trigger_price = rupees.text(old.trigger)
    terms.price = terms.trigger = terms.bound = 0
    set_prices(terms, leg)
