"""The calendar in force: read at the start, and again while the program runs."""

from __future__ import annotations

import asyncio
import logging

from copytrade_gui.domain.events import Severity
from copytrade_gui.engine.engine import Engine
from copytrade_gui.storage.files.calendar_file import CalendarFile, CalendarFileError

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 30.0


async def put_calendar(engine: Engine, file: CalendarFile) -> None:
    """Put a changed calendar in force; a file that cannot be used changes nothing."""
    try:
        read = await asyncio.to_thread(file.read_if_changed)
    except CalendarFileError as error:
        engine.book.alarm(
            "calendar", f"{error} The calendar stays as it was.", severity=Severity.WARNING
        )
        return
    if read is not None:
        engine.hours.calendar = read
        log.info(
            "calendar holidays=%d special_sessions=%d listed_until=%s",
            len(read.holidays), len(read.specials), read.listed_until,
        )  # fmt: skip


async def keep_calendar(engine: Engine, file: CalendarFile) -> None:
    """Read the calendar again when its file changes; tell once a day when its list ends soon.

    A simulated market keeps no holidays, so nothing is told there. Runs until cancelled.
    """
    told = None
    while True:
        hours = engine.hours
        day = hours.now.date()
        sentence = hours.calendar.outdated(day) if engine.settings.keeps_sessions else ""
        if sentence and told != (day, sentence):
            told = (day, sentence)
            engine.book.alarm("calendar", sentence, severity=Severity.WARNING)
        await asyncio.sleep(_LOOK_EVERY_S)
        await put_calendar(engine, file)
