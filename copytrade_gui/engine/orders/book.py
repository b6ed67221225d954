"""Every order we know, and the only place where one changes."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from decimal import Decimal

from msgspec import structs

from copytrade_gui.domain.calendar import indian_day
from copytrade_gui.domain.divergence import Divergence
from copytrade_gui.domain.events import Alarm, FillSeen, OrderChanged, Severity
from copytrade_gui.domain.ids import AccountId, BrokerOrderId, IntentId, PlanId, Tag
from copytrade_gui.domain.instrument import InstrumentKey
from copytrade_gui.domain.order import IllegalTransitionError, State, step
from copytrade_gui.domain.records import Attempt, Fill, OrderView, Plan
from copytrade_gui.engine.orders.bus import Bus
from copytrade_gui.engine.orders.fills import Fills
from copytrade_gui.engine.orders.news import News
from copytrade_gui.engine.orders.order import Order, orders_of
from copytrade_gui.engine.orders.order_index import OrderIndex
from copytrade_gui.ports import Clock, Doubt

log = logging.getLogger(__name__)
_SENDING = State.SENDING


class Book:
    """All orders of the day by intent, tag, account and broker order id."""

    def __init__(self, bus: Bus, clock: Clock, news: News) -> None:
        self._bus = bus
        self._news = news
        self._clock = clock
        self.index = OrderIndex(self._whole_again, self._packed)
        """Where they are found, and packed when they ended a while ago."""
        self.get, self.by_tag = self.index.get, self.index.by_tag
        self.by_broker = self.index.by_number
        self.plan, self.knows, self.of_plan = self.index.plan, self.index.knows, self.index.of_plan
        self.leads_of, self.copies_of = self.index.leads_of, self.index.copies_of
        self.of_account, self.recent_of = self.index.all_of, self.index.recent_of
        self._open: dict[AccountId, dict[IntentId, Order]] = {}
        self._doubtful: set[Order] = set()
        """Those of ``_open`` that may or may not exist; mostly none, so no account is asked."""
        self._linked: dict[AccountId, list[BrokerOrderId]] = {}
        self.fills = Fills()
        self.traded_of = self.fills.of_order
        self.filled_by_trades = self.fills.of_account
        self.restore_fill = self.fills.add
        self._filled: dict[AccountId, int] = {}
        self.changes = 0
        """How often an order was announced as changed."""

    # ------------------------------------------------------------ reading

    def __iter__(self) -> Iterator[Order]:
        """Every order; to be read, because one that ended a while ago comes as a new object."""
        return self.index.all()

    @property
    def recent(self) -> Iterable[Order]:
        """Orders, oldest first, but for some that ended a while ago and may be packed."""
        return self.index.recent()

    @property
    def plans(self) -> dict[PlanId, Plan]:
        """Plans, oldest first, but for those that are packed."""
        return self.index.plans

    def newly_linked(self, account: AccountId) -> Sequence[BrokerOrderId]:
        """Broker order ids of this account that we came to know since this was last asked."""
        return self._linked.pop(account, [])

    def numbers_of(self, account: AccountId) -> Iterator[BrokerOrderId]:
        """Every broker order id we know for this account."""
        numbers = (order.broker_order_id for order in self.of_account(account))
        return (number for number in numbers if number is not None)

    def sent_today(self, order: Order) -> bool:
        """True if today's books of the broker must show the order, if it exists."""
        return order.sent_on_day_of(self._clock.wall_ns())

    def is_today(self, wall_ns: int) -> bool:
        """True for a moment of the Indian day that it is now."""
        return indian_day(wall_ns) == indian_day(self._clock.wall_ns())

    def missing(self, account: AccountId, lacking: AbstractSet[BrokerOrderId]) -> int:
        """How many of these are orders of today that we know: a complete read lacks none."""
        found = (self.index.look_at(account, number) for number in lacking)
        return sum(order is not None and self.sent_today(order) for order in found)

    def open_of(self, account: AccountId) -> list[Order]:
        """Orders of one account with an attempt that has not ended: sent, in doubt or working."""
        return list(self._open.get(account, {}).values())

    def count_open(self, account: AccountId) -> int:
        """How many orders ``open_of`` names."""
        return len(self._open.get(account, ()))

    @property
    def has_doubts(self) -> bool:
        """True while any order of any account may or may not exist."""
        return bool(self._doubtful)

    @property
    def unanswered(self) -> int:
        """How many orders have left, or are leaving, and wait for the broker's reply."""
        return sum(order.leaving or order.attempt_state is _SENDING for order in self._doubtful)

    def in_doubt(self, account: AccountId, key: InstrumentKey, but: Order) -> bool:
        """True while another plan's order of the account in this instrument is in doubt."""
        plan = but.intent.plan_id
        return bool(self._doubtful) and any(
            order.intent.plan_id != plan and order in self._doubtful and order.key == key
            for order in self._open.get(account, {}).values()
        )

    def traded_of_any(self, account: AccountId, order: BrokerOrderId) -> int:
        """As ``traded_of``, also of an order that is packed."""
        traded = self.traded_of(account, order)
        if not traded and (packed := self.index.packed_by_number(account, order)) is not None:
            return packed.filled  # only what was traded as it was filled is packed
        return traded

    def filled_by_orders(self, account: AccountId) -> int:
        """Sum of the filled quantities of all orders of one account."""
        return self._filled.get(account, 0)

    def may_be_packed(self, order: Order) -> bool:
        """True if all that is kept of the order beside itself follows from it."""
        account, number = order.intent.account_id, order.broker_order_id
        traded = 0 if number is None else self.fills.of_order(account, number)
        return order not in self._doubtful and traded == order.filled

    # ------------------------------------------------------------ changing

    def add_plan(self, plan: Plan, orders: list[Order]) -> None:
        """Take in a plan with an order for each of its intents; announces nothing."""
        self.index.add(plan, orders)

    def forget_plan(self, plan: Plan) -> None:
        """Drop a plan: its commit failed, so it never was, or it is long over (``Ended``)."""
        for order, linked in self.index.remove(plan.plan_id):
            account, number = order.intent.account_id, order.broker_order_id
            self._filled[account] = self._filled.get(account, 0) - order.filled
            if linked and number is not None:
                if number in (new := self._linked.get(account, [])):
                    new.remove(number)
                self.fills.forget_order(account, number)

    def restore(self, plan: Plan, views: Iterable[OrderView], called_ns: int) -> list[Order]:
        """Take in a plan as the journal remembers it."""
        latest = {view.intent_id: view for view in views}
        orders = orders_of(plan, called_ns)
        self.add_plan(plan, orders)
        for order in orders:
            view = latest.get(order.intent.intent_id)
            if view is None:
                continue
            order.remember(view)
            self._count_filled(order, view.filled_quantity)
            order.take_up(view, plan)
            if view.tag is not None and order.attempt is not None:
                self.index.tagged(order, view.tag)
            if view.broker_order_id is not None:
                self._know(order, view.broker_order_id)
            self._track(order)
        return orders

    def know_tag(self, tag: Tag, intent: IntentId) -> None:
        """An attempt of this intent, newest or not, carries the tag."""
        if (order := self.get(intent)) is not None and self.by_tag(tag) is None:
            self.index.tagged(order, tag)
            self.index.keep_tag(order, tag)

    def mark(self, order: Order, attempt: Attempt) -> None:
        """The attempt's mark is committed: the order is SENDING. Announces nothing.

        Raises:
            IllegalTransitionError: the intent has a live attempt or was given up.
        """
        if not order.may_attempt:
            raise IllegalTransitionError(order.state, State.SENDING)
        if order.attempt is not None:
            self.index.keep_tag(order, order.attempt.tag)
        order.attempt = attempt
        order.attempt_state = _SENDING
        order.code, order.reason = order.why
        order.timing = None
        order.changed_ns = attempt.marked_ns
        order.absent_reads = 0
        order.doubt = Doubt.PLAIN
        self.index.tagged(order, attempt.tag)
        self._track(order)

    def move(self, order: Order, new: State, *, code: str = "", reason: str = "") -> bool:
        """Move an attempt by the table and announce it; False (and one log line) if illegal."""
        old = order.attempt_state
        if old is None:
            return self._complain(order, order.intent_state, new)
        try:
            order.attempt_state = step(old, new)
        except IllegalTransitionError:
            return self._complain(order, old, new)
        order.code, order.reason = (code, reason) if code or reason else order.why
        self._track(order)
        self.announce(order, old)
        return True

    def give_up(self, order: Order, state: State, *, code: str, reason: str) -> bool:
        """Move a PLANNED intent to SKIPPED or STALE; refused while an attempt lives or leaves."""
        if not order.may_attempt or order.leaving:
            return False
        old = order.state
        try:
            order.intent_state = step(order.intent_state, state)
        except IllegalTransitionError:
            return self._complain(order, order.intent_state, state)
        order.code, order.reason = code, reason
        self.announce(order, old)
        return True

    def acknowledge(
        self, order: Order, broker_order_id: BrokerOrderId, *, reason: str = ""
    ) -> bool:
        """Link an attempt to its broker order and move it to ACKED; False if that cannot be."""
        owner = self.by_broker(order.intent.account_id, broker_order_id)
        if owner is not None and owner is not order:
            self.alarm(
                "duplicate",
                f"The broker gave one order id, {broker_order_id}, to two of our orders. "
                "The account is halted; compare its order book with ours.",
                order,
            )
            return False
        if order.broker_order_id is not None:
            return order.broker_order_id == broker_order_id
        given_up = order.intent_state
        order.broker_order_id = broker_order_id  # before the news, so that it carries the id
        order.intent_state = State.PLANNED  # found although it was given up: its attempt shows
        if not self.move(order, State.ACKED, reason=reason):
            order.broker_order_id, order.intent_state = None, given_up
            return False
        self._know(order, broker_order_id)
        return True

    def grow(self, order: Order, filled: int, average: Decimal | None) -> bool:
        """Raise the filled quantity; it never falls. True if it grew."""
        if filled <= order.filled:
            return False
        self._count_filled(order, filled)
        if average is not None and average > 0:
            order.average_price = average
        return True

    def diverge(self, order: Order, mark: Divergence) -> None:
        """The order is no longer what we sent; announces nothing."""
        order.diverged = mark

    def add_fill(self, fill: Fill) -> bool:
        """Take in a trade row once; True if it is new."""
        self.by_broker(fill.account_id, fill.broker_order_id)  # whole, before its sum changes
        if not self.fills.add(fill):
            return False
        self._bus.publish(FillSeen(fill))
        return True

    def withdraw(self, order: Order, attempt: Attempt) -> None:
        """A stored mark is not taken up, because an earlier try was found: NOT_SENT is proven.

        Until now nothing was told of the find, so that no two attempts are stored as live.
        """
        self.index.tagged(order, attempt.tag)
        self.index.keep_tag(order, attempt.tag)
        withdrawn = structs.replace(
            order.view(),
            state=State.NOT_SENT,
            code="found",
            reason="An earlier try was found before this one left.",
            attempt_id=attempt.attempt_id,
            attempt_number=attempt.number,
            tag=attempt.tag,
            broker_order_id=None,
            filled_quantity=0,
            average_price=None,
            timing=None,
        )
        self.changes += 1
        self._bus.publish(OrderChanged(withdrawn, State.SENDING))
        self.announce(order, State.NOT_SENT)

    def announce(self, order: Order, before: State) -> None:
        """Publish the order as it stands; silent while its next mark is being stored."""
        if order.leaving:
            return
        order.changed_ns = self._clock.wall_ns()
        self.changes += 1
        self._bus.publish(OrderChanged(order.view(), before))

    def alarm(
        self,
        code: str,
        sentence: str,
        order: Order | None = None,
        *,
        account: AccountId | None = None,
        severity: Severity = Severity.CRITICAL,
    ) -> None:
        """Tell a person."""
        level = logging.INFO if severity is Severity.INFO else logging.WARNING
        log.log(level, "alarm %s: %s", code, sentence)
        self._bus.publish(
            Alarm(
                severity,
                code,
                sentence,
                self._clock.wall_ns(),
                account if order is None else order.intent.account_id,
                None if order is None else order.intent.plan_id,
            )
        )

    # ------------------------------------------------------------ inside

    def _packed(self, order: Order) -> None:
        if order.broker_order_id is not None:
            self.fills.pack_order(order.intent.account_id, order.broker_order_id)
        self._news.packed(order, True)

    def _whole_again(self, order: Order) -> None:
        if order.broker_order_id is not None and order.filled:
            account = order.intent.account_id
            self.fills.unpack_order(account, order.broker_order_id, order.filled)
        self._news.packed(order, False)

    def _count_filled(self, order: Order, filled: int) -> None:
        account = order.intent.account_id
        more, order.filled = filled - order.filled, filled
        self._filled[account] = self._filled.get(account, 0) + more
        if more:
            self._news.filled(order, more)

    def _know(self, order: Order, broker_order_id: BrokerOrderId) -> None:
        account = order.intent.account_id
        self.index.linked(order, broker_order_id)
        self._linked.setdefault(account, []).append(broker_order_id)

    def _track(self, order: Order) -> None:
        state, intent = order.attempt_state, order.intent
        if state is not None and not state.ended:
            self._open.setdefault(intent.account_id, {})[intent.intent_id] = order
        else:
            self._open.get(intent.account_id, {}).pop(intent.intent_id, None)
        if state is not None and state.in_doubt:
            self._doubtful.add(order)
        else:
            self._doubtful.discard(order)

    def _complain(self, order: Order, old: State, new: State) -> bool:
        step_name = f"{old}->{new}"
        if step_name not in order.complained:
            order.complained |= {step_name}
            log.info("illegal step %s of %s was not taken", step_name, order.intent.intent_id)
        return False
