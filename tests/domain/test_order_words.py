"""Transitions, sizing, ticks and tags: the arithmetic that decides what a follower trades."""

from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copytrade_gui.domain.ids import AttemptId, is_our_tag, order_tag
from copytrade_gui.domain.money import on_tick, order_value, paise, tick_above, tick_below
from copytrade_gui.domain.order import IllegalTransitionError, State, step
from copytrade_gui.domain.sizing import SizingRule, Strategy, size

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


@pytest.mark.parametrize(
    ("strategy", "parameter", "cap", "expected"),
    [
        (Strategy.RATIO, "0.5", None, 75),  # 0.5 x 195 = 97.5: one lot of 75
        (Strategy.RATIO, "2", None, 375),
        (Strategy.RATIO, "2", 160, 150),
        (Strategy.FIXED, "150", None, 150),
        (Strategy.FIXED, "149", None, 75),
        (Strategy.CAPITAL_PERCENT, "10", None, 75),  # 10,000 rupees at 100 are 100 units
    ],
)
def test_quantities(strategy: Strategy, parameter: str, cap: int | None, expected: int) -> None:
    rule = SizingRule(strategy, Decimal(parameter), cap)
    sized = size(
        rule,
        master_quantity=195,
        lot_size=75,
        price=Decimal(100),
        capital=paise(Decimal(100_000)),
    )
    assert (sized.quantity, sized.reason) == (expected, "")


def test_below_one_lot_is_blocked_with_a_reason() -> None:
    rule = SizingRule(Strategy.RATIO, Decimal("0.1"))
    sized = size(rule, master_quantity=75, lot_size=75, price=None, capital=None)
    assert (sized.quantity, sized.code) == (0, "zero")
    assert sized.reason == "0.1 x gives 7, below one lot of 75."


@pytest.mark.parametrize(
    ("capital", "price", "code"), [(None, 1, "no_capital"), (1, 0, "no_price")]
)
def test_a_missing_fact_is_a_refusal(capital: int | None, price: int, code: str) -> None:
    sized = size(
        SizingRule(Strategy.CAPITAL_PERCENT, Decimal(10)),
        master_quantity=1,
        lot_size=1,
        price=Decimal(price),
        capital=None if capital is None else paise(Decimal(capital)),
    )
    assert (sized.quantity, sized.code) == (0, code)


@settings(max_examples=200)
@given(
    strategy=st.sampled_from(Strategy),
    parameter=st.decimals("0.01", "100", places=2),
    master=st.integers(1, 1_000_000),
    lot=st.integers(1, 2_000),
    price=st.decimals("0.05", "100000", places=2),
    capital=st.integers(0, 10**12),
    cap=st.none() | st.integers(1, 100_000),
)
def test_whole_lots_never_more_than_the_rule_allows(
    strategy: Strategy,
    parameter: Decimal,
    master: int,
    lot: int,
    price: Decimal,
    capital: int,
    cap: int | None,
) -> None:
    money = paise(Decimal(capital) / 100)
    sized = size(
        SizingRule(strategy, parameter, cap),
        master_quantity=master,
        lot_size=lot,
        price=price,
        capital=money,
    )
    most = {
        Strategy.RATIO: parameter * master,
        Strategy.FIXED: parameter,
        Strategy.CAPITAL_PERCENT: Decimal(money) * parameter / 10_000 / price,
    }[strategy]
    assert sized.quantity % lot == 0
    assert sized.quantity <= (most if cap is None else min(most, Decimal(cap)))
    assert (sized.quantity == 0) == bool(sized.reason)
    if sized.quantity + lot <= (most if cap is None else min(most, Decimal(cap))):
        pytest.fail("a whole lot more was allowed")


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
