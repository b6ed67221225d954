"""What an import would do, line by line, before it does anything."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtWidgets import QWidget

from copytrade_gui.services.follower_verbs import ImportPreview, ImportRow, RowVerdict
from copytrade_gui.ui import figures
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.dialogs.dialog import ConsoleDialog
from copytrade_gui.ui.icons import Mark
from copytrade_gui.ui.state_words import client_tail
from copytrade_gui.ui.tables.columns import Column
from copytrade_gui.ui.tables.data_table import DataTable
from copytrade_gui.ui.tables.rows_model import RowsModel
from copytrade_gui.ui.theme import Tone

_FACES: dict[RowVerdict, tuple[str, Tone, Mark]] = {
    RowVerdict.WRONG: ("Wrong", Tone.BAD, Mark.SQUARE),
    RowVerdict.CHANGED: ("Changes", Tone.WARN, Mark.DIAMOND),
    RowVerdict.NEW: ("New", Tone.OK, Mark.CIRCLE),
    RowVerdict.UNCHANGED: ("As it is", Tone.MUTED, Mark.RING),
}
"""In the order in which the rows stand: what to look at first comes first."""

COLUMNS: tuple[Column[ImportRow], ...] = (
    Column(
        "what",
        "What",
        lambda r: _FACES[r.verdict][0],
        tone=lambda r: _FACES[r.verdict][1],
        mark=lambda r: _FACES[r.verdict][2],
        chars=10,
    ),
    Column("line", "Line", lambda r: str(r.line), sort=lambda r: r.line, numeric=True, chars=6),
    Column("name", "Name", lambda r: r.name, tip=lambda r: r.name, chars=20),
    Column("client", "Client", lambda r: client_tail(r.client_id), tip=lambda r: r.client_id),
    Column(
        "detail",
        "What changes, or what is wrong",
        lambda r: r.sentence,
        tip=lambda r: r.sentence,
        chars=30,
        takes_rest=True,
    ),
)


class ImportDialog(ConsoleDialog):
    """Accepting is possible only without problems: an import is all lines or none."""

    def __init__(self, parent: QWidget, desk: Desk, path: Path, preview: ImportPreview) -> None:
        super().__init__(parent, f"Import {path.name} - {desk.mode_word}", "import_csv")
        self.resize(860, 460)
        self.add_text(summary(path, preview))
        model: RowsModel[ImportRow] = RowsModel(COLUMNS, lambda row: row.line, parent=self)
        model.reset(rows(preview))
        self.table: DataTable[ImportRow] = DataTable(
            desk, "import_preview", model, COLUMNS, label="What the import would do"
        )
        self.table.say_when_empty("The file has no followers in it.")
        self.box.addWidget(self.table, 1)
        back = self.make_button("Cancel", "import_back")
        back.clicked.connect(self.reject)
        total = len(preview.added) + len(preview.changed)
        self.verb = self.make_button(
            f"Import {figures.plural(total, 'follower')}" if total else "Import",
            "import_verb",
            kind="primary",
        )
        self.verb.setEnabled(not preview.problems and total > 0)
        self.verb.setDefault(True)
        self.verb.clicked.connect(self.accept)
        self.add_buttons([back, self.verb])
        (self.verb if self.verb.isEnabled() else back).setFocus()


def summary(path: Path, preview: ImportPreview) -> str:
    """The sentence above the lines."""
    if preview.problems:
        return (
            f"{path.name} has {figures.plural(len(preview.problems), 'problem')}, so nothing can "
            "be imported. Correct the lines named below and choose the file again."
        )
    if not preview.added and not preview.changed:
        return f"Everything in {path.name} is so already. There is nothing to import."
    return (
        f"{path.name} adds {figures.plural(len(preview.added), 'follower')} and changes "
        f"{len(preview.changed)}; {len(preview.unchanged)} stay as they are. "
        "Nothing has changed yet."
    )


def rows(preview: ImportPreview) -> Sequence[ImportRow]:
    """Wrong rows first, then who changes, who is new, and who stays."""
    order = list(_FACES)
    return sorted(preview.rows, key=lambda row: (order.index(row.verdict), row.line))
