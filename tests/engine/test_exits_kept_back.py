"""An exit that is not copied because another exit of the master's rests: it is told, once, and
handed over when he leaves by it.

The simulator's positions are the judge of who stays in.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.order import FanOut, OrderTerms, OrderType, Side
from copytrade_gui.domain.seen import Follow
from tests.engine.test_exits import position, press, ticket
from tests.engine.test_exits_changed import trade_through
from tests.engine.test_master_elsewhere import LOOKING, elsewhere, ready
from tests.engine.test_modify import alarms
from tests.proof.rig import Console, World, world

BUY, SELL = Side.BUY, Side.SELL


def stop(made: World, quantity: int) -> OrderTerms:
    terms = made.terms(side=SELL, quantity=quantity, order_type=OrderType.SL)
    return replace(terms, product=ticket(made, SELL).product)


@pytest.mark.parametrize("where", ["here", "elsewhere"])
@pytest.mark.parametrize(
    ("first", "second", "short"),
    [
        ((10, 200), (10, None), 5),  # a target and a stop for all
        ((10, 200), (10, -60), 5),  # at the market while the target rests
        ((4, 200), (10, None), 2),
        ((5, 200), (5, 300), 0),  # two targets, each for its half
        ((5, -60), (5, -60), 0),  # one right behind the other
        ((5, -60), (5, 200), 0),
    ],
)
def test_who_would_stay_in_by_the_masters_other_exit_is_named_and_gets_out(
    first: tuple[int, int], second: tuple[int, int | None], short: int, where: str
) -> None:
    async def script(console: Console) -> None:
        made, said = await ready(console, Follow.COPY), alarms(console)
        await press(console, ticket(made, BUY, 10), wait_s=15)
        quantity, away = second
        one = ticket(made, SELL, first[0], away=first[1])
        other = stop(made, quantity) if away is None else ticket(made, SELL, quantity, away=away)
        if where == "here" or away is None:
            for number, terms in enumerate((one, other)):
                command = CommandId(f"exit {number}")
                await console.engine.submit(made.master, terms, FanOut.WITH_MASTER, command)
                await made.clock.sleep(2 if first[1] < 0 else 10)
        else:
            elsewhere(made, one)
            await made.clock.sleep(2 if first[1] < 0 else 10)
            elsewhere(made, other)
        await made.clock.sleep(10)
        if away is None:
            assert position(made, 1) == 5
            await trade_through(made, other.trigger)
        told = [one for one in said if "still rests and its copies have" in one]
        traded = away is not None and away < 0 and short
        assert [f"to close: Follower 1 {short}. When" in one for one in told] == (
            [True] if short and not traded else []
        )
        if short:
            assert [position(made, number) for number in (0, 1)] == [0, 0]

    with world(1, settings=LOOKING) as made:
        made.live(script)


def test_an_exit_elsewhere_of_which_nobody_got_a_copy_is_not_listed_as_copied() -> None:
    async def script(console: Console) -> None:
        made = await ready(console, Follow.COPY)
        await press(console, ticket(made, BUY, 10), wait_s=15)
        for away in (200, 300):
            elsewhere(made, ticket(made, SELL, 10, away=away))
            await made.clock.sleep(10)
        target, second = sorted(console.engine.master_signals.orders(), key=lambda one: one.price)
        assert target.reason == ""
        assert second.became.gave_nobody(second.reason)

    with world(1, settings=LOOKING) as made:
        made.live(script)
