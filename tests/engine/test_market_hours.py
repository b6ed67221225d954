"""One calendar for the gate, a cancel that nobody here asked for, a restart and the day's end."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time
from decimal import Decimal
from types import SimpleNamespace

import msgspec
import pytest

from copytrade_gui.domain.calendar import EQUITY, IST, Calendar, Holiday, SpecialSession
from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.instrument import Exchange, Instrument, InstrumentKey, InstrumentKind
from copytrade_gui.domain.order import FanOut, OrderTerms, Product, State
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.engine.orders.settings import EngineSettings
from copytrade_gui.engine.planning.denied import DeniedError
from copytrade_gui.services.closing import Closing
from copytrade_gui.simulator.config import Switches
from tests.engine.test_diverged import Copy, with_a_copy
from tests.engine.test_leaving import begin
from tests.proof.rig import Console, World, world

NSE, NFO, MCX = Exchange.NSEEQ, Exchange.NSEFO, Exchange.MCXCOMM
WEDNESDAY, HOLIDAY, SUNDAY = date(2026, 11, 25), date(2026, 11, 10), date(2026, 11, 8)
DIWALI = Holiday(HOLIDAY, "Diwali Balipratipada", EQUITY)
DIWALI_EVENING = Holiday(HOLIDAY, "Diwali Balipratipada", frozenset({MCX}), opens=time(17))
MUHURAT = SpecialSession(SUNDAY, "Muhurat", EQUITY | {MCX}, time(18), time(19))
CALENDAR = Calendar(holidays=(DIWALI, DIWALI_EVENING), specials=(MUHURAT,))

AT_THE_HOUR = [
    (time(15, 32), NSE, "closing auction", True),
    (time(15, 32), NFO, "", True),
    (time(15, 32), MCX, "", True),
    (time(15, 41), NSE, "closed", False),
    (time(15, 41), NFO, "closed", False),
    (time(15, 41), MCX, "", True),
    (time(23, 40), NSE, "closed", False),
    (time(23, 40), NFO, "closed", False),
    (time(23, 40), MCX, "", True),
    (time(23, 56), NSE, "closed", False),
    (time(23, 56), NFO, "closed", False),
    (time(23, 56), MCX, "closed", False),
]
"""On a winter's Wednesday: what the gate calls the session, and whether a market is at work."""


def wall_ns(day: date, hour: time) -> int:
    return int(datetime.combine(day, hour, tzinfo=IST).timestamp()) * 1_000_000_000


def instrument(made: World, exchange: Exchange) -> Instrument:
    if exchange is NSE:
        return made.instruments[0]
    found = made.broker.desk.instruments.segment(exchange)
    future = next(one for one in found if one.kind == "FUT")
    key = InstrumentKey(exchange, str(future.id))
    return Instrument(
        key, future.symbol, future.name, future.underlying, InstrumentKind.FUTURE, future.lot,
        Decimal(future.tick) / 10_000,
    )  # fmt: skip


def terms(console: Console, exchange: Exchange) -> OrderTerms:
    traded = instrument(console.world, exchange)
    if exchange is MCX:
        console.broker.contract_files._lots[traded.key] = traded.lot_size
    last = console.world.price(traded)
    return replace(
        console.world.terms(),
        instrument=traded,
        price=last - last % traded.tick + traded.tick,
        product=Product.INTRADAY if exchange is NSE else Product.NORMAL,
        quantity=10 if exchange is NSE else traded.lot_size,
    )


async def press(console: Console, exchange: Exchange, name: str) -> str:
    """Press Buy; the sentence of a refusal, or nothing."""
    try:
        await console.engine.submit(
            console.world.master, terms(console, exchange), FanOut.WITH_MASTER, CommandId(name)
        )
    except DeniedError as denied:
        return denied.sentence
    return ""


def pressed_at(day: date, hour: time, exchange: Exchange) -> tuple[str, int]:
    """The refusal of a press at that time, and how many orders left."""
    said: list[str] = []

    async def script(console: Console) -> None:
        await begin(console)
        said.append(await press(console, exchange, "one"))
        await console.world.clock.sleep(1)

    settings = EngineSettings(keeps_sessions=True)
    with world(0, settings=settings, starts_ns=wall_ns(day, hour)) as made:
        made.calendar = CALENDAR
        made.live(script)
        return said[0], len(made.broker.ledger.wire)


@pytest.mark.parametrize(("hour", "exchange", "session", "_at_work"), AT_THE_HOUR)
def test_an_order_leaves_in_continuous_trading_only_and_the_refusal_names_the_session(
    hour: time, exchange: Exchange, session: str, _at_work: bool
) -> None:
    sentence, sent = pressed_at(WEDNESDAY, hour, exchange)
    assert session in sentence
    assert (sentence == "", sent) == ((True, 1) if not session else (False, 0))


@pytest.mark.parametrize(
    ("day", "hour", "exchange", "session"),
    [
        (WEDNESDAY, time(9, 5), NSE, "pre-open until 09:15"),
        (WEDNESDAY, time(9, 5), MCX, ""),
        (HOLIDAY, time(10), NSE, "closed for Diwali Balipratipada"),
        (HOLIDAY, time(10), NFO, "closed for Diwali Balipratipada"),
        (HOLIDAY, time(10), MCX, "closed for Diwali Balipratipada. It trades again at 17:00"),
        (HOLIDAY, time(17), MCX, ""),
        (SUNDAY, time(17, 59), NSE, "closed. It trades again at 18:00"),
        (SUNDAY, time(18, 15), NSE, ""),
        (SUNDAY, time(18, 15), MCX, ""),
        (date(2026, 11, 7), time(10), NSE, "closed on Saturdays. It trades again on Sun 08 Nov"),
    ],
)
def test_on_a_holiday_and_in_a_special_session(
    day: date, hour: time, exchange: Exchange, session: str
) -> None:
    sentence, sent = pressed_at(day, hour, exchange)
    assert session in sentence
    assert (sentence == "", sent) == ((True, 1) if not session else (False, 0))


@pytest.mark.parametrize(("hour", "exchange", "_session", "at_work"), AT_THE_HOUR)
def test_a_cancel_is_somebodys_doing_as_long_as_the_market_is_at_work(
    hour: time, exchange: Exchange, _session: str, at_work: bool
) -> None:
    def test(copy: Copy) -> None:
        # The rig's day is a Tuesday; the row's times are that day's.
        shift(copy, exchange, Product.DELIVERY if exchange is NSE else Product.NORMAL)
        at_ns = wall_ns(date(2026, 11, 24), hour)
        copy.shows(state=State.CANCELLED, updated_ns=at_ns, key=copy.doubt.order.key)
        assert copy.doubt.state() is State.CANCELLED
        assert bool(copy.words) is at_work

    with_a_copy(test)


def shift(copy: Copy, exchange: Exchange, product: Product) -> None:
    intent = copy.doubt.order.intent
    traded = replace(
        intent.terms.instrument,
        key=InstrumentKey(exchange, intent.terms.instrument.key.instrument_id),
    )
    changed = replace(intent.terms, product=product, instrument=traded)
    copy.doubt.order.intent = msgspec.structs.replace(intent, terms=changed)


def test_a_share_without_derivatives_is_ended_by_the_exchange_at_half_past_three() -> None:
    def test(copy: Copy) -> None:
        copy.doubt.console.engine.hours.auctioned = frozenset({"RELIANCE"})
        shift(copy, NSE, Product.DELIVERY)
        at_ns = wall_ns(date(2026, 11, 24), time(15, 32))
        copy.shows(state=State.CANCELLED, updated_ns=at_ns)
        assert copy.words == ""

    with_a_copy(test)


@pytest.mark.parametrize("exchange", [NSE, NFO, MCX])
@pytest.mark.parametrize("known", [True, False])
def test_on_a_day_without_a_listed_session_no_hour_explains_a_cancel(
    exchange: Exchange, known: bool
) -> None:
    """The order was taken on that day, so the calendar is wrong about it."""

    def test(copy: Copy) -> None:
        day = date(2026, 11, 24)
        holiday = Holiday(day, "Guru Nanak Jayanti", frozenset(Exchange))
        copy.doubt.console.engine.hours.calendar = Calendar(holidays=(holiday,) if known else ())
        shift(copy, exchange, Product.NORMAL)
        copy.shows(state=State.CANCELLED, updated_ns=wall_ns(day, time(18, 30)))
        assert bool(copy.words) is (known or exchange is MCX)

    with_a_copy(test)


def after_a_restart(
    day: date, traded: time, hour: time, exchange: Exchange, calendar: Calendar = CALENDAR
) -> SimpleNamespace:
    """Trade, stop, start at ``hour``: the trading state after the books, and the day's end."""
    seen = SimpleNamespace(state=None, report=None, due=None)

    async def trade(console: Console) -> None:
        await begin(console)
        assert await press(console, exchange, "one") == ""
        await console.world.clock.sleep(30)
        assert {order.state for order in console.engine.book} == {State.FILLED}

    async def again(console: Console) -> None:
        terms(console, exchange)  # the lot of a commodity is known, as from its contract file
        console.log_all_in()
        await console.world.clock.sleep(20)
        seen.state = console.engine.gate.state
        made = console.world
        gate = Closing(console.engine, console.store.journal, console.store.seals, made.clock)
        seen.due = await gate.due()
        seen.report = await gate.close_day("operator")

    with world(0, starts_ns=wall_ns(day, traded)) as made:
        made.calendar = calendar
        made.live(trade)
        made.time.now_ns = wall_ns(day, hour) - wall_ns(day, traded)
        made.live(again)
    return seen


@pytest.mark.parametrize(("hour", "exchange", "_session", "at_work"), AT_THE_HOUR)
def test_a_restart_asks_and_the_day_stays_open_while_its_market_is_at_work(
    hour: time, exchange: Exchange, _session: str, at_work: bool
) -> None:
    seen = after_a_restart(WEDNESDAY, time(10), hour, exchange)
    assert (seen.state is TradingState.RECOVERING) is at_work
    assert bool(seen.report.too_early) is (at_work and not seen.report.seal)
    # Equity is one market: its shares' day is over when its derivatives are.
    assert (seen.report.seal is None) is at_work


@pytest.mark.parametrize("exchange", [NSE, NFO, MCX])
def test_a_special_session_that_is_listed_keeps_the_day_open_until_its_end(
    exchange: Exchange,
) -> None:
    within = after_a_restart(SUNDAY, time(18, 5), time(18, 30), exchange)
    assert within.state is TradingState.RECOVERING
    assert (within.due, within.report.seal) == (False, None)
    assert "19:00" in within.report.too_early
    over = after_a_restart(SUNDAY, time(18, 5), time(19, 3), exchange)
    assert over.state is TradingState.ACTIVE
    assert over.due
    assert over.report.seal is not None


@pytest.mark.parametrize("exchange", [NSE, NFO, MCX])
@pytest.mark.parametrize("day", [SUNDAY, date(2026, 11, 7), HOLIDAY])
def test_a_session_that_is_not_listed_is_never_closed_by_the_program_itself(
    day: date, exchange: Exchange
) -> None:
    holidays = Holiday(HOLIDAY, "Diwali", frozenset(Exchange))
    seen = after_a_restart(day, time(18, 5), time(23, 58), exchange, Calendar(holidays=(holidays,)))
    assert seen.state is TradingState.RECOVERING
    assert not seen.due
    # A person may, and is told.
    assert seen.report.seal is not None
    assert any("has no session on" in note for note in seen.report.notes)


def test_a_copy_that_waits_over_the_close_is_blocked_with_the_sessions_name() -> None:
    """After the master: his answer comes when the market has closed."""

    async def script(console: Console) -> None:
        await begin(console)
        await console.engine.submit(
            console.world.master, terms(console, NSE), FanOut.ON_MASTER_WORKING, CommandId("late")
        )
        await console.world.clock.sleep(30)
        master, *copies = console.engine.book
        assert master.state is not State.BLOCKED
        assert {(copy.state, copy.code) for copy in copies} == {(State.BLOCKED, "session")}
        assert "NSEEQ is in its closing auction until 15:35" in copies[0].reason

    settings = EngineSettings(keeps_sessions=True)
    at_ns = wall_ns(WEDNESDAY, time(15, 14, 54))
    slow = Switches(latency_ms=2_000, jitter_ms=0)
    with world(2, settings=settings, switches=slow, starts_ns=at_ns) as made:
        made.live(script)
        assert len(made.broker.ledger.wire) == 1
