"""Open the console: top to bottom is the start order; the stack gives the stop order."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from copytrade_gui.app.broker_settings import broker_settings
from copytrade_gui.app.garbage import Collector
from copytrade_gui.app.large_pages import LargePages
from copytrade_gui.app.logs import log_to, note_refused_start
from copytrade_gui.app.market_files import Rates, keep_files, look_at, market_files
from copytrade_gui.app.opening import live_in_paper
from copytrade_gui.app.paper import SimulatorOptions, arrived
from copytrade_gui.app.paper_broker import PaperBroker, paper_broker
from copytrade_gui.app.process import files_problem
from copytrade_gui.app.quitting import replies_are_in
from copytrade_gui.app.refusals import refusals
from copytrade_gui.app.simulator_control import SimulatorControl
from copytrade_gui.app.system_clock import SystemChance, SystemClock
from copytrade_gui.app.upkeep import keep_lamps, keep_stops
from copytrade_gui.brokers.http.login_returns import LoginReturns
from copytrade_gui.brokers.http.route import owns_address
from copytrade_gui.brokers.iifl.auth import is_login_return
from copytrade_gui.brokers.iifl.factory import iifl_broker
from copytrade_gui.domain.account import client_key, without_basis
from copytrade_gui.domain.checks.limits import PAPER_LIMITS, Limits
from copytrade_gui.domain.events import Severity
from copytrade_gui.domain.instrument import Exchange
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.engine.engine import Engine
from copytrade_gui.engine.orders.core import make_core
from copytrade_gui.engine.orders.settings import EngineSettings
from copytrade_gui.ports import (
    Clock,
    InstrumentIndex,
    LostRecords,
    Passphrase,
    SecretStore,
)
from copytrade_gui.services.account_store import APP_SECRET
from copytrade_gui.services.catch_up import CatchUps
from copytrade_gui.services.changes import Changes
from copytrade_gui.services.closing import Closing
from copytrade_gui.services.console import Console
from copytrade_gui.services.day_sheets import DaySheets
from copytrade_gui.services.drift import Drift
from copytrade_gui.services.followers import Followers
from copytrade_gui.services.history import HistoryService
from copytrade_gui.services.lamps import Lamps
from copytrade_gui.services.limits import LimitEdits
from copytrade_gui.services.market import Market
from copytrade_gui.services.masters import Masters
from copytrade_gui.services.paper import Arrived, PaperAccounts
from copytrade_gui.services.positions import PositionService
from copytrade_gui.services.routes import Routes
from copytrade_gui.services.sessions import Sessions
from copytrade_gui.services.square_off import SquareOffService
from copytrade_gui.services.trading import Trading
from copytrade_gui.services.window_lock import WindowLock
from copytrade_gui.storage.files.folder import (
    PAPER_PROFILE,
    DataFolder,
    open_folder,
    profile_root,
)
from copytrade_gui.storage.files.problems import FolderError, StorageError
from copytrade_gui.storage.instrument_index import SqliteInstrumentIndex
from copytrade_gui.storage.secrets.keyring_store import OsKeyring, find_backend
from copytrade_gui.storage.secrets.paper_secrets import PaperSecrets
from copytrade_gui.storage.secrets.passphrase import FilePassphrase, VaultPassphrase
from copytrade_gui.storage.secrets.secrets import VaultSecrets
from copytrade_gui.storage.store import Store, open_store

log = logging.getLogger(__name__)

EXCHANGES = (Exchange.NSEEQ, Exchange.NSEFO, Exchange.MCXCOMM, Exchange.BSEEQ)
"""Contract files that are loaded, in this order."""

SWITCH_INTERVAL_S = 0.001
"""Every write of a burst lets go of the interpreter; with Python's default another thread that

works then keeps it for 5 ms each time. With 1 ms a busy window delays an order by 5, not 21 ms.
"""


@dataclass(frozen=True, slots=True)
class OpenOptions:
    """What the command line chose. ``paper`` None means live.

    ``keep_paper_day`` keeps the simulated broker's day in the paper profile, so that a paper
    trader who starts again finds his orders and positions at the broker, as he would live.
    """

    data_dir: Path | None = None
    profile: str = "default"
    paper: SimulatorOptions | None = None
    keep_paper_day: bool = False
    plain_sizing: bool = False
    passphrase: str | None = None
    fast_orders: bool = True
    limits: Limits | None = None
    """What bounds every order; None: the defaults of a live console, or those of paper."""
    contracts_first: bool = True
    """Wait until the contract files were asked for; a window opens at once, its search grows."""
    keep_broker: bool | None = None
    """With ``keep_paper_day``: whether the simulated broker runs on afterwards; None: as stored."""
    look_only: bool = False
    """Halted from before the first order could leave until it ends; nothing of that is stored."""


@dataclass(frozen=True, slots=True)
class Opened:
    """An open console with what only the entrances need."""

    console: Console
    engine: Engine
    store: Store
    folder: DataFolder
    index: InstrumentIndex
    simulator: SimulatorControl | None
    sessions_taken_up: Callable[[], Awaitable[int]]
    """Waits until the stored sessions of today are taken up; returns how many were good."""
    contracts_loaded: Callable[[], Coroutine[object, object, None]]
    """Waits until every contract file was asked for once."""


def profile_of(options: OpenOptions) -> str:
    """Paper has a profile of its own."""
    return PAPER_PROFILE if options.paper else options.profile


def window_file(options: OpenOptions) -> Path:
    """What the window remembers, also where its console cannot be opened."""
    return profile_root(options.data_dir, profile_of(options)) / "window.ini"


@asynccontextmanager
async def open_console(options: OpenOptions) -> AsyncIterator[Opened]:
    """Start everything on the running loop and end it in the opposite order.

    Raises:
        StorageError, BrokerFailureError, JournalFailureError: one sentence each; nothing is open.
    """
    if options.paper is None and options.profile == PAPER_PROFILE:
        raise FolderError(live_in_paper())
    folder = open_folder(options.data_dir, profile_of(options))
    collector = Collector()
    async with AsyncExitStack() as stack:
        try:
            with collector.starting():
                opened = await _start(stack, folder, options, collector)
        except refusals() as refusal:
            note_refused_start(folder, str(refusal))
            raise
        collector.calm()
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        yield opened


async def _start(
    stack: AsyncExitStack, folder: DataFolder, options: OpenOptions, collector: Collector
) -> Opened:
    clock = SystemClock()
    store = await stack.enter_async_context(open_store(folder, clock))
    stack.enter_context(log_to(folder))  # after the lock: the log has one writer
    at = await _paper_broker(stack, folder, options, clock)
    line = None if at is None else at.line
    secrets: SecretStore
    passphrase: Passphrase
    if line is not None:
        secrets = PaperSecrets(folder.paper_secrets)
        passphrase = FilePassphrase(folder.window_passphrase, clock)
    else:
        secrets = vault = await open_vault(folder, clock, options.passphrase)
        passphrase = VaultPassphrase(vault)
    settings = broker_settings(folder, line, secrets, fast=options.fast_orders)
    broker = await stack.enter_async_context(iifl_broker(settings, clock))
    index = SqliteInstrumentIndex(folder.cache / "instruments.sqlite")
    stack.callback(index.close)
    core = make_core(
        clock=clock,
        chance=SystemChance(),
        kill_flag=store.kill_flag,
        stop_files=store.stop_files,
        takes=broker.capabilities,
        # The simulated market is open at night as well, and its lots are known.
        settings=EngineSettings(
            limits=options.limits or (Limits() if line is None else PAPER_LIMITS),
            masters_every=1.0,
            holdings_every=1_800.0,
            day_ends=line is None,
            lots_seen_first=line is None,
            keeps_sessions=line is None,
            needs_basis=line is None,
            arms_each_day=line is None,
        ),
        undisturbed=collector.held,
    )
    engine = Engine(
        core,
        journal=store.journal,
        kill_flag=store.kill_flag,
        installation_key=store.installation.tag_key,
        lost=LostRecords(store.installation.lost_ns, index.get),
    )
    store.journal.on_failure = engine.storage_failed
    rates = Rates()
    files = market_files(folder, engine, rates)
    await look_at(files, engine)
    if options.look_only:
        engine.brake(TradingState.HALT)
    common = options.paper is not None and options.paper.common_followers
    if at is not None:
        await _provision(store, secrets, at, plain=options.plain_sizing, common=common)
    stack.push_async_callback(engine.stop)  # again: what closing the sessions told is stored
    accounts = await store.accounts.all()
    if (problem := files_problem(len(accounts))) is not None:
        raise StorageError(problem)  # some accounts would trade and others could not be reached
    await engine.start(accounts, await store.accounts.links())
    if line is None and (lacking := without_basis(accounts)):
        engine.book.alarm("no_basis", lacking, severity=Severity.WARNING)
    if at is not None and at.news:
        engine.book.alarm("paper_broker", at.news, severity=Severity.INFO)
    login = None if at is None else at.control.login_return
    returns = LoginReturns(is_login_return)
    stack.push_async_callback(returns.aclose)
    sessions = Sessions(engine, broker, secrets, clock, login, returns)
    stack.push_async_callback(sessions.close)
    stack.push_async_callback(engine.stop)  # no read is on its way when its connections close
    stack.push_async_callback(replies_are_in, engine, clock)
    market = Market(engine, broker, index, clock)
    stack.push_async_callback(_cancel, asyncio.create_task(market.keep(EXCHANGES)))
    if options.contracts_first:
        await market.loaded()
    sessions.take_up()
    closing = Closing(engine, store.journal, store.seals, clock)
    pages = LargePages()

    def tidy() -> None:
        collector.tidy()
        pages.tidy(collector.quiet)

    lamps = Lamps(engine.bus)
    for work in (
        sessions.upkeep.keep(),
        closing.keep(),
        keep_files(files, engine),
        keep_stops(engine, clock),
        keep_lamps(engine, store, broker, clock, tidy),
    ):
        stack.push_async_callback(_cancel, asyncio.create_task(work))
    followers = Followers(
        engine,
        store.accounts,
        secrets,
        owns=owns_address,
        reopen=sessions.reopen,
        enrol=None if at is None else at.control.enrol,
    )
    console = Console(
        trading=Trading(engine, store.journal, clock, closing, market.contracts_words),
        followers=followers,
        sessions=sessions,
        routes=Routes(broker, engine.account, live=line is None, owns=owns_address),
        history=HistoryService(store.history, paper=line is not None),
        market=market,
        changes=Changes(engine, store.journal, clock),
        masters=Masters(engine, store.journal, clock),
        positions=PositionService(engine, clock),
        drift=Drift(engine, store.journal, clock),
        catch_ups=CatchUps(engine),
        square_offs=SquareOffService(engine),
        lock=WindowLock(passphrase),
        limits=LimitEdits(engine, store.journal, clock),
        sheets=DaySheets(
            store.history,
            store.journal,
            store.seals,
            store.accounts,
            clock,
            rates=lambda: rates.table,
            paper=line is not None,
            quotes=engine.quotes.newest,
            tell=engine.bus.publish,
        ),
        events=engine.bus,
        paper=line is not None,
        paper_broker=_paper_accounts(at, followers, sessions, common=common),
        profile=folder.root.name,
        takes=broker.capabilities,
        lamps=lamps.newest,
        calendar=lambda: engine.hours.calendar,
    )
    desk = None if at is None else at.control
    return Opened(console, engine, store, folder, index, desk, sessions.taken_up, market.loaded)


async def _paper_broker(
    stack: AsyncExitStack, folder: DataFolder, options: OpenOptions, clock: Clock
) -> PaperBroker | None:
    if options.paper is None:
        return None
    kept_in = folder if options.keep_paper_day else None
    return await stack.enter_async_context(
        paper_broker(options.paper, kept_in, options.keep_broker, clock)
    )


async def _provision(
    store: Store, secrets: SecretStore, at: PaperBroker, *, plain: bool, common: bool
) -> None:
    """Bring the simulator's accounts into the account book, and there those that it lacks."""
    held = await store.accounts.all()
    known = {client_key(one.client_id) for one in at.accounts}
    lacking = [one for one in held if client_key(one.client_id) not in known]
    brought = await at.control.bring(
        [(one, await secrets.get(one.account_id, APP_SECRET) or "") for one in lacking]
    )
    new = arrived([*at.accounts, *brought], held, plain=plain, common=common)
    await store.accounts.put(new.accounts, new.links)
    await asyncio.gather(
        *(secrets.put(name, APP_SECRET, secret) for name, secret in new.app_secrets.items())
    )


def _paper_accounts(
    at: PaperBroker | None, followers: Followers, sessions: Sessions, *, common: bool
) -> PaperAccounts | None:
    if at is None:
        return None

    async def opened(masters: int, more: int) -> Arrived:
        everybody = await at.control.open_accounts(masters, more)
        return arrived(everybody, await followers.accounts(), common=common)

    return PaperAccounts(followers, sessions, opened, at)


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def open_vault(folder: DataFolder, clock: Clock, passphrase: str | None) -> VaultSecrets:
    """Open the live secrets, or make an empty vault at the first start.

    Raises:
        SecretsError: no keyring and no passphrase, a locked keyring, a wrong passphrase.
    """
    backend = find_backend()
    keyring = None if backend is None else OsKeyring(backend, folder.root.name)
    vault = VaultSecrets(folder.vault, keyring, clock)
    if vault.factors() is None:
        await vault.create(passphrase)
    else:
        await vault.unlock(passphrase)
    return vault
