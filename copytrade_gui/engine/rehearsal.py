"""A plan worked out while the operator still reads his ticket.

The ticket asks at every change what each follower would get, and its command's id is known from
the moment it opened. So the intents, their tags and their requests are made then; when the button
is pressed only what may have changed since is looked at again. Nothing of a rehearsal is stored
or sent, and whatever differs from it has everything made anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from msgspec import Struct

from copytrade_gui.domain.account import Account
from copytrade_gui.domain.ids import AttemptId, IntentId
from copytrade_gui.domain.order import OrderTerms
from copytrade_gui.domain.records import Intent, MasterAction
from copytrade_gui.engine import planner
from copytrade_gui.engine.lane import Lane
from copytrade_gui.ports import OrderRoad, PreparedOrder


class Cleared(Struct, frozen=True):
    """A master order that may be planned now: what the intents are made from.

    ``leaving`` are its protected terms, ``price`` rupees a unit for sizing, ``followers`` in send
    order.
    """

    action: MasterAction
    master: Account
    leaving: OrderTerms
    price: Decimal | None
    signal_age_ms: int
    followers: list[Lane]

    def shares(self) -> list[planner.Share]:
        """What each follower gets."""
        return planner.share_out(self.leaving, self.followers, self.price)

    def intents(self, shares: Sequence[planner.Share]) -> tuple[Intent, ...]:
        """The master's intent and one for each share."""
        return planner.make_intents(
            self.action, self.master, shares, self.leaving, self.signal_age_ms
        )


class Rehearsed(Struct, frozen=True):
    """An order's first request, encoded beforehand for the road its account had then."""

    road: OrderRoad
    attempt_id: AttemptId
    request: PreparedOrder


Requests = Mapping[IntentId, Rehearsed]
NO_REQUESTS: Requests = {}


class Rehearsal(Struct, frozen=True):
    """What came of a cleared order. ``shares`` and lane ``versions`` are those of its followers."""

    order: Cleared
    shares: Sequence[planner.Share]
    versions: list[int]
    intents: tuple[Intent, ...]
    requests: Requests

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
            or len(then.followers) != len(now.followers)
        ):
            return False
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
        sized = planner.share_out(now.leaving, [lane for lane, _ in changed], now.price)
        return all(
            new.account.account_id == share.account.account_id and new.sized == share.sized
            for new, (_, share) in zip(sized, changed, strict=True)
        )
