"""An exit never opens: what of an order reduces its account's position, and what a copy may be.

A master's order may do two things at once: its first units reduce what he has, the rest opens or
enlarges a position. The follower's share of the first part is bounded by what his copies hold; his
share of the second is what his sizing rule gives.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from copytrade_gui.domain.order import Product, Side
from copytrade_gui.domain.sizing import Sized

NO_COPY = "no_copy_to_exit"
CUT_TO_COPY = "cut_to_copy"
AWAITS_COPY = "awaits_copy"

_OUT_OF_HOLDINGS = frozenset({Product.DELIVERY, Product.BNPL})
"""Nothing is sold short for delivery, and what is held from earlier days is in no position book."""


def against(side: Side, net: int) -> int:
    """Units of a position (signed, bought less sold) that an order of this side would reduce."""
    return max(0, net if side is Side.SELL else -net)


class Exiting(Struct, frozen=True, gc=False):
    """Units of an order that reduce its account's position; the rest opens or enlarges one.

    ``least`` is what is known to, ``most`` what may until more was read of the account.
    """

    least: int
    most: int

    @property
    def known(self) -> bool:
        """True if no read can tell more."""
        return self.least == self.most


def reducing(
    side: Side, quantity: int, product: Product, nets: Iterable[int] | None, unread: int
) -> Exiting:
    """What of an order is an exit.

    ``nets`` is what the position may be, in signed units, None where it is not known; ``unread``
    are units of earlier orders of the other side that may have filled since.
    """
    if product in _OUT_OF_HOLDINGS:
        out = quantity if side is Side.SELL else 0
        return Exiting(out, out)
    if nets is None:
        return Exiting(0, quantity)
    reduced = [against(side, net) for net in nets]
    return Exiting(min(quantity, *reduced), min(quantity, max(reduced) + unread))


def within_copy(
    sized: Sized, *, quantity: int, exiting: Exiting, held: int, coming: int, lot_size: int
) -> Sized:
    """Bound a copy of an order of ``quantity`` units of which ``exiting`` reduce the master's.

    ``held`` are units that the follower's copies hold and no other order of his is about to reduce,
    ``coming`` units of copies that were sent and may have filled since. An order that counts on
    what is not known yet has to wait until it is.
    """
    if not sized.quantity or not exiting.most:
        return sized
    sure = _most(sized.quantity, quantity, exiting.most, held, lot_size)
    hoped = _most(sized.quantity, quantity, exiting.least, held + coming, lot_size)
    if sure == sized.quantity:
        return sized
    if hoped > sure:
        return Sized(
            hoped,
            AWAITS_COPY,
            "It may be an exit, and leaves as soon as reads of the books show what there is to "
            "reduce: the master's position, and the copy's.",
        )
    if not sure:
        return Sized(0, NO_COPY, _nothing_held(held))
    return Sized(
        sure,
        CUT_TO_COPY,
        f"The rule gives {sized.quantity}; an exit is at most what the copy holds, {held} now.",
    )


def _most(sized: int, quantity: int, exiting: int, held: int, lot_size: int) -> int:
    most = held + opening_share(sized, quantity, exiting, lot_size)
    return min(sized, most - most % lot_size)


def opening_share(sized: int, quantity: int, exiting: int, lot_size: int) -> int:
    """Units of a copy that may open a position: the master's share of it, in whole lots."""
    opening = sized * (quantity - exiting) // quantity
    return opening - opening % lot_size


def _nothing_held(held: int) -> str:
    if held:
        return f"The master's order is an exit, and the copy holds {held}, less than one lot."
    return (
        "The master's order is an exit, and no copied quantity is left to reduce here. If another "
        "exit of this account is open, cancel it first."
    )
