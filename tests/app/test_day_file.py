"""A day as one file to keep: any machine can say whether it is as it was written."""

import asyncio
import contextlib
import hashlib
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from copytrade_gui.__main__ import main
from copytrade_gui.app.stored_trail import verify_file
from copytrade_gui.domain.order import Side
from copytrade_gui.ports import TrailPart
from copytrade_gui.services.closing import Closing
from copytrade_gui.services.day_file import TRAIL, write
from copytrade_gui.services.day_file import manifest as manifest_of
from copytrade_gui.services.verbs import RefusedError
from tests.engine.test_exits import DAY_NS, press, ticket
from tests.engine.test_leaving import begin
from tests.proof.rig import MORNING_NS, Console, world


def _sheet(parts: dict[str, bytes]) -> str:
    return next(name for name in parts if name.endswith(".csv"))


def _again(source: Path, target: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """The same day's file, with something changed and its manifest made to fit."""
    with zipfile.ZipFile(source) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    change(parts)
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return target


def _fit(parts: dict[str, bytes], name: str, before: bytes, after: bytes) -> None:
    """Change a part, and its hash and size in the manifest with it."""
    assert before in parts[name]
    parts[name] = parts[name].replace(before, after, 1)
    manifest = json.loads(parts["manifest.json"])
    for part in manifest["parts"]:
        if part["name"] == name:
            part["sha256"] = hashlib.sha256(parts[name]).hexdigest()
            part["size"] = len(parts[name])
    parts["manifest.json"] = json.dumps(manifest).encode()


def drop(parts: dict[str, bytes]) -> None:
    del parts[_sheet(parts)]


def add(parts: dict[str, bytes]) -> None:
    parts["sheets/more.csv"] = b"x"


def turn(parts: dict[str, bytes]) -> None:
    parts[_sheet(parts)] = parts[_sheet(parts)].replace(b"SELL", b"BUYS", 1)


def lengthen(parts: dict[str, bytes]) -> None:
    parts[_sheet(parts)] += b"x"


def outside(parts: dict[str, bytes]) -> None:
    manifest = json.loads(parts["manifest.json"])
    manifest["parts"][0]["name"] = "../../evil"
    parts["manifest.json"] = json.dumps(manifest).encode()


def seal(parts: dict[str, bytes]) -> None:
    manifest = json.loads(parts["manifest.json"])
    manifest["seal"]["orders"] += 1
    parts["manifest.json"] = json.dumps(manifest).encode()


def trade(parts: dict[str, bytes]) -> None:
    row = next(line for line in parts[_sheet(parts)].splitlines() if b",SELL," in line)
    price = row.split(b",")[6]
    _fit(parts, _sheet(parts), price, b"9" + price)


def trail(parts: dict[str, bytes]) -> None:
    _fit(parts, "trail.json", b"FILLED", b"FILLDE")


def last(parts: dict[str, bytes]) -> None:
    lines = parts["trail.json"].splitlines(keepends=True)
    _fit(parts, "trail.json", b"".join(lines[-2:]), lines[-1])


def nothing(parts: dict[str, bytes]) -> None:
    parts["manifest.json"] = b"{}"


CHANGES = {
    drop: "is missing", add: "not in its manifest", turn: "was changed",
    lengthen: "the manifest says", outside: "outside", seal: "seal of the day is not in the trail",
    trade: "which the trail does not know",
    trail: "was changed after it was written", last: "The trail ends with event",
    nothing: "no manifest",
}  # fmt: skip


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A small day's file."""
    folder = tmp_path_factory.mktemp("day")
    (folder / "parts").mkdir()
    (folder / "parts" / TRAIL).write_text("[]\n" + "word " * 200)
    trail = TrailPart(0, 0, "", "")
    whole = manifest_of("2026-12-01", "now", folder / "parts", paper=True, trail=trail, seal=None,
                        sheets=[])  # fmt: skip
    write(folder / "day.zip", folder / "parts", whole)
    return (folder / "day.zip").read_bytes()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(st.data())
def test_a_file_can_be_damaged_anywhere_and_is_still_judged(
    tmp_path: Path, written: bytes, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(written) - 1))
    damaged = bytearray(written)
    damaged[at] ^= data.draw(st.integers(1, 255))
    (tmp_path / "damaged.zip").write_bytes(damaged)
    with contextlib.suppress(RefusedError):  # it cannot be read at all
        asyncio.run(verify_file(tmp_path / "damaged.zip"))


def test_a_day_is_one_file_that_any_machine_verifies(
    tmp_path: Path, qapp: object, capsys: pytest.CaptureFixture[str]
) -> None:
    async def monday(console: Console) -> None:
        await begin(console)
        await console.store.accounts.put(console.world.accounts, console.world.links)
        await press(console, ticket(console.world, Side.BUY), wait_s=20)

    async def tuesday(console: Console) -> None:
        await begin(console)
        await console.engine.resume("operator", "Looked at every book.")
        await press(console, ticket(console.world, Side.SELL), wait_s=20)
        await console.world.clock.sleep(2_000)
        report = await Closing(
            console.engine, console.store.journal, console.store.seals, console.world.clock
        ).close_day("operator")
        assert report.seal is not None, report.in_words

    file = tmp_path / "days" / "tuesday.zip"
    with world(2, starts_ns=MORNING_NS + 18_600_000_000_000) as made:  # 15:10
        made.live(monday)
        made.time.now_ns += DAY_NS
        made.live(tuesday)
        place = ["--paper", "--data-dir", str(made.folder / "life0")]
        assert main(["audit", "keep", str(file), "--day", "2026-11-25", *place, "--json"]) == 0
        kept = json.loads(capsys.readouterr().out)
        assert main(["audit", "verify", *place]) == 0  # the act itself is in the trail
        capsys.readouterr()
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert (kept["sha256"], kept["followers"], kept["sealed"]) == (digest, 2, True)
    assert file.stat().st_mode & 0o077 == 0
    assert main(["audit", "verify", str(file)]) == 0
    assert "with the trail's trades" in capsys.readouterr().out
    with zipfile.ZipFile(file) as archive:
        names = archive.namelist()
        manifest = json.loads(archive.read("manifest.json"))
    assert manifest["trail"]["before"] > 0, "Monday's facts are in Monday's file"
    assert {name.rpartition(".")[2] for name in names} == {"csv", "json", "pdf", "xlsx"}
    for number, (change, sentence) in enumerate(CHANGES.items()):
        other = _again(file, tmp_path / f"{number}.zip", change)
        assert main(["audit", "verify", str(other)]) == 1, change.__name__
        assert sentence in capsys.readouterr().out, change.__name__
    assert not (tmp_path.parent / "evil").exists()
    (tmp_path / "no.zip").write_bytes(b"no zip")
    assert main(["audit", "verify", str(tmp_path / "no.zip")]) == 1
    assert "cannot be read" in capsys.readouterr().err
