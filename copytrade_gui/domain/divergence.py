"""What somebody else did to an order of ours at the broker (docs/safety.md 9.31)."""

from __future__ import annotations

from msgspec import Struct


class Change(Struct, frozen=True, gc=False):
    """One field of an order: as we sent it, and as the broker's book shows it now."""

    field: str
    sent: str
    now: str

    @property
    def in_words(self) -> str:
        """``quantity 10 → 20``."""
        return f"{self.field} {self.sent} → {self.now}"


class Divergence(Struct, frozen=True, gc=False):
    """The mark DIVERGED: the broker's order is no longer what we sent, and not by our doing.

    A mark, no state: the order is tracked to its end, and the program no longer changes it. Of a
    master's own its copies are changed with it.
    ``quantity`` units is what the order is for now. ``changes`` is empty when it was only
    cancelled, or changed back to what was sent. ``seen_ns`` is our wall time; ``updated_ns`` is
    the broker's stamp of the row (whole seconds), 0 where it gave none. Both are UTC ns.
    """

    quantity: int
    changes: tuple[Change, ...]
    cancelled: bool
    seen_ns: int
    updated_ns: int

    @property
    def changes_in_words(self) -> str:
        """``price 101.05 → 99.50, quantity 10 → 20``; empty without any."""
        return ", ".join(change.in_words for change in self.changes)

    @property
    def in_words(self) -> str:
        """What was done to it, in one phrase."""
        if not self.changes:
            return "cancelled at the broker" if self.cancelled else "changed back to what was sent"
        words = self.changes_in_words
        return f"{words}, then cancelled at the broker" if self.cancelled else words
