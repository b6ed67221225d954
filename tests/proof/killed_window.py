"""The window that is killed: ``python -m tests.proof.killed_window SETUP`` (SETUP is JSON).

It is the program with its window, opened as the user opens it on paper, at a broker that runs
already. A hand inside does what the user would: reads the recovery report, resumes, fills in the
ticket, presses the buttons. It tells what it sees, a line of JSON each.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import msgspec
from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QPushButton

from copytrade_gui import desktop
from copytrade_gui.app.paper import SimulatorOptions
from copytrade_gui.app.wiring import OpenOptions
from copytrade_gui.domain.checks.limits import NO_LIMITS
from copytrade_gui.domain.order import FanOut, State
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.dialogs.dialog import ConsoleDialog
from copytrade_gui.ui.main_window import MainWindow
from tests.proof.p05_window import Seen, WindowSetup

SHARES = ("RELIANCE", "INFY", "TCS", "SBIN", "ITC", "LT", "HDFCBANK", "ICICIBANK")
_PATIENCE_S = 120.0
_MOVING = frozenset({State.PLANNED, State.SENDING, State.UNKNOWN, State.ACKED})

_PartT = TypeVar("_PartT")
SETUP = msgspec.json.decode(sys.argv[1].encode(), type=WindowSetup)


class HeldWindow(MainWindow):
    """The program's window with somebody in front of it."""

    async def start(self) -> None:
        await super().start()
        self._hand = asyncio.create_task(self._act())
        self._hand.add_done_callback(_fail_loudly)

    async def _act(self) -> None:
        if SETUP.life:
            await self._read_report()
        if SETUP.settle:
            await self._wait_for_proof()
        else:
            await self._press_send()

    # ------------------------------------------------------------ the recovery report

    async def _read_report(self) -> None:
        await _until(lambda: self.order_work.report is not None)
        dialog = await self._open_report()
        self._say_report(dialog, "report")
        resume = dialog.findChild(QPushButton, "recovery_resume")
        if SETUP.settle or resume is None:
            dialog.close()
            return
        resume.click()
        asked = await self._dialog("resume")
        _found(asked.findChild(QLineEdit, "field_reason")).setText("Read the report.")
        _found(asked.findChild(QPushButton, "resume_save")).click()
        await _until(self._active)

    def _active(self) -> bool:
        change = self.strip.change
        return change is not None and change.state is TradingState.ACTIVE

    async def _open_report(self) -> ConsoleDialog:
        self.desk.actions[Act.RECOVERY].trigger()
        return await self._dialog("recovery")

    async def _dialog(self, name: str) -> ConsoleDialog:
        await _until(lambda: self.findChild(ConsoleDialog, name) is not None)
        await asyncio.sleep(0.3)  # let it be drawn
        return _found(self.findChild(ConsoleDialog, name))

    def _say_report(self, dialog: ConsoleDialog, kind: str) -> None:
        text = _found(dialog.findChild(QPlainTextEdit, "recovery_text"))
        if SETUP.picture:
            picture = self.grab()
            room = self.size() - dialog.size()
            painter = QPainter(picture)
            corner = QPoint(room.width() // 2, room.height() // 2)
            painter.drawPixmap(corner, dialog.grab())
            painter.drawRect(QRect(corner, dialog.size()))
            painter.end()
            picture.save(f"{SETUP.picture}-{kind}.png")
        _tell(Seen(kind, text.toPlainText()))

    # ------------------------------------------------------------ the ticket

    async def _press_send(self) -> None:
        await _until(lambda: not self.desk.roster.without_session())
        form, face = self.ticket.form, self.ticket.face
        form.search.setText(SHARES[SETUP.life % len(SHARES)])
        await form.search.search(form.search.text() + "-EQ")
        form.search.pick(form.search.model.row_at(0))
        form.set_quantity("10", in_lots=False)
        form.fan_out.button(FanOut.WITH_MASTER).click()
        await _until(lambda: bool(form.price.text()))
        self.ticket.refresh()
        await _until(face.send.isEnabled)
        _tell(Seen("pressed", form.search.text()))
        face.send.click()
        if face.confirm.isVisible():
            face.confirm.click()

    # ------------------------------------------------------------ the end

    async def _wait_for_proof(self) -> None:
        trading = self._console.trading
        while any(order.state in _MOVING for order in await trading.orders()):  # noqa: ASYNC110 - eyes wait for what they see
            await asyncio.sleep(1)
        await asyncio.sleep(1)
        dialog = await self._open_report()
        self._say_report(dialog, "settled")
        dialog.close()
        self.closing.set()


def _found(part: _PartT | None) -> _PartT:
    if part is None:
        raise LookupError("the window lacks what the user would press")
    return part


async def _until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(_PATIENCE_S):
        while not true():  # noqa: ASYNC110 - eyes wait for what they see
            await asyncio.sleep(0.05)


def _tell(seen: Seen) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(seen) + b"\n")
    sys.stdout.buffer.flush()


def _fail_loudly(hand: asyncio.Task[None]) -> None:
    if not hand.cancelled() and (error := hand.exception()) is not None:
        _tell(Seen("failed", repr(error)))
        os._exit(70)


def main() -> int:
    """Open the window; returns the program's exit code."""
    setattr(desktop, "MainWindow", HeldWindow)  # noqa: B010 - mypy forbids the plain form
    paper = SimulatorOptions(accounts=0, attached=SETUP.line)
    return desktop.run(OpenOptions(data_dir=Path(SETUP.folder), paper=paper, limits=NO_LIMITS))


if __name__ == "__main__":
    sys.exit(main())
