"""The choice between paper and live, and the duties that were read, of one live profile."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from copytrade_gui.app.live_checklist import live_checklist
from copytrade_gui.app.opening import mode_file
from copytrade_gui.domain.mode import Mode
from copytrade_gui.services.modes import LiveCheck, lacking
from copytrade_gui.services.refusing import refusals_logged
from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.storage.files.folder import PAPER_PROFILE, DataFolder, open_folder, profile_root
from copytrade_gui.storage.files.mode_file import DutiesFile
from copytrade_gui.storage.files.problems import StorageError

log = logging.getLogger(__name__)


def modes_of(data_dir: Path | None, profile: str) -> Modes | None:
    """The choice of a live profile; the profile of paper has none."""
    return None if profile == PAPER_PROFILE else Modes(data_dir, profile)


class Modes:
    """Implements ``services.modes.ModeVerbs``; files are read and written in a thread."""

    def __init__(self, data_dir: Path | None, profile: str) -> None:
        self._data_dir = data_dir
        self._profile = profile

    async def chosen(self) -> Mode:
        """What the bare command opens."""
        try:
            return await asyncio.to_thread(mode_file(self._data_dir, self._profile).read) or (
                Mode.PAPER
            )
        except StorageError as problem:
            log.warning("%s", problem)
            return Mode.PAPER

    async def checklist(self) -> tuple[LiveCheck, ...]:
        """How the live profile stands now."""
        return await asyncio.to_thread(live_checklist, self._data_dir, self._profile)

    @refusals_logged
    async def choose(self, mode: Mode) -> None:
        """Store it, if nothing is lacking for live."""
        if mode is Mode.LIVE and (missing := lacking(await self.checklist())):
            first = missing[0]
            raise RefusedError(f"Live is not stored. {first.name}: {first.sentence}")
        await self._store(lambda: mode_file(self._data_dir, self._profile).write(mode))
        log.info("the next starts open %s", mode)

    async def duties_read(self) -> str:
        """The day of the state that was confirmed; what cannot be read was not."""
        return await asyncio.to_thread(self._duties().read)

    @refusals_logged
    async def confirm_duties(self, checked: str) -> None:
        """Store it."""
        await self._store(lambda: self._duties().write(checked))
        log.info("the duties as of %s were read and confirmed", checked)

    def _duties(self) -> DutiesFile:
        return DutiesFile(DataFolder(profile_root(self._data_dir, self._profile)).duties)

    async def _store(self, write: Callable[[], None]) -> None:
        def work() -> None:
            open_folder(self._data_dir, self._profile)
            write()

        try:
            await asyncio.to_thread(work)
        except StorageError as problem:
            raise RefusedError(str(problem)) from problem
