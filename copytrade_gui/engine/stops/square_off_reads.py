"""What a square-off reads of an account: before anything leaves, and to prove that it is over."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence

from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.position import OwnKey, PositionKey
from copytrade_gui.engine.books.account_positions import AccountPositions
from copytrade_gui.engine.books.poller import Poller
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.orders.lane import Lane
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.engine.planning.closable import Closable, position_of
from copytrade_gui.engine.stops.square_off_run import Part, Run, by_position, not_ended
from copytrade_gui.ports import BrokerFailureError, BrokerPosition

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
        self._book = core.book
        self._lanes = core.lanes
        self._clock = core.clock
        self.closable = closable
        self._poller = poller
        self._positions = positions
        self._few = asyncio.Semaphore(core.settings.reads_at_once)

    def orders(self, run: Run) -> dict[PositionKey, list[Order]]:
        """The orders of a square-off, by what they close."""
        return by_position(order for plan in run.plans for order in self._book.of_plan(plan))

    def held(self, run: Run) -> dict[PositionKey, int]:
        """What is still to be closed of each part, signed units."""
        orders = self.orders(run)
        return {
            key: part.left_of(self.closable.net(key), _filled(orders.get(key, ())))
            for key, part in run.parts.items()
        }

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
                rows = await self._read(lane, keys)
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
                for part in run.of(account):
                    if isinstance(part.key, OwnKey) and part.waits:
                        part.before = self.closable.net(part.key)
                run.ready(account, rows, self._clock.mono_ns())
                return
            await self._clock.sleep(_LAGS_S)  # positions may lag behind trades: looked at again
        problem = problem or "Its copies were filled meanwhile."
        why = f"Its positions could not be read, so nothing was sent. {problem} Try again."
        run.give_up("positions_unread", why, account)

    async def _read(self, lane: Lane, keys: Iterable[PositionKey]) -> Sequence[BrokerPosition]:
        if any(isinstance(key, OwnKey) for key in keys):
            await self._poller.read(lane)  # an owner's own orders are to be known, too
        async with self._few:
            return await self._positions.read(lane)

    async def prove(self, run: Run, account: AccountId) -> None:
        """Read the account's books once more: complete reads prove that nothing is left."""
        for left in reversed(range(_READS)):
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
                shown = all(self._shows(run, part) for part in run.of(account)) or not left
                for part in run.of(account) if shown else ():
                    part.at_broker = self.closable.at_broker(part.key, rows)
                    open_ = self.closable.working(run.whole & {part.key}) or part.left_of(
                        self.closable.net(part.key)
                    )
                    part.proven = read.complete and not open_
                if read.complete and shown:
                    return
            await self._clock.sleep(_READ_AGAIN_S)

    def _shows(self, run: Run, part: Part) -> bool:
        """False while the book may lack what orders closed of an owner's position: it lags behind
        trades.
        """
        if not isinstance(part.key, OwnKey) or part.before is None:
            return True
        return abs(self.closable.net(part.key)) == abs(part.before) - _filled(
            self.orders(run).get(part.key, ())
        )


def _filled(orders: Sequence[Order]) -> int:
    return sum(order.filled for order in orders)
