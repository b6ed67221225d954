"""What copies hold by the fills in a data folder, and holdings as last read; no broker is asked."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from copytrade_gui.app.logs import log_to
from copytrade_gui.app.system_clock import SystemChance, SystemClock
from copytrade_gui.domain.calendar import ist
from copytrade_gui.domain.capabilities import Capabilities
from copytrade_gui.domain.ids import AccountId, PlanId
from copytrade_gui.domain.records import OrderView
from copytrade_gui.engine.books.copies import Copies
from copytrade_gui.engine.books.holdings import HoldingsRead
from copytrade_gui.engine.orders.core import make_core
from copytrade_gui.services.holding_report import HoldingReport, holdings_of
from copytrade_gui.services.position_report import Facts, PositionReport, report_of
from copytrade_gui.services.profit_sums import ProfitSum, profit_sums
from copytrade_gui.storage.files.folder import PAPER_PROFILE, known_folder
from copytrade_gui.storage.journal.facts import HOLDINGS_SEEN, read_holdings
from copytrade_gui.storage.store import Store, open_store

_AT_ONCE = 1_000


async def stored_positions(
    data_dir: Path | None, profile: str, *, paper: bool
) -> tuple[PositionReport, HoldingReport, tuple[ProfitSum, ...]]:
    """Positions of copies as a console would begin with them, and the holdings that one read last,
    of whatever day, and what the copies of each account and group brought today; nothing is sent,
    read or changed.

    Raises:
        StorageError: a console holds the folder, nobody ever started one in it, or it cannot be
            read.
        JournalFailureError: what a console left waiting cannot be stored.
    """
    folder = known_folder(data_dir, PAPER_PROFILE if paper else profile)
    clock = SystemClock()
    async with open_store(folder, clock) as store:
        with log_to(folder):
            accounts = await store.accounts.all()
            work = await store.journal.load(ist(clock.wall_ns()).date())
            core = make_core(
                clock=clock,
                chance=SystemChance(),
                kill_flag=store.kill_flag,
                takes=Capabilities(),
            )
            copies = Copies(core)
            core.news.filled.to(copies.filled)
            for fill in work.fills:
                core.book.restore_fill(fill)
            views: defaultdict[PlanId, list[OrderView]] = defaultdict(list)
            for view in work.orders:
                views[view.plan_id].append(view)
            for plan in work.plans:
                core.book.restore(plan, views[plan.plan_id], 0)
            copies.restore(work)
            books, links = await _last_holdings(store), await store.accounts.links()
    held = copies.held()
    shares = holdings_of(
        [account for account in accounts if account.account_id in books], books, held, {}
    )
    positions = report_of(
        Facts(
            accounts={account.account_id: account for account in accounts},
            copies=held,
            instruments=copies.instruments,
            books={},
            why_not={},
            quotes={},
            by_link=copies.held_by_links(),
            only_masters=copies.only_masters(),
        )
    )
    return positions, shares, tuple(profit_sums(positions, links))


async def _last_holdings(store: Store) -> dict[AccountId, HoldingsRead]:
    """The newest that is stored of each account."""
    found: dict[AccountId, HoldingsRead] = {}
    before = 0
    while rows := await store.history.events(_AT_ONCE, kind=HOLDINGS_SEEN, before=before):
        for row in rows:
            seen = read_holdings(row.body)
            found.setdefault(seen.account_id, HoldingsRead(seen.rows, seen.at_ns))
        before = rows[-1].number
    return found
