"""What each master usually orders: from the records of a start, and from what he orders since."""

from __future__ import annotations

from collections.abc import Iterable

from copytrade_gui.domain.habit import NOT_UNLIKE, Habit, Ordered, Unlike
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.order import OrderTerms
from copytrade_gui.domain.records import Signal
from copytrade_gui.ports import Clock


class Habits:
    """One habit a master; asked once a plan."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._of: dict[AccountId, Habit] = {}

    def restore(self, orders: Iterable[tuple[AccountId, Ordered]]) -> None:
        """What masters ordered before this start, the oldest first."""
        for master, one in orders:
            self._of.setdefault(master, Habit()).ordered(one)

    def made(self, signal: Signal) -> None:
        """A master ordered this, here or elsewhere."""
        terms = signal.terms
        one = Ordered(terms.instrument.underlying.upper(), terms.quantity, signal.made_ns)
        habit = self._of.get(signal.master_id)
        if habit is None:
            habit = self._of[signal.master_id] = Habit()
        habit.ordered(one)

    def unlike(self, master: AccountId | None, terms: OrderTerms) -> Unlike:
        """What of an order is unlike him."""
        habit = None if master is None else self._of.get(master)
        return NOT_UNLIKE if habit is None else habit.unlike(terms, self._clock.wall_ns())
