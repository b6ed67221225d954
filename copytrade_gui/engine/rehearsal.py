"""A plan worked out while the operator still reads his ticket.

The ticket asks at every change what each follower would get, and its command's id is known from
the moment it opened. So the intents, their tags and their requests are made then; when the button
is pressed only what may have changed since is looked at again. Nothing of a rehearsal is sent, the
journal may lay it out but commits nothing of it, and whatever differs from it is made anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import repeat

from msgspec import Struct

from copytrade_gui.domain.account import Account
from copytrade_gui.domain.exits import AWAITS_COPY
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.order import FanOut, OrderTerms
from copytrade_gui.domain.records import Intent, MasterAction
from copytrade_gui.engine import planner
from copytrade_gui.engine.exits import Cover
from copytrade_gui.engine.lane import Lane
from copytrade_gui.engine.order import Order, order_of
from copytrade_gui.engine.poised import Poised
from copytrade_gui.engine.ready import Ready


class Cleared(Struct, frozen=True):
    """A master order that may be planned now: what the intents are made from.

    ``leaving`` are its protected terms, ``price`` rupees a unit for sizing, ``followers`` in send
    order, ``cover`` what they have to reduce if it is an exit.
    """

    action: MasterAction
    master: Account
    leaving: OrderTerms
    price: Decimal | None
    signal_age_ms: int
    followers: list[Lane]
    cover: Cover

    def shares(self) -> list[planner.Share]:
        """What each follower gets."""
        return planner.share_out(self.leaving, self.followers, self.price, self.cover)

    def intents(self, shares: Sequence[planner.Share]) -> tuple[Intent, ...]:
        """The master's intent and one for each share."""
        return planner.make_intents(
            self.action, self.master, shares, self.leaving, self.signal_age_ms
        )


class WorkedOut(Struct, frozen=True):
    """A plan's intents with an order each, and those of them that leave at once.

    ``pending`` orders are not blocked; ``kept`` are those of them that wait for what their copy
    holds. ``ready`` goes with ``first``, one by one: what a rehearsal made for it, or None.
    ``poised`` is all of ``first`` as one wave.
    """

    intents: tuple[Intent, ...]
    orders: list[Order]
    first: list[Order]
    kept: list[Order]
    pending: int
    ready: Iterable[Ready | None]
    poised: Poised | None


def work_out(intents: tuple[Intent, ...], fan_out: FanOut) -> WorkedOut:
    """The orders of these intents: all leave at once, or the master's before the others."""
    orders = [order_of(intent) for intent in intents]
    pending = [order for order in orders if order.may_attempt]
    kept: list[Order] = []
    if fan_out is not FanOut.WITH_MASTER:
        first = [order for order in orders[:1] if order.may_attempt]
    else:
        kept = [order for order in pending if order.code == AWAITS_COPY]
        first = [order for order in pending if order.code != AWAITS_COPY] if kept else pending
    return WorkedOut(intents, orders, first, kept, len(pending), repeat(None), None)


class Rehearsal(Struct, frozen=True):
    """What came of a cleared order. ``shares`` and lane ``versions`` are those of its followers.

    It was made for the plan of this number at this count of stirrings.
    """

    plan_number: int
    stirred: int
    order: Cleared
    shares: Sequence[planner.Share]
    versions: list[int]
    worked_out: WorkedOut

    def followers_of(self, master: AccountId, plan_number: int, stirred: int) -> list[Lane] | None:
        """The followers in send order, as they were if they still are; else None."""
        if (
            stirred != self.stirred
            or plan_number != self.plan_number
            or master != self.order.action.master_id
        ):
            return None
        return self.order.followers

    def fits(self, now: Cleared) -> bool:
        """True if planning ``now`` would make the same intents, one by one.

        A follower whose lane is the one of then and has not changed is sized alike; any other is
        sized again and compared.
        """
        then = self.order
        if (
            then.action.action_id != now.action.action_id
            or then.action.fan_out is not now.action.fan_out
            or then.leaving != now.leaving
            or then.price != now.price
            or then.signal_age_ms != now.signal_age_ms
            or then.cover != now.cover
            or len(then.followers) != len(now.followers)
        ):
            return False
        if now.followers is then.followers:  # taken over, for nothing has stirred
            return True
        versions = [lane.version for lane in now.followers]
        if now.followers == then.followers and versions == self.versions:
            return True
        changed = [
            (lane, share)
            for lane, before, share, version, rehearsed in zip(
                now.followers, then.followers, self.shares, versions, self.versions, strict=True
            )
            if lane is not before or version != rehearsed
        ]
        sized = planner.share_out(now.leaving, [lane for lane, _ in changed], now.price, now.cover)
        return all(
            new.account.account_id == share.account.account_id and new.sized == share.sized
            for new, (_, share) in zip(sized, changed, strict=True)
        )
