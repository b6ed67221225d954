"""``copytrade-gui positions`` says what copies hold by the fills in a folder that is closed."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from copytrade_gui.__main__ import main
from copytrade_gui.domain.ids import AccountId, CommandId
from copytrade_gui.domain.order import FanOut, Product, Side
from tests.engine.test_exits import position, press, ticket
from tests.engine.test_leaving import begin
from tests.engine.test_link_profits import M, N, with_two_masters
from tests.proof.rig import Console, world


def test_what_copies_carry_is_told_without_a_broker(capsys: pytest.CaptureFixture[str]) -> None:
    async def script(console: Console) -> None:
        await begin(console)
        link = next(one for one in console.world.links if one.follower_id == "F001")
        await console.store.accounts.put([], [replace(link, group="Family")])
        await press(console, ticket(console.world, Side.BUY, 40, product=Product.NORMAL))

    with world(2) as made:
        made.live(script)
        place = ["--paper", "--data-dir", str(made.folder / "life0")]
        assert main(["positions", *place, "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
        symbol = made.instruments[0].symbol
        assert told["positions"] == 2
        assert {row["account_id"]: (row["symbol"], row["product"], row["copied"])
                for row in told["rows"]} == {
            AccountId(f"F00{number}"): (symbol, "NORMAL", position(made, number, "NORMAL"))
            for number in (1, 2)
        }  # fmt: skip
        assert all(float(row["average"]) > 0 for row in told["rows"])
        sums = {(one["of"], one["name"]): one for one in told["sums"]}
        assert {key: one["positions"] for key, one in sums.items()} == {
            ("account", "Follower 1"): 1, ("account", "Follower 2"): 1, ("group", "Family"): 1,
            ("all", ""): 2,
        }  # fmt: skip
        assert {one["realised_today"] for one in told["sums"]} == {"0.00"}
        assert main(["positions", *place]) == 0
        said = capsys.readouterr().out
        assert f"{symbol:<26}NORMAL" in said
        assert "2 positions of copies" in said


def test_of_two_masters_each_link_is_told_apart(capsys: pytest.CaptureFixture[str]) -> None:
    async def script(console: Console) -> None:
        await begin(console)
        for master, side in ((M, Side.BUY), (N, Side.SELL)):
            terms = ticket(made, side, 10, product=Product.NORMAL)
            await console.engine.submit(master, terms, FanOut.WITH_MASTER, CommandId(master))
            await made.clock.sleep(10)

    with world(4) as made:
        with_two_masters(made)
        made.live(script)
        place = ["--paper", "--data-dir", str(made.folder / "life0")]
        assert main(["positions", *place, "--json"]) == 0
        sums = json.loads(capsys.readouterr().out)["sums"]
        assert {(one["name"], one["master"]) for one in sums if one["of"] == "link"} == {
            (f"Follower {one}", master) for one in (1, 2) for master in ("Master", "Follower 3")
        }  # fmt: skip


def test_a_mistyped_folder_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["positions", "--data-dir", str(tmp_path / "no"), "--json"]) == 1
    assert "No console has been started" in json.loads(capsys.readouterr().out)["refused"]
