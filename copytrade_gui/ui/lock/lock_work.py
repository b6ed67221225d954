"""Ctrl+L, ten idle minutes, the system's own lock, and the way back in."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QWindow
from PySide6.QtWidgets import QMainWindow, QWidget

from copytrade_gui.services.lock_verbs import LockVerbs
from copytrade_gui.ui.action_table import plain_text
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.dialogs.dialog import bring_back
from copytrade_gui.ui.lock.input_guard import InputGuard, application
from copytrade_gui.ui.lock.lock_screen import STOPS, LockScreen
from copytrade_gui.ui.lock.renew_key import RenewKeyDialog
from copytrade_gui.ui.lock.screen_lock import ScreenLock
from copytrade_gui.ui.lock.set_passphrase import SetPassphraseDialog
from copytrade_gui.ui.stops.kill_guard import KillGuard
from copytrade_gui.ui.stops.stop_work import StopWork
from copytrade_gui.ui.strip.top_strip import TopStrip
from copytrade_gui.ui.widgets.toasts import Toasts

IDLE_S = 600
"""By the wall clock, so that a machine that slept wakes up locked."""
_SIGNS = frozenset(
    {
        QEvent.Type.KeyPress,
        QEvent.Type.MouseMove,
        QEvent.Type.MouseButtonPress,
        QEvent.Type.Wheel,
        QEvent.Type.TouchBegin,
    }
)


class LockWork(QObject):
    """Locks the window and unlocks it. Copying knows nothing of it."""

    def __init__(
        self,
        desk: Desk,
        verbs: LockVerbs,
        strip: TopStrip,
        stops: StopWork,
        toasts: Toasts,
        window: QMainWindow,
    ) -> None:
        super().__init__(window)
        self._desk = desk
        self._verbs = verbs
        self._strip = strip
        self._stops = stops
        self._toasts = toasts
        self._window = window
        self._has_passphrase = False
        self._last_ns = desk.wall_ns()
        self.locked = False
        self._source = ScreenLock(self)
        self.screen = LockScreen(window, desk)
        self.screen.typed.connect(self._on_typed)
        stopping = [desk.actions[act] for act in (*STOPS, Act.LOCK_STOP)]
        self._guard = InputGuard(window, self._may_hear, stopping, self.screen.take_focus)
        desk.actions.on(Act.LOCK, self.lock)
        desk.actions.on(Act.LOCK_STOP, self._on_lock_and_stop)
        desk.actions.on(Act.SET_UNLOCKING, self._on_passphrase)
        desk.actions.on(Act.RENEW_KEY, self._on_renew)
        desk.actions[Act.RENEW_KEY].setVisible(not desk.paper)
        application().focusWindowChanged.connect(self._on_focus)

    def follow(self, source: ScreenLock) -> None:
        """Lock with the system's screen, too; the window ends the source with itself."""
        self._source = source
        source.locked.connect(self._on_system)
        source.begin()

    def stop(self) -> None:
        """Hear no more of the system."""
        self._source.stop()

    async def load(self) -> None:
        """Whether there is a passphrase to unlock with."""
        self._has_passphrase = await self._verbs.has_passphrase()

    def on_second(self) -> None:
        """Lock a window that nobody has touched."""
        self.screen.state.setText(self._strip.state.text())
        idle_s = (self._desk.wall_ns() - self._last_ns) / 1e9
        if self._has_passphrase and not self.locked and idle_s >= IDLE_S:
            self.lock()

    def _on_system(self) -> None:
        """Not where nothing could unlock it: Ctrl+L says that."""
        if self._has_passphrase:
            self.lock()

    def lock(self) -> None:
        """Cover the window; where nothing could unlock it, say how to change that."""
        if self.locked:
            return
        if not self._has_passphrase:
            self._desk.notices.warn(
                "There is no passphrase that could unlock the window. Set one: menu Console, "
                f"{plain_text(Act.SET_UNLOCKING)}."
            )
            return
        self.locked = self._stops.only_stops = True
        self._toasts.clear()
        self._guard.begin()
        self.screen.state.setText(self._strip.state.text())
        self.screen.cover()

    def _on_lock_and_stop(self) -> None:
        """The halt holds whether or not anything could unlock the window."""
        self._stops.halt("pressed LOCK AND STOP")
        self.lock()
        if self.locked:
            self.screen.say_stopped()
            self._desk.tasks.start(self._verbs.forget_key(), name="forget the key of the secrets")

    def _unlock(self) -> None:
        self.locked = self._stops.only_stops = False
        self.seen(self._desk.wall_ns())
        self._guard.end()
        self.screen.uncover()

    def _may_hear(self, widget: QWidget) -> bool:
        if widget is self.screen or self.screen.isAncestorOf(widget):
            return True
        return isinstance(widget.window(), KillGuard) and widget.objectName() != "kill_square_off"

    # ------------------------------------------------------------ unlocking

    def _on_typed(self, passphrase: str) -> None:
        self.screen.wait(waits=True)
        self._desk.tasks.start(
            self._try(passphrase), name="unlock the window", on_error=self.screen.refuse
        )

    async def _try(self, passphrase: str) -> None:
        await self._verbs.unlock(passphrase)
        self._unlock()

    # ------------------------------------------------------------ signs of life

    def _on_focus(self, window: QWindow | None) -> None:
        """Only windows are listened to: all events of the program would be too many."""
        if window is not None:
            window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: ARG002 - as Qt calls it
        """Somebody is there."""
        if event.type() in _SIGNS:
            self.seen(self._desk.wall_ns())
        return False

    def seen(self, at_ns: int) -> None:
        """Somebody was there at this time, UTC ns."""
        self._last_ns = at_ns

    # ------------------------------------------------------------ the passphrase

    def _on_passphrase(self) -> None:
        self._desk.tasks.start(self._set_passphrase(), name="set passphrase")

    async def _set_passphrase(self) -> None:
        has = await self._verbs.has_passphrase()
        dialog = SetPassphraseDialog(
            self._window, self._desk, self._verbs, has=has, covers=self._source.covers
        )
        if await dialog.ask():
            self._has_passphrase = True
            self._desk.notices.info("The passphrase is set. Ctrl+L locks the window.")

    def _on_renew(self) -> None:
        if not bring_back(self._window, "renew_key"):
            self._desk.tasks.start(self._renew_key(), name="renew the key of the secrets")

    async def _renew_key(self) -> None:
        has = await self._verbs.has_passphrase()
        if await RenewKeyDialog(self._window, self._desk, self._verbs, has=has).ask():
            self._desk.notices.info("All app secrets are encrypted with a new key.")
