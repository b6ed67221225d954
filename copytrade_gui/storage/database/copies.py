"""Copy a database file by SQLite's online backup, and check a file without touching it."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from copytrade_gui.storage.database.tables import APPLICATION_ID, SCHEMA
from copytrade_gui.storage.files.files import Files


@dataclass(frozen=True, slots=True)
class FileKind:
    """What a file of ours must say of itself: SQLite's ``application_id``, newest schema known."""

    application_id: int
    schema: int


DATABASE = FileKind(APPLICATION_ID, SCHEMA)


def copy_checked(
    source: Path | sqlite3.Connection, target: Path, files: Files, kind: FileKind = DATABASE
) -> None:
    """Copy a live database to ``target``, whole and checked, or not at all.

    A connection is used as it is; a path is opened for it.

    Raises:
        sqlite3.Error: the source cannot be read.
        OSError: the target cannot be written, or the copy is not sound.
    """
    fresh = target.with_name(target.name + ".new")
    fresh.unlink(missing_ok=True)
    try:
        files.open_private(fresh).close()
        with (
            _opened(source) as live,
            contextlib.closing(sqlite3.connect(fresh)) as copy,
        ):
            live.backup(copy)
            # A copy is one file: without this, opening it would make log files beside it.
            copy.execute("PRAGMA journal_mode=DELETE").fetchall()
        _require_sound(fresh, kind)
        with files.open_private(fresh) as written:
            files.sync(written)
        files.move(fresh, target)
    except (OSError, sqlite3.Error):
        fresh.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def _opened(source: Path | sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    if isinstance(source, sqlite3.Connection):
        yield source
        return
    # Read-write, but never made: a backup must not leave an empty file where ours is gone.
    address = f"file:{quote(str(source))}?mode=rw"
    with contextlib.closing(sqlite3.connect(address, uri=True)) as live:
        yield live


def _require_sound(path: Path, kind: FileKind) -> None:
    problem = problem_with(path, kind)
    if problem is not None:
        raise OSError(f"the copy is not sound: {problem}")


def problem_with(path: Path, kind: FileKind = DATABASE) -> str | None:
    """What is wrong with a file at rest, None if it is sound. Makes no file beside it."""
    address = f"file:{quote(str(path))}?immutable=1"
    try:
        with contextlib.closing(sqlite3.connect(address, uri=True)) as connection:
            if connection.execute("PRAGMA application_id").fetchone() != (kind.application_id,):
                return "it is not a database of this program"
            (schema,) = connection.execute("PRAGMA user_version").fetchone()
            if not 1 <= schema <= kind.schema:
                return f"its schema {schema} is not between 1 and {kind.schema}"
            return quick_check(connection)
    except sqlite3.Error as error:
        return str(error)


def quick_check(connection: sqlite3.Connection) -> str | None:
    """SQLite's own check: the first thing wrong, or None. Raises sqlite3.Error."""
    (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        return " ".join(str(verdict).split())
    broken = connection.execute("PRAGMA foreign_key_check").fetchone()
    return None if broken is None else f"a row of {broken[0]} points nowhere"
