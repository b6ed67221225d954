"""A change of a master's order, and what each live order of its plan becomes by it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from decimal import Decimal

from msgspec import Struct

from copytrade_gui.domain.changed_terms import leaves_as
from copytrade_gui.domain.order import OrderTerms, OrderType, State
from copytrade_gui.domain.reverse import moved
from copytrade_gui.engine.orders.order import Order

_TRIGGERED = frozenset({State.WORKING, State.PARTIAL, State.MODIFY_PENDING})
"""Of a stop at the broker: before, it is TRIGGER_PENDING."""


class Changed(Struct, frozen=True):
    """A change of a master's order: as it was at first, before this change, and after it.

    ``asked`` is what he asked for, ``after`` what copies are to be: no MARKET. ``paid`` is what he
    got for it so far, in rupees.
    """

    original: OrderTerms
    before: OrderTerms
    asked: OrderTerms
    after: OrderTerms
    paid: Decimal | None = None


def changed(
    orders: Iterable[Order],
    original: OrderTerms,
    before: OrderTerms,
    after: OrderTerms,
    follows_quantity: Callable[[Order], bool],
    inside: Callable[[Order, OrderTerms], OrderTerms] = lambda _, wanted: wanted,
    *,
    resized: Callable[[Order], int | None] = lambda _: None,
) -> list[tuple[Order, OrderTerms]]:
    """Live orders of a plan with what they shall be, when the master's order becomes ``after``.

    Prices are the master's; on the opposite side they are what ``moved`` makes of them. Where his
    quantity is another than ``before``, each becomes the part of what it was sent for that he has
    of his ``original`` one, in whole lots, if its follower's rule is a multiple of it: so what
    rounding takes does not add up over changes. Of an exit ``resized`` tells the units instead
    (``planning.resized``), 0 where it is to go, None where the rule tells. What its owner changed
    is left alone. ``inside`` bounds what a copy would become (``Exits.inside_guard``).
    """
    pairs = []
    for order in orders:
        if order.attempt is None or order.state.ended or order.diverged or order.cancel_requested:
            continue
        terms = order.terms
        quantity, lot = terms.quantity, terms.instrument.lot_size
        own = not order.is_copy
        if after.quantity != before.quantity:
            of_exit = None if own else resized(order)
            if of_exit is not None:
                quantity = of_exit
            elif own or follows_quantity(order):
                quantity = order.sized_terms.quantity * after.quantity // original.quantity
                quantity = max(quantity - quantity % lot, lot)
        if terms.side is original.side:
            wanted = replace(terms, quantity=quantity, price=after.price, trigger=after.trigger)
        else:  # its link copies the opposite side
            wanted = replace(moved(terms, before, after), quantity=quantity)
        wanted = inside(order, wanted)
        if wanted != terms:
            pairs.append((order, wanted))
    return pairs


def is_unlike(order: Order, change: Changed) -> bool:
    """True if a live copy is of another type than its master's order is now.

    With his price it would trade at another moment than he, a target for instance at once. A stop
    that was triggered is like the LIMIT order that his became.
    """
    if order.state.ended or order.diverged or order.cancel_requested:
        return False
    own, now = leaves_as(order.terms.order_type), leaves_as(change.after.order_type)
    if order.terms.side is not change.original.side:  # a stop for his limit, a limit for his stop
        return now is not leaves_as(change.before.order_type) or now is own is OrderType.SL
    return own is not now and not (own is OrderType.SL and order.state in _TRIGGERED)
