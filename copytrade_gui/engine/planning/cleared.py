"""A signal that was asked everything, or the word why it may not be planned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from msgspec import Struct

from copytrade_gui.domain.account import Role
from copytrade_gui.domain.ids import (
    AccountId,
    CommandId,
    PlanId,
    fill_command,
    intent_id,
    plan_id,
    seen_command,
    signal_id,
)
from copytrade_gui.domain.order import FanOut, OrderTerms, Side, State
from copytrade_gui.domain.records import OPERATOR, Intent, Plan, Signal, SignalKind, reference
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

    def entries(self, plan: Plan) -> list[Intent]:
        """Its plan's orders that leave, where none of it is an exit."""
        if self.cover.exiting.most or self.denied:
            return []
        side, planned = self.leaving.side, State.PLANNED
        return [one for one in plan.intents if one.state is planned and one.terms.side is side]

    def plan(self, called_ns: int, actor: str = OPERATOR) -> Plan:
        """The plan that follows from it; ``called_ns`` is the call of ``actor``, monotonic."""
        signal, name = self.signal, plan_id(self.signal.signal_id)
        if actor != signal.actor:
            signal = replace(signal, actor=actor)
        intents = _intents_of(name, self.own, self.shares, self.leaving, self.signal_age_ms)
        return Plan(name, signal, intents, signal.made_ns, called_ns)


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


def _intents_of(
    plan: PlanId,
    own: Share | None,
    shares: Sequence[Share],
    leaving: OrderTerms,
    age_ms: int,
) -> tuple[Intent, ...]:
    """A plan's children: the master's own order if he has one here, then the copies.

    ``shares`` are in send order; ``leaving`` are the protected terms.
    """
    made: dict[tuple[Side, int, Decimal | None], OrderTerms] = {}
    made[leaving.side, leaving.quantity, None] = leaving
    follower, planned = Role.FOLLOWER, State.PLANNED
    masters = [] if own is None else [(0, Role.MASTER, own)]
    copies = ((rank, follower, share) for rank, share in enumerate(shares, start=1))
    intents = []
    for rank, role, share in [*masters, *copies]:
        sized, account = share.sized, share.account.account_id
        limit, whole = share.limit, share.terms or leaving
        for number, quantity in enumerate(share.slices or (sized.quantity,), start=1):
            terms = made.get((whole.side, quantity, limit))
            if terms is None:
                price = whole.price if limit is None else limit
                terms = replace(whole, quantity=quantity, price=price)
                made[whole.side, quantity, limit] = terms
            intents.append(
                Intent(
                    intent_id=intent_id(plan, account, number),
                    plan_id=plan,
                    account_id=account,
                    role=role,
                    slice_number=number,
                    terms=terms,
                    signal_age_ms=age_ms if share.age_ms is None else share.age(age_ms),
                    rank=rank,
                    state=planned if quantity else planner.unplanned(sized.code),
                    code=sized.code,
                    reason=sized.reason,
                )
            )
    return tuple(intents)
