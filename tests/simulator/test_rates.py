"""Call limits: rolling windows, exact, one per session and class."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copytrade_gui.simulator.ist import NS
from copytrade_gui.simulator.rates import LIMITS, Window
from tests.simulator.stand import FIRST, MASTER, MS, Stand, leg

CALLS = [
    ("orders", "GET", "/orders"),
    ("trades", "GET", "/trades"),
    ("positions", "GET", "/positions"),
    ("holdings", "GET", "/holdings"),
    ("profile", "GET", "/profile"),
    ("limits", "GET", "/limits"),
    ("order", "GET", "/orders/1"),
    ("margin", "POST", "/preordermargin"),
    ("span", "POST", "/spanexposure"),
    ("quotes", "POST", "/marketdata/marketquotes"),
    ("depth", "POST", "/marketdata/marketdepth"),
    ("interest", "POST", "/marketdata/openinterest"),
    ("candles", "POST", "/marketdata/historicaldata"),
    ("change", "POST", "/orders"),
    ("change", "PUT", "/orders/1"),
    ("change", "DELETE", "/orders/1"),
    ("contracts", "GET", "/contractfiles/INDICES.csv"),
]


@pytest.mark.parametrize(("kind", "method", "path"), CALLS)
def test_one_call_above_the_limit_is_a_429(stand: Stand, kind: str, method: str, path: str) -> None:
    limit = LIMITS[kind][0]
    for _ in range(limit):
        assert stand.send(method, path, []).status == 200
        stand.clock.now += MS
    assert stand.send(method, path, []).status == 429
    if kind != "contracts":
        assert stand.send(method, path, [], who=FIRST).status == 200
    stand.clock.now += NS
    assert stand.send(method, path, []).status == 200


def test_place_modify_and_cancel_share_ten_a_second(stand: Stand) -> None:
    order = stand.accepted(price="1500")
    for _ in range(4):
        stand.send("PUT", f"/orders/{order}", {"price": "1501"})
        stand.send("DELETE", f"/orders/{order}")
    stand.place()
    assert stand.send("DELETE", f"/orders/{order}").status == 429


def test_registered_apps_have_twenty_of_each() -> None:
    stand = Stand()
    stand.broker.desk.config.registered = True
    for _ in range(20):
        assert stand.send("POST", "/orders", [leg(algoId="A")]).status == 200
        assert stand.send("DELETE", "/orders/1").status == 200
    assert stand.send("POST", "/orders", [leg(algoId="A")]).status == 429


def test_a_bulk_request_counts_each_of_its_orders(stand: Stand) -> None:
    assert stand.send("POST", "/orders", [leg()] * 7).status == 200
    assert stand.send("POST", "/orders", [leg()] * 4).status == 429
    assert stand.send("POST", "/orders", [leg()] * 3).status == 200
    assert len(stand.broker.ledger.accepted) == 10


def test_a_429_is_a_full_second_of_the_ledger(stand: Stand) -> None:
    for _ in range(13):
        stand.send("POST", "/orders", [leg(orderTag="T")])
    ledger = stand.broker.ledger
    assert ledger.refused_for_rate == 3
    assert (len(ledger.excess), ledger.seconds_over_limit) == (3, 1)
    assert {(e.account, e.call, e.limit) for e in ledger.excess} == {(MASTER, "change", 10)}
    assert [line.outcome for line in ledger.wire] == ["accepted"] * 10 + ["429"] * 3
    assert ledger.tags["T"] == 13


def test_excess_is_counted_even_where_nothing_is_refused() -> None:
    stand = Stand(rate_limits=False)
    for _ in range(13):
        assert stand.send("POST", "/orders", [leg()]).status == 200
    assert len(stand.broker.ledger.excess) == 3
    assert stand.broker.ledger.refused_for_rate == 0


def test_over_limit_can_be_a_code_or_name_a_time() -> None:
    stand = Stand(over_limit="EC003")
    replies = [stand.send("POST", "/orders", [leg()]) for _ in range(11)]
    assert replies[-1].status == 200
    assert b'"EC003"' in replies[-1].body
    stand = Stand(retry_after=1.5)
    replies = [stand.send("GET", "/orders") for _ in range(4)]
    assert dict(replies[-1].headers)["retry-after"] == "1.5"


def test_two_sessions_of_a_client_have_a_budget_each(stand: Stand) -> None:
    for _ in range(3):
        stand.send("GET", "/orders")
    stand.tokens[MASTER] = stand.broker.open_session(MASTER)
    assert stand.send("GET", "/orders").status == 200


@given(
    st.integers(1, 20),
    st.lists(st.tuples(st.integers(0, NS // 3), st.integers(1, 4)), max_size=60),
)
def test_no_second_ever_holds_more_than_the_limit(
    limit: int, arrivals: list[tuple[int, int]]
) -> None:
    window, now = Window(limit), 0
    admitted: list[int] = []
    for gap, count in arrivals:
        now += gap
        recent = sum(now - at < NS for at in admitted)
        fits = recent + count <= limit
        assert window.admit(now, count) == fits
        if fits:
            admitted += [now] * count
    for at in admitted:
        assert sum(0 <= at - other < NS for other in admitted) <= limit
