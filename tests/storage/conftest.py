from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from copytrade_gui.storage.files.folder import DataFolder, open_folder
from copytrade_gui.storage.store import Seams, Store, open_store
from tests.storage.samples import HandClock

SMALL = Seams(reserve_bytes=64 * 1024)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return open_folder(tmp_path / "data", "paper")


@pytest.fixture(params=["inline", "aiosqlite"])
async def store(
    request: pytest.FixtureRequest, folder: DataFolder, clock: HandClock
) -> AsyncIterator[Store]:
    """An open store, in both of its forms."""
    inline = request.param == "inline"
    async with open_store(folder, clock, inline=inline, seams=SMALL) as opened:
        yield opened
