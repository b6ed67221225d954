"""One account's feed against the simulator's, over real sockets and TLS."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest

from copytrade_gui.brokers.iifl.session import IiflSession
from copytrade_gui.domain.account import FeedState
from copytrade_gui.domain.ids import BrokerOrderId
from copytrade_gui.domain.instrument import Circuit, Exchange, InstrumentKey, PriceRange, Quote
from copytrade_gui.domain.market_status import MarketPhase, MarketStatus
from copytrade_gui.domain.order import State
from copytrade_gui.ports import BrokerOrder, BrokerTrade
from tests.brokers.rig import INFY, tag, terms
from tests.brokers.stand import Stand, fault, place_order, standing
from tests.waiting import until


@dataclass
class Heard:
    """``UpdateListener`` that keeps everything."""

    rows: list[BrokerOrder] = field(default_factory=list)
    fills: list[BrokerTrade] = field(default_factory=list)
    quotes: list[Quote] = field(default_factory=list)
    ranges: list[PriceRange] = field(default_factory=list)
    circuits: list[Circuit] = field(default_factory=list)
    markets: list[MarketStatus] = field(default_factory=list)
    states: list[tuple[FeedState, str]] = field(default_factory=list)
    unclear_times: int = 0
    ours: dict[str, InstrumentKey] = field(default_factory=dict)

    def key_of(self, order: BrokerOrderId, tag: str) -> InstrumentKey | None:
        del order
        return self.ours.get(tag)

    def orders(self, rows: Sequence[BrokerOrder]) -> None:
        self.rows.extend(rows)

    def trades(self, rows: Sequence[BrokerTrade]) -> None:
        self.fills.extend(rows)

    def price_range(self, found: PriceRange) -> None:
        self.ranges.append(found)

    def circuit(self, found: Circuit) -> None:
        self.circuits.append(found)

    def market(self, status: MarketStatus) -> None:
        self.markets.append(status)

    def quote(self, quote: Quote) -> None:
        self.quotes.append(quote)

    def unclear(self) -> None:
        self.unclear_times += 1

    def feed(self, state: FeedState, words: str) -> None:
        self.states.append((state, words))

    @property
    def state(self) -> FeedState:
        return self.states[-1][0] if self.states else FeedState.OFF


@asynccontextmanager
async def fed(
    cache: Path, tmp_path: Path, **switches: object
) -> AsyncIterator[tuple[Stand, IiflSession, Heard]]:
    """A logged-in account whose feed stands."""
    async with standing(cache, feed_folder=tmp_path, switches=switches) as stand:
        session, heard = await stand.login(), Heard()
        session.hear_updates(heard)
        await until(lambda: heard.state is FeedState.LIVE)
        yield stand, session, heard


async def placed(stand: Stand, session: IiflSession, heard: Heard, number: int, away: int) -> None:
    """Place an order so many ticks away from the market; the feed knows it by its tag."""
    infy = await stand.instrument(Exchange.NSEEQ, "INFY")
    heard.ours[tag(number)] = infy.key
    last = (await session.quotes([infy.key]))[0].last
    wanted = terms(infy, quantity=10, price=last - away * infy.tick)
    await place_order(session, session.orders.prepare(wanted, tag(number)))


@pytest.mark.parametrize("feed_tag", ["comments", "orderTag", "remarks"])
@pytest.mark.parametrize("trade_side", ["letter", "word"])
async def test_an_order_and_its_fill_come_by_themselves_as_rows_of_the_books(
    cache: Path, tmp_path: Path, feed_tag: str, trade_side: str
) -> None:
    async with fed(cache, tmp_path, feed_tag=feed_tag, trade_side=trade_side) as (
        stand, session, heard,
    ):  # fmt: skip
        await placed(stand, session, heard, 1, away=-20)
        await until(lambda: heard.rows and heard.rows[-1].state is State.FILLED and heard.fills)
        assert heard.rows == sorted(heard.rows, key=lambda row: row.filled_quantity)
        (book,) = (await session.order_book()).rows
        assert heard.rows[-1] == book
        (trade,) = (await session.trade_book()).rows
        assert heard.fills == [replace(trade, tag="")]  # news of a trade carries no tag
        assert heard.unclear_times == 0


async def test_a_feed_that_is_cut_says_so_and_stands_again(cache: Path, tmp_path: Path) -> None:
    async with fed(cache, tmp_path) as (stand, session, heard):
        for how in ("close", "reset"):
            heard.states.clear()
            assert stand.simulated.feed.drop(how=how) == 1
            await until(lambda: heard.state is FeedState.LIVE)
            assert [state for state, _ in heard.states] == [
                FeedState.RECONNECTING,
                FeedState.LIVE,
            ]
            assert "books are read instead; it connects again" in heard.states[0][1]
        await placed(stand, session, heard, 1, away=60)
        await until(lambda: heard.rows and heard.rows[-1].state is State.WORKING)
        heard.states.clear()
        await session.drop_connections()  # as after a sleep
        await until(lambda: heard.state is FeedState.LIVE)


@pytest.mark.parametrize("form", ["bad_login", "unauthorised"])
async def test_a_session_that_the_feed_does_not_take_is_not_tried_again(
    cache: Path, tmp_path: Path, form: str
) -> None:
    async with standing(cache, feed_folder=tmp_path) as stand:
        session, heard = await stand.login(), Heard()
        stand.simulated.add_fault(fault(action="feed_refuse", form=form))
        session.hear_updates(heard)
        await until(lambda: heard.state is FeedState.EXPIRED)
        assert "log the account in again" in heard.states[-1][1]
        await asyncio.sleep(0.3)
        assert [state for state, _ in heard.states] == [FeedState.CONNECTING, FeedState.EXPIRED]
        assert stand.simulated.feed.sent["feed_refuse"] == 1


async def test_a_session_that_ends_ends_its_feed(cache: Path, tmp_path: Path) -> None:
    async with fed(cache, tmp_path) as (_, session, heard):
        await session.logout()
        await until(lambda: heard.state is FeedState.EXPIRED)


async def test_topics_that_are_refused_are_told_and_the_connection_is_given_up(
    cache: Path, tmp_path: Path
) -> None:
    async with standing(cache, feed_folder=tmp_path) as stand:
        session, heard = await stand.login(), Heard()
        stand.simulated.add_fault(fault(action="feed_deny", count=1))
        session.hear_updates(heard)
        await until(lambda: heard.state is FeedState.REFUSED)
        assert "asked again each minute" in heard.states[-1][1]
        await until(lambda: not stand.simulated.feed.rows())


@pytest.mark.parametrize("kind", ["wrong_host", "self_signed", "expired"])
async def test_a_feed_that_cannot_prove_to_be_the_broker_is_told_nothing(
    cache: Path, tmp_path: Path, kind: str
) -> None:
    async with standing(cache, feed_folder=tmp_path) as stand:
        stand.simulated.feed.show_certificate(kind)
        session, heard = await stand.login(), Heard()
        session.hear_updates(heard)
        await until(lambda: len(heard.states) > 1)
        assert heard.states[-1][0] is FeedState.RECONNECTING
        assert "certificate was refused" in heard.states[-1][1]
        assert stand.simulated.feed.rows() == []


@pytest.mark.parametrize(
    "form", ["text", "broken", "empty", "null", "number", "list", "missing", "short"]
)
async def test_news_that_is_not_understood_has_the_books_read_and_the_feed_goes_on(
    cache: Path, tmp_path: Path, form: str
) -> None:
    async with fed(cache, tmp_path) as (stand, session, heard):
        garble = fault(action="feed_garble", call="feed_order", form=form, count=1)
        stand.simulated.add_fault(garble)
        await placed(stand, session, heard, 1, away=60)
        await until(lambda: heard.unclear_times)
        await until(lambda: heard.rows and heard.rows[-1].state is State.WORKING)
        assert heard.state is FeedState.LIVE


async def test_a_packet_without_end_ends_the_connection_and_another_one_stands(
    cache: Path, tmp_path: Path
) -> None:
    async with fed(cache, tmp_path) as (stand, session, heard):
        garble = fault(action="feed_garble", call="feed_order", form="huge", count=1)
        stand.simulated.add_fault(garble)
        heard.states.clear()
        await placed(stand, session, heard, 1, away=60)
        await until(lambda: heard.state is FeedState.LIVE)
        assert "what is not MQTT" in heard.states[0][1]


async def test_an_order_from_elsewhere_is_named_by_the_contract_files(
    cache: Path, tmp_path: Path
) -> None:
    async with fed(cache, tmp_path) as (stand, session, heard):
        infy = await stand.instrument(Exchange.NSEEQ, "INFY")  # and its contract file with it
        await placed(stand, session, Heard(), 1, away=60)
        await until(lambda: heard.rows and heard.rows[-1].state is State.WORKING)
        assert {row.key for row in heard.rows} == {infy.key}
        assert stand.broker.contract_files.named(infy.key.instrument_id, "ANOTHER") is None


@pytest.mark.parametrize("instrument_id", ["1594", "999920000"], ids=["a share", "an index"])
async def test_prices_that_are_watched_come_by_themselves(
    cache: Path, tmp_path: Path, instrument_id: str
) -> None:
    async with fed(cache, tmp_path) as (stand, session, heard):
        key = InstrumentKey(Exchange.NSEEQ, instrument_id)
        session.watch_quotes([key])
        await until(lambda: heard.quotes)
        read = (await session.quotes([key]))[0]
        pushed = heard.quotes[-1]
        assert (pushed.key, pushed.last, pushed.previous_close) == (
            key, read.last, read.previous_close,
        )  # fmt: skip
        session.watch_quotes([])
        await until(lambda: instrument_id not in str(stand.simulated.feed.rows()))
        session.watch_quotes([key])
        heard.quotes.clear()
        stand.simulated.feed.drop()
        await until(lambda: heard.quotes)  # asked for again by itself


async def test_the_range_in_which_the_exchange_takes_orders_comes_with_the_prices(
    cache: Path, tmp_path: Path
) -> None:
    async with fed(cache, tmp_path) as (stand, session, heard):
        nifty = await stand.instrument(Exchange.NSEFO, "NIFTY")
        session.watch_quotes([nifty.key])
        await until(lambda: heard.ranges and heard.quotes)
        found, last = heard.ranges[-1], heard.quotes[-1].last
        assert found.key == nifty.key
        assert found.low < last < found.high
        session.watch_quotes([])
        await until(lambda: "lpp" not in str(stand.simulated.feed.rows()))


async def test_circuits_of_a_watched_segment_come_as_edges_of_the_day_s_band(
    cache: Path, tmp_path: Path
) -> None:
    async with fed(cache, tmp_path) as (stand, session, heard):
        infy = await stand.instrument(Exchange.NSEEQ, "INFY")
        _, high = stand.simulated.desk.exchange.rules.price_band(
            stand.simulated.find_instrument("NSEEQ", infy.key.instrument_id),
            stand.simulated.desk.now(),
        )
        session.watch_quotes([infy.key])
        await until(lambda: heard.quotes)
        session.watch_quotes([])  # nobody looks any more, and a circuit is told once
        stand.simulated.set_price("NSEEQ", infy.key.instrument_id, high)
        await until(lambda: heard.circuits)
        (found,) = heard.circuits
        assert (found.key, found.price, found.upper) == (infy.key, Decimal(high) / 10_000, True)


async def test_what_the_market_of_a_watched_segment_does_comes_each_time_it_changes(
    cache: Path, tmp_path: Path
) -> None:
    async with fed(cache, tmp_path) as (stand, session, heard):
        infy = await stand.instrument(Exchange.NSEEQ, "INFY")
        session.watch_quotes([infy.key])
        for times, halted in enumerate(([], ["NSEEQ"], []), 1):
            stand.simulated.set_switches({"halted": halted})
            await until(partial(lambda so_many: len(heard.markets) == so_many, times))
        assert [(one.exchange, one.phase) for one in heard.markets] == [
            (Exchange.NSEEQ, MarketPhase.OPEN),
            (Exchange.NSEEQ, MarketPhase.HALTED),
            (Exchange.NSEEQ, MarketPhase.OPEN),
        ]


async def test_a_broker_without_a_feed_leaves_it_off(cache: Path) -> None:
    async with standing(cache) as stand:
        session, heard = await stand.login(), Heard()
        session.hear_updates(heard)
        session.watch_quotes([INFY.key])
        assert heard.states == [(FeedState.OFF, "")]


@pytest.mark.usefixtures("memory_tls")
async def test_the_feed_stands_where_sockets_are_not_watched_too(
    cache: Path, tmp_path: Path
) -> None:
    async with fed(cache, tmp_path) as (stand, session, heard):
        await placed(stand, session, heard, 1, away=60)
        await until(lambda: heard.rows and heard.rows[-1].state is State.WORKING)
        assert heard.rows[-1].price > Decimal(0)
