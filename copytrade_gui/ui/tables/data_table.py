"""A table as the user meets it: filter above, rows, what is missing said in words, counts below."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Generic

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QSize, Qt, QTimer
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QStackedLayout,
    QToolBar,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from copytrade_gui.ui import figures
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.tables.columns import Column, R
from copytrade_gui.ui.tables.export import write
from copytrade_gui.ui.tables.view import TableView
from copytrade_gui.ui.widgets.label import PlainLabel
from copytrade_gui.ui.widgets.tip import set_tip

LONGEST_FILTER = 200
"""Characters a filter takes; Qt refuses a pattern of many thousand."""


class FilterEdit(QLineEdit):
    """The filter field: Esc clears it, Esc again leaves it."""

    def __init__(self, leave: Callable[[], object]) -> None:
        super().__init__()
        self._leave = leave
        self.setMaxLength(LONGEST_FILTER)
        self.setPlaceholderText("Filter")
        self.setClearButtonEnabled(True)
        self.setMinimumWidth(110)
        self.setMaximumWidth(220)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            if self.text():
                self.clear()
            else:
                self._leave()
            return
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Down):
            self._leave()
            return
        super().keyPressEvent(event)


class DataTable(QWidget, Generic[R]):
    """Filter bar, view, empty states and footer around one model.

    ``kept`` is how many rows the model keeps at most, 0 where it keeps all: once there are so many
    the footer says that these are the newest, because a filter looks through no others.
    """

    def __init__(
        self,
        desk: Desk,
        name: str,
        model: QAbstractItemModel,
        columns: Sequence[Column[R]],
        *,
        label: str,
        noun: str = "row",
        kept: int = 0,
    ) -> None:
        super().__init__()
        self._desk = desk
        self._model = model
        self._narrowed = ""
        self._noun = noun
        self._kept = kept
        self._empty_actions: tuple[QAction, ...] = ()
        self.setObjectName(f"{name}_table")
        self.view = TableView(desk, name, tuple(columns))  # type: ignore[arg-type]  # keys and titles only, never rows
        self.view.set_source(model)
        self.view.setAccessibleName(label)
        self.filter = FilterEdit(self.view.setFocus)
        self.filter.setObjectName(f"{name}_filter")
        self.filter.setAccessibleName(f"Filter {label}")
        self.filter.addAction(
            desk.icons.icon("search", "muted"), QLineEdit.ActionPosition.LeadingPosition
        )
        self.filter.textChanged.connect(self._on_filter_changed)
        # A tool bar, because it puts away what finds no room.
        self.bar = QToolBar()
        self.bar.setIconSize(QSize(16, 16))
        self.bar.setObjectName(f"{name}_bar")
        self.bar.setAccessibleName(f"{label}: filter and actions")
        more = self.bar.findChild(QToolButton, "qt_toolbar_ext_button")
        if isinstance(more, QToolButton):
            desk.icons.dress(more, "ellipsis-vertical")
            more.setAccessibleName(f"{label}: more actions")
        self._filter_place = self.bar.addWidget(self.filter)
        room = QWidget()
        room.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.bar.addWidget(room)
        self.counts = PlainLabel()
        self.held = PlainLabel("sorting held")
        set_tip(self.held, "Rows stay where they are while the pointer is over the table.")
        self.held.hide()
        self.above = PlainLabel("new rows above")
        set_tip(self.above, "They come into view when the pointer leaves the table.")
        self.above.hide()
        self._build_empty(name)
        self._lay_out(name)
        self.view.held_changed.connect(self.held.setVisible)
        self.view.rows_above.connect(self.above.setVisible)
        # Afterwards, and once for many: a view that is hidden from within its model's own signal
        # asks the proxy while that is between two states, and Qt crashes.
        self._after = QTimer(self)
        self._after.setSingleShot(True)
        self._after.setInterval(0)
        self._after.timeout.connect(self._on_rows_changed)
        for signal in (
            self.view.proxy.rowsInserted,
            self.view.proxy.rowsRemoved,
            self.view.proxy.modelReset,
            self.view.proxy.layoutChanged,
        ):
            signal.connect(lambda *_: self._after.start())
        self._on_rows_changed()

    # ------------------------------------------------------------ set-up

    def say_when_empty(self, sentence: str, *actions: QAction) -> None:
        """What stands here before the first row, and at most two actions that bring one."""
        self._empty_sentence = sentence
        self._empty_actions = actions
        self._on_rows_changed()

    def narrow(self, word: str) -> None:
        """Show only rows whose search text has ``word`` too; empty shows all again."""
        self._narrowed = word
        self._on_filter_changed(self.filter.text())

    def add_before_filter(self, widget: QWidget) -> None:
        """A control at the left end of the bar, before the filter."""
        self.bar.insertWidget(self._filter_place, widget)

    def add_tool(self, act: Act, *, words: bool = False) -> QToolButton:
        """A small button for an action, at the right end of the bar."""
        button = QToolButton()
        button.setDefaultAction(self._desk.actions[act])
        button.setAutoRaise(True)
        button.setObjectName(f"{self.view.objectName()}_{act}")
        button.setAccessibleName(self._desk.actions[act].text().replace("&", ""))
        if words:
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.bar.addWidget(button)
        return button

    # ------------------------------------------------------------ verbs of every table

    def go_to_filter(self) -> None:
        """Go to the filter."""
        self.filter.setFocus()
        self.filter.selectAll()

    def copy(self) -> None:
        """Copy the selection and say so."""
        number = self.view.copy_rows()
        if number:
            self._desk.notices.info(f"{figures.plural(number, 'row')} copied with headers.")

    async def export(self, path: Path) -> None:
        """Write the filtered rows to a file and say so."""
        mark = "PAPER TRADING - no real orders" if self._desk.paper else ""
        sheet = self.view.sheet(only_selected=False, watermark=mark)
        try:
            number = await asyncio.to_thread(write, path, sheet)
        except (OSError, ValueError) as error:
            self._desk.notices.warn(f"Nothing was exported: {error}. Choose another file name.")
            return
        self._desk.notices.info(f"{figures.plural(number, 'row')} written to {path}.")

    # ------------------------------------------------------------ inside

    def _build_empty(self, name: str) -> None:
        self._empty_sentence = "Nothing here yet."
        self.empty_text = PlainLabel()
        self.empty_text.setObjectName(f"{name}_empty")
        self.empty_text.setWordWrap(True)
        self.empty_text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty_text.setProperty("role", "muted")
        self.empty_button, self.empty_other = QPushButton(), QPushButton()
        self.empty_button.setObjectName(f"{name}_empty_button")
        self.empty_button.clicked.connect(lambda: self._on_empty_clicked(0))
        self.empty_other.setObjectName(f"{name}_empty_other")
        self.empty_other.clicked.connect(lambda: self._on_empty_clicked(1))
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.empty_button)
        buttons.addWidget(self.empty_other)
        buttons.addStretch(1)
        self._empty = QWidget()
        column = QVBoxLayout(self._empty)
        column.addStretch(1)
        column.addWidget(self.empty_text)
        column.addLayout(buttons)
        column.addStretch(2)

    def _lay_out(self, name: str) -> None:
        body = QWidget()
        self._stack = QStackedLayout(body)
        self._stack.setContentsMargins(0, 0, 0, 0)
        self._stack.addWidget(self.view)
        self._stack.addWidget(self._empty)
        foot = QHBoxLayout()
        foot.setContentsMargins(8, 1, 8, 1)
        self.foot = foot
        self.counts.setObjectName(f"{name}_counts")
        for label in (self.counts, self.held, self.above):
            label.setProperty("role", "foot")
        foot.addWidget(self.counts)
        foot.addStretch(1)
        foot.addWidget(self.above)
        foot.addWidget(self.held)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.bar)
        column.addWidget(body, 1)
        column.addLayout(foot)

    def _on_filter_changed(self, text: str) -> None:
        self.view.proxy.set_words(f"{text} {self._narrowed}")
        self._on_rows_changed()

    def _on_rows_changed(self, *_: object) -> None:
        all_rows = self._model.rowCount()
        shown = self.view.proxy.rowCount(QModelIndex())
        of = "of the newest" if 0 < self._kept <= all_rows else "of"
        self.counts.setText(f"{figures.whole(shown)} {of} {figures.plural(all_rows, self._noun)}")
        self._stack.setCurrentIndex(0 if shown else 1)
        if shown:
            return
        if all_rows:
            typed = self.filter.text().strip()
            self.empty_text.setText(
                f"0 of {figures.whole(all_rows)} match '{typed}'."
                if typed
                else f"None of the {figures.plural(all_rows, self._noun)} belongs in this view."
            )
            self.empty_button.setText("Clear filter")
            self.empty_button.setVisible(bool(typed))
            self.empty_other.hide()
            return
        self.empty_text.setText(self._empty_sentence)
        for number, button in enumerate((self.empty_button, self.empty_other)):
            offered = number < len(self._empty_actions)
            button.setVisible(offered)
            if offered:
                button.setText(self._empty_actions[number].text().replace("&", ""))

    def _on_empty_clicked(self, number: int) -> None:
        if self._model.rowCount():
            self.filter.clear()
        else:
            self._empty_actions[number].trigger()
