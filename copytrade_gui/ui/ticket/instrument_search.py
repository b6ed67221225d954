"""Finds an instrument as you type: ``nifty 26500 ce``."""

from __future__ import annotations

import logging

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QLineEdit, QTreeView

from copytrade_gui.domain.instrument import Instrument
from copytrade_gui.domain.typed import LONGEST_QUOTE, cut
from copytrade_gui.services.verbs import MarketVerbs
from copytrade_gui.ui import figures
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.tables.columns import Column
from copytrade_gui.ui.tables.delegates import ToneDelegate
from copytrade_gui.ui.tables.rows_model import RowsModel
from copytrade_gui.ui.theme import Tone
from copytrade_gui.ui.ticket_words import instrument_words

log = logging.getLogger(__name__)

WAIT_MS = 80
SHOWN_ROWS = 9

COLUMNS: tuple[Column[Instrument], ...] = (
    Column("symbol", "Instrument", lambda i: i.symbol, strong=True, chars=24),
    Column("what", "What", instrument_words, tone=lambda _: Tone.MUTED, chars=36, takes_rest=True,
           tip=lambda i: f"{i.name}, tick {figures.price(i.tick, i.tick)}"),
)  # fmt: skip


class InstrumentSearch(QLineEdit):
    """``picked`` carries the instrument; typing again afterwards searches again."""

    picked = Signal(object)
    advanced = Signal()
    """Enter with an instrument already picked: on to the next field."""
    unknown = Signal(str)
    """What was typed and matches nothing; empty once that is over."""

    def __init__(self, desk: Desk, market: MarketVerbs) -> None:
        super().__init__()
        self.setObjectName("ticket_instrument")
        self.setAccessibleName("Instrument")
        self.setPlaceholderText("Search, e.g. nifty 26500 ce")
        self._desk = desk
        self._market = market
        self.instrument: Instrument | None = None
        self.lacking = ""
        """What the contract files lacked when the last search found nothing."""
        self._asked = 0
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.setInterval(WAIT_MS)
        self._wait.timeout.connect(self._on_wait_over)
        self.model: RowsModel[Instrument] = RowsModel(COLUMNS, lambda i: i.key, parent=self)
        self.list = QTreeView(self)
        self.list.setObjectName("instrument_list")
        self.list.setAccessibleName("Matching instruments")
        # A child of the window, not a popup: it takes no keys away and hides no stop.
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setModel(self.model)
        self.list.setHeaderHidden(True)
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        self.list.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.list.setItemDelegate(ToneDelegate(desk.theme, desk.icons, self.list))
        self.list.clicked.connect(lambda index: self.pick(self.model.row_at(index.row())))
        self.list.hide()
        self.textEdited.connect(self._on_typed)

    def pick(self, instrument: Instrument) -> None:
        """Take this instrument."""
        self._wait.stop()
        self._asked += 1
        self.instrument = instrument
        self.setText(instrument.symbol)
        self.setCursorPosition(0)
        self.list.hide()
        self._say_unknown("")
        self.picked.emit(instrument)

    async def search(self, text: str) -> None:
        """Ask for matches and show them, unless something newer was typed meanwhile."""
        self._asked += 1
        asked = self._asked
        found = await self._market.search(text)
        if asked != self._asked:
            return
        self.model.reset(found)
        if not found:
            self.lacking = await self._market.contracts()
            if asked != self._asked:
                return
            self.list.hide()
            self._say_unknown(text)
            shown = cut(text, LONGEST_QUOTE)
            log.info("instrument refused: nothing in the contract files matches %r", shown)
        else:
            self._say_unknown("")
            self.list.setCurrentIndex(self.model.index(0, 0))
            self._show_list(len(found))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if self.list.isVisible():
            if key in (Qt.Key.Key_Down, Qt.Key.Key_Up):
                step = 1 if key == Qt.Key.Key_Down else -1
                row = max(0, min(self.model.rowCount() - 1, self.list.currentIndex().row() + step))
                self.list.setCurrentIndex(self.model.index(row, 0))
                return
            if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Tab):
                self.pick(self.model.row_at(self.list.currentIndex().row()))
                self.advanced.emit()
                return
        if key == Qt.Key.Key_Escape:
            self._put_back()
            return
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if self.instrument is not None and not event.isAutoRepeat():
                self.advanced.emit()
            return
        super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        # Tab is focus movement before it is a key; with the list open it picks.
        if (
            isinstance(event, QKeyEvent)
            and event.type() is QEvent.Type.KeyPress
            and event.key() == Qt.Key.Key_Tab
            and self.list.isVisible()
        ):
            self.keyPressEvent(event)
            return True
        return super().event(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.selectAll()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if event.reason() is not Qt.FocusReason.MouseFocusReason or not self.list.underMouse():
            self._put_back()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Move):
            self.list.hide()
        return super().eventFilter(watched, event)

    def _say_unknown(self, text: str) -> None:
        self.setProperty("state", "none" if text else "")
        self.style().polish(self)
        self.unknown.emit(text)

    def _on_typed(self, text: str) -> None:
        if text.strip():
            self._wait.start()
        else:
            self._asked += 1
            self._wait.stop()
            self.list.hide()
            self._say_unknown("")

    def _on_wait_over(self) -> None:
        text = self.text().strip()
        if text:
            self._desk.tasks.start(self.search(text), name="search instruments")

    def _put_back(self) -> None:
        self._wait.stop()
        self._asked += 1
        self.list.hide()
        self.setText(self.instrument.symbol if self.instrument else "")

    def _show_list(self, count: int) -> None:
        window = self.window()
        if self.list.parent() is not window:
            self.list.setParent(window)
            window.installEventFilter(self)
        below = self.mapTo(window, QPoint(0, self.height()))
        digit = self.fontMetrics().horizontalAdvance("0")
        width = min(window.width() - below.x() - 8, max(self.width(), 62 * digit))
        height = self._desk.theme.row_pixels() * min(count, SHOWN_ROWS) + 4
        self.list.setGeometry(below.x(), below.y(), width, height)
        self.list.setColumnWidth(0, 25 * digit)
        self.list.show()
        self.list.raise_()
