"""The emergency journal: where facts go that the database cannot take.

One line per fact: an 8-digit CRC-32, a space, one JSON object, a line end. The file is written full
of zeros beforehand, so that appending needs no new space on a full disk; a line torn by a power cut
fails its check and ends the reading, and nobody was told that it was stored.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from copytrade_gui.storage.files.files import Files

PREALLOCATED_BYTES = 4 * 1024 * 1024
_LINE_HEAD = 9


class EmergencyJournal:
    """Append-only file of facts waiting for the database."""

    def __init__(
        self, path: Path, files: Files | None = None, size: int = PREALLOCATED_BYTES
    ) -> None:
        """Open, or make and pre-allocate, the file. Raises OSError."""
        self._files = files or Files()
        self._size = size
        self._file = self._files.open_private(path)
        try:
            self._end = self._find_end()
            self._allocate()
        except OSError:
            self._file.close()
            raise

    @property
    def empty(self) -> bool:
        """True when nothing waits."""
        return self._end == 0

    def append(self, facts: Iterable[bytes]) -> None:
        """Store facts, each one JSON object without line ends, and sync. Raises OSError."""
        data = b"".join(_line(fact) for fact in facts)
        self._files.write_at(self._file, self._end, data)
        self._files.sync(self._file)
        self._end += len(data)

    def facts(self) -> list[bytes]:
        """Everything that waits, oldest first."""
        self._file.seek(0)
        return [fact for fact, _ in _good_lines(self._file.read())]

    def clear(self) -> None:
        """Forget everything, after the database has it. Raises OSError."""
        self._files.write_at(self._file, 0, bytes(self._end))
        self._files.sync(self._file)
        self._end = 0

    def close(self) -> None:
        """Close the file; what waits stays in it."""
        self._file.close()

    def _find_end(self) -> int:
        self._file.seek(0)
        return max((end for _, end in _good_lines(self._file.read())), default=0)

    def _allocate(self) -> None:
        # From the last good line on: this also wipes a torn line.
        held = self._file.seek(0, 2)
        tail = max(self._size, held) - self._end
        if held >= self._size and not self._dirty_after_end():
            return
        self._files.write_at(self._file, self._end, bytes(tail))
        self._files.sync(self._file)

    def _dirty_after_end(self) -> bool:
        self._file.seek(self._end)
        return any(self._file.read())


def _line(fact: bytes) -> bytes:
    return b"%08x %b\n" % (zlib.crc32(fact), fact)


def _good_lines(data: bytes) -> Iterator[tuple[bytes, int]]:
    start = 0
    while True:
        end = data.find(b"\n", start)
        if end < 0:
            return
        head, fact = data[start : start + _LINE_HEAD], data[start + _LINE_HEAD : end]
        if head != b"%08x " % zlib.crc32(fact):
            return
        start = end + 1
        yield fact, start
