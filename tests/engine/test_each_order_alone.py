"""What goes wrong for one order of a wave concerns that order alone (docs/safety.md 1.7)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.order import State
from copytrade_gui.engine.orders import faultpoints
from copytrade_gui.ports import OrderChannel, PlaceReply, PreparedOrder
from tests.engine.test_leaving import begin, press
from tests.proof.judge import judge
from tests.proof.rig import Console, World, world


def states(console: Console) -> dict[str, State]:
    return {order.intent.account_id: order.state for order in console.engine.book}


def sent(made: World) -> list[int]:
    lines = Counter(line.account for line in made.broker.ledger.wire)
    return [lines[account.client_id] for account in made.accounts]


def channel_of(console: Console, account: str) -> OrderChannel:
    session = console.engine.lanes[AccountId(account)].session
    assert session is not None
    return session.orders


def broken(channel: OrderChannel, call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The channel's ``call`` fails; ``place`` only after it took the order."""
    place = channel.place

    def launch(_: PreparedOrder) -> None:
        raise OSError("the socket is odd")

    def after(order: PreparedOrder, deadline_ms: int, done: Callable[[PlaceReply], None]) -> None:
        place(order, deadline_ms, done)
        raise OSError("the socket is odd")

    monkeypatch.setattr(channel, call, launch if call == "launch" else after)


@pytest.mark.parametrize("call", ["launch", "place"])
def test_a_road_that_fails_holds_up_nobody_else_and_its_order_is_unknown(
    call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A byte of it may have left: never called not sent, never sent again, sought in the book."""

    async def script(console: Console) -> None:
        await begin(console)
        for account in ("F001", "F003"):
            broken(channel_of(console, account), call, monkeypatch)
        await press(console, "odd", away=60)
        assert states(console)["F001"] is states(console)["F003"] is State.UNKNOWN
        await console.world.clock.sleep(20)
        assert {states(console)[name] for name in ("M", "F002", "F004")} == {State.WORKING}
        assert len(console.bugs) == 1
        await console.world.clock.sleep(300)
        assert states(console)["F001"] is states(console)["F003"] is State.NOT_PLACED
        (await judge(console, 1)).must_be_clean("an odd channel")

    with world(4) as made:
        made.live(script)
        assert sent(made) == [1, 0, 1, 0, 1]


def test_a_bug_while_a_reply_is_taken_in_leaves_its_order_in_doubt_and_the_book_decides() -> None:
    held: list[Console] = []

    def fail(point: str) -> None:
        if point == faultpoints.AFTER_REPLY and held:
            held.pop()
            raise ZeroDivisionError

    async def script(console: Console) -> None:
        await begin(console)
        held.append(console)
        await press(console, "odd", away=60)
        await console.world.clock.sleep(1)
        assert sorted(states(console).values()).count(State.UNKNOWN) == 1
        await console.world.clock.sleep(20)
        assert set(states(console).values()) == {State.WORKING}
        assert len(console.bugs) == 1

    with world(2) as made:
        made.live(script, fault=fail)
        assert sent(made) == [1, 1, 1]


def test_a_bug_while_marks_are_stored_ends_those_orders_and_blocks_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A follower's second order in the same instrument leaves as if the first had never been."""

    async def odd(*_: object, **__: object) -> None:
        raise ValueError("odd")

    async def script(console: Console) -> None:
        await begin(console)
        made = console.world
        console.engine.lanes[AccountId("F001")].wait_until_ns = made.clock.mono_ns() + 10**9
        await press(console, "waits", away=60)
        with monkeypatch.context() as patch:
            patch.setattr(console.store.journal, "commit_attempts", odd)
            await made.clock.sleep(3)
        assert states(console)["F001"] is State.SKIPPED
        await press(console, "next", away=60)
        await made.clock.sleep(3)
        assert states(console)["F001"] is State.WORKING
        assert len(console.bugs) == 1

    with world(2) as made:
        made.live(script)
        assert sent(made) == [2, 1, 2]


def test_an_order_that_cannot_be_made_ready_holds_up_nobody_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def odd(*_: object) -> None:
        raise ValueError("odd")

    async def script(console: Console) -> None:
        await begin(console)
        monkeypatch.setattr(channel_of(console, "F001"), "prepare", odd)
        await press(console, "odd", away=60)
        await console.world.clock.sleep(5)
        assert states(console) == {"M": State.WORKING, "F001": State.SKIPPED, "F002": State.WORKING}
        assert len(console.bugs) == 1
        monkeypatch.undo()
        await press(console, "next", away=60)
        await console.world.clock.sleep(5)
        (judge_of,) = (await judge(console, 2),)
        judge_of.must_be_clean("odd")

    with world(2) as made:
        made.live(script)
        assert sent(made) == [2, 1, 2]


def test_what_waits_is_looked_at_again_after_a_bug_in_the_pump(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """F002 waits longer than F001, whose marks fail oddly; nobody else kicks the queue."""

    async def odd(*_: object, **__: object) -> None:
        raise ValueError("odd")

    async def script(console: Console) -> None:
        await begin(console)
        made = console.world
        now = made.clock.mono_ns()
        console.engine.lanes[AccountId("F001")].wait_until_ns = now + 20 * 10**9
        console.engine.lanes[AccountId("F002")].wait_until_ns = now + 25 * 10**9
        await press(console, "waits", away=60)
        await made.clock.sleep(15)
        monkeypatch.setattr(console.store.journal, "commit_attempts", odd)
        await made.clock.sleep(7)
        monkeypatch.undo()
        await made.clock.sleep(6)
        assert states(console)["F001"] is State.SKIPPED
        assert states(console)["F002"] is State.WORKING

    with world(2) as made:
        made.live(script)
        assert sent(made) == [1, 0, 1]
