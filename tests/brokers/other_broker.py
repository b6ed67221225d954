"""A made-up broker of a few lines on the HTTP room: other paths, other words, other headers.

That it keeps the whole contract shows that the room knows no broker by name or manner.
"""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from copytrade_gui.brokers.http.address import loopback_address
from copytrade_gui.brokers.http.channel import Channel, ChannelNeeds, OrderCalls
from copytrade_gui.brokers.http.http_call import AnswerLostError, HttpCall, NothingSentError
from copytrade_gui.brokers.http.httpx_channel import HttpxChannel
from copytrade_gui.brokers.http.order_channel import WarmChannel
from copytrade_gui.brokers.http.pool import Pool
from copytrade_gui.brokers.http.transport import HttpxCall
from copytrade_gui.brokers.http.trust import tls_context
from copytrade_gui.domain.ids import AccountId, BrokerOrderId, Tag
from copytrade_gui.domain.order import OrderTerms
from copytrade_gui.ports import (
    Accepted,
    BrokerOrder,
    ChangeDone,
    ChangeOutcome,
    NotSent,
    OrderChannel,
    PlaceOutcome,
    PreparedOrder,
    Read,
    Refused,
    Unknown,
)
from tests.brokers.handed import Answer, Change, HandedBroker, Traded
from tests.brokers.rig import Request, ScriptedBroker, SystemClock

_KEY = "key-of-the-day"


def prepare(terms: OrderTerms, tag: Tag) -> PreparedOrder:
    body = {"what": terms.instrument.symbol, "how_many": terms.quantity, "reference": tag}
    return PreparedOrder(tag, json.dumps(body).encode())


def judge(status: int, headers: Mapping[str, str], body: bytes) -> PlaceOutcome:
    del headers
    try:
        said = json.loads(body)
    except ValueError:
        return Unknown("not JSON")
    if status == 201 and said.get("done"):
        return Accepted(BrokerOrderId(said["done"]))
    if status == 409:
        return Refused("no", said["no"])
    return Unknown(f"HTTP {status}")


@dataclass
class OtherSession:
    """``Traded`` at this broker."""

    channel: Channel
    http_call: HttpCall
    headers: Mapping[str, str]

    @property
    def orders(self) -> OrderChannel:
        return self.channel

    async def open_channel(self) -> None:
        await self.channel.open()

    async def cancel(self, order: BrokerOrderId) -> ChangeOutcome:
        return await self._change(order, {})

    async def modify(self, order: BrokerOrderId, terms: OrderTerms) -> ChangeOutcome:
        return await self._change(order, {"how_many": terms.quantity})

    async def _change(self, order: BrokerOrderId, wanted: dict[str, int]) -> ChangeOutcome:
        if not (order.isascii() and order.isalnum() and len(order) <= 40):
            return Refused("bad_order_id", "no such order")
        path, body = f"/trade/change/{quote(order)}", json.dumps(wanted).encode()
        try:
            reply = await self.channel.spare_call("POST", path, body, 5)
            if reply is None:
                reply = await self.http_call.request(
                    "POST", path, headers=self.headers, body=body, timeout_s=5
                )
        except NothingSentError as error:
            return NotSent(str(error), error.silence)
        except AnswerLostError as error:
            return Unknown(str(error))
        outcome = judge(reply.status, reply.headers, reply.body)
        return ChangeDone() if isinstance(outcome, Accepted) else outcome

    async def order_history(self, order: BrokerOrderId) -> Read[BrokerOrder]:
        del order
        return Read((), whole=False, problem="this broker keeps none")

    async def aclose(self) -> None:
        await self.channel.aclose()
        await self.http_call.aclose()


class OtherBroker(HandedBroker):
    """The made-up broker."""

    secret = _KEY
    answers = (
        Answer(b'{"no": "too large"}', Refused("no", "too large"), 409),
        Answer(b'{"done": ""}', None, 201),
        Answer(b"sorry"),
    )
    accepted_status = 201
    change_taken = b'{"done": "240919000000041"}'
    change_refused = Answer(b'{"no": "not open"}', Refused("no", "not open"), 409)

    @asynccontextmanager
    async def session(
        self, broker: ScriptedBroker, cache: Path, *, fast: bool, ca_file: Path | None
    ) -> AsyncIterator[Traded]:
        clock, tls, address = (
            SystemClock(),
            tls_context(ca_file, trust=False),
            loopback_address(broker.base_url),
        )
        pool = Pool(address, clock, tls=tls)
        http_call = HttpxCall(address, clock, tls=tls, orders_path="/trade")
        calls = OrderCalls("/trade/new", "/alive", prepare, judge)
        headers = {"X-Key": _KEY, "Content-Type": "application/json"}
        needs = ChannelNeeds(AccountId("ravi"), headers, http_call, calls)
        channel: Channel = WarmChannel(needs, pool) if fast else HttpxChannel(needs, clock)
        session = OtherSession(channel, http_call, headers)
        try:
            yield session
        finally:
            await session.aclose()
            pool.close()

    def accepted(self, order_id: str) -> bytes:
        return json.dumps({"done": order_id}).encode()

    def is_read(self, request: Request) -> bool:
        return request.path == "/v1/alive"

    def change_of(self, request: Request) -> Change | None:
        path, _, order = request.path.rpartition("/")
        if path != "/v1/trade/change":
            return None
        return Change(order, json.loads(request.body).get("how_many"))
