"""What an order needs of margin, and how much of it fits: nothing more than what is free."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from copytrade_gui.domain.margin import MOST_PERCENT, Margin
from copytrade_gui.domain.money import Paise

MARGINS = st.builds(
    Margin,
    st.integers(-(10**9), 10**12).map(Paise),
    st.integers(0, 10**5),
    st.integers(0, 10**11).map(Paise),
    st.integers(1, 10**6),
    st.none() | st.decimals("0.05", "100000", places=2),
    st.integers(0, 10**5),
)


@given(MARGINS, st.integers(1, 10**4), st.integers(1, 500), st.decimals("0.05", "100000", places=2))
def test_what_fits_is_whole_lots_and_as_much_as_is_free_allows(
    margin: Margin, lots: int, lot: int, price: Decimal
) -> None:
    quantity = lots * lot
    fits = margin.fitting(quantity, lot, price)
    assert 0 <= fits <= quantity
    assert fits % lot == 0
    most = Decimal(max(0, margin.free)) * MOST_PERCENT / 100
    exact = Decimal(margin.needed) / margin.units
    exact *= price / margin.price if margin.price else 1
    assert exact * fits <= most * (1 + Decimal("1e-20"))
    if margin.free >= 0 and not margin.is_short(quantity, price):
        assert fits == quantity
    one_more = fits + lot
    if one_more <= quantity and margin.of(quantity, price):
        # rounding what all of it needs up to a paisa may cost the last lot, and no more
        assert margin.of(quantity, price) * one_more > (most - 1) * quantity - one_more
