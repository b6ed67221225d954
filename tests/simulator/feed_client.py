"""A client of the feed made of bytes: shares nothing with the server, and hides nothing of it."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from copytrade_gui.simulator.broker import SimulatedBroker
from copytrade_gui.simulator.certificates import Authority
from copytrade_gui.simulator.feed.server import FeedServer


@dataclass
class FeedClient:
    """One connection; messages wait in ``heard`` until they are looked at."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    heard: list[tuple[str, bytes]] = field(default_factory=list)

    def send(self, kind: int, body: bytes) -> None:
        """One packet; the length of its remainder in as many bytes as it takes."""
        length, digits = len(body), b""
        while True:
            length, digit = divmod(length, 128)
            digits += bytes((digit | (0x80 if length else 0),))
            if not length:
                break
        self.writer.write(bytes((kind,)) + digits + body)

    async def packet(self) -> tuple[int, bytes]:
        """The next packet that is no message; (0, b"") when the connection has ended."""
        while True:
            try:
                head = (await self.reader.readexactly(1))[0]
                length = shift = 0
                while True:
                    digit = (await self.reader.readexactly(1))[0]
                    length |= (digit & 0x7F) << shift
                    shift += 7
                    if digit < 0x80:
                        break
                body = await self.reader.readexactly(length)
            except (asyncio.IncompleteReadError, ConnectionError):
                return 0, b""
            if head >> 4 != 3:
                return head, body
            end = 2 + int.from_bytes(body[:2], "big")
            self.heard.append((body[2:end].decode(), body[end:]))

    async def log_in(
        self, user: str, password: str, identifier: str = "me", *, version: int = 4,
        flags: int = 0xC2, keep_alive_s: int = 20,
    ) -> int:  # fmt: skip
        """The return code; -1 when the connection ended without one."""
        body = text("MQTT") + bytes((version, flags)) + keep_alive_s.to_bytes(2, "big")
        self.send(0x10, body + text(identifier) + text(user) + text(password))
        kind, answer = await self.packet()
        return answer[1] if kind == 0x20 else -1

    async def subscribe(self, *topics: str) -> list[int]:
        """The codes of the answer."""
        self.send(0x82, b"\0\7" + b"".join(text(topic) + b"\0" for topic in topics))
        kind, answer = await self.packet()
        return list(answer[2:]) if kind == 0x90 else []

    async def ping(self) -> bool:
        """Whether the broker still answers; what it sent before is in ``heard`` then."""
        self.send(0xC0, b"")
        return (await self.packet())[0] == 0xD0

    async def hear(self, count: int) -> list[tuple[str, bytes]]:
        """Take the next messages, as many as asked for."""
        while len(self.heard) < count:
            assert await self.ping(), "the connection ended"
            await asyncio.sleep(0.001)
        taken, self.heard = self.heard[:count], self.heard[count:]
        return taken

    async def close(self) -> None:
        self.writer.transport.abort()


def text(value: str) -> bytes:
    raw = value.encode()
    return len(raw).to_bytes(2, "big") + raw


@dataclass
class ServedFeed:
    """A feed behind a real socket, in the test's own loop."""

    broker: SimulatedBroker
    server: FeedServer
    port: int
    clients: list[FeedClient]

    async def client(self) -> FeedClient:
        trust = ssl.create_default_context(cafile=str(self.server.ca_file))
        streams = await asyncio.open_connection("127.0.0.1", self.port, ssl=trust)
        self.clients.append(FeedClient(*streams))
        return self.clients[-1]

    async def logged_in(self, client_id: str, token: str, *topics: str) -> FeedClient:
        """A client whose login and topics were taken."""
        client = await self.client()
        assert await client.log_in(client_id.lower(), password_of(token), f"of {client_id}") == 0
        if topics:
            assert await client.subscribe(*topics) == [0] * len(topics)
        return client


def password_of(token: str) -> str:
    return f"OPENID~~{token}~"


def update(message: tuple[str, bytes]) -> dict[str, Any]:
    """The content of an order or trade update."""
    content: dict[str, Any] = msgspec.json.decode(message[1])
    return content


def orders(client: str) -> str:
    return f"prod/updates/order/v1/{client.lower()}"


def trades(client: str) -> str:
    return f"prod/updates/trade/v1/{client.lower()}"


@asynccontextmanager
async def serving_feed(broker: SimulatedBroker, folder: Path) -> AsyncIterator[ServedFeed]:
    server = FeedServer(broker.feed, Authority(folder))
    port = await server.start()
    served = ServedFeed(broker, server, port, [])
    try:
        yield served
    finally:
        for client in served.clients:
            await client.close()
        await server.close()
