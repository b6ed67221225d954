"""The window opens paper until a person chose live, and whatever is in doubt is paper."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copytrade_gui import commands
from copytrade_gui.app.opening import Opening, mode_file, opening
from copytrade_gui.app.starting import requests_to
from copytrade_gui.app.system_clock import SystemClock
from copytrade_gui.app.wiring import OpenOptions, open_console
from copytrade_gui.domain.account import Account
from copytrade_gui.domain.basis import SIMULATED, UNDECLARED, Basis, Declared
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.mode import Mode
from copytrade_gui.storage.files.folder import PAPER_PROFILE, open_folder, profile_root
from copytrade_gui.storage.files.instance_lock import InstanceLock
from copytrade_gui.storage.files.problems import FolderError
from copytrade_gui.storage.store import open_store

PAPER, LIVE = Opening(Mode.PAPER), Opening(Mode.LIVE)
OWN = Declared(Basis.SELF)


async def enrol(place: Path, declared: Declared) -> None:
    """A live account, stored as a console does; there is a database then."""
    account = Account(AccountId("M"), "Owner", "MX1", "key", master=True, declared=declared)
    async with open_store(open_folder(place, "default"), SystemClock()) as store:
        await store.accounts.put([account])


def test_an_empty_home_opens_paper_and_nothing_is_made(tmp_path: Path) -> None:
    place = tmp_path / "home"
    assert opening(place, "default", None) == PAPER
    assert opening(place, "default", Mode.PAPER) == PAPER
    assert opening(place, "paper", None) == PAPER
    assert not place.exists()


def test_a_choice_holds_until_another_and_is_forced_for_one_start(tmp_path: Path) -> None:
    open_folder(tmp_path, "default")
    for chosen, told in ((Mode.LIVE, LIVE), (Mode.PAPER, PAPER)):
        mode_file(tmp_path, "default").write(chosen)
        assert opening(tmp_path, "default", Mode.PAPER) == PAPER
        assert opening(tmp_path, "default", Mode.LIVE) == LIVE
        assert opening(tmp_path, "default", None) == told
    mode_file(tmp_path, "default").write(Mode.LIVE)
    assert opening(tmp_path, "second", None) == PAPER, "the choice is of one profile"


@pytest.mark.parametrize(
    ("declared", "told"), [(OWN, LIVE), (UNDECLARED, PAPER), (SIMULATED, PAPER)]
)
async def test_live_accounts_of_before_there_was_a_choice_count_as_one(
    tmp_path: Path, declared: Declared, told: Opening
) -> None:
    await enrol(tmp_path, declared)
    assert opening(tmp_path, "default", None) == told
    assert mode_file(tmp_path, "default").read() is told.mode
    await enrol(tmp_path, OWN)
    assert opening(tmp_path, "default", None) == told, "settled once"


async def test_who_opens_live_once_to_enrol_is_not_live_ever_after(tmp_path: Path) -> None:
    assert opening(tmp_path, "default", Mode.LIVE) == LIVE
    await enrol(tmp_path, OWN)
    assert opening(tmp_path, "default", None) == PAPER


@settings(max_examples=30)
@given(written=st.binary(max_size=40) | st.sampled_from([b"live", b"\xff" * 5_000, b"[]", b"{}"]))
def test_a_damaged_choice_is_paper_and_says_so(
    tmp_path_factory: pytest.TempPathFactory, written: bytes
) -> None:
    place = tmp_path_factory.getbasetemp() / "damaged"
    path = open_folder(place, "default").mode
    path.write_bytes(written)
    opened = opening(place, "default", None)
    assert opened.mode is Mode.PAPER
    assert str(path) in opened.told
    assert "PAPER TRADING" in opened.told
    assert opening(place, "default", Mode.LIVE) == LIVE


async def test_a_choice_or_database_that_cannot_be_read_is_paper(tmp_path: Path) -> None:
    folder = open_folder(tmp_path, "default")
    folder.database.write_bytes(b"no database" * 500)
    opened = opening(tmp_path, "default", None)
    assert (opened.mode, folder.mode.exists()) == (Mode.PAPER, False)
    assert "cannot be read" in opened.told
    folder.mode.mkdir()
    opened = opening(tmp_path, "default", None)
    assert opened.mode is Mode.PAPER
    assert "cannot be read" in opened.told


async def test_the_profile_of_paper_never_opens_live(tmp_path: Path) -> None:
    with pytest.raises(FolderError, match="Choose another --profile"):
        opening(tmp_path, PAPER_PROFILE, Mode.LIVE)
    with pytest.raises(FolderError, match="holds the accounts of paper trading"):
        async with open_console(OpenOptions(tmp_path, PAPER_PROFILE)):
            pass
    with pytest.raises(FolderError, match="Choose another --profile"):
        opening(tmp_path, "No name", None)


def test_the_bare_command_opens_paper_in_an_empty_home_and_live_once_chosen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever holds the paper folder refuses the start that wants it; live lacks a passphrase."""
    monkeypatch.setattr("copytrade_gui.app.wiring.find_backend", lambda: None)
    bare = ["--data-dir", str(tmp_path)]
    paper = open_folder(tmp_path, PAPER_PROFILE)
    requests, over = requests_to(paper.root), threading.Event()

    def look() -> None:
        while not over.wait(0.01):
            requests.taken()

    other = threading.Thread(target=look)
    with InstanceLock(paper.lock):
        other.start()
        assert commands.run(bare) == 1
        over.set()
        other.join()
    assert str(paper.root) in capsys.readouterr().err
    assert not profile_root(tmp_path, "default").exists()
    open_folder(tmp_path, "default")
    mode_file(tmp_path, "default").write(Mode.LIVE)
    assert commands.run(bare) == 1
    assert "passphrase" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--live", "--paper"], "not allowed with argument"),
        (["--live", "demo"], "contradicts the paper"),
        (["--live", "positions", "--paper"], "contradicts the paper"),
        (["--live", "--followers", "10"], "write --paper as well"),
        (["--live", "--keep-broker"], "write --paper as well"),
    ],
)
def test_live_and_paper_asked_for_at_once_are_refused(
    words: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        commands.run(["--data-dir", str(tmp_path), *words])
    assert ended.value.code == 2
    assert told in capsys.readouterr().err
