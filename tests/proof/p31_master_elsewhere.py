"""P31: a day of a master who trades elsewhere only, over followers with faults: in step, or named.

He enters, changes, leaves in part, cancels, turns round and orders at the market on the broker's
page; books, feed, replies and sessions suffer. Every order of his that is complete is copied in
full, or whoever lacks it is named with the reason; and when he has left, so has everybody.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal

from copytrade_gui.domain.drift import Step
from copytrade_gui.domain.events import Alarm, Event
from copytrade_gui.domain.seen import Follow, Seen
from copytrade_gui.domain.sizing import SizingRule, Strategy
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.engine.orders.order import Order as CopyOrder
from copytrade_gui.engine.orders.settings import EngineSettings
from copytrade_gui.engine.signals.drift_lines import drift_of
from copytrade_gui.simulator.faults import Fault
from copytrade_gui.simulator.orders import Order as LedgerOrder
from copytrade_gui.simulator.owner import Owner, OwnerError
from tests.proof import told_by_broker
from tests.proof.judge import settled
from tests.proof.rig import Console, World, world
from tests.proof.row import ProofBroken, Row

TEST = "P31"
_FOLLOWERS = 100
_ACTIONS = 300
_RATIOS = (Decimal("0.5"), Decimal(1), Decimal(2), Decimal("1.5"))
_LOT = 2
"""What he trades is a multiple of it, so that every ratio gives whole units."""
FAULTS = (
    Fault(action="drop_reply", call="place", probability=0.01),
    Fault(action="drop_reply", call="place", placed=False, probability=0.005),
    Fault(action="answer", call="place", http_status=503, form="html", probability=0.005),
    Fault(action="too_many", call="place", probability=0.005),
    Fault(action="code", call="place", code="EC003", probability=0.003),
    Fault(action="reject", text="RMS:Margin exceeds", probability=0.005),
    Fault(action="accept_late", seconds=3.0, probability=0.005),
    Fault(action="show_late", seconds=20.0, probability=0.005),
    Fault(action="expire_session", call="place", probability=0.001),
    Fault(action="parts", copies=2, probability=0.1),
    Fault(action="delay", call="*", ms=900.0, sigma=0.5, probability=0.02),
    Fault(action="drop_reply", call="modify", probability=0.02),
    Fault(action="drop_reply", call="cancel", placed=False, probability=0.02),
    Fault(action="book_short", call="orders", probability=0.01),
    Fault(action="book_stale", call="orders", seconds=15.0, probability=0.01),
    Fault(action="book_failed", call="orders,positions", probability=0.01),
    Fault(action="book_empty", call="positions", probability=0.005),
    Fault(action="feed_skip", probability=0.02),
    Fault(action="feed_repeat", copies=2, probability=0.05),
    Fault(action="feed_overtaken", ms=300.0, sigma=0.5, probability=0.05),
    Fault(action="feed_garble", form="broken", probability=0.01),
    Fault(action="feed_close", probability=0.002),
)


def parts(release: bool) -> int:
    """A day each."""
    return 10 if release else 1


def part(release: bool, number: int) -> Row:
    """One day."""
    del release
    started = time.perf_counter()
    day = play(_FOLLOWERS, _ACTIONS, number)
    return Row(
        TEST,
        "actions of a master elsewhere, 100 followers",
        day.acted.total(),
        day.faults,
        0,
        0,
        0,
        time.perf_counter() - started,
        f"{day.copies:,} copies in step, {day.named:,} named with the reason, all flat at the end",
    )


@dataclass
class Day:
    """What was done and what it came to. ``named`` are copies that are not as his order is."""

    dice: random.Random
    acted: Counter[str] = field(default_factory=Counter)
    faults: int = 0
    copies: int = 0
    named: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    larger: list[str] = field(default_factory=list)
    """What was told of copies that had filled before his order was made larger."""

    def hear(self, event: Event) -> None:
        """Alarms of changes that were not made."""
        if isinstance(event, Alarm) and event.code == "not_changed":
            self.larger.append(event.sentence)


def play(followers: int, actions: int, seed: int) -> Day:
    """A day. Raises ProofBroken."""
    day = Day(random.Random(f"elsewhere/{seed}"))  # noqa: S311 - a replay needs the same numbers

    async def script(console: Console) -> None:
        made = console.world
        console.log_all_in()
        console.engine.bus.subscribe(day.hear, Alarm)
        await made.clock.sleep(60)
        console.engine.master_signals.set_follow(made.master, Follow.COPY)
        for fault in FAULTS:
            made.broker.add_fault(fault)
        owner = made.broker.owner(made.broker.accounts[0].client_id)
        for _ in range(actions):
            await _go_on(console)
            _act(made, owner, day)
            await made.clock.sleep(day.dice.choice((1, 3, 6, 10, 20)))
        day.faults = sum(
            row["hits"] for row in made.broker.desk.faults.rows() if isinstance(row["hits"], int)
        )
        made.broker.clear_faults()
        await made.clock.sleep(120)
        await _go_on(console)
        await made.clock.sleep(60)
        for order in _working(made):
            owner.cancel(order.order_id)
        await made.clock.sleep(60)
        await _leave(console, owner)
        plans = {
            str(one.intent.plan_id): followers for one in console.engine.book if not one.closes
        }
        (await settled(console, len(plans), plans)).must_be_clean(f"seed {seed}")
        found = [*told_by_broker.differences(console), *_behind(console, day)]
        found += _still_in(console)
        if found:
            raise ProofBroken(f"seed {seed}: {found[0]} (and {len(found) - 1} more)")

    with world(followers, seed, settings=EngineSettings(masters_every=1.0)) as made:
        made.line.feed = True
        made.links = [
            replace(link, sizing=SizingRule(Strategy.RATIO, _RATIOS[number % len(_RATIOS)]))
            for number, link in enumerate(made.links)
        ]
        made.live(script)
    return day


async def _go_on(console: Console) -> None:
    """A person who sees to it: he logs in again and lifts what the faults stopped."""
    engine = console.engine
    console.see_price()
    console.log_in_again()
    if engine.gate.state is not TradingState.ACTIVE:
        await engine.resume("operator", "looked at the unknown orders")


def _act(made: World, owner: Owner, day: Day) -> None:
    """One thing that he does on the broker's page; what the broker refuses he leaves at that."""
    dice = day.dice
    working, held = _working(made), told_by_broker.held(made, made.master)
    choices = ["enter", "enter", "near", "near", "market", "rest", "rest"]
    choices += ["change", "change", "cancel"] * bool(working)
    choices += ["leave a part", "leave a part", "leave", "turn"] * bool(held)
    what = dice.choice(choices)
    try:
        if what == "change":
            owner.modify(dice.choice(working).order_id, _change(made, dice, dice.choice(working)))
        elif what == "cancel":
            owner.cancel(dice.choice(working).order_id)
        else:
            owner.place(_order(made, dice, what, held))
    except OwnerError:
        day.acted["refused"] += 1
    else:
        day.acted[what] += 1


def _working(made: World) -> list[LedgerOrder]:
    made.broker.advance()
    return [one for one in made.broker.accounts[0].orders.values() if one.stage == "open"]


def _order(
    made: World, dice: random.Random, what: str, held: Counter[told_by_broker.Part]
) -> dict[str, object]:
    buy, units, which = dice.random() < 0.5, _LOT * dice.randint(2, 15), dice.randrange(2)
    if what in ("leave a part", "leave", "turn"):
        number, _ = dice.choice(sorted(held))
        which = [one.key.instrument_id for one in made.instruments].index(number)
        net = held[number, "INTRADAY"]
        buy = net < 0
        part = max(_LOT, abs(net) // dice.choice((2, 3)) // _LOT * _LOT)
        units = {"leave": abs(net), "leave a part": part, "turn": abs(net) + units}[what]
    key = made.instruments[which].key
    fields: dict[str, object] = {
        "exchange": key.exchange.value,
        "instrumentId": key.instrument_id,
        "transactionType": "BUY" if buy else "SELL",
        "quantity": str(units),
    }
    if what == "market" or (what not in _AWAY and dice.random() < 0.3):
        return fields
    away = _AWAY.get(what, -60)
    return fields | {"orderType": "LIMIT", "price": _price(made, which, buy=buy, away=away)}


_AWAY = {"rest": 40, "near": 0}
"""Ticks from the last price: what is near fills for him, and may rest for who comes later."""


def _price(made: World, which: int, *, buy: bool, away: int) -> str:
    """So many ticks on the side that does not trade."""
    instrument = made.instruments[which]
    last = made.price(instrument)
    last -= last % instrument.tick
    return str(last + (-1 if buy else 1) * away * instrument.tick)


def _change(made: World, dice: random.Random, order: LedgerOrder) -> dict[str, object]:
    number = str(order.terms.instrument.id)
    which = [one.key.instrument_id for one in made.instruments].index(number)
    if dice.random() < 0.2:
        return {"orderType": "MARKET"}
    away = dice.choice((-60, 10, 20, 60))
    fields: dict[str, object] = {"price": _price(made, which, buy=order.terms.buy, away=away)}
    if dice.random() < 0.4:
        fields["quantity"] = str(_LOT * dice.randint(2, 15))
    return fields


async def _leave(console: Console, owner: Owner) -> None:
    made = console.world
    for number, product in list(told_by_broker.held(made, made.master)):
        console.see_price()
        owner.leave("NSEEQ", number, product)
        await made.clock.sleep(60)


def _behind(console: Console, day: Day) -> Iterator[str]:
    """Copies that are not what the master's order came to, and for which nothing says why."""
    made, engine = console.world, console.engine
    seen = {str(one.broker_order_id): one for one in engine.master_signals.orders()}
    rules = {link.follower_id: link.sizing.parameter for link in made.links}
    for number, order in made.broker.accounts[0].orders.items():
        view = seen.get(number)
        if view is None:
            yield f"his order {number} was not seen"
        elif view.became is not Seen.COPIED or view.plan_id is None:
            day.reasons[view.became] += 1
            if not view.reason:
                yield f"his order {number} is {view.became}, and nobody says why"
        else:
            for copy in engine.book.of_plan(view.plan_id):
                wanted = rules[copy.intent.account_id] * order.filled
                if copy.filled == wanted:
                    day.copies += 1
                    continue
                day.named += 1
                word = copy.code or copy.intent.code
                day.reasons[f"{copy.state} {word}"] += 1
                word = word or copy.reason or ("cut" if copy.cut else "")
                if not word and order.status != "cancelled" and not _is_told(day, copy):
                    yield (
                        f"{copy.intent.account_id} filled {copy.filled} as {copy.state} of "
                        f"{wanted} for {number} ({order.status}, {order.filled})"
                    )


def _is_told(day: Day, copy: CopyOrder) -> bool:
    """True if an alarm names its account, or the order, as one that was not changed."""
    names = {str(copy.intent.account_id), str(copy.broker_order_id), "others"}
    return any(name in sentence for sentence in day.larger for name in names)


def _still_in(console: Console) -> Iterator[str]:
    """Who holds something although the master has left, and nobody is told so."""
    made = console.world
    report = drift_of(console.engine.drift.now(), {})
    named = {line.key.account_id for line in report.lines if line.step is not Step.IN_STEP}
    for account in made.accounts:
        held = told_by_broker.held(made, account.account_id)
        if held and account.account_id not in named:
            yield f"{account.account_id} still holds {held}"
