"""Which plans are unmatched: the master's order came to nothing, a copy filled."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pytest
from msgspec import structs

from copytrade_gui.domain.ids import AccountId, BrokerOrderId, PlanId
from copytrade_gui.domain.order import Side, State
from copytrade_gui.domain.records import OrderView
from copytrade_gui.domain.seen import Seen, SeenOrder
from copytrade_gui.domain.unmatched import unmatched, unmatched_seen
from tests.storage.samples import make_plan, view_of


def orders(master: State, filled: Sequence[int], own: int = 0) -> list[OrderView]:
    plan = make_plan(followers=len(filled))
    first, *copies = plan.intents
    return [
        view_of(first, None, master, filled=own, reason="RMS: Margin."),
        *(
            view_of(one, None, State.FILLED if units else State.REJECTED, filled=units)
            for one, units in zip(copies, filled, strict=True)
        ),
    ]


@pytest.mark.parametrize(
    ("state", "word"),
    [
        (State.REJECTED, "REJECTED"),
        (State.REFUSED, "REFUSED"),
        (State.CANCELLED, "CANCELLED"),
        (State.EXPIRED, "EXPIRED"),
        (State.NOT_SENT, "NOT SENT"),
        (State.NOT_PLACED, "NOT PLACED"),
        (State.SKIPPED, "NOT SENT"),
        (State.STALE, "NOT SENT"),
    ],
)
def test_every_end_without_a_fill_counts(state: State, word: str) -> None:
    found = unmatched(orders(state, [25_000, 0, 1_25_000]))
    assert found is not None
    words = found.in_words(lambda account: account.removeprefix("follower-00"))
    assert words.startswith(f"MASTER {word}, FOLLOWERS FILLED: BUY 10 INFY of ")
    assert "came to nothing (RMS: Margin), but 2 followers filled 1,50,000: 3 1,25,000, 1 " in words


@pytest.mark.parametrize(
    "listed",
    [
        orders(State.REJECTED, [0, 0]),
        orders(State.WORKING, [5, 5]),
        orders(State.UNKNOWN, [5, 5]),
        orders(State.CANCELLED, [5, 5], own=3),
        orders(State.FILLED, [5, 5], own=10),
        orders(State.REJECTED, [5, 5])[1:],
    ],
)
def test_nothing_else_does(listed: list[OrderView]) -> None:
    assert unmatched(listed) is None


def test_many_names_are_cut_with_their_number() -> None:
    found = unmatched(orders(State.REJECTED, [5] * 12))
    assert found is not None
    assert found.copies_in_words(str).endswith(" 5 and 4 more")


SEEN = SeenOrder(
    AccountId("master-1"), BrokerOrderId("7"), "INFY", Side.SELL, 1_200, 0, None, None,
    Decimal(0), Decimal(0), "not_taken", 1, Seen.COPIED, plan_id=PlanId("P1"), gone=True,
)  # fmt: skip


def test_an_order_placed_elsewhere_that_ended_unfilled_leaves_its_filled_copies_unmatched() -> None:
    found = unmatched_seen(SEEN, orders(State.REJECTED, [5, 0, 7]))
    assert found is not None
    assert [one.filled_quantity for one in found.copies] == [5, 7]
    words = found.in_words(str)
    assert words.startswith("MASTER NOT TAKEN, FOLLOWERS FILLED: SELL 1,200 INFY of ")


@pytest.mark.parametrize(
    ("seen", "filled"),
    [
        (structs.replace(SEEN, gone=False), [5]),
        (structs.replace(SEEN, filled_quantity=1), [5]),
        (structs.replace(SEEN, plan_id=None), [5]),
        (SEEN, [0, 0]),
    ],
)
def test_an_order_placed_elsewhere_is_matched_otherwise(seen: SeenOrder, filled: list[int]) -> None:
    assert unmatched_seen(seen, orders(State.REJECTED, filled)) is None
