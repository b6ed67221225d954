"""What each live order of a plan becomes when the master's order is changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from copytrade_gui.domain.account import Role
from copytrade_gui.domain.order import OrderTerms
from copytrade_gui.domain.reverse import moved
from copytrade_gui.engine.orders.order import Order


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
        own = order.intent.role is Role.MASTER
        if after.quantity != before.quantity:
            of_exit = None if own else resized(order)
            if of_exit is not None:
                quantity = of_exit
            elif own or follows_quantity(order):
                quantity = order.sent_terms.quantity * after.quantity // original.quantity
                quantity = max(quantity - quantity % lot, lot)
        if terms.side is original.side:
            wanted = replace(terms, quantity=quantity, price=after.price, trigger=after.trigger)
        else:  # its link copies the opposite side
            wanted = replace(moved(terms, before, after), quantity=quantity)
        wanted = inside(order, wanted)
        if wanted != terms:
            pairs.append((order, wanted))
    return pairs
