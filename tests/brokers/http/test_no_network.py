"""Silence told from answers, connections dropped and opened anew, and where they leave from."""

import asyncio
from pathlib import Path

import pytest

from copytrade_gui.brokers.http.egress import Egress
from copytrade_gui.ports import Accepted, BrokerFailureError, NotSent, Silence, Unknown
from copytrade_gui.simulator.faults import Fault
from tests.brokers.certificates import PrivateCa
from tests.brokers.rig import (
    Answers,
    Line,
    Request,
    Script,
    client,
    place,
    reply,
    says_accepted,
    scripted,
    session_of,
)
from tests.brokers.stand import standing

BOTH = pytest.mark.parametrize("fast", [True, False], ids=["wire", "httpx"])


def saying(piece: bytes) -> Script:
    async def script(line: Line, request: Request) -> None:
        line.send(piece)
        line.close()

    return script


async def hangs_up(line: Line, request: Request) -> None:
    line.close()


async def resets(line: Line, request: Request) -> None:
    line.cut()


# ---------------------------------------------------------------- silence


@pytest.mark.parametrize("script", [hangs_up, resets], ids=["hangs up", "resets"])
async def test_a_read_that_gets_no_byte_back_says_so(cache: Path, script: Script) -> None:
    async with scripted(script) as broker, client(broker, cache) as made:
        read = await session_of(made).order_book()
    assert (read.whole, read.silence) == (False, Silence.NETWORK)


@pytest.mark.parametrize(
    "piece",
    [
        reply(b"<html>busy</html>", 503),
        reply(b'{"status":"Ok","message":"","result":[{"status":"EC003","message":"no"}]}'),
        reply(b"not json at all"),
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n[",
    ],
    ids=["503", "code", "no json", "no http", "cut short"],
)
async def test_a_read_that_is_not_believed_was_answered(cache: Path, piece: bytes) -> None:
    async with scripted(saying(piece)) as broker, client(broker, cache) as made:
        read = await session_of(made).order_book()
    assert (read.whole, read.silence) == (False, None)
    assert read.problem


async def test_nobody_there_is_silence_for_a_read_an_order_and_a_cancel(cache: Path) -> None:
    async with scripted() as broker:
        pass  # the port is free again
    for fast in (True, False):
        async with client(broker, cache, fast=fast) as made:
            session = session_of(made)
            assert (await session.order_book()).silence is Silence.NETWORK
            outcome = (await place(session.orders)).outcome
            assert isinstance(outcome, NotSent)
            assert outcome.silence is Silence.NETWORK
            with pytest.raises(BrokerFailureError) as failure:
                await session.limits()
            assert failure.value.silence is Silence.NETWORK


@BOTH
@pytest.mark.parametrize("which", ["wrong_host", "stranger"])
async def test_a_refused_certificate_is_its_own_kind_of_silence(
    cache: Path, ca: PrivateCa, which: str, fast: bool
) -> None:
    async with (
        scripted(tls=getattr(ca, which)) as broker,
        client(broker, cache, fast=fast, ca_file=ca.ca_file) as made,
    ):
        session = session_of(made)
        read = await session.order_book()
        assert read.silence is Silence.CERTIFICATE
        assert "certificate was refused" in read.problem
        outcome = (await place(session.orders)).outcome
        assert isinstance(outcome, NotSent)
        assert outcome.silence is Silence.CERTIFICATE
        assert broker.requests == []


async def test_an_order_held_back_by_a_stop_is_no_silence(cache: Path) -> None:
    async with scripted() as broker, client(broker, cache) as made:
        session = session_of(made)
        session.orders.obey(lambda _tag: "Trading was stopped.")
        outcome = (await place(session.orders)).outcome
        assert isinstance(outcome, NotSent)
        assert outcome.silence is None
        assert broker.orders() == []


async def test_a_closed_session_is_no_silence(cache: Path) -> None:
    async with scripted() as broker, client(broker, cache) as made:
        session = session_of(made)
        await session.aclose()
        await session.drop_connections()
        read = await session.order_book()
        assert (read.whole, read.silence) == (False, None)
        assert broker.connections == 0


# ---------------------------------------------------------------- dropping


@BOTH
async def test_an_order_on_a_dropped_connection_is_unknown_and_the_next_has_a_new_one(
    cache: Path, fast: bool
) -> None:
    reached = asyncio.Event()

    async def mute_once(line: Line, request: Request) -> None:
        if request.method == "GET" or reached.is_set():
            await says_accepted(line, request)
        else:
            reached.set()
            await asyncio.Event().wait()

    async with scripted(mute_once) as broker, client(broker, cache, fast=fast) as made:
        session = session_of(made)
        await session.open_channel()
        answers = Answers()
        answers.place(session.orders, 1)
        await reached.wait()
        if fast:
            answers.place(session.orders, 2)  # waits in line behind the first
        before = broker.connections
        await session.drop_connections()
        assert isinstance((await answers.of(1)).outcome, Unknown)
        if fast:
            outcome = (await answers.of(2)).outcome
            assert isinstance(outcome, NotSent)
            assert outcome.silence is None
        assert isinstance((await place(session.orders, 3)).outcome, Accepted)
        assert broker.connections > before
        assert [broker.times_seen(number) for number in (1, 2, 3)] == [1, 0, 1]


async def test_a_read_on_a_dropped_connection_ends_and_the_next_has_a_new_one(cache: Path) -> None:
    reached = asyncio.Event()

    async def mute_once(line: Line, request: Request) -> None:
        if reached.is_set():
            await says_accepted(line, request)
        else:
            reached.set()
            await asyncio.Event().wait()

    async with scripted(mute_once) as broker, client(broker, cache) as made:
        session = session_of(made)
        reading = asyncio.create_task(session.order_book())
        await reached.wait()
        await session.drop_connections()
        assert (await reading).silence is Silence.NETWORK
        await session.order_book()
        assert broker.connections == 2


async def test_a_channel_that_was_connecting_is_dropped_and_connects_again(cache: Path) -> None:
    async with scripted() as broker, client(broker, cache) as made:
        session = session_of(made)
        opening = asyncio.create_task(session.open_channel())
        await asyncio.sleep(0)
        await session.drop_connections()
        await opening
        assert isinstance((await place(session.orders)).outcome, Accepted)


# ---------------------------------------------------------------- addresses


def test_only_another_address_is_told() -> None:
    heard: list[tuple[str, str]] = []
    egress = Egress()
    egress.hear(lambda old, new: heard.append((old, new)))
    for address in ("", "192.0.2.1", "2001:db8::1", "192.0.2.1", "", "2001:db8::1"):
        egress.seen(address)
    assert heard == [("", "192.0.2.1"), ("", "2001:db8::1")]
    heard.clear()
    for address in ("198.51.100.7", "2001:db8::2"):
        egress.seen(address)
    assert heard == [("192.0.2.1", "198.51.100.7"), ("2001:db8::1", "2001:db8::2")]


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
async def test_an_order_waits_when_its_new_connection_leaves_from_another_address(
    cache: Path, ca: PrivateCa, tls: bool
) -> None:
    """The connection is up, and nothing was written to it before the change was told."""
    heard: list[tuple[str, str]] = []
    async with (
        scripted(tls=ca.good if tls else None) as broker,
        client(broker, cache, ca_file=ca.ca_file if tls else None) as made,
    ):
        session = session_of(made)
        session._caller.egress.seen("192.0.2.1")  # as it was before the network changed
        session.hear_address(lambda old, new: heard.append((old, new)))
        session.orders.obey(lambda _tag: "A new address." if heard[1:] else "")
        assert isinstance((await place(session.orders)).outcome, NotSent)
        assert heard == [("", "192.0.2.1"), ("192.0.2.1", "127.0.0.1")]
        assert broker.orders() == []


async def test_a_read_tells_where_it_left_from(cache: Path) -> None:
    heard: list[tuple[str, str]] = []
    async with scripted() as broker, client(broker, cache) as made:
        session = session_of(made)
        session._caller.egress.seen("192.0.2.1")
        session.hear_address(lambda old, new: heard.append((old, new)))
        await session.order_book()
        await session.order_book()
    assert heard == [("", "192.0.2.1"), ("192.0.2.1", "127.0.0.1")]


# ---------------------------------------------------------------- the simulator


async def test_the_simulator_cuts_one_account_off_and_serves_the_others(cache: Path) -> None:
    async with standing(cache) as stand:
        one, other = await stand.login(0), await stand.login(1)
        client_id = stand.simulated.accounts[0].client_id
        stand.simulated.add_fault(Fault(action="no_network", accounts=[client_id]))
        assert (await one.order_book()).silence is Silence.NETWORK
        assert (await other.order_book()).whole
        stand.simulated.clear_faults()
        assert (await one.order_book()).whole


async def test_the_simulator_takes_no_connection_while_everybody_is_cut_off(cache: Path) -> None:
    async with standing(cache) as stand:
        session = await stand.login(0)
        assert (await session.order_book()).whole
        stand.simulated.add_fault(Fault(action="no_network"))
        for _ in range(3):
            assert (await session.order_book()).silence is Silence.NETWORK
        stand.simulated.clear_faults()
        assert (await session.order_book()).whole
        assert not stand.simulated.ledger.wire
