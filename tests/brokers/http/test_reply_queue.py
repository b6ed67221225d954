"""Judged replies are handed on behind the reading of further ones, and none waits long."""

from __future__ import annotations

import asyncio

import pytest

from copytrade_gui.brokers.http.calls import Job
from copytrade_gui.brokers.http.http_call import HttpReply
from copytrade_gui.brokers.http.reply_queue import AT_ONCE, PATIENCE_NS, ReplyQueue
from copytrade_gui.ports import Silence
from tests.brokers.steered import SteeredClock


class _Heard(Job):
    def __init__(self, number: int, told: list[int]) -> None:
        super().__init__(b"")
        self._number, self._told = number, told

    def judge(self, reply: HttpReply) -> bool:
        raise NotImplementedError

    def tell(self, at_ns: int) -> None:
        self._told.append(self._number)

    def lost(self, reason: str, at_ns: int) -> None:
        raise NotImplementedError

    def unsent(self, reason: str, at_ns: int, silence: Silence | None = None) -> None:
        raise NotImplementedError


@pytest.mark.parametrize("replies", [3, 60])
async def test_while_replies_pour_in_those_leave_that_have_waited_long_enough(
    replies: int,
) -> None:
    clock, told = SteeredClock(), list[int]()
    queue = ReplyQueue(clock)
    for number in range(replies):
        queue.put(_Heard(number, told), clock.mono_ns())
        clock.advance(0.001)
        await asyncio.sleep(0)
        waited = number + 1 - PATIENCE_NS // 1_000_000
        assert told == list(range(waited + 1))
    for _ in range(replies // AT_ONCE + 3):
        await asyncio.sleep(0)
    assert told == list(range(replies))


async def test_when_no_more_come_the_sockets_are_looked_at_between() -> None:
    clock, told = SteeredClock(), list[int]()
    queue = ReplyQueue(clock)
    for number in range(2 * AT_ONCE):
        queue.put(_Heard(number, told), clock.mono_ns())
    await asyncio.sleep(0)
    assert told == []
    await asyncio.sleep(0)
    assert told == list(range(AT_ONCE))
    queue.close()
    assert told == list(range(2 * AT_ONCE))
    await asyncio.sleep(0)
