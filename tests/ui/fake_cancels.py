"""Cancels, what is open, and the stops of some, answered from memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

from msgspec import structs

from copytrade_gui.domain.events import OrderChanged
from copytrade_gui.domain.ids import AccountId, CommandId, IntentId, PlanId
from copytrade_gui.domain.open_orders import Goes, OpenCopies, OpenOrders
from copytrade_gui.domain.order import State
from copytrade_gui.domain.records import OrderView
from copytrade_gui.domain.scope import group_scope, is_whole
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.services.verbs import CancelAnswer

if TYPE_CHECKING:
    from tests.ui.fakes import World


class FakeCancels:
    """What ``TradingVerbs`` says of open orders, and how it cancels them."""

    _world: World

    async def count_open(self, intents: Sequence[IntentId], plans: Sequence[PlanId]) -> int:
        return sum(
            not view.state.ended and (view.intent_id in intents or view.plan_id in plans)
            for view in self._world.orders.values()
        )

    async def open_orders(self, whom: Sequence[AccountId] = ()) -> tuple[OpenOrders, ...]:
        ours = Counter(
            view.account_id for view in self._world.orders.values() if view.state.open_at_broker
        )
        return tuple(
            OpenOrders(
                account, ours[account], ours[account] + (extra := self._world.unknown[account]),
                not ours[account] and not extra, others=self._world.owners[account],
            )
            for account in self._world.accounts
            if not whom or account in self._members(whom)
        )  # fmt: skip

    async def stop_some(
        self,
        whom: Sequence[AccountId],
        state: TradingState,
        reason: str,
        command: CommandId,
        *,
        all_orders: bool = False,
    ) -> None:
        self._world.calls.append(("stop_some", (tuple(whom), state, reason)))
        if self._world.refuse is not None:
            raise self._world.refuse
        members = self._members(whom)
        for account in members:
            if state is TradingState.REDUCE:
                self._world.lets_only_exits_pass(account, f"Only exits leave: {reason}")
            else:
                self._world.halt(account, f"{state}: {reason}")
        if state is TradingState.KILL:
            self._end_all(members)
            if all_orders:
                for account in members:
                    del self._world.owners[account]

    def _members(self, whom: Sequence[AccountId]) -> set[AccountId]:
        """The accounts, and those of the groups."""
        return {
            *(one for one in whom if not is_whole(one)),
            *(link.follower_id for link in self._world.links.values()
              if link.group and group_scope(link.group) in whom),
        }  # fmt: skip

    def _copies(self, followers: Sequence[AccountId]) -> list[OrderView]:
        return [
            view
            for view in self._world.orders.values()
            if view.account_id in followers and view.state.open_at_broker
        ]

    async def open_copies(self, master_id: AccountId, followers: Sequence[AccountId]) -> OpenCopies:
        return OpenCopies(len(self._copies(followers)))

    async def cancel_copies(
        self, master_id: AccountId, followers: Sequence[AccountId], goes: Goes, command: CommandId
    ) -> CancelAnswer:
        self._world.calls.append(("cancel_copies", (tuple(followers), goes)))
        answer = self._answer(self._copies(followers))
        self._end_all(followers)
        return answer

    async def cancel(self, intents: Sequence[IntentId], command: CommandId) -> CancelAnswer:
        self._world.calls.append(("cancel", tuple(intents)))
        return self._answer(
            view for view in self._world.orders.values() if view.intent_id in intents
        )

    async def cancel_plan(self, plan_id: PlanId, command: CommandId) -> CancelAnswer:
        self._world.calls.append(("cancel_plan", plan_id))
        return self._answer(view for view in self._world.orders.values() if view.plan_id == plan_id)

    async def cancel_all(self, command: CommandId) -> CancelAnswer:
        self._world.calls.append(("cancel_all", None))
        answer = self._answer(view for view in self._world.orders.values() if not view.state.ended)
        self._end_all()
        return answer

    def _answer(self, views: Iterable[OrderView]) -> CancelAnswer:
        states = [view.state for view in views]
        filled = sum(state is State.FILLED for state in states)
        return CancelAnswer(
            requests=sum(state.open_at_broker for state in states),
            when_found=sum(state.in_doubt for state in states),
            filled=filled,
            ended=sum(state.ended for state in states) - filled,
        )

    def _end_all(self, of: Collection[AccountId] | None = None) -> None:
        for key, view in self._world.orders.items():
            if view.state.open_at_broker and (of is None or view.account_id in of):
                self._world.orders[key] = structs.replace(view, state=State.CANCELLED)
                self._world.events.send(OrderChanged(self._world.orders[key], str(view.state)))
