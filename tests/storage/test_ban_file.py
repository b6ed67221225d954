"""ban.toml: the list of a day holds on that day; a bad file changes nothing."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from copytrade_gui.domain.ban import BanList
from copytrade_gui.domain.instrument import Exchange, InstrumentKey
from copytrade_gui.storage.files.ban_file import BanFile
from copytrade_gui.storage.files.edited_file import EditedFileError
from tests.domain.test_checks import CALL

TODAY, TOMORROW = date(2026, 12, 1), date(2026, 12, 2)
SAIL = replace(CALL, underlying="SAIL")


def test_the_list_of_a_day_holds_on_that_day_alone(tmp_path: Path) -> None:
    path = tmp_path / "ban.toml"
    file = BanFile(path)
    shipped = file.read_if_changed()
    assert shipped == file.shipped == BanList()
    assert not shipped.outdated(TODAY), "who never wrote one is not told each day"
    path.write_text('checked = 2026-12-01\nNSEFO = [" sail ", "RBLBANK"]\nBSEFO = []\n')
    read = file.read_if_changed()
    assert read is not None
    assert "SAIL is in the ban list of 01 Dec 2026" in read.why_only_exits(SAIL, TODAY)
    assert not read.why_unknown(SAIL, TODAY)
    assert not read.outdated(TODAY)
    assert not read.why_only_exits(SAIL, TOMORROW)
    assert "whether SAIL may be opened" in read.why_unknown(SAIL, TOMORROW)
    assert "01 Dec 2026" in read.outdated(TOMORROW)
    share = replace(SAIL, key=InstrumentKey(Exchange.NSEEQ, "1"))
    for free in (replace(SAIL, underlying="RELIANCE"), share):
        assert not read.why_only_exits(free, TODAY)
    for never in (replace(SAIL, underlying="NIFTY"), share):
        assert not read.why_unknown(never, TOMORROW), "no index and no share is ever in a ban"


def test_the_example_is_of_no_day(tmp_path: Path) -> None:
    file = BanFile(tmp_path / "ban.toml")
    file.read_if_changed()
    os.utime(tmp_path / "ban.toml", (1, 1))
    assert file.read_if_changed() == BanList()


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (b"[NSEFO", "not in the form of TOML"),
        (b"checked = 'soon'", "checked is no date"),
        (b"checked = 2026-12-01T00:00:00", "checked is no date"),
        (b'NSEFO = ["SAIL"]', "checked is missing"),
        (b'checked = 2026-12-01\nNSE = ["SAIL"]', "'NSE' is no segment"),
        (b"checked = 2026-12-01\nNSEFO = 'SAIL'", "NSEFO is no list"),
        (b"checked = 2026-12-01\nNSEFO = [3]", "no symbol"),
        (b"checked = 2026-12-01\nNSEFO = ['']", "no symbol"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_sentence(
    tmp_path: Path, written: bytes, said: str
) -> None:
    path = tmp_path / "ban.toml"
    path.write_bytes(written)
    file = BanFile(path)
    with pytest.raises(EditedFileError, match=said):
        file.read_if_changed()
    assert file.read_if_changed() is None, "told once for each change"
