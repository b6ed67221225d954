"""Transitions, ticks and tags: the arithmetic of an order."""

from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copytrade_gui.domain.ids import AttemptId, is_our_tag, order_tag
from copytrade_gui.domain.money import on_tick, order_value, tick_above, tick_below
from copytrade_gui.domain.order import IllegalTransitionError, State, step

# docs/safety.md 2.15, written out again so that the table cannot vouch for itself.
CLOSED = "FILLED CANCELLED REJECTED EXPIRED"
LIVE = "WORKING TRIGGER_PENDING PARTIAL"
CHANGING = "MODIFY_PENDING CANCEL_PENDING"
LEGAL = {
    "PLANNED": "BLOCKED SKIPPED STALE SENDING",
    "SENDING": "ACKED REFUSED NOT_SENT UNKNOWN",
    "REFUSED": "ACKED",
    "UNKNOWN": "ACKED NOT_PLACED REVIEW REFUSED",
    "NOT_PLACED": "ACKED",
    "REVIEW": "ACKED NOT_PLACED",
    "ACKED": f"{LIVE} {CLOSED} {CHANGING}",
    "WORKING": f"PARTIAL {CLOSED} {CHANGING}",
    "TRIGGER_PENDING": f"WORKING PARTIAL {CLOSED} {CHANGING}",
    "PARTIAL": f"PARTIAL FILLED CANCELLED EXPIRED {CHANGING}",
    "MODIFY_PENDING": f"{LIVE} {CLOSED} CANCEL_PENDING",
    "CANCEL_PENDING": f"{LIVE} {CLOSED} MODIFY_PENDING",
    "CANCELLED": "PARTIAL FILLED",
    "EXPIRED": "PARTIAL FILLED",
}
KEY = b"k" * 32


@pytest.mark.parametrize(("old", "new"), list(product(State, State)))
def test_every_pair_of_states(old: State, new: State) -> None:
    if new.value in LEGAL.get(old.value, "").split():
        assert step(old, new) is new
    else:
        with pytest.raises(IllegalTransitionError):
            step(old, new)


@given(price=st.decimals("0.01", "100000", places=2), tick=st.sampled_from(["0.01", "0.05", "0.1"]))
def test_ticks_enclose_a_price(price: Decimal, tick: str) -> None:
    step_of = Decimal(tick)
    low, high = tick_below(price, step_of), tick_above(price, step_of)
    assert low <= price <= high
    assert high - low == (0 if on_tick(price, step_of) else step_of)


def test_value_is_exact_paise() -> None:
    assert order_value(Decimal("1277.35"), 3) == 383_205


def test_a_tag_is_repeatable_sixteen_characters_and_notices_one_wrong() -> None:
    tag = order_tag(KEY, AttemptId("P.a.1.1"))
    assert tag == order_tag(KEY, AttemptId("P.a.1.1"))
    assert tag not in {
        order_tag(KEY, AttemptId("P.a.1.2")),
        order_tag(b"j" * 32, AttemptId("P.a.1.1")),
    }
    assert len(tag) == 16
    assert is_our_tag(tag)
    for place, letter in product(range(2, 16), "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"):
        changed = tag[:place] + letter + tag[place + 1 :]
        assert is_our_tag(changed) == (changed == tag)
