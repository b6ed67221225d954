"""Limits of all accounts and of one, as a person sets them; each edit is in the audit trail."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict

from copytrade_gui.domain.checks.limit_fields import looser, read_limits
from copytrade_gui.domain.checks.limits import NO_LIMITS, Limits
from copytrade_gui.domain.ids import AccountId, CommandId
from copytrade_gui.domain.scope import group_of
from copytrade_gui.engine.engine import Engine
from copytrade_gui.ports import LIMITS_VERB, Clock, Journal
from copytrade_gui.services.acting import Commands
from copytrade_gui.services.limit_verbs import LimitsShown
from copytrade_gui.services.refusing import refusals_logged
from copytrade_gui.services.verbs import RefusedError


class LimitEdits:
    """Implements ``LimitVerbs`` on the engine."""

    def __init__(self, engine: Engine, journal: Journal, clock: Clock) -> None:
        self._engine = engine
        self._commands = Commands(engine, journal, clock)

    async def limits(self) -> LimitsShown:
        """The limits in force."""
        force = self._engine.clearing.limits
        return LimitsShown(force.of_all, force.first, dict(force.own))

    @refusals_logged
    async def set_limits(
        self, account: AccountId | None, typed: Mapping[str, str], reason: str, command: CommandId
    ) -> None:
        """Set the limits of all accounts (None), of one or of a group, from the next order on."""
        force = self._engine.clearing.limits
        if account is not None and not self._is_here(account):
            what = "group" if group_of(account) else "account"
            raise RefusedError(f"This {what} is not here any more. Close this and look again.")
        before = force.of_all if account is None else force.own.get(account, NO_LIMITS)
        after = read_limits(typed, before)
        if not isinstance(after, Limits):
            raise RefusedError(after[0].sentence, field=after[0].field, code="limits")
        if account is not None and (problems := looser(after, force.of_all)):
            raise RefusedError(problems[0].sentence, field=problems[0].field, code="limits")
        if after == before:
            raise RefusedError("Nothing is different. Change a limit, or close this.")
        if not reason.strip():
            raise RefusedError("Reason is empty. Say why these limits change.", field="reason")
        subject = json.dumps(
            {"account": account or "", "before": asdict(before), "after": asdict(after)}
        )
        fresh = await self._commands.record(
            command, LIMITS_VERB, subject, reason.strip(), refusal="Nothing was set"
        )
        if fresh:  # the same press again sets nothing anew
            force.put(account, after)

    def _is_here(self, scope: AccountId) -> bool:
        group, lanes = group_of(scope), self._engine.lanes
        if not group:
            return lanes.get(scope) is not None
        return any(linked.link.group == group for lane in lanes for linked in lane.links.values())
