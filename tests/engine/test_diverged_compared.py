"""A copy that its owner changed, in the comparison of the books with our records."""

from __future__ import annotations

import pytest
from msgspec import structs

from copytrade_gui.domain.order import State
from tests.engine.test_comparing import first
from tests.engine.test_leaving import begin, press
from tests.proof.owner import Owner
from tests.proof.rig import Console, world


@pytest.mark.parametrize("what", ["quantity", "product"])
def test_an_order_its_owner_changed_is_compared_as_what_he_made_of_it(what: str) -> None:
    """It is tracked, not followed: that it is not what we sent was told, and is no difference."""

    async def morning(console: Console) -> None:
        made = console.world
        await begin(console)
        await press(console, "one", away=60)
        await made.clock.sleep(5)
        account = first(made).account_id
        owner = Owner(made, account)
        (number,) = owner.orders()
        last = made.price(made.instruments[0])
        price = str(last + 20 * made.instruments[0].tick)
        if what == "product":  # the API refuses it; the broker's own desk may not
            row = made.broker.desk.accounts[first(made).client_id].orders[number]
            row.terms = structs.replace(row.terms, product="DELIVERY")
        assert owner.change(number, price=price, quantity="8" if what == "quantity" else "5")
        await made.clock.sleep(30)
        (order,) = console.engine.book.of_account(account)
        assert order.state is State.FILLED
        assert order.diverged is not None
        assert {change.field for change in order.diverged.changes} >= {what}

    async def afternoon(console: Console) -> None:
        console.log_all_in()
        await console.world.clock.sleep(60)
        report = console.engine.recovery_report
        assert report is not None
        assert report.unread_accounts == ()
        assert report.differences == ()

    with world(2) as made:
        made.live(morning)
        made.live(afternoon)
