"""What a person chose, what holds until he chooses anew, and what he began, from the commands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec
from sqlalchemy import Connection

from copytrade_gui.domain.ids import AccountId, BrokerOrderId, CommandId
from copytrade_gui.domain.position import PositionKey
from copytrade_gui.ports import (
    FOLLOW_VERB,
    IGNORE_DRIFT_VERB,
    IGNORE_VERB,
    LIMITS_VERB,
    PARTLY_SQUARED_OFF_VERB,
    SQUARE_OFF_VERB,
    SQUARED_OFF_VERB,
    STOPPED_SQUARE_OFF_VERB,
    BegunSquareOff,
    read_drift_subject,
)


def follows(connection: Connection) -> Iterator[tuple[AccountId, str]]:
    """Subjects are a master and a word; the newest of a master counts."""
    rows = connection.exec_driver_sql(
        "SELECT subject FROM commands WHERE verb = ? ORDER BY at_ns, rowid", (FOLLOW_VERB,)
    )
    for (subject,) in rows:
        master, _, word = subject.rpartition(" ")
        yield AccountId(master), word


def limits(connection: Connection) -> Iterator[tuple[str, Mapping[str, int | None]]]:
    """Subjects are an account, or all of them, and its limits; the newest of each counts."""
    rows = connection.exec_driver_sql(
        "SELECT subject FROM commands WHERE verb = ? ORDER BY rowid", (LIMITS_VERB,)
    )
    for (subject,) in rows:
        edit = msgspec.json.decode(subject, type=_LimitsEdit)
        yield edit.account, edit.after


def ignored_orders(
    connection: Connection, since_ns: int
) -> Iterator[tuple[AccountId, BrokerOrderId]]:
    """Subjects are a master and an order's number at the broker."""
    rows = connection.exec_driver_sql(
        "SELECT subject FROM commands WHERE verb = ? AND at_ns >= ?", (IGNORE_VERB, since_ns)
    )
    for (subject,) in rows:
        master, _, number = subject.rpartition(" ")
        yield AccountId(master), BrokerOrderId(number)


def ignored_drift(connection: Connection) -> dict[PositionKey, int]:
    """Positions that are let be off by so many units; the newest word of each counts."""
    rows = connection.exec_driver_sql(
        "SELECT subject FROM commands WHERE verb = ? ORDER BY rowid", (IGNORE_DRIFT_VERB,)
    )
    said = dict(read_drift_subject(subject) for (subject,) in rows)
    return {key: units for key, units in said.items() if units}


def square_offs(connection: Connection, since_ns: int) -> Iterator[BegunSquareOff]:
    """Subjects are a scope, and of an end the command that began it."""
    rows = connection.exec_driver_sql(
        "SELECT command_id, actor, subject, at_ns, (SELECT max(e.verb) FROM commands e "
        "WHERE e.verb IN (?, ?, ?) AND e.subject = c.command_id) FROM commands c "
        "WHERE c.verb = ? AND c.at_ns >= ? ORDER BY c.rowid",
        (
            SQUARED_OFF_VERB, PARTLY_SQUARED_OFF_VERB, STOPPED_SQUARE_OFF_VERB,
            SQUARE_OFF_VERB, since_ns,
        ),
    )  # fmt: skip
    for command, actor, scope, at_ns, end in rows:
        stopped = end == STOPPED_SQUARE_OFF_VERB
        yield BegunSquareOff(
            command_id=CommandId(command),
            actor=actor,
            scope=scope,
            at_ns=at_ns,
            ended=end is not None and not stopped,
            proven=end == SQUARED_OFF_VERB,
            stopped=stopped,
        )


class _LimitsEdit(msgspec.Struct):
    """What of such an edit counts at a start; the trail keeps what was before it, too."""

    account: str
    after: dict[str, int | None]
