"""The whole program with many resting orders, without a window: it rests them and kills."""

from __future__ import annotations

import asyncio
import time
import uuid
from pathlib import Path

from copytrade_gui.app.paper import SimulatorLine, SimulatorOptions
from copytrade_gui.app.wiring import Opened, OpenOptions, open_console
from copytrade_gui.bench import process
from copytrade_gui.bench.words import Failed, Kill, Rest, Rested, Resting, RestSetup
from copytrade_gui.domain.checks.limits import NO_LIMITS
from copytrade_gui.domain.draft import Draft
from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.instrument import Exchange, InstrumentKey
from copytrade_gui.domain.order import FanOut, OrderType, Product, Side, State, Validity

_WAIT_S = 90.0
_SETTLE_S = 4.0
_LOOK_S = 0.1
_ON_THE_WAY = frozenset({State.PLANNED, State.SENDING, State.UNKNOWN, State.ACKED})


def options_of(setup: RestSetup) -> OpenOptions:
    """A paper console on the given folder at the bench's simulator."""
    line = SimulatorLine(
        base_url=setup.base_url,
        login_url=setup.login_url,
        control_url=setup.control_url,
        accounts_file=setup.accounts_file,
        ca_file=setup.ca_file,
    )
    paper = SimulatorOptions(accounts=0, attached=line)
    return OpenOptions(
        data_dir=Path(setup.folder), paper=paper, plain_sizing=True, limits=NO_LIMITS
    )


def run() -> int:
    """Rest orders as asked for, kill when told to, and end when the bench closes our input."""
    setup = process.hear(RestSetup)
    if setup is None:
        return 1
    try:
        asyncio.run(_serve(setup))
    except Exception as error:
        process.tell(Failed(f"{type(error).__name__}: {error}"))
        raise
    return 0


async def _serve(setup: RestSetup) -> None:
    async with open_console(options_of(setup)) as opened:
        await opened.console.sessions.login_all_paper()
        await asyncio.sleep(_SETTLE_S)
        order = await asyncio.to_thread(process.hear, Rest)
        if order is None:
            return
        process.tell(Resting(await _rest(opened, order)))
        if await asyncio.to_thread(process.hear, Kill) is None:
            return
        await opened.console.trading.kill("bench")
        process.tell(Rested(order.plans))
        await asyncio.to_thread(process.hear, Kill)


async def _rest(opened: Opened, order: Rest) -> int:
    """Place master orders with their copies, one after another; how many stand open then."""
    engine = opened.engine
    key = InstrumentKey(Exchange(order.exchange), order.instrument_id)
    instrument = await opened.console.market.instrument(key)
    if instrument is None:
        raise LookupError(f"the contract files lack {key}")
    master = next(lane.account_id for lane in engine.lanes if lane.account.master)
    draft = Draft(
        instrument=instrument,
        side=Side.BUY,
        quantity="1",
        in_lots=False,
        product=Product.INTRADAY,
        order_type=OrderType.LIMIT,
        validity=Validity.DAY,
        price=order.price,
        trigger="",
        fan_out=FanOut.WITH_MASTER,
    )
    for _ in range(order.plans):
        await opened.console.trading.submit(master, draft, CommandId(uuid.uuid4().hex))
        limit = time.monotonic() + _WAIT_S
        while _on_the_way(opened) and time.monotonic() < limit:  # noqa: ASYNC110 - no event tells
            await asyncio.sleep(_LOOK_S)
    await opened.store.journal.flush()
    return sum(order.state is State.WORKING for order in engine.book)


def _on_the_way(opened: Opened) -> bool:
    return any(order.state in _ON_THE_WAY for order in opened.engine.book)
