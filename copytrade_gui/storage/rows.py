"""Statements with their rows, and the fast ways to run a batch of them."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain, count

from sqlalchemy import Connection

from copytrade_gui.storage.engines import FailureKind, SqliteFailedError

SqlValue = str | int | bytes | None


Away = Callable[[int], None]
"""Told before SQLite works alone for some time, without the interpreter: how long, as the number of
rows it could insert in that time."""


@dataclass(frozen=True, slots=True)
class Rows:
    """One statement with its rows. ``expect`` is how many rows it must touch, None for any."""

    sql: str
    rows: Sequence[tuple[SqlValue, ...]]
    expect: int | None = None

    def check(self, touched: int) -> None:
        """Raise SqliteFailedError if it touched another number of rows than expected."""
        if self.expect is not None and touched != self.expect:
            raise SqliteFailedError(
                FailureKind.CONSTRAINT, f"{touched} rows instead of {self.expect}: {self.sql[:60]}"
            )


def run_rows(connection: Connection, batch: Sequence[Rows]) -> None:
    """Run a batch on a connection that is in a transaction."""
    for rows in batch:
        if rows.rows:
            values = rows.rows[0] if len(rows.rows) == 1 else list(rows.rows)
            rows.check(connection.exec_driver_sql(rows.sql, values).rowcount)


def unheard(_rows: int) -> None:
    """The ``Away`` of nobody."""


def run_batch(connection: sqlite3.Connection, batch: Sequence[Rows], away: Away = unheard) -> None:
    """Run a batch in a transaction of its own."""
    begin_batch(connection, batch, away)
    away(max((len(rows.rows) for rows in batch), default=0))
    connection.commit()


def begin_batch(connection: sqlite3.Connection, batch: Sequence[Rows], away: Away) -> None:
    """Run a batch in a transaction that stays open; else as ``run_batch``."""
    laid_out = [(rows, _laid_out(rows)) for rows in batch]
    connection.execute("BEGIN IMMEDIATE")
    for rows, statements in laid_out:
        touched = 0
        for sql, values in statements:
            if len(rows.rows) > _TOGETHER[0]:
                away(len(rows.rows))
            touched += connection.execute(sql, values).rowcount
        rows.check(touched if statements else connection.executemany(rows.sql, rows.rows).rowcount)


def end_batch(connection: sqlite3.Connection, rest: Sequence[Rows], away: Away) -> None:
    """Run what is left, a row each, in the transaction of ``begin_batch``, and commit it."""
    for rows in rest:
        if rows.expect != 1:  # it goes through many rows
            away(_CHANGES)
        rows.check(connection.execute(rows.sql, rows.rows[0]).rowcount)
    away(_DISK)
    connection.commit()


Run = Callable[[sqlite3.Connection, Sequence[Rows], Away], None]
"""One of the above: what is done with a batch on the writer's thread."""

_CHANGES, _DISK = 60, 900
"""Rows that could be inserted while the rows of 500 orders get their times, and go to the disk."""
_PLAIN = re.compile(r"INSERT (OR \w+ )?INTO \w+( \([\w, ]+\))? VALUES \([^()]+\)")
"""An INSERT of values and nothing after them."""
_TOGETHER = (16, 64, 256, 512)
"""Rows of one INSERT. Few sizes, so that SQLite's prepared statements are found again."""


def _laid_out(rows: Rows) -> list[tuple[str, Sequence[SqlValue]]]:
    """The statements for these rows with their values; none for what needs ``executemany``."""
    if len(rows.rows) == 1:
        return [(rows.sql, rows.rows[0])]
    if not _PLAIN.fullmatch(rows.sql) or any(row[0] is None for row in rows.rows):
        return []
    # ``executemany`` lets go of the interpreter and asks for it again at every row. While the
    # engine's thread is at work beside it (it encrypts the wave that this commit is for), each
    # of a thousand such turns is a wait.
    statements: list[tuple[str, Sequence[SqlValue]]] = []
    left = rows.rows
    while left:
        size = next((size for size in _TOGETHER if size >= len(left)), _TOGETHER[-1])
        some, left = left[:size], left[size:]
        values: list[SqlValue] = list(chain.from_iterable(some))
        values += [None] * ((size - len(some)) * len(some[0]))
        statements.append((_for_many(rows.sql, size), values))
    return statements


@cache
def _for_many(sql: str, size: int) -> str:
    """The INSERT for up to ``size`` rows; those whose first value is NULL fill it up."""
    before, _, values = sql.partition(" VALUES ")
    parts = values[1:-1].split(",")
    numbers = count(1)
    columns = ",".join(f"column{next(numbers)}" if part == "?" else part for part in parts)
    marks = f"({','.join('?' * parts.count('?'))})"
    return (
        f"{before} SELECT {columns} FROM (VALUES {','.join([marks] * size)}) "  # noqa: S608 - only constants of ours
        "WHERE column1 IS NOT NULL"
    )
