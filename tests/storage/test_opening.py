"""Whatever lies in the folder: a sound database opens, or one sentence says why not."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import BinaryIO

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection

from copytrade_gui.storage.database import upgrade
from copytrade_gui.storage.database.engines import Connecting, inline_engine
from copytrade_gui.storage.database.tables import APPEND_ONLY, METADATA, SCHEMA, guards
from copytrade_gui.storage.files.files import Files
from copytrade_gui.storage.files.folder import DataFolder, open_folder
from copytrade_gui.storage.files.problems import (
    DamagedDatabaseError,
    FolderError,
    NewerFileError,
    StorageError,
)
from copytrade_gui.storage.store import Seams, open_store
from copytrade_gui.storage.upkeep import opening
from tests.house.source import ROOT
from tests.storage.conftest import SMALL
from tests.storage.samples import DAY, HandClock, first_attempts, make_plan


def everything_in(folder: DataFolder) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder.root)): path.read_bytes()
        for path in folder.root.rglob("*")
        if path.is_file() and path.name != "instance.lock"
    }


async def make_used(folder: DataFolder, clock: HandClock, *, backup: bool = False) -> None:
    """A database with one plan; with a copy of it if asked for, and a second plan after that."""
    async with open_store(folder, clock, inline=True, seams=SMALL) as store:
        plan = make_plan("c1")
        await store.journal.commit_plan(plan, first_attempts(plan))
        if backup:
            made = await store.backups.make(store.database, store.order_log, clock.wall_ns())
            assert made is not None
            later = make_plan("c2")
            await store.journal.commit_plan(later, first_attempts(later))


async def test_a_newer_database_is_refused_and_untouched(
    folder: DataFolder, clock: HandClock
) -> None:
    await make_used(folder, clock)
    with sqlite3.connect(folder.database) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA + 1}")
    connection.close()
    before = everything_in(folder)
    with pytest.raises(NewerFileError) as refusal:
        async with open_store(folder, clock, inline=True, seams=SMALL):
            pytest.fail("a newer file was opened")
    sentence = str(refusal.value)
    assert str(folder.database) in sentence
    assert f"schema {SCHEMA + 1}, this program knows {SCHEMA}" in sentence
    assert "Start that one" in sentence
    assert everything_in(folder) == before


async def test_a_newer_schema_that_is_only_in_the_log_is_refused_too(
    folder: DataFolder, clock: HandClock
) -> None:
    await make_used(folder, clock)
    connection = sqlite3.connect(folder.database)
    connection.execute("PRAGMA journal_mode=WAL").fetchone()
    connection.execute(f"PRAGMA user_version = {SCHEMA + 1}")
    connection.commit()
    with pytest.raises(NewerFileError):
        async with open_store(folder, clock, inline=True, seams=SMALL):
            pytest.fail("a newer file was opened")
    connection.close()


async def test_another_programs_database_is_refused(folder: DataFolder, clock: HandClock) -> None:
    with sqlite3.connect(folder.database) as connection:
        connection.execute("CREATE TABLE bookmarks (url TEXT)")
        connection.execute("PRAGMA application_id = 77")
    connection.close()
    before = everything_in(folder)
    with pytest.raises(FolderError, match="another program"):
        async with open_store(folder, clock, inline=True, seams=SMALL):
            pytest.fail("a foreign file was opened")
    assert everything_in(folder) == before


@pytest.mark.expected_log("was damaged.*copy of copytrade-.* was restored, the damaged one is kept")
async def test_a_damaged_database_is_kept_aside_and_the_newest_sound_copy_restored(
    folder: DataFolder, clock: HandClock
) -> None:
    await make_used(folder, clock, backup=True)
    key_before = folder.witness.read_bytes()
    (sound,) = folder.backups.glob("copytrade-*")
    newer_but_broken = sound.with_name("copytrade-20991231-235959-000000.db")
    newer_but_broken.write_bytes(sound.read_bytes()[:-5000] + bytes(5000))
    damaged = bytearray(folder.database.read_bytes())
    damaged[4096:12288] = bytes(8192)
    folder.database.write_bytes(damaged)
    async with open_store(folder, clock, inline=True, seams=SMALL) as store:
        assert store.installation.epoch == 2
        assert sound.name in store.opening.sentences[0]
        assert [p.signal.order_ref for p in (await store.journal.load(DAY)).plans] == [
            "cmd:c1",
            "cmd:c2",  # the order log still knew it
        ]
    (kept,) = folder.damaged.rglob("copytrade.db")
    assert kept.read_bytes() == damaged
    assert folder.witness.read_bytes() != key_before


@pytest.mark.parametrize("content", [b"not a database at all" * 500, b"\0" * 8192])
@pytest.mark.expected_log("no sound copy was found, so an empty one was made")
async def test_without_a_copy_an_empty_database_is_made_and_said(
    folder: DataFolder, clock: HandClock, content: bytes
) -> None:
    folder.database.write_bytes(content)
    async with open_store(folder, clock, inline=True, seams=SMALL) as store:
        assert len(store.opening.sentences) == 1
        assert (await store.journal.load(DAY)).plans == ()
    (kept,) = folder.damaged.rglob("copytrade.db")
    assert kept.read_bytes() == content


class NoMoves(Files):
    def move(self, source: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")


async def test_a_damaged_database_that_cannot_be_moved_stays(
    folder: DataFolder, clock: HandClock
) -> None:
    folder.database.write_bytes(b"garbage" * 999)
    with pytest.raises(DamagedDatabaseError, match="No space left on device"):
        async with open_store(
            folder, clock, inline=True, seams=Seams(NoMoves(), reserve_bytes=65536)
        ):
            pytest.fail("it opened")
    assert folder.database.read_bytes() == b"garbage" * 999


@pytest.mark.expected_log("is missing: the copy of")
async def test_a_deleted_database_comes_back_from_its_copy(
    folder: DataFolder, clock: HandClock
) -> None:
    await make_used(folder, clock, backup=True)
    folder.database.unlink()
    async with open_store(folder, clock, inline=True, seams=SMALL) as store:
        assert store.installation.epoch == 2
        assert len((await store.journal.load(DAY)).plans) == 2  # one from the order log


@pytest.mark.expected_log("was changed while the console was closed")
async def test_a_change_behind_our_back_is_said(folder: DataFolder, clock: HandClock) -> None:
    await make_used(folder, clock)
    with sqlite3.connect(folder.database) as connection:
        connection.execute("UPDATE intents SET quantity = quantity + 1")
    connection.close()
    async with open_store(folder, clock, inline=True, seams=SMALL) as store:
        assert "Compare orders" in store.opening.sentences[0]
    async with open_store(folder, clock, inline=True, seams=SMALL) as store:
        assert store.opening.sentences == ()


async def test_an_upgrade_that_fails_leaves_the_old_file_and_a_copy(
    folder: DataFolder, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make_used(folder, clock)

    def fails(connection: Connection) -> None:
        connection.exec_driver_sql("CREATE TABLE half_done (x INTEGER)")
        connection.exec_driver_sql("SELECT * FROM no_such_table")

    monkeypatch.setattr(opening, "SCHEMA", SCHEMA + 1)
    monkeypatch.setattr(opening, "upgrade", fails)
    with pytest.raises(StorageError, match="could not be upgraded") as refusal:
        async with open_store(folder, clock, inline=True, seams=SMALL):
            pytest.fail("it opened")
    (copy,) = folder.backups.iterdir()
    assert str(copy) in str(refusal.value)
    monkeypatch.undo()
    async with open_store(folder, clock, inline=True, seams=SMALL) as store:
        assert store.opening.sentences == ()
        assert len((await store.journal.load(DAY)).plans) == 1
    with sqlite3.connect(folder.database) as connection:
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    connection.close()
    assert "half_done" not in tables


def test_the_revisions_build_exactly_the_tables_we_use(folder: DataFolder) -> None:
    engine = inline_engine(folder.database, Connecting())
    with engine.begin() as connection:
        upgrade.upgrade(connection)
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []
        built = {
            name: sql
            for name, sql in connection.exec_driver_sql("SELECT name, sql FROM sqlite_master")
            if sql
        }
    engine.dispose()
    for table in METADATA.sorted_tables:
        assert built[table.name].rstrip().endswith("STRICT"), table.name
        for index in table.indexes:
            where = index.dialect_options["sqlite"]["where"]
            if where is not None:
                assert " ".join(str(where).split()) in " ".join(built[str(index.name)].split())
    for table_name in APPEND_ONLY:
        for trigger in guards(table_name):
            assert any(" ".join(trigger.split()) == " ".join(sql.split()) for sql in built.values())


@pytest.mark.parametrize("table", APPEND_ONLY)
async def test_what_happened_is_never_changed_or_deleted(
    folder: DataFolder, clock: HandClock, table: str
) -> None:
    async with open_store(folder, clock, inline=True, seams=SMALL):
        pass
    connection = sqlite3.connect(folder.database)
    columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    kinds = {row[1]: row[2] for row in connection.execute(f"PRAGMA table_info({table})")}
    values = [{"INTEGER": 1, "TEXT": "x", "BLOB": b"x"}[kinds[column]] for column in columns]
    marks = ",".join("?" * len(columns))
    connection.execute(f"INSERT INTO {table} VALUES ({marks})", values)  # noqa: S608 - our own table
    change = f"UPDATE {table} SET {columns[-1]} = NULL"  # noqa: S608 - our own table
    removal = f"DELETE FROM {table}"  # noqa: S608 - our own table
    for statement in (change, removal):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            connection.execute(statement)
    connection.close()


def test_migrations_run_from_an_installed_wheel(tmp_path: Path) -> None:
    """The revisions are in the wheel and are found from wherever it is installed."""
    build = [
        sys.executable,
        "-c",
        "import hatchling.build, sys; print(hatchling.build.build_wheel(sys.argv[1]))",
    ]
    subprocess.run([*build, str(tmp_path)], cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    site = tmp_path / "100% site"  # a per cent sign is special to Alembic's configuration
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(site)
    run = (
        "import sys, pathlib, time, copytrade_gui; sys.path_importer_cache\n"
        "assert copytrade_gui.__file__.startswith(sys.argv[2]), copytrade_gui.__file__\n"
        "from copytrade_gui.storage.files.folder import open_folder\n"
        "from copytrade_gui.storage.upkeep.opening import Opener\n"
        "folder = open_folder(pathlib.Path(sys.argv[1]), 'paper')\n"
        "assert Opener(folder, time.time_ns).prepare().fresh\n"
        "print('made')"
    )
    done = subprocess.run(
        [sys.executable, "-c", run, str(tmp_path / "data"), str(site)],
        env={"PYTHONPATH": str(site), "PATH": "", "PYTHONWARNINGS": "error"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "made\n"), done.stderr


async def test_a_disk_that_cannot_be_written_is_said(folder: DataFolder, clock: HandClock) -> None:
    class NoDatabase(Files):
        def open_private(self, path: Path) -> BinaryIO:
            if path.name == "copytrade.db":
                raise OSError(30, "Read-only file system")
            return super().open_private(path)

    with pytest.raises(FolderError, match=r"cannot be opened for writing.*Read-only file system"):
        async with open_store(
            folder, clock, inline=True, seams=Seams(NoDatabase(), reserve_bytes=65536)
        ):
            pytest.fail("it opened")


async def test_a_copied_folder_opens_elsewhere(folder: DataFolder, tmp_path: Path) -> None:
    clock = HandClock()
    await make_used(folder, clock)
    other = open_folder(tmp_path / "other", "paper")
    shutil.copytree(folder.root, other.root, dirs_exist_ok=True)
    async with open_store(other, clock, inline=True, seams=SMALL) as store:
        assert store.opening.sentences == ()
        assert len((await store.journal.load(DAY)).plans) == 1
