"""Quotes, depth, open interest and candles as calls."""

from collections.abc import Mapping

from copytrade_gui.simulator.codes import text_of
from copytrade_gui.simulator.desk import Call, Desk, plain_fields, read_json, read_object
from copytrade_gui.simulator.quotes import candles_result
from copytrade_gui.simulator.terms import RefusedError
from copytrade_gui.simulator.wire import Reply

_BLIND = frozenset({"BSECURR", "MCXCOMM"})


class MarketCalls:
    """The market data part of the broker's interface."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def quotes(self, call: Call) -> Reply:
        """POST /marketdata/marketquotes: an array; an unknown instrument fails its own element."""
        desk, now = self._desk, call.now
        wanted = read_json(call.request.body)
        wanted = [wanted] if isinstance(wanted, dict) else wanted
        if not isinstance(wanted, list) or not wanted:
            return desk.failure("EC914", now)
        rows: list[dict[str, object]] = []
        for one in wanted:
            if not isinstance(one, Mapping):
                return desk.failure("EC914", now)
            try:
                instrument = desk.market.find(plain_fields(one))
            except RefusedError as refused:
                rows.append({"status": refused.code, "message": text_of(refused.code)})
                continue
            if desk.switches.blind_quotes and instrument.exchange in _BLIND:
                rows.append({"exchange": "Z", "instrumentId": 0})
            else:
                rows.append(desk.market.quote(instrument, now))
        return desk.ok(rows, now)

    def depth(self, call: Call) -> Reply:
        """POST /marketdata/marketdepth."""
        return self._one(call, bare=False)

    def interest(self, call: Call) -> Reply:
        """POST /marketdata/openinterest: printed without envelope."""
        return self._one(call, bare=self._desk.switches.bare_margin)

    def _one(self, call: Call, *, bare: bool) -> Reply:
        desk, now = self._desk, call.now
        wanted = read_object(call.request.body)
        if wanted is None:
            return desk.failure("EC914", now)
        try:
            instrument = desk.market.find(wanted)
        except RefusedError as refused:
            return desk.failure(refused.code, now)
        answer = (
            desk.market.depth(instrument, now)
            if call.name == "depth"
            else desk.market.interest(instrument, now)
        )
        return desk.data(answer, now) if bare else desk.ok(answer, now)

    def candles(self, call: Call) -> Reply:
        """POST /marketdata/historicaldata."""
        desk, now = self._desk, call.now
        wanted = read_object(call.request.body)
        if wanted is None:
            return desk.failure("EC914", now)
        try:
            rows = desk.market.candles(wanted, now)
        except RefusedError as refused:
            return desk.failure(refused.code, now)
        return desk.ok(candles_result(rows, as_text=desk.switches.candles_as_text), now)
