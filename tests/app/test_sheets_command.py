"""``copytrade-gui sheets`` writes every follower's day from a closed folder, PDF files as well."""

import json
from pathlib import Path

import pytest

from copytrade_gui.__main__ import main
from copytrade_gui.domain.order import Side
from tests.engine.test_exits import press, ticket
from tests.engine.test_leaving import begin
from tests.proof.rig import Console, world


def test_every_follower_gets_his_files(
    tmp_path: Path, qapp: object, capsys: pytest.CaptureFixture[str]
) -> None:
    async def script(console: Console) -> None:
        await begin(console)
        await console.store.accounts.put(console.world.accounts, console.world.links)
        await press(console, ticket(console.world, Side.BUY))

    out = tmp_path / "out"
    with world(2) as made:
        made.live(script)
        place = ["--paper", "--data-dir", str(made.folder / "life0"), "--json"]
        clients = [one.client_id for one in made.accounts[1:]]
        assert main(["sheets", str(out), "--day", "2026-11-24", *place]) == 0
        told = json.loads(capsys.readouterr().out)
        assert told == {"ok": True, "sheets": 2, "folder": str(out)}
        few, both = tmp_path / "few", ["--kind", "csv", "--kind", "xlsx"]
        assert main(["sheets", str(few), "--day", "2026-11-24", *both, *place]) == 0
        assert {path.suffix for path in few.iterdir()} == {".csv", ".xlsx"}
        capsys.readouterr()
        assert main(["sheets", str(out), "--day", "2026-11-25", "--kind", "csv", *place]) == 1
        refused = json.loads(capsys.readouterr().out)
        assert refused["field"] == "day"
        assert "25 Nov 2026" in refused["refused"]
    endings = ("csv", "pdf", "xlsx")
    assert sorted(path.name for path in out.iterdir()) == sorted(
        f"2026-11-24-{client}-Follower_{number}.{ending}"
        for number, client in enumerate(clients, start=1)
        for ending in endings
    )
    for path in out.glob("*.pdf"):
        printed = path.read_bytes()
        assert printed.startswith(b"%PDF")
        assert printed.rstrip().endswith(b"%%EOF")
        assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("words", [("sheets", "out"), ("audit", "keep", "day.zip")])
@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("tomorrow", 'Day "tomorrow" is no day.'),
        ("0001-01-01", "Day 0001-01-01 is not from 2000-01-01 to 2099-12-31."),
        ("2300-01-01", "Day 2300-01-01 is not from"),
        ("9999-12-31", "Day 9999-12-31 is not from"),
    ],
)
def test_a_word_that_is_no_day_is_one_sentence(
    words: tuple[str, ...], typed: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([*words, "--day", typed])
    error = capsys.readouterr().err
    assert f"argument --day: {said}" in error
    assert "such as 2026-12-01." in error
