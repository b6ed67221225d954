"""Catching up never gives anybody twice, or more than his share, whatever happens beside it.

The simulator's positions and ledger are the judge.
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from copytrade_gui.domain.checks.limits import NO_LIMITS
from copytrade_gui.domain.ids import AccountId, CommandId
from copytrade_gui.domain.link import Copies, LinkState
from copytrade_gui.domain.order import Side, State
from copytrade_gui.domain.records import OPERATOR
from copytrade_gui.domain.seen import Follow
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.engine.orders import faultpoints
from copytrade_gui.services.catch_up import CatchUps
from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.simulator.faults import Fault
from tests.engine.test_every_check import in_a_ban, old_contracts
from tests.engine.test_exits import F1, F2, position, press, switch, ticket
from tests.engine.test_fill_copy import begins, fills, here
from tests.engine.test_leaving import begin, shut
from tests.engine.test_links import M, change, held, link_of
from tests.engine.test_master_elsewhere import LOOKING, elsewhere, only
from tests.proof.rig import Console, ProgramStopped, world
from tests.services.test_catch_up import by_account, catch_up, place, preview

BUY, SELL = Side.BUY, Side.SELL
F3 = AccountId("F003")


async def tries(console: Console, number: int) -> int:
    """One more hand that catches everybody up, by what a preview says now; how many orders."""
    with contextlib.suppress(RefusedError):
        told = await preview(console)
        agreed = {line.account_id: line.units for line in told.placed}
        command = CommandId(f"hand {number} at {console.world.time.now_ns}")
        return await CatchUps(console.engine).begin(M, place(console), agreed, command)
    return 0


async def lacking(console: Console, quantity: int = 20) -> None:
    """F1, who copies a half, was off when the master bought."""
    await begin(console)
    switch(console, F1, on=False)
    await press(console, ticket(console.world, BUY, quantity))
    switch(console, F1, on=True)
    await console.world.clock.sleep(15)


@pytest.mark.parametrize("seed", range(4))
def test_hands_that_catch_up_all_the_time_give_nobody_more_than_his_share(seed: int) -> None:
    """The master trades here and elsewhere, and followers come and go, while someone presses."""
    chance = random.Random(f"catch up/{seed}")  # noqa: S311 - the order of events is no secret

    async def script(console: Console) -> None:
        made = console.world
        await begins(console)
        if seed % 2:  # parts of an exit are rounded one by one, so that he only enters
            change(console, F1, copies=Copies.FILLS)
        for number in range(14):
            if chance.random() < 0.4:
                switch(console, chance.choice((F1, F2, F3)), on=chance.random() < 0.6)
            net = position(made, 0)
            side = BUY if seed % 2 or net < 40 or chance.random() < 0.5 else SELL
            if side is SELL:  # who is off then would hold too much by right
                for one in (F1, F2, F3):
                    switch(console, one, on=True)
            if chance.random() < 0.5:
                elsewhere(made, ticket(made, side, 8))
            else:
                with contextlib.suppress(Exception):
                    await press(console, ticket(made, side, 8), wait_s=0)
            for hand in range(chance.randrange(1, 5)):
                await made.clock.sleep(chance.choice((0.0, 0.2, 0.7, 1.5, 4.0)))
                await tries(console, number * 10 + hand)
        for one in (F1, F2, F3):
            switch(console, one, on=True)
        await made.clock.sleep(20)
        his = position(made, 0)
        shares = [his // 2, his * 2, his * 3 // 2]
        assert all(has <= most for has, most in zip(held(console)[1:], shares, strict=True)), (
            held(console),
            shares,
        )
        await tries(console, 999)
        await made.clock.sleep(10)
        assert held(console)[1:] == shares

    with world(3, settings=LOOKING) as made:
        made.live(script)


@pytest.mark.parametrize("how", ["never left", "in doubt", "rests"])
def test_who_has_an_order_that_may_still_come_gets_no_second_one(how: str) -> None:
    async def script(console: Console) -> None:
        made = console.world
        await lacking(console)
        if how == "never left":
            shut(console, F1)  # it is tried again by itself, a quarter of a second later
        elif how == "in doubt":
            client = made.account(F1).client_id
            made.broker.add_fault(
                Fault(action="drop_reply", call="place", accounts=[client], count=1)
            )
        else:
            await press(console, ticket(made, BUY, 4, away=60))
        if how != "rests":
            assert await tries(console, 1) == 1
        await made.clock.sleep(0.05)
        line = by_account(await preview(console))[F1]
        assert (line.units, line.code) == (0, "on_the_way")
        assert await tries(console, 2) == 0
        if how == "never left":
            console.log_in(F1)
        await made.clock.sleep(40)
        await tries(console, 3)
        await made.clock.sleep(10)
        assert position(made, 1) == (0 if how == "rests" else 10)

    with world(2) as made:
        made.live(script)


def test_fills_that_are_about_to_be_copied_are_not_caught_up_as_well() -> None:
    """F1 copies fills. Part after part of the master's order fills, and a hand presses at once."""

    async def script(console: Console) -> None:
        made = console.world
        await begins(console)
        change(console, F1, copies=Copies.FILLS)
        order = await here(console, BUY, 40)
        for part in range(5):
            await fills(console, order, 8, wait_s=0.1)
            for hand in range(6):
                await tries(console, part * 10 + hand)
                await made.clock.sleep(0.3)
            await made.clock.sleep(6)
            assert position(made, 1) == position(made, 0) // 2 == 4 * (part + 1)

    with world(2, settings=LOOKING) as made:
        made.live(script)


def test_what_he_placed_elsewhere_is_decided_first() -> None:
    """Else a person would copy it after he has caught up with it."""

    async def script(console: Console) -> None:
        made, signals = console.world, console.engine.master_signals
        await begins(console)
        switch(console, F1, on=False)
        await press(console, ticket(made, BUY, 4))
        switch(console, F1, on=True)
        signals.set_follow(M, Follow.ASK)
        elsewhere(made, ticket(made, BUY, 20))
        await made.clock.sleep(15)
        assert "copied nor ignored" in (await preview(console)).denied
        with pytest.raises(RefusedError, match="copied nor ignored"):
            await CatchUps(console.engine).begin(M, place(console), {F1: 12}, CommandId("up"))
        assert signals.ignore(M, only(console).broker_order_id)
        assert await tries(console, 1) == 2
        await made.clock.sleep(8)
        assert held(console) == [24, 12, 48]

    with world(2, settings=LOOKING) as made:
        made.live(script)


_STOPS: dict[str, Callable[[Console], object]] = {
    "paused": lambda console: change(console, F1, state=LinkState.PAUSED),
    "frozen": lambda console: change(console, F1, state=LinkState.FROZEN),
    "close_only": lambda console: change(console, F1, state=LinkState.CLOSE_ONLY),
    "off": lambda console: switch(console, F1, on=False),
}


def test_in_every_stop_nobody_gets_anything_and_says_why() -> None:
    async def script(console: Console) -> None:
        made, engine = console.world, console.engine
        await lacking(console)
        before = len(made.broker.ledger.accepted)
        link, exits = link_of(console), engine.exits
        for code, stop in _STOPS.items():
            stop(console)
            assert by_account(await preview(console))[F1].code == code
            assert await tries(console, 1) == 0
            switch(console, F1, on=True)
            engine.put_link(link, "test")
        kept = exits.bans, exits.contracts
        for spoil in (in_a_ban, old_contracts):
            spoil(console)
            told = await preview(console)
            assert not told.placed
            assert "only what reduces" in told.denied
            exits.bans, exits.contracts = kept
        limits = engine.clearing.limits
        limits.put(F1, replace(NO_LIMITS, net_position=9))
        told = await preview(console)
        assert by_account(told)[F1].code == "net_position"
        limits.put(F1, NO_LIMITS)
        for state in (TradingState.REDUCE, TradingState.PAUSE, TradingState.HALT,
                      TradingState.KILL):  # fmt: skip
            told = await preview(console)
            assert [line.units for line in told.placed] == [10]
            await engine.stop_trading(state, OPERATOR, "Looking.")
            with pytest.raises(RefusedError):  # the preview was of before
                await catch_up(console, told, f"in {state}")
            assert not (await preview(console)).placed
            await made.clock.sleep(20)
            await engine.resume(OPERATOR, "Looked.")
            await made.clock.sleep(15)
        assert len(made.broker.ledger.accepted) == before

    with world(2) as made:
        made.live(script)


@pytest.mark.parametrize(
    "point",
    [
        faultpoints.BEFORE_PLAN_COMMIT,
        faultpoints.AFTER_PLAN_COMMIT,
        faultpoints.AFTER_WRITE,
        faultpoints.AFTER_REPLY,
    ],
)
def test_after_a_power_cut_the_press_is_known_and_another_hand_gives_nothing_more(
    point: str,
) -> None:
    armed: list[bool] = []

    def cut(at: str) -> None:
        if armed and at == point:
            raise ProgramStopped(point)

    async def dies(console: Console) -> None:
        await lacking(console)
        armed.append(True)
        await tries(console, 1)
        await console.world.clock.sleep(5)
        raise AssertionError("it was to die")

    async def again(console: Console) -> None:
        made = console.world
        await begin(console)
        await made.clock.sleep(30)
        await console.engine.resume(OPERATOR, "Looked.")
        for number in range(4):
            await tries(console, number)
            await made.clock.sleep(20)
        newest = list(console.engine.book.of_account(F1))[-1]
        assert position(made, 1) == 10 or newest.state is State.UNKNOWN
        assert held(console)[::2] == [20, 40]

    with world(2) as made:
        made.live(dies, fault=cut)
        armed.clear()
        made.live(again)
        assert len(made.broker.accounts[1].orders) <= 1
