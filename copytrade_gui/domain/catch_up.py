"""Catching up: what a follower's copies lack, or have too many of, against his master's position.

His share is what his link's rule gives for all that the master holds now, as if that were one new
order. What his copies hold is what our orders made; what an owner closed by himself is his own
decision, and is not bought again.
"""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct

from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.money import Paise, order_value
from copytrade_gui.domain.number import grouped
from copytrade_gui.domain.order import Side, State
from copytrade_gui.domain.position import PositionKey
from copytrade_gui.domain.square_off import Scope

ON_THE_WAY = "on_the_way"
OPPOSITE_HELD = "opposite_held"
WHOSE_UNKNOWN = "whose_unknown"
LONG_FIRST = "long_first"
NOT_DECIDED = "not_decided"
CHANGED = "changed"
"""The account stands differently than in the preview that a person agreed to."""


class CatchUpLine(Struct, frozen=True, kw_only=True):
    """One follower of the master. Units of the instrument.

    ``share`` is what he would have, ``copied`` what his copies hold on the master's side, below 0
    on the other one. ``units`` would be placed, at ``price`` rupees or better; ``excess`` are too
    many. ``code`` and ``reason`` say why it is less than what he lacks, or what is to be known.
    ``exit`` is what a square-off may close of it: the excess and no more.
    """

    account_id: AccountId
    account: str
    share: int
    copied: int
    units: int = 0
    excess: int = 0
    code: str = ""
    reason: str = ""
    price: Decimal | None = None
    exit: Scope = ()

    @property
    def cost(self) -> Paise:
        """What the order is worth at its worst price, in paise."""
        return Paise(0) if self.price is None else order_value(self.price, self.units)

    @property
    def in_step(self) -> bool:
        """Nothing is to be done about it."""
        return not (self.units or self.excess or self.code)


class CatchUp(Struct, frozen=True, kw_only=True):
    """What catching up with a master would send; ``denied`` says why nothing can be sent at all.

    ``held`` are the master's own units, on ``side``; ``told`` is what to know before, in sentences.
    """

    master: str
    symbol: str
    side: Side | None = None
    held: int = 0
    lines: tuple[CatchUpLine, ...] = ()
    told: tuple[str, ...] = ()
    denied: str = ""

    @property
    def placed(self) -> tuple[CatchUpLine, ...]:
        """Those who would get an order."""
        return tuple(line for line in self.lines if line.units)

    @property
    def cost(self) -> Paise:
        """All orders together at their worst prices, in paise."""
        return Paise(sum(line.cost for line in self.placed))

    @property
    def exit(self) -> Scope:
        """What a square-off may close of what is too many."""
        return tuple(chosen for line in self.lines for chosen in line.exit)


NOT_THERE = frozenset(
    {
        State.BLOCKED,
        State.SKIPPED,
        State.STALE,
        State.NOT_SENT,
        State.REFUSED,
        State.NOT_PLACED,
        State.REJECTED,
        State.CANCELLED,
        State.EXPIRED,
    }
)
"""How a copy ended of which nothing is at the broker any more, by proof."""


class Missing(Struct, frozen=True):
    """Copies that came to nothing and may be sent again, by catching their accounts up with what
    ``master`` holds; ``left_out`` says in sentences which of those that were chosen may not.
    """

    master: AccountId
    of: PositionKey
    accounts: frozenset[AccountId]
    left_out: tuple[str, ...] = ()


def difference(share: int, copied: int, lot_size: int) -> tuple[int, int]:
    """Units that are lacking, and units that are too many, in whole lots; one of them is 0."""
    lacking = share - copied
    whole = abs(lacking) - abs(lacking) % lot_size
    return (whole, 0) if lacking > 0 else (0, min(whole, copied))


def why_opposite(copied: int) -> str:
    """A follower's copies are on the other side of his master's position."""
    return (
        f"His copies hold {grouped(-copied)} on the other side. Square them off first, then look "
        "again."
    )
