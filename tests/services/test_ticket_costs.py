"""What a ticket says its orders need and cost is what the broker then takes and the table asks."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from copytrade_gui.domain.charges import Charges, Segment, charges
from copytrade_gui.domain.freeze import FreezeTable
from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.link import Link
from copytrade_gui.domain.money import Paise
from copytrade_gui.domain.order import Side
from copytrade_gui.services.verbs import MarginNeeded
from copytrade_gui.storage.files.charges_file import ChargesFile
from tests.services.rig import Services, on_a_console, ticket

RATES = ChargesFile(Path("charges.toml")).shipped


def slice_above(here: Services, most: int) -> None:
    instrument = here.world.instruments[0]
    table = FreezeTable({(instrument.key.exchange, instrument.underlying): most})
    here.engine.clearing.freeze = table


def turn(here: Services, which: int) -> Link:
    link = here.world.links[which]
    return replace(link, sizing=replace(link.sizing, reverse=True))


def of_ledger(here: Services) -> Charges:
    """The charges of every order that is at the broker, if it fills whole."""
    rates = RATES.of(Segment.EQUITY_INTRADAY, here.engine.hours.now.date())
    assert rates is not None
    total = Charges()
    for order in here.engine.book:
        terms = order.intent.terms
        assert terms.price is not None
        value = terms.price * order.ordered
        total += charges(rates, terms.instrument.key.exchange, terms.side, value)
    return total


def test_margin_and_charges_are_what_the_broker_holds_and_the_table_asks() -> None:
    async def script(here: Services) -> None:
        master, accounts = here.world.master, here.world.broker.accounts
        slice_above(here, 4)
        draft = replace(here.draft(), quantity="10")
        seen = await here.trading.preview(master, draft)
        assert (seen.margin, seen.charges) == (None, None), "nobody has told either"
        here.engine.put_charges(RATES)
        await here.world.clock.sleep(4)
        here.console.see_price()
        seen = await here.trading.preview(master, draft)
        assert seen.margin is not None
        assert (seen.margin.not_told, seen.margin.at_most) == (0, False)
        asked_ns = here.world.time.now_ns
        await here.trading.submit(master, draft, CommandId("one"))
        await here.console.quiet(60)
        held = sum(one.blocked_by_orders for one in accounts) // 100
        assert seen.margin.needed == held > 0
        assert seen.charges == of_ledger(here)
        assert seen.charges.brokerage > 0
        assert sum(row.cost.orders for row in seen.rows) == here.at_broker > len(seen.rows)
        assert seen.value == sum(row.cost.value or 0 for row in seen.rows)
        here.console.see_price()
        later = await here.trading.preview(master, draft)
        assert later.margin is not None
        since_s = (here.world.time.now_ns - asked_ns) // 1_000_000_000
        assert since_s > 0
        assert 0 <= later.margin.age_s - seen.margin.age_s - since_s <= 1

    on_a_console(script)


def test_what_only_closes_needs_none_and_a_reversed_link_is_told_as_not_known() -> None:
    async def script(here: Services) -> None:
        master = here.world.master
        entry = ticket(here.world.terms(away=-40))
        here.engine.put_link(turn(here, 0), "operator")
        await here.trading.preview(master, entry)
        await here.world.clock.sleep(4)
        here.console.see_price()
        seen = await here.trading.preview(master, entry)
        assert seen.margin is not None
        assert seen.margin.not_told == 1
        sized = {row.account_id: row.quantity for row in seen.rows}
        turned = here.world.links[0].follower_id
        for row in seen.rows:
            signed = -row.quantity if row.account_id == turned else row.quantity
            assert row.cost.held_after == (None if row.is_master else signed)
        await here.trading.submit(master, entry, CommandId("in"))
        await here.console.quiet(60)
        here.console.see_price()
        out = replace(ticket(here.world.terms(side=Side.SELL, away=-40)), quantity=entry.quantity)
        seen = await here.trading.preview(master, out)
        assert {row.account_id: row.quantity for row in seen.rows} == sized
        assert seen.margin == MarginNeeded(Paise(0), 0)
        assert {row.cost.held_after for row in seen.rows} == {None, 0}

    on_a_console(script)


def test_an_account_that_is_short_of_margin_is_told_apart() -> None:
    async def script(here: Services) -> None:
        master, short = here.world.master, here.world.links[0].follower_id
        draft = here.draft()
        await here.trading.preview(master, draft)
        await here.world.clock.sleep(4)
        here.console.see_price()
        for lane in here.engine.lanes:
            here.engine.note_margin(lane.account_id, Paise(100_000_00))
        before = await here.trading.preview(master, draft)
        (row,) = [one for one in before.rows if one.account_id == short]
        assert row.cost.margin is not None
        assert row.cost.short is False
        most = Decimal(row.cost.margin) / Decimal("0.9")
        for free, is_short in ((int(most) + 1, False), (int(most) - 1, True)):
            here.engine.note_margin(short, Paise(free))
            seen = await here.trading.preview(master, draft)
            told = {one.account_id: one.cost.short for one in seen.rows}
            assert told[short] is is_short
            assert not any(flag for name, flag in told.items() if name != short)

    on_a_console(script)
