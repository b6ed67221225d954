"""Orders that came to nothing, as one notice for each plan: by reason, how many and whose.

Rejections, margin, limits and stops cost a follower his trade, so they are told beside the cell
that says so. What a link does not copy anyway is no news.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import QObject, QTimer

from copytrade_gui.domain.events import Alarm, Event, OrderChanged, Severity
from copytrade_gui.domain.ids import IntentId, PlanId
from copytrade_gui.domain.loss import CODES
from copytrade_gui.domain.order import State
from copytrade_gui.domain.records import OrderView
from copytrade_gui.domain.trading_state import ONLY_EXITS
from copytrade_gui.domain.typed import listed
from copytrade_gui.domain.unmatched import UNMATCHED
from copytrade_gui.ui import figures
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.notices import Notice
from copytrade_gui.ui.state_words import ORDER_LOOKS, order_words

CODE = "came_to_nothing"
CameToNothing = Sequence[OrderView]
_TOGETHER_MS = 1_500
"""Outcomes of one plan come within so long of each other, and are one notice."""
_NAMED = 3
_REASONS = 3
_ENDED = frozenset({State.REFUSED, State.REJECTED, State.NOT_SENT, State.STALE})
_STOPS = CODES | {ONLY_EXITS, "account_halted"}
"""Why an order was blocked by a limit or a stop."""
_FIGURES = re.compile(r"[\d.,]*\d")
_KEPT = 200


def is_loud(order: OrderView) -> bool:
    """True for an order that came to nothing and that somebody would miss."""
    return order.state in _ENDED or (order.state is State.BLOCKED and order.code in _STOPS)


class OutcomeNotices(QObject):
    """Hears orders, and tells what came to nothing a moment after the first of it came.

    ``show`` leads to the orders that went wrong, and has those of the notice chosen, so that they
    can be sent again where that is lawful.
    """

    def __init__(
        self, desk: Desk, show: Callable[[CameToNothing], object], parent: QObject
    ) -> None:
        super().__init__(parent)
        self._desk = desk
        self._show = show
        self._found: dict[PlanId, dict[IntentId, OrderView]] = {}
        self._due: dict[PlanId, None] = {}
        self._alarmed: dict[PlanId, None] = {}
        """Plans of which an alarm says that the master's order came to nothing."""
        self._told: dict[PlanId, Notice] = {}
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_TOGETHER_MS)
        self._timer.timeout.connect(self._tell)

    def on_events(self, batch: list[Event]) -> None:
        """Take orders that came to nothing."""
        for event in batch:
            if isinstance(event, Alarm) and event.code == UNMATCHED and event.plan_id is not None:
                self._leave_out_masters(event.plan_id)
            elif isinstance(event, OrderChanged) and is_loud(event.order):
                order = event.order
                if not order.is_copy and order.plan_id in self._alarmed:
                    continue
                found = self._found.setdefault(order.plan_id, {})
                if order.intent_id not in found:
                    self._due[order.plan_id] = None
                found[order.intent_id] = order
        for kept in (self._found, self._alarmed, self._told):
            while len(kept) > _KEPT:
                del kept[next(iter(kept))]
        if self._due and not self._timer.isActive():
            self._timer.start()

    def _leave_out_masters(self, plan: PlanId) -> None:
        """What became of the master's order is said by an alarm."""
        self._alarmed[plan] = None
        found = self._found.get(plan, {})
        for name in [one for one, order in found.items() if not order.is_copy]:
            del found[name]

    def _tell(self) -> None:
        due, self._due = list(self._due), {}
        for plan in due:
            orders = list(self._found.get(plan, {}).values())
            if orders:
                sentence = outcome_words(orders, self._desk.roster.name)
                show = partial(self._show, orders)
                self._told[plan] = self._desk.notices.tell(
                    Severity.WARNING, sentence, CODE, show=show, instead_of=self._told.get(plan)
                )


def outcome_words(orders: Sequence[OrderView], name: Callable[..., str]) -> str:
    """``BUY 10 INFY-EQ: 3 orders came to nothing. 2 rejected (Asha, Ravi): RMS: no margin.``"""
    by_reason: dict[tuple[State, str], list[OrderView]] = defaultdict(list)
    for order in orders:
        by_reason[order.state, _FIGURES.sub("#", order.reason)].append(order)
    groups = sorted(by_reason.values(), key=len, reverse=True)
    count = figures.plural(len(orders), "order")
    words = [f"{order_words(orders[0].terms)}: {count} came to nothing."]
    for group in groups[:_REASONS]:
        first = group[0]
        who = listed([name(one.account_id) for one in group], _NAMED)
        reason = first.reason.rstrip(".") or "no reason was told"
        state = ORDER_LOOKS[first.state].word.lower()
        words.append(f"{figures.whole(len(group))} {state} ({who}): {reason}.")
    others = sum(len(group) for group in groups[_REASONS:])
    if others:
        words.append(f"{figures.whole(others)} for other reasons.")
    return " ".join(words)
