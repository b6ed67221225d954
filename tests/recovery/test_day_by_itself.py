"""The day that closes by itself, that is left open, and that is traded on after its seal."""

from __future__ import annotations

import asyncio

import pytest

from copytrade_gui.domain.events import Alarm, Event
from copytrade_gui.storage.database.engines import FailureKind, SqliteFailedError
from copytrade_gui.storage.database.sync_db import InlineDatabase
from tests.engine.test_comparing import trade
from tests.engine.test_leaving import press
from tests.proof.rig import MORNING_NS, Console, world
from tests.recovery.test_day_end import (
    EVENING_NS,
    HOUR_NS,
    TODAY,
    closing,
    events_of,
    in_the_evening,
    sealed,
)


def test_the_day_closes_by_itself_once_the_last_session_is_over_and_once_only() -> None:
    async def script(console: Console) -> None:
        await trade(console)
        made = console.world
        keeping = asyncio.create_task(closing(console).keep())
        await made.clock.sleep(5 * 3_600)  # 15:00
        assert await console.store.seals.newest(TODAY) is None
        await made.clock.sleep(3_600)  # 16:00
        seal = await console.store.seals.newest(TODAY)
        assert seal is not None
        assert seal.actor == "program"
        opened = MORNING_NS + int(5.7 * HOUR_NS)  # 15:42
        assert opened <= seal.at_ns <= opened + 120 * 1_000_000_000
        await made.clock.sleep(4 * 3_600)
        assert await events_of(console, "DaySealed") == 1
        keeping.cancel()

    with world(2) as made:
        made.live(script)


def test_what_is_traded_after_the_seal_is_sealed_again() -> None:
    async def script(console: Console) -> None:
        gate = await in_the_evening(console)
        sealed(await gate.close_day("operator"))
        assert not await gate.due()
        console.see_price()
        await press(console, "after hours")
        made = console.world
        await made.clock.sleep(1_000)
        assert await gate.due()
        again = sealed(await gate.close_day("program"))
        assert again.orders == 6
        assert await console.store.seals.newest(TODAY) == again

    with world(2) as made:
        made.live(script)


def test_a_restart_in_the_evening_closes_the_day_it_left_open() -> None:
    async def evening(console: Console) -> None:
        console.log_all_in()
        keeping = asyncio.create_task(closing(console).keep())
        await console.world.clock.sleep(120)
        assert await console.store.seals.newest(TODAY) is not None
        keeping.cancel()

    with world(2) as made:
        made.live(trade)
        made.time.now_ns += EVENING_NS
        made.live(evening)


def test_seals_that_cannot_be_read_are_told_and_the_day_closes_when_they_can(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    heard: list[str] = []

    async def script(console: Console) -> None:
        def hear(event: Event) -> None:
            if isinstance(event, Alarm) and event.code == "day_open":
                heard.append(event.sentence)

        console.engine.bus.subscribe(hear)
        await in_the_evening(console)
        connection = console.store.database
        assert isinstance(connection, InlineDatabase)
        whole = connection.read

        async def broken(_work: object) -> object:
            raise SqliteFailedError(FailureKind.LOCKED, "busy")

        monkeypatch.setattr(connection, "read", broken)
        keeping = asyncio.create_task(closing(console).keep())
        await console.world.clock.sleep(100)
        monkeypatch.setattr(connection, "read", whole)
        await console.world.clock.sleep(1_800)
        assert await console.store.seals.newest(TODAY) is not None
        keeping.cancel()

    with world(2) as made:
        made.live(script)
    (sentence,) = heard
    assert sentence.startswith("The seals cannot be read: ")


def test_a_day_that_was_never_closed_is_told_once_the_next_morning() -> None:
    heard: list[str] = []

    async def morning(console: Console) -> None:
        def hear(event: Event) -> None:
            if isinstance(event, Alarm) and event.code == "day_left_open":
                heard.append(event.sentence)

        console.engine.bus.subscribe(hear)
        gate = closing(console)
        await gate.tell_left_open()
        await gate.tell_left_open()
        assert not await gate.due(), "the broker shows another day now"

    with world(2) as made:
        made.live(trade)
        made.time.now_ns += 24 * HOUR_NS
        made.live(morning)
        made.live(morning)
    (sentence,) = heard
    assert sentence == (
        "24 Nov 2026 was never closed: 3 orders in 3 accounts. The broker does not show that day "
        "any more; compare it with the contract notes."
    )
