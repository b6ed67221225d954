"""Requests encrypted before they may leave: nothing leaves early, nothing is sent twice.

That is TLS in memory; TLS on the socket encrypts and sends in one call (``test_tls_socket``).
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from copytrade_gui.brokers.iifl.session import IiflSession
from copytrade_gui.ports import Accepted, NotSent, PlaceReply, PreparedOrder
from tests.brokers.certificates import PrivateCa
from tests.brokers.rig import (
    CALM_MS,
    Line,
    Request,
    ScriptedBroker,
    client,
    place,
    scripted,
    session_of,
    tag,
    terms,
)
from tests.brokers.steered import until

pytestmark = pytest.mark.usefixtures("memory_tls")


@asynccontextmanager
async def warm(cache: Path, ca: PrivateCa, broker: ScriptedBroker) -> AsyncIterator[IiflSession]:
    async with client(broker, cache, ca_file=ca.ca_file) as made:
        session = session_of(made)
        await session.open_road()
        yield session


async def turns() -> None:
    """Let everything that is under way come to its end."""
    for _ in range(50):
        await asyncio.sleep(0)


async def reply_to(session: IiflSession, order: PreparedOrder) -> PlaceReply:
    heard: asyncio.Future[PlaceReply] = asyncio.get_running_loop().create_future()
    session.orders.place(order, CALM_MS, heard.set_result)
    return await heard


async def test_no_byte_of_a_sealed_order_leaves_before_it_is_placed(
    cache: Path, ca: PrivateCa
) -> None:
    async with scripted(tls=ca.good) as broker, warm(cache, ca, broker) as session:
        order = session.orders.prepare(terms(), tag(1))
        session.orders.seal(order)
        await turns()
        assert broker.orders() == []
        reply = await reply_to(session, order)
        assert isinstance(reply.outcome, Accepted)
        assert reply.sent_ns > 0
        assert broker.times_seen(1) == 1
        assert broker.connections == 1


async def test_an_order_that_was_sealed_and_given_up_never_arrives(
    cache: Path, ca: PrivateCa
) -> None:
    async with scripted(tls=ca.good) as broker, warm(cache, ca, broker) as session:
        given_up = session.orders.prepare(terms(), tag(1))
        session.orders.seal(given_up)
        session.orders.unseal(given_up)
        assert isinstance((await place(session.orders, 2)).outcome, Accepted)
        assert [broker.times_seen(number) for number in (1, 2)] == [0, 1]
        # The records of the first connection were numbered with the order in them.
        assert broker.connections == 2


async def test_giving_up_an_order_that_was_not_sealed_changes_nothing(
    cache: Path, ca: PrivateCa
) -> None:
    async with scripted(tls=ca.good) as broker, warm(cache, ca, broker) as session:
        session.orders.unseal(session.orders.prepare(terms(), tag(1)))
        assert isinstance((await place(session.orders, 2)).outcome, Accepted)
        assert broker.connections == 1


async def test_another_order_waits_behind_a_sealed_one(cache: Path, ca: PrivateCa) -> None:
    async with scripted(tls=ca.good) as broker, warm(cache, ca, broker) as session:
        sealed = session.orders.prepare(terms(), tag(1))
        session.orders.seal(sealed)
        second = session.orders.prepare(terms(), tag(2))
        session.orders.seal(second)  # there is no room for it; that is no fault
        waiting = asyncio.ensure_future(reply_to(session, second))
        await turns()
        assert broker.orders() == []
        replies = [await reply_to(session, sealed), await waiting]
        assert all(isinstance(reply.outcome, Accepted) for reply in replies)
        assert [request.tag for request in broker.orders()] == [tag(1), tag(2)]
        assert broker.overlaps == 0


async def test_a_connection_cut_under_a_sealed_order_is_replaced_and_it_arrives_once(
    cache: Path, ca: PrivateCa
) -> None:
    lines: list[Line] = []

    async def remember(line: Line) -> None:
        lines.append(line)

    async with (
        scripted(welcome=remember, tls=ca.good) as broker,
        warm(cache, ca, broker) as session,
    ):
        order = session.orders.prepare(terms(), tag(1))
        session.orders.seal(order)
        lines[0].cut()
        await until(lambda: broker.connections == 2)
        reply = await reply_to(session, order)
        assert isinstance(reply.outcome, Accepted)
        assert broker.times_seen(1) == 1


async def test_bytes_that_nobody_asked_for_end_a_sealed_connection(
    cache: Path, ca: PrivateCa
) -> None:
    lines: list[Line] = []

    async def remember(line: Line) -> None:
        lines.append(line)

    async with (
        scripted(welcome=remember, tls=ca.good) as broker,
        warm(cache, ca, broker) as session,
    ):
        order = session.orders.prepare(terms(), tag(1))
        session.orders.seal(order)
        lines[0].send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await until(lambda: broker.connections == 2)
        assert isinstance((await reply_to(session, order)).outcome, Accepted)
        assert broker.times_seen(1) == 1


async def test_closing_with_a_sealed_order_sends_nothing(cache: Path, ca: PrivateCa) -> None:
    async with scripted(tls=ca.good) as broker, warm(cache, ca, broker) as session:
        order = session.orders.prepare(terms(), tag(1))
        session.orders.seal(order)
        await session.aclose()
        outcome = (await reply_to(session, order)).outcome
        assert outcome == NotSent("the session is closed")
        assert broker.orders() == []


async def test_a_large_reply_comes_through_whole(cache: Path, ca: PrivateCa) -> None:
    """Many TLS records, torn over many reads of the socket."""
    wide = b'{"status":"Ok","result":[{"status":"Success","brokerOrderId":"B77","pad":"%b"}]}'

    async def wordy(line: Line, request: Request) -> None:
        body = wide % (b"x" * 200_000)
        head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
        line.send(head)
        for start in range(0, len(body), 30_000):
            line.send(body[start : start + 30_000])
            await line.flushed()

    async with scripted(wordy, tls=ca.good) as broker, warm(cache, ca, broker) as session:
        reply = await place(session.orders)
        assert reply.outcome == Accepted("B77")  # type: ignore[arg-type]  # a plain text is one


async def test_a_drop_under_a_sealed_order_leaves_nothing_behind_and_it_goes_once_over_a_new_one(
    cache: Path, ca: PrivateCa
) -> None:
    """As when an account comes back while the marks of its order are being stored."""
    async with scripted(tls=ca.good) as broker, warm(cache, ca, broker) as session:
        order = session.orders.prepare(terms(), tag(1))
        session.orders.seal(order)
        await session.drop_connections()
        await until(lambda: broker.connections == 2)
        assert broker.orders() == []
        session.orders.launch(order)
        assert isinstance((await reply_to(session, order)).outcome, Accepted)
        assert broker.times_seen(1) == 1


async def test_a_drop_under_a_sealed_order_that_is_then_given_up_sends_nothing(
    cache: Path, ca: PrivateCa
) -> None:
    async with scripted(tls=ca.good) as broker, warm(cache, ca, broker) as session:
        given_up = session.orders.prepare(terms(), tag(1))
        session.orders.seal(given_up)
        await session.drop_connections()
        session.orders.unseal(given_up)
        await until(lambda: broker.connections == 2)
        assert isinstance(
            (await reply_to(session, session.orders.prepare(terms(), tag(2)))).outcome, Accepted
        )
        assert [broker.times_seen(number) for number in (1, 2)] == [0, 1]
