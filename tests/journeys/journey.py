"""A paper console with everybody logged in, over real sockets, and its simulator's ledger."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

from copytrade_gui.app.paper import SimulatorOptions
from copytrade_gui.app.wiring import Opened, OpenOptions, open_console
from copytrade_gui.domain.account import Account
from copytrade_gui.domain.checks.limits import NO_LIMITS
from copytrade_gui.domain.draft import Draft
from copytrade_gui.domain.events import Event
from copytrade_gui.domain.ids import AccountId, CommandId
from copytrade_gui.domain.order import FanOut, OrderType, Product, Side, Validity
from copytrade_gui.domain.records import OrderView

PATIENCE_S = 120


class Journey:
    """What an operator does, and what the broker saw of it."""

    def __init__(self, opened: Opened, accounts: tuple[Account, ...]) -> None:
        self.opened = opened
        self.accounts = accounts
        self.masters = [one for one in accounts if one.master]

    @property
    def followers(self) -> list[Account]:
        """Who copies anybody, by name."""
        return [one for one in self.accounts if self.opened.engine.lanes[one.account_id].links]

    def followers_of(self, master: Account) -> set[AccountId]:
        links = self.opened.engine.lanes.followers_of(master.account_id)
        return {one.account_id for one in links}

    async def draft(
        self,
        quantity: str = "10",
        fan_out: FanOut = FanOut.WITH_MASTER,
        symbol: str = "RELIANCE-EQ",
        away: Decimal = Decimal(-1),
    ) -> Draft:
        """A ticket ``away`` rupees below the last price: one that rests.

        Without it one that fills at once. At the last price itself it would rest if the broker's
        next second, in which it arrives, had a higher one.
        """
        market = self.opened.console.market
        instrument = (await market.search(symbol, 1))[0]
        quote = await market.quote(instrument.key)
        assert quote is not None
        return Draft(
            instrument=instrument,
            side=Side.BUY,
            quantity=quantity,
            in_lots=False,
            product=Product.INTRADAY,
            order_type=OrderType.LIMIT,
            validity=Validity.DAY,
            price=str(quote.last - away),
            trigger="",
            fan_out=fan_out,
        )

    async def place(self, master: Account, draft: Draft, command: str) -> None:
        await self.opened.console.trading.submit(master.account_id, draft, CommandId(command))

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait for news that makes it true."""
        news = asyncio.Event()

        def hear(_event: Event) -> None:
            news.set()

        unsubscribe = self.opened.console.events.subscribe(hear)
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not true():
                    news.clear()
                    await news.wait()
        finally:
            unsubscribe()

    async def decided(self, orders: int) -> list[OrderView]:
        """Every order once each of so many has a proven outcome, as the history stores them."""
        book = self.opened.engine.book

        def known() -> bool:
            views = [order.view() for order in book]
            return len(views) >= orders and all(
                view.broker_order_id is not None or view.state.ended for view in views
            )

        await self.until(known)
        await self.opened.store.journal.flush()
        return list(await self.opened.console.history.orders(10_000))

    async def at_broker(self) -> Counter[str]:
        """Accepted orders by account, from the simulator's ledger."""
        desk = self.opened.simulator
        assert desk is not None
        return Counter(row.account for row in await desk.ledger())

    async def holds(self) -> Counter[str]:
        """Units that each account holds, from the simulator's own positions; by client id."""
        desk = self.opened.simulator
        assert desk is not None
        report = json.loads(await desk.control("GET", "/profit", None))
        held: Counter[str] = Counter()
        for row in report["rows"]:
            held[row["client_id"]] += row["net"]
        return held

    async def misfortune(self, *faults: dict[str, object]) -> None:
        desk = self.opened.simulator
        assert desk is not None
        await desk.control("POST", "/faults", list(faults))

    async def end_misfortune(self) -> None:
        """A kept broker keeps its faults, and counts them anew."""
        desk = self.opened.simulator
        assert desk is not None
        await desk.control("DELETE", "/faults", None)


@asynccontextmanager
async def journey(
    folder: Path, followers: int, *, masters: int = 1, latency_ms: float = 5, kept: bool = False
) -> AsyncIterator[Journey]:
    paper = SimulatorOptions(
        accounts=followers + masters, masters=masters, latency_ms=latency_ms, jitter_ms=0
    )
    options = OpenOptions(
        data_dir=folder, paper=paper, keep_paper_day=kept, plain_sizing=True, limits=NO_LIMITS
    )
    async with open_console(options) as opened:
        await opened.console.sessions.login_all_paper()
        yield Journey(opened, tuple(await opened.console.followers.accounts()))
