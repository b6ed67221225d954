"""PAUSE, HALT and KILL: before every send, over a restart, and never made weaker."""

from __future__ import annotations

import asyncio

import pytest

from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.order import FanOut, State
from copytrade_gui.domain.trading_state import StateChange, TradingState
from copytrade_gui.engine.orders import faultpoints
from copytrade_gui.engine.orders.settings import EngineSettings
from copytrade_gui.engine.planning.denied import DeniedError
from tests.engine.test_leaving import launches
from tests.proof.judge import settled
from tests.proof.rig import Console, ProgramStopped, world


@pytest.mark.parametrize("state", [TradingState.PAUSE, TradingState.HALT, TradingState.KILL])
def test_a_stop_denies_new_orders_and_survives_a_restart(state: TradingState) -> None:
    async def stop(console: Console) -> None:
        console.log_all_in()
        await console.world.clock.sleep(5)
        await console.engine.stop_trading(state, "operator", "test")
        with pytest.raises(DeniedError):
            await console.engine.submit(
                console.world.master, console.world.terms(), FanOut.WITH_MASTER, CommandId("a")
            )

    async def look(console: Console) -> None:
        console.log_all_in()
        await console.world.clock.sleep(30)
        assert console.engine.gate.state is state
        with pytest.raises(DeniedError):
            await console.engine.submit(
                console.world.master, console.world.terms(), FanOut.WITH_MASTER, CommandId("b")
            )

    with world(3) as made:
        made.live(stop)
        made.live(look)
        assert made.broker.ledger.wire == []


@pytest.mark.parametrize("state", [TradingState.HALT, TradingState.KILL])
def test_a_brake_in_the_middle_of_a_wave_keeps_the_rest_at_home(
    state: TradingState, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gate is asked before every second write here; the third byte never leaves."""
    held: list[Console] = []

    def brake(point: str) -> None:
        if point == faultpoints.MID_WRITE and held:
            held[0].engine.brake(state)

    async def script(console: Console) -> None:
        held.append(console)
        console.log_all_in()
        await console.world.clock.sleep(5)
        launched = launches(console, monkeypatch)
        await console.engine.submit(
            console.world.master, console.world.terms(), FanOut.WITH_MASTER, CommandId("a")
        )
        await console.engine.stop_trading(state, "operator", "test")
        assert len(launched) == 2
        assert sum(order.state is State.SKIPPED for order in console.engine.book) == 9
        await console.engine.resume("operator", "enough")
        (await settled(console, 1)).must_be_clean("brake")

    with world(10, settings=EngineSettings(gate_every=2)) as made:
        made.live(script, fault=brake)
        # The rig's channel was still connecting: a HALT put the two off, a KILL dropped them.
        assert len(made.broker.ledger.wire) == (2 if state is TradingState.HALT else 0)


def test_a_kill_is_on_the_disk_before_it_acts() -> None:
    def die(point: str) -> None:
        if point == faultpoints.AFTER_KILL_FLAG:
            raise ProgramStopped(point)

    async def kill(console: Console) -> None:
        console.log_all_in()
        await console.world.clock.sleep(5)
        await console.engine.submit(
            console.world.master,
            console.world.terms(away=60),
            FanOut.WITH_MASTER,
            CommandId("resting"),
        )
        await console.world.clock.sleep(3)
        await console.engine.stop_trading(TradingState.KILL, "operator", "test")

    async def after(console: Console) -> None:
        assert console.engine.gate.state is TradingState.KILL
        console.log_all_in()
        await console.world.clock.sleep(60)
        assert {order.state for order in console.engine.book} == {State.CANCELLED}

    with world(3) as made:
        assert made.live(kill, fault=die) is None
        made.live(after)
        cancels = [path for _, method, path, _ in made.wire if method == "DELETE"]
        assert len(set(cancels)) == 4


def test_a_stop_pressed_while_a_weaker_one_is_stored_stays_in_force() -> None:
    """The window's thread brakes at any moment; storing PAUSE must not lift the KILL after it."""

    async def script(console: Console) -> None:
        console.log_all_in()
        await console.world.clock.sleep(5)
        gate = console.engine.gate
        pause = StateChange(TradingState.PAUSE, "operator", "test", 1)
        gate.brake(TradingState.PAUSE)
        gate.brake(TradingState.KILL)
        gate.put(pause)
        assert gate.state is TradingState.KILL
        await console.engine.stop_trading(TradingState.KILL, "operator", "test")
        await console.engine.resume("operator", "test")
        assert console.engine.gate.may_send

    with world(1) as made:
        made.live(script)


def test_a_halt_pressed_while_a_resume_is_stored_survives_a_crash_before_its_own_commit() -> None:
    async def first(console: Console) -> None:
        console.log_all_in()
        await console.world.clock.sleep(5)
        engine, journal = console.engine, console.store.journal
        await engine.stop_trading(TradingState.PAUSE, "operator", "test")
        commit = journal.commit_trading_state

        async def slowly(change: StateChange) -> None:
            await console.world.clock.sleep(0.05)
            if change.state is TradingState.HALT:
                await console.world.clock.sleep(60)  # the power goes before the disk is done
            await commit(change)

        journal.commit_trading_state = slowly  # type: ignore[method-assign]  # a slow disk
        resumed = asyncio.create_task(engine.resume("operator", "test"))
        await console.world.clock.sleep(0.01)
        halted = asyncio.create_task(engine.stop_trading(TradingState.HALT, "operator", "now"))
        await resumed
        assert engine.gate.state is TradingState.HALT
        halted.cancel()
        raise ProgramStopped("power cut")

    async def again(console: Console) -> None:
        console.log_all_in()
        await console.world.clock.sleep(30)
        assert console.engine.gate.state is TradingState.HALT

    with world(1) as made:
        made.live(first)
        made.live(again)


def test_a_storage_failure_never_makes_a_kill_weaker() -> None:
    async def script(console: Console) -> None:
        console.log_all_in()
        await console.world.clock.sleep(5)
        console.engine.brake(TradingState.KILL)  # pressed, and not stored yet
        console.engine.storage_failed("The disk is full.")
        assert console.engine.gate.state is TradingState.KILL
        await console.engine.stop_trading(TradingState.KILL, "operator", "test")
        console.engine.storage_failed("The disk is still full.")
        assert console.engine.gate.state is TradingState.KILL

    with world(1) as made:
        made.live(script)


def test_a_halt_for_the_storage_survives_a_restart() -> None:
    async def fail(console: Console) -> None:
        console.log_all_in()
        await console.world.clock.sleep(5)
        console.engine.storage_failed("The disk is full.")
        await console.world.clock.sleep(5)
        raise ProgramStopped("power cut")

    async def look(console: Console) -> None:
        console.log_all_in()
        await console.world.clock.sleep(30)
        assert console.engine.gate.state is TradingState.HALT

    with world(1) as made:
        made.live(fail)
        made.live(look)


def test_a_pause_pressed_during_recovery_survives_a_restart() -> None:
    async def trade(console: Console) -> None:
        console.log_all_in()
        await console.world.clock.sleep(5)
        await console.engine.submit(
            console.world.master, console.world.terms(away=60), FanOut.WITH_MASTER, CommandId("a")
        )
        await console.world.clock.sleep(3)
        raise ProgramStopped("power cut")

    async def pause(console: Console) -> None:
        assert console.engine.gate.state is TradingState.RECOVERING  # nobody is logged in
        await console.engine.stop_trading(TradingState.PAUSE, "operator", "test")
        raise ProgramStopped("power cut")

    async def look(console: Console) -> None:
        console.log_all_in()
        await console.world.clock.sleep(30)
        assert console.engine.gate.state is TradingState.PAUSE

    with world(1) as made:
        made.live(trade)
        made.live(pause)
        made.live(look)
