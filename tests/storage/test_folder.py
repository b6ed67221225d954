"""The data folder is private, local, ours alone, and every refusal says what to do."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import BinaryIO

import pytest

from copytrade_gui.domain.instrument import Exchange
from copytrade_gui.domain.order import State
from copytrade_gui.storage.files.files import Files
from copytrade_gui.storage.files.folder import DataFolder, open_folder
from copytrade_gui.storage.files.instance_lock import InstanceLock
from copytrade_gui.storage.files.kill_flag import KillFlagFile
from copytrade_gui.storage.files.problems import FolderError, SecondInstanceError
from copytrade_gui.storage.files.reserve import Reserve, room_problem
from copytrade_gui.storage.instrument_index import SqliteInstrumentIndex
from copytrade_gui.storage.store import open_store
from tests.storage.conftest import SMALL
from tests.storage.samples import HandClock, first_attempts, make_plan

posix = pytest.mark.skipif(sys.platform == "win32", reason="rights are inherited on Windows")


@pytest.fixture
def open_umask() -> Iterator[None]:
    """Everything would be readable by everybody."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@posix
@pytest.mark.parametrize("inline", [True, False])
async def test_everything_is_private_whatever_the_umask(
    tmp_path: Path, open_umask: None, inline: bool
) -> None:
    folder = open_folder(tmp_path / "data", "paper")
    clock = HandClock()
    async with open_store(folder, clock, inline=inline, seams=SMALL) as store:
        plan = make_plan()
        await store.journal.commit_plan(plan, first_attempts(plan))
        assert await store.backups.make(store.database, store.order_log, clock.wall_ns())
        store.kill_flag.set("test")
        await store.history.export_events(folder.root / "events.csv")
        seen = {path.name for path in folder.root.iterdir()}
        assert {"copytrade.db-wal", "copytrade.db-shm", "reserve.bin", "KILL"} <= seen
        for path in (tmp_path / "data").rglob("*"):
            assert mode(path) == (0o700 if path.is_dir() else 0o600), path
    assert mode(tmp_path / "data") == 0o700


@posix
def test_an_open_folder_of_ours_is_closed_again(tmp_path: Path) -> None:
    base = tmp_path / "data"
    open_folder(base, "paper")
    base.chmod(0o755)
    open_folder(base, "paper")
    assert mode(base) == 0o700


@posix
def test_a_shared_folder_with_other_files_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    base = tmp_path / "documents"
    base.mkdir()
    base.chmod(0o755)
    (base / "letter.txt").write_text("Dear")
    with pytest.raises(FolderError, match="Choose an empty folder with --data-dir"):
        open_folder(base, "paper")
    assert mode(base) == 0o755
    assert [path.name for path in base.iterdir()] == ["letter.txt"]


@pytest.mark.parametrize("name", ["Dropbox", "OneDrive - Firm", "iCloud Drive", "Google Drive"])
def test_a_synced_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(FolderError, match="copies files while they change"):
        open_folder(tmp_path / name / "trading", "paper")
    assert not (tmp_path / name).exists()


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right of their own there")
@pytest.mark.parametrize("name", ["Dropbox", "OneDrive - Asha", "Google Drive"])
@pytest.mark.parametrize(
    "linked", ["", "profiles", "profiles/paper", "profiles/paper/copytrade.db"]
)
def test_a_link_into_a_synced_folder_is_refused_like_the_folder_itself(
    tmp_path: Path, name: str, linked: str
) -> None:
    synced = tmp_path / name / "trading"
    synced.mkdir(parents=True)
    link = tmp_path / "data" / linked
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(synced, target_is_directory=True)
    with pytest.raises(FolderError, match=f"leads to .*lies in {name}, which copies files"):
        open_folder(tmp_path / "data", "paper")
    assert not list(synced.iterdir())


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right of their own there")
def test_a_link_onto_a_network_drive_and_one_to_itself_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drive = tmp_path / "drive"
    drive.mkdir()
    monkeypatch.setattr(
        "copytrade_gui.storage.files.folder._on_network",
        lambda path: drive in (path, *path.parents),
    )
    (tmp_path / "data").symlink_to(drive, target_is_directory=True)
    with pytest.raises(FolderError, match=r"leads to .*drive, which lies on a network drive"):
        open_folder(tmp_path / "data", "paper")
    (tmp_path / "round").symlink_to(tmp_path / "round")
    with pytest.raises(FolderError, match=r"leads nowhere|cannot be written"):
        open_folder(tmp_path / "round", "paper")


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right of their own there")
def test_a_link_to_a_local_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir(mode=0o700)
    (tmp_path / "data").symlink_to(tmp_path / "there", target_is_directory=True)
    assert open_folder(tmp_path / "data", "paper").root.is_dir()


@pytest.mark.parametrize("name", ["", "Live", "../up", "a b", "x" * 33])
def test_a_bad_profile_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(FolderError, match="--profile"):
        open_folder(tmp_path / "data", name)
    assert not (tmp_path / "data").exists()


def test_a_file_in_the_folders_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("mine")
    with pytest.raises(FolderError, match="is a file"):
        open_folder(tmp_path / "data", "paper")
    assert (tmp_path / "data").read_text() == "mine"


class ReadOnly(Files):
    def open_private(self, path: Path) -> BinaryIO:
        raise OSError(30, "Read-only file system", str(path))


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FolderError, match=r"cannot be written \(Read-only file system\)"):
        open_folder(tmp_path / "data", "paper", ReadOnly())


async def test_a_second_console_is_refused_and_named(folder: DataFolder, clock: HandClock) -> None:
    async with open_store(folder, clock, inline=True, seams=SMALL):
        with pytest.raises(SecondInstanceError, match="already uses") as caught:
            async with open_store(folder, clock, inline=True, seams=SMALL):
                pytest.fail("two consoles opened one folder")
        assert caught.value.pid == os.getpid()
    async with open_store(folder, clock, inline=True, seams=SMALL):
        pass


def test_two_profiles_run_side_by_side(tmp_path: Path) -> None:
    with (
        InstanceLock(open_folder(tmp_path / "data", "paper").lock),
        InstanceLock(open_folder(tmp_path / "data", "live").lock),
    ):
        pass


def test_the_lock_dies_with_its_process(folder: DataFolder) -> None:
    held = (
        "import sys, pathlib; from copytrade_gui.storage.files.instance_lock import InstanceLock; "
        "lock = InstanceLock(pathlib.Path(sys.argv[1])); print('held', flush=True); input()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", held, str(folder.lock)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(SecondInstanceError) as caught:
            InstanceLock(folder.lock)
        assert caught.value.pid == process.pid
        process.kill()
        process.wait()
    InstanceLock(folder.lock).release()


def test_the_kill_flag_holds_across_a_start_and_if_the_folder_is_gone(folder: DataFolder) -> None:
    flag = KillFlagFile(folder.kill_flag)
    assert not flag.is_set()
    flag.set("fat finger")
    again = KillFlagFile(folder.kill_flag)
    assert again.is_set()
    assert again.why() == "fat finger"
    again.clear()
    assert not again.is_set()
    assert KillFlagFile(folder.root / "gone" / "KILL").is_set()


def test_a_kill_holds_although_its_file_cannot_be_written(folder: DataFolder) -> None:
    flag = KillFlagFile(folder.kill_flag, ReadOnly())
    with pytest.raises(OSError, match="Read-only"):
        flag.set("fat finger")
    assert flag.is_set()


class Full(Files):
    def free_bytes(self, folder: Path) -> int:
        return 100 * 1024 * 1024


def test_a_nearly_full_disk_is_said_and_holds_no_reserve(folder: DataFolder) -> None:
    reserve = Reserve(folder.reserve, Full(), 64 * 1024)
    assert not reserve.fill()
    assert not reserve.whole
    problem = room_problem(folder.root, Full())
    assert problem is not None
    assert problem.startswith("Only 100 MiB are free")


def test_the_reserve_is_made_of_real_blocks_and_given_back(folder: DataFolder) -> None:
    reserve = Reserve(folder.reserve, size=2 * 1024 * 1024)
    assert reserve.fill()
    if os.name != "nt":
        assert folder.reserve.stat().st_blocks * 512 >= 2 * 1024 * 1024
    reserve.drop()
    assert not folder.reserve.exists()


def test_states_are_named_as_stored() -> None:
    # A renamed state would orphan every stored order; rename it by a migration.
    assert [state.value for state in State] == [state.name for state in State]


@posix
def test_the_cache_of_contracts_is_private_whatever_the_umask(
    folder: DataFolder, open_umask: None
) -> None:
    index = SqliteInstrumentIndex(folder.cache / "instruments.sqlite")
    asyncio.run(index.put(Exchange.NSEEQ, date(2026, 11, 24), []))
    rights = {path.name: path.stat().st_mode & 0o777 for path in folder.cache.iterdir()}
    index.close()
    assert "instruments.sqlite" in rights
    assert set(rights.values()) == {0o600}, rights
