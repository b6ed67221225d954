"""What the connections of all accounts share: timers, a TLS context, gates for opening."""

from __future__ import annotations

import asyncio
import logging
import ssl
import zlib
from collections.abc import Mapping

from copytrade_gui.brokers.http.address import Address
from copytrade_gui.brokers.http.calls import Unanswered
from copytrade_gui.brokers.http.connect import open_connection_on
from copytrade_gui.brokers.http.connection import Connection, ConnectionOwner
from copytrade_gui.brokers.http.http_call import deadline
from copytrade_gui.brokers.http.reply_queue import ReplyQueue
from copytrade_gui.brokers.http.route import Way
from copytrade_gui.brokers.http.timers import Timers
from copytrade_gui.brokers.http.tls_memory import ReadBuffer
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.ports import Clock

log = logging.getLogger(__name__)

CONNECT_S = 2.0
OPEN_TOGETHER = 50
"""Handshakes at one time: 500 at once would starve the loop for most of a second."""
_BACKOFF_S = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
_SHORTEST_KEEP_ALIVE_S = 2.0
_SHARE_OF_IDLE_LIMIT = 0.6
_REPLIES_TAKE_NS = 400_000_000


class Pool:
    """What order channels and reads share.

    ``keep_alive_s`` adapts to how soon the broker hangs up.
    """

    def __init__(
        self,
        address: Address,
        clock: Clock,
        *,
        tls: ssl.SSLContext,
        keep_alive_s: float = 25.0,
    ) -> None:
        self.address = address
        self._host = address.authority
        self.clock = clock
        self.timers = Timers(clock)
        self.reply_queue = ReplyQueue(clock)
        self.unanswered = Unanswered()
        self.keep_alive_s = keep_alive_s
        self._tls = tls
        self._buffer = ReadBuffer()
        self._gate = asyncio.Semaphore(OPEN_TOGETHER)
        self._reads_gates: dict[tuple[str, str | None], asyncio.Semaphore] = {}

    async def open(
        self, owner: ConnectionOwner, way: Way, gate: asyncio.Semaphore | None = None
    ) -> Connection:
        """Open a connection when the gate lets us; the two seconds count from then.

        Raises:
            OSError: it failed.
            DeadlinePassedError: it took too long.
        """
        async with gate or self._gate, deadline(self.clock, CONNECT_S):
            return await open_connection_on(
                self.address,
                lambda: Connection(owner),
                tls=self._tls,
                buffer=self._buffer,
                way=way,
            )

    def reads_gate(self, way: Way) -> asyncio.Semaphore:
        """The gate for connections of reads, one for each proxy and each source address.

        Those of a proxy that does not answer take up no other's, nor an order connection's.
        """
        key = ("" if way.proxy is None else way.proxy.name, way.source)
        return self._reads_gates.setdefault(key, asyncio.Semaphore(OPEN_TOGETHER))

    def head(self, method: str, path: str, headers: Mapping[str, str]) -> bytes:
        """The bytes of a request up to the number of its ``Content-Length``."""
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return (
            f"{method} {self.address.prefix}{path} HTTP/1.1\r\n"
            f"Host: {self._host}\r\n"
            f"{lines}"
            "Content-Length: "
        ).encode("ascii")

    @property
    def awaits_replies(self) -> bool:
        """True right after orders left, until all of them were answered or that takes too long."""
        left = self.unanswered
        return left.count > 0 and self.clock.mono_ns() - left.newest_ns < _REPLIES_TAKE_NS

    def hung_up(self, idle_s: float) -> None:
        """Learn from a connection that the broker closed after ``idle_s`` without a request.

        The next reads come earlier than that. A figure that is too small costs some reads, never
        an order.
        """
        shorter = max(idle_s * _SHARE_OF_IDLE_LIMIT, _SHORTEST_KEEP_ALIVE_S)
        if shorter < self.keep_alive_s:
            self.keep_alive_s = shorter
            log.info("order connections are closed when idle; keep_alive_s=%.1f", shorter)

    def close(self) -> None:
        """Hand on the last replies and stop the timers; the channels close themselves."""
        self.reply_queue.close()
        self.timers.close()


def backoff_s(account_id: AccountId, failures: int) -> float:
    """How long to wait before the next attempt to connect, after so many failures in a row.

    Spread by the account's name rather than by chance, so that 500 accounts do not come back in
    one instant and a run can be replayed.
    """
    longest = _BACKOFF_S[min(failures, len(_BACKOFF_S)) - 1]
    return longest * (0.75 + zlib.crc32(account_id.encode()) % 1000 / 2000)
