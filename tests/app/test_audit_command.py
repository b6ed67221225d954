"""``copytrade-gui audit``: the trail of a closed folder and of an exported file is verified."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from copytrade_gui.__main__ import main
from copytrade_gui.domain.order import Side
from tests.engine.test_exits import press, ticket
from tests.engine.test_leaving import begin
from tests.proof.rig import Console, world


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder in which an order was copied to two followers."""

    async def script(console: Console) -> None:
        await begin(console)
        await press(console, ticket(console.world, Side.BUY))

    with world(2) as made:
        made.live(script)
        yield made.folder / "life0"


def test_a_trail_is_verified_where_it_was_made_and_elsewhere(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place, file = ["--paper", "--data-dir", str(folder)], tmp_path / "trail.json"
    assert main(["audit", "verify", *place, "--json"]) == 0
    whole = {"ok": True, "problems": [], "records_lost": None}
    assert json.loads(capsys.readouterr().out) == whole
    assert main(["audit", "export", str(file), *place, "--json"]) == 0
    exported = json.loads(capsys.readouterr().out)["exported"]
    assert len(json.loads(file.read_text("utf-8"))) == exported > 3
    assert main(["audit", "verify", str(file)]) == 0
    assert "The trail fits" in capsys.readouterr().out
    lines = file.read_text("utf-8").splitlines(keepends=True)
    file.write_text("".join([*lines[:2], *lines[3:]]), "utf-8")
    assert main(["audit", "verify", str(file), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert not told["ok"]
    assert "missing" in told["problems"][0]


def test_a_quantity_that_was_changed_in_the_folder_is_named(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (database,) = folder.glob("profiles/*/copytrade.db")
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE intents SET quantity = quantity + 1 WHERE account_id = 'F001'")
    connection.close()
    assert main(["audit", "verify", "--paper", "--data-dir", str(folder)]) == 1
    assert "quantity" in capsys.readouterr().out


def test_a_trail_that_had_to_be_replaced_is_not_called_whole(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (database,) = folder.glob("profiles/*/copytrade.db")
    content = bytearray(database.read_bytes())
    content[4096 * 2 : 4096 * 12] = b"U" * 4096 * 10
    database.write_bytes(content)
    place = ["--paper", "--data-dir", str(folder)]
    assert main(["audit", "verify", *place, "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert "was damaged" in told["problems"][0]
    assert told["records_lost"]
    assert main(["audit", "verify", *place]) == 0  # what is there now fits, and is not all
    assert "Records were lost on" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["verify", "trail.csv"], "must be a trail that was exported as .json"),
        (["verify", "none.json"], "cannot be read"),
        (["export", "trail.txt"], "must end in .json or .csv"),
        (["export", "nowhere/trail.json"], "cannot be written"),
    ],
)
def test_a_file_that_cannot_be_is_one_sentence(
    folder: Path,
    words: list[str],
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["audit", *words, "--paper", "--data-dir", str(folder)]) == 1
    said = capsys.readouterr()
    assert sentence in said.err
    assert said.err.count("\n") == 1
    assert not said.out
    assert not list(tmp_path.iterdir())
