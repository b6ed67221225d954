"""Copies against the broker's books, continuously, from what is read and told anyway."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from copytrade_gui.domain.calendar import indian_day
from copytrade_gui.domain.drift import of_those
from copytrade_gui.domain.drift_report import DriftReport
from copytrade_gui.domain.ids import AccountId, CommandId, PlanId
from copytrade_gui.domain.order import Side
from copytrade_gui.domain.position import PositionKey
from copytrade_gui.domain.records import ENGINE
from copytrade_gui.domain.square_off import Chosen, Scope
from copytrade_gui.engine.engine import Engine
from copytrade_gui.engine.planning.closable import position_of
from copytrade_gui.engine.signals.drift_lines import Differed, drift_of
from copytrade_gui.ports import (
    IGNORE_DRIFT_VERB,
    Clock,
    Journal,
    drift_subject,
)
from copytrade_gui.services.acting import Commands
from copytrade_gui.services.refusing import refusals_logged
from copytrade_gui.services.verbs import RefusedError


class Drift:
    """Implements ``DriftVerbs`` on the engine.

    The facts of the moment are taken on the orders' loop; what follows from them is worked out in a
    thread, and only when something has changed.
    """

    def __init__(self, engine: Engine, journal: Journal, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        self._commands = Commands(engine, journal, clock)
        self._made = DriftReport()
        self._made_of: object = None
        self._differed: Differed = {}
        self._lock = asyncio.Lock()

    async def report(self) -> DriftReport:
        """Every copied position as it stands now."""
        async with self._lock:
            engine = self._engine
            stamp = (
                engine.copies.version,
                engine.positions.version,
                engine.owner_orders.reads if self._differed else engine.owner_orders.version,
                sum(lane.version for lane in engine.lanes),
                engine.book.changes,
                tuple(engine.drift.ignored.items()),
                indian_day(self._clock.wall_ns()),
            )
            if stamp != self._made_of:
                facts = engine.drift.now()
                self._made = await asyncio.to_thread(drift_of, facts, self._differed)
                self._made_of = stamp
        await self._forget_flat()
        return self._made

    @refusals_logged
    async def ignore(self, key: PositionKey, units: int, command: CommandId) -> None:
        """A person knows that a position is off by so many units."""
        lines = (await self.report()).lines
        line = next((one for one in lines if one.key == key), None)
        if line is None or not line.verdict.units or line.verdict.units != units:
            raise RefusedError("It stands differently by now. Look again.", code="changed")
        await self._commands.record(command, IGNORE_DRIFT_VERB, drift_subject(key, units))
        self._engine.drift.ignored[key] = units

    async def unmatched_exit(self, plans: Sequence[PlanId]) -> Scope:
        """What a square-off may close of these plans."""
        book, ledger = self._engine.book, self._engine.exits.ledger
        filled: dict[PositionKey, int] = {}
        masters: dict[PositionKey, tuple[AccountId, ...]] = {}
        for order in (order for plan in plans for order in book.of_plan(plan)):
            if order.is_copy and order.filled:
                key = position_of(order)
                side = order.intent.terms.side
                filled[key] = filled.get(key, 0) + (
                    order.filled if side is Side.BUY else -order.filled
                )
                masters[key] = (*masters.get(key, ()), order.master_id)
        return tuple(
            Chosen(key.account_id, key.instrument, key.product, net - excess, masters[key])
            for key, units in filled.items()
            if (net := ledger.copied_of(key)) and (excess := of_those(units, net))
        )

    async def _forget_flat(self) -> None:
        """What was to be ignored until it is flat, and is, is forgotten."""
        held = {line.key for line in self._made.lines if line.copied or line.verdict.units}
        for key in [one for one in self._engine.drift.ignored if one not in held]:
            del self._engine.drift.ignored[key]
            subject = drift_subject(key, 0)
            name = CommandId(f"flat:{subject}:{self._clock.wall_ns()}")
            with suppress(RefusedError):  # that the disk failed is told already
                await self._commands.record(name, IGNORE_DRIFT_VERB, subject, actor=ENGINE)
