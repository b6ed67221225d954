"""What goes wrong with the feed on purpose: lost, repeated, late, broken messages, no network."""

import json
import ssl

import pytest

from copytrade_gui.simulator.faults import Fault
from tests.simulator.feed_client import (
    FeedClient,
    ServedFeed,
    orders,
    password_of,
    trades,
    update,
)
from tests.simulator.stand import FIRST, MASTER, Stand


async def listening(market: Stand, feed: ServedFeed, *faults: Fault) -> FeedClient:
    client = await feed.logged_in(MASTER, market.tokens[MASTER], orders(MASTER), trades(MASTER))
    for fault in faults:
        market.broker.add_fault(fault)
    return client


async def statuses(market: Stand, client: FeedClient, count: int) -> list[str]:
    """What a filled order is told as: its statuses, and `trade`."""
    market.accepted()
    market.wait()
    market.broker.advance()
    rows = [update(message) for message in await client.hear(count)]
    return [row.get("orderStatus", "trade") for row in rows]


WALK = ["put order req received", "validation pending", "open pending", "open", "complete", "trade"]


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (Fault(action="feed_skip", nth=[2, 5]), [WALK[0], *WALK[2:4], WALK[5]]),
        (Fault(action="feed_skip", call="feed_trade"), WALK[:5]),
        (Fault(action="feed_repeat", call="feed_trade", copies=2), [*WALK, "trade", "trade"]),
        (Fault(action="feed_delay", nth=[1], ms=30), WALK),
        (Fault(action="feed_overtaken", nth=[5], ms=30), [*WALK[:4], "trade", "complete"]),
        (Fault(action="feed_skip", accounts=[FIRST]), WALK),
    ],
)
async def test_messages_are_lost_repeated_late_and_out_of_turn(
    market: Stand, feed: ServedFeed, fault: Fault, told: list[str]
) -> None:
    client = await listening(market, feed, fault)
    assert await statuses(market, client, len(told)) == told
    assert client.heard == []


@pytest.mark.parametrize(
    "form", ["text", "broken", "empty", "null", "number", "list", "missing", "huge"]
)
async def test_messages_are_garbled(market: Stand, feed: ServedFeed, form: str) -> None:
    client = await listening(market, feed, Fault(action="feed_garble", form=form, count=1))
    market.accepted()
    market.wait()
    market.broker.advance()
    first, second = await client.hear(2)
    good = update(second)
    assert good["brokerOrderId"]
    try:
        bad = json.loads(first[1])
    except ValueError:
        assert form in {"text", "broken", "empty"}
    else:
        assert not isinstance(bad, dict) or "brokerOrderId" not in bad or "padding" in bad


async def test_a_message_can_cost_the_connection(market: Stand, feed: ServedFeed) -> None:
    client = await listening(market, feed, Fault(action="feed_close", nth=[3], how="reset"))
    market.accepted()
    market.wait()
    market.broker.advance()
    assert await client.packet() == (0, b"")


@pytest.mark.parametrize(
    ("form", "code"), [("unavailable", 3), ("bad_login", 4), ("unauthorised", 5), ("reset", -1)]
)
async def test_a_login_can_be_refused(
    market: Stand, feed: ServedFeed, form: str, code: int
) -> None:
    market.broker.add_fault(Fault(action="feed_refuse", form=form, count=1))
    word = password_of(market.tokens[MASTER])
    assert await (await feed.client()).log_in(MASTER, word) == code
    assert await (await feed.client()).log_in(MASTER, word) == 0


async def test_a_subscription_can_be_denied(market: Stand, feed: ServedFeed) -> None:
    client = await feed.logged_in(MASTER, market.tokens[MASTER])
    market.broker.add_fault(Fault(action="feed_deny", count=1))
    assert await client.subscribe(orders(MASTER)) == [0x80]
    assert await client.subscribe(orders(MASTER)) == [0]


@pytest.mark.parametrize(
    "fault",
    [Fault(action="feed_outage", until_s=60), Fault(action="no_network", until_s=60)],
)
async def test_an_outage_ends_all_and_lets_nobody_in_until_it_is_over(
    market: Stand, feed: ServedFeed, fault: Fault
) -> None:
    client = await listening(market, feed, fault)
    assert await client.packet() == (0, b"")
    with pytest.raises((OSError, EOFError, AssertionError)):
        await feed.logged_in(MASTER, market.tokens[MASTER])
    market.wait(61)
    again = await feed.logged_in(MASTER, market.tokens[MASTER], orders(MASTER))
    market.accepted()
    await again.hear(1)


async def test_an_outage_of_one_account_is_his_alone(market: Stand, feed: ServedFeed) -> None:
    other = await feed.logged_in(FIRST, market.tokens[FIRST])
    client = await listening(market, feed, Fault(action="feed_outage", accounts=[MASTER]))
    assert await client.packet() == (0, b"")
    assert await (await feed.client()).log_in(MASTER, password_of(market.tokens[MASTER])) == -1
    assert await other.ping()


async def test_another_certificate_is_shown_and_refused(market: Stand, feed: ServedFeed) -> None:
    standing = await feed.logged_in(MASTER, market.tokens[MASTER])
    for kind in ("expired", "wrong_host", "self_signed"):
        market.broker.feed.show_certificate(kind)
        with pytest.raises(ssl.SSLCertVerificationError):
            await feed.client()
    assert await standing.ping()
    market.broker.feed.show_certificate("good")
    await feed.logged_in(FIRST, market.tokens[FIRST])
