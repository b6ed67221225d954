"""What every channel to every broker must do. Inherit and say which broker, and how to open it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from copytrade_gui.domain.ids import BrokerOrderId
from copytrade_gui.ports import Accepted, ChangeDone, NotSent, Refused, Unknown
from tests.brokers.certificates import PrivateCa
from tests.brokers.handed import Answer, Change, HandedBroker, Iifl, Traded
from tests.brokers.rig import (
    Answers,
    Line,
    Request,
    Script,
    ScriptedBroker,
    place,
    reply,
    scripted,
    tag,
    terms,
)

NUMBER = BrokerOrderId("240919000000041")


class BrokerContract:
    handed: HandedBroker = Iifl()
    fast = True
    tls = False

    @pytest.fixture(autouse=True)
    def given(self, cache: Path, ca: PrivateCa) -> None:
        self.cache = cache
        self.ca = ca

    # ------------------------------------------------------------ the broker's server

    def answering(self, answer: Answer) -> Script:
        """Reads succeed; everything else is answered like this."""

        async def script(line: Line, request: Request) -> None:
            if self.handed.is_read(request):
                await self.handed.says_accepted(line, request)
            else:
                line.send(reply(answer.body, answer.status, *answer.headers))

        return script

    async def is_cut(self, line: Line, request: Request) -> None:
        """Reads succeed; everything else is cut off."""
        if self.handed.is_read(request):
            await self.handed.says_accepted(line, request)
        else:
            line.cut()

    def serving(self, script: Script | None = None) -> AbstractAsyncContextManager[ScriptedBroker]:
        tls = self.ca.good if self.tls else None
        return scripted(script or self.handed.says_accepted, tls=tls)

    @asynccontextmanager
    async def session(
        self, broker: ScriptedBroker, *, opened: bool = True
    ) -> AsyncIterator[Traded]:
        ca_file = self.ca.ca_file if self.tls else None
        async with self.handed.session(
            broker, self.cache, fast=self.fast, ca_file=ca_file
        ) as session:
            if opened:
                await session.open_channel()
                assert session.orders.warm is self.fast
            yield session

    @asynccontextmanager
    async def pair(
        self, script: Script | None = None
    ) -> AsyncIterator[tuple[ScriptedBroker, Traded]]:
        async with self.serving(script) as broker, self.session(broker) as session:
            yield broker, session

    # ------------------------------------------------------------ placing

    async def test_accepted(self) -> None:
        async with self.pair() as (broker, session):
            heard = await place(session.orders, 7)
        assert heard.outcome == Accepted(BrokerOrderId(f"B{tag(7)}"))
        assert 0 < heard.sent_ns <= heard.replied_ns
        (request,) = [one for one in broker.requests if not self.handed.is_read(one)]
        assert self.handed.secret in request.headers.values()
        assert request.headers["content-type"] == "application/json"
        assert request.tag == tag(7)

    async def test_a_cold_channel_connects_and_sends(self) -> None:
        async with self.serving() as broker, self.session(broker, opened=False) as session:
            assert not session.orders.warm
            heard = await place(session.orders, 1)
            assert isinstance(heard.outcome, Accepted)
            assert session.orders.warm is self.fast

    async def test_orders_of_one_channel_leave_one_after_the_other(self) -> None:
        async with self.pair() as (broker, session):
            answers = Answers()
            for number in range(20):
                answers.place(session.orders, number)
            heard = await answers.all(range(20))
        assert all(isinstance(one.outcome, Accepted) for one in heard)
        assert [broker.times_seen(number) for number in range(20)] == [1] * 20
        assert broker.overlaps == 0

    async def test_each_kind_of_answer_proves_what_it_says(self) -> None:
        for answer in self.handed.answers:
            async with self.pair(self.answering(answer)) as (broker, session):
                outcome = (await place(session.orders)).outcome
            assert outcome == answer.means or (
                answer.means is None and isinstance(outcome, Unknown)
            )
            assert broker.times_seen(1) == 1

    @pytest.mark.parametrize("status", [500, 502, 503, 504, 302, 404])
    async def test_odd_status_is_unknown(self, status: int) -> None:
        answer = Answer(self.handed.accepted("1"), None, status, ("Location: /v1/orders",))
        async with self.pair(self.answering(answer)) as (broker, session):
            outcome = (await place(session.orders)).outcome
        assert isinstance(outcome, Unknown)
        assert broker.times_seen(1) == 1  # no redirect was followed either

    # ------------------------------------------------------------ losing the reply

    async def test_cut_after_the_request_is_unknown_and_not_repeated(self) -> None:
        async with self.pair(self.is_cut) as (broker, session):
            heard = await place(session.orders)
            assert isinstance(heard.outcome, Unknown)
            assert heard.sent_ns > 0
            assert broker.times_seen(1) == 1

    async def test_no_reply_in_time_is_unknown(self) -> None:
        async def silent(line: Line, request: Request) -> None:
            if self.handed.is_read(request):
                await self.handed.says_accepted(line, request)

        async with self.pair(silent) as (broker, session):
            heard = await place(session.orders, 1, deadline_ms=100)
            assert isinstance(heard.outcome, Unknown)
            assert heard.sent_ns > 0
            assert broker.times_seen(1) == 1

    async def test_the_channel_recovers_by_itself(self) -> None:
        async def once_cut(line: Line, request: Request) -> None:
            if request.tag == tag(1):
                line.cut()
            else:
                await self.handed.says_accepted(line, request)

        async with self.pair(once_cut) as (broker, session):
            assert isinstance((await place(session.orders, 1)).outcome, Unknown)
            assert isinstance((await place(session.orders, 2)).outcome, Accepted)
            assert [broker.times_seen(number) for number in (1, 2)] == [1, 1]

    async def test_nobody_there_is_not_sent(self) -> None:
        async with self.serving() as broker:
            pass  # the port is free again
        async with self.session(broker, opened=False) as session:
            heard = await place(session.orders)
        assert isinstance(heard.outcome, NotSent)
        assert heard.sent_ns == 0
        assert broker.requests == []

    async def test_closing_answers_every_order(self) -> None:
        reached = asyncio.Event()

        async def silent(line: Line, request: Request) -> None:
            if self.handed.is_read(request):
                await self.handed.says_accepted(line, request)
            else:
                reached.set()
                await asyncio.Event().wait()

        async with self.pair(silent) as (_, session):
            answers = Answers()
            answers.place(session.orders, 1)
            await reached.wait()
            await session.aclose()
            assert isinstance((await answers.of(1)).outcome, Unknown)
            answers.place(session.orders, 2)
            assert isinstance((await answers.of(2)).outcome, NotSent)
            assert not session.orders.warm

    # ------------------------------------------------------------ changes

    async def test_cancel_and_modify(self) -> None:
        async with self.pair() as (broker, session):
            assert await session.cancel(NUMBER) == ChangeDone()
            assert await session.modify(NUMBER, terms(quantity=5)) == ChangeDone()
        changes = [self.handed.change_of(one) for one in broker.requests]
        assert [one for one in changes if one] == [Change(NUMBER, None), Change(NUMBER, 5)]

    async def test_change_refused(self) -> None:
        answer = self.handed.change_refused
        async with self.pair(self.answering(answer)) as (_, session):
            assert await session.cancel(NUMBER) == answer.means

    async def test_change_with_a_lost_reply_is_unknown(self) -> None:
        async with self.pair(self.is_cut) as (_, session):
            assert isinstance(await session.cancel(BrokerOrderId("1")), Unknown)

    @pytest.mark.parametrize("number", ["../profile", "a b", "", "1" * 41, "1?x=1", "é"])
    async def test_an_odd_order_id_never_enters_a_path(self, number: str) -> None:
        async with self.pair() as (broker, session):
            before = len(broker.requests)
            assert isinstance(await session.cancel(BrokerOrderId(number)), Refused)
            assert not (await session.order_history(BrokerOrderId(number))).whole
            assert len(broker.requests) == before

    async def test_a_change_does_not_wait_behind_an_order(self) -> None:
        reached, go = asyncio.Event(), asyncio.Event()

        async def slow(line: Line, request: Request) -> None:
            if request.tag:
                reached.set()
                await go.wait()
            await self.handed.says_accepted(line, request)

        async with self.pair(slow) as (_, session):
            answers = Answers()
            answers.place(session.orders, 1)
            await reached.wait()
            assert await session.cancel(BrokerOrderId("9")) == ChangeDone()
            assert answers.replies == {}
            go.set()
            assert isinstance((await answers.of(1)).outcome, Accepted)
