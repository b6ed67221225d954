"""Lets the user choose a file without stopping anything else."""

from __future__ import annotations

import asyncio
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCompleter, QFileDialog, QLineEdit, QWidget

from copytrade_gui.ui.dialogs.dialog import Question, answer_of

ENDINGS = {
    "Spreadsheet (*.xlsx)": ".xlsx",
    "Comma separated (*.csv)": ".csv",
}
"""The kinds of files the window writes and reads."""
SHEETS = ";;".join(ENDINGS)
CSV = "Comma separated (*.csv)"
CSV_OR_ALL = f"{CSV};;All files (*)"


async def ask_save_path(parent: QWidget, title: str, name: str, filters: str) -> Path | None:
    """Let the user choose where to write; None when he does not.

    A file that is there already is chosen only after he was asked, and his no lets him choose
    another one. The question is ours: Qt's own would block the stops.
    """
    suggested = Path(name)
    while True:
        dialog = QFileDialog(parent, title)
        dialog.setObjectName("save_file")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setOption(QFileDialog.Option.DontConfirmOverwrite)
        dialog.setNameFilter(filters)
        dialog.filterSelected.connect(
            lambda kind, of=dialog: of.setDefaultSuffix(ENDINGS[kind].removeprefix("."))
        )
        dialog.setDefaultSuffix(suggested.suffix.removeprefix("."))
        dialog.selectFile(str(suggested))
        path = await _path_of(dialog)
        if path is None or await _may_write(parent, title, path):
            return path
        suggested = path


async def ask_open_path(parent: QWidget, title: str, filters: str) -> Path | None:
    """Let the user choose a file to read; None when he does not.

    The file may be missing: the reader says so, where Qt's own box would block the stops.
    """
    dialog = QFileDialog(parent, title)
    dialog.setObjectName("open_file")
    dialog.setFileMode(QFileDialog.FileMode.AnyFile)
    dialog.setOption(QFileDialog.Option.ReadOnly)
    dialog.setNameFilter(filters)
    return await _path_of(dialog)


async def ask_folder(parent: QWidget, title: str, name: str) -> Path | None:
    """Let the user choose a folder; None when he does not."""
    dialog = QFileDialog(parent, title)
    dialog.setObjectName("folder")
    dialog.setFileMode(QFileDialog.FileMode.Directory)
    dialog.setOption(QFileDialog.Option.ShowDirsOnly)
    dialog.selectFile(name)
    return await _path_of(dialog)


async def _path_of(dialog: QFileDialog) -> Path | None:
    # A name that is typed stays as typed. Qt's list of names that fit takes the focus from the
    # field under some window managers, and then Qt puts a file it found in the place of what was
    # typed, without its folder: a list of no names never shows. The system's own dialogs have
    # no such field.
    typed = dialog.findChild(QLineEdit, "fileNameEdit")
    if typed is not None:
        typed.setCompleter(QCompleter(typed))
    dialog.setModal(False)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.show()
    chosen = await answer_of(dialog, dialog.selectedFiles)
    return Path(chosen[0]) if chosen else None


async def _may_write(parent: QWidget, title: str, path: Path) -> bool:
    if not await asyncio.to_thread(path.exists):
        return True
    question = Question(
        parent.window(),
        title,
        f"{path.name} is there already. Replace it? What it holds now is gone then.",
        verb="Replace",
        kind="danger",
        safe_first=True,
    )
    return await question.ask()
