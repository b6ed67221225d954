"""The folder of copies: hourly in market hours and at day end, checked, fourteen kept."""

from __future__ import annotations

import logging
import re
from datetime import UTC, datetime
from pathlib import Path

from copytrade_gui.storage.database.copies import copy_checked, problem_with
from copytrade_gui.storage.database.database import Database
from copytrade_gui.storage.database.engines import SqliteFailedError
from copytrade_gui.storage.files.files import PRIVATE_FOLDER, Files
from copytrade_gui.storage.order_log.order_log import OrderLog

log = logging.getLogger(__name__)

KEPT = 14
HOUR_NS = 3_600_000_000_000
_DATABASE, _ORDER_LOG = "copytrade-", "order-log-"
_NAME = re.compile(_DATABASE + r"\d{8}-\d{6}-\d{6}(-[a-z0-9-]+)?\.db")


def stamp(wall_ns: int) -> str:
    """UTC time as part of a file name; names sort by age."""
    moment = datetime.fromtimestamp(wall_ns // 1_000_000_000, UTC)
    return f"{moment:%Y%m%d-%H%M%S}-{wall_ns % 1_000_000_000 // 1_000:06d}"


class Backups:
    """Makes, lists and prunes copies of database and order log. The ``keep`` newest stay.

    The order log is copied first: what its copy lacks, the database's copy may have, and not the
    other way round.
    """

    def __init__(self, folder: Path, files: Files | None = None, keep: int = KEPT) -> None:
        self._folder = folder
        self._files = files or Files()
        self._keep = keep
        self._last_hour = -1

    def newest_first(self) -> list[Path]:
        """Every finished copy."""
        if not self._folder.is_dir():
            return []
        found = [path for path in self._folder.iterdir() if _NAME.fullmatch(path.name)]
        return sorted(found, key=lambda path: path.name, reverse=True)

    def newest_sound(self) -> Path | None:
        """The newest copy that passes its check."""
        return next((path for path in self.newest_first() if problem_with(path) is None), None)

    async def make(
        self, database: Database, order_log: OrderLog, wall_ns: int, why: str = ""
    ) -> Path | None:
        """Copy both live files now; the database's copy, or None and one log line."""
        try:
            target = self._target(wall_ns, why)
            await order_log.back_up(_beside(target), self._files)
            await database.back_up(target, self._files)
        except (OSError, SqliteFailedError) as error:
            log.warning("no backup was made: %s", error)
            return None
        self._prune()
        return target

    async def rescue(self, database: Database, wall_ns: int) -> Path | None:
        """Copy a database whose file is gone, through its open connection; None if that failed."""
        try:
            target = self._target(wall_ns, "rescued")
            await database.rescue(target, self._files)
        except (OSError, SqliteFailedError) as error:
            log.warning("what was recorded could not be copied: %s", error)
            return None
        log.warning("what was recorded is kept as %s", target)
        self._prune()
        return target

    async def hourly(self, database: Database, order_log: OrderLog, wall_ns: int) -> Path | None:
        """Make a copy if none was made in this clock hour; for a caller who asks every minute."""
        hour = wall_ns // HOUR_NS
        if hour == self._last_hour:
            return None
        self._last_hour = hour
        return await self.make(database, order_log, wall_ns)

    def make_closed(self, path: Path, wall_ns: int, why: str) -> Path:
        """Copy a database nobody has open. Raises OSError, sqlite3.Error."""
        target = self._target(wall_ns, why)
        copy_checked(path, target, self._files)
        self._prune()
        return target

    def _target(self, wall_ns: int, why: str) -> Path:
        self._folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
        return self._folder / f"{_DATABASE}{stamp(wall_ns)}{'-' + why if why else ''}.db"

    def _prune(self) -> None:
        for old in self.newest_first()[self._keep :]:
            try:
                self._files.remove(old)
                self._files.remove(_beside(old))
            except OSError as error:
                log.warning("an old backup stays: %s", error)


def _beside(copy: Path) -> Path:
    """The order log's copy that was made with this one of the database."""
    return copy.with_name(_ORDER_LOG + copy.name.removeprefix(_DATABASE))
