"""What an exchange says of its own market, as the broker's feed passes it on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from copytrade_gui.domain.calendar import ist
from copytrade_gui.domain.instrument import Exchange


class MarketPhase(StrEnum):
    """What the market of a segment does; its value is the word that a trader reads."""

    PRE_OPEN = "in its pre-open"
    PRE_OPEN_OVER = "between pre-open and opening"
    OPEN = "open"
    CALL_AUCTION = "in a call auction"
    CALL_AUCTION_OVER = "done with its call auction"
    AUCTION = "in an auction"
    AUCTION_OVER = "done with its auction"
    CLOSED = "closed"
    CLOSING = "in its closing session"
    CLOSING_OVER = "done with its closing session"
    HALTED = "halted"


@dataclass(frozen=True, slots=True)
class MarketStatus:
    """What an exchange said of its market; ``at_ns`` is our wall clock at receipt, UTC."""

    exchange: Exchange
    phase: MarketPhase
    at_ns: int

    @property
    def said(self) -> str:
        """When it said what, in one clause."""
        return f"{self.exchange} said at {ist(self.at_ns):%H:%M:%S} that its market is {self.phase}"
