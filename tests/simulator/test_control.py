"""The control path: what a test or a person can see and change from outside."""

import base64
import ssl
from pathlib import Path

import httpx
import pytest

from tests.simulator.feed_client import serving_feed
from tests.simulator.served import Served, serving
from tests.simulator.stand import leg


async def get(client: httpx.AsyncClient, served: Served, what: str) -> object:
    reply = await client.get(f"{served.control}/{what}")
    assert reply.status_code == 200
    content: object = reply.json()
    return content


async def test_the_ledger_and_the_wire() -> None:
    async with serving() as served, served.client() as client:
        await client.post("/orders", json=[leg(orderTag="A"), leg(orderTag="B", quantity="0")])
        await client.post("/orders", json=[leg(orderTag="A")])
        ledger = await get(client, served, "ledger")
        assert isinstance(ledger, list)
        assert [(r["number"], r["tag"], r["account"], r["quantity"]) for r in ledger] == [
            (1, "A", "30000001", 10), (2, "A", "30000001", 10),
        ]  # fmt: skip
        later = await get(client, served, "ledger?after=1")  # whose status may have gone on
        assert isinstance(later, list)
        assert [row["order_id"] for row in later] == [ledger[1]["order_id"]]
        assert await get(client, served, "ledger?tag=B") == []
        assert await get(client, served, "ledger?account=30000002") == []
        wire = await get(client, served, "wire")
        assert isinstance(wire, list)
        assert [(w["tag"], w["outcome"]) for w in wire] == [
            ("A", "accepted"), ("B", "EC904"), ("A", "accepted"),
        ]  # fmt: skip
        assert await get(client, served, "tags") == {"A": 2, "B": 1}
        summary = await get(client, served, "summary")
        assert isinstance(summary, dict)
        assert summary["tags_accepted_twice"] == ["A"]
        assert summary["accepted"] == 2
        requests = await get(client, served, "requests")
        assert isinstance(requests, dict)
        assert requests["accounts"]["30000001"] == {"place": 2}
        assert await get(client, served, "excess") == []


async def test_faults_come_and_go() -> None:
    async with serving() as served, served.client() as client:
        faults = [
            {"action": "answer", "call": "profile", "http_status": 502, "count": 1},
            {"action": "wire", "call": "limits", "wire": {
                "kind": "raw", "data": base64.b64encode(b"HTTP/1.1 299 X\r\n\r\n").decode()}},
        ]  # fmt: skip
        made = await client.post(f"{served.control}/faults", json=faults)
        assert made.json() == {"numbers": [1, 2]}
        assert (await client.get("/profile")).status_code == 502
        assert (await client.get("/profile")).status_code == 200
        assert (await client.get("/limits")).status_code == 299
        armed = await get(client, served, "faults")
        assert isinstance(armed, list)
        assert [row["hits"] for row in armed] == [1, 1]
        left = await client.delete(f"{served.control}/faults?number=2")
        assert [row["number"] for row in left.json()] == [1]
        assert (await client.delete(f"{served.control}/faults")).json() == []


@pytest.mark.parametrize(
    ("method", "what", "body", "named"),
    [
        ("POST", "faults", {"action": "explode"}, "action"),
        ("POST", "faults", {"action": "delay", "milliseconds": 3}, "milliseconds"),
        ("PATCH", "switches", {"latency": 3}, "latency"),
        ("PATCH", "switches", {"books": "upside down"}, "books"),
        (
            "POST",
            "price",
            {"exchange": "NSEEQ", "instrument_id": "1", "price": "5"},
            "instrument 1",
        ),
        ("POST", "price", {"exchange": "NSEEQ", "instrument_id": "2885", "price": "x"}, "price"),
        ("POST", "accounts", {"count": 0}, "count"),
        ("POST", "accounts", {"count": "3"}, "count"),
        ("PATCH", "accounts", {"client_id": "1"}, "client_id"),
        ("PATCH", "accounts", {"client_id": "30000001", "products": ["GOLD"]}, "products"),
        ("POST", "sessions", {}, "client_id"),
        ("GET", "ledger?after=x", None, "after"),
        ("POST", "feed/drop", {"how": "explode"}, "explode"),
        ("POST", "feed/drop", {"client_id": "1"}, "client_id"),
    ],
)
async def test_what_is_wrong_is_named_and_nothing_changes(
    method: str, what: str, body: object, named: str
) -> None:
    async with serving() as served, served.client() as client:
        before = await get(client, served, "switches")
        reply = await client.request(method, f"{served.control}/{what}", json=body)
        assert reply.status_code == 400
        assert named in reply.json()["error"]
        assert await get(client, served, "switches") == before
        assert await get(client, served, "faults") == []


async def test_switches_prices_accounts_sessions() -> None:
    async with serving() as served, served.client() as client:
        changed = await client.patch(f"{served.control}/switches", json={"status_case": "upper"})
        assert changed.json()["status_case"] == "upper"
        price = {"exchange": "NSEEQ", "instrument_id": "2885", "price": "1500.5"}
        assert (await client.post(f"{served.control}/price", json=price)).json() == {
            "last": "1500.5"
        }
        more = (await client.post(f"{served.control}/accounts", json={"count": 2})).json()
        assert [row["client_id"] for row in more] == ["30000004", "30000005"]
        made = await client.post(f"{served.control}/sessions", json={"client_id": "30000004"})
        headers = {"authorization": f"Bearer {made.json()['token']}"}
        assert (await client.get("/profile", headers=headers)).status_code == 200
        ended = await client.post(f"{served.control}/sessions/expire", json={})
        assert ended.json() == {"ended": 2}
        assert (await client.get("/profile", headers=headers)).status_code == 401
        change = {"client_id": "30000004", "addresses": ["10.1.1.1"], "cash": 500}
        assert (await client.patch(f"{served.control}/accounts", json=change)).status_code == 200
        assert served.broker.desk.accounts["30000004"].app.addresses == ["10.1.1.1"]
        change = {"client_id": "30000005", "exchanges": ["NSEEQ"], "products": ["DELIVERY"]}
        assert (await client.patch(f"{served.control}/accounts", json=change)).status_code == 200
        again = await client.post(f"{served.control}/sessions", json={"client_id": "30000005"})
        headers = {"authorization": f"Bearer {again.json()['token']}"}
        profile = (await client.get("/profile", headers=headers)).json()["result"]
        assert (profile["exchanges"], profile["products"]) == (["NSEEQ"], ["DELIVERY"])
        clock = await get(client, served, "clock")
        assert isinstance(clock, dict)
        assert clock["ist"][2] == "-"


async def test_a_client_is_brought_once_with_the_app_that_he_has() -> None:
    async with serving() as served, served.client() as client:
        path = f"{served.control}/accounts/brought"
        asked = [{"client_id": "AB1234", "app_key": "own", "app_secret": "s"}, {"client_id": "77"}]
        first, second = (await client.post(path, json=asked)).json()
        assert (first["client_id"], first["app_key"], first["app_secret"]) == ("AB1234", "own", "s")
        assert second["app_key"]
        assert second["app_secret"]
        again = [{"client_id": "ab1234", "app_key": "other"}, {"client_id": "30000002"}]
        known = (await client.post(path, json=again)).json()
        assert [known[0], known[1]["brought"]] == [first, False]
        before = await get(client, served, "accounts")
        for wrong in (b'[{"client_id": ""}]', b'[{"client_id": "A B"}]', b"[{}]", b"{}", b""):
            assert (await client.post(path, content=wrong)).status_code == 400
        assert await get(client, served, "accounts") == before


async def test_a_reset_keeps_the_accounts_and_nothing_else() -> None:
    async with serving() as served, served.client() as client:
        before = await get(client, served, "accounts")
        await client.post("/orders", json=[leg()])
        assert (await client.post(f"{served.control}/reset")).json()["accepted"] == 0
        assert await get(client, served, "accounts") == before
        assert (await client.get("/profile")).status_code == 401


async def test_the_control_path_is_never_slowed() -> None:
    async with serving(latency_ms=60_000) as served, served.client() as client:
        assert await get(client, served, "ledger") == []


async def test_the_feed_over_the_control_path(tmp_path: Path) -> None:
    async with serving() as served, served.client() as client:
        broker, root = served.broker, served.control
        async with serving_feed(broker, tmp_path) as feed:
            heard = await feed.logged_in("30000001", served.token, "prod/updates/order/v1/30000001")
            await client.post("/orders", json=[leg()])
            await heard.hear(2)
            state = (await client.get(f"{root}/feed")).json()
            (row,) = state["connections"]
            assert (row["client_id"], row["identifier"]) == ("30000001", "of 30000001")
            assert row["topics"] == ["prod/updates/order/v1/30000001"]
            assert state["sent"]["feed_order"] >= 2
            bad = await client.post(f"{root}/feed/certificate", json={"kind": "nice"})
            assert (bad.status_code, "wrong_host" in bad.json()["error"]) == (400, True)
            kind = {"kind": "wrong_host"}
            assert (await client.post(f"{root}/feed/certificate", json=kind)).json() == kind
            with pytest.raises(ssl.SSLCertVerificationError, match="IP address mismatch"):
                await feed.client()
            dropped = await client.post(f"{root}/feed/drop", json={"client_id": "30000001"})
            assert dropped.json() == {"dropped": 1}
            assert not await heard.ping()
