"""What came of a place call, and the channel an order takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from copytrade_gui.domain.ids import BrokerOrderId, Tag
from copytrade_gui.domain.order import OrderTerms


class Accepted(Struct, frozen=True, gc=False):
    """The broker took the request; RMS or the exchange may still reject it."""

    broker_order_id: BrokerOrderId


@dataclass(frozen=True, slots=True)
class Refused:
    """The broker definitely did not take it. ``blocks_account`` for an unregistered address."""

    code: str
    reason: str
    blocks_account: bool = False


class Silence(StrEnum):
    """Why a call got no HTTP answer at all; an answer we do not believe is none of these."""

    NETWORK = "network"
    """No name, no connection, no handshake, or no reply in time: there may be no network."""
    CERTIFICATE = "certificate"
    """Whoever answered could not prove to be the broker (docs/safety.md 9.49)."""
    ROUTE = "route"
    """The account's own route does not carry: its proxy, or an address this machine has not."""


@dataclass(frozen=True, slots=True)
class NotSent:
    """Proven: no byte of the request left us. The only outcome that may be repeated.

    ``silence`` is set when there was no connection to send it on, None when we held it back.
    """

    reason: str
    silence: Silence | None = None


class Doubt(StrEnum):
    """Why we do not know; AUTH and RATE are settled by two complete reads instead of the window."""

    PLAIN = "plain"
    AUTH = "auth"
    RATE = "rate"


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may have arrived. Never resent; the resolver finds out by tag."""

    reason: str
    code: str = ""
    doubt: Doubt = Doubt.PLAIN
    retry_after_ms: int = 0


PlaceOutcome = Accepted | Refused | NotSent | Unknown


class PlaceReply(Struct, frozen=True, gc=False):
    """An outcome with its monotonic times in ns; ``sent_ns`` is 0 when no byte left."""

    outcome: PlaceOutcome
    sent_ns: int
    replied_ns: int


class PreparedOrder(Struct, frozen=True, gc=False):
    """A place request ready for the wire; ``payload`` is the broker's business."""

    tag: Tag
    payload: bytes


class OrderChannel(Protocol):
    """One account's warm way to the broker for orders; callbacks, so that a wave needs no tasks."""

    @property
    def warm(self) -> bool:
        """True when an order can leave without a handshake."""

    def obey(self, why_held: Callable[[Tag], str]) -> None:
        """Ask ``why_held`` right before the first byte of every order that was not launched.

        An order may wait here for its connection or behind another one's reply; a stop that comes
        meanwhile must hold it, and so must its age. A sentence makes it NotSent; empty: it leaves.
        """

    def prepare(self, terms: OrderTerms, tag: Tag) -> PreparedOrder:
        """Encode a place request; pure, called before the plan is committed."""

    def launch(self, order: PreparedOrder) -> None:
        """Write the order now, if the way is free; ``place`` of the same object follows at once.

        For a wave, whose bytes then do not wait for the bookkeeping of those before them. Whoever
        calls it has just asked the gate. What cannot be written at once is left to ``place``.
        """

    def place(
        self, order: PreparedOrder, deadline_ms: int, done: Callable[[PlaceReply], None]
    ) -> None:
        """Write the request now and return; ``done`` is called exactly once, later, on this loop.

        Never raises; never calls ``done`` before it returns; never resends. ``deadline_ms`` bounds
        the whole call.
        """
