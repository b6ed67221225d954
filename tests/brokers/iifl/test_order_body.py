"""The bytes of a place request: what the broker asks for, and nothing that it forbids."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copytrade_gui.brokers.iifl.order_body import (
    OrderEncoder,
    margin_body,
    modify_body,
    span_body,
)
from copytrade_gui.domain.ids import Tag
from copytrade_gui.domain.order import OrderType, Side
from tests.brokers.rig import GOLD, INFY, tag, terms


def placed(encoder: OrderEncoder, **kind: object) -> dict[str, str]:
    made = terms(**kind)  # type: ignore[arg-type]  # keyword arguments pass through
    (leg,) = json.loads(encoder.prepare(made, tag(1)).payload)
    assert isinstance(leg, dict)
    return leg


def test_a_limit_order() -> None:
    assert placed(OrderEncoder()) == {
        "instrumentId": "1594",
        "exchange": "NSEEQ",
        "transactionType": "BUY",
        "quantity": "1",
        "orderComplexity": "REGULAR",
        "product": "INTRADAY",
        "orderType": "LIMIT",
        "validity": "DAY",
        "price": "1501.55",
        "orderTag": tag(1),
    }


@pytest.mark.parametrize(
    ("kind", "price", "trigger", "present"),
    [
        (OrderType.LIMIT, "10.05", "9", {"price": "10.05"}),
        (OrderType.SL, "10.05", "9", {"price": "10.05", "slTriggerPrice": "9"}),
        (OrderType.MARKET, "10.05", "9", {"marketProtectionPercent": "1"}),
        (OrderType.SLM, "10.05", "9", {"slTriggerPrice": "9", "marketProtectionPercent": "1"}),
    ],
)
def test_prices_are_there_exactly_where_the_type_has_them(
    kind: OrderType, price: str, trigger: str, present: dict[str, str]
) -> None:
    leg = placed(OrderEncoder(), order_type=kind, price=Decimal(price), trigger=Decimal(trigger))
    names = ("price", "slTriggerPrice", "marketProtectionPercent")
    assert {name: leg[name] for name in names if name in leg} == present


@given(
    st.lists(
        st.tuples(
            st.sampled_from(list(Side)),
            st.sampled_from(list(OrderType)),
            st.integers(1, 50_000_000),
            st.decimals("0.05", "99999.95", places=2),
        ),
        min_size=1,
        max_size=100,
    )
)
def test_templates_never_mix_orders_up(
    orders: list[tuple[Side, OrderType, int, Decimal]],
) -> None:
    encoder = OrderEncoder()
    for side, kind, quantity, price in orders:
        leg = placed(
            encoder, side=side, order_type=kind, quantity=quantity, price=price, trigger=price
        )
        assert (leg["transactionType"], leg["orderType"]) == (side, kind)
        assert leg["quantity"] == str(quantity)
        if kind.has_price:
            assert Decimal(leg["price"]) == price


def test_small_prices_are_never_written_with_an_exponent() -> None:
    assert placed(OrderEncoder(), price=Decimal("0.0000001"))["price"] == "0.0000001"
    assert placed(OrderEncoder(), price=Decimal("1E+2"))["price"] == "100"


def test_commodities_are_counted_in_lots() -> None:
    assert placed(OrderEncoder(), instrument=GOLD, quantity=300)["quantity"] == "3"
    with pytest.raises(ValueError, match="250 is not a multiple of the lot of 100"):
        OrderEncoder().prepare(terms(GOLD, quantity=250), tag(1))
    assert json.loads(span_body([terms(GOLD, quantity=300)]))[0]["quantity"] == "3"
    assert json.loads(margin_body(terms(GOLD, quantity=300)))["quantity"] == "3"


@pytest.mark.parametrize("bad", ['A"B', "A~B", "", "é", "A B", "A\n"])
def test_a_tag_cannot_break_out_of_its_place(bad: str) -> None:
    with pytest.raises(ValueError, match="letters and digits"):
        OrderEncoder().prepare(terms(), Tag(bad))


def test_the_same_order_gives_the_same_bytes_and_another_tag_others() -> None:
    one = OrderEncoder().prepare(terms(), tag(1))
    again = OrderEncoder().prepare(terms(), tag(1))
    other = OrderEncoder().prepare(terms(), tag(2))
    assert one == again
    assert one.payload != other.payload


def test_a_change_names_only_what_may_change() -> None:
    assert json.loads(modify_body(terms(quantity=7))) == {
        "quantity": "7",
        "orderType": "LIMIT",
        "validity": "DAY",
        "price": "1501.55",
    }


def test_many_shapes_do_not_pile_up() -> None:
    encoder = OrderEncoder()
    for step in range(1000):
        encoder.prepare(terms(INFY, price=Decimal(step + 1)), tag(step))
    assert len(encoder._templates) <= 64
