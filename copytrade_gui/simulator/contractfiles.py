"""The instrument master as the broker publishes it: one CSV and one JSON per segment."""

import csv
import io

import msgspec

from copytrade_gui.simulator import rupees
from copytrade_gui.simulator.config import Switches
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


_LONG_AGO = "01-Jan-1980"


_KEYS = (
    "exchange", "underlyingInstrumentSymbol", "instrumentId", "instrumentType", "optionType",
    "strikePrice", "underlyingInstrumentName", "tradingSymbol", "expiry", "lotSize", "tickSize",
)  # fmt: skip


def _option_type(instrument: Instrument) -> str:
    if not instrument.derivative:
        return ""
    return "XX" if instrument.kind == "FUT" else instrument.kind


def _expiry(instrument: Instrument, switches: Switches) -> str:
    if not instrument.expiry:
        return _LONG_AGO if _dressed(instrument, switches) else ""
    day = date_of(instrument.expiry)
    return {
        "named": date_text(day),
        "named_time": f"{date_text(day)} 23:59",
        "iso": day.isoformat(),
        "iso_time": f"{day.isoformat()}T23:59:00",
        "digits": f"{day:%d-%m-%Y}",
    }[switches.expiry_text]


def _dressed(instrument: Instrument, switches: Switches) -> bool:
    """An equity whose row has the columns of a contract filled in."""
    return switches.dressed_equities and instrument.kind == "EQ" and instrument.id % 5 == 0


def _columns(i: Instrument, switches: Switches) -> tuple[str, ...]:
    """A row under the header, as text."""
    dressed = _dressed(i, switches)
    lot = 1 if i.in_lots and switches.commodity_lots == "one" else i.lot
    return (
        i.exchange, i.underlying, str(i.id), i.type_text,
        "XX" if dressed else _option_type(i),
        _plain(i.strike) if i.strike else "0" if dressed else "",
        i.underlying_name, i.symbol, _expiry(i, switches), str(lot), _plain(i.tick),
    )  # fmt: skip


def _plain(units: int) -> str:
    return rupees.text(units).removesuffix(".0")


class ContractFiles:
    """Renders contract files once per trading day and hands out the same bytes after that."""

    def __init__(self, instruments: InstrumentList, switches: Switches) -> None:
        self._instruments = instruments
        self._switches = switches
        self._made: dict[str, bytes] = {}
        self._day = 0

    def forget(self) -> None:
        """Make them anew at the next call: a switch has changed."""
        self._made.clear()

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
            self._made[file_name] = (
                _as_csv(rows, self._switches) if form == "csv" else _as_json(rows, self._switches)
            )
        return self._made[file_name]


def _as_csv(rows: list[Instrument], switches: Switches) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_HEADER)
    writer.writerows(_columns(i, switches) for i in rows)
    return out.getvalue().encode()


def _as_json(rows: list[Instrument], switches: Switches) -> bytes:
    return msgspec.json.encode([_fields(i, switches) for i in rows])


def _fields(i: Instrument, switches: Switches) -> dict[str, str]:
    fields = dict(zip(_KEYS, _columns(i, switches), strict=True))
    fields["formattedInstrumentName"] = i.name
    if switches.contract_series:
        fields["series"] = "EQ" if i.kind == "EQ" else ""
    return fields
