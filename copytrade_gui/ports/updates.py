"""What a broker tells by itself of one account's orders, and whether it can be relied upon now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from copytrade_gui.domain.account import FeedState
from copytrade_gui.domain.ids import BrokerOrderId
from copytrade_gui.domain.instrument import Circuit, InstrumentKey, PriceRange, Quote
from copytrade_gui.domain.market_status import MarketStatus
from copytrade_gui.ports.books import BrokerOrder, BrokerTrade


class UpdateListener(Protocol):
    """Hears one account's updates, on the loop that the session was made on.

    An update was true when it was written. It may come late, twice, or behind a newer one; that
    none comes proves nothing, and what was told while the feed did not stand is lost.
    """

    def key_of(self, order: BrokerOrderId, tag: str) -> InstrumentKey | None:
        """The instrument of an order of ours, for a broker whose updates do not name it whole."""

    def orders(self, rows: Sequence[BrokerOrder]) -> None:
        """Orders as they stood."""

    def trades(self, rows: Sequence[BrokerTrade]) -> None:
        """Fills."""

    def quote(self, quote: Quote) -> None:
        """A price of an instrument that is watched."""

    def price_range(self, found: PriceRange) -> None:
        """The prices that the exchange takes of an instrument that is watched."""

    def circuit(self, found: Circuit) -> None:
        """An edge of the price band of the day, of any instrument of a segment that is watched."""

    def market(self, status: MarketStatus) -> None:
        """What the market of a segment that is watched does, once each time it changes."""

    def unclear(self) -> None:
        """Something was told that cannot be understood: the books will say what."""

    def feed(self, state: FeedState, words: str) -> None:
        """The feed stands differently now; ``words`` say why, and what a person should do.

        Each ``LIVE`` begins anew: what happened before it may have been missed.
        """
