"""Cancels: by the operator, by a rule, and by the sweep of a KILL.

A cancel by order id is safe to repeat. What became of it is read in the book, never assumed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

from copytrade_gui.domain.order import State
from copytrade_gui.engine import faultpoints
from copytrade_gui.engine.book import Book
from copytrade_gui.engine.dispatcher import Dispatcher
from copytrade_gui.engine.lane import Lanes
from copytrade_gui.engine.order import Order
from copytrade_gui.engine.rules import Rules
from copytrade_gui.engine.work import Work
from copytrade_gui.ports import ChangeDone, Clock, FaultPoint

log = logging.getLogger(__name__)

_CANCELLABLE = frozenset({State.WORKING, State.TRIGGER_PENDING, State.PARTIAL, State.ACKED})


class Changes:
    """Asks the broker to cancel, and remembers to ask when an order in doubt is found."""

    def __init__(
        self,
        *,
        book: Book,
        lanes: Lanes,
        dispatcher: Dispatcher,
        clock: Clock,
        work: Work,
        rules: Rules,
        fault: FaultPoint,
        sweeping: Callable[[], bool],
        on_live: Callable[[Order], None],
    ) -> None:
        """``sweeping``: a KILL is in force, whose cancels are repeated until each order ended."""
        self._book = book
        self._lanes = lanes
        self._dispatcher = dispatcher
        self._clock = clock
        self._work = work
        self._rules = rules
        self._fault = fault
        self._sweeping = sweeping
        self._on_live = on_live
        self._asking: set[str] = set()

    def cancel(self, orders: Iterable[Order], *, reason: str) -> int:
        """Cancel each order as its state asks; returns how many requests will leave.

        Unsent orders are skipped, orders in doubt are cancelled when found, working ones now.
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
            order.cancels_sent = 0  # whoever asks anew is asked for anew
            if not order.cancel_requested:
                order.cancel_requested = True
                self._book.announce(order, order.state)
            count += self.pursue(order)
        return count

    def pursue(self, order: Order) -> bool:
        """Ask for the cancel that was requested, if the order is there to be cancelled."""
        name = order.intent.intent_id
        pending = order.attempt_state is State.CANCEL_PENDING and (
            order.cancels_sent < self._rules.cancel_repeats or self._sweeping()
        )
        wanted = order.cancel_requested and (order.attempt_state in _CANCELLABLE or pending)
        if not wanted or order.broker_order_id is None or name in self._asking:
            return False
        self._asking.add(name)
        self._work.start(self._ask(order), f"cancel {name}")
        return True

    async def _ask(self, order: Order) -> None:
        name = order.intent.intent_id
        try:
            while True:
                taken = await self._ask_once(order)
                # Also after a cancel that was taken: the book needs a moment to show it.
                await self._clock.sleep(self._rules.cancel_repeat)
                state = order.attempt_state
                if taken or state is None or not state.open_at_broker:
                    break
                if order.cancels_sent >= self._rules.cancel_repeats:
                    break  # section 9 row 11: from here on only the book is read
        finally:
            self._asking.discard(name)
        self._on_live(order)

    async def _ask_once(self, order: Order) -> bool:
        """True when there is no use in asking again: the book will tell."""
        lane = self._lanes.get(order.intent.account_id)
        session = None if lane is None else lane.session
        if lane is None or session is None or order.broker_order_id is None:
            return False
        while not lane.take_slot(now := self._clock.mono_ns(), urgent=True):
            free = lane.slots.free_at(now, urgent=True)
            await self._clock.sleep(max(0.001, (free - now) / 1e9))
        # ACKED is not at the exchange yet; the broker may still take the cancel.
        if order.attempt_state is not State.CANCEL_PENDING:
            self._book.move(order, State.CANCEL_PENDING, reason="Cancel asked.")
        self._fault(faultpoints.BEFORE_CANCEL)
        order.cancels_sent += 1
        outcome = await session.cancel(order.broker_order_id)
        self._fault(faultpoints.AFTER_CANCEL)
        self._on_live(order)
        if isinstance(outcome, ChangeDone):
            return True
        log.info("cancel of %s: %s", order.intent.intent_id, outcome.reason)
        return False
