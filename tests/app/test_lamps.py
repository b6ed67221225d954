"""What the lamps say about the accounts."""

from __future__ import annotations

import asyncio

from copytrade_gui.app.upkeep import keep_lamps
from copytrade_gui.domain.account import FeedState, SessionState
from copytrade_gui.domain.events import Event, LampChanged
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.services.lamps import Lamps
from copytrade_gui.simulator.faults import Fault
from tests.engine.test_account_halts import halt, halted
from tests.engine.test_updates import feed_of
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


def test_every_lamp_speaks_before_the_first_second_is_over() -> None:
    """And whoever asks later, as a window that is opened, is told what they said."""
    heard: list[dict[str, str]] = []

    async def script(console: Console) -> None:
        made = console.world
        told = Lamps(console.engine.bus)
        lamps = asyncio.get_running_loop().create_task(
            keep_lamps(console.engine, console.store, console.broker, made.clock, lambda: None)
        )
        await made.clock.sleep(0.9)
        heard.append({lamp.name: lamp.state for lamp in told.newest()})
        lamps.cancel()
        await asyncio.gather(lamps, return_exceptions=True)

    with world(2) as made:
        made.live(script)
    # Nobody is logged in yet.
    assert heard == [
        {"broker": "bad", "feed": "ok", "engine": "ok", "database": "ok", "clock": "ok"}
    ]


def test_the_feed_lamp_says_of_whom_news_does_not_come_and_why() -> None:
    said: list[tuple[str, str]] = []

    async def script(console: Console) -> None:
        made, engine = console.world, console.engine

        def hear(event: Event) -> None:
            if isinstance(event, LampChanged) and event.name == "feed":
                said.append((event.state, event.words))

        engine.bus.subscribe(hear)
        lamps = asyncio.get_running_loop().create_task(
            keep_lamps(engine, console.store, console.broker, made.clock, lambda: None)
        )
        await made.clock.sleep(1.5)
        console.log_all_in()
        await made.clock.sleep(1.5)
        feeds = [feed_of(console, lane) for lane in engine.lanes]
        made.broker.add_fault(Fault(action="book_failed", call="orders"))
        for feed in feeds:
            feed.feed(FeedState.LIVE, "")
        await made.clock.sleep(1.5)
        assert all(lane.status.catching_up and lane.status.feed_ns for lane in engine.lanes)
        made.broker.clear_faults()
        await made.clock.sleep(3)
        assert not any(lane.status.catching_up for lane in engine.lanes)
        for feed, state in zip(
            feeds, (FeedState.EXPIRED, FeedState.REFUSED, FeedState.RECONNECTING), strict=False
        ):
            feed.feed(state, "why")
            await made.clock.sleep(1.5)
        feeds[3].feed(FeedState.CONNECTING, "")
        await made.clock.sleep(1.5)
        lamps.cancel()
        await asyncio.gather(lamps, return_exceptions=True)

    with world(3) as made:
        made.live(script)
    assert ("warn", "0 of 4 live: 4 catching up") in said
    why = ("1 must log in again", "1 refused by the broker", "1 reconnecting", "1 connecting")
    assert [one for one in said if "catching up" not in one[1]] == [
        ("ok", "nobody logged in"),
        ("ok", "off, books are read"),
        ("ok", "4 of 4 live"),
        ("warn", "3 of 4 live: 1 must log in again"),
        ("warn", "2 of 4 live: 1 must log in again, 1 refused by the broker"),
        ("warn", "1 of 4 live: 1 must log in again, 1 refused by the broker, 1 reconnecting"),
        ("bad", f"0 of 4 live: {', '.join(why)}"),
    ]
