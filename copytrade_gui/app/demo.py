"""The demo's scenario: master orders on paper, proven by the simulator's own ledger."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from copytrade_gui.app.paper import SimulatorOptions
from copytrade_gui.app.stop_words import command_line
from copytrade_gui.app.system_clock import SystemClock
from copytrade_gui.app.wiring import Opened, OpenOptions, open_console
from copytrade_gui.domain.draft import Draft
from copytrade_gui.domain.events import Event, OrderChanged, PlanSettled
from copytrade_gui.domain.ids import CommandId, PlanId
from copytrade_gui.domain.order import FanOut, OrderType, Product, Side, State, Validity
from copytrade_gui.domain.records import OrderView
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.engine.orders.order import Order

_WAIT_S = 120.0
_CHECK_S = 60.0


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What the command line chose for the demo."""

    followers: int = 10
    orders: int = 1
    fan_out: FanOut = FanOut.WITH_MASTER
    latency_ms: float = 60.0
    tls: bool = True


@dataclass(frozen=True, slots=True)
class DemoResult:
    """What came of it. Counts are of follower orders; ``lost``, ``duplicates`` and ``orphans`` are

    judged by the simulator's ledger. Durations in ms from the operator's call.
    """

    followers: int
    orders: int
    acked: int
    rejected: int
    unknown: int
    lost: int
    duplicates: int
    orphans: int
    first_ack_ms: float | None
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    last_ack_ms: float | None
    last_byte_out_ms: float | None

    @property
    def ok(self) -> bool:
        """Everything acknowledged, nothing lost, doubled or orphaned."""
        zeros = self.lost == self.duplicates == self.orphans == self.unknown == 0
        return zeros and self.acked == self.followers * self.orders


class DemoError(Exception):
    """The demo cannot go on; one sentence."""


def demo_folder(data_dir: Path, paper: SimulatorOptions) -> OpenOptions:
    """How the demo opens a folder: the broker's day is kept, for it may be used once more."""
    return OpenOptions(data_dir=data_dir, paper=paper, keep_paper_day=True, plain_sizing=True)


async def run_demo(options: DemoOptions, data_dir: Path) -> tuple[DemoResult, list[OrderView]]:
    """Start a paper broker, log everybody in, place master orders, wait for proven outcomes."""
    paper = SimulatorOptions(
        accounts=options.followers + 1, latency_ms=options.latency_ms, jitter_ms=0, tls=options.tls
    )
    open_options = demo_folder(data_dir, paper)
    async with open_console(open_options) as opened:
        return await demo_on(opened, options)


async def demo_on(opened: Opened, options: DemoOptions) -> tuple[DemoResult, list[OrderView]]:
    """The demo's scenario on an open paper console. Raises DemoError, RefusedError."""
    console = opened.console.acting_as(command_line())
    plans: set[PlanId] = set()
    run = SystemClock().wall_ns()
    settled: list[PlanSettled] = []
    news = asyncio.Event()

    def hear(event: Event) -> None:
        if isinstance(event, PlanSettled):
            settled.append(event)
        if isinstance(event, PlanSettled | OrderChanged):
            news.set()

    unsubscribe = console.events.subscribe(hear)
    try:
        await console.sessions.login_all_paper()
        await _books_checked(opened)
        master = next(account for account in await console.followers.accounts() if account.master)
        instrument = (await console.market.search("RELIANCE-EQ", 1))[0]
        for number in range(options.orders):
            quote = await console.market.quote(instrument.key)
            draft = Draft(
                instrument=instrument,
                side=Side.BUY if number % 2 == 0 else Side.SELL,
                quantity="10",
                in_lots=False,
                product=Product.INTRADAY,
                order_type=OrderType.LIMIT,
                validity=Validity.DAY,
                price=str(quote.last if quote is not None else "1300"),
                trigger="",
                fan_out=options.fan_out,
            )
            placed = await console.trading.submit(
                master.account_id, draft, CommandId(f"demo-{run}-{number}")
            )
            plans.add(placed.plan_id)
            async with asyncio.timeout(_WAIT_S):
                # The next order is the other way, and an exit waits for what its entry filled.
                while len(settled) <= number or any(map(_unread, opened.engine.book)):
                    news.clear()
                    await news.wait()
        await opened.store.journal.flush()
        return await _result(opened, options, settled, plans)
    except TimeoutError:
        raise DemoError(
            f"The demo's orders were not answered within {_WAIT_S:g} s. Try again, or look into "
            f"{opened.folder.logs}."
        ) from None
    finally:
        unsubscribe()


def _unread(order: Order) -> bool:
    """True until the broker's book told what became of it."""
    return order.state.in_doubt or order.state is State.ACKED


async def _books_checked(opened: Opened) -> None:
    """In a folder that was used before, wait until its orders of today were compared."""
    trading, gate = opened.console.acting_as(command_line()).trading, opened.engine.gate
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_CHECK_S):
            while why := gate.why_not():
                report = await trading.recovery()
                if gate.state is not TradingState.RECOVERING or report is None:
                    break
                found = report.unknown or report.differences or report.missed_master_orders
                if not (report.unread_accounts or found):
                    await trading.resume("The demo goes on: its books agree.")
                await asyncio.sleep(0.1)
    if why := gate.why_not():
        raise DemoError(
            f"{why} The demo changes nothing about that: choose another --data-dir, or open the "
            "console on this one."
        )


async def _result(
    opened: Opened, options: DemoOptions, settled: Sequence[PlanSettled], plans: set[PlanId]
) -> tuple[DemoResult, list[OrderView]]:
    if opened.simulator is None:
        raise AssertionError("the demo runs on paper")
    stored = await opened.console.history.orders(1_000_000)
    followers = [one for one in stored if one.is_copy and one.plan_id in plans]
    rows = await opened.simulator.ledger()
    tags = [row.tag for row in rows]
    ours = {order.tag for order in stored if order.broker_order_id is not None}
    acked = [order for order in followers if order.broker_order_id is not None]
    times = sorted(order.timing.call_to_reply_ms for order in acked if order.timing is not None)
    believed = {order.broker_order_id for order in stored if order.broker_order_id is not None}
    result = DemoResult(
        followers=options.followers,
        orders=options.orders,
        acked=len(acked),
        rejected=sum(
            order.state in (State.REJECTED, State.REFUSED, State.BLOCKED) for order in followers
        ),
        unknown=sum(order.state.in_doubt for order in followers),
        lost=len(believed - {row.order_id for row in rows})
        + max(0, options.followers * options.orders - len(followers)),
        duplicates=len(tags) - len(set(tags)),
        orphans=len(set(tags) - {tag for tag in ours if tag is not None}),
        first_ack_ms=_round(times[0] if times else None),
        p50_ms=_percentile(times, 50),
        p95_ms=_percentile(times, 95),
        p99_ms=_percentile(times, 99),
        last_ack_ms=_round(times[-1] if times else None),
        last_byte_out_ms=_round(settled[-1].last_byte_out_ms if settled else None),
    )
    return result, followers


def _percentile(times: Sequence[float], share: int) -> float | None:
    """The nearest rank in ascending ``times``, as the window and the bench count it."""
    if not times:
        return None
    return _round(times[max(0, math.ceil(len(times) * share / 100) - 1)])


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def table(result: DemoResult, orders: Sequence[OrderView]) -> str:
    """The follower table and latencies in text."""
    lines = [f"{'account':<16}{'side':<6}{'qty':>6}  {'state':<10}{'ack ms':>9}  reason"]
    for order in sorted(orders, key=lambda one: one.account_id)[:50]:
        ack = "-" if order.timing is None else f"{order.timing.call_to_reply_ms:.1f}"
        lines.append(
            f"{order.account_id:<16}{order.terms.side:<6}{order.terms.quantity:>6}  "
            f"{order.state:<10}{ack:>9}  {order.reason}"
        )
    lines.append(
        f"{result.acked} of {result.followers * result.orders} acknowledged, {result.rejected} "
        f"rejected, {result.unknown} unknown; ledger: {result.lost} lost, {result.duplicates} "
        f"duplicates, {result.orphans} orphans"
    )
    lines.append(
        f"ack ms: first {result.first_ack_ms}, p50 {result.p50_ms}, p95 {result.p95_ms}, p99 "
        f"{result.p99_ms}, last {result.last_ack_ms}; last byte out {result.last_byte_out_ms}"
    )
    return "\n".join(lines)
