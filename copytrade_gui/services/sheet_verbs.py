"""The verbs of a day's sheets, as the window and the command line use them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Protocol

from copytrade_gui.services.day_file import Kept
from copytrade_gui.services.sheet_files import Kind, Printer


class SheetVerbs(Protocol):
    """What a day brought each follower, as files."""

    async def write(
        self, folder: Path, kinds: Sequence[Kind], pdf: Printer | None, day: date | None = None
    ) -> int:
        """Write every follower's sheet of a day (today) into a folder that is there or is made;
        returns of how many followers.

        Files of the same names are replaced. News of type ``SheetStep`` tell how far it has come.
        Raises RefusedError.
        """

    async def keep(self, path: Path, pdf: Printer | None, day: date | None = None) -> Kept:
        """Write a day (today) as one .zip to keep: every sheet, the trail, and their hashes.

        It is recorded in the trail. News and refusals as of ``write``.
        """
