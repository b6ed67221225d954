"""The network goes and comes back under a whole console, over real sockets."""

from pathlib import Path

import pytest

from copytrade_gui.domain.account import SessionState
from copytrade_gui.domain.trading_state import TradingState
from tests.journeys.journey import Journey, journey

pytestmark = [
    pytest.mark.expected_log("alarm offline: .* The broker does not answer"),
]


def sessions(trip: Journey) -> set[SessionState]:
    return {lane.status.session for lane in trip.opened.engine.lanes}


async def test_copying_goes_on_when_the_network_is_back_and_nothing_is_doubled(
    tmp_path: Path,
) -> None:
    async with journey(tmp_path, 4) as trip:
        master, engine = trip.masters[0], trip.opened.engine
        await trip.place(master, await trip.draft("10"), "before")
        await trip.decided(5)
        everybody = [one.client_id for one in trip.accounts]
        await trip.misfortune({"action": "no_network", "accounts": everybody})
        engine.offline.suspect()  # as the reading of the broker's clock does
        await trip.until(lambda: sessions(trip) == {SessionState.OFFLINE})
        desk = trip.opened.simulator
        assert desk is not None
        await desk.control("DELETE", "/faults", {})
        await trip.until(lambda: sessions(trip) == {SessionState.READY})
        await trip.until(lambda: engine.gate.state is TradingState.ACTIVE)
        await trip.place(master, await trip.draft("10"), "after")
        await trip.decided(10)
        at_broker = await trip.at_broker()
    assert at_broker == dict.fromkeys(everybody, 2)
