"""Save a small file off the loop, many requests at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path

from copytrade_gui.storage.files.files import Files
from copytrade_gui.storage.files.threads import in_own_thread


class Saver:
    """Writes the newest content of a file; requests that come while it writes share the next write.

    Logging in 500 accounts stores a thousand secrets, and each write waits for the disk.
    """

    def __init__(self, path: Path, content: Callable[[], bytes], files: Files) -> None:
        self._path = path
        self._content = content
        self._files = files
        self._asked = 0
        self._saved = 0
        self._writing = asyncio.Lock()

    async def save(self) -> None:
        """Return when content at least as new as now is on the disk. Raises OSError."""
        self._asked += 1
        mine = self._asked
        async with self._writing:
            if self._saved >= mine:
                return
            covers = self._asked
            data = self._content()
            await in_own_thread(partial(self._files.replace, self._path, data), "save")
            self._saved = covers
