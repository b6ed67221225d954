"""What each follower has to reduce when a master's order reduces what the master has.

It is a part of what his copies hold (``copy_ledger``). Orders of the account that are open or in
doubt count against it, so that two exits in a row never overshoot.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from copytrade_gui.domain.account import Role
from copytrade_gui.domain.exits import (
    AWAITS_COPY,
    NO_COPIES,
    NO_COPY,
    Copy,
    Exiting,
    Part,
    against,
    opening_share,
    reducing,
)
from copytrade_gui.domain.ids import AccountId, IntentId, PlanId
from copytrade_gui.domain.money import Paise
from copytrade_gui.domain.order import OrderTerms, Side, State
from copytrade_gui.domain.records import Plan
from copytrade_gui.engine.books.master_positions import MasterPositions
from copytrade_gui.engine.books.poller import Poller
from copytrade_gui.engine.orders.absorbed import Absorbed
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.orders.lane import Lane
from copytrade_gui.engine.orders.order import GIVEN_UP, Order
from copytrade_gui.engine.planning.copy_ledger import CopyLedger
from copytrade_gui.engine.planning.share import Share

_UNREAD = frozenset({State.SENDING, State.UNKNOWN, State.REVIEW, State.ACKED})
"""Sent, and not in a read of the book yet: it may have filled."""
_REMEMBERED = 256
"""Plans whose cover is kept; none waits longer than a minute."""


class Cover(Struct, frozen=True):
    """What of one master order is an exit, and what the followers' copies have for it.

    ``exiting`` are units of the master's order, ``copies`` are by follower; who is not in it holds
    nothing, and rounding left nothing over for him.
    """

    exiting: Exiting
    copies: Mapping[AccountId, Copy]
    capital: Paise | None = None
    """The master's free margin, for rules that go by funds."""


class _Now(Struct):
    """One plan as it is judged when an order of it is about to leave."""

    exiting: Exiting
    nets: Mapping[AccountId, int]
    planned: dict[AccountId, list[Order]]


class Exits:
    """Knows the copied quantities, and keeps an exit from leaving where it would open."""

    def __init__(self, core: Core, masters: MasterPositions, poller: Poller) -> None:
        self._book = core.book
        self._lanes = core.lanes
        self.masters = masters
        self._clock = core.clock
        self._settings = core.settings
        self.ledger = CopyLedger(core.clock)
        self._known: dict[PlanId, Exiting] = {}
        """What of a plan's order was known to be an exit when it was made."""
        self._seen: dict[PlanId, int] = {}
        self._awaiting: set[IntentId] = set()
        self._read_ns: dict[AccountId, int] = {}
        """When the newest whole order book of an account was asked for, monotonic."""
        self._news = core.news
        self._poller = poller

    def filled(self, order: Order, units: int) -> None:
        """So many more units of an order of ours were filled."""
        if order.intent.role is Role.MASTER:
            self.masters.filled(order, units)
        self.ledger.filled(order, units)

    # ------------------------------------------------------------ a plan

    def cover(
        self,
        master: AccountId,
        terms: OrderTerms,
        followers: Iterable[Lane],
        seen_ns: int = 0,
    ) -> Cover:
        """What an order of the master with these terms may take from each follower's copies.

        ``seen_ns`` is its place among his orders, where he placed it elsewhere.
        """
        lane = self._lanes.get(master)
        capital = None if lane is None else lane.facts.capital
        return self._cover(self._exiting(master, terms, seen_ns=seen_ns), terms, followers, capital)

    def note_seen(self, plan: PlanId, seen_ns: int) -> None:
        """The place of an order that was placed elsewhere among the master's; it has this plan."""
        self._seen[plan] = seen_ns
        if len(self._seen) > _REMEMBERED:
            del self._seen[next(iter(self._seen))]

    def closing(self, terms: OrderTerms, followers: Iterable[Lane]) -> Cover:
        """What an order that does nothing but close may take from each follower's copies."""
        return self._cover(Exiting(terms.quantity, terms.quantity), terms, followers, None)

    def _cover(
        self,
        exiting: Exiting,
        terms: OrderTerms,
        followers: Iterable[Lane],
        capital: Paise | None,
    ) -> Cover:
        carries = self.ledger.carries_of(terms)
        if not exiting.most:
            owed_to = {account: Copy(carry=owed) for account, owed in carries.items()}
            return Cover(exiting, owed_to, capital)
        copies: dict[AccountId, Copy] = {}
        nets, planned = self.ledger.nets_of(terms), self._planned(terms, None)
        for lane in followers:
            account = lane.account_id
            copy = self._copy(account, terms, nets.get(account, 0), planned.get(account, ()))
            owed = carries.get(account)
            if owed is not None:
                copy = Copy(copy.held, copy.leaving, copy.coming, owed)
            if copy is not NO_COPIES:
                copies[account] = copy
        return Cover(exiting, copies, capital)

    def _copy(
        self, account: AccountId, terms: OrderTerms, net: int, planned: Sequence[Order]
    ) -> Copy:
        if not planned and not self._book.has_open(account):  # as good as always
            held = against(terms.side, net)
            return Copy(held) if held else NO_COPIES
        leaving, coming = self._others(account, terms, planned, None)
        held, coming = _free(terms, net, leaving, coming)
        return Copy(held, leaving, coming) if held or coming else NO_COPIES

    def remember(
        self, plan: PlanId, terms: OrderTerms, cover: Cover, shares: Iterable[Share]
    ) -> None:
        """A plan is being made of this: what waits of it is judged by it again."""
        self.ledger.make(plan, terms, shares)
        if cover.exiting.known:
            self._known[plan] = cover.exiting
            if len(self._known) > _REMEMBERED:
                del self._known[next(iter(self._known))]

    def after_read(self, lane: Lane, read: Absorbed) -> None:
        """An account's books were read: what waits for its copies may be decided."""
        if read.complete:
            self._read_ns[lane.account_id] = read.began_ns
            self.masters.book_read(lane.account_id, read.began_ns)
            if self._awaiting:
                self._news.positions_read()

    # ------------------------------------------------------------ what waits

    @property
    def keeps_any(self) -> bool:
        """True if an order was last kept back for what is not known yet."""
        return bool(self._awaiting)

    def awaits(self, order: Order) -> bool:
        """True if the order was last kept back for what its account's copy holds."""
        return order.intent.intent_id in self._awaiting

    def judge(self, orders: Sequence[Order]) -> dict[IntentId, tuple[str, str]]:
        """Which of all orders that wait to leave may not: code and sentence of each.

        The code ``awaits_copy`` means not yet. Facts may have changed since an order was planned:
        the master's position was read, a copy that was counted on was rejected.
        """
        self._awaiting.clear()
        found: dict[IntentId, tuple[str, str]] = {}
        by_plan: dict[PlanId, _Now] = {}
        for order in orders:
            intent = order.intent
            plan = self._book.plans.get(intent.plan_id)
            if plan is None or intent.role is Role.MASTER:
                continue
            whole = plan.signal.terms
            now = by_plan.get(intent.plan_id)
            if now is None:
                now = by_plan[intent.plan_id] = self._look(plan, whole, order)
            verdict = self._verdict(order, whole, now)
            if verdict is not None:
                found[intent.intent_id] = verdict
                if verdict[0] == AWAITS_COPY:
                    self._awaiting.add(intent.intent_id)
                    self._poller.look(intent.account_id, 0.0)
        return found

    def _look(self, plan: Plan, whole: OrderTerms, order: Order) -> _Now:
        exiting = self._known.get(plan.plan_id)
        if exiting is None:
            exiting = self._exiting(plan.signal.master_id, whole, but=order)
        planned = self._planned(whole, order) if exiting.most else {}
        return _Now(exiting, self.ledger.nets_of(whole), planned)

    def _verdict(self, order: Order, whole: OrderTerms, now: _Now) -> tuple[str, str] | None:
        if not now.exiting.most:
            return None
        terms, account = order.intent.terms, order.intent.account_id
        others = self._others(account, terms, now.planned.get(account, ()), order)
        # Slices of one share are judged together, as the share was before any of them left.
        share = [one for one in self._book.of_plan(order.intent.plan_id) if _is_slice(one, order)]
        quantity = sum(one.intent.terms.quantity for one in share)
        filled = sum(one.filled for one in share)
        net = now.nets.get(account, 0) + (filled if terms.side is Side.SELL else -filled)
        held, coming = _free(terms, net, *others)
        part = self.ledger.part_of(order.intent.plan_id, account)
        if quantity <= held + _opening(part, quantity, whole, now.exiting.most):
            return None
        if quantity <= held + coming + _opening(part, quantity, whole, now.exiting.least):
            return AWAITS_COPY, "It waits for what the books show of the position and its copy."
        return NO_COPY, (
            f"The master's order is an exit, and the copy holds {held} of the {quantity} that were "
            "planned. It was not sent; close by hand what should be closed."
        )

    # ------------------------------------------------------------ inside

    def _exiting(
        self,
        master: AccountId,
        terms: OrderTerms,
        but: Order | None = None,
        seen_ns: int = 0,
    ) -> Exiting:
        """What of a master's order is an exit: of one to come, or of the plan of ``but``."""
        nets = self.masters.of(master, terms.instrument.key, terms.product)
        waiting = [
            order
            for plan in self._recent(terms, but)
            for order in plan
            if _is_own(order) and self._waits(order)
        ]
        _, unread = self._others(master, terms, waiting, but)
        if but is not None:
            plan = but.intent.plan_id
            own = [one for one in self._book.of_plan(plan) if _is_own(one)]
            unread += sum(one.ordered - one.filled for one in own if one.attempt_state in _UNREAD)
            elsewhere = self._seen.get(plan, 0)
            seen_ns = elsewhere or but.called_ns
        else:
            elsewhere = seen_ns
        if elsewhere and not self.masters.settled(master):
            nets = None
        if nets is not None and seen_ns:  # what he had before this order of his, and later ones
            back = self.masters.since(master, (terms.instrument.key, terms.product), seen_ns)
            nets = tuple(net - back for net in nets)
        ordered_here = against(terms.side, self.ledger.own_of(master, terms))
        return reducing(terms.side, terms.quantity, terms.product, nets, unread, ordered_here)

    def _others(
        self, account: AccountId, terms: OrderTerms, waiting: Sequence[Order], but: Order | None
    ) -> tuple[int, int]:
        """Units of the account's other orders on this side, and of unread ones on the other."""
        opened = self._book.open_of(account)
        same = other = 0
        instrument, product = terms.instrument, terms.product
        for order in (*opened, *waiting) if waiting else opened:
            its = order.intent.terms
            alike = its.instrument is instrument or its.instrument.key == instrument.key
            own = but is not None and order.intent.plan_id == but.intent.plan_id
            if own or its.product is not product or not alike:
                continue
            left = max(0, order.ordered - order.filled)
            if its.side is terms.side:
                same += left
            elif order.attempt is None or self._may_have_filled(order, but):
                other += 0 if _later(order, but) else left
        return same, other

    def _may_have_filled(self, order: Order, but: Order | None) -> bool:
        """True unless a read that was asked for since ``but`` was called showed what it filled.

        A copy that still worked at the last read is filled as soon as the master's own order is,
        so that his exit must not take it for one that never will be.
        """
        if order.attempt_state in _UNREAD or _is_own(order):
            return order.attempt_state in _UNREAD
        return but is None or self._read_ns.get(order.intent.account_id, 0) <= but.called_ns

    def _planned(self, terms: OrderTerms, but: Order | None) -> dict[AccountId, list[Order]]:
        """Orders in this instrument that wait for their first or next try, by account."""
        found: dict[AccountId, list[Order]] = {}
        for orders in self._recent(terms, but):
            for order in orders:
                if self._waits(order):
                    found.setdefault(order.intent.account_id, []).append(order)
        return found

    def _recent(self, terms: OrderTerms, but: Order | None) -> Iterator[list[Order]]:
        """Plans in this instrument of which something may still wait, newest first.

        What was called after ``but`` is left out: it is judged after it.
        """
        key = terms.instrument.key
        oldest = self._clock.mono_ns() - self._settings.signal_age_resting_ms * 1_000_000
        for plan in reversed(self._book.plans.values()):
            orders = self._book.of_plan(plan.plan_id)
            if not orders:
                continue
            if orders[0].called_ns < oldest:
                return
            own = but is not None and plan.plan_id == but.intent.plan_id
            if plan.signal.terms.instrument.key == key and not own and not _later(orders[0], but):
                yield orders

    def _waits(self, order: Order) -> bool:
        """True for an order without a live attempt that will be tried (again) by itself."""
        if not order.may_attempt:
            return False
        if order.attempt is None:
            return True
        if order.attempt_state is State.NOT_SENT:
            return order.resends < len(self._settings.resend_after)
        return order.code in ("auth", "rate") and order.requeued == 0


def _is_own(order: Order) -> bool:
    return order.intent.role is Role.MASTER


def _is_slice(order: Order, of: Order) -> bool:
    """True for the orders of one account's share of a plan that left or may leave."""
    return order.intent.account_id == of.intent.account_id and order.intent_state not in GIVEN_UP


def _opening(part: Part | None, quantity: int, whole: OrderTerms, exiting: int) -> int:
    """Units that a share may open when so many of the master's order are an exit."""
    lot_size = whole.instrument.lot_size
    if part is None:  # a mere exit, or made by an earlier run of the program
        return opening_share(quantity, whole.quantity, exiting, lot_size)
    return part.may_open(whole.quantity - exiting, lot_size)


def _free(terms: OrderTerms, net: int, leaving: int, coming: int) -> tuple[int, int]:
    """Units that copies hold for an exit, and units that may come, beside other orders."""
    free = against(terms.side, net) - leaving
    return max(0, free), max(0, coming + min(0, free))


def _later(order: Order, than: Order | None) -> bool:
    return than is not None and order.called_ns > than.called_ns
