"""Limits as a window test plays them."""

from __future__ import annotations

from collections.abc import Mapping

from copytrade_gui.domain.checks.limits import Limits
from copytrade_gui.domain.ids import AccountId, CommandId
from copytrade_gui.services.limit_verbs import LimitsShown
from copytrade_gui.services.verbs import RefusedError


class FakeLimits:
    """Shows the defaults and remembers what was typed; refuses with ``refuse`` if that is set."""

    def __init__(self) -> None:
        self.typed: list[tuple[AccountId | None, dict[str, str], str]] = []
        self.shown = LimitsShown(Limits(), Limits(), {})
        self.refuse: RefusedError | None = None

    async def limits(self) -> LimitsShown:
        return self.shown

    async def set_limits(
        self, account: AccountId | None, typed: Mapping[str, str], reason: str, command: CommandId
    ) -> None:
        del command
        if self.refuse is not None:
            raise self.refuse
        self.typed.append((account, dict(typed), reason))
