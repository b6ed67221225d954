"""The simulated broker of one paper profile: found running or started, left running or ended."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import datetime

import msgspec

from copytrade_gui.app.paper import (
    SimulatedAccount,
    SimulatorLine,
    SimulatorOptions,
    SimulatorProcess,
    read_accounts,
)
from copytrade_gui.app.simulator_control import SimulatorControl, simulator_control
from copytrade_gui.brokers.http.address import AddressRefusedError
from copytrade_gui.domain.account import Role
from copytrade_gui.ports import BrokerFailureError, Clock
from copytrade_gui.storage.files.files import Files
from copytrade_gui.storage.files.folder import DataFolder

log = logging.getLogger(__name__)

KEPT_HOURS = 12
"""A paper broker that was left running ends when nobody has used it for so long."""
_UNWANTED_S = 600.0
"""One that was found and is not to be left any more ends so soon if its console is killed."""
_ENDS_S = 10.0
_LOOK_EVERY_S = 0.05
_NOT_OURS = (
    OSError, ValueError, AddressRefusedError, BrokerFailureError, msgspec.DecodeError
)  # fmt: skip
"""What an address that is stale, damaged or another program's comes to."""


class RunningLine(SimulatorLine, frozen=True, kw_only=True):
    """The address that a simulator leaves in its folder while it runs."""

    pid: int
    started_ns: int

    @property
    def since(self) -> str:
        """When it was started, by the clock of this machine."""
        return datetime.fromtimestamp(self.started_ns / 1e9).strftime("%d %b, %H:%M")  # noqa: DTZ006 - the person's own time


def address_of(folder: DataFolder) -> RunningLine | None:
    """Where a simulator of this profile says it is; None if none says so, or not as we know it."""
    try:
        text = (folder.paper_address / "address.json").read_bytes()
        return msgspec.json.decode(text, type=RunningLine)
    except (OSError, ValueError, RecursionError):
        return None


@asynccontextmanager
async def running_broker(
    folder: DataFolder, clock: Clock
) -> AsyncIterator[tuple[RunningLine, SimulatorControl] | None]:
    """The simulator of this profile that runs, if one does, and is proven to be ours.

    It is ours if it answers to the token in our folder and knows the secrets in it, which another
    program on the same port cannot. Inside, it can be told things; it is nobody's to end here.
    """
    line = address_of(folder)
    if line is None:
        yield None
        return
    async with AsyncExitStack() as stack:
        found = None
        with contextlib.suppress(*_NOT_OURS):
            control = await stack.enter_async_context(simulator_control(line, clock))
            known = set(read_accounts(line))
            if known and known <= set(await control.accounts()):
                found = line, control
        yield found


async def ended(folder: DataFolder, control: SimulatorControl) -> bool:
    """End the simulator of this profile, its day saved; False if it did not within 10 s."""
    with contextlib.suppress(BrokerFailureError):
        await control.control("POST", "/end", {})
    until = time.monotonic() + _ENDS_S
    while time.monotonic() < until:
        if not folder.paper_address.exists():
            return True
        await asyncio.sleep(_LOOK_EVERY_S)
    return False


class PaperBroker:
    """The simulated broker that this console trades at."""

    def __init__(
        self,
        line: SimulatorLine,
        accounts: tuple[SimulatedAccount, ...],
        control: SimulatorControl,
        folder: DataFolder | None,
        process: SimulatorProcess | None,
    ) -> None:
        self.line = line
        self.accounts = accounts
        self.control = control
        self.news = ""
        """What a person should hear about how it was found; empty if nothing."""
        self._folder = folder
        self._process = process
        self._lock = asyncio.Lock()

    def kept(self) -> bool:
        """Whether it is to run on when the console closes."""
        return self._folder is not None and self._folder.paper_kept.exists()

    async def keep(self, keep: bool) -> None:
        """Let it run on when the console closes, or not; stored, for every later start as well.

        Raises:
            BrokerFailureError: it did not answer, or the choice cannot be stored.
        """
        if self._folder is None:
            raise BrokerFailureError("This simulated broker belongs to somebody else.")
        async with self._lock:
            not_kept_s = 0.0 if self._process is not None else _UNWANTED_S
            idle_s = KEPT_HOURS * 3600.0 if keep else not_kept_s
            await self.control.control("POST", "/stay", {"idle_s": idle_s})
            try:
                if keep:
                    Files().replace(self._folder.paper_kept, b"")
                else:
                    Files().remove(self._folder.paper_kept)
            except OSError as error:
                raise BrokerFailureError(
                    f"The choice cannot be stored ({error.strerror or error})."
                ) from error

    async def close(self) -> None:
        """Leave it running if that was chosen, else end it."""
        if self.kept():
            if self._process is not None:
                self._process.leave()
        elif self._process is not None:
            await self._process.end()
        elif self._folder is not None and not await ended(self._folder, self.control):
            log.warning("the paper broker did not end when it was told to")


@asynccontextmanager
async def paper_broker(
    options: SimulatorOptions, folder: DataFolder | None, keep: bool | None, clock: Clock
) -> AsyncIterator[PaperBroker]:
    """The simulated broker of a console, running; what becomes of it at the end was chosen.

    Args:
        options: how to start one.
        folder: where its day and address are kept; None for one that ends with this console.
        keep: the choice whether it runs on afterwards; None: as it was chosen before.
        clock: for the calls.

    Raises:
        BrokerFailureError: it did not start.
    """
    if options.attached is not None:
        folder = None  # somebody else's, and nothing of ours to find or to leave
    async with AsyncExitStack() as stack:
        broker = None if folder is None else await _found(stack, folder, options, clock)
        if broker is None:
            broker = await _started(stack, folder, options, clock)
        try:
            if folder is not None:
                await broker.keep(broker.kept() if keep is None else keep)
            yield broker
        finally:
            await broker.close()


async def _found(
    stack: AsyncExitStack, folder: DataFolder, options: SimulatorOptions, clock: Clock
) -> PaperBroker | None:
    running = await stack.enter_async_context(running_broker(folder, clock))
    if running is None:
        return None
    line, control = running
    accounts = await control.accounts()
    masters = sum(one.role == Role.MASTER for one in accounts)
    more_masters = max(0, options.masters - masters)
    followers = options.accounts - options.masters - (len(accounts) - masters)
    if more_masters or followers > 0:
        accounts = await control.open_accounts(more_masters, max(0, followers))
    broker = PaperBroker(line, accounts, control, folder, None)
    broker.news = (
        f"The paper broker ran on while the console was closed (process {line.pid}, since "
        f"{line.since}). What was placed there meanwhile stands under Master's orders."
    )
    return broker


async def _started(
    stack: AsyncExitStack, folder: DataFolder | None, options: SimulatorOptions, clock: Clock
) -> PaperBroker:
    left = None
    if folder is not None:
        left = address_of(folder)
        options = replace(
            options,
            state=folder.paper_broker,
            folder=folder.paper_address,
            log=folder.logs / "paper-broker.log",
        )
    process = None
    line = options.attached
    if line is None:
        process = SimulatorProcess(options)
        try:
            line = await process.first_line()
        except BaseException:
            await process.end()
            raise
    control = await stack.enter_async_context(simulator_control(line, clock))
    broker = PaperBroker(line, read_accounts(line), control, folder, process)
    if left is not None:
        broker.news = (
            f"The paper broker of {left.since} (process {left.pid}) does not answer any more. "
            "A new one was started; the day it had saved goes on."
        )
    elif broker.kept():
        broker.news = (
            "The paper broker was to run on while the console was closed, and has ended: it does "
            f"when nobody has used it for {KEPT_HOURS} hours, and with the machine. A new one was "
            "started; its day goes on."
        )
    return broker
