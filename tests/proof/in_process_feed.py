"""The simulated broker's feed in the same process and in virtual time: no MQTT, no sockets.

It says when what the simulator's own server says, and does to messages and connections what its
faults ask for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from copytrade_gui.brokers.iifl.feed import FeedNeeds
from copytrade_gui.brokers.iifl.feed_connection import (
    FeedLine,
    FeedLogin,
    Heard,
    LoginRefusedError,
    Lost,
)
from copytrade_gui.ports import Clock
from copytrade_gui.simulator.accounts import Session
from copytrade_gui.simulator.broker import SimulatedBroker
from copytrade_gui.simulator.feed.feed import DropHow, Message
from copytrade_gui.simulator.feed.topics import read_topic
from copytrade_gui.simulator.feed.wakeups import Wakeups

_CONNECT_S = 0.05
_NOT_AUTHORISED = 5


class InProcessFeed:
    """Takes the place of the simulator's server for one life of the program."""

    def __init__(self, broker: SimulatedBroker, clock: Clock) -> None:
        self.broker = broker
        self.clock = clock
        stop_feeds(broker)
        broker.feed.servers.append(self)
        self.wakeups = Wakeups(lambda: broker.desk, self._on_second)
        self.lines: dict[InProcessLine, None] = {}

    def stop(self) -> None:
        """The program of before is gone."""
        self.broker.feed.servers.remove(self)
        self.wakeups.stop()
        for line in list(self.lines):
            line.leave()

    def needs(self) -> FeedNeeds:
        """For the client's side."""
        return FeedNeeds(lambda _address: self._open, self.clock)

    async def _open(self, login: FeedLogin, heard: Heard, lost: Lost) -> FeedLine:
        await self.clock.sleep(_CONNECT_S)
        desk = self.broker.desk
        session, now = desk.sessions.get(login.token), desk.now()
        if session is None or not session.alive or now >= session.expires_at:
            raise LoginRefusedError(_NOT_AUTHORISED)
        client = session.account.client_id
        if desk.faults and desk.faults.no_network("feed", client, now):
            raise ConnectionResetError
        line = InProcessLine(self, session, heard, lost)
        self.lines[line] = None
        return line

    # -- what the simulator asks of its servers -----------------------------------------------

    def drop(self, client: str, how: DropHow) -> int:
        del how
        struck = [one for one in self.lines if client in {"", one.client}]
        for line in struck:
            line.end("the connection was cut")
        return len(struck)

    def rows(self) -> list[dict[str, object]]:
        return [{"client_id": line.client} for line in self.lines]

    def look(self) -> None:
        desk = self.broker.desk
        for line in list(self.lines):
            account = line.session.account.client_id
            if desk.faults and desk.faults.no_network("feed", account, desk.now()):
                line.end("the connection was cut")

    def show_certificate(self, kind: str) -> None:
        del kind

    def _on_second(self, now: int) -> None:
        self.look()
        self.broker.feed.publish(now)


def stop_feeds(broker: SimulatedBroker) -> None:
    """Whoever listened is gone; a dead program's timers and lines go with it."""
    for one in list(broker.feed.servers):
        if isinstance(one, InProcessFeed):
            one.stop()


class InProcessLine:
    """``FeedLine`` of one client."""

    def __init__(self, feed: InProcessFeed, session: Session, heard: Heard, lost: Lost) -> None:
        self._feed = feed
        self._heard = heard
        self._lost = lost
        self._topics: list[str] = []
        self._last_due = 0.0
        self.session = session
        self.client = session.account.client_id.lower()
        session.watchers.add(self._over)

    async def subscribe(self, topics: Sequence[str]) -> tuple[str, ...]:
        await self._feed.clock.sleep(0.005)
        if self not in self._feed.lines:
            raise ConnectionResetError
        for topic in topics:
            known = read_topic(topic)
            if known is None or known.client not in {"", self.client}:
                return tuple(topics)
            self._topics.append(topic)
            if known.client:
                self._feed.wakeups.watch(self.session.account)
            if self not in self._feed.lines:  # what fell due had the connection cut
                raise ConnectionResetError
            self._feed.broker.feed.subscribe(topic, self._receive)
        return ()

    def unsubscribe(self, topics: Sequence[str]) -> None:
        for topic in topics:
            self._topics.remove(topic)
            self._feed.broker.feed.unsubscribe(topic, self._receive)

    def close(self) -> None:
        self.leave()

    def leave(self) -> None:
        """Nothing is heard any more."""
        if self not in self._feed.lines:
            return
        del self._feed.lines[self]
        self.session.watchers.discard(self._over)
        for topic in self._topics:
            self._feed.broker.feed.unsubscribe(topic, self._receive)
            known = read_topic(topic)
            if known is not None and known.client:
                self._feed.wakeups.unwatch(self.session.account)
        self._topics.clear()

    def end(self, why: str) -> None:
        """The broker, or the network, ends it."""
        if self in self._feed.lines:
            self.leave()
            self._lost(why)

    def _over(self) -> None:
        self.end("the connection was cut")

    def _receive(self, message: Message) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time() + message.delay_ms / 1000
        if not message.overtaken:
            due = self._last_due = max(due, self._last_due)
        loop.call_at(due, self._deliver, message)

    def _deliver(self, message: Message) -> None:
        if self in self._feed.lines:
            self._heard(message.topic, message.payload)
