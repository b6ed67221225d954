"""From acceptance to the end of an order: the walk through the statuses, and a market that fills.

Nothing runs in the background. Each account keeps the moments at which something is due; they
are worked off, in the order of their times, when the account is next looked at. The outcome is
the same whenever that happens to be.
"""

from collections.abc import Callable
from heapq import heappop

from copytrade_gui.simulator import risk
from copytrade_gui.simulator.accounts import Account
from copytrade_gui.simulator.config import Switches
from copytrade_gui.simulator.dayend import close_day
from copytrade_gui.simulator.hours import closing, next_opening
from copytrade_gui.simulator.instruments import InstrumentList
from copytrade_gui.simulator.ist import date_of, day_number, day_start, ns_of
from copytrade_gui.simulator.ledger import Ledger
from copytrade_gui.simulator.orders import Fill, Order, Terms, Twist, exits_of, parts_of
from copytrade_gui.simulator.prices import Prices, slot_of
from copytrade_gui.simulator.resting import look_ahead
from copytrade_gui.simulator.rules import MarketRules
from copytrade_gui.simulator.squareoff import moments, square_off

_ALWAYS = -1  # an event that survives changes of terms

_Action = Callable[[Account, Order, int, int], None]
OrderListener = Callable[[Account, Order, int, tuple[Fill, ...]], None]
"""Hears of an order: its account, the order, its first step that is new, and its new fills."""


class Exchange:
    """Accepts orders for all accounts, moves them along, and matches them against the prices."""

    def __init__(
        self, switches: Switches, instruments: InstrumentList, prices: Prices, ledger: Ledger
    ) -> None:
        self.switches = switches
        self.instruments = instruments
        self.prices = prices
        self.ledger = ledger
        self.rules = MarketRules(switches, instruments, prices)
        self.listener: OrderListener | None = None
        self.order_count = 0
        self.trade_count = 0
        self._horizon = 0  # up to when the account at hand is being worked off
        self._day_prefix = (0, "")
        self._actions: dict[str, _Action] = {
            "accept": self._late_accept,
            "validate": self._validate,
            "risk": self._risk,
            "arrive": self._arrive,
            "trigger": self._trigger,
            "match": self._match,
            "fill": self._fill,
            "modify": self._modified,
            "cancel": self._cancelled,
            "cancel_rest": self._cancelled,
            "expire": self._expire,
            "late_fill": self._late_fill,
            "amo_open": self._amo_open,
            "show": lambda _account, _order, _due, _amount: None,
        }

    # -- what calls ask for -------------------------------------------------------------------

    def accept(
        self, account: Account, terms: Terms, now: int, twist: Twist | None = None,
        origin: str = "request", parent: str = "NA",
    ) -> Order:  # fmt: skip
        """Take an order: give it an id, put it into the ledger, and let it start walking."""
        today = day_number(now)
        if account.day != today:
            self.settle(account, now)
        self.order_count += 1
        app_key = account.app.key if terms.channel == "API" else "NA"
        order = Order(
            0, account.client_id, self._order_id(today), terms, now, now, app_key, origin, parent
        )
        if twist is not None:
            order.take(twist)
            if twist.late_ns:
                order.accepted_at += twist.late_ns
                order.visible_at += twist.late_ns
                account.late[order.order_id] = order
                account.schedule(order.accepted_at, "accept", order)
                return order
        self._enter(account, order, now)
        return order

    def cancel(self, account: Account, order: Order, now: int) -> bool:
        """Take a cancel for a live order; False when nothing is left to cancel."""
        if not order.live:
            return False
        if order.stage == "queued":
            self._stop(account, order)
            order.end(now, "cancelled after market order")
        elif order.status != "cancel pending":
            order.note(now, "cancel pending")
            self._always(account, order, now + ns_of(self.switches.change_ms), "cancel")
        self._tell(account, order, now)
        return True

    def modify(self, account: Account, order: Order, terms: Terms, now: int) -> None:
        """Take new terms for an order that is queued, or live at the exchange."""
        order.next_terms = terms
        if order.stage == "queued":
            order.terms, order.next_terms = terms, None
            order.note(now, "modify after market order req received")
        else:
            order.note(now, "modify pending")
            self._always(account, order, now + ns_of(self.switches.change_ms), "modify")
        self._tell(account, order, now)

    def settle(self, account: Account, now: int) -> None:
        """Let everything happen to an account's orders that is due by `now`."""
        today = day_number(now)
        if account.day != today:
            if account.day and account.day < today:
                self._square_off(account, day_start(today) - 1)
                self._work_off(account, day_start(today) - 1)
                ended = list(account.orders.values())
                close_day(account, self.prices, day_start(today))
                for order in ended:
                    self._tell(account, order, now)
            account.day = today
        if self.switches.square_off:
            self._square_off(account, now)
        if account.resting or account.events:
            self._work_off(account, now)

    def _square_off(self, account: Account, until: int) -> None:
        if not self.switches.square_off:
            return
        for at in moments(account.day, account.squared_until, until):
            account.squared_until = at
            self._work_off(account, at)
            square_off(account, at, account.day, self)

    def withdraw(self, account: Account, order: Order, at: int, reason: str) -> None:
        """Cancel an order at once, wherever it is."""
        self._stop(account, order)
        order.cancelled = order.pending
        order.end(at, "cancelled", reason)
        self._tell(account, order, at)

    # -- working off --------------------------------------------------------------------------

    def _work_off(self, account: Account, until: int) -> None:
        self._horizon = until
        last = slot_of(until)
        for order in list(account.resting.values()):
            look_ahead(self.prices, account, order, last)
        events = account.events
        while events and events[0][0] <= until:
            due, _, action, order_id, version, amount = heappop(events)
            order_due = account.orders.get(order_id) or account.late.get(order_id)
            if order_due is None or version not in {order_due.version, _ALWAYS}:
                continue
            self._actions[action](account, order_due, due, amount)
            self._tell(account, order_due, due)

    def _rest(self, account: Account, order: Order, at: int) -> None:
        order.scan_from = slot_of(at) + 1
        account.resting[order.order_id] = order
        look_ahead(self.prices, account, order, slot_of(self._horizon))

    # -- the walk -----------------------------------------------------------------------------

    def _enter(self, account: Account, order: Order, now: int) -> None:
        account.orders[order.order_id] = order
        ledger = self.ledger
        ledger.accepted.append(order)
        order.number = len(ledger.accepted)
        if order.terms.complexity == "AMO":
            order.stage = "queued"
            order.note(now, "after market order req received")
            opening = next_opening(order.terms.instrument.exchange, now)
            account.schedule(opening, "amo_open", order)
        else:
            order.note(now, "put order req received")
            account.schedule(now + ns_of(self.switches.walk_ms[0]), "validate", order)
        if order.visible_at > now:
            self._always(account, order, order.visible_at, "show")
        self._tell(account, order, now)

    def _late_accept(self, account: Account, order: Order, due: int, _amount: int) -> None:
        del account.late[order.order_id]
        self._enter(account, order, due)

    def _amo_open(self, account: Account, order: Order, due: int, _amount: int) -> None:
        order.stage = "received"
        order.note(due, "put order req received")
        account.schedule(due + ns_of(self.switches.walk_ms[0]), "validate", order)

    def _validate(self, account: Account, order: Order, due: int, _amount: int) -> None:
        order.note(due, "validation pending")
        first, second, _ = self.switches.walk_ms
        account.schedule(due + ns_of(second - first), "risk", order)

    def _risk(self, account: Account, order: Order, due: int, _amount: int) -> None:
        reason = order.doom or self.rules.policy(order.terms, due)
        if order.terms.channel != "Admin":
            reason = reason or account.not_enabled(order.terms)
        by_chance = account.rng.random() < self.switches.reject_rate
        if not reason and by_chance and order.terms.channel != "Admin":
            reason = "RMS:Blocked for simulated risk rule"
        if not reason:
            order.terms = self.rules.bounded(order.terms, slot_of(due))
            reason = risk.objection(account, order, self.prices, due)
        if reason:
            order.end(due, "rejected", reason)
            return
        order.note(due, "open pending")
        _, second, third = self.switches.walk_ms
        account.schedule(due + ns_of(third - second), "arrive", order)

    def _arrive(self, account: Account, order: Order, due: int, _amount: int) -> None:
        order.exchange_id = f"11{order.order_id[:6]}{order.number:08d}"
        reason = self.rules.exchange_objection(order.terms, due)
        if reason:
            self._stop(account, order)
            order.end(due, "rejected", reason)
            return
        if self.switches.trading_hours:
            ends = closing(order.terms.instrument.exchange, due)
            self._always(account, order, ends, "expire")
        if order.terms.kind in {"SL", "SLM"}:
            order.stage = "trigger"
            order.note(due, "trigger pending")
            if self.rules.triggered(order.terms, slot_of(due)):
                account.schedule(due, "trigger", order)
            else:
                self._rest(account, order, due)
            return
        order.stage = "open"
        order.note(due, "open")
        self._match(account, order, due, 0)

    def _trigger(self, account: Account, order: Order, due: int, _amount: int) -> None:
        order.stage = "open"
        order.terms = self.rules.bounded(order.terms, slot_of(due))
        order.note(due, "open")
        self._match(account, order, due, 0)

    # -- the market ---------------------------------------------------------------------------

    def rematch(self, account: Account, order: Order, due: int, until: int) -> None:
        """Look at an order anew because its terms or the prices have changed."""
        self._horizon = until
        account.resting.pop(order.order_id, None)
        if order.stage == "trigger":
            if self.rules.triggered(order.terms, slot_of(due)):
                account.schedule(due, "trigger", order)
            else:
                self._rest(account, order, due)
        elif order.stage == "open":
            self._match(account, order, due, 0)
        self._tell(account, order, due)

    def _match(self, account: Account, order: Order, due: int, _amount: int) -> None:
        terms = order.terms
        if not self.rules.marketable(terms, slot_of(due)):
            if terms.validity == "IOC":
                self._stop(account, order)
                order.end(due, "cancelled")
            else:
                self._rest(account, order, due)
            return
        gap = ns_of(self.switches.fill_ms)
        sizes = parts_of(order, account.rng, self.switches.partial_rate)
        if terms.validity == "IOC" and len(sizes) > 1:
            account.schedule(due + gap, "fill", order, sizes[0])
            account.schedule(due + gap, "cancel_rest", order)
            return
        for place, size in enumerate(sizes, 1):
            account.schedule(due + gap * place, "fill", order, size)

    def _fill(self, account: Account, order: Order, due: int, amount: int) -> None:
        if order.live and order.stage == "open":
            self._trade(account, order, due, min(amount, order.pending))

    def _late_fill(self, account: Account, order: Order, due: int, amount: int) -> None:
        account.shelves.clear()
        self._trade(account, order, due, min(amount, order.pending))

    def _trade(self, account: Account, order: Order, due: int, quantity: int) -> None:
        if quantity <= 0:
            return
        terms = order.terms
        price = self.rules.fill_price(terms, slot_of(due))
        self.trade_count += 1
        trade_id = f"{7_000_000_000 + self.trade_count}"
        fill = Fill(trade_id, order.order_id, quantity, price, due)
        risk.release(account, order, quantity)
        order.filled += quantity
        order.value += quantity * price
        account.fills.append(fill)
        order.untold += (fill,)
        risk.book_fill(account, terms, quantity, price)
        if not order.pending:
            account.resting.pop(order.order_id, None)
            order.end(due, "complete")
            self._brackets(account, order, due)
        else:
            waiting = order.status in {"cancel pending", "modify pending"} or not order.live
            order.note(due, order.status if waiting else "open")

    def _modified(self, account: Account, order: Order, due: int, _amount: int) -> None:
        terms, order.next_terms = order.next_terms, None
        if terms is None or not order.live:
            return
        before = order.terms
        order.version += 1
        account.resting.pop(order.order_id, None)
        risk.release(account, order, order.pending)
        refused = terms.quantity < order.filled or self.rules.exchange_objection(terms, due)
        if not refused:
            order.terms = self.rules.bounded(terms, slot_of(due))
            refused = risk.objection(account, order, self.prices, due)
        if refused:
            order.terms = before
            price = before.price or self.prices.last(before.instrument, slot_of(due))
            needed = risk.order_margin(account, before, price, order.pending)
            risk.hold(account, order, needed)
            order.note(due, "not modified")
        else:
            order.note(due, "modified")
        if not order.pending:
            order.end(due, "complete")
            return
        stop = order.terms.kind in {"SL", "SLM"}
        if not stop or before.kind not in {"SL", "SLM"}:
            order.stage = "trigger" if stop else "open"
        order.note(due, "trigger pending" if order.stage == "trigger" else "open")
        self.rematch(account, order, due, self._horizon)

    def _cancelled(self, account: Account, order: Order, due: int, _amount: int) -> None:
        if not order.live:
            return
        self._stop(account, order)
        order.cancelled = order.pending
        order.end(due, "cancelled")
        if order.late_fill and order.pending:
            later = due + ns_of(self.switches.fill_ms)
            self._always(account, order, later, "late_fill", order.pending)

    def _expire(self, account: Account, order: Order, due: int, _amount: int) -> None:
        if order.live:
            self._stop(account, order)
            order.end(due, "cancelled", "Order validity has ended.")

    def _brackets(self, account: Account, order: Order, due: int) -> None:
        """A filled main order sends its exits; a filled exit withdraws its sibling."""
        terms = order.terms
        if order.parent != "NA":
            parent = account.orders.get(order.parent)
            for other in parent.legs if parent else ():
                sibling = account.orders.get(other)
                if sibling is not None and sibling.live:
                    self.cancel(account, sibling, due)
            return
        for leg in exits_of(terms):
            made = self.accept(account, leg, due, origin="leg", parent=order.order_id)
            order.legs += (made.order_id,)

    # -- small steps --------------------------------------------------------------------------

    def _stop(self, account: Account, order: Order) -> None:
        account.resting.pop(order.order_id, None)
        risk.release(account, order, order.pending)

    def _always(
        self, account: Account, order: Order, due: int, action: str, amount: int = 0
    ) -> None:
        version, order.version = order.version, _ALWAYS
        account.schedule(due, action, order, amount)
        order.version = version

    def _tell(self, account: Account, order: Order, at: int) -> None:
        """Let the listener hear what is new of an order, once it is to be seen at all."""
        first, fills = order.told, order.untold
        if first == len(order.steps) or order.visible_at > at:
            return
        order.told, order.untold = len(order.steps), ()
        if self.listener is not None:
            self.listener(account, order, first, fills)

    def _order_id(self, day: int) -> str:
        if self._day_prefix[0] != day:
            self._day_prefix = (day, f"{date_of(day):%y%m%d}")
        return f"{self._day_prefix[1]}{self.order_count:09d}"
