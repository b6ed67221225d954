"""At the live broker each day begins with exits alone, until a person arms it.

The simulator's positions and its wire are the judge.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from copytrade_gui.domain.order import Product, Side
from copytrade_gui.domain.trading_state import NOT_ARMED, TradingState
from copytrade_gui.engine.orders.settings import EngineSettings
from copytrade_gui.engine.planning.denied import DeniedError
from tests.engine.test_exits import position, press, ticket
from tests.engine.test_leaving import begin
from tests.proof.p16_clock import JumpyClock
from tests.proof.rig import MORNING_NS, Console, World, world

HOUR_NS = 3_600 * 1_000_000_000
LATE_NS = MORNING_NS + 14 * HOUR_NS - 60 * 1_000_000_000  # 23:59 IST
LIVE = EngineSettings(arms_each_day=True)


@contextmanager
def live_world(starts_ns: int = MORNING_NS, followers: int = 2) -> Iterator[World]:
    with world(followers, settings=LIVE, starts_ns=starts_ns) as made:
        yield made


async def buys(console: Console) -> None:
    """A master's order that opens, and its copies."""
    made = console.world
    before = position(made, 1, "NORMAL")
    await press(console, ticket(made, Side.BUY, product=Product.NORMAL))
    assert position(made, 1, "NORMAL") > before


async def opens_nothing(console: Console) -> None:
    wire = len(console.world.broker.ledger.wire)
    with pytest.raises(DeniedError, match="not armed today"):
        await press(console, ticket(console.world, Side.BUY, product=Product.NORMAL))
    assert len(console.world.broker.ledger.wire) == wire


def test_the_first_start_opens_nothing_until_a_person_arms_the_day() -> None:
    async def script(console: Console) -> None:
        await begin(console)
        change = console.engine.gate.change
        assert (change.state, change.reason) == (TradingState.REDUCE, NOT_ARMED)
        assert change.not_armed
        assert console.store.stop_files.newest() == change  # as scripts see it
        await opens_nothing(console)
        await console.engine.resume("operator", "Armed for the day.")
        await buys(console)

    with live_world() as made:
        made.live(script)


def test_a_day_stays_armed_through_restarts_and_the_next_one_is_not() -> None:
    async def armed(console: Console) -> None:
        await begin(console)
        await console.engine.resume("operator", "Armed for the day.")
        await buys(console)

    async def same_day(console: Console) -> None:
        await begin(console)
        console.see_price()
        await buys(console)

    async def next_day(console: Console) -> None:
        await begin(console)
        assert console.engine.gate.change.not_armed
        await opens_nothing(console)

    with live_world() as made:
        made.live(armed)
        made.live(same_day)
        made.time.now_ns += 23 * HOUR_NS
        made.live(next_day)
        made.live(next_day)  # what nobody armed is not armed by being started again


def test_midnight_disarms_a_console_that_runs_on_and_exits_leave() -> None:
    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        await console.engine.resume("operator", "Armed for the day.")
        await buys(console)
        console.engine.look_for_stops()
        assert console.engine.gate.change.state is TradingState.ACTIVE
        await made.clock.sleep(60)
        console.engine.look_for_stops()
        assert console.engine.gate.reduces  # before the next byte
        console.log_all_in()  # sessions end with the day
        await made.clock.sleep(15)  # the master's position is read
        console.see_price()
        assert console.engine.gate.change.not_armed
        await opens_nothing(console)
        await press(console, ticket(made, Side.SELL, product=Product.NORMAL))
        assert (position(made, 0, "NORMAL"), position(made, 1, "NORMAL")) == (0, 0)
        await console.engine.resume("operator", "Armed for the day.")
        console.engine.look_for_stops()
        await buys(console)

    with live_world(LATE_NS) as made:
        made.live(script)


def test_a_machine_that_slept_through_the_night_wakes_up_with_exits_alone() -> None:
    async def script(console: Console) -> None:
        await begin(console)
        await console.engine.resume("operator", "Armed for the day.")
        await buys(console)
        clock = console.world.clock
        assert isinstance(clock, JumpyClock)
        console.world.time.now_ns += 23 * HOUR_NS
        clock.mono_off_ns -= 23 * HOUR_NS
        console.engine.gate.notice_time()
        console.log_all_in()
        await clock.sleep(60)
        console.see_price()
        assert console.engine.gate.change.not_armed
        await opens_nothing(console)

    with live_world() as made:
        made.clock = JumpyClock(made.time)
        made.live(script)


@pytest.mark.parametrize("stop", [TradingState.PAUSE, TradingState.HALT])
def test_a_stop_of_the_evening_before_stays_and_ending_it_arms_the_day(stop: TradingState) -> None:
    async def evening(console: Console) -> None:
        await begin(console)
        await console.engine.stop_trading(stop, "operator", "home")

    async def morning(console: Console) -> None:
        await begin(console)
        assert console.engine.gate.state is stop
        await console.engine.resume("operator", "a new day")
        console.engine.look_for_stops()
        await buys(console)

    with live_world() as made:
        made.live(evening)
        made.time.now_ns += 23 * HOUR_NS
        made.live(morning)


def test_a_pause_that_was_pressed_while_the_books_were_read_is_no_arming() -> None:
    """It stays a pause, and only a person's resume lets anything open."""

    async def script(console: Console) -> None:
        await console.engine.stop_trading(TradingState.PAUSE, "operator", "wait")
        await begin(console)
        assert not console.engine.gate.may_plan
        await console.engine.resume("operator", "go")
        await buys(console)

    with live_world() as made:
        made.live(script)


def test_paper_is_armed_by_itself() -> None:
    async def script(console: Console) -> None:
        await begin(console)
        await buys(console)

    with world(2) as made:
        made.live(script)
