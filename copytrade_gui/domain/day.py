"""The end of a day: what its last check found, and the seal that closes it (docs/safety.md 7)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class DaySeal:
    """A closed day. The facts 1 to ``events`` of the audit trail end with the hash ``head`` (hex).

    ``orders`` are attempts of the day, ``fills`` units traded for them, ``reviews`` orders that
    still wait for a person, ``differences`` those a person saw and sealed all the same. ``at_ns``
    is UTC ns, ``actor`` who sealed. ``day`` is the Indian date.
    """

    day: date
    orders: int
    fills: int
    accounts: int
    reviews: int
    differences: tuple[str, ...]
    actor: str
    at_ns: int
    events: int = 0
    head: str = ""


@dataclass(frozen=True, slots=True)
class DayReport:
    """What a check of the day found. Every entry is one sentence.

    ``not_ended``, ``unread`` and ``too_early`` keep the day open; ``differences`` do until a person
    accepts them; ``reviews``, ``held`` and ``notes`` do not. ``held`` are positions that masters
    and copies still have, an instrument and product each. ``absent`` counts orders called not
    placed that were looked for once more. ``accounts`` were read whole. ``fills`` are units.
    """

    day: date
    checked_ns: int
    actor: str
    orders: int
    fills: int
    accounts: int
    absent: int
    not_ended: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    differences: tuple[str, ...] = ()
    reviews: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    too_early: str = ""
    seal: DaySeal | None = None
    held: tuple[str, ...] = ()

    @property
    def blocked(self) -> bool:
        """True while nobody can seal the day."""
        return bool(self.not_ended or self.unread or self.too_early)

    @property
    def in_words(self) -> str:
        """One sentence: sealed, or why not and what to do."""
        if self.seal is not None:
            open_points = [
                _count(number, noun)
                for number, noun in (
                    (len(self.differences), "difference"),
                    (len(self.reviews), "undecided order"),
                )
                if number
            ]
            with_what = f"; it holds {' and '.join(open_points)}" if open_points else ""
            if self.held:
                with_what += f"; still held: {_count(len(self.held), 'position')}"
            return (
                f"{self.day:%d %b %Y} is sealed: {_count(self.orders, 'order')} in "
                f"{_count(self.accounts, 'account')}, {_count(self.seal.events, 'event')}"
                f"{with_what}."
            )
        if self.too_early:
            return f"{self.day:%d %b %Y} is not sealed: {self.too_early}"
        why = [
            words
            for number, words in (
                (len(self.not_ended), f"{_have(len(self.not_ended), 'order')} not ended"),
                (len(self.unread), f"{_count(len(self.unread), 'account')} could not be read"),
                (
                    len(self.differences),
                    f"{_count(len(self.differences), 'difference')} to look at",
                ),
            )
            if number
        ]
        remedy = (
            "Settle these, then check again."
            if self.blocked
            else "Compare with the broker, then seal it as it is or check again."
        )
        return f"{self.day:%d %b %Y} is not sealed: {', '.join(why)}. {remedy}"


@dataclass(frozen=True, slots=True)
class DayStep:
    """How far the check of a day has come: ``done`` of ``of`` accounts were read."""

    done: int
    of: int


@dataclass(frozen=True, slots=True)
class SheetStep:
    """How far the sheets of a day have come: ``done`` of ``of`` followers.

    While the day is read it is 0 of 0.
    """

    done: int
    of: int


@dataclass(frozen=True, slots=True)
class DayChecked:
    """A check of a day ended; also one that the program made by itself."""

    report: DayReport


@dataclass(frozen=True, slots=True)
class OpenDay:
    """An earlier day with orders that was never sealed."""

    day: date
    orders: int
    accounts: int


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _have(number: int, noun: str) -> str:
    return f"{_count(number, noun)} {'has' if number == 1 else 'have'}"
