"""The broker's book against ours: links, states, fills; the one idempotent way news comes in.

Polls, recovery and pushes all end here. Rows change orders only by the transition
table; what the table does not allow is an old row and changes nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from copytrade_gui.domain.events import Severity
from copytrade_gui.domain.ids import AccountId, BrokerOrderId, IntentId, is_our_tag
from copytrade_gui.domain.order import State
from copytrade_gui.domain.records import Fill
from copytrade_gui.engine.books.divergence import Divergences, as_shown, made_larger, not_by_us
from copytrade_gui.engine.books.pushed import forward
from copytrade_gui.engine.orders.absorbed import Absorbed
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.orders.lane import Lane
from copytrade_gui.engine.orders.last_read import LastReadOrders, LastReadTrades
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.ports import BrokerOrder, BrokerTrade, LostRecords, Read

_EXPLAINED = frozenset({State.REJECTED, State.CANCELLED, State.EXPIRED})
_NOT_FILLED_YET = frozenset({State.ACKED, State.WORKING, State.TRIGGER_PENDING})
_SAYS_ITS_QUANTITY = frozenset({State.WORKING, State.TRIGGER_PENDING, State.PARTIAL, State.FILLED})
_LATE = frozenset({State.NOT_PLACED, State.REFUSED, State.NOT_SENT})


class Reconciler:
    """Merges reads of one account's books into our orders."""

    def __init__(self, core: Core, divergences: Divergences, lost: LostRecords) -> None:
        """Until a row of which our records were ``lost`` is an order of ours again, a read that
        shows it is not complete.
        """
        self._book = core.book
        self._halts = core.halts
        self._divergences = divergences
        self._news = core.news
        self._lost = lost
        self._said: set[tuple[AccountId, str]] = set()
        self._too_far: dict[AccountId, dict[IntentId, bool]] = {}
        self._orders_shown: defaultdict[AccountId, LastReadOrders] = defaultdict(LastReadOrders)
        self._trades_shown: defaultdict[AccountId, LastReadTrades] = defaultdict(LastReadTrades)

    def absorb_orders(self, lane: Lane, read: Read[BrokerOrder]) -> Absorbed:
        """Merge an order-book read and judge whether it was complete (docs/safety.md 6.2)."""
        result = Absorbed(complete=read.whole, why_not=read.problem, whole=read.whole)
        if not read.whole:
            return result  # a read that is not whole proves nothing, in either direction
        account = lane.account_id
        shown = self._orders_shown[account]
        lacking = shown.take(read, self._book, account)
        missing = 0
        if lacking:
            missing = self._book.missing(account, lacking.keys())
            missing = missing + self._forgotten(account, lacking)
        if missing:
            result.complete = False
            result.why_not = f"{missing} orders that we know are not in it"
        if result.complete and account in self._too_far:
            self._too_far[account] = dict.fromkeys(self._too_far[account], True)
        open_ids = [order.broker_order_id for order in self._book.open_of(account)]
        for row in shown.to_merge(read, open_ids):
            order = self._owner(lane, row)
            if order is None:
                result.strangers.append(row)
                continue
            self._apply(order, row, judged=result.complete)
            if _ended(order, row) and (result.complete or row.state is not State.CANCELLED):
                ordered = order.ordered
                if row.filled_quantity <= ordered:
                    shown.settle(row, ordered)
        unknown = [row for row in result.strangers if self._is_unknown(row)]
        if unknown:
            self._news.unknown_rows(lane, unknown)
            if number := sum(map(self._lost.covers, unknown)):
                result.complete = False
                result.why_not = f"{number} orders of ours in it are not in our records yet"
        return result

    def shown(self, account: AccountId, number: BrokerOrderId) -> BrokerOrder | None:
        """The row of an order in the account's book as it was last read whole, if it has one.

        None too for one of ours that has ended, which says itself all that its row said.
        """
        return self._orders_shown[account].row(number)

    def last_orders(self, account: AccountId) -> LastReadOrders:
        """The account's order book as it was last read whole."""
        return self._orders_shown[account]

    def open_rows(self, account: AccountId, *, ours: bool = True) -> list[BrokerOrder]:
        """Rows that stand open in the account's book as it was last read whole, and are ours.

        Ours is what we linked, and whatever carries a tag of this program, of any installation:
        also what the broker doubled, swapped, or took before our records were lost. The others,
        with ``ours`` False, the account's owner placed himself.
        """
        known = self._book.by_broker
        return [
            row
            for row in self._orders_shown[account].open.values()
            if ours is (is_our_tag(row.tag) or known(account, row.broker_order_id) is not None)
        ]

    def absorb_pushed(self, lane: Lane, row: BrokerOrder) -> Order | None:
        """Merge one row that the broker told by itself; None if it is no order of ours.

        It may be older than what we know, so it only ever takes an order forward.
        """
        order = self._owner(lane, row)
        if order is None:
            return None
        state = order.attempt_state
        if state is not None and order.broker_order_id == row.broker_order_id:
            self._merge(order, forward(row, state), state)
        return order

    def absorb_pushed_trade(self, lane: Lane, row: BrokerTrade) -> bool:
        """Take in one trade that the broker told by itself; False if it is no order of ours."""
        order = self._book.by_broker(lane.account_id, row.broker_order_id)
        if order is not None:
            self._add_fill(lane.account_id, row)
            self._is_traded_too_far(lane, order)
        return order is not None

    def absorb_history(self, lane: Lane, read: Read[BrokerOrder]) -> None:
        """Merge the rows of one order's history: only the furthest state counts."""
        for row in read.rows:
            order = self._book.by_broker(lane.account_id, row.broker_order_id)
            if order is not None:
                self._apply(order, row, judged=False)

    def absorb_trades(self, lane: Lane, read: Read[BrokerTrade]) -> Read[BrokerTrade]:
        """Take in trades once each; of a whole read, those that may say something more later."""
        if not read.whole:
            return read
        account = lane.account_id
        shown = self._trades_shown[account]
        unsettled: list[BrokerTrade] = []
        ours: list[tuple[Order, BrokerTrade]] = []
        for row in shown.take(read):
            order = self._book.by_broker(account, row.broker_order_id)
            if order is None:  # it may become ours later
                unsettled.append(row)
                continue
            self._add_fill(account, row)
            if is_our_tag(row.tag) and row.tag not in self._book.index.tags_of(order):
                unsettled.append(row)  # it proves that an order with this tag is there
            ours.append((order, row))
        unsettled += [row for order, row in ours if self._is_traded_too_far(lane, order)]
        shown.keep(unsettled)
        return Read(unsettled, whole=True)

    # ------------------------------------------------------------ inside

    def _add_fill(self, account: AccountId, row: BrokerTrade) -> None:
        number = row.broker_order_id
        self._book.add_fill(
            Fill(account, row.trade_id, number, row.quantity, row.price, row.at_text)
        )

    def _is_traded_too_far(self, lane: Lane, order: Order) -> bool:
        number = order.broker_order_id
        quantity = 0 if number is None else self._book.traded_of(lane.account_id, number)
        if quantity <= order.ordered:
            return False
        self._traded_too_far(lane, order, quantity)
        return True

    def _forgotten(
        self, account: AccountId, lacking: Mapping[BrokerOrderId, BrokerOrder | None]
    ) -> int:
        """How many strangers' orders of today, shown by an earlier read, this read lacks.

        A book never forgets an order on its own day, whoever placed it: one that does is short.
        """
        return sum(
            row is not None
            and row.placed_ns is not None
            and self._book.is_today(row.placed_ns)
            and self._book.by_broker(account, number) is None
            for number, row in lacking.items()
        )

    def _owner(self, lane: Lane, row: BrokerOrder) -> Order | None:
        account = lane.account_id
        linked = self._book.by_broker(account, row.broker_order_id)
        if linked is not None:
            return linked
        order = self._book.by_tag(row.tag) if row.tag else None
        if order is None or order.intent.account_id != account:
            return None
        if order.broker_order_id is not None:
            self._duplicate(lane, order, row)
            return None
        if not self._alike(order, row):
            self._once(
                account,
                f"tag {row.tag} on {row.broker_order_id}",
                f"Order {row.broker_order_id} of {account} carries our tag but is not what we "
                "sent. It was not linked; compare the account's order book.",
            )
            return None
        self._link(order, row)
        return order

    def _link(self, order: Order, row: BrokerOrder) -> None:
        late = order.attempt_state in _LATE
        account = order.intent.account_id
        if order.attempt is not None and order.attempt.tag != row.tag:
            # Told before the link: of a crash between the two no link without a halt is left.
            self._halt(
                account,
                f"duplicate {row.broker_order_id}",
                f"DUPLICATE: order {row.broker_order_id} is a try that was called refused, and it "
                "was sent again since: it may be there twice.",
            )
        if not self._book.acknowledge(
            order, row.broker_order_id, reason="Found in the order book by its tag."
        ):
            self._halt(
                account,
                f"impossible {row.broker_order_id}",
                f"IMPOSSIBLE: order {row.broker_order_id} carries the tag of an order that is "
                f"{order.state} and never left.",
            )
            return
        self._news.settled(order)
        if late:
            self._book.alarm(
                "late_find",
                f"An order of {order.intent.account_id} that was called absent appeared: "
                f"{order.intent.terms.side} {order.sent_terms.quantity} "
                f"{order.intent.terms.instrument.symbol}, {row.broker_order_id}.",
                order,
            )
        self._news.live(order)

    def _alike(self, order: Order, row: BrokerOrder) -> bool:
        """A tag alone is a label; the row must also be for our instrument, side and quantity."""
        terms = order.sent_terms
        return (
            row.key == terms.instrument.key
            and row.side is terms.side
            and row.quantity == terms.quantity
        )

    def _apply(self, order: Order, row: BrokerOrder, *, judged: bool) -> None:
        """Merge a row; only a ``judged`` one, of a complete book, may show a divergence."""
        state = order.attempt_state
        if state is None or order.broker_order_id != row.broker_order_id:
            return
        mark = self._divergences.judge(order, row) if judged else None
        before = None if mark is None else as_shown(order)
        if mark is not None:
            self._book.diverge(order, mark)
            self._too_far.get(order.intent.account_id, {}).pop(order.intent.intent_id, None)
        if not self._merge(order, row, state) and mark is not None:
            self._book.announce(order, state)
        if mark is not None and before is not None:
            self._divergences.tell(order, mark, before)

    def _merge(self, order: Order, row: BrokerOrder, old: State) -> bool:
        """Fills and state of a row; True if that was news and was announced."""
        if order.asked and row.state in _SAYS_ITS_QUANTITY:
            order.shown_quantity = row.quantity
        ordered = order.ordered
        larger = row.quantity > ordered and made_larger(order, row)
        if larger and ordered <= row.filled_quantity <= row.quantity:
            if row.state is None:
                self._unmapped_status(order, row)
            return False  # this row does not prove that it was made larger: wait for one that does
        if row.filled_quantity > ordered:
            return self._note_overfill(order, row)
        grew = self._book.grow(order, row.filled_quantity, row.average_price)
        new = self._new_state(order, row, old, ordered)
        if new is not old:
            reason = row.rejection_reason if new in _EXPLAINED else ""
            code = _code(reason)
            if new is State.CANCELLED and not reason:
                reason = not_by_us(order)
            if self._book.move(order, new, code=code, reason=reason):
                if new is State.REJECTED:
                    self._news.rejected(order)
                self._news.live(order)
                return True
        if grew:
            self._book.announce(order, old)
        return grew

    def _new_state(self, order: Order, row: BrokerOrder, old: State, ordered: int) -> State:
        """What the row's status means beside its quantities, which come before any word.

        What was filled cannot be undone, so an order that is filled whole is FILLED, also where it
        filled before it was seen open and its word is one we do not know.
        """
        new = row.state
        if new is None:
            self._unmapped_status(order, row)
            new = old
        if order.filled >= ordered:
            return State.FILLED
        if new is State.FILLED or (new in _NOT_FILLED_YET and order.filled > 0):
            return State.PARTIAL  # a "complete" whose quantities disagree is not complete
        return new

    def _note_overfill(self, order: Order, row: BrokerOrder) -> bool:
        self._overfill(order, row.filled_quantity, "filled")
        self._book.grow(order, row.filled_quantity, row.average_price)
        return order.attempt_state is not State.FILLED and self._book.move(
            order, State.FILLED, code="overfill", reason="Filled above ordered."
        )

    def _traded_too_far(self, lane: Lane, order: Order, quantity: int) -> None:
        """Trades of an order that works may be read before its row that was made larger.

        So the order book is read once more before the account is halted, and a row that was made
        larger is waited for until a complete read proves it.
        """
        account, name, state = lane.account_id, order.intent.intent_id, order.attempt_state
        number = order.broker_order_id
        row = None if number is None else self._orders_shown[account].row(number)
        waiting = self._too_far.setdefault(account, {})
        if row is not None and quantity <= row.quantity:
            self._news.live(order)
        elif state is None or state.ended or waiting.get(name):
            self._overfill(order, quantity, "traded")
        else:
            waiting.setdefault(name, False)
            self._news.live(order)

    def _overfill(self, order: Order, quantity: int, how: str) -> None:
        terms = order.intent.terms
        self._halt(
            order.intent.account_id,
            f"overfill {order.broker_order_id}",
            f"OVERFILL: order {order.broker_order_id}, {terms.side} {terms.instrument.symbol}, "
            f"{how} {quantity} of {order.ordered} ordered.",
            quantity,
        )

    def _duplicate(self, lane: Lane, order: Order, row: BrokerOrder) -> None:
        terms = order.intent.terms
        self._halt(
            lane.account_id,
            f"duplicate {row.broker_order_id}",
            f"DUPLICATE: orders {order.broker_order_id} and {row.broker_order_id} carry one tag, "
            f"{row.side} {row.quantity} {terms.instrument.symbol} where one was meant.",
        )

    def _halt(self, account: AccountId, what: str, sentence: str, amount: int = 0) -> None:
        if self._halts.found(account, what, sentence, amount):
            self._book.alarm(
                what.partition(" ")[0],
                f"{sentence} Account {account} is halted; nothing was traded back. Look at its "
                "books at the broker, then lift its halt.",
                account=account,
            )

    def _is_unknown(self, row: BrokerOrder) -> bool:
        return is_our_tag(row.tag) and self._book.by_tag(row.tag) is None

    def _unmapped_status(self, order: Order, row: BrokerOrder) -> None:
        text = row.status_text
        self._once(
            order.intent.account_id,
            f"unmapped {text}",
            f"The broker says '{text[:40]}' about an order, a status we do not know. The order "
            "keeps its state.",
            Severity.WARNING,
        )

    def _once(
        self,
        account: AccountId,
        what: str,
        sentence: str,
        severity: Severity = Severity.CRITICAL,
    ) -> None:
        key = (account, what)
        if key in self._said:
            return
        self._said.add(key)
        self._book.alarm(what.partition(" ")[0], sentence, account=account, severity=severity)


def _ended(order: Order, row: BrokerOrder) -> bool:
    """True if merging the same row again could change nothing, unless it is filled too far."""
    state = order.attempt_state
    return state is not None and state.ended and order.broker_order_id == row.broker_order_id


def _code(reason: str) -> str:
    if not reason:
        return ""
    return "rms" if reason.upper().startswith("RMS") else "exchange"
