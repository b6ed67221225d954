"""Write today's schema as a fixture, once, before the next schema is begun.

    python -m tests.storage.make_old_database

makes ``tests/data/databases/schema-NNNN.db`` and the totals that must survive every later upgrade.
A file that is there is never written again.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
import tempfile
from dataclasses import replace
from datetime import time
from decimal import Decimal
from pathlib import Path

from copytrade_gui.domain.account import Account
from copytrade_gui.domain.basis import UNDECLARED, Basis, Declared
from copytrade_gui.domain.drift import ReduceDrift
from copytrade_gui.domain.events import Alarm, FillSeen, OrderChanged, PlanSettled, Severity
from copytrade_gui.domain.exit_rule import ExitRules
from copytrade_gui.domain.guard import Beyond, PriceGuard
from copytrade_gui.domain.ids import AccountId, BrokerOrderId, CommandId, TradeId
from copytrade_gui.domain.instrument import Exchange
from copytrade_gui.domain.link import Copies, Filters, Link, LinkState, TimeWindow
from copytrade_gui.domain.margin import WhenShort
from copytrade_gui.domain.offset import Offset
from copytrade_gui.domain.order import Product, Side, State
from copytrade_gui.domain.records import Fill, Timing
from copytrade_gui.domain.route import DIRECT, Family, Route, RouteKind
from copytrade_gui.domain.sizing import Override, Rounding, SizingRule, Strategy
from copytrade_gui.domain.trading_state import StateChange, TradingState
from copytrade_gui.storage.database.copies import copy_checked
from copytrade_gui.storage.database.tables import SCHEMA
from copytrade_gui.storage.files.files import Files
from copytrade_gui.storage.files.folder import open_folder
from copytrade_gui.storage.store import Seams, open_store
from tests.storage.samples import (
    MASTER,
    NIFTY_CALL,
    NOON_NS,
    HandClock,
    first_attempts,
    make_attempt,
    make_plan,
    terms,
    view_of,
)

FOLDER = Path(__file__).resolve().parents[1] / "data" / "databases"
SECOND = AccountId("second")
_RULES = (
    SizingRule(Strategy.RATIO, Decimal("0.5")),
    SizingRule(Strategy.CAPITAL_PERCENT, Decimal(10), 500),
    SizingRule(Strategy.FIXED, Decimal(75)),
)
LINKS_OF_ONE_MASTER = tuple(
    Link(MASTER, AccountId(f"follower-{n:03d}"), _RULES[n % 3]) for n in range(1, 6)
)
"""What schemas 1 and 2 could say: five followers of one master."""
LINKS_WITHOUT_MULTIPLIER = (
    *LINKS_OF_ONE_MASTER[:4],
    replace(
        LINKS_OF_ONE_MASTER[4],
        sizing=SizingRule(
            Strategy.RATIO,
            Decimal("1.25"),
            max_quantity=1800,
            min_quantity=75,
            rounding=Rounding.NEAREST,
            reverse=True,
            overrides=(Override("NIFTY", SizingRule(Strategy.LOTS, Decimal(2), 260)),),
        ),
        state=LinkState.CLOSE_ONLY,
        group="Family",
        filters=Filters(
            frozenset({Side.BUY}),
            frozenset({Product.INTRADAY}),
            frozenset({Exchange.NSEEQ, Exchange.NSEFO}),
            frozenset({"NIFTY", "M&M"}),
            frozenset({"TCS"}),
        ),
        window=TimeWindow(time(9, 20), time(15, 0)),
    ),
    Link(SECOND, AccountId("follower-005"), _RULES[0]),
    Link(MASTER, SECOND, _RULES[1]),
)
"""What schema 3 could say: by the follower's name, then his id and his master's."""
LINKS_WITHOUT_GUARD = tuple(
    replace(link, group_multiplier=Decimal("1.5")) if link.group else link
    for link in LINKS_WITHOUT_MULTIPLIER
)
"""What schema 4 could say."""
LINKS_WITHOUT_EXITS = tuple(
    replace(link, guard=PriceGuard(Offset(Decimal("0.5"), percent=True), 9, Beyond.LIMIT))
    if link.group
    else link
    for link in LINKS_WITHOUT_GUARD
)
"""What schema 5 could say."""
LINKS_WITHOUT_COPIES = tuple(
    replace(link, exits=ExitRules(Offset(Decimal(1), percent=True), None, time(15, 10)))
    if link.group
    else link
    for link in LINKS_WITHOUT_EXITS
)
"""What schema 6 could say."""
LINKS_WITHOUT_WHEN_SHORT = tuple(
    replace(link, copies=Copies.FILLS) if link.group else link for link in LINKS_WITHOUT_COPIES
)
"""What schema 7 could say."""
LINKS_WITHOUT_REDUCE_DRIFT = tuple(
    replace(link, when_short=WhenShort.SHRINK) if link.group else link
    for link in LINKS_WITHOUT_WHEN_SHORT
)
"""What schemas 8 and 9 could say."""
LINKS = tuple(
    replace(link, reduce_drift=ReduceDrift.YES) if link.group else link
    for link in LINKS_WITHOUT_REDUCE_DRIFT
)
ACCOUNTS_WITHOUT_BASIS = (
    Account(MASTER, "Master", "MA0001", "key0", master=True),
    Account(SECOND, "Second", "MA0002", "key9", master=True),
    *(
        Account(
            AccountId(f"follower-{n:03d}"), f"Follower {n}", f"FO{n:04d}", f"key{n}", active=n != 3
        )
        for n in range(1, 6)
    ),
)
"""What schema 8 could say: masters first, then by name."""
_DECLARED = {
    MASTER: Declared(Basis.SELF, algo_id="ALGO-1"),
    AccountId("follower-002"): Declared(Basis.FAMILY, "dependent parent"),
}
ACCOUNTS_WITHOUT_ROUTE = tuple(
    replace(one, declared=_DECLARED.get(one.account_id, UNDECLARED))
    for one in ACCOUNTS_WITHOUT_BASIS
)
"""What schemas 9 and 10 could say."""
_ROUTES = {
    MASTER: Route(RouteKind.SOURCE, "203.0.113.7", Family.IPV4, ("203.0.113.7", "203.0.113.8")),
    AccountId("follower-002"): Route(RouteKind.PROXY, "http://proxy.example:3128"),
    AccountId("follower-004"): Route(family=Family.IPV6, registered=("2001:db8::7",)),
}
ACCOUNTS = tuple(
    replace(one, route=_ROUTES.get(one.account_id, DIRECT)) for one in ACCOUNTS_WITHOUT_ROUTE
)
TOTALS = {
    "accounts": "SELECT count(*) FROM accounts",
    "plans": "SELECT count(*) FROM plans",
    "intents": "SELECT count(*) FROM intents",
    "quantity": "SELECT sum(quantity) FROM intents",
    "attempts": "SELECT count(*) FROM attempts",
    "broker_orders": "SELECT count(*) FROM broker_orders",
    "filled": "SELECT sum(filled_quantity) FROM broker_orders",
    "fills": "SELECT count(*) FROM fills",
    "fill_quantity": "SELECT sum(quantity) FROM fills",
    "commands": "SELECT count(*) FROM commands",
    "states": "SELECT count(*) FROM trading_state",
    "latency": "SELECT count(*) FROM latency_samples",
    "events": "SELECT count(*) FROM events",
}
"""What must be the same after every upgrade. A schema that renames a table adds its own words."""


def totals_of(path: Path) -> dict[str, int]:
    connection = sqlite3.connect(path)
    found = {name: int(connection.execute(sql).fetchone()[0]) for name, sql in TOTALS.items()}
    connection.close()
    return found


async def write(database: Path) -> None:
    """A small day in every table."""
    clock = HandClock()
    folder = open_folder(database.parent / "folder", "paper")
    seams = Seams(random_bytes=lambda count: bytes(range(count)), reserve_bytes=65_536)
    async with open_store(folder, clock, inline=True, seams=seams) as store:
        await store.accounts.put(ACCOUNTS, LINKS)
        for number, base in enumerate((terms(), terms(65, "101.35", NIFTY_CALL), terms(7))):
            plan = make_plan(f"c{number}", 5, base=base)
            attempts = first_attempts(plan)
            await store.journal.commit_plan(plan, attempts)
            for intent, attempt in zip(plan.intents, attempts, strict=False):
                state = (State.FILLED, State.WORKING, State.UNKNOWN, State.NOT_SENT)[
                    intent.rank % 4
                ]
                known = state in (State.FILLED, State.WORKING)
                view = view_of(
                    intent,
                    attempt,
                    state,
                    broker_order_id=f"B{number}{intent.rank}" if known else None,
                    filled=intent.terms.quantity if state is State.FILLED else 0,
                    average="1500.0525" if state is State.FILLED else None,
                    timing=Timing(1_000, 2_000, 61_000_000) if known else None,
                )
                store.journal.append(OrderChanged(view, "SENDING"))
                if state is State.NOT_SENT:
                    await store.journal.commit_attempts([make_attempt(intent, 2)])
                if state is State.FILLED:
                    fill = Fill(
                        intent.account_id,
                        TradeId(f"T{number}{intent.rank}"),
                        BrokerOrderId(f"B{number}{intent.rank}"),
                        intent.terms.quantity,
                        Decimal("1500.0525"),
                        "23-Nov-2026 12:00:01",
                    )
                    store.journal.append(FillSeen(fill))
            settled = PlanSettled(plan.plan_id, 6, 3, 0, 1, 1, 1.25, 6.5, 61.0, 67.0, NOON_NS)
            store.journal.append(settled)
            command = CommandId(f"c{number}")
            await store.journal.commit_command(command, "trader", "submit", "x", "", NOON_NS)
        halt = StateChange(TradingState.HALT, "trader", "lunch", NOON_NS + 9)
        await store.journal.commit_trading_state(halt)
        store.journal.append(Alarm(Severity.WARNING, "unmapped_status", "New text ₹.", NOON_NS))
    copy_checked(folder.database, database, Files())


def main() -> None:
    target = FOLDER / f"schema-{SCHEMA:04d}.db"
    if target.exists():
        raise SystemExit(f"{target.name} is there and stays as it is.")
    with tempfile.TemporaryDirectory() as scratch:
        made = Path(scratch) / "made.db"
        asyncio.run(write(made))
        totals = totals_of(made)
        shutil.copy(made, target)
    target.chmod(0o644)
    target.with_suffix(".json").write_text(json.dumps(totals, indent=2) + "\n")
    print(f"{target.name}: {totals}")


if __name__ == "__main__":
    main()
