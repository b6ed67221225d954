"""What other clients report of this broker: MARKET orders, IOC, modify bodies, last words."""

from decimal import Decimal

import pytest

from copytrade_gui.simulator.faults import Fault
from tests.simulator.stand import MASTER, Stand


def market(stand: Stand, **changes: object) -> str:
    return stand.accepted(MASTER, orderType="MARKET", price=None, **changes)


def jump(stand: Stand, side: str, **changes: object) -> tuple[str, str, Decimal]:
    """A MARKET order at 1,546.60; the price moves 5 % away before it is at the exchange."""
    order = market(stand, transactionType=side, **changes)
    stand.wait(0.010)
    stand.price(1624 if side == "BUY" else 1470)
    stand.wait()
    row = stand.row(order)
    return row["orderStatus"], row["orderType"], Decimal(row["averageTradedPrice"])


@pytest.mark.parametrize("side", ["BUY", "SELL"])
@pytest.mark.parametrize(("percent", "filled"), [("1", False), ("10", True), ("6.5", True)])
def test_the_protection_of_a_market_order_is_honoured(
    side: str, percent: str, filled: bool
) -> None:
    stand = Stand()
    status, kind, average = jump(stand, side, marketProtectionPercent=percent)
    assert (status, kind) == ("complete" if filled else "open", "MARKET")
    assert (average > 0) is filled
    stand.price(1546.6)
    stand.wait()
    (row,) = stand.rows("orders")
    assert row["orderStatus"] == "complete"  # the rest has worked on


@pytest.mark.parametrize("side", ["BUY", "SELL"])
def test_a_bare_market_order_fills_at_any_price_or_works_as_a_limit_order(side: str) -> None:
    stand = Stand(bare_market="accept")
    status, kind, average = jump(stand, side)
    assert (status, kind) == ("complete", "MARKET")
    assert abs(average - Decimal("1546.6")) > 70
    stand = Stand(bare_market="convert")
    assert jump(stand, side) == ("open", "LIMIT", Decimal(0))
    (row,) = stand.rows("orders")
    limit = Decimal(row["price"])
    assert 0 < abs(limit - Decimal("1546.6")) < 60
    assert limit % Decimal("0.1") == 0
    stand.price(1546.6)
    stand.wait()
    (row,) = stand.rows("orders")
    assert (row["orderStatus"], row["orderType"]) == ("complete", "LIMIT")


def test_a_bare_market_order_is_rejected_by_default() -> None:
    stand = Stand()
    order = market(stand)
    stand.wait()
    assert stand.row(order)["rejectionReason"].startswith("RMS:Rule: MARKET")


@pytest.mark.parametrize("taken", [False, True])
def test_ioc_on_mcx_is_rejected_by_the_exchange_unless_the_switch_lets_it(taken: bool) -> None:
    stand = Stand(mcx_ioc=taken)
    gold = next(i for i in stand.broker.desk.instruments.segment("MCXCOMM"))
    limit = str(stand.broker.last_price("MCXCOMM", str(gold.id)) // 10_000 * 101 // 100)
    order = stand.accepted(
        exchange="MCXCOMM", instrumentId=str(gold.id), quantity="1", product="NORMAL",
        validity="IOC", price=limit,
    )  # fmt: skip
    stand.wait()
    row = stand.row(order)
    assert row["orderStatus"] == ("complete" if taken else "rejected")
    assert ("IOC" in row["rejectionReason"]) is not taken
    assert not row["rejectionReason"].startswith("RMS")


@pytest.mark.parametrize("manner", ["object", "any"])
def test_a_modify_that_comes_as_an_array(manner: str) -> None:
    stand = Stand(modify_body=manner)
    order = stand.accepted(price="1500")
    stand.wait()
    array = stand.json("PUT", f"/orders/{order}", [{"quantity": "20"}])
    assert array["result"]["status"] == ("EC914" if manner == "object" else "Success")
    stand.wait()
    assert (
        stand.json("PUT", f"/orders/{order}", {"quantity": "30"})["result"]["status"] == "Success"
    )


@pytest.mark.parametrize("price", ["1500", "1600"])
def test_an_order_ends_with_another_word(price: str) -> None:
    """Its quantities stay true, and until then its words are the usual ones."""
    stand = Stand()
    stand.broker.add_fault(Fault(action="end_status", text="gone home"))
    order = stand.accepted(price=price)
    stand.wait(0.016)
    assert stand.row(order)["orderStatus"] == "open"
    stand.wait()
    if price == "1500":
        assert stand.row(order)["orderStatus"] == "open"
        stand.json("DELETE", f"/orders/{order}")
        stand.wait()
    row = stand.row(order)
    assert row["orderStatus"] == "gone home"
    assert row["filledQuantity"] == ("10" if price == "1600" else "0")
    rows = stand.json("GET", f"/orders/{order}")["result"]
    assert rows[0]["orderStatus"] == "put order req received"
