"""Every follower's sheet of a day, written as files, one follower after the other."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import date
from pathlib import Path

from copytrade_gui.domain.calendar import ist
from copytrade_gui.domain.charges import ChargeTable
from copytrade_gui.domain.day import SheetStep
from copytrade_gui.domain.instrument import InstrumentKey, Quote
from copytrade_gui.ports import AccountBook, Clock, History
from copytrade_gui.services.day_sheet import Beside, Sheet, sheets_of
from copytrade_gui.services.refusing import refusals_logged
from copytrade_gui.services.sheet_files import Kind, Printer, file_stem, write_page
from copytrade_gui.services.sheet_page import page_of
from copytrade_gui.services.verbs import RefusedError

_FOLDER = 0o700


async def _nothing_waits() -> None:
    """Whoever has just opened the store has everything in it."""


class DaySheets:
    """Implements ``SheetVerbs`` on what is stored.

    ``rates`` are those in force, ``quotes`` the newest price of an instrument, ``stored`` waits
    until all facts are, ``tell`` takes the steps, ``paper`` marks every sheet.
    """

    def __init__(
        self,
        history: History,
        accounts: AccountBook,
        clock: Clock,
        *,
        rates: Callable[[], ChargeTable],
        paper: bool,
        quotes: Callable[[InstrumentKey], Quote | None] = lambda _key: None,
        stored: Callable[[], Awaitable[None]] = _nothing_waits,
        tell: Callable[[SheetStep], None] = lambda _step: None,
    ) -> None:
        self._history = history
        self._accounts = accounts
        self._clock = clock
        self._rates = rates
        self._paper = paper
        self._quotes = quotes
        self._stored = stored
        self._tell = tell
        self._one = asyncio.Lock()

    @refusals_logged
    async def write(
        self, folder: Path, kinds: Sequence[Kind], pdf: Printer | None, day: date | None = None
    ) -> int:
        """Write every follower's sheet of a day (today); returns of how many followers."""
        if not kinds:
            raise RefusedError("Choose at least one kind of file.", field="kinds")
        if pdf is None and Kind.PDF in kinds:
            raise RefusedError("PDF files need Qt, which does not load here. Leave pdf out.")
        if self._one.locked():
            raise RefusedError("Sheets are being written already. Wait until they are there.")
        async with self._one:
            day = day or ist(self._clock.wall_ns()).date()
            self._tell(SheetStep(0, 0))
            sheets = await self.of(day)
            if not sheets:
                raise RefusedError(
                    f"No follower had an order or a position on {day:%d %b %Y}. Choose another "
                    "day.",
                    field="day",
                )
            try:
                await asyncio.to_thread(folder.mkdir, _FOLDER, parents=True, exist_ok=True)
            except OSError as error:
                raise RefusedError(
                    f"Folder {folder} cannot be made: {error}. Choose another one.",
                    field="folder",
                ) from error
            for number, (stem, sheet) in enumerate(named(sheets)):
                self._tell(SheetStep(number, len(sheets)))
                page = page_of(sheet, paper=self._paper)
                await asyncio.to_thread(write_page, page, folder, stem, kinds, pdf)
            self._tell(SheetStep(len(sheets), len(sheets)))
        return len(sheets)

    async def of(self, day: date) -> tuple[Sheet, ...]:
        """The sheets of a day. What is open has a price on the day itself alone."""
        await self._stored()
        facts = await self._history.day(day)
        accounts = {one.account_id: one for one in await self._accounts.all()}
        quotes: dict[InstrumentKey, Quote] = {}
        if day == ist(self._clock.wall_ns()).date():
            keys = {one.terms.instrument.key for one in facts.orders}
            keys |= {one.key for one in facts.carried}
            found = ((key, self._quotes(key)) for key in keys)
            quotes = {key: quote for key, quote in found if quote is not None}
        beside = Beside(accounts, self._rates(), quotes)
        return await asyncio.to_thread(sheets_of, facts, beside)


def named(sheets: Iterable[Sheet]) -> list[tuple[str, Sheet]]:
    """Each with a name for its files that no other has, ending a file system that ignores case."""
    sheets = list(sheets)
    stems = [f"{one.day}-{file_stem(one.account)}" for one in sheets]
    often = Counter(stem.casefold() for stem in stems)
    numbered: Counter[str] = Counter()
    made = []
    for stem, sheet in zip(stems, sheets, strict=True):
        same = stem.casefold()
        numbered[same] += 1
        made.append((f"{stem}-{numbered[same]}" if often[same] > 1 else stem, sheet))
    return made
