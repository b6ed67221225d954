"""The four files that a user edits: whatever stands in one is taken, or refused in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from copytrade_gui.storage.files.ban_file import BanFile
from copytrade_gui.storage.files.calendar_file import CalendarFile
from copytrade_gui.storage.files.charges_file import ChargesFile
from copytrade_gui.storage.files.edited_file import EditedFileError
from copytrade_gui.storage.files.freeze_file import FreezeFile

Made = type[FreezeFile | BanFile | ChargesFile | CalendarFile]
FILES = (FreezeFile, BanFile, ChargesFile, CalendarFile)
ROW = '[[rates]]\nsegment = "options"\n'
FORMS = (
    "checked = {}", "listed_until = {}", "[NSEFO]\nNIFTY = {}", "[NSEFO]\n{} = 5", "{} = 3",
    "checked = 2026-12-01\nNSEFO = [{}]", "rates = {}", "holidays = {}",
    ROW + "since = {}", ROW + "since = 2026-04-01\nbrokerage = {}",
    ROW + "since = 2026-04-01\nexchange = {{ NSEFO = {} }}",
    'holidays = [{{ day = {}, name = "x" }}]', "holidays = [{{ day = 2027-01-26, name = {} }}]",
    'special_sessions = [{{ day = 2027-01-26, name = "x", opens = {}, closes = 19:00:00 }}]',
)  # fmt: skip
ENDLESS = (
    "1" * 5_000, "-" + "9_" * 4_400 + "9", "1e99999999999999999999", "0.5E-99999999999999999999",
    "1." + "0" * 5_000 + "e9999999999999999999",
)  # fmt: skip
VALUES = st.sampled_from((
    *ENDLESS, "0x" + "f" * 9_000, "1e999999", "1e-999999", "nan", "-inf", "-0.0", "[" * 5_000,
    "'" + "x" * 9_000 + "'", "'\ufffd\u3164'", '"a\\u0000b"', "0001-01-01", "9999-12-31",
    "9999-12-31T23:59:59Z", "24:00:00", "00:00:00", "true", "{}", "[[], 1]",
)) | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)  # fmt: skip


def sentence_of(made: Made, folder: Path, text: str) -> str:
    """Why a file is not taken, without the folder's name; empty if it is."""
    path = folder / f"{made.__name__.removesuffix('File').lower()}.toml"
    path.write_text(text, "utf-8", newline="")
    try:
        made(path).read_if_changed()
    except EditedFileError as refused:
        return str(refused).replace(str(path), path.name)
    return ""


@pytest.mark.parametrize("made", FILES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(st.sampled_from(FORMS), VALUES)
def test_any_text_is_taken_or_refused_in_one_sentence(
    made: Made, tmp_path: Path, form: str, value: str
) -> None:
    said = sentence_of(made, tmp_path, form.format(value))
    assert not said or said.endswith(".")
    assert len(said) < 500
    assert "\n" not in said


@pytest.mark.parametrize("made", FILES)
@pytest.mark.parametrize("number", ENDLESS)
def test_a_number_that_cannot_be_held_is_named_by_its_line(
    made: Made, tmp_path: Path, number: str
) -> None:
    said = sentence_of(made, tmp_path, f"# rows\n\n[NSEFO]\nNIFTY = {number}\n")
    assert said.endswith(
        ".toml, line 4: a number is longer than can be read. Write it with fewer digits."
    )
