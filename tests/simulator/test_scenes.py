"""A script for the market: crash, rise, standstill; the same for every seed and every look."""

import json
from pathlib import Path

import httpx
import pytest

from copytrade_gui.simulator.course import Scene, SceneError
from tests.simulator.served import serving
from tests.simulator.stand import MASTER, MORNING, Json, Stand
from tests.simulator.test_process import running


def prices(stand: Stand, *kinds: str) -> dict[str, int]:
    """The last prices by symbol: of shares and indices, or of other kinds.

    Futures come a little nearer to their underlying every minute.
    """
    slot = stand.clock.now // 10**9
    desk = stand.broker.desk
    return {
        f"{i.exchange}:{i.symbol}": desk.prices.last(i, slot)
        for i in desk.instruments.live if i.kind in (kinds or ("EQ", "INDEX"))
    }  # fmt: skip


def ratios(stand: Stand, before: dict[str, int]) -> list[float]:
    kinds = () if "NSEEQ:NIFTY" in before else ("FUT",)
    return [price / before[name] for name, price in prices(stand, *kinds).items()]


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize(("scene", "ratio"), [("crash", 0.92), ("rise", 1.08)])
def test_all_prices_fall_or_rise_by_eight_percent_in_a_minute(
    scene: str, ratio: float, seed: int
) -> None:
    stand = Stand(seed=seed)
    before, futures = prices(stand), prices(stand, "FUT")
    stand.broker.play([Scene(scene=scene)])  # type: ignore[arg-type]  # parametrized literal
    assert prices(stand) == before
    stand.wait(30)
    assert ratios(stand, before) == pytest.approx([(1 + ratio) / 2] * len(before), abs=0.003)
    halfway = prices(stand)
    stand.wait(30)
    # Small prices move in steps of their tick.
    assert ratios(stand, before) == pytest.approx([ratio] * len(before), rel=1e-3)
    assert ratios(stand, futures) == pytest.approx([ratio] * len(futures), rel=1e-3)
    after = prices(stand)
    stand.wait(600)
    assert prices(stand) == after
    other = Stand(seed=seed + 1)
    other.broker.play([Scene(scene=scene)])  # type: ignore[arg-type]  # parametrized literal
    other.wait(30)
    assert prices(other) != halfway  # another way to the same end
    other.wait(30)
    assert prices(other) == after


def test_only_some_and_one_after_the_other(stand: Stand) -> None:
    before = prices(stand)
    stand.broker.play(
        [
            Scene(scene="move", percent=-5, seconds=10, symbols=["RELIANCE"]),
            Scene(scene="move", percent=10, seconds=10, after_s=20, symbols=["RELIANCE"]),
        ]
    )
    stand.wait(15)
    moved = {name for name, price in prices(stand).items() if price != before[name]}
    assert moved == {"NSEEQ:RELIANCE-EQ", "BSEEQ:RELIANCE"}
    stand.wait(15)
    assert prices(stand)["NSEEQ:RELIANCE-EQ"] == pytest.approx(15_466_000 * 0.95 * 1.1, abs=1000)


def test_options_follow_their_index(stand: Stand) -> None:
    desk = stand.broker.desk
    put = next(
        i for i in desk.instruments.live if i.kind == "PE" and i.expiry > desk.instruments.today
    )
    before = stand.broker.last_price(put.exchange, str(put.id))
    stand.broker.play([Scene(scene="crash")])
    stand.wait(60)
    assert stand.broker.last_price(put.exchange, str(put.id)) > before


def test_a_standstill_stops_prices_and_they_go_on_from_there() -> None:
    stand = Stand(market="walk")
    share = stand.broker.find_instrument("NSEEQ", "2885")
    close = stand.broker.desk.prices.previous_close(share, stand.clock.now)
    stand.broker.play([Scene(scene="still", seconds=600, after_s=10)])
    stand.wait(10)
    stopped = prices(stand)
    stand.wait(599)
    assert prices(stand) == stopped
    stand.wait(2)
    assert ratios(stand, stopped) == pytest.approx([1.0] * len(stopped), abs=0.002)
    stand.wait(60)
    assert prices(stand) != stopped
    assert stand.broker.desk.prices.previous_close(share, stand.clock.now) == close


@pytest.mark.parametrize("looks", [1, 3, 61])
def test_orders_fill_on_the_way_down_whenever_one_looks(looks: int) -> None:
    """In virtual time: stops and limits are met in the second in which the price comes to them."""

    def ledger(times: int) -> list[Json]:
        stand = Stand(partial_rate=0.3, rate_limits=False)
        stand.accepted(price="1500")
        stand.accepted(orderType="SL", transactionType="SELL", slTriggerPrice="1480", price="1400")
        stand.accepted(price="1424")
        stand.wait(5)
        stand.broker.play([Scene(scene="crash")])
        for _ in range(times):
            stand.wait(120 / times)
            stand.broker.advance()
        fills = stand.broker.desk.accounts[MASTER].fills
        return [dict(row) for row in stand.broker.ledger.rows()] + [
            {"at": fill.at, "price": fill.price, "quantity": fill.quantity} for fill in fills
        ]

    assert ledger(looks) == ledger(120)
    filled = [row for row in ledger(1) if row.get("filled")]
    assert len(filled) == 3
    assert all(MORNING < row["at"] < MORNING + 70 * 10**9 for row in ledger(1) if "at" in row)


def test_a_set_price_holds_on_top_of_a_move(stand: Stand) -> None:
    stand.broker.play([Scene(scene="crash")])
    stand.wait(60)
    stand.price(1600)
    assert stand.broker.last_price("NSEEQ", "2885") == 16_000_000
    stand.broker.play([Scene(scene="rise", percent=10, seconds=5)])
    stand.wait(5)
    assert stand.broker.last_price("NSEEQ", "2885") == 17_600_000


@pytest.mark.parametrize(
    ("scene", "named"),
    [
        (Scene(scene="crash", percent=95), "percent"),
        (Scene(scene="crash", percent=-5), "percent"),
        (Scene(scene="move", percent=-95), "percent"),
        (Scene(scene="rise", seconds=0), "seconds"),
        (Scene(scene="rise", after_s=-1), "after_s"),
        (Scene(scene="rise", symbols=["NOKIA"]), "NOKIA"),
    ],
)
def test_a_scene_that_cannot_be_played_changes_nothing(
    stand: Stand, scene: Scene, named: str
) -> None:
    with pytest.raises(SceneError, match=named):
        stand.broker.play([Scene(scene="rise"), scene])
    assert stand.broker.desk.prices.course.moves == []


async def test_over_the_control_path() -> None:
    async with serving() as served, served.client() as client:
        script = [{"scene": "crash", "seconds": 1, "percent": 50}, {"scene": "still", "after_s": 1}]
        moves = (await client.post(f"{served.control}/market", json=script)).json()
        assert [(move["ratio"], move["end"] - move["start"]) for move in moves] == [
            (0.5, 1),
            (0, 60),
        ]
        bad = await client.post(f"{served.control}/market", json={"scene": "boom"})
        assert (bad.status_code, "boom" in bad.json()["error"]) == (400, True)
        profit = (await client.get(f"{served.control}/profit?account=30000001")).json()
        assert profit["accounts"] == {
            "30000001": {"realised": "0.0", "open": "0.0", "total": "0.0"}
        }
        where = {"client_id": "30000001", "exchange": "NSEEQ", "instrument_id": "2885"}
        carried = where | {"quantity": -5, "price": "1600"}
        assert (await client.post(f"{served.control}/positions", json=carried)).status_code == 200
        again = await client.post(f"{served.control}/positions", json=carried)
        assert "already" in again.json()["error"]
        shares = where | {"settled": 3, "pledged": 4, "price": 1500.5}
        assert (await client.post(f"{served.control}/holdings", json=shares)).status_code == 200
        account = served.broker.desk.accounts["30000001"]
        assert account.positions["NSEEQ", "2885", "NORMAL"].net == -5
        assert account.holdings["RELIANCE", "DELIVERY"].pledged == 4


def test_a_script_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "crash.json"
    path.write_text(json.dumps([{"scene": "move", "percent": 20, "seconds": 1}]))
    with running(f"--market={path}", "--seed=1") as (line, _), httpx.Client(trust_env=False) as web:
        web.patch(f"{line['control_url']}/switches", json={"latency_ms": 0})
        assert len(web.post(f"{line['control_url']}/market", json=[]).json()) == 1
