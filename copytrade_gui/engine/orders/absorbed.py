"""What one read of an account's books told us."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from copytrade_gui.ports import BrokerOrder, BrokerTrade, Read


@dataclass(slots=True)
class Absorbed:
    """What one read told us. ``complete`` is the only kind that may prove an absence."""

    complete: bool
    why_not: str = ""
    strangers: list[BrokerOrder] = field(default_factory=list)
    """Rows that belong to no order of ours."""
    rows: Sequence[BrokerOrder] = ()
    trades: Read[BrokerTrade] | None = None
    """Both books as they were read, for whoever compares them; nobody else keeps them."""
    whole: bool = False
    """The book was read whole: what it shows is there, whatever it may lack."""
    began_ns: int = 0
    """When the book was asked for, monotonic: it shows nothing of what came after that."""
