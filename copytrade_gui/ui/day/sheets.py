"""Every follower's sheet of a day as files: which day, which kinds, and where to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from PySide6.QtCore import QObject, QStandardPaths
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLineEdit, QProgressBar, QWidget

from copytrade_gui.domain.calendar import ist
from copytrade_gui.domain.day import SheetStep
from copytrade_gui.domain.day_field import NotADay, read_day
from copytrade_gui.domain.events import Event
from copytrade_gui.services.day_file import Kept
from copytrade_gui.services.sheet_files import Kind
from copytrade_gui.services.sheet_verbs import SheetVerbs
from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.ui import figures
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.day.sheet_pdf import print_page
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.dialogs.dialog import bring_back
from copytrade_gui.ui.dialogs.form import FormDialog
from copytrade_gui.ui.file_choice import ask_folder
from copytrade_gui.ui.widgets.label import PlainLabel

_KINDS = {Kind.PDF: "PDF, to read", Kind.XLSX: "Spreadsheet (XLSX)", Kind.CSV: "CSV"}


class SheetsDialog(FormDialog):
    """Nothing is sent to the broker. Closing it stops nothing: a notice tells the end."""

    def __init__(self, parent: QWidget, desk: Desk, verbs: SheetVerbs) -> None:
        title = f"Sheets of the day - {desk.mode_word}"
        super().__init__(parent, desk, title, "sheets", verb="Write sheets", save=self._write)
        self.setMinimumWidth(560)
        self._verbs = verbs
        today = ist(desk.wall_ns()).date()
        self.day = QLineEdit(today.isoformat())
        self.add_field(
            "day", "&Day", self.day, hint="As 2026-12-01: any day whose orders are kept here."
        )
        kinds = QWidget()
        row = QHBoxLayout(kinds)
        row.setContentsMargins(0, 0, 0, 0)
        self.kinds = {kind: QCheckBox(words) for kind, words in _KINDS.items()}
        for box in self.kinds.values():
            box.setChecked(True)
            row.addWidget(box)
        self.keep = QCheckBox("One file to keep (ZIP)")
        row.addWidget(self.keep)
        row.addStretch(1)
        self.add_field("kinds", "Files", kinds)
        documents = QStandardPaths.StandardLocation.DocumentsLocation
        place = Path(QStandardPaths.writableLocation(documents)) / f"CopyTrade {today}"
        self.folder = QLineEdit(str(place))
        self.add_field(
            "folder", "F&older", self.folder,
            hint="One file of each kind for every follower: trades, charges, profit and loss, "
            "slippage against the master, latency, verdicts. The file to keep holds all of them "
            "with the day's audit trail; it can be verified on any machine. Files of the same "
            "names are replaced.",
        )  # fmt: skip
        self.bar = QProgressBar()
        self.bar.setObjectName("sheets_progress")
        self.bar.setAccessibleName("Sheets written")
        self.bar.setTextVisible(False)
        self.bar.hide()
        self.box.addWidget(self.bar)
        self.counted = PlainLabel()
        self.counted.setObjectName("sheets_counted")
        self.counted.setProperty("role", "muted")
        self.box.addWidget(self.counted)
        self.choose = self.make_button("Choose folder", "sheets_choose")
        self.choose.clicked.connect(self._on_choose)
        self.box.addStretch(1)
        self.add_buttons([self.back, self.choose, self.verb])

    def show_step(self, step: SheetStep) -> None:
        """So many sheets are written."""
        if not self.busy(self.verb):
            return  # those of somebody else
        self.bar.setRange(0, step.of)
        self.bar.setValue(step.done)
        of = figures.plural(step.of, "follower")
        self.counted.setText(
            f"{figures.whole(step.done)} of {of} written" if step.of else "Reading the day"
        )

    async def _write(self) -> None:
        day, folder = self._day(), self.folder.text().strip()
        kinds = [kind for kind, box in self.kinds.items() if box.isChecked()]
        if not folder:
            raise RefusedError("Folder is empty. Choose one.", field="folder")
        self.bar.setRange(0, 0)
        self.bar.show()
        self.grow()
        try:
            if kinds or not self.keep.isChecked():
                number = await self._verbs.write(Path(folder), kinds, print_page, day)
                of = figures.plural(number, "follower")
                self._desk.notices.info(f"Sheets of {of} for {day:%d %b %Y} written to {folder}.")
            if self.keep.isChecked():
                path = Path(folder) / f"CopyTrade-{day}.zip"
                self._tell_kept(day, await self._verbs.keep(path, print_page, day))
        finally:
            self.bar.hide()
            self.counted.setText("")

    def _tell_kept(self, day: date, kept: Kept) -> None:
        sealed = "" if kept.sealed else " The day is not sealed: close it first, then write again."
        self._desk.notices.info(
            f"{day:%d %b %Y} is kept in {kept.path} with {figures.plural(kept.events, 'event')}."
            f"{sealed} Note its SHA-256 elsewhere: {kept.sha256}"
        )

    def _day(self) -> date:
        day = read_day(self.day.text())
        if isinstance(day, NotADay):
            raise RefusedError(day.sentence, field="day")
        return day

    def _on_choose(self) -> None:
        self.begin(self._desk.tasks, self._choose(), name="choose folder")

    async def _choose(self) -> None:
        path = await ask_folder(self, "Folder for the sheets", self.folder.text())
        if path is not None and not self.over:
            self.folder.setText(str(path))


class SheetWork(QObject):
    """Opens the dialog, and takes it the news of how far the files have come."""

    def __init__(self, desk: Desk, verbs: SheetVerbs, window: QWidget) -> None:
        super().__init__(window)
        self._desk = desk
        self._verbs = verbs
        self._window = window
        self._dialog: SheetsDialog | None = None
        desk.actions.on(Act.DAY_SHEETS, self._open)

    def on_events(self, batch: Sequence[Event]) -> None:
        """Take the news, the oldest first."""
        for event in batch:
            if isinstance(event, SheetStep) and self._dialog is not None:
                self._dialog.show_step(event)

    def _open(self) -> None:
        if not bring_back(self._window, "sheets"):
            self._desk.tasks.start(self._ask(), name="sheets of the day")

    async def _ask(self) -> None:
        self._dialog = SheetsDialog(self._window, self._desk, self._verbs)
        try:
            await self._dialog.ask()
        finally:
            self._dialog = None
