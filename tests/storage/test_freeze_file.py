"""freeze.toml: what the user writes goes before what is shipped; a bad file changes nothing."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest

from copytrade_gui.domain.instrument import Exchange
from copytrade_gui.storage.files.edited_file import EditedFileError
from copytrade_gui.storage.files.freeze_file import FreezeFile


def test_the_users_rows_go_before_the_shipped_ones_while_the_program_runs(tmp_path: Path) -> None:
    path = tmp_path / "freeze.toml"
    file = FreezeFile(path)
    shipped = file.read_if_changed()
    assert shipped == file.shipped
    assert shipped.units[Exchange.NSEFO, "NIFTY"] == 1_800
    assert shipped.outdated(date(2026, 3, 9)), "from the 36th day on"
    assert not shipped.outdated(date(2026, 3, 8))
    assert "yet to come" in shipped.outdated(date(2026, 1, 31)), "a year that was mistyped"
    path.write_text('checked = 2026-12-01\n[NSEFO]\n" nifty" = 1950\n[NSEEQ]\nRELIANCE = 500000\n')
    read = file.read_if_changed()
    assert read is not None
    assert read.checked == date(2026, 12, 1)
    assert read.units[Exchange.NSEFO, "NIFTY"] == 1_950
    assert read.units[Exchange.NSEFO, "BANKNIFTY"] == 600
    assert read.units[Exchange.NSEEQ, "RELIANCE"] == 500_000
    assert file.read_if_changed() is None


def test_the_example_adds_nothing(tmp_path: Path) -> None:
    file = FreezeFile(tmp_path / "freeze.toml")
    file.read_if_changed()
    os.utime(tmp_path / "freeze.toml", (1, 1))
    assert file.read_if_changed() == file.shipped


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (b"[NSEFO", "not in the form of TOML"),
        (b"checked = 'soon'", "checked is no date"),
        (b"checked = 2026-12-01T00:00:00", "checked is no date"),
        (b"[NSE]\nNIFTY = 1", "'NSE' is no segment"),
        (b"NSEFO = 3", "NSEFO is no table"),
        (b"[NSEFO]\nNIFTY = '1800'", "NSEFO, NIFTY is no number of units"),
        (b"[NSEFO]\nNIFTY = 1800.0", "no number of units"),
        (b"[NSEFO]\nNIFTY = true", "no number of units"),
        (b"[NSEFO]\nNIFTY = 0", "no number of units"),
        (b"[NSEFO]\nNIFTY = 50000001", "no number of units"),
        (b"[NSEFO]\n'' = 1", "NSEFO holds what is no symbol"),
        (b"[NSEFO]\n'NIF\xe2\x80\x8bTY' = 1", "NSEFO holds what is no symbol"),
        (b"[NSEFO]\nnifty = 5\nNIFTY = 7", "NSEFO, NIFTY stands there twice"),
        (b"[NSEFO]\n' NIFTY' = 5\nNIFTY = 7", "NSEFO, NIFTY stands there twice"),
        (b"[NSEFO.NIFTY]\nunits = 1", "no number of units"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_sentence(
    tmp_path: Path, written: bytes, said: str
) -> None:
    path = tmp_path / "freeze.toml"
    path.write_bytes(written)
    file = FreezeFile(path)
    with pytest.raises(EditedFileError, match=said):
        file.read_if_changed()
    assert file.read_if_changed() is None, "told once for each change"
