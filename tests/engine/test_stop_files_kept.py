"""What a file asks for never makes a stop weaker, and is on the disk before it is answered."""

from __future__ import annotations

import pytest

from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.ports import StopAnswer, StopAsked
from tests.engine.test_every_check import place
from tests.engine.test_exits import F1
from tests.engine.test_leaving import begin
from tests.engine.test_stop_files import HALT, KILL, PAUSE, REDUCE, files, wish
from tests.proof.rig import Console, ProgramStopped, world


@pytest.mark.parametrize("by_a_person", [False, True])
def test_a_pause_by_a_file_leaves_only_exits_in_force(by_a_person: bool) -> None:
    """In PAUSE no new plan is made: the master's next exit would not be copied."""

    async def first(console: Console) -> None:
        await begin(console)
        if by_a_person:
            await console.engine.stop_trading(REDUCE, "operator", "Only exits.")
        else:
            files(console).ask(wish(REDUCE, "exits"))
        files(console).ask(wish(PAUSE, "lunch"))
        console.engine.gate.look()
        await console.world.clock.sleep(3)
        assert console.engine.gate.state is REDUCE
        answer = files(console).answered("lunch")
        assert answer is not None
        assert (answer.held, answer.sentence) == (True, "REDUCE holds, which is stricter.")
        assert files(console).asked() == ()

    async def second(console: Console) -> None:
        await begin(console)
        await console.world.clock.sleep(5)
        assert console.engine.gate.state is REDUCE

    with world(1) as made:
        made.live(first)
        made.live(second)


@pytest.mark.parametrize("stored_before", [False, True])
@pytest.mark.parametrize("by_a_file", [False, True])
def test_a_pause_while_the_books_are_checked_stores_nothing_weaker(
    stored_before: bool, by_a_file: bool
) -> None:
    async def first(console: Console) -> None:
        await begin(console)
        console.see_price()
        await place(console, console.world.terms(quantity=4, away=60))
        await console.world.clock.sleep(2)
        if stored_before:
            await console.engine.stop_trading(REDUCE, "operator", "Only exits.")

    async def second(console: Console) -> None:
        assert console.engine.gate.state is TradingState.RECOVERING
        if not stored_before:
            await console.engine.stop_trading(REDUCE, "operator", "Only exits.")
        if by_a_file:
            files(console).ask(wish(PAUSE))
            console.engine.gate.look()
            await console.world.clock.sleep(1)
            answer = files(console).answered("1")
            assert answer is not None
            assert answer.sentence.endswith("and REDUCE holds then.")
        else:
            await console.engine.stop_trading(PAUSE, "operator", "Lunch.")

    async def third(console: Console) -> None:
        await begin(console)
        await console.world.clock.sleep(30)
        assert console.engine.gate.state is REDUCE

    with world(1) as made:
        made.live(first)
        made.live(second)
        made.live(third)


@pytest.mark.parametrize("state", [REDUCE, HALT, KILL])
def test_a_stop_of_one_account_is_stored_before_it_is_answered(state: TradingState) -> None:
    async def first(console: Console) -> None:
        await begin(console)
        on_disk = files(console)
        answers = on_disk.answer

        def last(asked: StopAsked, answer: StopAnswer) -> None:
            answers(asked, answer)
            raise ProgramStopped("power cut")

        on_disk.answer = last  # type: ignore[method-assign]  # then the power goes
        on_disk.ask(wish(state, account=console.world.account(F1).client_id))
        async with console.store.journal._facts.stored():  # a slow disk: nothing is stored yet
            console.engine.gate.look()
            stopped = console.engine.lanes[F1].status.stopped
            assert stopped  # at once
            await console.world.clock.sleep(1)
        await console.world.clock.sleep(5)
        raise AssertionError("It was never answered.")

    async def second(console: Console) -> None:
        await begin(console)
        answer = files(console).answered("1")
        assert answer is not None
        assert answer.held
        assert files(console).asked() == ()
        assert console.engine.lanes[F1].status.stopped

    with world(2) as made:
        made.live(first)
        made.live(second)
