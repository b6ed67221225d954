"""Cancels: by the operator, by a rule, and by the sweep of a KILL; and changes of live orders.

Each account has one line: its cancels leave one after another, inside its rate, so that all of
them take the connection that is open already, and its changes behind them (``modifying``). One
cancel is asked for once. A cancel by order id is safe to repeat, and it is repeated when its answer
was lost, or when a whole book that was read after the answer still shows the order open. What
became of it is read in the book, never assumed.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from msgspec import Struct

from copytrade_gui.domain.events import Severity
from copytrade_gui.domain.ids import AccountId, BrokerOrderId, IntentId
from copytrade_gui.domain.order import OrderTerms, State
from copytrade_gui.domain.records import Amendment
from copytrade_gui.engine.orders import faultpoints
from copytrade_gui.engine.orders.core import Core, LastRead
from copytrade_gui.engine.orders.lane import Lane
from copytrade_gui.engine.orders.last_read import is_open
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.engine.sending.dispatcher import Dispatcher
from copytrade_gui.engine.sending.modifying import Modifies
from copytrade_gui.ports import BrokerOrder, BrokerSession, ChangeDone, Journal, Refused

log = logging.getLogger(__name__)

_CANCELLABLE = frozenset(
    {State.WORKING, State.TRIGGER_PENDING, State.PARTIAL, State.ACKED, State.CANCEL_PENDING}
)
_NONE = BrokerOrderId("")
_LOOK_AGAIN_S = 0.05


class Cancel(Struct, eq=False):
    """One order at the broker that shall go. ``order`` is None if our records do not know it.

    ``sent`` counts the requests, ``heard_ns`` is when the newest one ended (monotonic).
    ``answered`` means that the broker's word came: from then on only its book tells.
    """

    account: AccountId
    number: BrokerOrderId
    order: Order | None
    sent: int = 0
    heard_ns: int = 0
    answered: bool = False
    queued: bool = False
    """It waits in its account's line, or for its answer."""
    only_while: Callable[[AccountId], bool] | None = None
    """It goes while this is true of its account, and no longer; None: until it is gone."""


class Amendments:
    """Asks the broker to cancel, and remembers to ask when an order in doubt is found."""

    def __init__(
        self, core: Core, dispatcher: Dispatcher, last_read: LastRead, journal: Journal
    ) -> None:
        """``last_read``: a row of an account's order book as it was last read whole."""
        self.modifies = Modifies(core, last_read)
        self._journal = journal
        self._book = core.book
        self._lanes = core.lanes
        self._dispatcher = dispatcher
        self._clock = core.clock
        self._work = core.work
        self._settings = core.settings
        self._fault = core.fault
        self._news = core.news
        self._killed = core.gate.killed
        self._kills = core.halts.kills
        self._last_read = last_read
        self._cancels: defaultdict[AccountId, dict[BrokerOrderId, Cancel]] = defaultdict(dict)
        self._lines: dict[AccountId, deque[Cancel]] = {}
        """Of accounts whose cancels are being worked off."""
        self._read_ns: dict[AccountId, int] = {}
        """When the newest whole read of an account's order book was asked for, monotonic."""
        self._his_own: set[IntentId] = set()
        """Copies that their owner changed, named as their master's order ended."""
        self._answered_ns = 0
        """When the broker last answered any cancel of any account, monotonic."""

    # ------------------------------------------------------------ what shall go

    def cancel(self, orders: Iterable[Order], *, reason: str, anew: bool = False) -> int:
        """Cancel each order as its state asks; returns how many requests will leave.

        Unsent orders are skipped, orders in doubt are cancelled when found, working ones now.
        ``anew``: somebody pressed for it, so what was asked for already is asked for once more.
        """
        count = 0
        for order in orders:
            state = order.attempt_state
            if order.may_attempt and not order.leaving:
                # If an attempt that was refused is found after all, it is cancelled then.
                order.cancel_requested = order.attempt is not None
                self._dispatcher.skip(order, "cancelled", reason)
                continue
            found = state is not None and state.open_at_broker  # its first try, while it leaves
            if order.leaving and not found:  # a moment away; the wave drops it before its bytes
                order.cancel_requested = True
                continue
            if state is None or (state.ended and state is not State.NOT_PLACED):
                continue
            known = self._cancels[order.intent.account_id].get(order.broker_order_id or _NONE)
            if known is not None and anew:
                known.sent = 0
            if not order.cancel_requested:
                order.cancel_requested = True
                self._book.announce(order, order.state)
            count += self._pursue_cancel(order)
        return count

    def shrink(self, order: Order, quantity: int) -> None:
        """A copy that waits leaves with so many units."""
        self._dispatcher.shrink(order, quantity)

    def cancel_copies(self, copies: Sequence[Order], why: str) -> None:
        """Their master's order ended, as ``why`` says: those go that are still ours to follow.

        What its owner changed is his, so it is not cancelled, and named once.
        """
        self.cancel([one for one in copies if one.diverged is None], reason=why)
        for order in copies:
            name = order.intent.intent_id
            if order.diverged is None or not order.state.open_at_broker or name in self._his_own:
                continue
            self._his_own.add(name)
            self._book.alarm(
                "not_followed",
                f"{why.rstrip('.')}. Its DIVERGED copy of {order.intent.account_id} "
                f"({order.broker_order_id}) was not cancelled with it, so cancel it yourself if it "
                "should go.",
                order,
                severity=Severity.WARNING,
            )

    def live(self, order: Order) -> None:
        """An order is at the broker or in doubt: what waited for that is asked now."""
        self._pursue_cancel(order)
        self._pursue_modifies(order.intent.account_id)

    def _pursue_cancel(self, order: Order) -> bool:
        """Ask for the cancel that was requested, if the order is there to be cancelled."""
        number = order.broker_order_id
        if number is None or not _wanted(order):
            return False
        return self._pursue(self._cancel_of(order.intent.account_id, number, order))

    def cancel_row(
        self,
        row: BrokerOrder,
        account: AccountId,
        only_while: Callable[[AccountId], bool] | None = None,
    ) -> bool:
        """Cancel an order that stands open in an account's book, whatever we know of it;
        ``only_while`` is asked of the account before each request, if it is given.
        """
        cancel = self._cancel_of(account, row.broker_order_id, None)
        cancel.order, cancel.only_while = None, only_while
        return self._pursue(cancel)

    def pending(self, account: AccountId) -> bool:
        """True while a cancel of this account waits for its turn or for its answer."""
        return any(cancel.queued for cancel in self._cancels[account].values())

    def heard_ns(self, account: AccountId) -> int:
        """When the newest cancel of this account ended, monotonic; 0 if none was asked for."""
        return max((one.heard_ns for one in self._cancels[account].values()), default=0)

    def after_read(self, account: AccountId, began_ns: int) -> None:
        """A whole order book of the account, asked for at monotonic ``began_ns``, was taken in."""
        self._read_ns[account] = began_ns
        if self.modifies.after_read(account, began_ns) and account not in self._lines:
            self._begin_line(account)
        of_account = self._cancels[account]
        for cancel in list(of_account.values()):
            if not cancel.queued and not self._still_open(cancel):
                del of_account[cancel.number]
            else:
                self._pursue(cancel)

    # ------------------------------------------------------------ inside

    def _cancel_of(self, account: AccountId, number: BrokerOrderId, order: Order | None) -> Cancel:
        of_account = self._cancels[account]
        cancel = of_account.get(number)
        if cancel is None:
            cancel = of_account[number] = Cancel(account, number, order)
        elif order is not None:
            cancel.order = order  # it was found to be ours meanwhile
        return cancel

    def _still_open(self, cancel: Cancel) -> bool:
        if cancel.order is not None and _wanted(cancel.order):
            return True
        if cancel.only_while is not None and not cancel.only_while(cancel.account):
            return False
        row = self._last_read(cancel.account, cancel.number)
        return cancel.order is None and row is not None and is_open(row)

    def _due(self, cancel: Cancel) -> bool:
        """True if asking now is of use; a repeat has to have a reason."""
        if cancel.queued or not self._still_open(cancel):
            return False
        if not cancel.sent:
            return True
        asked_enough = cancel.sent >= self._settings.cancel_repeats
        if asked_enough and not (self._killed() or self._kills(cancel.account)):
            return False  # docs/safety.md 9.11: from here on only the book is read
        since = (self._clock.mono_ns() - cancel.heard_ns) / 1e9
        if since < self._settings.cancel_repeat:
            return False
        row = self._last_read(cancel.account, cancel.number)
        seen = self._read_ns.get(cancel.account, 0) > cancel.heard_ns
        return not cancel.answered or (
            seen and row is not None and is_open(row) and row.state is not State.CANCEL_PENDING
        )

    def _pursue(self, cancel: Cancel) -> bool:
        if not self._due(cancel):
            return False
        cancel.queued = True
        line = self._lines.get(cancel.account)
        if line is not None:
            line.append(cancel)
        else:
            self._begin_line(cancel.account, cancel)
        return True

    async def modify(self, pairs: Sequence[tuple[Order, OrderTerms]]) -> int:
        """Store changes of live orders and ask for them; returns how many orders they are of.

        Of an order only its newest change is kept while one is being answered. Raises
        JournalFailureError: nothing was asked for.
        """
        if not pairs:
            return 0
        await self._journal.commit_amendments(
            [
                Amendment(order.intent.intent_id, len(order.asked) + 1, terms)
                for order, terms in pairs
            ]
        )
        accounts = [self.modifies.put(order, terms) for order, terms in pairs]
        for account in dict.fromkeys(accounts):
            self._pursue_modifies(account)
        return len(accounts)

    def _pursue_modifies(self, account: AccountId) -> None:
        """A change may be due: its order is at the exchange now, or its answer was lost."""
        if account not in self._lines and self.modifies.due(account):
            self._begin_line(account)

    def _begin_line(self, account: AccountId, *cancels: Cancel) -> None:
        self._lines[account] = deque(cancels)
        if cancels:
            self._moved(account, self._clock.mono_ns())
        self._work.start(self._work_off(account), f"changes of {account}")

    async def _work_off(self, account: AccountId) -> None:
        line = self._lines[account]
        try:
            while line or self.modifies.due(account):
                if not line:
                    lane = await self._slot(account, urgent=False)
                    await self.modifies.ask_next(account, None if lane is None else lane.session)
                    continue
                cancel = line.popleft()
                lane = await self._slot(account)
                session = None if lane is None else lane.session
                if session is None or not self._still_open(cancel):
                    cancel.queued = False  # without a session: asked after its next read
                    continue
                ended = asyncio.get_running_loop().create_future()
                self._work.start(self._ask(cancel, session, ended), f"cancel {cancel.number}")
                self._wait_for(ended, self._clock.mono_ns())
                await ended
        finally:
            del self._lines[account]
            self._moved(account, 0)
            for cancel in line:
                cancel.queued = False

    def _moved(self, account: AccountId, mono_ns: int) -> None:
        """Its line began, or a cancel in it was answered; 0: the line is done."""
        if (lane := self._lanes.get(account)) is not None:
            lane.cancelling_ns = mono_ns

    def _wait_for(
        self, ended: asyncio.Future[None], asked_ns: int, *, silent: bool = False
    ) -> None:
        """Let the next of the account leave when the broker is silent about this one.

        While it answers others it is busy, or this machine is: then more connections make it worse.
        What it said may lie in the sockets, so they are looked at once more.
        """
        if ended.done():
            return
        since = (self._clock.mono_ns() - max(asked_ns, self._answered_ns)) / 1e9
        left = self._settings.cancel_patience - since
        if left <= 0 and silent:
            _let_on(ended)
            return
        again = partial(self._wait_for, ended, asked_ns, silent=left <= 0)
        self._work.later(max(left, _LOOK_AGAIN_S), again)

    async def _slot(self, account: AccountId, *, urgent: bool = True) -> Lane | None:
        """Wait for a slot; None if the account was removed or logged out meanwhile."""
        while (lane := self._lanes.get(account)) is not None and lane.session is not None:
            now = self._clock.mono_ns()
            if lane.slots.take(now, urgent=urgent):
                return lane
            free = lane.slots.free_at(now, urgent=urgent)
            await self._clock.sleep(max(0.001, (free - now) / 1e9))
        return None

    async def _ask(
        self, cancel: Cancel, session: BrokerSession, ended: asyncio.Future[None]
    ) -> None:
        order = cancel.order
        try:
            # ACKED is not at the exchange yet; the broker may still take the cancel.
            if order is not None and order.attempt_state is not State.CANCEL_PENDING:
                self._book.move(order, State.CANCEL_PENDING, reason="Cancel asked.")
            self._fault(faultpoints.BEFORE_CANCEL)
            cancel.sent += 1
            outcome = await session.cancel(cancel.number)
            self._fault(faultpoints.AFTER_CANCEL)
            cancel.answered = isinstance(outcome, ChangeDone | Refused)
            if cancel.answered:
                self._answered_ns = self._clock.mono_ns()
                self._moved(cancel.account, self._answered_ns)
            if not isinstance(outcome, ChangeDone):
                log.info("cancel of %s: %s", cancel.number, outcome.reason)
        finally:
            cancel.queued = False
            cancel.heard_ns = self._clock.mono_ns()
            _let_on(ended)
        if not cancel.answered:
            self._work.later(self._settings.cancel_repeat + 0.01, partial(self._again, cancel))
        if order is None:
            self._news.unknown_cancelled(cancel.account)
        else:
            self._news.live(order)

    def _again(self, cancel: Cancel) -> None:
        self._pursue(cancel)


def _wanted(order: Order) -> bool:
    return order.cancel_requested and order.attempt_state in _CANCELLABLE


def _let_on(ended: asyncio.Future[None]) -> None:
    if not ended.done():
        ended.set_result(None)
