"""The way to the simulated broker in the same process, with a network that misbehaves.

Every reply takes at least the broker's own delay; what the simulator's wire faults do to bytes is
translated into what a client sees of them.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from copytrade_gui.brokers.iifl.door import (
    MAX_BODY,
    AnswerLostError,
    HttpReply,
    NothingSentError,
    nothing_holds,
)
from copytrade_gui.ports import Clock
from copytrade_gui.simulator.broker import SimulatedBroker
from copytrade_gui.simulator.wire import Reply, Request

_GONE = frozenset({"close", "cut", "reset", "length", "raw"})
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

    def strikes(self, chance: float) -> bool:
        if chance and self.dice.random() < chance:
            self.faults += 1
            return True
        return False


class SimulatorDoor:
    """``HttpDoor`` to a broker object."""

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
        why_held: Callable[[], str] = nothing_holds,
    ) -> HttpReply:
        line = self._line
        if line.strikes(line.not_sent):
            await self._clock.sleep(0.002)
            raise NothingSentError("connection refused")
        if line.connect_s:
            await self._clock.sleep(line.connect_s)
        if why := why_held():
            raise NothingSentError(why)
        sent_ns = self._clock.mono_ns()
        self._watch(method, path, body)
        if line.strikes(line.swallowed):
            await self._clock.sleep(timeout_s)
            raise AnswerLostError("no reply in time", sent_ns=sent_ns)
        lower = {name.lower(): value for name, value in headers.items()}
        reply = self._broker.handle(
            Request(method, f"/v1{path}", "", lower, body or b"", self._peer)
        )
        wire = "" if reply.wire is None else reply.wire.kind
        delay_s = reply.delay_ms / 1000
        if wire in _NEVER or delay_s >= timeout_s:
            await self._clock.sleep(timeout_s)
            raise AnswerLostError("no reply in time", sent_ns=sent_ns)
        await self._clock.sleep(delay_s)
        if wire in _GONE:
            raise AnswerLostError(f"connection lost ({wire})", sent_ns=sent_ns)
        return _whole(reply, sent_ns, max_body)

    async def aclose(self) -> None:
        """Nothing is open."""
        await asyncio.sleep(0)


def _whole(reply: Reply, sent_ns: int, max_body: int) -> HttpReply:
    if len(reply.body) > max_body:
        raise AnswerLostError("the reply is too large", sent_ns=sent_ns)
    return HttpReply(reply.status, dict(reply.headers), reply.body, sent_ns)
