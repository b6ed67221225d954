"""From whatever lies in the folder to a sound database of today's schema, or a sentence why not."""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from copytrade_gui.storage.database.copies import quick_check
from copytrade_gui.storage.database.database import truncate_log
from copytrade_gui.storage.database.engines import Connecting, inline_engine
from copytrade_gui.storage.database.identity import (
    Installation,
    installation_from,
    newest_event,
    read_meta,
    store_meta,
)
from copytrade_gui.storage.database.tables import APPLICATION_ID, SCHEMA
from copytrade_gui.storage.database.upgrade import RevisionError, schema_of, upgrade
from copytrade_gui.storage.files.files import Files
from copytrade_gui.storage.files.folder import DataFolder
from copytrade_gui.storage.files.problems import FolderError, NewerFileError, StorageError
from copytrade_gui.storage.upkeep.backup import Backups
from copytrade_gui.storage.upkeep.order_log_file import OrderLogFile
from copytrade_gui.storage.upkeep.repair import Repair, cannot_be_written
from copytrade_gui.storage.upkeep.witness import Seen, Witness, hash_of

log = logging.getLogger(__name__)

_MAGIC = b"SQLite format 3\x00"


@dataclass(frozen=True, slots=True)
class Opening:
    """What opening found and did; ``sentences`` go on the screen and ask for a person's Resume."""

    installation: Installation
    fresh: bool = False
    upgraded_from: int | None = None
    sentences: tuple[str, ...] = ()


class Opener:
    """Prepares the database file of a folder. The caller holds the instance lock.

    ``random_bytes`` draws the installation key once in the life of a folder.
    """

    def __init__(
        self,
        folder: DataFolder,
        wall_ns: Callable[[], int],
        *,
        files: Files | None = None,
        connecting: Connecting | None = None,
        random_bytes: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._folder = folder
        self._path = folder.database
        self._wall_ns = wall_ns
        self._files = files or Files()
        self._connecting = connecting or Connecting()
        self._random_bytes = random_bytes
        self._backups = Backups(folder.backups, self._files)
        self._repair = Repair(folder, self._backups, wall_ns, self._files)
        self._witness = Witness(folder.witness, self._files)
        self._sentences: list[str] = []
        self._altered = False

    def prepare(self) -> Opening:
        """Check, repair, upgrade and mark the file as open.

        Raises:
            NewerFileError: a newer program wrote it; nothing was touched.
            DamagedDatabaseError: it is damaged and cannot be moved aside.
            FolderError: it cannot be written, or it is another program's file.
            StorageError: an upgrade failed; the old file is back in place.
        """
        self._refuse_newer()
        seen = self._witness.read()
        fresh, restored = self._ensure_sound(seen)
        upgraded_from = self._ensure_schema()
        installation = self._mark_open(seen, new_epoch=restored)
        order_log = OrderLogFile(self._folder, self._wall_ns, self._files, self._connecting)
        lost = order_log.prepare(
            installation.installation_id,
            0 if seen is None else seen.last_record,
            adopt=restored or fresh,
        )
        if lost and not restored:  # what had no rows yet is at the broker, and known to nobody here
            installation = self._mark_open(seen, new_epoch=True)
        self._sentences += lost
        if self._altered and not self._sentences:
            self._sentences.append(
                f"Database {self._path} was changed while the console was closed. "
                "Compare orders and positions with the broker before you resume."
            )
        for sentence in self._sentences:
            log.warning("%s", sentence)
        return Opening(installation, fresh, upgraded_from, tuple(self._sentences))

    def seal(self) -> None:
        """After a clean close: keep the file's hash, so that any later change is noticed."""
        seen = self._witness.read()
        log_file = self._path.with_name(self._path.name + "-wal")
        if seen is None or (log_file.exists() and log_file.stat().st_size):
            return
        try:
            number, digest = self._last_event()
            file_hash = hash_of(self._path)
        except (SQLAlchemyError, sqlite3.Error, OSError) as error:
            log.warning("the witness file is not up to date: %s", error)
            return
        self._witness.write(
            msgspec.structs.replace(seen, last_event=number, last_hash=digest, file_hash=file_hash)
        )

    def note_progress(self, number: int, digest: bytes, record: int) -> None:
        """Now and then while open: how far the audit trail and the order log have come."""
        seen = self._witness.read()
        if seen is not None:
            self._witness.write(
                msgspec.structs.replace(
                    seen,
                    last_event=number,
                    last_hash=digest.hex(),
                    file_hash="",
                    last_record=record,
                )
            )

    # ------------------------------------------------------------ what lies there

    def _refuse_newer(self) -> None:
        """Look at the header only, so that a newer file is not even opened."""
        try:
            with self._path.open("rb") as file:
                head = file.read(100)
        except FileNotFoundError:
            return
        except OSError as error:
            raise cannot_be_written(self._path, error) from error
        if len(head) < 100 or not head.startswith(_MAGIC):
            return
        application, schema = int.from_bytes(head[68:72]), int.from_bytes(head[60:64])
        if application not in (0, APPLICATION_ID):
            raise FolderError(
                f"{self._path} is the database of another program. "
                "Choose another folder with --data-dir."
            )
        if application == APPLICATION_ID and schema > SCHEMA:
            raise _newer(self._path, schema)

    def _ensure_sound(self, seen: Seen | None) -> tuple[bool, bool]:
        """Returns (made new, older than what was)."""
        exists = self._path.exists() and self._path.stat().st_size > 0
        if not exists and seen is None and not self._backups.newest_first():
            self._repair.make_empty()
            return True, False
        problem = self._problem() if exists else "the file is missing"
        if problem is None:
            if seen is not None and seen.file_hash and not self._same_file(seen):
                self._altered = True
            return False, False
        self._sentences.append(self._repair.replace_damaged(problem, exists=exists))
        return False, True

    def _problem(self) -> str | None:
        try:
            with contextlib.closing(sqlite3.connect(self._path)) as connection:
                connection.execute("PRAGMA busy_timeout=5000")
                (schema,) = connection.execute("PRAGMA user_version").fetchone()
                if schema > SCHEMA:  # the header was newer only in the log file
                    raise _newer(self._path, schema)
                return quick_check(connection)
        except sqlite3.OperationalError as error:
            code = error.sqlite_errorcode & 0xFF
            if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise StorageError(
                    f"Database {self._path} is locked by another program. Close it and start again."
                ) from error
            if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
                raise cannot_be_written(self._path, error) from error
            return str(error)
        except sqlite3.Error as error:
            return str(error)

    def _same_file(self, seen: Seen) -> bool:
        log_file = self._path.with_name(self._path.name + "-wal")
        if log_file.exists() and log_file.stat().st_size:
            return False
        return hash_of(self._path) == seen.file_hash

    # ------------------------------------------------------------ upgrade

    def _ensure_schema(self) -> int | None:
        """Run missing revisions; returns the schema the file had, None if nothing was to do."""
        engine = inline_engine(self._path, self._connecting)
        try:
            with engine.connect() as connection:
                with connection.begin():
                    before = schema_of(connection)
                if before == SCHEMA:
                    return None
                copy = self._copy_before(before)
                try:
                    with connection.begin():
                        upgrade(connection)
                except (SQLAlchemyError, RevisionError, sqlite3.Error) as error:
                    raise self._upgrade_failed(before, copy, error) from error
                # So that the header on disk shows the new number at once.
                truncate_log(connection)
                return before or None
        except (SQLAlchemyError, sqlite3.Error) as error:
            raise cannot_be_written(self._path, error) from error
        finally:
            engine.dispose()

    def _copy_before(self, schema: int) -> Path | None:
        if schema == 0:
            return None
        try:
            return self._backups.make_closed(self._path, self._wall_ns(), f"schema-{schema}")
        except (OSError, sqlite3.Error) as error:
            raise StorageError(
                f"Database {self._path} needs an upgrade from schema {schema} to {SCHEMA}, and no "
                f"copy could be made before it ({error}). Free some disk space and start again."
            ) from error

    def _upgrade_failed(self, before: int, copy: Path | None, error: Exception) -> StorageError:
        # The upgrade is one transaction, so the file is as it was; the copy is a second net.
        kept = f" A copy is kept as {copy}." if copy is not None else ""
        return StorageError(
            f"Database {self._path} could not be upgraded from schema {before} to {SCHEMA} "
            f"({error}). It was left as it was.{kept} Start the older program, or send us the log."
        )

    # ------------------------------------------------------------ identity

    def _mark_open(self, seen: Seen | None, *, new_epoch: bool) -> Installation:
        engine = inline_engine(self._path, self._connecting)
        try:
            with engine.connect() as connection, connection.begin():
                meta = read_meta(connection)
                lost = new_epoch  # also when an empty file took the damaged one's place
                if "installation_id" not in meta:
                    meta["installation_id"] = self._random_bytes(8).hex()
                    meta["installation_key"] = self._random_bytes(32).hex()
                    meta["epoch"] = "1"
                    meta["opened"] = "0"
                elif not new_epoch:
                    lost = new_epoch = self._is_older(connection, meta, seen)
                if new_epoch:
                    newest = max(int(meta["epoch"]), seen.epoch if seen is not None else 0)
                    meta["epoch"] = str(newest + 1)
                if lost:
                    meta["records_lost_ns"] = str(self._wall_ns())
                opened = max(int(meta["opened"]), seen.opened if seen is not None else 0) + 1
                meta["opened"] = str(opened)
                store_meta(connection, meta)
                number, digest = newest_event(connection)
        except (SQLAlchemyError, sqlite3.Error) as error:
            raise cannot_be_written(self._path, error) from error
        finally:
            engine.dispose()
        last_record = 0 if seen is None else seen.last_record
        self._witness.write(
            Seen(int(meta["epoch"]), opened, number, digest, last_record=last_record)
        )
        return installation_from(meta)

    def _is_older(self, connection: Connection, meta: dict[str, str], seen: Seen | None) -> bool:
        if seen is None:
            return False
        row = connection.exec_driver_sql(
            "SELECT own_hash FROM events WHERE number = ?", (seen.last_event,)
        ).first()
        known = seen.last_event == 0 or (row is not None and row[0].hex() == seen.last_hash)
        if known and int(meta["opened"]) >= seen.opened:
            return False
        self._sentences.append(
            f"Database {self._path} is older than the one used last: an old copy was put back. "
            "Orders sent since then are unknown to it; check every account before you resume."
        )
        return True

    def _last_event(self) -> tuple[int, str]:
        engine = inline_engine(self._path, self._connecting, read_only=True)
        try:
            with engine.connect() as connection, connection.begin():
                return newest_event(connection)
        finally:
            engine.dispose()


def _newer(path: Path, schema: int) -> NewerFileError:
    return NewerFileError(
        f"Database {path} has schema {schema}, this program knows {SCHEMA}: a newer one wrote "
        "it. Start that one, or choose another folder with --data-dir. Nothing was changed."
    )
