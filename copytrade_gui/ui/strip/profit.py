"""What today brought, in the strip: the master's own beside that of all copies."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QWidget

from copytrade_gui.services.position_report import PositionReport, Sums
from copytrade_gui.ui import figures
from copytrade_gui.ui.theme import Tone
from copytrade_gui.ui.widgets.label import PlainLabel
from copytrade_gui.ui.widgets.tip import set_tip

STALE_NS = 15_000_000_000
"""A sum that rests on an older price is dimmed."""
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class ProfitBlock(QWidget):
    """Two lines under one name, hidden until something was held today."""

    def __init__(self) -> None:
        super().__init__()
        grid = QGridLayout(self)
        grid.setContentsMargins(12, 3, 12, 3)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(0)
        self.master, self.followers = PlainLabel(), PlainLabel()
        for line, words in enumerate(("Day", "P&L ₹")):
            caption = PlainLabel(words)
            caption.setProperty("role", "strip_low")
            grid.addWidget(caption, line, 0)
        self._captions: dict[str, PlainLabel] = {}
        for line, (name, value) in enumerate(
            (("master", self.master), ("followers", self.followers))
        ):
            caption = self._captions[name] = PlainLabel(name.capitalize())
            caption.setProperty("role", "strip_low")
            value.setObjectName(f"profit_{name}")
            value.setAlignment(_RIGHT)
            grid.addWidget(caption, line, 1)
            grid.addWidget(value, line, 2)
        self.wanted = False
        """Something was held today: it is shown where there is room."""
        self.hide()

    def be_brief(self, brief: bool) -> None:
        """Where there is little room a letter has to do; an amount is never cut."""
        for name, caption in self._captions.items():
            caption.setText(name[0].upper() if brief else name.capitalize())
        self.updateGeometry()  # or whoever asks for the room it needs hears of the words before

    def show_report(self, report: PositionReport, now_ns: int) -> None:
        """Show what a report sums up to."""
        self.wanted = bool(report.lines)
        self.setVisible(self.wanted)
        tips = []
        for name, value, sums in (
            ("Masters", self.master, report.masters),
            ("Copies of all followers", self.followers, report.followers),
        ):
            words = profit_words(sums)
            stale = bool(sums.stale_ns) and now_ns - sums.stale_ns > STALE_NS
            tone = "" if stale or not sums.day else str(Tone.OK if sums.day > 0 else Tone.BAD)
            if (value.text(), value.property("tone")) != (words, tone):
                value.setText(words)
                value.setProperty("tone", tone)
                value.style().polish(value)
            tips.append(_tip(name, sums, stale=stale))
        set_tip(self, "\n".join(("Day P&L before charges", *tips)))
        self.setAccessibleName(". ".join(tips))


def profit_words(sums: Sums) -> str:
    """``▲ +12,345.00``; an en dash where nothing of it is known."""
    if sums.unknown and not sums.day:
        return figures.UNKNOWN
    arrow = "▲ " if sums.day > 0 else "▼ " if sums.day < 0 else ""
    return f"{arrow}{figures.signed_money(sums.day)}{' +?' if sums.unknown else ''}"


def _tip(name: str, sums: Sums, *, stale: bool) -> str:
    words = (
        f"{name}: day {figures.signed_money(sums.day)}, of it open "
        f"{figures.signed_money(sums.open)} in {figures.plural(sums.positions, 'position')}"
    )
    if sums.unknown:
        words += f"; {figures.plural(sums.unknown, 'position')} more without a known price"
    if stale:
        words += f"; a price in it is of {figures.clock(sums.stale_ns)} IST"
    return words
