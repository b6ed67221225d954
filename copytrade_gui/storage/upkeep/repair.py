"""Put a sound database in the place of a damaged or missing one; the damaged one is kept."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from copytrade_gui.storage.files.files import Files
from copytrade_gui.storage.files.folder import DataFolder
from copytrade_gui.storage.files.problems import DamagedDatabaseError, FolderError
from copytrade_gui.storage.upkeep.backup import Backups, stamp


class Repair:
    """Works on the database file of a folder while nobody has it open."""

    def __init__(
        self, folder: DataFolder, backups: Backups, wall_ns: Callable[[], int], files: Files
    ) -> None:
        self._folder = folder
        self._path = folder.database
        self._backups = backups
        self._wall_ns = wall_ns
        self._files = files

    def make_empty(self) -> None:
        """Make the file, owner-only: SQLite gives its log files the rights of the database file.

        Raises:
            FolderError: it cannot be made.
        """
        try:
            self._files.open_private(self._path).close()
        except OSError as error:
            raise cannot_be_written(self._path, error) from error

    def replace_damaged(self, problem: str, *, exists: bool) -> str:
        """Set the file aside and put the newest sound copy in place; says so in a sentence.

        Raises:
            DamagedDatabaseError: that cannot be done.
        """
        copy = self._backups.newest_sound()
        try:
            aside = (
                set_aside(self._path, self._folder.damaged / stamp(self._wall_ns()), self._files)
                if exists
                else None
            )
            if copy is None:
                self.make_empty()
            else:
                self._restore(copy)
        except (OSError, sqlite3.Error) as error:
            raise DamagedDatabaseError(
                f"Database {self._path} is damaged ({problem}) and cannot be replaced ({error}). "
                "Free some disk space or repair the disk, then start again."
            ) from error
        kept = f", the damaged one is kept in {aside}" if aside is not None else ""
        found = "is missing" if aside is None else f"was damaged ({problem})"
        done = (
            f"the copy of {copy.name} was restored"
            if copy is not None
            else "no sound copy was found, so an empty one was made"
        )
        return (
            f"Database {self._path} {found}: {done}{kept}. "
            "Check every account against the broker before you resume."
        )

    def _restore(self, copy: Path) -> None:
        for ending in ("-wal", "-shm"):
            self._path.with_name(self._path.name + ending).unlink(missing_ok=True)
        self._files.replace(self._path, copy.read_bytes())


def set_aside(path: Path, folder: Path, files: Files) -> Path:
    """Move a database file with its log files into ``folder``, which it returns. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for ending in ("", "-wal", "-shm"):
        part = path.with_name(path.name + ending)
        if part.exists():
            files.move(part, folder / part.name)
    return folder


def cannot_be_written(path: Path, error: Exception) -> FolderError:
    """The refusal of a database file that cannot be opened for writing."""
    original = error.orig if isinstance(error, DBAPIError) else error
    return FolderError(
        f"Database {path} cannot be opened for writing ({original}). Give your user write "
        "access to it, or choose another folder with --data-dir."
    )
