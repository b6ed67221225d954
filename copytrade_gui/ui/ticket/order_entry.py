"""The order ticket: type, see who gets what, confirm in a sentence, see what came of it."""

from __future__ import annotations

import uuid
from decimal import Decimal
from functools import partial

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QWidget

from copytrade_gui.domain.account import SessionState
from copytrade_gui.domain.draft import Draft
from copytrade_gui.domain.events import (
    AccountChanged,
    Event,
    OrderChanged,
    PlanSettled,
    TradingStateChanged,
)
from copytrade_gui.domain.ids import AccountId, CommandId, IntentId, PlanId
from copytrade_gui.domain.instrument import Instrument
from copytrade_gui.domain.order import Side
from copytrade_gui.domain.records import OrderView
from copytrade_gui.services.verbs import MarketVerbs, Preview, RefusedError, TradingVerbs
from copytrade_gui.ui import figures
from copytrade_gui.ui.desk import Desk
from copytrade_gui.ui.panel import Panel
from copytrade_gui.ui.ticket.hold import place
from copytrade_gui.ui.ticket.last_quantities import last_quantity, remember_quantity
from copytrade_gui.ui.ticket.ticket_face import TicketFace
from copytrade_gui.ui.ticket_words import (
    ConfirmPolicy,
    Phase,
    alone,
    obstacle,
    progress,
    promise,
    question,
    verb,
)

PREVIEW_WAIT_MS = 40  # a held arrow key repeats faster: it asks once, when it is let go
LOOK_EVERY_MS = 1_000
"""Fills, margins, positions and prices change who gets what, with no word to the ticket."""
ROOMY = 760


class OrderEntryPanel(Panel):
    """One ticket, one command id per sending: a second press of its button is the same command."""

    def __init__(self, desk: Desk, trading: TradingVerbs, market: MarketVerbs) -> None:
        super().__init__()
        self.setObjectName("order_entry_panel")
        self._desk = desk
        self._trading = trading
        self._market = market
        self.side, self.phase = Side.BUY, Phase.EDITING
        self.policy = ConfirmPolicy()
        self._live_order_sent = False
        self._command = CommandId(uuid.uuid4().hex)
        self._preview: Preview | None = None
        self._asked_preview = 0
        self._blocked = "Pick an instrument."
        self._draft: Draft | None = None
        self._sent_plan: PlanId | None = None
        self._sent_planned = 0
        self._sent: dict[IntentId, OrderView] = {}
        self._early: list[OrderView] = []
        self._stands: dict[AccountId, tuple[SessionState, str, bool]] = {}
        """Session, halt and unread mark of each account, as last heard of."""
        self._put_away = False
        """Another order was begun: of the one before only trouble is still told here."""
        self._done_typing = False
        """Enter in the last field came before the answer: the button takes the focus then."""
        self.face = TicketFace(self, desk, market)
        self.form = self.face.form
        self.form.reference = self._fresh_last
        for follow in (self._on_edited, self._begin_another, self._still_typing):
            self.form.edited.connect(follow)
        self.form.picked.connect(self._on_picked)
        self.form.done.connect(self._on_done)
        self.form.picked.connect(lambda: self._begin_another(other=True))
        self.face.sides.chosen.connect(lambda: self.set_side(self.face.sides.value))
        self.face.quote.taken.connect(self._on_price_taken)
        self.face.send.clicked.connect(self.ask_or_send)
        self.face.confirm.clicked.connect(self._on_confirmed)
        self.face.back.clicked.connect(self.back_to_editing)
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.setInterval(PREVIEW_WAIT_MS)
        self._wait.timeout.connect(self._ask_preview)
        self._looks = QTimer(self)
        self._looks.setInterval(LOOK_EVERY_MS)
        self._looks.timeout.connect(self.look_again)
        self._quote_running = False
        desk.roster.changed.connect(self._on_edited)
        self.set_side(Side.BUY)
        self._refresh_send()

    # ------------------------------------------------------------ what others call

    def focus_place(self) -> QWidget:
        return self.form.search

    def take_focus(self) -> None:
        self.form.focus_first_gap()

    def begin(self) -> None:
        """Start looking."""
        self._looks.start()
        # Where there is room the list needs no click.
        self.face.preview.toggle.setChecked(self.height() >= ROOMY)
        self._ask_preview()

    def stop(self) -> None:
        """Ask for nothing more."""
        self._looks.stop()
        self._wait.stop()

    def open(self, side: Side, instrument: Instrument | None = None) -> None:
        """F1 and F2: the ticket for this side, filled from a row where there is one."""
        if self.phase is Phase.ASKING:
            self.back_to_editing()
        self.set_side(side)
        if instrument is not None:
            self.form.search.pick(instrument)
        self.form.focus_first_gap()

    def set_side(self, side: Side) -> None:
        """Switch the side; price and quantity stay."""
        if side is not self.side:
            self._begin_another(other=True)
        self.side = side
        self.face.show_side(side)
        self._on_edited()

    def look_again(self) -> None:
        """Every second: the price, and whether the ticket's promise still holds."""
        self._ask_quote()
        if self._preview is not None and not self._wait.isActive():
            self._ask_preview()

    def refresh(self) -> None:
        """Something that an order depends on changed: ask again soon what is possible."""
        self._wait.start()

    def on_events(self, batch: list[Event]) -> None:
        """Follow the order that was sent last, and whatever decides if one may leave."""
        if any(isinstance(event, TradingStateChanged) for event in batch):
            self._state_changed()
        if any(isinstance(event, AccountChanged) and self._stands_anew(event) for event in batch):
            self.refresh()
        changed = [event.order for event in batch if isinstance(event, OrderChanged)]
        if self.phase is Phase.SENDING:
            self._early += changed
        seen = False
        for order in changed:
            if order.plan_id == self._sent_plan:
                self._sent[order.intent_id] = order
                seen = True
        settled = any(isinstance(e, PlanSettled) and e.plan_id == self._sent_plan for e in batch)
        if seen or settled:
            self._show_progress()

    def _state_changed(self) -> None:
        """A stop or its end: what was said before holds no more, and no question stays open."""
        if self.phase is Phase.SENDING:
            return  # its answer says what came of it, and asks again
        self._withdraw("the trading state changed")
        self._wait.stop()
        self._preview = None
        self._refresh_send(waiting=True)
        self._ask_preview()

    def _withdraw(self, what: str) -> None:
        """The question that is open holds no more."""
        if self.phase is Phase.ASKING:
            self.back_to_editing()
            self.face.show_result(f"Nothing was sent: {what}.", "problem")

    def _stands_anew(self, event: AccountChanged) -> bool:
        status = event.status
        stands = (status.session, status.stopped, status.unread)
        before = self._stands.get(status.account_id)
        self._stands[status.account_id] = stands
        return before != stands

    # ------------------------------------------------------------ editing

    def draft(self) -> Draft:
        """The ticket as it stands."""
        return self.form.draft(self.side)

    def _on_edited(self) -> None:
        if self.phase is Phase.ASKING:
            self.back_to_editing()
        draft, self._preview = self.draft(), None
        self._asked_preview += 1  # what is being worked out is of the ticket before this edit
        self.form.show_units(draft)
        self.face.show_title(draft)
        self._wait.start()
        self._refresh_send(waiting=draft.instrument is not None)

    def _begin_another(self, *, other: bool = False) -> None:
        """What came of the order before does not stand over the next one.

        A reason why nothing was sent stays while its order is corrected; ``other``: it is not.
        """
        if self.phase is not Phase.SENDING and (other or self._sent_plan is not None):
            self._put_away = True
            self.face.hide_result()

    def _on_picked(self, instrument: Instrument) -> None:
        if (last := last_quantity(self._desk.memory, instrument)) is not None:
            self.form.set_quantity(last[0], in_lots=last[1])
        self.form.price.set_text("")
        self.form.trigger.set_text("")
        self.face.quote.show_quote(instrument, None, self._desk.wall_ns())
        self._on_edited()
        self._ask_quote()

    def _on_price_taken(self, price: Decimal) -> None:
        instrument = self.form.search.instrument
        if instrument is None or not self.form.order_type.value.has_price:
            return
        self.form.price.set_text(figures.typed_price(price, instrument.tick))
        self._on_edited()

    def _fresh_last(self) -> Decimal | None:
        quote = self.face.quote.fresh(self._desk.wall_ns())
        return quote.last if quote else None

    # ------------------------------------------------------------ asking the engine

    def _ask_quote(self) -> None:
        instrument = self.form.search.instrument
        if instrument is None or self._quote_running:
            return
        self._quote_running = True
        started = self._desk.tasks.start(
            self._read_quote(instrument), name="quote", on_error=lambda _words: None
        )
        if started is None:
            self._quote_running = False

    async def _read_quote(self, instrument: Instrument) -> None:
        try:
            quote = await self._market.quote(instrument.key)
        finally:
            self._quote_running = False
        if self.form.search.instrument is not instrument:
            return
        now = self._desk.wall_ns()
        self.face.quote.show_quote(instrument, quote, now)
        fresh = self.face.quote.fresh(now)
        # Only an empty field is filled, only from a price that is current.
        if fresh and not self.form.price.text() and not self.form.price.line.hasFocus():
            self.form.price.set_text(figures.typed_price(fresh.last, instrument.tick))
            self._on_edited()

    def _ask_preview(self) -> None:
        self._desk.tasks.start(self._read_preview(), name="preview", on_error=self._on_no_preview)

    async def _read_preview(self) -> None:
        self._asked_preview += 1
        asked = self._asked_preview
        master, draft = self._desk.roster.master, self.draft()
        if master is None or draft.instrument is None:
            self.form.show_problems(())
            self.face.preview.show_preview(None)
            self._refresh_send()
            return
        preview = await self._trading.preview(master.account_id, draft)
        if asked != self._asked_preview or self.phase is Phase.SENDING:
            return
        if self.phase is Phase.ASKING:
            if promise(preview) == promise(self._preview):
                return
            self._withdraw("who gets what has changed; look at it again")
        self._preview = preview
        # A field that nobody has filled yet needs no scolding.
        empty = {"price": not draft.price.strip(), "trigger": not draft.trigger.strip()}
        self.form.show_problems(tuple(p for p in preview.problems if not empty.get(p.field)))
        self.face.show_preview(preview, draft)
        self._refresh_send()

    def _on_no_preview(self, sentence: str) -> None:
        self._preview = None
        self._blocked = sentence
        self.face.set_sendable(False, verb="Send", why=sentence)

    def _refresh_send(self, *, waiting: bool = False) -> None:
        preview = self._preview
        why = self._why_not(waiting=waiting)
        self._blocked = why
        said = why or alone(preview, self.form.recipients.value)
        self.face.set_sendable(not why, verb=verb(self.side, preview), why=said)
        if self._done_typing and preview is not None:
            self._on_done()

    def _on_done(self) -> None:
        """Enter in the last field; a button that cannot be pressed leaves the focus there."""
        self._done_typing = self._preview is None
        self.face.send.setFocus()

    def _still_typing(self) -> None:
        self._done_typing = False

    def _why_not(self, *, waiting: bool) -> str:
        preview = self._preview
        if self.phase is Phase.SENDING:
            return "Sending."
        if self._desk.roster.master is None:
            return "There is no master account. Add it under Followers."
        if self.form.search.instrument is None:
            return "Pick an instrument."
        if preview is None:
            return "Checking." if waiting else "Waiting for the engine."
        return obstacle(preview)

    # ------------------------------------------------------------ sending

    def ask_or_send(self) -> None:
        """The send button: ask in a sentence, or send at once where the policy says so."""
        if self.phase is not Phase.EDITING or self._blocked or self._preview is None:
            return
        self._draft = self.draft()
        preview = self._preview
        first = not self._live_order_sent
        if self.policy.asks(preview.value, paper=self._desk.paper, first_today=first):
            self.phase = Phase.ASKING
            words = question(self._draft, preview, mode=self._desk.mode_word)
            self.face.show_question(words, verb(self.side, preview), self.side)
            return
        self._send()

    def back_to_editing(self) -> None:
        """Nothing was sent; everything typed is still there."""
        if self.phase is Phase.ASKING:
            self.phase = Phase.EDITING
            self.face.hide_question()
            self.go_on()

    def _on_confirmed(self) -> None:
        if self.phase is Phase.ASKING:
            self._send()

    def _send(self) -> None:
        master, draft = self._desk.roster.master, self._draft
        if master is None or draft is None:
            return
        self.phase = Phase.SENDING
        self._early, self._sent_plan, self._put_away = [], None, False
        self.face.hide_question()
        self.face.show_result("Sending.", "plain")
        self._refresh_send()
        work = self._submit(draft)
        self._desk.tasks.start(work, name="submit order", on_error=self._on_submit_failed)

    async def _submit(self, draft: Draft) -> None:
        master = self._desk.roster.master
        assert master is not None  # noqa: S101 - checked by the caller in the same step
        send = partial(self._trading.submit, master.account_id, draft, self._command)
        try:
            done = await place(self, self._desk, draft.quantity.strip(), send)
        except RefusedError as refusal:
            # Nothing happened, so the next press is another command; the values stay.
            self._command = CommandId(uuid.uuid4().hex)
            self._end_sending(refusal.sentence)
            return
        self._command = CommandId(uuid.uuid4().hex)
        self._live_order_sent = True
        remember_quantity(self._desk.memory, draft)
        self._sent_plan, self._sent_planned = done.plan_id, done.planned
        self._sent = {o.intent_id: o for o in self._early if o.plan_id == done.plan_id}
        self._early = []
        self.phase = Phase.EDITING
        self._show_progress()
        self._ask_preview()
        self.go_on()

    def _on_submit_failed(self, sentence: str) -> None:
        # The command id stays: if the order did leave, pressing again is the same order.
        self._end_sending(f"{sentence} Look in the order book before you send again.")

    def _end_sending(self, sentence: str) -> None:
        self.phase = Phase.EDITING
        self.face.show_result(sentence, "problem")
        self._ask_preview()
        self.go_on()

    def _show_progress(self) -> None:
        words, trouble = progress(self._sent.values(), self._sent_planned)
        if self._put_away:
            if not trouble:
                return
            words = f"The order before: {words}"
        self.face.show_result(words, "problem" if trouble else "good")
