"""What owners of followers' accounts hold beside copies, for whoever squares that off as well.

It is what the broker's position book shows less what copies hold. Holdings stay out: no position
book tells them. A master's own position is closed by his own order.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from copytrade_gui.domain.exits import OUT_OF_HOLDINGS
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.position import OwnKey, PositionKey
from copytrade_gui.domain.sizing import Sized
from copytrade_gui.domain.square_off import Scope, chosen_in, closable
from copytrade_gui.engine.books.account_positions import AccountPositions
from copytrade_gui.engine.books.copies import Copies
from copytrade_gui.engine.books.owner_orders import OwnerOrders
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.orders.lane import Lane
from copytrade_gui.engine.planning.copy_ledger import CopyLedger
from copytrade_gui.ports import BrokerFailureError, BrokerPosition, InstrumentOf

log = logging.getLogger(__name__)


class Owned:
    """Answers from memory, by each account's positions and orders as last read."""

    def __init__(
        self,
        core: Core,
        copies: Copies,
        ledger: CopyLedger,
        positions: AccountPositions,
        owner_orders: OwnerOrders,
        instrument_of: InstrumentOf,
    ) -> None:
        self._lanes = core.lanes
        self._clock = core.clock
        self._few = asyncio.Semaphore(core.settings.reads_at_once)
        self._instruments = copies.instruments
        self._ledger = ledger
        self._positions = positions
        self._owner_orders = owner_orders
        self._instrument_of = instrument_of

    async def learn(self, scope: Scope, no_older_s: float) -> None:
        """Read what owners hold in a scope where that is older, and look up what it is in.

        Of an account that cannot be read what was known stays, and it says why not.
        """
        oldest_ns = self._clock.mono_ns() - int(no_older_s * 1e9)
        lanes = [
            lane
            for lane in self._accounts(scope)
            if lane.session is not None
            and self._positions.book(lane.account_id).began_ns < oldest_ns
        ]
        await asyncio.gather(*(self._read(lane) for lane in lanes))
        for key in self._shown(scope):
            if key.instrument not in self._instruments:
                found = await self._instrument_of(key.instrument)
                if found is not None:
                    self._instruments[key.instrument] = found

    def held(self, scope: Scope) -> dict[PositionKey, int]:
        """What owners hold in a scope that asks for it, signed units."""
        found: dict[PositionKey, int] = {}
        for key in self._shown(scope):
            if key.instrument in self._instruments and (net := self.net(key)):
                found[key] = net
        return found

    def net(self, key: OwnKey) -> int:
        """What an owner holds, signed units, by the last read."""
        return self._own_of(key, self._positions.book(key.account_id).rows)

    def read_since(self, account: AccountId, since_ns: int) -> bool:
        """True if the account's positions were asked for after that, monotonic, and late enough to
        show all that its copies filled; else they are read as soon as they are.
        """
        return self._positions.tell(account, since_ns)

    def sized(self, key: OwnKey) -> Sized:
        """The order that closes it by the last read, or why there is none, or a smaller one."""
        rows = self._positions.book(key.account_id).rows
        day = self._owner_orders.of(key.account_id)
        if day is not None and day.working.get((key.instrument, key.product)):
            return Sized(
                0,
                "own_order_works",
                "An order of the owner's own works there, and would turn it round. Cancel it at "
                "the broker, or by a KILL of all orders, then square off again.",
            )
        there = _there(key, rows)
        lot = self._instruments[key.instrument].lot_size
        return closable(self._own_of(key, rows), there, lot, "The owner holds")

    # ------------------------------------------------------------ inside

    async def _read(self, lane: Lane) -> None:
        async with self._few:
            try:
                await self._positions.read(lane)
            except BrokerFailureError as failure:
                log.info("no positions of %s for a square-off: %s", lane.account_id, failure)

    def _accounts(self, scope: Scope) -> list[Lane]:
        chosen = {one.account_id for one in scope if one.owners}
        return [
            lane
            for lane in self._lanes
            if not lane.account.master and chosen & {None, lane.account_id}
        ]

    def _shown(self, scope: Scope) -> list[OwnKey]:
        return [
            key
            for lane in self._accounts(scope)
            for row in self._positions.book(lane.account_id).rows
            if row.product is not None and row.product not in OUT_OF_HOLDINGS
            for key in (OwnKey(lane.account_id, row.key, row.product),)
            if chosen_in(scope, key) is not None
        ]

    def _own_of(self, key: OwnKey, rows: Sequence[BrokerPosition]) -> int:
        copied = PositionKey(key.account_id, key.instrument, key.product)
        return _there(key, rows) - self._ledger.copied_of(copied)


def _there(key: PositionKey, rows: Sequence[BrokerPosition]) -> int:
    return sum(
        row.net_quantity for row in rows if row.key == key.instrument and row.product is key.product
    )
