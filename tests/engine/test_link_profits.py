"""What each link's copies brought, apart from its account: the simulator's trade book is the judge.

Each trade of the broker's is counted to the master whose order was pressed before it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

from msgspec import structs

from copytrade_gui.domain.account import Role
from copytrade_gui.domain.calendar import ist
from copytrade_gui.domain.charges import charges, segment_of
from copytrade_gui.domain.ids import AccountId, CommandId
from copytrade_gui.domain.link import Link
from copytrade_gui.domain.money import rupees
from copytrade_gui.domain.order import FanOut, OrderTerms, Product, Side
from copytrade_gui.domain.sizing import SizingRule, Strategy
from copytrade_gui.domain.square_off import EVERYTHING
from copytrade_gui.engine.books.copies import Copies
from copytrade_gui.ports import Carried, Copied
from copytrade_gui.services.position_report import LinkReport, PositionReport, report_of, sums_of
from copytrade_gui.services.positions import facts_of
from copytrade_gui.services.profit_sums import copies_by
from copytrade_gui.simulator.config import Switches
from copytrade_gui.simulator.faults import Fault
from copytrade_gui.simulator.orders import Fill
from copytrade_gui.storage.files.charges_file import ChargesFile
from tests.engine.broker_owner import trades_himself
from tests.engine.test_exits import DAY_NS, F1, F2, position, ticket
from tests.engine.test_leaving import begin
from tests.proof.rig import Console, ProgramStopped, World, world
from tests.services.test_positions import report

BUY, SELL = Side.BUY, Side.SELL
M, N, ALONE = AccountId("M"), AccountId("F003"), AccountId("F004")
RATES = ChargesFile(Path("charges.toml")).shipped
TWICE = SizingRule(Strategy.RATIO, Decimal(2))


def with_two_masters(made: World) -> None:
    """The first two followers copy both, the fourth only the first master."""
    made.accounts[3] = replace(made.accounts[3], master=True)
    made.links = [one for one in made.links if one.follower_id != N]
    made.links += [Link(N, F1, TWICE), Link(N, F2, TWICE)]


@dataclass
class Book:
    """The broker's trades of the day, by account and master; ``pressed`` gives them a master."""

    made: World
    orders: dict[tuple[int, str], tuple[AccountId, OrderTerms]] = field(default_factory=dict)
    before: set[str] = field(default_factory=set)
    """Trades of earlier days."""

    async def pressed(self, console: Console, master: AccountId, terms: OrderTerms) -> None:
        console.see_price()
        name = CommandId(f"{master} at {self.made.time.now_ns}")
        await console.engine.submit(master, terms, FanOut.WITH_MASTER, name)
        for _ in range(10):  # somebody looks while it fills
            await self.made.clock.sleep(3)
            report(console)
        for number in (1, 2, 4):
            for fill in self._fills(number):
                self.orders.setdefault((number, fill.order_id), (master, terms))

    def next_day(self) -> None:
        self.before = {one.trade_id for number in (1, 2, 4) for one in self._fills(number)}

    def brought(self, number: int, master: AccountId) -> Decimal:
        """Received - paid + value of what was bought and not sold: of the day, in rupees."""
        total = Decimal(0)
        for fill, terms in self._of(number, master):
            gained = self.made.price(terms.instrument) - Decimal(fill.price) / 10_000
            total += gained * (fill.quantity if terms.side is BUY else -fill.quantity)
        return total

    def cost(self, number: int, master: AccountId) -> Decimal:
        """Charges of the day's orders, in rupees."""
        values: defaultdict[str, Decimal] = defaultdict(Decimal)
        terms_of = {}
        for fill, terms in self._of(number, master):
            values[fill.order_id] += Decimal(fill.price) / 10_000 * fill.quantity
            terms_of[fill.order_id] = terms
        total = Decimal(0)
        for order, value in values.items():
            terms = terms_of[order]
            day = ist(self.made.time.wall_ns()).date()
            rates = RATES.of(segment_of(terms.instrument, terms.product), day)
            assert rates is not None
            exchange = terms.instrument.key.exchange
            total += rupees(charges(rates, exchange, terms.side, value).total)
        return total

    def _of(self, number: int, master: AccountId) -> Iterable[tuple[Fill, OrderTerms]]:
        for fill in self._fills(number):
            whose, terms = self.orders.get((number, fill.order_id), (None, None))
            if whose == master and terms is not None and fill.trade_id not in self.before:
                yield fill, terms

    def _fills(self, number: int) -> Iterable[Fill]:
        return list(self.made.broker.accounts[number].fills)


def links(told: PositionReport) -> dict[tuple[AccountId, AccountId], LinkReport]:
    return {(one.account_id, one.master_id): one for one in told.links}


def adds_up(console: Console, book: Book) -> PositionReport:
    """Each link says what the trade book does, and an account's links are what it brought."""
    told = report(console)
    found = links(told)
    assert told.costs is not None
    for number, account in ((1, F1), (2, F2)):
        lines = [one for one in told.lines if one.account_id == account]
        day, cost = Decimal(0), Decimal(0)
        for master in (M, N):
            link = found.pop((account, master))
            sums = sums_of(link.lines)
            assert sums.unknown == 0
            assert sums.day == book.brought(number, master)
            assert link.cost is not None
            assert (link.cost.total, link.cost.unrated) == (book.cost(number, master), ())
            day, cost = day + sums.day, cost + link.cost.total
        assert day == sums_of(lines).day
        if account in told.costs:
            assert cost == told.costs[account].total
    assert found == {}, "who copies one master has one line"
    groups_add_up(console, book, told)
    return told


def groups_add_up(console: Console, book: Book, told: PositionReport) -> None:
    """A group is its links by the trade book, whatever else their accounts copy."""
    own = {(1, F1): M, (2, F2): N}
    groups = {
        "Half": [(number, account, master) for (number, account), master in own.items()],
        "Rest": [(1, F1, N), (2, F2, M), (4, ALONE, M)],
    }
    named = [
        Link(master, account, TWICE, group=name)
        for name, parts in groups.items()
        for _, account, master in parts
    ]
    found = {one.name: one for one in copies_by(told, named) if one.of == "group"}
    for name, parts in groups.items():
        cost = found[name].cost
        assert cost is not None
        assert (sums_of(found[name].lines).day, cost.total) == (
            sum(book.brought(number, master) for number, _, master in parts),
            sum(book.cost(number, master) for number, _, master in parts),
        )
    every = sum(sums_of(one.lines).day for one in found.values())
    assert every == told.followers.day


def test_links_say_what_their_own_copies_brought_and_add_up_to_the_account() -> None:
    """Against each other, turned round, in two instruments, in parts, closed, after a crash."""
    with world(4, switches=Switches(latency_ms=5, fill_ms=4_000, partial_rate=1)) as made:
        with_two_masters(made)
        book = Book(made)
        kept: list[object] = []

        async def day(console: Console) -> None:
            console.engine.put_charges(RATES)
            await begin(console)
            await book.pressed(console, M, ticket(made, BUY, 40))
            assert report(console).links == (), "all copies are of one master so far"
            groups_add_up(console, book, report(console))
            for master, side, units, which in (
                (N, SELL, 15, 0), (M, SELL, 20, 0), (N, BUY, 15, 0), (N, BUY, 10, 1), (N, BUY, 8, 0)
            ):  # fmt: skip
                await book.pressed(
                    console,
                    master,
                    replace(ticket(made, side, units), instrument=made.instruments[which]),
                )
                adds_up(console, book)
            trades_himself(made, made.accounts[2], ticket(made, SELL), 7)  # is in no link
            await made.clock.sleep(60)
            told = adds_up(console, book)
            for link in told.links:
                sums = sums_of(link.lines)
                assert sums.realised + sums.open == sums.day, "nothing was carried in"
            kept.append({key: (one.cost, [(x.copied, x.realised, x.average) for x in one.lines])
                         for key, one in links(told).items()})  # fmt: skip
            raise ProgramStopped("power cut")

        async def again(console: Console) -> None:
            console.engine.put_charges(RATES)
            await begin(console)
            await made.clock.sleep(30)
            told = adds_up(console, book)
            kept.append({key: (one.cost, [(x.copied, x.realised, x.average) for x in one.lines])
                         for key, one in links(told).items()})  # fmt: skip

        made.live(day)
        made.live(again)
    assert kept[0] == kept[1]


def test_the_next_morning_links_carry_in_what_is_theirs_although_the_account_is_flat() -> None:
    with world(4) as made:
        with_two_masters(made)
        book = Book(made)

        cost: list[Decimal] = []
        """What the first master's copies in the second account were bought for."""

        async def monday(console: Console) -> None:
            console.engine.put_charges(RATES)
            await begin(console)
            await book.pressed(console, M, ticket(made, BUY, 10, product=Product.NORMAL))
            await book.pressed(console, N, ticket(made, SELL, 10, product=Product.NORMAL))
            adds_up(console, book)
            cost.append(20 * made.price(made.instruments[0]) - book.brought(2, M))

        async def tuesday(console: Console) -> None:
            console.engine.put_charges(RATES)
            await begin(console)
            await made.clock.sleep(30)
            await console.engine.resume("operator", "looked")
            told = links(adds_up(console, book))
            assert [line.copied for line in told[F2, M].lines] == [20]
            assert [line.copied for line in told[F2, N].lines] == [-20]
            assert [one for one in report(console).lines if one.account_id == F2] == []
            (line,) = told[F2, M].lines
            assert line.average == cost[0] / 20
            await book.pressed(console, M, ticket(made, SELL, 10, product=Product.NORMAL))
            told = links(adds_up(console, book))
            (line,) = told[F2, M].lines
            assert line.copied == 0
            price = made.price(made.instruments[0])
            assert line.realised == book.brought(2, M) + 20 * price - cost[0]

        made.live(monday)
        book.next_day()
        made.time.now_ns += DAY_NS
        made.live(tuesday)


def test_links_add_up_before_trades_are_read_and_after_a_square_off() -> None:
    """One order closes what they come to, so that each may hold something against the other."""

    async def script(console: Console) -> None:
        console.engine.put_charges(RATES)
        await begin(console)
        book = Book(made)
        made.broker.add_fault(Fault(action="book_failed", call="trades"))
        await book.pressed(console, M, ticket(made, BUY, 40))
        await book.pressed(console, N, ticket(made, SELL, 15))
        for held in ({M: 80, N: -30}, {M: 30, N: -30}):
            told = report(console)
            parts = [one for one in told.links if one.account_id == F2]
            assert {one.master_id: one.lines[0].copied for one in parts} == held
            (line,) = (one for one in told.lines if one.account_id == F2)
            assert line.copied == position(made, 2) == sum(held.values())
            assert line.day == sum_of(part.lines[0].day for part in parts)
            assert told.costs is not None
            costs = (None if part.cost is None else part.cost.total for part in parts)
            assert told.costs[F2].total == sum_of(costs)
            await console.engine.square_offs.begin(EVERYTHING, CommandId("off"), "operator")
            await made.clock.sleep(60)
        assert console.engine.book.filled_by_trades(F2) == 0

    with world(4) as made:
        with_two_masters(made)
        made.live(script)


def sum_of(amounts: Iterable[Decimal | None]) -> Decimal:
    known = [one for one in amounts if one is not None]
    assert len(known) == 2
    return sum(known, Decimal(0))


def test_copies_of_which_nobody_knows_the_master_stand_apart() -> None:
    """As they were found in the broker's book, of an account that copies several."""

    async def script(console: Console) -> None:
        await begin(console)
        what = made.instruments[0], Product.NORMAL
        known = [
            Carried(account, *what, units, Role.FOLLOWER, paid, master)
            for account, units, paid, master in (
                (F2, 10, Decimal(1_000), M), (F2, 5, Decimal(600), F2),
                (ALONE, 10, Decimal(1_000), M), (ALONE, 5, Decimal(600), ALONE),
            )
        ]  # fmt: skip
        whole = [
            Copied(account, *what, 15, Role.FOLLOWER, Decimal(1_600)) for account in (F2, ALONE)
        ]
        copies = Copies(console.engine.core)
        work = await console.store.journal.load(ist(made.time.wall_ns()).date())
        copies.restore(replace(work, carried=tuple(known), copied=tuple(whole)))
        console.see_price()
        quotes = {one.key: console.engine.quotes.newest(one.key) for one in made.instruments}
        facts = structs.replace(
            facts_of(console.engine),
            copies=copies.held(),
            by_link=copies.held_by_links(),
            quotes=quotes,
        )
        told = report_of(facts)
        assert {(one.account_id, one.master): sums_of(one.lines).open for one in told.links} == {
            (F2, "Master"): 10 * made.price(made.instruments[0]) - 1_000,
            (F2, ""): 5 * made.price(made.instruments[0]) - 600,
        }, "who copies one master only: of him"

    with world(4) as made:
        with_two_masters(made)
        made.live(script)
