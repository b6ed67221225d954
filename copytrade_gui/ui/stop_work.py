"""PAUSE, HALT, KILL and the way back. A stop asks nothing and is shown when it is done."""

from __future__ import annotations

from collections.abc import Callable, Coroutine

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from copytrade_gui.domain.events import Severity
from copytrade_gui.domain.records import OrderView
from copytrade_gui.domain.trading_state import StateChange, TradingState
from copytrade_gui.services.verbs import TradingVerbs
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.dialogs.dialog import bring_back
from copytrade_gui.ui.dialogs.kill_guard import KillGuard
from copytrade_gui.ui.dialogs.resume import ResumeDialog
from copytrade_gui.ui.panels.top_strip import TopStrip


class StopWork(QObject):
    """Connects the stops. One guard at a time; PAUSE resumes in one step."""

    def __init__(
        self,
        desk: Desk,
        trading: TradingVerbs,
        strip: TopStrip,
        open_orders: Callable[[], list[OrderView]],
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._desk = desk
        self._trading = trading
        self._strip = strip
        self._open_orders = open_orders
        self._window = window
        self.guard: KillGuard | None = None
        actions = desk.actions
        actions.on(Act.PAUSE, self._on_pause)
        actions.on(Act.HALT, lambda: self._stop(self._trading.halt("pressed HALT"), "halt"))
        actions.on(Act.KILL, self._on_kill)
        actions.on(Act.RESUME, self._on_resume)

    def refresh(self) -> None:
        """Orders changed: an open guard counts again."""
        if self.guard is not None:
            self.guard.refresh()

    def resume(self) -> None:
        """Go back to copying, asking for what the present state needs."""
        self._on_resume()

    def _on_pause(self) -> None:
        change = self._strip.change
        if change is not None and change.state is TradingState.PAUSE:
            self._stop(self._trading.resume("pressed PAUSE again"), "resume")
        else:
            self._stop(self._trading.pause("pressed PAUSE"), "pause")

    def _on_kill(self) -> None:
        if self.guard is not None:
            self.guard.present()
            return
        guard = KillGuard(self._window, self._desk, self._trading, self._open_orders)
        guard.finished.connect(self._on_guard_closed)
        self.guard = guard
        guard.start()
        guard.present()

    def _on_guard_closed(self) -> None:
        self.guard = None

    def _on_resume(self) -> None:
        change = self._strip.change
        if change is None or change.state is TradingState.ACTIVE:
            return
        if change.state is TradingState.PAUSE:
            self._stop(self._trading.resume("pressed RESUME"), "resume")
            return
        if not bring_back(self._window, "resume"):
            dialog = ResumeDialog(self._window, self._desk, self._trading, change)
            self._desk.tasks.start(self._ask_resume(dialog), name="resume")

    async def _ask_resume(self, dialog: ResumeDialog) -> None:
        if await dialog.ask():
            self._strip.show_change(await self._trading.state())

    def _stop(self, verb: Coroutine[object, object, StateChange], name: str) -> None:
        self._desk.tasks.start(self._run(verb), name=name, on_error=self._on_failed)

    async def _run(self, verb: Coroutine[object, object, StateChange]) -> None:
        change = await verb
        shown = self._strip.change
        # The event with the measured effect may be here first; it says more.
        if shown is None or shown.at_ns < change.at_ns or shown.state is not change.state:
            self._strip.show_change(change)

    def _on_failed(self, sentence: str) -> None:
        self._desk.notices.tell(Severity.CRITICAL, f"The stop did not take hold. {sentence}")
