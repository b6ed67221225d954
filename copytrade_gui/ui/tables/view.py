"""One view for flat tables and trees: columns, copying, keeping still while it is pointed at."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import (
    QAbstractItemModel,
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QAccessible,
    QAction,
    QEnterEvent,
    QGuiApplication,
    QMouseEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QMenu, QTreeView, QWidget

from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.tables.columns import Column
from copytrade_gui.ui.tables.delegates import ToneDelegate
from copytrade_gui.ui.tables.export import Sheet
from copytrade_gui.ui.tables.filtering import TableProxy
from copytrade_gui.ui.window_state import read_json, write_json


class TableView(QTreeView):
    """Rows of one height under a terminal's header. ``held_changed`` says: not sorting."""

    held_changed = Signal(bool)
    rows_above = Signal(bool)
    """New rows wait above the first one in sight, because the pointer is here."""

    def __init__(
        self,
        desk: Desk,
        name: str,
        columns: tuple[Column[object], ...],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._desk = desk
        self._columns = columns
        self.setObjectName(name)
        self.proxy = TableProxy(self)
        self.setModel(self.proxy)
        self.setItemDelegate(ToneDelegate(desk.theme, desk.icons, self))
        self.setUniformRowHeights(True)
        self.setAlternatingRowColors(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setRootIsDecorated(False)
        self.setExpandsOnDoubleClick(False)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerItem)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setWordWrap(False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._on_menu_requested)
        self.row_actions: list[QAction] = []
        self._elastic = tuple(n for n, c in enumerate(columns) if c.takes_rest)
        self.pointed_at = False
        self.double_clicked = False
        """A row is being opened by the mouse, and not by a key."""
        self._anchor: QPersistentModelIndex | None = None
        self._left_top = False
        self.proxy.rowsAboutToBeInserted.connect(self._note_place)
        self.verticalScrollBar().actionTriggered.connect(self._on_scrolled_by_hand)
        self._digit = self.fontMetrics().horizontalAdvance("0")
        desk.theme.changed.connect(self._on_theme_changed)

    def set_source(self, model: QAbstractItemModel) -> None:
        """Show ``model`` through the proxy and bring the columns back as they were left."""
        self.proxy.setSourceModel(model)
        header = self.header()
        header.setSectionsMovable(True)
        header.setSectionsClickable(True)
        header.setFirstSectionMovable(True)
        header.setStretchLastSection(not self._elastic)
        header.setHighlightSections(False)
        header.setMinimumSectionSize(28)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header.customContextMenuRequested.connect(
            lambda place: self.columns_menu().popup(header.mapToGlobal(place))
        )
        header.setSortIndicatorClearable(True)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.setSortingEnabled(True)
        self._default_columns()
        self._restore_columns()
        header.sectionResized.connect(self._on_section_resized)
        header.sortIndicatorChanged.connect(self._on_sorted)

    def add_row_actions(self, actions: list[QAction]) -> None:
        """Actions on rows: in the context menu, and by their keys while this table has focus."""
        self.row_actions = actions
        for action in actions:
            if not action.isSeparator():
                self.addAction(action)

    # ------------------------------------------------------------ rows

    def dataChanged(
        self,
        top: QModelIndex | QPersistentModelIndex,
        low: QModelIndex | QPersistentModelIndex,
        roles: Sequence[int] = (),
    ) -> None:
        if QAccessible.isActive():
            super().dataChanged(top, low, roles)
            return
        # Qt would measure every cell of the first row again, and paint all that is in sight where
        # many rows have changed. With rows of one height nothing depends on what a cell says.
        parent = top.parent()
        if not self.isVisible() or (parent.isValid() and not self.isExpanded(parent)):
            return
        columns = range(top.column(), low.column() + 1)
        seen = [number for number in columns if not self.isColumnHidden(number)]
        if not seen:
            return
        left = min(self.columnViewportPosition(number) for number in seen)
        right = max(self.columnViewportPosition(n) + self.columnWidth(n) for n in seen)
        # a cell of a hidden column has no place
        above = self.visualRect(top.sibling(top.row(), seen[0])).top()
        below = self.visualRect(low.sibling(low.row(), seen[0])).bottom()
        self.viewport().update(left, above, right - left, below - above + 1)

    def source_rows(self) -> list[QModelIndex]:
        """Selected rows as indexes of the source model, from top to bottom."""
        chosen = self.selectionModel().selectedRows()
        chosen.sort(key=lambda index: self.visualRect(index).top())
        return [self.proxy.mapToSource(index) for index in chosen]

    def current_source(self) -> QModelIndex:
        """The row that has the cursor, as an index of the source model."""
        return self.proxy.mapToSource(self.currentIndex())

    def sheet(self, *, only_selected: bool, watermark: str = "") -> Sheet:
        """What is shown of the selected rows; or all filtered rows with every column there is."""
        header = self.header()
        order = [header.logicalIndex(place) for place in range(header.count())]
        hidden = header.isSectionHidden
        shown = [number for number in order if not (only_selected and hidden(number))]
        if only_selected:
            chosen = self.selectionModel().selectedRows()
            chosen.sort(key=lambda index: self.visualRect(index).top())
        else:
            chosen = self._all_rows(QModelIndex())
        return Sheet(
            headers=tuple(self._columns[number].title for number in shown),
            numeric=tuple(self._columns[number].numeric for number in shown),
            rows=tuple(
                tuple(str(row.siblingAtColumn(n).data() or "") for n in shown) for row in chosen
            ),
            watermark=watermark,
        )

    def copy_rows(self) -> int:
        """Put the selected rows with headers on the clipboard, tab separated; returns how many."""
        sheet = self.sheet(only_selected=True)
        if not sheet.rows:
            return 0
        lines = ["\t".join(cells) for cells in (sheet.headers, *sheet.rows)]
        QGuiApplication.clipboard().setText("\n".join(lines))
        return len(sheet.rows)

    def _all_rows(self, parent: QModelIndex) -> list[QModelIndex]:
        rows: list[QModelIndex] = []
        for number in range(self.proxy.rowCount(parent)):
            index = self.proxy.index(number, 0, parent)
            rows += [index, *self._all_rows(index)]
        return rows

    # ------------------------------------------------------------ columns

    def columns_menu(self) -> QMenu:
        """A menu that shows and hides columns."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for number, column in enumerate(self._columns):
            action = menu.addAction(column.title or column.key)
            action.setCheckable(True)
            action.setChecked(not self.isColumnHidden(number))
            action.setEnabled(number > 0)
            action.toggled.connect(lambda on, n=number: self.setColumnHidden(n, not on))
        menu.addSeparator()
        menu.addAction("Fit widths to contents", self.fit_columns)
        menu.addAction("Columns as at first", self._default_columns)
        return menu

    def fit_columns(self) -> None:
        """Fit every column once; never automatically, because that costs 100 ms a batch."""
        for number in range(len(self._columns)):
            self.resizeColumnToContents(number)

    def save_columns(self) -> None:
        """Remember widths, order and what is hidden."""
        header = self.header()
        stored: dict[str, object] = {
            column.key: [
                header.sectionSize(number),
                header.visualIndex(number),
                not header.isSectionHidden(number),
            ]
            for number, column in enumerate(self._columns)
        }
        write_json(self._desk.memory, f"columns/{self.objectName()}", stored)

    def _default_columns(self) -> None:
        header = self.header()
        for number, column in enumerate(self._columns):
            header.moveSection(header.visualIndex(number), number)
            header.setSectionHidden(number, not column.shown)
            header.resizeSection(number, self._width_of(column))
        self._share_rest()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._share_rest()

    def _on_section_resized(self, number: int, _before: int, _now: int) -> None:
        if number not in self._elastic:
            self._share_rest()

    def _share_rest(self) -> None:
        """Let the last elastic column in view fill it, up to whole columns: none is cut there.

        Where not all have room, those that come last are a scroll away.
        """
        header, room, taker = self.header(), self.viewport().width(), -1
        least = {number: self._width_of(self._columns[number]) for number in self._elastic}
        # Not by the header's length: while the style changes it tells that of a half-built header.
        for place in range(header.count()):
            number = header.logicalIndex(place)
            hidden = header.isSectionHidden(number)
            size = 0 if hidden else least.get(number, header.sectionSize(number))
            if size > room:
                break
            room -= size
            if number in least and not hidden:
                taker = number
        for number, size in least.items():
            if not header.isSectionHidden(number):
                header.resizeSection(number, size + room if number == taker else size)

    def _width_of(self, column: Column[object]) -> int:
        """Room for so many digits, and never less than for the words of its header."""
        title = self.header().fontMetrics().horizontalAdvance(column.title)
        return max(column.chars * self.fontMetrics().horizontalAdvance("0"), title) + 14

    def _on_sorted(self, number: int, _order: Qt.SortOrder) -> None:
        """The arrow takes no room from the header's words."""
        header = self.header()
        if 0 <= number < header.count() and not header.isSectionHidden(number):
            needed = header.sectionSizeHint(number)
            header.resizeSection(number, max(needed, header.sectionSize(number)))

    def _restore_columns(self) -> None:
        header = self.header()
        stored = read_json(self._desk.memory, f"columns/{self.objectName()}")
        places: list[tuple[int, int]] = []
        for number, column in enumerate(self._columns):
            entry = stored.get(column.key)
            if not isinstance(entry, list) or len(entry) != 3:
                continue
            width, place, shown = entry
            if isinstance(width, int) and isinstance(place, int):
                header.setSectionHidden(number, not shown)
                if shown and 20 <= width <= 2_000:
                    header.resizeSection(number, width)
                places.append((place, number))
        for place, number in sorted(places):
            if 0 <= place < header.count():
                header.moveSection(header.visualIndex(number), place)

    # ------------------------------------------------------------ pointer and menus

    def doItemsLayout(self) -> None:
        super().doItemsLayout()
        anchor, self._anchor = self._anchor, None
        if anchor is None or not anchor.isValid():
            return
        place = self.visualRect(anchor)
        if place.top() > 0 and place.height():
            bar = self.verticalScrollBar()  # it counts rows
            bar.setValue(bar.value() + round(place.top() / place.height()))
            self.rows_above.emit(True)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.double_clicked = True
        try:
            super().mouseDoubleClickEvent(event)
        finally:
            self.double_clicked = False

    def wheelEvent(self, event: QWheelEvent) -> None:
        super().wheelEvent(event)
        self._left_top = False

    def _note_place(self) -> None:
        """New rows move none that is being read or pointed at; they wait above."""
        at_top = not self.verticalScrollBar().value()
        if self._anchor is None and (self.pointed_at or not at_top):
            self._anchor = QPersistentModelIndex(self.indexAt(QPoint(1, 1)))
            self._left_top = self._left_top or at_top

    def _on_scrolled_by_hand(self, _action: int) -> None:
        self._left_top = False

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self.pointed_at = True
        if self.proxy.sortColumn() >= 0:
            self.proxy.hold(True)
            self.held_changed.emit(True)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.pointed_at = False
        self.rows_above.emit(False)
        if self._left_top:
            self._left_top = False
            self.scrollToTop()
        self.proxy.hold(False)
        self.held_changed.emit(False)

    def _on_menu_requested(self, place: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addActions(self.row_actions)
        menu.addSeparator()
        columns = self.columns_menu()
        columns.setTitle("Columns")
        menu.addMenu(columns)
        menu.popup(self.viewport().mapToGlobal(place))

    def _on_theme_changed(self) -> None:
        digit = self.fontMetrics().horizontalAdvance("0")
        if digit != self._digit and self._digit:
            header = self.header()
            for number in range(header.count()):
                if not header.isSectionHidden(number):
                    size = round(header.sectionSize(number) * digit / self._digit)
                    header.resizeSection(number, size)
        self._digit = digit
        self.scheduleDelayedItemsLayout()
        self.viewport().update()
