"""A follower's sizing rule: what it gives, its clamps, its rounding, what differs by symbol."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from copytrade_gui.domain.number import Bounds, grouped
from copytrade_gui.domain.order import MAX_QUANTITY, PER_ORDER
from copytrade_gui.domain.sizing.strategy import Strategy

CLAMP = Bounds(MAX_QUANTITY, PER_ORDER, unit="units", example="1800", whole=True)
"""What the most and the least units of an order may be."""


class Rounding(StrEnum):
    """How an exact share becomes whole lots."""

    DOWN = "down"
    """To the lot below: never more than the rule gives."""
    NEAREST = "nearest"
    """To the nearer lot; a half goes down."""
    CARRY = "carry"
    """To the lot below, and what is lost is added to the next entry in the instrument."""


@dataclass(frozen=True, slots=True)
class Override:
    """Another rule for one symbol, underlying or segment; ``name`` is in upper case.

    Of ``rule`` only strategy, value and clamps count: rounding and reverse are the follower's.
    """

    name: str
    rule: SizingRule


@dataclass(frozen=True, slots=True)
class SizingRule:
    """A strategy with its value. ``max_quantity`` and ``min_quantity`` are units in one entry.

    ``reverse`` sells where the master buys. The first of ``overrides`` that names the instrument
    most closely takes the place of strategy, value and clamps.
    """

    strategy: Strategy
    parameter: Decimal
    max_quantity: int | None = None
    min_quantity: int | None = None
    rounding: Rounding = Rounding.DOWN
    reverse: bool = False
    overrides: tuple[Override, ...] = ()

    def basis(self, names: Sequence[str]) -> SizingRule:
        """The rule for an instrument that is called so, the closest name first."""
        for name in names:
            for override in self.overrides:
                if override.name == name:
                    return override.rule
        return self

    @property
    def asks_capital(self) -> bool:
        """True if what it gives in some instrument follows from the follower's capital."""
        return self.strategy.kind.asks_capital or any(
            override.rule.strategy.kind.asks_capital for override in self.overrides
        )

    def adds_up(self, names: Sequence[str]) -> bool:
        """True if what it gives for single orders is never more than what it gives for their sum:
        a multiple that stays what it is, not rounded up, without clamps of each order.
        """
        basis = self.basis(names)
        multiple = basis.strategy in (Strategy.RATIO, Strategy.MIRROR)
        clamped = basis.max_quantity is not None or basis.min_quantity is not None
        return multiple and not clamped and self.rounding is not Rounding.NEAREST

    def value_in_words(self) -> str:
        """Strategy and value alone: ``0.5 x``, ``10 % of capital``, ``75 fixed``."""
        return self.strategy.kind.words.format(grouped(self.parameter))

    def in_words(self) -> str:
        """Say the rule as a trader would: ``0.5 x, max 1,800, reversed``."""
        words = [self.value_in_words()]
        if self.max_quantity is not None:
            words.append(f"max {grouped(self.max_quantity)}")
        if self.min_quantity is not None:
            words.append(f"min {grouped(self.min_quantity)}")
        if self.rounding is not Rounding.DOWN:
            words.append(_ROUNDED[self.rounding])
        if self.reverse:
            words.append("reversed")
        if self.overrides:
            count = len(self.overrides)
            words.append(f"{count} {'override' if count == 1 else 'overrides'}")
        return ", ".join(words)


_ROUNDED = {Rounding.NEAREST: "nearest lot", Rounding.CARRY: "rest carried"}
