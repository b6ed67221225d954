"""The way an account's connections take: from which local address, or through which proxy.

All of them take it: orders, reads, feed and login. Where it does not carry, the connection fails
and says why; none is opened another way instead.
"""

from __future__ import annotations

import asyncio
import base64
import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol

from copytrade_gui.brokers.http.http_call import DeadlinePassedError, deadline
from copytrade_gui.domain.route import Family, Route, RouteKind
from copytrade_gui.ports import BrokerFailureError, Clock

PROXY_S = 1.5
"""How long a proxy may take to connect us: a part of the two seconds of every connection."""
_MOST_HEAD = 16 * 1024
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})[ \r]")
_FAMILIES = {Family.ANY: None, Family.IPV4: "0.0.0.0", Family.IPV6: "::"}  # noqa: S104 - no listener

Login = Callable[[], Awaitable[str]]
"""Reads a proxy's ``user:password``, empty for none. Raises BrokerFailureError."""


class RouteFailedError(OSError):
    """The account's own way does not carry. The text is one clause for the operator."""


async def no_login() -> str:
    """A proxy that asks for none."""
    return ""


@dataclass(frozen=True, slots=True, eq=False)
class Proxy:
    """A proxy that takes HTTP CONNECT."""

    host: str
    port: int
    clock: Clock
    login: Login = field(default=no_login, repr=False)

    @property
    def name(self) -> str:
        """Host and port as people write them."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @asynccontextmanager
    async def connecting(self) -> AsyncIterator[None]:
        """The block connects by this proxy. Raises RouteFailedError for whatever fails in it."""
        try:
            async with deadline(self.clock, PROXY_S):
                yield
        except RouteFailedError:
            raise
        except BrokerFailureError as error:
            raise RouteFailedError(f"the login of its proxy cannot be read: {error}") from error
        except DeadlinePassedError as error:
            raise RouteFailedError(
                f"its proxy {self.name} does not answer within {PROXY_S:g} s"
            ) from error
        except Exception as error:
            raise RouteFailedError(f"its proxy {self.name} {_why(error)}") from error

    async def request(self, host: str, port: int) -> tuple[bytes, ConnectAnswer]:
        """The bytes that ask it for a connection, and what reads its answer."""
        target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        login = await self.login()
        coded = base64.b64encode(login.encode()).decode("ascii")
        proof = f"Proxy-Authorization: Basic {coded}\r\n" if login else ""
        head = f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{proof}\r\n"
        return head.encode("ascii"), ConnectAnswer(self.name, host, with_login=bool(login))


class ConnectAnswer:
    """Reads a proxy's answer to CONNECT as its bytes come."""

    def __init__(self, proxy: str, target: str, *, with_login: bool) -> None:
        self._proxy, self._target, self._with_login = proxy, target, with_login
        self._read = b""

    def feed(self, data: bytes) -> bool:
        """True once the connection stands. Raises RouteFailedError: it does not."""
        if not data:
            raise RouteFailedError(f"its proxy {self._proxy} hung up")
        self._read += data
        _, whole, more = self._read.partition(b"\r\n\r\n")
        if not whole and len(self._read) <= _MOST_HEAD:
            return False
        status = _STATUS.match(self._read)
        number = int(status[1]) if status else 0
        if 200 <= number < 300 and whole and not more:
            return True
        raise RouteFailedError(self._refusal(number))

    def _refusal(self, status: int) -> str:
        if status == 407 and self._with_login:
            return f"its proxy {self._proxy} does not take the proxy login (407); correct it"
        if status == 407:
            return (
                f"its proxy {self._proxy} asks for a user name and password (407); enter them as "
                "the proxy login"
            )
        if status >= 300:
            return f"its proxy {self._proxy} does not connect to {self._target} ({status})"
        return f"its proxy {self._proxy} answers as no HTTP proxy does"


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """The way of one account's connections.

    ``source`` is the local address they leave from, ``0.0.0.0`` or ``::`` for its family only;
    None: the system chooses. ``refused`` is why the way may not be taken at all.
    """

    source: str | None = None
    proxy: Proxy | None = None
    refused: str = ""

    def check(self) -> None:
        """Raises RouteFailedError: no connection can take it."""
        if self.refused:
            raise RouteFailedError(self.refused)
        if self.source is not None and not owns_address(self.source):
            raise RouteFailedError(
                f"this machine does not have its route's address {self.source}; give it to the "
                "machine, or change the route"
            )


STRAIGHT = Way()
"""As the system goes."""


def way_of(route: Route, clock: Clock, login: Login = no_login) -> Way:
    """The way that a route stands for."""
    if route.kind is RouteKind.SOURCE:
        return Way(source=route.address)
    if route.kind is RouteKind.PROXY:
        return Way(proxy=Proxy(*route.proxy, clock, login))
    family = _FAMILIES[route.family]
    return STRAIGHT if family is None else Way(source=family)


def owns_address(address: str) -> bool:
    """True if connections of this machine can leave from this address."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.bind((address, 0))
    except OSError:
        return False
    return True


def _why(error: BaseException) -> str:
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, socket.gaierror):
            return "has a name that could not be looked up"
        if isinstance(seen, ConnectionRefusedError):
            return "refuses the connection"
        seen = seen.__cause__ or seen.__context__
    return "could not be reached"


# ------------------------------------------------------------ over asyncio's transports


async def tunnel(proxy: Proxy, host: str, port: int) -> asyncio.Transport:
    """A connection to ``host`` through a proxy, nothing read from it yet.

    Raises:
        RouteFailedError: the proxy does not answer, or does not connect.
    """
    async with proxy.connecting():
        request, answer = await proxy.request(host, port)
        loop = asyncio.get_running_loop()
        transport, asking = await loop.create_connection(
            lambda: _Asking(answer), proxy.host, proxy.port
        )
        try:
            transport.write(request)
            await asking.answered
        except BaseException:
            transport.abort()
            raise
        return transport


class _Asking(asyncio.Protocol):
    """Waits for the proxy's answer; another protocol takes the connection over then."""

    def __init__(self, answer: ConnectAnswer) -> None:
        self._answer = answer
        self.answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def data_received(self, data: bytes) -> None:
        try:
            done = self._answer.feed(data)
        except RouteFailedError as error:
            if not self.answered.done():
                self.answered.set_exception(error)
            return
        if done and not self.answered.done():
            self.answered.set_result(None)

    def connection_lost(self, _exc: Exception | None) -> None:
        if not self.answered.done():
            self.data_received(b"")


# ------------------------------------------------------------ over a network of httpx


class _Stream(Protocol):
    """A connection as httpx's network makes it."""

    async def read(self, max_bytes: int) -> bytes: ...

    async def write(self, buffer: bytes) -> None: ...

    async def aclose(self) -> None: ...


class RoutedNetwork:
    """In the place of httpx's network: its connections take the account's way.

    So a proxy is asked before anything of the request is on its way, and what a request's trace
    calls sent has left through the tunnel. httpx's own proxies ask with a request of their own.
    """

    def __init__(self, network: object, way: Way) -> None:
        self._network = network
        self._way = way

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the library's signature
        local_address: str | None = None,  # noqa: ARG002 - the way's, whatever it says
        socket_options: object = None,
    ) -> _Stream:
        """Open a connection to ``host``. Raises RouteFailedError, or what httpx's network does."""
        way, proxy = self._way, self._way.proxy
        way.check()
        if proxy is None:
            return await self._open(host, port, timeout, way.source, socket_options)
        async with proxy.connecting():
            request, answer = await proxy.request(host, port)
            stream = await self._open(proxy.host, proxy.port, None, None, socket_options)
            try:
                await stream.write(request)
                while not answer.feed(await stream.read(_MOST_HEAD)):
                    pass
            except BaseException:
                await stream.aclose()
                raise
            return stream

    async def _open(
        self, host: str, port: int, limit: float | None, source: str | None, options: object
    ) -> _Stream:
        connect = self._network.connect_tcp  # type: ignore[attr-defined]  # see __init__
        stream: _Stream = await connect(
            host, port, timeout=limit, local_address=source, socket_options=options
        )
        return stream

    async def sleep(self, seconds: float) -> None:
        """As the library waits between its tries."""
        await self._network.sleep(seconds)  # type: ignore[attr-defined]  # see __init__
