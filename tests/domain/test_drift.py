"""What follows from what is known of a copied position, and what may be closed of a part."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from copytrade_gui.domain.drift import Standing, Step, judge
from copytrade_gui.domain.square_off import beyond

UNITS = st.integers(-40, 40)


@given(copied=UNITS, held=UNITS | st.none(), owner=UNITS, today=UNITS, left=UNITS,
       stood=st.booleans(), owner_known=st.booleans())  # fmt: skip
def test_nothing_is_in_step_that_does_not_add_up_and_no_repair_opens(
    copied: int, held: int | None, owner: int, today: int, left: int, stood: bool, owner_known: bool
) -> None:
    one = Standing(
        copied=copied, copied_today=copied, held=held, held_today=None if held is None else today,
        owner=owner, left=left, stood=stood, owner_known=owner_known,
    )  # fmt: skip
    verdict = judge(one)
    if verdict.step is Step.IN_STEP:
        assert held is not None
        assert today == copied + owner
        assert abs(held) >= abs(copied)
        assert held * copied >= 0
    if held is None:
        assert verdict.step is not Step.IN_STEP
        assert verdict.excess == 0
    assert abs(verdict.excess) <= abs(left)
    if verdict.excess and one.there is not None:
        assert verdict.excess * one.there > 0
        assert abs(verdict.excess) <= abs(one.there)
    if verdict.step in (Step.DRIFTING, Step.UNEXPLAINED):
        assert verdict.units
        assert verdict.reason
    doubtful = judge(doubted(one))
    assert doubtful.step in (Step.UNKNOWN, Step.DRIFTING)


@given(net=UNITS, keep=UNITS)
def test_what_is_to_stay_stays_and_the_rest_is_on_the_positions_side(net: int, keep: int) -> None:
    units = beyond(net, keep)
    assert abs(units) <= abs(net)
    assert units * net >= 0
    rest = net - units
    assert rest * net >= 0
    assert abs(rest) <= abs(keep) or units == 0
    if keep * net > 0:
        assert abs(rest) == min(abs(net), abs(keep))
    else:
        assert units == net


def doubted(one: Standing) -> Standing:
    """The same with an order in doubt."""
    return Standing(copied=one.copied, held=one.held, held_today=one.held_today,
                    owner=one.owner, left=one.left, not_told="An order is in doubt.")  # fmt: skip
