"""The feed's own port: an MQTT 3.1.1 server for hundreds of clients on one event loop."""

import asyncio
import socket
import ssl
from pathlib import Path
from typing import get_args

from copytrade_gui.simulator.certificates import Authority, CertificateKind, server_context
from copytrade_gui.simulator.feed.connection import FeedConnection
from copytrade_gui.simulator.feed.feed import DropHow, Feed
from copytrade_gui.simulator.feed.wakeups import Wakeups
from copytrade_gui.simulator.server import create_fast_server, create_server
from copytrade_gui.simulator.timers import Timers


class FeedServer:
    """Serves one feed on one address until closed, always over TLS.

    Args:
        feed: who speaks.
        authority: who signs its certificate.
        fast: use the lighter transports where there are any, as `SimulatorServer` does.
    """

    def __init__(self, feed: Feed, authority: Authority, *, fast: bool = False) -> None:
        self.feed = feed
        self.timers: Timers
        self.wakeups: Wakeups
        self.by_identifier: dict[str, FeedConnection] = {}
        self.connections: set[FeedConnection] = set()
        self._authority = authority
        self._fast = fast
        self._context: ssl.SSLContext
        self._loop: asyncio.AbstractEventLoop
        self._server: asyncio.AbstractServer | None = None
        self._all_gone = asyncio.Event()

    @property
    def ca_file(self) -> Path:
        """The authority that a client has to trust."""
        return self._authority.ca_file

    def time(self) -> float:
        """The loop's clock, seconds."""
        return self._loop.time()

    async def start(
        self, host: str = "127.0.0.1", port: int = 0, certificate: CertificateKind = "good"
    ) -> int:
        """Listen; returns the port.

        Raises:
            OSError: the address or port is taken or not ours.
        """
        self._loop = loop = asyncio.get_running_loop()
        self._context = server_context(*self._authority.issue(certificate, "feed"))
        make = create_fast_server if self._fast else create_server
        self._server = await make(loop, lambda: FeedConnection(self), host, port, self._context)
        self.timers = Timers(loop)
        self.wakeups = Wakeups(lambda: self.feed.desk, self._on_second)
        self.feed.servers.append(self)
        listening: tuple[socket.socket, ...] = self._server.sockets  # type: ignore[attr-defined]  # every server of both kinds has them
        return int(listening[0].getsockname()[1])

    async def close(self) -> None:
        """Stop listening and drop every connection."""
        if self._server is None:
            return
        self._server.close()
        self.feed.servers.remove(self)
        self._all_gone.clear()
        self.drop("", "close")
        self.wakeups.stop()
        self.timers.stop()
        await self._server.wait_closed()
        if self.connections:
            await self._all_gone.wait()
        self._server = None

    def forget(self, connection: FeedConnection) -> None:
        """A connection has ended."""
        self.connections.discard(connection)
        if not self.connections:
            self._all_gone.set()

    # -- what the feed asks of its servers ----------------------------------------------------

    def drop(self, client: str, how: DropHow) -> int:
        """End the connections of a client (id in lower case), or of all; returns how many."""
        struck = [c for c in self.connections if client in {"", c.client}]
        for connection in struck:
            connection.end(how)
        return len(struck)

    def rows(self) -> list[dict[str, object]]:
        """The connections that are logged in."""
        return [c.row() for c in self.connections if c.client]

    def look(self) -> None:
        """End the connections that a fault does not let live."""
        if not self.feed.desk.faults:
            return
        now = self.feed.desk.now()
        for connection in list(self.connections):
            connection.end_if_cut_off(now)

    def show_certificate(self, kind: str) -> None:
        """Show new connections another certificate; those that stand are left alone."""
        if kind not in get_args(CertificateKind):
            raise ValueError(f"certificate must be one of {', '.join(get_args(CertificateKind))}")
        certificate, key = self._authority.issue(kind, "feed")  # type: ignore[arg-type]  # just asked
        self._context.load_cert_chain(certificate, key)

    def _on_second(self, now: int) -> None:
        self.look()
        self.feed.publish(now)
        for connection in list(self.connections):
            connection.on_second(now)
