"""An order by which a master leaves, or may have, and the entries that it ends."""

from __future__ import annotations

from collections.abc import Collection

from msgspec import Struct

from copytrade_gui.domain.ids import AccountId, PlanId
from copytrade_gui.domain.link import FOR_NOBODY
from copytrade_gui.domain.order import State
from copytrade_gui.domain.records import Plan, Signal, SignalKind
from copytrade_gui.engine.sending.resting_notices import Slot


class Exit(Struct, eq=False):
    """An order of a master's on the other side, and the plan of its copies; None of one that was
    not copied.

    An exit counts for entries whose master's order had ended when it was called, at monotonic
    ``called_ns``; 0: it is none for all that is known. Whatever it is, at ``filled_ns`` it last
    was told to have filled more, ``units`` in all. ``accounts`` are those whom it is for, once that
    was asked; without a plan None is all.
    """

    called_ns: int
    plan_id: PlanId | None
    accounts: Collection[AccountId] | None = None
    filled_ns: int = 0
    units: int = 0
    in_doubt: bool = False
    """After a start nobody knows whether it left: until something of it fills, what its master
    holds tells.
    """


def slot_of(signal: Signal) -> Slot:
    """Master, instrument, product and side of a signal."""
    terms = signal.terms
    return signal.master_id, terms.instrument.key, terms.product, terms.side


def ended_by(signal: Signal) -> Slot:
    """The entries that an exit by this signal ends."""
    master, key, product, side = slot_of(signal)
    return master, key, product, side.opposite


def accounts_of(plan: Plan | None) -> frozenset[AccountId]:
    """Whom a plan is for."""
    intents = () if plan is None else plan.intents
    return frozenset(one.account_id for one in intents if one.code not in FOR_NOBODY)


def copied_by_none(plan: Plan) -> bool:
    """True for what filled and could not be copied, so that nobody asked whether it reduces."""
    planned = any(one.state is State.PLANNED for one in plan.intents)
    return plan.signal.kind is SignalKind.FILL and not planned
