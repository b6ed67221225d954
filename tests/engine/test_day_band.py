"""An order outside the day's price band stays here, and one at its edge reaches the exchange.

The simulated exchange refuses what is outside, whatever we know: a copy that we let go for want of
the fact is rejected there, with its words in the order.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from copytrade_gui.domain.instrument import Circuit, Quote
from copytrade_gui.domain.order import OrderTerms, OrderType, Side, State
from copytrade_gui.engine.planning.denied import DeniedError
from tests.engine.test_every_check import left, place
from tests.engine.test_leaving import begin
from tests.proof.rig import Console, world

MINUTE_NS = 60_000_000_000


def edge(console: Console) -> Decimal:
    """The highest price that the simulated exchange takes today, in rupees."""
    broker, key = console.world.broker, console.world.instruments[0].key
    share = broker.desk.instruments.find(key.exchange, key.instrument_id)
    assert share is not None
    return Decimal(broker.desk.exchange.rules.price_band(share, broker.desk.now())[1]) / 10_000


def told(console: Console, price: Decimal, *, upper: bool = True) -> None:
    made = console.world
    key = made.instruments[0].key
    console.engine.core.quotes.put_circuit(Circuit(key, price, upper, made.time.wall_ns()))


def sale(console: Console, price: Decimal) -> OrderTerms:
    """It rests far above the market."""
    return replace(console.world.terms(quantity=4), side=Side.SELL, price=price)


def test_what_the_exchange_would_refuse_stays_here_and_its_edge_leaves() -> None:
    async def script(console: Console) -> None:
        await begin(console)
        console.see_price()
        high, tick = edge(console), console.world.instruments[0].tick
        beyond = sale(console, high + tick)
        await place(console, beyond)  # nobody has told us
        await console.world.clock.sleep(2)
        refused = [one for one in console.engine.book if one.state is State.REJECTED]
        assert len(refused) == left(console) > 0
        assert all("day's price range" in one.reason for one in refused)
        told(console, high)
        accepted = left(console)
        with pytest.raises(DeniedError, match="lowest not known, highest") as denied:
            await place(console, beyond)
        assert denied.value.code == "day_band"
        assert left(console) == accepted
        await place(console, sale(console, high))
        await console.world.clock.sleep(2)
        assert left(console) == accepted + len(refused)
        assert list(console.engine.book)[-1].state is State.WORKING

    with world(1) as made:
        made.live(script)


def test_an_edge_that_may_have_moved_keeps_nobody_back() -> None:
    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        console.see_price()
        quotes, key = console.engine.core.quotes, made.instruments[0].key
        last = made.price(made.instruments[0])
        told(console, last + 10)
        told(console, last - 10, upper=False)
        assert (quotes.day_band(key).low, quotes.day_band(key).high) == (last - 10, last + 10)
        quotes.put(Quote(key, last + 10, last, last, last, made.time.wall_ns()))
        assert quotes.day_band(key).high == last + 10
        quotes.put(Quote(key, last + 11, last, last, last, made.time.wall_ns()))
        assert (quotes.day_band(key).low, quotes.day_band(key).high) == (last - 10, None)
        made.time.now_ns += 16 * MINUTE_NS
        assert quotes.day_band(key).low is None

    with world(1) as made:
        made.live(script)


def test_at_the_circuit_a_market_order_leaves_at_the_edge_and_not_beyond() -> None:
    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        console.see_price()
        last, tick = made.price(made.instruments[0]), made.instruments[0].tick
        told(console, last + tick)
        await place(
            console, replace(made.terms(quantity=4), order_type=OrderType.MARKET, price=None)
        )
        await made.clock.sleep(1)
        sent = {one.terms.price for one in made.broker.ledger.accepted}
        assert sent == {int((last + tick) * 10_000)}

    with world(1) as made:
        made.live(script)
