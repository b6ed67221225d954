"""While an order waits on its channel for a connection: its age, a stop, a cancel, a log-out."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from copytrade_gui.domain.account import SessionState
from copytrade_gui.domain.calendar import indian_day
from copytrade_gui.domain.halt import Finding
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.order import State
from copytrade_gui.domain.trading_state import TradingState
from tests.engine.test_leaving import begin, press
from tests.proof.rig import Console, world

F1 = AccountId("F001")


def of(console: Console, account: str) -> State:
    (order,) = console.engine.book.of_account(AccountId(account))
    return order.state


def sent_by(console: Console, number: int) -> int:
    made = console.world
    client = made.accounts[number].client_id
    return sum(line.account == client for line in made.broker.ledger.wire)


def _brake(console: Console) -> None:
    console.engine.brake(TradingState.HALT)


def _kill_file(console: Console) -> None:
    console.store.kill_flag._path.write_text("by hand\n")


def _log_out(console: Console) -> None:
    console.engine.detach(F1, SessionState.LOGGED_OUT, "Logged out.")


def _cancel(console: Console) -> None:
    (order,) = console.engine.book.of_account(F1)
    console.engine.cancel([order.intent.intent_id], "operator")


def _loss_limit(console: Console) -> None:
    today = indian_day(console.world.time.wall_ns())
    console.engine.core.halts.stop(F1, Finding("day_loss 1", "Lost.", only_exits=True, day=today))


def _told_to_wait(console: Console) -> None:
    lane = console.engine.lanes[F1]
    lane.wait_until_ns = console.world.clock.mono_ns() + 9 * 10**9


@pytest.mark.parametrize(
    ("during", "becomes"),
    [
        (_brake, {State.NOT_SENT}),
        (_kill_file, {State.SKIPPED}),
        (_log_out, {State.NOT_SENT}),
        (_cancel, {State.SKIPPED}),
        (_told_to_wait, {State.NOT_SENT}),
        (_loss_limit, {State.NOT_SENT, State.BLOCKED}),
    ],
)
def test_what_comes_while_an_order_waits_for_its_connection_holds_it(
    during: Callable[[Console], None], becomes: set[State]
) -> None:
    async def script(console: Console) -> None:
        await begin(console)
        made = console.world
        made.line.connect_s = 0.5
        await press(console, "slow way", away=60)
        await made.clock.sleep(0.2)
        during(console)
        await made.clock.sleep(1.5)
        assert of(console, "F001") in becomes
        assert sent_by(console, 1) == 0
        made.line.connect_s = 0.0
        await made.clock.sleep(0.5)

    with world(1) as made:
        made.live(script)


def test_an_order_that_grows_too_old_on_its_road_does_not_leave() -> None:
    """It was chosen after 59 s of its 60, and its connection takes 2 s: docs/safety.md 1.8."""

    async def script(console: Console) -> None:
        await begin(console)
        made = console.world
        console.engine.lanes[F1].wait_until_ns = made.clock.mono_ns() + 59 * 10**9
        await press(console, "late", away=60)
        await made.clock.sleep(58)
        made.line.connect_s = 2.0
        await made.clock.sleep(60)
        (order,) = console.engine.book.of_account(F1)
        assert order.state in (State.NOT_SENT, State.STALE)
        assert "signal age" in order.reason
        assert sent_by(console, 1) == 0

    with world(1) as made:
        made.live(script)


def test_an_order_that_was_held_leaves_once_when_it_may() -> None:
    async def script(console: Console) -> None:
        await begin(console)
        made = console.world
        made.line.connect_s = 0.5
        await press(console, "slow way", away=60)
        await made.clock.sleep(0.2)
        await console.engine.stop_trading(TradingState.HALT, "operator", "look")
        await made.clock.sleep(3)
        made.line.connect_s = 0.0
        await console.engine.resume("operator", "looked")
        await made.clock.sleep(3)
        assert of(console, "F001") is State.WORKING
        assert sent_by(console, 1) == 1

    with world(1) as made:
        made.live(script)
