"""A day's sheets against the simulated broker's own trade book, to the paisa, and as files."""

from __future__ import annotations

import asyncio
import csv
import zipfile
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from copytrade_gui.app.system_clock import SystemClock
from copytrade_gui.domain.account import Account
from copytrade_gui.domain.calendar import ist
from copytrade_gui.domain.charges import Charges, ChargeTable, charges, segment_of
from copytrade_gui.domain.day import SheetStep
from copytrade_gui.domain.ids import AccountId, CommandId
from copytrade_gui.domain.money import rupees
from copytrade_gui.domain.number import grouped
from copytrade_gui.domain.order import FanOut, Product, Side, State
from copytrade_gui.engine.orders.settings import EngineSettings
from copytrade_gui.services.day_sheet import Beside, Sheet, sheets_of
from copytrade_gui.services.day_sheets import DaySheets, named
from copytrade_gui.services.sheet_files import Kind, file_stem
from copytrade_gui.services.sheet_page import Page, page_of
from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.simulator.faults import Fault
from copytrade_gui.simulator.rupees import text as in_rupees
from copytrade_gui.storage.files.charges_file import ChargesFile
from copytrade_gui.storage.files.folder import known_folder
from copytrade_gui.storage.store import open_store
from tests.engine.broker_owner import trades_himself
from tests.engine.test_exits import DAY_NS, F1, F2, press, switch, ticket
from tests.engine.test_leaving import begin
from tests.engine.test_master_elsewhere import elsewhere, ready
from tests.engine.test_modify import lead
from tests.proof.rig import Console, World, world

BUY, SELL = Side.BUY, Side.SELL
Script = Callable[[Console], Coroutine[object, object, None]]


def rates(folder: Path) -> ChargeTable:
    return ChargesFile(folder / "charges.toml").shipped


async def sheets(console: Console, folder: Path, day: date | None = None) -> dict[AccountId, Sheet]:
    """Made here and not in a thread: while that works, the virtual time would run away."""
    made = console.world
    await console.store.journal.flush()
    facts = await console.store.history.day(day or ist(made.time.wall_ns()).date())
    accounts = {one.account_id: one for one in made.accounts}
    keys = [] if day else [one.key for one in made.instruments]
    quotes = {key: quote for key in keys if (quote := console.engine.quotes.newest(key))}
    found = sheets_of(facts, Beside(accounts, rates(folder), quotes))
    return {one.account.account_id: one for one in found}


def live(made: World, *scripts: Script) -> None:
    """One life a day."""
    for script in scripts:
        made.live(script)
        made.time.now_ns += DAY_NS


def book(made: World, number: int, sheet: Sheet) -> list[tuple[str, int, Decimal, bool]]:
    """The broker's trades of the orders that stand in a sheet: id, units, rupees, bought."""
    account = made.broker.accounts[number]
    ours = {one.order.broker_order_id for one in sheet.orders}
    return sorted(
        (fill.trade_id, fill.quantity, Decimal(in_rupees(fill.price)), order.terms.buy)
        for fill in account.fills
        for order in [account.orders[fill.order_id]]
        if fill.order_id in ours
    )


def adds_up(made: World, number: int, sheet: Sheet, folder: Path) -> None:
    """The sheet says what the broker's trade book says, and its sums are those of its rows."""
    traded = book(made, number, sheet)
    assert traded
    assert traded == sorted(
        (one.trade_id, one.quantity, one.price, one.order.terms.side is BUY) for one in sheet.trades
    )
    bought = sum((units * price for _, units, price, buys in traded if buys), Decimal(0))
    sold = sum((units * price for _, units, price, buys in traded if not buys), Decimal(0))
    assert (sheet.bought, sheet.sold) == (bought, sold)
    begun = sum(one.position.carried_cost for one in sheet.positions)
    ended = sum(one.position.cost for one in sheet.positions)
    assert sheet.realised == sold - bought + ended - begun
    account, paid = made.broker.accounts[number], 0
    for line in sheet.orders:
        value = sum(
            (fill.quantity * Decimal(in_rupees(fill.price))
             for fill in account.fills if fill.order_id == line.order.broker_order_id),
            Decimal(0),
        )  # fmt: skip
        terms = line.order.terms
        row = rates(folder).of(segment_of(terms.instrument, terms.product), sheet.day)
        assert row is not None
        due = charges(row, terms.instrument.key.exchange, terms.side, value)
        assert line.charges == (due if value else None)
        paid += due.total
    assert sheet.charges.total == paid > 0
    assert sheet.after_charges == sheet.realised - rupees(sheet.charges.total)


def _figures(sheet: Sheet) -> list[object]:
    return [
        (one.order.intent_id, one.order.filled_quantity, one.charges, one.slippage)
        for one in sheet.orders
    ]


def test_every_follower_s_day_adds_up_to_the_broker_s_trade_book(tmp_path: Path) -> None:
    """Carried in and partly out, in and through to short, off for one order, a resting one, an
    order that the master placed elsewhere, and an owner's own trades, which are none of it.
    """
    found: dict[AccountId, Sheet] = {}

    async def monday(console: Console) -> None:
        made = await ready(console)
        await press(console, ticket(made, BUY, 40, product=Product.NORMAL), wait_s=20)

    async def tuesday(console: Console) -> None:
        made = await ready(console)
        await console.engine.resume("operator", "Looked at every book.")
        for side, units in ((BUY, 40), (BUY, 20), (SELL, 30)):
            await press(console, ticket(made, side, units), wait_s=20)
        await press(console, ticket(made, SELL, 10, product=Product.NORMAL), wait_s=20)
        switch(console, F2, on=False)
        await press(console, ticket(made, BUY, 10), wait_s=20)
        await press(console, ticket(made, BUY, 10, away=60))
        trades_himself(made, made.account(F1), ticket(made, BUY), 7)
        elsewhere(made, ticket(made, BUY, 8))
        await made.clock.sleep(40)
        console.see_price()
        found.update(await sheets(console, tmp_path))
        for number in range(1, 6):
            adds_up(made, number, found[AccountId(f"F{number:03d}")], tmp_path)

    async def wednesday(console: Console) -> None:
        await begin(console)
        today = ist(console.world.time.wall_ns()).date()
        again = await sheets(console, tmp_path, today - timedelta(days=1))
        for account, sheet in again.items():
            assert sheet.trades == found[account].trades
            assert _figures(sheet) == _figures(found[account])  # but the resting order has ended
            assert (sheet.realised, sheet.open) == (found[account].realised, None)
        assert all("no price is known" in " ".join(one.notes) for one in again.values())
        carried = await sheets(console, tmp_path)
        assert all(not one.trades and not one.orders for one in carried.values())
        assert [one.position.carried for one in carried[F1].positions] == [15]

    with world(5, settings=EngineSettings(masters_every=1.0)) as made:
        live(made, monday, tuesday, wednesday)
    one, two = found[F1], found[F2]
    assert {part.product: part.position.carried for part in one.positions} == {
        Product.NORMAL: 20, Product.INTRADAY: 0,
    }  # fmt: skip
    assert one.open is not None
    assert len(one.latencies_ms) >= 6
    off = two.orders[4]
    assert (off.order.state, off.charges, off.slippage) == (State.SKIPPED, None, None)
    assert off.order.reason
    for copied in (one.orders[0], one.orders[-1]):  # of a ticket's, and of one placed elsewhere
        assert copied.master_average
        average, terms = copied.order.average_price, copied.order.terms
        assert average is not None
        assert copied.slippage == (average - copied.master_average) * terms.quantity


def test_files_of_every_kind_for_every_follower(tmp_path: Path) -> None:
    steps: list[SheetStep] = []
    printed: list[Page] = []
    out = tmp_path / "new" / "day"
    day = date(2026, 11, 24)

    def pdf(page: Page, path: Path) -> None:
        printed.append(page)
        path.write_bytes(b"%PDF")

    async def script(console: Console) -> None:
        made = await ready(console)
        master, first, second = made.accounts
        hostile = replace(first, name='=HYPERLINK("http://x")', client_id="../A/B")
        await console.store.accounts.put([master, hostile, second], made.links)
        await press(console, ticket(made, BUY, 40), wait_s=20)

    async def write(folder: Path) -> None:
        clock = SystemClock()
        async with open_store(known_folder(folder, "paper"), clock) as store:
            asked = DaySheets(
                store.history, store.journal, store.seals, store.accounts, clock,
                rates=lambda: rates(tmp_path), paper=True, tell=steps.append,
            )  # fmt: skip
            assert await asked.write(out, list(Kind), pdf, day) == 2
            with pytest.raises(RefusedError, match="Choose at least one"):
                await asked.write(out, [], pdf, day)
            with pytest.raises(RefusedError, match="Leave pdf out"):
                await asked.write(out, [Kind.PDF], None, day)
            with pytest.raises(RefusedError, match="Choose another day"):
                await asked.write(out, [Kind.CSV], pdf, date(2020, 1, 1))
            (tmp_path / "file").write_text("in the way")
            with pytest.raises(RefusedError, match="cannot be made"):
                await asked.write(tmp_path / "file" / "sheets", [Kind.CSV], pdf, day)

    with world(2) as made:
        live(made, script)
        client, name = made.accounts[2].client_id, made.accounts[2].name.replace(" ", "_")
        asyncio.run(write(made.folder / "life0"))
    files = {path.name: path for path in (tmp_path / "new" / "day").iterdir()}
    stems = ("___A_B-HYPERLINK_http_x", f"{client}-{name}")
    assert files.keys() == {f"{day}-{stem}.{kind}" for stem in stems for kind in Kind}
    assert all(path.stat().st_mode & 0o077 == 0 for path in files.values())
    assert [(step.done, step.of) for step in steps[:4]] == [(0, 0), (0, 2), (1, 2), (2, 2)]
    assert len(printed) == 2
    text = files[f"{day}-{stems[0]}.csv"].read_text(encoding="utf-8-sig")
    rows = list(csv.reader(text.splitlines()))
    assert rows[0] == ['24 Nov 2026: =HYPERLINK("http://x")']
    assert ["PAPER TRADING: no real orders"] in rows
    assert ["Trades"] in rows
    at = rows.index(["Trades"])
    trade = dict(zip(rows[at + 1], rows[at + 2], strict=True))
    assert Decimal(trade["Value ₹"]) == Decimal(trade["Price ₹"]) * int(trade["Quantity"])
    with zipfile.ZipFile(files[f"{day}-{stems[1]}.xlsx"]) as book_:
        names = book_.read("xl/workbook.xml").decode()
        assert "Charges by order" in names
        assert "=HYPERLINK" not in names


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("आशा देवी", "7-आशा_देवी"),
        ("க்ஷமா & Sons", "7-க்ஷமா_Sons"),
        ("A. B/C\u200d\u202e", "7-A_B_C"),
    ],
)
def test_a_name_of_any_script_stays_whole_in_a_file_s_name(name: str, stem: str) -> None:
    assert file_stem(Account(AccountId("a"), name, "7", "")) == stem


def test_a_sheet_says_what_an_order_became_and_from_what_and_adds_up(tmp_path: Path) -> None:
    """Also what is left of it when the broker refuses a second change."""
    found: dict[AccountId, Sheet] = {}

    async def script(console: Console) -> None:
        made = await ready(console)
        await press(console, ticket(made, BUY, 40), wait_s=20)
        await press(console, ticket(made, SELL, 10), wait_s=20)
        terms = ticket(made, BUY, 10, away=200)
        assert terms.price is not None
        placed = await console.engine.submit(
            made.master, terms, FanOut.WITH_MASTER, CommandId("rests")
        )
        await made.clock.sleep(5)
        own = lead(console, placed.plan.plan_id).intent.intent_id
        after = replace(terms, quantity=30, price=terms.price - 5)
        await console.engine.modify(own, after)
        await made.clock.sleep(10)
        made.broker.add_fault(Fault(action="code", call="modify", code="EC701"))
        await console.engine.modify(own, replace(after, quantity=50))
        await made.clock.sleep(10)
        found.update(await sheets(console, tmp_path))

    with world(2) as made:
        live(made, script)
    tables = {one.title: one for one in page_of(found[F1], paper=True).tables}
    orders = tables["Verdicts and slippage"]
    last = dict(zip(orders.columns, orders.rows[-1], strict=True))
    assert (last["Quantity"], last["Filled"]) == (15, 0)
    price = last["Limit ₹"]
    assert isinstance(price, Decimal)
    assert last["Changed"] == f"price {grouped(price + 5)} to {grouped(price)}, quantity 5 to 15"
    assert [row[orders.columns.index("Changed")] for row in orders.rows[:-1]] == ["", ""]
    for title, names in (
        ("Charges by order, ₹ (estimate)", ("Brokerage", "STT or CTT", "Stamp", "GST", "Total")),
        ("Profit and loss, ₹ (before charges)", ("Bought ₹", "Sold ₹", "Realised today")),
        ("Verdicts and slippage", ("Slippage ₹",)),
    ):
        table = tables[title]
        for name in names:
            at = table.columns.index(name)
            column = [cell for row in table.rows if isinstance(cell := row[at], Decimal)]
            assert table.total[at] == sum(column, Decimal(0)), name
    charged = tables["Charges by order, ₹ (estimate)"]
    assert ("Charges (estimate), ₹", charged.total[-1]) in tables["Day in figures"].rows


def test_accounts_whose_clients_are_written_alike_get_files_of_their_own() -> None:
    sheets = [
        Sheet(
            day=date(2026, 11, 24), account=Account(AccountId(client), "Asha", client, ""),
            trades=(), orders=(), positions=(), charges=Charges(), notes=(),
        )
        for client in ("a/b", "A_B", "C", "")
    ]  # fmt: skip
    assert [stem for stem, _ in named(sheets)] == [
        "2026-11-24-a_b-Asha-1", "2026-11-24-A_B-Asha-2", "2026-11-24-C-Asha", "2026-11-24-Asha",
    ]  # fmt: skip
