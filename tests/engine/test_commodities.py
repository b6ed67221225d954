"""Commodities: what the exchange does not take, and a lot that has to be seen before it counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Literal

import msgspec
import pytest

from copytrade_gui.brokers.iifl.capabilities import IIFL
from copytrade_gui.domain.draft import Draft, read_draft
from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.instrument import Exchange, Instrument, InstrumentKey, InstrumentKind
from copytrade_gui.domain.order import FanOut, OrderTerms, OrderType, Product, Side, Validity
from copytrade_gui.engine.orders.settings import EngineSettings
from copytrade_gui.engine.planning.denied import DeniedError
from copytrade_gui.simulator.config import Switches
from copytrade_gui.simulator.wire import Request
from tests.engine.test_leaving import begin
from tests.proof.rig import Console, world


async def loaded(console: Console) -> Instrument:
    """The GOLD future, its contract file read."""
    today = console.world.broker.desk.instruments
    (first, *_) = today.segment("MCXCOMM")
    key = InstrumentKey(Exchange.MCXCOMM, str(first.id))
    lot = 1 if console.world.switches.commodity_lots == "one" else first.lot
    console.broker.contract_files._lots[key] = lot
    return Instrument(key, first.symbol, first.name, "GOLD", InstrumentKind.FUTURE, lot, Decimal(1))


def order(console: Console, gold: Instrument, validity: Validity = Validity.DAY) -> OrderTerms:
    return replace(
        console.world.terms(), instrument=gold, quantity=gold.lot_size,
        product=Product.NORMAL, validity=validity,
        price=console.world.price(gold) // 1 - 500,
    )  # fmt: skip


async def press(console: Console, terms: OrderTerms, name: str) -> str:
    """Press Buy; the code of the refusal, or nothing."""
    try:
        await console.engine.submit(
            console.world.master, terms, FanOut.WITH_MASTER, CommandId(name)
        )
    except DeniedError as denied:
        return denied.code
    return ""


def buys_on_the_brokers_page(console: Console, gold: Instrument) -> None:
    """One lot of the master's own, which a position row then shows."""
    broker = console.world.broker
    client = console.world.accounts[0].client_id
    leg = {
        "instrumentId": gold.key.instrument_id, "exchange": "MCXCOMM", "transactionType": "BUY",
        "quantity": "1", "orderComplexity": "REGULAR", "product": "NORMAL",
        "orderType": "MARKET", "validity": "DAY", "marketProtectionPercent": "1",
    }  # fmt: skip
    headers = {"authorization": f"Bearer {broker.open_session(client)}"}
    body = msgspec.json.encode([leg])
    assert b"Success" in broker.handle(Request("POST", "/v1/orders", "", headers, body, "")).body


@pytest.mark.parametrize("validity", list(Validity))
def test_ioc_on_mcx_is_refused_before_anything_is_sent(validity: Validity) -> None:
    async def script(console: Console) -> None:
        await begin(console)
        terms = order(console, await loaded(console), validity)
        assert await press(console, terms, "one") == ("no_ioc" if validity is Validity.IOC else "")
        await console.world.clock.sleep(5)

    with world(1) as made:
        made.live(script)
        assert bool(made.broker.ledger.wire) is (validity is Validity.DAY)


@pytest.mark.parametrize("validity", list(Validity))
@pytest.mark.parametrize("exchange", list(Exchange))
def test_the_ticket_says_beside_the_field_that_mcx_takes_no_ioc(
    exchange: Exchange, validity: Validity
) -> None:
    key = InstrumentKey(exchange, "1")
    contract = Instrument(key, "X", "X", "X", InstrumentKind.FUTURE, 1, Decimal(1))
    draft = Draft(
        contract, Side.BUY, "1", False, Product.NORMAL, OrderType.LIMIT, validity, "100", "",
        FanOut.WITH_MASTER,
    )  # fmt: skip
    read = read_draft(draft, date(2026, 11, 24), takes=IIFL)
    if exchange is Exchange.MCXCOMM and validity is Validity.IOC:
        assert not isinstance(read, OrderTerms)
        (problem,) = read
        assert (problem.field, problem.suggestion) == ("validity", "DAY")
        assert problem.sentence == "MCX takes no IOC orders from a program. Choose DAY."
    else:
        assert isinstance(read, OrderTerms)


@pytest.mark.parametrize("lots", ["units", "one"])
@pytest.mark.parametrize("live", [True, False])
def test_a_live_commodity_order_waits_until_a_position_has_shown_its_lot(
    live: bool, lots: Literal["units", "one"]
) -> None:
    async def script(console: Console) -> None:
        await begin(console)
        clock, gold = console.world.clock, await loaded(console)
        terms = order(console, gold)
        assert await press(console, terms, "first") == ("lot_not_seen" if live else "")
        await clock.sleep(5)
        assert await press(console, terms, "second") == ("lot_not_seen" if live else "")
        buys_on_the_brokers_page(console, gold)
        await clock.sleep(5)
        await press(console, terms, "third")  # its refusal looks at the positions
        await clock.sleep(5)
        agrees = not live or lots == "units"
        assert await press(console, terms, "fourth") == ("" if agrees else "lot_not_seen")
        if live and lots == "one":
            said = console.engine.clearing.checks.lots.why_not(Exchange.MCXCOMM)
            assert "100 units" in said
            assert "says 1." in said

    switches = Switches(latency_ms=5, commodity_lots=lots)
    with world(1, settings=EngineSettings(lots_seen_first=live), switches=switches) as made:
        made.live(script)


def test_shares_wait_for_no_lot() -> None:
    async def script(console: Console) -> None:
        await begin(console)
        assert await press(console, console.world.terms(away=60), "share") == ""

    with world(1, settings=EngineSettings(lots_seen_first=True)) as made:
        made.live(script)
