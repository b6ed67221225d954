"""What an import would do, line by line, before it does anything."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path

from PySide6.QtWidgets import QWidget

from copytrade_gui.services.follower_verbs import ImportPreview, ImportRow, RowVerdict
from copytrade_gui.ui import figures
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.dialogs.dialog import ConsoleDialog
from copytrade_gui.ui.icons import Mark
from copytrade_gui.ui.state_words import client_tail
from copytrade_gui.ui.tables.columns import Column
from copytrade_gui.ui.tables.data_table import DataTable
from copytrade_gui.ui.tables.rows_model import RowsModel
from copytrade_gui.ui.theme import Tone
from copytrade_gui.ui.widgets.tip import set_tip

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
    """All lines or none; with problems its verb says how many of how many rows it takes.

    ``save_wrong`` writes the wrong rows to a file that its user chooses. With ``done`` the
    import is over, and what stands here are the rows it left out.
    """

    def __init__(
        self,
        parent: QWidget,
        desk: Desk,
        path: Path,
        preview: ImportPreview,
        save_wrong: Callable[[QWidget], Coroutine[object, object, None]] | None = None,
        *,
        done: bool = False,
    ) -> None:
        super().__init__(parent, f"Import {path.name} - {desk.mode_word}", "import_csv")
        self.resize(860, 460)
        self.add_text(left_out(preview) if done else summary(path, preview))
        model: RowsModel[ImportRow] = RowsModel(COLUMNS, lambda row: row.line, parent=self)
        model.reset(preview.wrong if done else rows(preview))
        self.table: DataTable[ImportRow] = DataTable(
            desk, "import_preview", model, COLUMNS, label="What the import would do"
        )
        self.table.say_when_empty("The file has no followers in it.")
        self.box.addWidget(self.table, 1)
        back = self.make_button("Close" if done else "Cancel", "import_back")
        back.clicked.connect(self.reject)
        self.save = self.make_button("Save wrong rows", "import_save_wrong")
        set_tip(self.save, "Write them to a file, each with what is wrong, to mend and import")
        self.save.setVisible(save_wrong is not None and bool(preview.wrong))
        if save_wrong is not None:
            self.save.clicked.connect(
                lambda: self.begin(
                    desk.tasks,
                    save_wrong(self),
                    name="save wrong rows",
                    on_error=desk.notices.warn,
                    buttons=[self.save],
                )
            )
        self.verb = self.make_button(_verb(preview), "import_verb", kind="primary")
        self.verb.setEnabled(preview.takes > 0)
        self.verb.setVisible(not done)
        self.verb.setDefault(not preview.problems)
        self.verb.clicked.connect(self.accept)
        template = self.make_button("Export template", "import_template")
        set_tip(template, desk.actions[Act.FOLLOWERS_TEMPLATE].toolTip())
        template.setVisible(not done)
        template.clicked.connect(desk.actions[Act.FOLLOWERS_TEMPLATE].trigger)
        self.add_buttons([back, template, self.save, self.verb])
        (self.verb if self.verb.isEnabled() and not preview.problems else back).setFocus()


def _verb(preview: ImportPreview) -> str:
    if not preview.takes:
        return "Import"
    if preview.problems:
        return f"Import {figures.whole(preview.takes)} of {figures.whole(len(preview.rows))}"
    return f"Import {figures.plural(preview.takes, preview.noun)}"


def left_out(preview: ImportPreview) -> str:
    """The sentence above the rows that an import left out."""
    taken, wrong = figures.plural(preview.takes, "row"), figures.plural(len(preview.wrong), "row")
    return (
        f"{taken} imported, {wrong} left out. Save them, mend the file, and import it: what is in "
        "already stays as it is."
    )


def summary(path: Path, preview: ImportPreview) -> str:
    """The sentence above the lines."""
    if preview.problems:
        found = (
            f"{path.name} has {figures.plural(len(preview.problems), 'problem')} in "
            f"{figures.plural(len(preview.wrong), 'row')}. "
        )
        if not preview.takes:
            return (
                f"{found}Nothing can be imported. Correct the rows named below and choose the file "
                "again."
            )
        return (
            f"{found}Correct them and choose the file again, or import the good rows without them. "
            "Nothing has changed yet."
        )
    if not preview.takes:
        return f"Everything in {path.name} is so already. There is nothing to import."
    return (
        f"{path.name} adds {figures.plural(preview.count(RowVerdict.NEW), preview.noun)} and "
        f"changes {preview.count(RowVerdict.CHANGED)}; {preview.count(RowVerdict.UNCHANGED)} stay "
        "as they are. "
        "Nothing has changed yet."
    )


def rows(preview: ImportPreview) -> Sequence[ImportRow]:
    """Wrong rows first, then who changes, who is new, and who stays."""
    order = list(_FACES)
    return sorted(preview.rows, key=lambda row: (order.index(row.verdict), row.line))
