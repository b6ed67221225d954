"""Units that are left for one more order: of a share, of a position, of what copies hold."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from msgspec import Struct

from copytrade_gui.domain.exits import against
from copytrade_gui.domain.order import OrderTerms
from copytrade_gui.engine.orders.order import Order


class Ruling(Struct, frozen=True):
    """What of an order may leave: units, 0 for nothing; by the codes ``awaits_copy`` and
    ``awaits_price`` not yet.

    ``limit`` is its limit in rupees, where that is decided only now, or the price it waits for.
    """

    units: int
    code: str
    reason: str
    limit: Decimal | None = None


def left_for(order: Order, share: Sequence[Order], units: int) -> int:
    """What of the units of a share is left for one of its slices: the first come first."""
    number = order.intent.slice_number
    for one in share:
        if one.attempt is not None and one is not order:
            units -= one.sent_terms.quantity
        elif one.intent.slice_number < number:
            units -= one.intent.terms.quantity
    return max(0, min(units, order.intent.terms.quantity))


def own_part(terms: OrderTerms, net: int, copied: int) -> int:
    """Units that a master's order may reduce, of a position of which he has ``copied`` as copies.

    What he gives up is a part of what he holds besides: that is what his followers copied. But what
    reduces his account is an exit for them as well.
    """
    reduced = min(terms.quantity, against(terms.side, net))
    return max(reduced, against(terms.side, net - copied)) if reduced else 0
