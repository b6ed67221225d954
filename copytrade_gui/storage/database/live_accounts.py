"""What a live profile's database says to a start or a checklist that does not open it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from copytrade_gui.domain.basis import Basis, why_not_live
from copytrade_gui.ports import LIMITS_VERB
from copytrade_gui.storage.files.problems import StorageError

_COLUMNS = "SELECT name FROM pragma_table_info('accounts')"
_ENROLLED = "SELECT account_id, name, master, app_key, basis FROM accounts ORDER BY name"
_LIMITS = "SELECT EXISTS (SELECT 1 FROM commands WHERE verb = ?)"
_WAIT_S = 2.0


@dataclass(frozen=True, slots=True)
class Enrolled:
    """An account as it is stored, without what only an open console needs."""

    account_id: str
    name: str
    master: bool
    app_key: str
    basis: Basis | None


def enrolled(database: Path) -> tuple[Enrolled, ...]:
    """Every account, by name; none where there is no database, or one of before there was a basis.

    Raises:
        StorageError: it cannot be told.
    """
    columns = {name for (name,) in _read(database, _COLUMNS)}
    if "basis" not in columns:
        return ()
    try:
        return tuple(
            Enrolled(account, name, bool(master), key, Basis(basis) if basis else None)
            for account, name, master, key, basis in _read(database, _ENROLLED)
        )
    except ValueError as error:
        raise StorageError(f"The accounts in {database} cannot be read ({error}).") from error


def holds_live_account(database: Path) -> bool:
    """True if an account has a basis for live trading. Raises StorageError."""
    return any(not why_not_live(one.basis) for one in enrolled(database))


def limits_were_set(database: Path) -> bool:
    """True if a person has ever set limits there. Raises StorageError."""
    return bool(database.is_file() and _read(database, _LIMITS, LIMITS_VERB)[0][0])


def _read(database: Path, question: str, *values: str) -> list[tuple[str, ...]]:
    """The file is only read, also while a console has it open."""
    if not database.is_file():
        return []
    try:
        address = f"{database.as_uri()}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=_WAIT_S)) as connection:
            return connection.execute(question, values).fetchall()
    except sqlite3.Error as error:
        raise StorageError(f"The accounts in {database} cannot be read ({error}).") from error
