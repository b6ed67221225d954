"""On commodities an order leaves only after the broker has shown that a lot is what we think it is.

The broker counts commodities in lots. Should its contract file call a lot 1 unit where it is 100,
every figure in rupees would be a hundred times too small, and with it every limit and size that is
made of one. The ``multiplier`` of a position row says the same from another side (docs/broker.md
21.18), so an exchange's orders wait until one such row agreed with the file.
"""

from __future__ import annotations

from collections.abc import Iterable

from copytrade_gui.domain.instrument import LOT_QUOTED, Exchange
from copytrade_gui.engine.orders.lane import Lane
from copytrade_gui.engine.orders.settings import EngineSettings
from copytrade_gui.engine.orders.work import Work
from copytrade_gui.ports import BrokerFailureError, BrokerPosition, Clock


class Lots:
    """What the positions of the masters have shown of each exchange's lots since the start."""

    def __init__(
        self, lanes: Iterable[Lane], clock: Clock, work: Work, settings: EngineSettings
    ) -> None:
        self._lanes = lanes
        self._clock = clock
        self._work = work
        self._settings = settings
        self._agreed: set[Exchange] = set()
        self._differ: dict[Exchange, str] = {}
        self._looking = False

    def why_not(self, exchange: Exchange) -> str:
        """Why no order for this exchange may leave; empty if one may.

        Looks at the masters' positions meanwhile, so that the next question has its answer.
        """
        if not self._settings.lots_seen_first or exchange not in LOT_QUOTED:
            return ""
        differ = self._differ.get(exchange, "")
        if exchange in self._agreed and not differ:
            return ""
        if not self._looking:
            self._looking = True
            self._work.start(self._look(), "look at the lots of commodities")
        return differ or (
            f"Orders on {exchange} wait until the broker has shown the size of a lot. Open the "
            "smallest position there on the broker's own page, on the master account, and try "
            "again."
        )

    async def _look(self) -> None:
        try:
            for lane in [one for one in self._lanes if one.account.master]:
                if lane.session is None or not lane.position_reads.take(self._clock.mono_ns()):
                    continue
                try:
                    self._see(await lane.session.positions())
                except BrokerFailureError:
                    continue  # read again at the next question
        finally:
            self._looking = False

    def _see(self, rows: Iterable[BrokerPosition]) -> None:
        for row in rows:
            exchange, said, ours = row.key.exchange, row.multiplier, row.lot_in_file
            if exchange not in LOT_QUOTED or not said or not ours:
                continue
            if said == ours:
                self._agreed.add(exchange)
                continue
            self._differ[exchange] = (
                f"The broker values a lot of {row.symbol} as {said} units, its contract file says "
                f"{ours}. No order on {exchange} leaves from here until the console is started "
                "with a file that agrees; ask the broker which is right."
            )
