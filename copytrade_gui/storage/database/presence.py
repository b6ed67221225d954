"""Whether the open database is still the file in the folder.

On Linux and macOS a file that is open can be deleted, moved or replaced. SQLite goes on writing to
the one it has, and all of it is gone when it is closed.
"""

from __future__ import annotations

from pathlib import Path


class Presence:
    """Looks at files and their logs by device and file number; made when all are open."""

    def __init__(self, *files: Path) -> None:
        self._folder = files[0].parent
        self._parts = [
            part for file in files for part in (file, file.with_name(file.name + "-wal"))
        ]
        self._known: dict[Path, tuple[int, int]] = {}

    def problem(self) -> str | None:
        """One sentence if what is written would be lost, None while all is well; about 10 us."""
        for part in self._parts:
            known, now = self._known.get(part), _identity(part)
            if known is None and now is not None:
                self._known[part] = now
            elif known != now:
                what = "deleted or moved" if now is None else "replaced by another file"
                return (
                    f"{part.name} was {what} while the console uses it, so nothing new is sent. "
                    f"Quit the console; what it recorded is copied to the backups in "
                    f"{self._folder} and restored at the next start."
                )
        return None


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
