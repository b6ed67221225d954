"""The whole program as a contender: engine, journal, warm roads; here without a window."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from copytrade_gui.app.paper import SimulatorLine, SimulatorOptions
from copytrade_gui.app.wiring import Opened, OpenOptions, open_console
from copytrade_gui.bench import process
from copytrade_gui.bench.cores import keep_off_the_brokers_core
from copytrade_gui.bench.words import Burst, Failed, Ready, Rested, Round, Setup
from copytrade_gui.domain.account import Role
from copytrade_gui.domain.draft import Draft
from copytrade_gui.domain.events import Event, PlanMade, PlanSettled
from copytrade_gui.domain.ids import AccountId, CommandId
from copytrade_gui.domain.instrument import Exchange, Instrument, InstrumentKey
from copytrade_gui.domain.order import FanOut, OrderType, Product, Side, Validity
from copytrade_gui.domain.records import Plan

_WAIT_S = 60.0
_REST_S = 4.0
_READING_S = 0.2
_SETTLE_S = 4.0
"""After the logins: by then every book was read."""

CommitPlan = Callable[..., Awaitable[bool]]


def options_of(setup: Setup, folder: Path) -> OpenOptions:
    """A paper console of its own at the bench's simulator."""
    line = SimulatorLine(
        base_url=setup.base_url,
        login_url=setup.login_url,
        control_url=setup.control_url,
        accounts_file=setup.accounts_file,
        ca_file=setup.ca_file,
    )
    paper = SimulatorOptions(accounts=0, attached=line)
    return OpenOptions(data_dir=folder, paper=paper, plain_sizing=True)


class Desk:
    """Places one master order at a time on an open console. Used on the engine's loop only.

    Not ``previewed``: no ticket showed the order before, as when it is found in the master's book.
    """

    def __init__(self, opened: Opened, *, previewed: bool = True) -> None:
        self._opened = opened
        self._previewed = previewed
        self._plan: Plan | None = None
        self._settled = asyncio.Event()
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
            self._plan = event.plan
        elif isinstance(event, PlanSettled):
            self._settled.set()

    async def _timed_commit(self, *given: object, **named: object) -> bool:
        self._commit_from_ns = time.monotonic_ns()
        commit: CommitPlan = self._commit
        try:
            return await commit(*given, **named)
        finally:
            self._commit_ns = time.monotonic_ns() - self._commit_from_ns

    async def log_in(self) -> Ready:
        """Log every account in and let the program come to rest."""
        idle = process.memory_mib()
        ready = await self._opened.console.sessions.login_all_paper()
        await asyncio.sleep(_SETTLE_S)
        keep_off_the_brokers_core()
        return Ready(ready, idle, process.memory_mib(), type(asyncio.get_running_loop()).__name__)

    async def burst(self, order: Round, draft: Draft, called_ns: int = 0) -> Burst:
        """Copy one order to every follower; ``called_ns`` is the call if it was before this."""
        opened = self._opened
        self._settled.clear()
        self._plan = None
        cpu_ms = process.cpu_ms()
        call = called_ns or time.monotonic_ns()
        await opened.console.trading.submit(self._master(), draft, _command_of(order))
        async with asyncio.timeout(_WAIT_S):
            await self._settled.wait()
        cpu_ms = process.cpu_ms() - cpu_ms
        return self._measured(call, cpu_ms)

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
            fan_out=FanOut.WITH_MASTER,
        )
        if self._previewed:
            # The ticket shows what each follower would get at every change of it.
            await self._opened.console.trading.preview(self._master(), draft, _command_of(order))
            # He reads it before he presses.
            await asyncio.sleep(_READING_S)
        return draft

    def _master(self) -> AccountId:
        lanes = self._opened.engine.lanes
        return next(lane.account_id for lane in lanes if lane.account.role is Role.MASTER)

    def _measured(self, call: int, cpu_ms: float) -> Burst:
        plan = self._plan
        if plan is None:
            raise AssertionError("a plan settled that was never made")
        orders = self._opened.engine.book.of_plan(plan.plan_id)
        timings = [order.timing for order in orders if order.timing is not None]
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
            plan_ms=(self._commit_from_ns - call) / 1e6,
            problem="" if other is None else f"{other.state}: {other.code} {other.reason}",
        )

    async def rest(self) -> None:
        """Let fills arrive and be stored, so that the next contender has the machine to itself."""
        limit = time.monotonic() + _REST_S
        while time.monotonic() < limit and not self._at_rest():  # noqa: ASYNC110 - no event tells of rest
            await asyncio.sleep(0.1)
        await self._opened.store.journal.flush()

    def _at_rest(self) -> bool:
        """Every order has ended, and the trades of every fill were read: no book is read now."""
        book = self._opened.engine.book
        return all(order.state.ended for order in book) and all(
            book.filled_by_orders(lane.account_id) <= book.filled_by_trades(lane.account_id)
            for lane in self._opened.engine.lanes
        )


def _command_of(order: Round) -> CommandId:
    return CommandId(f"bench-{order.number}")


def run(*, previewed: bool) -> int:
    """Serve bursts until the bench closes our input."""
    setup = process.hear(Setup)
    if setup is None:
        return 1
    with tempfile.TemporaryDirectory(prefix="copytrade-bench-") as folder:
        asyncio.run(_serve(options_of(setup, Path(folder)), previewed=previewed))
    return 0


async def _serve(options: OpenOptions, *, previewed: bool) -> None:
    async with open_console(options) as opened:
        with Desk(opened, previewed=previewed) as desk:
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
