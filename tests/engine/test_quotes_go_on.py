"""Prices: one source for all who ask, and what keeps an account's orders back does not blind it."""

from __future__ import annotations

import logging
from dataclasses import replace
from decimal import Decimal

import pytest

from copytrade_gui.domain.instrument import Quote
from copytrade_gui.services.market import Market
from copytrade_gui.storage.instrument_index import SqliteInstrumentIndex
from tests.proof.rig import Console, world


def test_a_master_whose_orders_are_held_back_still_gets_quotes() -> None:
    async def script(console: Console) -> None:
        made = console.world
        index = SqliteInstrumentIndex(made.folder / "instruments.sqlite")
        try:
            market = Market(console.engine, console.broker, index, made.clock)
            key = made.instruments[0].key
            assert await market.quote(key) is None
            console.log_all_in()
            lane = console.engine.lanes[made.master]
            for held in ({"halted": "Looked odd."}, {"halted": "", "unread": True}):
                lane.put_status(replace(lane.status, **held))
                await made.clock.sleep(6)
                before = made.time.wall_ns()
                quote = await market.quote(key)
                assert quote is not None
                assert quote.at_ns >= before
        finally:
            index.close()

    with world(1) as made:
        made.live(script)


@pytest.mark.expected_log("a listener of quotes failed")
def test_whoever_asks_and_whoever_listens_has_the_same_price() -> None:
    async def script(console: Console) -> None:
        made, quotes = console.world, console.engine.core.quotes
        heard: list[Quote] = []

        def fails(quote: Quote) -> None:
            raise RuntimeError(quote.key)

        logging.getLogger("copytrade_gui").setLevel(logging.ERROR)
        quotes.hear(fails)
        stop = quotes.hear(heard.append)
        console.log_all_in()
        await made.clock.sleep(1)
        keys = [one.key for one in made.instruments]
        await quotes.refresh(keys)
        assert [quotes.newest(key) for key in keys] == heard
        await quotes.refresh(keys)  # young enough
        assert len(heard) == len(keys)
        first = heard[0]
        quotes.put(replace(first, last=Decimal(1), at_ns=first.at_ns - 1))
        assert quotes.fresh_price(first.key) == first.last
        stop()
        quotes.put(replace(first, last=Decimal(2), at_ns=first.at_ns + 1))
        assert quotes.fresh_price(first.key) == Decimal(2)
        assert len(heard) == len(keys)

    with world(1) as made:
        made.live(script)
