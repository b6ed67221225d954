"""Warm keeping, cold starts and deadlines of the fast channel, in time that the test moves."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from copytrade_gui.brokers.http.order_channel import WarmChannel
from copytrade_gui.brokers.http.pool import OPEN_TOGETHER
from copytrade_gui.brokers.iifl.client import IiflBroker
from copytrade_gui.brokers.iifl.factory import IiflSettings, iifl_broker
from copytrade_gui.brokers.iifl.session import IiflSession
from copytrade_gui.ports import Accepted, NotSent, Silence, Unknown
from tests.brokers.certificates import PrivateCa
from tests.brokers.rig import (
    Answers,
    Line,
    Request,
    ScriptedBroker,
    accepted,
    place,
    reply,
    says_accepted,
    scripted,
    session_of,
    tag,
)
from tests.brokers.steered import SteeredClock, until


@asynccontextmanager
async def steered(
    broker: ScriptedBroker, cache: Path, clock: SteeredClock, ca_file: Path | None = None
) -> AsyncIterator[IiflBroker]:
    settings = IiflSettings(
        cache_dir=cache,
        base_url=broker.base_url,
        login_url="http://127.0.0.1:9/",
        simulator=True,
        ca_file=ca_file,
    )
    async with iifl_broker(settings, clock) as made:
        yield made
    assert clock.waiting == 0


def free(session: IiflSession) -> bool:
    """The connection is open and no reply is outstanding on it."""
    channel = session.orders
    return isinstance(channel, WarmChannel) and channel.warm and channel._busy is None


def reads(broker: ScriptedBroker) -> int:
    return sum(one.path == "/v1/profile" for one in broker.requests)


async def test_an_idle_connection_is_read_over_and_a_busy_one_is_not(cache: Path) -> None:
    clock = SteeredClock()
    async with scripted() as broker, steered(broker, cache, clock) as made:
        session = session_of(made)
        await session.open_channel()
        for step in range(1, 4):
            clock.advance(26)
            await until(lambda step=step: reads(broker) == step)  # type: ignore[misc]  # mypy reads no default of a lambda
            await until(lambda: free(session))
        for number in range(10):  # an order now and then is warmth enough
            clock.advance(10)
            assert isinstance((await place(session.orders, number)).outcome, Accepted)
        assert reads(broker) == 3
        assert broker.connections == 1
        assert broker.overlaps == 0


async def test_an_order_waits_for_the_read_that_is_out(cache: Path) -> None:
    clock, held = SteeredClock(), asyncio.Event()

    async def script(line: Line, request: Request) -> None:
        if request.method == "GET":
            await held.wait()
        await says_accepted(line, request)

    async with scripted(script) as broker, steered(broker, cache, clock) as made:
        session = session_of(made)
        await session.open_channel()
        clock.advance(26)
        await until(lambda: reads(broker) == 1)
        answers = Answers()
        answers.place(session.orders, 1)
        held.set()
        assert isinstance((await answers.of(1)).outcome, Accepted)
        assert broker.overlaps == 0


async def test_a_dead_read_gives_the_connection_up(cache: Path) -> None:
    clock = SteeredClock()

    async def script(line: Line, request: Request) -> None:
        if request.method != "GET":
            await says_accepted(line, request)

    async with scripted(script) as broker, steered(broker, cache, clock) as made:
        session = session_of(made)
        await session.open_channel()
        clock.advance(26)
        await until(lambda: reads(broker) == 1)
        clock.advance(6)
        await until(lambda: broker.connections == 2 and session.orders.warm)
        assert isinstance((await place(session.orders, 1)).outcome, Accepted)


async def test_a_broker_that_hangs_up_sooner_is_read_sooner(cache: Path) -> None:
    clock = SteeredClock()
    lines: list[Line] = []

    async def welcome(line: Line) -> None:
        lines.append(line)

    async with scripted(welcome=welcome) as broker, steered(broker, cache, clock) as made:
        session = session_of(made)
        await session.open_channel()
        clock.advance(10)
        lines[0].close()
        await until(lambda: len(lines) == 2 and session.orders.warm)
        clock.advance(6.5)  # six tenths of what the broker allowed
        await until(lambda: reads(broker) == 1)
        assert isinstance((await place(session.orders, 1)).outcome, Accepted)


async def test_connection_close_is_honoured_and_the_channel_is_warm_again(cache: Path) -> None:
    async def script(line: Line, request: Request) -> None:
        line.send(reply(accepted(f"B{request.tag}"), 200, "Connection: close"))
        line.close()

    clock = SteeredClock()
    async with scripted(script) as broker, steered(broker, cache, clock) as made:
        session = session_of(made)
        await session.open_channel()
        for number in range(1, 6):
            assert isinstance((await place(session.orders, number)).outcome, Accepted)
            await until(lambda: session.orders.warm)
            assert broker.connections == number + 1


async def test_a_broker_that_is_away_is_asked_less_and_less_until_it_is_back(cache: Path) -> None:
    clock = SteeredClock()
    async with scripted() as gone:
        port = int(gone.base_url.split(":")[2].split("/")[0])
    async with steered(gone, cache, clock) as made:
        session = session_of(made)
        await session.open_channel()
        assert not session.orders.warm
        for _ in range(20):  # every try fails at once and makes the pause before the next longer
            clock.advance(40)
            await asyncio.sleep(0.001)
        assert not session.orders.warm
        assert isinstance((await place(session.orders, 1)).outcome, NotSent)
        async with scripted(port=port) as back:
            clock.advance(40)
            await until(lambda: session.orders.warm)
            assert isinstance((await place(session.orders, 2)).outcome, Accepted)
            assert back.times_seen(2) == 1
            await session.aclose()


async def test_a_second_order_waits_its_turn_and_its_deadline_is_its_own(cache: Path) -> None:
    clock = SteeredClock()

    async def silent(line: Line, request: Request) -> None:
        if request.tag != tag(1):
            await says_accepted(line, request)

    async with scripted(silent) as broker, steered(broker, cache, clock) as made:
        session = session_of(made)
        await session.open_channel()
        answers = Answers()
        answers.place(session.orders, 1, deadline_ms=7000)
        answers.place(session.orders, 2, deadline_ms=1000)
        answers.place(session.orders, 3, deadline_ms=20_000)
        await until(lambda: broker.times_seen(1) == 1)
        clock.advance(1.1)
        second = await answers.of(2)
        assert second.outcome == NotSent("waited behind another order for 1 s")
        assert second.sent_ns == 0
        clock.advance(6)
        assert isinstance((await answers.of(1)).outcome, Unknown)
        assert isinstance((await answers.of(3)).outcome, Accepted)
        assert [broker.times_seen(number) for number in (1, 2, 3)] == [1, 0, 1]


async def test_a_handshake_that_never_ends_is_not_sent_and_delays_nobody(
    cache: Path, ca: PrivateCa
) -> None:
    """The server takes the connection and then says nothing: connecting is given up after 2 s."""
    clock, other_clock = SteeredClock(), SteeredClock()
    never = asyncio.Event()

    async def mute(line: Line) -> None:
        await never.wait()

    # A plain server under a TLS address: the handshake's first message is never answered.
    async with scripted(tls=ca.good) as lively, scripted(welcome=mute) as deaf:
        deaf.base_url = deaf.base_url.replace("http://", "https://")
        async with (
            steered(lively, cache, clock, ca.ca_file) as one,
            steered(deaf, cache, other_clock, ca.ca_file) as other,
        ):
            warm, cold = session_of(one, "warm"), session_of(other, "cold")
            await warm.open_channel()
            answers = Answers()
            answers.place(cold.orders, 1)
            answers.place(warm.orders, 2)
            assert isinstance((await answers.of(2)).outcome, Accepted)
            assert 1 not in answers.replies
            await until(lambda: deaf.connections == 1)
            other_clock.advance(2.1)
            outcome = (await answers.of(1)).outcome
            assert outcome == NotSent("could not connect: no connection in time", Silence.NETWORK)
            never.set()


async def test_channels_open_in_groups(cache: Path, ca: PrivateCa) -> None:
    clock = SteeredClock()
    now, most = 0, 0

    async def mute(line: Line) -> None:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await line.reader.read()  # the greeting, and then the end
        now -= 1

    async with scripted(welcome=mute) as deaf:
        deaf.base_url = deaf.base_url.replace("http://", "https://")
        async with steered(deaf, cache, clock, ca.ca_file) as made:
            sessions = [session_of(made, f"a{index}") for index in range(2 * OPEN_TOGETHER + 20)]
            opening = [asyncio.ensure_future(session.open_channel()) for session in sessions]
            await until(lambda: now == OPEN_TOGETHER)
            while not all(one.done() for one in opening):
                clock.advance(2.1)
                await asyncio.sleep(0.001)
        assert most == OPEN_TOGETHER
        assert deaf.connections >= len(sessions)


async def test_a_wave_leaves_whole_before_any_reply_is_read(cache: Path) -> None:
    clock = SteeredClock()
    async with scripted() as broker, steered(broker, cache, clock) as made:
        sessions = [session_of(made, f"a{index}") for index in range(100)]
        await asyncio.gather(*(session.open_channel() for session in sessions))
        tasks = len(asyncio.all_tasks())
        answers = Answers()
        for number, session in enumerate(sessions):
            answers.place(session.orders, number)
        assert len(asyncio.all_tasks()) == tasks  # no task for an order
        assert answers.replies == {}
        heard = await answers.all(range(100))
        assert all(isinstance(one.outcome, Accepted) for one in heard)
        assert [broker.times_seen(number) for number in range(100)] == [1] * 100


async def test_closing_while_connecting(cache: Path, ca: PrivateCa) -> None:
    clock = SteeredClock()
    never = asyncio.Event()

    async def mute(line: Line) -> None:
        await never.wait()

    async with scripted(welcome=mute) as deaf:
        deaf.base_url = deaf.base_url.replace("http://", "https://")
        async with steered(deaf, cache, clock, ca.ca_file) as made:
            session = session_of(made)
            answers = Answers()
            answers.place(session.orders, 1)
            await until(lambda: deaf.connections == 1)
            await session.aclose()
            assert isinstance((await answers.of(1)).outcome, NotSent)
            never.set()
