"""REDUCE, HALT and KILL of accounts and groups alone, as a person asks for them in the window or by
a file (docs/safety.md 11.7).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from copytrade_gui.domain.account import same_client
from copytrade_gui.domain.halt import Finding, asked_for
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.scope import group_of, group_scope, wholes_of
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.stops.sweep import Sweep
from copytrade_gui.ports import Journal


class SomeStops:
    """Each holds from the next byte on until a person lifts it; all of trading goes on."""

    def __init__(self, core: Core, sweep: Sweep, journal: Journal) -> None:
        self._halts, self._lanes = core.halts, core.lanes
        self._sweep, self._journal = sweep, journal

    def begin(
        self,
        whom: Sequence[AccountId],
        state: TradingState,
        name: str,
        actor: str,
        reason: str,
        *,
        all_orders: bool = False,
    ) -> Finding:
        """Stop accounts and groups (``domain.scope``); in force when this returns.

        The same ``name`` and state again is the same stop. A KILL begins to cancel, with
        ``all_orders`` what the owners placed themselves as well.
        """
        finding = asked_for(state, f"stop {name} {state}", actor, reason, all_orders=all_orders)
        for scope in whom:
            self._halts.stop(scope, finding, actor)
        if finding.kills:
            self._sweep.begin_alone()
        return finding

    async def stored(self) -> None:
        """Wait until what began is on the disk; the journal itself tells where it cannot be."""
        await self._journal.flush()

    def named(self, client_id: str, group: str) -> tuple[AccountId | None, str]:
        """Whom a script means by a group or a client id, or why that is nobody."""
        if group:
            scope = group_scope(group)
            return (scope, "") if not (missing := self.missing([scope])) else (None, missing)
        for lane in self._lanes:
            if same_client(lane.account.client_id, client_id):
                return lane.account_id, ""
        return None, f"No account has the client id {client_id}. Check it."

    def missing(self, whom: Sequence[AccountId]) -> str:
        """Who of them is not here, in a sentence; empty if all are."""
        groups = {one.link.group for lane in self._lanes for one in lane.links.values()}
        for scope in whom:
            group = group_of(scope)
            if group and group not in groups:
                return f"No follower is in group {group}. Check its name."
            if not group and self._lanes.get(scope) is None:
                return "An account that was chosen is not here any more. Choose again."
        return ""

    def members(self, whom: Collection[AccountId]) -> set[AccountId]:
        """The accounts that these accounts and groups stand for now."""
        return {
            lane.account_id
            for lane in self._lanes
            if lane.account_id in whom
            or any(one in whom for one in wholes_of([one.link for one in lane.links.values()]))
        }
