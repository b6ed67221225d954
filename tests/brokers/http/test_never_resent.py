"""Watching the wire: whatever the network does, an order arrives at most once."""

import asyncio
import random
from pathlib import Path

import pytest

from copytrade_gui.domain.ids import BrokerOrderId
from copytrade_gui.ports import Accepted, NotSent, PlaceReply, Unknown
from tests.brokers.rig import (
    Answers,
    Line,
    Request,
    accepted,
    client,
    proof_count,
    read_request,
    reply,
    says_accepted,
    scripted,
    session_of,
    tag,
)

SEED = 20261124
CHANNELS = 20


class Nuisance:
    """Cuts connections at every moment there is: before, within and after requests and replies."""

    def __init__(self) -> None:
        self.dice = random.Random(SEED)  # noqa: S311 - a run must come again
        self.arrived: dict[str, int] = {}

    async def welcome(self, line: Line) -> None:
        fate = self.dice.randrange(12)
        if fate == 0:
            line.close()
        elif fate == 1:
            line.cut()
        elif fate == 2:
            line.send(reply(b"{}", 503))
        elif fate == 3:
            # What was read of the request is not enough to act on.
            await line.reader.read(self.dice.randrange(1, 400))
            line.cut()

    async def script(self, line: Line, request: Request) -> None:
        self.arrived[request.tag] = self.arrived.get(request.tag, 0) + 1
        fate = self.dice.randrange(10)
        if fate == 0:
            line.cut()
        elif fate == 1:
            line.close()
        elif fate == 2:
            line.send(reply(b"", 502))
        elif fate == 3:
            line.send(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{")
            line.close()
        elif fate == 4:
            await says_accepted(line, request)
            line.close()
        else:
            await says_accepted(line, request)


def agrees(heard: PlaceReply, arrived: int) -> bool:
    """What we say may be less than what happened, never something else."""
    outcome = heard.outcome
    if isinstance(outcome, NotSent):
        return arrived == 0 and heard.sent_ns == 0
    if isinstance(outcome, Accepted):
        return arrived == 1
    return isinstance(outcome, Unknown) and arrived <= 1 and heard.sent_ns > 0


@pytest.mark.parametrize("fast", [True, False], ids=["wire", "httpx"])
async def test_each_order_arrives_at_most_once(cache: Path, fast: bool) -> None:
    count = proof_count(600, "resend") // CHANNELS
    nuisance, answers = Nuisance(), Answers()

    async def run(channel: int) -> None:
        session = sessions[channel]
        for number in range(channel * count, (channel + 1) * count):
            answers.place(session.orders, number, deadline_ms=5000)
            if number % 3:  # sometimes two wait in line
                await answers.of(number)

    async with (
        scripted(nuisance.script, welcome=nuisance.welcome) as broker,
        client(broker, cache, fast=fast) as made,
    ):
        sessions = [session_of(made, f"a{index}") for index in range(CHANNELS)]
        await asyncio.gather(*(session.open_channel() for session in sessions))
        await asyncio.gather(*(run(channel) for channel in range(CHANNELS)))
        heard = await answers.all(range(CHANNELS * count))
    wrong = [
        (number, one, nuisance.arrived.get(tag(number), 0))
        for number, one in enumerate(heard)
        if not agrees(one, nuisance.arrived.get(tag(number), 0))
    ]
    assert wrong == []
    kinds = {type(one.outcome) for one in heard}
    assert kinds >= {Accepted, Unknown}
    assert broker.overlaps == 0


async def test_an_unknown_order_is_not_sent_again_when_the_channel_recovers(cache: Path) -> None:
    """The connection comes back warm, other orders follow, and the lost one stays lost."""
    seen: list[str] = []

    async def script(line: Line, request: Request) -> None:
        if request.method == "POST":
            seen.append(request.tag)
        if request.tag == tag(1):
            line.cut()
        else:
            await says_accepted(line, request)

    for fast in (True, False):
        seen.clear()
        async with scripted(script) as broker, client(broker, cache, fast=fast) as made:
            session = session_of(made)
            await session.open_channel()
            answers = Answers()
            for number in range(1, 6):
                answers.place(session.orders, number)
            heard = await answers.all(range(1, 6))
        assert sorted(seen) == sorted(tag(number) for number in range(1, 6))
        assert isinstance(heard[0].outcome, Unknown)
        assert all(isinstance(one.outcome, Accepted) for one in heard[1:])


@pytest.mark.parametrize("out", ["an order", "a read that keeps it warm", "a cancel"])
@pytest.mark.parametrize("status", [503, 429])
async def test_a_reply_that_nobody_asked_for_answers_no_later_order(
    cache: Path, out: str, status: int
) -> None:
    """A server in front says 503 as the request arrives; the broker's own answer comes after it.

    An order placed in between must not be told that answer, which names another order's id.
    """
    said, placed = asyncio.Event(), asyncio.Event()

    async def script(line: Line, request: Request) -> None:
        if said.is_set():
            await says_accepted(line, request)
            return
        line.send(reply(b"{}", status))
        said.set()
        await placed.wait()
        line.send(reply(accepted("B-of-the-first")))

    async with scripted(script) as broker, client(broker, cache) as made:
        session, answers = session_of(made), Answers()
        await session.open_channel()
        if out == "an order":
            answers.place(session.orders, 1)
            assert isinstance((await answers.of(1)).outcome, Unknown)
        elif out == "a cancel":
            assert isinstance(await session.cancel(BrokerOrderId("B7")), Unknown)
        else:
            await session.open_channel()
        answers.place(session.orders, 2)
        placed.set()
        assert (await answers.of(2)).outcome == Accepted(BrokerOrderId(f"B{tag(2)}"))
        assert broker.times_seen(2) == 1
        assert broker.overlaps == 0


async def test_half_a_request_is_no_order(cache: Path) -> None:
    """What the reader of the rig calls a request is one that came whole."""
    reader = asyncio.StreamReader()
    reader.feed_data(b"POST /v1/orders HTTP/1.1\r\nContent-Length: 10\r\n\r\n[{")
    reader.feed_eof()
    with pytest.raises(asyncio.IncompleteReadError):
        await read_request(reader, 1)
