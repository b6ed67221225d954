"""Read back what the engine needs at start: what has not ended, and everything of a day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import chain

import msgspec
from sqlalchemy import Connection

from copytrade_gui.domain.account import Role
from copytrade_gui.domain.calendar import day_bounds
from copytrade_gui.domain.ids import (
    AccountId,
    BrokerOrderId,
    CommandId,
    PlanId,
    SignalId,
    Tag,
    TradeId,
    attempt_id,
    intent_id,
)
from copytrade_gui.domain.order import (
    ENDED,
    FanOut,
    State,
)
from copytrade_gui.domain.records import Fill, Intent, OrderView, Plan, Signal, Timing
from copytrade_gui.domain.trading_state import StateChange, TradingState
from copytrade_gui.ports import OpenWork
from copytrade_gui.storage.database.tables import states_outside
from copytrade_gui.storage.journal.carried import carried_in
from copytrade_gui.storage.journal.choices import (
    follows,
    ignored_drift,
    ignored_orders,
    limits,
    square_offs,
)
from copytrade_gui.storage.journal.facts import read_order
from copytrade_gui.storage.journal.ordered import ordered
from copytrade_gui.storage.journal.recalled import amended, halts, peaks, seen
from copytrade_gui.storage.journal.terms import Terms

_OPEN = f"SELECT plan_number FROM intents WHERE {states_outside(ENDED)}"  # noqa: S608 - our own words
WANTED = (
    "plan_number IN (SELECT plan_number FROM plans WHERE made_ns >= ? AND made_ns < ? "  # noqa: S608 - only constants of ours
    f"UNION {_OPEN})"
)
_UNWANTED = f"NOT i.{WANTED}"
VIEW_COLUMNS = (
    "i.intent_number, p.plan_id, i.account_id, i.role, i.slice_number, i.terms_number, i.quantity, "
    "i.signal_age_ms, i.send_rank, i.state, i.code, i.reason, i.cancel_requested, i.changed_ns, "
    "a.number, a.tag, b.broker_order_id, b.filled_quantity, b.average_price, l.called_ns, "
    "l.sent_ns, l.replied_ns, a.state, a.marked_ns, e.body"
)
VIEW_TABLES = (
    "intents i JOIN plans p ON p.plan_number = i.plan_number "
    # The newest attempt, unless an earlier one was found at the broker: then a later never left.
    "LEFT JOIN attempts a ON a.attempt_row = (SELECT t.attempt_row FROM attempts t "
    "LEFT JOIN broker_orders f ON f.attempt_row = t.attempt_row "
    "WHERE t.intent_number = i.intent_number "
    "ORDER BY f.attempt_row IS NULL, t.number DESC LIMIT 1) "
    "LEFT JOIN broker_orders b ON b.attempt_row = a.attempt_row "
    "LEFT JOIN latency_samples l ON l.attempt_row = a.attempt_row "
    # The newest fact of an order says whether it diverged; few did.
    "LEFT JOIN events e ON e.number = i.last_event AND instr(e.body, '\"diverged\"') > 0"
)


class ViewRow(msgspec.Struct, array_like=True):
    """One row of ``VIEW_COLUMNS``; reading it also checks that every word is one we know."""

    intent_number: int
    plan_id: str
    account_id: str
    role: Role
    slice_number: int
    terms_number: int
    quantity: int
    signal_age_ms: int
    send_rank: int
    state: State
    code: str
    reason: str
    cancel_requested: int
    changed_ns: int
    number: int | None
    tag: str | None
    broker_order_id: str | None
    filled_quantity: int | None
    average_price: str | None
    called_ns: int | None
    sent_ns: int | None
    replied_ns: int | None
    attempt_state: State | None
    marked_ns: int | None
    diverged_in: str | None


def view_from(row: ViewRow, terms: Terms) -> OrderView:
    """An order as it stood when it was last stored."""
    intent = intent_id(PlanId(row.plan_id), AccountId(row.account_id), row.slice_number)
    # An intent whose first attempt was marked after the plan is still PLANNED in its own row.
    state, changed_ns = row.state, row.changed_ns
    if state is State.PLANNED and row.attempt_state is not None and row.marked_ns is not None:
        state, changed_ns = row.attempt_state, row.marked_ns
    timing = None
    if row.called_ns is not None and row.sent_ns is not None and row.replied_ns is not None:
        timing = Timing(row.called_ns, row.sent_ns, row.replied_ns)
    return OrderView(
        plan_id=PlanId(row.plan_id),
        intent_id=intent,
        account_id=AccountId(row.account_id),
        role=row.role,
        terms=terms.get(row.terms_number, row.quantity),
        state=state,
        code=row.code,
        reason=row.reason,
        attempt_id=None if row.number is None else attempt_id(intent, row.number),
        attempt_number=row.number or 0,
        tag=None if row.tag is None else Tag(row.tag),
        broker_order_id=None if row.broker_order_id is None else BrokerOrderId(row.broker_order_id),
        filled_quantity=row.filled_quantity or 0,
        average_price=None if row.average_price is None else Decimal(row.average_price),
        timing=timing,
        changed_ns=changed_ns,
        cancel_requested=bool(row.cancel_requested),
        diverged=None if row.diverged_in is None else read_order(row.diverged_in).diverged,
    )


def _intent_from(row: ViewRow, terms: Terms) -> Intent:
    # What became of it is in its view; the plan's own verdict is kept only where nothing was sent.
    refused = row.number is None and row.state in (State.BLOCKED, State.SKIPPED)
    plan = PlanId(row.plan_id)
    account = AccountId(row.account_id)
    return Intent(
        intent_id=intent_id(plan, account, row.slice_number),
        plan_id=plan,
        account_id=account,
        role=row.role,
        slice_number=row.slice_number,
        terms=terms.get(row.terms_number, row.quantity),
        signal_age_ms=row.signal_age_ms,
        rank=row.send_rank,
        state=row.state if refused else State.PLANNED,
        code=row.code if refused else "",
        reason=row.reason if refused else "",
    )


def load(connection: Connection, day: date) -> OpenWork:
    """Read the open work. Raises ValueError if a stored word is not one we know."""
    bounds = day_bounds(day)
    terms = Terms(connection)
    rows = view_rows(
        connection, f"WHERE i.{WANTED} ORDER BY i.plan_number, i.intent_number", bounds
    )
    views = tuple(view_from(row, terms) for row in rows)
    intents: dict[str, list[Intent]] = {}
    for row in rows:
        intents.setdefault(row.plan_id, []).append(_intent_from(row, terms))
    plans = tuple(read_plans(connection, f"p.{WANTED}", bounds, intents, terms))
    tags = connection.exec_driver_sql(
        "SELECT a.tag, p.plan_id, i.account_id, i.slice_number FROM attempts a "  # noqa: S608 - only constants of ours
        "JOIN intents i ON i.intent_number = a.intent_number "
        f"JOIN plans p ON p.plan_number = i.plan_number WHERE i.{WANTED}",
        bounds,
    )
    newest = "SELECT {} FROM {} ORDER BY {} DESC LIMIT 1"
    last_event = connection.exec_driver_sql(newest.format("wall_ns", "events", "number")).scalar()
    number = connection.exec_driver_sql("SELECT max(plan_number) FROM plans").scalar()
    carried = carried_in(connection, _UNWANTED, bounds, terms)
    return OpenWork(
        trading=_trading(connection),
        plans=plans,
        orders=views,
        known_tags={Tag(tag): intent_id(plan, account, part) for tag, plan, account, part in tags},
        last_event_ns=int(last_event or 0),
        next_plan_number=int(number or 0) + 1,
        fills=tuple(_fills(connection, bounds[0])),
        halts=tuple(halts(connection)),
        carried=carried.by_master,
        copied=carried.together,
        amended=tuple(chain.from_iterable(amended(connection, bounds[0]).values())),
        follows=dict(follows(connection)),
        limits=dict(limits(connection)),
        ignored_orders=frozenset(ignored_orders(connection, bounds[0])),
        seen=dict(seen(connection, bounds[0])),
        ignored_drift=ignored_drift(connection),
        square_offs=tuple(square_offs(connection, bounds[0])),
        peaks=dict(peaks(connection, bounds[0])),
        ordered=tuple(ordered(connection, bounds[1])),
    )


def view_rows(connection: Connection, rest: str, values: tuple[int | str, ...]) -> list[ViewRow]:
    """Rows of the order view; ``rest`` is what follows the tables. Raises ValueError."""
    sql = f"SELECT {VIEW_COLUMNS} FROM {VIEW_TABLES} {rest}"  # noqa: S608 - no text from outside
    found = connection.exec_driver_sql(sql, values).fetchall()
    return msgspec.convert([tuple(row) for row in found], type=list[ViewRow])


def read_plans(
    connection: Connection,
    condition: str,
    values: tuple[int | str, ...],
    intents: Mapping[str, Sequence[Intent]],
    terms: Terms,
) -> Sequence[Plan]:
    """Plans ``p`` of a condition with these intents of theirs, the oldest first."""
    rows = connection.exec_driver_sql(
        "SELECT p.plan_id, p.made_ns, p.made_mono_ns, c.action_id, c.master_id, c.order_ref, "  # noqa: S608 - only constants of ours
        "c.version, c.terms_number, c.quantity, c.fan_out, c.command_id, c.made_ns FROM plans p "
        f"JOIN actions c ON c.action_id = p.action_id WHERE {condition} ORDER BY p.plan_number",
        values,
    )
    return [
        Plan(
            plan_id=PlanId(row[0]),
            signal=Signal(
                signal_id=SignalId(row[3]),
                master_id=AccountId(row[4]),
                order_ref=row[5],
                version=row[6],
                terms=terms.get(row[7], row[8]),
                fan_out=FanOut(row[9]),
                command_id=None if row[10] is None else CommandId(row[10]),
                made_ns=row[11],
            ),
            intents=tuple(intents.get(row[0], ())),
            made_ns=row[1],
            made_mono_ns=row[2],
        )
        for row in rows
    ]


def _trading(connection: Connection) -> StateChange | None:
    row = connection.exec_driver_sql(
        "SELECT state, actor, reason, at_ns, all_orders FROM trading_state "
        "ORDER BY change_number DESC LIMIT 1"
    ).first()
    if row is None:
        return None
    state, actor, reason, at_ns, all_orders = row
    return StateChange(TradingState(state), actor, reason, at_ns, bool(all_orders))


def _fills(connection: Connection, since_ns: int) -> Sequence[Fill]:
    rows = connection.exec_driver_sql(
        "SELECT account_id, trade_id, broker_order_id, quantity, price, at_text FROM fills "
        "WHERE seen_ns >= ? ORDER BY fill_row",
        (since_ns,),
    )
    return [
        Fill(
            AccountId(row[0]),
            TradeId(row[1]),
            BrokerOrderId(row[2]),
            row[3],
            Decimal(row[4]),
            row[5],
        )
        for row in rows
    ]
