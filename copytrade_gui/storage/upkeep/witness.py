"""What we last knew of database and order log: an older or changed file is noticed by it.

The database cannot tell by itself that it was replaced by yesterday's copy. The witness holds how
far it had come; after a clean close also the file's hash.
"""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path

import msgspec

from copytrade_gui.storage.files.files import Files

log = logging.getLogger(__name__)


class Seen(msgspec.Struct, frozen=True):
    """How far the database had come. ``file_hash`` is SHA-256 in hex, empty while it is open.

    ``last_record`` is the number of the newest row of the order log.
    """

    epoch: int
    opened: int
    last_event: int
    last_hash: str
    file_hash: str = ""
    last_record: int = 0


class Witness:
    """The witness file."""

    def __init__(self, path: Path, files: Files | None = None) -> None:
        self._path = path
        self._files = files or Files()

    def read(self) -> Seen | None:
        """What it says; None if it is not there or cannot be read."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=Seen)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError) as error:
            log.warning("the witness file cannot be read: %s", error)
            return None

    def write(self, seen: Seen) -> None:
        """Keep ``seen``; a failure costs only the notice, so it is logged."""
        try:
            self._files.replace(self._path, msgspec.json.encode(seen))
        except OSError as error:
            log.warning("the witness file cannot be written: %s", error)

    def forget(self) -> None:
        """The database it speaks of is gone."""
        self._path.unlink(missing_ok=True)


def hash_of(path: Path) -> str:
    """SHA-256 of a file, about a gigabyte a second."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
