"""What owners do at the broker's web page and phone, and how programs get to see it."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copytrade_gui.simulator.feed.feed import Message
from copytrade_gui.simulator.owner import OwnerError
from tests.simulator.served import serving
from tests.simulator.stand import FIRST, MASTER, RELIANCE, Json, Stand

TEN = {"exchange": "NSEEQ", "instrumentId": RELIANCE, "quantity": "10"}


def told(stand: Stand, client: str = MASTER) -> list[Json]:
    updates: list[Json] = []

    def listen(message: Message) -> None:
        updates.append(msgspec.json.decode(message.payload))

    stand.broker.feed.subscribe(f"prod/updates/order/v1/{client}", listen)
    return updates


def test_a_market_order_of_the_web_becomes_a_limit_order(stand: Stand) -> None:
    updates = told(stand)
    order = stand.broker.owner(MASTER).place(TEN).order_id
    first = stand.row(order)
    assert (first["orderType"], first["price"]) == ("MARKET", "0.0")
    stand.wait()
    row = stand.row(order)
    assert (row["orderType"], row["orderStatus"]) == ("LIMIT", "complete")
    assert row["price"] == "1592.9"  # 3 % above the last price, on the tick
    shown = ("source", "placedBy", "appKey", "apiOrderSource", "orderTag")
    assert [row[name] for name in shown] == ["Web", MASTER, "NA", "NA", "NA"]
    assert {u["brokerOrderId"] for u in updates} == {order}
    assert [u["orderType"] for u in updates] == ["MARKET", "MARKET", "LIMIT", "LIMIT", "LIMIT"]
    assert {u["comments"] for u in updates} == {"NA~NA~Web"}
    ledger = stand.broker.ledger
    assert ledger.summary()["accepted_by_origin"] == {"web": 1}
    assert ledger.wire == []  # no request of a program


VARIANTS: list[tuple[dict[str, str], dict[str, Any], dict[str, str]]] = [
    ({"product": "DELIVERY"}, {}, {"product": "DELIVERY", "source": "Web"}),
    ({"orderTag": "my phone 1"}, {"channel": "App"}, {"orderTag": "my phone 1", "source": "App"}),
    ({}, {"channel": "Dealer"}, {"placedBy": "DEALER01", "source": "Dealer"}),
    ({"orderType": "LIMIT", "price": "1500", "validity": "IOC"}, {}, {"orderStatus": "cancelled"}),
    ({"orderType": "SLM", "slTriggerPrice": "1560"}, {}, {"orderStatus": "trigger pending"}),
    ({"orderComplexity": "AMO"}, {}, {"orderStatus": "after market order req received"}),
    ({"orderComplexity": "CO", "slLegPrice": "1500"}, {}, {"orderComplexity": "CO"}),
    (
        {"orderComplexity": "BO", "orderType": "LIMIT", "price": "1550", "slLegPrice": "1500",
         "targetLegPrice": "1600"}, {}, {"orderComplexity": "BO", "mainLegOrderId": "NA"},
    ),
    ({}, {"words": {"orderComplexity": "GTT", "product": "MTF"}},
     {"orderComplexity": "GTT", "product": "MTF"}),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "options", "shown"), VARIANTS)
def test_orders_that_programs_can_or_cannot_place(
    stand: Stand, fields: dict[str, str], options: dict[str, Any], shown: dict[str, str]
) -> None:
    """Books and feed show the same of each."""
    updates = told(stand, FIRST)
    order = stand.broker.owner(FIRST).place(TEN | fields, **options).order_id
    stand.wait()
    row = stand.row(order, FIRST)
    assert {name: row[name] for name in shown} == shown
    last = [u for u in updates if u["brokerOrderId"] == order][-1]
    tag = row.pop("orderTag")
    assert last["comments"] == f"{tag}~NA~{options.get('channel', 'Web')}"
    same = set(row) & set(last)
    assert {name: row[name] for name in same} == {name: last[name] for name in same}
    assert len(same) > 20
    trades = [t for t in stand.rows("trades", FIRST) if t["brokerOrderId"] == order]
    assert all(t["product"] == row["product"] for t in trades)
    legs = [r for r in stand.rows("orders", FIRST) if r["mainLegOrderId"] == order]
    assert len(legs) == {"BO": 2, "CO": 1}.get(row["orderComplexity"], 0)


def test_owner_and_program_change_each_others_orders(stand: Stand) -> None:
    owner = stand.broker.owner(MASTER)
    ours = stand.accepted(price="1500", orderTag="CT1")
    his = owner.place(TEN | {"orderType": "LIMIT", "price": "1501"}).order_id
    stand.wait()
    owner.modify(ours, {"price": "1502", "quantity": "20"})
    stand.json("PUT", f"/orders/{his}", {"price": "1503"})
    stand.wait()
    row = stand.row(ours)
    assert (row["price"], row["quantity"], row["orderTag"]) == ("1502.0", "20", "CT1")
    assert stand.row(his)["price"] == "1503.0"
    owner.cancel(ours)
    stand.json("DELETE", f"/orders/{his}")
    stand.wait()
    assert {stand.row(one)["orderStatus"] for one in (ours, his)} == {"cancelled"}


@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(1, 100), st.booleans()), min_size=1, max_size=6))
def test_a_position_is_left_in_parts(parts: list[tuple[int, bool]]) -> None:
    """In whole lots, at least one, and never through zero."""
    stand = Stand()
    future = next(i for i in stand.broker.desk.instruments.live if i.symbol.startswith("NIFTY2"))
    owner = stand.broker.owner(FIRST)
    lots = 7
    owner.place(
        {"exchange": "NSEFO", "instrumentId": str(future.id), "quantity": str(lots * future.lot),
         "transactionType": "SELL", "product": "NORMAL"}
    )  # fmt: skip
    stand.wait()
    for percent, by_phone in parts:
        if not lots:
            with pytest.raises(OwnerError, match="no open position"):
                owner.leave("NSEFO", str(future.id), "NORMAL", percent=percent)
            continue
        channel = "App" if by_phone else "Web"
        owner.leave("NSEFO", str(future.id), "NORMAL", percent=percent, channel=channel)
        lots -= max(1, lots * percent // 100)
        stand.wait()
        (row,) = stand.rows("positions", FIRST)
        assert row["netQuantity"] == -lots * future.lot


@pytest.mark.parametrize(
    ("fields", "options", "named"),
    [
        ({"quantity": "0"}, {}, "EC904"),
        ({"instrumentId": "1"}, {}, "EC947"),
        ({"orderType": "LIMIT"}, {}, "EC950"),
        ({}, {"channel": "Fax"}, "channel"),
        ({}, {"words": {"price": "1"}}, "words"),
    ],
)
def test_what_an_owner_cannot_place(
    stand: Stand, fields: dict[str, str], options: dict[str, Any], named: str
) -> None:
    with pytest.raises(OwnerError, match=named):
        stand.broker.owner(MASTER).place(TEN | fields, **options)
    assert stand.broker.ledger.accepted == []


async def test_owners_over_the_control_path() -> None:
    async with serving() as served, served.client() as client:

        async def ask(what: str, **body: object) -> Json:
            reply = await client.post(f"{served.control}/owner/{what}", json=body)
            answer: Json = reply.json()
            return answer | {"code": reply.status_code}

        limit = TEN | {"orderType": "LIMIT", "price": 1500}
        placed = await ask("place", client_id=FIRST, order=limit, channel="App")
        assert (placed["client_id"], placed["side"], placed["price"]) == (FIRST, "BUY", "1500.0")
        order = placed["order_id"]
        mine = {"client_id": FIRST, "order_id": order}
        served.broker.set_switches({"fill_ms": 0, "change_ms": 0})
        while (await ask("modify", **mine, changes={"price": 1600}))["code"] != 200:
            assert served.broker.ledger.accepted[0].live  # it is still on its way
        while served.broker.ledger.accepted[0].live:
            served.broker.advance()
        left = await ask("leave", client_id=FIRST, exchange="NSEEQ", instrument_id=RELIANCE)
        assert (left["side"], left["quantity"]) == ("SELL", 10)
        assert "EC995" in (await ask("cancel", **mine))["error"]
        assert "client_id" in (await ask("cancel", client_id="1", order_id=order))["error"]
        assert (
            "percent"
            in (
                await ask("leave", client_id=FIRST, exchange="NSEEQ", instrument_id="1", percent=0)
            )["error"]
        )
        assert "colour" in (await ask("place", client_id=FIRST, order=TEN, colour="red"))["error"]
