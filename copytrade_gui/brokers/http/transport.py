"""The only importer of httpx: one client per account over one shared TLS context.

A pool shared by 500 accounts rescans itself at every request and takes minutes; a context per
client costs 0.8 MiB and 20 ms each. One client per account over one context costs neither.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import ssl
import sys
from collections.abc import Callable, Mapping
from functools import partial

import httpx

from copytrade_gui.brokers.http.address import Address
from copytrade_gui.brokers.http.http_call import (
    MAX_BODY,
    AnswerLostError,
    DeadlinePassedError,
    HttpReply,
    NothingSentError,
    deadline,
)
from copytrade_gui.brokers.http.inflate import BadCodingError, BodyTooLargeError, Inflater
from copytrade_gui.brokers.http.reasons import reason_of, silence_of
from copytrade_gui.brokers.http.route import STRAIGHT, RoutedNetwork, Way
from copytrade_gui.ports import Clock, Silence

CONNECT_S = 2.0
_IDLE_KEPT_S = 30.0
_MANY_PIECES = 4096
_GENERATOR_TURNS = 16
_READ = httpx.ByteStream(b"")
"""In place of the stream of a response that was read."""
_TROUBLES = (
    httpx.HTTPError,
    httpx.StreamError,
    httpx.InvalidURL,
    OSError,
    RuntimeError,  # "client has been closed"
    BadCodingError,
    BodyTooLargeError,
)

if importlib.util.find_spec("sniffio") is None:
    # httpcore tries to import it several times a call. Python forgets that a module is missing and
    # looks through every folder again, which took a third of the time of reading 500 books.
    sys.modules["sniffio"] = None  # type: ignore[assignment]  # the import system's own "missing"


class HttpxCall:
    """``HttpCall`` over httpx. Knows from the library's trace whether sending had begun.

    A call that changes something below ``orders_path`` gets a connection of its own, used for
    nothing else: httpx keeps bytes that follow a reply and would take them for the answer to the
    next request, so that a broken broker could have one order judged by another's reply. None: no
    orders go this way.
    """

    def __init__(
        self,
        address: Address,
        clock: Clock,
        *,
        tls: ssl.SSLContext,
        orders_path: str | None,
        way: Way = STRAIGHT,
    ) -> None:
        self._base = address.base
        self._orders_path = orders_path
        self._clock = clock
        self._make = partial(_client, tls, way)
        self._kept, self._single = self._make(kept=2), self._make(kept=0)
        self._closed = False

    async def request(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
        timeout_s: float,
        max_body: int = MAX_BODY,
        why_held: Callable[[], str] | None = None,
    ) -> HttpReply:
        """Do one call; see ``HttpCall``."""
        sending, sent_ns, left_from = False, 0, ""
        silence: Silence | None = Silence.NETWORK

        async def watch(event: str, info: Mapping[str, object]) -> None:
            nonlocal sending, sent_ns, left_from, silence
            if event == "http11.send_request_headers.started":
                if why_held is not None and (why := why_held()):
                    raise NothingSentError(why)
                sending, sent_ns = True, self._clock.mono_ns()
            elif event == "http11.receive_response_headers.complete":
                silence = None
            elif event == "connection.connect_tcp.complete":
                left_from = _local_address(info.get("return_value"))

        client = self._single if self._changes(method, path) else self._kept
        request = client.build_request(
            method,
            self._base + path,
            headers={"Accept": "*/*", "Accept-Encoding": "gzip", **headers},
            content=body,
            extensions={"trace": watch},
        )
        try:
            async with deadline(self._clock, timeout_s):
                status, found, decoded = await _exchange(client, request, max_body)
        except DeadlinePassedError as error:
            if sending:
                raise AnswerLostError(
                    f"no reply within {timeout_s:g} s", sent_ns=sent_ns, silence=silence
                ) from error
            raise NothingSentError(
                f"no connection within {timeout_s:g} s", silence=Silence.NETWORK
            ) from error
        except (BadCodingError, BodyTooLargeError) as error:
            raise AnswerLostError(str(error), sent_ns=sent_ns) from error
        except _TROUBLES as error:
            if sending:
                if _is_an_answer(error):
                    silence = None
                raise AnswerLostError(reason_of(error), sent_ns=sent_ns, silence=silence) from error
            silence = None if self._closed else silence_of(error)
            raise NothingSentError(reason_of(error), silence=silence) from error
        return HttpReply(status, found, decoded, sent_ns, left_from)

    def _changes(self, method: str, path: str) -> bool:
        orders = self._orders_path
        return orders is not None and method != "GET" and path.startswith(orders)

    async def drop(self) -> None:
        """Close its connections; the next call opens one."""
        if self._closed:
            return
        old = (self._kept, self._single)
        self._kept, self._single = self._make(kept=2), self._make(kept=0)
        for client in old:
            with contextlib.suppress(*_TROUBLES):  # what was out on it is told to its own caller
                await client.aclose()

    async def aclose(self) -> None:
        """Close its connections."""
        self._closed = True
        await self._kept.aclose()
        await self._single.aclose()


def _client(tls: ssl.SSLContext, way: Way, *, kept: int) -> httpx.AsyncClient:
    transport = httpx.AsyncHTTPTransport(
        verify=tls,
        trust_env=False,
        limits=httpx.Limits(
            max_connections=None,
            max_keepalive_connections=kept,
            keepalive_expiry=_IDLE_KEPT_S,
        ),
        retries=0,
    )
    if way is not STRAIGHT:
        pool = transport._pool
        pool._network_backend = RoutedNetwork(pool._network_backend, way)  # type: ignore[assignment]  # it opens the one kind of connection we use
    return httpx.AsyncClient(
        trust_env=False,
        follow_redirects=False,
        timeout=httpx.Timeout(None, connect=CONNECT_S),  # the outer deadline bounds the rest
        transport=transport,
    )


def _local_address(stream: object) -> str:
    """Of a stream of httpx; empty where it has none."""
    ask = getattr(stream, "get_extra_info", None)
    name = None if ask is None else ask("client_addr")
    return str(name[0]) if isinstance(name, tuple) and name else ""


def _is_an_answer(error: BaseException) -> bool:
    """Bytes came that are not HTTP. A connection that was hung up on is no answer."""
    return isinstance(error, httpx.RemoteProtocolError) and "disconnected" not in str(error)


async def _exchange(
    client: httpx.AsyncClient, request: httpx.Request, max_body: int
) -> tuple[int, dict[str, str], bytes]:
    response = await client.send(request, stream=True)
    trouble: BadCodingError | BodyTooLargeError | None = None
    try:
        headers = {name.lower(): value for name, value in response.headers.items()}
        inflater = Inflater(headers.get("content-encoding", ""), max_body)
        pieces = 0
        async for piece in response.aiter_raw():
            pieces += 1
            trouble = _feed(inflater, piece)
            if pieces > _MANY_PIECES and response.num_bytes_downloaded < 64 * pieces:
                # Millions of one-byte chunks would keep the parser busy for a minute.
                trouble = BodyTooLargeError("the body comes in too many pieces")
            if trouble is not None:
                break
    finally:
        try:
            await response.aclose()
        finally:
            # The two know each other, and Python's collector is held back while orders leave: a
            # cycle that it meets then stays until the program ends (``app.garbage``).
            response.stream = _READ
    if trouble is not None:
        # httpx reads through several generators; left in the middle, the loop closes each in a
        # task of its own. They are given their turns here rather than found lying about later.
        for _ in range(_GENERATOR_TURNS):
            await asyncio.sleep(0)
        try:
            raise trouble
        finally:
            trouble = None  # it knows this frame by now
    # Some servers name a coding on a reply that has no body at all.
    decoded = inflater.finish() if response.num_bytes_downloaded else b""
    return response.status_code, headers, decoded


def _feed(inflater: Inflater, piece: bytes) -> BadCodingError | BodyTooLargeError | None:
    try:
        inflater.feed(piece)
    except (BadCodingError, BodyTooLargeError) as error:
        return error.with_traceback(None)
    return None
