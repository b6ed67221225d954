"""Changes of live orders: one at a time each, only the newest kept, never below what is filled.

A change is stored before it is asked for. It waits until its order is at the exchange, while
trading is halted, and while its account may send nothing: halted alone, offline, unread since the
start, or from an address that is not registered. The broker's yes is not the exchange's: a change
is kept until the book shows that it holds. One that is refused right behind another one, which the
exchange had not made yet, is asked for again once the book shows the order at rest; one that is
refused otherwise is told. One whose answer was lost is asked for again only after the book has
shown the old order for so long (docs/safety.md 9.12); one that was answered and is not there by
then, the exchange did not make, which is told.
"""

from __future__ import annotations

import logging
from dataclasses import replace

from msgspec import Struct

from copytrade_gui.domain.events import ChangeNotMade, Severity
from copytrade_gui.domain.ids import AccountId, IntentId
from copytrade_gui.domain.order import OrderTerms, State
from copytrade_gui.engine.books.divergence import shows
from copytrade_gui.engine.orders import faultpoints
from copytrade_gui.engine.orders.core import Core, LastRead
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.ports import BrokerOrder, BrokerSession, ChangeDone, NotSent, Refused

log = logging.getLogger(__name__)

_LIVE = frozenset({State.WORKING, State.TRIGGER_PENDING, State.PARTIAL})
_GO_ON = frozenset({"", "no_session"})
"""What keeps no change of an account waiting; without a session it is dropped, and that is told."""
_MOST_TRIES = 3
_NEVER_ANSWERED = (
    "The broker never answered the change, and its book shows the order as it was before. Look at "
    "it there, then change or cancel it again."
)
_FILLED_BEFORE = "It was filled before it could be made larger, so it stays as it is."
_NOT_MADE = (
    "The broker took the change, and its book goes on to show the order as it was before. Look at "
    "it there, then change or cancel it again."
)


class Change(Struct, eq=False):
    """The newest change of one order.

    ``tries`` counts requests. ``asked`` is what the newest one asked for, ``out`` while nobody has
    answered it. ``taken``: the broker said yes, and the book is to show it. ``lost``: its answer
    was lost. ``in_doubt``: one of its requests was never answered, and may still take hold.
    ``behind``: it was refused while the exchange had still another one to make. ``overtaken``: its
    master's order was changed again, which this one does not follow, so it is not asked for again.
    ``old_since_ns`` is since when the book shows the order as before (monotonic).
    """

    order: Order
    terms: OrderTerms
    tries: int = 0
    asked: OrderTerms | None = None
    out: bool = False
    taken: bool = False
    lost: bool = False
    in_doubt: bool = False
    behind: bool = False
    overtaken: bool = False
    old_since_ns: int = 0


class Modifies:
    """Keeps the newest change of each order until the book shows it, or it is given up."""

    def __init__(self, core: Core, last_read: LastRead) -> None:
        self._book = core.book
        self._bus = core.bus
        self._lanes = core.lanes
        self._gate = core.gate
        self._clock = core.clock
        self._settings = core.settings
        self._fault = core.fault
        self._news = core.news
        self._last_read = last_read
        self._changes: dict[AccountId, dict[IntentId, Change]] = {}
        self._unshown: dict[Order, int] = {}
        """When a change of an order was taken, or its answer lost, that no read shows yet."""

    def put(self, order: Order, terms: OrderTerms) -> AccountId:
        """Take a change up; it replaces one of the same order that was not asked for yet."""
        account, name = order.intent.account_id, order.intent.intent_id
        order.asked += (terms,)
        self._changes.setdefault(account, {})[name] = Change(order, terms)
        return account

    def overtake(self, order: Order) -> bool:
        """A newer change of it is not made, so an older one that has not left does not leave.

        Of one that was asked for it is still told what came of it. True if one was dropped.
        """
        intent = order.intent
        change = self._changes.get(intent.account_id, {}).get(intent.intent_id)
        if change is None:
            return False
        change.overtaken = True
        if change.out or change.taken or change.lost:
            return False
        self._drop(change)
        if not change.in_doubt:
            self._forget(change, "It was out of date before it was asked for.")
        return True

    def due(self, account: AccountId) -> bool:
        """True if a change of this account may leave now."""
        return self._next(account) is not None

    def waits(self, account: AccountId) -> bool:
        """True while no change leaves for an account, and what is asked for waits."""
        lane = self._lanes.get(account)
        kept = lane is not None and lane.facts.code not in _GO_ON
        return kept or not self._gate.may_change

    def _next(self, account: AccountId) -> Change | None:
        changes = self._changes.get(account)
        if not changes:
            return None
        for change in [one for one in changes.values() if self._over(one)]:
            self._drop(change)
            if not (change.out or change.taken or change.lost or change.in_doubt):
                self._forget(change, "Its order ended before it was asked for.")
            if change.order.state is State.FILLED and change.terms.quantity > change.order.filled:
                self._tell(change.order, _FILLED_BEFORE)
        if self.waits(account):
            return None
        return next((one for one in changes.values() if self._may_leave(one)), None)

    def _over(self, change: Change) -> bool:
        order = change.order
        return order.state.ended or order.cancel_requested

    def _may_leave(self, change: Change) -> bool:
        waits = change.out or change.taken or change.lost or change.behind
        free = not waits and change.order.broker_order_id is not None
        return free and change.order.attempt_state in _LIVE | {State.MODIFY_PENDING}

    async def ask_next(self, account: AccountId, session: BrokerSession | None) -> None:
        """Ask the broker for the next change of this account."""
        change = self._next(account)
        if change is None:
            return
        order, number = change.order, change.order.broker_order_id
        if session is None or number is None:
            self._give_up(change, "The account is not logged in, so the change was not asked for.")
            return
        terms = _not_below(order, change.terms)
        if order.attempt_state is not State.MODIFY_PENDING:
            self._book.move(order, State.MODIFY_PENDING, reason="Change asked.")
        self._fault(faultpoints.BEFORE_MODIFY)
        change.out, change.asked, change.tries = True, terms, change.tries + 1
        behind_another = order in self._unshown
        outcome = await session.modify(number, terms)
        self._fault(faultpoints.AFTER_MODIFY)
        change.out = False
        newest = self._changes[account].get(order.intent.intent_id) is change
        if isinstance(outcome, ChangeDone):
            change.taken, self._unshown[order] = True, self._clock.mono_ns()
        elif isinstance(outcome, Refused):
            if not newest:
                self._forget(change, f"The broker refused it: {outcome.reason}")
            elif behind_another and not change.overtaken:
                change.behind, self._unshown[order] = True, self._clock.mono_ns()
            else:
                self._give_up(change, f"The broker refused the change: {outcome.reason}")
        elif isinstance(outcome, NotSent):
            if newest and not _may_again(change):
                self._give_up(change, f"The change never left: {outcome.reason}")
        else:
            change.lost = change.in_doubt = True
            self._unshown[order] = self._clock.mono_ns()
            log.info("the answer to a change of %s was lost: %s", number, outcome.reason)
        self._news.live(order)

    def after_read(self, account: AccountId, began_ns: int) -> bool:
        """A whole book was read that was asked for at ``began_ns``: what was asked for is there, or
        not. True if a change of this account may leave now.
        """
        self._rest(account, began_ns)
        for change in list(self._changes.get(account, {}).values()):
            order, row = change.order, self._row(change.order)
            if row is None or not (change.taken or change.lost):
                continue
            if self._over(change) or (change.asked is not None and shows(change.asked, row)):
                self._drop(change)
                continue
            may_again = _may_again(change)
            if change.taken and may_again and change.asked != _not_below(order, change.terms):
                change.taken = False  # more was filled meanwhile than it was changed to
            elif not change.old_since_ns:
                change.old_since_ns = self._clock.mono_ns()
            elif self._clock.mono_ns() - change.old_since_ns < self._settings.modify_repeat * 1e9:
                continue
            elif change.lost and may_again:
                change.lost, change.old_since_ns = False, 0
            else:
                self._give_up(change, _NEVER_ANSWERED if change.lost else _NOT_MADE)
        return self.due(account)

    def _rest(self, account: AccountId, began_ns: int) -> None:
        """Orders that the exchange has nothing more to make of: what was refused may be asked."""
        changes = self._changes.get(account, {})
        for order in [one for one in self._unshown if one.intent.account_id == account]:
            row = self._row(order)
            pending = row is not None and row.state is State.MODIFY_PENDING
            if self._unshown[order] >= began_ns or pending:
                continue
            del self._unshown[order]
            if (change := changes.get(order.intent.intent_id)) is not None:
                change.behind = False

    def _row(self, order: Order) -> BrokerOrder | None:
        number = order.broker_order_id
        return None if number is None else self._last_read(order.intent.account_id, number)

    def _drop(self, change: Change) -> None:
        """Nothing more is done about it."""
        intent = change.order.intent
        changes = self._changes[intent.account_id]
        if changes.get(intent.intent_id) is change:
            del changes[intent.intent_id]

    def _give_up(self, change: Change, sentence: str) -> None:
        self._drop(change)
        if not change.in_doubt:
            self._forget(change, sentence)
        self._tell(change.order, sentence)

    def _forget(self, change: Change, why: str) -> None:
        """The order stays as it was: this change will never be made."""
        order, intent = change.order, change.order.intent
        order.asked = tuple(one for one in order.asked if one is not change.terms)
        self._bus.publish(
            ChangeNotMade(intent.plan_id, intent.intent_id, intent.account_id, change.terms, why)
        )
        self._book.announce(order, order.state)

    def _tell(self, order: Order, sentence: str) -> None:
        what = f"{order.intent.account_id}, order {order.broker_order_id}: {sentence}"
        self._book.alarm("not_changed", what, order, severity=Severity.WARNING)


def _may_again(change: Change) -> bool:
    return change.tries < _MOST_TRIES and not change.overtaken


def _not_below(order: Order, terms: OrderTerms) -> OrderTerms:
    """A quantity below what is filled already would be refused; at it, nothing is left to work."""
    lot = terms.instrument.lot_size
    least = order.filled + (-order.filled % lot)
    return terms if terms.quantity >= least else replace(terms, quantity=least)
