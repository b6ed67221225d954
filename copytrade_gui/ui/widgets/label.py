"""The label: what it is given stands there as it is."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
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


class _Caption(PlainLabel):
    """Leads to a field that hands the keys to a part of itself, too: Qt's label does nothing then,
    for the field as a whole takes none.
    """

    def event(self, event: QEvent) -> bool:
        field = self.buddy() if event.type() is QEvent.Type.Shortcut else None
        if field is not None and field.focusProxy() is not None:
            field.setFocus(Qt.FocusReason.ShortcutFocusReason)
            return True
        return super().event(event)


def caption(words: str, field: QWidget) -> PlainLabel:
    """The label of a field: a letter after ``&`` in its words leads there."""
    made = _Caption(words)
    made.setBuddy(field)
    return made
