"""From the operator's call to the first bytes: plan, one commit, one wave."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from copytrade_gui.domain.events import ChecksPassed, PlanMade, PlanVoided, Severity
from copytrade_gui.domain.exits import AWAITS_COPY
from copytrade_gui.domain.guard import AWAITS_PRICE
from copytrade_gui.domain.ids import CommandId, PlanId
from copytrade_gui.domain.order import FanOut, State
from copytrade_gui.domain.records import ENGINE, Plan, SignalKind
from copytrade_gui.engine.orders import faultpoints
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.orders.order import Order, orders_of
from copytrade_gui.engine.planning.cleared import Cleared
from copytrade_gui.engine.planning.clearing import Clearing
from copytrade_gui.engine.planning.denied import DeniedError
from copytrade_gui.engine.planning.exits import Exits
from copytrade_gui.engine.sending.dispatcher import Dispatcher
from copytrade_gui.engine.sending.fan_out import FanOutRule
from copytrade_gui.engine.sending.wave import Outgoing, Waves, bodies_hash
from copytrade_gui.ports import Journal, JournalFailureError, OpenWork

_AWAITING = frozenset({AWAITS_COPY, AWAITS_PRICE})
_PLACED_BEFORE = "This order was placed before; look at it in the orders."
_VOIDED = "This order was refused because it could not be stored. Place it as a new order."


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
        *,
        waves: Waves,
        dispatcher: Dispatcher,
        fan_out: FanOutRule,
        clearing: Clearing,
        exits: Exits,
        journal: Journal,
    ) -> None:
        self._book = core.book
        self._bus = core.bus
        self._lanes = core.lanes
        self._progress = core.progress
        self._waves = waves
        self._dispatcher = dispatcher
        self._fan_out = fan_out
        self._clearing = clearing
        self._exits = exits
        self._journal = journal
        self._clock = core.clock
        self._fault = core.fault
        self._undisturbed = core.undisturbed
        self._news = core.news
        self._by_command: dict[CommandId, PlanId] = {}
        self._voided: set[CommandId] = set()
        """Commands whose plan could not be stored: what ends it would end another of its name."""
        self._over: set[CommandId] = set()
        """Commands whose plan is long over and not known here any more."""
        self._storing: dict[CommandId, list[asyncio.Future[None]]] = {}

    def restore(self, work: OpenWork) -> None:
        """Remember today's commands: a press repeated after a restart is not a new order."""
        self._clearing.begin_at(work.next_plan_number)
        self._exits.ledger.restore(work.carried)
        for plan in work.plans:
            if plan.signal.command_id is not None:
                self._by_command[plan.signal.command_id] = plan.plan_id

    def plan_of(self, command: CommandId) -> Plan | None:
        """The plan that this command made today, if it made one."""
        name = self._by_command.get(command)
        return None if name is None else self._book.plan(name)

    async def submit(
        self,
        command: CommandId,
        clear: Callable[[], Cleared],
        seen_ns: int = 0,
        *,
        actor: str = ENGINE,
    ) -> Placed:
        """Plan what ``clear`` clears, commit, write; the same command twice is one plan.

        ``seen_ns`` is when a master's order that he placed elsewhere was seen, monotonic; ``actor``
        who asks for the plan. Raises DeniedError: nothing was stored or sent.
        """
        while (storing := self._storing.get(command)) is not None:
            stored = asyncio.get_running_loop().create_future()  # the first press decides
            storing.append(stored)
            await stored
        known = self.plan_of(command)
        if known is not None:
            return Placed(known, known=True)
        if command in self._voided:
            raise DeniedError("not_recorded", _VOIDED)
        if command in self._over:
            raise DeniedError("known", _PLACED_BEFORE)
        storing = self._storing[command] = []
        try:
            with self._undisturbed():
                return await self._submit(clear, command, seen_ns, actor)
        finally:
            del self._storing[command]
            for waits in storing:
                if not waits.done():
                    waits.set_result(None)

    async def _submit(
        self, clear: Callable[[], Cleared], command: CommandId, seen_ns: int, actor: str
    ) -> Placed:
        called_ns = self._clock.mono_ns()
        order = clear()
        if order.cover.exiting.most:
            accounts = [share.account.account_id for share in order.shares if share.sized.quantity]
            self._news.exit_planned(order.signal, accounts)
        plan = order.plan(called_ns, actor)
        self._clearing.made(plan, order)
        self._by_command[command] = plan.plan_id
        orders = orders_of(plan)
        pending = [order for order in orders if order.intent_state is State.PLANNED]
        self._book.add_plan(plan, orders)
        self._exits.remember(
            plan.plan_id, plan.signal.master_id, order.leaving, order.cover, order.shares
        )
        self._progress.start(plan.plan_id, len(pending))
        kept: list[Order] = []
        leads = len(plan.leads)
        held = leads > 0 and plan.signal.fan_out is not FanOut.WITH_MASTER
        if held:
            first = [order for order in orders[:leads] if order.may_attempt]
        else:
            kept = [order for order in pending if order.code in _AWAITING]
            first = [order for order in pending if order.code not in _AWAITING] if kept else pending
        wave = self._waves.select(first)
        waiting = self._lanes.take_back(first) if len(wave) < len(first) else []
        planned_ns = self._clock.mono_ns()
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
        self._progress.committed(plan.plan_id, seen_ns, planned_ns, self._clock.mono_ns())
        self._fault(faultpoints.AFTER_PLAN_COMMIT)
        if held:
            self._fan_out.hold(plan)
        self._waves.write(wave)
        self._bus.publish(PlanMade(plan))
        if not held:
            self._news.copies_leave(plan)
        if order.passed:
            actor = plan.signal.actor if order.asked else ENGINE
            self._bus.publish(
                ChecksPassed(plan.plan_id, plan.signal.master_id, actor, order.passed)
            )
            if not order.asked and plan.signal.kind is SignalKind.MASTER:
                self._book.alarm(
                    "copied_with_warning",
                    f"An order that was placed elsewhere is being copied. {' '.join(order.passed)}",
                    account=plan.signal.master_id,
                    severity=Severity.WARNING,
                )
        self._announce_blocked(orders)
        self._waves.announce(wave)
        if waiting or kept:
            self._dispatcher.enqueue([*waiting, *kept])
        return Placed(plan, known=False)

    def forget(self, plan: Plan) -> None:
        """A plan is long over; a press of its button is not a new order all the same."""
        self._book.forget_plan(plan)
        self._progress.forget(plan.plan_id)
        command = plan.signal.command_id
        if command is not None and self._by_command.pop(command, None) is not None:
            self._over.add(command)

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
        self._exits.ledger.unmake(plan.plan_id)
        self._progress.forget(plan.plan_id)
        if plan.signal.command_id is not None:
            self._by_command.pop(plan.signal.command_id, None)
