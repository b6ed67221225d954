"""What risk control and exchange reject, what margin is held for, and the broker's square-off."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copytrade_gui.simulator.rupees import UNIT
from copytrade_gui.simulator.standing import carry
from tests.simulator.stand import FIRST, MASTER, RELIANCE, Json, Stand


def contract(stand: Stand, kind: str, underlying: str = "NIFTY") -> Any:
    """A contract near the money that does not expire today."""
    desk = stand.broker.desk
    return min(
        (i for i in desk.instruments.live if (i.kind, i.underlying) == (kind, underlying)
         and i.expiry > desk.instruments.today),
        key=lambda i: (i.expiry, abs(i.strike - i.price)),
    )  # fmt: skip


def of(instrument: Any, quantity: int, **changes: str) -> dict[str, str]:
    return {
        "exchange": instrument.exchange, "instrumentId": str(instrument.id),
        "quantity": str(quantity), "product": "NORMAL",
    } | changes  # fmt: skip


def utilised(stand: Stand) -> float:
    return float(stand.json("GET", "/limits")["result"]["utilizedMargin"])


sides = st.sampled_from(["BUY", "SELL"])


@settings(max_examples=25, deadline=None)
@given(st.integers(-6, 6), sides, st.integers(1, 12), sides, st.integers(1, 12))
def test_the_margin_call_says_what_an_order_will_hold(
    carried: int, first: str, one: int, second: str, two: int
) -> None:
    """With a position, and with another order that closes it on its way already."""
    stand = Stand(rate_limits=False)
    future = contract(stand, "FUT")
    account = stand.broker.desk.accounts[MASTER]
    if carried:
        carry(account, future, "NORMAL", quantity=carried * future.lot, price=26_000 * UNIT)
    open_before = carried
    for side, lots in ((first, one), (second, two)):
        price = 25_500 if side == "BUY" else 26_900  # neither trades at once
        order = of(future, lots * future.lot, transactionType=side, price=str(price))
        whole = {"orderType": "LIMIT", "validity": "DAY", "orderComplexity": "REGULAR"} | order
        said = stand.json("POST", "/preordermargin", whole)
        before = utilised(stand)
        assert float(said["preOrderMargin"]) == pytest.approx(before)
        stand.accepted(**order)
        stand.wait()
        assert utilised(stand) - before == pytest.approx(float(said["currentOrderMargin"]))
        assert utilised(stand) == pytest.approx(float(said["postOrderMargin"]))
        against = max(0, -open_before if side == "BUY" else open_before)
        opening = lots - min(lots, against)
        margin = round(opening * future.lot * price * 0.15, 2)
        assert float(said["currentOrderMargin"]) == pytest.approx(margin)
        if first == second:
            closes = min(lots, against)
            open_before += closes if side == "BUY" else -closes
    for order_id in list(account.orders):
        stand.json("DELETE", f"/orders/{order_id}")
    stand.wait()
    held = sum(p.margin for p in account.positions.values())
    assert utilised(stand) == pytest.approx(held / UNIT)
    assert all(position.closing == 0 for position in account.positions.values())


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 9), st.integers(0, 3))
def test_margin_follows_fills_and_cancels(held: int, sold: int, parts: int, fills: int) -> None:
    """An exit that turns into an entry halfway, filled in parts and cancelled in the middle."""
    stand = Stand(partial_rate=1.0, fill_ms=1000, rate_limits=False)
    future = contract(stand, "FUT")
    account = stand.broker.desk.accounts[MASTER]
    carry(account, future, "NORMAL", quantity=held * future.lot, price=26_000 * UNIT)
    order = stand.accepted(**of(future, (sold + parts) * future.lot, transactionType="SELL",
                                price="25500"))  # fmt: skip
    stand.wait(0.5 + fills)
    stand.json("DELETE", f"/orders/{order}")
    stand.wait(30)
    stand.broker.advance()
    (position,) = account.positions.values()
    assert account.blocked_by_orders == 0
    assert position.closing == 0
    assert position.net == held * future.lot - stand.order(order).filled
    lost = max(0, -account.realised)
    assert utilised(stand) == pytest.approx((position.margin + lost) / UNIT)


REJECTIONS: list[tuple[dict[str, str], dict[str, Any], str]] = [
    ({"quantity": "90000", "product": "NORMAL", "price": "1560"}, {},
     "RMS:Margin Exceeds, Required:140400000.00, Available:10000000.00"),
    ({"price": "1900"}, {}, "Price is outside the day's price range"),
    ({"price": "1500.03"}, {}, "Price is not a multiple of the tick size 0.1."),
    ({"kind": "FUT", "quantity": "1820", "price": "26000"}, {}, "freeze quantity of 1800"),
    ({"kind": "FUT", "quantity": "65", "price": "27500"}, {"price_protection": True},
     "Price is outside the limit price protection range"),
    ({"kind": "CE", "quantity": "65", "price": "2000"}, {"price_protection": True},
     "Price is outside the limit price protection range"),
    ({"kind": "CE", "quantity": "65", "price": "2000"}, {}, ""),
    ({"orderType": "MARKET", "price": ""}, {}, "RMS:Rule: MARKET order without market protection"),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "switches", "reason"), REJECTIONS)
def test_what_is_rejected_and_why(
    fields: dict[str, str], switches: dict[str, Any], reason: str
) -> None:
    stand = Stand(**switches)
    kind = fields.pop("kind", "")
    given = of(contract(stand, kind), int(fields["quantity"])) if kind else {}
    wanted: Json = given | fields | {name: None for name, value in fields.items() if not value}
    order = stand.accepted(**wanted)
    stand.wait()
    row = stand.row(order)
    assert reason in row["rejectionReason"]
    assert (row["orderStatus"] == "rejected") is bool(reason)
    if reason:
        assert utilised(stand) == 0


def test_a_loss_beyond_what_is_free_opens_nothing_more() -> None:
    stand = Stand()
    account = stand.broker.desk.accounts[MASTER]
    account.cash = 1_000_000 * UNIT
    stand.accepted(quantity="3000", price="1560")  # 9,28,000 of the margin
    stand.wait()
    stand.price(1500)
    more = stand.accepted(quantity="10", price="1510")
    stand.wait()
    reason = stand.row(more)["rejectionReason"]
    assert reason.startswith("RMS:MtoM Exceeds, Required:140100.00, Available:")
    leave = stand.accepted(quantity="3000", transactionType="SELL", price="1490")
    stand.wait()
    assert stand.row(leave)["orderStatus"] == "complete"


# -- the square-off ---------------------------------------------------------------------------

TO_THREE_FIFTEEN = 5.25 * 3600  # from ten in the morning


def before_the_square_off(**switches: Any) -> tuple[Stand, Any]:
    """Intraday and carried positions, an order that rests, and a stop."""
    stand = Stand(square_off=True, rate_limits=False, **switches)
    future = contract(stand, "FUT")
    stand.broker.desk.accounts[FIRST].cash = 10**9 * UNIT
    stand.accepted(FIRST, quantity="10")
    for _ in range(2):
        stand.accepted(FIRST, **of(future, 1755, product="INTRADAY", transactionType="SELL",
                                   price="26000"))  # fmt: skip
    stand.accepted(FIRST, quantity="3", product="NORMAL")
    stand.accepted(FIRST, price="1500")
    stand.accepted(FIRST, orderType="SL", slTriggerPrice="1600", price="1610", product="NORMAL")
    stand.wait()
    stand.broker.advance()
    return stand, future


def test_the_broker_ends_intraday_positions_and_orders() -> None:
    stand, future = before_the_square_off()
    stand.wait(TO_THREE_FIFTEEN)
    rows = {(r["instrumentId"], r["product"]): r["netQuantity"]
            for r in stand.rows("positions", FIRST)}  # fmt: skip
    assert rows == {
        (RELIANCE, "INTRADAY"): 0, (str(future.id), "INTRADAY"): 0, (RELIANCE, "NORMAL"): 3,
    }  # fmt: skip
    book = stand.rows("orders", FIRST)
    closing = [r for r in book if r["source"] == "Admin"]
    assert [(r["transactionType"], int(r["quantity"])) for r in closing] == [
        ("SELL", 10), ("BUY", 1755), ("BUY", 1755),
    ]  # fmt: skip
    assert {r["placedBy"] for r in closing} == {"ADMIN"}
    assert {r["exchangeTimestamp"] for r in closing} == {"24-Nov-2026 15:15:00"}
    (resting,) = [r for r in book if r["price"] == "1500.0"]
    assert (resting["orderStatus"], resting["rejectionReason"]) == (
        "cancelled", "RMS: Auto Square Off",
    )  # fmt: skip
    assert [r["orderStatus"] for r in book if r["orderType"] == "SL"] == ["trigger pending"]
    late = stand.accepted(FIRST, quantity="1")
    kept = stand.accepted(FIRST, quantity="1", product="NORMAL")
    stand.wait()
    assert stand.row(late, FIRST)["rejectionReason"] == "RMS: Auto Square Off Block"
    assert stand.row(kept, FIRST)["orderStatus"] == "complete"


@pytest.mark.parametrize("looks", [1, 7, 63])
def test_it_is_the_same_however_often_the_account_is_looked_at(looks: int) -> None:
    """Also when nobody looks before the next morning."""

    def ledger(times: int) -> list[Json]:
        stand, _ = before_the_square_off(market="walk", partial_rate=0.3)
        for _ in range(times):
            stand.wait(20 * 3600 / times)
            stand.broker.advance()
        return [dict(row) for row in stand.broker.ledger.rows()]

    assert ledger(looks) == ledger(20)


def test_switching_it_on_after_its_time_ends_nothing(stand: Stand) -> None:
    stand.wait(TO_THREE_FIFTEEN + 60)
    stand.accepted()
    stand.wait()
    stand.broker.set_switches({"square_off": True})
    stand.wait(60)
    assert [r["netQuantity"] for r in stand.rows("positions")] == [10]


def test_without_the_switch_nothing_is_ended(stand: Stand) -> None:
    stand.accepted()
    stand.wait(TO_THREE_FIFTEEN + 60)
    assert [r["netQuantity"] for r in stand.rows("positions")] == [10]
