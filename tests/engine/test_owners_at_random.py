"""Owners change their copies at random, under bad books and restarts: our book ends as theirs."""

from __future__ import annotations

import random

import msgspec
import pytest

from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.order import FanOut, OrderType, State
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.engine.planning.denied import DeniedError
from copytrade_gui.simulator.faults import Fault
from copytrade_gui.simulator.orders import Order as LedgerOrder
from tests.proof.judge import settled
from tests.proof.owner import Owner
from tests.proof.rig import Console, ProgramStopped, World, world

BAD_BOOKS = (
    Fault(action="book_stale", call="orders", seconds=25.0),
    Fault(action="book_stale", seconds=60.0),
    Fault(action="book_shuffle"),
    Fault(action="book_short", rows=1),
    Fault(action="book_duplicate", rows=2),
    Fault(action="book_garble", rows=1),
    Fault(action="book_failed"),
    Fault(action="drop_reply", call="orders"),
    Fault(action="drop_reply", call="place"),
    Fault(action="drop_reply", call="cancel", how="reset"),
    Fault(action="parts", copies=4),
    Fault(action="fill_after_cancel"),
)

BAD_FEEDS = (
    Fault(action="feed_skip"),
    Fault(action="feed_repeat"),
    Fault(action="feed_delay", ms=3_000, sigma=1.0),
    Fault(action="feed_overtaken", ms=3_000, sigma=1.0),
    Fault(action="feed_garble", form="broken"),
    Fault(action="feed_garble", form="null"),
    Fault(action="feed_close"),
)


class Day:
    """One seed: plans that rest, owners that interfere, a market that comes and goes."""

    def __init__(self, made: World, seed: int) -> None:
        self.world = made
        self.dice = random.Random(f"owners/{seed}")  # noqa: S311 - a test's dice
        self.plans = 0
        self.changed: set[str] = set()
        """Broker order ids that an owner touched."""
        bad = [*BAD_BOOKS, *BAD_FEEDS] if made.line.feed else BAD_BOOKS
        for fault in self.dice.sample(bad, 8 if made.line.feed else 4):
            chance = self.dice.choice((0.1, 0.4))
            made.broker.add_fault(msgspec.structs.replace(fault, probability=chance))

    async def trade(self, console: Console) -> None:
        await self._wake(console)
        for _ in range(14):
            await self._act(console)
            await self.world.clock.sleep(self.dice.choice((0.2, 1.0, 4.0, 15.0)))
        raise ProgramStopped("power cut")

    async def _wake(self, console: Console) -> None:
        console.log_all_in()
        await self.world.clock.sleep(6)
        if console.engine.gate.state is not TradingState.ACTIVE:
            await console.engine.resume("operator", "looked")

    async def _act(self, console: Console) -> None:
        dice, made = self.dice, self.world
        what = dice.random()
        if what < 0.25:
            console.see_price()
            kind = dice.choice((OrderType.LIMIT, OrderType.LIMIT, OrderType.SL))
            terms = made.terms(quantity=20, order_type=kind, away=dice.choice((8, 30, 60)))
            command = CommandId(f"press-{self.plans}")
            try:
                await console.engine.submit(made.master, terms, FanOut.WITH_MASTER, command)
            except DeniedError as denied:
                assert denied.code in {"unread", "offline"}  # noqa: PT017 - bad books, or no answers
                return
            self.plans += 1
        elif what < 0.85:
            self._interfere(console)
        else:
            key = made.instruments[0].key
            last = int(made.price(made.instruments[0]) * 10_000)
            moved = last * dice.choice((995, 998, 1_002, 1_005)) // 1_000
            made.broker.set_price(key.exchange, key.instrument_id, moved - moved % 500)

    def _interfere(self, console: Console) -> None:
        orders = [
            order
            for order in console.engine.book
            if order.state.open_at_broker and order.broker_order_id is not None
        ]
        if not orders:
            return
        order = self.dice.choice(orders)
        number = order.broker_order_id
        assert number is not None
        owner = Owner(self.world, order.intent.account_id)
        what, terms = self.dice.random(), order.intent.terms
        if what < 0.2:
            done = owner.cancel(number)
        elif what < 0.35 and terms.price is not None:
            steps = self.dice.choice((-2, 2, 5)) * terms.instrument.tick
            done = owner.change(number, price=str(terms.price + steps))
        else:
            quantity = max(1, order.ordered + self.dice.choice((-7, -3, 4, 11)))
            done = owner.change(number, quantity=str(quantity))
        if done:
            self.changed.add(number)

    async def look(self, console: Console) -> None:
        self.world.broker.clear_faults()
        await self._wake(console)
        (await settled(console, self.plans)).must_be_clean("owners at random")
        taken = {order.order_id: order for order in self.world.broker.ledger.accepted}
        for order in console.engine.book:
            if order.broker_order_id is not None:
                self._compare(order, taken[order.broker_order_id])
                halted = console.engine.lanes[order.intent.account_id].status.halted
                assert "more than ordered" not in halted

    def _compare(self, order: Order, theirs: LedgerOrder) -> None:
        assert order.filled == theirs.filled
        assert order.state.ended is not theirs.live
        assert (order.state is State.FILLED) is (theirs.filled == theirs.terms.quantity)
        if theirs.live or theirs.status == "complete":
            assert order.ordered == theirs.terms.quantity
        if order.diverged is not None:
            assert order.broker_order_id in self.changed


def run(seed: int, *, feed: bool = False) -> int:
    """How many orders were marked. ``feed``: what becomes of orders is told as well."""
    marked: list[int] = []
    with world(3, seed) as made:
        made.line.feed = feed
        day = Day(made, seed)
        made.live(day.trade)
        made.live(day.trade)

        async def look(console: Console) -> None:
            await day.look(console)
            marked.append(sum(order.diverged is not None for order in console.engine.book))

        made.live(look)
    return marked[0]


@pytest.mark.parametrize("seed", range(8))
def test_our_book_ends_as_the_brokers(seed: int) -> None:
    run(seed)


@pytest.mark.parametrize("seed", range(100, 108))
def test_our_book_ends_as_the_brokers_where_he_tells_too(seed: int) -> None:
    run(seed, feed=True)
