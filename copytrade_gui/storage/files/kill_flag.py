"""The kill as a file beside the database: it works when the database does not."""

from __future__ import annotations

import logging
from pathlib import Path

from copytrade_gui.storage.files.files import Files

log = logging.getLogger(__name__)


class KillFlagFile:
    """``ports.KillFlag`` on one file. Also held in memory, so a full disk cannot undo a kill."""

    def __init__(self, path: Path, files: Files | None = None) -> None:
        self._path = path
        self._files = files or Files()
        self._pressed = False

    def is_set(self) -> bool:
        """True if the file is there, if this run set it, or if the folder cannot be read."""
        if self._pressed:
            return True
        try:
            self._path.stat()
        except FileNotFoundError:
            # Gone because it was never set, or because the whole folder is gone?
            return not self._path.parent.is_dir()
        except OSError:
            return True
        return True

    def set(self, why: str) -> None:
        """Hold the kill now, and write the file.

        Raises:
            OSError: the file cannot be written; the kill holds in this run all the same.
        """
        self._pressed = True
        self._files.replace(self._path, why.encode() + b"\n")

    def clear(self) -> None:
        """Lift the kill. Raises OSError if the file cannot be removed; the kill then holds on."""
        self._files.remove(self._path)
        self._pressed = False

    def why(self) -> str:
        """The reason in the file, empty if there is none or it cannot be read."""
        try:
            return self._path.read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            return ""
