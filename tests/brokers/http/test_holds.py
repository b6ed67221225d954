"""What holds an order that waits on its channel: asked right before its first byte."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from copytrade_gui.domain.ids import Tag
from copytrade_gui.ports import Accepted, NotSent, Unknown
from tests.brokers.certificates import PrivateCa
from tests.brokers.rig import (
    Answers,
    Line,
    Request,
    ScriptedBroker,
    client,
    listen,
    reply,
    says_accepted,
    scripted,
    session_of,
    tag,
)


@asynccontextmanager
async def behind_a_slow_way(
    broker: ScriptedBroker, arrived: asyncio.Event, go_on: asyncio.Event
) -> AsyncIterator[None]:
    """Connections to the broker are taken at once; bytes are carried once ``go_on`` is set."""
    tasks: set[asyncio.Task[None]] = set()
    port = int(broker.base_url.partition("127.0.0.1:")[2].partition("/")[0])

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            writer.write(data)
        writer.close()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        arrived.set()
        await go_on.wait()
        back_reader, back_writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            await asyncio.gather(
                pump(reader, back_writer), pump(back_reader, writer), return_exceptions=True
            )
        finally:
            back_writer.close()
            writer.close()
            tasks.discard(task)

    server = await listen(carry)
    bound = server.sockets[0].getsockname()[1]
    broker.base_url = broker.base_url.replace(f":{port}/", f":{bound}/")
    try:
        yield
    finally:
        server.close()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


@pytest.mark.parametrize("fast", [True, False], ids=["wire", "httpx"])
async def test_a_stop_between_connecting_and_sending_is_obeyed(
    cache: Path, ca: PrivateCa, fast: bool
) -> None:
    """The handshake takes its time; the stop comes in it, and no byte of the order leaves."""
    arrived, go_on = asyncio.Event(), asyncio.Event()
    stopped = False
    async with (
        scripted(says_accepted, tls=ca.good) as broker,
        behind_a_slow_way(broker, arrived, go_on),
        client(broker, cache, fast=fast, ca_file=ca.ca_file) as made,
    ):
        channel = session_of(made).orders
        channel.obey(lambda _tag: "Halted." if stopped else "")
        answers = Answers()
        answers.place(channel, 1)
        await arrived.wait()
        stopped = True
        go_on.set()
        heard = await answers.of(1)
        assert heard.outcome == NotSent("Halted.")
        assert heard.sent_ns == 0
        assert broker.times_seen(1) == 0
        stopped = False
        answers.place(channel, 2)
        assert isinstance((await answers.of(2)).outcome, Accepted)


async def test_each_order_that_waits_behind_another_is_asked_for_by_its_tag(cache: Path) -> None:
    """Of two that wait, one has grown too old."""
    old: set[Tag] = set()
    arrived, answer = asyncio.Event(), asyncio.Event()

    async def slow(line: Line, request: Request) -> None:
        if request.method == "POST":
            arrived.set()
            await answer.wait()
        await says_accepted(line, request)

    async with scripted(slow) as broker, client(broker, cache) as made:
        session = session_of(made)
        await session.open_channel()
        session.orders.obey(lambda tag: "Too old." if tag in old else "")
        answers = Answers()
        for number in (1, 2, 3):
            answers.place(session.orders, number)
        await arrived.wait()
        old.add(tag(2))
        answer.set()
        heard = [one.outcome for one in await answers.all((1, 2, 3))]
        assert [type(one) for one in heard] == [Accepted, NotSent, Accepted]
        assert [broker.times_seen(number) for number in (1, 2, 3)] == [1, 0, 1]


async def test_a_bad_answer_is_heard_before_the_next_in_line_leaves(cache: Path) -> None:
    """A 429 tells the account to wait; what stands behind it must not leave meanwhile."""
    arrived, answer = asyncio.Event(), asyncio.Event()
    answers = Answers()

    async def too_many(line: Line, request: Request) -> None:
        if request.method == "POST":
            arrived.set()
            await answer.wait()
            line.send(reply(b"{}", 429))
        else:
            await says_accepted(line, request)

    async with scripted(too_many) as broker, client(broker, cache) as made:
        session = session_of(made)
        await session.open_channel()
        session.orders.obey(lambda _tag: "Told to wait." if 1 in answers.replies else "")
        answers.place(session.orders, 1)
        answers.place(session.orders, 2)
        await arrived.wait()
        answer.set()
        assert isinstance((await answers.of(1)).outcome, Unknown)
        assert isinstance((await answers.of(2)).outcome, NotSent)
        assert broker.times_seen(2) == 0
