"""What of ours is open in an account: by our records, and by the broker's book."""

from __future__ import annotations

from dataclasses import dataclass

from copytrade_gui.domain.ids import AccountId


@dataclass(frozen=True, slots=True)
class OpenOrders:
    """One account's orders that have not ended, counted.

    ``ours`` by our records: working at the broker, or in doubt. ``at_broker`` in its order book as
    it was last read whole: linked to an order of ours, or with a tag of this program; None if it
    was not read since the start. ``proven_none``: a complete read, begun after the last cancel was
    answered, shows none, and our records know none. ``problem`` says in one sentence why nothing
    can be proven at present; empty if nothing is in the way.
    """

    account_id: AccountId
    ours: int
    at_broker: int | None
    proven_none: bool
    problem: str = ""
