"""P28: a master changes his order fifty times in five seconds: each copy ends as he did, in order.

He does so in the console, or at the broker's own page while his feed tells of it. The simulator's
own history of each order is the judge.
"""

from __future__ import annotations

import random
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from decimal import Decimal

from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.order import FanOut, OrderTerms
from copytrade_gui.domain.seen import Follow
from copytrade_gui.engine.orders.settings import EngineSettings
from copytrade_gui.simulator.config import Switches
from copytrade_gui.simulator.faults import Fault
from copytrade_gui.simulator.orders import Order as LedgerOrder
from copytrade_gui.simulator.owner import OwnerError
from tests.proof.judge import settled
from tests.proof.rig import Console, World, world
from tests.proof.row import ProofBroken, Row

TEST = "P28"
WAYS = ("console", "elsewhere")
STEPS = ("price", "quantity too", "answers lost")
Change = Callable[[OrderTerms], Awaitable[None]]
_FOLLOWERS = 200
_CHANGES = 50
_OVER_S = 5.0
_QUANTITY = 40
_EXCHANGE_MS = {"console": 250.0, "elsewhere": 90.0}
"""From a change that was taken until it holds. Of one in the console the next comes before; at his
page a master is refused until it does.
"""
_FILL_MS = 800.0
"""From one part of a fill to the next: the first comes before a change holds, the next no more."""


def parts(release: bool) -> int:
    """A storm each."""
    del release
    return len(WAYS) * len(STEPS)


def part(release: bool, number: int) -> Row:
    """One storm; more seeds of it for a release."""
    started = time.perf_counter()
    way, what = WAYS[number % 2], STEPS[number // 2]
    seeds = range(10 if release else 1)
    taken = sum(storm(_FOLLOWERS, way, what, seed) for seed in seeds)
    return Row(
        TEST,
        "changes made of orders whose master changes his 50 times in 5 s, 200 followers",
        taken,
        0,
        0,
        0,
        0,
        time.perf_counter() - started,
        "in the console and elsewhere: all end at the last, none below its fills, 0 replies of 429",
    )


def storm(followers: int, way: str, what: str, seed: int = 1) -> int:
    """One storm; how many changes of copies the broker took. Raises ProofBroken."""
    dice = random.Random(f"storm/{way}/{what}/{seed}")  # noqa: S311 - a replay needs the same

    async def script(console: Console) -> OrderTerms:
        made = console.world
        console.log_all_in()
        await made.clock.sleep(10)
        console.engine.master_signals.set_follow(made.master, Follow.COPY)
        early = [account.client_id for account in made.accounts[1::3]]
        made.broker.add_fault(Fault(action="parts", copies=2, accounts=early))
        made.broker.add_fault(Fault(action="parts", copies=4))
        first = made.terms(quantity=_QUANTITY, away=100)
        change = await (_placed_here if way == "console" else _placed_elsewhere)(console, first)
        await made.clock.sleep(5)
        await _fill_some(made, first)
        if what == "answers lost":
            made.broker.add_fault(Fault(action="drop_reply", call="modify", probability=0.02))
            lost = Fault(action="drop_reply", call="modify", placed=False, probability=0.02)
            made.broker.add_fault(lost)
        now = first
        began = made.time.now_ns
        for number in range(_CHANGES):
            now = _changed(first, dice, quantity=what == "quantity too")
            await change(now)
            due = began + int((number + 1) * _OVER_S * 1e9 / _CHANGES)
            await made.clock.sleep(max(0.0, (due - made.time.now_ns) / 1e9))
        made.broker.clear_faults()
        await made.clock.sleep(240 if what == "answers lost" else 60)
        expected = 1 + followers if way == "console" else followers
        plans = {str(one.intent.plan_id): expected for one in console.engine.book}
        (await settled(console, 1, plans)).must_be_clean(f"storm, {way}, {what}")
        return now

    settings = EngineSettings(masters_every=1.0)
    switches = Switches(
        latency_ms=60,
        jitter_ms=80,
        change_ms=_EXCHANGE_MS[way],
        fill_ms=_FILL_MS,
        market="still",
        partial_rate=1.0,
    )
    with world(followers, seed, switches=switches, settings=settings) as made:
        made.line.feed = True
        last = made.live(script)
        if last is None:
            raise ProofBroken("the program ended early")
        return _judge(made, last)


def _changed(first: OrderTerms, dice: random.Random, *, quantity: bool) -> OrderTerms:
    """Another price, always on the side that does not trade; and another quantity."""
    assert first.price is not None
    tick = first.instrument.tick
    price = first.price - dice.randrange(1, 40) * tick
    units = dice.choice((15, 20, 30, 40, 60)) if quantity else first.quantity
    return replace(first, price=price, quantity=units)


async def _placed_here(console: Console, terms: OrderTerms) -> Change:
    engine, master = console.engine, console.world.master
    placed = await engine.submit(master, terms, FanOut.WITH_MASTER, CommandId("storm"))
    own = engine.book.of_plan(placed.plan.plan_id)[0].intent.intent_id

    async def change(after: OrderTerms) -> None:
        await engine.modify(own, after)

    return change


async def _placed_elsewhere(console: Console, terms: OrderTerms) -> Change:
    made = console.world
    owner = made.broker.owner(made.broker.accounts[0].client_id)
    key = terms.instrument.key
    fields = {"exchange": key.exchange.value, "instrumentId": key.instrument_id}
    order = owner.place(fields | {"orderType": "LIMIT"} | _numbers(terms))
    order.parts = 4

    async def change(after: OrderTerms) -> None:
        for _ in range(100):
            try:
                owner.modify(order.order_id, _numbers(after))
            except OwnerError:  # the change before it does not hold yet, so he presses again
                await made.clock.sleep(0.01)
            else:
                return
        raise ProofBroken("the master could not change his own order")

    return change


def _numbers(terms: OrderTerms) -> dict[str, object]:
    return {"quantity": str(terms.quantity), "price": str(terms.price)}


async def _fill_some(made: World, terms: OrderTerms) -> None:
    """The market comes to the price for a moment: every order fills in part, more or less."""
    assert terms.price is not None
    key, before = terms.instrument.key, made.price(terms.instrument)
    for price in (terms.price, before):
        made.broker.set_price(key.exchange, key.instrument_id, int(price * 10_000))
        await made.clock.sleep(0.05)
    await made.clock.sleep(0.6)


def _judge(made: World, last: OrderTerms) -> int:
    """By the history of each order at the simulator. Raises ProofBroken."""
    ledger, taken = made.broker.ledger, 0
    if ledger.refused_for_rate or ledger.seconds_over_limit:
        raise ProofBroken(f"{ledger.refused_for_rate} replies of 429, {ledger.excess[:3]}")
    if len(ledger.accepted) != len(made.accounts):
        raise ProofBroken(f"{len(ledger.accepted)} orders of {len(made.accounts)} accounts")
    wrong = [words for order in ledger.accepted for words in _wrong(order, last)]
    if wrong:
        raise ProofBroken(f"{wrong[0]} (and {len(wrong) - 1} more)")
    for order in ledger.accepted:
        taken += sum(step.status == "modified" for step in order.steps)
    if not any(0 < order.filled < order.terms.quantity for order in ledger.accepted):
        raise ProofBroken("no order was filled in part, so the storm was not as it was meant")
    return taken


def _wrong(order: LedgerOrder, last: OrderTerms) -> Iterator[str]:
    price, planned = Decimal(order.terms.price) / 10_000, order.steps[0].quantity
    quantity = max(planned * last.quantity // _QUANTITY, order.filled)
    if any(step.quantity < step.filled for step in order.steps):
        yield f"{order.order_id} was below what it had filled"
    if not order.live and order.filled != order.terms.quantity:
        yield f"{order.order_id} ended as {order.status}"
    if order.live and (price, order.terms.quantity) != (last.price, quantity):
        yield (
            f"{order.order_id} ends as {order.terms.quantity} of {planned} at {price}, not "
            f"{quantity} at {last.price}"
        )
