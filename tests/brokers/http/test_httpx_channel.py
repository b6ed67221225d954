"""The plain channel over calls inside the process, on a clock that the test moves."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import pytest

from copytrade_gui.brokers.http.http_call import (
    MAX_BODY,
    AnswerLostError,
    HttpReply,
    NothingSentError,
    deadline,
)
from copytrade_gui.brokers.http.httpx_channel import HttpxChannel
from copytrade_gui.brokers.iifl.client import IiflBroker
from copytrade_gui.brokers.iifl.session import IiflSession
from copytrade_gui.ports import Accepted, NotSent, Unknown
from tests.brokers.rig import Answers, accepted, session_of
from tests.brokers.steered import SteeredClock

Answer = Callable[[], Awaitable[HttpReply]]


class RoomCall:
    """A broker in the next room: answers as the test says, and keeps the time limit or not."""

    def __init__(self, clock: SteeredClock, answer: Answer, *, punctual: bool = True) -> None:
        self.clock = clock
        self.answer = answer
        self.punctual = punctual
        self.asked: list[tuple[str, str]] = []

    async def request(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
        timeout_s: float,
        max_body: int = MAX_BODY,
        why_held: Callable[[], str] | None = None,
    ) -> HttpReply:
        if why_held is not None and (why := why_held()):
            raise NothingSentError(why)
        self.asked.append((method, path))
        if not self.punctual:
            return await self.answer()
        async with deadline(self.clock, timeout_s):
            return await self.answer()

    async def drop(self) -> None:
        pass

    async def aclose(self) -> None:
        pass


def session(cache: Path, http_call: RoomCall) -> IiflSession:
    broker = IiflBroker(
        login_url="http://127.0.0.1:9/",
        clock=http_call.clock,
        http_call_factory=lambda _source: http_call,
        channel_factory=lambda needs: HttpxChannel(needs, http_call.clock, always_warm=True),
        cache_dir=cache,
    )
    return session_of(broker)


async def turns() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def never() -> HttpReply:
    await asyncio.Event().wait()
    raise AssertionError


async def test_an_order_without_any_network(cache: Path) -> None:
    async def takes() -> HttpReply:
        return HttpReply(200, {}, accepted("B1"))

    http_call = RoomCall(SteeredClock(), takes)
    made, answers = session(cache, http_call), Answers()
    assert made.orders.warm
    answers.place(made.orders, 1)
    assert isinstance((await answers.of(1)).outcome, Accepted)
    assert http_call.asked == [("POST", "/orders")]
    await made.aclose()
    assert not made.orders.warm


@pytest.mark.parametrize("punctual", [True, False])
async def test_the_deadline_follows_the_given_clock(cache: Path, punctual: bool) -> None:
    """An HTTP call that forgets its time limit is stopped half a second later."""
    clock = SteeredClock()
    made, answers = session(cache, RoomCall(clock, never, punctual=punctual)), Answers()
    answers.place(made.orders, 1, deadline_ms=7000)
    await turns()
    clock.advance(6.9)
    await turns()
    assert answers.replies == {}
    clock.advance(0.2 if punctual else 0.7)
    outcome = (await answers.of(1)).outcome
    assert isinstance(outcome, Unknown)
    assert clock.waiting == 0
    await made.aclose()


@pytest.mark.parametrize(
    ("error", "kind", "sent"),
    [(NothingSentError("no channel"), NotSent, False), (AnswerLostError("cut"), Unknown, True)],
)
async def test_what_the_call_says(
    cache: Path, error: Exception, kind: type[object], sent: bool
) -> None:
    async def fails() -> HttpReply:
        raise error

    made, answers = session(cache, RoomCall(SteeredClock(), fails)), Answers()
    answers.place(made.orders, 1)
    heard = await answers.of(1)
    assert isinstance(heard.outcome, kind)
    assert (heard.sent_ns > 0) is sent
    await made.aclose()


@pytest.mark.expected_log("order channel failed account=ravi")
async def test_a_bug_behind_the_call_is_unknown_and_reported(cache: Path) -> None:
    async def bug() -> HttpReply:
        raise ZeroDivisionError

    made, answers = session(cache, RoomCall(SteeredClock(), bug)), Answers()
    answers.place(made.orders, 1)
    assert isinstance((await answers.of(1)).outcome, Unknown)
    await made.aclose()


async def test_closing_answers_what_is_out(cache: Path) -> None:
    made, answers = session(cache, RoomCall(SteeredClock(), never)), Answers()
    for number in range(5):
        answers.place(made.orders, number)
    await turns()
    await made.aclose()
    heard = await answers.all(range(5))
    assert all(isinstance(one.outcome, Unknown) for one in heard)
