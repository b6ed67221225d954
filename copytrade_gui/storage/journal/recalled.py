"""What the audit trail alone remembers, read back: no table is made of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

import msgspec
from sqlalchemy import Connection

from copytrade_gui.domain.halt import AccountHalt
from copytrade_gui.domain.ids import AccountId, IntentId, PlanId
from copytrade_gui.domain.records import Amendment
from copytrade_gui.domain.seen import SeenOrder
from copytrade_gui.storage.journal.facts import (
    CHANGE_NOT_MADE,
    ORDERS_AMENDED,
    PROFIT_PEAK,
    read_halt,
    read_peak,
    read_terms,
)
from copytrade_gui.storage.journal.projection import HALT_OF
from copytrade_gui.storage.order_log.plan_record import read_amendments

_NO_END = 2**63 - 1
_EARLIER_NS = 60 * 1_000_000_000
"""A clock that was set back in between hides nothing."""
_LIVES_NS = 24 * 3600 * 1_000_000_000
"""No order is changed so long after it left: it ends with its day."""


def peaks(connection: Connection, since_ns: int) -> Iterator[tuple[AccountId, Decimal]]:
    """Highest profits of a day in rupees, the newest of each account last."""
    rows = connection.exec_driver_sql(
        "SELECT body FROM events WHERE kind = ? AND wall_ns >= ? ORDER BY number",
        (PROFIT_PEAK, since_ns),
    )
    for (body,) in rows:
        found = read_peak(body)
        yield found.account_id, found.peak


def seen(
    connection: Connection, since_ns: int, until_ns: int = _NO_END, plan: str = ""
) -> Iterator[tuple[PlanId, SeenOrder]]:
    """Masters' orders that were placed elsewhere and copied (by one plan if given), as they were
    told in that time, by the plan of their copies; the newest of each last.

    Found by the facts of that kind alone: their number is that of a master's orders.
    """
    rows = connection.exec_driver_sql(
        "SELECT plan_id, body FROM events WHERE kind = 'MasterSeen' AND plan_id <> '' "
        "AND wall_ns >= ? AND wall_ns < ? AND (? = '' OR plan_id = ?) ORDER BY number",
        (since_ns, until_ns, plan, plan),
    )
    for copied, body in rows:
        yield PlanId(copied), msgspec.json.decode(body, type=SeenOrder)


def amended(
    connection: Connection, since_ns: int, until_ns: int = _NO_END
) -> Mapping[IntentId, Sequence[Amendment]]:
    """Changes of live orders that were decided in that time, without those that will never be made;
    of each order the newest last.
    """
    rows = connection.exec_driver_sql(
        "SELECT kind, intent_id, body FROM events WHERE kind IN (?, ?) "
        "AND wall_ns >= ? AND wall_ns < ? ORDER BY number",
        (ORDERS_AMENDED, CHANGE_NOT_MADE, since_ns, until_ns),
    )
    found: defaultdict[IntentId, list[Amendment]] = defaultdict(list)
    for kind, intent, body in rows:
        if kind == CHANGE_NOT_MADE:
            gone, changes = read_terms(body), found[IntentId(intent)]
            place = next((at for at, one in enumerate(changes) if one.terms == gone), None)
            if place is not None:
                del changes[place]
            continue
        for one in read_amendments(body):
            found[one.intent_id].append(one)
    return found


def changes_of(
    connection: Connection, marked_ns: Sequence[int]
) -> Mapping[IntentId, Sequence[Amendment]]:
    """What orders that were marked then left with, where that is less than was planned, and were
    to become by changes; of each the newest last.
    """
    if not marked_ns:
        return {}
    return amended(connection, min(marked_ns) - _EARLIER_NS, max(marked_ns) + _LIVES_NS)


def halts(connection: Connection) -> list[AccountHalt]:
    """The newest word on the halt of every account."""
    rows = connection.exec_driver_sql(
        "SELECT e.body FROM meta m LEFT JOIN events e ON e.number = CAST(m.value AS INTEGER) "
        "WHERE m.name LIKE ? ORDER BY e.number",
        (f"{HALT_OF}%",),
    )
    # Without its event a halt cannot be read; taken for none it would let orders leave.
    return [read_halt(body or "") for (body,) in rows]
