"""An order channel lent out as an HTTP call while no order is on it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from copytrade_gui.brokers.http.channel import MAX_REPLY
from copytrade_gui.brokers.http.http_call import HttpReply, NothingSentError, nothing_holds


class SpareCall:
    """A channel as an HTTP call, for one cancel or modify. The channel has its own headers.

    ``call`` does one call on the channel's connection: method, path, body, seconds.
    """

    def __init__(self, call: Callable[[str, str, bytes, float], Awaitable[HttpReply]]) -> None:
        self._call = call

    async def request(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],  # noqa: ARG002 - the channel's own are the same session's
        body: bytes | None = None,
        timeout_s: float,
        max_body: int = MAX_REPLY,  # noqa: ARG002 - the channel has one bound for every reply
        why_held: Callable[[], str] = nothing_holds,
    ) -> HttpReply:
        """Do one call; see ``HttpCall``. It is only used while the channel is free."""
        if why := why_held():
            raise NothingSentError(why)
        return await self._call(method, path, body or b"", timeout_s)

    async def drop(self) -> None:
        """Nothing: the session drops its channel."""

    async def aclose(self) -> None:
        """Nothing: the session closes its channel."""
