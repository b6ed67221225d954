"""PAUSE, HALT, KILL and the way back. A stop asks nothing and is shown when it is done."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Coroutine

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from copytrade_gui.domain.events import Severity
from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.trading_state import StateChange, TradingState
from copytrade_gui.services.verbs import TradingVerbs
from copytrade_gui.ui import figures
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.dialogs.dialog import bring_back
from copytrade_gui.ui.stops.kill_guard import KillGuard
from copytrade_gui.ui.stops.morning import Morning
from copytrade_gui.ui.stops.morning_check import MorningDialog
from copytrade_gui.ui.stops.resume import ResumeDialog
from copytrade_gui.ui.strip.top_strip import TopStrip

_ANSWER_S = 2.0
_LOOK_S = 0.25
_CANCEL_LOOKS = 80
"""20 s: a KILL of thousands of orders takes less."""


class StopWork(QObject):
    """Connects the stops. One guard at a time; PAUSE resumes in one step."""

    def __init__(
        self,
        desk: Desk,
        trading: TradingVerbs,
        strip: TopStrip,
        morning: Morning,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._morning = morning
        self._desk = desk
        self._trading = trading
        self._strip = strip
        self._window = window
        self.guard: KillGuard | None = None
        self.only_stops = False
        """The window is locked: nobody resumes from it."""
        actions = desk.actions
        actions.on(Act.PAUSE, self._on_pause)
        actions.on(Act.HALT, lambda: self.halt("pressed HALT"))
        actions.on(Act.KILL, self._on_kill)
        actions.on(Act.ONLY_EXITS, self._on_only_exits)
        actions.on(Act.RESUME, self._on_resume)
        actions.on(Act.MORNING, self._on_morning)

    def refresh(self) -> None:
        """Orders changed: an open guard counts again."""
        if self.guard is not None:
            self.guard.refresh()

    async def count_open(self, otherwise: int) -> int:
        """Orders of ours that are open: by our records or at the broker, whichever knows more.

        ``otherwise``: what to say if the engine does not answer, so that one can always leave.
        """
        try:
            async with asyncio.timeout(_ANSWER_S):
                accounts = await self._trading.open_orders()
        except TimeoutError:
            return otherwise
        return sum(max(one.ours, one.at_broker or 0) for one in accounts)

    async def cancel_all(self) -> bool:
        """Cancel whatever is open and wait for the books to show it; False if something stays."""
        await self._trading.cancel_all(CommandId(uuid.uuid4().hex))
        looks, ours = 0, 1
        while ours and looks < _CANCEL_LOOKS:
            await asyncio.sleep(_LOOK_S if looks else 0.0)
            ours = sum(one.ours for one in await self._trading.open_orders())
            looks += 1
        if not ours:
            return True
        self._desk.notices.warn(
            f"{figures.plural(ours, 'order')} of ours did not end yet, so the console stays open. "
            "Look at them, or quit and leave them at the broker."
        )
        return False

    def resume(self) -> None:
        """Go back to copying, asking for what the present state needs."""
        self._on_resume()

    def halt(self, reason: str) -> None:
        """HALT, at once and unasked."""
        self._stop(self._trading.halt(reason), "halt")

    def _on_pause(self) -> None:
        change = self._strip.change
        if change is not None and change.state is TradingState.PAUSE:
            if self.only_stops:
                return
            self._stop(self._trading.resume("pressed PAUSE again"), "resume")
        else:
            self._stop(self._trading.pause("pressed PAUSE"), "pause")

    def _on_kill(self) -> None:
        if self.guard is not None:
            self.guard.present()
            return
        guard = KillGuard(self._window, self._desk, self._trading)
        guard.finished.connect(self._on_guard_closed)
        self.guard = guard
        guard.start()
        guard.present()

    def _on_guard_closed(self) -> None:
        self.guard = None

    def _on_only_exits(self) -> None:
        change = self._strip.change
        if change is None or change.state is TradingState.REDUCE:
            return
        if change.state in (TradingState.ACTIVE, TradingState.PAUSE):
            self._stop(self._trading.only_exits("pressed ONLY EXITS"), "only exits")
            return
        self._ask_to_leave("only_exits", change, TradingState.REDUCE)

    def _on_resume(self) -> None:
        change = self._strip.change
        if change is None or change.state is TradingState.ACTIVE:
            return
        if change.state is TradingState.PAUSE:
            self._stop(self._trading.resume("pressed RESUME"), "resume")
            return
        if change.not_armed:
            if "arm" not in self._desk.tasks.names and not bring_back(self._window, "resume"):
                self._desk.tasks.start(self._arm(change), name="arm")
            return
        self._ask_to_leave("resume", change, TradingState.ACTIVE)

    def _on_morning(self) -> None:
        if "morning" not in self._desk.tasks.names and not bring_back(self._window, "morning"):
            self._desk.tasks.start(self._show_morning(), name="morning")

    async def _show_morning(self) -> None:
        checks = await self._morning.checks()
        MorningDialog(self._window, self._desk, self._morning, checks).present()

    async def _arm(self, change: StateChange) -> None:
        checks = await self._morning.checks()
        await self._ask_resume(
            ResumeDialog(self._window, self._desk, self._trading, change, checks=checks)
        )

    def _ask_to_leave(self, name: str, change: StateChange, into: TradingState) -> None:
        if not bring_back(self._window, name):
            dialog = ResumeDialog(self._window, self._desk, self._trading, change, into)
            self._desk.tasks.start(self._ask_resume(dialog), name=name)

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
