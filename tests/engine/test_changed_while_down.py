"""What a master changes elsewhere while the program is down: named, and no copy follows it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from copytrade_gui.domain.order import Side, State
from copytrade_gui.domain.seen import Seen
from tests.engine.test_exits import ticket
from tests.engine.test_fill_copy import begins
from tests.engine.test_leaving import begin
from tests.engine.test_master_elsewhere import LOOKING, copies, elsewhere, only, owner
from tests.engine.test_resting_entries import alarms
from tests.proof.rig import Console, World, world


def at_broker(made: World) -> list[tuple[Decimal, int, bool]]:
    """Price in rupees, units and whether it may still trade, of each follower's orders."""
    return [
        (Decimal(order.terms.price) / 10_000, order.terms.quantity, order.live)
        for account in made.broker.accounts[1:]
        for order in account.orders.values()
    ]


def price(made: World, away: int) -> Decimal:
    found = ticket(made, Side.BUY, away=away).price
    assert found is not None
    return found


async def rests(console: Console) -> None:
    await begins(console)
    elsewhere(console.world, ticket(console.world, Side.BUY, away=60))
    await console.world.clock.sleep(10)
    assert {copy.state for copy in copies(console, only(console))} == {State.WORKING}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"price": "lower"}, "price {} to {}"),
        ({"quantity": "4"}, "quantity 10 to 4"),
        ({"quantity": "30"}, "quantity 10 to 30"),
        ({"price": "lower", "quantity": "30"}, "price {} to {}, quantity 10 to 30"),
    ],
)
def test_it_is_named_with_what_was_changed_and_no_copy_follows(
    change: dict[str, str], words: str
) -> None:
    async def again(console: Console) -> None:
        made = console.world
        before = at_broker(made)
        (his,) = made.broker.accounts[0].orders.values()
        was, lower = price(made, 60), price(made, 70)
        fields = {**change, "price": str(lower)} if "price" in change else change
        owner(made).modify(his.order_id, dict(fields))
        await made.clock.sleep(3)  # nobody is logged in; then it is at the exchange
        told = alarms(console)
        await begin(console)
        await made.clock.sleep(30)
        assert at_broker(made) == before
        seen = only(console)
        assert (seen.became, seen.changes) == (Seen.COPIED, 1)
        expected = words.format(f"{was:,.2f}", f"{lower:,.2f}")
        assert f"not running, {expected}. Its 2 copies were not changed" in seen.reason
        (sentence,) = told["not_changed"]
        assert seen.reason in sentence
        assert his.order_id in sentence

    async def once_more(console: Console) -> None:
        """The row still says so, and it is not told again; what he changes now is followed."""
        made = console.world
        (his,) = made.broker.accounts[0].orders.values()
        told = alarms(console)
        await begin(console)
        await made.clock.sleep(10)
        assert "were not changed" in only(console).reason
        assert "not_changed" not in told
        await made.clock.sleep(5)
        newest = price(made, 80)
        owner(made).modify(his.order_id, {"price": str(newest)})
        await made.clock.sleep(20)
        assert {one[0] for one in at_broker(made)} == {newest}
        assert bool(only(console).reason) is ("quantity" in change)
        owner(made).modify(his.order_id, {"quantity": "20"})
        await made.clock.sleep(30)
        assert not only(console).reason
        assert at_broker(made) == [(newest, 10, True), (newest, 40, True)]

    with world(2, settings=LOOKING) as made:
        made.live(rests)
        made.live(again)
        made.live(once_more)


def test_of_what_he_left_as_it_was_or_changed_before_the_end_nothing_is_told() -> None:
    async def changes(console: Console) -> None:
        await rests(console)
        (his,) = console.world.broker.accounts[0].orders.values()
        newest = price(console.world, 70)
        owner(console.world).modify(his.order_id, {"price": str(newest)})
        await console.world.clock.sleep(20)
        assert {one[0] for one in at_broker(console.world)} == {newest}

    async def again(console: Console) -> None:
        told = alarms(console)
        await begin(console)
        await console.world.clock.sleep(20)
        assert not only(console).reason
        assert "not_changed" not in told

    with world(2, settings=LOOKING) as made:
        made.live(changes)
        made.live(again)
