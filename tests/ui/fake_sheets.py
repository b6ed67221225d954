"""Sheets that are written at once, or when a test lets them be."""

import asyncio
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from copytrade_gui.services.day_file import Kept
from copytrade_gui.services.sheet_files import Kind, Printer
from copytrade_gui.services.verbs import RefusedError


class FakeSheets:
    def __init__(self) -> None:
        self.asked: list[tuple[Path, tuple[Kind, ...], date | None]] = []
        self.kept: list[Path] = []
        self.refuse: RefusedError | None = None
        self.hold: asyncio.Event | None = None

    async def write(
        self, folder: Path, kinds: Sequence[Kind], pdf: Printer | None, day: date | None = None
    ) -> int:
        self.asked.append((folder, tuple(kinds), day))
        if self.hold is not None:
            await self.hold.wait()
        if self.refuse is not None:
            raise self.refuse
        return 24

    async def keep(self, path: Path, pdf: Printer | None, day: date | None = None) -> Kept:
        self.kept.append(path)
        return Kept(path, 24, 1234, sealed=False, sha256="ab" * 32)
