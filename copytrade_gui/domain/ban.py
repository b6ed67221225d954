"""The exchanges' ban list: stocks in whose futures and options only positions may be reduced.

A stock is in it for a day after its open positions reached 95 % of the market-wide limit
(docs/safety.md 10.14). The broker tells it to nobody, so it is dated data that a person keeps up:
``ban.toml``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from copytrade_gui.domain.instrument import Exchange, Instrument

BAN = "ban"
_SEGMENTS = frozenset({Exchange.NSEFO, Exchange.BSEFO})
_INDICES = frozenset(
    {"NIFTY", "BANKNIFTY", "FINNIFTY", "MIDCPNIFTY", "NIFTYNXT50", "SENSEX", "BANKEX", "SENSEX50"}
)
"""Underlyings that are no stocks: no index is ever in a ban."""


@dataclass(frozen=True, slots=True)
class BanList:
    """Underlyings in a ban by segment, in capitals; ``checked`` is the day the list is of (IST)."""

    symbols: Mapping[Exchange, frozenset[str]] = field(default_factory=dict)
    checked: date | None = None

    def why_only_exits(self, instrument: Instrument, day: date) -> str:
        """One sentence if the list of this day has the instrument's underlying; else empty."""
        if self.checked != day or not self.symbols:
            return ""
        exchange, underlying = instrument.key.exchange, instrument.underlying.upper()
        if underlying not in self.symbols.get(exchange, ()):
            return ""
        return (
            f"{underlying} is in the ban list of {day:%d %b %Y}, so only what reduces a position "
            f"leaves in its futures and options. Wait until it is off the list."
        )

    def why_unknown(self, instrument: Instrument, day: date) -> str:
        """One sentence if nobody knows of this day whether the underlying is in it; else empty."""
        if self.checked == day or instrument.key.exchange not in _SEGMENTS:
            return ""
        underlying = instrument.underlying.upper()
        if underlying in _INDICES:
            return ""
        of = "" if self.checked is None else f", and the newest is of {self.checked:%d %b %Y}"
        return (
            f"No ban list of today is known{of}: whether {underlying} may be opened was not "
            f"checked. Look at the exchange's list, and write it into ban.toml in the data folder."
        )

    def outdated(self, day: date) -> str:
        """One sentence if it was kept up once and is not of ``day``; else empty."""
        if self.checked is None or self.checked == day:
            return ""
        return (
            f"The ban list is of {self.checked:%d %b %Y}, and the exchanges publish one for each "
            "day. Write today's into ban.toml in the data folder; it is read again within a minute."
        )


NO_BANS = BanList()
