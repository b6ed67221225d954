"""While the program runs: a file that cannot be used is told, and ends nobody else's reading."""

from __future__ import annotations

import asyncio
from pathlib import Path

from copytrade_gui.app.market_files import MarketFile, Rates, keep_files, market_files
from copytrade_gui.domain.ban import BanList
from copytrade_gui.domain.instrument import Exchange
from copytrade_gui.storage.files.ban_file import BanFile
from copytrade_gui.storage.files.folder import open_folder
from tests.engine.test_exit_rules import told
from tests.proof.rig import Console, world
from tests.services.rig import InPlace


def test_a_file_that_cannot_be_used_stops_no_other_and_is_read_once_it_is_mended(
    tmp_path: Path,
) -> None:
    async def script(console: Console) -> None:
        engine, folder = console.engine, open_folder(tmp_path, "default")
        taken: list[BanList] = []

        def put(bans: BanList) -> None:
            taken.append(bans)
            if bans.checked is not None:
                raise LookupError("nobody foresaw this")

        files = (MarketFile("ban_list", BanFile(folder.ban), put),
                 *market_files(folder, engine, Rates()))  # fmt: skip
        freeze, bans = told(console, "freeze"), told(console, "ban_list")
        folder.ban.write_text("checked = 2026-12-01\nNSEFO = []\n")
        folder.freeze.write_text("[NSEFO]\nNIFTY = 1e99999999999999999999\n")
        asyncio.get_running_loop().set_default_executor(InPlace())
        kept = asyncio.create_task(keep_files(files, engine))
        await console.world.clock.sleep(31)
        (endless,), (unforeseen,) = freeze, bans
        assert ", line 2: a number is longer than can be read. Write it with fewer" in endless
        assert "cannot be used (nobody foresaw this). What held before still holds." in unforeseen
        folder.freeze.write_text("[NSEFO]\nNIFTY = 1234\n")
        await console.world.clock.sleep(31)
        assert not kept.done()
        kept.cancel()
        assert engine.clearing.freeze.units[Exchange.NSEFO, "NIFTY"] == 1_234

    with world(1) as made:
        made.live(script)
