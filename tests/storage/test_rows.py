"""A batch in one transaction: every row is stored once, however many there are."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from copytrade_gui.storage.rows import Rows, run_batch

INSERT = "INSERT INTO orders VALUES (?,'SENDING',?)"


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(tmp_path / "rows.sqlite", isolation_level=None)) as made:
        made.execute(
            "CREATE TABLE orders (number INTEGER PRIMARY KEY, state TEXT, tag TEXT UNIQUE) STRICT"
        )
        yield made


@pytest.mark.parametrize("many", [1, 2, 15, 16, 17, 64, 65, 255, 256, 257, 511, 512, 513, 1_600])
def test_each_row_is_stored_as_it_is(connection: sqlite3.Connection, many: int) -> None:
    rows = [(number, f"tag {number}" if number % 3 else None) for number in range(1, many + 1)]
    run_batch(connection, [Rows(INSERT, rows, expect=many)])
    stored = connection.execute("SELECT number, tag FROM orders ORDER BY number").fetchall()
    assert stored == rows


def test_a_row_without_its_first_value_is_stored_too(connection: sqlite3.Connection) -> None:
    run_batch(connection, [Rows(INSERT, [(7, "a"), (None, "b"), (None, "c")], expect=3)])
    assert connection.execute("SELECT number FROM orders ORDER BY tag").fetchall() == [
        (7,),
        (8,),
        (9,),
    ]


def test_nothing_is_stored_when_one_row_of_many_contradicts(
    connection: sqlite3.Connection,
) -> None:
    rows = [(number, f"tag {number % 300}") for number in range(1, 400)]
    with pytest.raises(sqlite3.IntegrityError):
        run_batch(connection, [Rows(INSERT, rows)])
    connection.rollback()
    assert connection.execute("SELECT count(*) FROM orders").fetchone() == (0,)


def test_it_tells_before_sqlite_works_alone(connection: sqlite3.Connection) -> None:
    told: list[tuple[int, int]] = []

    def away(rows: int) -> None:
        told.append((rows, connection.total_changes))

    run_batch(connection, [Rows(INSERT, [(n, None) for n in range(1, 301)])], away)
    assert told == [(300, 0), (300, 300)]
