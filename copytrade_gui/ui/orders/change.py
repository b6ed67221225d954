"""Changing a working order: price, trigger and quantity, of the master with his copies or alone."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from decimal import Decimal

from PySide6.QtWidgets import QLineEdit, QWidget

from copytrade_gui.domain.checks.check import Shown
from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.records import OrderView
from copytrade_gui.services.master_verbs import ChangeDraft, ChangeVerbs
from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.ui import figures
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.dialogs.dialog import answer_of
from copytrade_gui.ui.dialogs.form import FormDialog
from copytrade_gui.ui.orders.order_rows import OrderRow
from copytrade_gui.ui.state_words import ORDER_LOOKS, order_words
from copytrade_gui.ui.ticket.hold import place


def why_not_changed(row: OrderRow) -> str:
    """Why the order of a row cannot be changed here; empty if it can."""
    order = row.order
    if row.is_head and order.is_copy:
        if not row.placed_elsewhere:
            return (
                "This line has no order of the master: its orders are of followers alone. Open it "
                "and change one of them."
            )
        return (
            "The master's order of this plan was placed at the broker. Change it there and its "
            "copies follow, or open the plan and change one copy."
        )
    if not order.state.open_at_broker:
        return (
            f"This order is {ORDER_LOOKS[order.state].word.lower()}: it does not work at the "
            "broker, so there is nothing to change."
        )
    if order.cancel_requested:
        return "Its cancel is on the way to the broker, so it is not changed any more."
    if order.diverged is not None:
        with_it = "" if order.is_copy else " and its copies follow"
        changed = "This order was changed at the broker and not by us."
        return f"{changed} Change it there{with_it}, or cancel it."
    return ""


class ChangeDialog(FormDialog):
    """Begins with the order's own figures; ``copies`` are those that change with it."""

    def __init__(
        self, parent: QWidget, desk: Desk, changes: ChangeVerbs, order: OrderView, copies: int
    ) -> None:
        terms, tick = order.terms, order.terms.instrument.tick
        super().__init__(
            parent,
            desk,
            f"Change {terms.side} order - {desk.mode_word}",
            "change_order",
            verb="Change order",
            save=self._change,
        )
        self._window = parent
        self._changes = changes
        self._order = order
        self._command = CommandId(uuid.uuid4().hex)
        self.asked = 0
        name = desk.roster.name(order.account_id)
        self.box.insertWidget(0, self.add_text(f"{order_words(terms)} of {name}", style="heading"))
        self.box.insertWidget(1, self.add_text(_whom(order, copies)))
        self.fields: dict[str, QLineEdit] = {}
        steps = f"In steps of {figures.price(tick, tick)}."
        if terms.order_type.has_price:
            self._add("price", "&Price", _typed(terms.price, tick), steps)
        if terms.order_type.has_trigger:
            self._add("trigger", "&Trigger", _typed(terms.trigger, tick), steps)
        lot = terms.instrument.lot_size
        hint = f"Units, in lots of {figures.whole(lot)}." if lot > 1 else "Units."
        if order.filled_quantity:
            hint += f" {figures.whole(order.filled_quantity)} are filled already."
        self._add("quantity", "&Quantity", str(terms.quantity), hint)
        self.finish_form()
        first = next(iter(self.fields.values()))
        first.setFocus()
        first.selectAll()

    def _add(self, name: str, label: str, text: str, hint: str) -> None:
        self.fields[name] = QLineEdit(text)
        self.add_field(name, label, self.fields[name], hint=hint)

    async def ask_how_many(self) -> int | None:
        """Show it and wait: of how many orders a change was asked for, None if it was closed."""
        self.present()
        return await answer_of(self, lambda: self.asked)

    async def _change(self) -> None:
        draft = ChangeDraft(**{name: field.text() for name, field in self.fields.items()})

        async def send(confirmed: str = "", despite: Sequence[Shown] = ()) -> int:
            del despite  # of a change the typed quantity lets pass all that was found
            return await self._changes.modify(
                self._order.intent_id, draft, self._command, confirmed
            )

        quantity = draft.quantity.strip() or str(self._order.terms.quantity)
        try:
            self.asked = await place(self._window, self._desk, quantity, send)
        except RefusedError:
            self._command = CommandId(uuid.uuid4().hex)  # the next press is another one
            raise


def _typed(price: Decimal | None, tick: Decimal) -> str:
    return "" if price is None else figures.typed_price(price, tick)


def _whom(order: OrderView, copies: int) -> str:
    if order.is_copy:
        return "Changes this copy alone. The master's order and the other copies stay as they are."
    if not copies:
        return "Changes the master's order. None of its copies works any more."
    working = figures.plural(copies, "working copy", "working copies")
    return (
        f"Changes the master's order and its {working}: prices become the same, "
        "quantities follow in proportion where a follower's rule is a multiple of the master's."
    )
