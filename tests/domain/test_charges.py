"""Charges: whose rates an order pays, what they make, worked by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from copytrade_gui.domain.charges import Charges, ChargeTable, Rates, Segment, charges, segment_of
from copytrade_gui.domain.instrument import Exchange, Instrument, InstrumentKey, InstrumentKind
from copytrade_gui.domain.order import Product, Side

INTRADAY = Rates(
    Segment.EQUITY_INTRADAY,
    date(2024, 10, 1),
    "by hand",
    brokerage=Decimal("0.03"),
    brokerage_most=Decimal(20),
    tax_sold=Decimal("0.025"),
    exchange={Exchange.NSEEQ: Decimal("0.00297")},
    protection={Exchange.NSEEQ: Decimal("0.0001")},
    sebi=Decimal("0.0001"),
    stamp_bought=Decimal("0.003"),
    gst=Decimal(18),
)


@pytest.mark.parametrize(
    ("exchange", "kind", "product", "segment"),
    [
        (Exchange.NSEEQ, InstrumentKind.EQUITY, Product.DELIVERY, Segment.EQUITY_DELIVERY),
        (Exchange.BSEEQ, InstrumentKind.EQUITY, Product.BNPL, Segment.EQUITY_DELIVERY),
        (Exchange.NSEEQ, InstrumentKind.EQUITY, Product.INTRADAY, Segment.EQUITY_INTRADAY),
        (Exchange.NSEFO, InstrumentKind.FUTURE, Product.NORMAL, Segment.FUTURES),
        (Exchange.BSEFO, InstrumentKind.PUT, Product.INTRADAY, Segment.OPTIONS),
        (Exchange.NSECURR, InstrumentKind.FUTURE, Product.NORMAL, Segment.CURRENCY_FUTURES),
        (Exchange.BSECURR, InstrumentKind.CALL, Product.NORMAL, Segment.CURRENCY_OPTIONS),
        (Exchange.MCXCOMM, InstrumentKind.FUTURE, Product.NORMAL, Segment.COMMODITY_FUTURES),
        (Exchange.MCXCOMM, InstrumentKind.CALL, Product.NORMAL, Segment.COMMODITY_OPTIONS),
    ],
)
def test_whose_rates_an_order_pays(
    exchange: Exchange, kind: InstrumentKind, product: Product, segment: Segment
) -> None:
    key = InstrumentKey(exchange, "1")
    instrument = Instrument(key, "X", "X", "X", kind, 1, Decimal("0.05"))
    assert segment_of(instrument, product) is segment


@pytest.mark.parametrize(
    ("side", "value", "paid"),
    [
        # 1,00,000: brokerage 20 (0.03 % would be 30), exchange 2.97 and fund 0.10, SEBI 0.10,
        # stamp 3.00; GST 18 % of 23.17 is 4.1706
        (Side.BUY, "100000", Charges(2_000, 0, 307, 10, 300, 417)),
        (Side.SELL, "100000", Charges(2_000, 2_500, 307, 10, 0, 417)),
        # 10,000: brokerage 3, exchange and fund 0.307, SEBI 0.01; GST of 3.317 is 0.59706
        (Side.SELL, "10000", Charges(300, 250, 31, 1, 0, 60)),
        (Side.BUY, "0", Charges()),
    ],
)
def test_worked_by_hand(side: Side, value: str, paid: Charges) -> None:
    cost = charges(INTRADAY, Exchange.NSEEQ, side, Decimal(value))
    assert cost == paid
    assert cost.total == sum(
        (cost.brokerage, cost.tax, cost.exchange, cost.sebi, cost.stamp, cost.gst)
    )
    assert (cost + paid).total == 2 * cost.total


def test_an_exchange_without_a_fee_takes_none() -> None:
    assert charges(INTRADAY, Exchange.BSEEQ, Side.BUY, Decimal(100_000)).exchange == 0


def test_the_rates_of_the_day_are_those_in_force_then() -> None:
    old = Rates(Segment.OPTIONS, date(2024, 10, 1), "", tax_sold=Decimal("0.1"))
    new = Rates(Segment.OPTIONS, date(2026, 4, 1), "", tax_sold=Decimal("0.15"))
    table = ChargeTable((new, old), date(2026, 4, 1))
    assert table.of(Segment.OPTIONS, date(2024, 9, 30)) is None
    assert table.of(Segment.OPTIONS, date(2026, 3, 31)) is old
    assert table.of(Segment.OPTIONS, date(2026, 4, 1)) is new
    assert table.of(Segment.FUTURES, date(2026, 4, 1)) is None
    assert table.outdated(date(2026, 9, 28)) == ""
    assert "last compared with their sources on 01 Apr 2026" in table.outdated(date(2026, 9, 29))
    assert "yet to come" in table.outdated(date(2026, 3, 31)), "a year that was mistyped"
    assert "never" in ChargeTable().outdated(date(2026, 9, 29))
