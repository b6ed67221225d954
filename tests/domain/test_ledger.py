"""What rounding leaves over is kept: never a whole lot, and many small steps are one large one."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from copytrade_gui.domain.sizing.ledger import NOTHING, round_entry, round_exit
from copytrade_gui.domain.sizing.rule import Rounding

LOTS = st.sampled_from([1, 15, 65, 100])
ROUNDINGS = st.sampled_from(Rounding)
SHARES = st.fractions(0, 500, max_denominator=40)
"""Sums of these stay below the finest denominator that a carry keeps, so they are exact."""


@given(st.lists(SHARES, min_size=1, max_size=20), LOTS, ROUNDINGS)
def test_entries_add_up_to_what_was_wanted_within_a_lot(
    wanted: list[Fraction], lot: int, rounding: Rounding
) -> None:
    held, carry = 0, NOTHING
    for share in wanted:
        rounded = round_entry(share + carry, lot, rounding)
        held, carry = held + rounded.quantity, rounded.carry
        assert rounded.quantity >= 0
        assert rounded.quantity % lot == 0
        assert abs(carry) < lot
    assert held + carry == sum(wanted)


@given(
    lots=st.integers(0, 50),
    lot=LOTS,
    masters=st.lists(st.integers(1, 20), min_size=1, max_size=10),
    rounding=ROUNDINGS,
)
def test_a_copy_is_out_when_its_master_is_and_never_below_nothing(
    lots: int, lot: int, masters: list[int], rounding: Rounding
) -> None:
    held, carry, has = lots * lot, NOTHING, sum(masters)
    for gives_up in masters:
        rounded = round_exit(held, (gives_up, has), lot, carry, rounding)
        assert 0 <= rounded.quantity <= held
        assert rounded.quantity % lot == 0
        held, carry, has = held - rounded.quantity, rounded.carry, has - gives_up
        assert abs(carry) < lot
    assert (held, carry) == (0, NOTHING)
