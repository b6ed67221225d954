"""P27: a market crash with loss limits set: every follower stops at his, the rupees add up.

The simulator's trade book, its prices and its ledger are the judge.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from decimal import Decimal

from copytrade_gui.domain.checks.limits import NO_LIMITS
from copytrade_gui.domain.events import AccountHalted, Event
from copytrade_gui.domain.ids import AccountId, CommandId
from copytrade_gui.domain.instrument import Quote
from copytrade_gui.domain.money import paise
from copytrade_gui.domain.order import FanOut, OrderTerms, Side
from copytrade_gui.services.position_report import PositionReport, report_of
from copytrade_gui.services.positions import facts_of
from copytrade_gui.simulator.course import Scene
from tests.proof.judge import judge
from tests.proof.rig import Console, World, world
from tests.proof.row import ProofBroken, Row

TEST = "P27"
SECOND_NS = 1_000_000_000
PERCENT = (1, 2, 3, 4, 5, 6, 7, 99)
"""Of what he holds, by follower: what each may lose. The last one loses 8 of 99."""
FALLS = 8
HALTS_EACH = 4


@dataclass
class Crash:
    """What was seen of it. Times are UTC ns."""

    limits: dict[int, Decimal] = field(default_factory=dict)
    """By the follower's number, rupees."""
    quoted_ns: dict[int, int] = field(default_factory=dict)
    """When the first quote came at which his loss, by the broker's trade book, was his limit."""
    stopped_ns: dict[int, int] = field(default_factory=dict)
    last_order_ns: dict[int, int] = field(default_factory=dict)
    """When the broker took the last order of his."""
    report: PositionReport = field(default_factory=PositionReport)
    entries: set[int] = field(default_factory=set)
    """Whose entries the broker still has open at the end."""
    booked: dict[int, Decimal] = field(default_factory=dict)
    """The day by the broker's trade book, at the price of the report."""

    @property
    def reach(self) -> set[int]:
        """Whose limit is within what the market falls."""
        return {number for number in self.limits if PERCENT[number % len(PERCENT)] < FALLS}

    @property
    def latest_ns(self) -> int:
        """The longest from a quote at which a limit was reached to its follower's stop."""
        return max(self.stopped_ns[one] - self.quoted_ns[one] for one in self.reach)

    @property
    def told(self) -> dict[int, Decimal]:
        """What the report says of each follower's day."""
        found = dict.fromkeys(self.limits, Decimal(0))
        for line in self.report.lines:
            if line.copied is not None:
                found[int(line.account_id[1:])] += Decimal("NaN") if line.day is None else line.day
        return found

    def must_be_right(self) -> None:
        """Raises ProofBroken: somebody stopped late, not at all or for nothing, or a sum is off."""
        if not set(self.quoted_ns) == set(self.stopped_ns) == self.reach:
            raise ProofBroken(f"stopped {sorted(self.stopped_ns)}, reached {sorted(self.reach)}")
        if not 0 <= self.latest_ns <= SECOND_NS:
            raise ProofBroken(f"stopped {self.latest_ns} ns after the quote")
        late = [n for n in self.reach if self.last_order_ns[n] > self.quoted_ns[n] + SECOND_NS]
        if late:
            raise ProofBroken(f"an order of {late} came a second after the quote")
        others = min(self.last_order_ns[n] for n in set(self.limits) - self.reach)
        if others < max(self.quoted_ns.values()):
            raise ProofBroken("somebody was stopped who lost less than he may")
        if self.entries != set(self.limits) - self.reach:
            raise ProofBroken(f"entries of {sorted(self.entries & self.reach)} work behind a stop")
        if self.told != self.booked or self.report.followers.unknown:
            raise ProofBroken("the report does not add up to the broker's trade book")
        if self.report.followers.day != sum(self.booked.values()):
            raise ProofBroken("the sum is not that of all")


def prove(release: bool) -> Row:
    """One crash for each change, five for a release."""
    started, crashes = time.perf_counter(), 5 if release else 1
    latest = lost = duplicate = orphan = 0
    for seed in range(crashes):

        async def script(console: Console) -> Crash:
            nonlocal lost, duplicate, orphan
            seen = await play(console, 500)
            verdict = await judge(console, len(console.engine.book.plans))
            lost += len(verdict.lost)
            duplicate += len(verdict.duplicate)
            orphan += len(verdict.orphan)
            return seen

        with world(500, seed) as made:
            seen = made.live(script)
        if seen is None:
            raise ProofBroken("the program died")
        seen.must_be_right()
        latest = max(latest, seen.latest_ns)
    note = f"stopped at most {latest / 1e6:.0f} ms after the quote, profit exact to the paisa"
    return Row(
        TEST, "8 % down in 60 s, 500 loss limits", crashes * 500, 0, lost, duplicate, orphan,
        time.perf_counter() - started, note,
    )  # fmt: skip


def name_of(number: int) -> AccountId:
    return AccountId(f"F{number:03d}")


def booked(made: World, number: int, last: Decimal | None = None) -> Decimal:
    """Received less paid, and what is open at ``last``, over all an account's positions today."""
    total = 0
    for instrument in made.instruments:
        key = instrument.key
        found = made.broker.find_instrument(key.exchange, key.instrument_id)
        there = made.broker.accounts[number].positions.get((*found.key, "INTRADAY"))
        if there is not None:
            price = made.price(instrument) if last is None else last
            total += there.sell_value - there.buy_value + there.net * int(price * 10_000)
    return Decimal(total) / 10_000


def resting_entry(made: World) -> OrderTerms:
    """An order of the master that opens, at a price a falling market moves away from."""
    return made.terms(side=Side.SELL, quantity=4, away=200, which=1)


async def play(console: Console, followers: int) -> Crash:
    """Buy, set limits, let prices fall 8 % in a minute while the master goes on opening."""
    made, engine, seen = console.world, console.engine, Crash()
    console.log_all_in()
    await made.clock.sleep(5)
    console.see_price()
    buy = made.terms(side=Side.BUY, quantity=400, away=-60)
    await _press(console, buy)
    await made.clock.sleep(20)
    price, force = made.price(made.instruments[0]), engine.clearing.limits
    key = made.instruments[0].key
    found = made.broker.find_instrument(key.exchange, key.instrument_id)
    for number in range(1, followers + 1):
        held = made.broker.accounts[number].positions[(*found.key, "INTRADAY")].net
        limit = paise(price * held * PERCENT[number % len(PERCENT)] / 100)
        seen.limits[number] = Decimal(limit) / 100
        halts = 1 if number % HALTS_EACH == 0 else None
        force.put(name_of(number), replace(NO_LIMITS, day_loss=limit, loss_then=halts))

    def on_quote(quote: Quote) -> None:
        if quote.key == key:
            for number, limit in seen.limits.items():
                if number not in seen.quoted_ns and booked(made, number, quote.last) <= -limit:
                    seen.quoted_ns[number] = made.time.wall_ns()

    def on_event(event: Event) -> None:
        if isinstance(event, AccountHalted):
            seen.stopped_ns.setdefault(int(event.halt.account_id[1:]), made.time.wall_ns())

    engine.core.quotes.hear(on_quote)
    engine.bus.subscribe(on_event, AccountHalted)
    made.broker.play([Scene(scene="crash")])
    for _ in range(14):
        await _press(console, resting_entry(made))
        await made.clock.sleep(5)
    numbers = {one.client_id: n for n, one in enumerate(made.accounts)}
    for order in made.broker.ledger.accepted:
        seen.last_order_ns[numbers[order.account]] = order.accepted_at
    await made.clock.sleep(20)
    made.broker.advance()
    for number, account in enumerate(made.broker.accounts):
        if number and any(not one.terms.buy and one.live for one in account.orders.values()):
            seen.entries.add(number)
    console.see_price()
    seen.report = report_of(facts_of(engine))
    seen.booked = {number: booked(made, number) for number in seen.limits}
    return seen


async def _press(console: Console, terms: OrderTerms) -> None:
    command = CommandId(f"press at {console.world.time.now_ns}")
    console.see_price()
    await console.engine.submit(console.world.master, terms, FanOut.WITH_MASTER, command)
