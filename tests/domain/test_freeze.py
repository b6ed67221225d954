"""Freeze quantities: which instrument has one, how an order is cut to it, when it is old."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copytrade_gui.domain.freeze import MOST_SLICES, FreezeTable, slices
from copytrade_gui.domain.instrument import Exchange, Instrument, InstrumentKey, InstrumentKind
from copytrade_gui.domain.order import MAX_QUANTITY
from copytrade_gui.domain.sizing import Sized

TABLE = FreezeTable(
    {(Exchange.NSEFO, "NIFTY"): 1_800, (Exchange.NSEEQ, "RELIANCE"): 500_000}, date(2026, 11, 1)
)


def instrument(
    exchange: Exchange, symbol: str, underlying: str, kind: InstrumentKind
) -> Instrument:
    key = InstrumentKey(exchange, "1")
    return Instrument(key, symbol, symbol, underlying, kind, 65, Decimal("0.05"))


@pytest.mark.parametrize(
    ("exchange", "symbol", "underlying", "kind", "units"),
    [
        (Exchange.NSEFO, "NIFTY26DECFUT", "NIFTY", InstrumentKind.FUTURE, 1_800),
        (Exchange.NSEFO, "NIFTY26DEC26000CE", "Nifty", InstrumentKind.CALL, 1_800),
        (Exchange.BSEFO, "NIFTY26DECFUT", "NIFTY", InstrumentKind.FUTURE, None),
        (Exchange.NSEFO, "BANKNIFTY26DECFUT", "BANKNIFTY", InstrumentKind.FUTURE, None),
        (Exchange.NSEEQ, "RELIANCE-EQ", "", InstrumentKind.EQUITY, 500_000),
        (Exchange.NSEEQ, "NIFTY", "NIFTY", InstrumentKind.INDEX, None),
    ],
)
def test_which_instrument_has_one(
    exchange: Exchange, symbol: str, underlying: str, kind: InstrumentKind, units: int | None
) -> None:
    assert TABLE.of(instrument(exchange, symbol, underlying, kind)) == units


@pytest.mark.parametrize(
    ("quantity", "lot", "freeze", "cut"),
    [
        (2_600, 65, 1_800, (1_755, 845)),
        (1_755, 65, 1_800, (1_755,)),
        (3_510, 65, 1_800, (1_755, 1_755)),
        (100, 1, None, (100,)),
        (MAX_QUANTITY, 1, None, (MAX_QUANTITY,)),
        (MAX_QUANTITY + 1, 1, None, (MAX_QUANTITY, 1)),
    ],
)
def test_an_order_is_cut_to_whole_lots_inside_the_limit(
    quantity: int, lot: int, freeze: int | None, cut: tuple[int, ...]
) -> None:
    assert slices(quantity, lot, freeze) == cut


def test_too_many_slices_and_a_lot_that_does_not_fit_are_verdicts_with_numbers() -> None:
    assert slices(17_615, 65, 1_800) == Sized(
        0,
        "too_many_slices",
        "17,615 would take 11 orders of at most 1,755 (the exchange's freeze quantity is 1,800), "
        "and 10 are the most. Order at most 17,550.",
    )
    odd = slices(2_000, 2_000, 1_800)
    assert isinstance(odd, Sized)
    assert odd.code == "freeze_below_lot"


@given(st.integers(1, 30), st.integers(1, 2_000), st.integers(1, 60_000))
def test_slices_sum_to_the_order_and_none_is_above_the_limit(
    lots: int, lot: int, freeze: int
) -> None:
    cut = slices(lots * lot, lot, freeze)
    if isinstance(cut, Sized):
        assert not cut.quantity
        assert freeze < lot or lots > freeze // lot * MOST_SLICES
        return
    assert sum(cut) == lots * lot
    assert len(cut) <= MOST_SLICES
    assert all(0 < one <= freeze and one % lot == 0 for one in cut)
    assert len(cut) == 1 or cut[0] + cut[-1] > freeze, "two slices would have been one order"


def test_a_table_nobody_looked_at_for_35_days_is_told() -> None:
    assert TABLE.outdated(date(2026, 12, 6)) == ""
    said = TABLE.outdated(date(2026, 12, 7))
    assert "last compared with the exchange on 01 Nov 2026" in said
    assert "freeze.toml" in said
    assert "never" in FreezeTable().outdated(date(2026, 12, 7))
