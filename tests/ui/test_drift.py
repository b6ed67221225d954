"""Drift as a trader meets it: the followers' column, the board, and what he decides there."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from copytrade_gui.domain.account import Account
from copytrade_gui.domain.drift import Step
from copytrade_gui.domain.drift_report import DriftReport
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.link import LinkState
from copytrade_gui.domain.square_off import Chosen
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.dialogs.dialog import Question
from copytrade_gui.ui.drift.drift import EMPTY
from copytrade_gui.ui.drift.drift_rows import COLUMNS
from copytrade_gui.ui.main_window import MainWindow
from copytrade_gui.ui.positions.square_off import SquareOffDialog
from tests.ui import fake_square_offs, people
from tests.ui.conftest import until
from tests.ui.fake_drift import line
from tests.ui.fakes import World

pytestmark = pytest.mark.window_loop

SOLD = "The owner sold 75 by himself today: 75 of 75 copied are not there any more."


def followers(world: World) -> list[Account]:
    return [account for account in world.accounts.values() if not account.master]


def master(world: World) -> AccountId:
    return next(one.account_id for one in world.accounts.values() if one.master)


def choose(window: MainWindow, row: int) -> None:
    view = window.drift.table.view
    flags = view.selectionModel().SelectionFlag
    view.selectionModel().select(view.proxy.index(row, 0), flags.ClearAndSelect | flags.Rows)


async def told(window: MainWindow, world: World, report: DriftReport) -> list[dict[str, str]]:
    world.drift.told = report
    window.panels.go(window.drift)
    window.drift.look()
    await until(lambda: window.drift._report is report)
    sheet = window.drift.table.view.sheet(only_selected=False)
    return [dict(zip(sheet.headers, row, strict=True)) for row in sheet.rows]


def a_day(world: World) -> DriftReport:
    one, other, third, fourth = followers(world)[:4]
    return DriftReport(
        (
            line(one, people.NIFTY_CE, Step.UNEXPLAINED, -75, held=0, reason="Nobody knows why."),
            line(other, people.NIFTY_CE, Step.DRIFTING, -75, held=0, reason=SOLD,
                 masters=(master(world),)),
            line(other, people.RELIANCE, copied=10, held=10),
            line(third, people.NIFTY_CE, Step.UNKNOWN, held=None, reason="It is not logged in."),
            line(fourth, people.NIFTY_CE),
        )
    )  # fmt: skip


async def test_of_a_position_that_copies_two_masters_the_board_says_whose_orders_move_what(
    window: MainWindow, world: World
) -> None:
    one, two = followers(world)[:2]
    both = (AccountId("A"), AccountId("B"))
    report = DriftReport(
        (line(one, people.NIFTY_CE, masters=both), line(two, people.NIFTY_CE, masters=both[:1]))
    )
    first, second = await told(window, world, report)
    assert (first["Copies"], second["Copies"]) == ("Master A, Master B", "Master A")
    place = next(number for number, column in enumerate(COLUMNS) if column.key == "masters")
    proxy = window.drift.table.view.proxy
    tips = [str(proxy.index(row, place).data(Qt.ItemDataRole.ToolTipRole)) for row in (0, 1)]
    assert "It copies Master A and Master B. Each master's orders move what copies him" in tips[0]
    assert "Each master's orders" not in tips[1]


async def test_the_followers_table_shows_each_ones_worst_line(
    window: MainWindow, world: World
) -> None:
    assert window.drift.table.empty_text.text() == EMPTY
    await told(window, world, a_day(world))
    rows = {row.account.name: row for row in window.followers.model.rows()}
    sheet = window.followers.table.view.sheet(only_selected=False)
    place, name = sheet.headers.index("Drift"), sheet.headers.index("Name")
    words = {row[name]: row[place] for row in sheet.rows}
    shown = [words[account.name] for account in followers(world)[:5]]
    lot = people.NIFTY_CE.lot_size
    assert lot == 75
    assert shown == ["Unexplained -1", "Drifting -1", "Not known", "In step", "–"]
    window.followers.kinds.choose("§trouble")
    assert rows[followers(world)[1].name].drift is not None
    world.drift.told = DriftReport(())
    window.drift.look()
    await until(lambda: not any(row.drift for row in window.followers.model.rows()))


async def test_the_board_shows_the_worst_first_with_figures_and_reasons(
    window: MainWindow, world: World
) -> None:
    rows = await told(window, world, a_day(world))
    states = [row["State"] for row in rows]
    assert states == ["Unexplained", "Drifting", "Not known", "In step", "In step"]
    assert (rows[1]["Off, lots"], rows[1]["Copied"], rows[1]["At broker"]) == ("-1", "+75", "0")
    assert rows[1]["Why"] == SOLD
    assert (rows[2]["At broker"], rows[2]["Read IST"]) == ("–", "–")
    assert window.drift.sums.text() == "1 drifting, 1 unexplained, 1 not known"


async def test_who_missed_a_position_whole_is_to_be_looked_at_and_can_catch_up(
    window: MainWindow, world: World
) -> None:
    one, other = followers(world)[:2]
    why = "Master is long 150 since today, and nothing of it was copied here: 75 lacking."
    missed = line(one, people.NIFTY_CE, Step.MISSING, -75, copied=0, held=None, reason=why,
                  masters=(master(world),))  # fmt: skip
    rows = await told(window, world, DriftReport((missed, line(other, people.NIFTY_CE))))
    shown = [(row["State"], row["Off, lots"], row["Copied"], row["Why"]) for row in rows]
    assert shown[0] == ("Missing", "-1", "0", why)
    assert window.drift.sums.text() == "1 missing"
    window.drift_work.tell(before_ns=people.NOW_NS)
    said = [one.sentence for one in window.desk.notices.all]
    assert not any("in step" in one for one in said), "it was told with the order"
    window.drift.kinds.button("§off").click()
    await until(lambda: window.drift.table.view.proxy.rowCount() == 1)
    choose(window, 0)
    assert window.desk.actions[Act.CATCH_UP].isEnabled()
    assert not window.desk.actions[Act.CLOSE_DRIFT].isEnabled()


async def test_what_is_off_is_ignored_or_its_copying_paused_only_by_a_confirmed_act(
    window: MainWindow, world: World
) -> None:
    await told(window, world, a_day(world))
    actions = window.desk.actions
    other = followers(world)[1]
    choose(window, 1)
    actions[Act.IGNORE_DRIFT].trigger()
    await until(lambda: window.findChild(Question) is not None)
    question = window.findChild(Question)
    assert isinstance(question, Question)
    assert question.back.isDefault()
    question.reject()
    await until(lambda: window.findChild(Question) is None)
    assert world.drift.ignored == []
    actions[Act.IGNORE_DRIFT].trigger()
    await until(lambda: window.findChild(Question) is not None)
    window.findChildren(Question)[0].accept()
    await until(lambda: world.drift.ignored)
    assert [(key.account_id, units) for key, units in world.drift.ignored] == [
        (other.account_id, -75)
    ]
    await until(lambda: window.findChild(Question) is None)
    actions[Act.DISARM_DRIFT].trigger()
    await until(lambda: window.findChild(Question) is not None)
    window.findChildren(Question)[0].accept()
    link = (master(world), other.account_id)
    await until(lambda: world.links[link].state is LinkState.PAUSED)
    choose(window, 3)
    assert not actions[Act.IGNORE_DRIFT].isEnabled()
    assert not actions[Act.DISARM_DRIFT].isEnabled()


async def test_copies_of_a_master_who_is_out_are_closed_through_the_square_off(
    window: MainWindow, world: World
) -> None:
    one, other = followers(world)[:2]
    out = line(one, people.NIFTY_CE, Step.DRIFTING, 75, copied=225, held=225, excess=75,
               reason="The master holds none any more.", masters=(master(world),))  # fmt: skip
    await told(window, world, DriftReport((out, line(other, people.NIFTY_CE))))
    close = window.desk.actions[Act.CLOSE_DRIFT]
    choose(window, 1)
    assert not close.isEnabled()
    choose(window, 0)
    assert close.isEnabled()
    world.square_offs.lines = (fake_square_offs.line(one, people.NIFTY_CE, 75),)
    close.trigger()
    await until(lambda: window.findChildren(SquareOffDialog))
    (dialog,) = window.findChildren(SquareOffDialog)
    await until(dialog.verb.isEnabled)
    assert world.square_offs.begun == []
    dialog.verb.click()
    await until(lambda: world.square_offs.begun)
    ((scope, _command),) = world.square_offs.begun
    key = out.key
    expected = Chosen(key.account_id, key.instrument, key.product, 150, (master(world),))
    assert scope == (expected,)  # the 150 of other masters stay


async def test_what_stays_off_is_told_once_and_again_when_it_grows(
    window: MainWindow, world: World
) -> None:
    one, other = followers(world)[:2]

    def notices() -> list[str]:
        return [told.sentence for told in window.desk.notices.all if "in step" in told.sentence]

    off = line(one, people.NIFTY_CE, Step.DRIFTING, -75, held=0, reason=SOLD)
    await told(window, world, DriftReport((off, line(other, people.NIFTY_CE))))
    assert notices() == []  # a read may still be to come
    window.drift_work.tell(before_ns=people.NOW_NS)
    window.drift_work.tell(before_ns=people.NOW_NS)
    (sentence,) = notices()
    assert sentence == (
        f"1 copied position not in step: {one.name}. NIFTY 26NOV 26500 CE of {one.name}: {SOLD} "
        "The drift board shows what may be done."
    )
    more = line(one, people.NIFTY_CE, Step.DRIFTING, -150, copied=150, held=0, reason="More.")
    await told(window, world, DriftReport((more, line(other, people.NIFTY_CE))))
    window.drift_work.tell(before_ns=people.NOW_NS)
    assert len(notices()) == 2
    await told(window, world, DriftReport((line(one, people.NIFTY_CE),)))
    again = line(one, people.NIFTY_CE, Step.DRIFTING, -150, copied=150, held=0, reason="Again.")
    await told(window, world, DriftReport((again,)))
    window.drift_work.tell(before_ns=people.NOW_NS)
    assert len(notices()) == 3  # it was in step in between
