"""What is held and what it brought, for whoever looks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial

from copytrade_gui.domain.calendar import indian_day
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.instrument import Quote
from copytrade_gui.domain.position import PositionKey
from copytrade_gui.engine.books.copies import Copy
from copytrade_gui.engine.engine import Engine
from copytrade_gui.engine.planning.closable import position_of
from copytrade_gui.ports import Clock
from copytrade_gui.services.holding_report import HoldingReport, holdings_of
from copytrade_gui.services.position_report import Facts, PositionReport, report_of

PRICES_EVERY_NS = 3_000_000_000
"""Prices of what is held are asked for so often while somebody looks."""
_AT_A_TIME = 20
"""Accounts whose charges are counted before orders have their turn."""
NOT_LOGGED_IN = "It is not logged in. Log it in."


def facts_of(engine: Engine) -> Facts:
    """What is known of all positions at this moment; to be called on the engine's loop."""
    copies, links = engine.copies.held(), engine.copies.held_by_links()
    watched = {
        lane.account_id: lane
        for lane in engine.lanes
        if lane.account.master or lane.account_id in engine.copies.accounts
    }
    books = {name: engine.positions.book(name) for name in watched}
    keys = {key.instrument for key in (*copies, *links)}
    keys.update(row.key for book in books.values() for row in book.rows)
    return Facts(
        accounts={lane.account_id: lane.account for lane in engine.lanes},
        copies=copies,
        instruments=dict(engine.copies.instruments),
        books=books,
        why_not={
            name: lane.status.session_reason or NOT_LOGGED_IN
            for name, lane in watched.items()
            if not lane.logged_in
        },
        quotes={key: quote for key in keys if (quote := engine.quotes.newest(key)) is not None},
        exits=engine.exit_watch.told(),
        behind=_behind(engine, copies),
        by_link=links,
        only_masters=engine.copies.only_masters(),
        costs={name: engine.charges.by_master(name) for name in engine.copies.accounts}
        if engine.charges.rated
        else None,
    )


def _behind(engine: Engine, copies: Mapping[PositionKey, Copy]) -> frozenset[PositionKey]:
    """Copied positions of which the broker's book as last read may lack one of our fills, or show
    one that is not known here yet.
    """
    open_of, watch = engine.book.open_of, engine.positions
    works = {position_of(one) for name in engine.copies.accounts for one in open_of(name)}
    works = {key for key in works if not _orders_read_since(engine, key.account_id)}
    found = set()
    for key, copy in copies.items():
        account, part = key.account_id, (key.instrument, key.product)
        net = copy.position.net
        differs = key in works and watch.book(account).nets.get(part, 0) != net
        if differs or not watch.shows_fills(account, part, net):
            found.add(key)
    return frozenset(found)


def _orders_read_since(engine: Engine, account: AccountId) -> bool:
    """True if the account's orders were read after its positions, so that each fill is known."""
    day = engine.owner_orders.of(account)
    return day is not None and day.began_ns >= engine.positions.book(account).ended_ns


def holdings_now(engine: Engine) -> Callable[[], HoldingReport]:
    """What makes the report of holdings of this moment; to be called on the engine's loop."""
    lanes = list(engine.lanes)
    return partial(
        holdings_of,
        [lane.account for lane in lanes],
        {lane.account_id: engine.holdings.of(lane.account_id) for lane in lanes},
        engine.copies.held(),
        {
            lane.account_id: lane.status.session_reason or NOT_LOGGED_IN
            for lane in lanes
            if not lane.logged_in
        },
    )


class PositionService:
    """Implements ``PositionVerbs`` on the engine.

    The facts of the moment are taken on the orders' loop; what follows from them for five hundred
    accounts is worked out in a thread, and only when something has changed.
    """

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        self._made: PositionReport = PositionReport()
        self._made_of: tuple[object, ...] = ()
        self._prices = 0
        self._asked_ns = 0
        self._holdings = HoldingReport()
        self._holdings_of: tuple[object, ...] = ()
        engine.quotes.hear(self._on_quote)

    async def report(self) -> PositionReport:
        """All positions as known now; prices are asked for while somebody looks."""
        engine = self._engine
        stamp = (
            engine.copies.version,
            engine.positions.version,
            self._prices,
            sum(lane.version for lane in engine.lanes),
            engine.charges.version,
            indian_day(self._clock.wall_ns()),
        )
        if stamp == self._made_of:
            self._ask_prices(self._made)
            return self._made
        await self._count_charges()
        made = await asyncio.to_thread(report_of, facts_of(engine))
        self._made, self._made_of = made, stamp
        self._ask_prices(made)
        return made

    async def holdings(self) -> HoldingReport:
        """What accounts hold in their demat; worked out anew only when something has changed."""
        engine = self._engine
        stamp = (
            engine.holdings.version,
            engine.copies.version,
            sum(lane.version for lane in engine.lanes),
            indian_day(self._clock.wall_ns()),
        )
        if stamp != self._holdings_of:
            self._holdings = await asyncio.to_thread(holdings_now(engine))
            self._holdings_of = stamp
        return self._holdings

    async def read_holdings(self) -> None:
        """Have every account's read now."""
        self._engine.holdings.look(lane.account_id for lane in self._engine.lanes if lane.logged_in)

    async def _count_charges(self) -> None:
        """A few accounts at a time: whoever is counted for the first time has a day of orders."""
        for place, account in enumerate(sorted(self._engine.copies.accounts), start=1):
            self._engine.charges.by_master(account)
            if place % _AT_A_TIME == 0:
                await self._clock.sleep(0)

    def _on_quote(self, _quote: Quote) -> None:
        self._prices += 1

    def _ask_prices(self, report: PositionReport) -> None:
        now_ns = self._clock.mono_ns()
        lines = (*report.lines, *(line for link in report.links for line in link.lines))
        keys = sorted({line.key for line in lines if line.net}, key=str)
        if keys and now_ns - self._asked_ns >= PRICES_EVERY_NS:
            self._asked_ns = now_ns
            engine = self._engine
            engine.core.work.start(engine.quotes.refresh(keys), "prices of what is held")
