"""What the lamps say about the accounts."""

from __future__ import annotations

import asyncio

from copytrade_gui.app.keeping import keep_lamps
from copytrade_gui.domain.account import SessionState
from copytrade_gui.domain.events import Event, LampChanged
from copytrade_gui.domain.ids import AccountId
from tests.engine.test_account_halts import halt, halted
from tests.proof.rig import Console, world


def test_an_account_that_is_halted_alone_is_logged_in_all_the_same() -> None:
    said: list[str] = []

    async def script(console: Console) -> None:
        await halt(console)
        assert halted(console)

        def hear(event: Event) -> None:
            if isinstance(event, LampChanged) and event.name == "broker":
                said.append(event.words)

        console.engine.bus.subscribe(hear)
        made = console.world
        lamps = asyncio.get_running_loop().create_task(
            keep_lamps(console.engine, console.store, console.broker, made.clock, lambda: None)
        )
        await made.clock.sleep(0.5)
        console.engine.detach(AccountId("F002"), SessionState.EXPIRED, "Log in.")
        await made.clock.sleep(2)
        lamps.cancel()
        await asyncio.gather(lamps, return_exceptions=True)

    with world(2) as made:
        made.live(script)
    assert said == ["3 of 3 logged in", "2 of 3 logged in"]
