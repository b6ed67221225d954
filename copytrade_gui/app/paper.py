"""Paper mode: our own simulated broker as a process, and the accounts that trade at it.

Nothing here knows how the simulator works inside. It is started as any user would start it, tells
its addresses in one JSON line, and is spoken to over the broker's own calls.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import IO
from urllib.parse import urlencode

import msgspec

from copytrade_gui.domain.account import Account, Role, client_key
from copytrade_gui.domain.basis import SIMULATED
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.link import Link
from copytrade_gui.domain.sizing import SizingRule, Strategy
from copytrade_gui.ports import BrokerFailureError
from copytrade_gui.services.paper import Arrived

_START_S = 30.0
_STOP_S = 5.0
_OWN_CONSOLE = getattr(subprocess, "CREATE_NO_WINDOW", 0)
"""On Windows: closing our terminal, or Ctrl+C in it, is no business of the paper broker's."""


class SimulatorFeed(msgspec.Struct, frozen=True):
    """Where the simulator's feed is."""

    host: str
    port: int
    ca_file: str


class SimulatorLine(msgspec.Struct, frozen=True):
    """The simulator's first line: where everything is."""

    base_url: str
    login_url: str
    control_url: str
    accounts_file: str
    ca_file: str | None = None
    feed: SimulatorFeed | None = None


class SimulatedAccount(msgspec.Struct, frozen=True):
    """One line of the simulator's accounts file."""

    client_id: str
    app_key: str
    app_secret: str
    role: str
    brought: bool = False
    """True for one that was opened for an account of ours."""


@dataclass(frozen=True, slots=True)
class SimulatorOptions:
    """How to start it; ``state`` keeps its day over restarts, ``seed`` gives the same keys.

    ``folder`` is where it keeps certificate, accounts and address while it runs, so that a later
    start finds it; ``log`` gets what it complains about.

    ``attached`` names a simulator that runs already and is somebody else's to end; nothing is
    started then. The bench lets several consoles trade at one broker in this way.
    """

    accounts: int
    masters: int = 1
    common_followers: bool = False
    """Every follower copies every master; else they are shared out among them."""
    seed: int | None = None
    latency_ms: float = 60.0
    jitter_ms: float = 20.0
    tls: bool = False
    port: int = 0
    state: Path | None = None
    folder: Path | None = None
    log: Path | None = None
    attached: SimulatorLine | None = None

    def arguments(self) -> list[str]:
        """The command line."""
        words = [
            "simulator",
            f"--accounts={self.accounts}",
            f"--masters={self.masters}",
            f"--latency-ms={self.latency_ms:g}",
            f"--jitter-ms={self.jitter_ms:g}",
            f"--port={self.port}",
            "--with-parent",
        ]
        if self.seed is not None:
            words.append(f"--seed={self.seed}")
        if self.tls:
            words.append("--tls")
        if self.state is not None:
            words.append(f"--state={self.state}")
        if self.folder is not None:
            words.append(f"--folder={self.folder}")
        return words


def own_program() -> list[str]:
    """How to start this program again: the frozen file itself, or interpreter and package."""
    if getattr(sys, "frozen", False):
        return [sys.executable]
    return [sys.executable, "-m", "copytrade_gui"]


class SimulatorProcess:
    """A simulator that this program started. Left alone it ends with the program."""

    def __init__(self, options: SimulatorOptions) -> None:
        self._log = options.log
        complaints = None if self._log is None else self._log.open("wb")
        # Not asyncio's own processes: those are killed when their loop is closed, and this one
        # may be left running.
        self._process = subprocess.Popen(  # noqa: S603 - this program itself
            [*own_program(), *options.arguments()],
            stdout=subprocess.PIPE,
            stdin=subprocess.PIPE,  # closes when we die, and takes the paper broker along
            stderr=complaints,
            start_new_session=True,  # Ctrl+C in the terminal is for us; we end it ourselves
            creationflags=_OWN_CONSOLE,
            env={
                **os.environ,
                "PYTHONUNBUFFERED": "1",
                # The packed program is a whole program again, not a worker of this one.
                "PYINSTALLER_RESET_ENVIRONMENT": "1",
            },
        )
        if complaints is not None:
            complaints.close()

    async def first_line(self) -> SimulatorLine:
        """Where everything is. Raises BrokerFailureError: it did not start."""
        stdout = self._process.stdout
        if stdout is None:
            raise AssertionError("the simulator was started without a pipe")
        late = asyncio.get_running_loop().call_later(_START_S, self._process.kill)
        try:
            line = await asyncio.to_thread(stdout.readline)
        finally:
            late.cancel()
        if not line:
            raise BrokerFailureError(self._why_not())
        return msgspec.json.decode(line, type=SimulatorLine)

    async def end(self) -> None:
        """End it, its day saved: its input closes, on every system alike."""
        _close(self._process.stdin)
        try:
            await asyncio.to_thread(self._process.wait, _STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            await asyncio.to_thread(self._process.wait)
        _close(self._process.stdout)  # only now: a start that was cancelled may still read it

    def leave(self) -> None:
        """It was told to stay; this program has nothing to do with it any more."""
        _close(self._process.stdin)
        _close(self._process.stdout)
        # Waited for as long as this program lives, or its end would leave an entry of it behind.
        threading.Thread(target=self._process.wait, name="paper broker", daemon=True).start()

    def _why_not(self) -> str:
        why = ""
        if self._log is not None:
            with contextlib.suppress(OSError):
                lines = self._log.read_text("utf-8", errors="replace").splitlines()
                why = next((line for line in reversed(lines) if line.strip()), "")
        said = f" It said: {why}." if why else " Run 'copytrade-gui simulator' to see why."
        return f"The simulated broker did not start.{said}"


def _close(pipe: IO[bytes] | None) -> None:
    if pipe is not None:
        with contextlib.suppress(OSError):
            pipe.close()


@asynccontextmanager
async def simulator(options: SimulatorOptions) -> AsyncIterator[SimulatorLine]:
    """Run the simulator as its own process; it ends with this context.

    Raises:
        BrokerFailureError: it did not start.
    """
    if options.attached is not None:
        yield options.attached
        return
    process = SimulatorProcess(options)
    try:
        yield await process.first_line()
    finally:
        await process.end()


def read_accounts(line: SimulatorLine) -> tuple[SimulatedAccount, ...]:
    """The accounts the simulator made, masters first."""
    data = Path(line.accounts_file).read_bytes()
    return tuple(msgspec.json.decode(data, type=list[SimulatedAccount]))


_RATIOS = ("1", "0.5", "2", "1.5", "0.75")


@dataclass(frozen=True, slots=True)
class PaperAccount:
    """Our account for one of the simulator's, its app secret, and the links by which it copies."""

    account: Account
    app_secret: str
    links: tuple[Link, ...] = ()


def paper_accounts(
    simulated: Sequence[SimulatedAccount], *, plain: bool = False, common: bool = False
) -> list[PaperAccount]:
    """Our accounts for the simulator's, masters first; followers are shared out evenly.

    With ``common`` every follower copies every master. Sizing is varied, as a real book's would be;
    ``plain`` gives every follower 1 x.
    """
    masters = [entry for entry in simulated if entry.role == Role.MASTER]
    names = [_master_id(entry) for entry in masters]
    result: list[PaperAccount] = []
    for number, entry in enumerate(masters, start=1):
        name = "Master" if len(masters) == 1 else f"Master {number}"
        account = Account(
            _master_id(entry), name, entry.client_id, entry.app_key, master=True, declared=SIMULATED
        )
        result.append(PaperAccount(account, entry.app_secret))
    followers = [entry for entry in simulated if entry.role != Role.MASTER]
    for number, entry in enumerate(followers):
        account = Account(
            AccountId(f"F-{entry.client_id}"),
            f"Follower {number + 1:03d}",
            entry.client_id,
            entry.app_key,
            declared=SIMULATED,
        )
        own = names if common else [names[number % len(names)]]
        links = tuple(
            Link(master, account.account_id, _rule(number + place, plain=plain))
            for place, master in enumerate(own)
        )
        result.append(PaperAccount(account, entry.app_secret, links))
    return result


def _rule(number: int, *, plain: bool) -> SizingRule:
    ratio = "1" if plain else _RATIOS[number % len(_RATIOS)]
    return SizingRule(Strategy.RATIO, Decimal(ratio))


def _master_id(entry: SimulatedAccount) -> AccountId:
    return AccountId(f"M-{entry.client_id}")


def arrived(
    simulated: Sequence[SimulatedAccount],
    accounts: Sequence[Account],
    *,
    plain: bool = False,
    common: bool = False,
) -> Arrived:
    """Our accounts for the simulator's; those of ``accounts`` keep all but their key and secret.

    Where no basis is declared they have that of the simulator. Who is new here comes with his
    links; no link comes back that a person has taken away, and nobody whom he had brought himself.
    """
    by_id = {account.account_id: account for account in accounts}
    by_client = {client_key(account.client_id): account for account in accounts}
    brought = {client_key(one.client_id) for one in simulated if one.brought}
    wanted: list[Account] = []
    links: list[Link] = []
    secrets: dict[AccountId, str] = {}
    for one in paper_accounts(simulated, plain=plain, common=common):
        made = one.account
        key = client_key(made.client_id)
        known = by_client.get(key, made)
        if known is made and (key in brought or made.account_id in by_id):
            continue
        declared = known.declared if known.declared.basis else SIMULATED
        wanted.append(replace(known, app_key=made.app_key, declared=declared))
        secrets[known.account_id] = one.app_secret
        if known is made:
            links += one.links
    changed = [one for one in wanted if by_id.get(one.account_id) != one]
    here = {one.account_id for one in wanted} | set(by_id)
    return Arrived(changed, [link for link in links if set(link.key) <= here], secrets)


def login_return_of(reply: bytes) -> str:
    """What a browser would come back with, out of the simulator's JSON answer to a script."""
    try:
        answer = json.loads(reply)
    except ValueError as error:
        raise BrokerFailureError("The simulated login page did not answer in JSON.") from error
    names = ("authCode", "clientId")
    if not isinstance(answer, dict) or not all(isinstance(answer.get(name), str) for name in names):
        raise BrokerFailureError(
            "The paper broker has no account with this client id and app key. Correct the app key, "
            "or start the console again: an account then has the key it has there."
        )
    return urlencode({name: answer[name] for name in names})
