"""What of ours is open in an account: by our records, and by the broker's book."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from copytrade_gui.domain.ids import AccountId


@dataclass(frozen=True, slots=True)
class OpenOrders:
    """One account's orders that have not ended, counted.

    ``ours`` by our records: working at the broker, or in doubt. ``at_broker`` in its order book as
    it was last read whole: linked to an order of ours, or with a tag of this program; None if it
    was not read since the start. ``others`` in that book, which the account's owner placed himself.
    ``proven_none``: a complete read, begun after the last cancel was answered, shows none, and our
    records know none; while a KILL takes the owner's too, none of those either. ``problem`` says in
    one sentence why nothing can be proven at present; empty if nothing is in the way.
    """

    account_id: AccountId
    ours: int
    at_broker: int | None
    proven_none: bool
    problem: str = ""
    others: int = 0


@dataclass(frozen=True, slots=True)
class OpenCopies:
    """How many copies of some links are open at the broker, or may be.

    ``exits`` only reduce what copies hold; ``entries`` do not.
    """

    entries: int = 0
    exits: int = 0


class Goes(StrEnum):
    """Which open copies are cancelled as their link is paused or frozen."""

    NOTHING = "nothing"
    """All stay at the broker as they are: the master's cancel reaches them, no change of his."""
    ENTRIES = "entries"
    """What opens goes; exits stay, so that a position keeps the order that leaves it."""
    EVERYTHING = "everything"
