"""The console of a window, on a loop of its own: who acts crosses with the call."""

from __future__ import annotations

import asyncio
from pathlib import Path

from copytrade_gui.app.engine_thread import EngineThread
from copytrade_gui.app.paper import SimulatorOptions
from copytrade_gui.app.wiring import OpenOptions
from copytrade_gui.domain.actor import Actor, ActorKind

TWO = SimulatorOptions(accounts=2, masters=1)


def test_a_window_is_the_person_at_it_and_who_else_acts_is_told_apart(tmp_path: Path) -> None:
    async def live() -> list[str]:
        async with EngineThread(OpenOptions(data_dir=tmp_path, paper=TWO)) as engine:
            window = engine.console()
            token = window.acting_as(Actor(ActorKind.TOKEN, "desk"))
            assert (token.events, token.paper) == (window.events, True)
            changes = [
                await window.trading.halt("by the window"),
                await token.trading.kill("by the token"),
            ]
            assert await window.trading.state() == changes[-1]
            return [change.actor for change in changes]

    assert asyncio.run(live()) == ["operator", "API token (desk)"]
