"""Who hears what of orders and prices, and what faults do to it on the way. No sockets here.

A listener gets the bytes of a topic that it subscribed to. The MQTT server is one kind of listener;
a test in virtual time may be another.
"""

import random
from collections import Counter
from collections.abc import Callable
from typing import Literal, Protocol

import msgspec

from copytrade_gui.simulator.accounts import Account
from copytrade_gui.simulator.desk import Desk
from copytrade_gui.simulator.faults import Fault
from copytrade_gui.simulator.feed.market import MarketNews
from copytrade_gui.simulator.feed.messages import is_told, order_update, trade_update
from copytrade_gui.simulator.feed.misfortune import garbled
from copytrade_gui.simulator.feed.topics import Topic, order_topic, read_topic, trade_topic
from copytrade_gui.simulator.misfortune import delay_of
from copytrade_gui.simulator.orders import Fill, Order

DropHow = Literal["close", "silence", "reset"]
MessageCall = Literal["feed_order", "feed_trade", "feed_market"]


class Message(msgspec.Struct, frozen=True, gc=False):
    """What a listener hears. It is to arrive ``delay_ms`` from now, in the order of sending;
    one that is ``overtaken`` may arrive behind later ones.
    """  # fmt: skip

    topic: str
    payload: bytes
    delay_ms: float = 0.0
    overtaken: bool = False


Listener = Callable[[Message], None]


class FeedServing(Protocol):
    """What a server of this feed does with its connections when it is told to."""

    def drop(self, client: str, how: DropHow) -> int:
        """End the connections of a client (id in lower case), or of all; returns how many."""
        ...

    def rows(self) -> list[dict[str, object]]:
        """Its connections: whose, under which identifier, with how many topics."""
        ...

    def look(self) -> None:
        """End the connections that a fault does not let live."""
        ...

    def show_certificate(self, kind: str) -> None:
        """Show new connections another certificate; ValueError for a kind that is none."""
        ...


class Feed:
    """The feed of one broker; it outlives the broker's reset."""

    def __init__(self) -> None:
        self.desk: Desk
        self.servers: list[FeedServing] = []
        self.sent: Counter[str] = Counter()
        """Messages by kind of call and by fault that struck one."""
        self._listeners: dict[str, dict[Listener, None]] = {}
        self._market: dict[str, Topic] = {}
        self._news: MarketNews
        self._topics: dict[str, tuple[str, str]] = {}

    def furnish(self, desk: Desk) -> None:
        """Speak for a new desk; whoever was logged in at the one before is not any more."""
        self.desk = desk
        self._news = MarketNews(desk)
        desk.exchange.listener = self._tell
        for server in self.servers:
            server.drop("", "close")

    # -- listeners ----------------------------------------------------------------------------

    def subscribe(self, topic: str, listener: Listener) -> None:
        """Let a listener hear a topic from now on. Market topics speak at the next `publish`."""
        self._listeners.setdefault(topic, {})[listener] = None
        known = read_topic(topic)
        if known is not None and not known.client:
            self._market[topic] = known
            self._news.forget(topic)  # a new listener is told where things stand

    def unsubscribe(self, topic: str, listener: Listener) -> None:
        """Let it hear a topic no more."""
        listeners = self._listeners.get(topic, {})
        listeners.pop(listener, None)
        if not listeners:
            self._listeners.pop(topic, None)
            self._market.pop(topic, None)
            self._news.forget(topic)

    # -- what is told -------------------------------------------------------------------------

    def _tell(self, account: Account, order: Order, first: int, fills: tuple[Fill, ...]) -> None:
        topics = self._topics.get(account.client_id)
        if topics is None:
            client = account.client_id
            topics = self._topics[client] = (order_topic(client), trade_topic(client))
        orders, trades = topics
        switches = self.desk.switches
        if trades in self._listeners and switches.trade_first:
            self._trades(account, trades, order, fills)
        if orders in self._listeners:
            for step in order.steps[first:]:
                if is_told(step, switches):
                    update = order_update(account, order, step, switches)
                    self._send("feed_order", account.client_id, orders, update)
        if trades in self._listeners and not switches.trade_first:
            self._trades(account, trades, order, fills)

    def _trades(self, account: Account, topic: str, order: Order, fills: tuple[Fill, ...]) -> None:
        for fill in fills:
            update = trade_update(order, fill, self.desk.switches)
            self._send("feed_trade", account.client_id, topic, update)

    def publish(self, now: int, underlying: str = "") -> None:
        """Tell what is new under the market topics: of one underlying, or of all."""
        for topic, packet in self._news.due(list(self._market.items()), now, underlying):
            self._send("feed_market", "", topic, packet)

    def _send(self, call: MessageCall, client: str, topic: str, payload: bytes) -> None:
        switches = self.desk.switches
        message = Message(topic, payload, switches.latency_ms + switches.feed_ms)
        self.sent[call] += 1
        if not self.desk.faults:
            self._deliver(message)
            return
        struck = self.desk.faults.strike(call, client, self.desk.now())
        copies = 1
        for fault, dice in struck:
            self.sent[fault.action] += 1
            if fault.action in {"feed_skip", "feed_close"}:
                copies = 0
                if fault.action == "feed_close":
                    self.drop(client, fault.how)
            elif fault.action == "feed_repeat":
                copies += fault.copies
            else:
                message = _changed(message, fault, dice)
        for _ in range(copies):
            self._deliver(message)

    def _deliver(self, message: Message) -> None:
        for listener in list(self._listeners.get(message.topic, ())):
            listener(message)

    # -- connections --------------------------------------------------------------------------

    def drop(self, client_id: str = "", how: DropHow = "close") -> int:
        """End the connections of a client, or of all; returns how many there were."""
        return sum(server.drop(client_id.lower(), how) for server in self.servers)

    def rows(self) -> list[dict[str, object]]:
        """All connections."""
        return [row for server in self.servers for row in server.rows()]

    def look(self) -> None:
        """Let faults that have just been armed act on connections that are open."""
        for server in self.servers:
            server.look()

    def show_certificate(self, kind: str) -> None:
        """Show new connections another certificate.

        Raises:
            ValueError: no such kind; the text lists them.
        """
        for server in self.servers:
            server.show_certificate(kind)


def _changed(message: Message, fault: Fault, dice: random.Random) -> Message:
    if fault.action == "feed_garble":
        payload = garbled(message.payload, fault)
        return msgspec.structs.replace(message, payload=payload)
    delay_ms = message.delay_ms + delay_of(fault.ms, fault.sigma, dice)
    return msgspec.structs.replace(
        message, delay_ms=delay_ms, overtaken=fault.action == "feed_overtaken"
    )
