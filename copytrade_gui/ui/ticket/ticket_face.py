"""The ticket's outside: header in the side's colour, question, send button, result."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from copytrade_gui.domain.account import SessionState
from copytrade_gui.domain.draft import Draft
from copytrade_gui.domain.order import OrderType, Side
from copytrade_gui.services.verbs import MarketVerbs, Preview
from copytrade_gui.ui import figures
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.ticket.fan_out_preview import FanOutPreview
from copytrade_gui.ui.ticket.quote_line import QuoteLine
from copytrade_gui.ui.ticket.ticket_form import TicketForm
from copytrade_gui.ui.ticket.worth import worth, worth_in_full
from copytrade_gui.ui.widgets.buttons import PressButton
from copytrade_gui.ui.widgets.elided import ElidedLabel
from copytrade_gui.ui.widgets.label import PlainLabel
from copytrade_gui.ui.widgets.segments import Segments
from copytrade_gui.ui.widgets.tip import set_tip


class TicketFace:
    """Builds the ticket inside ``panel`` and changes what it shows; decides nothing."""

    def __init__(self, panel: QWidget, desk: Desk, market: MarketVerbs) -> None:
        self._desk = desk
        self._previewed = False
        desk.roster.status_changed.connect(self._show_ready)
        self.form = TicketForm(desk, market)
        self.quote = QuoteLine()
        self.form.quote_place.addWidget(self.quote)
        self.preview = FanOutPreview(desk)
        self.value = PlainLabel()
        self.value.setObjectName("ticket_value")
        self.value.setWordWrap(True)
        self.value.hide()
        self.preview.head_column.insertWidget(0, self.value)
        self.warning = PlainLabel()
        self.warning.setObjectName("ticket_warning")
        self.warning.setProperty("role", "warn")
        self.warning.setWordWrap(True)
        self.warning.hide()
        self._build_header()
        self._build_foot()
        inner = QWidget()
        inner.setObjectName("ticket_body")
        body = QVBoxLayout(inner)
        body.setContentsMargins(10, 5, 10, 6)
        body.setSpacing(8)
        body.addWidget(self.form)
        body.addWidget(_rule())
        body.addWidget(self.warning)
        body.addWidget(self.preview, 1)
        self.scroll = _UprightScroll()
        self.scroll.setWidgetResizable(True)
        self.scroll.setFrameShape(QFrame.Shape.NoFrame)
        self.scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.scroll.setWidget(inner)
        self.preview.toggle.clicked.connect(
            self._scroll_to_list, Qt.ConnectionType.QueuedConnection
        )
        column = QVBoxLayout(panel)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.header)
        column.addWidget(self.scroll, 1)
        column.addWidget(self.preview.head)
        column.addWidget(self.card)
        column.addWidget(self.foot)

    def _build_header(self) -> None:
        self.header = QFrame()
        self.header.setObjectName("ticket_header")
        self.sides: Segments[Side] = Segments(
            "ticket_side", [(Side.BUY, "BUY", "Buy (F1)"), (Side.SELL, "SELL", "Sell (F2)")],
            label="Side", stretch=False,
        )  # fmt: skip
        self.title = ElidedLabel()
        self.title.setObjectName("ticket_title")
        self.title.setProperty("role", "on_fill_strong")
        self.fan = PlainLabel()
        self.fan.setProperty("role", "on_fill")
        mode = PlainLabel(self._desk.mode_word)
        mode.setObjectName("ticket_mode")
        mode.setProperty("role", "badge")
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.sides)
        row.addStretch(1)
        row.addWidget(mode)
        low = QHBoxLayout()
        low.setSpacing(8)
        low.addWidget(self.title, 1)
        low.addWidget(self.fan)
        column = QVBoxLayout(self.header)
        column.setContentsMargins(10, 7, 10, 7)
        column.setSpacing(4)
        column.addLayout(row)
        column.addLayout(low)

    def _build_foot(self) -> None:
        self.card = QFrame()
        self.card.setObjectName("ticket_question")
        self.sentence = PlainLabel()
        self.sentence.setObjectName("ticket_sentence")
        self.sentence.setWordWrap(True)
        self.confirm = PressButton()
        self.confirm.setObjectName("ticket_confirm")
        self.back = QPushButton("Back")
        self.back.setObjectName("ticket_back")
        self.back.setAutoDefault(True)
        self.back.setShortcut("Esc")
        buttons = QHBoxLayout()
        buttons.addWidget(self.back)
        buttons.addWidget(self.confirm, 1)
        column = QVBoxLayout(self.card)
        column.setContentsMargins(10, 8, 10, 8)
        column.addWidget(self.sentence)
        column.addLayout(buttons)
        self.card.hide()
        self.foot = QFrame()
        self.send = PressButton("Buy")
        self.send.setObjectName("ticket_send")
        self.why = PlainLabel()
        self.why.setObjectName("ticket_why")
        self.why.setWordWrap(True)
        self.why.setProperty("role", "muted")
        self.result = PlainLabel()
        self.result.setObjectName("ticket_result")
        self.result.setWordWrap(True)
        self.result.setAccessibleName("What came of the last order")
        self.result.hide()
        foot = QVBoxLayout(self.foot)
        foot.setContentsMargins(10, 6, 10, 8)
        foot.setSpacing(4)
        foot.addWidget(self.result)
        foot.addWidget(self.why)
        foot.addWidget(self.send)  # last, so that no message moves it from under the mouse

    def _scroll_to_list(self) -> None:
        if self.preview.view.isVisible():
            self.scroll.ensureWidgetVisible(self.preview.view)

    # ------------------------------------------------------------ changing

    def show_side(self, side: Side) -> None:
        """Colour and words of the side."""
        self.sides.choose(side)
        for widget in (self.header, self.send, self.confirm):
            widget.setProperty("side", str(side))
            widget.style().polish(widget)
        # The segments inherit the header's fill.
        for one in Side:
            button = self.sides.button(one)
            button.style().polish(button)

    def show_title(self, draft: Draft) -> None:
        """The instrument, and how many followers could get an order at all."""
        instrument = draft.instrument
        self.title.setText(instrument.symbol if instrument else "No instrument yet")
        self._previewed = False
        self._show_ready()

    def show_preview(self, preview: Preview, draft: Draft) -> None:
        """Who gets what of this draft, what it is worth, and how many it reaches."""
        self.preview.show_preview(preview)
        self.show_value(preview, draft)
        self.show_fan(preview)

    def show_fan(self, preview: Preview) -> None:
        """How many followers the order would reach as the ticket stands."""
        self._previewed = bool(preview.rows)
        if preview.rows:
            passing = sum(row.quantity > 0 for row in preview.rows if not row.is_master)
            self.fan.setText(f"× {figures.plural(passing, 'follower')}")

    def _show_ready(self) -> None:
        """Until a preview says whom the order reaches: who is on, logged in and not halted."""
        if self._previewed:
            return
        roster = self._desk.roster
        followers = [one for one in roster.followers() if one.account.active]
        ready = 0
        for one in followers:
            status = roster.status(one.account.account_id)
            logged_in = status.session is SessionState.READY
            ready += logged_in and not status.halted and not one.link.state.stops
        self.fan.setText(f"× {figures.plural(ready, 'follower')}")

    def show_value(self, preview: Preview, draft: Draft) -> None:
        """What it is worth, needs and costs, what to look at twice, and the limit a market order
        leaves with.
        """
        self.warning.setText("\n".join(preview.warnings))
        self.warning.setVisible(bool(preview.warnings))
        if preview.problems:
            self.value.hide()
            return
        parts = worth(preview)
        market = draft.order_type in (OrderType.MARKET, OrderType.SLM)
        if market and preview.protected_price is not None and draft.instrument:
            bound = "at most" if draft.side is Side.BUY else "at least"
            limit = figures.price(preview.protected_price, draft.instrument.tick)
            parts.append(f"leaves {bound} {limit}")
        self.value.setText(" · ".join(parts))
        set_tip(self.value, worth_in_full(preview))
        self.value.setVisible(bool(parts))

    def set_sendable(self, possible: bool, *, verb: str, why: str) -> None:
        """Enable the send button, or say beside it why not."""
        self.send.setText(verb)
        self.send.setEnabled(possible)
        self.why.setText(why)
        self.why.setVisible(bool(why))

    def show_question(self, sentence: str, verb: str, side: Side) -> None:
        """Ask in place; the verb has the focus."""
        self.sentence.setText(sentence)
        self.confirm.setText(verb)
        self.confirm.setProperty("side", str(side))
        self.confirm.style().polish(self.confirm)
        self.form.setEnabled(False)
        self.foot.hide()
        self.card.show()
        self.confirm.setFocus()

    def hide_question(self) -> None:
        """Back to the fields."""
        self.form.setEnabled(True)
        self.card.hide()
        self.foot.show()

    def hide_result(self) -> None:
        """Nothing to say about an order any more."""
        self.result.hide()

    def show_result(self, words: str, role: str) -> None:
        """One line about the last order: ``plain``, ``good`` or ``problem``."""
        self.result.setText(words)
        self.result.setProperty("role", role)
        self.result.style().polish(self.result)
        self.result.show()


class _UprightScroll(QScrollArea):
    """Scrolls up and down only, so it is never narrower than what it holds."""

    def minimumSizeHint(self) -> QSize:
        hint = super().minimumSizeHint()
        held = self.widget()
        bar = self.verticalScrollBar().sizeHint().width()
        return QSize(held.minimumSizeHint().width() + bar, hint.height()) if held else hint


def _rule() -> QFrame:
    line = QFrame()
    line.setFrameShape(QFrame.Shape.HLine)
    line.setProperty("role", "rule")
    return line
