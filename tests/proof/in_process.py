"""The way to the simulated broker in the same process, with a network that misbehaves.

Every reply takes at least the broker's own delay; what the simulator's wire faults do to bytes is
translated into what a client sees of them.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from copytrade_gui.brokers.http.http_call import (
    MAX_BODY,
    AnswerLostError,
    HttpReply,
    NothingSentError,
)
from copytrade_gui.brokers.http.httpx_channel import HttpxChannel
from copytrade_gui.brokers.iifl.client import IiflBroker
from copytrade_gui.ports import Clock, Silence
from copytrade_gui.simulator.broker import SimulatedBroker
from copytrade_gui.simulator.wire import Reply, Request
from tests.proof.in_process_feed import InProcessFeed

_GONE = frozenset({"close", "cut", "reset", "length", "raw"})
_HUNG_UP = frozenset({"close", "reset"})
_NEVER = frozenset({"silence", "endless", "drip"})


@dataclass
class Line:
    """How bad the network is: chances by call, counted in ``faults``."""

    dice: random.Random
    not_sent: float = 0.0
    """No connection: proven that no byte left."""
    swallowed: float = 0.0
    """The request left and never arrived; no reply."""
    connect_s: float = 0.0
    """How long a connection takes before anything can be sent on it."""
    faults: int = 0
    drops: int = 0
    """How often an account's connections were closed to be opened anew."""
    swapped: int = 0
    """So many replies to orders still go to the account whose order comes next, and his to it."""
    waiting: list[tuple[asyncio.Future[HttpReply], HttpReply]] = field(default_factory=list)
    """The reply whose taker waits for the next account's."""
    feed: bool = False
    """The broker tells by itself."""
    address: str = ""
    """The local address that new connections leave from; empty: not told."""

    def strikes(self, chance: float) -> bool:
        if chance and self.dice.random() < chance:
            self.faults += 1
            return True
        return False

    async def maybe_swapped(self, reply: HttpReply) -> HttpReply:
        """The reply itself, or another account's while replies are swapped."""
        if self.waiting:
            other, theirs = self.waiting.pop()
            other.set_result(reply)
            return theirs
        if self.swapped < 2:
            return reply
        self.swapped -= 2
        mine: asyncio.Future[HttpReply] = asyncio.get_running_loop().create_future()
        self.waiting.append((mine, reply))
        return await mine


class SimulatorCall:
    """``HttpCall`` to a broker object."""

    def __init__(
        self,
        broker: SimulatedBroker,
        clock: Clock,
        line: Line,
        watch: Callable[[str, str, bytes | None], None],
        peer: str = "127.0.0.1",
    ) -> None:
        self._broker = broker
        self._clock = clock
        self._line = line
        self._watch = watch
        self._peer = peer

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
        line = self._line
        if line.strikes(line.not_sent):
            await self._clock.sleep(0.002)
            raise NothingSentError("connection refused", silence=Silence.NETWORK)
        if line.connect_s:
            await self._clock.sleep(line.connect_s)
        lower = {name.lower(): value for name, value in headers.items()}
        request = Request(method, f"/v1{path}", "", lower, body or b"", self._peer)
        gone = self._broker.unreachable(request)
        if gone in ("refused", "certificate"):
            await self._clock.sleep(0.002)
            silence = Silence.NETWORK if gone == "refused" else Silence.CERTIFICATE
            raise NothingSentError(f"no connection ({gone})", silence=silence)
        if why_held is not None and (why := why_held()):
            raise NothingSentError(why)
        sent_ns = self._clock.mono_ns()
        self._watch(method, path, body)
        if gone or line.strikes(line.swallowed):
            await self._clock.sleep(timeout_s)
            raise AnswerLostError("no reply in time", sent_ns=sent_ns, silence=Silence.NETWORK)
        reply = self._broker.handle(request)
        wire = "" if reply.wire is None else reply.wire.kind
        delay_s = reply.delay_ms / 1000
        if wire in _NEVER or delay_s >= timeout_s:
            await self._clock.sleep(timeout_s)
            raise AnswerLostError("no reply in time", sent_ns=sent_ns, silence=Silence.NETWORK)
        await self._clock.sleep(delay_s)
        if wire in _GONE:
            hung_up = Silence.NETWORK if wire in _HUNG_UP else None
            raise AnswerLostError(f"connection lost ({wire})", sent_ns=sent_ns, silence=hung_up)
        whole = _whole(reply, sent_ns, max_body, line.address)
        return await line.maybe_swapped(whole) if method == "POST" else whole

    async def drop(self) -> None:
        """Nothing is open; it is counted."""
        self._line.drops += 1
        await asyncio.sleep(0)

    async def aclose(self) -> None:
        """Nothing is open."""
        await asyncio.sleep(0)


def _whole(reply: Reply, sent_ns: int, max_body: int, address: str) -> HttpReply:
    if len(reply.body) > max_body:
        raise AnswerLostError("the reply is too large", sent_ns=sent_ns)
    return HttpReply(reply.status, dict(reply.headers), reply.body, sent_ns, address)


def broker_in_process(
    broker: SimulatedBroker,
    clock: Clock,
    line: Line,
    watch: Callable[[str, str, bytes | None], None],
    cache: Path,
) -> IiflBroker:
    """Our client of a broker object, without sockets; ``watch`` hears every request."""
    return IiflBroker(
        login_url="http://127.0.0.1:9/",
        clock=clock,
        http_call_factory=lambda _address: SimulatorCall(broker, clock, line, watch),
        channel_factory=lambda needs: HttpxChannel(needs, clock, always_warm=True),
        cache_dir=cache,
        feed=InProcessFeed(broker, clock).needs() if line.feed else None,
    )
