"""What every channel to the broker must do. Inherit and say how to open one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from copytrade_gui.brokers.iifl.session import IiflSession
from copytrade_gui.domain.ids import BrokerOrderId
from copytrade_gui.ports import (
    Accepted,
    ChangeDone,
    Doubt,
    NotSent,
    Refused,
    Unknown,
)
from tests.brokers.certificates import PrivateCa
from tests.brokers.rig import (
    Answers,
    Line,
    Request,
    Script,
    ScriptedBroker,
    accepted,
    client,
    leg,
    place,
    reply,
    says_accepted,
    scripted,
    session_of,
    tag,
    terms,
)


def answering(body: bytes, status: int = 200, *headers: str) -> Script:
    async def script(line: Line, request: Request) -> None:
        if request.method == "GET":
            await says_accepted(line, request)
        else:
            line.send(reply(body, status, *headers))

    return script


async def is_cut(line: Line, request: Request) -> None:
    if request.method == "GET":
        await says_accepted(line, request)
    else:
        line.cut()


class BrokerContract:
    fast = True
    tls = False

    @pytest.fixture(autouse=True)
    def given(self, cache: Path, ca: PrivateCa) -> None:
        self.cache = cache
        self.ca = ca

    def serving(
        self, script: Script = says_accepted
    ) -> AbstractAsyncContextManager[ScriptedBroker]:
        return scripted(script, tls=self.ca.good if self.tls else None)

    @asynccontextmanager
    async def session(
        self, broker: ScriptedBroker, *, opened: bool = True
    ) -> AsyncIterator[IiflSession]:
        ca_file = self.ca.ca_file if self.tls else None
        async with client(broker, self.cache, fast=self.fast, ca_file=ca_file) as made:
            session = session_of(made)
            if opened:
                await session.open_channel()
                assert session.orders.warm is self.fast
            yield session

    @asynccontextmanager
    async def pair(
        self, script: Script = says_accepted
    ) -> AsyncIterator[tuple[ScriptedBroker, IiflSession]]:
        async with self.serving(script) as broker, self.session(broker) as session:
            yield broker, session

    # ------------------------------------------------------------ placing

    async def test_accepted(self) -> None:
        async with self.pair() as (broker, session):
            heard = await place(session.orders, 7)
        assert heard.outcome == Accepted(BrokerOrderId(f"B{tag(7)}"))
        assert 0 < heard.sent_ns <= heard.replied_ns
        request = broker.orders()[0]
        assert request.headers["authorization"] == "Bearer token-of-the-day-0001"
        assert request.headers["content-type"] == "application/json"
        assert request.tag == tag(7)

    async def test_a_cold_road_connects_and_sends(self) -> None:
        async with self.serving() as broker, self.session(broker, opened=False) as session:
            assert not session.orders.warm
            heard = await place(session.orders, 1)
            assert isinstance(heard.outcome, Accepted)
            assert session.orders.warm is self.fast

    async def test_orders_of_one_road_leave_one_after_the_other(self) -> None:
        async with self.pair() as (broker, session):
            answers = Answers()
            for number in range(20):
                answers.place(session.orders, number)
            heard = await answers.all(range(20))
        assert all(isinstance(one.outcome, Accepted) for one in heard)
        assert [broker.times_seen(number) for number in range(20)] == [1] * 20
        assert broker.overlaps == 0

    async def test_refused_by_code(self) -> None:
        async with self.pair(answering(leg("EC954", "not a multiple"))) as (_, session):
            heard = await place(session.orders)
        assert heard.outcome == Refused("EC954", "not a multiple")

    async def test_unregistered_address_blocks_the_account(self) -> None:
        text = "Error : IP address not authorized for trading."
        async with self.pair(answering(leg("EC500", text))) as (_, session):
            heard = await place(session.orders)
        assert heard.outcome == Refused("EC500", text, blocks_account=True)

    async def test_too_many_calls(self) -> None:
        async with self.pair(answering(b"", 429, "Retry-After: 3")) as (_, session):
            outcome = (await place(session.orders)).outcome
        assert isinstance(outcome, Unknown)
        assert (outcome.doubt, outcome.retry_after_ms) == (Doubt.RATE, 3000)

    async def test_session_over(self) -> None:
        async with self.pair(answering(b"{}", 401)) as (_, session):
            outcome = (await place(session.orders)).outcome
        assert isinstance(outcome, Unknown)
        assert outcome.doubt is Doubt.AUTH

    @pytest.mark.parametrize("status", [500, 502, 503, 504, 302, 404])
    async def test_odd_status_is_unknown(self, status: int) -> None:
        async with self.pair(answering(accepted(1), status, "Location: /v1/orders")) as (
            broker,
            session,
        ):
            outcome = (await place(session.orders)).outcome
        assert isinstance(outcome, Unknown)
        assert broker.times_seen(1) == 1  # no redirect was followed either

    async def test_html_is_unknown(self) -> None:
        async with self.pair(answering(b"<html>Access denied</html>")) as (_, session):
            assert isinstance((await place(session.orders)).outcome, Unknown)

    # ------------------------------------------------------------ losing the reply

    async def test_cut_after_the_request_is_unknown_and_not_repeated(self) -> None:
        async with self.pair(is_cut) as (broker, session):
            heard = await place(session.orders)
            assert isinstance(heard.outcome, Unknown)
            assert heard.sent_ns > 0
            assert broker.times_seen(1) == 1

    async def test_no_reply_in_time_is_unknown(self) -> None:
        async def silent(line: Line, request: Request) -> None:
            if request.method == "GET":
                await says_accepted(line, request)

        async with self.pair(silent) as (broker, session):
            heard = await place(session.orders, 1, deadline_ms=100)
            assert isinstance(heard.outcome, Unknown)
            assert heard.sent_ns > 0
            assert broker.times_seen(1) == 1

    async def test_the_road_recovers_by_itself(self) -> None:
        async def once_cut(line: Line, request: Request) -> None:
            if request.tag == tag(1):
                line.cut()
            else:
                await says_accepted(line, request)

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
            if request.method == "GET":
                await says_accepted(line, request)
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
        done = b'{"status":"Ok","result":{"status":"Success","brokerOrderId":"240919000000041"}}'
        number = BrokerOrderId("240919000000041")
        async with self.pair(answering(done)) as (broker, session):
            assert await session.cancel(number) == ChangeDone()
            assert await session.modify(number, terms(quantity=5)) == ChangeDone()
        cancel, modify = [one for one in broker.requests if one.method in ("DELETE", "PUT")]
        assert (cancel.method, cancel.path, cancel.body) == ("DELETE", f"/v1/orders/{number}", b"")
        assert (modify.method, modify.path) == ("PUT", f"/v1/orders/{number}")
        assert b'"quantity":"5"' in modify.body
        assert b"product" not in modify.body

    async def test_change_refused(self) -> None:
        body = b'{"status":"EC995","message":"Error : There is no order to cancel."}'
        async with self.pair(answering(body)) as (_, session):
            outcome = await session.cancel(BrokerOrderId("1"))
        assert outcome == Refused("EC995", "Error : There is no order to cancel.")

    async def test_change_with_a_lost_reply_is_unknown(self) -> None:
        async with self.pair(is_cut) as (_, session):
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
            if request.method == "POST":
                reached.set()
                await go.wait()
                line.send(reply(accepted(1)))
            else:
                line.send(reply(accepted(2)))

        async with self.pair(slow) as (_, session):
            answers = Answers()
            answers.place(session.orders, 1)
            await reached.wait()
            assert await session.cancel(BrokerOrderId("9")) == ChangeDone()
            assert answers.replies == {}
            go.set()
            assert isinstance((await answers.of(1)).outcome, Accepted)
