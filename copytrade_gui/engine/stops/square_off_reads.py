"""What a square-off reads of an account: before anything leaves, and to prove that it is over."""

from __future__ import annotations

import asyncio
import logging

from copytrade_gui.domain.ids import AccountId
from copytrade_gui.engine.books.account_positions import AccountPositions
from copytrade_gui.engine.books.poller import Poller
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.planning.closable import Closable, position_of
from copytrade_gui.engine.stops.square_off_run import Run, not_ended
from copytrade_gui.ports import BrokerFailureError

log = logging.getLogger(__name__)

_LOOK_S = 0.2
_CANCELS_S = 15.0
"""So long it is waited for the ends of what worked in an account's positions."""
_READS = 4
_READ_AGAIN_S = 1.0
_LAGS_S = 2.0


class SquareOffReads:
    """Waits and reads, a bounded number of accounts at one time; sends nothing."""

    def __init__(
        self, core: Core, closable: Closable, poller: Poller, positions: AccountPositions
    ) -> None:
        self._lanes = core.lanes
        self._clock = core.clock
        self.closable = closable
        self._poller = poller
        self._positions = positions
        self._few = asyncio.Semaphore(core.settings.reads_at_once)

    async def prepare(self, run: Run, account: AccountId) -> None:
        """Wait until nothing of the account works in these positions, then read what it holds."""
        keys = {part.key for part in run.of(account) if part.waits}
        ends_ns = self._clock.mono_ns() + int(_CANCELS_S * 1e9)
        while working := self.closable.working(keys & run.whole):
            if self._clock.mono_ns() >= ends_ns:
                break
            await self._clock.sleep(_LOOK_S)
        for order in working:
            key = position_of(order)
            keys.discard(key)
            run.parts[key].give_up("not_ended", not_ended(order))
        problem = ""
        for left in reversed(range(_READS)):
            held = {key: self.closable.net(key) for key in keys}
            lane = self._lanes.get(account)
            if lane is None or lane.why_not()[0]:
                for part in run.of(account):
                    kept = self.closable.sized(part.key, self.closable.net(part.key), ())
                    part.give_up(kept.code, kept.reason)
                return
            try:
                async with self._few:
                    rows = await self._positions.read(lane)
            except BrokerFailureError as failure:
                problem = str(failure)
                await self._clock.sleep(_READ_AGAIN_S)
                continue
            if any(self.closable.net(key) != net for key, net in held.items()):
                continue
            if not left or all(
                self.closable.sized(key, net, rows).quantity == abs(net)
                for key, net in held.items()
            ):
                run.ready(account, rows, self._clock.mono_ns())
                return
            await self._clock.sleep(_LAGS_S)  # positions may lag behind trades: looked at again
        problem = problem or "Its copies were filled meanwhile."
        why = f"Its positions could not be read, so nothing was sent. {problem} Try again."
        run.give_up("positions_unread", why, account)

    async def prove(self, run: Run, account: AccountId) -> None:
        """Read the account's books once more: complete reads prove that nothing is left."""
        for _ in range(_READS):
            lane = self._lanes.get(account)
            if lane is None or lane.session is None:
                return
            try:
                read = await self._poller.read(lane)
                async with self._few:
                    rows = await self._positions.read(lane)
            except BrokerFailureError as failure:
                log.info("no proof of the square-off of %s yet: %s", account, failure)
            else:
                for part in run.of(account):
                    part.at_broker = self.closable.at_broker(part.key, rows)
                    open_ = self.closable.working(run.whole & {part.key}) or part.left_of(
                        self.closable.net(part.key)
                    )
                    part.proven = read.complete and not open_
                if read.complete:
                    return
            await self._clock.sleep(_READ_AGAIN_S)
