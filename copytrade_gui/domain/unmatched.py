"""Copies that filled although their master's order came to nothing: positions nobody decided on."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec import Struct

from copytrade_gui.domain.ids import AccountId, PlanId
from copytrade_gui.domain.number import grouped
from copytrade_gui.domain.order import State
from copytrade_gui.domain.records import OrderView
from copytrade_gui.domain.seen import SeenOrder

UNMATCHED = "master_failed_copies_filled"
"""Code of the alarm."""
NO_ORDER = frozenset(
    {
        State.REFUSED,
        State.NOT_SENT,
        State.NOT_PLACED,
        State.REJECTED,
        State.CANCELLED,
        State.EXPIRED,
        State.BLOCKED,
        State.SKIPPED,
        State.STALE,
    }
)
"""States in which a master's order that filled nothing never will, unless it is found late."""
_NAMED = 8


class Unmatched(Struct, frozen=True):
    """A master's order that ended without a fill, and its copies that have filled.

    ``what`` it was, how it ``ended`` and ``why`` are words; ``why`` is empty if nobody said.
    """

    plan_id: PlanId
    master_id: AccountId
    what: str
    ended: str
    why: str
    copies: tuple[OrderView, ...]

    @property
    def units(self) -> int:
        """What the copies filled, together."""
        return sum(copy.filled_quantity for copy in self.copies)

    def copies_in_words(self, name: Callable[[AccountId], str]) -> str:
        """``Asha 25,000, Ravi 25,000``: the largest first, and how many more there are."""
        largest = sorted(self.copies, key=lambda copy: -copy.filled_quantity)
        words = ", ".join(
            f"{name(copy.account_id)} {grouped(copy.filled_quantity)}" for copy in largest[:_NAMED]
        )
        more = len(largest) - _NAMED
        return f"{words} and {more} more" if more > 0 else words

    def in_words(self, name: Callable[[AccountId], str]) -> str:
        """What happened, to whom, with quantities, and what to do."""
        why = f" ({self.why})" if self.why else ""
        count = len(self.copies)
        return (
            f"MASTER {self.ended}, FOLLOWERS FILLED: {self.what} of {name(self.master_id)} "
            f"came to nothing{why}, but {count} {'follower' if count == 1 else 'followers'} filled "
            f"{grouped(self.units)}: {self.copies_in_words(name)}. Nothing is traded back by "
            "itself: look at the exit that is proposed, or take the position for the master too."
        )


_ENDED = {
    State.REFUSED: "REFUSED",
    State.REJECTED: "REJECTED",
    State.CANCELLED: "CANCELLED",
    State.EXPIRED: "EXPIRED",
    State.NOT_SENT: "NOT SENT",
    State.NOT_PLACED: "NOT PLACED",
    State.BLOCKED: "NOT SENT",
    State.SKIPPED: "NOT SENT",
    State.STALE: "NOT SENT",
}


def unmatched(orders: Iterable[OrderView]) -> Unmatched | None:
    """What of one plan's orders is unmatched; None while the master may fill or nobody did."""
    master: OrderView | None = None
    copies: list[OrderView] = []
    for order in orders:
        if not order.is_copy:
            if order.state not in NO_ORDER or order.filled_quantity:
                return None
            master = order
        elif order.filled_quantity:
            copies.append(order)
    if master is None or not copies:
        return None
    terms = master.terms
    return Unmatched(
        master.plan_id,
        master.account_id,
        f"{terms.side} {grouped(terms.quantity)} {terms.instrument.symbol}",
        _ENDED[master.state],
        master.reason.strip().rstrip("."),
        tuple(copies),
    )


def unmatched_seen(seen: SeenOrder, orders: Iterable[OrderView]) -> Unmatched | None:
    """The same of an order that the master placed elsewhere, and the orders of its plan."""
    if not seen.gone or seen.filled_quantity or seen.plan_id is None:
        return None
    copies = tuple(one for one in orders if one.is_copy and one.filled_quantity)
    if not copies:
        return None
    ended = seen.status.replace("_", " ").upper()
    what = f"{seen.side} {grouped(seen.quantity)} {seen.symbol}"
    return Unmatched(seen.plan_id, seen.account_id, what, ended, "", copies)
