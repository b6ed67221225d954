"""The way of an order, of a book's read and of a KILL grows no longer through the engine's files.

``tests.house.trips`` counts the whole of it over real sockets, in a minute; this counts what the
engine and the adapters below it do, in a world of virtual time.
"""

from __future__ import annotations

from collections.abc import Awaitable

import pytest

from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.order import FanOut, State
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.simulator.config import Switches
from tests.house.trips import Trips
from tests.proof.rig import Console, world

MOST = {"ticket": 221, "book": 96, "KILL": 125}
"""Three above what was reached. Fewer is better: lower the figure with the way."""
_ELSEWHERE = ("simulator/",)


async def counted(work: Awaitable[object]) -> int:
    between = await Trips().count(work)
    return sum(
        times
        for (out_of, into, _), times in between.items()
        if not out_of.startswith(_ELSEWHERE) and not into.startswith(_ELSEWHERE)
    )


async def press(console: Console, name: str, away: int) -> None:
    made = console.world
    await console.engine.submit(
        made.master, made.terms(away=away), FanOut.WITH_MASTER, CommandId(name)
    )


async def kill(console: Console) -> None:
    await console.engine.stop_trading(TradingState.KILL, "operator", "test")
    await console.world.clock.sleep(0.05)  # until its cancels are at the broker


@pytest.fixture(scope="module")
def found() -> dict[str, int]:
    """The trips of each way, between a master and one follower whose connections are warm."""
    trips: dict[str, int] = {}

    async def script(console: Console) -> None:
        made = console.world
        console.log_all_in()
        await made.clock.sleep(5)
        await press(console, "first", -20)
        await made.clock.sleep(10)
        trips["ticket"] = await counted(press(console, "second", -20))
        await made.clock.sleep(0.4)
        follower = made.accounts[-1].account_id
        newest = list(console.engine.book.of_account(follower))[-1]
        states = [newest.state]
        trips["book"] = await counted(console.engine.read_books(follower))
        states.append(newest.state)
        assert states == [State.ACKED, State.FILLED]
        await made.clock.sleep(10)
        await press(console, "rests", 60)
        await made.clock.sleep(10)
        trips["KILL"] = await counted(kill(console))
        await made.clock.sleep(5)

    with world(1, switches=Switches(latency_ms=60, jitter_ms=0)) as made:
        made.live(script)
    return trips


@pytest.mark.parametrize("way", MOST)
def test_a_way_grows_no_longer(found: dict[str, int], way: str) -> None:
    assert found[way] <= MOST[way]
