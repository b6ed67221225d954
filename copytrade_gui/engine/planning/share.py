"""What one account gets of a plan."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct

from copytrade_gui.domain.account import Account
from copytrade_gui.domain.checks.check import Finding
from copytrade_gui.domain.exits import Again
from copytrade_gui.domain.order import OrderTerms
from copytrade_gui.domain.sizing import Sized


class Share(Struct, frozen=True, gc=False):
    """What one account would get: sized, or blocked with a reason.

    ``slices`` are the quantities of the orders it takes where one order may not be so large; their
    sum is the size. Empty: one order. ``holds`` are what a person is asked before it leaves,
    ``warning`` is what he is told, if it is anything.
    ``again`` sizes it once more when it leaves, where what is not known yet may make it smaller.
    ``limit`` is a limit of its own in rupees, and ``age_ms`` how old it may be when it leaves,
    where its link's price guard is nearer than what the plan says; None where it is not. With
    ``waits`` it may be that old whatever the plan says, because a better price is waited for.
    ``terms`` are its own where its link copies the opposite side, None where they are the plan's.
    """

    account: Account
    sized: Sized
    slices: tuple[int, ...] = ()
    holds: tuple[str, ...] = ()
    warning: Finding | None = None
    again: Again | None = None
    limit: Decimal | None = None
    age_ms: int | None = None
    waits: bool = False
    terms: OrderTerms | None = None

    def age(self, planned_ms: int) -> int:
        """How old its orders may be when they leave, where the plan says ``planned_ms``."""
        if self.age_ms is None:
            return planned_ms
        return self.age_ms if self.waits else min(planned_ms, self.age_ms)
