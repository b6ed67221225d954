"""What an import would do, line by line, before it does anything."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtWidgets import QWidget

from copytrade_gui.domain.account import Account
from copytrade_gui.services.verbs import ImportPreview, ImportProblem
from copytrade_gui.ui import figures
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.dialogs.dialog import ConsoleDialog
from copytrade_gui.ui.icons import Mark
from copytrade_gui.ui.sizing_words import rule_words
from copytrade_gui.ui.state_words import client_tail
from copytrade_gui.ui.tables.columns import Column
from copytrade_gui.ui.tables.data_table import DataTable
from copytrade_gui.ui.tables.rows_model import RowsModel
from copytrade_gui.ui.theme import Tone


@dataclass(frozen=True, slots=True)
class ImportRow:
    """A line of the preview: an account that comes, or what is wrong."""

    number: int
    what: str
    tone: Tone
    mark: Mark
    name: str
    detail: str


COLUMNS: tuple[Column[ImportRow], ...] = (
    Column(
        "what", "What", lambda r: r.what, tone=lambda r: r.tone, mark=lambda r: r.mark, chars=12
    ),
    Column("name", "Name or field", lambda r: r.name, chars=24),
    Column("detail", "Detail", lambda r: r.detail, chars=30, takes_rest=True),
)  # fmt: skip


class ImportDialog(ConsoleDialog):
    """Accepting is possible only without problems: an import is all lines or none."""

    def __init__(self, parent: QWidget, desk: Desk, path: Path, preview: ImportPreview) -> None:
        super().__init__(parent, f"Import {path.name} - {desk.mode_word}", "import_csv")
        self.resize(760, 460)
        self.add_text(summary(path, preview))
        model: RowsModel[ImportRow] = RowsModel(COLUMNS, lambda row: row.number, parent=self)
        model.reset(rows(preview))
        self.table: DataTable[ImportRow] = DataTable(
            desk, "import_preview", model, COLUMNS, label="What the import would do"
        )
        self.table.say_when_empty("The file has no followers in it.")
        self.box.addWidget(self.table, 1)
        back = self.make_button("Cancel", "import_back")
        back.clicked.connect(self.reject)
        total = len(preview.added) + len(preview.replaced)
        self.verb = self.make_button(
            f"Import {figures.plural(total, 'follower')}" if total else "Import",
            "import_verb",
            kind="primary",
        )
        self.verb.setEnabled(not preview.problems and total > 0)
        self.verb.setDefault(True)
        self.verb.clicked.connect(self.accept)
        self.add_buttons([back, self.verb])


def summary(path: Path, preview: ImportPreview) -> str:
    """The sentence above the lines."""
    if preview.problems:
        return (
            f"{path.name} has {figures.plural(len(preview.problems), 'problem')}, so nothing can "
            "be imported. Correct the lines named below and choose the file again."
        )
    return (
        f"{path.name} adds {figures.plural(len(preview.added), 'follower')} and replaces "
        f"{len(preview.replaced)}. Nothing has changed yet."
    )


def rows(preview: ImportPreview) -> list[ImportRow]:
    """Problems first, then who is replaced, then who is new."""
    made: list[ImportRow] = [_problem(problem) for problem in preview.problems]
    for what, tone, mark, accounts in (
        ("Replaced", Tone.WARN, Mark.DIAMOND, preview.replaced),
        ("New", Tone.OK, Mark.CIRCLE, preview.added),
    ):
        made += [_account(what, tone, mark, account) for account in accounts]
    return [
        ImportRow(number, row.what, row.tone, row.mark, row.name, row.detail)
        for number, row in enumerate(made)
    ]


def _problem(problem: ImportProblem) -> ImportRow:
    return ImportRow(
        0, f"Line {problem.line}", Tone.BAD, Mark.SQUARE, problem.field, problem.sentence
    )


def _account(what: str, tone: Tone, mark: Mark, account: Account) -> ImportRow:
    active = "on" if account.active else "off"
    detail = f"client {client_tail(account.client_id)}, {rule_words(account.sizing)}, {active}"
    return ImportRow(0, what, tone, mark, account.name, detail)
