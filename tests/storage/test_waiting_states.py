"""A stop that waits in the emergency journal never overtakes a stricter one stored after it."""

from __future__ import annotations

import pytest

from copytrade_gui.domain.trading_state import StateChange, TradingState
from copytrade_gui.storage.database.engines import Connecting
from copytrade_gui.storage.files.folder import DataFolder
from copytrade_gui.storage.store import Seams, open_store
from tests.storage.conftest import SMALL
from tests.storage.faulty import Fault, Script, failing
from tests.storage.samples import DAY, NOON_NS, HandClock

PAUSE = StateChange(TradingState.PAUSE, "trader", "lunch", NOON_NS)
HALT = StateChange(TradingState.HALT, "trader", "wrong price", NOON_NS + 1)


@pytest.mark.expected_log("a commit failed")
async def test_a_pause_that_waited_does_not_lift_the_halt_after_it(
    folder: DataFolder, clock: HandClock
) -> None:
    script = Script(Fault.IO)
    seams = Seams(connecting=Connecting(failing(script)), reserve_bytes=64 * 1024)
    async with open_store(folder, clock, inline=True, seams=seams) as store:
        script.first = 1
        await store.journal.commit_trading_state(PAUSE)
        script.heal()
        await store.journal.commit_trading_state(HALT)
        await clock.advance(1.1)  # what waited is tried again
        await store.journal.flush()
        assert (await store.journal.load(DAY)).trading == HALT
    async with open_store(folder, clock, inline=True, seams=SMALL) as store:
        assert (await store.journal.load(DAY)).trading == HALT
