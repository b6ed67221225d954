"""Decisions, reports and exports about orders, and the bands that lead to them."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from copytrade_gui.domain.calendar import ist
from copytrade_gui.domain.day import DayChecked, DayReport, DayStep
from copytrade_gui.domain.events import (
    Event,
    LampChanged,
    RecoveryReport,
    RecoveryReported,
    ReviewItem,
    ReviewsChanged,
    TradingStateChanged,
)
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.services.verbs import HistoryVerbs, TradingVerbs
from copytrade_gui.ui import figures
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.day.day_end import DayEndDialog
from copytrade_gui.ui.day.recovery import RecoveryDialog
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.dialogs.dialog import bring_back
from copytrade_gui.ui.file_choice import SHEETS, ask_save_path
from copytrade_gui.ui.orders.review import ReviewDialog
from copytrade_gui.ui.stops.stop_work import StopWork
from copytrade_gui.ui.widgets.bands import Band, Bands


class OrderWork(QObject):
    """Keeps the newest report and list of doubtful orders, and shows both on demand."""

    def __init__(
        self,
        desk: Desk,
        trading: TradingVerbs,
        history: HistoryVerbs,
        bands: Bands,
        stops: StopWork,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._desk = desk
        self._trading = trading
        self._history = history
        self._bands = bands
        self._stops = stops
        self._window = window
        self.reviews: tuple[ReviewItem, ...] = ()
        self.report: RecoveryReport | None = None
        self._resumed = False
        """Somebody resumed since the newest recovery began; its report stays readable."""
        self._review: ReviewDialog | None = None
        self._day: DayEndDialog | None = None
        for act, work in (
            (Act.REVIEWS, self._show_reviews),
            (Act.RECOVERY, self._show_report),
            (Act.EXPORT_ORDERS, self._export),
            (Act.VERIFY_AUDIT, self._verify),
            (Act.END_OF_DAY, self._end_day),
        ):
            desk.actions.on(act, partial(self._start, act, work))
        self._show_review_band()

    def load(self, reviews: tuple[ReviewItem, ...], report: RecoveryReport | None) -> None:
        """Take what stands at the start."""
        self._take_reviews(reviews)
        if report is not None:
            self._take_report(report)

    def show_state(self, state: TradingState) -> None:
        """Once orders may leave again, no report asks for a resume; a new recovery may."""
        if state.allows_sending or state is TradingState.RECOVERING:
            self._resumed = state.allows_sending
            self._show_recovery_band()

    def on_events(self, batch: list[Event]) -> None:
        """Take new lists and reports, and a lost broker."""
        for event in batch:
            if isinstance(event, ReviewsChanged):
                self._take_reviews(event.items)
            elif isinstance(event, TradingStateChanged):
                self.show_state(event.change.state)
            elif isinstance(event, RecoveryReported):
                self._take_report(event.report)
            elif isinstance(event, DayStep):
                if self._day is not None:
                    self._day.show_step(event)
            elif isinstance(event, DayChecked):
                self._take_day(event.report)
            elif isinstance(event, LampChanged) and event.name in ("broker", "database"):
                self._take_lamp(event)

    def _start(self, act: Act, work: Callable[[], Coroutine[object, object, None]]) -> None:
        self._desk.tasks.start(work(), name=f"action {act}")

    # ------------------------------------------------------------ bands

    def _take_reviews(self, items: tuple[ReviewItem, ...]) -> None:
        self.reviews = items
        self._show_review_band()
        if self._review is not None:
            self._review.show_items(items)

    def _show_review_band(self) -> None:
        number = len(self.reviews)
        self._desk.actions[Act.REVIEWS].setEnabled(number > 0)
        if not number:
            self._bands.clear_band("reviews")
            return
        verb = "needs" if number == 1 else "need"
        self._bands.show_band(
            "reviews",
            Band(
                "bad",
                f"{figures.plural(number, 'order')} {verb} your decision: we cannot tell whether "
                "the broker has them.",
                (("Decide", self._desk.actions[Act.REVIEWS].trigger),),
            ),
        )

    def _take_report(self, report: RecoveryReport) -> None:
        self.report = report
        self._show_recovery_band()

    def _show_recovery_band(self) -> None:
        report = self.report
        if report is None or not report.needs_resume or self._resumed:
            self._bands.clear_band("recovery")
            return
        self._bands.show_band(
            "recovery",
            Band(
                "warn",
                f"Read after the start: {report.in_words}. Nothing is copied until you resume.",
                (
                    ("Show report", self._desk.actions[Act.RECOVERY].trigger),
                    ("Resume", self._stops.resume),
                ),
            ),
        )

    def _take_lamp(self, lamp: LampChanged) -> None:
        if lamp.state != "bad":
            self._bands.clear_band(lamp.name)
            return
        means = {
            "broker": "What is shown may be old; the stops still work here.",
            "database": "Nothing new is sent, because it could not be recorded.",
        }[lamp.name]
        title = lamp.name.capitalize()
        self._bands.show_band(lamp.name, Band("bad", f"{title}: {lamp.words}. {means}"))

    # ------------------------------------------------------------ actions

    async def _show_reviews(self) -> None:
        if bring_back(self._window, "review"):
            return
        items = await self._trading.reviews()
        if not items:
            self._take_reviews(())
            self._desk.notices.info("No order needs a decision.")
            return
        self._review = ReviewDialog(self._window, self._desk, self._trading, items)
        try:
            await self._review.ask()
        finally:
            self._review = None
        self._take_reviews(await self._trading.reviews())

    async def _show_report(self) -> None:
        report = await self._trading.recovery() or self.report
        if report is None:
            self._desk.notices.warn("The report of this start is not ready yet.")
            return
        if await RecoveryDialog(self._window, self._desk, report).ask():
            self._stops.resume()

    async def _export(self) -> None:
        path = await ask_save_path(
            self._window,
            "Export all orders",
            f"orders-{ist(self._desk.wall_ns()):%Y-%m-%d}.xlsx",
            SHEETS,
        )
        if path is not None:
            number = await self._history.export_orders(path)
            self._desk.notices.info(f"{figures.plural(number, 'order')} written to {path}.")

    async def _verify(self) -> None:
        wrong = await self._history.verify_audit()
        if not wrong:
            self._desk.notices.info("The audit trail is intact from its first event to its last.")
        for sentence in wrong:
            self._desk.notices.warn(sentence)

    async def _end_day(self) -> None:
        if bring_back(self._window, "day_end"):
            return
        self._day = DayEndDialog(self._window, self._desk, self._trading)
        self._day.check()
        try:
            await self._day.ask()
        finally:
            self._day = None

    def _take_day(self, report: DayReport) -> None:
        """A check ended, perhaps one the program made by itself after the last session."""
        if report.seal is not None:
            self._bands.clear_band("day")
            self._desk.notices.info(report.in_words)
            return
        if self._day is not None and "day" not in self._bands.sentences():
            return  # his own check, and he has it before him
        self._bands.show_band(
            "day",
            Band(
                "warn",
                report.in_words,
                (("Show", self._desk.actions[Act.END_OF_DAY].trigger),),
            ),
        )
