"""Every call of the interface over real sockets, as a stranger's client would make it."""

import asyncio
import csv
import hashlib
import io
import ssl
from decimal import Decimal
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from copytrade_gui.simulator.certificates import make_certificates, server_context
from copytrade_gui.simulator.contractfiles import SEGMENTS
from tests.simulator.served import Served, serving
from tests.simulator.stand import Json, leg

ORDER_FIELDS = {
    "clientId", "placedBy", "brokerOrderId", "exchangeOrderId", "orderStatus",
    "formattedInstrumentName", "tradingSymbol", "instrumentId", "exchange", "transactionType",
    "quantity", "product", "orderComplexity", "orderType", "validity", "price",
    "averageTradedPrice", "slTriggerPrice", "disclosedQty", "marketProtectionPercent",
    "exchangeTimestamp", "exchangeUpdateTime", "brokerUpdateTime", "rejectionReason",
    "mainLegOrderId", "pendingQuantity", "filledQuantity", "appKey", "apiOrderSource", "algoId",
    "source", "orderTag",
}  # fmt: skip
TRADE_FIELDS = {
    "clientId", "placedBy", "brokerOrderId", "exchangeOrderId", "exchangeTradeId",
    "formattedInstrumentName", "tradingSymbol", "instrumentId", "exchange", "transactionType",
    "product", "orderComplexity", "orderType", "validity", "tradedPrice", "filledQuantity",
    "fillTimestamp", "algoId", "orderTag",
}  # fmt: skip
LIMIT_FIELDS = {
    "tradingLimit", "openingCashLimit", "intradayPayin", "collateralMargin", "creditForSell",
    "adhocMargin", "utilizedMargin", "blockedForPayout", "utilizedSpanMargin",
    "utilizedExposureMargin",
}  # fmt: skip


async def walk_all_calls(client: httpx.AsyncClient, served: Served) -> None:
    """The nineteen calls in one trading day."""
    app = served.broker.accounts[0].app
    page = await client.get(f"{served.root}/login?v=1&appkey={app.key}&redirecturl=http://a/b?x=1")
    assert "<form" in page.text
    assert app.key in page.text
    login = {"clientId": "30000001", "password": "any", "appkey": app.key,
             "redirecturl": "http://127.0.0.1:9/back?x=1"}  # fmt: skip
    sent = await client.post(f"{served.root}/login", data=login)
    assert sent.status_code == 302
    back = urlsplit(sent.headers["location"])
    query = parse_qs(back.query)
    assert query["x"] == ["1"]
    assert query["clientId"] == ["30000001"]
    (code,) = query["authCode"]
    checksum = hashlib.sha256(f"30000001{code}{app.secret}".encode()).hexdigest()
    session = (await client.post("/getusersession", json={"checkSum": checksum})).json()
    assert session["status"] == "Ok"
    client.headers["authorization"] = f"Bearer {session['userSession']}"

    profile = (await client.get("/profile")).json()["result"]
    assert profile["clientId"] == "30000001"
    assert profile["orderComplexity"] == ["REGULAR", "AMO", "BO", "CO"]
    for path in ("/limits", "/limits/fno", "/limits/equity"):
        assert set((await client.get(path)).json()["result"]) == LIMIT_FIELDS
    margin = (await client.post("/preordermargin", json=leg())).json()
    assert (margin["currentOrderMargin"], margin["rmsvalidationMessage"]) == ("3200.0", "OK")
    nifty = next(i for i in served.broker.desk.instruments.segment("NSEFO") if i.kind == "FUT")
    span = (
        await client.post(
            "/spanexposure",
            json=[{"exchange": "NSEFO", "instrumentId": str(nifty.id), "transactionType": "BUY",
                   "quantity": "65"}],
        )
    ).json()  # fmt: skip
    total, parts = Decimal(span["totalMargin"]), (span["span"], span["exposureMargin"])
    assert total == sum(map(Decimal, parts)) > 0

    await walk_orders(client)

    stock = {"exchange": "NSEEQ", "instrumentId": "2885"}
    quotes = (await client.post("/marketdata/marketquotes", json=[stock, stock])).json()["result"]
    assert len(quotes) == 2
    assert quotes[0]["bestBidPrice"] < quotes[0]["ltp"] < quotes[0]["bestAskPrice"]
    assert quotes[0]["low"] <= quotes[0]["ltp"] <= quotes[0]["high"]
    depth = (await client.post("/marketdata/marketdepth", json=stock)).json()["result"]
    bids = [level["price"] for level in depth["marketDepth"]["bids"]]
    assert (bids, len(bids)) == (sorted(bids, reverse=True), 5)
    interest = (await client.post("/marketdata/openinterest", json={
        "exchange": "NSEFO", "instrumentId": nifty.id})).json()  # fmt: skip
    assert interest["dayLowOi"] <= interest["openInterest"] <= interest["dayHighOi"]
    candles = (
        await client.post("/marketdata/historicaldata", json=stock | {
            "interval": "15 minutes", "fromDate": "19-Nov-2025", "toDate": "20-Nov-2025"})
    ).json()["result"][0]["candles"]  # fmt: skip
    assert len(candles) == 50
    assert all(low <= min(o, c) and max(o, c) <= high for _, o, high, low, c, _ in candles)

    for segment in SEGMENTS:
        await check_contract_file(client, segment)
    ended = (await client.post("/profile/logout")).json()
    assert ended["result"] == {"status": "Success", "message": "Success"}
    assert (await client.get("/profile")).status_code == 401


async def walk_orders(client: httpx.AsyncClient) -> None:
    empty: Json = (await client.get("/orders")).json()
    assert empty["result"]["status"] == "EC916"
    assert (await client.get("/trades")).json()["result"]["status"] == "EC926"
    assert (await client.get("/positions")).json()["result"][0]["status"] == "EC920"
    placed = (
        await client.post("/orders", json=[leg(orderTag="T-1"), leg(price="1500", orderTag="T-2")])
    ).json()["result"]
    first, second = (element["brokerOrderId"] for element in placed)
    assert len(first) == 15
    await asyncio.sleep(0.12)
    changed = (await client.put(f"/orders/{second}", json={"price": "1501"})).json()["result"]
    assert (changed["status"], changed["brokerOrderId"]) == ("Success", second)
    await asyncio.sleep(0.05)
    gone = (await client.delete(f"/orders/{second}")).json()["result"]
    assert gone["status"] == "Success"
    await asyncio.sleep(0.05)
    rows = (await client.get("/orders")).json()["result"]
    assert all(set(row) == ORDER_FIELDS for row in rows)
    assert all(isinstance(value, str) for row in rows for value in row.values())
    assert [(r["orderTag"], r["orderStatus"], r["price"]) for r in rows] == [
        ("T-1", "complete", "1600.0"), ("T-2", "cancelled", "1501.0"),
    ]  # fmt: skip
    history = (await client.get(f"/orders/{second}")).json()["result"]
    assert [row["orderStatus"] for row in history][-4:] == [
        "modified", "open", "cancel pending", "cancelled",
    ]  # fmt: skip
    (trade,) = (await client.get("/trades")).json()["result"]
    assert set(trade) == TRADE_FIELDS
    (position,) = (await client.get("/positions")).json()["result"]
    assert position["netQuantity"] == 10
    holdings = (await client.get("/holdings")).json()["result"]
    assert len(holdings) == 3


async def check_contract_file(client: httpx.AsyncClient, segment: str) -> None:
    table = await client.get(f"/contractfiles/{segment}.csv", headers={"authorization": ""})
    rows = list(csv.DictReader(io.StringIO(table.text)))
    objects = (await client.get(f"/contractfiles/{segment}.json")).json()
    assert [row["Instrument ID"] for row in rows] == [o["instrumentId"] for o in objects]
    assert rows
    for row in rows:
        assert int(row["Lot Size"]) >= 1
        assert float(row["Tick Size"]) > 0
        assert row["Exchange"] in {segment, "NSEEQ", "BSEEQ"}


async def test_every_call_over_sockets() -> None:
    async with serving() as served, served.client() as client:
        await walk_all_calls(client, served)


async def test_every_call_over_tls(tmp_path: Path) -> None:
    authority, certificate, key = make_certificates(tmp_path)
    async with serving(tls=server_context(certificate, key)) as served:
        trust = ssl.create_default_context(cafile=authority)
        async with served.client(trust) as client:
            await walk_all_calls(client, served)


@pytest.mark.parametrize("kind", ["expired", "wrong_host", "self_signed"])
async def test_bad_certificates_are_refused(tmp_path: Path, kind: str) -> None:
    authority, certificate, key = make_certificates(tmp_path, kind)  # type: ignore[arg-type]  # parametrized literal
    async with serving(tls=server_context(certificate, key)) as served:
        trust = ssl.create_default_context(cafile=authority)
        async with served.client(trust) as client:
            with pytest.raises(httpx.ConnectError, match="certificate"):
                await client.get("/profile")


async def test_certificates_and_keys_are_private(tmp_path: Path) -> None:
    for path in make_certificates(tmp_path):
        assert path.stat().st_mode & 0o777 == 0o600


async def test_a_path_or_method_that_is_not_there() -> None:
    async with serving() as served, served.client() as client:
        assert (await client.get("/nothing")).status_code == 404
        assert (await client.delete("/orders")).status_code == 404
        assert (await client.get("/contractfiles/../secret.csv")).status_code == 404
        assert (await client.get(f"{served.root}/control/wrong/ledger")).status_code == 404


async def test_five_hundred_calls_in_a_row_share_a_connection() -> None:
    async with serving(rate_limits=False) as served, served.client() as client:
        for _ in range(500):
            assert (await client.get("/profile")).status_code == 200


async def test_pipelined_requests_are_answered_in_turn() -> None:
    async with serving() as served:
        wanted = [served.request_bytes("GET", p) for p in ("/v1/profile", "/v1/limits")]
        wanted.append(served.request_bytes("GET", "/v1/holdings", close=True))
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(b"".join(wanted))
        data = await reader.read()
        writer.close()
        await writer.wait_closed()
        places = [data.index(mark) for mark in (b"clientName", b"tradingLimit", b"isin")]
        assert places == sorted(places)
        assert data.count(b"HTTP/1.1 200") == 3


async def test_broken_requests_get_a_400_and_a_closed_door() -> None:
    async with serving() as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(b"NOT HTTP AT ALL\r\n\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.1 400")
        writer.close()
        await writer.wait_closed()


async def test_a_body_above_the_limit_is_refused() -> None:
    async with serving() as served, served.client() as client:
        reply = await client.post("/orders", content=b"x" * (5 * 1024 * 1024))
        assert reply.status_code == 413
        assert (await client.get("/profile")).status_code == 200


async def test_replies_wait_for_the_set_latency() -> None:
    async with serving(latency_ms=80) as served, served.client() as client:
        loop = asyncio.get_running_loop()
        before = loop.time()
        await asyncio.gather(*(client.get("/profile") for _ in range(3)))
        assert loop.time() - before >= 0.08
