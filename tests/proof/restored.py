"""An old copy put in the place of what was recorded since."""

from __future__ import annotations

import shutil
from pathlib import Path

from copytrade_gui.storage.files.folder import DataFolder


def put_back(copy: Path) -> None:
    """Put a copy of the database, and of the order log made with it, where the newer ones are."""
    folder = DataFolder(copy.parents[1])
    shutil.copy(copy, folder.database)
    beside = copy.with_name(copy.name.replace("copytrade-", "order-log-"))
    shutil.copy(beside, folder.order_log)
