"""TLS in memory on top of a plain connection, for loops that do not tell when a socket is readable.

asyncio's on Windows is one. Elsewhere OpenSSL works on the socket itself (``tls_socket``). Both
take a fifth of the memory of asyncio's own TLS.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl

_READ = 64 * 1024
"""Bytes asked of OpenSSL at one time; a record has at most 16 KiB."""


class ReadBuffer:
    """Memory into which the sockets of one loop are read, one after the other."""

    def __init__(self) -> None:
        self.view = memoryview(bytearray(_READ))


class TlsInMemory(asyncio.BufferedProtocol):
    """The protocol of a plain transport, and the transport of the protocol above it.

    ``greeted`` is done when the handshake is, and ``connection_made`` was called above; or it
    carries why not, as an ``OSError``.
    """

    # A wave looks at five hundred of these: without dictionaries more of them stay in the cache.
    __slots__ = (
        "_above", "_closing", "_fault", "_incoming", "_outgoing", "_plain", "_tls",
        "_up", "_view", "greeted",
    )  # fmt: skip

    def __init__(
        self, above: asyncio.Protocol, context: ssl.SSLContext, host: str, buffer: ReadBuffer
    ) -> None:
        self._above = above
        self._view = buffer.view
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self._plain: asyncio.Transport | None = None
        self._up = False
        self._closing = False
        self._fault: Exception | None = None
        self.greeted: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    # ------------------------------------------------------------ the transport above

    def write(self, data: bytes) -> None:
        """Encrypt and send."""
        if self._plain is None:
            raise RuntimeError("a request was written before the connection was made")
        self._tls.write(data)
        self._plain.write(self._outgoing.read())

    def is_closing(self) -> bool:
        """True once it was closed from either side."""
        return self._closing or self._plain is None or self._plain.is_closing()

    def close(self) -> None:
        """Say goodbye and close."""
        if self._closing:
            return
        self._closing = True
        if self._plain is None:
            return
        with contextlib.suppress(ssl.SSLError):  # it would wait for the other side's goodbye
            self._tls.unwrap()
        self._flush()
        self._plain.close()

    def abort(self) -> None:
        """Close at once; what was not handed to the socket never leaves."""
        self._closing = True
        if self._plain is not None:
            self._plain.abort()

    def get_extra_info(self, name: str, default: object = None) -> object:
        """What the plain transport knows of its socket."""
        return default if self._plain is None else self._plain.get_extra_info(name, default)

    # ------------------------------------------------------------ the protocol below

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin the handshake."""
        self._plain = transport  # type: ignore[assignment]  # a stream transport by contract
        if self._closing:
            self.abort()
            return
        self._greet()

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - always the same memory
        """Where the socket's bytes go."""
        return self._view

    def buffer_updated(self, nbytes: int) -> None:
        """Decrypt what came and pass it on."""
        self._incoming.write(self._view[:nbytes])
        if not self._up:
            self._greet()
        if self._up and not self._closing:
            self._read()

    def eof_received(self) -> bool | None:
        """The other side closed without a goodbye."""
        if self._up:
            return self._above.eof_received()
        self._refuse(ConnectionResetError("closed during the TLS handshake"))
        return None

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._closing = True
        if self._up:
            self._above.connection_lost(self._fault or exc)
        else:
            self._refuse(exc or ConnectionResetError("cut during the TLS handshake"))

    # ------------------------------------------------------------ inside

    def _greet(self) -> None:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            self._flush()
            return
        except (ssl.SSLError, ssl.CertificateError) as error:
            self._flush()  # the alert that tells the other side why
            self._refuse(error)
            return
        self._flush()
        self._up = True
        self._above.connection_made(self)  # type: ignore[arg-type]  # all of one that it uses
        if not self.greeted.done():
            self.greeted.set_result(None)

    def _refuse(self, error: Exception) -> None:
        if not self.greeted.done():
            self.greeted.set_exception(error)
            self.greeted.exception()  # whoever waited may have been cancelled; that is no mystery
        self.abort()

    def _read(self) -> None:
        tls, incoming = self._tls, self._incoming
        try:
            while True:
                data = tls.read(_READ)
                if not data:
                    self._above.eof_received()
                    self.close()
                    return
                self._above.data_received(data)
                if self._closing:
                    return
                if not incoming.pending and not tls.pending():
                    break
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError as error:
            self._flush()
            self._fault = error
            self.abort()
            return
        self._flush()  # new keys may have been asked for

    def _flush(self) -> None:
        if self._outgoing.pending and self._plain is not None and not self._plain.is_closing():
            self._plain.write(self._outgoing.read())
