"""The broker as an ASGI application: for httpx's in-process transport and any ASGI server.

Delays are awaited. What ASGI cannot say with bytes it says as close as it can: a lost reply
ends the call by `ConnectionDroppedError`, a silence waits until the client gives up, and
mistreatments of bytes that a server would undo are passed over.
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from copytrade_gui.simulator.server import Answering
from copytrade_gui.simulator.wire import Reply, Request

Message = MutableMapping[str, Any]  # ASGI's own type: any event, by name
_LOST = frozenset({"close", "cut", "reset"})


class ConnectionDroppedError(ConnectionError):
    """The broker closed the connection instead of answering in full."""


class SimulatorApp:
    """An ASGI 3 application around one broker, with or without its control path."""

    def __init__(self, broker: Answering) -> None:
        self._broker = broker

    async def __call__(
        self,
        scope: Message,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        if scope["type"] != "http":
            return
        body = await _body(receive)
        client = scope.get("client")
        request = Request(
            scope["method"],
            scope["path"],
            scope["query_string"].decode("latin-1"),
            {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
            body,
            client[0] if client else "",
        )
        reply = self._broker.handle(request)
        if reply.delay_ms:
            await asyncio.sleep(reply.delay_ms / 1000.0)
        await _respond(reply, send)


async def _respond(reply: Reply, send: Callable[[Message], Awaitable[None]]) -> None:
    kind = reply.wire.kind if reply.wire is not None else ""
    if kind == "silence":
        await asyncio.Event().wait()
    if kind in _LOST:
        raise ConnectionDroppedError(f"simulated wire fault: {kind}")
    length = str(len(reply.body))
    headers = [*reply.headers, ("content-length", length)]
    await send(
        {
            "type": "http.response.start",
            "status": reply.status,
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers],
        }
    )
    await send({"type": "http.response.body", "body": reply.body})


async def _body(receive: Callable[[], Awaitable[Message]]) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


async def _lifespan(
    receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
