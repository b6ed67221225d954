"""One account's feed: it connects, asks for its topics, and begins anew when it was cut.

Nothing is repeated after a break, so each time it stands again its listener is told, who has the
books read. What it hears is handed on as rows of the books (``feed_rows``) and as quotes.
"""

from __future__ import annotations

import asyncio
import logging
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from copytrade_gui.brokers.http.http_call import DeadlinePassedError
from copytrade_gui.brokers.http.reasons import reason_of
from copytrade_gui.brokers.http.route import STRAIGHT, Way
from copytrade_gui.brokers.iifl.feed_connection import (
    FeedLine,
    FeedLogin,
    LoginRefusedError,
    OpenFeed,
)
from copytrade_gui.brokers.iifl.feed_packets import (
    PacketError,
    read_mark,
    read_market,
    read_market_status,
    read_price_protection,
)
from copytrade_gui.brokers.iifl.feed_rows import is_on_its_way, order_in, order_news, trade_in
from copytrade_gui.brokers.iifl.feed_topics import (
    MOST_AT_ONCE,
    circuit_segment,
    circuit_topics,
    market_key,
    market_topics,
    order_topic,
    range_key,
    range_topic,
    status_segment,
    status_topic,
    trade_topic,
)
from copytrade_gui.brokers.iifl.mapping import LotSize
from copytrade_gui.brokers.iifl.scalar import order_id
from copytrade_gui.domain.account import FeedState
from copytrade_gui.domain.ids import AccountId, BrokerOrderId
from copytrade_gui.domain.instrument import Circuit, Exchange, InstrumentKey, PriceRange, Quote
from copytrade_gui.domain.market_status import MarketStatus
from copytrade_gui.ports import Clock, UpdateListener

log = logging.getLogger(__name__)

_FIRST_PAUSE_S, _GROWTH, _LONGEST_PAUSE_S = 2.0, 1.5, 60.0
_AT_ONCE_S = 0.25
"""After a connection that stood was cut: a broker that restarts takes it back at once."""

_CUT = "News of its orders does not come: {why}. Its books are read instead; it connects again."
_DENIED = (
    "The broker does not tell this account's orders by itself. Its books are read instead; it is "
    "asked again each minute."
)
_OVER = (
    "The broker's feed does not take this session. Its books are read instead; log the account in "
    "again."
)

FindKey = Callable[[BrokerOrderId, str, str], InstrumentKey | None]
"""The instrument of an order that is none of ours: its number, its instrument's id and symbol."""


@dataclass(frozen=True, slots=True)
class FeedNeeds:
    """What the feeds of all accounts are made from."""

    open: Callable[[Way], OpenFeed]
    """For the way that connections take."""
    clock: Clock


class Feed:
    """The feed of one session. Not for use from another thread."""

    def __init__(
        self,
        account_id: AccountId,
        client_id: str,
        token: str,
        *,
        needs: FeedNeeds,
        find_key: FindKey,
        lot_size: LotSize,
        way: Way = STRAIGHT,
    ) -> None:
        """``client_id`` as the token names it; ``token`` is never logged or shown."""
        self._account_id = account_id
        self._client_id = client_id
        self._token = token
        self._needs = needs
        self._find_key = find_key
        self._lot_size = lot_size
        self._open = needs.open(way)
        self._listener: UpdateListener | None = None
        self._own = (order_topic(client_id), trade_topic(client_id))
        self._watched: set[str] = set()
        self._segments: set[Exchange] = set()
        self._line: FeedLine | None = None
        self._lost: asyncio.Future[str] | None = None
        self._task: asyncio.Task[None] | None = None
        self._asking: set[asyncio.Task[None]] = set()
        self._connections = 0

    def hear(self, listener: UpdateListener) -> None:
        """Connect, and tell this listener from now on."""
        self._listener = listener
        if self._task is None:
            name = f"feed of {self._account_id}"
            self._task = asyncio.get_running_loop().create_task(self._keep(), name=name)

    def watch(self, keys: Iterable[InstrumentKey]) -> None:
        """Hear the prices of these instruments, with the exchange's range, and of no others.

        Circuits of a segment are told once, when they are reached, and so is what its market does:
        who has watched it goes on hearing them.
        """
        watched = tuple(keys)
        wanted = {topic for key in watched for topic in (*market_topics(key), range_topic(key))}
        self._segments.update(key.exchange for key in watched)
        for segment in self._segments:
            wanted.update((*circuit_topics(segment), status_topic(segment)))
        more = [topic for topic in wanted if topic not in self._watched]
        less = [topic for topic in self._watched if topic not in wanted]
        self._watched = wanted
        line = self._line
        if line is None:
            return
        if less:
            line.unsubscribe(less)
        if more:
            asking = asyncio.get_running_loop().create_task(self._ask(line, more))
            self._asking.add(asking)
            asking.add_done_callback(self._asking.discard)

    def drop(self) -> None:
        """Connect anew, for example because the machine slept."""
        if self._lost is not None and not self._lost.done():
            self._lost.set_result("the connection was dropped")

    async def aclose(self) -> None:
        """Close for good; nobody is told."""
        self._listener = None
        tasks = [*self._asking, *([] if self._task is None else [self._task])]
        self._task = None
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        await asyncio.sleep(0)  # the transport tells its protocol in the loop's next round

    # ------------------------------------------------------------ connecting

    async def _keep(self) -> None:
        failures = 0
        self._tell(FeedState.CONNECTING, "")
        while True:
            state, failures, least = FeedState.RECONNECTING, failures + 1, 0.0
            try:
                why = await self._stand()
                failures, least = 0, _AT_ONCE_S
            except LoginRefusedError as refusal:
                if refusal.session_over:
                    log.info("%s account=%s", refusal, self._account_id)
                    self._tell(FeedState.EXPIRED, _OVER)
                    return
                why = str(refusal)
            except _DeniedError:
                state, least, why = FeedState.REFUSED, _LONGEST_PAUSE_S, "denied"
            except (OSError, DeadlinePassedError) as error:
                why = reason_of(error) if isinstance(error, OSError) else "no answer in time"
            except Exception:
                log.exception("the feed failed oddly account=%s", self._account_id)
                why = "an error of ours"
            if failures <= 1:
                log.info("feed does not stand account=%s: %s", self._account_id, why)
            self._tell(state, _DENIED if state is FeedState.REFUSED else _CUT.format(why=why))
            await self._needs.clock.sleep(pause_s(self._account_id, failures, least))

    async def _stand(self) -> str:
        """Connect, and stay until the connection is lost; returns why it was."""
        self._connections += 1
        lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        def cut(why: str) -> None:
            if not lost.done():
                lost.set_result(why)

        identifier = f"{self._client_id}_ct_{self._needs.clock.wall_ns() // 1_000_000:x}"
        line = await self._open(
            FeedLogin(self._client_id, self._token, f"{identifier}_{self._connections}"),
            self._heard,
            cut,
        )
        try:
            if await line.subscribe(self._own):
                raise _DeniedError
            self._line, self._lost = line, lost
            if self._watched:
                await self._ask(line, list(self._watched))
            self._tell(FeedState.LIVE, "")
            return await lost
        finally:
            self._line = self._lost = None
            line.close()

    async def _ask(self, line: FeedLine, topics: Sequence[str]) -> None:
        """Ask for prices. Without them they are read, so a refusal is no reason to end."""
        for start in range(0, len(topics), MOST_AT_ONCE):
            try:
                refused = await line.subscribe(topics[start : start + MOST_AT_ONCE])
            except (OSError, DeadlinePassedError) as error:
                log.info("no prices by feed account=%s: %s", self._account_id, reason_of(error))
                return
            if refused:
                log.info("prices refused account=%s: %s", self._account_id, ", ".join(refused))

    def _tell(self, state: FeedState, words: str) -> None:
        if self._listener is not None:
            self._listener.feed(state, words)

    # ------------------------------------------------------------ what comes

    def _heard(self, topic: str, payload: bytes) -> None:
        listener = self._listener
        if listener is None:
            return
        orders, trades = self._own
        if topic == orders:
            self._order(listener, payload)
        elif topic == trades:
            trade = trade_in(payload, self._client_id, self._lot_size)
            listener.unclear() if trade is None else listener.trades([trade])
        elif (key := market_key(topic)) is not None:
            self._price(listener, key, payload)
        elif (key := range_key(topic)) is not None:
            self._range(listener, key, payload)
        elif (segment := circuit_segment(topic)) is not None:
            self._circuit(listener, *segment, payload)
        elif (exchange := status_segment(topic)) is not None:
            self._status(listener, exchange, payload)

    def _order(self, listener: UpdateListener, payload: bytes) -> None:
        news = order_news(payload, self._client_id)
        number = None if news is None else order_id(news.broker_order_id)
        if news is None or number is None:
            listener.unclear()
            return
        if is_on_its_way(news) and listener.key_of(BrokerOrderId(number), "") is not None:
            return  # what its reply said: half of all news, and nothing new
        row = order_in(news, self._key_of, self._lot_size)
        listener.unclear() if row is None else listener.orders([row])

    def _price(self, listener: UpdateListener, key: InstrumentKey, payload: bytes) -> None:
        try:
            packet = read_market(payload)
        except PacketError as error:
            log.info("price not read instrument=%s: %s", key, error)
            return
        if packet.last > 0:
            now_ns = self._needs.clock.wall_ns()
            listener.quote(Quote(key, packet.last, packet.bid, packet.ask, packet.close, now_ns))

    def _range(self, listener: UpdateListener, key: InstrumentKey, payload: bytes) -> None:
        try:
            packet = read_price_protection(payload)
        except PacketError as error:
            log.info("price range not read instrument=%s: %s", key, error)
            return
        if 0 < packet.low <= packet.high:
            now_ns = self._needs.clock.wall_ns()
            listener.price_range(PriceRange(key, packet.low, packet.high, now_ns))

    def _circuit(
        self, listener: UpdateListener, exchange: Exchange, upper: bool, payload: bytes
    ) -> None:
        try:
            packet = read_mark(payload)
        except PacketError as error:
            log.info("circuit not read segment=%s: %s", exchange, error)
            return
        if packet.value > 0:
            key = InstrumentKey(exchange, packet.instrument_id)
            now_ns = self._needs.clock.wall_ns()
            listener.circuit(Circuit(key, packet.value, upper, now_ns))

    def _status(self, listener: UpdateListener, exchange: Exchange, payload: bytes) -> None:
        try:
            phase = read_market_status(payload)
        except PacketError as error:
            log.info("market status not read segment=%s: %s", exchange, error)
            return
        listener.market(MarketStatus(exchange, phase, self._needs.clock.wall_ns()))

    def _key_of(
        self, order: BrokerOrderId, tag: str, instrument_id: str, symbol: str
    ) -> InstrumentKey | None:
        listener = self._listener
        ours = None if listener is None else listener.key_of(order, tag)
        return ours or self._find_key(order, instrument_id, symbol)


class _DeniedError(Exception):
    """The account's own topics were refused."""


def pause_s(account_id: AccountId, failures: int, least: float = 0.0) -> float:
    """How long to wait before connecting again, after so many failures in a row.

    Two seconds, half as long again each time, a minute at most; spread by the account's name
    rather than by chance, so that 500 accounts do not come back in one instant.
    """
    grown = _FIRST_PAUSE_S * _GROWTH ** min(failures - 1, 20) if failures else least
    spread = 0.75 + zlib.crc32(account_id.encode()) % 1000 / 2000
    return max(min(grown, _LONGEST_PAUSE_S), least) * spread
