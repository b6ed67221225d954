"""In a ban, or with an old contract file, only what reduces leaves: of master's orders here, of
copies of those elsewhere."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from copytrade_gui.domain.order import Side
from copytrade_gui.domain.seen import Seen
from copytrade_gui.engine.planning.denied import DeniedError
from tests.engine.test_every_check import in_a_ban, old_contracts
from tests.engine.test_exits import position, press, ticket
from tests.engine.test_leaving import begin
from tests.engine.test_master_elsewhere import LOOKING, copies, elsewhere, only, owner, ready
from tests.proof.rig import Console, world


@pytest.mark.parametrize(("kept", "code"), [(in_a_ban, "ban"), (old_contracts, "old_contracts")])
def test_an_order_that_only_reduces_leaves_and_one_that_also_opens_does_not(
    kept: Callable[[Console], None], code: str
) -> None:
    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        await press(console, ticket(made, Side.BUY))
        held = [position(made, number) for number in (0, 1, 2)]
        assert all(held)
        kept(console)
        with pytest.raises(DeniedError, match="only what reduces") as denied:
            await press(console, ticket(made, Side.SELL, 11))
        assert denied.value.code == code
        assert [position(made, number) for number in (0, 1, 2)] == held
        await press(console, ticket(made, Side.SELL))
        assert [position(made, number) for number in (0, 1, 2)] == [0, 0, 0]

    with world(2) as made:
        made.live(script)


@pytest.mark.parametrize(("kept", "code"), [(in_a_ban, "ban"), (old_contracts, "old_contracts")])
def test_of_a_reversal_elsewhere_the_copies_take_the_exit_alone(
    kept: Callable[[Console], None], code: str
) -> None:
    async def script(console: Console) -> None:
        made = await ready(console)
        elsewhere(made, ticket(made, Side.BUY))
        await made.clock.sleep(20)
        assert [position(made, number) for number in (0, 1, 2)] == [10, 5, 20]
        kept(console)
        elsewhere(made, ticket(made, Side.SELL, 20))
        await made.clock.sleep(40)
        assert [position(made, number) for number in (0, 1, 2)] == [-10, 0, 0]
        elsewhere(made, ticket(made, Side.SELL))
        await made.clock.sleep(40)
        newest = console.engine.master_signals.orders()[0]
        assert newest.became is Seen.COPIED
        assert {one.code for one in copies(console, newest)} == {code}
        assert [position(made, number) for number in (0, 1, 2)] == [-20, 0, 0]

    with world(2, settings=LOOKING) as made:
        made.live(script)


@pytest.mark.parametrize("kept", [in_a_ban, old_contracts])
def test_an_entry_that_its_master_makes_larger_stays_as_large_as_it_was(
    kept: Callable[[Console], None],
) -> None:
    async def script(console: Console) -> None:
        made = await ready(console)
        his = elsewhere(made, ticket(made, Side.BUY, away=200))
        await made.clock.sleep(10)
        kept(console)
        price = ticket(made, Side.BUY, away=100).price
        owner(made).modify(his.order_id, {"price": str(price), "quantity": "20"})
        await made.clock.sleep(15)
        (copy,) = copies(console, only(console))
        assert (copy.terms.quantity, copy.terms.price) == (5, price)

    with world(1, settings=LOOKING) as made:
        made.live(script)
