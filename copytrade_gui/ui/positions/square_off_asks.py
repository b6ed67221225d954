"""What a person is asked before a square-off: whether owners' positions go too, or of a stop."""

from __future__ import annotations

from PySide6.QtWidgets import QCheckBox, QFormLayout, QHBoxLayout, QLineEdit, QWidget

from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.services.square_off_verbs import OWN_WORD
from copytrade_gui.ui.widgets.label import PlainLabel, caption
from copytrade_gui.ui.widgets.tip import set_tip

_OUT_OF_STOP = {
    TradingState.PAUSE: "Trading is paused.",
    TradingState.HALT: "Trading is halted.",
    TradingState.KILL: "Trading was killed.",
}
_INTO_REDUCE = (
    " With this act it changes to Only exits: what reduces positions leaves again, and whatever "
    "opens is denied until you resume."
)


class OwnersToo(QWidget):
    """The choice to close what owners hold themselves, and the word that it takes."""

    def __init__(self) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(14)
        self.box = QCheckBox("Also what &owners hold themselves")
        self.box.setObjectName("square_off_owners")
        set_tip(self.box, "Their own positions, intraday and carried; holdings and masters stay")
        self.word = QLineEdit()
        self.word.setObjectName("square_off_own")
        self.word.setAccessibleName(f"Type {OWN_WORD}")
        self.word.setMaximumWidth(120)
        self._label = caption(f"&Type {OWN_WORD}", self.word)
        for field in (self._label, self.word):
            field.hide()
            self.box.toggled.connect(field.setVisible)
        row.addWidget(self.box)
        row.addWidget(self._label)
        row.addWidget(self.word)
        row.addStretch(1)

    def first(self, *, otherwise: QWidget) -> QWidget:
        """Where the cursor belongs: at the word, while it is to be typed."""
        return self.word if self.box.isChecked() and not self.word.text() else otherwise


class OutOfStop(QWidget):
    """What a person has to say who squares off while trading is stopped; hidden when it is not."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("square_off_stop")
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setHorizontalSpacing(14)
        self.sentence = PlainLabel()
        self.sentence.setObjectName("square_off_stop_words")
        self.sentence.setWordWrap(True)
        form.addRow(self.sentence)
        self.reason, self.word = QLineEdit(), QLineEdit()
        self._fields = {"reason": self.reason, "word": self.word}
        for name, label in (("reason", "&Reason"), ("word", "&Word (type RESUME)")):
            field = self._fields[name]
            field.setObjectName(f"square_off_{name}")
            field.setAccessibleName(label.replace("&", ""))
            form.addRow(caption(label, field), field)
        self._form = form

    def show_stop(self, stopped: TradingState | None) -> None:
        """Ask for what leaving this stop needs, or for nothing."""
        self.setVisible(stopped is not None)
        if stopped is not None:
            self.sentence.setText(_OUT_OF_STOP.get(stopped, "") + _INTO_REDUCE)
            self._form.setRowVisible(self.word, stopped is TradingState.KILL)

    def first(self, *, otherwise: QWidget) -> QWidget:
        """Where the cursor belongs at the start."""
        return otherwise if self.isHidden() else self.reason

    def focus(self, field: str) -> None:
        """Put the cursor where something is missing."""
        if field in self._fields:
            self._fields[field].setFocus()
