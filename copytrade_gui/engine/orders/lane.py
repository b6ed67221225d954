"""One account's channel: session, limits, stops of its own, and the orders that wait."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from copytrade_gui.domain.account import Account, AccountStatus, FeedState, SessionState
from copytrade_gui.domain.capabilities import Capabilities
from copytrade_gui.domain.checks.account import ACCOUNT_CHECKS, OPENING_CHECKS, AccountFacts
from copytrade_gui.domain.checks.check import blocking
from copytrade_gui.domain.ids import AccountId, PlanId
from copytrade_gui.domain.instrument import InstrumentKey
from copytrade_gui.domain.link import FROZEN, Link, LinkState, NotCopied
from copytrade_gui.domain.route import why_unregistered
from copytrade_gui.engine.orders.limiter import RollingWindow
from copytrade_gui.engine.orders.links import LaneFacts, Linked
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.ports import BrokerSession, OrderChannel

_READY = SessionState.READY

_FROZEN = (
    "A link by which it copies is frozen, so no order leaves in it. Set that link active first."
)


class Lane:
    """State of one account. Orders in ``queue`` are planned and wait for a slot or a hold's end.

    What every order of a burst asks is kept ready beside what it follows from, so that five
    hundred of them look at one object each: ``active``, ``channel`` (its session's way for orders)
    and ``ready`` (an order could leave: logged in, from a registered address, not halted, and read
    since the start), ``facts`` for sizing, also of each of its ``links`` by master, and
    ``takes_from``, whose orders its links let through. ``version`` rises with every change of
    account, links, session or status, and when the account is removed.
    """

    __slots__ = (
        "_live",
        "account",
        "account_id",
        "active",
        "awaited_master",
        "book_reads",
        "cancelling_ns",
        "channel",
        "facts",
        "gap",
        "history_reads",
        "leaving",
        "links",
        "ordered",
        "position_reads",
        "queue",
        "rank_count",
        "rank_total",
        "read_ns",
        "ready",
        "session",
        "slots",
        "status",
        "takes_from",
        "trade_reads",
        "version",
        "wait_until_ns",
    )

    def __init__(self, account: Account, takes: Capabilities, *, live: bool = False) -> None:
        self._live = live
        self.account_id: AccountId = account.account_id
        self.version = 0
        self.channel: OrderChannel | None = None
        self.ready = False
        self.session: BrokerSession | None = None
        """Its session at the broker, None while it has none; changed by ``put_session``."""
        self.status = AccountStatus(account.account_id)
        """Its live facts; changed by ``put_status``."""
        self.links: dict[AccountId, Linked] = {}
        self.put_account(account)
        self.queue: deque[Order] = deque()
        self.leaving: tuple[tuple[InstrumentKey, PlanId], ...] = ()
        """Instruments and plans of its orders between their choice and their bytes."""
        self.slots = RollingWindow(
            takes.changes_per_second,
            reserve=takes.changes_per_second - takes.orders_per_second,
        )
        self.book_reads = RollingWindow(takes.reads_per_second)
        self.trade_reads = RollingWindow(takes.reads_per_second)
        self.position_reads = RollingWindow(takes.reads_per_second)
        self.history_reads = RollingWindow(takes.history_per_second)
        self.awaited_master: Order | None = None
        """An order of this master whose followers wait until it is at the exchange."""
        self.gap = True
        """What the broker tells by itself may have been missed: no feed, or no book read since it
        stands."""
        self.read_ns = 0
        """When the newest complete read of its order book that was taken in had been asked for,
        monotonic; 0: none was."""
        self.cancelling_ns = 0
        """Its cancels leave one after another: when that began, or one was last answered,
        monotonic; 0 while none does."""
        self.ordered = (0, 0)
        """The newest Indian day on which orders of it were marked, and how many."""
        self.wait_until_ns = 0
        """No order before this monotonic time: a 429 asked for it."""
        self.rank_total = 0.0
        self.rank_count = 0

    def put_account(self, account: Account) -> None:
        """A person has changed the account."""
        self.account, self.active = account, account.active
        self._changed()

    def put_session(self, session: BrokerSession | None) -> None:
        """It has this session from now on, or none."""
        self.session = session
        self.channel = None if session is None else session.orders
        self._changed()

    def put_status(self, status: AccountStatus) -> None:
        """Its live facts are these from now on; who tells others is ``AccountNews``."""
        self.status = status
        self._changed()

    @property
    def logged_in(self) -> bool:
        """True when the broker answers it: it can be read, whatever keeps its orders back."""
        return self.session is not None and self.status.session is _READY

    def ordered_on(self, day: int) -> int:
        """How many orders of it were marked on an Indian day; only the newest is known."""
        return self.ordered[1] if self.ordered[0] == day else 0

    def leaves_another(self, key: InstrumentKey, plan: PlanId) -> bool:
        """True while an order of another plan is about to leave in this instrument.

        Slices of one order leave together.
        """
        return any(one == key and of != plan for one, of in self.leaving)

    @property
    def pushed(self) -> bool:
        """True while the broker tells by itself what becomes of its orders, without a gap."""
        return self.status.feed is FeedState.LIVE and not self.gap

    def left(self, key: InstrumentKey, plan: PlanId) -> None:
        """An order of this plan in this instrument is no longer ``leaving``."""
        leaving = list(self.leaving)
        leaving.remove((key, plan))
        self.leaving = tuple(leaving)

    def _changed(self) -> None:
        status = self.status
        unregistered = why_unregistered(self.account.route, status.left_from)
        self.ready = (
            self.channel is not None
            and status.session is _READY
            and not status.halted
            and not status.unread
            and not unregistered
        )
        basis = self.account.declared.basis
        asked = AccountFacts(status, self.session is not None, basis, self._live, unregistered)
        found, opens = blocking(ACCOUNT_CHECKS, asked), blocking(OPENING_CHECKS, asked)
        code, reason = ("", "") if found is None else (found.code, found.sentence)
        only_exits = None if opens is None else NotCopied(opens.code, opens.sentence)
        self.facts = LaneFacts(self.account, code, reason, status.free_margin, only_exits)
        for linked in self.links.values():
            linked.put(linked.link, self.facts)
        open_to = {name for name, one in self.links.items() if one.facts.stopped is None}
        if not self.frozen:
            open_to.add(self.account_id)
        self.takes_from = frozenset(open_to)
        self.version += 1

    def put_link(self, link: Link) -> Linked:
        """Copy by this link from now on."""
        linked = self.links.get(link.master_id)
        if linked is None:
            linked = self.links[link.master_id] = Linked(link, self.facts)
        linked.link = link
        self._changed()
        return linked

    def drop_link(self, master: AccountId) -> Linked | None:
        """Copy this master no more."""
        linked = self.links.pop(master, None)
        self._changed()
        return linked

    @property
    def frozen(self) -> bool:
        """True if not even a person may place an order in the account."""
        return any(linked.link.state is LinkState.FROZEN for linked in self.links.values())

    def why_kept(self, order: Order) -> tuple[str, str]:
        """Code and sentence why a link of the account keeps an order back; empty: none does.

        It may have been paused, or taken away, after the order was planned.
        """
        if order.master_id in self.takes_from:
            return "", ""
        if order.master_id == self.account_id:
            return FROZEN, _FROZEN
        linked = self.links.get(order.master_id)
        if linked is None:
            return ("", "") if order.closes else ("removed", "The link to its master was removed.")
        stopped = linked.facts.stopped
        if stopped is None or (order.closes and stopped.code != FROZEN):
            return "", ""
        return stopped.code, stopped.sentence

    @property
    def only_exits(self) -> NotCopied | None:
        """Why only what reduces may leave here; None: what opens may too."""
        return self.facts.only_exits

    def facts_to_close(self, master: AccountId) -> LaneFacts:
        """The account's facts for an order that closes copies of this master's orders."""
        linked, facts = self.links.get(master), self.facts
        stopped = None if linked is None else linked.facts.stopped
        if stopped is None or stopped.code != FROZEN:
            return facts
        return LaneFacts(facts.account, stopped.code, stopped.sentence, facts.capital)

    def why_not_own(self) -> tuple[str, str]:
        """Code and sentence why the account can place no order of its own; empty: it can."""
        if not self.active:
            return "off", "It is switched off. Switch it on first."
        return (FROZEN, _FROZEN) if self.frozen else self.why_not()

    def why_not(self) -> tuple[str, str]:
        """Code and sentence why no order can leave; empty strings when one can."""
        return self.facts.code, self.facts.reason


class Lanes:
    """All lanes by account, in a stable order."""

    def __init__(self, takes: Capabilities, *, live: bool = False) -> None:
        self._takes, self._live = takes, live
        self._lanes: dict[AccountId, Lane] = {}
        self.get = self._lanes.get
        """A lane, or None for an account we do not know."""
        self._unread: set[AccountId] = set()
        self._followers: dict[AccountId, list[Linked]] = {}

    def __iter__(self) -> Iterator[Lane]:
        return iter(self._lanes.values())

    def __getitem__(self, account: AccountId) -> Lane:
        return self._lanes[account]

    def why_held(self, order: Order, channel: OrderChannel) -> tuple[str, str]:
        """Code and sentence why an order chosen for this channel may not leave; empty: it may."""
        if order.cancel_requested:
            return "cancelled", "Cancelled before it left."
        lane = self._lanes.get(order.intent.account_id)
        if lane is None or not (lane.active or order.closes):
            return "off", "The account was removed or switched off."
        if not lane.ready:
            return lane.why_not()
        if lane.channel is not channel:
            return "no_session", "The account was logged in again meanwhile."
        return lane.why_kept(order)

    def ordered_on(self, day: int, accounts: Iterable[AccountId]) -> dict[AccountId, int]:
        """How many orders of each account were marked on an Indian day; KeyError: no such one."""
        return {account: self._lanes[account].ordered_on(day) for account in accounts}

    def followers_of(self, master: AccountId) -> Sequence[Linked]:
        """The links of one master, in a stable order."""
        return self._followers.get(master, ())

    def only_master_of(self, account: AccountId) -> AccountId | None:
        """Whom an account copies; None: nobody, or several."""
        lane = self._lanes.get(account)
        masters = [] if lane is None else list(lane.links)
        return masters[0] if len(masters) == 1 else None

    def put_link(self, link: Link) -> Link | None:
        """Go by a link from now on; returns the one before. Raises KeyError: no such follower."""
        lane = self._lanes[link.follower_id]
        known = lane.links.get(link.master_id)
        before = None if known is None else known.link
        linked = lane.put_link(link)
        if known is None:
            self._followers.setdefault(link.master_id, []).append(linked)
        return before

    def drop_link(self, master: AccountId, follower: AccountId) -> Link | None:
        """Forget a link; returns it if it was there."""
        lane = self._lanes.get(follower)
        linked = None if lane is None else lane.drop_link(master)
        if linked is None:
            return None
        self._followers[master].remove(linked)
        return linked.link

    def take_back(self, orders: Iterable[Order]) -> list[Order]:
        """Take orders out of their queues again: their plan is not stored yet."""
        taken = []
        for order in orders:
            lane = self._lanes.get(order.intent.account_id)
            if lane is not None and order in lane.queue:
                lane.queue.remove(order)
                taken.append(order)
        return taken

    def put(self, account: Account) -> Lane:
        """Add an account, or give its lane the changed account."""
        lane = self._lanes.get(account.account_id)
        if lane is None:
            lane = self._lanes[account.account_id] = Lane(account, self._takes, live=self._live)
            self._show_unread(lane)
        lane.put_account(account)
        return lane

    def must_be_read(self, accounts: Iterable[AccountId]) -> None:
        """Nothing leaves in these, also if they come back later, before ``was_read`` is told."""
        self._unread.update(accounts)
        for lane in self._lanes.values():
            self._show_unread(lane)

    def was_read(self, lane: Lane) -> None:
        """A complete read of its order book: its orders wait for that no more."""
        self._unread.discard(lane.account_id)
        self._show_unread(lane)

    def _show_unread(self, lane: Lane) -> None:
        unread = lane.account_id in self._unread
        if lane.status.unread != unread:
            lane.put_status(replace(lane.status, unread=unread))

    def drop(self, account: AccountId) -> Lane | None:
        """Forget an account, with every link of its own and to it."""
        for linked in list(self.followers_of(account)):
            self.drop_link(account, linked.account_id)
        for master in list(self._lanes[account].links) if account in self._lanes else ():
            self.drop_link(master, account)
        lane = self._lanes.pop(account, None)
        if lane is not None:
            lane.version += 1
        return lane
