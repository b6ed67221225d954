"""Lets the user choose a file without stopping anything else."""

from __future__ import annotations

import asyncio
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QFileDialog, QWidget


async def ask_save_path(parent: QWidget, title: str, name: str, filters: str) -> Path | None:
    """Let the user choose where to write; None when he does not."""
    dialog = QFileDialog(parent, title)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setNameFilter(filters)
    dialog.selectFile(name)
    dialog.setDefaultSuffix(Path(name).suffix.removeprefix("."))
    return await _path_of(dialog)


async def ask_open_path(parent: QWidget, title: str, filters: str) -> Path | None:
    """Let the user choose a file to read; None when he does not."""
    dialog = QFileDialog(parent, title)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    dialog.setNameFilter(filters)
    return await _path_of(dialog)


async def _path_of(dialog: QFileDialog) -> Path | None:
    answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    dialog.setModal(False)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

    def settle(result: int) -> None:
        if not answer.done():
            answer.set_result(result)

    dialog.finished.connect(settle)
    dialog.show()
    try:
        accepted = await answer == QDialog.DialogCode.Accepted
    except asyncio.CancelledError:
        dialog.close()
        raise
    chosen = dialog.selectedFiles() if accepted else []
    return Path(chosen[0]) if chosen else None
