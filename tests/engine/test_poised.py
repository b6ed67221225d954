"""A rehearsed wave that nothing has touched leaves whole; whatever has changed is asked of each.

The broker's wire tells what left; the clock and the faults are the rig's.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.order import FanOut, State
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.engine import faultpoints
from copytrade_gui.engine.poised import attended
from copytrade_gui.engine.submission import DeniedError
from copytrade_gui.simulator.faults import Fault
from tests.engine.test_leaving import FAST, begin, launches
from tests.proof.judge import settled
from tests.proof.rig import Console, world

FOLLOWERS = 60
"""Three pieces of a wave."""
COMMAND = CommandId("pressed")


def read_ticket(console: Console, *, name: str = COMMAND, which: int = 0, away: int = 0) -> None:
    made = console.world
    console.engine.submission.rehearse(
        made.master, made.terms(which=which, away=away), FanOut.WITH_MASTER, CommandId(name)
    )


async def press(console: Console, *, name: str = COMMAND, which: int = 0, away: int = 0) -> None:
    made = console.world
    await console.engine.submit(
        made.master, made.terms(which=which, away=away), FanOut.WITH_MASTER, CommandId(name)
    )


def ask_nobody(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on a wave that would ask each of its orders fails."""

    def fail(*_: object) -> None:
        raise AssertionError("each was asked")

    monkeypatch.setattr(console.engine.submission._waves, "select", fail)


def meanwhile(
    console: Console,
    monkeypatch: pytest.MonkeyPatch,
    do: Callable[[], Coroutine[Any, Any, None]],
) -> None:
    """The next plan's commit takes long: ``do`` has the loop first."""
    journal = console.engine.submission._journal
    commit = journal.commit_plan

    async def slow(*given: Any, **named: Any) -> bool:
        monkeypatch.setattr(journal, "commit_plan", commit)
        await do()
        return await commit(*given, **named)

    monkeypatch.setattr(journal, "commit_plan", slow)


def test_a_wave_that_nothing_touched_leaves_whole_and_is_told_in_full(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def script(console: Console) -> None:
        await begin(console)
        read_ticket(console)
        await console.world.clock.sleep(2)
        ask_nobody(console, monkeypatch)
        called = console.world.time.mono_ns()
        await press(console)
        monkeypatch.undo()
        for order in console.engine.book:
            assert order.called_ns == order.waiting_ns == called
            assert order.changed_ns
            assert not order.leaving
        assert not any(lane.leaving for lane in console.engine.lanes)
        (await settled(console, 1)).must_be_clean("whole")

    with world(FOLLOWERS) as made:
        made.live(script)
        assert len(made.broker.ledger.wire) == FOLLOWERS + 1


def test_poised_waves_in_a_row_stay_within_every_limit() -> None:
    async def script(console: Console) -> None:
        await begin(console)
        for number in range(24):
            read_ticket(console, name=f"quick-{number}", which=number % 2)
            await console.world.clock.sleep(0.01)
            await press(console, name=f"quick-{number}", which=number % 2)
        (await settled(console, 24)).must_be_clean("quick")

    with world(1, switches=FAST) as made:
        made.live(script)
        assert made.broker.ledger.refused_for_rate == 0
        assert made.broker.ledger.seconds_over_limit == 0


def test_a_cancel_in_between_takes_the_slot_that_a_rehearsal_had_found_free() -> None:
    async def script(console: Console) -> None:
        await begin(console)
        clock, engine, wire = console.world.clock, console.engine, console.world.broker.ledger.wire
        limit = console.world.rules.orders_per_second
        for number in range(limit - 1):
            await press(console, name=f"before-{number}", which=number % 2, away=60)
            await clock.sleep(0.02)
        read_ticket(console, away=60)
        assert engine.cancel_plan(next(iter(engine.book.plans)), "operator") == 2
        await clock.sleep(0.05)
        assert not engine.book.has_doubts
        before = len(wire)
        await press(console, away=60)
        await clock.sleep(0.05)
        assert len(wire) == before
        (await settled(console, limit)).must_be_clean("one change more than may")

    with world(1, switches=FAST) as made:
        made.live(script)
        assert made.broker.ledger.refused_for_rate == 0
        assert made.broker.ledger.seconds_over_limit == 0


def test_a_doubt_of_another_account_has_each_order_asked() -> None:
    async def script(console: Console) -> None:
        await begin(console)
        made = console.world
        unlucky = made.accounts[1].client_id
        made.broker.add_fault(Fault(action="drop_reply", call="place", accounts=[unlucky]))
        made.broker.add_fault(Fault(action="show_late", seconds=20.0, accounts=[unlucky]))
        await press(console, name="in doubt", away=60)
        await made.clock.sleep(3)
        assert console.engine.book.has_doubts
        read_ticket(console, away=60)
        await made.clock.sleep(0.01)
        pressed_ns = made.time.wall_ns()
        await press(console, away=60)
        await made.clock.sleep(0.5)
        stored_ns = [
            order.attempt.marked_ns
            for order in console.engine.book
            if order.attempt is not None and order.attempt.marked_ns >= pressed_ns
        ]
        assert len(stored_ns) == 2  # not when its ticket was read, though each was made then
        sent = Counter(line.account for line in made.broker.ledger.wire)
        assert sent[unlucky] == 1
        assert sorted(sent.values()) == [1, 2, 2]
        made.broker.clear_faults()
        (await settled(console, 2)).must_be_clean("asked")

    with world(2) as made:
        made.live(script)
        assert len(made.broker.ledger.wire) == 6


def test_a_cancel_during_a_long_commit_keeps_a_poised_wave_at_home(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def script(console: Console) -> None:
        await begin(console)
        read_ticket(console)

        async def cancel() -> None:
            await console.world.clock.sleep(0.5)
            (plan,) = console.engine.book.plans
            assert all(order.leaving for order in console.engine.book)
            console.engine.cancel_plan(plan, "operator")

        meanwhile(console, monkeypatch, cancel)
        await press(console)
        await console.world.clock.sleep(5)
        assert {order.state for order in console.engine.book} == {State.SKIPPED}

    with world(3) as made:
        made.live(script)
        assert made.broker.ledger.wire == []


def test_a_second_order_pressed_during_a_long_commit_waits_for_the_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def script(console: Console) -> None:
        await begin(console)
        read_ticket(console, away=60)

        async def second() -> None:
            await console.world.clock.sleep(0.1)
            read_ticket(console, name="second", away=60)
            await press(console, name="second", away=60)
            states = {o.state for o in console.engine.book if not o.leaving}
            assert states == {State.PLANNED}

        meanwhile(console, monkeypatch, second)
        await press(console, away=60)
        (await settled(console, 2)).must_be_clean("in turn")

    with world(3) as made:
        made.live(script)
        assert len(made.broker.ledger.wire) == 8


def test_a_poised_wave_that_could_not_be_stored_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def script(console: Console) -> None:
        await begin(console)
        read_ticket(console)
        journal = console.engine.submission._journal
        commit = journal.commit_plan

        async def fail(*_: Any, **__: Any) -> bool:
            raise RuntimeError("as a bug would")

        monkeypatch.setattr(journal, "commit_plan", fail)
        with pytest.raises(RuntimeError):
            await press(console)
        monkeypatch.setattr(journal, "commit_plan", commit)
        assert not any(lane.leaving for lane in console.engine.lanes)
        assert all(order.called_ns for order in console.engine.book)
        await press(console, name="another")
        await console.world.clock.sleep(20)

    with world(3) as made:
        made.live(script)
        assert len(made.broker.ledger.wire) == 4


def test_a_stop_in_the_middle_of_a_poised_wave_keeps_the_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held: list[Console] = []

    def stop(point: str) -> None:
        if point == faultpoints.MID_WRITE and held:
            held.pop().engine.brake(TradingState.HALT)

    async def script(console: Console) -> None:
        await begin(console)
        read_ticket(console)
        held.append(console)
        left = launches(console, monkeypatch)
        await press(console)
        assert len(left) == 25
        book = list(console.engine.book)
        assert sum(order.state is State.SKIPPED for order in book) == FOLLOWERS + 1 - 25
        assert not any(order.leaving for order in book)

    with world(FOLLOWERS) as made:
        made.live(script, fault=stop)


def test_a_poised_wave_that_broke_before_its_bytes_lends_nothing_to_the_next_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The next order is asked again before its bytes, as any that was not rehearsed."""
    held: list[Console] = []
    broken: list[str] = []

    def fail(point: str) -> None:
        if point != faultpoints.AFTER_PLAN_COMMIT or not held:
            return
        if not broken:
            broken.append(point)
            raise RuntimeError("as a bug would")
        engine = held[0].engine
        engine.cancel_plan(list(engine.book.plans)[-1], "operator")

    async def script(console: Console) -> None:
        held.append(console)
        await begin(console)
        read_ticket(console)
        left = launches(console, monkeypatch)
        with pytest.raises(RuntimeError):
            await press(console)
        await press(console, name="regretted", which=1)
        assert left == []

    with world(3) as made:
        made.live(script, fault=fail)
        assert made.broker.ledger.wire == []


def test_a_machine_that_slept_in_the_commit_sends_nothing_old() -> None:
    held: list[Console] = []

    def sleep(point: str) -> None:
        if point == faultpoints.AFTER_PLAN_COMMIT and held:
            held.pop().world.time.now_ns += 3_600_000_000_000

    async def script(console: Console) -> None:
        await begin(console)
        read_ticket(console)
        held.append(console)
        await press(console)
        await console.world.clock.sleep(5)
        states = {order.state for order in console.engine.book}
        assert states == {State.STALE, State.SKIPPED}  # the master, and his followers with him

    with world(3) as made:
        made.live(script, fault=sleep)
        assert made.broker.ledger.wire == []


async def test_what_is_awaited_tells_before_anybody_else_has_a_turn() -> None:
    told: list[str] = []

    async def at_once() -> int:
        return 1

    async def later(error: Exception | None = None) -> int:
        await asyncio.sleep(0)
        told.append("others had a turn")
        if error is not None:
            raise error
        await asyncio.sleep(0)
        return 2

    assert await attended(at_once(), lambda: told.append("told")) == 1
    assert told == []
    assert await attended(later(), lambda: told.append("told")) == 2
    assert told == ["told", "others had a turn"]
    with pytest.raises(ValueError, match="mine"):
        await attended(later(ValueError("mine")), lambda: None)
    waiting = asyncio.ensure_future(attended(asyncio.Event().wait(), lambda: told.append("told")))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


def test_a_command_of_an_earlier_day_is_known_also_when_its_ticket_was_read_again() -> None:
    async def monday(console: Console) -> None:
        await begin(console)
        await press(console, away=-60)
        await console.world.clock.sleep(5)

    async def tuesday(console: Console) -> None:
        await begin(console)
        await console.engine.resume("operator", "a new day")
        read_ticket(console)
        await console.world.clock.sleep(2)
        with pytest.raises(DeniedError) as refused:
            await press(console)
        assert refused.value.code == "known"
        assert all(not lane.leaving for lane in console.engine.lanes)

    with world(2) as made:
        made.live(monday)
        made.time.now_ns += 24 * 3_600 * 10**9
        sent = len(made.broker.ledger.wire)
        made.live(tuesday)
        assert len(made.broker.ledger.wire) == sent
