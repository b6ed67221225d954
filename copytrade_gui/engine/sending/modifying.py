"""Changes of live orders: one at a time each, only the newest kept, never below what is filled.

A change is stored before it is asked for. It waits until its order is at the exchange. What the
broker refused is told; whether a change took hold is read in the book. One whose answer was lost is
asked for again only after the book has shown the old order for so long (docs/safety.md 9.12).
"""

from __future__ import annotations

import logging
from dataclasses import replace

from msgspec import Struct

from copytrade_gui.domain.events import Severity
from copytrade_gui.domain.ids import AccountId, IntentId
from copytrade_gui.domain.order import OrderTerms, State
from copytrade_gui.engine.books.divergence import shows
from copytrade_gui.engine.orders import faultpoints
from copytrade_gui.engine.orders.core import Core, LastRead
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.ports import BrokerSession, ChangeDone, NotSent, Refused

log = logging.getLogger(__name__)

_LIVE = frozenset({State.WORKING, State.TRIGGER_PENDING, State.PARTIAL})
_MOST_TRIES = 3
_NEVER_ANSWERED = (
    "The broker never answered the change, and its book shows the order as it was before. Look at "
    "it there, then change or cancel it again."
)


class Change(Struct, eq=False):
    """The newest change of one order. ``tries`` counts requests, ``old_since_ns`` is since when
    the book shows the order as before although the answer to the change was lost (monotonic).
    ``in_doubt``: one of its requests was never answered, and may still take hold.
    """

    order: Order
    terms: OrderTerms
    tries: int = 0
    out: bool = False
    lost: bool = False
    in_doubt: bool = False
    old_since_ns: int = 0


class Modifies:
    """Keeps the newest change of each order until it was answered."""

    def __init__(self, core: Core, last_read: LastRead) -> None:
        self._book = core.book
        self._gate = core.gate
        self._clock = core.clock
        self._settings = core.settings
        self._fault = core.fault
        self._news = core.news
        self._last_read = last_read
        self._changes: dict[AccountId, dict[IntentId, Change]] = {}

    def put(self, order: Order, terms: OrderTerms) -> AccountId:
        """Take a change up; it replaces one of the same order that was not asked for yet."""
        account, name = order.intent.account_id, order.intent.intent_id
        order.asked += (terms,)
        self._changes.setdefault(account, {})[name] = Change(order, terms)
        return account

    def due(self, account: AccountId) -> bool:
        """True if a change of this account may leave now."""
        return self._next(account) is not None

    def _next(self, account: AccountId) -> Change | None:
        changes = self._changes.get(account)
        if not changes or not self._gate.may_send:
            return None
        for name in [name for name, one in changes.items() if self._over(one)]:
            del changes[name]
        return next((one for one in changes.values() if self._may_leave(one)), None)

    def _over(self, change: Change) -> bool:
        order = change.order
        return order.state.ended or order.cancel_requested

    def _may_leave(self, change: Change) -> bool:
        free = not (change.out or change.lost) and change.order.broker_order_id is not None
        return free and change.order.attempt_state in _LIVE | {State.MODIFY_PENDING}

    async def ask_next(self, account: AccountId, session: BrokerSession | None) -> None:
        """Ask the broker for the next change of this account."""
        change = self._next(account)
        if change is None:
            return
        order, number = change.order, change.order.broker_order_id
        if session is None or number is None:
            del self._changes[account][order.intent.intent_id]
            _forget(order, change)
            self._tell(order, "The account is not logged in, so the change was not asked for.")
            return
        terms = _not_below(order, change.terms)
        if order.attempt_state is not State.MODIFY_PENDING:
            self._book.move(order, State.MODIFY_PENDING, reason="Change asked.")
        self._fault(faultpoints.BEFORE_MODIFY)
        change.out, change.tries = True, change.tries + 1
        outcome = await session.modify(number, terms)
        self._fault(faultpoints.AFTER_MODIFY)
        change.out = False
        newest = self._changes[account].get(order.intent.intent_id) is change
        if isinstance(outcome, ChangeDone):
            if newest:
                del self._changes[account][order.intent.intent_id]
        elif isinstance(outcome, Refused):
            _forget(order, change)
            if newest:
                del self._changes[account][order.intent.intent_id]
            self._tell(order, f"The broker refused the change: {outcome.reason}")
        elif isinstance(outcome, NotSent):
            if change.tries >= _MOST_TRIES and newest:
                del self._changes[account][order.intent.intent_id]
                if not change.in_doubt:
                    _forget(order, change)
                self._tell(order, f"The change never left: {outcome.reason}")
        else:
            change.lost = change.in_doubt = True
            log.info("the answer to a change of %s was lost: %s", number, outcome.reason)
        self._news.live(order)

    def after_read(self, account: AccountId) -> None:
        """A whole book was read: a change whose answer was lost may be there, or not."""
        now = self._clock.mono_ns()
        for change in list(self._changes.get(account, {}).values()):
            number = change.order.broker_order_id
            row = None if number is None else self._last_read(account, number)
            if not change.lost or row is None:
                continue
            if shows(_not_below(change.order, change.terms), row):
                del self._changes[account][change.order.intent.intent_id]
            elif not change.old_since_ns:
                change.old_since_ns = now
            elif now - change.old_since_ns < self._settings.modify_repeat * 1e9:
                continue
            elif change.tries < _MOST_TRIES:
                change.lost, change.old_since_ns = False, 0
            else:
                del self._changes[account][change.order.intent.intent_id]
                self._tell(change.order, _NEVER_ANSWERED)

    def _tell(self, order: Order, sentence: str) -> None:
        what = f"{order.intent.account_id}, order {order.broker_order_id}: {sentence}"
        self._book.alarm("not_changed", what, order, severity=Severity.WARNING)


def _forget(order: Order, change: Change) -> None:
    """The order stays as it was: this change will never be made."""
    order.asked = tuple(one for one in order.asked if one is not change.terms)


def _not_below(order: Order, terms: OrderTerms) -> OrderTerms:
    """A quantity below what is filled already would be refused; at it, nothing is left to work."""
    lot = terms.instrument.lot_size
    least = order.filled + (-order.filled % lot)
    return terms if terms.quantity >= least else replace(terms, quantity=least)
