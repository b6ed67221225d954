"""A file that is nested too deeply is damaged like any other."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from copytrade_gui.app.paper_broker import address_of
from copytrade_gui.services.day_file import unpacked
from copytrade_gui.services.verbs import HistoryRow
from copytrade_gui.storage.files.folder import DataFolder
from copytrade_gui.storage.files.problems import SecretsError
from copytrade_gui.storage.journal.chain import GENESIS, SEALED, ChainCheck, Fact, chained
from copytrade_gui.storage.secrets.passphrase import FilePassphrase
from copytrade_gui.storage.secrets.secrets import VaultSecrets
from copytrade_gui.storage.upkeep.witness import Witness
from copytrade_gui.ui.activity.activity_words import details
from copytrade_gui.ui.window_state import ForgetfulMemory, read_json
from tests.storage.samples import HandClock

DEEP = '{"x":' + "[" * 50_000


@pytest.mark.expected_log("the witness file cannot be read")
async def test_a_file_that_is_nested_too_deeply_is_a_damaged_one(
    folder: DataFolder, tmp_path: Path
) -> None:
    for secret in (folder.vault, folder.window_passphrase):
        secret.write_text(DEEP, encoding="utf-8")
    with pytest.raises(SecretsError, match="Restore it from a copy"):
        VaultSecrets(folder.vault, None, HandClock()).factors()
    with pytest.raises(SecretsError, match="Delete the file"):
        FilePassphrase(folder.window_passphrase, HandClock())
    (tmp_path / "witness").write_text(DEEP, encoding="utf-8")
    assert Witness(tmp_path / "witness").read() is None
    folder.paper_address.mkdir(mode=0o700)
    (folder.paper_address / "address.json").write_text(DEEP, encoding="utf-8")
    assert address_of(folder) is None
    with zipfile.ZipFile(tmp_path / "day.zip", "w") as archive:
        archive.writestr("manifest.json", DEEP)
    assert unpacked(tmp_path / "day.zip", tmp_path)[0] is None
    memory = ForgetfulMemory()
    memory.write("layout", DEEP)
    assert read_json(memory, "layout") == {}


def test_a_record_that_is_nested_too_deeply_is_a_damaged_one() -> None:
    """Nobody but the program writes the trail, and a check is for what somebody else did to it."""
    check = ChainCheck()
    check.walk([chained(Fact(1, 1, None, "me", SEALED, "", "", "", "", DEEP), 1, GENESIS)])
    assert check.problems == ["The seal in event 1 is not of the events before it."]
    row = HistoryRow(1, 1, "me", "OrderChanged", "", "", "Why.", DEEP)
    assert details(row, lambda subject: subject) == "Why."
