"""Orders that a master placed at the broker, on its web page or phone, as they were seen there."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

from copytrade_gui.domain.ids import AccountId, BrokerOrderId, PlanId
from copytrade_gui.domain.instrument import InstrumentKey
from copytrade_gui.domain.number import grouped
from copytrade_gui.domain.order import OrderType, Product, Side


class Follow(StrEnum):
    """What becomes of an order that a master placed elsewhere."""

    ASK = "ask"
    """A person is asked; once he has copied one, the next are copied by themselves."""
    COPY = "copy"
    """It is copied as soon as it is at the exchange."""
    SHOW = "show"
    """It is shown, and nothing is copied."""

    @property
    def in_words(self) -> str:
        """As the window shows it."""
        return {"ask": "Ask first", "copy": "Copy", "show": "Only show"}[self.value]


NO_COPY = "No copy of it was sent"
"""Begins the reason of one that was copied and of which nobody got an order."""


class Seen(StrEnum):
    """What became of such an order."""

    WAITS = "waits"
    """It is not at the exchange yet."""
    ASKED = "asked"
    """A person decides, until it is too old."""
    COPIED = "copied"
    """It has a plan; its copies stand in the order book."""
    DENIED = "denied"
    """A check kept it from being copied; the sentence says which."""
    MISSED = "missed"
    """It was placed while nobody looked, or too long ago; a person may still copy it."""
    IGNORED = "ignored"
    """A person said no, or only showing is chosen."""
    CAUGHT_UP = "caught_up"
    """Catching up with the master's position has placed what it filled; a copy would double it."""
    NOT_COPIED = "not_copied"
    """An order of a kind that is never copied, or that ended before it was at the exchange."""

    @property
    def open_to_copy(self) -> bool:
        """True while a person may have it copied."""
        return self in (Seen.ASKED, Seen.MISSED, Seen.DENIED, Seen.IGNORED)

    @property
    def open_to_ignore(self) -> bool:
        """True while nobody has decided about it."""
        return self in (Seen.ASKED, Seen.MISSED, Seen.DENIED)

    def gave_nobody(self, reason: str) -> bool:
        """It has a plan, and by that nobody got an order."""
        return self is Seen.COPIED and reason.startswith(NO_COPY)


class SeenOrder(Struct, frozen=True, gc=False):
    """One order of a master, as the broker's book shows it, and what became of it here.

    Quantities in units, prices in rupees (0: none), ``seen_ns`` UTC ns. ``changes`` counts how
    often its terms changed since it was seen. ``plan_id`` is that of its copies, ``average_price``
    what he got for what was filled, ``placed_ns`` the broker's stamp, None where there is none.
    ``gone``: it ended, and nothing more of it will be filled.
    """

    account_id: AccountId
    broker_order_id: BrokerOrderId
    symbol: str
    side: Side
    quantity: int
    filled_quantity: int
    product: Product | None
    order_type: OrderType | None
    price: Decimal
    trigger: Decimal
    status: str
    seen_ns: int
    became: Seen
    reason: str = ""
    plan_id: PlanId | None = None
    changes: int = 0
    key: InstrumentKey | None = None
    average_price: Decimal = Decimal(0)
    placed_ns: int | None = None
    gone: bool = False

    @property
    def to_copy(self) -> int:
        """Units by which a copy is sized: of an order that he took back, what it filled."""
        return self.filled_quantity if self.gone else self.quantity

    @property
    def in_words(self) -> str:
        """``BUY 75 NIFTY26DECFUT LIMIT 24,050``."""
        price = f" {grouped(self.price)}" if self.price else ""
        words = f"{self.side} {grouped(self.quantity)} {self.symbol}"
        return f"{words} {self.order_type or ''}{price}".strip()
