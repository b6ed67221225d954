"""Orders and stops, as the operator asks for them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal

from copytrade_gui.domain.actor import read_actor
from copytrade_gui.domain.calendar import ist
from copytrade_gui.domain.checks.check import Level, Shown
from copytrade_gui.domain.day import DayReport
from copytrade_gui.domain.draft import Draft, FieldProblem, read_draft
from copytrade_gui.domain.events import RecoveryReport, ReviewItem
from copytrade_gui.domain.halt import for_all_alone
from copytrade_gui.domain.ids import AccountId, BrokerOrderId, CommandId, IntentId, PlanId
from copytrade_gui.domain.instrument import Exchange
from copytrade_gui.domain.open_orders import Goes, OpenCopies, OpenOrders
from copytrade_gui.domain.order import OrderTerms, State
from copytrade_gui.domain.protection import protect
from copytrade_gui.domain.records import OrderView
from copytrade_gui.domain.trading_state import STOPS_OF_SOME, StateChange, TradingState
from copytrade_gui.domain.typed import cut
from copytrade_gui.engine.engine import Engine
from copytrade_gui.engine.orders.links import Linked
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.engine.planning.denied import DeniedError
from copytrade_gui.engine.planning.moment import Moment
from copytrade_gui.engine.planning.planner import facts_for, share_out
from copytrade_gui.ports import Clock, Journal, JournalFailureError
from copytrade_gui.services.acting import Commands, acting
from copytrade_gui.services.closing import Closing
from copytrade_gui.services.confirming import typed_units
from copytrade_gui.services.leaving_stops import must_be_explained
from copytrade_gui.services.open_copies import open_copies
from copytrade_gui.services.preview import Asked, preview_of
from copytrade_gui.services.refusing import refusals_logged
from copytrade_gui.services.ticket_costs import Known
from copytrade_gui.services.verbs import (
    CancelAnswer,
    Preview,
    RefusedError,
    Submitted,
)

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
        self._clock = clock
        self._commands = Commands(engine, journal, clock)
        self._closing = closing
        self._contracts_words = contracts_words

    # ------------------------------------------------------------ orders

    async def preview(self, master_id: AccountId, draft: Draft) -> Preview:
        """Size the draft for everybody; sends nothing, stores nothing.

        The facts of the moment are taken here; the rest is done in a thread, for the orders' loop
        has more urgent things to do than a ticket's every keystroke.
        """
        blocked_by = self._engine.gate.why_not() or self._master_problem(master_id)
        terms = self._read(draft)
        if not isinstance(terms, OrderTerms):
            return Preview(terms, (), None, None, blocked_by)
        moment = self._engine.clearing.checks.moment(terms.instrument)
        found = self._engine.clearing.checks.findings(terms, master_id, moment)
        blocks = "".join(one.sentence for one in found if one.level is Level.BLOCK)
        last, lanes = self._last_price(draft), self._engine.lanes
        followers, lane = lanes.followers_of(master_id), lanes.get(master_id)
        margins = {one.account_id: one.facts.capital for one in followers}
        if lane is not None:
            margins[master_id] = lane.facts.capital
        asked = Asked(
            master_id=master_id,
            master=None if lane is None else lane.account,
            terms=terms,
            leaving=protect(terms, last, self._engine.quotes.day_band(terms.instrument.key)),
            last=last,
            recipients=draft.recipients,
            found=found,
            blocked_by=blocked_by or blocks,
            margins=margins,
            freeze=self._engine.clearing.freeze,
            contracts_words=self._contracts_words(terms.instrument.key.exchange),
            not_known=self._engine.clearing.checks.not_known(terms),
        )
        return await self._shared_out(asked, followers, moment)

    async def _shared_out(
        self, asked: Asked, followers: Sequence[Linked], moment: Moment
    ) -> Preview:
        clearing, sized = self._engine.clearing, asked.sized
        cover = clearing.cover(asked.master_id, sized, followers, moment, asked.terms)
        if cover.exiting.most:
            behind = self._engine.resting.behind(asked.master_id, sized)
            asked = replace(asked, resting=behind)
        self._engine.margins.want(sized)
        bounds = clearing.bounds(sized, asked.margins, moment.time.day)
        known = Known(
            cover.exiting,
            bounds.margins,
            self._engine.charges.rates_of(sized),
            self._engine.exits.ledger.held_of(sized),
        )
        asked = replace(asked, known=known)
        if bounds.margins is not None:  # it says more than a guess by the order's worth
            asked = replace(asked, margins={})
        facts = facts_for(followers, asked.recipients)
        shares = await asyncio.to_thread(share_out, sized, facts, asked.last, cover, bounds)
        own, denied = None, None
        try:
            if (lane := self._engine.lanes.get(asked.master_id)) is not None:
                own = clearing.own(lane, sized, asked.price, shares, bounds=bounds, cover=cover)
        except DeniedError as error:
            denied = error
        return await asyncio.to_thread(preview_of, asked, shares, own, denied)

    @refusals_logged
    async def submit(
        self,
        master_id: AccountId,
        draft: Draft,
        command: CommandId,
        confirmed: str = "",
        despite: Sequence[Shown] = (),
    ) -> Submitted:
        """Place the master order and its copies; the same command twice is one order."""
        terms = self._read(draft)
        if not isinstance(terms, OrderTerms):
            first = terms[0]
            raise RefusedError(first.sentence, field=first.field, code="draft")
        try:
            typed = typed_units(confirmed, draft, terms)
            placed = await self._engine.submit(
                master_id,
                terms,
                draft.fan_out,
                command,
                typed,
                draft.recipients,
                despite=despite,
                actor=acting(),
            )
        except DeniedError as denied:
            raise RefusedError(
                denied.sentence, code=denied.code, found=denied.found, lines=denied.lines
            ) from denied
        intents = placed.plan.intents
        planned = sum(intent.state is State.PLANNED for intent in intents)
        return Submitted(placed.plan.plan_id, planned, len(intents) - planned)

    @refusals_logged
    async def cancel(self, intents: Sequence[IntentId], command: CommandId) -> CancelAnswer:
        """Ask the broker to cancel these orders."""
        if not await self._record_cancel(command, "cancel", " ".join(intents)):
            return CancelAnswer()
        return self._cancel(self._known(intents))

    @refusals_logged
    async def cancel_plan(self, plan_id: PlanId, command: CommandId) -> CancelAnswer:
        """Cancel everything of a plan."""
        if not await self._record_cancel(command, "cancel_plan", plan_id):
            return CancelAnswer()
        return self._cancel(self._engine.book.of_plan(plan_id))

    @refusals_logged
    async def cancel_all(self, command: CommandId) -> CancelAnswer:
        """Cancel every order that has not ended."""
        if not await self._record_cancel(command, "cancel_all", "every order that has not ended"):
            return CancelAnswer()
        return self._cancel([order for order in self._engine.book.recent if not order.state.ended])

    async def open_copies(self, master_id: AccountId, followers: Sequence[AccountId]) -> OpenCopies:
        """How many copies are open."""
        entries, exits = open_copies(self._engine, master_id, followers)
        return OpenCopies(len(entries), len(exits))

    @refusals_logged
    async def cancel_copies(
        self, master_id: AccountId, followers: Sequence[AccountId], goes: Goes, command: CommandId
    ) -> CancelAnswer:
        """Cancel those that go."""
        subject = f"{goes} of {master_id} in {' '.join(followers)}"
        if goes is Goes.NOTHING or not await self._record_cancel(command, "cancel_copies", subject):
            return CancelAnswer()
        entries, exits = open_copies(self._engine, master_id, followers)
        return self._cancel(entries if goes is Goes.ENTRIES else [*entries, *exits])

    async def count_open(self, intents: Sequence[IntentId], plans: Sequence[PlanId]) -> int:
        """How many of these orders, and of those of these plans, have not ended."""
        of_plans = [order for plan in plans for order in self._engine.book.of_plan(plan)]
        orders = {order.intent.intent_id: order for order in (*self._known(intents), *of_plans)}
        return sum(not order.state.ended for order in orders.values())

    async def open_orders(self, whom: Sequence[AccountId] = ()) -> tuple[OpenOrders, ...]:
        """What of ours is open in each account, or in those alone."""
        everywhere = self._engine.sweep.open_orders()
        if not whom:
            return everywhere
        members = self._engine.some_stops.members(whom)
        return tuple(one for one in everywhere if one.account_id in members)

    def _known(self, intents: Sequence[IntentId]) -> list[Order]:
        found = (self._engine.book.get(intent) for intent in intents)
        return [order for order in found if order is not None]

    def _cancel(self, orders: Sequence[Order]) -> CancelAnswer:
        states = [order.state for order in orders]
        by = read_actor(acting()).in_a_sentence
        self._engine.cancel([order.intent.intent_id for order in orders], f"Cancelled by {by}.")
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

    def _master_problem(self, master_id: AccountId) -> str:
        lane = self._engine.lanes.get(master_id)
        if lane is None:
            return "No master account is chosen. Add one."
        _, reason = lane.why_not_own()
        return f"The master account cannot trade: {reason}" if reason else ""

    async def _record_cancel(self, command: CommandId, verb: str, subject: str) -> bool:
        try:
            return await self._commands.record(command, verb, subject)
        except RefusedError:
            return True  # a cancel only lowers risk: it goes on although it could not be recorded

    # ------------------------------------------------------------ stops

    async def pause(self, reason: str) -> StateChange:
        """No new plans."""
        return await self._engine.stop_trading(TradingState.PAUSE, acting(), _words(reason))

    async def halt(self, reason: str) -> StateChange:
        """Nothing but cancels."""
        return await self._engine.stop_trading(TradingState.HALT, acting(), _words(reason))

    async def kill(self, reason: str, *, all_orders: bool = False) -> StateChange:
        """Drop the queue and cancel every order of ours, by choice the owners' own too."""
        kill, words = TradingState.KILL, _words(reason)
        return await self._engine.stop_trading(kill, acting(), words, all_orders=all_orders)

    @refusals_logged
    async def stop_some(
        self,
        whom: Sequence[AccountId],
        state: TradingState,
        reason: str,
        command: CommandId,
        *,
        all_orders: bool = False,
    ) -> None:
        """REDUCE, HALT or KILL of accounts and groups alone."""
        some = self._engine.some_stops
        problem = "" if state in STOPS_OF_SOME else for_all_alone(state)
        problem = problem or some.missing(whom) or ("" if whom else "Choose an account or a group.")
        if problem:
            raise RefusedError(problem, field="whom")
        some.begin(whom, state, command, acting(), _words(reason), all_orders=all_orders)
        await some.stored()

    @refusals_logged
    async def only_exits(self, reason: str, word: str = "") -> StateChange:
        """Only what reduces leaves: a stop out of ACTIVE, a way back out of a stricter one."""
        if self._engine.gate.state is TradingState.ACTIVE:
            reduce = TradingState.REDUCE
            return await self._engine.stop_trading(reduce, acting(), _words(reason))
        return await self._leave_stop(reason, word, TradingState.REDUCE)

    @refusals_logged
    async def resume(self, reason: str, word: str = "") -> StateChange:
        """Go back to ACTIVE."""
        return await self._leave_stop(reason, word, TradingState.ACTIVE)

    async def _leave_stop(self, reason: str, word: str, into: TradingState) -> StateChange:
        state = self._engine.gate.state
        if state is into:
            return self._engine.gate.change
        must_be_explained(state, reason, word)
        try:
            return await self._engine.resume(acting(), _words(reason), into)
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
        if not self._engine.lift_account_halt(account_id, saw, acting(), _words(reason)):
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
        why = "This decision was not recorded, so it was not taken. Try again"
        if not await self._commands.record(command, verb, subject, _words(reason), refusal=why):
            raise RefusedError(f"{why}.")

    async def recovery(self) -> RecoveryReport | None:
        """The report of this start."""
        return self._engine.recovery_report

    @refusals_logged
    async def end_of_day(self, accepted: Sequence[str] = ()) -> DayReport:
        """Run the end-of-day gate."""
        return await self._closing.close_day(acting(), accepted)


def _words(reason: str) -> str:
    """A person's reason as it is kept and shown: any text fits, a very long one is cut."""
    return cut(reason.strip(), _LONGEST_REASON)
