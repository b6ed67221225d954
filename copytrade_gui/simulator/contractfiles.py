"""The instrument master as the broker publishes it: one CSV and one JSON per segment."""

import csv
import io

import msgspec

from copytrade_gui.simulator import rupees
from copytrade_gui.simulator.instruments import Instrument, InstrumentList
from copytrade_gui.simulator.ist import date_of, date_text

SEGMENTS = (
    "NSEEQ", "NSEFO", "NSECOMM", "MCXCOMM", "INDICES",
    "NSECURR", "BSEEQ", "BSEFO", "BSECURR", "NCDEXCOMM",
)  # fmt: skip

_HEADER = (
    "Exchange", "Underlying Instrument Symbol", "Instrument ID", "Instrument Type",
    "Option Type", "Strike Price", "Underlying Instrument Name", "Trading Symbol",
    "Expiry", "Lot Size", "Tick Size",
)  # fmt: skip


def _option_type(instrument: Instrument) -> str:
    if not instrument.derivative:
        return ""
    return "XX" if instrument.kind == "FUT" else instrument.kind


def _expiry(instrument: Instrument) -> str:
    return date_text(date_of(instrument.expiry)) if instrument.expiry else ""


def _plain(units: int) -> str:
    return rupees.text(units).removesuffix(".0")


class ContractFiles:
    """Renders contract files once per trading day and hands out the same bytes after that."""

    def __init__(self, instruments: InstrumentList) -> None:
        self._instruments = instruments
        self._made: dict[str, bytes] = {}
        self._day = 0

    def read(self, file_name: str) -> bytes | None:
        """The bytes of `NSEEQ.csv` and the like; None for a file the broker does not have."""
        if self._day != self._instruments.today:
            self._made.clear()
            self._day = self._instruments.today
        if file_name not in self._made:
            segment, _, form = file_name.partition(".")
            if segment not in SEGMENTS or form not in {"csv", "json"}:
                return None
            rows = self._instruments.segment(segment)
            self._made[file_name] = _as_csv(rows) if form == "csv" else _as_json(rows)
        return self._made[file_name]


def _as_csv(rows: list[Instrument]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_HEADER)
    for i in rows:
        writer.writerow(
            (
                i.exchange, i.underlying, i.id, i.type_text, _option_type(i),
                _plain(i.strike) if i.strike else "", i.underlying_name, i.symbol,
                _expiry(i), i.lot, _plain(i.tick),
            )
        )  # fmt: skip
    return out.getvalue().encode()


def _as_json(rows: list[Instrument]) -> bytes:
    return msgspec.json.encode(
        [
            {
                "exchange": i.exchange,
                "underlyingInstrumentSymbol": i.underlying,
                "instrumentId": str(i.id),
                "instrumentType": i.type_text,
                "optionType": _option_type(i),
                "strikePrice": _plain(i.strike) if i.strike else "",
                "underlyingInstrumentName": i.underlying_name,
                "tradingSymbol": i.symbol,
                "formattedInstrumentName": i.name,
                "expiry": _expiry(i),
                "lotSize": str(i.lot),
                "tickSize": _plain(i.tick),
            }
            for i in rows
        ]
    )
