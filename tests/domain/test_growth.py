"""What a follower gets of fills: all together never more than his rule gives for the whole."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from copytrade_gui.domain.sizing import MasterOrder, Rounding, SizingRule, Strategy, size
from copytrade_gui.domain.sizing.growth import FILL_ADDS_NONE, size_growth

RULES = st.builds(
    SizingRule,
    st.sampled_from([Strategy.RATIO, Strategy.FIXED, Strategy.LOTS]),
    st.integers(1, 30).map(Decimal),
    st.none() | st.integers(1, 400),
    st.none() | st.integers(1, 40),
    st.sampled_from(Rounding),
) | st.builds(
    SizingRule,
    st.just(Strategy.RATIO),
    st.decimals("0.01", "3", places=2),
    rounding=st.sampled_from(Rounding),
)


@given(
    RULES,
    st.sampled_from([1, 25, 75]),
    st.lists(st.integers(1, 20), min_size=1, max_size=12),
    st.decimals("0.5", "3", places=1),
)
def test_however_an_order_fills_the_parts_are_what_the_rule_gives_for_the_whole(
    rule: SizingRule, lot: int, fills: list[int], times: Decimal
) -> None:
    order = MasterOrder(sum(fills) * lot, lot, Decimal(100))
    before = given_out = 0
    for lots in fills:
        growth = structs.replace(order, quantity=lots * lot)
        part = size_growth(rule, growth, before, times=times)
        before += growth.quantity
        given_out += part.quantity
        so_far = size(rule, structs.replace(order, quantity=before), times=times)
        assert part.quantity >= 0
        assert part.quantity % lot == 0
        assert given_out == so_far.quantity
        assert part.quantity or part.reason
        if not part.quantity and so_far.quantity:
            assert part.code == FILL_ADDS_NONE
