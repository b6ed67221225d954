"""The file operations the data folder needs, owner-only and synced; tests make them fail."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import BinaryIO

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700
_BINARY = getattr(os, "O_BINARY", 0)  # Windows translates line ends without it


class Files:
    """File operations of the data folder. All raise OSError; none leaves a half-written file."""

    def open_private(self, path: Path) -> BinaryIO:
        """Open ``path`` unbuffered for reading and writing, made with owner-only rights if new."""
        handle = os.open(path, os.O_RDWR | os.O_CREAT | _BINARY, PRIVATE_FILE)
        try:
            self._restrict(handle)
            return os.fdopen(handle, "r+b", buffering=0)
        except OSError:
            os.close(handle)
            raise

    def write_at(self, file: BinaryIO, offset: int, data: bytes) -> None:
        """Write all of ``data`` at ``offset``; not yet synced."""
        file.seek(offset)
        rest = memoryview(data)
        while rest:
            rest = rest[file.write(rest) :]

    def sync(self, file: BinaryIO) -> None:
        """Return when everything written is on the disk."""
        os.fsync(file.fileno())

    def replace(self, path: Path, data: bytes) -> None:
        """Put ``data`` at ``path`` whole or not at all: new file, sync, rename, sync the folder."""
        fresh = path.with_name(path.name + ".new")
        with self.open_private(fresh) as file:
            file.truncate(0)
            self.write_at(file, 0, data)
            self.sync(file)
        fresh.replace(path)
        self.sync_folder(path.parent)

    def remove(self, path: Path) -> None:
        """Remove ``path``, silent if it is not there, and sync the folder."""
        path.unlink(missing_ok=True)
        self.sync_folder(path.parent)

    def move(self, source: Path, target: Path) -> None:
        """Rename within one file system."""
        source.replace(target)
        self.sync_folder(target.parent)

    def sync_folder(self, folder: Path) -> None:
        """Make a rename or removal last; Windows has no such call and needs none."""
        if os.name == "nt":
            return
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def free_bytes(self, folder: Path) -> int:
        """Bytes that can still be written where ``folder`` lies."""
        return shutil.disk_usage(folder).free

    @staticmethod
    def _restrict(handle: int) -> None:
        if os.name != "nt":
            os.fchmod(handle, PRIVATE_FILE)
