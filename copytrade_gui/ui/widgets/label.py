"""The label: what it is given stands there as it is."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget  # noqa: TID251 - the one place that may


class PlainLabel(QLabel):
    """Words as they are.

    Qt's label guesses, and renders what looks like HTML: a broker's rejection could then show a
    large green "FILLED" or a picture from this disk. Here nothing is rendered and no link opens.
    """

    def __init__(self, words: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setText(words)


def caption(words: str, field: QWidget) -> PlainLabel:
    """The label of a field: a letter after ``&`` in its words leads there."""
    made = PlainLabel(words)
    made.setBuddy(field)
    return made
