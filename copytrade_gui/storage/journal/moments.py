"""The times of one order, gathered from its facts in the trail."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection

from copytrade_gui.domain.events import PlanSettled
from copytrade_gui.domain.ids import IntentId, PlanId
from copytrade_gui.domain.order import State
from copytrade_gui.domain.waterfall import Moments
from copytrade_gui.storage.journal.facts import ORDER_CHANGED, OrderFact

_PLAN = "SELECT made_ns, made_mono_ns, settled FROM plans WHERE plan_id = ?"
_FACTS = (
    "SELECT wall_ns, mono_ns, body FROM events WHERE wall_ns >= ? AND wall_ns <= ? "
    "AND plan_id = ? AND intent_id = ? AND kind = ? ORDER BY number"
)
_EARLIER_NS = 1_000_000_000
"""A fact of a plan may be stamped so much before the plan, if the clock was set meanwhile."""
_ONE_LIFE_NS = 1_000_000_000
"""Two clocks that drifted further apart than this were read in two lives of the program."""


def moments(
    connection: Connection, plan: PlanId, intent: IntentId, until_ns: int
) -> Moments | None:
    """What is stored of an order's times up to a UTC ns; None of a plan that is not known."""
    row = connection.exec_driver_sql(_PLAN, (plan,)).fetchone()
    if row is None:
        return None
    made_ns, called_ns, settled_text = row
    settled = None if settled_text is None else msgspec.json.decode(settled_text, type=PlanSettled)
    trigger = sent = replied = exchange = filled = units = 0
    values = (made_ns - _EARLIER_NS, until_ns, plan, intent, ORDER_CHANGED)
    for wall_ns, mono_ns, body in connection.exec_driver_sql(_FACTS, values):
        fact = msgspec.json.decode(body, type=OrderFact)
        at_ns = called_ns + wall_ns - made_ns
        if abs(mono_ns - at_ns) < _ONE_LIFE_NS:
            at_ns = mono_ns
        if fact.replied_ns:
            trigger, sent, replied = fact.called_ns, fact.sent_ns, fact.replied_ns
        if not exchange and (State(fact.state).at_exchange or fact.filled_quantity):
            exchange = at_ns
        if fact.filled_quantity > units:
            units, filled = fact.filled_quantity, at_ns
    return Moments(
        called_ns=called_ns,
        trigger_ns=trigger,
        sent_ns=sent,
        replied_ns=replied,
        exchange_ns=exchange,
        filled_ns=filled,
        planned_ms=None if settled is None else settled.planned_ms,
        committed_ms=None if settled is None else settled.committed_ms,
        seen_before_ms=None if settled is None else settled.seen_before_ms,
    )
