"""calendar.toml: what the user adds is in force within a minute; a bad file changes nothing."""

from __future__ import annotations

from datetime import date, time
from pathlib import Path

import pytest

from copytrade_gui.domain.calendar import Calendar
from copytrade_gui.domain.instrument import Exchange
from copytrade_gui.storage.files.calendar_file import CalendarFile
from copytrade_gui.storage.files.edited_file import EditedFileError


def test_the_program_knows_the_holidays_of_its_year_and_makes_an_example(tmp_path: Path) -> None:
    path = tmp_path / "calendar.toml"
    read = CalendarFile(path).read_if_changed()
    assert read is not None
    diwali = read.holiday(Exchange.NSEEQ, date(2026, 11, 10))
    assert diwali is not None
    assert diwali.opens is None
    evening = read.sessions(Exchange.MCXCOMM, date(2026, 11, 10))
    assert [(one.opens.time(), one.closes.time()) for one in evening] == [(time(17), time(23, 55))]
    again = CalendarFile(path).read_if_changed()
    assert again == read, "the example adds nothing"


def test_a_special_session_is_added_while_the_program_runs(tmp_path: Path) -> None:
    path = tmp_path / "calendar.toml"
    file = CalendarFile(path)
    file.read_if_changed()
    path.write_text(
        'special_sessions = [{ day = 2026-11-08, name = "Muhurat", exchanges = ["NSEEQ"], '
        "opens = 18:00:00, closes = 19:00:00 }]\nlisted_until = 2027-12-31\n"
    )
    read = file.read_if_changed()
    assert read is not None
    (session,) = read.sessions(Exchange.NSEEQ, date(2026, 11, 8))
    assert (session.name, session.closes.time()) == ("Muhurat", time(19))
    assert not read.sessions(Exchange.MCXCOMM, date(2026, 11, 8))
    assert read.outdated(date(2027, 11, 30)) == ""
    assert file.read_if_changed() is None


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (b"", ""),
        (b"\xef\xbb\xbf# a mark of Windows\r\n", ""),
        ("listed_until = 2027-12-31".encode("utf-16"), "Save it as UTF-8"),
        (b"\x00" * 100, "not in the form of TOML"),
        (b"holidays = [", "not in the form of TOML"),
        (b"holiday = []", "'holiday' is not known"),
        (b"holidays = 3", "no list of tables"),
        (b'holidays = [{ day = "2027-01-26", name = "x" }]', "day is missing or no date"),
        (b"holidays = [{ day = 2027-01-26T00:00:00, name = 'x' }]", "day is missing or no date"),
        (b"holidays = [{ day = 2027-01-26 }]", "name is missing"),
        (b"holidays = [{ day = 2027-01-26, name = 'x', where = 1 }]", "'where' is not known"),
        (b"holidays = [{ day = 2027-01-26, name = 'x', exchanges = 'NSE' }]", "exchanges"),
        (b"holidays = [{ day = 2027-01-26, name = 'x', exchanges = [[]] }]", "exchanges"),
        (b"holidays = [{ day = 2027-01-26, name = 'x', opens = 17 }]", "opens is no time"),
        (b"holidays = [{ day = 2027-01-26, name = ' ' }]", "has no letter or digit"),
        (b"holidays = [{ day = 2027-01-26, name = 'x\xe2\x80\xaey' }]", "sign that is not seen"),
        (b"holidays = [{ day = 2027-01-26, name = 'x', opens = 17:00:00, closes = 16:00:00 }]",
         "entry 1: closes is not after opens"),
        (b"special_sessions = [{ day = 2027-01-26, opens = 17:00:00, closes = 17:00:00 }]",
         "closes is not after opens"),
        (b"special_sessions = [{ day = 2027-01-26, name = 'x' }]", "both needed"),
        (b"listed_until = 'soon'", "listed_until is no date"),
        (b"#" * 300_000, "longer than 256 KB"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_one_sentence(
    tmp_path: Path, written: bytes, said: str
) -> None:
    path = tmp_path / "calendar.toml"
    path.write_bytes(written)
    file = CalendarFile(path)
    if not said:
        assert file.read_if_changed() == file.shipped
        return
    with pytest.raises(EditedFileError, match=said):
        file.read_if_changed()
    assert file.read_if_changed() is None, "told once for each change"


def test_a_folder_in_its_place_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "calendar.toml"
    path.mkdir()
    with pytest.raises(EditedFileError, match="cannot be read"):
        CalendarFile(path).read_if_changed()


def test_a_list_that_is_missing_or_ends_within_a_month_is_told() -> None:
    assert "are not known" in Calendar().outdated(date(2026, 6, 1))
    ends = Calendar(listed_until=date(2026, 12, 31))
    assert ends.outdated(date(2026, 12, 1)) == ""
    assert "until 31 Dec 2026 only" in ends.outdated(date(2026, 12, 2))
    assert ends.outdated(date(2027, 1, 5))


@pytest.mark.parametrize(
    ("day", "closes"),
    [
        (date(2026, 3, 6), time(23, 55)),
        (date(2026, 3, 9), time(23, 30)),
        (date(2026, 10, 30), time(23, 30)),
        (date(2026, 11, 2), time(23, 55)),
    ],
)
def test_commodities_follow_new_yorks_clock(day: date, closes: time) -> None:
    (session,) = Calendar().sessions(Exchange.MCXCOMM, day)
    assert session.closes.time() == closes
