"""A signal that was asked everything, or the word why it may not be planned."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from copytrade_gui.domain.ids import (
    AccountId,
    CommandId,
    PlanId,
    fill_command,
    plan_id,
    seen_command,
    signal_id,
)
from copytrade_gui.domain.order import FanOut, OrderTerms, State
from copytrade_gui.domain.records import Plan, Signal, SignalKind, reference
from copytrade_gui.engine.planning import planner
from copytrade_gui.engine.planning.exits import Cover
from copytrade_gui.engine.planning.share import Share


class Cleared(Struct, frozen=True):
    """A signal that may be planned now: what the intents are made from.

    ``own`` is the master's own order, None if he has none here. ``leaving`` are the protected
    terms, ``shares`` what each account gets, in send order, ``cover`` what they have to reduce.
    """

    signal: Signal
    own: Share | None
    leaving: OrderTerms
    signal_age_ms: int
    shares: Sequence[Share]
    cover: Cover
    passed: tuple[str, ...] = ()
    """What checks found and lets it leave all the same, in sentences."""
    asked: bool = False
    """A person let that pass; else nobody was there to be asked."""
    denied: str = ""
    """Why nothing of a fill is copied, the same for all; what speaks against an order denies it."""

    def entries(self, plan: Plan) -> list[tuple[AccountId, int]]:
        """Units by account of its plan's orders that leave, where none of it is an exit."""
        if self.cover.exiting.most or self.denied:
            return []
        side, planned = self.leaving.side, State.PLANNED
        return [
            (one.account_id, one.terms.quantity)
            for one in plan.intents
            if one.state is planned and one.terms.side is side
        ]

    def plan(self, called_ns: int) -> Plan:
        """The plan that follows from it; ``called_ns`` is the operator's call, monotonic."""
        signal = self.signal
        intents = planner.make_intents(
            signal, self.own, self.shares, self.leaving, self.signal_age_ms
        )
        return Plan(plan_id(signal.signal_id), signal, intents, signal.made_ns, called_ns)


def signal_of(
    kind: SignalKind,
    master_id: AccountId,
    terms: OrderTerms,
    fan_out: FanOut,
    name: str,
    *,
    made_ns: int,
    version: int = 1,
) -> Signal:
    """The signal of what ``name`` names: a command, a broker's order id, or an order's plan."""
    named = reference(kind, name)
    match kind:
        case SignalKind.MASTER:
            command = seen_command(master_id, name)
        case SignalKind.FILL:
            command = fill_command(PlanId(name), version)
        case _:
            command = CommandId(name)
    return Signal(
        signal_id=signal_id(master_id, named, version),
        master_id=master_id,
        order_ref=named,
        version=version,
        terms=terms,
        fan_out=fan_out,
        command_id=command,
        made_ns=made_ns,
    )
