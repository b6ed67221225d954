"""TLS straight on a socket: a request is encrypted and sent in one call.

asyncio's TLS encrypts into memory, reads that memory and sends it: three calls that five hundred
accounts pay one after the other. OpenSSL on the socket itself does the same in one. It needs a
loop that tells when a socket is readable; for loops that do not see ``tls_memory``.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import sys
from collections.abc import Callable

if sys.platform != "win32":
    import fcntl
    import termios

_NONE = bytes(4)
_READ = 16 * 1024
"""Bytes asked of OpenSSL at one time: what a record holds."""
_CUT = "closed during the TLS handshake"


class TlsSocket:
    """A transport, in all that an order connection asks of one. Made by ``greet``."""

    # A wave looks at five hundred of these: without dictionaries more of them stay in the cache.
    __slots__ = ("_above", "_closing", "_fd", "_loop", "_rest", "_tls")

    def __init__(
        self, loop: asyncio.AbstractEventLoop, tls: ssl.SSLSocket, above: asyncio.Protocol
    ) -> None:
        self._loop = loop
        self._tls = tls
        self._fd = tls.fileno()
        self._above = above
        self._closing = False
        self._rest = b""
        """A request for which the socket had no room; OpenSSL wants to be asked with the same."""

    @classmethod
    async def greet(
        cls, connected: socket.socket, context: ssl.SSLContext, host: str, above: asyncio.Protocol
    ) -> None:
        """Do the handshake on a connected socket, which is ours from now on.

        Raises:
            OSError: it failed; the socket is closed (ssl.SSLError is one of them).
        """
        loop = asyncio.get_running_loop()
        with contextlib.ExitStack() as undo:
            undo.callback(connected.close)
            connected.setblocking(False)
            tls = context.wrap_socket(
                connected,
                server_hostname=host,
                do_handshake_on_connect=False,
                suppress_ragged_eofs=False,
            )
            undo.callback(tls.close)
            await _shake_hands(loop, tls)
            undo.pop_all()
        made = cls(loop, tls, above)
        loop.add_reader(made._fd, made._readable)
        above.connection_made(made)  # type: ignore[arg-type]  # all of one that it uses

    # ------------------------------------------------------------ the transport

    def write(self, data: bytes) -> None:
        """Encrypt and send. What the socket has no room for is sent when it has."""
        if self._closing:
            return
        if self._rest:
            self._rest += data
            return
        try:
            self._tls.send(data)
        except (ssl.SSLWantWriteError, ssl.SSLWantReadError):
            self._rest = data
            self._loop.add_writer(self._fd, self._writable)
        except OSError as error:
            self._lose(error)

    def is_closing(self) -> bool:
        """True once it was closed from either side."""
        return self._closing

    def close(self) -> None:
        """Say goodbye and close."""
        if not self._closing:
            with contextlib.suppress(OSError):  # it would wait for the other side's goodbye
                self._tls.unwrap()
            self._lose(None)

    def abort(self) -> None:
        """Close at once."""
        self._lose(None)

    def get_extra_info(self, name: str, default: object = None) -> object:
        """``sockname`` and ``peername``, while it is open."""
        with contextlib.suppress(OSError):
            if name == "sockname":
                return self._tls.getsockname()
            if name == "peername":
                return self._tls.getpeername()
        return default

    # ------------------------------------------------------------ inside

    def _readable(self) -> None:
        tls, above = self._tls, self._above
        try:
            while True:
                data = tls.read(_READ)
                if not data:
                    above.eof_received()
                    self.close()
                    return
                above.data_received(data)
                if self._closing or not (tls.pending() or _more_came(self._fd)):
                    return
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
        except ssl.SSLEOFError:
            above.eof_received()
            self._lose(None)
        except OSError as error:
            self._lose(error)

    def _writable(self) -> None:
        self._loop.remove_writer(self._fd)
        data, self._rest = self._rest, b""
        self.write(data)

    def _lose(self, error: OSError | None) -> None:
        if self._closing:
            return
        self._closing = True
        self._loop.remove_reader(self._fd)
        self._loop.remove_writer(self._fd)
        self._tls.close()
        self._loop.call_soon(self._above.connection_lost, error)


if sys.platform == "win32":

    def _more_came(_fd: int) -> bool:
        return True  # to read once more tells

else:

    def _more_came(fd: int) -> bool:
        """Whether bytes lie in a socket. To read in vain costs ten times as much."""
        return fcntl.ioctl(fd, termios.FIONREAD, _NONE) != _NONE


async def _shake_hands(loop: asyncio.AbstractEventLoop, tls: ssl.SSLSocket) -> None:
    while True:
        try:
            tls.do_handshake()
        except ssl.SSLWantReadError:
            await _ready(tls, loop.add_reader, loop.remove_reader)
        except ssl.SSLWantWriteError:
            await _ready(tls, loop.add_writer, loop.remove_writer)
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError) as error:
            raise ConnectionResetError(_CUT) from error
        else:
            return


async def _ready(
    tls: ssl.SSLSocket, add: Callable[..., object], remove: Callable[[int], bool]
) -> None:
    ready = asyncio.get_running_loop().create_future()
    add(tls.fileno(), _set, ready)
    try:
        await ready
    finally:
        remove(tls.fileno())


def _set(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)
