"""Trust, bounds, routes and silence of both ways to the broker."""

import asyncio
import contextlib
import gzip
import logging
import ssl
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from copytrade_gui.brokers.http.address import loopback_address
from copytrade_gui.brokers.http.channel import ChannelNeeds, OrderCalls
from copytrade_gui.brokers.http.connection_call import ConnectionCall
from copytrade_gui.brokers.http.http_call import (
    AnswerLostError,
    DeadlinePassedError,
    HttpCall,
    NothingSentError,
    deadline,
)
from copytrade_gui.brokers.http.inflate import BadCodingError, BodyTooLargeError, Inflater
from copytrade_gui.brokers.http.pool import Pool
from copytrade_gui.brokers.http.transport import HttpxCall
from copytrade_gui.brokers.http.trust import tls_context
from copytrade_gui.brokers.iifl.factory import IiflSettings, iifl_broker
from copytrade_gui.brokers.iifl.order_body import OrderEncoder
from copytrade_gui.brokers.iifl.outcome import classify
from copytrade_gui.brokers.iifl.session_call import SessionCall, session_headers
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.route import Family, Route, RouteKind
from copytrade_gui.ports import Accepted, BrokerFailureError, NotSent, SessionToken
from tests.brokers.certificates import PrivateCa
from tests.brokers.rig import (
    ACCOUNT,
    TOKEN,
    Line,
    Request,
    ScriptedBroker,
    SystemClock,
    client,
    place,
    reply,
    says_accepted,
    scripted,
    session_of,
)
from tests.house.cycles import cycles

BOTH = pytest.mark.parametrize("fast", [True, False], ids=["wire", "httpx"])


def call_to(broker: ScriptedBroker, *, fast: bool) -> HttpCall:
    address, clock, tls = loopback_address(broker.base_url), SystemClock(), tls_context()
    if fast:
        return ConnectionCall(Pool(address, clock, tls=tls), orders_path="/orders")
    return HttpxCall(address, clock, tls=tls, orders_path="/orders")


# ---------------------------------------------------------------- trust


def test_the_context_is_strict() -> None:
    context = tls_context()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert context.options & ssl.OP_NO_RENEGOTIATION


@BOTH
@pytest.mark.parametrize("which", ["wrong_host", "stranger"])
async def test_a_bad_certificate_is_not_sent(
    cache: Path, ca: PrivateCa, which: str, fast: bool
) -> None:
    async with (
        scripted(tls=getattr(ca, which)) as broker,
        client(broker, cache, fast=fast, ca_file=ca.ca_file) as made,
    ):
        session = session_of(made)
        outcome = (await place(session.orders)).outcome
        assert isinstance(outcome, NotSent)
        assert "certificate was refused" in outcome.reason
        with pytest.raises(BrokerFailureError, match="certificate was refused"):
            await session.limits()
        assert broker.requests == []


@BOTH
async def test_plain_http_on_a_tls_address_is_not_sent(
    cache: Path, ca: PrivateCa, fast: bool
) -> None:
    async def welcome(line: Line) -> None:
        line.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        line.close()

    async with scripted(welcome=welcome) as broker:
        broker.base_url = broker.base_url.replace("http://", "https://")
        async with client(broker, cache, fast=fast, ca_file=ca.ca_file) as made:
            assert isinstance((await place(session_of(made).orders)).outcome, NotSent)


async def opens(settings: IiflSettings) -> None:
    async with iifl_broker(settings, SystemClock()):
        pass


async def test_settings_that_would_leave_the_known_addresses(cache: Path, tmp_path: Path) -> None:
    await opens(IiflSettings(cache))
    broken = tmp_path / "broken.pem"
    broken.write_text("no certificate")
    local = "http://127.0.0.1:1/v1"
    for settings, sentence in (
        (IiflSettings(cache, base_url="https://evil.example/v1"), "known addresses"),
        (IiflSettings(cache, base_url=local), "known addresses"),
        (IiflSettings(cache, login_url="https://evil.example/"), "known addresses"),
        (
            IiflSettings(cache, base_url=local, login_url="http://x.example", simulator=True),
            "paper",
        ),
        (IiflSettings(cache, ca_file=broken), "for the simulator only"),
        (IiflSettings(cache, local, local, simulator=True, ca_file=broken), "cannot be read"),
        (IiflSettings(cache, local, local, simulator=True, ca_file=cache / "x"), "cannot be read"),
    ):
        with pytest.raises(BrokerFailureError, match=sentence):
            await opens(settings)


# ---------------------------------------------------------------- routes


@BOTH
async def test_a_proxy_in_the_environment_is_ignored(
    cache: Path, fast: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "")
    async with scripted() as broker, client(broker, cache, fast=fast) as made:
        assert isinstance((await place(session_of(made).orders)).outcome, Accepted)


@BOTH
async def test_an_accounts_own_source_address(cache: Path, fast: bool) -> None:
    peers: list[str] = []
    account = replace(ACCOUNT, route=Route(RouteKind.SOURCE, "127.0.0.7"))

    async def welcome(line: Line) -> None:
        peers.append(line.writer.get_extra_info("peername")[0])

    async with scripted(welcome=welcome) as broker:
        settings = IiflSettings(
            cache,
            broker.base_url,
            "http://127.0.0.1:9/",
            simulator=True,
            fast_orders=fast,
        )
        async with iifl_broker(settings, SystemClock()) as made:
            session = made.session(account, TOKEN)
            assert isinstance((await place(session.orders)).outcome, Accepted)
            await session.order_book()
            with contextlib.suppress(BrokerFailureError):
                await made.exchange_code(account, "secret", "CODE1234")
    assert set(peers) == {"127.0.0.7"}


@BOTH
@pytest.mark.parametrize("family", [Family.ANY, Family.IPV4])
async def test_a_name_with_an_address_that_leads_nowhere(
    cache: Path, fast: bool, family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name has two addresses, and nobody listens at the first."""

    real = asyncio.get_running_loop().getaddrinfo

    async def two(host: str, *args: Any, **more: Any) -> list[tuple[Any, ...]]:
        found = await real("127.0.0.1" if host == "localhost" else host, *args, **more)
        first = [(*one[:4], ("127.0.0.99", port)) for one in found if host == "localhost"]
        return [*first, *found]

    async with scripted() as broker:
        port = int(broker.base_url.split(":")[2].split("/")[0])
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", two)
        settings = IiflSettings(
            cache,
            broker.base_url.replace("127.0.0.1", "localhost"),
            "http://127.0.0.1:9/",
            simulator=True,
            fast_orders=fast,
        )
        async with iifl_broker(settings, SystemClock()) as made:
            account = replace(ACCOUNT, route=Route(family=family))
            assert isinstance((await place(made.session(account, TOKEN).orders)).outcome, Accepted)


# ---------------------------------------------------------------- bounds


@BOTH
@pytest.mark.parametrize(
    "sent",
    [
        reply(b"x" * (9 * 1024 * 1024)),
        reply(gzip.compress(b" " * 100_000_000, 1), 200, "Content-Encoding: gzip"),
        reply(b"{}", 200, "Content-Encoding: br"),
        reply(b"not gzip", 200, "Content-Encoding: gzip"),
        b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 1_000_000 + b"\r\n\r\n",
        reply(b"", 200, "Transfer-Encoding: chunked", length=False)
        + b"1\r\nx\r\n" * 100_000
        + b"0\r\n\r\n",
    ],
    ids=["large", "bomb", "unknown coding", "bad gzip", "large header", "tiny chunks"],
)
async def test_a_read_that_is_too_much_fails_in_words(cache: Path, sent: bytes, fast: bool) -> None:
    async def script(line: Line, request: Request) -> None:
        line.send(sent)

    async with scripted(script) as broker, client(broker, cache, fast=fast) as made:
        read = await session_of(made).order_book()
        assert not read.whole
        assert read.problem.startswith("The order book could not be read")


@BOTH
async def test_gzip_is_read_and_redirects_are_not_followed(cache: Path, fast: bool) -> None:
    async def script(line: Line, request: Request) -> None:
        if request.path == "/v1/trades":
            line.send(reply(b"", 302, "Location: /v1/orders"))
        else:
            line.send(reply(gzip.compress(b"[]"), 200, "Content-Encoding: gzip"))

    async with scripted(script) as broker, client(broker, cache, fast=fast) as made:
        session = session_of(made)
        assert (await session.order_book()).whole
        assert not (await session.trade_book()).whole
        assert [one.path for one in broker.requests] == ["/v1/orders", "/v1/trades"]


@BOTH
async def test_a_call_tells_not_sent_from_lost(cache: Path, fast: bool) -> None:
    async def script(line: Line, request: Request) -> None:
        await asyncio.Event().wait()

    async with scripted(script) as broker:
        http_call = call_to(broker, fast=fast)
        with pytest.raises(AnswerLostError, match=r"no reply within 0\.1 s") as caught:
            await http_call.request("GET", "/orders", headers={}, timeout_s=0.1)
        assert caught.value.sent_ns > 0
    with pytest.raises(NothingSentError, match="refused the connection"):
        await http_call.request("GET", "/orders", headers={}, timeout_s=5)
    await http_call.aclose()
    with pytest.raises(NothingSentError):
        await http_call.request("GET", "/orders", headers={}, timeout_s=5)


@BOTH
async def test_a_call_leaves_nothing_that_only_pythons_collector_frees(
    cache: Path, fast: bool
) -> None:
    """It is held back while orders leave: 3 KB an order stayed for the day."""
    answers = {
        "/v1/orders": reply(b'{"status":"Ok","result":[]}'),
        "/v1/trades": reply(gzip.compress(b"[]"), 200, "Content-Encoding: gzip"),
        "/v1/positions": reply(b"not gzip", 200, "Content-Encoding: gzip"),
        "/v1/holdings": reply(b"x" * (9 * 1024 * 1024)),
        "/v1/limits": reply(b"{}", 401),
    }

    async def script(line: Line, request: Request) -> None:
        if request.path in answers:
            line.send(answers[request.path])
        else:
            line.close()

    async with scripted(script) as broker, client(broker, cache, fast=fast) as made:
        session, asked = session_of(made), call_to(broker, fast=fast)
        with cycles("httpx", "httpcore", "anyio", "h11", "copytrade_gui") as left:
            for _ in range(3):
                await session.order_book()
                await session.trade_book()
                for fails in (session.positions, session.holdings, session.limits):
                    with contextlib.suppress(BrokerFailureError):
                        await fails()
                with contextlib.suppress(AnswerLostError):
                    await asked.request("GET", "/elsewhere", headers={}, timeout_s=5)
        await asked.aclose()
        assert not left, left
        assert {one.path for one in broker.requests} >= answers.keys()


def test_inflating_is_bounded_piece_by_piece() -> None:
    whole = gzip.compress(b"a" * 1000)
    inflater = Inflater("GZip", 1000)
    for at in range(len(whole)):
        inflater.feed(whole[at : at + 1])
    assert inflater.finish() == b"a" * 1000
    with pytest.raises(BodyTooLargeError):
        Inflater("gzip", 999).feed(whole)
    with pytest.raises(BodyTooLargeError):
        Inflater("", 3).feed(b"abcd")
    with pytest.raises(BadCodingError):
        Inflater("gzip", 10).finish()


async def test_the_outer_deadline() -> None:
    with pytest.raises(DeadlinePassedError):
        async with deadline(SystemClock(), 0.01):
            await asyncio.Event().wait()
    async with deadline(SystemClock(), 60):
        await asyncio.sleep(0)
    with pytest.raises(TimeoutError):  # a time-out of the block's own is not ours
        async with deadline(SystemClock(), 60):
            raise TimeoutError


# ---------------------------------------------------------------- silence about secrets


@BOTH
async def test_secrets_and_bodies_are_in_no_log_and_no_text(
    cache: Path, fast: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    async def script(line: Line, request: Request) -> None:
        if request.path == "/v1/getusersession":
            line.send(reply(b'{"status":"Ok","userSession":"SESSION-SECRET-1"}'))
        elif request.path == "/v1/limits":
            line.send(reply(b'{"status":"Ok","result":"BODY-SECRET-1"}'))
        elif request.path == "/v1/trades":
            line.cut()
        else:
            await says_accepted(line, request)

    texts: list[str] = []
    async with scripted(script) as broker, client(broker, cache, fast=fast) as made:
        token = await made.exchange_code(ACCOUNT, "APP-SECRET-1", "AUTHCODE1")
        session = made.session(ACCOUNT, token)
        await session.open_channel()
        texts.append(repr(await place(session.orders)))
        texts.append(repr(await session.trade_book()))
        with pytest.raises(BrokerFailureError) as caught:
            await session.limits()
        texts += [str(caught.value), repr(caught.value), repr(token)]
    assert any(one.path == "/v1/orders" for one in broker.requests)
    texts.append(caplog.text)
    check_sum = broker.requests[0].body.decode().split('"')[3]
    assert len(check_sum) == 64
    for secret in ("SESSION-SECRET-1", "APP-SECRET-1", "AUTHCODE1", "BODY-SECRET-1", check_sum):
        assert not any(secret in text for text in texts), secret


def test_what_holds_a_token_does_not_show_it() -> None:
    headers = session_headers("SESSION-SECRET-1")

    async def nothing() -> None: ...

    calls = OrderCalls("/orders", "/profile", OrderEncoder().prepare, classify)
    needs = ChannelNeeds(AccountId("a"), headers, HttpxCallStub(), calls)
    for holder in (
        needs,
        SessionCall(HttpxCallStub(), headers),
        SessionToken("SESSION-SECRET-1", 1),
    ):
        assert "SESSION-SECRET-1" not in repr(holder)


class HttpxCallStub(HttpxCall):
    def __init__(self) -> None:
        """No client: only its place in a record is looked at."""


@pytest.mark.parametrize("token", ["", "a\r\nX: 1", "has space in it"])
async def test_a_damaged_token_never_becomes_a_header(cache: Path, token: str) -> None:
    async with scripted() as broker, client(broker, cache) as made:
        with pytest.raises(BrokerFailureError, match="Log the account in again"):
            made.session(ACCOUNT, SessionToken(token, 1))
