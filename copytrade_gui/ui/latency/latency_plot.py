"""The two charts of the latency panel; the only module that knows pyqtgraph.

Ranges are fixed and pens one pixel wide: automatic ranges cost twice, wider pens four times as
much per frame.
"""

from __future__ import annotations

import os
from typing import Any

# pyqtgraph picks its binding when it is imported.
os.environ.setdefault("QT_API", "pyside6")
os.environ.setdefault("PYQTGRAPH_QT_LIB", "PySide6")

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFontMetrics, QPen, QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from copytrade_gui.ui.latency.latency_samples import Floats, Summary, histogram, nice_ceiling
from copytrade_gui.ui.theme import Theme, Tone
from copytrade_gui.ui.widgets.label import PlainLabel

LINES = (("p50", Tone.OK), ("p95", Tone.WARN), ("p99", Tone.BAD))
_IST_OFFSET_S = -19_800
_SHORTEST_S = 60.0


def _colour(theme: Theme, token: str, alpha: int = 255) -> QColor:
    colour = theme.colour(token)
    colour.setAlpha(alpha)
    return colour


def _pen(colour: QColor, style: Qt.PenStyle = Qt.PenStyle.SolidLine) -> QPen:
    pen = QPen(colour, 1)
    pen.setCosmetic(True)
    pen.setStyle(style)
    return pen


def _in_ms(values: list[float], _scale: float, spacing: float) -> list[str]:
    """Ticks of an axis of milliseconds, with their unit."""
    return [f"{value:.{0 if spacing >= 1 else 1}f} ms" for value in values]


def _named_line(name: str, angle: int, place: float) -> Any:
    """A percentile's line; its name stands at ``place`` (0 to 1), so that names never meet."""
    line = pg.InfiniteLine(
        angle=angle, movable=False, label=name, labelOpts={"position": place, "movable": False}
    )
    line.setVisible(False)
    line.setZValue(10)
    return line


class _Chart:
    """A plot without mouse, menu or buttons, in the theme's colours."""

    def __init__(self, name: str, axes: dict[str, Any] | None = None) -> None:
        self.widget: Any = pg.PlotWidget(axisItems=axes or {})
        self.widget.setObjectName(name)
        self.widget.setAntialiasing(False)
        self.widget.setMenuEnabled(False)
        # pyqtgraph makes a menu without a parent all the same; it would outlive the window.
        menu = self.widget.getPlotItem().ctrlMenu
        menu.setParent(self.widget, menu.windowFlags())
        self.widget.hideButtons()
        self.widget.setMouseEnabled(x=False, y=False)
        self.widget.disableAutoRange()
        self.widget.setFrameShape(self.widget.Shape.NoFrame)
        self.widget.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.widget.showGrid(x=False, y=True, alpha=0.18)
        self._range: tuple[float, float, float, float] | None = None

    def set_range(self, left: float, right: float, bottom: float, top: float) -> None:
        """Move the axes only when they change."""
        wanted = (left, right, bottom, top)
        if wanted != self._range:
            self._range = wanted
            self.widget.setXRange(left, right, padding=0)
            self.widget.setYRange(bottom, top, padding=0)

    def dress(self, theme: Theme) -> None:
        """Ground and axes in the theme's colours, ticks in its font."""
        self.widget.setBackground(theme.colour("base"))
        for side in ("left", "bottom"):
            axis = self.widget.getAxis(side)
            axis.setPen(_pen(theme.colour("line")))
            axis.setTextPen(_pen(theme.colour("muted")))
            axis.setStyle(tickFont=theme.font(scale=0.85), tickLength=-3)
        self.widget.getAxis("left").setWidth(round(52 * theme.text_percent / 100))


class LatencyPlots(QWidget):
    """Acknowledgements over time with their percentiles, and the last order's distribution."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        clock = pg.DateAxisItem(orientation="bottom", utcOffset=_IST_OFFSET_S)
        self.over_time = _Chart("latency_over_time", {"bottom": clock})
        self.spread = _Chart("latency_spread")
        self.over_time.widget.getAxis("left").tickStrings = _in_ms
        self.spread.widget.getAxis("bottom").tickStrings = _in_ms
        self.spread.widget.getAxis("left").setTickSpacing(None, None)
        self._dots: Any = pg.ScatterPlotItem(size=4, pxMode=True)
        self.over_time.widget.addItem(self._dots)
        self._bars: Any = pg.BarGraphItem(x=[0.0], height=[0.0], width=1.0)
        self.spread.widget.addItem(self._bars)
        self._lines: list[tuple[Any, Any, Tone]] = []
        for number, (name, tone) in enumerate(LINES):
            across = _named_line(name, 0, 0.05 + 0.16 * number)
            upright = _named_line(name, 90, 0.78 - 0.28 * number)
            self.over_time.widget.addItem(across)
            self.spread.widget.addItem(upright)
            self._lines.append((across, upright, tone))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(1)
        self._captions: list[PlainLabel] = []
        for words, chart, share in (
            ("Every follower's acknowledgement, by time (IST)", self.over_time, 3),
            ("Followers by time to acknowledge, last order", self.spread, 2),
        ):
            caption = PlainLabel(words)
            caption.setProperty("role", "chart_caption")
            self._captions.append(caption)
            column.addWidget(caption)
            column.addWidget(chart.widget, share)
        for chart in (self.over_time, self.spread):
            chart.widget.getViewBox().sigResized.connect(self._show_names)
        theme.changed.connect(self.dress)
        self.dress()

    def _show_names(self, *_: object) -> None:
        """Name the lines where the names have room; by their colours the figures above do."""
        high = QFontMetrics(self._theme.font(scale=0.8)).height() + 4
        wide = QFontMetrics(self._theme.font(scale=0.8)).horizontalAdvance("p99") + 8
        room = self.spread.widget.getViewBox().height()
        length = self.over_time.widget.getViewBox().width()
        for across, upright, _tone in self._lines:
            across.label.setVisible(length * 0.16 >= wide)
            upright.label.setVisible(room * 0.28 >= high)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        # In a small window the curves need the room more than their captions do.
        roomy = self.height() >= 170 * self._theme.text_percent / 100
        for caption in self._captions:
            caption.setVisible(roomy)

    def dress(self) -> None:
        """Take the theme's colours."""
        for chart in (self.over_time, self.spread):
            chart.dress(self._theme)
        self._dots.setPen(None)
        self._dots.setBrush(_colour(self._theme, Tone.INFO, 150))
        self._bars.setOpts(pen=None, brush=_colour(self._theme, Tone.INFO, 190))
        for across, upright, tone in self._lines:
            pen = _pen(self._theme.colour(tone), Qt.PenStyle.DashLine)
            for line in (across, upright):
                line.setPen(pen)
                line.label.setColor(self._theme.colour(tone))
                line.label.setFont(self._theme.font(scale=0.8))
                line.label.fill = pg.mkBrush(_colour(self._theme, "base", 200))
        self._show_names()

    def show_points(self, at: Floats, ms: Floats, numbers: Summary | None) -> None:
        """Draw every acknowledgement; the axis runs from the first one shown to the last."""
        self._dots.setData(x=at, y=ms)
        if numbers is None or not len(at):
            return
        right = float(at[-1])
        left = min(float(at[0]), right - _SHORTEST_S)
        margin = (right - left) * 0.02
        # One slow follower must not press all others onto the axis.
        top = nice_ceiling(max(numbers.p99 * 1.25, numbers.p50 * 2))
        self.over_time.set_range(left - margin, right + margin, 0.0, top)
        for (across, _, _), value in zip(
            self._lines, (numbers.p50, numbers.p95, numbers.p99), strict=True
        ):
            across.setValue(value)
            across.setVisible(True)

    def show_spread(self, values: Floats, numbers: Summary | None) -> None:
        """Draw the last order's distribution."""
        if numbers is None:
            return
        top = nice_ceiling(numbers.slowest * 1.05)
        edges, counts = histogram(values, top)
        width = top / len(edges)
        self._bars.setOpts(x=edges + width / 2, height=counts, width=width * 0.9)
        self.spread.set_range(0.0, top, 0.0, nice_ceiling(float(np.max(counts)) * 1.1))
        for (_, upright, _), value in zip(
            self._lines, (numbers.p50, numbers.p95, numbers.p99), strict=True
        ):
            upright.setValue(value)
            upright.setVisible(True)
