"""P13: what a master does elsewhere, pushed, read, repeated and out of order, is one plan each."""

from __future__ import annotations

import random
import time
from collections import Counter

from copytrade_gui.domain.account import FeedState
from copytrade_gui.domain.events import Event, PlanMade
from copytrade_gui.domain.order import Side
from copytrade_gui.domain.records import SignalKind
from copytrade_gui.domain.seen import Follow, Seen
from copytrade_gui.engine.orders.settings import EngineSettings
from copytrade_gui.ports import BrokerOrder
from copytrade_gui.simulator.owner import Owner
from tests.proof.rig import Console, world
from tests.proof.row import ProofBroken, Row

TEST = "P13"
WAYS = ("read", "pushed", "both")
_EACH = 1_000
"""Actions of one day; the books of a longer one are read whole too often."""


def parts(release: bool) -> int:
    """Days side by side."""
    return 20 if release else 5


def part(release: bool, number: int) -> Row:
    """2,000 of 10,000 actions; twenty times as many in all for a release."""
    started = time.perf_counter()
    days = range(number, (200 if release else 10), parts(release))
    told = sum(detect(_EACH, seed, WAYS[seed % 3]) for seed in days)
    return Row(
        TEST,
        "master actions elsewhere: read, pushed, both, repeated, out of order",
        len(days) * _EACH,
        told,
        0,
        0,
        0,
        time.perf_counter() - started,
        "one plan each, whatever was told how often",
    )


def detect(actions: int, seed: int, way: str) -> int:
    """One day; returns how many rows were told. Raises ProofBroken."""
    dice = random.Random(seed)  # noqa: S311 - a replay needs the same numbers
    settings = EngineSettings(masters_every=0.0 if way == "pushed" else 1.0)

    async def script(console: Console) -> int:
        made = console.world
        plans: Counter[str] = Counter()

        def hear(event: Event) -> None:
            if isinstance(event, PlanMade):
                if event.plan.signal.kind is not SignalKind.MASTER:
                    raise ProofBroken("a plan was made that no order of the master asked for")
                plans[event.plan.signal.order_ref] += 1

        console.engine.bus.subscribe(hear)
        console.log_all_in()
        await made.clock.sleep(5)
        engine, lane = console.engine, console.engine.lanes[made.master]
        await engine.read_books(made.master)
        engine.master_signals.set_follow(made.master, Follow.COPY)
        feed = engine.parts.updates.feed_of(made.master)
        if way != "read" and feed is not None:
            feed.feed(FeedState.LIVE, "")
            await made.clock.sleep(3)
        owner, told = Owner(made.broker.desk, made.broker.accounts[0]), 0
        placed: list[str] = []
        rows: list[BrokerOrder] = []
        for number in range(actions):
            side = Side.SELL if number % 2 else Side.BUY
            terms = made.terms(side=side, away=-60)
            order = owner.place(
                {
                    "exchange": terms.instrument.key.exchange.value,
                    "instrumentId": terms.instrument.key.instrument_id,
                    "transactionType": side.value,
                    "quantity": str(terms.quantity),
                    "orderType": "LIMIT",
                    "price": str(terms.price),
                }
            )
            placed.append(order.order_id)
            await made.clock.sleep(dice.uniform(0.5, 1.5))
            if way != "read" and feed is not None and lane.session is not None:
                read = await lane.session.order_book()
                rows = [*rows[-40:], *read.rows[-20:]]
                again: list[BrokerOrder] = dice.choices(rows, k=30) + list(read.rows[-20:])
                dice.shuffle(again)
                told += len(again)
                feed.orders(again)
        await made.clock.sleep(60)
        await engine.read_books(made.master)
        await made.clock.sleep(60)
        if dict(plans) != dict.fromkeys(placed, 1):
            missing, extra = set(placed) - set(plans), [p for p, n in plans.items() if n > 1]
            raise ProofBroken(f"{len(missing)} actions without a plan, {len(extra)} with two")
        seen = Counter(one.became for one in engine.master_signals.orders())
        if seen != {Seen.COPIED: actions}:
            raise ProofBroken(f"what became of {actions} actions: {dict(seen)}")
        return told

    with world(2, seed, settings=settings) as made:
        told = made.live(script)
        sent = Counter(order.account for order in made.broker.ledger.accepted)
        own = sent.pop(made.accounts[0].client_id)
        if own != actions or max(sent.values(), default=0) > actions:
            raise ProofBroken(f"{own} orders of the master, and of his followers {dict(sent)}")
        if made.broker.accounts[0].positions and any(
            position.net for position in made.broker.accounts[0].positions.values()
        ):
            raise ProofBroken("the master did not end flat, so the day was not as it was meant")
    return told or 0
