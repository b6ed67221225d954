"""Rows of the order book: a master order with what became of its copies, and each copy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from copytrade_gui.domain.account import Role
from copytrade_gui.domain.ids import PlanId
from copytrade_gui.domain.order import Side, State
from copytrade_gui.domain.records import OrderView
from copytrade_gui.domain.unmatched import Unmatched
from copytrade_gui.domain.wait import wait_of_orders
from copytrade_gui.ui import figures
from copytrade_gui.ui.roster import Roster
from copytrade_gui.ui.state_words import (
    ORDER_LOOKS,
    PROBLEM_STATES,
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


@dataclass(frozen=True, slots=True)
class OrderRow:
    """A line of the tree. A head shows the master's order and, in ``note``, the roll-up."""

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
    order: OrderView,
    copies: Iterable[OrderView],
    roster: Roster,
    unmatched: Unmatched | None = None,
) -> OrderRow:
    """A plan's line; ``order`` is the master's own, or a copy's while that is not known."""
    listed = list(copies)
    wait = wait_of_orders([order, *listed])
    tone = Tone.PLAIN
    if any(copy.state.in_doubt and copy.state is not State.SENDING for copy in listed):
        tone = Tone.BAD
    elif any(copy.state in PROBLEM_STATES or copy.diverged is not None for copy in listed):
        tone = Tone.WARN
    own = why_words(order) if order.role is Role.MASTER else ""
    summary = roll_up(listed)
    if unmatched is not None:  # first, because a narrow column cuts the end
        filled = unmatched.copies_in_words(roster.name)
        own = f"FOLLOWERS FILLED WITHOUT THE MASTER: {filled}" + (f"  ·  {own}" if own else "")
    return OrderRow(
        plan_id=order.plan_id,
        is_head=True,
        label=order.terms.instrument.symbol,
        order=order,
        note=f"{own}  ·  {summary}" if own else summary,
        note_tone=Tone.BAD
        if unmatched is not None or (own and order.state in PROBLEM_STATES)
        else Tone.WARN
        if order.diverged is not None and tone is Tone.PLAIN
        else tone,
        call_ms=None if wait is None else wait.slowest_call_ms,
        waited_ms=None if wait is None else wait.waited_ms,
        unmatched=unmatched is not None,
    )


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
        f"{ORDER_LOOKS[order.state].word} {row.note if not row.is_head else ''} "
        f"{order.broker_order_id or ''} {order.tag or ''} {' '.join(signs)}"
    )


def _side_tone(row: OrderRow) -> Tone:
    return Tone.BUY if row.order.terms.side is Side.BUY else Tone.SELL


COLUMNS: tuple[Column[OrderRow], ...] = (
    Column("label", "Order / account", lambda r: r.label, chars=21,
           tip=lambda r: f"{r.label}: {r.note}" if r.note else r.label),
    Column("side", "Side", lambda r: r.order.terms.side, tone=_side_tone, strong=True, chars=4),
    Column("quantity", "Qty", lambda r: quantity_words(r.order),
           sort=lambda r: ordered(r.order), numeric=True, chars=7,
           tone=lambda r: Tone.PLAIN if ordered(r.order) == r.order.terms.quantity else Tone.WARN,
           note="Units; with an arrow where the order was changed at the broker, not by us"),
    Column("filled", "Filled", lambda r: figures.whole(r.order.filled_quantity),
           sort=lambda r: r.order.filled_quantity, numeric=True, chars=7),
    Column("price", "Price", lambda r: price_words(r.order.terms),
           sort=lambda r: r.order.terms.price, numeric=True, chars=9),
    Column("state", "State", lambda r: ORDER_LOOKS[r.order.state].word,
           tone=lambda r: ORDER_LOOKS[r.order.state].tone,
           mark=lambda r: ORDER_LOOKS[r.order.state].mark, chars=11),
    Column("time", "Time", lambda r: figures.clock(r.order.changed_ns),
           sort=lambda r: r.order.changed_ns, tone=lambda _: Tone.MUTED, chars=8,
           tip=lambda r: f"{figures.clock_ms(r.order.changed_ns)} IST",
           note="IST, when the order last changed"),
    Column("note", "Copies / why", lambda r: r.note, tone=lambda r: r.note_tone, chars=38),
    Column("average", "Average",
           lambda r: figures.price(r.order.average_price, r.order.terms.instrument.tick),
           sort=lambda r: r.order.average_price, numeric=True, chars=9),
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
