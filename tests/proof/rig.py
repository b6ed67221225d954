"""A whole console in virtual time: the real engine, store and broker adapter, a broker in-process.

The ``World`` is what a crash cannot hurt: time, the broker, the disk. A ``Console`` is one life of
the program in it.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import random
import shutil
import sys
import tempfile
import warnings
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractContextManager, AsyncExitStack, closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

from copytrade_gui.brokers.iifl.client import IiflBroker
from copytrade_gui.domain.account import Account, SessionState
from copytrade_gui.domain.calendar import Calendar
from copytrade_gui.domain.capabilities import Capabilities
from copytrade_gui.domain.events import Alarm, Event
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.instrument import Exchange, Instrument, InstrumentKey, Quote
from copytrade_gui.domain.instrument import InstrumentKind as Kind
from copytrade_gui.domain.link import Link
from copytrade_gui.domain.order import OrderTerms, OrderType, Product, Side, Validity
from copytrade_gui.domain.sizing import SizingRule, Strategy
from copytrade_gui.engine.engine import Engine
from copytrade_gui.engine.orders import faultpoints
from copytrade_gui.engine.orders.core import make_core
from copytrade_gui.engine.orders.settings import EngineSettings
from copytrade_gui.ports import FaultPoint, LostRecords, SessionToken
from copytrade_gui.simulator.broker import SimulatedBroker
from copytrade_gui.simulator.config import SimulatorConfig, Switches
from copytrade_gui.storage.files.folder import DataFolder, open_folder
from copytrade_gui.storage.store import Seams, Store, open_store
from tests.proof.chance import SeededChance
from tests.proof.in_process import Line, broker_in_process
from tests.proof.in_process_feed import stop_feeds
from tests.proof.new_files import NewFiles
from tests.proof.row import ProofBroken
from tests.proof.virtual import VirtualClock, VirtualLoop, VirtualTime, surprise

MORNING_NS = 1_795_494_600_000_000_000
"""2026-11-24, 10:00 IST: a Tuesday, in continuous trading."""
_RATIOS = ("1", "0.5", "2", "1.5", "0.75")
_SEAMS = Seams(NewFiles(), reserve_bytes=65_536, random_bytes=lambda count: b"\x07" * count)
ResultT = TypeVar("ResultT")


class ProgramStopped(SystemExit):
    """The program ended at a fault point, as by a power cut: nothing after it ran."""


@dataclass
class Console:
    """One life of the program."""

    world: World
    store: Store
    engine: Engine
    broker: IiflBroker
    bugs: list[str] = field(default_factory=list)
    """Alarms of parts of the engine that failed; none may come, whatever the broker does."""

    def hear(self, event: Event) -> None:
        if isinstance(event, Alarm) and event.code in ("bug", "overshoot", "foreign_tag"):
            self.bugs.append(event.sentence)

    def log_in(self, account: AccountId) -> None:
        """Log one account in, as a person would with a fresh code."""
        entry = self.world.account(account)
        token = self.world.broker.open_session(entry.client_id)
        made = SessionToken(token, self.world.time.wall_ns())
        self.engine.attach(account, self.broker.session(entry, made))

    def log_all_in(self) -> None:
        for one in self.world.accounts:
            self.log_in(one.account_id)

    def log_in_again(self) -> None:
        """Log in whoever lost his session."""
        for lane in self.engine.lanes:
            if lane.status.session in (SessionState.EXPIRED, SessionState.LOGGED_OUT):
                self.log_in(lane.account_id)

    def see_price(self) -> None:
        """A fresh quote of every instrument."""
        now = self.world.time.wall_ns()
        for instrument in self.world.instruments:
            last = self.world.price(instrument)
            self.engine.core.quotes.put(
                Quote(instrument.key, last=last, bid=last, ask=last, previous_close=last, at_ns=now)
            )

    async def quiet(self, most_s: float) -> bool:
        """Let time pass until nothing is in doubt or on its way; False if that never came."""
        for _ in range(int(most_s / 5)):
            if not any(busy(order.state.value) for order in self.engine.book):
                return True
            self.log_in_again()
            await self.world.clock.sleep(5)
        return False


_BUSY = frozenset({"PLANNED", "SENDING", "UNKNOWN", "ACKED", "MODIFY_PENDING", "CANCEL_PENDING"})


def busy(state: str) -> bool:
    """An order in this state is on its way to another by itself."""
    return state in _BUSY


@dataclass
class _Life:
    """What one run of the program stands on."""

    loop: VirtualLoop
    folder: DataFolder
    stack: AsyncExitStack


@dataclass
class World:
    """Time, broker, disk and network of one run; everything in it follows from ``seed``."""

    folder: Path
    followers: int
    seed: int = 1
    switches: Switches = field(default_factory=lambda: Switches(latency_ms=60, jitter_ms=80))
    settings: EngineSettings = field(default_factory=EngineSettings)
    starts_ns: int = MORNING_NS
    calendar: Calendar = field(default_factory=Calendar)  # without holidays

    def __post_init__(self) -> None:
        # Both spellings of a status, and both places of a refusal, in every proof.
        self.switches.status_case = self.switches.error_place = "mixed"
        self.time = VirtualTime(self.starts_ns)
        self.clock = VirtualClock(self.time)
        config = SimulatorConfig(
            seed=self.seed,
            accounts=self.followers + 1,
            capital=10_000_000_000,
            holdings=False,
            switches=self.switches,
        )
        self.broker = SimulatedBroker(config, self.time.wall_ns)
        self.line = Line(random.Random(f"{self.seed}/line"))  # noqa: S311 - faults are no secret
        self.wire: list[tuple[int, str, str, bytes | None]] = []
        self.accounts = self._make_accounts()
        self.links = self._make_links()
        self._by_id = {account.account_id: account for account in self.accounts}
        self.instruments = [self._instrument("INFY"), self._instrument("SBIN")]
        self.lives = 0
        self.crashes = 0
        self.undisturbed: Callable[[], AbstractContextManager[None]] = nullcontext
        self.takes: Capabilities | None = None
        """Another manner than the broker's own."""
        self._graveyard: list[object] = []
        self._life: _Life | None = None
        self._console: Console | None = None

    # ------------------------------------------------------------ people and markets

    def _make_accounts(self) -> list[Account]:
        """The master, who is called M, and his followers."""
        first, *others = self.broker.accounts
        return [
            Account(AccountId("M"), "Master", first.client_id, first.app.key, master=True),
            *(
                Account(AccountId(f"F{n:03d}"), f"Follower {n}", entry.client_id, entry.app.key)
                for n, entry in enumerate(others, start=1)
            ),
        ]

    def _make_links(self) -> list[Link]:
        """With which every life of the program begins."""
        rules = [SizingRule(Strategy.RATIO, Decimal(ratio)) for ratio in _RATIOS]
        numbered = list(enumerate(self.accounts))[1:]
        return [Link(self.master, one.account_id, rules[n % len(rules)]) for n, one in numbered]

    def account(self, account: AccountId) -> Account:
        return self._by_id[account]

    @property
    def master(self) -> AccountId:
        return self.accounts[0].account_id

    def _instrument(self, underlying: str) -> Instrument:
        found = next(
            one
            for one in self.broker.desk.instruments.live
            if one.underlying == underlying and one.exchange == "NSEEQ" and one.kind == "EQ"
        )
        return Instrument(
            key=InstrumentKey(Exchange.NSEEQ, str(found.id)),
            symbol=found.symbol,
            name=found.name,
            underlying=underlying,
            kind=Kind.EQUITY,
            lot_size=1,
            tick=Decimal(found.tick) / 10_000,
        )

    async def _instrument_of(self, key: InstrumentKey) -> Instrument | None:
        """As the contract files have it."""
        return next((one for one in self.instruments if one.key == key), None)

    def price(self, instrument: Instrument) -> Decimal:
        """The last price in rupees."""
        key = instrument.key
        return Decimal(self.broker.last_price(key.exchange, key.instrument_id)) / 10_000

    def terms(
        self,
        *,
        side: Side = Side.BUY,
        quantity: int = 10,
        order_type: OrderType = OrderType.LIMIT,
        away: int = 0,
        which: int = 0,
    ) -> OrderTerms:
        """A master's order at the market, or ``away`` ticks on the side that does not trade."""
        instrument = self.instruments[which]
        last = self.price(instrument)
        last -= last % instrument.tick
        sign = -1 if side is Side.BUY else 1
        price = last + sign * away * instrument.tick if order_type.has_price else None
        trigger = None
        if order_type.has_trigger:
            trigger = last - sign * 40 * instrument.tick
            price = trigger - sign * 20 * instrument.tick if price is not None else None
        return OrderTerms(
            instrument=instrument,
            side=side,
            quantity=quantity,
            product=Product.INTRADAY,
            order_type=order_type,
            validity=Validity.DAY,
            price=price,
            trigger=trigger,
        )

    # ------------------------------------------------------------ lives of the program

    def live(
        self,
        script: Callable[[Console], Coroutine[object, object, ResultT]],
        *,
        fault: FaultPoint = faultpoints.pass_by,
    ) -> ResultT | None:
        """Start the program, run ``script``, stop it. None if it died at a fault point."""
        if self.begin(fault=fault) is None:
            return None
        result = self.do(script)
        if self._life is not None:
            self.end()
        return result

    def begin(self, *, fault: FaultPoint = faultpoints.pass_by) -> Console | None:
        """Start the program; None if it died while it started."""
        self.lives += 1
        loop = VirtualLoop(self.time)
        loop.set_exception_handler(surprise)
        folder = open_folder(self.folder / f"life{self.crashes}", "paper")
        self._life = _Life(loop, folder, AsyncExitStack())
        self._console = self._run(self._open(self._life.stack, folder, fault))
        return self._console

    def do(self, script: Callable[[Console], Coroutine[object, object, ResultT]]) -> ResultT | None:
        """Run a script in the living program; None if the program died in it."""
        if self._console is None:
            raise ProofBroken("the program is not running")
        return self._run(script(self._console))

    def end(self) -> None:
        """Stop the program as its user does."""
        if self._life is not None:
            life = self._life
            self._run(life.stack.aclose())
            if self._life is not None:
                life.loop.close()
        self._life = self._console = None

    def _run(self, work: Coroutine[object, object, ResultT]) -> ResultT | None:
        life = self._life
        if life is None:
            raise ProofBroken("the program is not running")
        task = life.loop.create_task(work)
        try:
            return life.loop.run_until_complete(task)
        except ProgramStopped:
            # The dead program never runs again, nor is it collected while another one lives: its
            # clean-up would act on the running loop.
            life.loop.set_exception_handler(_dead_silence)
            self._graveyard.append((life, task, self._console))
            self._life = self._console = None
            self._power_cut(life.folder)
            return None

    async def _open(self, stack: AsyncExitStack, folder: DataFolder, fault: FaultPoint) -> Console:
        store = await stack.enter_async_context(
            open_store(folder, self.clock, inline=True, seams=_SEAMS)
        )
        broker = broker_in_process(self.broker, self.clock, self.line, self._on_wire, folder.cache)
        stack.push_async_callback(broker.aclose)
        core = make_core(
            clock=self.clock,
            chance=SeededChance(f"{self.seed}/{self.lives}"),
            kill_flag=store.kill_flag,
            stop_files=store.stop_files,
            takes=self.takes or broker.capabilities,
            settings=self.settings,
            fault=fault,
            undisturbed=self.undisturbed,
        )
        engine = Engine(
            core,
            journal=store.journal,
            kill_flag=store.kill_flag,
            installation_key=store.installation.tag_key,
            lost=LostRecords(store.installation.lost_ns, self._instrument_of),
        )
        engine.hours.calendar = self.calendar
        store.journal.on_failure = engine.storage_failed
        stack.push_async_callback(engine.stop)
        await store.accounts.put(self.accounts, self.links)
        await engine.start(await store.accounts.all(), await store.accounts.links())
        console = Console(self, store, engine, broker)
        engine.bus.subscribe(console.hear)
        return console

    def _on_wire(self, method: str, path: str, body: bytes | None) -> None:
        if method != "GET":
            self.wire.append((self.time.now_ns, method, path, body))

    def close(self) -> None:
        """Collect the dead programs, whose clean-up fails in ways that concern nobody."""
        heard = sys.unraisablehook
        sys.unraisablehook = lambda _: None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                stop_feeds(self.broker)
                if self._graveyard:
                    self._graveyard.clear()
                    gc.collect()
        finally:
            sys.unraisablehook = heard

    def _power_cut(self, folder: DataFolder) -> None:
        """Only what was on the disk goes on into the next life."""
        self.crashes += 1
        fresh = open_folder(self.folder / f"life{self.crashes}", "paper")
        for path in folder.root.iterdir():
            if path.is_file() and path != folder.lock:
                shutil.copy2(path, fresh.root / path.name)
        self.time.now_ns += 2_000_000_000


def _dead_silence(_loop: asyncio.AbstractEventLoop, _context: dict[str, object]) -> None:
    """A dead program has nothing to say."""


@contextmanager
def world(
    followers: int,
    seed: int = 1,
    *,
    switches: Switches | None = None,
    settings: EngineSettings | None = None,
    starts_ns: int = MORNING_NS,
) -> Iterator[World]:
    """A world with a disk that is gone afterwards. Quiet: only failures may speak."""
    log = logging.getLogger("copytrade_gui")
    level = log.level
    log.setLevel(logging.CRITICAL)
    memory = Path("/dev/shm")  # noqa: S108 - a disk in memory where there is one
    place = memory if memory.is_dir() else None
    try:
        with tempfile.TemporaryDirectory(prefix="proof-", dir=place) as folder:
            made = World(
                Path(folder),
                followers,
                seed,
                switches or Switches(latency_ms=60, jitter_ms=80),
                settings or EngineSettings(),
                starts_ns,
            )
            with closing(made):
                yield made
    finally:
        log.setLevel(level)
