"""A new panel is one row of the table and one file: everything else follows from the row."""

import pytest
from PySide6.QtWidgets import QApplication, QLineEdit, QMenu, QVBoxLayout, QWidget

from copytrade_gui.domain.events import Event, LampChanged
from copytrade_gui.domain.records import OrderView
from copytrade_gui.ui import panels
from copytrade_gui.ui.actions import Act, Spec
from copytrade_gui.ui.dialogs.pages import key_rows
from copytrade_gui.ui.layout import Area
from copytrade_gui.ui.main_window import MainWindow
from copytrade_gui.ui.panel import Panel
from copytrade_gui.ui.panels import PANELS, PanelRow
from copytrade_gui.ui.window_state import ForgetfulMemory
from tests.ui import people, pictures
from tests.ui.conftest import until
from tests.ui.fakes import World

pytestmark = pytest.mark.window_loop


class ExtraPanel(Panel):
    """Notes what it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("extra_panel")
        self.asked: list[str] = []
        self.heard: list[Event] = []
        self.field = QLineEdit()
        self.field.setAccessibleName("Extra words")
        QVBoxLayout(self).addWidget(self.field)

    async def load(self, orders: tuple[OrderView, ...]) -> None:
        self.asked.append(f"load {len(orders)}")

    def on_events(self, batch: list[Event]) -> None:
        self.heard += batch

    def begin(self) -> None:
        self.asked.append("begin")

    def stop(self) -> None:
        self.asked.append("stop")

    def focus_place(self) -> QWidget:
        return self.field


@pytest.mark.parametrize(
    ("area", "heavy", "shown"), [(Area.LOW, False, True), (Area.RIGHT, True, False)]
)
async def test_a_row_is_all_that_a_new_panel_needs(
    app: QApplication, monkeypatch: pytest.MonkeyPatch, area: Area, heavy: bool, shown: bool
) -> None:
    go = Spec("E&xtra words", "Go to the extra panel", "View", ("Ctrl+Shift+F9",), "info")
    row = PanelRow("extra", "Extra", lambda _desk, _console: ExtraPanel(), area, go, heavy, shown)
    monkeypatch.setattr(panels, "PANELS", (*PANELS, row))
    monkeypatch.setattr("copytrade_gui.ui.main_window.GO_TO", {**panels.GO_TO, row.act: go})
    world, memory = World(followers=3), ForgetfulMemory()
    world.trade()
    window = MainWindow(world.console(), settings=memory, wall_ns=lambda: people.NOW_NS)
    window.resize(1280, 720)
    window.show()
    await window.start()
    extra = window.panels.one(ExtraPanel)
    assert window.panels.docks["extra"].isHidden() is not shown
    assert extra.asked == [f"load {len(world.orders)}", "begin"]
    world.events.send(LampChanged("broker", "ok", "told"))
    await until(lambda: LampChanged("broker", "ok", "told") in extra.heard)
    menu = window.findChild(QMenu, "menu_view")
    assert isinstance(menu, QMenu)
    {line.text(): line for line in menu.actions()}["E&xtra words"].trigger()
    await pictures.settle()
    assert extra.isVisible()
    assert extra.field.hasFocus()
    assert "Ctrl+Shift+F9" in {one.keys for one in key_rows(window.desk.actions.specs.values())}
    window.desk.actions[Act.NEXT_PANEL].trigger()
    assert not extra.field.hasFocus()
    window.panels.docks["extra"].close()
    await window.stop()
    assert extra.asked[-1] == "stop"
    # The layout keeps it as it was left, and the first layout has it.
    again = MainWindow(world.console(), settings=memory, wall_ns=lambda: people.NOW_NS)
    assert again.panels.docks["extra"].isHidden()
    again.panels.arrange()
    assert again.panels.docks["extra"].isHidden() is not shown
    await again.stop()
