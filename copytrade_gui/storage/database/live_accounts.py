"""Whether a database that no console has open yet holds accounts that may trade live."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from copytrade_gui.domain.basis import Basis
from copytrade_gui.storage.files.problems import StorageError

_COLUMNS = "SELECT name FROM pragma_table_info('accounts')"
_DECLARED = "SELECT EXISTS (SELECT 1 FROM accounts WHERE basis NOT IN ('', ?))"
_WAIT_S = 2.0


def holds_live_account(database: Path) -> bool:
    """True if an account has a basis for live trading; the file is only read.

    Raises:
        StorageError: it cannot be told.
    """
    if not database.is_file():
        return False
    try:
        address = f"{database.as_uri()}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=_WAIT_S)) as connection:
            columns = {name for (name,) in connection.execute(_COLUMNS)}
            if "basis" not in columns:  # of before there was one
                return False
            return bool(connection.execute(_DECLARED, (Basis.SIMULATOR.value,)).fetchone()[0])
    except sqlite3.Error as error:
        raise StorageError(
            f"Whether {database} holds live accounts cannot be read ({error})."
        ) from error
