"""Everything known about one order, in words, to read and to copy."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QGridLayout, QWidget

from copytrade_gui.domain.records import OrderView
from copytrade_gui.services.verbs import HistoryVerbs
from copytrade_gui.ui import figures
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.dialogs.dialog import ConsoleDialog
from copytrade_gui.ui.latency.waterfall import WaterfallView, slippage_words, stage_rows
from copytrade_gui.ui.state_words import order_look, order_words, ordered, reason_words
from copytrade_gui.ui.widgets.label import PlainLabel


def facts(desk: Desk, order: OrderView) -> tuple[tuple[str, str], ...]:
    """Labels and values, in reading order."""
    terms = order.terms
    tick = terms.instrument.tick
    timing, mark = order.timing, order.diverged
    return (
        ("Account", desk.roster.name(order.account_id)),
        ("State", order_look(order).word),
        ("Why", reason_words(order) or figures.UNKNOWN),
        *(
            ()
            if mark is None
            else (("Diverged", f"{mark.in_words}; seen {figures.stamp(mark.seen_ns)}"),)
        ),
        ("Order", order_words(terms)),
        ("Instrument", f"{terms.instrument.name} ({terms.instrument.key})"),
        ("Type", f"{terms.order_type}, {terms.product}, {terms.validity}"),
        ("Trigger", figures.price(terms.trigger, tick)),
        ("Filled", f"{figures.whole(order.filled_quantity)} of {figures.whole(ordered(order))}"),
        ("Average price", figures.price(order.average_price, tick)),
        ("Broker order", order.broker_order_id or figures.UNKNOWN),
        ("Tag", order.tag or figures.UNKNOWN),
        ("Attempt", str(order.attempt_number)),
        ("Last change", figures.stamp(order.changed_ns)),
        ("Call to send", _ms(timing.call_to_send_ms if timing and timing.sent_ns else None)),
        ("Send to reply", _ms(timing.send_to_reply_ms if timing and timing.sent_ns else None)),
        ("Call to reply", _ms(timing.call_to_reply_ms if timing else None)),
    )


def _ms(value: float | None) -> str:
    return figures.UNKNOWN if value is None else f"{figures.milliseconds(value)} ms"


class OrderDetails(ConsoleDialog):
    """One order's facts in two columns, and how long it took from stage to stage.

    It goes with the order while it is open: ``take`` brings what became of it.
    """

    def __init__(
        self, parent: QWidget, desk: Desk, order: OrderView, history: HistoryVerbs
    ) -> None:
        super().__init__(parent, f"Order - {desk.roster.name(order.account_id)}", "order_details")
        self._desk = desk
        self._order: OrderView | None = None
        self._facts: tuple[tuple[str, str], ...] = ()
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(18)
        self._grid.setVerticalSpacing(5)
        self._lines: dict[str, PlainLabel] = {}
        self.box.addLayout(self._grid)
        self._history = history
        self.waterfall = WaterfallView(desk.theme)
        self.box.addWidget(self.waterfall)
        copy = self.make_button("Copy", "details_copy")
        copy.clicked.connect(self._on_copy_clicked)
        close = self.make_button("Close", "details_close", kind="primary")
        close.clicked.connect(self.accept)
        close.setDefault(True)
        self.add_buttons([copy, close])
        self.take(order)

    def take(self, order: OrderView | None) -> None:
        """Show the order as it stands now; what is shown already is left alone."""
        if order is None or order == self._order:
            return
        self._order = order
        self._facts = facts(self._desk, order)
        for label, value in self._facts:
            if label not in self._lines:
                self._lines[label] = self._add_line(label)
            if self._lines[label].text() != value:
                self._lines[label].setText(value)
        self.begin(self._desk.tasks, self._read(order), name="how long it took")

    def _add_line(self, label: str) -> PlainLabel:
        name = PlainLabel(label)
        name.setProperty("role", "muted")
        text = PlainLabel("")
        text.setWordWrap(True)
        text.setMinimumWidth(320)
        text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        line = len(self._lines)
        self._grid.addWidget(name, line, 0, Qt.AlignmentFlag.AlignTop)
        self._grid.addWidget(text, line, 1)
        return text

    async def _read(self, order: OrderView) -> None:
        fall = await self._history.waterfall(order)
        if order is not self._order:
            return  # it changed meanwhile, and its newer times are asked for
        self.waterfall.show_fall(fall)
        self._facts += tuple(
            (f"{stage} (ms, since)", f"{took} {since}".strip())
            for stage, took, since in stage_rows(fall)
        )
        self._facts += (("Slippage", slippage_words(fall)),)

    def _on_copy_clicked(self) -> None:
        QGuiApplication.clipboard().setText("\n".join(f"{k}\t{v}" for k, v in self._facts))
