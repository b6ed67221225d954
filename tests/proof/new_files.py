"""New databases of a test's process: made once by the program's own upgrade, then copied.

Alembic takes 60 ms of processor time for each, most of what a simulated console costs. What the
upgrade does is tested on files of their own, and by every console that is opened without this.
"""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path
from typing import BinaryIO

from copytrade_gui.storage.database.database import truncate_log
from copytrade_gui.storage.database.engines import Connecting, inline_engine
from copytrade_gui.storage.database.upgrade import upgrade
from copytrade_gui.storage.files.files import Files
from copytrade_gui.storage.files.folder import DataFolder


class NewFiles(Files):
    """A database that is made has the tables of today's schema already, and nothing in them."""

    def open_private(self, path: Path) -> BinaryIO:
        """As the program's own; a database that was not there gets its tables."""
        new = path.name == DataFolder(path.parent).database.name and not path.exists()
        file = super().open_private(path)
        if new:
            self.write_at(file, 0, _upgraded())
        return file


@cache
def _upgraded() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = DataFolder(Path(folder)).database
        engine = inline_engine(path, Connecting())
        with engine.connect() as connection:
            with connection.begin():
                upgrade(connection)
            truncate_log(connection)
        engine.dispose()
        return path.read_bytes()
