"""The strip that is always there: mode, master, market, copying state, and the three stops."""

from __future__ import annotations

from datetime import date

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from copytrade_gui.domain.account import SessionState
from copytrade_gui.domain.actor import read_actor
from copytrade_gui.domain.basis import why_not_live
from copytrade_gui.domain.calendar import ist
from copytrade_gui.domain.events import Event, LampChanged, TradingStateChanged
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.trading_state import StateChange, TradingState
from copytrade_gui.services.position_report import PositionReport
from copytrade_gui.ui import figures
from copytrade_gui.ui.actions import Act
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.icons import Mark
from copytrade_gui.ui.state_words import (
    ONLY_EXITS,
    SESSION_LOOKS,
    Look,
    client_tail,
    copying_look,
)
from copytrade_gui.ui.strip.market_clock import countdown
from copytrade_gui.ui.strip.profit import ProfitBlock
from copytrade_gui.ui.strip.stop_button import stop_button
from copytrade_gui.ui.theme import Tone
from copytrade_gui.ui.widgets.elided import ElidedLabel
from copytrade_gui.ui.widgets.label import PlainLabel
from copytrade_gui.ui.widgets.tip import set_tip

STATE_LOOKS: dict[TradingState, Look] = {
    TradingState.ACTIVE: Look("Copying", Tone.OK, Mark.CIRCLE),
    TradingState.PAUSE: Look("PAUSED", Tone.WARN, Mark.HALF),
    TradingState.REDUCE: Look("ONLY EXITS", Tone.WARN, Mark.HALF),
    TradingState.HALT: Look("HALTED", Tone.BAD, Mark.SQUARE),
    TradingState.KILL: Look("KILLED", Tone.BAD, Mark.SQUARE),
    TradingState.RECOVERING: Look("Checking the books", Tone.WARN, Mark.TRIANGLE),
}
_NOT_ARMED = Look("NOT ARMED", Tone.WARN, Mark.HALF)
STATE_MEANS: dict[TradingState, str] = {
    TradingState.ACTIVE: "Master orders are copied",
    TradingState.PAUSE: "No new plans; a running one finishes",
    TradingState.REDUCE: "Only what reduces positions leaves; nothing is opened",
    TradingState.HALT: "Nothing leaves but cancels",
    TradingState.KILL: "Queue dropped, working orders cancelled",
    TradingState.RECOVERING: "No order leaves until the books agree or you resume",
}


class TopStrip(QFrame):
    """Never scrolls, never hides. ``on_second`` keeps the countdown."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.setObjectName("top_strip")
        self._desk = desk
        self.change: StateChange | None = None
        self._market_words, self._market_day = "", date.min
        self._filling = False
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 8, 0)
        row.setSpacing(0)
        self.mode = PlainLabel("PAPER TRADING" if desk.paper else "LIVE")
        self.mode.setObjectName("mode_band")
        self.mode.setProperty("mode", "paper" if desk.paper else "live")
        self.mode.setAlignment(Qt.AlignmentFlag.AlignCenter)
        set_tip(
            self.mode,
            "Simulated broker: no order of yours reaches an exchange"
            if desk.paper
            else "Real orders with real money",
        )
        row.addWidget(self.mode)
        row.addWidget(self._master_block())
        row.addWidget(_divider())
        self.market_top, self.market_low = PlainLabel(), PlainLabel()
        row.addWidget(_block(self.market_top, self.market_low))
        row.addWidget(_divider())
        self.profit = ProfitBlock()
        row.addWidget(self.profit)
        row.addWidget(self._state_block(), 1)
        row.addWidget(self._offline_block())
        self.effect = PlainLabel()
        self.effect.setObjectName("stop_effect")
        self.effect.setProperty("role", "muted")
        row.addWidget(self.effect)
        row.addSpacing(10)
        self.stops: dict[Act, QPushButton] = {}
        for act in (Act.RESUME, Act.PAUSE, Act.HALT, Act.KILL):
            if act is Act.KILL:
                row.addSpacing(18)
            self.stops[act] = stop_button(desk, act, f"stop_{act}")
            row.addWidget(self.stops[act])
            row.addSpacing(6)
        desk.roster.changed.connect(self._fill_masters)
        desk.roster.status_changed.connect(self._show_session)
        desk.theme.changed.connect(self._show_all)
        self._fill_masters()
        self._show_state()
        self.on_second()

    # ------------------------------------------------------------ news

    def show_change(self, change: StateChange, effect_ms: float | None = None) -> None:
        """Show the trading state with who, when, why; and how long it took to hold here."""
        if self.change is not None and change.state is not self.change.state:
            self._leave_stops()
        self.change = change
        words = ""
        if effect_ms is not None and change.state is not TradingState.ACTIVE:
            verb = _look(change).word.lower()
            words = f"{verb} in {figures.brief(effect_ms)}"
        self.effect.setText(words)
        self._show_state()
        self._make_room()

    def on_events(self, batch: list[Event]) -> None:
        """Take state changes and the market lamp."""
        for event in batch:
            if isinstance(event, TradingStateChanged):
                self.show_change(event.change, event.effect_ms)
            elif isinstance(event, LampChanged) and event.name == "market":
                self._market_words = event.words
                self._market_day = ist(self._desk.wall_ns()).date()
                self.on_second()

    def show_positions(self, report: PositionReport) -> None:
        """What masters and copies brought today."""
        self.profit.show_report(report, self._desk.wall_ns())
        self._make_room()

    def on_second(self) -> None:
        """Count down."""
        now = ist(self._desk.wall_ns())
        is_open, word, words = countdown(now, self._desk.calendar())
        told = self._market_words if self._market_day == now.date() else ""
        self.market_top.setText(told or word)
        tone = str(Tone.BAD) if told else ""
        if self.market_top.property("tone") != tone:
            self.market_top.setProperty("tone", tone)
            self.market_top.style().polish(self.market_top)
        # The simulated market has no night, and a paper trader should not wonder at his fills.
        paper_only = self._desk.paper and not is_open and not told
        self.market_low.setText("paper fills go on" if paper_only else words)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._make_room()

    # ------------------------------------------------------------ inside

    def _make_room(self) -> None:
        """How fast a stop held gives way to why and since when; then amounts say their names
        shorter, and leave before anything would cover something.
        """
        for block in self._state_blocks:
            block.updateGeometry()  # or the room it asks for is that of the words before
        self.effect.setVisible(bool(self.effect.text()))
        if self.sizeHint().width() > self.width():
            self.effect.hide()
        if not self.profit.wanted:
            return
        self.profit.be_brief(False)
        self.profit.show()
        if self.minimumSizeHint().width() > self.width():
            self.profit.be_brief(True)
            self.profit.setVisible(self.minimumSizeHint().width() <= self.width())

    def _master_block(self) -> QWidget:
        self.master = QComboBox()
        self.master.setObjectName("master_choice")
        self.master.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.master.setMinimumWidth(120)  # a long name gives way before a stop does
        self.master.setAccessibleName("Master account")
        set_tip(self.master, "The account whose orders are copied")
        self.master.currentIndexChanged.connect(self._on_master_chosen)
        self.master.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        of_master = (Act.MASTER_EDIT, Act.MASTER_REMOVE, Act.MASTER_ADD)
        self.master.addActions([self._desk.actions[act] for act in of_master])
        self.session_mark = PlainLabel()
        self.session = PlainLabel()
        self.session.setProperty("role", "hint")
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(10, 0, 10, 0)
        row.setSpacing(6)
        caption = PlainLabel("Master")
        caption.setProperty("role", "field")
        caption.setBuddy(self.master)
        row.addWidget(caption)
        row.addWidget(self.master)
        row.addWidget(self.session_mark)
        row.addWidget(self.session)
        return holder

    def _state_block(self) -> QWidget:
        self.state_mark, self.state, self.state_low = PlainLabel(), PlainLabel(), ElidedLabel()
        self.state.setObjectName("copying_state")
        self.state_low.setObjectName("copying_state_why")
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(10, 0, 6, 0)
        row.setSpacing(8)
        row.addWidget(self.state_mark)
        words = _block(self.state, self.state_low, margin=0)
        row.addWidget(words, 1)
        self._state_blocks = (words, holder)
        return holder

    def _offline_block(self) -> QWidget:
        self.offline_mark, self.offline = PlainLabel(), PlainLabel()
        self.offline.setObjectName("offline_count")
        self.offline.setProperty("role", "strip_top")
        self.offline.setProperty("tone", str(Tone.BAD))
        self.offline_block = QWidget()
        row = QHBoxLayout(self.offline_block)
        row.setContentsMargins(0, 0, 12, 0)
        row.setSpacing(6)
        row.addWidget(self.offline_mark)
        row.addWidget(self.offline)
        return self.offline_block

    def _show_trouble(self) -> None:
        """How many accounts nobody answers for, or that are stopped alone; hidden without any."""
        roster = self._desk.roster
        offline, stopped = roster.offline(), roster.stopped()
        self.offline_block.setVisible(bool(offline or stopped))
        if not (offline or stopped):
            return
        look = SESSION_LOOKS[SessionState.OFFLINE] if offline else ONLY_EXITS
        self.offline_mark.setPixmap(self._desk.icons.mark(look.mark, look.tone).pixmap(14, 14))
        counts = ((len(offline), "offline"), (len(stopped), "stopped"))
        told = ", ".join(f"{figures.whole(count)} {word}" for count, word in counts if count)
        self.offline.setText(told)
        self.offline.setProperty("tone", str(look.tone))
        self.offline.style().polish(self.offline)
        first = (*offline, *stopped)[0]
        status = roster.status(first.account_id)
        why = status.session_reason if offline else status.stopped
        set_tip(self.offline_block, f"{first.name}: {why}" if why else first.name)
        self.offline_block.setAccessibleName(f"Accounts: {told}")

    def _fill_masters(self) -> None:
        self._filling = True
        self.master.clear()
        for account in self._desk.roster.masters:
            words = f"{account.name}  {client_tail(account.client_id)}"
            self.master.addItem(words, str(account.account_id))
        chosen = self._desk.roster.master
        for act in (Act.MASTER_EDIT, Act.MASTER_REMOVE):
            self._desk.actions[act].setEnabled(chosen is not None)
        if chosen is None:
            self.master.addItem("No master yet", "")
        else:
            self.master.setCurrentIndex(self.master.findData(str(chosen.account_id)))
        self._filling = False
        self._show_session()

    def _show_session(self) -> None:
        self._show_trouble()
        master = self._desk.roster.master
        if master is None:
            self.session.setText("Add it under Followers")
            self.session_mark.clear()
            return
        status = self._desk.roster.status(master.account_id)
        lacks = "" if self._desk.paper else why_not_live(master.declared.basis)
        look, stopped = SESSION_LOOKS[status.session], status.stopped or lacks
        if stopped:
            look = copying_look(master, status, live=bool(lacks))
        self.session.setText(look.word)
        set_tip(self.session, stopped)
        self.session.setProperty("tone", str(look.tone) if stopped else "")
        self.session.style().polish(self.session)
        self.session_mark.setPixmap(self._desk.icons.mark(look.mark, look.tone).pixmap(12, 12))

    def _on_master_chosen(self, _index: int) -> None:
        chosen = str(self.master.currentData() or "")
        if chosen and not self._filling:
            self._desk.roster.choose_master(AccountId(chosen))

    def _show_state(self) -> None:
        change = self.change
        state = change.state if change else TradingState.RECOVERING
        arms = change is not None and change.not_armed
        look = _look(change)
        self.state_mark.setPixmap(self._desk.icons.mark(look.mark, look.tone).pixmap(14, 14))
        self.state.setText(look.word)
        self.state.setProperty("tone", str(look.tone))
        self.state.style().polish(self.state)
        if change is None or state is TradingState.ACTIVE:
            words = STATE_MEANS[state]
        elif arms:
            words = "Exits leave; nothing opens until you arm the day"
        else:
            why = f": {change.reason}" if change.reason else ""
            words = f"{read_actor(change.actor).in_words}, {figures.clock(change.at_ns)} IST{why}"
        self.state_low.setText(words)
        set_tip(self.state_low, f"{STATE_MEANS[state]}. {words}")
        stopped = state is not TradingState.ACTIVE
        self.stops[Act.RESUME].setVisible(stopped)
        self.stops[Act.RESUME].setText("ARM" if arms else "RESUME")
        self.stops[Act.PAUSE].setVisible(state in (TradingState.ACTIVE, TradingState.REDUCE))
        self._desk.actions[Act.RESUME].setEnabled(stopped)
        self._desk.actions[Act.ONLY_EXITS].setEnabled(state is not TradingState.REDUCE)
        for act, reached in ((Act.HALT, (TradingState.HALT, TradingState.KILL)), (Act.KILL, ())):
            self.stops[act].setEnabled(state not in reached)

    def _leave_stops(self) -> None:
        """Whatever was pressed here did its work: the next key shall not press its neighbour."""
        if self.window().focusWidget() in self.stops.values():
            self.setFocus()

    def _show_all(self) -> None:
        self._show_state()
        self._show_session()


def _look(change: StateChange | None) -> Look:
    """How a state stands in the strip; None while it is not known yet."""
    if change is None:
        return STATE_LOOKS[TradingState.RECOVERING]
    return _NOT_ARMED if change.not_armed else STATE_LOOKS[change.state]


def _block(top: PlainLabel, low: PlainLabel, *, margin: int = 12) -> QWidget:
    top.setProperty("role", "strip_top")
    low.setProperty("role", "strip_low")
    holder = QWidget()
    column = QVBoxLayout(holder)
    column.setContentsMargins(margin, 3, margin, 3)
    column.setSpacing(0)
    column.addWidget(top)
    column.addWidget(low)
    return holder


def _divider() -> QFrame:
    line = QFrame()
    line.setFrameShape(QFrame.Shape.VLine)
    line.setProperty("role", "rule")
    return line
