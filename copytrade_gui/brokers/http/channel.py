"""What the session wants of an order channel beyond the port, and what a channel is made from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from copytrade_gui.brokers.http.calls import JudgeReply
from copytrade_gui.brokers.http.http_call import HttpCall, HttpReply
from copytrade_gui.brokers.http.route import STRAIGHT, Way
from copytrade_gui.domain.ids import AccountId, Tag
from copytrade_gui.domain.order import OrderTerms
from copytrade_gui.ports import OrderChannel, PreparedOrder

MAX_REPLY = 256 * 1024
"""Bytes of a reply's body on the order channel; a place reply has about 200."""


def not_held(tag: Tag) -> str:  # noqa: ARG001 - one that looks at the order replaces it
    """Nobody holds orders back on a channel that was not told to ``obey``."""
    return ""


class Channel(OrderChannel, Protocol):
    """An order channel with its life: opened when copying is armed, closed with the session."""

    async def open(self) -> None:
        """Open the connection and keep it warm from now on. Failures show as ``warm``."""

    async def spare_call(
        self, method: str, path: str, body: bytes, seconds: float
    ) -> HttpReply | None:
        """Do one cancel or modify on the order connection, with the channel's own headers.

        None: it is not warm and free, and nothing was sent. Raises as ``HttpCall.request``.
        """

    async def drop(self) -> None:
        """Close the connection and open another one. What waits for a reply becomes Unknown, what
        was not sent NotSent.
        """

    async def aclose(self) -> None:
        """Close for good. What waits for a reply becomes Unknown, what was not sent NotSent."""


@dataclass(frozen=True, slots=True)
class OrderCalls:
    """What a channel is told of its broker: paths begin with ``/``, behind the base address."""

    place_path: str
    """Takes a POST of a prepared order's payload."""
    idle_path: str
    """The cheapest read; a GET of it keeps an idle connection open."""
    prepare: Callable[[OrderTerms, Tag], PreparedOrder]
    """Encodes one order. Raises ValueError: terms or a tag that this broker cannot be told."""
    judge: JudgeReply


@dataclass(frozen=True, slots=True)
class ChannelNeeds:
    """What an account's channel is made from. ``headers`` hold the token and are never shown."""

    account_id: AccountId
    headers: Mapping[str, str] = field(repr=False)
    http_call: HttpCall
    calls: OrderCalls
    way: Way = STRAIGHT
    left_from: Callable[[str], None] = lambda _address: None
    """Told the local address of every order connection before anything is written to it."""


ChannelFactory = Callable[[ChannelNeeds], Channel]
CallFactory = Callable[[Way], HttpCall]
"""Makes an HTTP call whose connections take this way."""
