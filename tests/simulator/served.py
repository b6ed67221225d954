"""A broker behind real sockets, in the test's own loop."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import msgspec

from copytrade_gui.simulator.broker import SimulatedBroker
from copytrade_gui.simulator.config import SimulatorConfig, Switches
from copytrade_gui.simulator.control import ControlledBroker
from copytrade_gui.simulator.server import SimulatorServer

TOKEN = "control-token"


@dataclass
class Served:
    """The broker, where it listens, and a token for its first account."""

    broker: SimulatedBroker
    port: int
    root: str
    token: str

    @property
    def control(self) -> str:
        return f"{self.root}/control/{TOKEN}"

    def client(self, tls: ssl.SSLContext | None = None) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=f"{self.root}/v1",
            headers={"authorization": f"Bearer {self.token}"},
            verify=tls if tls is not None else False,
            trust_env=False,
        )

    async def raw(self, method: str = "GET", path: str = "/v1/profile", body: bytes = b"") -> bytes:
        """Everything that comes over a fresh connection until the broker closes it."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(self.request_bytes(method, path, body))
        try:
            return await reader.read()
        finally:
            writer.close()
            await writer.wait_closed()

    def request_bytes(
        self, method: str, path: str, body: bytes = b"", *, close: bool = False
    ) -> bytes:
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {self.token}\r\n"
            f"Content-Length: {len(body)}\r\n{'Connection: close' if close else 'X-Y: z'}\r\n\r\n"
        )
        return head.encode() + body


@asynccontextmanager
async def serving(tls: ssl.SSLContext | None = None, **switches: object) -> AsyncIterator[Served]:
    chosen = msgspec.convert({"market": "still", "partial_rate": 0.0} | switches, Switches)
    broker = SimulatedBroker(SimulatorConfig(accounts=3, switches=chosen), time.time_ns)
    server = SimulatorServer(ControlledBroker(broker, TOKEN))
    port = await server.start(tls=tls)
    root = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
    try:
        yield Served(broker, port, root, broker.open_session("30000001"))
    finally:
        await server.close()
