"""Rows of the order book: a master order with what became of its copies, and each copy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from copytrade_gui.domain.checks.account import LOSS_LIMIT
from copytrade_gui.domain.drift import REDUCED
from copytrade_gui.domain.exit_rule import EXIT_RULE
from copytrade_gui.domain.exits import HANDED_OVER
from copytrade_gui.domain.ids import PlanId
from copytrade_gui.domain.order import Side, State
from copytrade_gui.domain.records import OrderView
from copytrade_gui.domain.seen import SeenOrder
from copytrade_gui.domain.unmatched import Unmatched
from copytrade_gui.domain.wait import wait_of_orders
from copytrade_gui.ui import figures
from copytrade_gui.ui.roster import Roster
from copytrade_gui.ui.state_words import (
    ORDER_LOOKS,
    PROBLEM_STATES,
    order_look,
    ordered,
    price_words,
    quantity_words,
    why_words,
)
from copytrade_gui.ui.tables.columns import Column
from copytrade_gui.ui.theme import Tone

_GROUPS = (
    ("filled", frozenset({State.FILLED})),
    ("open", frozenset(s for s in State if s.open_at_broker)),
    ("on the way", frozenset({State.PLANNED, State.SENDING})),
    ("unknown", frozenset({State.UNKNOWN, State.REVIEW})),
    ("rejected", frozenset({State.REJECTED, State.REFUSED})),
    ("not sent", frozenset({State.NOT_SENT, State.NOT_PLACED, State.STALE})),
    ("blocked", frozenset({State.BLOCKED})),
    ("skipped", frozenset({State.SKIPPED})),
    ("cancelled", frozenset({State.CANCELLED, State.EXPIRED})),
)


_WORST_FIRST = (
    frozenset({State.UNKNOWN, State.REVIEW}),
    PROBLEM_STATES,
    frozenset({State.SENDING, State.PLANNED}),
    frozenset(s for s in State if s.open_at_broker),
    frozenset({State.CANCELLED, State.EXPIRED, State.SKIPPED}),
)
"""Which of several orders a line shows the state of: the first that is in any of these."""


@dataclass(frozen=True, slots=True)
class Sum:
    """What several orders of one line come to: units, and the average of what was filled."""

    quantity: int
    filled: int
    average: Decimal | None


_ALONE = "Copies alone"
_SENT_BY = {
    EXIT_RULE: "Exit rule",
    LOSS_LIMIT: "Loss limit",
    REDUCED: "Drift reduced",
    HANDED_OVER: "Another exit of the master's",
}
"""What had the program send orders that no master's order stands above, by their code."""


@dataclass(frozen=True, slots=True)
class OrderRow:
    """A line of the tree. A head shows the master's order and, in ``note``, the roll-up.

    A master's order that left in slices is one line with the sum of them, and so are copies that
    no master's order of ours stands above: ``order`` is then the one that went worst of those that
    left, so that one who was blocked does not stand for all who filled.
    """

    plan_id: PlanId
    is_head: bool
    label: str
    order: OrderView
    note: str
    note_tone: Tone
    call_ms: float | None
    """From the order's own call to its acknowledgement; of a head the slowest of its copies."""
    waited_ms: float | None = None
    """Of a head only: from the operator's press to the last acknowledgement."""
    unmatched: bool = False
    """The master's order came to nothing and a copy filled: this one, or of a head any."""
    sum: Sum | None = None
    """Of a head that stands for more than one order."""
    placed_elsewhere: bool = False
    """Of a head: the master placed his order at the broker, so it is none of ours."""

    @property
    def quantity(self) -> int:
        """Units ordered."""
        return ordered(self.order) if self.sum is None else self.sum.quantity

    @property
    def filled(self) -> int:
        """Units filled."""
        return self.order.filled_quantity if self.sum is None else self.sum.filled

    @property
    def average(self) -> Decimal | None:
        """Rupees for a unit of what was filled."""
        return self.order.average_price if self.sum is None else self.sum.average


def copy_row(order: OrderView, roster: Roster, *, unmatched: bool = False) -> OrderRow:
    """One follower's copy; ``unmatched`` if it filled although its master's order did not."""
    tone = ORDER_LOOKS[order.state].tone if order.state in PROBLEM_STATES else Tone.MUTED
    why = why_words(order)
    if unmatched:
        why = f"Filled without the master  ·  {why}" if why else "Filled without the master"
    return OrderRow(
        plan_id=order.plan_id,
        is_head=False,
        label=roster.name(order.account_id),
        order=order,
        note=why,
        note_tone=Tone.BAD if unmatched else tone if order.diverged is None else Tone.WARN,
        call_ms=order.timing.call_to_reply_ms if order.timing else None,
        unmatched=unmatched,
    )


def head_row(
    masters: Sequence[OrderView],
    copies: Sequence[OrderView],
    roster: Roster,
    unmatched: Unmatched | None = None,
    seen: SeenOrder | None = None,
) -> OrderRow:
    """A plan's line; ``masters`` are the master's own orders, more than one where it was sliced.

    Without any the copies stand for themselves: the master placed his at the broker (``seen``),
    or there is none, as when copies are squared off.
    """
    wait = wait_of_orders([*masters, *copies])
    tone = Tone.PLAIN
    if any(copy.state.in_doubt and copy.state is not State.SENDING for copy in copies):
        tone = Tone.BAD
    elif any(copy.state in PROBLEM_STATES or copy.diverged is not None for copy in copies):
        tone = Tone.WARN
    shown = masters or copies
    order = _worst(masters or [one for one in copies if one.attempt_id is not None] or copies)
    total = _sum(shown) if len(shown) > 1 else None
    own = _own_words(masters, order, total) if masters else _copies_alone(seen, copies)
    summary = roll_up(copies)
    if unmatched is not None:  # first, because a narrow column cuts the end
        filled = unmatched.copies_in_words(roster.name)
        own = f"FOLLOWERS FILLED WITHOUT THE MASTER: {filled}" + (f"  ·  {own}" if own else "")
    # A narrow column cuts the end: what became of copies counts more than where they are of.
    of_copies = unmatched is None and not masters and (seen is not None or own == _ALONE)
    parts = (summary, own) if of_copies else (own, summary)
    return OrderRow(
        plan_id=order.plan_id,
        is_head=True,
        label=order.terms.instrument.symbol,
        order=order,
        note="  ·  ".join(part for part in parts if part),
        note_tone=Tone.BAD
        if unmatched is not None or (masters and own and order.state in PROBLEM_STATES)
        else Tone.WARN
        if order.diverged is not None and tone is Tone.PLAIN
        else tone,
        call_ms=None if wait is None else wait.slowest_call_ms,
        waited_ms=None if wait is None else wait.waited_ms,
        unmatched=unmatched is not None,
        sum=total,
        placed_elsewhere=seen is not None and not masters,
    )


def _own_words(masters: Sequence[OrderView], order: OrderView, total: Sum | None) -> str:
    why = why_words(order)
    if total is None or total.filled in (0, total.quantity):
        return why
    part = f"Master filled {figures.whole(total.filled)} of {figures.whole(total.quantity)}"
    part += f" in {figures.plural(len(masters), 'order')}"
    return f"{part}  ·  {why}" if why else part


def _copies_alone(seen: SeenOrder | None, copies: Sequence[OrderView]) -> str:
    if seen is not None:
        return f"At the broker: {seen.in_words}"
    words = {_SENT_BY.get(copy.code, "") for copy in copies}
    by = words.pop() if len(words) == 1 else ""
    if not by:
        return _ALONE
    reasons = {copy.reason for copy in copies}
    return f"{by}: {reasons.pop()}" if len(reasons) == 1 else by


def _worst(orders: Sequence[OrderView]) -> OrderView:
    for states in _WORST_FIRST:
        for order in orders:
            if order.state in states:
                return order
    return orders[0]


def _sum(orders: Sequence[OrderView]) -> Sum:
    filled = sum(one.filled_quantity for one in orders)
    value = Decimal(0)
    known = bool(filled)
    for one in orders:
        if one.filled_quantity:
            known = known and one.average_price is not None
            value += one.filled_quantity * (one.average_price or Decimal(0))
    average = value / filled if known else None
    return Sum(sum(ordered(one) for one in orders), filled, average)


def roll_up(copies: Iterable[OrderView]) -> str:
    """``500 copies, 3 diverged: 487 filled, 11 open, 2 rejected``."""
    listed = list(copies)
    counted = Counter(copy.state for copy in listed)
    if not counted:
        return "No copies"
    parts = []
    for word, states in _GROUPS:
        number = sum(counted[state] for state in states)
        if number:
            parts.append(f"{figures.whole(number)} {word}")
    words = figures.plural(len(listed), "copy", "copies")
    diverged = sum(copy.diverged is not None for copy in listed)
    if diverged:  # first, because a narrow column cuts the end
        words += f", {figures.whole(diverged)} diverged"
    return f"{words}: {', '.join(parts)}"


def search_text(row: OrderRow) -> str:
    """What the filter looks through; signs mark what the quick filters want."""
    order = row.order
    signs = []
    if order.state.open_at_broker:
        signs.append("§open")
    if order.state in PROBLEM_STATES or order.diverged is not None or row.unmatched:
        signs.append("§problem")
    if order.state is State.FILLED and not row.is_head:
        signs.append("§filled")
    return (
        f"{row.label} {order.terms.instrument.symbol} {order.terms.side} "
        f"{order_look(order).word} {row.note if not row.is_head else ''} "
        f"{order.broker_order_id or ''} {order.tag or ''} {' '.join(signs)}"
    )


def _side_tone(row: OrderRow) -> Tone:
    return Tone.BUY if row.order.terms.side is Side.BUY else Tone.SELL


def _quantity(row: OrderRow) -> str:
    return quantity_words(row.order) if row.sum is None else figures.whole(row.sum.quantity)


COLUMNS: tuple[Column[OrderRow], ...] = (
    Column("label", "Order / account", lambda r: r.label, chars=21,
           tip=lambda r: f"{r.label}: {r.note}" if r.note else r.label),
    Column("side", "Side", lambda r: r.order.terms.side, tone=_side_tone, strong=True, chars=4),
    Column("quantity", "Qty", _quantity,
           sort=lambda r: r.quantity, numeric=True, chars=7,
           tone=lambda r: Tone.PLAIN if ordered(r.order) == r.order.terms.quantity else Tone.WARN,
           note="Units; with an arrow where the order was changed at the broker, not by us"),
    Column("filled", "Filled", lambda r: figures.whole(r.filled),
           sort=lambda r: r.filled, numeric=True, chars=7),
    Column("price", "Price", lambda r: price_words(r.order.terms),
           sort=lambda r: r.order.terms.price, numeric=True, chars=9),
    Column("average", "Average",
           lambda r: figures.price(r.average, r.order.terms.instrument.tick),
           sort=lambda r: r.average, numeric=True, chars=9),
    Column("state", "State", lambda r: order_look(r.order).word,
           tone=lambda r: order_look(r.order).tone,
           mark=lambda r: order_look(r.order).mark, chars=11),
    Column("time", "Time IST", lambda r: figures.clock(r.order.changed_ns),
           sort=lambda r: r.order.changed_ns, tone=lambda _: Tone.MUTED, chars=8,
           tip=lambda r: f"{figures.clock_ms(r.order.changed_ns)} IST",
           note="When the order last changed"),
    Column("note", "Copies / why", lambda r: r.note, tone=lambda r: r.note_tone, chars=22,
           takes_rest=True),
    Column("waited", "Waited ms", lambda r: figures.milliseconds(r.waited_ms) if r.is_head else "",
           sort=lambda r: r.waited_ms, numeric=True, chars=9,
           note="Milliseconds from your press to the last acknowledgement"),
    Column("latency", "Call ms", lambda r: figures.milliseconds(r.call_ms),
           sort=lambda r: r.call_ms, numeric=True, chars=7,
           note="Milliseconds from the order's own call to its acknowledgement; for a master order "
           "the slowest of its copies"),
    Column("type", "Type", lambda r: f"{r.order.terms.order_type} {r.order.terms.validity}",
           chars=11),
    Column("product", "Product", lambda r: r.order.terms.product, chars=10),
    Column("broker_order", "Broker order", lambda r: r.order.broker_order_id or figures.UNKNOWN,
           chars=18),
    Column("tag", "Tag", lambda r: r.order.tag or figures.UNKNOWN, chars=20),
)  # fmt: skip
