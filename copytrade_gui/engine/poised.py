"""A whole wave made ready beforehand: if nothing stirred since, nobody of it is asked again.

What is asked of an order at its choice is a few questions, and of five hundred orders as many
objects that have left the cache. The rehearsal asked them all. ``Stirrings`` tells at the press
that every answer still stands; then the orders leave first, and what their leaving changes (slots
taken, times of the call) is put down behind the last byte. Nobody can miss it: the loop does not
turn in between. If it has to, because the commit takes long, all is put down before it does.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator, Sequence
from functools import partial
from types import coroutine
from typing import Any, TypeVar

from msgspec import Struct

from copytrade_gui.domain.records import Attempt
from copytrade_gui.engine.lane import Stirrings
from copytrade_gui.engine.ready import Ready

T = TypeVar("T")


class Poised(Struct, frozen=True):
    """A rehearsed wave of one plan, one order an account.

    It may leave at ``from_ns`` (monotonic) or later, until ``age_ns`` after its call; ``stirred``
    is the count of stirrings at which that was found.
    """

    wave: list[Ready]
    attempts: list[Attempt]
    stirred: int
    from_ns: int
    age_ns: int


def poise(rehearsed: Sequence[Ready | None], stirrings: Stirrings, now_ns: int) -> Poised | None:
    """One plan's rehearsed orders as a wave that may be taken whole; None: it may not."""
    wave = [item for item in rehearsed if item is not None]
    lanes = [item.lane for item in wave]
    alone = len({lane.account_id for lane in lanes}) == len(rehearsed)
    if not wave or not alone or any(lane.leaving for lane in lanes):
        return None
    return Poised(
        wave,
        [item.attempt for item in wave],
        stirrings.count,
        max(max(lane.slots.free_at(now_ns), lane.wait_until_ns) for lane in lanes),
        min(item.order.intent.signal_age_ms for item in wave) * 1_000_000,
    )


class Owed(Struct):
    """What a poised wave that was taken has still to put down.

    ``taken_ns`` and ``called_ns`` are monotonic; ``date`` gives the plan's orders their times.
    """

    poised: Poised
    stirrings: Stirrings
    taken_ns: int
    called_ns: int
    date: Callable[[], None]

    def pay(self) -> None:
        """Put it down: from here on the wave is as if each of its orders had been chosen."""
        self.date()
        self.stirrings.count += 1
        for item in self.poised.wave:
            item.lane.slots.take(self.taken_ns)
            item.order.leaving = True
            item.lane.leaving += (item.key,)

    def too_old(self, now_ns: int) -> bool:
        """True if an order of it would be too old to leave now: each has to be asked."""
        return now_ns - self.called_ns > self.poised.age_ns


@coroutine
def attended(
    work: Coroutine[Any, Any, T], before_others: Callable[[], None]
) -> Generator[Any, Any, T]:
    """Await ``work``, and call ``before_others`` before anybody else gets a turn, if that is."""
    try:
        awaited = work.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    before_others()
    while True:
        try:
            given = yield awaited
        except GeneratorExit:
            work.close()
            raise
        except BaseException as error:  # noqa: BLE001 - the work's own affair
            step = partial(work.throw, error)
        else:
            step = partial(work.send, given)
        try:
            awaited = step()
        except StopIteration as done:
            result = done.value
            return result
