"""The machine has slept: nothing leaves until connections are new and the books were checked."""

from __future__ import annotations

from copytrade_gui.domain.trading_state import StateChange
from copytrade_gui.engine.books.poller import Poller
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.recovery.recovery import Recovery


class Sleep:
    """What is done when the clocks show that the machine slept (docs/safety.md 9.34)."""

    def __init__(self, core: Core, recovery: Recovery, poller: Poller) -> None:
        self._book = core.book
        self._lanes = core.lanes
        self._recovery = recovery
        self._poller = poller
        self._work = core.work

    def slept(self, before: StateChange, gained_ns: int) -> None:
        """The gate noticed it; ``before`` is the trading state of before the sleep."""
        self._recovery.lose_sight()
        self._work.start(self._wake(before, gained_ns), "after a sleep")

    async def _wake(self, before: StateChange, gained_ns: int) -> None:
        self._book.alarm("slept", f"The machine slept for {gained_ns / 1e9:.0f} s by its clocks.")
        self._recovery.tell_state()
        await self._poller.offline.drop_connections()
        self._recovery.again(before, gained_ns)
        for lane in self._lanes:
            self._poller.look(lane.account_id, 0.0)
