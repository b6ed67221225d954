"""What a person decides about an order of which the books prove nothing (docs/safety.md 6)."""

from __future__ import annotations

from copytrade_gui.domain.events import ReviewItem
from copytrade_gui.domain.ids import BrokerOrderId, IntentId
from copytrade_gui.engine.books.resolver import Resolver
from copytrade_gui.engine.orders.book import Book


class Decisions:
    """The orders in REVIEW and the verdicts on them; whoever calls has recorded the command."""

    def __init__(self, book: Book, resolver: Resolver) -> None:
        self._book = book
        self._resolver = resolver

    @property
    def awaited(self) -> tuple[ReviewItem, ...]:
        """Orders waiting for a person's decision."""
        return self._resolver.reviews

    def why_not_found(self, intent: IntentId, broker_order: BrokerOrderId) -> str:
        """One sentence why this row cannot be said to be our order; empty: it can."""
        order = self._book.get(intent)
        if order is None:
            return "This order is not known any more. Close the list and open it again."
        return self._resolver.why_not_found(order, broker_order)

    def found(self, intent: IntentId, broker_order: BrokerOrderId, reason: str) -> bool:
        """A person says which row is our order; False for ``why_not_found``'s reasons."""
        order = self._book.get(intent)
        return order is not None and self._resolver.decide_found(order, broker_order, reason)

    def absent(self, intent: IntentId, reason: str) -> bool:
        """A person says our order does not exist; False if it is not in REVIEW."""
        order = self._book.get(intent)
        return order is not None and self._resolver.decide_absent(order, reason)
