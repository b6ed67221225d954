"""One day as it is stored, read back for whoever reports on it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from msgspec import structs
from sqlalchemy import Connection

from copytrade_gui.domain.account import Role
from copytrade_gui.domain.calendar import day_bounds, ist
from copytrade_gui.domain.ids import AccountId, BrokerOrderId, IntentId, PlanId, TradeId
from copytrade_gui.domain.order import OrderTerms, State
from copytrade_gui.domain.records import AS_IT_LEFT, Fill, OrderView
from copytrade_gui.domain.waterfall import master_average
from copytrade_gui.ports import DayFacts
from copytrade_gui.storage.journal.carried import carried_in
from copytrade_gui.storage.journal.loading import read_plans, view_from, view_rows
from copytrade_gui.storage.journal.recalled import changes_of, seen
from copytrade_gui.storage.journal.terms import Terms

_OF_DAY = "p.made_ns >= ? AND p.made_ns < ?"
_FILLS = (
    "SELECT f.account_id, f.trade_id, f.broker_order_id, f.quantity, f.price, f.at_text "  # noqa: S608 - only constants of ours
    "FROM fills f JOIN broker_orders b ON b.account_id = f.account_id "
    "AND b.broker_order_id = f.broker_order_id "
    "JOIN attempts a ON a.attempt_row = b.attempt_row "
    "JOIN intents i ON i.intent_number = a.intent_number "
    f"JOIN plans p ON p.plan_number = i.plan_number WHERE {_OF_DAY} ORDER BY f.fill_row"
)


def read_day(connection: Connection, day: date) -> DayFacts:
    """Everything of an Indian day. Raises ValueError if a stored word is not one we know."""
    bounds = day_bounds(day)
    terms = Terms(connection)
    orders, sent = views_as_they_stand(
        connection, f"WHERE {_OF_DAY} ORDER BY i.intent_number", bounds, terms
    )
    plans = read_plans(connection, _OF_DAY, bounds, {}, terms)
    signals = {plan.plan_id: plan.signal for plan in plans}
    return DayFacts(
        day=day,
        signals=signals,
        orders=orders,
        fills=tuple(
            Fill(
                AccountId(row[0]), TradeId(row[1]), BrokerOrderId(row[2]), row[3],
                Decimal(row[4]), row[5],
            )
            for row in connection.exec_driver_sql(_FILLS, bounds)
        ),
        carried=tuple(
            one
            for one in carried_in(connection, "p.made_ns < ?", bounds[:1], terms).together
            if one.role is Role.FOLLOWER
        ),
        sent=sent,
        seen={plan: one for plan, one in seen(connection, *bounds) if plan in signals},
    )  # fmt: skip


def read_master_average(connection: Connection, plan: PlanId) -> Decimal | None:
    """What the master got for the order that a plan copies. Raises ValueError as ``read_day``."""
    terms = Terms(connection)
    found = read_plans(connection, "p.plan_id = ?", (plan,), {}, terms)
    if not found:
        return None
    of = found[0].signal.copied_plan(plan)
    rows = view_rows(connection, "WHERE p.plan_id = ? AND i.role = ?", (of, Role.MASTER))
    day = day_bounds(ist(found[0].made_ns).date())
    elsewhere = dict(seen(connection, *day, of))
    return master_average((view_from(row, terms) for row in rows), elsewhere.get(of))


class Standing(NamedTuple):
    """Orders as they were changed, and what those of them that were changed had left with."""

    orders: tuple[OrderView, ...]
    sent: dict[IntentId, OrderTerms]


def views_as_they_stand(
    connection: Connection, rest: str, values: tuple[int | str, ...], terms: Terms
) -> Standing:
    """Orders as they were changed; ``rest`` is what follows the tables."""
    rows = view_rows(connection, rest, values)
    changes = changes_of(connection, [row.marked_ns for row in rows if row.marked_ns is not None])
    orders, sent = [], {}
    for order in (view_from(row, terms) for row in rows):
        made = changes.get(order.intent_id, ())
        left = next((one.terms for one in made if one.version == AS_IT_LEFT), order.terms)
        stands = _stands(order, [left, *(one.terms for one in made if one.version != AS_IT_LEFT)])
        if stands != left:
            sent[order.intent_id] = left
        orders.append(order if stands is order.terms else structs.replace(order, terms=stands))
    return Standing(tuple(orders), sent)


def _stands(order: OrderView, terms: Sequence[OrderTerms]) -> OrderTerms:
    """What an order is by the newest of its changes; ``terms`` begin with what left of it.

    Of a change whose answer was lost nobody knows whether it was made, so an order that is filled
    was as large as what it filled.
    """
    if order.state is not State.FILLED:
        return terms[-1]
    fits = [one for one in terms if one.quantity == order.filled_quantity]
    return fits[-1] if fits else terms[-1]
