"""Reads an account's three books whole and compares them with our records (docs/safety.md 7.4).

Trades and positions may lag behind the order book, and an account may go on trading between two
calls, so a difference counts only if it stood still: it is in each of the last two reads.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from copytrade_gui.engine.books.account_positions import AccountPositions
from copytrade_gui.engine.books.differences import Books, differences
from copytrade_gui.engine.books.poller import Poller
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.orders.lane import Lane
from copytrade_gui.ports import BrokerFailureError, BrokerPosition

log = logging.getLogger(__name__)

_NO_FIGURES = "the broker's positions do not say what was bought and sold today"


@dataclass(frozen=True, slots=True)
class Compared:
    """What came of comparing one account.

    ``unread`` says in words what could not be read (it proves nothing, in either direction);
    ``gone`` is True when the session ended meanwhile, so that the next login must do it again.
    """

    differences: tuple[str, ...] = ()
    unread: str = ""
    gone: bool = False


class Comparison:
    """Compares accounts, some at once. Sends nothing but reads."""

    def __init__(self, core: Core, poller: Poller, positions: AccountPositions) -> None:
        self._book = core.book
        self._poller = poller
        self._at_broker = positions
        self._clock = core.clock
        self._work = core.work
        self._settings = core.settings
        self._slots = asyncio.Semaphore(core.settings.compares_at_once)

    def begin(self, lane: Lane, tell: Callable[[Lane, Compared], None]) -> None:
        """Compare an account in the background and ``tell`` what came of it."""

        async def run() -> None:
            tell(lane, await self.compare(lane))

        self._work.start(run(), f"compare the books of {lane.account_id}")

    async def compare(self, lane: Lane) -> Compared:
        """Compare until everything agrees, at most as often as the rules say."""
        before: tuple[str, ...] = ()
        found = Compared()
        for number in range(self._settings.compare_reads):
            if number:
                await self._clock.sleep(self._settings.compare_every)
            before = found.differences
            with self._poller.left_to_another(lane):
                async with self._slots:
                    found = await self._look(lane)
            if found.gone or not (found.differences or found.unread):
                return found
        stood_still = tuple(sentence for sentence in found.differences if sentence in before)
        if not stood_still and found.differences:
            last = found.differences[-1].removeprefix(f"{lane.account.name}: ")
            moving = f"{lane.account.name}: still changing when it was last read: {last}"
            return Compared((moving,), found.unread)
        return Compared(stood_still, found.unread)

    async def _look(self, lane: Lane) -> Compared:
        session = lane.session
        if session is None:
            return Compared(unread="it is not logged in", gone=True)
        absorbed = await self._poller.read(lane, with_trades=True)
        if lane.session is not session:
            return Compared(unread="its session changed", gone=True)
        if not absorbed.complete:
            return Compared(unread=_plain(absorbed.why_not))
        trades = absorbed.trades
        if trades is None or not trades.whole:
            return Compared(unread=_plain("" if trades is None else trades.problem))
        positions, unread = await self._positions(lane)
        if lane.session is not session:
            return Compared(unread="its session changed", gone=True)
        books = Books(tuple(absorbed.rows), tuple(trades.rows), positions)
        return Compared(differences(lane.account, self._book, books), unread)

    async def _positions(self, lane: Lane) -> tuple[Sequence[BrokerPosition] | None, str]:
        try:
            rows = await self._at_broker.read(lane)
        except BrokerFailureError as failure:
            return None, _plain(str(failure))
        if any(row.bought is None or row.sold is None for row in rows):
            return None, _NO_FIGURES
        return rows, ""


def _plain(sentence: str) -> str:
    return sentence.strip().rstrip(".") or "a book could not be read whole"
