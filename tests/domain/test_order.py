"""The one table of transitions, and what is true of each state and type of order."""

from itertools import product

import pytest

from copytrade_gui.domain.order import IllegalTransitionError, OrderType, Side, State, step

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
TRUE_OF = {
    "in_doubt": "SENDING UNKNOWN REVIEW",
    "open_at_broker": f"ACKED {LIVE} {CHANGING}",
    "at_exchange": f"{LIVE} {CHANGING} FILLED",
    "ended": f"{CLOSED} NOT_SENT REFUSED NOT_PLACED BLOCKED SKIPPED STALE",
}


@pytest.mark.parametrize(("old", "new"), list(product(State, State)))
def test_every_pair_of_states(old: State, new: State) -> None:
    if new.value in LEGAL.get(old.value, "").split():
        assert step(old, new) is new
    else:
        with pytest.raises(IllegalTransitionError):
            step(old, new)


@pytest.mark.parametrize("question", TRUE_OF)
def test_what_is_true_of_each_state(question: str) -> None:
    said = {state.value for state in State if getattr(state, question)}
    assert said == set(TRUE_OF[question].split())


def test_an_order_is_planned_in_doubt_open_or_ended_and_never_two_of_them() -> None:
    for state in State:
        kinds = (state is State.PLANNED, state.in_doubt, state.open_at_broker, state.ended)
        assert kinds.count(True) == 1, state


def test_which_types_name_a_price_and_a_trigger() -> None:
    assert {kind for kind in OrderType if kind.has_price} == {OrderType.LIMIT, OrderType.SL}
    assert {kind for kind in OrderType if kind.has_trigger} == {OrderType.SL, OrderType.SLM}


def test_the_other_side() -> None:
    assert Side.BUY.opposite is Side.SELL
    assert Side.SELL.opposite is Side.BUY
