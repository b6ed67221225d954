"""One simulator for each state file, and the file that tells where it is."""

import os
import sys
import time
from pathlib import Path
from typing import BinaryIO

ADDRESS = "address.json"
"""The first line of a simulator that keeps its files in a folder, and its process id."""
_WAIT_S = 2.0
_LOOK_EVERY_S = 0.05
_LOCKED_BYTE = 4096  # behind the process id: Windows locks bytes against reading too

if sys.platform == "win32":
    import msvcrt

    def _lock(file: BinaryIO) -> None:
        file.seek(_LOCKED_BYTE)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(file: BinaryIO) -> None:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)


class InUseError(Exception):
    """Another simulator keeps its day in this file; the text says which process."""


class StateLock:
    """Holds a state file from construction until `release`; it dies with the process.

    One that is just ending is waited for, 2 s at most. Raises InUseError.
    """

    def __init__(self, state: Path) -> None:
        path = state.with_name(state.name + ".lock")
        handle = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
        self._file: BinaryIO = os.fdopen(handle, "r+b", buffering=0)
        until = time.monotonic() + _WAIT_S
        while True:
            try:
                _lock(self._file)
            except OSError as taken:
                if time.monotonic() < until:
                    time.sleep(_LOOK_EVERY_S)
                    continue
                self._file.seek(0)
                number = self._file.read(16).split(b"\n")[0].decode(errors="replace")
                self._file.close()
                raise InUseError(
                    f"state file {state} is in use by another simulator (process {number}); "
                    "end that one, or name another file"
                ) from taken
            break
        self._file.truncate(0)
        self._file.seek(0)
        self._file.write(f"{os.getpid()}\n".encode())

    def release(self) -> None:
        """Let the next one have it. The lock's file stays: removing it would race with a start."""
        self._file.close()


def write_private(path: Path, content: bytes) -> None:
    """Put a file there whole or not at all, with rights 0600."""
    beside = path.with_name(path.name + ".new")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as out:
        out.write(content)
    beside.replace(path)
