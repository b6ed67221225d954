"""What becomes of accepted orders: statuses, fills, and money that adds up."""

from decimal import Decimal

import pytest

from copytrade_gui.simulator.faults import Fault
from copytrade_gui.simulator.ist import NS
from tests.simulator.stand import FIRST, MASTER, MORNING, Json, MovableClock, Stand


def steps(stand: Stand, order_id: str) -> list[tuple[str, str]]:
    rows = stand.json("GET", f"/orders/{order_id}")["result"]
    return [(row["orderStatus"], row["filledQuantity"]) for row in rows]


def test_the_walk_of_a_marketable_order(stand: Stand) -> None:
    order = stand.accepted()
    assert stand.row(order)["orderStatus"] == "put order req received"
    stand.wait()
    assert steps(stand, order) == [
        ("put order req received", "0"),
        ("validation pending", "0"),
        ("open pending", "0"),
        ("open", "0"),
        ("complete", "10"),
    ]
    row = stand.row(order)
    assert (row["pendingQuantity"], row["filledQuantity"]) == ("0", "10")
    assert row["averageTradedPrice"] == "1546.7"  # one tick above the last price
    assert row["exchangeOrderId"]
    assert row["orderTag"] == "NA"


@pytest.mark.parametrize(
    ("form", "shown"),
    [("title", "Complete"), ("upper", "COMPLETE"), ("snake", "COMPLETE"), ("lower", "complete")],
)
def test_statuses_come_in_the_case_that_is_set(form: str, shown: str) -> None:
    stand = Stand(status_case=form)
    order = stand.accepted()
    stand.wait()
    assert stand.row(order)["orderStatus"] == shown


def test_a_resting_limit_fills_when_the_price_comes(stand: Stand) -> None:
    order = stand.accepted(price="1500")
    stand.wait()
    assert stand.row(order)["orderStatus"] == "open"
    stand.price(1501)
    stand.wait()
    assert stand.row(order)["orderStatus"] == "open"
    stand.price(1499)
    stand.wait()
    row = stand.row(order)
    assert row["orderStatus"] == "complete"
    assert Decimal(row["averageTradedPrice"]) <= 1500


def test_a_resting_sell_fills_at_its_limit_or_better(stand: Stand) -> None:
    order = stand.accepted(transactionType="SELL", price="1600")
    stand.wait()
    stand.price(1700)
    stand.wait()
    assert Decimal(stand.row(order)["averageTradedPrice"]) >= 1600


def test_a_stop_waits_for_its_trigger(stand: Stand) -> None:
    order = stand.accepted(orderType="SL", slTriggerPrice="1560", price="1570")
    stand.wait()
    assert stand.row(order)["orderStatus"] == "trigger pending"
    stand.price(1561)
    stand.wait()
    assert [s for s, _ in steps(stand, order)][-3:] == ["trigger pending", "open", "complete"]


def test_an_ioc_that_does_not_trade_is_cancelled(stand: Stand) -> None:
    order = stand.accepted(validity="IOC", price="1500")
    stand.wait()
    row = stand.row(order)
    assert (row["orderStatus"], row["filledQuantity"]) == ("cancelled", "0")


def test_an_ioc_can_fill_in_part(stand: Stand) -> None:
    stand.broker.set_switches({"partial_rate": 1.0})
    order = stand.accepted(validity="IOC", quantity="9")
    stand.wait()
    row = stand.row(order)
    assert row["orderStatus"] == "cancelled"
    assert 0 < int(row["filledQuantity"]) < 9
    assert int(row["filledQuantity"]) + int(row["pendingQuantity"]) == 9


def test_partial_fills_stay_open_while_they_grow(stand: Stand) -> None:
    stand.broker.set_switches({"partial_rate": 1.0, "fill_ms": 1000})
    order = stand.accepted(quantity="9")
    stand.wait(1.5)
    row = stand.row(order)
    assert row["orderStatus"] == "open"
    assert 0 < int(row["filledQuantity"]) < 9
    stand.wait(5)
    row = stand.row(order)
    assert (row["orderStatus"], row["filledQuantity"]) == ("complete", "9")
    trades = stand.rows("trades")
    assert sum(int(t["filledQuantity"]) for t in trades) == 9
    assert len({t["exchangeTradeId"] for t in trades}) == len(trades) > 1


def test_a_cancel_takes_a_moment_and_keeps_what_filled(stand: Stand) -> None:
    order = stand.accepted(price="1500")
    stand.wait()
    result = stand.json("DELETE", f"/orders/{order}")["result"]
    assert (result["status"], result["brokerOrderId"]) == ("Success", order)
    assert stand.row(order)["orderStatus"] == "cancel pending"
    stand.wait()
    assert stand.row(order)["orderStatus"] == "cancelled"
    assert steps(stand, order)[-1] == ("cancelled", "0")
    history = stand.json("GET", f"/orders/{order}")["result"]
    assert history[-1]["cancelledQuantity"] == "10"


def test_a_cancel_may_be_repeated_until_it_has_taken_effect(stand: Stand) -> None:
    order = stand.accepted(price="1500")
    stand.wait()
    for _ in range(2):
        assert stand.json("DELETE", f"/orders/{order}")["result"]["status"] == "Success"
    stand.wait()
    assert [s for s, _ in steps(stand, order)].count("cancelled") == 1


def test_a_modify_changes_only_what_it_names(stand: Stand) -> None:
    order = stand.accepted(price="1500", orderTag="T1")
    stand.wait()
    result = stand.json("PUT", f"/orders/{order}", {"quantity": "20"})["result"]
    assert result["brokerOrderId"] == order
    assert stand.row(order)["orderStatus"] == "modify pending"
    stand.wait()
    row = stand.row(order)
    assert (row["quantity"], row["price"], row["orderTag"]) == ("20", "1500.0", "T1")
    assert row["orderStatus"] == "open"
    assert ("modified", "0") in steps(stand, order)


def test_a_modify_to_a_marketable_price_fills(stand: Stand) -> None:
    order = stand.accepted(price="1500")
    stand.wait()
    stand.json("PUT", f"/orders/{order}", {"price": "1600"})
    stand.wait()
    assert stand.row(order)["orderStatus"] == "complete"


def test_a_modify_that_the_exchange_refuses_leaves_the_order(stand: Stand) -> None:
    order = stand.accepted(price="1500")
    stand.wait()
    stand.json("PUT", f"/orders/{order}", {"price": "1500.03"})
    stand.wait()
    assert stand.row(order)["price"] == "1500.0"
    assert ("not modified", "0") in steps(stand, order)
    assert stand.row(order)["orderStatus"] == "open"


def test_quantity_below_what_filled_is_not_possible(stand: Stand) -> None:
    stand.broker.set_switches({"partial_rate": 1.0, "fill_ms": 60_000})
    order = stand.accepted(quantity="9")
    stand.wait(70)
    filled = int(stand.row(order)["filledQuantity"])
    assert 1 < filled < 9
    reply = stand.json("PUT", f"/orders/{order}", {"quantity": str(filled - 1)})
    assert reply["result"]["status"] == "EC992"
    stand.json("PUT", f"/orders/{order}", {"quantity": str(filled)})
    stand.wait(1)
    row = stand.row(order)
    assert (row["orderStatus"], row["filledQuantity"]) == ("complete", str(filled))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"quantity": "5000000"}, "RMS:Margin Exceeds, Required:"),
        ({"orderType": "MARKET", "price": None}, "RMS:Rule: MARKET"),
        ({"orderType": "SLM", "price": None, "slTriggerPrice": "1600"}, "RMS:Rule: SLM"),
        ({"product": "DELIVERY", "transactionType": "SELL", "quantity": "9999"}, "RMS:Rule: Check"),
        ({"price": "1600.03"}, "Price is not a multiple of the tick size 0.1."),
        ({"price": "2600"}, "Price is outside the day's price range"),
    ],
)
def test_rejections_show_in_the_book_and_not_in_the_reply(
    stand: Stand, changes: Json, reason: str
) -> None:
    order = stand.accepted(**changes)
    stand.wait()
    row = stand.row(order)
    assert row["orderStatus"] == "rejected"
    assert row["rejectionReason"].startswith(reason)
    assert stand.rows("trades") == []
    assert stand.rows("positions") == []


def test_a_protected_market_order_fills(stand: Stand) -> None:
    order = stand.accepted(orderType="MARKET", price=None, marketProtectionPercent="0.5")
    stand.wait()
    row = stand.row(order)
    assert (row["orderStatus"], row["marketProtectionPercent"]) == ("complete", "0.5")


def test_the_margin_rejection_names_both_sums(stand: Stand) -> None:
    order = stand.accepted(product="NORMAL", quantity="10000")
    stand.wait()
    assert "Required:16000000.00, Available:10000000.00" in stand.row(order)["rejectionReason"]


def test_freeze_quantity(stand: Stand) -> None:
    nifty = next(i for i in stand.broker.desk.instruments.segment("NSEFO") if i.kind == "FUT")
    stand.broker.desk.accounts[MASTER].cash *= 100
    order = stand.accepted(
        exchange="NSEFO", instrumentId=str(nifty.id), product="NORMAL",
        quantity=str(65 * 28), price="26500",
    )  # fmt: skip
    stand.wait()
    assert "freeze quantity of 1800" in stand.row(order)["rejectionReason"]


def test_bracket_exits_follow_the_main_order(stand: Stand) -> None:
    main = stand.accepted(orderComplexity="BO", slLegPrice="1500", targetLegPrice="1650")
    stand.wait()
    legs = [r for r in stand.rows("orders") if r["mainLegOrderId"] == main]
    assert sorted(r["orderStatus"] for r in legs) == ["open", "trigger pending"]
    assert {r["transactionType"] for r in legs} == {"SELL"}
    refused = stand.json("PUT", f"/orders/{legs[0]['brokerOrderId']}", {"quantity": "5"})
    assert refused["result"]["status"] == "EC702"
    stand.price(1651)
    stand.wait()
    legs = [r for r in stand.rows("orders") if r["mainLegOrderId"] == main]
    assert sorted(r["orderStatus"] for r in legs) == ["cancelled", "complete"]
    assert [o.origin for o in stand.broker.ledger.accepted] == ["request", "leg", "leg"]


def test_an_amo_waits_for_the_opening(stand: Stand) -> None:
    order = stand.accepted(orderComplexity="AMO")
    stand.wait(3600)
    assert stand.row(order)["orderStatus"] == "after market order req received"
    stand.json("PUT", f"/orders/{order}", {"quantity": "5"})
    assert stand.row(order)["orderStatus"] == "modify after market order req received"
    stand.json("DELETE", f"/orders/{order}")
    assert stand.row(order)["orderStatus"] == "cancelled after market order"


def test_trading_hours_can_be_kept(stand: Stand) -> None:
    stand.broker.set_switches({"trading_hours": True})
    resting = stand.accepted(price="1500")
    stand.clock.now = MORNING + 6 * 3600 * NS  # 16:00
    assert stand.row(resting)["orderStatus"] == "cancelled"
    late = stand.accepted()
    stand.wait()
    row = stand.row(late)
    assert (row["orderStatus"], row["rejectionReason"]) == ("rejected", "Market is closed.")


def test_a_halted_exchange_takes_no_order_and_keeps_what_rests(stand: Stand) -> None:
    resting = stand.accepted(price="1500")
    stand.wait()
    stand.broker.set_switches({"halted": ["NSEEQ"]})
    late = stand.accepted()
    stand.wait()
    assert stand.row(resting)["orderStatus"] == "open"
    assert stand.row(late)["rejectionReason"] == "Market is halted."


def test_the_outcome_does_not_depend_on_when_one_looks() -> None:
    def run(looks: list[float]) -> list[tuple[str, int, int]]:
        stand = Stand(market="walk", partial_rate=0.5, rate_limits=False)
        for place in range(12):
            side = "BUY" if place % 2 else "SELL"
            stand.accepted(transactionType=side, price=f"{1530 + 3 * place}", quantity="9")
        start = stand.clock.now
        for look in looks:
            stand.clock.now = start + round(look * NS)
            stand.rows("orders")
        stand.clock.now = start + 1800 * NS
        stand.broker.advance()
        return [(o.status, o.filled, o.value) for o in stand.broker.ledger.accepted]

    never = run([])
    assert never == run([x * 0.7 for x in range(1, 400)])
    assert never == run([900.0])
    assert {status for status, _, _ in never} >= {"complete", "open"}


def test_accounts_do_not_touch_each_other(stand: Stand) -> None:
    stand.accepted(who=FIRST)
    stand.wait()
    assert stand.rows("orders") == []
    assert len(stand.rows("orders", FIRST)) == 1


def test_expired_contracts_leave_the_files_and_refuse_orders() -> None:
    clock = MovableClock()
    stand = Stand()
    live = stand.broker.desk.instruments
    option = min((i for i in live.live if i.kind == "CE"), key=lambda i: i.expiry)
    assert option in live.segment(option.exchange)
    stand.clock.now = clock.now + 2 * 86_400 * NS
    stand.tokens[MASTER] = stand.broker.open_session(MASTER)
    order = stand.accepted(
        exchange=option.exchange, instrumentId=str(option.id), product="NORMAL",
        quantity=str(option.lot), price="100",
    )  # fmt: skip
    stand.wait()
    assert option not in live.segment(option.exchange)
    assert stand.row(order)["rejectionReason"] == "Contract has expired."


def test_a_book_shows_a_change_of_a_switch_or_of_an_order_in_the_next_read(stand: Stand) -> None:
    order = stand.accepted()
    stand.wait()
    assert stand.send("GET", "/orders").body == stand.send("GET", "/orders").body
    stand.wait()
    stand.broker.set_switches({"books": "bare"})
    assert stand.send("GET", "/orders").body.startswith(b"[")
    stand.wait()
    stand.broker.set_switches({"books": "keyed", "status_case": "upper"})
    (row,) = stand.json("GET", "/orders")["result"]["orders"]
    assert (row["brokerOrderId"], row["orderStatus"]) == (order, "COMPLETE")


def test_a_settled_row_shows_a_fill_that_comes_after_all(stand: Stand) -> None:
    stand.broker.add_fault(Fault(action="fill_after_cancel"))
    stand.broker.set_switches({"fill_ms": 2_000.0})
    order = stand.accepted(price="1500")
    stand.wait()
    stand.json("DELETE", f"/orders/{order}")
    stand.wait()
    (before,) = stand.rows("orders")
    assert (before["orderStatus"], before["filledQuantity"]) == ("cancelled", "0")
    assert stand.rows("trades") == []
    stand.wait(3)
    (after,) = stand.rows("orders")
    assert (after["orderStatus"], after["filledQuantity"]) == ("complete", "10")
    assert len(stand.rows("trades")) == 1


def test_a_clock_that_is_turned_back_shows_no_order_of_later(stand: Stand) -> None:
    first = stand.accepted()
    stand.wait(60)
    stand.accepted()
    stand.wait(60)
    assert len(stand.rows("orders")) == 2
    assert len(stand.rows("trades")) == 2
    stand.wait(-100)
    assert [row["brokerOrderId"] for row in stand.rows("orders")] == [first]
    assert [row["brokerOrderId"] for row in stand.rows("trades")] == [first]


def test_a_hidden_order_comes_into_its_place_in_the_book(stand: Stand) -> None:
    stand.broker.add_fault(Fault(action="show_late", seconds=30.0, nth=[2]))
    orders = []
    for _ in range(3):
        orders.append(stand.accepted())
        stand.wait()
    assert [row["brokerOrderId"] for row in stand.rows("orders")] == [orders[0], orders[2]]
    assert [row["brokerOrderId"] for row in stand.rows("trades")] == [orders[0], orders[2]]
    stand.wait(60)
    assert [row["brokerOrderId"] for row in stand.rows("orders")] == orders
    assert len(stand.rows("trades")) == 3
