"""One client of the feed: its login, its topics, and what is written to it."""

from __future__ import annotations

import asyncio
import math
from typing import Protocol

from copytrade_gui.simulator.accounts import Session
from copytrade_gui.simulator.faults import Fault
from copytrade_gui.simulator.feed import mqtt
from copytrade_gui.simulator.feed.feed import DropHow, Feed, Message
from copytrade_gui.simulator.feed.topics import (
    MOST_FOR_ONE_CLIENT,
    MOST_IN_ONE_PACKET,
    read_topic,
)
from copytrade_gui.simulator.feed.wakeups import Wakeups
from copytrade_gui.simulator.server import reset
from copytrade_gui.simulator.timers import Timers

_HELLO_S = 10.0
"""Seconds in which a new connection must say who it is."""
_MOST_UNSENT = 8 * 1024 * 1024
"""Bytes that a client may leave unread before its connection ends."""
_REFUSALS = {
    "unavailable": mqtt.UNAVAILABLE,
    "bad_login": mqtt.BAD_LOGIN,
    "unauthorised": mqtt.UNAUTHORISED,
}


class Hosting(Protocol):
    """What a connection needs of the server that took it."""

    feed: Feed
    timers: Timers
    wakeups: Wakeups
    connections: set[FeedConnection]
    by_identifier: dict[str, FeedConnection]

    def time(self) -> float: ...

    def forget(self, connection: FeedConnection) -> None: ...


class FeedConnection(asyncio.Protocol):
    """Speaks MQTT 3.1.1 at QoS 0 with one client. Nothing is kept for when it is away."""

    def __init__(self, server: Hosting) -> None:
        self._server = server
        self._feed = server.feed
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._session: Session | None = None
        self._identifier = ""
        self._topics: dict[str, bool] = {}  # and whether it is one of a client's own
        self._keep_alive_s = _HELLO_S
        self._heard_at = 0.0
        self._last_due = 0.0
        self._silent = False
        self._since = 0
        self.client = ""
        """Whose it is, in lower case; empty before the login."""

    # -- asyncio ------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # a stream transport by contract
        self._server.connections.add(self)
        self._heard_at = self._server.time()
        self.end_if_cut_off(self._feed.desk.now())

    def connection_lost(self, _exc: Exception | None) -> None:
        self._transport = None
        self._leave()
        self._server.forget(self)

    def data_received(self, data: bytes) -> None:
        self._heard_at = self._server.time()
        if self._silent:
            return
        self._buffer += data
        try:
            self._read()
        except mqtt.MalformedError:
            self.end("close")

    def _read(self) -> None:
        if self._session is None and self._buffer[0] >> 4 != mqtt.CONNECT:
            raise mqtt.MalformedError("no login")
        while self._listens:
            packet = mqtt.take_packet(self._buffer)
            if packet is None:
                return
            self._handle(packet)

    @property
    def _listens(self) -> bool:
        transport = self._transport
        return transport is not None and not transport.is_closing() and not self._silent

    # -- packets ------------------------------------------------------------------------------

    def _handle(self, packet: mqtt.Packet) -> None:
        if self._session is not None and packet.kind == mqtt.CONNECT:
            raise mqtt.MalformedError("second login")
        match packet.kind:
            case mqtt.CONNECT:
                self._log_in(mqtt.read_connect(packet.body))
            case mqtt.SUBSCRIBE:
                self._subscribe(*mqtt.read_topics(packet))
            case mqtt.UNSUBSCRIBE:
                number, topics = mqtt.read_topics(packet)
                for topic in topics:
                    self._drop_topic(topic)
                self._write(mqtt.unsuback(number))
            case mqtt.PINGREQ:
                self._write(mqtt.PINGRESP)
            case _:  # a DISCONNECT; or a PUBLISH, which nobody but the broker may send
                self.end("close")

    def _log_in(self, login: mqtt.Login) -> None:
        code, session = self._judge(login)
        if session is None:
            if code >= 0:
                self._write(mqtt.connack(code))
                self.end("close")
            return
        older = self._server.by_identifier.get(login.identifier)
        if older is not None and login.identifier:
            older.end("close")
        self._session, self._identifier = session, login.identifier
        self._server.by_identifier[login.identifier] = self
        self.client = session.account.client_id.lower()
        self._keep_alive_s = login.keep_alive_s * 1.5
        peer = None if self._transport is None else self._transport.get_extra_info("peername")
        session.account.saw("feed", peer[0] if peer else "")
        self._since = self._feed.desk.now()
        session.watchers.add(self._session_ended)
        self.end_if_cut_off(self._since)
        if self.client:
            self._write(mqtt.connack(0))

    def _judge(self, login: mqtt.Login) -> tuple[int, Session | None]:
        """The code of the answer, and the session if it is 0; below 0: there is no answer."""
        if login.version != 4:
            return mqtt.BAD_VERSION, None
        if not login.identifier and not login.clean:
            return mqtt.BAD_IDENTIFIER, None
        word = login.password
        if not (word.startswith("OPENID~~") and word.endswith("~")):
            return mqtt.BAD_LOGIN, None
        desk = self._feed.desk
        session = desk.sessions.get(word[8:-1])
        now = desk.now()
        if (
            session is None
            or not session.alive
            or now >= session.expires_at
            or login.user != session.account.client_id.lower()
        ):
            return mqtt.UNAUTHORISED, None
        for fault in self._struck("feed_connect", session, now):
            if fault.form in {"silence", "reset"}:
                self.end("silence" if fault.form == "silence" else "reset")
                return -1, None
            return _REFUSALS.get(fault.form, mqtt.UNAVAILABLE), None
        return 0, session

    def _struck(self, call: str, session: Session, now: int) -> list[Fault]:
        desk = self._feed.desk
        struck = desk.faults.strike(call, session.account.client_id, now) if desk.faults else []
        self._feed.sent.update(fault.action for fault, _ in struck)
        return [fault for fault, _ in struck]

    # -- topics -------------------------------------------------------------------------------

    def _subscribe(self, number: int, topics: list[str]) -> None:
        if self._session is None:
            raise mqtt.MalformedError("not logged in")
        desk = self._feed.desk
        denied = len(topics) > MOST_IN_ONE_PACKET
        for fault in self._struck("feed_subscribe", self._session, desk.now()):
            if fault.form == "silence":
                return
            denied = True
        room = MOST_FOR_ONE_CLIENT - len(self._topics)
        granted = [] if denied else [name for name in topics if self._may_hear(name)][:room]
        known = set(granted)
        codes = bytes(0 if name in known else mqtt.REFUSED_TOPIC for name in topics)
        self._server.timers.after(desk.switches.suback_ms, self._grant, number, codes, granted)

    def _may_hear(self, name: str) -> bool:
        topic = read_topic(name)
        return topic is not None and topic.client in {"", self.client}

    def _grant(self, number: int, codes: bytes, granted: list[str]) -> None:
        self._write(mqtt.suback(number, codes))
        if self._session is None or self._transport is None:
            return
        for name in granted:
            if name in self._topics:
                continue
            topic = read_topic(name)
            self._topics[name] = own = topic is not None and bool(topic.client)
            if own:
                self._server.wakeups.watch(self._session.account)
            if name not in self._topics:
                return  # what fell due then had the connection cut
            self._feed.subscribe(name, self.receive)

    def _drop_topic(self, name: str) -> None:
        own = self._topics.pop(name, None)
        if own is None:
            return
        self._feed.unsubscribe(name, self.receive)
        if own and self._session is not None:
            self._server.wakeups.unwatch(self._session.account)

    # -- writing ------------------------------------------------------------------------------

    def receive(self, message: Message) -> None:
        """Pass on what the feed says, when it is due."""
        packet = mqtt.publish(message.topic.encode(), message.payload)
        now = self._server.time()
        # Whole milliseconds, so that all that is due in one of them leaves in one turn of the loop.
        due = math.ceil(now * 1000.0 + message.delay_ms) / 1000.0 if message.delay_ms else now
        if not message.overtaken:
            due = self._last_due = max(due, self._last_due)
        if due <= now:
            self._write(packet)
        else:
            self._server.timers.at(due, self._write, packet)

    def _write(self, data: bytes) -> None:
        transport = self._transport
        if transport is None or not self._listens:
            return
        transport.write(data)
        if transport.get_write_buffer_size() > _MOST_UNSENT:
            transport.abort()

    # -- the end ------------------------------------------------------------------------------

    def end(self, how: DropHow) -> None:
        """Close after what was written, reset, or say and hear nothing more."""
        if self._transport is None:
            return
        match how:
            case "close":
                self._transport.close()
            case "reset":
                reset(self._transport)
            case "silence":
                self._silent = True
        self._leave()

    def end_if_cut_off(self, now: int) -> None:
        """End if a fault keeps the network, or this feed, from its client."""
        faults = self._feed.desk.faults
        if faults and not self._silent:
            account = "" if self._session is None else self._session.account.client_id
            gone = faults.no_network("feed", account, now)
            if gone:
                self.end("silence" if gone == "silence" else "reset")

    def on_second(self, now: int) -> None:
        """End when the client has been silent for too long, or its session is over by time."""
        silent_s = self._server.time() - self._heard_at
        over = self._session is not None and now >= self._session.expires_at
        if not self._silent and (over or 0 < self._keep_alive_s < silent_s):
            self.end("close")

    def row(self) -> dict[str, object]:
        """For the control path."""
        return {
            "client_id": self.client,
            "identifier": self._identifier,
            "topics": sorted(self._topics),
            "since_ns": self._since,
        }

    def _session_ended(self) -> None:
        self.end("close")

    def _leave(self) -> None:
        for topic in list(self._topics):
            self._drop_topic(topic)
        if self._session is not None:
            self._session.watchers.discard(self._session_ended)
            self._session = None
        if self._server.by_identifier.get(self._identifier) is self:
            del self._server.by_identifier[self._identifier]
        self.client = ""
