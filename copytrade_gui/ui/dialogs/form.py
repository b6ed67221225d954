"""A dialog with fields: each problem stands beside its field, and saving keeps what was typed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.dialogs.columns_of_fields import ColumnsOfFields
from copytrade_gui.ui.dialogs.dialog import ConsoleDialog
from copytrade_gui.ui.widgets.label import PlainLabel, caption

_COLUMN = 40
"""Letters that each of several columns has room for, so that hints wrap into a few lines."""


class FormDialog(ConsoleDialog):
    """Labelled fields, a save button, and the place where a refusal is read.

    ``save`` is awaited when the user saves; a ``RefusedError`` keeps the dialog open and puts its
    sentence beside the field it names.
    """

    def __init__(
        self,
        parent: QWidget,
        desk: Desk,
        title: str,
        name: str,
        *,
        verb: str,
        save: Callable[[], Awaitable[object]],
    ) -> None:
        super().__init__(parent, title, name)
        self.setMinimumWidth(460)
        self._desk = desk
        self._save = save
        self._problems: dict[str, PlainLabel] = {}
        self._fields: dict[str, QWidget] = {}
        self._columns = ColumnsOfFields()
        self.box.addWidget(self._columns, 1)
        self.form = self._columns.begin()
        self.problem = PlainLabel()
        self.problem.setObjectName(f"{name}_problem")
        self.problem.setProperty("role", "problem")
        self.problem.setWordWrap(True)
        self.problem.hide()
        self.box.addWidget(self.problem)
        self.back = self.make_button("Cancel", f"{name}_back")
        self.back.clicked.connect(self.reject)
        self.verb = self.make_button(verb, f"{name}_save", kind="primary")
        self.verb.setDefault(True)
        self.verb.clicked.connect(self.submit)

    def begin_column(self) -> None:
        """The fields that follow stand in a column of their own, to the right."""
        self.ensurePolished()  # only then its font is known
        self.form = self._columns.begin(_COLUMN * self.fontMetrics().averageCharWidth())

    def add_heading(self, words: str) -> None:
        """What the fields that follow are about."""
        heading = PlainLabel(words)
        heading.setProperty("role", "heading")
        self.form.addRow(heading)

    def finish_form(self) -> None:
        """Put the buttons below the fields."""
        self.add_buttons([self.back, self.verb])

    def add_field(
        self, name: str, label: str, field: QWidget, *, hint: str = "", beside: str = ""
    ) -> None:
        """A field with its label as buddy, a hint below or beside it, and room for its problem."""
        cell = QWidget()
        column = QVBoxLayout(cell)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        if beside:
            line = QHBoxLayout()
            line.setSpacing(10)
            field.setMaximumWidth(160)
            told = PlainLabel(beside)
            told.setWordWrap(True)
            told.setProperty("role", "hint")
            line.addWidget(field)
            line.addWidget(told, 1)
            column.addLayout(line)
        else:
            column.addWidget(field)
        if hint:
            words = PlainLabel(hint)
            words.setWordWrap(True)
            words.setProperty("role", "hint")
            column.addWidget(words)
        problem = PlainLabel()
        problem.setObjectName(f"problem_{name}")
        problem.setWordWrap(True)
        problem.setProperty("role", "problem")
        problem.hide()
        column.addWidget(problem)
        self._columns.keep(field)
        field.setObjectName(f"field_{name}")
        field.setAccessibleName(label.replace("&", ""))
        if isinstance(field, QLineEdit):
            field.textEdited.connect(lambda _text: self.clear_problems())
        self.form.addRow(caption(label, field), cell)
        self._problems[name] = problem
        self._fields[name] = field

    def grow(self) -> None:
        """As wide and high as all fields need, and no more than the screen has."""
        self._columns.fit()
        self._columns.updateGeometry()  # a field that was hidden counts again
        margins = self.box.contentsMargins()
        needed = self._columns.needed_width + margins.left() + margins.right()
        if (wide := min(needed, self.room.width())) > self.width():
            self.resize(wide, self.height())
        super().grow()

    def needed_height(self) -> int:
        """As much as the screen has at most: what has no room is scrolled to."""
        return min(super().needed_height() + self._columns.bar_height, self.room.height())

    def submit(self) -> None:
        """Try to save; once at a time."""
        if not self.verb.isEnabled() or not self.may_press(self.verb):
            return
        self.clear_problems()
        self.begin(
            self._desk.tasks,
            self._run(),
            name=f"save {self.objectName()}",
            on_error=self.show_problem,
            buttons=[self.verb],
        )

    def show_problem(self, sentence: str, field: str = "") -> None:
        """Say what is wrong, beside the field where it has one; in a notice once it is closed."""
        if self.over:
            self._desk.notices.warn(sentence)
            return
        label = self._problems.get(field, self.problem)
        label.setText(sentence)
        label.show()
        self.grow()
        if field in self._fields:
            self._fields[field].setFocus()
            self._columns.ensureWidgetVisible(label)

    def clear_problems(self) -> None:
        """Forget what was said."""
        for label in (self.problem, *self._problems.values()):
            label.hide()

    async def _run(self) -> None:
        try:
            await self._save()
        except RefusedError as refusal:
            self.show_problem(refusal.sentence, refusal.field)
            return
        self.accept()
