"""Dialogs as they are closed: what was chosen in one, and what happens when one is closed early."""

import asyncio
import csv
import dataclasses
from pathlib import Path
from typing import TypeVar

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QDialog, QFileDialog, QLineEdit, QWidget

from copytrade_gui.domain.instrument import Instrument
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.services.follower_table import TITLES
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.dialogs.dialog import ConsoleDialog, Question
from copytrade_gui.ui.dialogs.palette import Palette
from copytrade_gui.ui.followers.follower_editor import FollowerEditor
from copytrade_gui.ui.followers.import_csv import ImportDialog
from copytrade_gui.ui.followers.lift_halt import LiftHaltDialog
from copytrade_gui.ui.main_window import MainWindow
from tests.ui import people
from tests.ui.conftest import until
from tests.ui.fake_market import FakeMarket
from tests.ui.fakes import World

pytestmark = pytest.mark.window_loop

D = TypeVar("D", bound=QDialog)

EXPORTS = (Act.EXPORT, Act.FOLLOWERS_EXPORT, Act.FOLLOWERS_TEMPLATE, Act.EXPORT_ORDERS)


async def shown(window: MainWindow, kind: type[D]) -> D:
    """The dialog of that kind once it is on the screen."""

    def found() -> list[D]:
        return [one for one in window.findChildren(kind) if one.isVisible()]

    await until(found)
    return found()[0]


def name_field(dialog: QFileDialog) -> QLineEdit:
    found = dialog.findChild(QLineEdit, "fileNameEdit")
    assert isinstance(found, QLineEdit)
    return found


async def type_name(window: MainWindow, name: str) -> None:
    """Choose a file as its user does, by typing its name."""
    dialog = await shown(window, QFileDialog)
    field = name_field(dialog)
    field.setText(name)
    QTest.keyClick(field, Qt.Key.Key_Return)


def told(window: MainWindow, words: str) -> bool:
    return any(words in notice.sentence for notice in window.desk.notices.all)


# -------------------------------------------------------------------- files


async def test_an_exported_table_is_in_the_file_that_was_chosen(
    window: MainWindow, tmp_path: Path
) -> None:
    window.followers.table.view.setFocus()
    window.desk.actions[Act.EXPORT].trigger()
    await type_name(window, str(tmp_path / "followers of today.csv"))
    await until(lambda: told(window, "12 rows written to"))
    with (tmp_path / "followers of today.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.reader(file))
    assert len(rows) == 2 + 12, "the paper mark, the headers, a row each"


async def test_an_exported_followers_list_goes_where_the_user_said(
    window: MainWindow, world: World, tmp_path: Path
) -> None:
    window.desk.actions[Act.FOLLOWERS_EXPORT].trigger()
    await type_name(window, str(tmp_path / "mine"))
    await until(lambda: ("export", tmp_path / "mine.csv") in world.calls)


async def test_a_chosen_csv_is_read_and_imported(
    window: MainWindow, world: World, tmp_path: Path
) -> None:
    chosen = tmp_path / "new ones.csv"
    first = people.follower(1)
    chosen.write_text(
        "client_id;name;strategy;parameter;active\n"
        f"{first.client_id.lower()};;;;no\nKX2;Ravi;ratio;0.5;\n",
        encoding="utf-8",
    )
    window.desk.actions[Act.FOLLOWERS_IMPORT].trigger()
    await type_name(window, str(chosen))
    dialog = await shown(window, ImportDialog)
    lines = [list(row) for row in dialog.table.view.sheet(only_selected=False).rows]
    assert [row[1] for row in lines] == ["2", "3"]
    assert [row[-1] for row in lines] == ["Switched off.", "New follower: 0.5 x, on."]
    dialog.verb.click()
    await until(lambda: told(window, "1 follower added, 1 changed."))
    assert world.accounts[first.account_id] == dataclasses.replace(first, active=False)
    assert [a.name for a in world.accounts.values() if a.client_id == "KX2"] == ["Ravi"]


async def test_a_template_is_written_where_the_user_said_its_columns_named_as_the_editor_does(
    window: MainWindow, world: World, tmp_path: Path
) -> None:
    window.desk.actions[Act.FOLLOWERS_TEMPLATE].trigger()
    await type_name(window, str(tmp_path / "fill"))
    await until(lambda: ("template", tmp_path / "fill.csv") in world.calls)
    view = window.followers.table.view
    view.setCurrentIndex(view.proxy.index(0, 0))
    window.desk.actions[Act.FOLLOWER_EDIT].trigger()
    editor = await shown(window, FollowerEditor)
    for name, title in TITLES.items():
        field = editor.findChild(QWidget, f"field_{name}")
        if name in ("master", "group_multiplier"):  # whom he copies, and what his group has
            assert field is None
        else:
            assert field is not None, name
            assert field.accessibleName() == title
    editor.reject()


async def test_good_rows_are_taken_without_the_wrong_ones_which_stay_listed_and_are_saved(
    window: MainWindow, world: World, tmp_path: Path
) -> None:
    chosen, out = tmp_path / "in.csv", tmp_path / "mend.csv"
    chosen.write_text(
        "client_id,name,strategy,parameter\nKX2,Ravi,ratio,0\nKX3,Zoya,ratio,1\nKX4,Dev,mirror,\n"
    )
    window.desk.actions[Act.FOLLOWERS_IMPORT].trigger()
    await type_name(window, str(chosen))
    dialog = await shown(window, ImportDialog)
    assert dialog.verb.text() == "Import 2 of 3"
    assert not dialog.verb.isDefault(), "Enter takes no part of a file"
    before = {one.client_id for one in world.accounts.values()}
    dialog.verb.click()
    await until(lambda: told(window, "2 followers added, 0 changed. 1 row left out."))
    assert {one.client_id for one in world.accounts.values()} - before == {"KX3", "KX4"}
    await until(lambda: dialog.over)
    left = await shown(window, ImportDialog)
    assert [row[1] for row in left.table.view.sheet(only_selected=False).rows] == ["2"]
    assert not left.verb.isVisible()
    left.save.click()
    await type_name(window, str(out))
    await until(lambda: ("save wrong rows", out) in world.calls)
    left.reject()


async def test_many_are_removed_by_one_answer_and_come_back_by_one_undo(
    window: MainWindow, world: World
) -> None:
    before = dict(world.accounts)
    window.followers.table.view.selectAll()
    remove = window.desk.actions[Act.FOLLOWER_REMOVE]
    assert remove.isEnabled()
    remove.trigger()
    question = await shown(window, Question)
    question.verb.click()
    await until(lambda: all(one.master for one in world.accounts.values()))
    await until(window.desk.actions[Act.UNDO].isEnabled)
    window.desk.actions[Act.UNDO].trigger()
    await until(lambda: world.accounts == before)


@pytest.mark.parametrize("act", [*EXPORTS, Act.FOLLOWERS_IMPORT])
async def test_a_file_dialog_that_is_closed_without_a_choice_changes_nothing(
    window: MainWindow, world: World, act: Act
) -> None:
    window.desk.actions[act].trigger()
    dialog = await shown(window, QFileDialog)
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    await until(lambda: not window.desk.tasks.names)
    assert not window.desk.notices.all
    assert not world.calls


@pytest.mark.parametrize("act", [*EXPORTS, Act.FOLLOWERS_IMPORT])
async def test_a_name_that_is_typed_keeps_the_focus_and_is_never_replaced_by_one_that_fits(
    window: MainWindow, tmp_path: Path, act: Act
) -> None:
    there = tmp_path / "my followers.csv"
    there.write_text("yesterday", encoding="utf-8")
    window.desk.actions[act].trigger()
    field = name_field(await shown(window, QFileDialog))
    field.selectAll()
    QTest.keyClicks(field, str(there))
    assert field.text() == str(there)
    assert field.completer().completionCount() == 0, "a list of names would take the focus"
    QTest.keyClick(field, Qt.Key.Key_Escape)
    await until(lambda: not window.desk.tasks.names)


@pytest.mark.parametrize("replace", [True, False])
async def test_a_file_that_is_there_is_replaced_only_by_a_yes(
    window: MainWindow, tmp_path: Path, *, replace: bool
) -> None:
    there = tmp_path / "followers.csv"
    there.write_text("yesterday", encoding="utf-8")
    window.followers.table.view.setFocus()
    window.desk.actions[Act.EXPORT].trigger()
    await type_name(window, str(there))
    question = await shown(window, Question)
    assert not question.isModal()
    if replace:
        question.verb.click()
        await until(lambda: told(window, "12 rows written to"))
        assert "PAPER TRADING" in there.read_text(encoding="utf-8")
        return
    question.back.click()
    again = await shown(window, QFileDialog)
    assert name_field(again).text().endswith("followers.csv"), "he can choose another name"
    QTest.keyClick(again, Qt.Key.Key_Escape)
    await until(lambda: not window.desk.tasks.names)
    assert there.read_text(encoding="utf-8") == "yesterday"


async def test_the_chosen_kind_of_file_is_the_one_that_is_written(
    window: MainWindow, tmp_path: Path
) -> None:
    window.followers.table.view.setFocus()
    window.desk.actions[Act.EXPORT].trigger()
    dialog = await shown(window, QFileDialog)
    kinds = dialog.findChild(QComboBox, "fileTypeCombo")
    assert isinstance(kinds, QComboBox)
    QTest.keyClick(kinds, Qt.Key.Key_Down)
    assert kinds.currentText() == "Comma separated (*.csv)"
    await type_name(window, str(tmp_path / "no ending"))
    await until(lambda: told(window, "12 rows written to"))
    assert (tmp_path / "no ending.csv").read_bytes().startswith(b"\xef\xbb\xbf")


async def test_a_missing_file_blocks_no_stop(window: MainWindow, tmp_path: Path) -> None:
    window.desk.actions[Act.FOLLOWERS_IMPORT].trigger()
    await type_name(window, str(tmp_path / "not there.csv"))
    await until(lambda: told(window, "cannot be read: No such file"))
    boxes = [one for one in QApplication.topLevelWidgets() if one.inherits("QMessageBox")]
    assert not boxes, "Qt's own box would hold the whole program"


# -------------------------------------------------------------------- closed early


async def test_what_became_of_a_save_is_told_after_its_dialog_was_closed(
    window: MainWindow, world: World
) -> None:
    world.halt(people.MASTER, people.DUPLICATE)
    await until(window.desk.actions[Act.LIFT_HALT].isEnabled)
    window.desk.actions[Act.LIFT_HALT].trigger()
    dialog = await shown(window, LiftHaltDialog)
    world.hold = asyncio.Event()
    dialog.reason.setText("Cancelled the second.")
    dialog.verb.click()
    await until(lambda: world.calls)
    world.halt(people.MASTER, people.OVERFILL)
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    await until(lambda: dialog.over)
    world.hold.set()
    await until(lambda: told(window, "More was found meanwhile. Look again:"))
    await until(lambda: window.findChild(LiftHaltDialog) is None)


async def test_a_search_that_ends_after_its_palette_is_no_fault(window: MainWindow) -> None:
    asked, go_on = asyncio.Event(), asyncio.Event()

    class SlowMarket(FakeMarket):
        async def search(self, text: str, limit: int = 30) -> tuple[Instrument, ...]:
            asked.set()
            await go_on.wait()
            return await super().search(text, limit)

    palette = Palette(
        window, window.desk, SlowMarket(), on_instrument=print, on_follower=lambda _name: None
    )
    palette.present()
    palette.line.setText("nifty")
    await asked.wait()
    QTest.keyClick(palette, Qt.Key.Key_Escape)
    await until(lambda: palette.over)
    go_on.set()
    await until(lambda: window.findChild(Palette) is None)
    assert not window.desk.notices.all


async def test_the_palette_puts_the_action_whose_name_was_typed_first(window: MainWindow) -> None:
    view = window.followers.table.view
    view.setCurrentIndex(view.proxy.index(0, 0))
    palette = Palette(
        window, window.desk, FakeMarket(), on_instrument=print, on_follower=lambda _name: None
    )
    for typed, first in (("loss limits", "Loss limits"), ("LOSS", "Loss limits"), ("kill", "Kill")):
        palette.line.setText(typed)
        assert palette.list.item(0).text().startswith(f"{first}  ")
    palette.line.setText("limits loss")
    assert "Loss limits of follower" in {e.text for e in palette._entries}
    palette.reject()


async def test_resume_pressed_again_while_the_first_one_ends_is_no_fault(
    window: MainWindow, world: World
) -> None:
    world.set_state(TradingState.HALT, "pressed HALT")
    await until(window.desk.actions[Act.RESUME].isEnabled)
    window.desk.actions[Act.RESUME].trigger()
    dialog = await shown(window, ConsoleDialog)
    reason = dialog.findChild(QLineEdit, "field_reason")
    assert isinstance(reason, QLineEdit)
    reason.setText("All is well.")
    QTest.keyClick(reason, Qt.Key.Key_Return)
    await until(lambda: dialog.over)
    window.desk.actions[Act.RESUME].trigger()
    await until(lambda: window.strip.change and window.strip.change.state is TradingState.ACTIVE)


@pytest.mark.parametrize("act", [Act.KEYS, Act.ABOUT, Act.PREFERENCES, Act.PALETTE])
async def test_a_page_that_is_asked_for_twice_opens_once(window: MainWindow, act: Act) -> None:
    for _ in range(2):
        window.desk.actions[act].trigger()
    assert len([one for one in window.findChildren(ConsoleDialog) if one.isVisible()]) == 1
