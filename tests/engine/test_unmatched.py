"""The master's order is rejected after its copies filled: the loudest alarm there is."""

from __future__ import annotations

import pytest

from copytrade_gui.domain.events import Alarm, Event, Severity
from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.order import FanOut, State
from copytrade_gui.simulator.faults import Fault
from tests.engine.test_leaving import begin
from tests.proof.rig import Console, World, world


def reject_the_master(made: World) -> None:
    client = made.accounts[0].client_id
    made.broker.add_fault(Fault(action="reject", text="RMS:Margin Exceeds", accounts=[client]))


def alarms(console: Console) -> list[Alarm]:
    heard: list[Alarm] = []

    def hear(event: Event) -> None:
        if isinstance(event, Alarm) and event.code == "master_failed_copies_filled":
            heard.append(event)

    console.engine.bus.subscribe(hear)
    return heard


async def place(console: Console, name: str, fan_out: FanOut, away: int = -60) -> None:
    made = console.world
    await console.engine.submit(made.master, made.terms(away=away), fan_out, CommandId(name))
    await made.clock.sleep(10)


def test_a_rejected_master_whose_followers_filled_is_told_with_names_and_quantities() -> None:
    async def script(console: Console) -> None:
        heard = alarms(console)
        await begin(console)
        reject_the_master(console.world)
        await place(console, "one", FanOut.WITH_MASTER)
        states = [order.state for order in console.engine.book]
        assert states == [State.REJECTED, State.FILLED, State.FILLED]
        # Who filled may become known one after the other: it is told again with the new figures.
        alarm = heard[-1]
        assert len({one.sentence for one in heard}) == len(heard)
        assert alarm.severity is Severity.CRITICAL
        assert alarm.sentence == (
            "MASTER REJECTED, FOLLOWERS FILLED: BUY 10 INFY-EQ of Master came to nothing "
            "(RMS:Margin Exceeds), but 2 followers filled 25: Follower 2 20, Follower 1 5. Nothing "
            "is traded back by itself: look at the exit that is proposed, or take the position "
            "for the master too."
        )

    with world(2) as made:
        made.live(script)


def test_what_fills_later_is_told_again_with_the_new_figures() -> None:
    async def script(console: Console) -> None:
        made, heard = console.world, alarms(console)
        await begin(console)
        reject_the_master(made)
        late = Fault(action="show_late", seconds=20, accounts=[made.accounts[1].client_id])
        made.broker.add_fault(late)
        await place(console, "one", FanOut.WITH_MASTER)
        await made.clock.sleep(60)
        assert ["filled 20:" in heard[0].sentence, "filled 25:" in heard[-1].sentence] == [True] * 2
        assert len(heard) == 2

    with world(2) as made:
        made.live(script)


def test_a_rejection_that_is_shown_after_the_copies_filled_is_told() -> None:
    async def script(console: Console) -> None:
        made, heard = console.world, alarms(console)
        await begin(console)
        reject_the_master(made)
        late = Fault(action="show_late", seconds=20, accounts=[made.accounts[0].client_id])
        made.broker.add_fault(late)
        await place(console, "one", FanOut.WITH_MASTER)
        assert not heard
        await made.clock.sleep(60)
        assert ["filled 25:" in one.sentence for one in heard] == [True]

    with world(2) as made:
        made.live(script)


@pytest.mark.parametrize("case", ["all filled", "all rest", "held back"])
def test_nothing_is_told_where_nobody_filled_alone(case: str) -> None:
    async def script(console: Console) -> None:
        heard = alarms(console)
        await begin(console)
        if case != "all filled":
            reject_the_master(console.world)
        fan_out = FanOut.ON_MASTER_WORKING if case == "held back" else FanOut.WITH_MASTER
        await place(console, "one", fan_out, away=60 if case == "all rest" else -60)
        assert heard == []

    with world(2) as made:
        made.live(script)
