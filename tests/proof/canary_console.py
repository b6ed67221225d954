"""A console full of canaries: ``python -m tests.proof.canary_console`` with a line of JSON.

It opens the program on paper with the vault that a live profile has, does everything that writes
somewhere, and tells which secrets it held. A person finds none of them anywhere else.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import traceback
from pathlib import Path
from urllib.parse import parse_qs

import msgspec

from copytrade_gui.app import wiring
from copytrade_gui.app.paper import SimulatorLine, SimulatorOptions
from copytrade_gui.app.system_clock import SystemClock
from copytrade_gui.app.wiring import Opened, OpenOptions, open_console
from copytrade_gui.domain.account import Account
from copytrade_gui.domain.checks.limits import NO_LIMITS
from copytrade_gui.domain.ids import AccountId, CommandId
from copytrade_gui.services.account_store import APP_SECRET, TOKEN
from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.storage.files.folder import DataFolder
from copytrade_gui.storage.secrets.secrets import VaultSecrets
from tests.proof.killed_console import Note, Operator, Setup, tell


class CanarySetup(msgspec.Struct, frozen=True):
    """Where to trade and write; the passphrase comes the way it is typed: not by argv."""

    line: SimulatorLine
    folder: str
    exports: str
    passphrase: str


class VaultedSecrets:
    """The vault of a live profile where paper has its plain file."""

    def __init__(self, path: Path, passphrase: str) -> None:
        self._vault = VaultSecrets(DataFolder(path.parent).vault, None, SystemClock())
        self._passphrase = passphrase
        self._opening = asyncio.Lock()

    async def _opened(self) -> VaultSecrets:
        async with self._opening:
            if self._vault.locked:
                if self._vault.factors() is None:
                    await self._vault.create(self._passphrase)
                else:
                    await self._vault.unlock(self._passphrase)
        return self._vault

    async def get(self, account: AccountId, name: str) -> str | None:
        return await (await self._opened()).get(account, name)

    async def put(self, account: AccountId, name: str, value: str) -> None:
        await (await self._opened()).put(account, name, value)

    async def remove(self, account: AccountId, name: str) -> None:
        await (await self._opened()).remove(account, name)


async def live(setup: CanarySetup) -> None:
    """Log in, trade, export, back up, fail; then trade until killed."""
    held: list[VaultedSecrets] = []

    def vaulted(path: Path) -> VaultedSecrets:
        held.append(VaultedSecrets(path, setup.passphrase))
        return held[0]

    setattr(wiring, "PaperSecrets", vaulted)  # noqa: B010 - mypy forbids the plain form
    paper = SimulatorOptions(accounts=0, attached=setup.line)
    async with open_console(
        OpenOptions(data_dir=Path(setup.folder), paper=paper, limits=NO_LIMITS)
    ) as opened:
        secrets = held[0]
        accounts = await opened.console.followers.accounts()
        for account in accounts:
            await _log_in(opened, account, secrets)
        operator = Operator(opened, Setup(setup.line, setup.folder, 21, 0, 0))
        await operator.begin()
        for number in range(6):
            await operator.press(f"canary-{number}")
            await asyncio.sleep(0.4)
        tell(await operator.settle())
        await _write_everything(opened, Path(setup.exports))
        await _fail(opened, accounts[0], Path(setup.exports))
        for account in accounts:
            for name in (TOKEN, APP_SECRET):
                value = await secrets.get(account.account_id, name) or ""
                tell(Note("canary", value.rpartition(" ")[2]))
        tell(Note("written"))
        for number in range(100):
            await operator.press(f"last-{number}")
            await asyncio.sleep(0.2)


async def _log_in(opened: Opened, account: Account, secrets: VaultedSecrets) -> None:
    """Also a login that fails, with a code and a secret that must not be quoted."""
    sessions, desk = opened.console.sessions, opened.simulator
    if desk is None:
        raise AssertionError("canaries fly on paper")
    right = await secrets.get(account.account_id, APP_SECRET) or ""
    await secrets.put(account.account_id, APP_SECRET, f"wrong{right}")
    for wrong in (True, False):
        (code,) = parse_qs(await desk.login_return(account))["authCode"]
        tell(Note("canary", code))
        if not wrong:
            await secrets.put(account.account_id, APP_SECRET, right)
        with contextlib.suppress(RefusedError):
            await sessions.finish_login(
                account.account_id, f"https://127.0.0.1/?authcode={code}&clientid=x"
            )


async def _write_everything(opened: Opened, exports: Path) -> None:
    console, store = opened.console, opened.store
    for ending in (".csv", ".xlsx"):
        await console.history.export_orders(exports / f"orders{ending}")
    for ending in (".csv", ".json"):
        await store.history.export_events(exports / f"audit{ending}")
    await console.followers.export_csv(exports / "followers.csv")
    await store.backups.make(store.database, store.order_log, SystemClock().wall_ns())


async def _fail(opened: Opened, account: Account, exports: Path) -> None:
    """What a crash report would say: a traceback with the local variables of every frame."""
    lanes = opened.engine.lanes
    session = lanes[account.account_id].session
    try:
        await opened.console.sessions.finish_login(AccountId("nobody"), "")
    except RefusedError as error:
        report = traceback.TracebackException.from_exception(error, capture_locals=True)
        words = [*report.format(), repr(session), repr(opened.console), repr(lanes)]
        words += [repr(lane.session) for lane in lanes]
        (exports / "crash.txt").write_text("\n".join(words), "utf-8")
    with contextlib.suppress(RefusedError):
        await opened.console.trading.cancel([], CommandId("nothing"))


if __name__ == "__main__":
    os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
    asyncio.run(live(msgspec.json.decode(sys.stdin.buffer.readline(), type=CanarySetup)))
