"""Tables: rows come, change and leave as announced; they sort as what they are."""

from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QAbstractItemModel, QModelIndex, Qt
from PySide6.QtWidgets import QApplication

from copytrade_gui.ui.tables.columns import Column, runs
from copytrade_gui.ui.tables.export import Sheet, inert, write
from copytrade_gui.ui.tables.rows_model import RowsModel
from tests.ui.watched import watched

FIRST = Qt.ItemDataRole.DisplayRole


@dataclass(frozen=True)
class Row:
    key: str
    amount: int | None


COLUMNS: tuple[Column[Row], ...] = (
    Column("key", "Key", lambda r: r.key),
    Column("amount", "Amount", lambda r: "–" if r.amount is None else f"{r.amount:,}",
           sort=lambda r: r.amount, numeric=True),
)  # fmt: skip

batches = st.lists(
    st.lists(
        st.builds(Row, st.sampled_from("abcdefghijklmnop"), st.integers(-(10**12), 10**12)),
        max_size=8,
    ),
    max_size=6,
)


def table(cap: int = 5, *, newest_first: bool = False) -> RowsModel[Row]:
    return RowsModel(COLUMNS, lambda row: row.key, cap=cap, newest_first=newest_first)


def shown(model: QAbstractItemModel, column: int = 0) -> list[str]:
    return [str(model.index(n, column).data()) for n in range(model.rowCount())]


@given(batches=batches, newest_first=st.booleans(), leave=st.sets(st.sampled_from("abcdefgh")))
def test_a_model_keeps_its_promises_to_qt(
    app: QApplication, batches: list[list[Row]], newest_first: bool, leave: set[str]
) -> None:
    model = table(newest_first=newest_first)
    with watched(model) as proxy:
        proxy.sort(1)
        known: dict[str, Row] = {}
        for batch in batches:
            model.upsert(batch)
            known = after(known, batch, cap=5)
        model.remove(leave)
        expected = [row for key, row in known.items() if key not in leave]
        assert model.rows() == (expected[::-1] if newest_first else expected)
        assert all(model.get(row.key) == row for row in expected)
        amounts = sorted(row.amount for row in expected if row.amount is not None)
        assert shown(proxy, 1) == [f"{amount:,}" for amount in amounts]


def after(known: dict[str, Row], batch: list[Row], *, cap: int) -> dict[str, Row]:
    """What must be in the table after a batch: known rows where they were, new ones at the end."""
    kept = {**known, **{row.key: row for row in batch if row.key in known}}
    fresh: dict[str, Row] = {}
    for row in batch:
        if row.key not in known:
            fresh.pop(row.key, None)
            fresh[row.key] = row
    return dict(list({**kept, **fresh}.items())[-cap:])


def test_changes_are_announced_as_runs(app: QApplication) -> None:
    model = table(cap=20)
    model.upsert([Row(letter, 1) for letter in "abcdefgh"])
    heard: list[tuple[int, int]] = []
    model.dataChanged.connect(lambda top, low, _roles: heard.append((top.row(), low.row())))
    model.upsert([Row(letter, 2) for letter in "abdhc"])
    assert heard == [(0, 3), (7, 7)]


def test_a_change_names_only_the_columns_that_differ(app: QApplication) -> None:
    model = table()
    model.upsert([Row("a", 1)])
    heard: list[tuple[int, int]] = []
    model.dataChanged.connect(lambda top, low, _roles: heard.append((top.column(), low.column())))
    model.upsert([Row("a", 1)])
    model.upsert([Row("a", 2)])
    assert heard == [(1, 1)]


def test_the_oldest_rows_leave_first(app: QApplication) -> None:
    model = table(cap=3, newest_first=True)
    for number in range(6):
        model.upsert([Row(str(number), number)])
    assert shown(model) == ["5", "4", "3"]


def test_numbers_sort_as_numbers_and_unknown_first(app: QApplication) -> None:
    model = table(cap=9)
    model.upsert([Row("a", 90), Row("b", 5_000_000_000), Row("c", None), Row("d", -3)])
    with watched(model) as proxy:
        proxy.sort(1, Qt.SortOrder.AscendingOrder)
        assert shown(proxy) == ["c", "d", "a", "b"]
        proxy.sort(-1)
        assert shown(proxy) == ["a", "b", "c", "d"]


def test_a_filter_wants_every_word_in_any_order(app: QApplication) -> None:
    model = table(cap=9)
    model.upsert([Row("nifty 26500 ce", 1), Row("nifty 26500 pe", 2), Row("banknifty", 3)])
    with watched(model) as proxy:
        proxy.set_words("CE nifty")
        assert shown(proxy) == ["nifty 26500 ce"]
        proxy.set_words("a(b")
        assert shown(proxy) == []
        proxy.set_words(" ")
        assert len(shown(proxy)) == 3


def test_every_cell_says_its_header_and_value(app: QApplication) -> None:
    model = table()
    model.upsert([Row("", 1234)])
    role = Qt.ItemDataRole.AccessibleTextRole
    assert model.index(0, 0).data(role) == "Key: none"
    assert model.index(0, 1).data(role) == "Amount: 1,234"


def test_rows_changed_apart_from_each_other_are_sorted_among_each_other(app: QApplication) -> None:
    model = table(newest_first=True)
    with watched(model) as proxy:
        proxy.sort(1)
        model.upsert([Row("b", 0), Row("c", -1)])
        model.upsert([Row("a", -3), Row("b", -2)])
        model.upsert([Row("a", 0), Row("b", 0)])  # c stands between them
        assert shown(proxy, 1) == ["-1", "0", "0"]


def test_rows_hold_still_while_they_are_pointed_at(app: QApplication) -> None:
    model = table(cap=9)
    model.upsert([Row("a", 1), Row("b", 2)])
    with watched(model) as proxy:
        proxy.sort(1)
        proxy.hold(True)
        model.upsert([Row("a", 9)])
        assert shown(proxy) == ["a", "b"]
        proxy.hold(False)
        assert shown(proxy) == ["b", "a"]


def test_runs() -> None:
    assert runs([]) == []
    assert runs([1, 2, 3, 7, 9, 10]) == [(1, 3), (7, 7), (9, 10)]


SHEET = Sheet(("Name", "Amount"), (False, True), (("=cmd()", "12,34,567.50"), ("Asha", "–")), "P")


def test_csv_keeps_numbers_and_stops_formulas(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    assert write(path, SHEET) == 2
    text = path.read_bytes()
    assert text.startswith(b"\xef\xbb\xbf")
    assert text.decode("utf-8-sig").splitlines() == ["P", "Name,Amount", "'=cmd(),1234567.50",
                                                     "Asha,–"]  # fmt: skip


def test_xlsx_is_a_workbook(tmp_path: Path) -> None:
    path = tmp_path / "rows.xlsx"
    assert write(path, SHEET) == 2
    assert path.read_bytes()[:2] == b"PK"
    assert xlsxwriter.__version__


@pytest.mark.parametrize(
    "words", ["external:\\\\a\\b.xls", "http://a.example", "=1+1", "y" * 70_000]
)
def test_what_a_broker_says_is_text_in_a_workbook(tmp_path: Path, words: str) -> None:
    path = tmp_path / "rows.xlsx"
    write(path, Sheet(("Name", "Amount"), (False, True), ((words, "nan"), (words, "9" * 30))))
    with ZipFile(path) as book:
        page = book.read("xl/worksheets/sheet1.xml").decode()
        assert not [name for name in book.namelist() if "worksheets/_rels" in name]
    assert "<f>" not in page
    assert page.count(words[:30_000]) == 2
    assert "9" * 30 in page
    assert path.stat().st_mode & 0o077 == 0


def test_other_endings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"must end in \.csv or \.xlsx"):
        write(tmp_path / "rows.pdf", SHEET)


@pytest.mark.parametrize("text", ["=1", "+1", "-x", "@a", "\tb"])
def test_formula_starts_are_inert(text: str) -> None:
    assert inert(text) == f"'{text}"


def test_an_index_of_nothing_has_no_rows(app: QApplication) -> None:
    model = table()
    model.upsert([Row("a", 1)])
    assert model.rowCount(model.index(0, 0)) == 0
    assert model.data(QModelIndex(), FIRST) is None
