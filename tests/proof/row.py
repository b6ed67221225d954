"""One line of the proof table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class ProofBroken(Exception):  # noqa: N818 - the name is the verdict
    """A promise of docs/safety.md 17 was broken; the text is one sentence that says which."""


@dataclass(frozen=True, slots=True)
class Row:
    """What one proof counted. ``seconds`` are seconds of the machine's time.

    ``lost``, ``duplicate`` and ``orphan`` are judged by the simulator (docs/safety.md 16.2)
    and must be zero; ``faults`` is how many faults were injected.
    """

    test: str
    what: str
    count: int
    faults: int
    lost: int
    duplicate: int
    orphan: int
    seconds: float
    note: str = ""

    @property
    def clean(self) -> bool:
        """True when nothing was lost, doubled or orphaned."""
        return self.lost == self.duplicate == self.orphan == 0


def added(rows: Sequence[Row]) -> Row:
    """The parts of one proof as one row: counts and times added, notes joined once each."""
    first = rows[0]
    notes = dict.fromkeys(row.note for row in rows if row.note)
    return Row(
        test=first.test,
        what=first.what,
        count=sum(row.count for row in rows),
        faults=sum(row.faults for row in rows),
        lost=sum(row.lost for row in rows),
        duplicate=sum(row.duplicate for row in rows),
        orphan=sum(row.orphan for row in rows),
        seconds=sum(row.seconds for row in rows),
        note="; ".join(notes),
    )
