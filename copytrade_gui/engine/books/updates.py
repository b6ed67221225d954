"""What the broker tells by itself: into the same way in as its books, and only while it is whole.

Nothing is repeated after a break. So each time a feed comes to stand, the account's order book is
read first; what is told meanwhile waits for that read, and is merged behind it.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Sequence

from copytrade_gui.domain.account import FeedState
from copytrade_gui.domain.events import LampChanged, Severity
from copytrade_gui.domain.ids import AccountId, BrokerOrderId, is_our_tag
from copytrade_gui.domain.instrument import Circuit, InstrumentKey, PriceRange, Quote
from copytrade_gui.domain.market_status import MarketStatus
from copytrade_gui.engine.books.divergence import changes
from copytrade_gui.engine.books.poller import Poller
from copytrade_gui.engine.books.reconciler import Reconciler
from copytrade_gui.engine.orders.absorbed import Absorbed
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.orders.lane import Lane
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.ports import BrokerOrder, BrokerSession, BrokerTrade, UpdateListener

log = logging.getLogger(__name__)

MOST_HELD = 1_000
"""Rows that wait for the read that closes a gap; more of them begin another gap."""
_MOST_EARLY = 200
"""Trades of an account whose order is not linked yet."""


class Updates:
    """Merges pushed rows, or has a book read where a row alone does not say enough."""

    def __init__(self, core: Core, reconciler: Reconciler, poller: Poller) -> None:
        self._book = core.book
        self._bus = core.bus
        self._hours = core.hours
        self._lanes = core.lanes
        self._clock = core.clock
        self._settings = core.settings
        self._account_news = core.account_news
        self._news = core.news
        self._quotes = core.quotes
        self._reconciler = reconciler
        self._poller = poller
        self._feeds: dict[AccountId, _Feed] = {}

    def attach(self, lane: Lane, session: BrokerSession) -> None:
        """A session begins: hear what the broker tells by itself of this account."""
        feed = self._feeds[lane.account_id] = _Feed(self, lane, session)
        self.stands(feed, FeedState.OFF, "")
        session.hear_updates(feed)

    def feed_of(self, account: AccountId) -> UpdateListener | None:
        """Who hears what the broker tells of this account; None without a session."""
        return self._feeds.get(account)

    def detach(self, lane: Lane) -> None:
        """The session ended, or the account is gone: what its feed tells is not heard any more."""
        if (feed := self._feeds.pop(lane.account_id, None)) is not None:
            self.stands(feed, FeedState.OFF, "")

    def after_read(self, lane: Lane, absorbed: Absorbed) -> None:
        """An order book was read: if it was asked for since the feed stands, the gap is closed."""
        feed = self._feeds.get(lane.account_id)
        if feed is None or not lane.gap or lane.status.feed is not FeedState.LIVE:
            return
        if not absorbed.whole or absorbed.began_ns < feed.live_ns:
            self._poller.look(lane.account_id, self._settings.poll_active)
            return
        lane.gap = False
        self._account_news.feed(lane, FeedState.LIVE, "", self._clock.wall_ns())
        held, feed.held = feed.held, deque()
        for row in held:
            self.merge(feed, row)

    def linked(self, order: Order) -> None:
        """An order may have got its broker id: trades that came before it count now."""
        feed = self._feeds.get(order.intent.account_id)
        if feed is None or order.broker_order_id is None:
            return
        for row in feed.early.pop(order.broker_order_id, ()):
            self.merge(feed, row)

    # ------------------------------------------------------------ what a feed tells

    def stands(self, feed: _Feed, state: FeedState, words: str) -> None:
        """A feed stands differently now."""
        lane, account = feed.lane, feed.lane.account_id
        lane.gap = True
        feed.held.clear()
        self._account_news.feed(lane, state, words, self._clock.wall_ns())
        if state is FeedState.LIVE:
            feed.live_ns = self._clock.mono_ns()
            self._poller.look(account, 0.0)
        elif state is FeedState.EXPIRED:
            self._poller.look(account, 0.0)  # the book tells whether the session is over
        elif self._book.count_open(account):
            self._poller.look(account, self._settings.poll_first)

    def take(self, feed: _Feed, row: BrokerOrder | BrokerTrade) -> None:
        """A row was pushed."""
        if not feed.lane.gap:
            self.merge(feed, row)
        elif len(feed.held) < MOST_HELD:
            feed.held.append(row)
        else:
            log.info("too much was pushed during a gap account=%s", feed.lane.account_id)
            feed.held.clear()
            feed.live_ns = self._clock.mono_ns()
            self._poller.look(feed.lane.account_id, 0.0)

    def merge(self, feed: _Feed, row: BrokerOrder | BrokerTrade) -> None:
        """Bring a row in; the book is read at once where a row alone proves too little."""
        if isinstance(row, BrokerTrade):
            self._merge_trade(feed, row)
            return
        lane = feed.lane
        order = self._reconciler.absorb_pushed(lane, row)
        if order is None:
            if is_our_tag(row.tag):
                self._poller.look(lane.account_id, 0.0)
            else:
                self._news.seen(lane, [row])
        elif self._wants_a_judgement(order, row):
            self._poller.look(lane.account_id, 0.0)

    def _merge_trade(self, feed: _Feed, row: BrokerTrade) -> None:
        lane, number = feed.lane, row.broker_order_id
        if self._reconciler.absorb_pushed_trade(lane, row):
            return
        if sum(map(len, feed.early.values())) >= _MOST_EARLY:
            del feed.early[next(iter(feed.early))]
        feed.early.setdefault(number, []).append(row)
        if lane.account.master:
            self._news.traded_elsewhere(lane.account_id)

    def _wants_a_judgement(self, order: Order, row: BrokerOrder) -> bool:
        """Whether somebody else changed or ended it is for a complete read to say."""
        held = () if order.diverged is None else order.diverged.changes
        ended = row.state is not None and row.state.ended and not row.all_filled
        return changes(order, row) != held or (ended and not order.cancel_requested)

    def price(self, quote: Quote) -> None:
        """A price was pushed."""
        self._quotes.put(quote)

    def put_range(self, found: PriceRange) -> None:
        """The prices that the exchange takes were pushed."""
        self._quotes.put_range(found)

    def put_circuit(self, found: Circuit) -> None:
        """An edge of a price band of the day was pushed."""
        self._quotes.put_circuit(found)

    def market(self, status: MarketStatus) -> None:
        """What an exchange says of its market: a halt, and that it goes on, a person is told."""
        halted = self._hours.halted(status.exchange)
        self._hours.put_status(status)
        if self._hours.halted(status.exchange) == halted:
            return
        words = "Orders wait there or are refused; what works stays." if not halted else ""
        self._book.alarm(
            "market_halted" if not halted else "market_goes_on",
            f"{status.said}. {words}".strip(),
            severity=Severity.INFO if halted else Severity.WARNING,
        )
        now = self._hours.all_halted
        told = f"{', '.join(now)} halted" if now else ""
        self._bus.publish(LampChanged("market", "bad" if now else "ok", told))

    def look(self, feed: _Feed) -> None:
        """Something was told that nobody understood."""
        self._poller.look(feed.lane.account_id, 0.0)

    def key_of(self, lane: Lane, number: BrokerOrderId, tag: str) -> InstrumentKey | None:
        """The instrument of an order of ours, by its number or its tag."""
        order = self._book.by_broker(lane.account_id, number)
        if order is None and tag:
            order = self._book.by_tag(tag)
        if order is None or order.intent.account_id != lane.account_id:
            return None
        return order.key


class _Feed:
    """``UpdateListener`` of one session; silent once the account has another."""

    __slots__ = ("_session", "_updates", "early", "held", "lane", "live_ns")

    def __init__(self, updates: Updates, lane: Lane, session: BrokerSession) -> None:
        self._updates = updates
        self._session = session
        self.lane = lane
        self.live_ns = 0
        """Since when it stands, monotonic: only a book that was asked for later closes the gap."""
        self.held: deque[BrokerOrder | BrokerTrade] = deque()
        self.early: dict[BrokerOrderId, list[BrokerTrade]] = {}

    @property
    def _heard(self) -> bool:
        return self.lane.session is self._session

    def key_of(self, order: BrokerOrderId, tag: str) -> InstrumentKey | None:
        return self._updates.key_of(self.lane, order, tag)

    def orders(self, rows: Sequence[BrokerOrder]) -> None:
        for row in rows:
            if self._heard:
                self._updates.take(self, row)

    def trades(self, rows: Sequence[BrokerTrade]) -> None:
        for row in rows:
            if self._heard:
                self._updates.take(self, row)

    def quote(self, quote: Quote) -> None:
        if self._heard:
            self._updates.price(quote)

    def price_range(self, found: PriceRange) -> None:
        if self._heard:
            self._updates.put_range(found)

    def circuit(self, found: Circuit) -> None:
        if self._heard:
            self._updates.put_circuit(found)

    def market(self, status: MarketStatus) -> None:
        if self._heard:
            self._updates.market(status)

    def unclear(self) -> None:
        if self._heard:
            self._updates.look(self)

    def feed(self, state: FeedState, words: str) -> None:
        if self._heard:
            self._updates.stands(self, state, words)
