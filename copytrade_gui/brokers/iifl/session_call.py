"""One session's calls through its HTTP call: headers, time limits, and failures in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from copytrade_gui.brokers.http.egress import Egress
from copytrade_gui.brokers.http.http_call import (
    AnswerLostError,
    HttpCall,
    HttpReply,
    NothingSentError,
)
from copytrade_gui.brokers.iifl.reads import Page, read_page
from copytrade_gui.brokers.iifl.shapes import Row
from copytrade_gui.ports import BrokerFailureError, Silence

RowT = TypeVar("RowT", bound=Row)

READ_S = 10.0
USER_AGENT = "CopyTradeConsole"
PLAIN_HEADERS: Mapping[str, str] = {
    "User-Agent": USER_AGENT,
    "Accept": "application/json",
    "Content-Type": "application/json",
}


def session_headers(token: str) -> dict[str, str]:
    """Headers of every call but the login (docs/broker.md 4.1)."""
    return {**PLAIN_HEADERS, "Authorization": f"Bearer {token}"}


@dataclass(frozen=True, slots=True)
class SessionCall:
    """Calls one session makes. ``headers`` hold the token and are never logged or shown."""

    http_call: HttpCall
    headers: Mapping[str, str] = field(repr=False)
    egress: Egress = field(default_factory=Egress)

    async def ask(
        self,
        method: str,
        path: str,
        what: str,
        *,
        body: bytes | None = None,
        timeout_s: float = READ_S,
    ) -> HttpReply:
        """Do one read call; reads may be asked again, so any network fault is just a failure.

        Raises:
            BrokerFailureError: no reply.
        """
        try:
            reply = await self.http_call.request(
                method, path, headers=self.headers, body=body, timeout_s=timeout_s
            )
        except (NothingSentError, AnswerLostError) as error:
            raise BrokerFailureError(
                f"The {what} could not be read: {error}. "
                + ("" if error.silence is Silence.ROUTE else "Check the network and try again."),
                code="network",
                silence=error.silence,
            ) from None
        if reply.left_from:
            self.egress.seen(reply.left_from)
        return reply

    async def page(
        self, method: str, path: str, kind: type[RowT], what: str, *, body: bytes | None = None
    ) -> Page[RowT]:
        """Do one read call and read its rows; a missing reply is a page with a problem."""
        try:
            reply = await self.ask(method, path, what, body=body)
        except BrokerFailureError as error:
            return Page((), str(error), error.code, silence=error.silence)
        return read_page(reply, kind, what)

    async def rows(
        self, method: str, path: str, kind: type[RowT], what: str, *, body: bytes | None = None
    ) -> tuple[RowT, ...]:
        """Do one read call.

        Raises:
            BrokerFailureError: no reply, or one that cannot be trusted whole.
        """
        return (await self.page(method, path, kind, what, body=body)).must_be_whole()
