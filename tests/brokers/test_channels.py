"""The contract on every channel, the warm one and httpx, plain and TLS, and on another broker."""

import asyncio
from pathlib import Path

import pytest

from copytrade_gui.ports import Accepted, NotSent, Unknown
from tests.brokers.broker_contract import BrokerContract
from tests.brokers.other_broker import OtherBroker
from tests.brokers.rig import (
    Answers,
    Line,
    Request,
    client,
    place,
    says_accepted,
    scripted,
    session_of,
)


class TestOrderChannel(BrokerContract):
    fast, tls = True, False


class TestOrderChannelOverTls(BrokerContract):
    fast, tls = True, True


class TestHttpxChannel(BrokerContract):
    fast, tls = False, False


class TestHttpxChannelOverTls(BrokerContract):
    fast, tls = False, True


@pytest.mark.usefixtures("memory_tls")
class TestOrderChannelOverTlsInMemory(BrokerContract):
    fast, tls = True, True


class TestAnotherBroker(BrokerContract):
    handed = OtherBroker()


class TestStops:
    """A stop holds what waits on the fast channel; what is out is out."""

    @pytest.fixture(autouse=True)
    def given(self, cache: Path) -> None:
        self.cache = cache

    async def test_a_stop_holds_an_order_that_waits_for_its_connection(self) -> None:
        stopped = False
        async with scripted(says_accepted) as broker, client(broker, self.cache) as made:
            channel = session_of(made).orders
            channel.obey(lambda _tag: "stopped" if stopped else "")
            answers = Answers()
            answers.place(channel, 1)
            await asyncio.sleep(0)
            stopped = True
            assert isinstance((await answers.of(1)).outcome, NotSent)
            answers.place(channel, 2)
            assert isinstance((await answers.of(2)).outcome, NotSent)
            stopped = False
            assert isinstance((await place(channel, 3)).outcome, Accepted)
            assert [broker.times_seen(number) for number in (1, 2, 3)] == [0, 0, 1]

    async def test_a_stop_holds_an_order_that_waits_behind_another(self) -> None:
        stopped = False
        arrived, answer = asyncio.Event(), asyncio.Event()

        async def slow(line: Line, request: Request) -> None:
            if request.method == "POST":
                arrived.set()
                await answer.wait()
            await says_accepted(line, request)

        async with scripted(slow) as broker, client(broker, self.cache) as made:
            session = session_of(made)
            await session.open_channel()
            session.orders.obey(lambda _tag: "stopped" if stopped else "")
            answers = Answers()
            answers.place(session.orders, 1)
            answers.place(session.orders, 2)
            await arrived.wait()
            stopped = True
            answer.set()
            assert isinstance((await answers.of(1)).outcome, Accepted)
            assert isinstance((await answers.of(2)).outcome, NotSent)
            assert [broker.times_seen(number) for number in (1, 2)] == [1, 0]


@pytest.mark.parametrize("fast", [True, False])
async def test_a_session_that_closes_right_after_a_place_still_answers_it(
    cache: Path, fast: bool
) -> None:
    async with scripted(says_accepted) as broker, client(broker, cache, fast=fast) as made:
        session = session_of(made)
        answers = Answers()
        answers.place(session.orders, 1)
        await session.aclose()
        await asyncio.sleep(0)
        assert isinstance((await answers.of(1)).outcome, NotSent | Unknown)
        assert broker.times_seen(1) == 0
