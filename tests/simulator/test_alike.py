"""The same broker, the same answers: twice in a row, over ASGI, over sockets, after a restart."""

import asyncio
import random
from pathlib import Path

import httpx
import msgspec
import pytest

from copytrade_gui.simulator import snapshot
from copytrade_gui.simulator.accounts import account_row
from copytrade_gui.simulator.asgi import ConnectionDroppedError, SimulatorApp
from copytrade_gui.simulator.broker import SimulatedBroker
from copytrade_gui.simulator.config import Brought, SimulatorConfig
from copytrade_gui.simulator.control import ControlledBroker
from copytrade_gui.simulator.faults import Fault
from copytrade_gui.simulator.ist import NS
from copytrade_gui.simulator.server import SimulatorServer
from copytrade_gui.simulator.wire import Reply
from tests.simulator.stand import MASTER, MORNING, MovableClock, Stand, leg
from tests.waiting import until

FAULTS = [
    {"action": "drop_reply", "probability": 0.1, "call": "place"},
    {"action": "code", "probability": 0.1, "call": "place", "placed": True},
    {"action": "accept_late", "seconds": 9, "probability": 0.1},
    {"action": "show_late", "seconds": 5, "probability": 0.2},
    {"action": "book_shuffle", "probability": 0.3},
    {"action": "book_short", "probability": 0.2, "rows": 2},
    {"action": "tag", "form": "other", "probability": 0.1},
    {"action": "delay", "ms": 40, "sigma": 0.7},
    {"action": "duplicate_order", "probability": 0.05},
]


def busy_day(stand: Stand, calls: int = 150, seed: int = 5) -> list[tuple[object, ...]]:
    """A seeded mix of calls under faults; returns everything that was answered."""
    for fault in FAULTS:
        stand.broker.add_fault(msgspec.convert(fault, Fault))
    return more_of_it(stand, calls, seed)


def more_of_it(stand: Stand, calls: int, seed: int) -> list[tuple[object, ...]]:
    choose = random.Random(seed)  # noqa: S311 - a script, not a secret
    seen: list[tuple[object, ...]] = []

    def keep(reply: Reply) -> None:
        seen.append((reply.status, reply.headers, reply.body, reply.delay_ms, reply.wire))

    for number in range(calls):
        stand.clock.forward(choose.random() * 3)
        who = choose.choice(list(stand.tokens))
        match choose.randrange(5):
            case 0 | 1:
                side = choose.choice(["BUY", "SELL"])
                price = f"{1546 + choose.randint(-20, 20)}"
                order = leg(transactionType=side, price=price, orderTag=f"T{number}")
                keep(stand.send("POST", "/orders", [order], who=who))
            case 2:
                keep(stand.send("GET", "/orders", who=who))
            case 3:
                keep(stand.send("GET", "/trades", who=who))
            case _:
                known = list(stand.broker.desk.accounts[who].orders) or ["1"]
                keep(stand.send("DELETE", f"/orders/{choose.choice(known)}", who=who))
    return seen


def test_the_same_seed_and_requests_give_the_same_answers() -> None:
    def run(seed: int) -> tuple[object, ...]:
        stand = Stand(seed=seed, market="walk", partial_rate=0.3, jitter_ms=5)
        answers = busy_day(stand)
        stand.broker.advance()
        return answers, stand.broker.ledger.rows(), stand.broker.ledger.summary()

    assert run(11) == run(11)
    assert run(11) != run(12)


async def ask(client: httpx.AsyncClient) -> list[tuple[int, dict[str, str], bytes]]:
    stock = {"exchange": "NSEEQ", "instrumentId": "2885"}
    replies = [
        await client.post("/v1/orders", json=[leg(orderTag="A"), leg(exchange="X")]),
        await client.get("/v1/orders"),
        await client.get("/v1/trades"),
        await client.get("/v1/positions"),
        await client.get("/v1/holdings"),
        await client.get("/v1/limits"),
        await client.put("/v1/orders/1", json={"price": "1"}),
        await client.delete("/v1/orders/1"),
        await client.post("/v1/marketdata/marketquotes", json=[stock]),
        await client.get("/v1/contractfiles/NSEEQ.csv"),
        await client.get("/login?appkey=x"),
        await client.get("/nothing"),
    ]
    return [(r.status_code, dict(r.headers), r.content) for r in replies]


async def test_asgi_and_sockets_answer_alike() -> None:
    async def over_asgi() -> list[tuple[int, dict[str, str], bytes]]:
        stand = Stand()
        transport = httpx.ASGITransport(SimulatorApp(stand.broker))
        headers = {"authorization": f"Bearer {stand.tokens[MASTER]}"}
        async with httpx.AsyncClient(
            transport=transport, base_url="http://127.0.0.1", headers=headers
        ) as client:
            return await ask(client)

    async def over_sockets() -> list[tuple[int, dict[str, str], bytes]]:
        stand = Stand()
        server = SimulatorServer(ControlledBroker(stand.broker, "t"))
        port = await server.start()
        headers = {"authorization": f"Bearer {stand.tokens[MASTER]}"}
        root = f"http://127.0.0.1:{port}"
        async with httpx.AsyncClient(base_url=root, headers=headers, trust_env=False) as client:
            answers = await ask(client)
        await server.close()
        return answers

    assert await over_asgi() == await over_sockets()


async def test_a_lost_reply_over_asgi_is_a_dropped_connection() -> None:
    stand = Stand()
    stand.broker.add_fault(Fault(action="drop_reply", call="place", nth=[1]))
    stand.broker.add_fault(Fault(action="drop_reply", how="silence", call="place", nth=[2]))
    transport = httpx.ASGITransport(SimulatorApp(stand.broker))
    headers = {"authorization": f"Bearer {stand.tokens[MASTER]}"}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://127.0.0.1", headers=headers
    ) as client:
        with pytest.raises(ConnectionDroppedError):
            await client.post("/v1/orders", json=[leg()])
        silent = asyncio.create_task(client.post("/v1/orders", json=[leg()]))
        await until(lambda: len(stand.broker.ledger.accepted) == 2)
        await asyncio.wait([silent], timeout=0.05)
        assert not silent.done()
        silent.cancel()
        with pytest.raises(asyncio.CancelledError):
            await silent
    assert len(stand.broker.ledger.accepted) == 2


def restarted(stand: Stand, path: Path) -> SimulatedBroker:
    snapshot.save(stand.broker, path)
    return snapshot.load(path, SimulatorConfig(accounts=3), stand.clock)


def test_a_restart_keeps_the_day(tmp_path: Path) -> None:
    stand = Stand(market="walk", partial_rate=0.5)
    busy_day(stand)
    stand.broker.clear_faults()
    resting = stand.accepted(price="1400", orderTag="REST")
    stand.accepted(orderTag="MOVING")  # still on its way when the broker stops
    code = stand.broker.issue_code(MASTER)
    before = stand.broker
    stand.broker = restarted(stand, tmp_path / "state")
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o600
    after = stand.broker
    stand.wait(120)
    before.advance()
    after.advance()
    assert after.ledger.summary()["accepted"] == before.ledger.summary()["accepted"]
    for old, new in zip(before.ledger.rows(), after.ledger.rows(), strict=True):
        assert (old["order_id"], old["tag"], old["number"], old["accepted_ns"]) == (
            new["order_id"], new["tag"], new["number"], new["accepted_ns"],
        )  # fmt: skip
    assert stand.row(resting)["orderStatus"] == "open"
    assert {r["orderTag"] for r in stand.rows("orders")} >= {"REST", "MOVING"}
    assert code in after.desk.codes
    stand.price(1399)
    stand.wait()
    assert stand.row(resting)["orderStatus"] == "complete"
    later = stand.accepted()
    assert later not in {row["order_id"] for row in before.ledger.rows()}


def test_books_are_the_same_after_a_restart(tmp_path: Path) -> None:
    stand = Stand(market="walk", partial_rate=0.5)
    busy_day(stand)
    stand.broker.clear_faults()
    stand.wait(600)
    books = ("orders", "trades", "positions", "holdings")

    def read() -> list[object]:
        kept: list[object] = []
        for who in stand.tokens:
            kept += [stand.json("GET", f"/{book}", who=who) for book in books]
            kept.append(stand.json("GET", "/limits", who=who))
        return kept

    before = read()
    stand.broker = restarted(stand, tmp_path / "state")
    assert read() == before


def test_set_prices_survive_a_restart(tmp_path: Path) -> None:
    stand = Stand(market="walk")
    stand.price(1700)
    stand.wait(100)
    last = stand.broker.last_price("NSEEQ", "2885")
    assert restarted(stand, tmp_path / "state").last_price("NSEEQ", "2885") == last


def test_a_restart_on_the_next_day_starts_a_new_book(tmp_path: Path) -> None:
    stand = Stand()
    stand.accepted(product="NORMAL")
    stand.wait()
    stand.broker = restarted(stand, tmp_path / "state")
    stand.clock.now = MORNING + 86_400 * NS
    assert stand.send("GET", "/orders").status == 401
    stand.tokens[MASTER] = stand.broker.open_session(MASTER)
    assert stand.rows("orders") == []
    assert stand.rows("positions")[0]["overnightQuantity"] == 10


@pytest.mark.parametrize("content", [b"", b"rubbish", b"\x93\x01\x02\x03"])
def test_a_damaged_state_file_is_named_and_kept(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "state"
    path.write_bytes(content)
    with pytest.raises(snapshot.StateError, match=r"state file .*state is damaged"):
        snapshot.load(path, SimulatorConfig(), MovableClock())
    assert path.read_bytes() == content


def test_a_state_file_of_another_version_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand = Stand()
    monkeypatch.setattr(snapshot, "VERSION", 99)
    snapshot.save(stand.broker, tmp_path / "state")
    monkeypatch.undo()
    with pytest.raises(snapshot.StateError, match="version 99"):
        snapshot.load(tmp_path / "state", SimulatorConfig(), MovableClock())


def test_more_accounts_can_be_asked_for_at_a_restart(tmp_path: Path) -> None:
    stand = Stand()
    snapshot.save(stand.broker, tmp_path / "state")
    grown = snapshot.load(tmp_path / "state", SimulatorConfig(accounts=5), stand.clock)
    assert [a.client_id for a in grown.accounts[:3]] == list(stand.tokens)
    assert len(grown.accounts) == 5


def test_who_was_brought_and_who_was_counted_are_the_same_after_a_restart(tmp_path: Path) -> None:
    stand = Stand()
    desk = stand.broker.desk
    desk.bring([Brought("30000005", "own", "s"), Brought("AB1")])
    desk.open_accounts(3)
    desk.bring([Brought("77")])

    def rows(broker: SimulatedBroker) -> dict[object, object]:
        return {row["client_id"]: row for row in map(account_row, broker.accounts)}

    before = rows(stand.broker)
    assert list(before)[3:] == ["30000005", "AB1", "30000004", "KX10006", "30000007", "77"]
    again = restarted(stand, tmp_path / "state")
    assert rows(again) == before
    (more,) = again.desk.open_accounts(1)
    assert more.client_id == "30000008"
    stand.broker.reset()
    assert rows(stand.broker) == before
