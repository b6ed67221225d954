"""charges.toml: shipped rates for every segment, the user's before them; a bad file is told."""

from __future__ import annotations

import os
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from copytrade_gui.domain.charges import Segment, charges
from copytrade_gui.domain.instrument import Exchange
from copytrade_gui.domain.order import Side
from copytrade_gui.storage.files.charges_file import TEMPLATE, ChargesFile
from copytrade_gui.storage.files.edited_file import EditedFileError

ROW = "[[rates]]\nsegment = 'options'\nsince = 2026-12-01\n"


def test_every_segment_has_rates_each_with_its_source(tmp_path: Path) -> None:
    file = ChargesFile(tmp_path / "charges.toml")
    table = file.read_if_changed()
    assert table is not None
    for segment in Segment:
        rates = table.of(segment, date(2026, 11, 30))
        assert rates is not None
        assert rates.source
    assert all("to be checked" in row.source or "as before" in row.source for row in table.rows)
    options = table.of(Segment.OPTIONS, date(2026, 11, 30))
    assert options is not None
    # 75 units of an option sold at 100: STT 11.25, exchange 2.63 and fund 0.04
    sold = charges(options, Exchange.NSEFO, Side.SELL, Decimal(7_500))
    assert (sold.tax, sold.exchange, sold.brokerage) == (1_125, 266, 2_000)
    os.utime(tmp_path / "charges.toml", (1, 1))
    assert file.read_if_changed() == file.shipped, "the example adds nothing"


def test_a_users_row_goes_before_the_shipped_one_and_the_example_is_one(tmp_path: Path) -> None:
    path = tmp_path / "charges.toml"
    file = ChargesFile(path)
    example = TEMPLATE.partition("figures:\n")[2].replace("\n#", "\n").removeprefix("#")
    path.write_text("\n".join(line for line in example.splitlines() if "..._options" not in line))
    table = file.read_if_changed()
    assert table is not None
    assert table.checked == date(2026, 12, 1)
    options = table.of(Segment.OPTIONS, date(2026, 11, 30))
    assert options is not None
    assert (options.source, options.brokerage) == ("contract note of 1 Dec 2026", Decimal("0.03"))
    assert len(table.rows) == len(file.shipped.rows)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("[[rates]", "not in the form of TOML"),
        ("rate = 3", "'rate' is not known"),
        ("checked = 3", "checked is no date"),
        ("rates = 3", "rates are no list"),
        ("[[rates]]\nsince = 2026-12-01", "segment is missing or not known"),
        ("[[rates]]\nsegment = 'options'", "since is missing or no date"),
        (ROW + "gts = 18", "'gts' is not known"),
        (ROW + "gst = '18'", "gst is no number from 0 to 100"),
        (ROW + "gst = true", "gst is no number"),
        (ROW + "gst = nan", "gst is no number"),
        (ROW + "gst = -1", "gst is no number"),
        (ROW + "gst = 1e999999", "gst is no number"),
        (ROW + "brokerage_most = 100001", "from 0 to 100000"),
        (ROW + "exchange = 3", "exchange is no table"),
        (ROW + "exchange = { NSE = 1 }", "exchange is no table"),
        (ROW + "exchange = { NSEFO = 'x' }", "exchange of NSEFO is no number"),
        (ROW + "source = 3", "source is no line"),
        (ROW + ROW, "options of 2026-12-01 stands there twice"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_sentence(
    tmp_path: Path, written: str, said: str
) -> None:
    path = tmp_path / "charges.toml"
    path.write_text(written)
    with pytest.raises(EditedFileError, match=said):
        ChargesFile(path).read_if_changed()
