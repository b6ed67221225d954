"""The way back from the broker's page to this machine: one return, and nothing else."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

import pytest

from copytrade_gui.brokers.http.login_returns import LOOPBACK, WAIT_S, LoginReturns
from copytrade_gui.brokers.iifl.auth import is_login_return, read_login_return
from copytrade_gui.ports import BrokerFailureError


async def get(address: str, query: str = "", *, host: str = "", line: str = "") -> str:
    """What a browser is answered; empty where nobody listens."""
    parts = urlsplit(address)
    try:
        reader, writer = await asyncio.open_connection(LOOPBACK, parts.port)
    except OSError:
        return ""
    first = line.format(path=parts.path) or f"GET {parts.path}{query} HTTP/1.1"
    head = host or f"Host: {parts.netloc}"
    writer.write(f"{first}\r\n{head}\r\nAccept: */*\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer.decode()


async def test_the_first_return_is_taken_whole_and_nobody_listens_any_more() -> None:
    way = LoginReturns(is_login_return)
    back = await way.listen()
    waiting = asyncio.create_task(way.returned())
    answer = await get(back.address, "?authcode=ABCD1234&clientid=zz%20top")
    assert answer.startswith("HTTP/1.1 200 OK")
    assert "ABCD1234" not in answer
    returned = read_login_return(await waiting)
    assert returned is not None
    assert (returned.auth_code, returned.client_id) == ("ABCD1234", "zz top")
    assert await get(back.address, "?authcode=LATE5678") == ""


@pytest.mark.parametrize(
    ("line", "host"),
    [
        ("GET /favicon.ico HTTP/1.1", ""),
        ("GET / HTTP/1.1", ""),
        ("GET /?authcode=ABCD1234 HTTP/1.1", ""),
        ("GET {path}x?authcode=ABCD1234 HTTP/1.1", ""),
        ("GET {path} HTTP/1.1", ""),
        ("GET {path}?error=denied HTTP/1.1", ""),
        ("POST {path}?authcode=ABCD1234 HTTP/1.1", ""),
        ("GET {path}?authcode=ABCD1234 HTTP/1.1", "Host: evil.example"),
        ("GET {path}?authcode=ABCD1234 HTTP/1.1", "Host: 127.0.0.1.evil.example"),
        ("GET {path}?authcode=ABCD1234 HTTP/1.1", "Accept-Language: en"),
        ("GET http://evil.example{path}?authcode=ABCD1234 HTTP/1.1", ""),
        ("GET {path}?authcode=" + "a" * 20_000 + " HTTP/1.1", ""),
        ("no HTTP at all", ""),
    ],
)
async def test_what_is_no_return_is_told_nothing_and_waited_on(line: str, host: str) -> None:
    way = LoginReturns(is_login_return)
    back = await way.listen()
    waiting = asyncio.create_task(way.returned())
    assert (await get(back.address, line=line, host=host)).startswith("HTTP/1.1 404")
    assert not waiting.done()
    await get(back.address, "?authcode=RIGHT123", host="Host: localhost")
    assert "RIGHT123" in await waiting


async def test_port_and_path_are_others_every_time_and_stay_on_this_machine() -> None:
    way = LoginReturns(is_login_return)
    one, other = await way.listen(), await way.listen()
    await way.aclose()
    for back in (one, other):
        assert urlsplit(back.address).hostname == LOOPBACK
        assert len(urlsplit(back.address).path) > 20
    assert urlsplit(one.address).path != urlsplit(other.address).path
    assert WAIT_S == 120


async def test_a_machine_that_cannot_be_listened_on_names_the_other_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def refuse(*_given: object, **_named: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(asyncio, "start_server", refuse)
    back = await LoginReturns(is_login_return).listen()
    assert back.address == ""
    assert back.problem == (
        "The console cannot listen on this machine: Permission denied. Paste the address that the "
        "browser ends on."
    )


async def test_listening_anew_gives_up_what_was_listened_for() -> None:
    way = LoginReturns(is_login_return)
    first = await way.listen()
    waiting = asyncio.create_task(way.returned())
    await asyncio.sleep(0)
    second = await way.listen()
    await asyncio.wait([waiting])
    assert waiting.cancelled()
    assert await get(first.address, "?authcode=ABCD1234") == ""
    again = asyncio.create_task(way.returned())
    await get(second.address, "?code=WXYZ9876")
    assert "WXYZ9876" in await again


async def test_nobody_came_back_in_time() -> None:
    way = LoginReturns(is_login_return, wait_s=0.01)
    back = await way.listen()
    with pytest.raises(BrokerFailureError, match="or open the page again"):
        await way.returned()
    assert await get(back.address, "?authcode=ABCD1234") == ""
    with pytest.raises(BrokerFailureError, match="Begin it again"):
        await way.returned()


async def test_whoever_gives_up_waiting_closes_the_port() -> None:
    way = LoginReturns(is_login_return)
    back = await way.listen()
    waiting = asyncio.create_task(way.returned())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    assert await get(back.address, "?authcode=ABCD1234") == ""
