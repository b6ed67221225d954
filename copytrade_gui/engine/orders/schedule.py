"""When each account is next looked at: the soonest of what was asked for, one timer for all."""

from __future__ import annotations

import heapq
from collections.abc import Callable

from copytrade_gui.domain.ids import AccountId
from copytrade_gui.ports import Clock, Timer

_MOST_A_DUE = 4
"""Entries kept an account that is due: more of them are of times that an earlier one replaced."""


class Schedule:
    """Calls ``due`` with an account when its time has come, and ``woke`` before the first of them.

    An account whose time has come has none planned: whoever wants it again asks again.
    """

    def __init__(
        self,
        clock: Clock,
        due: Callable[[AccountId], None],
        woke: Callable[[], None] = lambda: None,
    ) -> None:
        self._clock = clock
        self._call = due
        self._woke = woke
        self._heap: list[tuple[int, int, AccountId]] = []
        self._due: dict[AccountId, int] = {}
        self._serial = 0
        self._timer: Timer | None = None
        self._timer_ns = 0
        self._closed = False

    def look(self, account: AccountId, seconds: float) -> None:
        """In so many seconds, or earlier if that was planned."""
        due = self._clock.mono_ns() + int(seconds * 1e9)
        planned = self._due.get(account)
        if self._closed or (planned is not None and planned <= due):
            return
        self._due[account] = due
        self._serial += 1
        heapq.heappush(self._heap, (due, self._serial, account))
        if len(self._heap) > _MOST_A_DUE * len(self._due):
            self._heap = [one for one in self._heap if self._due.get(one[2]) == one[0]]
            heapq.heapify(self._heap)
        self._set_timer()

    def forget(self, account: AccountId) -> None:
        """Nothing is planned for this account any more."""
        self._due.pop(account, None)

    def close(self) -> None:
        """Plan nothing more."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set_timer(self) -> None:
        if not self._heap:
            return
        due = self._heap[0][0]
        if self._timer is not None:
            if self._timer_ns <= due:
                return
            self._timer.cancel()
        self._timer_ns = due
        delay = max(0.0, (due - self._clock.mono_ns()) / 1e9)
        self._timer = self._clock.call_later(delay, self._run)

    def _run(self) -> None:
        self._timer = None
        self._woke()
        now = self._clock.mono_ns()
        while self._heap and self._heap[0][0] <= now:
            due, _, account = heapq.heappop(self._heap)
            if self._due.get(account) == due:
                del self._due[account]
                self._call(account)
        self._set_timer()
