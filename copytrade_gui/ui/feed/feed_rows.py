"""The live feed's rows: what happened, to whom, how fast, and why not."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from decimal import Decimal

from copytrade_gui.domain.divergence import Divergence
from copytrade_gui.domain.events import Alarm, Event, OrderChanged, PlanMade, PlanSettled
from copytrade_gui.domain.ids import IntentId, PlanId
from copytrade_gui.domain.order import OrderTerms, Side, State
from copytrade_gui.domain.records import OrderView, Plan, SignalKind
from copytrade_gui.domain.unmatched import UNMATCHED
from copytrade_gui.ui import figures
from copytrade_gui.ui.icons import Mark
from copytrade_gui.ui.roster import Roster
from copytrade_gui.ui.state_words import (
    DIVERGED,
    ORDER_LOOKS,
    PROBLEM_STATES,
    order_words,
    ordered,
    price_words,
    wait_words,
    why_words,
)
from copytrade_gui.ui.tables.columns import Column
from copytrade_gui.ui.theme import Tone

_QUIET = frozenset({State.PLANNED, State.SENDING})
_REMEMBERED = 20_000
CALL_NOTE = "Milliseconds from this order's own call to its acknowledgement"
_DOES = {
    SignalKind.CATCH_UP: ("catching up", "an order"),
    SignalKind.SQUARE_OFF: ("squaring off", "an order"),
}
"""What a plan does for followers, and what it has none of for the rest, where it is no copy."""
_Told = tuple[State, int, Divergence | None, int]


@dataclass(frozen=True, slots=True)
class FeedRow:
    """One line of the feed. ``latency_ms`` counts from the order's call to its reply."""

    number: int
    at_ns: int
    who: str
    is_master: bool
    side: Side | None
    symbol: str
    quantity: int | None
    filled: int
    price: str
    word: str
    tone: Tone
    mark: Mark | None
    latency_ms: float | None
    reason: str
    kind: str
    """``order``, ``problem``, ``fill`` or ``plan``: what the quick filters look for."""
    order: OrderView | None = None


class FeedWriter:
    """Turns events into rows; the same state of the same order is told once."""

    def __init__(self, roster: Roster) -> None:
        self._roster = roster
        self._told: OrderedDict[IntentId, _Told] = OrderedDict()
        self._plans: OrderedDict[PlanId, str] = OrderedDict()
        self._next = 0

    def rows(self, batch: list[Event]) -> list[FeedRow]:
        """Rows for a batch, oldest first."""
        made: list[FeedRow] = []
        for event in batch:
            if isinstance(event, OrderChanged):
                row = self.row_of(event.order)
                if row is not None:
                    made.append(row)
            elif isinstance(event, PlanMade):
                made += self._of_plan(event.plan)
            elif isinstance(event, PlanSettled):
                made.append(self._of_settled(event))
            elif isinstance(event, Alarm) and event.code == UNMATCHED:
                made.append(self._of_unmatched(event))
        return made

    def row_of(self, order: OrderView) -> FeedRow | None:
        """A row for an order's state, or None when it, or a newer one, was told already."""
        if order.state in _QUIET:
            return None
        now = (order.state, order.filled_quantity, order.diverged, order.changed_ns)
        before = self._told.get(order.intent_id)
        if before is not None and (before[:3] == now[:3] or before[3] > order.changed_ns):
            return None
        self._remember(order.intent_id, now)
        # Told once as news; later lines of the order tell its state, and the mark among the why.
        marked = order.diverged is not None and (before is None or before[2] != order.diverged)
        look = DIVERGED if marked else ORDER_LOOKS[order.state]
        terms = order.terms
        fills = order.state in (State.FILLED, State.PARTIAL)
        problem = marked or order.state in PROBLEM_STATES
        kind = "problem" if problem else "fill" if fills else "order"
        price = (
            figures.price(order.average_price, terms.instrument.tick)
            if fills and order.average_price is not None
            else price_words(terms)
        )
        return FeedRow(
            number=self._number(),
            at_ns=order.changed_ns,
            who=self._roster.name(order.account_id),
            is_master=not order.is_copy,
            side=terms.side,
            symbol=terms.instrument.symbol,
            quantity=ordered(order),
            filled=order.filled_quantity,
            price=price,
            word=look.word,
            tone=look.tone,
            mark=look.mark,
            latency_ms=order.timing.call_to_reply_ms if order.timing else None,
            reason=why_words(order),
            kind=kind,
            order=order,
        )

    def _of_plan(self, plan: Plan) -> list[FeedRow]:
        copies = [intent for intent in plan.intents if intent.is_copy]
        planned = sum(intent.state is State.PLANNED for intent in copies)
        terms, without = _asked(plan), len(copies) - planned
        what = self._plans[plan.plan_id] = order_words(terms)
        while len(self._plans) > 500:
            self._plans.popitem(last=False)
        does, lacks = _DOES.get(plan.signal.kind, ("copying to", "a copy"))
        words = f"{what}: {does} {figures.plural(planned, 'follower')}"
        if without:
            words += f", {without} without {lacks}"
        return [self._note(plan.made_ns, terms.side, terms.instrument.symbol, "Order", words)]

    def _of_settled(self, event: PlanSettled) -> FeedRow:
        parts = [f"{event.acked} of {event.intents - event.blocked} acknowledged"]
        parts += [
            f"{number} {word}"
            for number, word in (
                (event.refused, "refused"), (event.blocked, "blocked"), (event.unknown, "unknown")
            )
            if number
        ]  # fmt: skip
        if event.last_ack_ms is not None:
            parts[0] += f" {wait_words(event.last_ack_ms, event.slowest_call_ms)}"
        what = self._plans.get(event.plan_id, str(event.plan_id))
        return self._note(event.at_ns, None, "", "Settled", f"{', '.join(parts)}: {what}")

    def _of_unmatched(self, event: Alarm) -> FeedRow:
        note = self._note(event.at_ns, None, "", "Unmatched", event.sentence)
        return replace(note, tone=Tone.BAD, mark=Mark.TRIANGLE, kind="problem")

    def _note(self, at_ns: int, side: Side | None, symbol: str, word: str, reason: str) -> FeedRow:
        return FeedRow(
            number=self._number(), at_ns=at_ns, who="All", is_master=True, side=side,
            symbol=symbol, quantity=None, filled=0, price="", word=word, tone=Tone.INFO, mark=None,
            latency_ms=None, reason=reason, kind="plan",
        )  # fmt: skip

    def _remember(self, intent: IntentId, now: _Told) -> None:
        self._told[intent] = now
        self._told.move_to_end(intent)
        while len(self._told) > _REMEMBERED:
            self._told.popitem(last=False)

    def _number(self) -> int:
        self._next += 1
        return self._next


def _asked(plan: Plan) -> OrderTerms:
    """The order of a plan. The signal of a catch-up is all that the master holds, so that what is
    placed for those who lack some of it stands in its place.
    """
    terms = plan.signal.terms
    if plan.signal.kind is not SignalKind.CATCH_UP:
        return terms
    placed = [one.terms.quantity for one in plan.intents if one.state is State.PLANNED]
    return replace(terms, quantity=sum(placed)) if placed else terms


def _quantity(row: FeedRow) -> str:
    if row.quantity is None:
        return ""
    if row.kind == "fill" and row.filled != row.quantity:
        return f"{figures.whole(row.filled)}/{figures.whole(row.quantity)}"
    return figures.whole(row.quantity)


def _details(row: FeedRow) -> str:
    """Why not, where there is a why; otherwise what was done."""
    return row.reason or f"{row.side} {_quantity(row)} {row.symbol} at {row.price}"


COLUMNS: tuple[Column[FeedRow], ...] = (
    Column("time", "Time IST", lambda r: figures.clock_ms(r.at_ns), sort=lambda r: r.at_ns,
           tone=lambda _: Tone.MUTED, chars=11, note="When it was known here"),
    Column("who", "Account", lambda r: r.who, chars=12,
           tone=lambda r: Tone.PLAIN if not r.is_master else Tone.INFO),
    Column("state", "Outcome", lambda r: r.word, tone=lambda r: r.tone, mark=lambda r: r.mark,
           chars=10),
    Column("details", "Details", _details, chars=12, takes_rest=True,
           tone=lambda r: r.tone if r.kind in ("problem", "plan") else Tone.MUTED),
    Column("latency", "Call ms", lambda r: figures.milliseconds(r.latency_ms) if r.order else "",
           sort=lambda r: r.latency_ms, numeric=True, chars=6, note=CALL_NOTE, shown=False),
    Column("side", "Side", lambda r: r.side or "", chars=5, strong=True, shown=False,
           tone=lambda r: Tone.PLAIN if r.side is None
           else Tone.BUY if r.side is Side.BUY else Tone.SELL),
    Column("quantity", "Qty", _quantity, sort=lambda r: r.quantity, numeric=True, chars=6,
           shown=False),
    Column("price", "Price", lambda r: r.price, numeric=True, chars=9, shown=False,
           sort=lambda r: _as_number(r.price)),
    Column("symbol", "Instrument", lambda r: r.symbol, chars=20, shown=False),
)  # fmt: skip


def search_text(row: FeedRow) -> str:
    """What the filter looks through; kinds carry a sign that nobody types by chance."""
    return f"{row.who} {row.side or ''} {row.symbol} {row.word} {row.reason} §{row.kind}"


def _as_number(text: str) -> Decimal | None:
    try:
        return Decimal(text.replace(",", ""))
    except ArithmeticError:
        return None
