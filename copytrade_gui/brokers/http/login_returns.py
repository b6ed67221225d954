"""Hears a browser that comes back from a broker's login page to this machine, once a login.

A small HTTP server on the loopback address alone, on a port and under a path that nobody can guess
(docs/safety.md 14.6). It takes one kind of request, a GET whose address is a login's return, and
ends with the first of them, or after two minutes; whatever else knocks there is told nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
from collections.abc import Callable

from copytrade_gui.ports import BrokerFailureError, WayBack

LOOPBACK = "127.0.0.1"
WAIT_S = 120.0
_REQUEST_S = 5.0
_LONGEST = 16 * 1024
"""Bytes of a request's head; a return is far shorter."""
_LINE = re.compile(rb"GET (/[A-Za-z0-9_-]+)(\?[!-~]*) HTTP/1\.[01]")
_HOSTS = re.compile(
    rb"\r\nhost:[ \t]*(?:127\.0\.0\.1|localhost)(?::\d{1,5})?[ \t]*\r\n", re.IGNORECASE
)
"""Another host is a page elsewhere whose name was made to point here."""

_HEAD = (
    "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {length}\r\n"
    "Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nConnection: close\r\n\r\n"
)
_PAGE = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>CopyTrade Console</title>'
    "<style>body{{font:16px system-ui,sans-serif;margin:15vh auto;max-width:32em;padding:0 1em}}"
    "</style></head><body><h1>{title}</h1><p>{words}</p></body></html>"
)
_TAKEN = _PAGE.format(
    title="Back in the console",
    words="CopyTrade Console has taken the login code. What became of the login stands there; "
    "this page may be closed.",
)
_NOT_TAKEN = _PAGE.format(
    title="No login code",
    words="CopyTrade Console waits here for a login's return, and this address is none.",
)


class LoginReturns:
    """Implements ``ports.LoginReturns`` on the running loop.

    ``is_return`` tells whether an address is a login's return.
    """

    def __init__(self, is_return: Callable[[str], bool], wait_s: float = WAIT_S) -> None:
        self._is_return = is_return
        self._wait_s = wait_s
        self._server: asyncio.Server | None = None
        self._came: asyncio.Future[str] | None = None

    async def listen(self) -> WayBack:
        """Listen for one return; what is still listened for is given up."""
        await self.aclose()
        came: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        path = f"/{secrets.token_urlsafe(16)}"

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self._serve(reader, writer, path, came)

        try:
            server = await asyncio.start_server(serve, LOOPBACK, 0, limit=_LONGEST)
        except OSError as error:
            return WayBack(
                "",
                f"The console cannot listen on this machine: {error.strerror or error}. Paste the "
                "address that the browser ends on.",
            )
        self._server, self._came = server, came
        port = server.sockets[0].getsockname()[1]
        return WayBack(f"http://{LOOPBACK}:{port}{path}")

    async def returned(self) -> str:
        """Wait for the return; the whole address the browser came to. Ends the listening.

        Raises:
            BrokerFailureError: nobody came in time, or nothing is listened for.
        """
        came = self._came
        if came is None:
            raise BrokerFailureError("No login is waited for. Begin it again.", code="login_return")
        try:
            async with asyncio.timeout(self._wait_s):
                return await came
        except TimeoutError:
            raise BrokerFailureError(
                f"Nobody came back from the broker's page within {self._wait_s:g} seconds. Paste "
                "the address that the browser ended on, or open the page again.",
                code="login_return",
            ) from None
        finally:
            if self._came is came:
                await self.aclose()

    async def aclose(self) -> None:
        """Listen no more."""
        server, self._server = self._server, None
        came, self._came = self._came, None
        if came is not None:
            came.cancel()
        if server is not None:
            server.close()
            await server.wait_closed()

    async def _serve(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        path: str,
        came: asyncio.Future[str],
    ) -> None:
        with contextlib.suppress(OSError, TimeoutError, asyncio.CancelledError):
            try:
                address = await self._address(reader, path)
                taken = address is not None and self._is_return(address) and not came.done()
                page = (_TAKEN if taken else _NOT_TAKEN).encode()
                status = "200 OK" if taken else "404 Not Found"
                writer.write(_HEAD.format(status=status, length=len(page)).encode() + page)
                async with asyncio.timeout(_REQUEST_S):
                    await writer.drain()
                if taken and address is not None and not came.done():
                    came.set_result(address)
            finally:
                writer.close()

    async def _address(self, reader: asyncio.StreamReader, path: str) -> str | None:
        """The address of a request that may be a return; None for any other."""
        try:
            async with asyncio.timeout(_REQUEST_S):
                head = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            return None
        line = _LINE.match(head)
        if line is None or _HOSTS.search(head) is None:
            return None
        if not secrets.compare_digest(line[1], path.encode()):
            return None
        return f"http://{LOOPBACK}{path}{line[2].decode('ascii')}"
