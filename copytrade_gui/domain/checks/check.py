"""A check, what it finds, and when it is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Generic, TypeVar

from msgspec import Struct

FactsT = TypeVar("FactsT")


class Tier(StrEnum):
    """When a check is asked."""

    PLAN = "plan"
    """Once a plan: a finding that blocks denies the whole order."""
    ACCOUNT = "account"
    """When a fact of the account changes: its answer lies ready in the account's lane."""
    SHARE = "share"
    """For each account's share of a plan: a finding is that account's verdict."""


class Level(StrEnum):
    """What a finding does."""

    WARN = "warn"
    """It is told, and stops nobody."""
    HOLD = "hold"
    """Nothing leaves before a person has typed the quantity."""
    BLOCK = "block"
    """Nothing leaves, whoever asks."""


class Finding(Struct, frozen=True, gc=False):
    """What a check found: its code, what it does, and one sentence with numbers and the remedy."""

    code: str
    level: Level
    sentence: str
    amount: Decimal = Decimal(0)
    """How far it goes, in the check's own unit; 0 where there is nothing to measure."""


class Shown(Struct, frozen=True, gc=False):
    """A finding as a person saw it: its code, whose share it was about (empty: the plan), how far
    it went.
    """

    code: str
    whose: str = ""
    amount: Decimal = Decimal(0)

    def covers(self, other: Shown) -> bool:
        """True if ``other`` is this finding again, and goes no further."""
        same = (self.code, self.whose) == (other.code, other.whose)
        return same and self.amount >= other.amount


@dataclass(frozen=True, slots=True)
class Check(Generic[FactsT]):
    """One row of the table. ``ask`` finds nothing (None) where the order may leave.

    ``what`` is compared or looked for, ``fix`` what a person does about it; both for the page of
    verdicts.
    """

    code: str
    tier: Tier
    what: str
    fix: str
    ask: Callable[[FactsT], Finding | None]


def up_to_block(answers: Iterable[Finding | None]) -> list[Finding]:
    """What checks found, in their order, up to the first that blocks: none behind it is asked."""
    found = []
    for finding in answers:
        if finding is not None:
            found.append(finding)
            if finding.level is Level.BLOCK:
                break
    return found


def blocking(checks: Iterable[Check[FactsT]], facts: FactsT) -> Finding | None:
    """The first finding that blocks."""
    for check in checks:
        finding = check.ask(facts)
        if finding is not None and finding.level is Level.BLOCK:
            return finding
    return None
