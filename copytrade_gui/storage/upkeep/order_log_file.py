"""From whatever lies in the order log's place to a sound file of this installation."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable

from copytrade_gui.storage.database.copies import quick_check
from copytrade_gui.storage.database.engines import Connecting, connect_to_order_log
from copytrade_gui.storage.files.files import Files
from copytrade_gui.storage.files.folder import DataFolder
from copytrade_gui.storage.files.problems import NewerFileError
from copytrade_gui.storage.order_log.order_log import ORDER_LOG, make_order_log, newest_record
from copytrade_gui.storage.upkeep.backup import stamp
from copytrade_gui.storage.upkeep.repair import cannot_be_written, set_aside

_COMPARE = "Compare every account with the broker before you resume."


class OrderLogFile:
    """Works on the file while nobody has it open."""

    def __init__(
        self,
        folder: DataFolder,
        wall_ns: Callable[[], int],
        files: Files,
        connecting: Connecting,
    ) -> None:
        self._folder = folder
        self._path = folder.order_log
        self._wall_ns = wall_ns
        self._files = files
        self._connecting = connecting

    def prepare(self, installation_id: str, last_record: int, *, adopt: bool) -> list[str]:
        """Check the file, or make it; what a person must read, in sentences.

        ``last_record`` is the newest row it is known to have had. With ``adopt`` the database was
        made anew or put back: the log is believed whoever's it is, for it may be all there is.

        Raises:
            NewerFileError: a newer program wrote it; nothing was touched.
            FolderError: it cannot be written.
        """
        try:
            if not self._path.exists() or not self._path.stat().st_size:
                self._make(installation_id)
                if not last_record:
                    return []
                return [f"Order log {self._path} was missing: an empty one was made. {_COMPARE}"]
            problem = self._problem()
            if problem is not None:
                return [self._replace(problem, installation_id)]
            return self._check(installation_id, last_record, adopt=adopt)
        except (sqlite3.OperationalError, OSError) as error:
            raise cannot_be_written(self._path, error) from error

    def _check(self, installation_id: str, last_record: int, *, adopt: bool) -> list[str]:
        with self._open() as connection:
            owner = connection.execute("SELECT installation_id FROM identity").fetchone()
            newest = newest_record(connection)
            strange = owner != (installation_id,)
            if strange and adopt:
                connection.execute("UPDATE identity SET installation_id = ?", (installation_id,))
        if strange and not adopt:
            return [self._replace("it belongs to another installation", installation_id)]
        if newest < last_record:
            older = "is older than the one used last: an old copy was put back."
            return [f"Order log {self._path} {older} {_COMPARE}"]
        return []

    def _problem(self) -> str | None:
        """What is wrong with the file; None: it is sound."""
        try:
            with self._open() as connection:
                (application,) = connection.execute("PRAGMA application_id").fetchone()
                (schema,) = connection.execute("PRAGMA user_version").fetchone()
                if application != ORDER_LOG.application_id:
                    return "it is not an order log of this program"
                if schema > ORDER_LOG.schema:
                    raise NewerFileError(
                        f"Order log {self._path} has form {schema}, this program knows "
                        f"{ORDER_LOG.schema}: a newer one wrote it. Start that one, or choose "
                        "another folder with --data-dir. Nothing was changed."
                    )
                return quick_check(connection)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF in (
                sqlite3.SQLITE_BUSY,
                sqlite3.SQLITE_LOCKED,
                sqlite3.SQLITE_CANTOPEN,
                sqlite3.SQLITE_READONLY,
                sqlite3.SQLITE_PERM,
            ):
                raise
            return str(error)
        except sqlite3.Error as error:
            return str(error)

    def _replace(self, problem: str, installation_id: str) -> str:
        aside = set_aside(self._path, self._folder.damaged / stamp(self._wall_ns()), self._files)
        self._make(installation_id)
        return (
            f"Order log {self._path} was damaged ({problem}): an empty one was made, the old one "
            f"is kept in {aside}. Orders that left right before the console stopped may be unknown "
            f"to it. {_COMPARE}"
        )

    def _make(self, installation_id: str) -> None:
        self._files.open_private(self._path).close()
        with self._open() as connection:
            make_order_log(connection, installation_id)

    def _open(self) -> contextlib.closing[sqlite3.Connection]:
        return contextlib.closing(connect_to_order_log(self._path, self._connecting))
