"""Copies that wait for a better price, and what else happens meanwhile.

Nothing leaves behind an exit or a stop, nor beyond the guard, nor for more than the master has.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from copytrade_gui.domain.checks.limits import NO_LIMITS, Limits
from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.order import FanOut, OrderType, Side, State
from copytrade_gui.domain.seen import Follow
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.engine.planning import entries
from copytrade_gui.simulator.config import Switches
from tests.engine.test_every_check import in_a_ban, old_contracts
from tests.engine.test_exits import F1, position, press, ticket
from tests.engine.test_links import M, change, held
from tests.engine.test_master_elsewhere import LOOKING, copies, elsewhere, only, ready
from tests.engine.test_price_guard import at_broker, moves
from tests.engine.test_price_waits import kept_for_its_price, waiting
from tests.proof.rig import Console, world

BUY, SELL = Side.BUY, Side.SELL


async def exits(console: Console) -> None:
    await press(console, ticket(console.world, SELL), wait_s=0)


def stops(state: TradingState) -> Callable[[Console], Awaitable[None]]:
    async def stop(console: Console) -> None:
        await console.engine.stop_trading(state, "operator", "Looking.")
        await console.engine.resume("operator", "Go on.")

    return stop


@pytest.mark.parametrize(
    ("what", "after_s"),
    [("exit", 5), ("exit", 90), ("PAUSE", 5), ("REDUCE", 90), ("HALT", 90)],
)
def test_what_has_its_price_and_waits_for_its_account_ends_like_what_waits_for_a_price(
    what: str, after_s: int
) -> None:
    """The account takes no order for a while: an entry must not come behind an exit or a stop."""

    async def script(console: Console) -> None:
        made = console.world
        copy, _ = await kept_for_its_price(console, seconds=600)
        console.engine.lanes[F1].wait_until_ns = made.clock.mono_ns() + 110_000_000_000
        await moves(console, -0.5)
        await made.clock.sleep(after_s)
        assert copy.state is State.PLANNED
        await (exits if what == "exit" else stops(TradingState(what)))(console)
        for _ in range(12):
            await made.clock.sleep(10)
            console.see_price()
        assert at_broker(made, 1) == []
        assert held(console)[1] == 0
        assert (copy.state, copy.code) == (
            State.SKIPPED, "master_exits" if what == "exit" else "stopped"
        )  # fmt: skip

    with world(1, settings=LOOKING) as made:
        made.live(script)


@pytest.mark.parametrize(("kept", "code"), [(in_a_ban, "ban"), (old_contracts, "old_contracts")])
def test_a_copy_that_waits_opens_nothing_in_what_only_exits_may_leave_by_then(
    kept: Callable[[Console], None], code: str
) -> None:
    """The day's ban list came, or the contract file grew old, while it waited."""

    async def script(console: Console) -> None:
        made = console.world
        copy, _ = await kept_for_its_price(console, seconds=600)
        kept(console)
        await made.clock.sleep(3)
        assert (copy.state.ended, copy.code) == (True, code)
        await moves(console, -0.5)
        await made.clock.sleep(10)
        assert at_broker(made, 1) == []

    with world(1, settings=LOOKING) as made:
        made.live(script)


def test_a_guard_holds_however_many_plans_are_made_while_a_copy_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(entries, "_REMEMBERED", 4)

    async def script(console: Console) -> None:
        made = await ready(console, Follow.ASK)
        change(console, F1, guard=waiting(600))
        await moves(console, 0.01)
        elsewhere(made, made.terms(order_type=OrderType.MARKET), kind="MARKET")
        await made.clock.sleep(3)
        await moves(console, 0.7)
        seen = only(console)
        await console.engine.master_signals.copy(M, seen.broker_order_id, seen.quantity)
        await made.clock.sleep(3)
        (copy,) = copies(console, only(console))
        for _ in range(8):
            console.see_price()
            await press(console, made.terms(which=1), wait_s=0.2)
        assert (copy.state, copy.code) == (State.PLANNED, "awaits_price")

    with world(1, settings=LOOKING) as made:
        made.live(script)


def test_a_copy_that_waits_for_its_price_is_given_up_when_its_master_makes_his_order_smaller() -> (
    None
):
    """It would fill whole, for more than he has."""

    async def script(console: Console) -> None:
        made, engine = await ready(console), console.engine
        change(console, F1, guard=waiting(600))
        engine.lanes[F1].wait_until_ns = made.clock.mono_ns() + 12_000_000_000
        terms = ticket(made, BUY, away=20)
        placed = await engine.submit(M, terms, FanOut.WITH_MASTER, CommandId("parts"))
        await made.clock.sleep(2)
        (his,) = made.broker.accounts[0].orders.values()
        his.parts = 10
        key = made.instruments[0].key
        made.broker.set_price(key.exchange, key.instrument_id, his.terms.price)
        await made.clock.sleep(7)
        made.broker.set_price(key.exchange, key.instrument_id, his.terms.price * 102 // 100)
        for _ in range(3):
            console.see_price()
            await made.clock.sleep(2)
        lead, copy = engine.book.of_plan(placed.plan.plan_id)
        assert (copy.code, 0 < lead.filled < 8) == ("awaits_price", True)
        await engine.modify(lead.intent.intent_id, replace(terms, quantity=8))
        await made.clock.sleep(5)
        made.broker.set_price(key.exchange, key.instrument_id, his.terms.price)
        console.see_price()
        await made.clock.sleep(60)
        assert position(made, 0) == 8
        assert at_broker(made, 1) == []
        assert "made his order smaller" in copy.reason

    still = Switches(fill_ms=4_000, market="still", partial_rate=0)
    with world(1, settings=LOOKING, switches=still) as made:
        made.live(script)


@pytest.mark.parametrize(
    ("limits", "left"),
    [
        (replace(NO_LIMITS, net_position=10), 10),
        (replace(NO_LIMITS, open_orders=2), 10),
        (NO_LIMITS, 20),
    ],
)
def test_copies_that_wait_for_one_price_count_for_limits_before_they_leave_together(
    limits: Limits, left: int
) -> None:
    async def script(console: Console) -> None:
        made = console.world
        await kept_for_its_price(console, seconds=600)
        console.engine.clearing.limits.put(F1, limits)
        console.engine.lanes[F1].wait_until_ns = made.clock.mono_ns() + 8_000_000_000
        await moves(console, -0.7)
        for _ in range(3):
            await press(console, ticket(made, BUY), wait_s=0.5)
        await made.clock.sleep(15)
        console.see_price()
        await made.clock.sleep(10)
        assert position(made, 1) == left

    with world(1, settings=LOOKING) as made:
        made.live(script)
