"""The files a user edits while the program runs: calendar, freeze quantities, bans, charges.

Each is read at the start and again when it changes; one that cannot be used changes nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, Generic, Protocol, TypeVar

from copytrade_gui.domain.ban import BanList
from copytrade_gui.domain.calendar import Calendar
from copytrade_gui.domain.charges import ChargeTable
from copytrade_gui.domain.events import Severity
from copytrade_gui.domain.freeze import FreezeTable
from copytrade_gui.domain.typed import cut
from copytrade_gui.engine.engine import Engine
from copytrade_gui.storage.files.ban_file import BanFile
from copytrade_gui.storage.files.calendar_file import CalendarFile
from copytrade_gui.storage.files.charges_file import ChargesFile
from copytrade_gui.storage.files.edited_file import EditedFile, EditedFileError
from copytrade_gui.storage.files.folder import DataFolder
from copytrade_gui.storage.files.freeze_file import FreezeFile

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 30.0


class _Dated(Protocol):
    def outdated(self, day: date) -> str: ...


Content = TypeVar("Content", bound=_Dated)


class MarketFile(Generic[Content]):
    """One file and what it puts in force. ``code`` names its alarms."""

    def __init__(
        self, code: str, file: EditedFile[Content], put: Callable[[Content], None]
    ) -> None:
        self.code = code
        self._file = file
        self._put = put
        self.content = file.shipped
        put(self.content)

    async def look(self, engine: Engine) -> None:
        """Put changed content in force; a file that cannot be used changes nothing."""
        try:
            read = await asyncio.to_thread(self._file.read_if_changed)
            if read is None:
                return
            self._put(read)
        except EditedFileError as error:
            self._tell(engine, str(error))
        except Exception as error:  # nobody foresaw it, and the other files are still read
            log.exception("%s cannot be read", self.code)
            self._tell(engine, f"{self._file.path} cannot be used ({cut(str(error), 80)}).")
        else:
            self.content = read
            log.info("%s read", self.code)

    def _tell(self, engine: Engine, why: str) -> None:
        engine.book.alarm(
            self.code, f"{why} What held before still holds.", severity=Severity.WARNING
        )


class Rates:
    """The rates of charges in force."""

    table = ChargeTable()

    def put(self, table: ChargeTable) -> None:
        """Go by these from now on."""
        self.table = table


def market_files(folder: DataFolder, engine: Engine, rates: Rates) -> tuple[MarketFile[Any], ...]:
    """The files of a data folder; until they are looked at, what the program ships is in force."""

    def put_calendar(calendar: Calendar) -> None:
        engine.hours.calendar = calendar

    def put_freeze(table: FreezeTable) -> None:
        engine.clearing.freeze = table

    def put_ban(bans: BanList) -> None:
        engine.exits.bans = bans

    def put_charges(table: ChargeTable) -> None:
        rates.put(table)
        engine.put_charges(table)

    return (
        MarketFile("calendar", CalendarFile(folder.calendar), put_calendar),
        MarketFile("freeze", FreezeFile(folder.freeze), put_freeze),
        MarketFile("ban_list", BanFile(folder.ban), put_ban),
        MarketFile("charges", ChargesFile(folder.charges), put_charges),
    )


async def look_at(files: Sequence[MarketFile[Any]], engine: Engine) -> None:
    """Put in force what changed in any of them."""
    for file in files:
        await file.look(engine)


async def keep_files(files: Sequence[MarketFile[Any]], engine: Engine) -> None:
    """Read them again when they change; tell once a day what has grown old.

    A simulated market follows none of them, so nothing is told there. Runs until cancelled.
    """
    told: dict[str, tuple[date, str]] = {}
    while True:
        if engine.settings.keeps_sessions:
            day = engine.hours.now.date()
            for file in files:
                said = (day, file.content.outdated(day))
                if said[1] and told.get(file.code) != said:
                    told[file.code] = said
                    engine.book.alarm(file.code, said[1], severity=Severity.WARNING)
        await asyncio.sleep(_LOOK_EVERY_S)
        await look_at(files, engine)
