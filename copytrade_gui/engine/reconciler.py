"""The broker's book against ours: links, states, fills; the one idempotent way news comes in.

Polls, recovery and (later) the push feed all end here. Rows change orders only by the transition
table; what the table does not allow is an old row and changes nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from copytrade_gui.domain.events import Severity
from copytrade_gui.domain.ids import AccountId, BrokerOrderId, is_our_tag
from copytrade_gui.domain.order import State
from copytrade_gui.domain.records import Fill
from copytrade_gui.engine.book import Book
from copytrade_gui.engine.lane import Lane
from copytrade_gui.engine.order import Order
from copytrade_gui.engine.roster import Roster
from copytrade_gui.engine.shown import ShownOrders, ShownTrades
from copytrade_gui.ports import BrokerOrder, BrokerTrade, Read

_LATE = frozenset({State.NOT_PLACED, State.REFUSED, State.NOT_SENT})


@dataclass(slots=True)
class Absorbed:
    """What one read told us. ``complete`` is the only kind that may prove an absence."""

    complete: bool
    why_not: str = ""
    strangers: list[BrokerOrder] = field(default_factory=list)
    """Rows that belong to no order of ours."""
    rows: tuple[BrokerOrder, ...] = ()
    trades: Read[BrokerTrade] | None = None
    """Both books as they were read, for whoever compares them."""


class Reconciler:
    """Merges reads of one account's books into our orders."""

    def __init__(
        self,
        book: Book,
        roster: Roster,
        *,
        on_live: Callable[[Order], None],
        on_settled: Callable[[Order], None],
        on_rejected: Callable[[Order], None],
        on_foreign: Callable[[AccountId, str], None],
    ) -> None:
        self._book = book
        self._roster = roster
        self._on_live = on_live
        self._on_settled = on_settled
        self._on_rejected = on_rejected
        self._on_foreign = on_foreign
        self._said: set[tuple[AccountId, str]] = set()
        self._foreign: set[tuple[AccountId, str]] = set()
        self._orders_shown: defaultdict[AccountId, ShownOrders] = defaultdict(ShownOrders)
        self._trades_shown: defaultdict[AccountId, ShownTrades] = defaultdict(ShownTrades)

    def absorb_orders(self, lane: Lane, read: Read[BrokerOrder]) -> Absorbed:
        """Merge an order-book read and judge whether it was complete (section 6.2)."""
        result = Absorbed(complete=read.whole, why_not=read.problem)
        if not read.whole:
            return result  # a read that is not whole proves nothing, in either direction
        account = lane.account_id
        shown = self._orders_shown[account]
        shown.take(read.rows)
        lacking = shown.lacks(self._book.known_ids(account))
        missing = self._book.missing(account, lacking.keys()) + self._forgotten(account, lacking)
        if missing:
            result.complete = False
            result.why_not = f"{missing} orders that we know are not in it"
        open_ids = [order.broker_order_id for order in self._book.open_of(account)]
        for row in shown.to_merge(open_ids):
            order = self._owner(lane, row)
            if order is None:
                result.strangers.append(row)
                self._stranger(lane, row)
                continue
            self._apply(order, row)
            if _settled(order, row):
                shown.settle(row)
        return result

    def absorb_history(self, lane: Lane, read: Read[BrokerOrder]) -> None:
        """Merge the rows of one order's history: only the furthest state counts."""
        for row in read.rows:
            order = self._book.by_broker(lane.account_id, row.broker_order_id)
            if order is not None:
                self._apply(order, row)

    def absorb_trades(self, lane: Lane, read: Read[BrokerTrade]) -> None:
        """Take in trades once each; the sum of an order's fills can only raise its quantity."""
        if not read.whole:
            return
        account = lane.account_id
        shown = self._trades_shown[account]
        unsettled: list[BrokerTrade] = []
        ours: list[tuple[Order, BrokerTrade]] = []
        for row in shown.take(read.rows):
            order = self._book.by_broker(account, row.broker_order_id)
            if order is None:
                unsettled.append(row)  # the order may become ours later
                continue
            self._book.add_fill(
                Fill(
                    account,
                    row.trade_id,
                    row.broker_order_id,
                    row.quantity,
                    row.price,
                    row.at_text,
                )
            )
            ours.append((order, row))
        for order, row in ours:
            quantity = self._book.traded_of(account, row.broker_order_id)
            if quantity > order.intent.terms.quantity:
                self._overfill(lane, order, quantity)
                unsettled.append(row)
        shown.keep(unsettled)

    # ------------------------------------------------------------ inside

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
        earlier = order.attempt is not None and order.attempt.tag != row.tag
        if not self._book.acknowledge(
            order, row.broker_order_id, reason="Found in the order book by its tag."
        ):
            self._once(
                order.intent.account_id,
                f"impossible {row.broker_order_id}",
                f"Order {row.broker_order_id} of {order.intent.account_id} carries the tag of an "
                f"order that is {order.state} and never left. The account is halted; look at it.",
            )
            self._roster.halt_account(
                order.intent.account_id, "An order is there that never left. Check its book."
            )
            return
        self._on_settled(order)
        if earlier:
            self._once(
                order.intent.account_id,
                f"duplicate {row.broker_order_id}",
                f"DUPLICATE: order {row.broker_order_id} of {order.intent.account_id} is a try "
                "that was called refused, and it was sent again since. The account is halted.",
            )
            self._roster.halt_account(
                order.intent.account_id, "One order may be there twice. Check its book."
            )
        if late:
            self._book.alarm(
                "late_find",
                f"An order of {order.intent.account_id} that was called absent appeared: "
                f"{order.intent.terms.side} {order.intent.terms.quantity} "
                f"{order.intent.terms.instrument.symbol}, {row.broker_order_id}.",
                order,
            )
        self._on_live(order)

    def _alike(self, order: Order, row: BrokerOrder) -> bool:
        """A tag alone is a label; the row must also be for our instrument, side and quantity."""
        terms = order.intent.terms
        return (
            row.key == terms.instrument.key
            and row.side is terms.side
            and row.quantity == terms.quantity
        )

    def _apply(self, order: Order, row: BrokerOrder) -> None:
        if order.attempt_state is None or order.broker_order_id != row.broker_order_id:
            return
        ordered = order.intent.terms.quantity
        if row.filled_quantity > ordered:
            self._note_overfill(order, row)
            return
        grew = self._book.grow(order, row.filled_quantity, row.average_price)
        new = row.state
        if new is None:
            self._unmapped_status(order, row)
            new = order.attempt_state
        if new is State.WORKING and order.filled > 0:
            new = State.PARTIAL
        if new is State.PARTIAL and order.filled >= ordered:
            new = State.FILLED
        if new is State.FILLED and order.filled < ordered:
            new = State.PARTIAL  # a "complete" whose quantities disagree is not complete
        old = order.attempt_state
        if new is not old:
            reason = row.rejection_reason if new is State.REJECTED else ""
            if self._book.move(order, new, code=_code(reason), reason=reason):
                if new is State.REJECTED:
                    self._on_rejected(order)
                self._on_live(order)
                return
        if grew:
            self._book.announce(order, old)

    def _note_overfill(self, order: Order, row: BrokerOrder) -> None:
        lane_account = order.intent.account_id
        self._once(
            lane_account,
            f"overfill {row.broker_order_id}",
            f"OVERFILL: {row.filled_quantity} filled of {order.intent.terms.quantity} ordered, "
            f"order {row.broker_order_id} of {lane_account}. The account is halted.",
        )
        self._roster.halt_account(lane_account, "Filled more than ordered. Check its book.")
        self._book.grow(order, row.filled_quantity, row.average_price)
        if order.attempt_state is not State.FILLED:
            self._book.move(order, State.FILLED, code="overfill", reason="Filled above ordered.")

    def _overfill(self, lane: Lane, order: Order, quantity: int) -> None:
        self._once(
            lane.account_id,
            f"overfill {order.broker_order_id}",
            f"OVERFILL: trades of {quantity} for {order.intent.terms.quantity} ordered, order "
            f"{order.broker_order_id} of {lane.account_id}. The account is halted.",
        )
        self._roster.halt(lane, "Traded more than ordered. Check its book.")

    def _duplicate(self, lane: Lane, order: Order, row: BrokerOrder) -> None:
        self._once(
            lane.account_id,
            f"duplicate {row.broker_order_id}",
            f"DUPLICATE: orders {order.broker_order_id} and {row.broker_order_id} of "
            f"{lane.account_id} carry one tag. The account is halted; nothing was traded back.",
        )
        self._roster.halt(lane, "Two orders with one tag. Check its book.")

    def _stranger(self, lane: Lane, row: BrokerOrder) -> None:
        if not is_our_tag(row.tag) or self._book.by_tag(row.tag) is not None:
            return
        key = (lane.account_id, row.tag)
        if key not in self._foreign:
            self._foreign.add(key)
            self._on_foreign(lane.account_id, row.tag)

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


def _settled(order: Order, row: BrokerOrder) -> bool:
    """True if merging the same row again could change nothing: ended, and not filled too far."""
    state = order.attempt_state
    return (
        state is not None
        and state.ended
        and order.broker_order_id == row.broker_order_id
        and row.filled_quantity <= order.intent.terms.quantity
    )


def _code(reason: str) -> str:
    if not reason:
        return ""
    return "rms" if reason.upper().startswith("RMS") else "exchange"
