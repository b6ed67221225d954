"""What masters place elsewhere, as a person decides on it."""

from __future__ import annotations

from collections.abc import Sequence

from copytrade_gui.domain.checks.check import Shown
from copytrade_gui.domain.ids import AccountId, BrokerOrderId, CommandId, PlanId
from copytrade_gui.domain.seen import Follow, SeenOrder
from copytrade_gui.engine.engine import Engine
from copytrade_gui.engine.planning.denied import DeniedError
from copytrade_gui.ports import FOLLOW_VERB, IGNORE_VERB, Clock, Journal
from copytrade_gui.services.acting import Commands, acting
from copytrade_gui.services.changes import typed_units
from copytrade_gui.services.refusing import refusals_logged
from copytrade_gui.services.verbs import RefusedError


class Masters:
    """Implements ``MasterVerbs`` on the engine."""

    def __init__(self, engine: Engine, journal: Journal, clock: Clock) -> None:
        self._engine = engine
        self._commands = Commands(engine, journal, clock)

    async def seen(self) -> tuple[SeenOrder, ...]:
        """Every order of today that masters placed elsewhere, newest first."""
        return self._engine.master_signals.orders()

    async def follow(self, master: AccountId) -> Follow:
        """What becomes of the orders that this master places elsewhere."""
        return self._engine.master_signals.follow(master)

    @refusals_logged
    async def set_follow(self, master: AccountId, follow: Follow, command: CommandId) -> None:
        """From now on."""
        await self._commands.record(command, FOLLOW_VERB, f"{master} {follow.value}")
        self._engine.master_signals.set_follow(master, follow)

    @refusals_logged
    async def copy(
        self,
        master: AccountId,
        order: BrokerOrderId,
        command: CommandId,
        confirmed: str = "",
        despite: Sequence[Shown] = (),
    ) -> PlanId:
        """Have one copied now, however old it is."""
        await self._commands.record(command, "copy_seen", f"{master} {order}")
        signals = self._engine.master_signals
        try:
            plan = await signals.copy(
                master, order, typed_units(confirmed), despite, actor=acting()
            )
        except DeniedError as denied:
            raise RefusedError(
                denied.sentence, code=denied.code, found=denied.found, lines=denied.lines
            ) from denied
        if signals.follow(master) is Follow.ASK:  # he has confirmed once
            await self.set_follow(master, Follow.COPY, CommandId(f"{command}-follow"))
        return plan

    @refusals_logged
    async def ignore(self, master: AccountId, order: BrokerOrderId, command: CommandId) -> None:
        """Have one not copied."""
        await self._commands.record(command, IGNORE_VERB, f"{master} {order}")
        if not self._engine.master_signals.ignore(master, order):
            raise RefusedError("This order waits for nobody any more. Look at what became of it.")
