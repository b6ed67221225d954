"""Lines of a checklist: what is looked at, how it stands, and a sentence with the remedy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout

from copytrade_gui.services.modes import LiveCheck, Standing
from copytrade_gui.ui.widgets.label import PlainLabel

_ROLES = {Standing.OK: "good", Standing.LACKS: "problem", Standing.NOTE: "muted"}


def check_lines(checks: Sequence[LiveCheck], words: Mapping[Standing, str]) -> QGridLayout:
    """A row for each; ``words`` say how it stands."""
    grid = QGridLayout()
    grid.setColumnStretch(2, 1)
    grid.setHorizontalSpacing(14)
    top = Qt.AlignmentFlag.AlignTop
    for row, check in enumerate(checks):
        mark = PlainLabel(words[check.standing])
        mark.setProperty("role", _ROLES[check.standing])
        sentence = PlainLabel(check.sentence)
        sentence.setWordWrap(True)
        grid.addWidget(PlainLabel(check.name), row, 0, top)
        grid.addWidget(mark, row, 1, top)
        grid.addWidget(sentence, row, 2)
    return grid
