"""Statements with their rows, and the fast ways to run a batch of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from copytrade_gui.storage.engines import FailureKind, SqliteFailedError

SqlValue = str | int | bytes | None


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


def run_batch(
    connection: sqlite3.Connection,
    batch: Sequence[Rows],
    at_disk: Callable[[], None] = lambda: None,
) -> None:
    """Run a batch in a transaction of its own; ``at_disk`` is called when only the disk is left."""
    connection.execute("BEGIN IMMEDIATE")
    for rows in batch:
        if len(rows.rows) == 1:
            touched = connection.execute(rows.sql, rows.rows[0]).rowcount
        elif rows.sql.startswith("INSERT") and " VALUES (" in rows.sql and rows.sql.endswith(")"):
            touched = _insert_together(connection, rows)
        else:
            touched = connection.executemany(rows.sql, rows.rows).rowcount
        rows.check(touched)
    at_disk()
    connection.commit()


_TOGETHER = (256, 64, 16, 4, 1)
"""Rows of one INSERT. Few sizes, so that SQLite's prepared statements are found again."""


def _insert_together(connection: sqlite3.Connection, rows: Rows) -> int:
    """Insert many rows in few steps.

    ``executemany`` lets go of the interpreter and asks for it again at every row. While the
    engine's thread is at work beside it (it encrypts the wave that this commit is for), each
    of a thousand such turns is a wait.
    """
    before, _, values = rows.sql.partition(" VALUES ")
    touched = place = 0
    for size in _TOGETHER:
        while len(rows.rows) - place >= size:
            some = rows.rows[place : place + size]
            sql = f"{before} VALUES {','.join([values] * size)}"
            touched += connection.execute(sql, [value for row in some for value in row]).rowcount
            place += size
    return touched
