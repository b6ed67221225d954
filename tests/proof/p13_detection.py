"""P13: what a master does elsewhere, pushed, read, repeated and out of order, is one plan each.

There are gaps: the feed breaks for some actions, of which nothing is told, and books cannot be
read, are short or old. What was too old when it was seen at last is no plan, and has to be named.
"""

from __future__ import annotations

import random
import time
from collections import Counter

import msgspec

from copytrade_gui.domain.account import FeedState
from copytrade_gui.domain.events import Event, PlanMade
from copytrade_gui.domain.order import Side
from copytrade_gui.domain.records import SignalKind
from copytrade_gui.domain.seen import Follow, Seen
from copytrade_gui.engine.orders.settings import EngineSettings
from copytrade_gui.ports import BrokerOrder
from copytrade_gui.simulator.faults import Fault
from copytrade_gui.simulator.owner import Owner
from tests.proof.rig import Console, World, world
from tests.proof.row import ProofBroken, Row

TEST = "P13"
WAYS = ("read", "pushed", "both")
_GAP_EVERY, _GAP_MOST = 40, 5
"""About every so many actions there is a gap of up to so many; alone it makes nothing too old."""
_LATE_MOST = 0.002
"""Of all actions: a gap, and an old book right after it."""
_LATE_NS = 9_000_000_000
"""What filled is copied by itself up to 10 s; the broker's stamps have whole seconds."""
_BAD_BOOKS = (
    Fault(action="book_failed", call="orders", probability=0.05),
    Fault(action="book_short", call="orders", rows=3, probability=0.05),
    Fault(action="book_stale", call="orders", seconds=10.0, probability=0.05),
)
_EACH = 1_000
"""Actions of one day; the books of a longer one are read whole too often."""


def parts(release: bool) -> int:
    """Days side by side."""
    return 20 if release else 5


def part(release: bool, number: int) -> Row:
    """2,000 of 10,000 actions; twenty times as many in all for a release."""
    started = time.perf_counter()
    days = range(number, (200 if release else 10), parts(release))
    found = [detect(_EACH, seed, WAYS[seed % 3]) for seed in days]
    told, late = (sum(each) for each in zip(*found, strict=True))
    return Row(
        TEST,
        "master actions elsewhere: read, pushed, both, repeated, out of order, with gaps",
        len(days) * _EACH,
        told,
        0,
        0,
        0,
        time.perf_counter() - started,
        f"one plan each, whatever was told how often; {late} too old when seen, and named so",
    )


def _client(made: World) -> str:
    return made.account(made.master).client_id


class _News:
    """The master's feed: what it tells is repeated and out of order, and it breaks."""

    def __init__(self, console: Console, dice: random.Random) -> None:
        engine, master = console.engine, console.world.master
        feed, session = engine.parts.updates.feed_of(master), engine.lanes[master].session
        assert feed is not None
        assert session is not None
        self._feed, self._session, self._dice = feed, session, dice
        self._gap = 0
        self._rows: list[BrokerOrder] = []
        self.told = 0
        self.stands()

    def stands(self) -> None:
        """It stands (again)."""
        self._gap = 0
        self._feed.feed(FeedState.LIVE, "")

    async def tell(self) -> None:
        """After an action: tell of it and of those before it, or nothing in a gap."""
        dice = self._dice
        if self._gap > 1:
            self._gap -= 1
            return
        if self._gap:
            self.stands()
        elif dice.random() < 1 / _GAP_EVERY:
            self._gap = dice.randint(2, _GAP_MOST)
            self._feed.feed(FeedState.RECONNECTING, "The connection was cut.")
            return
        read = await self._session.order_book()
        self._rows = [*self._rows[-40:], *read.rows[-20:]]
        again = dice.choices(self._rows, k=30) + list(read.rows[-20:]) if self._rows else []
        dice.shuffle(again)
        self.told += len(again)
        self._feed.orders(again)


def _place(made: World, owner: Owner, side: Side) -> str:
    """The master places it at the broker; its number there."""
    terms = made.terms(side=side, away=-60)
    fields = {
        "exchange": terms.instrument.key.exchange.value,
        "instrumentId": terms.instrument.key.instrument_id,
        "transactionType": side.value,
        "quantity": str(terms.quantity),
        "orderType": "LIMIT",
        "price": str(terms.price),
    }
    return owner.place(fields).order_id


def _judge(console: Console, plans: Counter[str], placed: list[str]) -> int:
    """How many actions were too old when they were seen. Raises ProofBroken."""
    orders = console.engine.master_signals.orders()
    late = {
        one.broker_order_id
        for one in orders
        if one.became is Seen.MISSED
        and one.placed_ns is not None
        and one.seen_ns - one.placed_ns >= _LATE_NS
    }
    if len(late) > _LATE_MOST * len(placed):
        raise ProofBroken(f"{len(late)} actions were seen too late")
    copied = [one for one in placed if one not in late]
    if dict(plans) != dict.fromkeys(copied, 1):
        missing, extra = set(copied) - set(plans), [p for p, n in plans.items() if n > 1]
        raise ProofBroken(f"{len(missing)} actions without a plan, {len(extra)} with two")
    seen = Counter(one.became for one in orders)
    if seen != Counter({Seen.COPIED: len(copied), Seen.MISSED: len(late)}):
        raise ProofBroken(f"what became of {len(placed)} actions: {dict(seen)}")
    return len(late)


def detect(actions: int, seed: int, way: str) -> tuple[int, int]:
    """One day; returns how many rows were told, and how many actions were seen too late.

    Raises ProofBroken.
    """
    dice = random.Random(seed)  # noqa: S311 - a replay needs the same numbers
    settings = EngineSettings(masters_every=0.0 if way == "pushed" else 1.0)

    async def script(console: Console) -> tuple[int, int]:
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
        engine = console.engine
        await engine.read_books(made.master)
        engine.master_signals.set_follow(made.master, Follow.COPY)
        news = None if way == "read" else _News(console, dice)
        await made.clock.sleep(3)
        owner = Owner(made.broker.desk, made.broker.accounts[0])
        for fault in _BAD_BOOKS:
            made.broker.add_fault(msgspec.structs.replace(fault, accounts=[_client(made)]))
        placed: list[str] = []
        for number in range(actions):
            placed.append(_place(made, owner, Side.SELL if number % 2 else Side.BUY))
            await made.clock.sleep(dice.uniform(0.5, 1.5))
            if news is not None:
                await news.tell()
        made.broker.clear_faults()
        if news is not None:
            news.stands()
        await made.clock.sleep(30)
        await engine.read_books(made.master)
        await made.clock.sleep(60)
        late = _judge(console, plans, placed)
        return 0 if news is None else news.told, late

    with world(2, seed, settings=settings) as made:
        found = made.live(script)
        sent = Counter(order.account for order in made.broker.ledger.accepted)
        own = sent.pop(made.accounts[0].client_id)
        if own != actions or max(sent.values(), default=0) > actions:
            raise ProofBroken(f"{own} orders of the master, and of his followers {dict(sent)}")
        if made.broker.accounts[0].positions and any(
            position.net for position in made.broker.accounts[0].positions.values()
        ):
            raise ProofBroken("the master did not end flat, so the day was not as it was meant")
    assert found is not None
    return found
