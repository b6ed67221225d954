"""Orders: their terms, their states, and the one table of allowed transitions.

The table is docs/safety.md 2.15, with two additions that docs/safety.md 5 needs:
``UNKNOWN -> REFUSED`` (a 401, 403 or 429 that two complete reads confirmed) and
``REFUSED -> ACKED`` (a late find, which alarms).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from copytrade_gui.domain.instrument import Instrument

MAX_QUANTITY = 50_000_000
"""Units in one order, whoever's it is: the broker's own bound (EC948)."""
PER_ORDER = "the broker's most for one order"
"""What that bound is called in a sentence."""


class Side(StrEnum):
    """Buy or sell."""

    BUY = "BUY"
    SELL = "SELL"

    @property
    def opposite(self) -> Side:
        """The other side."""
        return Side.SELL if self is Side.BUY else Side.BUY


class OrderType(StrEnum):
    """MARKET and SLM are what the trader asks for; they leave as LIMIT and SL with protection."""

    LIMIT = "LIMIT"
    MARKET = "MARKET"
    SL = "SL"
    SLM = "SLM"

    has_price: bool
    """True where the trader names a limit price."""
    has_trigger: bool
    """True where the trader names a trigger price."""


for _type in OrderType:
    _type.has_price = _type in {OrderType.LIMIT, OrderType.SL}
    _type.has_trigger = _type in {OrderType.SL, OrderType.SLM}


class Product(StrEnum):
    """IIFL's products (docs/broker.md 9.1): carried forward, intraday, delivery, margin trading."""

    NORMAL = "NORMAL"
    INTRADAY = "INTRADAY"
    DELIVERY = "DELIVERY"
    BNPL = "BNPL"


class Validity(StrEnum):
    """How long the order stands."""

    DAY = "DAY"
    IOC = "IOC"


class FanOut(StrEnum):
    """When followers' orders leave."""

    ON_MASTER_WORKING = "on_master_working"
    """After the master order is at the exchange: safer, a rejected master order copies nothing."""
    WITH_MASTER = "with_master"
    """With the master order: faster, but followers may trade although the master is rejected."""


@dataclass(frozen=True, slots=True)
class OrderTerms:
    """What to trade. ``quantity`` is units (never lots); prices are rupees or None.

    ``stop`` is where the trader means to give the position up. Rules that go by risk size by it; no
    broker is told of it, and no order is placed there.
    """

    instrument: Instrument
    side: Side
    quantity: int
    product: Product
    order_type: OrderType
    validity: Validity
    price: Decimal | None = None
    trigger: Decimal | None = None
    stop: Decimal | None = None


class State(StrEnum):
    """Where an intent or attempt stands; meanings in docs/safety.md 2."""

    PLANNED = "PLANNED"
    BLOCKED = "BLOCKED"
    SKIPPED = "SKIPPED"
    STALE = "STALE"
    SENDING = "SENDING"
    NOT_SENT = "NOT_SENT"
    REFUSED = "REFUSED"
    UNKNOWN = "UNKNOWN"
    NOT_PLACED = "NOT_PLACED"
    REVIEW = "REVIEW"
    ACKED = "ACKED"
    WORKING = "WORKING"
    TRIGGER_PENDING = "TRIGGER_PENDING"
    PARTIAL = "PARTIAL"
    MODIFY_PENDING = "MODIFY_PENDING"
    CANCEL_PENDING = "CANCEL_PENDING"
    FILLED = "FILLED"
    CANCELLED = "CANCELLED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"

    at_exchange: bool
    """True once the exchange has the order: what ``on_master_working`` waits for."""
    open_at_broker: bool
    """True while the broker may still work the order."""
    in_doubt: bool
    """True while nobody knows whether the order exists."""
    ended: bool
    """True when nothing more is expected (a late fill or late find is still applied)."""


_S = State
IN_DOUBT = frozenset({_S.SENDING, _S.UNKNOWN, _S.REVIEW})
_EXCHANGE_LIVE = frozenset({_S.WORKING, _S.TRIGGER_PENDING, _S.PARTIAL})
_CHANGING = frozenset({_S.MODIFY_PENDING, _S.CANCEL_PENDING})
_CLOSED = frozenset({_S.FILLED, _S.CANCELLED, _S.REJECTED, _S.EXPIRED})
AT_EXCHANGE = _EXCHANGE_LIVE | _CHANGING | {_S.FILLED}
OPEN_AT_BROKER = _EXCHANGE_LIVE | _CHANGING | {_S.ACKED}
NO_LIVE_ATTEMPT = frozenset({_S.NOT_SENT, _S.REFUSED, _S.NOT_PLACED})
"""States after which an intent may have another attempt (the partial unique index skips them)."""
ENDED = _CLOSED | NO_LIVE_ATTEMPT | {_S.BLOCKED, _S.SKIPPED, _S.STALE}

# Kept on each member: every order of a burst is asked, and an attribute costs no call.
for _state in State:
    _state.at_exchange = _state in AT_EXCHANGE
    _state.open_at_broker = _state in OPEN_AT_BROKER
    _state.in_doubt = _state in IN_DOUBT
    _state.ended = _state in ENDED

TRANSITIONS: Mapping[State, frozenset[State]] = {
    _S.PLANNED: frozenset({_S.BLOCKED, _S.SKIPPED, _S.STALE, _S.SENDING}),
    _S.BLOCKED: frozenset(),
    _S.SKIPPED: frozenset(),
    _S.STALE: frozenset(),
    _S.SENDING: frozenset({_S.ACKED, _S.REFUSED, _S.NOT_SENT, _S.UNKNOWN}),
    _S.NOT_SENT: frozenset(),
    _S.REFUSED: frozenset({_S.ACKED}),
    _S.UNKNOWN: frozenset({_S.ACKED, _S.NOT_PLACED, _S.REVIEW, _S.REFUSED}),
    _S.NOT_PLACED: frozenset({_S.ACKED}),
    _S.REVIEW: frozenset({_S.ACKED, _S.NOT_PLACED}),
    _S.ACKED: _EXCHANGE_LIVE | _CLOSED | _CHANGING,
    _S.WORKING: _CLOSED | _CHANGING | {_S.PARTIAL},
    _S.TRIGGER_PENDING: _CLOSED | _CHANGING | {_S.PARTIAL, _S.WORKING},
    _S.PARTIAL: frozenset({_S.PARTIAL, _S.FILLED, _S.CANCELLED, _S.EXPIRED}) | _CHANGING,
    _S.MODIFY_PENDING: _EXCHANGE_LIVE | _CLOSED | {_S.CANCEL_PENDING},
    _S.CANCEL_PENDING: _EXCHANGE_LIVE | _CLOSED | {_S.MODIFY_PENDING},
    _S.FILLED: frozenset(),
    _S.CANCELLED: frozenset({_S.PARTIAL, _S.FILLED}),
    _S.REJECTED: frozenset(),
    _S.EXPIRED: frozenset({_S.PARTIAL, _S.FILLED}),
}


class IllegalTransitionError(Exception):
    """Raised for a step the table does not allow; the order keeps its state."""

    def __init__(self, old: State, new: State) -> None:
        super().__init__(f"an order in {old} cannot become {new}")
        self.old = old
        self.new = new


def step(old: State, new: State) -> State:
    """Return ``new`` if the table allows the step.

    Raises:
        IllegalTransitionError: the step is not in the table.
    """
    if new not in TRANSITIONS[old]:
        raise IllegalTransitionError(old, new)
    return new
