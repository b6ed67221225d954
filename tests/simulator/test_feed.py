"""The feed over real sockets: who may hear what, and two clients of others."""

import asyncio
import ssl
import threading
import time
from pathlib import Path
from typing import Any

import gmqtt
import paho.mqtt.client as paho
import pytest
from gmqtt.mqtt.constants import MQTTv311
from paho.mqtt.enums import CallbackAPIVersion

from tests.simulator.feed_client import (
    ServedFeed,
    orders,
    password_of,
    serving_feed,
    trades,
    update,
)
from tests.simulator.stand import FIRST, MASTER, Stand
from tests.waiting import until

LETTERED = "KX10006"


# -- other people's clients -------------------------------------------------------------------


class Gmqtt:
    """The client that the console is to use, on the test's own loop."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self.granted: list[int] = []
        self.client = gmqtt.Client("gmqtt")
        self.client.on_message = self._message
        self.client.on_subscribe = lambda _c, _mid, qos, _p: self.granted.extend(qos)

    def _message(self, _client: Any, topic: str, payload: bytes, *_rest: object) -> int:
        self.heard.append((topic, payload))
        return 0

    async def open(self, feed: ServedFeed, user: str, token: str) -> None:
        trust = ssl.create_default_context(cafile=str(feed.server.ca_file))
        trust.minimum_version = ssl.TLSVersion.TLSv1_3
        self.client.set_auth_credentials(user, password_of(token))
        await self.client.connect("127.0.0.1", feed.port, ssl=trust, version=MQTTv311, keepalive=20)


class Paho:
    """What the broker's own library is made of: TLS 1.2 exactly, and a thread of its own."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self.granted: list[int] = []
        self.client = paho.Client(CallbackAPIVersion.VERSION2, "paho", protocol=paho.MQTTv311)
        # Not loop_start: it leaves a pair of sockets behind.
        self.thread = threading.Thread(target=self.client.loop_forever, args=(0.01,))
        self.client.on_message = lambda _c, _u, m: self.heard.append((m.topic, bytes(m.payload)))
        self.client.on_subscribe = lambda _c, _u, _mid, codes, _p: self.granted.extend(
            code.value for code in codes
        )

    def open(self, feed: ServedFeed, user: str, token: str) -> None:
        trust = ssl.create_default_context(cafile=str(feed.server.ca_file))
        trust.minimum_version = trust.maximum_version = ssl.TLSVersion.TLSv1_2
        self.client.username_pw_set(user, password_of(token))
        self.client.tls_set_context(trust)
        self.client.connect("127.0.0.1", feed.port, keepalive=20)
        self.thread.start()

    def close(self) -> None:
        self.client.disconnect()
        self.thread.join()


async def test_two_clients_of_others_hear_the_same(market: Stand, feed: ServedFeed) -> None:
    token = market.tokens[MASTER]
    first, second = Gmqtt(), Paho()
    await first.open(feed, MASTER, token)
    await asyncio.to_thread(second.open, feed, MASTER, token)
    price = "prod/marketfeed/mw/v1/nseeq/2885"
    topics = [orders(MASTER), trades(MASTER), price, orders(FIRST)]
    try:
        await until(second.client.is_connected)
        first.client.subscribe([gmqtt.Subscription(topic, qos=0) for topic in topics])
        second.client.subscribe([(topic, 0) for topic in topics])
        await until(lambda: len(first.granted) == len(second.granted) == len(topics))
        assert first.granted == second.granted == [0, 0, 0, 0x80]
        order = market.accepted(orderTag="CT7", price="1500")
        market.wait(1)
        market.broker.advance()
        market.price(1499)
        market.wait(1)
        market.broker.advance()
        await until(lambda: len(first.heard) == len(second.heard) == 7)
        assert first.heard == second.heard
    finally:
        second.close()
        await first.client.disconnect()
    told = [update(message) for message in first.heard if message[0] == orders(MASTER)]
    assert [row["orderStatus"] for row in told] == [
        "put order req received", "validation pending", "open pending", "open", "complete",
    ]  # fmt: skip
    assert {row["brokerOrderId"] for row in told} == {order}
    (trade,) = [update(message) for message in first.heard if message[0] == trades(MASTER)]
    assert (trade["brokerOrderId"], trade["tradedPrice"]) == (order, "1499.1")
    (packet,) = [payload for topic, payload in first.heard if topic == price]
    assert len(packet) == 188


async def test_an_order_walks_by_itself_while_someone_listens(
    tmp_path: Path, market: Stand
) -> None:
    """Nobody asks for a book, and the clock is the machine's."""
    market.broker.desk.clock = time.time_ns
    async with serving_feed(market.broker, tmp_path) as feed:
        client = await feed.logged_in(LETTERED, market.broker.open_session(LETTERED),
                                      orders(LETTERED), trades(LETTERED))  # fmt: skip
        market.broker.open_session(LETTERED)
        market.tokens[LETTERED] = market.broker.open_session(LETTERED)
        market.accepted(LETTERED)
        told = await client.hear(6)
        assert update(told[4])["orderStatus"] == "complete"
        assert update(told[5])["filledQuantity"] == "10"
        market.accepted(LETTERED, price="1500")
        await client.hear(4)
        market.price(1490)
        assert update((await client.hear(1))[0])["orderStatus"] == "complete"


# -- login and topics ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("user", "password", "code"),
    [
        (MASTER, "OPENID~~{token}~", 0),
        (FIRST, "OPENID~~{token}~", 5),  # another client's token
        (MASTER, "OPENID~~nonsense~", 5),
        ("", "OPENID~~{token}~", 5),
        (MASTER, "{token}", 4),
        (MASTER, "", 4),
    ],
)
async def test_who_is_let_in(
    market: Stand, feed: ServedFeed, user: str, password: str, code: int
) -> None:
    client = await feed.client()
    given = password.format(token=market.tokens[MASTER])
    assert await client.log_in(user, given) == code
    assert await client.ping() is (code == 0)


async def test_the_login_of_an_id_with_letters_is_in_lower_case(
    market: Stand, feed: ServedFeed
) -> None:
    word = password_of(market.tokens[LETTERED])
    assert await (await feed.client()).log_in(LETTERED, word) == 5
    assert await (await feed.client()).log_in(LETTERED.lower(), word) == 0


async def test_version_5_and_a_nameless_lasting_session_are_refused(
    market: Stand, feed: ServedFeed
) -> None:
    word = password_of(market.tokens[MASTER])
    assert await (await feed.client()).log_in(MASTER, word, version=5) == 1
    assert await (await feed.client()).log_in(MASTER, word, "", flags=0xC0) == 2
    assert await (await feed.client()).log_in(MASTER, word, "") == 0


@pytest.mark.parametrize(
    "data",
    [b"GET / HTTP/1.1\r\n\r\n", b"\xc0\x00", b"\x10\xff\xff\xff\xff", b"\x10\x02\x00\x09"],
)
async def test_what_is_no_login_ends_the_connection(feed: ServedFeed, data: bytes) -> None:
    client = await feed.client()
    client.writer.write(data)
    assert await client.packet() == (0, b"")


async def test_a_client_may_not_publish(market: Stand, feed: ServedFeed) -> None:
    client = await feed.logged_in(MASTER, market.tokens[MASTER])
    client.send(0x30, b"\0\1ahello")
    assert not await client.ping()


async def test_which_topics_are_granted(market: Stand, feed: ServedFeed) -> None:
    client = await feed.logged_in(MASTER, market.tokens[MASTER])
    codes = await client.subscribe(
        orders(MASTER), trades(MASTER), orders(FIRST), trades(FIRST), "#", orders("+"),
        "prod/marketfeed/mw/v1/nseeq/2885", "prod/marketfeed/mw/v1/NSEEQ/2885",
    )  # fmt: skip
    assert codes == [0, 0, 0x80, 0x80, 0x80, 0x80, 0, 0x80]
    many = [f"prod/marketfeed/mw/v1/nseeq/{number}" for number in range(1024)]
    assert set(await client.subscribe(*many)) == {0}
    assert set(await client.subscribe(*many, "prod/marketfeed/mw/v1/nseeq/5000")) == {0x80}
    market.accepted(FIRST)
    market.accepted()
    assert [topic for topic, _ in await client.hear(1)] == [orders(MASTER)]


async def test_a_subscription_is_not_answered_at_once(market: Stand, feed: ServedFeed) -> None:
    """The broker's own client breaks when it is."""
    client = await feed.logged_in(MASTER, market.tokens[MASTER])
    client.send(0x82, b"\0\7\0\1x\0")
    assert await client.ping()
    assert await client.packet() == (0x90, b"\0\7\x80")


async def test_unsubscribed_topics_are_silent(market: Stand, feed: ServedFeed) -> None:
    client = await feed.logged_in(MASTER, market.tokens[MASTER], orders(MASTER), trades(MASTER))
    topic = orders(MASTER).encode()
    client.send(0xA2, b"\0\x09" + len(topic).to_bytes(2, "big") + topic)
    assert await client.packet() == (0xB0, b"\0\x09")
    market.accepted()
    market.wait()
    market.broker.advance()
    assert [name for name, _ in await client.hear(1)] == [trades(MASTER)]


async def test_one_identifier_has_one_connection(market: Stand, feed: ServedFeed) -> None:
    word = password_of(market.tokens[MASTER])
    one, two, three = [await feed.client() for _ in range(3)]
    assert await one.log_in(MASTER, word, "orders") == 0
    assert await two.log_in(MASTER, word, "prices") == 0
    assert await three.log_in(MASTER, word, "orders") == 0
    assert await one.packet() == (0, b"")
    assert await two.ping()
    assert await three.ping()


# -- the end of a session ---------------------------------------------------------------------


async def test_a_session_that_ends_takes_its_connections_along(
    market: Stand, feed: ServedFeed
) -> None:
    mine = await feed.logged_in(MASTER, market.tokens[MASTER], orders(MASTER))
    other = await feed.logged_in(FIRST, market.tokens[FIRST], orders(FIRST))
    market.json("POST", "/profile/logout")
    assert await mine.packet() == (0, b"")
    assert await (await feed.client()).log_in(MASTER, password_of(market.tokens[MASTER])) == 5
    assert await other.ping()
    market.broker.expire_sessions()
    assert await other.packet() == (0, b"")


async def test_midnight_ends_every_connection(market: Stand, feed: ServedFeed) -> None:
    client = await feed.logged_in(MASTER, market.tokens[MASTER])
    market.wait(24 * 3600)
    assert await client.packet() == (0, b"")
    assert await (await feed.client()).log_in(MASTER, password_of(market.tokens[MASTER])) == 5


async def test_a_reset_of_the_broker_ends_every_connection(market: Stand, feed: ServedFeed) -> None:
    client = await feed.logged_in(MASTER, market.tokens[MASTER], orders(MASTER))
    market.broker.reset()
    assert await client.packet() == (0, b"")
    again = market.tokens[MASTER] = market.broker.open_session(MASTER)
    client = await feed.logged_in(MASTER, again, orders(MASTER))
    market.accepted()
    await client.hear(1)
