"""What keeps an account's orders back does not blind its owner: quotes are read all the same."""

from __future__ import annotations

from dataclasses import replace

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
                lane.status = replace(lane.status, **held)
                await made.clock.sleep(6)
                before = made.time.wall_ns()
                quote = await market.quote(key)
                assert quote is not None
                assert quote.at_ns >= before
        finally:
            index.close()

    with world(1) as made:
        made.live(script)
