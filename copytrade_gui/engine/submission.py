"""From the operator's call to the first bytes: plan, one commit, one wave."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial

from msgspec import structs

from copytrade_gui.domain.account import Role
from copytrade_gui.domain.events import PlanMade, PlanVoided
from copytrade_gui.domain.ids import AccountId, CommandId, action_id, plan_id
from copytrade_gui.domain.instrument import NO_IOC, NO_IOC_WORDS
from copytrade_gui.domain.order import FanOut, OrderTerms, State, Validity
from copytrade_gui.domain.records import MasterAction, Plan
from copytrade_gui.engine import faultpoints, planner
from copytrade_gui.engine.book import Book
from copytrade_gui.engine.bus import Bus
from copytrade_gui.engine.copying import Copying
from copytrade_gui.engine.dispatcher import Dispatcher
from copytrade_gui.engine.exits import Exits
from copytrade_gui.engine.gate import Gate
from copytrade_gui.engine.lane import Lane, Lanes
from copytrade_gui.engine.lots import Lots
from copytrade_gui.engine.order import Order
from copytrade_gui.engine.poised import poise
from copytrade_gui.engine.progress import Progress
from copytrade_gui.engine.quotes import Quotes
from copytrade_gui.engine.ready import Ready
from copytrade_gui.engine.rehearsal import Cleared, Rehearsal, WorkedOut, work_out
from copytrade_gui.engine.rules import Rules
from copytrade_gui.engine.wave import Waves
from copytrade_gui.engine.work import Work
from copytrade_gui.ports import Clock, FaultPoint, Journal, JournalFailureError, OpenWork

_VOIDED = "This order was refused because it could not be stored. Place it as a new order."


def _plan_of(order: Cleared, worked_out: WorkedOut, called_ns: int) -> Plan:
    action = order.action
    return Plan(plan_id(action.action_id), action, worked_out.intents, action.made_ns, called_ns)


class DeniedError(Exception):
    """The engine did nothing; the text is one sentence with the remedy."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class Placed:
    """A plan whose first orders are on the wire; ``known`` if this command had made it before."""

    plan: Plan
    known: bool


class Submission:
    """Takes in master orders."""

    def __init__(
        self,
        *,
        book: Book,
        bus: Bus,
        lanes: Lanes,
        gate: Gate,
        progress: Progress,
        waves: Waves,
        dispatcher: Dispatcher,
        copying: Copying,
        exits: Exits,
        journal: Journal,
        clock: Clock,
        rules: Rules,
        work: Work,
        fault: FaultPoint,
        undisturbed: Callable[[], AbstractContextManager[None]],
        on_storage_failure: Callable[[str], None],
    ) -> None:
        self._book = book
        self._bus = bus
        self._lanes = lanes
        self._gate = gate
        self._progress = progress
        self._waves = waves
        self._dispatcher = dispatcher
        self._copying = copying
        self._exits = exits
        self._journal = journal
        self._clock = clock
        self._rules = rules
        self._fault = fault
        self._undisturbed = undisturbed
        self._on_storage_failure = on_storage_failure
        self._plan_number = 0
        self._by_command: dict[CommandId, Plan] = {}
        self._voided: set[CommandId] = set()
        """Commands whose plan could not be stored: what ends it would end another of its name."""
        self._rehearsal: Rehearsal | None = None
        self._storing: dict[CommandId, list[asyncio.Future[None]]] = {}
        self.quotes = Quotes(clock, rules)
        self.lots = Lots(lanes, clock, work, rules)

    def restore(self, work: OpenWork) -> None:
        """Remember today's commands: a press repeated after a restart is not a new order."""
        self._plan_number = work.next_plan_number
        self._exits.restore(work.copied)
        for plan in work.plans:
            if plan.action.command_id is not None:
                self._by_command[plan.action.command_id] = plan

    def followers_of(self, master_id: AccountId) -> list[Lane]:
        """Follower lanes of one master, in a stable order."""
        return [lane for lane in self._lanes if lane.master_id == master_id]

    def shares(self, master_id: AccountId, terms: OrderTerms) -> list[planner.Share]:
        """What each follower would get for these terms; sends and stores nothing."""
        price = self.quotes.fresh_price(terms.instrument.key)
        followers = self.followers_of(master_id)
        cover = self._exits.cover(master_id, terms, followers)
        return planner.share_out(terms, followers, price, cover)

    def rehearse(
        self, master_id: AccountId, terms: OrderTerms, fan_out: FanOut, command: CommandId
    ) -> None:
        """Work out what ``submit`` with the same words would send; sends and stores nothing.

        Only the newest rehearsal is kept. An order that cannot be planned now has none.
        """
        self._rehearsal = None
        if command in self._by_command or command in self._storing:
            return
        try:
            order = self._clear(master_id, terms, fan_out, command)
        except DeniedError:
            return
        shares = order.shares()
        versions = [lane.version for lane in order.followers]
        worked_out = work_out(order.intents(shares), fan_out)
        ready = self._waves.rehearse(worked_out.first)
        poised, stirrings = None, self._lanes.stirrings
        if fan_out is FanOut.WITH_MASTER:  # who waits for his master's answer is asked again then
            poised = poise(ready, stirrings, self._clock.mono_ns())
        worked_out = structs.replace(worked_out, ready=ready, poised=poised)
        self._rehearsal = Rehearsal(
            self._plan_number, stirrings.count, order, shares, versions, worked_out
        )
        marks = [item.attempt for item in ready if item is not None]
        self._journal.rehearse_plan(
            _plan_of(order, worked_out, 0), marks if poised is None else poised.attempts
        )

    async def submit(
        self, master_id: AccountId, terms: OrderTerms, fan_out: FanOut, command: CommandId
    ) -> Placed:
        """Plan, commit, write. Raises DeniedError: nothing was stored or sent."""
        while (storing := self._storing.get(command)) is not None:
            stored = asyncio.get_running_loop().create_future()  # the first press decides
            storing.append(stored)
            await stored
        known = self._by_command.get(command)
        if known is not None:
            return Placed(known, known=True)
        if command in self._voided:
            raise DeniedError("not_recorded", _VOIDED)
        storing = self._storing[command] = []
        try:
            with self._undisturbed():
                return await self._submit(master_id, terms, fan_out, command)
        finally:
            del self._storing[command]
            for waits in storing:
                if not waits.done():
                    waits.set_result(None)

    async def _submit(
        self, master_id: AccountId, terms: OrderTerms, fan_out: FanOut, command: CommandId
    ) -> Placed:
        called_ns = self._clock.mono_ns()
        order = self._clear(master_id, terms, fan_out, command)
        worked_out = self._worked_out(order)
        self._plan_number += 1
        plan = _plan_of(order, worked_out, called_ns)
        self._by_command[command] = plan
        orders, first = worked_out.orders, worked_out.first
        self._book.add_plan(plan, orders)
        self._exits.remember(plan.plan_id, order.cover)
        self._progress.start(plan.plan_id, worked_out.pending)
        poised = worked_out.poised
        if poised is not None and self._waves.take(poised, plan, called_ns):
            wave, marks = poised.wave, poised.attempts
        else:
            self._book.date(plan, called_ns)
            wave = self._waves.select(first, worked_out.ready)
            marks = [item.attempt for item in wave]
        waiting = self._lanes.take_back(first) if len(wave) < len(first) else []
        self._fault(faultpoints.BEFORE_PLAN_COMMIT)
        try:
            commit = partial(self._journal.commit_plan, plan, marks)
            stored = await self._waves.committed(wave, commit)
        except JournalFailureError as failure:
            self._waves.release(wave)
            await self._void(plan, command, str(failure))
            raise DeniedError("not_recorded", str(failure)) from failure
        except (Exception, asyncio.CancelledError):
            self._broken_off(plan, wave, orders)
            raise
        if not stored:
            self._waves.abandon(wave)
            self._never_was(plan)
            raise DeniedError("known", "This order was placed before; look at it in the orders.")
        self._fault(faultpoints.AFTER_PLAN_COMMIT)
        if fan_out is not FanOut.WITH_MASTER:
            self._copying.hold(plan)
        self._waves.write(wave)
        self._bus.publish(PlanMade(plan))
        self._announce_blocked(orders)
        self._waves.announce(wave)
        self._dispatcher.enqueue([*waiting, *worked_out.kept])
        return Placed(plan, known=False)

    def _clear(
        self, master_id: AccountId, terms: OrderTerms, fan_out: FanOut, command: CommandId
    ) -> Cleared:
        """Everything that is asked of a master order before its plan. Raises DeniedError."""
        if not self._gate.may_plan:
            raise DeniedError("stopped", self._gate.why_not())
        if terms.quantity <= 0 or terms.quantity % terms.instrument.lot_size:
            raise DeniedError(
                "quantity", f"Quantity must be a multiple of {terms.instrument.lot_size}."
            )
        exchange = terms.instrument.key.exchange
        if terms.validity is Validity.IOC and exchange in NO_IOC:
            raise DeniedError("no_ioc", NO_IOC_WORDS)
        unseen = self.lots.why_not(exchange)
        if unseen:
            raise DeniedError("lot_not_seen", unseen)
        lane = self._lanes.get(master_id)
        if lane is None or lane.account.role is not Role.MASTER:
            raise DeniedError("master", f"Account {master_id} is not a master. Choose one.")
        code, reason = lane.why_not()
        if code:
            raise DeniedError(code, f"The master account cannot trade: {reason}")
        price = self.quotes.fresh_price(terms.instrument.key)
        try:
            leaving = planner.protected(terms, price)
        except planner.CannotPlanError as error:
            raise DeniedError(error.code, error.sentence) from error
        reference = f"cmd:{command}"
        action = MasterAction(
            action_id=action_id(master_id, reference, 1),
            master_id=master_id,
            order_ref=reference,
            version=1,
            terms=terms,
            fan_out=fan_out,
            command_id=command,
            made_ns=self._clock.wall_ns(),
        )
        followers = self._in_turn(master_id)
        return Cleared(
            action=action,
            master=lane.account,
            leaving=leaving,
            price=price if leaving.price is None else leaving.price,
            signal_age_ms=planner.signal_age_ms(terms, price, self._rules),
            followers=followers,
            cover=self._exits.cover(master_id, leaving, followers),
        )

    def _in_turn(self, master_id: AccountId) -> list[Lane]:
        """The master's followers in the send order of the next plan."""
        number, rehearsal = self._plan_number, self._rehearsal
        if rehearsal is not None:
            known = rehearsal.followers_of(master_id, number, self._lanes.stirrings.count)
            if known is not None:
                return known
        return planner.rotate(self.followers_of(master_id), number)

    def _worked_out(self, order: Cleared) -> WorkedOut:
        """The plan's intents and orders: as the ticket's preview made them, if they still fit."""
        rehearsal, self._rehearsal = self._rehearsal, None
        if rehearsal is not None and rehearsal.fits(order):
            return rehearsal.worked_out
        return work_out(order.intents(order.shares()), order.action.fan_out)

    def _announce_blocked(self, orders: Sequence[Order]) -> None:
        for order in orders:
            if order.attempt is None and order.state is not State.PLANNED:
                self._book.announce(order, State.PLANNED)

    def _broken_off(self, plan: Plan, wave: list[Ready], orders: Sequence[Order]) -> None:
        """The caller went away, or we failed, while the plan was being stored: nothing left.

        It may be stored all the same, so every order of it gets an end in the trail.
        """
        why = "The order was broken off while it was being stored; nothing of it left."
        self._waves.abandon(wave)
        self._bus.publish(PlanMade(plan))
        for item in wave:
            self._book.mark(item.order, item.attempt)
            self._book.move(item.order, State.NOT_SENT, code="broken_off", reason=why)
        for order in orders:
            if order.may_attempt:
                self._dispatcher.skip(order, "broken_off", why)

    async def _void(self, plan: Plan, command: CommandId, failure: str) -> None:
        """Nothing of it left. It may be on the disk: recorded first, a start will not send it."""
        self._never_was(plan)
        self._voided.add(command)
        self._on_storage_failure(failure)
        why = f"It could not be stored, so it was refused and nothing of it left. {failure}"
        self._bus.publish(PlanVoided(plan.plan_id, why, self._clock.wall_ns()))
        await self._journal.flush()

    def _never_was(self, plan: Plan) -> None:
        self._book.forget_plan(plan)
        self._progress.forget(plan.plan_id)
        if plan.action.command_id is not None:
            self._by_command.pop(plan.action.command_id, None)
