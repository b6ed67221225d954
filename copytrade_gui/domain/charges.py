"""What trading costs beside the price: brokerage, taxes and fees, by a dated table.

An estimate before the contract note, which rounds some taxes to the rupee over a whole day and is
what counts. Rates are per cent of an order's filled value (of an option the premium).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal
from enum import StrEnum

from msgspec import Struct

from copytrade_gui.domain.instrument import LOT_QUOTED, Exchange, Instrument, InstrumentKind
from copytrade_gui.domain.money import Paise
from copytrade_gui.domain.order import Product, Side

HOLDS_FOR = timedelta(days=180)
"""Rates change with the budget and by circular; after so long without a look they are told."""
NOTHING = Decimal(0)
_CURRENCY = frozenset({Exchange.NSECURR, Exchange.BSECURR})
_TO_PAISE = Context(prec=60, rounding=ROUND_HALF_UP)


class Segment(StrEnum):
    """What rates are named by."""

    EQUITY_DELIVERY = "equity_delivery"
    EQUITY_INTRADAY = "equity_intraday"
    FUTURES = "futures"
    OPTIONS = "options"
    CURRENCY_FUTURES = "currency_futures"
    CURRENCY_OPTIONS = "currency_options"
    COMMODITY_FUTURES = "commodity_futures"
    COMMODITY_OPTIONS = "commodity_options"


def segment_of(instrument: Instrument, product: Product) -> Segment:
    """Whose rates an order pays. NORMAL in shares is a delivery in the end."""
    option = instrument.kind.is_option
    exchange = instrument.key.exchange
    if exchange in LOT_QUOTED:
        return Segment.COMMODITY_OPTIONS if option else Segment.COMMODITY_FUTURES
    if exchange in _CURRENCY:
        return Segment.CURRENCY_OPTIONS if option else Segment.CURRENCY_FUTURES
    if option:
        return Segment.OPTIONS
    if instrument.kind is InstrumentKind.FUTURE:
        return Segment.FUTURES
    intraday = product is Product.INTRADAY
    return Segment.EQUITY_INTRADAY if intraday else Segment.EQUITY_DELIVERY


@dataclass(frozen=True, slots=True)
class Rates:
    """The rates of one segment from a day (IST) on; per cent of the value unless said otherwise.

    Brokerage is ``brokerage`` per cent, at most ``brokerage_most`` rupees an order; without a per
    cent it is those rupees. ``exchange`` and ``protection`` (investor protection fund) are by
    exchange. ``gst`` is per cent of brokerage, exchange's, fund's and SEBI's fees. ``source`` says
    where the figures come from.
    """

    segment: Segment
    since: date
    source: str
    brokerage: Decimal | None = None
    brokerage_most: Decimal = NOTHING
    tax_bought: Decimal = NOTHING
    tax_sold: Decimal = NOTHING
    """STT, of commodities CTT."""
    exchange: Mapping[Exchange, Decimal] = field(default_factory=dict)
    protection: Mapping[Exchange, Decimal] = field(default_factory=dict)
    sebi: Decimal = NOTHING
    stamp_bought: Decimal = NOTHING
    gst: Decimal = NOTHING


class Cost(Struct, frozen=True):
    """Charges in rupees; ``unrated`` are the segments of which no rates are known: they are in no
    sum.
    """

    total: Decimal = Decimal(0)
    unrated: tuple[str, ...] = ()

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.total + other.total, tuple(dict.fromkeys([*self.unrated, *other.unrated])))


class Charges(Struct, frozen=True):
    """What orders cost, in paise; each part rounded to the paisa for each order, a half up."""

    brokerage: int = 0
    tax: int = 0
    exchange: int = 0
    """The exchange's fee and its protection fund's."""
    sebi: int = 0
    stamp: int = 0
    gst: int = 0

    @property
    def total(self) -> Paise:
        """All of them."""
        parts = self.brokerage + self.tax + self.exchange + self.sebi + self.stamp + self.gst
        return Paise(parts)

    def __add__(self, other: Charges) -> Charges:
        return Charges(
            self.brokerage + other.brokerage,
            self.tax + other.tax,
            self.exchange + other.exchange,
            self.sebi + other.sebi,
            self.stamp + other.stamp,
            self.gst + other.gst,
        )


@dataclass(frozen=True, slots=True)
class ChargeTable:
    """All rates. ``checked`` is the day they were last compared with their sources (IST)."""

    rows: Sequence[Rates] = ()
    checked: date | None = None

    def of(self, segment: Segment, day: date) -> Rates | None:
        """The rates in force on a day; None: none are known."""
        known = [row for row in self.rows if row.segment is segment and row.since <= day]
        return max(known, key=lambda row: row.since, default=None)

    def outdated(self, day: date) -> str:
        """What is to be done when nobody has looked for long; empty while the table holds."""
        since = self.compared(day)
        return since and (
            f"{since} Compare them, and write today's day as checked into charges.toml in the data "
            "folder; it is read again within a minute."
        )

    def compared(self, day: date) -> str:
        """One sentence when nobody has looked for long; empty while the table holds."""
        if self.checked is not None and timedelta(0) <= day - self.checked <= HOLDS_FOR:
            return ""
        when = "never" if self.checked is None else f"on {self.checked:%d %b %Y}"
        if self.checked is not None and self.checked > day:
            when += ", a day that is yet to come"
        return f"The rates of charges were last compared with their sources {when}."


def charges(rates: Rates, exchange: Exchange, side: Side, value: Decimal) -> Charges:
    """What one executed order costs; ``value`` is what it filled, in rupees.

    An exchange without a fee of its own in the table takes none.
    """
    if not value:
        return Charges()
    bought = side is Side.BUY
    brokerage = rates.brokerage_most
    if rates.brokerage is not None:
        brokerage = min(brokerage, _part(value, rates.brokerage))
    fee = _part(value, rates.exchange.get(exchange, NOTHING))
    fund = _part(value, rates.protection.get(exchange, NOTHING))
    sebi = _part(value, rates.sebi)
    served = brokerage + fee + fund + sebi
    return Charges(
        brokerage=_paise(brokerage),
        tax=_paise(_part(value, rates.tax_bought if bought else rates.tax_sold)),
        exchange=_paise(fee + fund),
        sebi=_paise(sebi),
        stamp=_paise(_part(value, rates.stamp_bought if bought else NOTHING)),
        gst=_paise(_part(served, rates.gst)),
    )


def _part(value: Decimal, per_cent: Decimal) -> Decimal:
    return _TO_PAISE.scaleb(_TO_PAISE.multiply(value, per_cent), -2)


def _paise(rupees: Decimal) -> int:
    return int(_TO_PAISE.to_integral_value(_TO_PAISE.scaleb(rupees, 2)))
