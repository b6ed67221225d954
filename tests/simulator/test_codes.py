"""Every refusal the broker documents for orders, with its code, and nothing placed."""

import pytest

from copytrade_gui.simulator.codes import TEXTS
from tests.simulator.stand import MASTER, Stand, leg

NIFTY_EQUITY = {"exchange": "NSEEQ"}


def future(stand: Stand, underlying: str, exchange: str) -> str:
    return str(
        next(
            i.id
            for i in stand.broker.desk.instruments.live
            if i.underlying == underlying and i.exchange == exchange and i.kind == "FUT"
        )
    )


PLACE = [
    ("EC900", {"exchange": None}),
    ("EC900", {"exchange": ""}),
    ("EC901", {"exchange": "NYSE"}),
    ("EC941", {"instrumentId": None}),
    ("EC946", {"instrumentId": "RELIANCE"}),
    ("EC947", {"instrumentId": "999999999"}),
    ("EC947", {"instrumentId": "999920000"}),  # an index cannot be bought
    ("EC929", {"transactionType": "buy"}),
    ("EC929", {"transactionType": None}),
    ("EC936", {"product": None}),
    ("EC928", {"product": "MIS"}),
    ("EC934", {"orderType": None}),
    ("EC930", {"orderType": "SL-M"}),
    ("EC942", {"orderComplexity": None}),
    ("EC943", {"orderComplexity": "GTT"}),
    ("EC944", {"validity": None}),
    ("EC932", {"validity": "GTC"}),
    ("EC903", {"quantity": None}),
    ("EC903", {"quantity": ""}),
    ("EC904", {"quantity": "0"}),
    ("EC904", {"quantity": -5}),
    ("EC949", {"quantity": "ten"}),
    ("EC949", {"quantity": "NaN"}),
    ("EC949", {"quantity": "1e999"}),
    ("EC949", {"quantity": 1.5}),
    ("EC949", {"quantity": True}),
    ("EC949", {"quantity": ["10"]}),
    ("EC948", {"quantity": "50000001"}),
    ("EC950", {"price": None}),
    ("EC957", {"price": "abc"}),
    ("EC957", {"price": "Infinity"}),
    ("EC957", {"price": "1.23456"}),
    ("EC958", {"price": "0"}),
    ("EC958", {"price": -3.5}),
    ("EC976", {"price": "99999999"}),
    ("EC951", {"orderType": "SL"}),
    ("EC959", {"orderType": "SL", "slTriggerPrice": "x"}),
    ("EC960", {"orderType": "SL", "slTriggerPrice": "0"}),
    ("EC973", {"orderType": "SL", "slTriggerPrice": "1601"}),
    ("EC974", {"orderType": "SL", "slTriggerPrice": "1599", "transactionType": "SELL"}),
    ("EC977", {"slTriggerPrice": "1500"}),
    ("EC978", {"orderType": "MARKET", "marketProtectionPercent": "1"}),
    ("EC978", {"orderType": "SLM", "slTriggerPrice": "1500"}),
    ("EC955", {"orderComplexity": "BO", "product": "NORMAL"}),
    ("EC965", {"orderComplexity": "BO", "orderType": "MARKET", "price": None}),
    ("EC989", {"orderComplexity": "CO", "orderType": "SL", "slTriggerPrice": "1500"}),
    ("EC952", {"orderComplexity": "CO"}),
    ("EC961", {"orderComplexity": "CO", "slLegPrice": "?"}),
    ("EC962", {"orderComplexity": "CO", "slLegPrice": "0"}),
    ("EC953", {"orderComplexity": "BO", "slLegPrice": "1500"}),
    ("EC963", {"orderComplexity": "BO", "slLegPrice": "1500", "targetLegPrice": "?"}),
    ("EC964", {"orderComplexity": "BO", "slLegPrice": "1500", "targetLegPrice": "-1"}),
    ("EC967", {"trailingSlAmount": "?"}),
    ("EC968", {"trailingSlAmount": "0"}),
    ("EC996", {"orderComplexity": "AMO", "validity": "IOC"}),
    ("EC982", {"orderComplexity": "AMO", "disclosedQuantity": "5"}),
    ("EC975", {"disclosedQuantity": "11"}),
    ("EC981", {"disclosedQuantity": "-1"}),
    ("EC988", {"orderType": "MARKET", "price": None, "marketProtectionPercent": "0"}),
    ("EC988", {"orderType": "MARKET", "price": None, "marketProtectionPercent": "-1"}),
    ("EC971", {"orderTag": "x" * 51}),
    ("EC984", {"orderTag": "a~b"}),
    ("EC972", {"algoId": "x" * 13}),
    ("EC983", {"algoId": "a b"}),
]


@pytest.mark.parametrize(("code", "changes"), PLACE)
def test_place_is_refused_with_its_code(
    stand: Stand, code: str, changes: dict[str, object]
) -> None:
    assert stand.refusal(**changes) == code


def test_the_text_stands_beside_the_code(stand: Stand) -> None:
    element = stand.place(quantity="50000001")
    assert element["message"] == (
        "Invalid parameter : 'quantity' should not be more than 50000000."
    )
    assert stand.place(exchange="X")["message"].startswith(
        "Invalid parameter: 'exchange' Accepts only { 'NSEEQ', 'NSEFO',"
    )


def test_lots_and_segments(stand: Stand) -> None:
    nifty = future(stand, "NIFTY", "NSEFO")
    fo = {"exchange": "NSEFO", "instrumentId": nifty, "product": "NORMAL", "price": "26000"}
    assert stand.refusal(**fo, quantity="64") == "EC954"
    assert stand.refusal(**(fo | {"product": "DELIVERY"}), quantity="65") == "EC956"
    assert stand.refusal(**fo, quantity="65", disclosedQuantity="65") == "EC970"
    gold = {"exchange": "MCXCOMM", "instrumentId": future(stand, "GOLD", "MCXCOMM")}
    assert stand.refusal(**gold, product="DELIVERY", price="122000") == "EC969"
    assert (
        stand.place(**gold, product="NORMAL", price="122000", quantity="1")["status"] == "Success"
    )
    dollar = {"exchange": "NSECURR", "instrumentId": future(stand, "USDINR", "NSECURR")}
    assert stand.refusal(
        **dollar, product="NORMAL", price="89", quantity="2000", disclosedQuantity="500"
    ) == "EC991"  # fmt: skip


def test_a_commodity_of_the_ncdex_is_named_by_its_symbol(stand: Stand) -> None:
    symbol = next(i.symbol for i in stand.broker.desk.instruments.live if i.exchange == "NCDEXCOMM")
    placed = stand.place(
        exchange="NCDEXCOMM", instrumentId=symbol, product="NORMAL", price="8546", quantity=1
    )
    assert placed["status"] == "Success"
    assert stand.refusal(exchange="NCDEXCOMM", instrumentId="NOSUCH") == "EC947"


def test_a_registered_app_must_name_its_algo() -> None:
    stand = Stand()
    stand.broker.desk.config.registered = True
    assert stand.refusal() == "EC983"
    assert stand.place(algoId="ALGO-1")["status"] == "Success"


@pytest.mark.parametrize("code", ["EC703", "EC704", "EC705"])
def test_a_dormant_or_frozen_account_places_nothing(stand: Stand, code: str) -> None:
    stand.broker.desk.accounts[MASTER].frozen_code = code
    assert stand.refusal() == code


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'"x"', b"[1]", b"{not json", b"[" * 9999])
def test_a_body_without_orders_is_refused_whole(stand: Stand, body: bytes) -> None:
    reply = stand.send("POST", "/orders", body)
    assert b'"EC914"' in reply.body
    assert not stand.broker.ledger.accepted


def test_numbers_and_texts_and_a_bare_object_are_all_taken(stand: Stand) -> None:
    assert stand.place(quantity=10, price=1600.5)["status"] == "Success"
    assert stand.place(quantity="10.0", instrumentId=2885)["status"] == "Success"
    assert stand.json("POST", "/orders", leg())["result"][0]["status"] == "Success"


def test_legs_of_one_request_stand_alone(stand: Stand) -> None:
    reply = stand.json(
        "POST", "/orders", [leg(orderTag="A"), leg(exchange="X", orderTag="B"), leg(orderTag="C")]
    )
    assert reply["status"] == "Ok"
    assert [e["status"] for e in reply["result"]] == ["Success", "EC901", "Success"]
    assert [o.terms.tag for o in stand.broker.ledger.accepted] == ["A", "C"]


def test_the_outer_status_is_ok_when_every_leg_failed(stand: Stand) -> None:
    reply = stand.json("POST", "/orders", [leg(exchange="X"), leg(quantity="0")])
    assert reply["status"] == "Ok"
    assert [e["status"] for e in reply["result"]] == ["EC901", "EC904"]


CHANGES = [
    ("EC914", b""),
    ("EC914", {}),
    ("EC992", {"product": "NORMAL"}),
    ("EC990", None),
    ("EC904", {"quantity": "0"}),
    ("EC930", {"orderType": "STOP"}),
    ("EC932", {"validity": "GTC"}),
    ("EC958", {"price": "0"}),
    ("EC951", {"orderType": "SL"}),
    ("EC977", {"slTriggerPrice": "1500"}),
    ("EC988", {"marketProtectionPercent": "0"}),
]


@pytest.mark.parametrize(("code", "body"), CHANGES)
def test_modify_is_refused_with_its_code(stand: Stand, code: str, body: object) -> None:
    instrument = {"price": "1400"}
    if code == "EC990":
        nifty = future(stand, "NIFTY", "NSEFO")
        instrument = {
            "exchange": "NSEFO", "instrumentId": nifty, "product": "NORMAL",
            "quantity": "65", "price": "25000",
        }  # fmt: skip
        body = {"quantity": "70"}
    order = stand.accepted(**instrument)
    stand.wait()
    before = stand.row(order)
    result = stand.json("PUT", f"/orders/{order}", body)["result"]
    assert result["status"] == code
    assert stand.row(order) == before


def test_changes_of_orders_that_are_not_there(stand: Stand) -> None:
    assert stand.json("PUT", "/orders/123", {"price": "1"})["result"]["status"] == "EC999"
    assert stand.json("PUT", "/orders/1%2F2", {"price": "1"})["result"]["status"] == "EC985"
    assert stand.json("DELETE", "/orders/123")["result"]["status"] == "EC997"
    assert stand.json("DELETE", "/orders/a%20b")["result"]["status"] == "EC979"
    assert stand.json("GET", "/orders/123")["result"]["status"] == "EC998"
    done = stand.accepted()
    stand.wait()
    assert stand.json("PUT", f"/orders/{done}", {"price": "1"})["result"]["status"] == "EC993"
    assert stand.json("DELETE", f"/orders/{done}")["result"]["status"] == "EC995"


def test_errors_of_changes_can_stand_outside() -> None:
    stand = Stand(error_place="outer")
    reply = stand.json("DELETE", "/orders/123")
    assert reply["status"] == "EC997"
    assert "result" not in reply


def test_a_bse_order_does_not_become_a_stop(stand: Stand) -> None:
    order = stand.accepted(exchange="BSEEQ", instrumentId="500325", price="1400")
    stand.wait()
    body = {"orderType": "SL", "slTriggerPrice": "1390", "price": "1400"}
    assert stand.json("PUT", f"/orders/{order}", body)["result"]["status"] == "EC701"


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("EC801", {"interval": ""}),
        ("EC802", {"interval": "2 minutes"}),
        ("EC803", {"fromDate": None}),
        ("EC804", {"fromDate": "2026-11-20"}),
        ("EC805", {"toDate": None}),
        ("EC806", {"toDate": "31-Nov-2026"}),
        ("EC807", {"fromDate": "23-Nov-2026"}),
        ("EC808", {"instrumentId": "0"}),
        ("EC809", {"fromDate": "20-Nov-2020"}),
        ("EC900", {"exchange": ""}),
        ("EC941", {"instrumentId": None}),
        ("EC946", {"instrumentId": "x"}),
        ("EC947", {"instrumentId": "77"}),
    ],
)
def test_history_is_refused_with_its_code(
    stand: Stand, code: str, changes: dict[str, object]
) -> None:
    body = {
        "exchange": "NSEEQ", "instrumentId": "2885", "interval": "5 minutes",
        "fromDate": "20-Nov-2026", "toDate": "20-Nov-2026",
    } | changes  # fmt: skip
    assert stand.json("POST", "/marketdata/historicaldata", body)["status"] == code


@pytest.mark.parametrize(
    ("code", "body"),
    [
        ("EC914", []),
        ("EC986", [{"exchange": "NSEEQ", "instrumentId": "2885", "transactionType": "BUY"}]),
        ("EC929", [{"exchange": "NSEFO", "instrumentId": "1", "transactionType": "x"}]),
        ("EC947", [{"exchange": "NSEFO", "instrumentId": "1", "transactionType": "BUY"}]),
    ],
)
def test_span_is_refused_with_its_code(stand: Stand, code: str, body: object) -> None:
    assert stand.json("POST", "/spanexposure", body)["status"] == code


def test_every_code_has_a_text_of_its_own() -> None:
    assert len(TEXTS) > 130
    assert all(text and text == text.strip() for text in TEXTS.values())
