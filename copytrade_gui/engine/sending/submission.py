"""From the operator's call to the first bytes: plan, one commit, one wave."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from msgspec import Struct

from copytrade_gui.domain.account import Account, Role
from copytrade_gui.domain.draft import not_taken
from copytrade_gui.domain.events import PlanMade, PlanVoided
from copytrade_gui.domain.exits import AWAITS_COPY
from copytrade_gui.domain.freeze import FreezeTable
from copytrade_gui.domain.ids import AccountId, CommandId, plan_id, signal_id
from copytrade_gui.domain.instrument import Instrument
from copytrade_gui.domain.order import FanOut, OrderTerms, State
from copytrade_gui.domain.records import Plan, Signal, SignalKind, reference
from copytrade_gui.engine.orders import faultpoints
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.orders.lane import Lane
from copytrade_gui.engine.orders.lots import Lots
from copytrade_gui.engine.orders.order import Order, order_of
from copytrade_gui.engine.planning import planner
from copytrade_gui.engine.planning.exits import Cover, Exits
from copytrade_gui.engine.planning.planner import Share
from copytrade_gui.engine.sending.dispatcher import Dispatcher
from copytrade_gui.engine.sending.fan_out import FanOutRule
from copytrade_gui.engine.sending.wave import Outgoing, Waves, bodies_hash
from copytrade_gui.ports import Journal, JournalFailureError, OpenWork

_PLACED_BEFORE = "This order was placed before; look at it in the orders."
_VOIDED = "This order was refused because it could not be stored. Place it as a new order."


class Cleared(Struct, frozen=True):
    """A signal that may be planned now: what the intents are made from.

    ``master`` is the account of its own order, None if it has none. ``leaving`` are the protected
    terms, ``shares`` what each account gets, in send order, ``cover`` what they have to reduce.
    """

    signal: Signal
    master: Account | None
    leaving: OrderTerms
    signal_age_ms: int
    shares: Sequence[Share]
    cover: Cover

    def plan(self, called_ns: int) -> Plan:
        """The plan that follows from it; ``called_ns`` is the operator's call, monotonic."""
        signal = self.signal
        intents = planner.make_intents(
            signal, self.master, self.shares, self.leaving, self.signal_age_ms
        )
        return Plan(plan_id(signal.signal_id), signal, intents, signal.made_ns, called_ns)


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
        core: Core,
        waves: Waves,
        dispatcher: Dispatcher,
        fan_out: FanOutRule,
        exits: Exits,
        journal: Journal,
    ) -> None:
        self._book = core.book
        self._bus = core.bus
        self._lanes = core.lanes
        self._gate = core.gate
        self._progress = core.progress
        self._waves = waves
        self._dispatcher = dispatcher
        self._fan_out = fan_out
        self._exits = exits
        self._journal = journal
        self._clock = core.clock
        self._settings = core.settings
        self._takes = core.takes
        self._quotes = core.quotes
        self._hours = core.hours
        self._fault = core.fault
        self._undisturbed = core.undisturbed
        self._news = core.news
        self._plan_number = 0
        self._by_command: dict[CommandId, Plan] = {}
        self._voided: set[CommandId] = set()
        """Commands whose plan could not be stored: what ends it would end another of its name."""
        self._over: set[CommandId] = set()
        """Commands whose plan is long over and not known here any more."""
        self._storing: dict[CommandId, list[asyncio.Future[None]]] = {}
        self.lots = Lots(core.lanes, core.clock, core.work, core.settings)
        self.freeze = FreezeTable()
        """The most units of one order, by instrument; put anew while the program runs."""

    def restore(self, work: OpenWork) -> None:
        """Remember today's commands: a press repeated after a restart is not a new order."""
        self._plan_number = work.next_plan_number
        self._exits.restore(work.copied)
        for plan in work.plans:
            if plan.signal.command_id is not None:
                self._by_command[plan.signal.command_id] = plan

    def why_not(self, instrument: Instrument) -> str:
        """Why nothing of this instrument is ordered now, for the ticket; empty: it may be."""
        return self._hours.why_closed(instrument) or self.lots.why_not(instrument.key.exchange)

    def followers_of(self, master_id: AccountId) -> list[Lane]:
        """Follower lanes of one master, in a stable order."""
        return [lane for lane in self._lanes if lane.master_id == master_id]

    def cover(self, master_id: AccountId, terms: OrderTerms, followers: Sequence[Lane]) -> Cover:
        """What these followers have to reduce if the order is an exit of the master's."""
        return self._exits.cover(master_id, terms, followers)

    async def submit(
        self, master_id: AccountId, terms: OrderTerms, fan_out: FanOut, command: CommandId
    ) -> Placed:
        """Plan, commit, write. Raises DeniedError: nothing was stored or sent."""
        return await self._once(command, lambda: self._clear(master_id, terms, fan_out, command))

    async def close(
        self,
        master_id: AccountId,
        terms: OrderTerms,
        quantities: Mapping[AccountId, int],
        command: CommandId,
    ) -> Placed:
        """Close what copies hold: ``terms`` with a quantity in units for each account.

        No master's order belongs to it; ``master_id`` says whose copies they are. Each account's
        order is at most what its copies hold. Raises DeniedError: nothing was stored or sent.
        """
        return await self._once(
            command, lambda: self._clear_closing(master_id, terms, quantities, command)
        )

    async def _once(self, command: CommandId, clear: Callable[[], Cleared]) -> Placed:
        while (storing := self._storing.get(command)) is not None:
            stored = asyncio.get_running_loop().create_future()  # the first press decides
            storing.append(stored)
            await stored
        known = self._by_command.get(command)
        if known is not None:
            return Placed(known, known=True)
        if command in self._voided:
            raise DeniedError("not_recorded", _VOIDED)
        if command in self._over:
            raise DeniedError("known", _PLACED_BEFORE)
        storing = self._storing[command] = []
        try:
            with self._undisturbed():
                return await self._submit(clear, command)
        finally:
            del self._storing[command]
            for waits in storing:
                if not waits.done():
                    waits.set_result(None)

    async def _submit(self, clear: Callable[[], Cleared], command: CommandId) -> Placed:
        called_ns = self._clock.mono_ns()
        order = clear()
        plan = order.plan(called_ns)
        self._plan_number += 1
        self._by_command[command] = plan
        orders = [order_of(intent, plan) for intent in plan.intents]
        pending = [order for order in orders if order.may_attempt]
        self._book.add_plan(plan, orders)
        self._exits.remember(plan.plan_id, order.cover)
        self._progress.start(plan.plan_id, len(pending))
        kept: list[Order] = []
        leads = len(plan.leads)
        held = leads > 0 and plan.signal.fan_out is not FanOut.WITH_MASTER
        if held:
            first = [order for order in orders[:leads] if order.may_attempt]
        else:
            kept = [order for order in pending if order.code == AWAITS_COPY]
            first = [order for order in pending if order.code != AWAITS_COPY] if kept else pending
        wave = self._waves.select(first)
        waiting = self._lanes.take_back(first) if len(wave) < len(first) else []
        self._fault(faultpoints.BEFORE_PLAN_COMMIT)
        try:
            stored = await self._journal.commit_plan(
                plan, [item.attempt for item in wave], bodies_hash(wave)
            )
        except JournalFailureError as failure:
            self._waves.release(wave)
            await self._void(plan, command, str(failure))
            raise DeniedError("not_recorded", str(failure)) from failure
        except (Exception, asyncio.CancelledError):
            self._broken_off(plan, wave, orders)
            raise
        if not stored:
            self._waves.release(wave)
            self._never_was(plan)
            raise DeniedError("known", _PLACED_BEFORE)
        self._fault(faultpoints.AFTER_PLAN_COMMIT)
        if held:
            self._fan_out.hold(plan)
        self._waves.write(wave)
        self._bus.publish(PlanMade(plan))
        self._announce_blocked(orders)
        self._waves.announce(wave)
        self._dispatcher.enqueue([*waiting, *kept])
        return Placed(plan, known=False)

    def forget(self, plan: Plan) -> None:
        """A plan is long over; a press of its button is not a new order all the same."""
        self._book.forget_plan(plan)
        self._progress.forget(plan.plan_id)
        command = plan.signal.command_id
        if command is not None and self._by_command.pop(command, None) is not None:
            self._over.add(command)

    def _clear(
        self, master_id: AccountId, terms: OrderTerms, fan_out: FanOut, command: CommandId
    ) -> Cleared:
        """Everything that is asked of a master order before its plan. Raises DeniedError."""
        self._check(terms)
        lane = self._lanes.get(master_id)
        if lane is None or lane.account.role is not Role.MASTER:
            raise DeniedError("master", f"Account {master_id} is not a master. Choose one.")
        code, reason = lane.why_not()
        if code:
            raise DeniedError(code, f"The master account cannot trade: {reason}")
        leaving, price = self._protected(terms)
        followers = planner.rotate(self.followers_of(master_id), self._plan_number)
        cover = self._exits.cover(master_id, leaving, followers)
        return Cleared(
            signal=self._signal(SignalKind.TICKET, master_id, terms, fan_out, command),
            master=lane.account,
            leaving=leaving,
            signal_age_ms=planner.signal_age_ms(terms, price, self._settings),
            shares=planner.share_out(
                leaving,
                [lane.facts for lane in followers],
                price if leaving.price is None else leaving.price,
                cover,
            ),
            cover=cover,
        )

    def _clear_closing(
        self,
        master_id: AccountId,
        terms: OrderTerms,
        quantities: Mapping[AccountId, int],
        command: CommandId,
    ) -> Cleared:
        """Everything that is asked before copies are closed. Raises DeniedError."""
        self._check(terms)
        leaving, price = self._protected(terms)
        lanes = [lane for name in quantities if (lane := self._lanes.get(name)) is not None]
        cover = self._exits.closing(leaving, lanes)
        facts = [(lane.facts, quantities[lane.account_id]) for lane in lanes]
        return Cleared(
            signal=self._signal(
                SignalKind.SQUARE_OFF, master_id, terms, FanOut.WITH_MASTER, command
            ),
            master=None,
            leaving=leaving,
            signal_age_ms=planner.signal_age_ms(terms, price, self._settings),
            shares=planner.closing_shares(leaving, facts, cover),
            cover=cover,
        )

    def _check(self, terms: OrderTerms) -> None:
        """What is asked once a plan, whatever asks for it. Raises DeniedError."""
        if not self._gate.may_plan:
            raise DeniedError("stopped", self._gate.why_not())
        if terms.quantity <= 0 or terms.quantity % terms.instrument.lot_size:
            raise DeniedError(
                "quantity", f"Quantity must be a multiple of {terms.instrument.lot_size}."
            )
        exchange = terms.instrument.key.exchange
        for problem in not_taken(
            self._takes, exchange, terms.order_type, terms.product, terms.validity
        ):
            code = "no_ioc" if problem.field == "validity" else "not_taken"
            raise DeniedError(code, problem.sentence)
        closed = self._hours.why_closed(terms.instrument)
        if closed:
            raise DeniedError("session", closed)
        unseen = self.lots.why_not(exchange)
        if unseen:
            raise DeniedError("lot_not_seen", unseen)

    def _protected(self, terms: OrderTerms) -> tuple[OrderTerms, Decimal | None]:
        """The terms as they leave, and the fresh price they were protected by, if any."""
        price = self._quotes.fresh_price(terms.instrument.key)
        try:
            return planner.protected(terms, price), price
        except planner.CannotPlanError as error:
            raise DeniedError(error.code, error.sentence) from error

    def _signal(
        self,
        kind: SignalKind,
        master_id: AccountId,
        terms: OrderTerms,
        fan_out: FanOut,
        command: CommandId,
    ) -> Signal:
        name = reference(kind, command)
        return Signal(
            signal_id=signal_id(master_id, name, 1),
            master_id=master_id,
            order_ref=name,
            version=1,
            terms=terms,
            fan_out=fan_out,
            command_id=command,
            made_ns=self._clock.wall_ns(),
        )

    def _announce_blocked(self, orders: Sequence[Order]) -> None:
        for order in orders:
            if order.attempt is None and order.state is not State.PLANNED:
                self._book.announce(order, State.PLANNED)

    def _broken_off(self, plan: Plan, wave: list[Outgoing], orders: Sequence[Order]) -> None:
        """The caller went away, or we failed, while the plan was being stored: nothing left.

        It may be stored all the same, so every order of it gets an end in the trail.
        """
        why = "The order was broken off while it was being stored; nothing of it left."
        self._waves.release(wave)
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
        self._news.storage_failed(failure)
        why = f"It could not be stored, so it was refused and nothing of it left. {failure}"
        self._bus.publish(PlanVoided(plan.plan_id, why, self._clock.wall_ns()))
        await self._journal.flush()

    def _never_was(self, plan: Plan) -> None:
        self._book.forget_plan(plan)
        self._progress.forget(plan.plan_id)
        if plan.signal.command_id is not None:
            self._by_command.pop(plan.signal.command_id, None)
