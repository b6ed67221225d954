"""Orders of this program in a broker's book that no record knows (docs/safety.md 9.41 to 9.45).

After a database was lost or an old copy was put back, today's orders are rebuilt from the books:
whatever carries a tag of this program and was placed before our records were lost becomes an order
of ours again, with its tag and its broker order id. It is tracked, cancelled and compared like any
other, and never sent: its one attempt is at the broker already. Until an account's book holds no
such order any more, nothing leaves in that account. What was placed after that is another
installation's: everything halts.
"""

from __future__ import annotations

import logging
from decimal import Decimal

from copytrade_gui.domain.account import Role
from copytrade_gui.domain.events import PlanMade, Severity
from copytrade_gui.domain.ids import (
    AccountId,
    BrokerOrderId,
    Tag,
    attempt_id,
    intent_id,
    plan_id,
    signal_id,
)
from copytrade_gui.domain.instrument import Instrument
from copytrade_gui.domain.order import FanOut, OrderTerms, State
from copytrade_gui.domain.records import Attempt, Intent, Plan, Signal
from copytrade_gui.engine.books.poller import Poller
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.orders.lane import Lane
from copytrade_gui.engine.orders.order import order_of
from copytrade_gui.engine.recovery.recovery import Recovery
from copytrade_gui.engine.stops.auto_stops import AutoStops
from copytrade_gui.ports import BrokerOrder, Journal, JournalFailureError, LostRecords

log = logging.getLogger(__name__)


class TakeOver:
    """Makes orders of ours from rows of a broker's book, one plan for each."""

    def __init__(
        self,
        core: Core,
        lost: LostRecords,
        journal: Journal,
        auto_stops: AutoStops,
        recovery: Recovery,
        poller: Poller,
    ) -> None:
        self._lost = lost
        self._book = core.book
        self._bus = core.bus
        self._journal = journal
        self._clock = core.clock
        self._work = core.work
        self._news = core.news
        self._auto_stops = auto_stops
        self._recovery = recovery
        self._poller = poller
        self._foreign: set[tuple[AccountId, str]] = set()
        self._taking: set[AccountId] = set()
        self._said: set[tuple[AccountId, BrokerOrderId]] = set()

    @property
    def due(self) -> bool:
        """Our records were lost today: every book may hold orders that they do not know."""
        return self._lost.before_ns > 0 and self._book.is_today(self._lost.before_ns)

    def found(self, lane: Lane, rows: list[BrokerOrder]) -> None:
        """Rows with our tag that no order of ours has: lost ones are taken over."""
        mine = [row for row in rows if self._lost.covers(row)]
        for row in rows:
            key = (lane.account_id, row.tag)
            if row not in mine and key not in self._foreign:
                self._foreign.add(key)
                self._auto_stops.foreign_tag(*key)
        if mine and lane.account_id not in self._taking:
            self._taking.add(lane.account_id)
            self._work.start(self._take(lane, mine), f"take over orders of {lane.account_id}")

    async def _take(self, lane: Lane, rows: list[BrokerOrder]) -> None:
        account, taken = lane.account_id, 0
        try:
            for row in rows:
                instrument = await self._lost.instrument_of(row.key)
                plan = None if instrument is None else self._plan(lane, row, instrument)
                if plan is None:
                    self._say(lane, row)
                else:
                    taken += await self._store(plan, row)
        except JournalFailureError as failure:
            self._news.storage_failed(str(failure))
        finally:
            self._taking.discard(account)
        if taken:
            what = "1 order" if taken == 1 else f"{taken} orders"
            self._recovery.difference(
                f"{lane.account.name}: {what} of before our records were lost stood in the "
                "broker's book and became ours again. Nothing was sent; look at them."
            )
            self._poller.look(account, 0.0)

    def _plan(self, lane: Lane, row: BrokerOrder, instrument: Instrument) -> Plan | None:
        """A plan of one order that was sent long ago; None if the row has a word we do not know."""
        kind = row.order_type
        if row.product is None or kind is None or row.validity is None:
            return None
        terms = OrderTerms(
            instrument,
            row.side,
            row.quantity,
            row.product,
            kind,
            row.validity,
            _named(row.price, there=kind.has_price),
            _named(row.trigger, there=kind.has_trigger),
        )
        account, placed_ns = lane.account_id, row.placed_ns or 0
        signal = Signal(
            signal_id(account, row.broker_order_id, 1),
            account,
            row.broker_order_id,
            1,
            terms,
            FanOut.ON_MASTER_WORKING,
            None,
            placed_ns,
        )
        number = plan_id(signal.signal_id)
        intent = Intent(
            intent_id(number, account, 1),
            number,
            account,
            # Whether it was his own or a copy nobody can tell; taken for his own it holds no copy.
            Role.MASTER if lane.account.master else Role.FOLLOWER,
            1,
            terms,
            0,  # it is never sent
            0,
        )
        return Plan(number, signal, (intent,), placed_ns, self._clock.mono_ns())

    async def _store(self, plan: Plan, row: BrokerOrder) -> bool:
        (intent,) = plan.intents
        attempt = Attempt(
            attempt_id(intent.intent_id, 1),
            intent.intent_id,
            intent.account_id,
            1,
            Tag(row.tag),
            plan.made_ns,
            0,
        )
        if not await self._journal.commit_plan(plan, [attempt]):
            return False
        order = order_of(intent, plan)
        self._book.add_plan(plan, [order])
        self._book.mark(order, attempt)
        self._bus.publish(PlanMade(plan))
        self._book.announce(order, State.PLANNED)
        order.doubt_ns = self._clock.mono_ns()
        self._book.move(
            order, State.UNKNOWN, code="taken_over", reason="Known from the broker's book only."
        )
        return True

    def _say(self, lane: Lane, row: BrokerOrder) -> None:
        key = (lane.account_id, row.broker_order_id)
        if key in self._said:
            return
        self._said.add(key)
        self._book.alarm(
            "not_taken_over",
            f"{lane.account.name}: order {row.broker_order_id} carries a tag of this program, is "
            f"in none of our records, and its instrument {row.key} or one of its words is not "
            "known. Nothing leaves in this account until the contract files are loaded or the "
            "order is gone from today's book; KILL cancels it all the same.",
            account=lane.account_id,
            severity=Severity.WARNING,
        )


def _named(value: Decimal, *, there: bool) -> Decimal | None:
    return value if there else None
