"""What became of an order nobody can vouch for (docs/safety.md 6).

Absence is proven only by complete reads, in a row, over the settle window, of both books. Nothing
here sends; a verdict of REFUSED for a rate limit lets the dispatcher queue the order once more.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from copytrade_gui.domain.events import Candidate, ReviewItem, ReviewsChanged
from copytrade_gui.domain.ids import BrokerOrderId, IntentId
from copytrade_gui.domain.order import State
from copytrade_gui.engine.orders import faultpoints
from copytrade_gui.engine.orders.absorbed import Absorbed
from copytrade_gui.engine.orders.core import Core, LastRead
from copytrade_gui.engine.orders.lane import Lane
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.ports import BrokerOrder, BrokerTrade, Doubt, Read

log = logging.getLogger(__name__)

_GAVE_UP = "30 minutes of reads did not prove what became of it."


class Resolver:
    """Judges orders in doubt after each read of their account's books."""

    def __init__(self, core: Core, last_read: LastRead) -> None:
        """``last_read``: a row of an account's order book as it was last read whole."""
        self._book = core.book
        self._bus = core.bus
        self._clock = core.clock
        self._settings = core.settings
        self._fault = core.fault
        self._news = core.news
        self._last_read = last_read
        self._reviews: dict[IntentId, ReviewItem] = {}

    def doubtful(self, lane: Lane) -> list[Order]:
        """Orders of an account that wait for a verdict."""
        return [
            order
            for order in self._book.open_of(lane.account_id)
            if order.attempt_state is State.UNKNOWN
        ]

    def next_read_in(self, order: Order) -> float:
        """Seconds until an order in doubt wants the next read: 1 s, then every 2 s, later 10 s."""
        settings = self._settings
        age = (self._clock.mono_ns() - order.doubt_ns) / 1e9
        if age < settings.resolver_first:
            return settings.resolver_first - age
        return (
            settings.resolver_fast if age < settings.resolver_fast_for else settings.resolver_slow
        )

    def judge(
        self,
        lane: Lane,
        orders: Absorbed,
        trades: Read[BrokerTrade] | None,
        began_ns: int | None = None,
    ) -> None:
        """Weigh one read of the books for every order of this account that is still in doubt.

        ``began_ns`` is when the read was asked for, monotonic (now if not given): a book shows
        nothing of what came after that, so an order in doubt since then is not weighed.
        """
        now = self._clock.mono_ns() if began_ns is None else began_ns
        self._forget_settled_reviews()
        for order in self.doubtful(lane):
            if now < order.doubt_ns:
                continue
            if orders.complete:
                order.absent_reads += 1
                if order.absent_reads == 1:
                    order.absent_since_ns = now
            else:
                order.absent_reads = 0
            self._verdict(order, orders, trades, now)
        if orders.complete:
            self._show_candidates(lane, orders.strangers)

    def _show_candidates(self, lane: Lane, strangers: Sequence[BrokerOrder]) -> None:
        """A review shows what the book shows now: one of before a restart begins without any."""
        for item in list(self._reviews.values()):
            order = self._book.get(item.intent_id)
            if order is None or item.account_id != lane.account_id:
                continue
            alike = self._look_alikes(order, strangers)
            rows = [row for row in strangers if row.tag == item.tag or row in alike]
            known = {one.broker_order_id for one in item.candidates}
            if not known.issuperset(row.broker_order_id for row in rows):
                self._list(order, item.why, rows)

    def _verdict(
        self,
        order: Order,
        orders: Absorbed,
        trades: Read[BrokerTrade] | None,
        now: int,
    ) -> None:
        settings = self._settings
        tag = None if order.attempt is None else order.attempt.tag
        changed = [row for row in orders.strangers if row.tag == tag]
        if changed:
            self._review(order, "An order with our tag is not for what we sent.", changed)
            return
        if trades is not None and any(row.tag == tag for row in trades.rows):
            order.absent_reads = 0  # it was traded: nothing about it is absent
        alike = self._look_alikes(order, orders.strangers) if orders.complete else []
        if alike:
            self._review(
                order,
                "An order in the broker's book looks like ours but carries no tag.",
                alike,
            )
            return
        if orders.complete and not self._book.sent_today(order):
            # Found rows were linked before: what is still in doubt is in no book of today.
            self._review(
                order, "It was sent on an earlier day, which today's book does not show.", []
            )
            return
        reads = order.absent_reads
        span = (now - order.absent_since_ns) / 1e9 if reads else 0.0
        since_doubt = (now - order.doubt_ns) / 1e9
        plain = order.doubt is Doubt.PLAIN
        blind = trades is None or not trades.whole
        if blind and since_doubt >= settings.give_up:
            # Without the trade book nothing is proven, however often the order book is read.
            self._review(order, _GAVE_UP, [])
            return
        if not plain and reads >= settings.confirm_reads and span >= settings.confirm_gap:
            self._confirm_refusal(order)
        elif plain and reads >= settings.settle_reads and span >= settings.settle_window:
            if trades is None or not trades.whole:
                return
            self._fault(faultpoints.BEFORE_VERDICT)
            self._book.move(
                order,
                State.NOT_PLACED,
                code="absent",
                reason=f"{order.absent_reads} complete reads over {span:.0f} s do not show it.",
            )
            self._news.settled(order)
            self._fault(faultpoints.AFTER_VERDICT)
        elif since_doubt >= settings.give_up:
            self._review(order, _GAVE_UP, [])

    def _confirm_refusal(self, order: Order) -> None:
        words = {
            Doubt.AUTH: "The session was refused; two reads of the book confirm it is not there.",
            Doubt.RATE: "The rate limit refused it; two reads of the book confirm it is not there.",
        }[order.doubt]
        self._fault(faultpoints.BEFORE_VERDICT)
        if self._book.move(order, State.REFUSED, code=order.doubt, reason=words):
            self._fault(faultpoints.AFTER_VERDICT)
            if order.requeued == 0 and not order.cancel_requested:
                order.requeued = 1
                order.waiting_ns = self._clock.mono_ns()
                self._news.requeue(order)
            self._news.settled(order)

    def _look_alikes(self, order: Order, strangers: Sequence[BrokerOrder]) -> list[BrokerOrder]:
        attempt = order.attempt
        if attempt is None:
            return []
        earliest = attempt.marked_ns - int(self._settings.look_alike_before * 1e9)
        terms = order.sent_terms
        return [
            row
            for row in strangers
            # whatever its tag says: books lose and change tags, and a person can tell them apart
            if row.key == terms.instrument.key
            and row.side is terms.side
            and row.quantity == terms.quantity
            and row.product is terms.product
            and row.order_type is terms.order_type
            and (terms.price is None or row.price == terms.price)
            # the broker's stamp has whole seconds: a row placed in our second may read earlier
            and (row.placed_ns is None or row.placed_ns + 999_999_999 >= earliest)
        ]

    # ------------------------------------------------------------ a person decides

    @property
    def reviews(self) -> tuple[ReviewItem, ...]:
        """Orders waiting for a person."""
        self._forget_settled_reviews()
        return tuple(self._reviews.values())

    def restore_review(self, order: Order) -> None:
        """An order was in REVIEW when the program stopped."""
        self._list(order, order.reason or "Left for review before the restart.", [])

    def why_not_found(self, order: Order, broker_order_id: BrokerOrderId) -> str:
        """One sentence why a person cannot say that this row is our order; empty: he can.

        It must be a candidate he was shown, or stand in the account's book as it was last read.
        """
        if order.attempt_state is not State.REVIEW:
            return "This order is not in review any more. Close the list and open it again."
        account, terms = order.intent.account_id, order.intent.terms
        owner = self._book.by_broker(account, broker_order_id)
        if owner is not None:
            return f"Order {broker_order_id} is another order of ours. Choose a different row."
        item = self._reviews.get(order.intent.intent_id)
        if item is not None and any(
            one.broker_order_id == broker_order_id for one in item.candidates
        ):
            return ""
        row = self._last_read(account, broker_order_id)
        if row is None:
            return (
                f"Order {broker_order_id} is not in the broker's book as it was last read. "
                "Check the number, or wait for the next read."
            )
        if row.key != terms.instrument.key or row.side is not terms.side:
            return (
                f"Order {broker_order_id} is for another instrument or side than ours. "
                "Choose a different row."
            )
        return ""

    def decide_found(self, order: Order, broker_order_id: BrokerOrderId, reason: str) -> bool:
        """A person says this row is our order; False if ``why_not_found`` has a reason."""
        if self.why_not_found(order, broker_order_id):
            return False
        if not self._book.acknowledge(order, broker_order_id, reason=f"By a person: {reason}"):
            return False
        self._announce_reviews(order)
        return True

    def decide_absent(self, order: Order, reason: str) -> bool:
        """A person says our order does not exist; False if the order is not in REVIEW."""
        if order.attempt_state is not State.REVIEW:
            return False
        self._book.move(order, State.NOT_PLACED, code="by_person", reason=f"By a person: {reason}")
        self._announce_reviews(order)
        return True

    def _review(self, order: Order, why: str, rows: Sequence[BrokerOrder]) -> None:
        if self._book.move(order, State.REVIEW, code="review", reason=why):
            self._list(order, why, rows)
            self._book.alarm(
                "review",
                f"An order of {order.intent.account_id} needs your decision: {why}",
                order,
            )
            self._news.settled(order)

    def _list(self, order: Order, why: str, rows: Sequence[BrokerOrder]) -> None:
        if order.attempt is None:
            return
        self._reviews[order.intent.intent_id] = ReviewItem(
            intent_id=order.intent.intent_id,
            account_id=order.intent.account_id,
            tag=order.attempt.tag,
            sent=order.view(),
            why=why,
            candidates=tuple(_candidate(row) for row in rows),
        )
        self._bus.publish(ReviewsChanged(tuple(self._reviews.values())))

    def _announce_reviews(self, order: Order) -> None:
        self._reviews.pop(order.intent.intent_id, None)
        self._bus.publish(ReviewsChanged(tuple(self._reviews.values())))
        self._news.settled(order)

    def _forget_settled_reviews(self) -> None:
        gone = []
        for intent in self._reviews:
            order = self._book.get(intent)
            if order is None or order.attempt_state is not State.REVIEW:
                gone.append(intent)
        for intent in gone:
            del self._reviews[intent]
        if gone:
            self._bus.publish(ReviewsChanged(tuple(self._reviews.values())))


def _candidate(row: BrokerOrder) -> Candidate:
    placed = "" if row.placed_ns is None else str(row.placed_ns)
    return Candidate(
        row.broker_order_id,
        row.status_text,
        row.quantity,
        row.filled_quantity,
        str(row.price),
        placed,
    )
