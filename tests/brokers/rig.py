"""What the broker tests stand on: a real clock, a scripted broker over real sockets."""

import asyncio
import datetime as dt
import re
import ssl
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from copytrade_gui.brokers.iifl.client import IiflBroker
from copytrade_gui.brokers.iifl.factory import IiflSettings, iifl_broker
from copytrade_gui.brokers.iifl.session import IiflSession
from copytrade_gui.domain.account import Account
from copytrade_gui.domain.ids import AccountId, AttemptId, Tag, order_tag
from copytrade_gui.domain.instrument import Exchange, Instrument, InstrumentKey, InstrumentKind
from copytrade_gui.domain.order import OrderTerms, OrderType, Product, Side, Validity
from copytrade_gui.ports import OrderChannel, PlaceReply, SessionToken, Timer
from tests.proof.counts import proof_count

__all__ = ["proof_count"]

CALM_MS = 30_000
"""A deadline that no healthy exchange comes near, however busy the machine is."""


class SystemClock:
    """The machine's own clock and the running loop's timers."""

    def wall_ns(self) -> int:
        return time.time_ns()

    def mono_ns(self) -> int:
        return time.monotonic_ns()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def call_later(self, seconds: float, call: Callable[[], None]) -> Timer:
        return asyncio.get_running_loop().call_later(seconds, call)


INFY = Instrument(
    key=InstrumentKey(Exchange.NSEEQ, "1594"),
    symbol="INFY-EQ",
    name="INFOSYS LIMITED",
    underlying="INFY",
    kind=InstrumentKind.EQUITY,
    lot_size=1,
    tick=Decimal("0.05"),
)
GOLD = Instrument(
    key=InstrumentKey(Exchange.MCXCOMM, "440939"),
    symbol="GOLDM26DECFUT",
    name="GOLDM",
    underlying="GOLDM",
    kind=InstrumentKind.FUTURE,
    lot_size=100,
    tick=Decimal(1),
    expiry=dt.date(2026, 12, 4),
)
ACCOUNT = Account(account_id=AccountId("ravi"), name="Ravi", client_id="C1", app_key="key1")
TOKEN = SessionToken("token-of-the-day-0001", 1)


def terms(
    instrument: Instrument = INFY,
    *,
    side: Side = Side.BUY,
    quantity: int = 1,
    order_type: OrderType = OrderType.LIMIT,
    price: Decimal | None = Decimal("1501.55"),
    trigger: Decimal | None = None,
) -> OrderTerms:
    return OrderTerms(
        instrument=instrument,
        side=side,
        quantity=quantity,
        product=Product.INTRADAY,
        order_type=order_type,
        validity=Validity.DAY,
        price=price,
        trigger=trigger,
    )


def tag(number: int) -> Tag:
    return order_tag(b"k" * 16, AttemptId(f"test.{number}"))


class Answers:
    """Hears the replies of a wave of orders; every order must be answered exactly once."""

    def __init__(self) -> None:
        self.replies: dict[int, list[PlaceReply]] = {}
        self._inside = False
        self._changed = asyncio.Event()

    def place(
        self,
        channel: OrderChannel,
        number: int,
        deadline_ms: int = CALM_MS,
        *,
        launched: bool = False,
    ) -> None:
        order = channel.prepare(terms(), tag(number))
        if launched:
            channel.launch(order)

        def done(reply: PlaceReply) -> None:
            assert not self._inside, "done was called before place returned"
            self.replies.setdefault(number, []).append(reply)
            self._changed.set()

        self._inside = True
        channel.place(order, deadline_ms, done)
        self._inside = False

    async def of(self, number: int) -> PlaceReply:
        while number not in self.replies:
            self._changed.clear()
            await self._changed.wait()
        heard = self.replies[number]
        assert len(heard) == 1, "done was called more than once"
        return heard[0]

    async def all(self, numbers: Iterable[int]) -> list[PlaceReply]:
        return [await self.of(number) for number in numbers]


async def place(channel: OrderChannel, number: int = 1, deadline_ms: int = CALM_MS) -> PlaceReply:
    answers = Answers()
    answers.place(channel, number, deadline_ms)
    return await answers.of(number)


# ---------------------------------------------------------------- the scripted broker


@dataclass
class Request:
    """One request as it arrived, whole."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    connection: int

    @property
    def tag(self) -> str:
        found = re.search(rb'"(CT[A-Z2-7]{14})"', self.body)
        return found[1].decode() if found else ""


class Line:
    """One accepted connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, piece: bytes) -> None:
        if not self.writer.is_closing():
            self.writer.write(piece)

    async def flushed(self) -> None:
        await self.writer.drain()

    def close(self) -> None:
        self.writer.close()

    def cut(self) -> None:
        """Reset, not close."""
        transport = self.writer.transport
        assert isinstance(transport, asyncio.WriteTransport)
        transport.abort()

    def closed(self) -> bool:
        return self.writer.is_closing() or self.reader.at_eof()


Script = Callable[[Line, Request], Awaitable[None]]
Welcome = Callable[[Line], Awaitable[None]]


def reply(
    body: bytes, status: int = 200, *headers: str, length: bool = True, reason: str = "OK"
) -> bytes:
    lines = [f"HTTP/1.1 {status} {reason}", "Content-Type: application/json", *headers]
    if length:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def accepted(number: int | str) -> bytes:
    return (
        b'{"status":"Ok","message":"Success","result":[{"status":"Success","message":"Success",'
        b'"brokerOrderId":"%b","requestTime":"19-Sep-2024 18:48:46"}]}' % str(number).encode()
    )


def leg(code: str, message: str = "Invalid parameter.") -> bytes:
    return (
        f'{{"status":"Ok","message":"Success","result":[{{"status":"{code}",'
        f'"message":"{message}"}}]}}'
    ).encode()


@dataclass
class ScriptedBroker:
    """Keeps its own ledger of what arrived: the only judge of what was sent, and how often."""

    script: Script
    welcome: Welcome | None = None
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    base_url: str = ""
    overlaps: int = 0
    """Requests that came while the one before them on their connection had no reply."""
    _seen: Counter[str] = field(default_factory=Counter)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def orders(self) -> list[Request]:
        return [one for one in self.requests if one.method == "POST" and one.path == "/v1/orders"]

    def times_seen(self, number: int) -> int:
        return self._seen[tag(number)]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        number, line = self.connections, Line(reader, writer)
        try:
            if self.welcome is not None:
                await self.welcome(line)
            while True:
                request = await read_request(reader, number)
                self.requests.append(request)
                self._seen[request.tag] += 1
                await self.script(line, request)
                # A byte that is here already was sent before our reply could be read.
                self.overlaps += bool(reader._buffer)  # type: ignore[attr-defined]  # no public way to see it
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError, ValueError):
            pass  # gone, or not a whole request
        except asyncio.CancelledError:
            # asyncio.streams logs a cancelled handler as an error of the program.
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def stop(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def read_request(reader: asyncio.StreamReader, connection: int) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.rstrip("\r\n").split("\r\n")
    method, path, version = first.split(" ")
    if version != "HTTP/1.1":
        raise ValueError(version)
    headers = {name.lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(method, path, headers, body, connection)


async def says_accepted(line: Line, request: Request) -> None:
    """A broker that takes every order and answers every read with an empty success."""
    if request.method == "POST" and request.path == "/v1/orders":
        line.send(reply(accepted(f"B{request.tag}")))
    else:
        line.send(reply(b'{"status":"Ok","result":{"status":"Success"}}'))


Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def listen(
    handler: Handler, *, port: int = 0, tls: ssl.SSLContext | None = None
) -> asyncio.Server:
    """A server on this machine whose clients may reset their connections.

    A reset is kept in a future of the connection that nobody has to await; asyncio logs it as an
    error when the collector meets that future before its owner. Here somebody looks at it.
    """

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        closed = writer.transport.get_protocol()._closed  # type: ignore[attr-defined]  # see above
        closed.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
        await handler(reader, writer)

    return await asyncio.start_server(serve, "127.0.0.1", port, ssl=tls)


@asynccontextmanager
async def scripted(
    script: Script = says_accepted,
    *,
    welcome: Welcome | None = None,
    tls: ssl.SSLContext | None = None,
    port: int = 0,
) -> AsyncIterator[ScriptedBroker]:
    broker = ScriptedBroker(script, welcome)
    server = await listen(broker.serve, port=port, tls=tls)
    bound = server.sockets[0].getsockname()[1]
    broker.base_url = f"{'https' if tls else 'http'}://127.0.0.1:{bound}/v1"
    try:
        yield broker
    finally:
        server.close()
        await broker.stop()
        await server.wait_closed()


# ---------------------------------------------------------------- the client under test


@asynccontextmanager
async def client(
    broker: ScriptedBroker, cache: Path, *, fast: bool = True, ca_file: Path | None = None
) -> AsyncIterator[IiflBroker]:
    settings = IiflSettings(
        cache_dir=cache,
        base_url=broker.base_url,
        login_url="http://127.0.0.1:9/",
        simulator=True,
        ca_file=ca_file,
        fast_orders=fast,
    )
    async with iifl_broker(settings, SystemClock()) as made:
        yield made


def session_of(made: IiflBroker, name: str = "ravi") -> IiflSession:
    account = Account(AccountId(name), name, f"C-{name}", "key1")
    return made.session(account, TOKEN)
