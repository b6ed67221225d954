"""An account's other orders in an instrument, beside one that is planned or judged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from copytrade_gui.domain.ids import AccountId, BrokerOrderId
from copytrade_gui.domain.order import OrderTerms, OrderType, Side, State
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.engine.planning.master_orders import MasterOrders
from copytrade_gui.ports import BrokerOrder

UNREAD = frozenset({State.SENDING, State.UNKNOWN, State.REVIEW, State.ACKED})
"""Sent, and not in a read of the book yet: it may have filled."""
_STOPS = frozenset({OrderType.SL, OrderType.SLM})
_YOUNG_NS = 5 * 1_000_000_000
"""News of a fill comes later than news that an order works, but not by so much."""
_CANCELS_NS = 5 * 1_000_000_000
"""So long an exit waits for the cancel of an entry that rests; then what is held leaves alone."""


class OtherOrders:
    """What counts beside an order: open at the broker, in doubt, or waiting to leave."""

    def __init__(self, core: Core, master_orders: MasterOrders) -> None:
        self._book = core.book
        self._master_orders = master_orders
        self._lanes = core.lanes
        self._clock = core.clock
        self._settings = core.settings
        self._elsewhere: dict[AccountId, dict[BrokerOrderId, BrokerOrder]] = {}
        """What masters placed at the broker themselves and that has not ended, copied or not."""

    def of(
        self,
        account: AccountId,
        master: AccountId,
        terms: OrderTerms,
        waiting: Sequence[Order],
        but: Order | None,
    ) -> tuple[int, int]:
        """Units of the account's other orders on this side, and of unread ones on the other.

        Those count that came of the same master's orders.
        """
        opened = self._book.open_of(account)
        same = other = 0
        instrument, product = terms.instrument, terms.product
        for order in (*opened, *waiting) if waiting else opened:
            its = order.intent.terms
            alike = its.instrument is instrument or its.instrument.key == instrument.key
            own = but is not None and order.intent.plan_id == but.intent.plan_id
            if own or its.product is not product or not alike or order.master_id != master:
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
        so that his exit must not take it for one that never will be. What became of an older order
        has been told where it is pushed, and of the master's own, whose book is read most often.
        """
        if order.attempt_state in UNREAD or self._is_cancelled(order, but):
            return True
        called_ns = self._clock.mono_ns() if but is None else but.called_ns
        lane = self._lanes.get(order.intent.account_id)
        told = order.is_copy and lane is not None and lane.pushed
        if told and called_ns - order.called_ns > _YOUNG_NS:
            return False
        return but is None or lane is None or lane.read_ns <= but.called_ns

    def _is_cancelled(self, order: Order, but: Order | None) -> bool:
        """True while a copy that rests goes with an exit of its master's: it may fill until its end
        is known. A stop of his that waits for its trigger ends none.
        """
        if but is not None and but.intent.terms.order_type in _STOPS:
            return False
        waited_ns = 0 if but is None else self._clock.mono_ns() - but.trigger_ns
        return waited_ns < _CANCELS_NS and self._master_orders.outlived(order)

    def counts(self, accounts: Iterable[AccountId]) -> dict[AccountId, int]:
        """How many ``of_account`` names of each; one limit asks it where hardly any has one."""
        opened = {account: self._book.count_open(account) for account in accounts}
        for account in opened:
            lane = self._lanes.get(account)
            if lane is not None and lane.queue:
                opened[account] += sum(one.may_attempt for one in lane.queue)
        return opened

    def of_account(self, account: AccountId) -> list[Order]:
        """Orders that are open at the broker, in doubt, or wait here to leave."""
        lane = self._lanes.get(account)
        waiting = [] if lane is None else [one for one in lane.queue if one.may_attempt]
        return [*self._book.open_of(account), *waiting]

    def entering(self, account: AccountId, terms: OrderTerms) -> int:
        """Units of these, signed, that are to come in the instrument and product on this side."""
        key, product, side = terms.instrument.key, terms.product, terms.side
        units = sum(
            max(0, one.ordered - one.filled)
            for one in self.of_account(account)
            if one.key == key
            and one.intent.terms.product is product
            and one.intent.terms.side is side
        )
        return units if side is Side.BUY else -units

    def planned(self, terms: OrderTerms, but: Order | None) -> dict[AccountId, list[Order]]:
        """Orders in this instrument that wait for their first or next try, by account."""
        found: dict[AccountId, list[Order]] = {}
        for orders in self._recent(terms, but):
            for order in orders:
                if self.waits(order):
                    found.setdefault(order.intent.account_id, []).append(order)
        return found

    def own_unread(self, master: AccountId, terms: OrderTerms, but: Order | None) -> int:
        """Units of a master's own orders on the other side that no read shows yet."""
        waiting = [  # for their first or next try
            order
            for orders in self._recent(terms, but)
            for order in orders
            if order.intent.account_id == master and not order.is_copy and self.waits(order)
        ]
        return self.of(master, master, terms, waiting, but)[1]

    def elsewhere(self, master: AccountId, row: BrokerOrder) -> None:
        """A newer row of an order that a master placed elsewhere; what it filled is told, too."""
        rows = self._elsewhere.setdefault(master, {})
        if row.all_filled or (row.state is not None and row.state.ended):
            rows.pop(row.broker_order_id, None)
        else:
            rows[row.broker_order_id] = row

    def elsewhere_unread(self, master: AccountId, terms: OrderTerms, but: Order | None) -> int:
        """Units on the other side of what a master placed elsewhere, which may have filled unless a
        read that was asked for since ``but`` was called showed that they had not.
        """
        rows, lane = self._elsewhere.get(master), self._lanes.get(master)
        if not rows or (but is not None and lane is not None and lane.read_ns > but.called_ns):
            return 0
        return sum(
            row.quantity - row.filled_quantity
            for row in rows.values()
            if row.key == terms.instrument.key
            and row.product in (terms.product, None)
            and row.side is not terms.side
        )

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

    def waits(self, order: Order) -> bool:
        """True for an order without a live attempt that will be tried (again) by itself.

        One that waits for a better price, or has waited for it, counts for nothing: an exit of its
        master's ends it.
        """
        if not order.may_attempt or order.awaits_price:
            return False
        if order.attempt is None:
            return True
        if order.attempt_state is State.NOT_SENT:
            return order.resends < len(self._settings.resend_after)
        return order.code in ("auth", "rate") and order.requeued == 0


def _later(order: Order, than: Order | None) -> bool:
    return than is not None and order.called_ns > than.called_ns
