"""P30: a day of followers with every sizing rule and filter, off and on, and trading by themselves.

At the end each position at the simulator is the copied ledger plus what its owner traded himself,
and no exit of the master's has opened anything.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import time as day_time
from decimal import Decimal

from copytrade_gui.domain.exits import NO_COPY
from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.instrument import Exchange
from copytrade_gui.domain.link import (
    CLOSE_ONLY,
    FILTERED_PRODUCT,
    FILTERED_SIDE,
    FILTERED_SYMBOL,
    Filters,
    Link,
    LinkState,
    TimeWindow,
)
from copytrade_gui.domain.money import Paise
from copytrade_gui.domain.order import FanOut, OrderTerms, Product, Side
from copytrade_gui.domain.sizing import Override, Rounding, SizingRule, Strategy
from copytrade_gui.engine.planning.denied import DeniedError
from tests.engine.broker_owner import trades_himself
from tests.proof import told_by_broker
from tests.proof.judge import settled
from tests.proof.rig import Console, World, world
from tests.proof.row import ProofBroken, Row
from tests.proof.told_by_broker import Part

TEST = "P30"
_FOLLOWERS = 40
_ACTIONS = 60
_LIVES = 3
_MEANT = frozenset({NO_COPY, FILTERED_SIDE, FILTERED_PRODUCT, FILTERED_SYMBOL, CLOSE_ONLY})
"""Verdicts that a day must have given."""


def parts(release: bool) -> int:
    """A day each."""
    return 20 if release else 4


def part(release: bool, number: int) -> Row:
    """One day."""
    del release
    started = time.perf_counter()
    day = play(_FOLLOWERS, _ACTIONS, number)
    if missing := _MEANT - set(day.codes):
        raise ProofBroken(f"the day was not as it was meant: nobody got {sorted(missing)}")
    return Row(
        TEST,
        "orders of a day of 40 followers with every rule and filter",
        day.orders,
        day.acts,
        0,
        0,
        0,
        time.perf_counter() - started,
        "position = copied + own trades for each (faults: switches and own trades); no exit opened",
    )


def _rules() -> list[SizingRule]:
    """Every strategy, clamp, rounding and override."""
    one, half = Decimal(1), Decimal("0.5")
    return [
        SizingRule(Strategy.RATIO, half),
        SizingRule(Strategy.RATIO, Decimal("0.33"), rounding=Rounding.CARRY),
        SizingRule(Strategy.RATIO, Decimal("0.25"), rounding=Rounding.NEAREST),
        SizingRule(Strategy.RATIO, Decimal(3), max_quantity=25),
        SizingRule(Strategy.RATIO, Decimal("0.1"), min_quantity=4),
        SizingRule(Strategy.MIRROR, one),
        SizingRule(Strategy.FIXED, Decimal(7)),
        SizingRule(Strategy.LOTS, Decimal(2)),
        SizingRule(Strategy.CAPITAL_PERCENT, Decimal(5)),
        SizingRule(Strategy.EQUITY, one),
        SizingRule(Strategy.RUPEES, Decimal(20_000)),
        SizingRule(Strategy.RISK_RUPEES, Decimal(300)),
        SizingRule(Strategy.RISK_PERCENT, half),
        SizingRule(
            Strategy.RATIO, one, overrides=(Override("INFY", SizingRule(Strategy.RATIO, half)),)
        ),
    ]


def _manners(made: World, link: Link) -> list[Link]:
    """The link itself, and with every filter, time, state and group that it may have."""
    other = frozenset({made.instruments[1].underlying.upper()})
    filters = (
        Filters(sides=frozenset({Side.BUY})),
        Filters(products=frozenset({Product.INTRADAY})),
        Filters(exchanges=frozenset({Exchange.NSEEQ})),
        Filters(symbols=other),
        Filters(not_symbols=other),
    )
    return [
        link,
        *(replace(link, filters=one) for one in filters),
        replace(link, window=TimeWindow(day_time(10, 0), day_time(10, 5))),
        replace(link, group="double", group_multiplier=Decimal(2)),
        replace(link, state=LinkState.CLOSE_ONLY),
    ]


@dataclass
class Day:
    """One day: what was done, and what our orders came to.

    ``acts`` are switches and own trades, ``expected`` accounts that a plan is for, by plan.
    """

    dice: random.Random
    acts: int = 0
    orders: int = 0
    pressed: int = 0
    expected: dict[str, int] = field(default_factory=dict)
    codes: Counter[str] = field(default_factory=Counter)


def play(followers: int, actions: int, seed: int) -> Day:
    """A day in three lives of the program. Raises ProofBroken."""
    day = Day(random.Random(f"day/{seed}"))  # noqa: S311 - a replay needs the same numbers
    with world(followers, seed) as made:
        made.line.feed = True
        rules = _rules()
        made.links = [
            _manners(made, replace(link, sizing=rules[number % len(rules)]))[number % 9]
            for number, link in enumerate(made.links)
        ]

        async def script(console: Console) -> None:
            await _begin(console)
            for _ in range(actions // _LIVES):
                await _act(console, day)
            await made.clock.sleep(90)

        async def end(console: Console) -> None:
            await _begin(console)
            await _leave(console, day)
            (await settled(console, len(day.expected), day.expected)).must_be_clean("a day")
            found = [*told_by_broker.differences(console), *await _opened(console)]
            if found:
                raise ProofBroken(f"seed {seed}: {found[0]} (and {len(found) - 1} more)")
            day.codes.update(order.code for order in console.engine.book)

        for _ in range(_LIVES):
            made.live(script)
        made.live(end)
        day.orders = len(made.broker.ledger.accepted)
    return day


async def _begin(console: Console) -> None:
    made, engine = console.world, console.engine
    console.log_all_in()
    for number, account in enumerate(made.accounts):
        engine.note_margin(account.account_id, Paise(10_000_000 * (1 + number % 4)))
    await made.clock.sleep(20)
    await engine.resume("operator", "looked")


async def _act(console: Console, day: Day) -> None:
    made, dice = console.world, day.dice
    console.see_price()
    what = dice.random()
    if what < 0.6:
        await _press(console, day)
        await made.clock.sleep(dice.choice((0.5, 3, 8, 20)))
    elif what < 0.85:
        day.acts += 1
        _switch(console, day)
    else:
        day.acts += 1
        account = made.accounts[dice.randrange(1, len(made.accounts), 4)]
        terms = made.terms(side=dice.choice(list(Side)), which=dice.randrange(2))
        trades_himself(made, account, terms, dice.randint(1, 12))
        await made.clock.sleep(25)


async def _press(console: Console, day: Day) -> None:
    """An entry, a part of what he has, all of it, or more than he has."""
    made, dice = console.world, day.dice
    which, product = dice.randrange(2), dice.choice(list(_PRODUCTS))
    key = made.instruments[which].key
    net = told_by_broker.held(made, made.master)[key.instrument_id, product.value]
    side, units = dice.choice(list(Side)), dice.randint(2, 40)
    if net and dice.random() < 0.6:
        side = Side.SELL if net > 0 else Side.BUY
        units = dice.choice((max(1, abs(net) // 3), abs(net) // 2 or 1, abs(net), abs(net) + units))
    if product is Product.DELIVERY and side is Side.SELL:
        if net <= 0:
            return
        units = min(units, net)
    terms = made.terms(side=side, quantity=units, away=-60, which=which)
    sign = -1 if side is Side.BUY else 1
    assert terms.price is not None
    stop = terms.price + sign * 200 * terms.instrument.tick if dice.random() < 0.7 else None
    await _submit(console, day, replace(terms, product=product, stop=stop))


_PRODUCTS = (Product.INTRADAY, Product.INTRADAY, Product.NORMAL, Product.DELIVERY)


async def _submit(console: Console, day: Day, terms: OrderTerms) -> None:
    made, engine = console.world, console.engine
    day.pressed += 1
    command = CommandId(f"press-{day.pressed}")
    linked = len(engine.lanes.followers_of(made.master))
    fan_out = day.dice.choice(list(FanOut))
    try:
        placed = await engine.submit(made.master, terms, fan_out, command)
    except DeniedError as denied:
        raise ProofBroken(f"seed {made.seed}: {denied}") from denied
    day.expected[placed.plan.plan_id] = 1 + linked


def _switch(console: Console, day: Day) -> None:
    """A follower is switched off or on, or his link is stopped, closed, taken away or as it was."""
    made, engine, dice = console.world, console.engine, day.dice
    link = dice.choice(made.links)
    what = dice.choice(("off", "on", "on", *LinkState, "gone", "back", "back"))
    account = engine.lanes[link.follower_id].account
    if what in ("off", "on"):
        engine.put_account(replace(account, active=what == "on"))
    elif what == "gone":
        engine.drop_link(link.master_id, link.follower_id, "proof")
    else:
        state = link.state if what == "back" else LinkState(what)
        engine.put_link(replace(link, state=state), "proof")


async def _leave(console: Console, day: Day) -> None:
    """Everybody is let in again, and the master leaves all he has."""
    made, engine = console.world, console.engine
    for link in made.links:
        engine.put_account(replace(engine.lanes[link.follower_id].account, active=True))
        state = LinkState.CLOSE_ONLY if link.state.stops else link.state
        engine.put_link(replace(link, state=state), "proof")
    await made.clock.sleep(10)
    for (number, product), net in told_by_broker.held(made, made.master).items():
        which = [one.key.instrument_id for one in made.instruments].index(number)
        console.see_price()
        side = Side.SELL if net > 0 else Side.BUY
        terms = made.terms(side=side, quantity=abs(net), away=-60, which=which)
        await _submit(console, day, replace(terms, product=Product(product)))
        await made.clock.sleep(20)


async def _opened(console: Console) -> list[str]:
    """Orders that opened a position although their master's order only reduced his."""
    made, found = console.world, []
    stored = await console.store.history.orders(1_000_000)
    plans = {str(one.broker_order_id): one.plan_id for one in stored}
    opened = {
        plans[trade.order.order_id]
        for trade, before in _replayed(told_by_broker.trades(made, made.master))
        if trade.order.order_id in plans and not _reduces(before, trade.signed)
    }
    for account in made.accounts[1:]:
        told = told_by_broker.trades(made, account.account_id)
        for trades in (told, [one for one in told if one.ours]):
            found += [
                f"{account.account_id}: {trade.signed} of {trade.part} opened from {before}"
                for trade, before in _replayed(trades)
                if trade.ours
                and plans[trade.order.order_id] not in opened
                and not _reduces(before, trade.signed)
            ]
    return found


def _replayed(told: list[told_by_broker.Trade]) -> Iterator[tuple[told_by_broker.Trade, int]]:
    """Each trade with what was held before it."""
    nets: Counter[Part] = Counter()
    for one in told:
        yield one, nets[one.part]
        nets[one.part] += one.signed


def _reduces(before: int, signed: int) -> bool:
    return before * signed < 0 and abs(signed) <= abs(before)
