"""A file that a person chose to have written: nothing but a file of the owner's is ever touched."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PRIVATE = 0o600
_BINARY = getattr(os, "O_BINARY", 0)  # Windows translates line ends without it


def file_behind(path: Path) -> Path:
    """The file that a path stands for, behind every link; it need not be there.

    Raises OSError: what stands there is a folder, a device, a pipe, or a link to itself.
    """
    try:
        place = path.resolve()
        kind = place.stat().st_mode if place.exists() else stat.S_IFREG
    except (RuntimeError, ValueError) as error:  # a link to itself; a path with a zero byte
        raise OSError("it leads to no file") from error
    if not stat.S_ISREG(kind):
        raise OSError("it is not a file")
    return place


def private_file(path: Path) -> None:
    """Make or empty a file that only its owner may read. Raises OSError."""
    handle = os.open(file_behind(path), os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _BINARY, _PRIVATE)
    try:
        if os.name != "nt":
            os.fchmod(handle, _PRIVATE)
    finally:
        os.close(handle)


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A private file beside ``path`` that takes its place at the end, whole; else what was there
    stays. Raises OSError.
    """
    place = file_behind(path)
    fresh = place.with_name(f".{place.name}.part")
    try:
        private_file(fresh)
        yield fresh
        with fresh.open("rb+") as file:
            os.fsync(file.fileno())
        fresh.replace(place)
    except BaseException:
        with contextlib.suppress(OSError):
            fresh.unlink()
        raise
