"""The paper broker while the console is closed: found again, ended, and ordered at."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from copytrade_gui import headless
from copytrade_gui.app import paper_command
from copytrade_gui.app.paper import SimulatorOptions
from copytrade_gui.app.paper_broker import PaperBroker, address_of, paper_broker, running_broker
from copytrade_gui.app.paper_command import PaperOrder
from copytrade_gui.app.system_clock import SystemClock
from copytrade_gui.app.wiring import Opened, OpenOptions, open_console
from copytrade_gui.domain.events import Alarm, Event
from copytrade_gui.domain.order import Side
from copytrade_gui.domain.seen import Seen
from copytrade_gui.ports import BrokerFailureError
from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.storage.files.folder import DataFolder, open_folder

pytestmark = pytest.mark.timeout(120)

TWO = SimulatorOptions(accounts=2, latency_ms=0, jitter_ms=0, seed=1)


def lives(pid: int) -> bool:
    """Whether it is a process that still does something."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rsplit(")", 1)[1].split()[0] != "Z"


async def gone(pid: int) -> bool:
    """Whether it ends; its address is taken away a moment before."""
    for _ in range(200):
        if not lives(pid):
            return True
        await asyncio.sleep(0.01)
    return False


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return open_folder(tmp_path, "paper")


@pytest.fixture(autouse=True)
def nothing_left(folder: DataFolder) -> object:
    """Whatever a test leaves running is ended, and ended brokers leave no address."""
    yield
    line = address_of(folder)
    if line is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(line.pid, signal.SIGKILL)


@asynccontextmanager
async def broker(
    folder: DataFolder, *, keep: bool | None = None, options: SimulatorOptions = TWO
) -> AsyncIterator[PaperBroker]:
    async with paper_broker(options, folder, keep, SystemClock()) as opened:
        yield opened


@asynccontextmanager
async def console(folder: DataFolder, keep: bool | None = None) -> AsyncIterator[Opened]:
    base = folder.root.parent.parent
    place = OpenOptions(base, paper=TWO, keep_paper_day=True, keep_broker=keep)
    async with open_console(place) as opened:
        yield opened


async def test_an_order_of_the_master_while_the_console_was_closed_is_missed_while_away(
    folder: DataFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    base = folder.root.parent.parent
    async with console(folder, keep=True) as opened:
        assert opened.console.paper_broker is not None
        assert await opened.console.paper_broker.broker_kept()
        with pytest.raises(RefusedError, match="A console trades at the paper broker"):
            await paper_command.stop(base)
    line = address_of(folder)
    assert line is not None
    assert lives(line.pid)
    assert (folder.paper_address / "address.json").stat().st_mode & 0o777 == 0o600
    assert folder.paper_address.stat().st_mode & 0o777 == 0o700
    standing = await paper_command.standing(base)
    assert (standing.process, standing.ends_after_h) == (line.pid, 12)
    placed = await paper_command.place(base, PaperOrder(Side.BUY, "10", "reliance-eq"))
    assert placed.status == "complete"
    assert placed.sentence.startswith("BUY 10 RELIANCE-EQ at the market")
    told: list[Event] = []
    async with console(folder) as opened:
        opened.console.events.subscribe(told.append)
        assert address_of(folder) == line, "the same process is used again"
        await opened.console.sessions.login_all_paper()
        (seen,) = await opened.console.masters.seen()
        assert (seen.broker_order_id, seen.became) == (placed.order_id, Seen.MISSED)
        await opened.store.journal.flush()
        rows = await opened.console.history.events(50)
        assert any("ran on while the console was closed" in row.body + row.reason for row in rows)
        assert opened.console.paper_broker is not None
        await opened.console.paper_broker.keep_broker(keep=False)
    assert await gone(line.pid), "without the choice it ends with the console"
    assert not folder.paper_address.exists()
    assert not [one for one in told if isinstance(one, Alarm) and "refused" in one.sentence]
    assert not (await paper_command.standing(base)).running


async def test_without_the_choice_nothing_is_left_running(folder: DataFolder) -> None:
    async with broker(folder) as opened:
        line = address_of(folder)
        assert line is not None
        assert not opened.kept()
        assert opened.news == ""
    assert await gone(line.pid)
    assert not folder.paper_address.exists()


async def test_a_broker_that_died_is_replaced_its_day_goes_on_and_both_is_said(
    folder: DataFolder,
) -> None:
    async with broker(folder, keep=True):
        pass
    line = address_of(folder)
    assert line is not None
    folder.database.touch()
    order = {"exchange": "NSEEQ", "instrumentId": "2885", "quantity": "7"}
    async with broker(folder) as opened:
        client = opened.accounts[0].client_id
        await opened.control.control("POST", "/owner/place", {"client_id": client, "order": order})
    stopped = await paper_command.stop(folder.root.parent.parent)
    assert (stopped.running, "Its day is kept" in stopped.sentence) == (False, True)
    more = SimulatorOptions(accounts=5, masters=2, latency_ms=0, jitter_ms=0)
    async with broker(folder) as opened:
        assert "has ended" in opened.news
        assert [row.account for row in await opened.control.ledger()] == [client]
    line = address_of(folder)
    assert line is not None
    async with broker(folder, options=more) as opened:
        assert f"ran on while the console was closed (process {line.pid}" in opened.news
        assert [one.role for one in opened.accounts].count("master") == 2
        assert len(opened.accounts) == 5, "more are opened at one that was found"
    os.kill(line.pid, signal.SIGKILL)
    async with broker(folder, keep=False) as opened:
        assert f"(process {line.pid}) does not answer any more" in opened.news
        assert len(await opened.control.ledger()) == 1
    assert not folder.paper_address.exists()


async def test_a_program_that_answers_at_the_address_and_is_not_ours_is_not_used(
    folder: DataFolder, tmp_path: Path
) -> None:
    """Its port was free again, and another simulator has it, with accounts of its own."""
    other = open_folder(tmp_path, "other")
    async with broker(other, options=SimulatorOptions(accounts=2, seed=2)):
        foreign = (other.paper_address / "address.json").read_bytes()
        folder.paper_address.mkdir(mode=0o700)
        line = json.loads(foreign) | {"accounts_file": str(folder.paper_address / "accounts.json")}
        (folder.paper_address / "address.json").write_text(json.dumps(line))
        (folder.paper_address / "accounts.json").write_text(
            '[{"client_id": "30000001", "app_key": "k", "app_secret": "s", "role": "master"}]'
        )
        async with broker(folder) as opened:
            assert opened.line.base_url != line["base_url"]
            assert "does not answer any more" in opened.news
        running = address_of(other)
        assert running is not None
        assert lives(running.pid), "nor is it ended"


@pytest.mark.parametrize(
    "odd",
    [
        {"control_url": "http://[1/control"},
        {"control_url": "http://example.com/control"},
        {"control_url": ""},
        {"ca_file": "/nowhere/ca.pem"},
        {"accounts_file": "/nowhere/accounts.json"},
    ],
)
async def test_an_address_that_was_damaged_is_none_and_keeps_nobody_from_starting(
    folder: DataFolder, odd: dict[str, str]
) -> None:
    line = {
        "base_url": "http://127.0.0.1:9/api", "login_url": "http://127.0.0.1:9/login",
        "control_url": "http://127.0.0.1:9/control", "accounts_file": "none", "pid": 2**22 + 1,
        "started_ns": 1,
    }  # fmt: skip
    folder.paper_address.mkdir(mode=0o700)
    (folder.paper_address / "address.json").write_text(json.dumps(line | odd))
    async with running_broker(folder, SystemClock()) as running:
        assert running is None


async def test_two_programs_never_write_one_day(folder: DataFolder) -> None:
    """The address is lost, the process is not: a second one would write over its day."""
    async with broker(folder, keep=True):
        pass
    line = address_of(folder)
    assert line is not None
    address = folder.paper_address / "address.json"
    kept = address.read_bytes()
    address.write_bytes(b"{}")
    with pytest.raises(BrokerFailureError, match=rf"in use by another .*process {line.pid}"):
        async with broker(folder):
            pass
    assert lives(line.pid)
    address.write_bytes(kept)
    async with broker(folder, keep=False):
        pass
    assert await gone(line.pid)


async def test_an_order_that_cannot_be_names_its_field_and_nothing_is_placed(
    folder: DataFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    base = folder.root.parent.parent
    folder.database.touch()
    assert await asyncio.to_thread(headless.paper_standing, base, as_json=False) == 1
    assert "No paper broker runs" in capsys.readouterr().out
    with pytest.raises(RefusedError, match="No paper broker runs"):
        await paper_command.place(base, PaperOrder(Side.BUY, "10", "RELIANCE-EQ"))
    async with broker(folder) as opened:
        for order, field in (
            (PaperOrder(Side.BUY, "0", "RELIANCE-EQ"), "quantity"),
            (PaperOrder(Side.BUY, "1e9", "RELIANCE-EQ"), "quantity"),
            (PaperOrder(Side.BUY, "1.5", "RELIANCE-EQ"), "quantity"),
            (PaperOrder(Side.BUY, "10", "RELIANCE-EQ", "-1"), "price"),
            (PaperOrder(Side.BUY, "10", "RELIANCE-EQ", "NaN"), "price"),
            (PaperOrder(Side.BUY, "10", "NO-SUCH"), "symbol"),
            (PaperOrder(Side.BUY, "10", ""), "symbol"),
            (PaperOrder(Side.BUY, "10", "RELIANCE-EQ", account="X1"), "account"),
        ):
            with pytest.raises(RefusedError) as refused:
                await paper_command.place(base, order)
            assert refused.value.field == field, order
        frozen = {"client_id": opened.accounts[0].client_id, "frozen_code": "EC912"}
        await opened.control.control("PATCH", "/accounts", frozen)
        good = PaperOrder(Side.BUY, "10", "RELIANCE-EQ")
        with pytest.raises(RefusedError, match=r"The paper broker refuses: .*EC912"):
            await paper_command.place(base, good)
        assert not await opened.control.ledger()
