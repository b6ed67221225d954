"""What somebody changed of an order at the broker, apart from what the broker made of it itself."""

from __future__ import annotations

from decimal import Decimal
from typing import Protocol

from copytrade_gui.domain.number import grouped
from copytrade_gui.domain.order import OrderType

QUANTITY = "quantity"
TYPE = "type"
_MADE_OF = {
    OrderType.MARKET: {OrderType.LIMIT},
    OrderType.SLM: {OrderType.SL, OrderType.LIMIT},
    OrderType.SL: {OrderType.LIMIT},
}


_LEAVES_AS = {OrderType.MARKET: OrderType.LIMIT, OrderType.SLM: OrderType.SL}


class Shown(Protocol):
    """An order's terms as a book shows them; rupees, None or 0 where there is none."""

    @property
    def order_type(self) -> OrderType | None:
        """None: a word that we do not know."""

    @property
    def quantity(self) -> int:
        """Units."""

    @property
    def price(self) -> Decimal | None:
        """The limit."""

    @property
    def trigger(self) -> Decimal | None:
        """Of a stop."""


def leaves_as(kind: OrderType) -> OrderType:
    """What it is with its protection: LIMIT or SL."""
    return _LEAVES_AS.get(kind, kind)


def by_the_broker(before: Shown, now: Shown, paid: Decimal | None) -> bool:
    """True if its type is another one because the broker made that of it.

    With protection MARKET is a LIMIT and SLM an SL order, and a stop whose trigger was reached is a
    LIMIT order at its limit; some books show the average, ``paid``, in its place. Nothing else
    becomes of an order by itself: a target that is a stop now was changed by somebody.
    """
    if before.order_type is None or now.order_type not in _MADE_OF.get(before.order_type, ()):
        return False
    return before.order_type is not OrderType.SL or (now.price or 0) in (0, before.price, paid)


def change_in_words(before: Shown, now: Shown, paid: Decimal | None) -> str:
    """``price 1,300 to 1,350, quantity 10 to 20``; empty if nobody changed its terms."""
    figures = [("trigger", before.trigger, now.trigger), (QUANTITY, before.quantity, now.quantity)]
    made = by_the_broker(before, now, paid)
    if not made:
        figures.insert(0, ("price", before.price, now.price))
    found = [
        f"{name} {grouped(was)} to {grouped(is_)}" if was else f"{name} {grouped(is_)}"
        for name, was, is_ in figures
        if is_ and is_ != was
    ]
    if not made and now.order_type not in (None, before.order_type):
        found.insert(0, f"{TYPE} {before.order_type} to {now.order_type}")
    return ", ".join(found)
