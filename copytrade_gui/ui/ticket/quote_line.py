"""The live quote of the ticket: last price with its change, bid and ask to click, age when old."""

from __future__ import annotations

from decimal import Decimal

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from copytrade_gui.domain.instrument import Instrument, Quote
from copytrade_gui.ui import figures
from copytrade_gui.ui.ticket_words import (
    STALE_AFTER_S,
    change_words,
    instrument_words,
    quote_age_s,
)
from copytrade_gui.ui.widgets.label import PlainLabel
from copytrade_gui.ui.widgets.tip import set_tip


class QuoteLine(QWidget):
    """``taken`` carries a price the user clicked; an old price cannot be taken."""

    taken = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("quote_line")
        self._instrument: Instrument | None = None
        self._quote: Quote | None = None
        self.what = PlainLabel()
        self.what.setProperty("role", "hint")
        self.last = PlainLabel()
        self.last.setObjectName("quote_last")
        self.last.setProperty("role", "figure")
        self.change = PlainLabel()
        self.bid = self._price_button("bid")
        self.ask = self._price_button("ask")
        self.age = PlainLabel()
        self.age.setProperty("role", "warn")
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(self.last)
        top.addWidget(self.change)
        top.addStretch(1)
        top.addWidget(self.age)
        low = QHBoxLayout()
        low.setSpacing(6)
        low.addWidget(self.bid, 1)
        low.addWidget(self.ask, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 4)
        column.setSpacing(3)
        column.addWidget(self.what)
        column.addLayout(top)
        column.addLayout(low)
        self.show_quote(None, None, 0)

    def fresh(self, now_ns: int) -> Quote | None:
        """The quote, if it is young enough to act on."""
        if self._quote is None or quote_age_s(self._quote, now_ns) > STALE_AFTER_S:
            return None
        return self._quote

    def show_quote(self, instrument: Instrument | None, quote: Quote | None, now_ns: int) -> None:
        """Show a quote, or that there is none."""
        self._instrument, self._quote = instrument, quote
        self.setVisible(instrument is not None)
        if instrument is None:
            return
        tick = instrument.tick
        self.what.setText(instrument_words(instrument))
        known = quote is not None
        age = quote_age_s(quote, now_ns) if quote else 0
        stale = age > STALE_AFTER_S
        self.last.setText(figures.price(quote.last if quote else None, tick))
        set_tip(self.last, "Last traded price" if known else "No price from the broker yet")
        self.change.setText(change_words(quote, tick) if quote else "no price yet")
        tone = "muted"
        if quote and not stale and quote.last != quote.previous_close:
            tone = "gain" if quote.last > quote.previous_close else "loss"
        self._style(self.change, tone)
        self._style(self.last, "figure_stale" if stale or not known else "figure")
        self.age.setText(f"{age} s old" if stale else "")
        for word, button, price in (
            ("Bid", self.bid, quote.bid if quote else None),
            ("Ask", self.ask, quote.ask if quote else None),
        ):
            button.setText(f"{word} {figures.price(price, tick)}")
            button.setEnabled(known and not stale)

    def _price_button(self, which: str) -> QPushButton:
        button = QPushButton()
        button.setObjectName(f"quote_{which}")
        button.setProperty("kind", f"price_{which}")
        set_tip(button, f"Take the {which} as the price")
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.clicked.connect(lambda _checked=False: self._on_clicked(which))
        return button

    def _on_clicked(self, which: str) -> None:
        if self._quote is not None:
            price: Decimal = self._quote.bid if which == "bid" else self._quote.ask
            self.taken.emit(price)

    @staticmethod
    def _style(label: PlainLabel, role: str) -> None:
        if label.property("role") != role:
            label.setProperty("role", role)
            label.style().polish(label)
