"""Space held back for the moment the disk is full."""

from __future__ import annotations

import contextlib
import logging
from pathlib import Path

from copytrade_gui.storage.files.files import Files
from copytrade_gui.storage.files.folder import LEAST_FREE_BYTES, RESERVE_BYTES

log = logging.getLogger(__name__)
_CHUNK = bytes(1024 * 1024)


class Reserve:
    """The 64 MiB reserve file. Really written, not sparse, or it would hold nothing back."""

    def __init__(self, path: Path, files: Files | None = None, size: int = RESERVE_BYTES) -> None:
        self._path = path
        self._files = files or Files()
        self._size = size

    @property
    def whole(self) -> bool:
        """True while the full reserve is held."""
        try:
            return self._path.stat().st_size >= self._size
        except OSError:
            return False

    def fill(self) -> bool:
        """Make the reserve if it is missing; False if the disk has no room for it."""
        if self.whole:
            return True
        try:
            if self._files.free_bytes(self._path.parent) < self._size + LEAST_FREE_BYTES:
                return False
            with self._files.open_private(self._path) as file:
                for offset in range(0, self._size, len(_CHUNK)):
                    self._files.write_at(file, offset, _CHUNK[: self._size - offset])
                self._files.sync(file)
        except OSError as error:
            log.warning("the reserve file cannot be written: %s", error)
            self.drop()
            return False
        return True

    def drop(self) -> None:
        """Give the space back, so that the records of what was sent still fit."""
        with contextlib.suppress(OSError):
            self._files.remove(self._path)


def room_problem(folder: Path, files: Files | None = None) -> str | None:
    """One sentence if the disk is nearly full, None if there is room."""
    free = (files or Files()).free_bytes(folder)
    if free >= LEAST_FREE_BYTES:
        return None
    return (
        f"Only {free // (1024 * 1024)} MiB are free where data folder {folder} lies. "
        f"Free at least {LEAST_FREE_BYTES // (1024 * 1024)} MiB before trading."
    )
