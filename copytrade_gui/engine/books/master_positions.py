"""What each master holds: the broker's position book as last read, and our fills of him since.

A master also trades by phone, so his own orders here are not enough to tell an exit from an entry.
His positions are read at login, after each of his fills, and every ``positions_every`` seconds.
"""

from __future__ import annotations

import logging
from functools import partial

from msgspec import Struct

from copytrade_gui.domain.account import Role
from copytrade_gui.domain.calendar import indian_day
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.instrument import InstrumentKey
from copytrade_gui.domain.order import Product, Side
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.orders.lane import Lane
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.ports import BrokerFailureError

log = logging.getLogger(__name__)

Part = tuple[InstrumentKey, Product | None]


class _Known(Struct):
    """A read of an account's positions in signed units, beside all fills heard of when it began.

    ``since`` are fills of orders that were called after it ended (monotonic ns), which cannot be in
    it; any other fill that was heard of since it began may be.
    """

    nets: dict[Part, int]
    heard: dict[Part, int]
    began_ns: int
    ended_ns: int
    day: int
    since: dict[Part, int]


class MasterPositions:
    """Reads the masters' positions and keeps them young. Sends nothing but reads."""

    def __init__(self, core: Core) -> None:
        self._lanes = core.lanes
        self._clock = core.clock
        self._work = core.work
        self._settings = core.settings
        self._known: dict[AccountId, _Known] = {}
        self._heard: dict[AccountId, dict[Part, int]] = {}
        """All our fills of each account, signed units."""
        self._news = core.news
        self._due: dict[AccountId, int] = {}
        self._reading: set[AccountId] = set()

    def of(self, master: AccountId, key: InstrumentKey, product: Product) -> tuple[int, ...] | None:
        """What a master's position may be, signed units; None: it was not read today."""
        known = self._known.get(master)
        if known is None or known.day != indian_day(self._clock.wall_ns()):
            if master not in self._reading:
                self.look(master, 0.0)
            return None
        part = (key, product)
        since = known.since.get(part, 0)
        # A product that we have no word for may be the one.
        net = known.nets.get(part, 0) + known.nets.get((key, None), 0) + since
        heard = self._heard.get(master, {})
        perhaps = heard.get(part, 0) - known.heard.get(part, 0) - since
        return (net, net + perhaps) if perhaps else (net,)

    def read_at(self, master: AccountId) -> tuple[int, int]:
        """When the newest read of his positions began and ended, monotonic; 0 if there is none."""
        known = self._known.get(master)
        return (0, 0) if known is None else (known.began_ns, known.ended_ns)

    def filled(self, order: Order, units: int) -> None:
        """So many more units of a master's order were filled."""
        account, terms = order.intent.account_id, order.intent.terms
        part, signed = (order.key, terms.product), units if terms.side is Side.BUY else -units
        fills = [self._heard.setdefault(account, {})]
        known = self._known.get(account)
        if known is not None and order.called_ns > known.ended_ns:
            fills.append(known.since)
        for one in fills:
            one[part] = one.get(part, 0) + signed
        self.look(account, 0.0)

    def look(self, account: AccountId, seconds: float) -> None:
        """Read a master's positions in so many seconds, or earlier if that was planned."""
        due = self._clock.mono_ns() + int(seconds * 1e9)
        planned = self._due.get(account)
        if planned is None or due < planned:
            self._due[account] = due
            self._work.later(seconds, partial(self._run, account, due))

    def _run(self, account: AccountId, due: int) -> None:
        if self._due.get(account) != due:
            return  # an earlier one was asked for since
        del self._due[account]
        lane = self._lanes.get(account)
        if lane is None or lane.session is None or lane.account.role is not Role.MASTER:
            return  # the next login begins it again
        if account in self._reading:
            self.look(account, self._settings.poll_first)
            return
        self._work.start(self.read(lane), f"read the positions of {account}")

    async def read(self, lane: Lane) -> None:
        """Read one account's positions now; what was known stays if they cannot be read."""
        account, session = lane.account_id, lane.session
        if session is None or account in self._reading:
            return
        self._reading.add(account)
        again = self._settings.positions_every
        try:
            await self._slot(lane)
            heard, began_ns = dict(self._heard.get(account, {})), self._clock.mono_ns()
            rows = await session.positions()
            if lane.session is not session:
                return
            nets: dict[Part, int] = {}
            for row in rows:
                part = (row.key, row.product)
                nets[part] = nets.get(part, 0) + row.net_quantity
            day = indian_day(self._clock.wall_ns())
            self._known[account] = _Known(nets, heard, began_ns, self._clock.mono_ns(), day, {})
            if heard != self._heard.get(account, {}):
                again = 0.0
            self._news.positions_read()
        except BrokerFailureError as failure:
            log.info("no positions for %s: %s", account, failure)
            again = self._settings.poll_active
        finally:
            self._reading.discard(account)
            if lane.session is not None:
                self.look(account, again)

    async def _slot(self, lane: Lane) -> None:
        window = lane.position_reads
        while not window.take(now := self._clock.mono_ns()):
            await self._clock.sleep(max(0.001, (window.free_at(now) - now) / 1e9))
