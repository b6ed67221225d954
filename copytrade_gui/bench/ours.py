"""The whole program as a contender: engine, journal, warm channels; here without a window.

Nobody previews an order: it comes as one that is seen in the master's book will. The situations
are those of a trading day.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Self

from copytrade_gui.app.paper import SimulatorFeed, SimulatorLine, SimulatorOptions
from copytrade_gui.app.wiring import Opened, OpenOptions, open_console
from copytrade_gui.bench import process
from copytrade_gui.bench.cores import keep_off_the_brokers_core
from copytrade_gui.bench.words import Burst, Failed, Ready, Rested, Round, Setup
from copytrade_gui.domain.account import Account, SessionState
from copytrade_gui.domain.checks.limits import NO_LIMITS
from copytrade_gui.domain.draft import Draft
from copytrade_gui.domain.events import Alarm, Event, PlanMade, PlanSettled
from copytrade_gui.domain.ids import AccountId, CommandId
from copytrade_gui.domain.instrument import Exchange, Instrument, InstrumentKey, InstrumentKind
from copytrade_gui.domain.order import FanOut, OrderType, Product, Side, Validity
from copytrade_gui.domain.records import Plan
from copytrade_gui.domain.sizing import SizingRule, Strategy

FRAME_BYTES = 4096 + 24
"""A page in SQLite's write-ahead log, with its head."""
_WAIT_S = 60.0
_REST_S = 4.0
_SETTLE_S = 1.0
_SETTLE_EACH_S = 0.006
"""After the logins, and once more for each follower: by then every book was read."""

_AFTER_BURST_S = 1.5
_FAR = Decimal("0.93")
"""Of the last price: a buy order there rests."""
_RATIOS = ("1", "0.5", "1.5", "2", "3")
"""Followers copy at these, in turn."""


class Situation(StrEnum):
    """What is going on when the order comes."""

    QUIET = "ours"
    """Nothing: all accounts are logged in, no order is open."""
    AFTER_MASTER = "after_master"
    """Nothing; followers' orders leave once the master's is at the exchange: timed from there."""
    OPEN = "open"
    """An order of every account rests at the broker, so that all books are read."""
    AFTER_MASTER_OPEN = "after_master_open"
    """Both of the above."""
    AFTER_BURST = "after_burst"
    """An order to everybody left 1.5 s before; what became of it is being stored."""

    @property
    def orders_rest(self) -> bool:
        """True where orders are open at the broker."""
        return self in (Situation.OPEN, Situation.AFTER_MASTER_OPEN)

    @property
    def fan_out(self) -> FanOut:
        """When the followers' orders leave."""
        after = self in (Situation.AFTER_MASTER, Situation.AFTER_MASTER_OPEN)
        return FanOut.ON_MASTER_WORKING if after else FanOut.WITH_MASTER


CommitPlan = Callable[..., Awaitable[bool]]


def options_of(setup: Setup, folder: Path) -> OpenOptions:
    """A paper console of its own at the bench's simulator."""
    feed = setup.feed
    line = SimulatorLine(
        base_url=setup.base_url,
        login_url=setup.login_url,
        control_url=setup.control_url,
        accounts_file=setup.accounts_file,
        ca_file=setup.ca_file,
        feed=None if feed is None else SimulatorFeed(feed.host, feed.port, feed.ca_file),
    )
    paper = SimulatorOptions(accounts=0, attached=line)
    return OpenOptions(data_dir=folder, paper=paper, plain_sizing=True, limits=NO_LIMITS)


class Desk:
    """Places one master order at a time on an open console. Used on the engine's loop only."""

    def __init__(self, opened: Opened, situation: Situation = Situation.QUIET) -> None:
        self._opened = opened
        self._situation = situation
        self._resting = False
        self._commit_bytes = 0
        self.plan: Plan | None = None
        self._settled = asyncio.Event()
        self._alarms: list[Alarm] = []
        self._commit_ns = 0
        self._commit_from_ns = 0
        self._instruments: dict[str, Instrument] = {}
        self._commit = opened.store.journal.commit_plan

    def __enter__(self) -> Self:
        self._unsubscribe = self._opened.console.events.subscribe(self._hear)
        setattr(self._opened.store.journal, "commit_plan", self._timed_commit)  # noqa: B010 - mypy forbids the plain form
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._unsubscribe()

    def _hear(self, event: Event) -> None:
        if isinstance(event, PlanMade):
            self.plan = event.plan
        elif isinstance(event, PlanSettled):
            self._settled.set()
        elif isinstance(event, Alarm):
            self._alarms.append(event)

    async def _timed_commit(self, *given: object, **named: object) -> bool:
        log = self._opened.store.order_log.path
        frames = frames_in(log)
        self._commit_from_ns = time.monotonic_ns()
        commit: CommitPlan = self._commit
        try:
            return await commit(*given, **named)
        finally:
            self._commit_ns = time.monotonic_ns() - self._commit_from_ns
            written = frames_in(log) - frames
            # A log that was moved into its file begins anew.
            self._commit_bytes = (written if written > 0 else frames_in(log)) * FRAME_BYTES

    async def log_in(self) -> Ready:
        """Log every account in and let the program come to rest."""
        idle = process.memory_mib()
        console = self._opened.console
        lanes = self._opened.engine.lanes
        followers = [one.account_id for one in lanes if one.links]
        for number, ratio in enumerate(_RATIOS):
            rule = SizingRule(Strategy.RATIO, Decimal(ratio))
            if some := followers[number :: len(_RATIOS)]:
                await console.followers.set_sizing(self._master(), some, rule)
        stands = await console.sessions.login_all_paper()
        ready = sum(one.session is SessionState.READY for one in stands)
        await self._settle()
        keep_off_the_brokers_core()
        return Ready(ready, idle, process.memory_mib(), type(asyncio.get_running_loop()).__name__)

    async def burst(self, order: Round, draft: Draft, called_ns: int = 0) -> Burst:
        """Copy one order to every follower; ``called_ns`` is the call if it was before this."""
        if self._situation is Situation.AFTER_BURST:
            await self._place(draft, f"{_command_of(order)}-before")
            await asyncio.sleep(_AFTER_BURST_S)
        cpu_ms = process.cpu_ms()
        call = called_ns or time.monotonic_ns()
        await self._place(draft, _command_of(order))
        cpu_ms = process.cpu_ms() - cpu_ms
        return self._measured(call, cpu_ms)

    async def _place(self, draft: Draft, command: str) -> None:
        self._settled.clear()
        self.plan = None
        await self._ask(draft, command)
        try:
            async with asyncio.timeout(_WAIT_S):
                await self._settled.wait()
        except TimeoutError:
            raise TimeoutError(
                f"{command} had no end within {_WAIT_S:g} s: {self.stands()}"
            ) from None

    def stands(self) -> str:
        """What has become of the order so far, in a few words."""
        alarms = [f"{one.code}: {one.sentence}" for one in self._alarms[-3:]]
        if self.plan is None:
            return "; ".join(["it was not copied", *alarms])
        orders = self._opened.engine.book.of_plan(self.plan.plan_id)
        states = Counter(f"{order.state} {order.code}".strip() for order in orders)
        return "; ".join([*(f"{many} {state}" for state, many in states.items()), *alarms])

    async def _ask(self, draft: Draft, command: str) -> None:
        """Have the order placed."""
        await self._opened.console.trading.submit(self._master(), draft, CommandId(command))

    async def _let_orders_rest(self, draft: Draft) -> None:
        """Once: a buy order of every account far below the price, of another product.

        In the same one the next exit's copies would wait for a read of what became of it.
        """
        self._resting = True
        price = Decimal(draft.price) * _FAR
        instrument = draft.instrument
        shares = instrument is not None and instrument.kind is InstrumentKind.EQUITY
        far = replace(
            draft,
            side=Side.BUY,
            price=str(round(price)),
            product=Product.DELIVERY if shares else Product.NORMAL,
            fan_out=FanOut.WITH_MASTER,
        )
        await self._place(far, "bench-resting")
        await self._settle()

    async def _settle(self) -> None:
        followers = sum(bool(lane.links) for lane in self._opened.engine.lanes)
        await asyncio.sleep(_SETTLE_S + _SETTLE_EACH_S * followers)

    async def draft(self, order: Round) -> Draft:
        """The ticket as an operator fills it in, with a quote as fresh as his screen's."""
        known = self._instruments.get(order.instrument_id)
        if known is None:
            key = InstrumentKey(Exchange(order.exchange), order.instrument_id)
            known = await self._opened.console.market.instrument(key)
            if known is None:
                raise LookupError(f"the contract files lack {key}")
            self._instruments[order.instrument_id] = known
        await self._opened.console.market.quote(known.key)
        draft = Draft(
            instrument=known,
            side=Side(order.side),
            quantity=str(order.quantity),
            in_lots=False,
            product=Product.INTRADAY,
            order_type=OrderType.LIMIT,
            validity=Validity.DAY,
            price=order.price,
            trigger="",
            fan_out=self._situation.fan_out,
        )
        if self._situation.orders_rest and not self._resting:
            await self._let_orders_rest(draft)
        return draft

    def _master(self) -> AccountId:
        return self._master_account().account_id

    def _master_account(self) -> Account:
        lanes = self._opened.engine.lanes
        return next(lane.account for lane in lanes if lane.account.master)

    def _measured(self, call: int, cpu_ms: float) -> Burst:
        plan = self.plan
        if plan is None:
            raise AssertionError("a plan settled that was never made")
        orders = self._opened.engine.book.of_plan(plan.plan_id)
        timed = orders
        if self._situation.fan_out is FanOut.ON_MASTER_WORKING and len(orders) > 1:
            timed = [order for order in orders if order.is_copy]
            call = min(order.trigger_ns for order in timed)
        timings = [order.timing for order in timed if order.timing is not None]
        acked = [order for order in orders if order.broker_order_id is not None]
        other = next((order for order in orders if order.broker_order_id is None), None)
        rated = sum("429" in f"{order.code} {order.reason}" for order in orders)
        return Burst(
            orders=len(orders),
            acked=len(acked),
            refused_for_rate=rated,
            first_byte_ms=(min(timing.sent_ns for timing in timings) - call) / 1e6,
            last_byte_ms=(max(timing.sent_ns for timing in timings) - call) / 1e6,
            replies_ms=sorted((timing.replied_ns - call) / 1e6 for timing in timings),
            cpu_ms=cpu_ms,
            peak_mib=process.memory_mib("VmHWM"),
            commit_ms=self._commit_ns / 1e6,
            commit_bytes=self._commit_bytes,
            plan_ms=(self._commit_from_ns - call) / 1e6,
            problem="" if other is None else f"{other.state}: {other.code} {other.reason}",
        )

    async def last_fill_ns(self) -> int:
        """When the last of the orders filled at the broker, by his wall clock."""
        desk, plan = self._opened.simulator, self.plan
        if desk is None or plan is None:
            raise AssertionError("nothing was ordered at a simulator")
        orders = {one.broker_order_id for one in self._opened.engine.book.of_plan(plan.plan_id)}
        ledger = json.loads(await desk.control("GET", "/ledger", None))
        return max(int(row["updated_ns"]) for row in ledger if row["order_id"] in orders)

    async def rest(self) -> None:
        """Let fills arrive and be stored, so that the next contender has the machine to itself."""
        limit = time.monotonic() + _REST_S
        while time.monotonic() < limit and not self._at_rest():  # noqa: ASYNC110 - no event tells of rest
            await asyncio.sleep(0.1)
        await self._opened.store.journal.flush()

    def _at_rest(self) -> bool:
        """Every order has ended that will, and the trades of every fill were read."""
        book = self._opened.engine.book
        if self._situation.orders_rest:
            return False  # books are read all day
        return all(order.state.ended for order in book) and all(
            book.filled_by_orders(lane.account_id) <= book.filled_by_trades(lane.account_id)
            for lane in self._opened.engine.lanes
        )


def _command_of(order: Round) -> str:
    return f"bench-{order.number}"


def frames_in(database: Path) -> int:
    """Pages in a database's write-ahead log, as SQLite's index of it says (``mxFrame``)."""
    with database.with_name(database.name + "-shm").open("rb") as index:
        return int.from_bytes(index.read(20)[16:20], sys.byteorder)


def run(desk_of: Callable[[Opened], Desk]) -> int:
    """Serve bursts until the bench closes our input."""
    setup = process.hear(Setup)
    if setup is None:
        return 1
    with tempfile.TemporaryDirectory(prefix="copytrade-bench-") as folder:
        asyncio.run(_serve(options_of(setup, Path(folder)), desk_of))
    return 0


async def _serve(options: OpenOptions, desk_of: Callable[[Opened], Desk]) -> None:
    async with open_console(options) as opened:
        with desk_of(opened) as desk:
            process.tell(await desk.log_in())
            while (order := await asyncio.to_thread(process.hear, Round)) is not None:
                try:
                    draft = await desk.draft(order)
                    await asyncio.to_thread(process.wait_for_go, order)
                    process.tell(await desk.burst(order, draft))
                    await desk.rest()
                    process.tell(Rested(order.number))
                except Exception as error:
                    process.tell(Failed(f"{type(error).__name__}: {error}"))
                    raise
