"""Entries that wait here for a better price, as their link asks (``domain/guard.py``).

Nothing of them is at the broker. Each leaves by the queue as soon as the market is back inside its
guard, and is given up when it has waited for the link's delay, when its master cancels or exits, at
a stop, and when its market closes. After a start none is sent.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from decimal import Decimal

from msgspec import Struct

from copytrade_gui.domain.calendar import ist
from copytrade_gui.domain.events import Event, Severity, TradingStateChanged
from copytrade_gui.domain.exits import OUT_OF_HOLDINGS
from copytrade_gui.domain.guard import AWAITS_PRICE, NO_BETTER_PRICE
from copytrade_gui.domain.ids import AccountId, IntentId, PlanId
from copytrade_gui.domain.instrument import InstrumentKey, Quote
from copytrade_gui.domain.order import Side, State
from copytrade_gui.domain.records import OrderView, Signal, SignalKind
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.engine.books.master_positions import MasterPositions
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.engine.sending.dispatcher import Dispatcher

_LOOK_S = 1.0
_POSITION_NS = 5_000_000_000
"""A master's position that shows nothing of his order after so long shows that he is out of it."""
_NAMED = 6
_MASTER_ENDED = frozenset({State.CANCELLED, State.REJECTED, State.EXPIRED, State.REFUSED})


class _Waiting(Struct):
    """One order, and the price in rupees at which it leaves, or a better one."""

    order: Order
    worst: Decimal

    def over_at(self, last: Decimal) -> bool:
        buys = self.order.intent.terms.side is Side.BUY
        return last <= self.worst if buys else last >= self.worst


class PriceWaits:
    """Asks for prices while anything waits, has the queue look when one is good, and gives up."""

    def __init__(self, core: Core, dispatcher: Dispatcher, masters: MasterPositions) -> None:
        self._book = core.book
        self._lanes = core.lanes
        self._gate = core.gate
        self._clock = core.clock
        self._work = core.work
        self._quotes = core.quotes
        self._dispatcher = dispatcher
        self._masters = masters
        self._waiting: dict[IntentId, _Waiting] = {}
        self._looking = self._asking = False

    # ------------------------------------------------------------ what it hears

    def begin(self, order: Order, why: str, worst: Decimal) -> None:
        """The queue keeps it back for its price: it is shown, with since when and until when."""
        known = self._waiting.get(order.intent.intent_id)
        if known is not None and known.order.code == AWAITS_PRICE:
            known.worst = worst
            return
        order.awaits_price = True
        self._waiting[order.intent.intent_id] = _Waiting(order, worst)
        now_ns = self._clock.wall_ns()
        left_ns = order.called_ns + order.intent.signal_age_ms * 1_000_000 - self._clock.mono_ns()
        order.code = AWAITS_PRICE
        order.reason = (
            f"Waiting since {ist(now_ns):%H:%M:%S}, until {ist(now_ns + left_ns):%H:%M:%S}, with "
            f"nothing at the broker. {why}"
        )
        self._book.announce(order, order.state)
        if not self._looking:
            self._looking = True
            self._work.later(0.0, self._look)

    def on_quote(self, quote: Quote) -> None:
        """A price came: the queue looks where it is good enough for somebody."""
        for one in self._waiting.values():
            order = one.order
            if order.key == quote.key and order.code == AWAITS_PRICE and one.over_at(quote.last):
                self._dispatcher.kick()
                return

    def exit_planned(self, signal: Signal, accounts: Collection[AccountId]) -> None:
        """A master reduces what he holds, or copies are squared off: nothing enters behind that."""
        terms, named = signal.terms, None
        if signal.kind is SignalKind.SQUARE_OFF:
            named = accounts
        for order in self._unsent(signal.master_id, terms.instrument.key):
            if order.intent.terms.product is terms.product and (
                named is None or order.intent.account_id in named
            ):
                self._end(order, "master_exits", "An exit was placed while it waited for a price.")

    def lead_ended(self, lead: OrderView) -> None:
        """A master's order ended: what waits to copy it does not leave, unless it was filled."""
        if lead.state not in _MASTER_ENDED:
            return
        for order in self._book.of_plan(lead.plan_id):
            if order.is_copy and order.awaits_price:
                why = f"The master's order ended as {lead.state} while it waited."
                self._end(order, "master_failed", why)

    def hear(self, event: Event) -> None:
        """A stop was pressed: from the bus."""
        if isinstance(event, TradingStateChanged) and (
            event.change.state is not TradingState.ACTIVE
        ):
            self._stop(event.change.state)

    # ------------------------------------------------------------ looking

    def _look(self) -> None:
        """Forget what waits no more, give up what must not wait, and ask for prices."""
        self._looking = False
        orders = [one.order for one in self._waiting.values()]
        self._tell([order for order in orders if order.state.ended])
        self._waiting = {name: one for name, one in self._waiting.items() if one.order.may_attempt}
        if not self._waiting:
            return
        if self._gate.state is not TradingState.ACTIVE:
            self._stop(self._gate.state)
        for one in list(self._waiting.values()):
            if code := self._why_not(one.order):
                self._end(one.order, *code)
        self._looking = True
        self._work.later(_LOOK_S, self._look)
        self._dispatcher.kick()
        if not self._asking:
            self._asking = True
            keys = list(dict.fromkeys(one.order.key for one in self._waiting.values()))
            self._work.start(self._ask(keys), "prices of what waits for one")

    async def _ask(self, keys: list[InstrumentKey]) -> None:
        try:
            await self._quotes.refresh(keys)
        finally:
            self._asking = False

    def _why_not(self, order: Order) -> tuple[str, str] | None:
        """Why one must not wait on: its account is stopped, or its master is out."""
        lane = self._lanes.get(order.intent.account_id)
        if lane is not None and lane.status.halted:
            return "stopped", "The account was halted while it waited for a price."
        if lane is not None and (kept := lane.why_kept(order))[0]:
            return kept
        plan = self._book.plan(order.intent.plan_id)
        if plan is None or self._clock.mono_ns() - order.called_ns < _POSITION_NS:
            return None
        terms, master = plan.signal.terms, plan.signal.master_id
        if terms.product in OUT_OF_HOLDINGS:
            return None  # shares that were delivered stand in no position book
        nets = self._masters.of(master, terms.instrument.key, terms.product)
        buys = terms.side is Side.BUY
        if nets is None or not all(net <= 0 if buys else net >= 0 for net in nets):
            return None
        lead = next(iter(self._book.leads_of(plan.plan_id)), None)
        if lead is not None and not lead.filled:
            return None  # his own order still waits for its first fill
        return "master_exits", "The master holds none of it any more."

    # ------------------------------------------------------------ giving up

    def _stop(self, state: TradingState) -> None:
        for one in list(self._waiting.values()):
            self._end(one.order, "stopped", f"Trading went to {state} while it waited for a price.")

    def _end(self, order: Order, code: str, why: str) -> None:
        if order.leaving:
            order.cancel_requested = True  # the wave drops it before its bytes
        elif order.may_attempt:
            # If an attempt that was refused is found after all, it is cancelled then.
            order.cancel_requested = order.attempt is not None
            self._dispatcher.skip(order, code, f"{why} It was given up; nothing of it left.")

    def _unsent(self, master: AccountId, key: InstrumentKey) -> Iterable[Order]:
        """A master's copies in an instrument that wait for a price, will once they are asked, or
        have it and wait for their account.
        """
        for plan in list(self._book.plans.values()):
            if plan.signal.master_id == master and plan.signal.terms.instrument.key == key:
                for order in self._book.of_plan(plan.plan_id):
                    if order.awaits_price and order.may_attempt:
                        yield order

    def _tell(self, ended: list[Order]) -> None:
        """One alarm for each plan of which copies were given up for want of a price."""
        given_up: dict[PlanId, list[AccountId]] = {}
        for order in ended:
            if order.code == NO_BETTER_PRICE:
                given_up.setdefault(order.intent.plan_id, []).append(order.intent.account_id)
        for name, accounts in given_up.items():
            plan = self._book.plan(name)
            if plan is None:
                continue
            terms, lanes = plan.signal.terms, map(self._lanes.get, accounts[:_NAMED])
            names = ", ".join(lane.account.name for lane in lanes if lane is not None)
            more = f" and {len(accounts) - _NAMED} more" if len(accounts) > _NAMED else ""
            copies = "copy" if len(accounts) == 1 else "copies"
            self._book.alarm(
                "no_better_price",
                f"{len(accounts)} {copies} of {terms.side} {terms.instrument.symbol} waited for a "
                f"better price in vain and did not leave: {names}{more}. Place what is wanted as a "
                "new order.",
                severity=Severity.WARNING,
            )
