"""What waits for a reply is counted, and however an order ends it is counted no more."""

from collections.abc import Awaitable, Callable

import pytest

from copytrade_gui.brokers.http.address import loopback_address
from copytrade_gui.brokers.http.channel import ChannelNeeds, OrderCalls
from copytrade_gui.brokers.http.order_channel import WarmChannel
from copytrade_gui.brokers.http.pool import Pool
from copytrade_gui.brokers.http.transport import HttpxCall
from copytrade_gui.brokers.http.trust import tls_context
from copytrade_gui.domain.ids import AccountId
from tests.brokers.other_broker import OtherBroker, judge, prepare
from tests.brokers.rig import Answers, Line, Request, SystemClock, scripted

HANDED = OtherBroker()


async def answers(line: Line, request: Request) -> None:
    await HANDED.says_accepted(line, request)


async def cuts(line: Line, request: Request) -> None:
    line.cut() if request.tag else await HANDED.says_accepted(line, request)


async def is_silent(line: Line, request: Request) -> None:
    if not request.tag:
        await HANDED.says_accepted(line, request)


@pytest.mark.parametrize("script", [answers, cuts, is_silent])
@pytest.mark.parametrize("launched", [True, False])
async def test_an_order_is_awaited_until_it_has_an_end(
    script: Callable[[Line, Request], Awaitable[None]], launched: bool
) -> None:
    clock, tls = SystemClock(), tls_context()
    async with scripted(script) as broker:
        address = loopback_address(broker.base_url)
        pool = Pool(address, clock, tls=tls)
        calls = OrderCalls("/trade/new", "/alive", prepare, judge)
        http_call = HttpxCall(address, clock, tls=tls, orders_path="/trade")
        channel = WarmChannel(ChannelNeeds(AccountId("a"), {}, http_call, calls), pool)
        await channel.open()
        heard = Answers()
        assert not pool.awaits_replies
        for number in range(3):  # one leaves, two wait behind it
            heard.place(channel, number, 300, launched=launched and number == 0)
        assert pool.unanswered.count == 3
        assert pool.awaits_replies is launched
        await heard.all(range(3))
        assert (pool.unanswered.count, pool.awaits_replies) == (0, False)
        heard.place(channel, 3, 10_000)
        await channel.aclose()
        await heard.of(3)
        assert pool.unanswered.count == 0
        await http_call.aclose()
        pool.close()
