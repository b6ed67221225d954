"""Verbs for the limits that bound orders, as a Protocol."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from copytrade_gui.domain.checks.limits import Limits
from copytrade_gui.domain.ids import AccountId, CommandId


@dataclass(frozen=True, slots=True)
class LimitsShown:
    """What holds for all accounts, what held before anybody set anything, and what is set
    for accounts and groups (``domain.scope``).
    """

    of_all: Limits
    first: Limits
    own: Mapping[AccountId, Limits]


class LimitVerbs(Protocol):
    """What bounds orders."""

    async def limits(self) -> LimitsShown:
        """The limits in force."""

    async def set_limits(
        self, account: AccountId | None, typed: Mapping[str, str], reason: str, command: CommandId
    ) -> None:
        """Set the limits of all accounts (None), of one or of a group (``domain.scope``), from the
        next order on.

        ``typed`` are texts by the names of ``Limits``' fields, empty for no limit; a field that is
        not among them stays. Raises RefusedError with the field: nothing was set.
        """
