"""One order from stage to stage: a bar for each, its length, and what its fill cost."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QSizePolicy, QWidget

from copytrade_gui.domain.money import in_rupees
from copytrade_gui.domain.waterfall import Stage, Waterfall
from copytrade_gui.ui import figures
from copytrade_gui.ui.theme import Theme, Tone
from copytrade_gui.ui.widgets.label import PlainLabel

WORDS = {
    Stage.DETECTED: "Pressed or seen",
    Stage.PLANNED: "Planned",
    Stage.COMMITTED: "On the disk",
    Stage.QUEUED: "May leave",
    Stage.FIRST_BYTE: "First byte out",
    Stage.ACKNOWLEDGED: "Acknowledged",
    Stage.AT_EXCHANGE: "At the exchange",
    Stage.FILLED: "Filled",
}
_OURS = frozenset({Stage.PLANNED, Stage.COMMITTED, Stage.QUEUED, Stage.FIRST_BYTE})
"""What this program took; the rest is the broker's and the market's."""
ENDS = 0.85
"""Share of the width at which the acknowledgement stands; the rest is for what comes after it."""
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


def stage_rows(fall: Waterfall) -> list[tuple[str, str, str]]:
    """Of each stage its word, what it took after the one before, and the time since the first."""
    rows, before = [], 0.0
    for stage in Stage:
        at = fall.stages.get(stage)
        if at is None:
            rows.append((WORDS[stage], figures.UNKNOWN, figures.UNKNOWN))
            continue
        took = "" if stage is Stage.DETECTED else f"+{figures.milliseconds(max(0.0, at - before))}"
        rows.append((WORDS[stage], took, figures.milliseconds(at)))
        before = at
    return rows


def slippage_words(fall: Waterfall) -> str:
    """``₹75 worse than the master: 101.05 against 100.05``; a dash while it is not known."""
    if fall.slippage is None or fall.average is None or fall.master_average is None:
        return figures.UNKNOWN
    prices = f"{figures.price(fall.average)} against {figures.price(fall.master_average)}"
    if not fall.slippage:
        return f"None: {prices}"
    worse = "worse" if fall.slippage > 0 else "better"
    return f"{in_rupees(abs(fall.slippage))} {worse} than the master: {prices}"


class _Bar(QWidget):
    """From one share of the width to another."""

    def __init__(self, colour: Callable[[], QColor]) -> None:
        super().__init__()
        self._colour = colour
        self.span = (0.0, 0.0)
        self.beyond = False
        """It ends somewhere beyond the edge."""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)

    def sizeHint(self) -> QSize:
        return QSize(180, 14)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002 - it is small, and drawn whole
        painter = QPainter(self)
        left, right = (share * self.width() for share in self.span)
        left = min(left, self.width() - 2.0)
        area = QRectF(left, self.height() / 2 - 4, max(2.0, right - left), 8.0)
        if self.beyond:
            middle, tip = self.height() / 2, float(self.width())
            head = (
                QPointF(tip - 6, middle - 6),
                QPointF(tip, middle),
                QPointF(tip - 6, middle + 6),
            )
            area.setRight(tip - 6)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._colour())
            painter.drawPolygon(head)
        painter.fillRect(area, self._colour())
        painter.end()


class WaterfallView(QWidget):
    """The stages below each other. What comes after the acknowledgement, which may take hours, has
    an arrow's head at the edge instead of its length.
    """

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("waterfall")
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(3)
        grid.setColumnStretch(1, 1)
        self._lines: list[tuple[Stage, _Bar, PlainLabel, PlainLabel]] = []
        for column, head in ((2, "Took ms"), (3, "After ms")):
            label = PlainLabel(head)
            label.setProperty("role", "column_head")
            label.setAlignment(_RIGHT)
            grid.addWidget(label, 0, column)
        for line, stage in enumerate(Stage, start=1):
            name = PlainLabel(WORDS[stage])
            name.setProperty("role", "muted")
            token = Tone.INFO if stage in _OURS else Tone.MUTED
            bar = _Bar(lambda token=token: theme.colour(token))  # type: ignore[misc]  # a default binds it
            took, since = PlainLabel(), PlainLabel()
            for label in (took, since):
                label.setProperty("role", "number")
                label.setAlignment(_RIGHT)
            for column, widget in enumerate((name, bar, took, since)):
                grid.addWidget(widget, line, column)
            self._lines.append((stage, bar, took, since))
        self.slippage = PlainLabel(figures.UNKNOWN)
        self.slippage.setObjectName("waterfall_slippage")
        slippage = PlainLabel("Slippage")
        slippage.setProperty("role", "muted")
        grid.addWidget(slippage, len(Stage) + 1, 0)
        grid.addWidget(self.slippage, len(Stage) + 1, 1, 1, 3)
        self.show_fall(Waterfall({}))

    def show_fall(self, fall: Waterfall) -> None:
        """Show what is known of an order."""
        until = [fall.stages[one] for one in Stage if one in fall.stages]
        whole = fall.stages.get(Stage.ACKNOWLEDGED) or max(until, default=0.0) or 1.0
        before = 0.0
        rows = stage_rows(fall)
        for (stage, bar, took, since), (_, took_words, since_words) in zip(
            self._lines, rows, strict=True
        ):
            at = fall.stages.get(stage)
            took.setText(took_words)
            since.setText(since_words)
            bar.setVisible(at is not None and stage is not Stage.DETECTED)
            if at is not None:
                bar.span = (min(ENDS, ENDS * before / whole), min(ENDS, ENDS * at / whole))
                bar.beyond = at > whole
                before = at
            bar.update()
        self.slippage.setText(slippage_words(fall))
