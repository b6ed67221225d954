"""Verbs for working orders and for what masters place elsewhere, as Protocols."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from copytrade_gui.domain.checks.check import Shown
from copytrade_gui.domain.ids import AccountId, BrokerOrderId, CommandId, IntentId, PlanId
from copytrade_gui.domain.seen import Follow, SeenOrder


@dataclass(frozen=True, slots=True)
class ChangeDraft:
    """An order's new fields as typed; ``quantity`` counts units. An empty one stays as it is."""

    price: str = ""
    trigger: str = ""
    quantity: str = ""


class ChangeVerbs(Protocol):
    """Working orders."""

    async def modify(
        self, intent: IntentId, draft: ChangeDraft, command: CommandId, confirmed: str = ""
    ) -> int:
        """Change a working order, and its copies if it is the master's; returns of how many.

        Raises RefusedError; code ``hold``: as for ``TradingVerbs.submit``.
        """


class MasterVerbs(Protocol):
    """Orders that masters place on the broker's own page or phone."""

    async def seen(self) -> tuple[SeenOrder, ...]:
        """Every such order of today, newest first, with what became of it."""

    async def follow(self, master: AccountId) -> Follow:
        """What becomes of the orders that this master places elsewhere."""

    async def set_follow(self, master: AccountId, follow: Follow, command: CommandId) -> None:
        """From now on. Raises RefusedError: it was not recorded."""

    async def copy(
        self,
        master: AccountId,
        order: BrokerOrderId,
        command: CommandId,
        confirmed: str = "",
        despite: Sequence[Shown] = (),
    ) -> PlanId:
        """Have one copied now. Raises RefusedError; code ``hold`` or ``warn``: as for
        ``TradingVerbs.submit``.
        """

    async def ignore(self, master: AccountId, order: BrokerOrderId, command: CommandId) -> None:
        """Have one not copied. Raises RefusedError."""
