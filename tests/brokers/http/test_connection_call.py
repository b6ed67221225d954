"""Reads over connections of our own: which call goes over which connection, and whose reply it is.

What both ways of calling have in common is in ``test_transport``.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from copytrade_gui.brokers.http.address import loopback_address
from copytrade_gui.brokers.http.connection import Connection, _Reply
from copytrade_gui.brokers.http.connection_call import ConnectionCall
from copytrade_gui.brokers.http.http_call import AnswerLostError, NothingSentError
from copytrade_gui.brokers.http.pool import Pool
from copytrade_gui.brokers.http.route import no_login, way_of
from copytrade_gui.brokers.http.trust import tls_context
from copytrade_gui.domain.route import Route, RouteKind
from copytrade_gui.ports import Silence
from tests.brokers.rig import Line, Request, Script, ScriptedBroker, SystemClock, reply, scripted
from tests.waiting import until

PATH = "/v1"


class LateClock(SystemClock):
    """The machine's clock, which a test may set forward."""

    later_ns = 0

    def mono_ns(self) -> int:
        return super().mono_ns() + self.later_ns


@asynccontextmanager
async def calling(
    script: Script,
) -> AsyncIterator[tuple[ScriptedBroker, ConnectionCall, LateClock]]:
    async with scripted(script) as broker:
        address, clock = loopback_address(broker.base_url), LateClock()
        made = ConnectionCall(Pool(address, clock, tls=tls_context()), orders_path="/orders")
        try:
            yield broker, made, clock
        finally:
            await made.aclose()


async def echo(line: Line, request: Request) -> None:
    line.send(reply(request.path.encode()))


async def read(call: ConnectionCall, path: str, method: str = "GET") -> str:
    answer = await call.request(method, path, headers={}, timeout_s=5)
    return answer.body.decode().removeprefix(PATH)


def over(broker: ScriptedBroker) -> list[int]:
    """The connection of each request, in their order."""
    return [one.connection for one in broker.requests]


async def test_reads_share_a_connection_and_many_at_once_keep_two() -> None:
    async with calling(echo) as (broker, call, _):
        for path in ("/a", "/b"):
            assert await read(call, path) == path
        assert over(broker) == [1, 1]
        paths = [f"/{number}" for number in range(9)]
        assert await asyncio.gather(*(read(call, path) for path in paths)) == paths
        assert broker.overlaps == 0
        broker.requests.clear()
        opened = broker.connections
        assert await asyncio.gather(*(read(call, path) for path in paths[:2])) == paths[:2]
        assert broker.connections == opened
        assert len(set(over(broker))) == 2


@pytest.mark.parametrize("method", ["PUT", "DELETE", "POST"])
async def test_a_change_has_a_connection_of_its_own(method: str) -> None:
    async with calling(echo) as (broker, call, _):
        for asked in ("GET", method, method, "GET"):
            await read(call, "/orders/1", asked)
        assert over(broker) == [1, 2, 3, 1]


async def test_a_reply_never_answers_another_call() -> None:
    async def twice(line: Line, request: Request) -> None:
        line.send(reply(request.path.encode()) + reply(b"of another"))

    async with calling(twice) as (broker, call, _):
        for path in ("/a", "/b", "/c"):
            with pytest.raises(AnswerLostError, match="bytes follow the end") as lost:
                await read(call, path)
            assert lost.value.silence is None  # it did answer
        assert over(broker) == [1, 2, 3]


async def test_what_comes_after_a_reply_ends_its_connection_and_no_call() -> None:
    lines: list[Line] = []

    async def keeps(line: Line, request: Request) -> None:
        lines.append(line)
        line.send(reply(request.path.encode()))

    async with calling(keeps) as (broker, call, _):
        await read(call, "/a")
        lines[0].send(reply(b"of another"))
        await until(lambda: not call._free)
        assert await read(call, "/b") == "/b"
        lines[1].close()  # as a broker does with what is idle
        await until(lambda: not call._free)
        assert await read(call, "/c") == "/c"
        assert over(broker) == [1, 2, 3]


async def test_what_was_idle_for_long_is_not_asked_again() -> None:
    async with calling(echo) as (broker, call, clock):
        await read(call, "/a")
        clock.later_ns = 31_000_000_000
        await read(call, "/b")
        assert over(broker) == [1, 2]


async def test_where_it_left_from_is_told_of_a_connection_that_was_opened_for_it() -> None:
    async with calling(echo) as (_, call, _clock):
        first = await call.request("GET", "/a", headers={}, timeout_s=5)
        second = await call.request("GET", "/b", headers={}, timeout_s=5)
        assert (first.left_from, second.left_from) == ("127.0.0.1", "")
        assert first.sent_ns < second.sent_ns


async def test_what_is_dropped_or_cut_is_lost_and_the_next_call_is_fresh() -> None:
    asked = asyncio.Event()

    async def silent(line: Line, request: Request) -> None:
        asked.set()
        if request.path.endswith("/cut"):
            line.cut()
        elif not request.path.endswith("/after"):
            await asyncio.Event().wait()
        line.send(reply(b"/after"))

    async with calling(silent) as (_, call, _clock):
        out = asyncio.create_task(read(call, "/held"))
        await asked.wait()
        await call.drop()
        with pytest.raises(
            AnswerLostError, match="dropped while the reply was outstanding"
        ) as lost:
            await out
        assert lost.value.sent_ns > 0
        with pytest.raises(AnswerLostError) as lost:
            await read(call, "/cut")
        assert lost.value.silence is Silence.NETWORK
        assert await read(call, "/after") == "/after"


async def test_held_before_the_first_byte_and_a_path_that_no_address_can_hold() -> None:
    async with calling(echo) as (broker, call, _):
        with pytest.raises(NothingSentError, match="stopped"):
            await call.request("GET", "/a", headers={}, timeout_s=5, why_held=lambda: "stopped")
        for path in ("/a b", "/a\r\nX: 1", "/ä"):
            with pytest.raises(NothingSentError):
                await read(call, path)
        assert broker.requests == []


async def test_given_up_while_its_reply_is_awaited_leaves_no_connection_for_the_next() -> None:
    async def held(line: Line, request: Request) -> None:
        if request.path.endswith("/held"):
            await asyncio.Event().wait()
        line.send(reply(request.path.encode()))

    async with calling(held) as (broker, call, _):
        out = asyncio.create_task(read(call, "/held"))
        await until(lambda: broker.requests)
        out.cancel()
        with pytest.raises(asyncio.CancelledError):
            await out
        assert await read(call, "/a") == "/a"
        assert over(broker) == [1, 2]


async def test_a_change_whose_reply_came_right_behind_its_deadline_did_leave(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Said to have never left, it would be sent again."""
    due: list[Callable[[], object]] = []

    def call_later(_clock: object, _seconds: float, call: Callable[[], object]) -> Wait:
        due.append(call)
        return Wait()

    monkeypatch.setattr(LateClock, "call_later", call_later)
    whole = Connection._deliver

    def behind(wire: Connection, answer: _Reply) -> None:
        loop = asyncio.get_running_loop()
        due[0]()  # the call's own; the others were for connecting
        loop.call_soon(whole, wire, answer)

    async with calling(echo) as (broker, call, _):
        monkeypatch.setattr(Connection, "_deliver", behind)
        with pytest.raises(AnswerLostError, match="no reply within 9 s") as lost:
            await call.request("PUT", "/orders/1", headers={}, timeout_s=9)
        assert lost.value.sent_ns > 0
        assert len(broker.requests) == 1


class Wait:
    """A timer that nobody has to cancel."""

    def cancel(self) -> None: ...


async def test_after_what_a_server_before_the_broker_said_the_connection_is_not_used_again() -> (
    None
):
    async def shifted(line: Line, request: Request) -> None:
        if request.path.endswith("/orders"):
            line.send(reply(b"busy", 503))
            await asyncio.sleep(0.02)
        line.send(reply(request.path.encode()))

    async with calling(shifted) as (broker, call, _):
        busy = await call.request("GET", "/orders", headers={}, timeout_s=5)
        assert busy.status == 503
        assert await read(call, "/trades") == "/trades"
        assert over(broker) == [1, 2]


async def test_calls_given_up_before_a_kept_connection_is_used_leave_none_open() -> None:
    async with calling(echo) as (broker, call, _):
        for _ in range(5):
            await read(call, "/a")
            out = asyncio.create_task(read(call, "/b"))
            await asyncio.sleep(0)
            out.cancel()
            with pytest.raises(asyncio.CancelledError):
                await out
            assert not call._out
        assert [one.path for one in broker.requests] == ["/v1/a"] * 5


async def test_dead_proxies_of_others_keep_no_account_waiting() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=200) as silent:
        port = silent.getsockname()[1]
        async with scripted(echo) as broker:
            address, clock = loopback_address(broker.base_url), LateClock()
            pool = Pool(address, clock, tls=tls_context())
            route = Route(kind=RouteKind.PROXY, address=f"http://127.0.0.1:{port}")
            dead = [
                ConnectionCall(pool, orders_path="/orders", way=way_of(route, clock, no_login))
                for _ in range(60)
            ]
            tasks = [
                asyncio.create_task(one.request("GET", "/a", headers={}, timeout_s=30))
                for one in dead
            ]
            await asyncio.sleep(0.05)
            healthy = ConnectionCall(pool, orders_path="/orders")
            assert await read(healthy, "/a") == "/a"
            assert await read(healthy, "/orders/1", "DELETE") == "/orders/1"
            assert not any(task.done() for task in tasks)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await healthy.aclose()
