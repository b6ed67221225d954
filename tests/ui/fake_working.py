"""Working orders and what masters place elsewhere, as a window test plays them."""

from __future__ import annotations

from collections.abc import Sequence

from copytrade_gui.domain.checks.check import Shown
from copytrade_gui.domain.ids import AccountId, BrokerOrderId, CommandId, IntentId, PlanId
from copytrade_gui.domain.seen import Follow, SeenOrder
from copytrade_gui.services.master_verbs import ChangeDraft
from copytrade_gui.services.verbs import RefusedError


class FakeChanges:
    """Remembers what was typed; refuses with ``refuse`` if that is set."""

    def __init__(self) -> None:
        self.asked: list[tuple[IntentId, ChangeDraft, str]] = []
        self.refuse: RefusedError | None = None

    async def modify(
        self, intent: IntentId, draft: ChangeDraft, command: CommandId, confirmed: str = ""
    ) -> int:
        del command
        self.asked.append((intent, draft, confirmed))
        if self.refuse is not None:
            raise self.refuse
        return 1


class FakeMasters:
    """Shows ``orders`` and remembers what was decided; ``hold`` asks for that quantity first."""

    def __init__(self) -> None:
        self.hold: str = ""
        self.orders: tuple[SeenOrder, ...] = ()
        self.decided: list[tuple[str, BrokerOrderId]] = []
        self.following = Follow.ASK

    async def seen(self) -> tuple[SeenOrder, ...]:
        return self.orders

    async def follow(self, master: AccountId) -> Follow:
        del master
        return self.following

    async def set_follow(self, master: AccountId, follow: Follow, command: CommandId) -> None:
        del master, command
        self.following = follow

    async def copy(
        self,
        master: AccountId,
        order: BrokerOrderId,
        command: CommandId,
        confirmed: str = "",
        despite: Sequence[Shown] = (),
    ) -> PlanId:
        del master, command, despite
        if confirmed != self.hold:
            raise RefusedError("Its value is above your limit.", code="hold")
        self.decided.append(("copy", order))
        return PlanId("P1")

    async def ignore(self, master: AccountId, order: BrokerOrderId, command: CommandId) -> None:
        del master, command
        self.decided.append(("ignore", order))
