"""Our records were lost: today's orders are rebuilt from the broker's books, never sent again."""

from __future__ import annotations

from pathlib import Path

import pytest

from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.order import FanOut, State
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.engine.planning.denied import DeniedError
from copytrade_gui.storage.files.folder import DataFolder
from tests.engine.test_kill import open_at_broker, place_elsewhere, rest
from tests.engine.test_leaving import begin, press
from tests.proof.restored import put_back
from tests.proof.rig import Console, ProgramStopped, World, world


class Day:
    """A database, a copy of it from before the orders, and the folder they are in."""

    def __init__(self) -> None:
        self.copy = Path()

    async def trade(self, console: Console) -> None:
        """Three master orders that rest, of which the copy knows nothing."""
        await self.keep_copy(console)
        await rest(console, 3)
        await console.world.clock.sleep(60)

    async def keep_copy(self, console: Console) -> None:
        """Log all in, and keep a copy of what is known so far."""
        await begin(console)
        copy = await console.store.backups.make(
            console.store.database, console.store.order_log, console.world.time.wall_ns()
        )
        assert copy is not None
        self.copy = copy

    @property
    def database(self) -> Path:
        return DataFolder(self.copy.parents[1]).database


def numbers(made: World) -> set[str]:
    return {order.order_id for order in made.broker.ledger.accepted}


async def taken_over(console: Console) -> None:
    """Every order at the broker is one of ours again, as it stands there."""
    console.log_all_in()
    await console.world.clock.sleep(30)
    book = list(console.engine.book)
    assert {order.broker_order_id for order in book} == numbers(console.world)
    assert {order.state for order in book} == {State.WORKING}
    assert console.bugs == []


def test_after_an_old_copy_was_put_back_todays_orders_are_known_again() -> None:
    day = Day()

    async def after(console: Console) -> None:
        made, engine = console.world, console.engine
        with pytest.raises(DeniedError):
            await press(console, "too early")
        await taken_over(console)
        assert engine.gate.state is TradingState.RECOVERING  # a person must look first
        report = engine.recovery_report
        assert report is not None
        assert sum("became ours again" in one for one in report.differences) == 4
        assert sum(one.ours for one in engine.sweep.open_orders()) == 3 * 4
        await engine.resume("operator", "looked")
        await made.clock.sleep(60)
        assert len(made.broker.ledger.wire) == 3 * 4  # nothing of it was sent again
        engine.cancel([order.intent.intent_id for order in engine.book], "operator")
        await made.clock.sleep(20)
        assert open_at_broker(made) == 0

    with world(3) as made:
        made.live(day.trade)
        put_back(day.copy)
        made.live(after)


@pytest.mark.parametrize("keep_copies", [True, False])
def test_after_a_damaged_database_todays_orders_are_known_again(keep_copies: bool) -> None:
    day = Day()

    with world(2) as made:
        made.live(day.trade)
        day.database.write_bytes(b"noise" * 5_000)
        if not keep_copies:
            for copy in day.copy.parent.iterdir():
                copy.unlink()
        made.live(taken_over)


def test_what_was_taken_over_is_stored_and_not_taken_twice() -> None:
    day = Day()

    async def again(console: Console) -> None:
        await taken_over(console)
        assert len(console.world.broker.ledger.wire) == 3 * 3
        assert len(list(console.engine.book)) == 3 * 3

    with world(2) as made:
        made.live(day.trade)
        put_back(day.copy)
        made.live(taken_over)
        made.live(again)


def test_nothing_leaves_in_an_account_whose_lost_orders_cannot_be_taken_over_yet() -> None:
    """Its instrument is in no contract file that is loaded."""
    day = Day()

    async def after(console: Console) -> None:
        made, engine = console.world, console.engine
        console.log_all_in()
        await made.clock.sleep(30)
        await engine.resume("operator", "in a hurry")
        assert all(lane.status.unread for lane in engine.lanes)
        with pytest.raises(DeniedError):
            await engine.submit(made.master, terms, FanOut.WITH_MASTER, CommandId("hurry"))
        made.instruments.extend(kept)
        await made.clock.sleep(30)
        assert not any(lane.status.unread for lane in engine.lanes)
        assert {order.broker_order_id for order in engine.book} == numbers(made)

    with world(2) as made:
        made.live(day.trade)
        put_back(day.copy)
        terms, kept = made.terms(), list(made.instruments)
        made.instruments.clear()
        made.live(after)


def test_an_order_placed_after_the_loss_is_another_installations_and_halts() -> None:
    day = Day()

    async def after(console: Console) -> None:
        await taken_over(console)
        await console.engine.resume("operator", "looked")
        made = console.world
        await place_elsewhere(console)
        await made.clock.sleep(30)
        assert console.engine.gate.state is TradingState.HALT
        assert len(console.bugs) == 1
        assert "another installation" in console.bugs[0]

    with world(2) as made:
        made.live(day.trade)
        put_back(day.copy)
        made.live(after)


@pytest.mark.parametrize("how", ["deleted", "damaged"])
def test_after_the_order_log_was_lost_in_a_crash_its_orders_are_known_again(how: str) -> None:
    """Until a plan has its rows in the database, the order log alone knew of it."""

    async def cut(console: Console) -> None:
        await begin(console)
        await press(console, "before", away=60)
        await console.world.clock.sleep(10)
        console.store.journal._facts._start = lambda: None  # type: ignore[method-assign]  # the disk takes no fact any more
        await press(console, "the last", away=60)
        await console.world.clock.sleep(5)
        raise ProgramStopped("power cut")

    async def after(console: Console) -> None:
        await taken_over(console)
        assert console.engine.gate.state is TradingState.RECOVERING  # a person must look first
        await console.engine.resume("operator", "looked")
        await press(console, "the last", away=60)  # nobody knows its name, so it is a new order
        await console.world.clock.sleep(10)
        tags = [order.terms.tag for order in console.world.broker.ledger.accepted]
        assert len(tags) == len(set(tags)) == 9, "no tag twice"
        assert not console.bugs

    with world(2) as made:
        made.live(cut)
        log = DataFolder(next((made.folder / f"life{made.crashes}").glob("profiles/*"))).order_log
        for path in log.parent.glob(f"{log.name}*"):
            path.unlink()
        if how == "damaged":
            log.write_bytes(b"noise" * 5_000)
        made.live(after)
