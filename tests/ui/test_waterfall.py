"""An order's details: how long it took from stage to stage, and what its fill cost."""

from __future__ import annotations

from decimal import Decimal

import pytest
from PySide6.QtGui import QGuiApplication

from copytrade_gui.domain.waterfall import Stage, Waterfall
from copytrade_gui.ui.latency.waterfall import ENDS, slippage_words, stage_rows
from copytrade_gui.ui.main_window import MainWindow
from copytrade_gui.ui.orders.order_details import OrderDetails
from tests.ui.conftest import until
from tests.ui.fakes import World

pytestmark = pytest.mark.window_loop

TIMES = (0.0, 2.1, 4.4, 4.4, 5.0, 66.2, 70.0, 12_080.0)
FALL = Waterfall(
    dict(zip(Stage, TIMES, strict=True)), Decimal("101.05"), Decimal("100.05"), Decimal("75.00")
)


async def test_details_show_each_stage_and_what_the_fill_cost(
    window: MainWindow, world: World
) -> None:
    world.trade()
    world.history.fall = FALL
    order = next(iter(world.orders.values()))
    dialog = OrderDetails(window, window.desk, order, world.history)
    dialog.present()
    view = dialog.waterfall
    await until(lambda: view.slippage.text().startswith("₹"))
    assert view.slippage.text() == "₹75 worse than the master: 101.05 against 100.05"
    shown = [(took.text(), since.text()) for _, _, took, since in view._lines]
    assert shown[0] == ("", "0.0")
    assert shown[3:6] == [("+0.0", "4.4"), ("+0.6", "5.0"), ("+61.2", "66.2")]
    assert shown[7] == ("+12,010", "12,080")
    spans = {stage: bar.span for stage, bar, _, _ in view._lines}
    assert spans[Stage.ACKNOWLEDGED][1] == ENDS
    beyond = {stage for stage, bar, _, _ in view._lines if bar.beyond}
    assert beyond == {Stage.AT_EXCHANGE, Stage.FILLED}
    assert spans[Stage.FIRST_BYTE][1] == spans[Stage.ACKNOWLEDGED][0] < 0.1
    dialog._on_copy_clicked()
    text = QGuiApplication.clipboard().text()
    assert "Acknowledged (ms, since)\t+61.2 66.2" in text
    assert "Slippage\t₹75 worse" in text
    dialog.accept()


def test_what_is_not_known_is_a_dash() -> None:
    rows = stage_rows(Waterfall({Stage.DETECTED: 0.0, Stage.FIRST_BYTE: 5.0}))
    assert [row[1:] for row in rows[:2]] == [("", "0.0"), ("–", "–")]
    assert rows[4][1:] == ("+5.0", "5.0")
    assert slippage_words(Waterfall({})) == "–"
    cheaper = Waterfall({}, Decimal("99.05"), Decimal("100.05"), Decimal("-75.00"))
    assert slippage_words(cheaper) == "₹75 better than the master: 99.05 against 100.05"
    alike = Waterfall({}, Decimal("99.05"), Decimal("99.05"), Decimal("0.00"))
    assert slippage_words(alike) == "None: 99.05 against 99.05"
