"""An order road lent out as a door while no order is on it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from copytrade_gui.brokers.iifl.door import HttpReply, NothingSentError, nothing_holds
from copytrade_gui.brokers.iifl.road import MAX_REPLY


class RoadDoor:
    """A road as a door, for one cancel or modify. The road has its own headers.

    ``call`` does one call on the road's connection: method, path, body, seconds.
    """

    def __init__(self, call: Callable[[str, str, bytes, float], Awaitable[HttpReply]]) -> None:
        self._call = call

    async def request(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],  # noqa: ARG002 - the road's own are the same session's
        body: bytes | None = None,
        timeout_s: float,
        max_body: int = MAX_REPLY,  # noqa: ARG002 - the road has one bound for every reply
        why_held: Callable[[], str] = nothing_holds,
    ) -> HttpReply:
        """Do one call; see ``HttpDoor``. It is only used while the road is free."""
        if why := why_held():
            raise NothingSentError(why)
        return await self._call(method, path, body or b"", timeout_s)

    async def drop(self) -> None:
        """Nothing: the session drops its road."""

    async def aclose(self) -> None:
        """Nothing: the session closes its road."""
