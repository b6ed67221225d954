"""One console per data folder: an operating-system lock that dies with the process."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from copytrade_gui.storage.files.files import Files
from copytrade_gui.storage.files.problems import FolderError, SecondInstanceError

_LOCKED_BYTE = 4096
"""Windows locks bytes against reading too, so the locked byte lies behind the process id."""
_TAKEN = frozenset({errno.EACCES, errno.EAGAIN, errno.EDEADLK})

if sys.platform == "win32":
    import msvcrt

    def _lock(file: BinaryIO) -> None:
        file.seek(_LOCKED_BYTE)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(file: BinaryIO) -> None:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)


class InstanceLock:
    """Holds ``instance.lock`` from construction until ``release``.

    Raises:
        SecondInstanceError: another process holds it.
        FolderError: the file cannot be made or locked.
    """

    def __init__(self, path: Path, files: Files | None = None) -> None:
        files = files or Files()
        try:
            self._file: BinaryIO | None = files.open_private(path)
        except OSError as error:
            raise FolderError(
                f"Data folder {path.parent} cannot be written ({error.strerror}). "
                "Choose another with --data-dir, or give your user write access."
            ) from error
        try:
            _lock(self._file)
        except OSError as error:
            pid = _pid_in(self._file)
            self._file.close()
            if error.errno not in _TAKEN:
                raise FolderError(
                    f"Data folder {path.parent} cannot be locked ({error.strerror}). "
                    "Choose a folder on a local disk with --data-dir."
                ) from error
            raise SecondInstanceError(
                f"Another console (process {pid or 'unknown'}) already uses data folder "
                f"{path.parent}. Use its window, or start with another --profile.",
                pid,
                path.parent,
            ) from error
        self._file.truncate(0)
        files.write_at(self._file, 0, f"{os.getpid()}\n".encode())

    def release(self) -> None:
        """Let the next console in. The file stays: removing it would race with a start."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


def _pid_in(file: BinaryIO) -> int:
    try:
        file.seek(0)
        text = file.read(32).split(b"\n")[0]
        return int(text) if text.isdigit() else 0
    except OSError:
        return 0
