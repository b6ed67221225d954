"""Every follower's sheet of a day, written as files, one follower after the other."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path

from copytrade_gui.domain.calendar import ist
from copytrade_gui.domain.charges import ChargeTable
from copytrade_gui.domain.day import SheetStep
from copytrade_gui.domain.day_field import day_problem
from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.instrument import InstrumentKey, Quote
from copytrade_gui.ports import KEEP_DAY_VERB, AccountBook, Clock, History, Journal, SealBook
from copytrade_gui.services.acting import acting
from copytrade_gui.services.day_file import SHEETS, TRAIL, Kept, SheetOf, manifest, write
from copytrade_gui.services.day_sheet import Beside, Sheet, sheets_of
from copytrade_gui.services.refusing import refusals_logged
from copytrade_gui.services.sheet_files import Kind, Printer, file_stem, write_page
from copytrade_gui.services.sheet_page import page_of
from copytrade_gui.services.verbs import RefusedError

_FOLDER = 0o700


class DaySheets:
    """Implements ``SheetVerbs`` on what is stored.

    ``rates`` are those in force, ``quotes`` the newest price of an instrument,
    ``tell`` takes the steps, ``paper`` marks every sheet.
    """

    def __init__(
        self,
        history: History,
        journal: Journal,
        seals: SealBook,
        accounts: AccountBook,
        clock: Clock,
        *,
        rates: Callable[[], ChargeTable],
        paper: bool,
        quotes: Callable[[InstrumentKey], Quote | None] = lambda _key: None,
        tell: Callable[[SheetStep], None] = lambda _step: None,
    ) -> None:
        self._history = history
        self._journal = journal
        self._seals = seals
        self._accounts = accounts
        self._clock = clock
        self._rates = rates
        self._paper = paper
        self._quotes = quotes
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
        async with self._alone():
            day = self._day(day)
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
            await self._write_all(named(sheets), folder, kinds, pdf)
        return len(sheets)

    @refusals_logged
    async def keep(self, path: Path, pdf: Printer | None, day: date | None = None) -> Kept:
        """Write a day (today) as one file to keep: every sheet, the trail, and their hashes."""
        if path.suffix.lower() != ".zip":
            raise RefusedError(f"File {path.name} must end in .zip.", field="file")
        async with self._alone():
            day = self._day(day)
            kinds = [kind for kind in Kind if pdf is not None or kind is not Kind.PDF]
            sheets = named(await self.of(day))
            seal = await self._seals.newest(day)
            with tempfile.TemporaryDirectory(prefix="copytrade-day-") as scratch:
                folder = Path(scratch)
                try:
                    await asyncio.to_thread(path.parent.mkdir, _FOLDER, parents=True, exist_ok=True)
                    await asyncio.to_thread((folder / SHEETS).mkdir, _FOLDER)
                    await self._write_all(sheets, folder / SHEETS, kinds, pdf)
                    trail = await self._history.export_day(folder / TRAIL, day)
                    whole = await asyncio.to_thread(
                        manifest, str(day), ist(self._clock.wall_ns()).isoformat(), folder,
                        paper=self._paper, trail=trail, seal=seal,
                        sheets=[_whose(stem, sheet) for stem, sheet in sheets],
                    )  # fmt: skip
                    digest = await asyncio.to_thread(write, path, folder, whole)
                except OSError as error:
                    raise RefusedError(
                        f"File {path} cannot be written: {error}. Choose another one.",
                        field="file",
                    ) from error
            kept = Kept(path, len(sheets), trail.events, seal is not None, digest)
            await self._record(day, kept)
        return kept

    def _day(self, asked: date | None) -> date:
        day = asked or ist(self._clock.wall_ns()).date()
        if problem := day_problem(day):
            raise RefusedError(problem, field="day")
        return day

    async def _record(self, day: date, kept: Kept) -> None:
        """What was given away can be recognised by the trail of the days after."""
        now = self._clock.wall_ns()
        command, told = CommandId(f"{KEEP_DAY_VERB}:{day}:{now}"), f"SHA-256 {kept.sha256}"
        await self._journal.commit_command(
            command, acting(), KEEP_DAY_VERB, f"{day} {kept.path.name}", told, now
        )

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        if self._one.locked():
            raise RefusedError("Sheets are being written already. Wait until they are there.")
        async with self._one:
            self._tell(SheetStep(0, 0))
            await self._journal.flush()
            yield

    async def _write_all(
        self,
        sheets: Sequence[tuple[str, Sheet]],
        folder: Path,
        kinds: Sequence[Kind],
        pdf: Printer | None,
    ) -> None:
        for number, (stem, sheet) in enumerate(sheets):
            self._tell(SheetStep(number, len(sheets)))
            page = page_of(sheet, paper=self._paper)
            await asyncio.to_thread(write_page, page, folder, stem, kinds, pdf)
        self._tell(SheetStep(len(sheets), len(sheets)))

    async def of(self, day: date) -> tuple[Sheet, ...]:
        """The sheets of a day. What is open has a price on the day itself alone."""
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


def _whose(stem: str, sheet: Sheet) -> SheetOf:
    account = sheet.account
    return SheetOf(
        account.account_id, account.client_id, account.name, f"{SHEETS}/{stem}.{Kind.CSV}"
    )


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
