"""Profit and cash to the last paisa: what was paid, what was received, and what is still open."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copytrade_gui.simulator.instruments import Instrument
from copytrade_gui.simulator.rupees import UNIT
from copytrade_gui.simulator.standing import StandingError, carry, hold, profit_report
from tests.simulator.stand import FIRST, MASTER, RELIANCE, Json, Stand


def instruments(stand: Stand) -> list[Instrument]:
    """A share, a future with a lot, an option, a commodity in lots, a currency."""
    live = stand.broker.desk.instruments.live
    wanted = [("NSEEQ", "EQ"), ("NSEFO", "FUT"), ("NSEFO", "CE"), ("MCXCOMM", "FUT"),
              ("NSECURR", "FUT")]  # fmt: skip
    later = [i for i in live if not i.expiry or i.expiry > stand.broker.desk.instruments.today]
    return [next(i for i in later if (i.exchange, i.kind) == pair) for pair in wanted]


def report(stand: Stand, client: str = MASTER) -> Json:
    stand.broker.advance()
    desk = stand.broker.desk
    return profit_report([desk.accounts[client]], desk.prices, desk.now())


def flows(rows: list[Json], multiplier: int) -> Decimal:
    """What trades brought in less what they cost."""
    sides = {"SELL": 1, "BUY": -1}
    money = (
        sides[row["transactionType"]] * Decimal(row["tradedPrice"]) * int(row["filledQuantity"])
        for row in rows
    )
    return sum(money, Decimal(0)) * multiplier


trades = st.lists(
    st.tuples(
        st.integers(0, 4),
        st.sampled_from(["BUY", "SELL"]),
        st.integers(1, 9),
        st.sampled_from(["NORMAL", "INTRADAY"]),
        st.integers(-200, 200),
    ),
    min_size=1,
    max_size=14,
)


@settings(max_examples=25, deadline=None)
@given(trades, st.integers(1, 5))
def test_realised_and_open_are_what_the_trade_book_says(
    wanted: list[tuple[int, str, int, str, int]], seed: int
) -> None:
    stand = Stand(seed=seed, market="walk", partial_rate=0.5, rate_limits=False)
    account = stand.broker.desk.accounts[MASTER]
    account.cash = capital = 10**9 * UNIT
    known = instruments(stand)
    for which, side, lots, product, move in wanted:
        one = known[which]
        owner = stand.broker.owner(MASTER)
        owner.place(
            {"exchange": one.exchange, "instrumentId": str(one.id), "transactionType": side,
             "quantity": lots * one.quantity_step, "product": product}
        )  # fmt: skip
        stand.wait(5)
        stand.broker.set_price(
            one.exchange, str(one.id),
            max(one.tick, stand.broker.last_price(one.exchange, str(one.id)) + move * one.tick),
        )  # fmt: skip
    stand.wait(5)
    rows = report(stand)["rows"]
    book = stand.rows("trades", pause=0)
    total = Decimal(0)
    for row in rows:
        one = next(i for i in known if str(i.id) == row["instrument_id"])
        mine = [t for t in book if t["instrumentId"] == row["instrument_id"]
                and t["product"] == row["product"]]  # fmt: skip
        value = Decimal(row["last"]) * row["net"] * one.multiplier
        assert Decimal(row["total"]) == flows(mine, one.multiplier) + value
        if not row["net"]:
            assert Decimal(row["realised"]) == flows(mine, one.multiplier)
        total += Decimal(row["realised"])
    assert Decimal(account.realised) / UNIT == total
    assert account.cash == capital
    positions = stand.rows("positions", pause=0)
    assert sum(Decimal(str(p["realizedPnl"])) for p in positions) == total
    # Overnight the profit becomes cash, and what is carried costs what it cost.
    carried = {key: (p.net, p.open_value) for key, p in account.positions.items()
               if p.net and p.product == "NORMAL"}  # fmt: skip
    intraday = sum(
        p.profit_at(stand.broker.desk.prices.last(p.instrument, 1_795_545_000 - 1))
        for p in account.positions.values() if p.net and p.product == "INTRADAY"
    )  # fmt: skip
    stand.clock.now = 1_795_545_000 * 10**9  # midnight
    stand.broker.advance()
    assert account.cash == capital + int(total * UNIT) + intraday
    assert {key: (p.net, p.open_value) for key, p in account.positions.items()} == carried


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(1, 5000), st.integers(1, 10**8)), max_size=12))
def test_averages_are_the_broker_s_formulas(fills: list[tuple[bool, int, int]]) -> None:
    """docs/broker.md 14, in exact fractions, with a position that was carried."""
    stand = Stand()
    desk = stand.broker.desk
    future = next(i for i in desk.instruments.live if i.kind == "FUT" and i.exchange == "NSEFO")
    carry(desk.accounts[FIRST], future, "NORMAL", quantity=-3 * future.lot, price=1_234_567)
    (position,) = desk.accounts[FIRST].positions.values()
    bought, paid, sold, got = 0, 0, 3 * future.lot, 3 * future.lot * 1_234_567
    for buy, quantity, price in fills:
        position.take(buy=buy, quantity=quantity, price=price)
        if buy:
            bought, paid = bought + quantity, paid + quantity * price
        else:
            sold, got = sold + quantity, got + quantity * price
    net = bought - sold
    assert position.net == net
    assert abs(position.buy_price - Fraction(paid, bought or 1)) <= Fraction(1, 2)
    assert abs(position.sell_price - Fraction(got, sold)) <= Fraction(1, 2)
    if net:
        assert abs(position.net_price - Fraction(paid - got, net)) <= Fraction(1, 2)
    closed = min(bought, sold)
    exact = closed * (Fraction(got, sold) - Fraction(paid, bought or 1))
    assert abs(position.realised - exact) <= Fraction(1, 2)
    assert position.realised + position.profit_at(777) == got - paid + net * 777


def test_a_carried_position_is_closed_against_what_it_cost(stand: Stand) -> None:
    desk = stand.broker.desk
    share = stand.broker.find_instrument("NSEEQ", RELIANCE)
    carry(desk.accounts[MASTER], share, "NORMAL", quantity=10, price=1500 * UNIT)
    (row,) = stand.rows("positions")
    assert (row["overnightQuantity"], row["overnightPrice"], row["netQuantity"]) == (10, 1500, 10)
    assert stand.json("GET", "/limits")["result"]["utilizedMargin"] == 15_000
    stand.accepted(transactionType="SELL", quantity="4", price="1500", product="NORMAL")
    stand.wait()
    (row,) = stand.rows("positions")
    assert row["realizedPnl"] == pytest.approx(4 * (1546.5 - 1500))
    assert (row["daySellQuantity"], row["daySellValue"]) == (4, pytest.approx(4 * 1546.5))
    assert report(stand)["accounts"][MASTER]["total"] == "465.6"  # 4 x 46.5 and 6 x 46.6


@pytest.mark.parametrize(
    ("product", "quantity", "named"),
    [("DELIVERY", 10, "NORMAL"), ("NORMAL", 0, "quantity"), ("NORMAL", 10, "already")],
)
def test_what_cannot_be_carried(stand: Stand, product: str, quantity: int, named: str) -> None:
    account = stand.broker.desk.accounts[MASTER]
    share = stand.broker.find_instrument("NSEEQ", RELIANCE)
    if named == "already":
        carry(account, share, "NORMAL", quantity=5, price=UNIT)
    with pytest.raises(StandingError, match=named):
        carry(account, share, product, quantity=quantity, price=UNIT)


# -- shares -----------------------------------------------------------------------------------


def held(stand: Stand) -> Json:
    rows = [h for h in stand.rows("holdings") if h["nseInstrumentId"] == RELIANCE]
    return rows[0] if rows else {"totalQuantity": 0}


def give(stand: Stand, **quantities: int) -> None:
    account = stand.broker.desk.accounts[MASTER]
    account.holdings.clear()
    share = stand.broker.find_instrument("NSEEQ", RELIANCE)
    hold(account, share, price=1400 * UNIT, **quantities)


def sell(stand: Stand, quantity: int, price: str = "1500", **changes: str) -> Json:
    order = stand.accepted(
        transactionType="SELL", product="DELIVERY", quantity=str(quantity), price=price, **changes
    )
    stand.wait()
    return stand.row(order)


def test_only_what_is_free_can_be_sold_and_only_once(stand: Stand) -> None:
    give(stand, settled=10, unsettled=5, pledged=20)
    assert (
        sell(stand, 16)["rejectionReason"] == "RMS:Rule: Check holdings, Required:16, Available:15"
    )
    assert sell(stand, 9, price="1600")["orderStatus"] == "open"
    assert "Available:6" in sell(stand, 7)["rejectionReason"]
    margin = stand.json("POST", "/preordermargin", {
        "instrumentId": RELIANCE, "exchange": "NSEEQ", "transactionType": "SELL", "quantity": "7",
        "orderComplexity": "REGULAR", "product": "DELIVERY", "orderType": "LIMIT",
        "validity": "DAY", "price": "1500",
    })  # fmt: skip
    assert margin["rmsvalidationMessage"] == "NOT_OK"
    assert sell(stand, 6)["orderStatus"] == "complete"
    assert (held(stand)["totalQuantity"], held(stand)["collateralQuantity"]) == (29, 20)


def test_shares_bought_back_are_held_again(stand: Stand) -> None:
    give(stand, settled=10)
    sell(stand, 8)
    assert held(stand)["totalQuantity"] == 2
    limits = stand.json("GET", "/limits")["result"]
    assert limits["creditForSell"] == pytest.approx(8 * 1546.5 * 0.8)
    stand.accepted(product="DELIVERY", quantity="8")
    stand.wait()
    assert held(stand)["totalQuantity"] == 10
    limits = stand.json("GET", "/limits")["result"]
    assert (limits["creditForSell"], limits["utilizedMargin"]) == (0, pytest.approx(1.6))
    assert report(stand)["accounts"][MASTER]["total"] == "-1.6"


def test_shares_sold_at_one_exchange_are_gone_at_the_other(stand: Stand) -> None:
    give(stand, settled=10)
    desk = stand.broker.desk
    other = next(i for i in desk.instruments.live if i.exchange == "BSEEQ" and i.kind == "EQ"
                 and i.underlying == "RELIANCE")  # fmt: skip
    sell(stand, 8)
    last = desk.prices.last(other, 0) // UNIT
    row = sell(stand, 3, exchange="BSEEQ", instrumentId=str(other.id), price=str(last - 20))
    assert row["rejectionReason"] == "RMS:Rule: Check holdings, Required:3, Available:2"


def test_delivery_over_two_midnights(stand: Stand) -> None:
    """Bought, held from the next day on, sold: cash is what came in less what was paid."""
    account = stand.broker.desk.accounts[MASTER]
    account.holdings.clear()
    before = account.cash
    stand.accepted(product="DELIVERY", quantity="7")
    stand.wait(24 * 3600)
    stand.tokens[MASTER] = stand.broker.open_session(MASTER)
    assert (held(stand)["t1Quantity"], held(stand)["averageTradedPrice"]) == (7, 1546.7)
    assert account.cash == before - 7 * 15_467_000
    sell(stand, 7)
    stand.wait(24 * 3600)
    stand.broker.advance()
    assert account.cash == before - 7 * 15_467_000 + 7 * 15_465_000
    assert [h for h in account.holdings.values() if h.settled + h.unsettled] == []


# -- expiry -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("above", "worth"), [(120, 120), (-120, 0)])
def test_an_option_is_settled_at_its_inner_value(above: int, worth: int) -> None:
    stand = Stand()
    desk = stand.broker.desk
    index = next(i for i in desk.instruments.live if i.symbol == "NIFTY" and i.kind == "INDEX")
    call = min((i for i in desk.instruments.live if i.kind == "CE" and i.underlying == "NIFTY"),
               key=lambda i: (i.expiry, i.strike))  # fmt: skip
    account = desk.accounts[FIRST]
    before = account.cash
    carry(account, call, "NORMAL", quantity=2 * call.lot, price=50 * UNIT)
    stand.broker.set_price("NSEEQ", str(index.id), call.strike + above * UNIT)
    stand.wait(24 * 3600)
    stand.broker.advance()
    assert account.positions == {}
    assert account.cash - before == 2 * call.lot * (worth - 50) * UNIT
