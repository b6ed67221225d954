"""Whether an account still holds what its copies made: our orders against the broker's books.

The broker's position is what was carried in, plus today's trades: ours, and the owner's own, which
the order book shows. Where that sum is the position, whatever is missing from a copy was traded by
its owner; where it is not, nobody can explain the difference. What is not known is never in step.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from copytrade_gui.domain.number import grouped

REDUCED = "drift_reduced"
"""Code of the alarm, and of orders by which drift was reduced without a person."""
REDUCED_AFTER_S = 60
"""Seconds for which copies are too many before they are reduced without a person."""


class ReduceDrift(StrEnum):
    """Whether a link's copies that are too many are closed without a person."""

    NO = "no"
    """They are shown; a person decides."""
    YES = "yes"
    """They are squared off once they were too many for ``REDUCED_AFTER_S``."""


class Step(StrEnum):
    """How an account stands to what its copies made; a later one is worse."""

    IN_STEP = "in_step"
    UNKNOWN = "unknown"
    MISSING = "missing"
    """The master opened a position today, and nothing of it was copied."""
    DRIFTING = "drifting"
    """Less is there than the copies made, or more is held than the master does."""
    UNEXPLAINED = "unexplained"
    """The broker's position is not what all orders that are known make of it."""


RANK = {step: number for number, step in enumerate(Step)}
"""For finding the worst of several."""


class Standing(Struct, frozen=True, kw_only=True):
    """What is known of one account's copies of one instrument and product. Signed units.

    ``copied`` is what our orders hold, ``copied_today`` what today's made of it. ``held`` and
    ``held_today`` are the broker's position book's, None where it was not read today or does not
    say. ``owner`` is what today's orders of the owner made, ``left`` what is copied of masters who
    hold none. ``not_told`` says why the books do not tell (yet), in one sentence. ``stood``: two
    reads of the positions, after every fill that is known, differed by the same units.
    ``owner_known``: the order book was read after them, so no order of the owner is missing.
    """

    copied: int
    copied_today: int = 0
    held: int | None = None
    held_today: int | None = None
    owner: int = 0
    left: int = 0
    not_told: str = ""
    stood: bool = False
    owner_known: bool = False

    @property
    def differs(self) -> int | None:
        """Units of today's position that no order which is known has made; None: not known."""
        if self.held_today is None or self.not_told:
            return None
        return self.held_today - self.copied_today - self.owner

    @property
    def there(self) -> int | None:
        """The position by now: as all orders that are known make it, or as two reads showed it."""
        differs = self.differs
        if self.held is None or differs is None:
            return None
        return self.held if self.stood else self.held - differs


class Verdict(Struct, frozen=True):
    """How the account stands. ``units`` are off: below 0 too few or short, above 0 too many.

    ``excess`` are the units, signed, that an order which only reduces may close: copies of masters
    who hold none, as far as the account really has them. ``adds_up``: the account holds what its
    copies made, and its owner traded none of it himself today.
    """

    step: Step
    units: int
    reason: str
    excess: int = 0
    adds_up: bool = False


def judge(one: Standing) -> Verdict:
    """What follows from what is known."""
    differs, there = one.differs, one.there
    if differs is None or there is None:
        if one.left:
            return Verdict(Step.DRIFTING, one.left, _master_out(one.left))
        return Verdict(Step.UNKNOWN, 0, one.not_told or _NOT_READ)
    excess = of_those(of_those(one.left, there), one.held or 0)
    off = _off(one, differs, one.copied - of_those(one.copied, there))
    if off is not None:
        return Verdict(*off, excess)
    if excess:
        adds_up = not differs and not one.owner
        return Verdict(Step.DRIFTING, excess, _master_out(excess), excess, adds_up)
    if differs:
        return Verdict(Step.UNKNOWN, 0, _MORE if one.stood else _AGAIN)
    return Verdict(Step.IN_STEP, 0, "")


def _off(one: Standing, differs: int, missing: int) -> tuple[Step, int, str] | None:
    """How the copies are not what the account holds; None: they are, or nobody knows yet."""
    if differs and one.stood and one.owner_known:
        return Step.UNEXPLAINED, differs, _unexplained(differs)
    if missing and differs and one.stood:
        return Step.DRIFTING, -missing, _not_there(one, missing)
    if missing and _opposite(one.owner, one.copied):
        return Step.DRIFTING, -missing, _by_owner(one, missing)
    if missing and not differs:
        return Step.UNEXPLAINED, -missing, _gone(missing)
    return None


def of_those(units: int, there: int) -> int:
    """How many of these units, signed, a position of so many really holds."""
    return min(units, max(0, there)) if units > 0 else max(units, min(0, there))


def missed_whole(master: str, held: int, share: int, why: str) -> str:
    """What an account lacks of which no copy filled. ``held`` are the master's signed units,
    ``share`` those the account would have, ``why`` its last copy came to nothing, if there was one.
    """
    side = "long" if held > 0 else "short"
    return (
        f"{master} is {side} {grouped(abs(held))} since today, and nothing of it was copied here: "
        f"{grouped(share)} lacking. {why}"
    ).rstrip()


def _opposite(one: int, other: int) -> bool:
    return bool(one and other) and (one > 0) is not (other > 0)


def _not_there(one: Standing, missing: int) -> str:
    return (
        f"{grouped(abs(missing))} of {grouped(abs(one.copied))} copied are not there any more, and "
        "no order of ours closed them. Look at the account's orders at the broker."
    )


def _by_owner(one: Standing, missing: int) -> str:
    did = "sold" if one.copied > 0 else "bought"
    return (
        f"The owner {did} {grouped(abs(one.owner))} by himself today: {grouped(abs(missing))} of "
        f"{grouped(abs(one.copied))} copied are not there any more."
    )


def _unexplained(differs: int) -> str:
    more = "more" if differs > 0 else "fewer"
    return (
        f"The broker shows {grouped(abs(differs))} {more} than all orders of today make, in two "
        "reads. Compare the position and the trades at the broker."
    )


def _gone(missing: int) -> str:
    return (
        f"{grouped(abs(missing))} that were copied on an earlier day are not there, and no order "
        "of today closed them. Compare the position at the broker."
    )


def _master_out(units: int) -> str:
    return (
        f"The master holds none any more, and nothing is on its way out here: "
        f"{grouped(abs(units))} copied are still held."
    )


_NOT_READ = "The positions at the broker were not read today."
_AGAIN = "The positions do not show what was filled yet. They are read again within two minutes."
_MORE = "More is held than was copied, and the order book was not read since to tell why."
