"""Orders and stops, as the operator asks for them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal

from copytrade_gui.domain.calendar import ist
from copytrade_gui.domain.caution import Portion, cautions
from copytrade_gui.domain.checks.check import Level
from copytrade_gui.domain.day import DayReport
from copytrade_gui.domain.draft import Draft, FieldProblem, read_draft, read_quantity
from copytrade_gui.domain.events import RecoveryReport, ReviewItem
from copytrade_gui.domain.ids import AccountId, BrokerOrderId, CommandId, IntentId, PlanId
from copytrade_gui.domain.instrument import Exchange
from copytrade_gui.domain.money import Paise, order_value
from copytrade_gui.domain.number import NotANumber
from copytrade_gui.domain.open_orders import OpenOrders
from copytrade_gui.domain.order import OrderTerms, State
from copytrade_gui.domain.protection import protect
from copytrade_gui.domain.records import OrderView
from copytrade_gui.domain.trading_state import StateChange, TradingState
from copytrade_gui.domain.typed import cut
from copytrade_gui.engine.engine import Engine
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.engine.planning.clearing import DeniedError
from copytrade_gui.engine.planning.planner import facts_for, share_out
from copytrade_gui.engine.planning.questions import nobody_gets_it, questions
from copytrade_gui.engine.planning.share import Share
from copytrade_gui.ports import Clock, Journal, JournalFailureError
from copytrade_gui.services.closing import Closing
from copytrade_gui.services.refusing import refusals_logged
from copytrade_gui.services.verbs import (
    CancelAnswer,
    Preview,
    PreviewRow,
    RefusedError,
    Submitted,
)

RESUME_WORD = "RESUME"
"""What a person types to come back from a KILL."""
_OPERATOR = "operator"
_LONGEST_REASON = 500


class Trading:
    """Implements ``TradingVerbs`` on the engine."""

    def __init__(
        self,
        engine: Engine,
        journal: Journal,
        clock: Clock,
        closing: Closing,
        contracts_words: Callable[[Exchange], str] = lambda _: "",
    ) -> None:
        self._engine = engine
        self._journal = journal
        self._clock = clock
        self._closing = closing
        self._contracts_words = contracts_words

    # ------------------------------------------------------------ orders

    async def preview(self, master_id: AccountId, draft: Draft) -> Preview:
        """Size the draft for everybody; sends nothing, stores nothing.

        The facts of the moment are taken here; the sizing is done in a thread, for the orders' loop
        has more urgent things to do than a ticket's every keystroke.
        """
        blocked_by = self._engine.gate.why_not() or self._master_problem(master_id)
        terms = self._read(draft)
        if not isinstance(terms, OrderTerms):
            return Preview(terms, (), None, None, blocked_by)
        clearing = self._engine.clearing
        found = clearing.findings(terms)
        blocks = [one.sentence for one in found if one.level is Level.BLOCK]
        blocked_by = blocked_by or "".join(blocks)
        last = self._last_price(draft)
        leaving = protect(terms, last)
        sized = leaving or terms
        followers = clearing.followers_of(master_id)
        cover = clearing.cover(master_id, sized, followers)
        names = [] if self._engine.lanes.get(master_id) is None else [master_id]
        bounds = clearing.bounds(sized, names + [one.account_id for one in followers])
        facts = facts_for(followers, draft.recipients)
        shares = await asyncio.to_thread(share_out, sized, facts, last, cover, bounds)
        price = sized.price if sized.price is not None else last
        mine: list[Share] = []
        denied, lane = None, self._engine.lanes.get(master_id)
        try:
            if lane is not None:
                mine = [
                    clearing.own(lane.account, sized, price, shares, bounds=bounds, cover=cover)
                ]
        except DeniedError as error:
            blocked_by, denied = blocked_by or error.sentence, error
        rows = (self._master_row(master_id, terms, denied), *(_row(one, terms) for one in shares))
        holds = [one.sentence for one in found if one.level is Level.HOLD]
        holds += nobody_gets_it(shares, draft.recipients)
        asked = tuple(f"You will be asked: {words}" for words in questions(holds, [*mine, *shares]))
        total = sum(row.quantity for row in rows)
        value: Paise | None = None if price is None else order_value(price, total)
        protected = leaving.price if leaving is not None and leaving is not terms else None
        warnings = (*asked, *self._cautions(terms, last, rows))
        return Preview((), rows, protected, value, blocked_by, warnings)

    @refusals_logged
    async def submit(
        self, master_id: AccountId, draft: Draft, command: CommandId, confirmed: str = ""
    ) -> Submitted:
        """Place the master order and its copies; the same command twice is one order."""
        terms = self._read(draft)
        if not isinstance(terms, OrderTerms):
            first = terms[0]
            raise RefusedError(first.sentence, field=first.field, code="draft")
        try:
            typed = _typed(confirmed, draft, terms)
            placed = await self._engine.submit(
                master_id, terms, draft.fan_out, command, typed, recipients=draft.recipients
            )
        except DeniedError as denied:
            raise RefusedError(denied.sentence, code=denied.code) from denied
        intents = placed.plan.intents
        planned = sum(intent.state is State.PLANNED for intent in intents)
        return Submitted(placed.plan.plan_id, planned, len(intents) - planned)

    @refusals_logged
    async def cancel(self, intents: Sequence[IntentId], command: CommandId) -> CancelAnswer:
        """Ask the broker to cancel these orders."""
        if not await self._record(command, "cancel", " ".join(intents)):
            return CancelAnswer()
        return self._cancel(self._known(intents))

    @refusals_logged
    async def cancel_plan(self, plan_id: PlanId, command: CommandId) -> CancelAnswer:
        """Cancel everything of a plan."""
        if not await self._record(command, "cancel_plan", plan_id):
            return CancelAnswer()
        return self._cancel(self._engine.book.of_plan(plan_id))

    @refusals_logged
    async def cancel_all(self, command: CommandId) -> CancelAnswer:
        """Cancel every order that has not ended."""
        if not await self._record(command, "cancel_all", "every order that has not ended"):
            return CancelAnswer()
        return self._cancel([order for order in self._engine.book if not order.state.ended])

    async def count_open(self, intents: Sequence[IntentId], plans: Sequence[PlanId]) -> int:
        """How many of these orders, and of those of these plans, have not ended."""
        of_plans = [order for plan in plans for order in self._engine.book.of_plan(plan)]
        orders = {order.intent.intent_id: order for order in (*self._known(intents), *of_plans)}
        return sum(not order.state.ended for order in orders.values())

    async def open_orders(self) -> tuple[OpenOrders, ...]:
        """What of ours is open in each account."""
        return self._engine.sweep.open_orders()

    def _known(self, intents: Sequence[IntentId]) -> list[Order]:
        found = (self._engine.book.get(intent) for intent in intents)
        return [order for order in found if order is not None]

    def _cancel(self, orders: Sequence[Order]) -> CancelAnswer:
        states = [order.state for order in orders]
        self._engine.cancel(
            [order.intent.intent_id for order in orders], "Cancelled by the operator."
        )
        filled = sum(state is State.FILLED for state in states)
        return CancelAnswer(
            requests=sum(state.open_at_broker for state in states),
            when_found=sum(state.in_doubt for state in states),
            unsent=sum(state is State.PLANNED for state in states),
            filled=filled,
            ended=sum(state.ended for state in states) - filled,
        )

    async def orders(self) -> tuple[OrderView, ...]:
        """Every order of today, newest first."""
        return tuple(order.view() for order in reversed(list(self._engine.book)))

    def _read(self, draft: Draft) -> OrderTerms | tuple[FieldProblem, ...]:
        today = ist(self._clock.wall_ns()).date()
        return read_draft(draft, today, self._last_price(draft), self._engine.core.takes)

    def _last_price(self, draft: Draft) -> Decimal | None:
        instrument = draft.instrument
        return None if instrument is None else self._engine.quotes.fresh_price(instrument.key)

    def _cautions(
        self, terms: OrderTerms, last: Decimal | None, rows: Iterable[PreviewRow]
    ) -> tuple[str, ...]:
        lanes = self._engine.lanes
        old = self._contracts_words(terms.instrument.key.exchange)
        return ((old,) if old else ()) + cautions(
            terms,
            last,
            (
                Portion(row.name, row.quantity, lane.status.free_margin if lane else None)
                for row in rows
                for lane in (lanes.get(row.account_id),)
            ),
            self._engine.clearing.freeze,
        )

    def _master_problem(self, master_id: AccountId) -> str:
        lane = self._engine.lanes.get(master_id)
        if lane is None:
            return "No master account is chosen. Add one."
        _, reason = lane.why_not_own()
        return f"The master account cannot trade: {reason}" if reason else ""

    def _master_row(
        self, master_id: AccountId, terms: OrderTerms, denied: DeniedError | None
    ) -> PreviewRow:
        lane = self._engine.lanes.get(master_id)
        name = master_id if lane is None else lane.account.name
        if denied is not None:
            return PreviewRow(master_id, name, True, 0, Decimal(0), denied.code, denied.sentence)
        return PreviewRow(
            master_id, name, True, terms.quantity, _lots(terms.quantity, terms), "", ""
        )

    async def _record(self, command: CommandId, verb: str, subject: str, reason: str = "") -> bool:
        try:
            return await self._journal.commit_command(
                command, _OPERATOR, verb, subject, reason, self._clock.wall_ns()
            )
        except JournalFailureError as failure:
            self._engine.storage_failed(str(failure))
            # A cancel only lowers risk: it goes on although it could not be recorded.
            return verb.startswith("cancel")

    # ------------------------------------------------------------ stops

    async def pause(self, reason: str) -> StateChange:
        """No new plans."""
        return await self._engine.stop_trading(TradingState.PAUSE, _OPERATOR, _words(reason))

    async def halt(self, reason: str) -> StateChange:
        """Nothing but cancels."""
        return await self._engine.stop_trading(TradingState.HALT, _OPERATOR, _words(reason))

    async def kill(self, reason: str) -> StateChange:
        """Drop the queue and cancel every order of ours, until each account's book shows none."""
        return await self._engine.stop_trading(TradingState.KILL, _OPERATOR, _words(reason))

    @refusals_logged
    async def resume(self, reason: str, word: str = "") -> StateChange:
        """Go back to ACTIVE."""
        state = self._engine.gate.state
        if state is TradingState.ACTIVE:
            return self._engine.gate.change
        if state is not TradingState.PAUSE and not reason.strip():
            raise RefusedError(
                "Reason is empty. Say in a few words why it is safe.", field="reason"
            )
        if state is TradingState.KILL and word.strip() != RESUME_WORD:
            raise RefusedError(f"Word must be {RESUME_WORD}. Type it to come back.", field="word")
        try:
            return await self._engine.resume(_OPERATOR, _words(reason))
        except JournalFailureError as failure:
            raise RefusedError(f"Still {state}: {failure}", code="not_recorded") from failure

    async def state(self) -> StateChange:
        """The trading state."""
        return self._engine.gate.change

    # ------------------------------------------------------------ after the fact

    async def reviews(self) -> tuple[ReviewItem, ...]:
        """Orders waiting for a person's decision."""
        return self._engine.decisions.awaited

    @refusals_logged
    async def decide_found(
        self, intent: IntentId, order: BrokerOrderId, reason: str, command: CommandId
    ) -> None:
        """A person says: this row of the book is our order."""
        self._must_be_free(intent, order)  # before it is recorded: a refusal may be tried again
        await self._record_decision(command, "decide_found", f"{intent} {order}", reason)
        self._must_be_free(intent, order)
        self._engine.decisions.found(intent, order, _words(reason))

    @refusals_logged
    async def decide_absent(self, intent: IntentId, reason: str, command: CommandId) -> None:
        """A person says: our order does not exist."""
        await self._record_decision(command, "decide_absent", intent, reason)
        if not self._engine.decisions.absent(intent, _words(reason)):
            raise RefusedError("This order is not in review any more.")

    def _must_be_free(self, intent: IntentId, order: BrokerOrderId) -> None:
        why = self._engine.decisions.why_not_found(intent, order)
        if why:
            raise RefusedError(why)

    @refusals_logged
    async def lift_account_halt(
        self, account_id: AccountId, saw: str, reason: str, command: CommandId
    ) -> None:
        """A person says: an account that was stopped alone may go on."""
        self._check_halt(account_id, saw)
        await self._record_decision(command, "lift_account_halt", account_id, reason)
        if not self._engine.lift_account_halt(account_id, saw, _OPERATOR, _words(reason)):
            self._check_halt(account_id, saw)

    def _check_halt(self, account_id: AccountId, saw: str) -> None:
        lane = self._engine.lanes.get(account_id)
        if lane is None or not lane.status.stopped:
            raise RefusedError(
                "This account is not halted. Nothing was changed.", code="not_halted"
            )
        if lane.status.stopped != saw:
            raise RefusedError(
                f"More was found meanwhile, so it stays as it is. Look again: "
                f"{lane.status.stopped}",
                code="found_more",
            )

    async def _record_decision(
        self, command: CommandId, verb: str, subject: str, reason: str
    ) -> None:
        if not reason.strip():
            raise RefusedError("Reason is empty. Say what you saw at the broker.", field="reason")
        if not await self._record(command, verb, subject, _words(reason)):
            raise RefusedError("This decision was not recorded, so it was not taken. Try again.")

    async def recovery(self) -> RecoveryReport | None:
        """The report of this start."""
        return self._engine.recovery_report

    @refusals_logged
    async def end_of_day(self, accepted: Sequence[str] = ()) -> DayReport:
        """Run the end-of-day gate."""
        return await self._closing.close_day(_OPERATOR, accepted)


def _words(reason: str) -> str:
    """A person's reason as it is kept and shown: any text fits, a very long one is cut."""
    return cut(reason.strip(), _LONGEST_REASON)


def _typed(confirmed: str, draft: Draft, terms: OrderTerms) -> int | None:
    """The quantity in units that was typed to confirm, None if nothing was.

    Raises RefusedError: another quantity than the ticket's.
    """
    if not confirmed.strip():
        return None
    read = read_quantity(confirmed, in_lots=draft.in_lots)
    if isinstance(read, NotANumber):
        raise RefusedError(read.sentence, field="quantity", code="hold")
    units = int(read.value) * (terms.instrument.lot_size if draft.in_lots else 1)
    if units != terms.quantity:
        raise RefusedError(
            f"Quantity must be {draft.quantity.strip()}, as on the ticket. Type it, or go back.",
            field="quantity",
            code="hold",
        )
    return units


def _row(share: Share, terms: OrderTerms) -> PreviewRow:
    sized = share.sized
    return PreviewRow(
        share.account.account_id,
        share.account.name,
        False,
        sized.quantity,
        _lots(sized.quantity, terms),
        sized.code,
        sized.reason,
    )


def _lots(quantity: int, terms: OrderTerms) -> Decimal:
    return Decimal(quantity) / terms.instrument.lot_size
