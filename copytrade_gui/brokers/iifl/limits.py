"""Published rate limits and the share of them that we use (reference 16, order-safety 12)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class CallClass(StrEnum):
    """Calls that share one budget of a session."""

    ORDERS = "orders"
    """Place, modify and cancel together."""
    ORDER_BOOK = "order_book"
    ORDER_HISTORY = "order_history"
    TRADE_BOOK = "trade_book"
    POSITIONS = "positions"
    HOLDINGS = "holdings"
    LIMITS = "limits"
    MARGIN = "margin"
    QUOTES = "quotes"
    DEPTH = "depth"
    OPEN_INTEREST = "open_interest"
    CANDLES = "candles"
    SESSION = "session"
    PROFILE = "profile"
    LOGOUT = "logout"
    CONTRACT_FILE = "contract_file"


@dataclass(frozen=True, slots=True)
class RateLimit:
    """Calls per second and session: the broker's limit, that of a registered app, and ours.

    ``kept_for_cancels`` of ours are left free by orders that are placed, so that a stop always
    finds room.
    """

    broker: int
    registered: int
    ours: int
    kept_for_cancels: int = 0


LIMITS: Mapping[CallClass, RateLimit] = {
    CallClass.ORDERS: RateLimit(10, 20, 8, kept_for_cancels=2),
    CallClass.ORDER_BOOK: RateLimit(3, 3, 2),
    CallClass.ORDER_HISTORY: RateLimit(10, 10, 5),
    CallClass.TRADE_BOOK: RateLimit(3, 3, 2),
    CallClass.POSITIONS: RateLimit(3, 3, 2),
    CallClass.HOLDINGS: RateLimit(3, 3, 2),
    CallClass.LIMITS: RateLimit(10, 20, 5),
    CallClass.MARGIN: RateLimit(10, 20, 5),
    CallClass.QUOTES: RateLimit(10, 10, 5),
    CallClass.DEPTH: RateLimit(10, 10, 5),
    CallClass.OPEN_INTEREST: RateLimit(10, 20, 5),
    # One source of 2025 says 3; we stay below it.
    CallClass.CANDLES: RateLimit(10, 10, 2),
    CallClass.SESSION: RateLimit(3, 3, 1),
    CallClass.PROFILE: RateLimit(3, 3, 1),
    CallClass.LOGOUT: RateLimit(2, 2, 1),
    CallClass.CONTRACT_FILE: RateLimit(2, 2, 1),
}
