"""The latency panel: how fast followers were acknowledged, as pictures and as numbers."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QGridLayout, QStackedLayout, QVBoxLayout, QWidget

from copytrade_gui.domain.events import Event, OrderChanged
from copytrade_gui.domain.records import OrderView
from copytrade_gui.services.verbs import HistoryVerbs
from copytrade_gui.ui import figures
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.latency.latency_plot import LatencyPlots
from copytrade_gui.ui.latency.latency_samples import KEPT, LatencySamples, Summary, summary
from copytrade_gui.ui.panel import Panel
from copytrade_gui.ui.widgets.label import PlainLabel
from copytrade_gui.ui.widgets.tip import set_tip

REDRAW_MS = 200
_FIGURES = (
    ("count", "Acks", "Copies that were acknowledged"),
    ("p50", "p50", "Half of the calls were faster"),
    ("p95", "p95", "95 of 100 calls were faster"),
    ("p99", "p99", "99 of 100 calls were faster"),
    ("slowest", "Slowest", "The slowest call of a copy"),
    ("waited", "Waited", "From your press to the last acknowledgement"),
)
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_CENTRE = Qt.AlignmentFlag.AlignCenter
_TONES = {"p50": "ok", "p95": "warn", "p99": "bad"}


class LatencyPanel(Panel):
    """Copies only: the master's own order is not what followers wait for.

    Redraws at most five times a second, and only while it is visible. ``in_turn`` runs a piece of
    drawing where it is not painted together with another panel; each chart is a piece.
    """

    def __init__(self, desk: Desk, history: HistoryVerbs) -> None:
        super().__init__()
        self.setObjectName("latency_panel")
        self._desk = desk
        self._history = history
        self._samples = LatencySamples()
        self.plots = LatencyPlots(desk.theme)
        self._cells: dict[tuple[str, str], PlainLabel] = {}
        head = QWidget()
        head.setObjectName("latency_figures")
        grid = QGridLayout(head)
        grid.setContentsMargins(10, 5, 10, 5)
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(1)
        for place, (_, title, tip) in enumerate(_FIGURES, start=1):
            label = PlainLabel(title)
            set_tip(label, tip)
            label.setProperty("role", "column_head")
            label.setAlignment(_RIGHT)
            grid.addWidget(label, 0, place)
        for line, (row, title) in enumerate((("last", "Last order, ms"), ("all", "All calls, ms"))):
            label = PlainLabel(title)
            label.setProperty("role", "field")
            grid.addWidget(label, line + 1, 0)
            for place, (name, _, _) in enumerate(_FIGURES, start=1):
                # A wait is one order's; of all of them there is none.
                cell = PlainLabel("" if (row, name) == ("all", "waited") else figures.UNKNOWN)
                cell.setObjectName(f"latency_{row}_{name}")
                cell.setProperty("role", f"number_{_TONES[name]}" if name in _TONES else "number")
                cell.setAlignment(_RIGHT)
                grid.addWidget(cell, line + 1, place)
                self._cells[row, name] = cell
        grid.setColumnStretch(0, 1)
        self.empty = PlainLabel(
            "No acknowledgement yet. After the first copied order the time from each copy's call "
            "to its acknowledgement is drawn here."
        )
        self.empty.setWordWrap(True)
        self.empty.setAlignment(_CENTRE)
        self.empty.setProperty("role", "muted")
        self.empty.setMargin(16)
        self._stack = QStackedLayout()
        self._stack.addWidget(self.empty)
        self._stack.addWidget(self.plots)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(head)
        column.addLayout(self._stack, 1)
        self.in_turn: Callable[[Callable[[], object]], object] = lambda work: work()
        self._stale = False
        self._redraw = QTimer(self)
        self._redraw.setSingleShot(True)
        self._redraw.setInterval(REDRAW_MS)
        self._redraw.timeout.connect(self._on_due)

    async def load(self, orders: tuple[OrderView, ...]) -> None:  # noqa: ARG002 - samples are stored apart
        """Show what is stored, beside what was seen since."""
        self._samples.load(await self._history.latency(KEPT))
        self.draw()

    def on_events(self, batch: list[Event]) -> None:
        """Count new acknowledgements."""
        new = [
            self._samples.take(event.order, event.before)
            for event in batch
            if isinstance(event, OrderChanged)
        ]
        if any(new):
            self._stale = True
            if self.in_front and not self._redraw.isActive():
                self._redraw.start()

    def stop(self) -> None:
        """Draw nothing more."""
        self._redraw.stop()

    def text_summary(self) -> str:
        """What the charts say, in words."""
        numbers = summary(self._samples.last_order())
        wait = self._samples.last_wait()
        if numbers is None or wait is None:
            return "No acknowledgement yet."
        waited = figures.milliseconds(wait.waited_ms)
        return f"Last order {numbers.in_words()}; you waited {waited} ms."

    def draw(self) -> None:
        """Bring numbers and charts up to date."""
        self._draw_times()
        self._draw_spread()

    def _on_due(self) -> None:
        self.in_turn(self._draw_times)
        self.in_turn(self._draw_spread)

    def _draw_times(self) -> None:
        self._stale = False
        at, ms = self._samples.points()
        everything = summary(ms)
        self._stack.setCurrentIndex(1 if everything else 0)
        self._fill("all", everything)
        self.plots.show_points(at, ms, everything)

    def _draw_spread(self) -> None:
        values = self._samples.last_order()
        last = summary(values)
        self._fill("last", last)
        wait = self._samples.last_wait()
        if wait is not None:
            self._cells["last", "waited"].setText(figures.milliseconds(wait.waited_ms))
        self.plots.show_spread(values, last)
        words = self.text_summary()
        self.plots.setAccessibleName(f"Latency charts. {words}")
        set_tip(self.plots, words)

    def came(self) -> None:
        if self._stale:
            self._redraw.start()

    def _fill(self, row: str, numbers: Summary | None) -> None:
        if numbers is None:
            return
        for name, _, _ in _FIGURES:
            value = getattr(numbers, name, None)
            if value is None:
                continue
            text = figures.whole(value) if name == "count" else figures.milliseconds(value)
            self._cells[row, name].setText(text)
