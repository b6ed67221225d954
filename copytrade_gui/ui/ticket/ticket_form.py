"""The ticket's fields: what is typed, stepped and chosen, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from copytrade_gui.domain.draft import (
    MAX_PRICE,
    Draft,
    FieldProblem,
    read_price,
    read_quantity,
)
from copytrade_gui.domain.instrument import Instrument
from copytrade_gui.domain.money import tick_above, tick_below
from copytrade_gui.domain.number import NotANumber, Number
from copytrade_gui.domain.order import MAX_QUANTITY, FanOut, OrderType, Product, Side, Validity
from copytrade_gui.domain.typed import LONGEST_QUOTE, cut
from copytrade_gui.services.verbs import MarketVerbs
from copytrade_gui.ui import figures
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.ticket.instrument_search import InstrumentSearch
from copytrade_gui.ui.ticket.recipients import RecipientsButton
from copytrade_gui.ui.ticket_words import understood_words, units_words
from copytrade_gui.ui.widgets.label import PlainLabel, caption
from copytrade_gui.ui.widgets.segments import Segments
from copytrade_gui.ui.widgets.step_edit import StepEdit

TYPES = (
    (OrderType.LIMIT, "Limit", "At this price or better"),
    (OrderType.MARKET, "Market", "Leaves as a limit with protection around the last price"),
    (OrderType.SL, "SL", "A limit order once the trigger trades"),
    (OrderType.SLM, "SL-M", "Like SL, with protection around the trigger as its limit"),
)
PRODUCTS = (
    (Product.INTRADAY, "Intraday", "Squared off by the broker the same day"),
    (Product.NORMAL, "Normal", "Carried forward"),
    (Product.DELIVERY, "Delivery", "Shares for the demat account"),
)
VALIDITIES = (
    (Validity.DAY, "Day", "Stands until the session ends"),
    (Validity.IOC, "IOC", "What does not fill at once is cancelled"),
)
FAN_OUTS = (
    (FanOut.ON_MASTER_WORKING, "After master",
     "Copies leave once the exchange has the master order: a rejected one copies nothing"),
    (FanOut.WITH_MASTER, "With master",
     "Copies leave together with the master order: faster, but they trade even if it is rejected"),
)  # fmt: skip


class TicketForm(QWidget):
    """Everything between header and send button. ``edited`` after every change by the user."""

    edited = Signal()
    picked = Signal(object)
    done = Signal()
    """Enter in the last field."""

    def __init__(self, desk: Desk, market: MarketVerbs) -> None:
        super().__init__()
        self.setObjectName("ticket_form")
        self.reference: Callable[[], Decimal | None] = lambda: None
        """Where stepping starts in an empty price field: the last price, if fresh."""
        self.search = InstrumentSearch(desk, market)
        self.quantity = StepEdit(desk.icons, "ticket_quantity", "Quantity", self._step_quantity)
        self.quantity.set_text("1")
        self.units: Segments[bool] = Segments(
            "ticket_units", [(True, "Lots", "Count in lots"), (False, "Units", "Count in units")],
            label="Quantity in", stretch=False,
        )  # fmt: skip
        self.units_text = PlainLabel()
        self.units_text.setProperty("role", "hint")
        self.price = StepEdit(desk.icons, "ticket_price", "Price", self._step_price)
        self.trigger = StepEdit(desk.icons, "ticket_trigger", "Trigger", self._step_price)
        self.price_text, self.trigger_text = PlainLabel(), PlainLabel()
        for hint in (self.price_text, self.trigger_text):
            hint.setProperty("role", "hint")
            hint.hide()
        for hint in (self.units_text, self.price_text, self.trigger_text):
            hint.setWordWrap(True)
            hint.setMinimumWidth(1)  # as wide as there is room, and no wider than the ticket
        takes = desk.takes
        types = [choice for choice in TYPES if choice[0] in takes.order_types]
        products = [choice for choice in PRODUCTS if choice[0] in takes.products]
        validities = [choice for choice in VALIDITIES if choice[0] in takes.validities]
        self.order_type = Segments("ticket_type", types, label="Type")
        self.product = Segments("ticket_product", products, label="Product")
        self.validity = Segments("ticket_validity", validities, label="Validity")
        self.fan_out = Segments("ticket_fan_out", FAN_OUTS, label="Copies leave")
        self.recipients = RecipientsButton(desk)
        self._side = Side.BUY
        self._problem_rows: dict[str, tuple[QWidget, PlainLabel, QPushButton]] = {}
        self._fixes: dict[str, str] = {}
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(1, 1)
        self._line = 0
        self._labels: dict[str, PlainLabel] = {}
        self._build()
        self._connect()
        self._show_fields()

    # ------------------------------------------------------------ reading and writing

    def draft(self, side: Side) -> Draft:
        """The ticket as it stands."""
        return Draft(
            instrument=self.search.instrument,
            side=side,
            quantity=self.quantity.text(),
            in_lots=self.units.value,
            product=self.product.value,
            order_type=self.order_type.value,
            validity=self.validity.value,
            price=self.price.text() if self.order_type.value.has_price else "",
            trigger=self.trigger.text() if self.order_type.value.has_trigger else "",
            fan_out=self.fan_out.value,
            recipients=self.recipients.value,
        )

    def set_quantity(self, text: str, *, in_lots: bool) -> None:
        """Write the quantity remembered for an instrument."""
        self.quantity.set_text(text)
        self.units.choose(in_lots)

    def show_units(self, draft: Draft) -> None:
        """Say the quantity in the other unit, and how a price with a suffix was read."""
        self.units_text.setText(units_words(draft))
        for hint, price in ((self.price_text, draft.price), (self.trigger_text, draft.trigger)):
            words = understood_words(price)
            hint.setText(words)
            hint.setVisible(bool(words))

    def show_problems(self, problems: tuple[FieldProblem, ...]) -> None:
        """Put each sentence under its field, with a button where there is a remedy."""
        told = {problem.field: problem for problem in problems}
        self._fixes = {p.field: p.suggestion for p in problems if p.suggestion}
        for field, (row, label, fix) in self._problem_rows.items():
            problem = told.get(field)
            row.setVisible(problem is not None)
            if problem is not None:
                label.setText(problem.sentence)
                fix.setText(f"Use {problem.suggestion}")
                fix.setVisible(bool(problem.suggestion))

    def focus_first_gap(self) -> None:
        """Go where the next keystroke belongs."""
        if self.search.instrument is None:
            self.search.setFocus()
        else:
            self.quantity.setFocus()
            self.quantity.line.selectAll()

    # ------------------------------------------------------------ inside

    def _build(self) -> None:
        self._add("instrument", "&Instrument", self.search, self.search)
        self.quote_place = QVBoxLayout()
        self.quote_place.setContentsMargins(0, 0, 0, 0)
        self._grid.addLayout(self.quote_place, self._line, 0, 1, 2)
        self._line += 1
        self._add("quantity", "&Quantity", self.quantity, self.quantity)
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(self.units_text, 1)
        row.addWidget(self.units)
        self._grid.addLayout(row, self._line, 1)
        self._line += 1
        self._add("order_type", "T&ype", self.order_type, self.order_type)
        for name, text, field, hint in (
            ("price", "&Price", self.price, self.price_text),
            ("trigger", "Tri&gger", self.trigger, self.trigger_text),
        ):
            self._add(name, text, field, field)
            self._grid.addWidget(hint, self._line, 1)
            self._line += 1
        self._add("product", "P&roduct", self.product, self.product)
        self._add("validity", "Va&lidity", self.validity, self.validity)
        self._add("fan_out", "Copies", self.fan_out, self.fan_out)
        self._add("recipients", "Se&nd to", self.recipients, self.recipients)

    def _add(self, name: str, text: str, widget: QWidget, buddy: QWidget) -> None:
        label = caption(text, buddy)
        label.setProperty("role", "field")
        self._labels[name] = label
        self._grid.addWidget(label, self._line, 0, Qt.AlignmentFlag.AlignVCenter)
        self._grid.addWidget(widget, self._line, 1)
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 2)
        row.setSpacing(6)
        words = PlainLabel()
        words.setObjectName(f"problem_{name}")
        words.setWordWrap(True)
        words.setProperty("role", "problem")
        fix = QPushButton()
        fix.setObjectName(f"fix_{name}")
        fix.setProperty("kind", "small")
        fix.clicked.connect(lambda _checked=False, field=name: self._on_fix_clicked(field))
        row.addWidget(words, 1)
        row.addWidget(fix, 0, Qt.AlignmentFlag.AlignTop)
        holder.hide()
        self._grid.addWidget(holder, self._line + 1, 0, 1, 2)
        self._problem_rows[name] = (holder, words, fix)
        self._line += 2

    def _connect(self) -> None:
        for field in (self.quantity, self.price, self.trigger):
            field.edited.connect(self.edited)
        self.units.chosen.connect(self._on_units_chosen)
        self.order_type.chosen.connect(self._on_type_chosen)
        for choice in (self.product, self.validity, self.fan_out):
            choice.chosen.connect(self.edited)
            choice.finished.connect(self._next)
        for earlier in (self.units, self.order_type):
            earlier.finished.connect(lambda: self._next(self.price, self.trigger))
        self.recipients.edited.connect(self.edited)
        self.search.picked.connect(self.picked)
        self.search.advanced.connect(self.focus_first_gap)
        self.search.unknown.connect(self._on_unknown_instrument)
        self.quantity.line.finished.connect(lambda: self._next(self.price, self.trigger))
        self.price.line.finished.connect(lambda: self._next(self.trigger))
        self.trigger.line.finished.connect(self._next)

    def _on_unknown_instrument(self, typed: str) -> None:
        row, label, fix = self._problem_rows["instrument"]
        what = f"Instrument '{cut(typed, LONGEST_QUOTE)}' is in none of"
        if self.search.lacking:
            label.setText(f"{what} the contract files that were read. {self.search.lacking}")
        else:
            label.setText(
                f"{what} today's contract files. Type fewer words, such as the symbol alone."
            )
        fix.hide()
        row.setVisible(bool(typed))

    def _next(self, *fields: StepEdit) -> None:
        for field in fields:
            if field.isVisible():
                field.setFocus()
                field.line.selectAll()
                return
        self.done.emit()

    def _show_fields(self) -> None:
        kind = self.order_type.value
        for name, field, wanted in (
            ("price", self.price, kind.has_price),
            ("trigger", self.trigger, kind.has_trigger),
        ):
            self._labels[name].setVisible(wanted)
            field.setVisible(wanted)

    def _on_type_chosen(self) -> None:
        self._show_fields()
        self.edited.emit()

    def _on_units_chosen(self) -> None:
        """Keep the amount, change the unit it is counted in; what was suggested is in the other."""
        self.show_problems(())
        instrument = self.search.instrument
        typed = read_quantity(self.quantity.text(), in_lots=not self.units.value)
        if instrument is not None and isinstance(typed, Number):
            lot, number = instrument.lot_size, int(typed.value)
            self.quantity.set_text(str(number // lot or 1 if self.units.value else number * lot))
        self.edited.emit()

    def _on_fix_clicked(self, field: str) -> None:
        suggestion = self._fixes.get(field, "")
        if field == "quantity":
            self.quantity.set_text(suggestion)
        elif field in ("price", "trigger"):
            (self.price if field == "price" else self.trigger).set_text(suggestion)
        elif field == "product":
            self.product.choose(Product(suggestion))
        elif field == "order_type":
            self.order_type.choose(OrderType(suggestion))
            self._show_fields()
        self.edited.emit()

    def _step_quantity(self, text: str, steps: int) -> str | None:
        typed = read_quantity(text, in_lots=self.units.value)
        number = int(typed.value) if isinstance(typed, Number) else 0
        instrument: Instrument | None = self.search.instrument
        one = 1 if self.units.value or instrument is None else instrument.lot_size
        return str(max(one, min(number + steps * one, MAX_QUANTITY - MAX_QUANTITY % one)))

    def _step_price(self, text: str, steps: int) -> str | None:
        instrument = self.search.instrument
        if instrument is None:
            return None
        tick = instrument.tick
        typed = read_price(text)
        if isinstance(typed, NotANumber):
            start = self.reference()
            if start is None:
                return None
            return figures.price(tick_below(start, tick), tick).replace(",", "")
        price = typed.value
        start = tick_below(price, tick) if steps > 0 else tick_above(price, tick)
        value = max(tick, min(start + steps * tick, tick_below(Decimal(MAX_PRICE), tick)))
        return figures.price(value, tick).replace(",", "")
