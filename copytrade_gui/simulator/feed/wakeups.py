"""Real time for the feed: accounts that are listened to are looked at when something falls due.

Without listeners nothing happens to an account until somebody asks for its books.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from heapq import heappop, heappush

from copytrade_gui.simulator.accounts import Account
from copytrade_gui.simulator.desk import Desk
from copytrade_gui.simulator.ist import NS

_AT_A_TIME = 25
"""Accounts looked at between two turns of the loop, so that orders need not wait."""
_AFTER_THE_SECOND_S = 0.002
_APART_S = 0.002
"""Least time between two wakings: what five hundred orders have due within it is one waking."""


class Wakeups:
    """Settles accounts when they have something due, and ticks at each second of the broker."""

    def __init__(self, desk: Callable[[], Desk], tick: Callable[[int], None]) -> None:
        self._desk = desk
        self._tick = tick
        self._loop = asyncio.get_running_loop()
        self._watched: Counter[Account] = Counter()
        self._next: dict[Account, int] = {}
        self._heap: list[tuple[int, int, Account]] = []
        self._count = 0
        self._now_at: Account | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_due = 0
        self._ran_at = 0.0
        self._ticker: asyncio.TimerHandle | None = None
        self._plan_tick()

    def watch(self, account: Account) -> None:
        """Someone listens to an account; as often as this is called, `unwatch` must be."""
        self._watched[account] += 1
        if self._watched[account] == 1:
            account.on_due = self._fell_due
            self._look_at(account)

    def unwatch(self, account: Account) -> None:
        """One listener less."""
        self._watched[account] -= 1
        if not self._watched[account]:
            del self._watched[account]
            account.on_due = None
            self._next.pop(account, None)

    def stop(self) -> None:
        """Wake up no more."""
        for handle in (self._timer, self._ticker):
            if handle is not None:
                handle.cancel()
        for account in self._watched:
            account.on_due = None
        self._watched.clear()
        self._next.clear()
        self._heap.clear()

    # -- due times ----------------------------------------------------------------------------

    def _fell_due(self, account: Account, due: int) -> None:
        if account is self._now_at:
            return  # it is being settled, and asked for its next moment afterwards
        if due < self._next.get(account, due + 1):
            self._next[account] = due
            self._count += 1
            heappush(self._heap, (due, self._count, account))
            self._arm(due)

    def _look_at(self, account: Account) -> None:
        self._next.pop(account, None)
        self._now_at = account
        try:
            desk = self._desk()
            desk.exchange.settle(account, desk.now())
        finally:
            self._now_at = None
        if account.events and account in self._watched:
            self._fell_due(account, account.events[0][0])

    def _arm(self, due: int) -> None:
        if self._timer is not None:
            if self._timer_due <= due:
                return
            self._timer.cancel()
        self._timer_due = due
        at = self._loop.time() + (due - self._desk().clock()) / NS
        self._timer = self._loop.call_at(max(at, self._ran_at + _APART_S), self._run)

    def _run(self) -> None:
        self._timer = None
        self._ran_at = self._loop.time()
        now = self._desk().now()
        looked = 0
        while self._heap and self._heap[0][0] <= now and looked < _AT_A_TIME:
            due, _, account = heappop(self._heap)
            if self._next.get(account) == due:
                self._look_at(account)
                looked += 1
        if self._heap:
            if looked == _AT_A_TIME:
                self._ran_at = 0.0  # the rest at the loop's next turn
            self._arm(self._heap[0][0])

    # -- each second --------------------------------------------------------------------------

    def _plan_tick(self) -> None:
        into_s = self._desk().clock() % NS / NS
        self._ticker = self._loop.call_later(1.0 - into_s + _AFTER_THE_SECOND_S, self._on_second)

    def _on_second(self) -> None:
        self._plan_tick()
        desk = self._desk()
        now = desk.now()
        # Prices move from second to second, and a day ends, without anything being due.
        for account in list(self._watched):
            self._look_at(account)
        self._tick(now)
