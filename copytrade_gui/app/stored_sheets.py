"""The sheets of a day from a data folder in which no console runs; the broker is not asked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path

from copytrade_gui.app.logs import log_to
from copytrade_gui.app.stop_words import command_line
from copytrade_gui.app.system_clock import SystemClock
from copytrade_gui.services.acting import verbs_of
from copytrade_gui.services.day_file import Kept
from copytrade_gui.services.day_sheets import DaySheets
from copytrade_gui.services.sheet_files import Kind, Printer
from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.storage.files.charges_file import ChargesFile
from copytrade_gui.storage.files.edited_file import EditedFileError
from copytrade_gui.storage.files.folder import PAPER_PROFILE, known_folder
from copytrade_gui.storage.store import open_store


@asynccontextmanager
async def _sheets(data_dir: Path | None, profile: str, *, paper: bool) -> AsyncIterator[DaySheets]:
    folder = known_folder(data_dir, PAPER_PROFILE if paper else profile)
    clock = SystemClock()
    async with open_store(folder, clock) as store:
        with log_to(folder):
            file = ChargesFile(folder.charges)
            try:
                rates = file.read_if_changed() or file.shipped
            except EditedFileError as error:
                raise RefusedError(str(error), field="charges") from error
            sheets = DaySheets(
                store.history,
                store.journal,
                store.seals,
                store.accounts,
                clock,
                rates=lambda: rates,
                paper=paper,
            )
            yield verbs_of(sheets, command_line())


async def write_sheets(
    data_dir: Path | None,
    profile: str,
    folder: Path,
    kinds: Sequence[Kind],
    pdf: Printer | None,
    *,
    day: date | None,
    paper: bool,
) -> int:
    """Write every follower's sheet of a day (today) into ``folder``; returns of how many.

    Raises:
        StorageError: a console holds the data folder, nobody ever started one in it, or it cannot
            be read.
        JournalFailureError: what a console left waiting cannot be stored.
        RefusedError: the day, or a file that cannot be read or written.
    """
    async with _sheets(data_dir, profile, paper=paper) as sheets:
        return await sheets.write(folder, kinds, pdf, day)


async def keep_day(
    data_dir: Path | None,
    profile: str,
    file: Path,
    pdf: Printer | None,
    *,
    day: date | None,
    paper: bool,
) -> Kept:
    """Write a day (today) as one file to keep; raises as ``write_sheets``."""
    async with _sheets(data_dir, profile, paper=paper) as sheets:
        return await sheets.keep(file, pdf, day)
