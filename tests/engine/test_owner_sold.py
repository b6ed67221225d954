"""A follower sells his copies by himself: his master's exit does not turn him round.

The simulator's positions are the judge.
"""

from __future__ import annotations

import pytest

from copytrade_gui.domain.order import FanOut, Side, State
from copytrade_gui.simulator.faults import Fault
from tests.engine.broker_owner import trades_himself
from tests.engine.test_exits import F1, F2, position, press, shown, ticket
from tests.engine.test_leaving import begin
from tests.proof.judge import settled
from tests.proof.rig import Console, world

_SEEN_S = {True: 25.0, False: 130.0}
"""By then his sale is known: pushed, or by the positions that are read every two minutes."""


@pytest.mark.parametrize("feed", [True, False])
@pytest.mark.parametrize("fan_out", list(FanOut))
@pytest.mark.parametrize("side", list(Side))
def test_what_an_owner_closed_by_himself_is_not_closed_once_more(
    side: Side, fan_out: FanOut, feed: bool
) -> None:
    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        await press(console, ticket(made, side), fan_out)
        for number, units in ((1, 5), (2, 12)):
            trades_himself(made, made.accounts[number], ticket(made, side.opposite), units)
        await made.clock.sleep(_SEEN_S[feed])
        out = ticket(made, side.opposite)
        assert {code for _, code in shown(console, out).values()} == {"awaits_copy"}
        orders = await press(console, out, fan_out, wait_s=8)
        assert (orders[F1].state, orders[F1].code) == (State.BLOCKED, "no_copy_to_exit")
        assert (orders[F2].state, orders[F2].terms.quantity) == (State.FILLED, 8)
        assert [position(made, number) for number in range(3)] == [0, 0, 0]
        (await settled(console, 2)).must_be_clean("an owner sold his copies")

    with world(2) as made:
        made.line.feed = feed
        made.live(script)


def test_what_he_closed_is_still_known_right_behind_a_later_entry() -> None:
    """Its fill is in no read of his positions yet; what was read before it counts on."""

    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        await press(console, ticket(made, Side.BUY))
        trades_himself(made, made.accounts[1], ticket(made, Side.SELL), 5)
        await made.clock.sleep(_SEEN_S[False])
        await press(console, ticket(made, Side.BUY), wait_s=1.5)
        assert position(made, 1) == 5
        await press(console, ticket(made, Side.SELL, 20), wait_s=15)
        assert [position(made, number) for number in range(3)] == [0, 0, 0]

    with world(2) as made:
        made.live(script)


def test_what_he_holds_besides_is_not_taken_for_his_copies_and_hides_nothing() -> None:
    """He had 30 of his own, sold 10 of these, and his copies are all there."""

    async def script(console: Console) -> None:
        made = console.world
        trades_himself(made, made.accounts[1], ticket(made, Side.BUY), 30)
        await begin(console)
        await press(console, ticket(made, Side.BUY))
        trades_himself(made, made.accounts[1], ticket(made, Side.SELL), 10)
        await made.clock.sleep(130)
        orders = await press(console, ticket(made, Side.SELL))
        assert {one.state for one in orders.values()} == {State.FILLED}
        assert [position(made, number) for number in range(3)] == [0, 20, 0]

    with world(2) as made:
        made.live(script)


def test_positions_that_were_once_shown_empty_keep_nobody_in() -> None:
    """The read that lied was before the exit; one after it tells the truth."""

    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        made.broker.add_fault(Fault(action="book_empty", call="positions"))
        await press(console, ticket(made, Side.BUY), wait_s=20)
        made.broker.clear_faults()
        orders = await press(console, ticket(made, Side.SELL), wait_s=20)
        assert {one.state for one in orders.values()} == {State.FILLED}
        assert [position(made, number) for number in range(3)] == [0, 0, 0]

    with world(2) as made:
        made.live(script)


def test_a_book_of_positions_that_comes_late_keeps_nobody_in() -> None:
    """It shows nothing yet of the entry four seconds ago; the exit waits until it must."""

    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        followers = [account.client_id for account in made.accounts[1:]]
        made.broker.add_fault(Fault(action="book_empty", call="positions", accounts=followers))
        await press(console, ticket(made, Side.BUY), wait_s=4.5)
        made.clock.call_later(2.5, made.broker.clear_faults)
        orders = await press(console, ticket(made, Side.SELL), wait_s=12)
        assert {one.state for one in orders.values()} == {State.FILLED}
        assert [position(made, number) for number in range(3)] == [0, 0, 0]

    with world(2) as made:
        made.live(script)
