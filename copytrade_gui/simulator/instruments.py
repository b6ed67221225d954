"""Everything that can be traded at the simulated broker, with a chain that is always alive.

Equities and indices are fixed data; futures and options are laid out around the broker's own
calendar day, so that a simulator started in any year quotes contracts that have not expired.
"""

from datetime import date, timedelta
from importlib import resources
from typing import Literal

import msgspec

from copytrade_gui.simulator import rupees
from copytrade_gui.simulator.codes import LOT_SEGMENTS
from copytrade_gui.simulator.ist import date_of, day_of, month_text

Kind = Literal["EQ", "INDEX", "FUT", "CE", "PE"]

_FIRST_CHAIN_ID = 35_000
_IDS_PER_EXPIRY = 500
_EXPIRY_CYCLE = 400  # calendar days after which instrument ids may come back
_WEEK_CODES = "123456789OND"


class Instrument(msgspec.Struct, frozen=True, gc=False):
    """One line of a contract file. Prices in ten-thousandths of a rupee."""

    exchange: str
    id: int
    kind: Kind
    type_text: str  # the contract file's "Instrument Type"
    underlying: str  # symbol of the underlying, for an equity its own
    underlying_name: str
    symbol: str  # trading symbol, e.g. RELIANCE-EQ
    name: str  # formattedInstrumentName in the books
    price: int  # where its price process starts; for derivatives the underlying's
    lot: int
    tick: int
    strike: int = 0
    expiry: int = 0  # Indian day number, 0 for none
    freeze: int = 0  # largest quantity of one order, 0 for none
    isin: str = ""

    @property
    def key(self) -> tuple[str, str]:
        return (self.exchange, str(self.id))

    @property
    def in_lots(self) -> bool:
        """Whether order quantities count lots in this segment."""
        return self.exchange in LOT_SEGMENTS

    @property
    def quantity_step(self) -> int:
        """Quantities must be a multiple of this."""
        return 1 if self.exchange in LOT_SEGMENTS else self.lot

    @property
    def multiplier(self) -> int:
        """Units per counted quantity, for values and margins."""
        return self.lot if self.exchange in LOT_SEGMENTS else 1

    @property
    def derivative(self) -> bool:
        return self.kind in {"FUT", "CE", "PE"}


class _Equity(msgspec.Struct):
    symbol: str
    name: str
    nse: int
    bse: int
    isin: str
    price: str
    on_bse: bool
    tick: str = ""
    """On NSE; empty for 0.05 above Rs 250 and 0.01 below. The exchange's grid has more steps."""


class _Index(msgspec.Struct):
    symbol: str
    name: str
    exchange: str
    id: int
    price: str


class _Chain(msgspec.Struct):
    underlying: str
    exchange: str
    lot: int
    tick: str
    future_tick: str
    weekday: int  # of expiry, Monday = 0
    weekly_options: bool
    strike_step: int  # rupees
    strikes: int  # on each side of the money
    freeze: int


class _Future(msgspec.Struct):
    symbol: str
    name: str
    exchange: str
    type: str
    price: str
    lot: int
    tick: str


class _Seed(msgspec.Struct):
    equities: list[_Equity]
    indices: list[_Index]
    derivatives: list[_Chain]
    futures: list[_Future]


def _units(text: str) -> int:
    value = rupees.parse(text)
    if value is None:
        raise ValueError(f"instruments.json holds the price {text!r}, which is no number")
    return value


def last_weekday(year: int, month: int, weekday: int) -> date:
    """The last such weekday of a month: when monthly contracts expire."""
    first_of_next = date(year + month // 12, month % 12 + 1, 1)
    last = first_of_next - timedelta(days=1)
    return last - timedelta(days=(last.weekday() - weekday) % 7)


def monthly_expiries(today: date, weekday: int, count: int) -> list[date]:
    """The next monthly expiries, today's own included."""
    found: list[date] = []
    year, month = today.year, today.month
    while len(found) < count:
        expiry = last_weekday(year, month, weekday)
        if expiry >= today:
            found.append(expiry)
        year, month = year + month // 12, month % 12 + 1
    return found


def weekly_expiries(today: date, weekday: int, count: int) -> list[date]:
    """The next weekly expiries, today's own included."""
    first = today + timedelta(days=(weekday - today.weekday()) % 7)
    return [first + timedelta(days=7 * week) for week in range(count)]


class InstrumentList:
    """All instruments of one broker, found by exchange and id."""

    def __init__(self, today: int) -> None:
        raw = resources.files("copytrade_gui.simulator").joinpath("data/instruments.json")
        self._seed = msgspec.json.decode(raw.read_bytes(), type=_Seed)
        self.by_key: dict[tuple[str, str], Instrument] = {}
        self.live: list[Instrument] = []
        self.today = 0
        self.refresh(today)

    def refresh(self, today: int) -> bool:
        """Lay out the chains for a day; expired contracts stay findable but are listed no more.

        Returns whether the day was a new one.
        """
        if today == self.today:
            return False
        self.today = today
        self.live = [*self._equities(), *self._indices(), *self._chains(), *self._futures()]
        for instrument in self.live:
            self.by_key[instrument.key] = instrument
            if instrument.exchange == "NCDEXCOMM":
                # This segment is addressed by trading symbol instead of a number.
                self.by_key[instrument.exchange, instrument.symbol] = instrument
        return True

    def find(self, exchange: str, instrument_id: str) -> Instrument | None:
        return self.by_key.get((exchange, instrument_id))

    def segment(self, name: str) -> list[Instrument]:
        """The rows of one contract file; INDICES collects the indices of all exchanges."""
        if name == "INDICES":
            return [i for i in self.live if i.kind == "INDEX"]
        return [i for i in self.live if i.exchange == name]

    def expired(self, instrument: Instrument) -> bool:
        return 0 < instrument.expiry < self.today

    def _equities(self) -> list[Instrument]:
        rows = []
        for e in self._seed.equities:
            usual = 500 if _units(e.price) > 2_500_000 else 100
            listings = [("NSEEQ", e.nse, f"{e.symbol}-EQ")]
            if e.on_bse:
                listings.append(("BSEEQ", e.bse, e.symbol))
            rows += [
                Instrument(
                    exchange=exchange, id=number, kind="EQ", type_text="EQ",
                    underlying=e.symbol, underlying_name=e.name, symbol=symbol, name=e.name,
                    price=_units(e.price), lot=1,
                    tick=_units(e.tick) if e.tick and exchange == "NSEEQ" else usual,
                    isin=e.isin,
                )
                for exchange, number, symbol in listings
            ]  # fmt: skip
        return rows

    def _indices(self) -> list[Instrument]:
        return [
            Instrument(
                exchange=i.exchange, id=i.id, kind="INDEX", type_text="INDEX",
                underlying=i.symbol, underlying_name=i.name, symbol=i.symbol, name=i.name,
                price=_units(i.price), lot=1, tick=500,
            )
            for i in self._seed.indices
        ]  # fmt: skip

    def _chains(self) -> list[Instrument]:
        prices = {i.symbol: _units(i.price) for i in self._seed.indices}
        today = date_of(self.today)
        rows: list[Instrument] = []
        for place, chain in enumerate(self._seed.derivatives):
            base = prices[chain.underlying]
            monthly = monthly_expiries(today, chain.weekday, 3)
            options = (
                weekly_expiries(today, chain.weekday, 2) if chain.weekly_options else monthly[:2]
            )
            rows += [self._contract(chain, base, e, "FUT", 0, place * 150) for e in monthly]
            step = chain.strike_step * rupees.UNIT
            middle = round(base / step)
            for expiry in options:
                for offset in range(-chain.strikes, chain.strikes + 1):
                    number = place * 150 + 1 + 2 * (offset + chain.strikes)
                    strike = (middle + offset) * step
                    rows.append(self._contract(chain, base, expiry, "CE", strike, number))
                    rows.append(self._contract(chain, base, expiry, "PE", strike, number + 1))
        return rows

    def _contract(
        self, chain: _Chain, base: int, expiry: date, kind: Kind, strike: int, number: int
    ) -> Instrument:
        day = day_of(expiry)
        month = f"{expiry:%y}{month_text(expiry)}"
        if kind == "FUT":
            symbol = f"{chain.underlying}{month}FUT"
            name = f"{chain.underlying} {expiry.day:02d} {month_text(expiry)} FUT"
        else:
            monthly = expiry == last_weekday(expiry.year, expiry.month, chain.weekday)
            week = f"{expiry:%y}{_WEEK_CODES[expiry.month - 1]}{expiry.day:02d}"
            strike_text = str(strike // rupees.UNIT)
            symbol = f"{chain.underlying}{month if monthly else week}{strike_text}{kind}"
            name = f"{chain.underlying} {expiry.day:02d} {month_text(expiry)} {strike_text} {kind}"
        return Instrument(
            exchange=chain.exchange,
            id=_FIRST_CHAIN_ID + (day % _EXPIRY_CYCLE) * _IDS_PER_EXPIRY + number,
            kind=kind, type_text="FUTIDX" if kind == "FUT" else "OPTIDX",
            underlying=chain.underlying, underlying_name=chain.underlying,
            symbol=symbol, name=name, price=base, lot=chain.lot,
            tick=_units(chain.future_tick if kind == "FUT" else chain.tick),
            strike=strike, expiry=day, freeze=chain.freeze,
        )  # fmt: skip

    def _futures(self) -> list[Instrument]:
        rows = []
        for place, f in enumerate(self._seed.futures):
            for expiry in monthly_expiries(date_of(self.today), 3, 2):
                day = day_of(expiry)
                number = 450 + place  # above the index chains of the same expiry
                rows.append(
                    Instrument(
                        exchange=f.exchange,
                        id=_FIRST_CHAIN_ID + (day % _EXPIRY_CYCLE) * _IDS_PER_EXPIRY + number,
                        kind="FUT", type_text=f.type, underlying=f.symbol,
                        underlying_name=f.name,
                        symbol=f"{f.symbol}{expiry:%y}{month_text(expiry)}FUT",
                        name=f"{f.name} {expiry.day:02d} {month_text(expiry)} FUT",
                        price=_units(f.price), lot=f.lot, tick=_units(f.tick), expiry=day,
                    )
                )  # fmt: skip
        return rows
