"""The window: strip, docks, menus, what it remembers, and how it closes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import cast

from PySide6.QtCore import QRect, QTimer
from PySide6.QtGui import QCloseEvent, QIcon, QPainter, QPaintEvent
from PySide6.QtWidgets import QApplication, QMainWindow, QVBoxLayout, QWidget

from copytrade_gui.domain.events import Severity
from copytrade_gui.domain.mode import Mode
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.services.console import Console
from copytrade_gui.ui import assets
from copytrade_gui.ui.action_table import ICON_NAMES
from copytrade_gui.ui.activity.activity import ActivityPanel
from copytrade_gui.ui.day.sheets import SheetWork
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.dialogs.dialog import Question
from copytrade_gui.ui.dialogs.preferences import apply_look, read_policy
from copytrade_gui.ui.drift.drift import DriftPanel
from copytrade_gui.ui.drift.drift_work import DriftWork
from copytrade_gui.ui.feed.live_feed import LiveFeedPanel
from copytrade_gui.ui.followers.follower_work import FollowerWork
from copytrade_gui.ui.followers.followers import FollowersPanel
from copytrade_gui.ui.followers.halt_work import HaltWork
from copytrade_gui.ui.followers.paper_accounts import PaperWork
from copytrade_gui.ui.icons import OTHER_NAMES, Icons
from copytrade_gui.ui.latency.latency import LatencyPanel
from copytrade_gui.ui.layout import prepare
from copytrade_gui.ui.leaving import quit_sentence
from copytrade_gui.ui.limits.limit_work import LimitWork
from copytrade_gui.ui.lock.lock_work import LockWork
from copytrade_gui.ui.masters.master_work import MasterWork
from copytrade_gui.ui.masters.masters import MastersPanel
from copytrade_gui.ui.menus import build_menus
from copytrade_gui.ui.mode.mode_work import ModeWork
from copytrade_gui.ui.news.alerts import Alerts
from copytrade_gui.ui.notices import Notice, Notices
from copytrade_gui.ui.orders.order_work import OrderWork
from copytrade_gui.ui.orders.orders import OrdersPanel
from copytrade_gui.ui.orders.outcome_notices import CameToNothing, OutcomeNotices
from copytrade_gui.ui.orders.unmatched_work import Exit, UnmatchedWork
from copytrade_gui.ui.panels import GO_TO, Panels
from copytrade_gui.ui.positions.positions import PositionsPanel
from copytrade_gui.ui.positions.square_off_work import SquareOffWork
from copytrade_gui.ui.roster import Roster
from copytrade_gui.ui.screen_news import ScreenNews
from copytrade_gui.ui.stops.morning import Morning
from copytrade_gui.ui.stops.stop_work import StopWork
from copytrade_gui.ui.strip.status_lamps import StatusLamps
from copytrade_gui.ui.strip.top_strip import TopStrip
from copytrade_gui.ui.tables.view import TableView
from copytrade_gui.ui.tasks import Tasks
from copytrade_gui.ui.theme import Theme
from copytrade_gui.ui.ticket.order_entry import OrderEntryPanel
from copytrade_gui.ui.view_work import ViewWork
from copytrade_gui.ui.widgets.bands import Bands
from copytrade_gui.ui.widgets.toasts import Toasts
from copytrade_gui.ui.window_actions import Actions
from copytrade_gui.ui.window_state import (
    WindowMemory,
    first_size,
    restore_layout,
    save_layout,
)

FRAME = 3
SMALLEST = (1080, 560)
"""Less than a screen of 1280x720 has inside a frame and above a task bar."""


class MainWindow(QMainWindow):
    """Built, then ``await start()``; ``closing`` is set when its user has decided to leave.

    The caller awaits ``closing``, stops the engine, then awaits ``stop()``. The window never ends
    the program by itself.
    """

    def __init__(
        self,
        console: Console,
        *,
        settings: WindowMemory,
        wall_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        super().__init__()
        assets.check(ICON_NAMES | OTHER_NAMES | {go.icon for go in GO_TO.values()})
        self.setObjectName("main_window")
        self._console = console
        self.closing = asyncio.Event()
        self.reopens: Mode | None = None
        """What to open once it is closed; None: nothing."""
        self._may_close = False
        self._asking_quit = False
        app = cast("QApplication", QApplication.instance())
        theme = Theme(app)
        icons = Icons(theme)
        notices = Notices(wall_ns)
        self.desk = Desk(
            theme=theme,
            icons=icons,
            actions=Actions(self, icons, GO_TO),
            tasks=Tasks(notices.warn),
            notices=notices,
            roster=Roster(),
            memory=settings,
            wall_ns=wall_ns,
            paper=console.paper,
            calendar=console.calendar,
            takes=console.takes,
        )
        apply_look(theme, settings)
        self._build_panels()
        self._build_top()
        self._connect()
        self._seconds = QTimer(self)
        self._seconds.setInterval(1_000)
        self._seconds.timeout.connect(self._on_second)
        self._paint_mode()
        self.setMinimumSize(*SMALLEST)
        self.resize(first_size(self.screen()))
        self.panels.arrange()
        restore_layout(self, settings)

    # ------------------------------------------------------------ life

    async def start(self) -> None:
        """Load everything, then follow the news. What came meanwhile is applied afterwards."""
        await self._load()
        self.ticket.policy = read_policy(self.desk.memory)
        self.news.run()
        self._seconds.start()
        self.status.begin()
        for panel in self.panels:
            panel.begin()
        self.ticket.take_focus()

    async def stop(self) -> None:
        """Remember the layout, end timers and tasks, close for good; the window is gone then."""
        save_layout(self, self.desk.memory)
        for view in self.findChildren(TableView):
            view.save_columns()
        self.news.stop()
        self._console.window_closed()
        self.toasts.clear()
        for timer in self.findChildren(QTimer):
            timer.stop()
        for part in (*self.panels, self.status, self.follower_work.edits, self.lock_work):
            part.stop()
        await self.desk.tasks.cancel_all()
        self._may_close = True
        self.close()
        self.deleteLater()
        self.desk.theme.deleteLater()

    async def _load(self) -> None:
        console, roster = self._console, self.desk.roster
        roster.set_accounts(await console.followers.accounts(), await console.followers.links())
        roster.set_statuses(await console.followers.statuses())
        orders = await console.trading.orders()
        for panel in self.panels:
            await panel.load(orders)
        change = await console.trading.state()
        self.strip.show_change(change)
        self.order_work.show_state(change.state)
        self.order_work.load(await console.trading.reviews(), await console.trading.recovery())
        await self.square_off_work.load()
        await self.lock_work.load()
        await self.paper_work.load()
        await self.mode_work.load()
        for lamp in console.lamps():
            self.status.show_lamp(lamp)
        self._on_second()

    def _on_overrun(self) -> None:
        self.desk.notices.warn("The window fell behind, so everything was read again.")
        self.desk.tasks.start(self._load(), name="reload")

    def _on_second(self) -> None:
        self.strip.on_second()
        self.status.on_second()
        self.lock_work.on_second()

    # ------------------------------------------------------------ building

    def _build_panels(self) -> None:
        desk = self.desk
        prepare(self)
        self.panels = Panels(self, desk, self._console)
        self.ticket = self.panels.one(OrderEntryPanel)
        self.followers = self.panels.one(FollowersPanel)
        self.orders = self.panels.one(OrdersPanel)
        self.positions = self.panels.one(PositionsPanel)
        self.drift = self.panels.one(DriftPanel)
        self.feed = self.panels.one(LiveFeedPanel)
        self.latency = self.panels.one(LatencyPanel)
        self.activity = self.panels.one(ActivityPanel)
        self.masters = self.panels.one(MastersPanel)
        self.strip = TopStrip(desk)
        self.bands = Bands(desk.icons)
        self.status = StatusLamps(desk)
        self.setStatusBar(self.status)
        self.toasts = Toasts(desk.icons, self)

    def _build_top(self) -> None:
        top = QWidget()
        column = QVBoxLayout(top)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(build_menus(self, self.desk.actions, self.panels.docks.values()))
        column.addWidget(self.strip)
        column.addWidget(self.bands)
        self.setMenuWidget(top)

    def _connect(self) -> None:
        console, desk = self._console, self.desk
        morning = Morning(
            desk,
            console.market.contracts,
            self.status.told,
            lambda: self.positions.report,
            self.drift.lines,
        )
        self.stops = StopWork(desk, console.trading, self.strip, morning, self)
        self.order_work = OrderWork(
            desk, console.trading, console.history, self.bands, self.stops, self
        )
        self.halt_work = HaltWork(desk, console.trading, self.followers, self.bands, self)
        self.square_off_work = SquareOffWork(
            desk, console.square_offs, self.positions, self.followers, self.bands, self
        )
        self.unmatched_work = UnmatchedWork(
            desk,
            self.orders,
            self.followers,
            self.bands,
            self.panels.show,
            self,
            exit_plan=Exit(console.drift.unmatched_exit, self.square_off_work.open),
        )
        self.drift_work = DriftWork(
            desk,
            console.drift,
            console.catch_ups,
            console.followers,
            self.drift,
            close=self.square_off_work.open,
            window=self,
        )
        self.master_work = MasterWork(
            desk, console.masters, self.masters, self.bands, self.panels.go, self
        )
        self.sheet_work = SheetWork(desk, console.sheets, self)
        self.limit_work = LimitWork(desk, console.limits, self.followers.selected, self)
        self.follower_work = FollowerWork(
            desk, self.followers, console.followers, console.sessions, console.routes, self,
            trading=console.trading,
        )  # fmt: skip
        self.paper_work = PaperWork(
            desk, console.paper_broker, self.follower_work.edits.reload, self
        )
        self.mode_work = ModeWork(desk, console.modes, self.leave, self)
        self.view_work = ViewWork(
            self, desk, self.panels, console.market,
            profile=console.profile, refresh=self.refresh_view,
        )  # fmt: skip
        self.lock_work = LockWork(desk, console.lock, self.strip, self.stops, self.toasts, self)
        self.outcome_notices = OutcomeNotices(desk, self._show_problems, self)
        self.alerts = Alerts(desk, self, lambda: self.lock_work.locked)
        desk.notices.told.connect(self._on_told)
        desk.roster.stranger_seen.connect(
            lambda: desk.tasks.start(self.follower_work.edits.reload(), name="reload accounts")
        )
        self.orders.counts_changed.connect(self.stops.refresh)
        self.orders.again.connect(self.drift_work.send_again)
        self.positions.reported.connect(self.strip.show_positions)
        self.masters.told.connect(self.orders.take_seen)
        self.drift.reported.connect(self.followers.show_drift)
        self.drift.reported.connect(self.positions.show_drift)
        self.activity.order_of = self.orders.words_of
        # Accounts first, so that every other part finds their names.
        light = (
            desk.roster,
            self.strip,
            self.status,
            desk.notices,
            self.outcome_notices,
            self.alerts,
            self.order_work,
            self.sheet_work,
        )
        self.news = ScreenNews(
            console.events,
            light=[*(part.on_events for part in light), *self.panels.heard_by(heavy=False)],
            heavy=self.panels.heard_by(heavy=True),
            overrun=self._on_overrun,
            alive=console.window_answers,
            parent=self,
        )
        self.latency.in_turn = self.news.ask

    def _show_problems(self, orders: CameToNothing) -> None:
        self.panels.go(self.orders)
        self.orders.show_problems(orders)

    def refresh_view(self) -> None:
        """Read everything again from the engine."""
        self.desk.tasks.start(self._load(), name="refresh")

    # ------------------------------------------------------------ looks

    def _paint_mode(self) -> None:
        mode = "PAPER TRADING" if self._console.paper else "LIVE"
        self.setWindowTitle(f"{mode} - CopyTrade Console - {self._console.profile}")
        self.setWindowIcon(QIcon(str(assets.root() / "icons" / "app.svg")))
        self.setContentsMargins(FRAME, FRAME, FRAME, FRAME)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.rect().adjusted(FRAME, FRAME, -FRAME, -FRAME).contains(event.rect()):
            return
        # The frame says the mode even when the strip is covered by another window.
        painter = QPainter(self)
        colour = self.desk.theme.colour("fill_paper" if self._console.paper else "fill_stop")
        area = self.rect()
        for edge in (
            QRect(0, 0, area.width(), FRAME),
            QRect(0, area.height() - FRAME, area.width(), FRAME),
            QRect(0, 0, FRAME, area.height()),
            QRect(area.width() - FRAME, 0, FRAME, area.height()),
        ):
            painter.fillRect(edge, colour)
        painter.end()

    def _on_told(self, notice: Notice) -> None:
        if not self.lock_work.locked:
            self.toasts.show_notice(notice)
        if notice.severity is Severity.CRITICAL:
            QApplication.alert(self)

    # ------------------------------------------------------------ closing

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._may_close:
            event.accept()
            return
        event.ignore()
        self.leave()

    def leave(self, reopens: Mode | None = None) -> None:
        """Ask what is to become of what is open, then close; ``reopens`` is opened afterwards."""
        if self.lock_work.locked:
            self.lock_work.screen.refuse("Unlock the window before you close it.")
            return
        if not self._asking_quit and not self.closing.is_set():
            self._asking_quit = True
            if self.desk.tasks.start(self._ask_quit(reopens), name="quit") is None:
                self.closing.set()

    async def _ask_quit(self, reopens: Mode | None) -> None:
        try:
            working = await self.stops.count_open(otherwise=len(self.orders.open_orders()))
            change = self.strip.change
            copying = change is not None and change.state is TradingState.ACTIVE
            report = self.positions.report
            if not working and not copying and not any(line.copied for line in report.lines):
                self._close(reopens)
                return
            question = Question(
                self,
                f"Quit - {self.desk.mode_word}",
                quit_sentence(
                    working, copying=copying, report=report, stays=self.paper_work.keeps_broker
                ),
                verb="Quit",
                back="Stay",
                also="Cancel them and quit" if working else "",
                safe_first=True,
            )
            if not await question.ask():
                return
            if not question.chose_also or await self.stops.cancel_all():
                self._close(reopens)
        finally:
            self._asking_quit = False

    def _close(self, reopens: Mode | None) -> None:
        self.reopens = reopens
        self.closing.set()
