"""P9, part 3, seed 2: the broker made a twin of an order, and a book hid the tag of the first.

Found by its tag, the twin is what we link. Once the book shows both, the account is halted for two
orders with one tag: nothing of it is lost, and a person looks.
"""

from __future__ import annotations

from msgspec import structs

from copytrade_gui.domain.ids import BrokerOrderId
from copytrade_gui.domain.order import State
from copytrade_gui.domain.records import OrderView
from tests.engine.book_reads import Doubt, with_a_doubt
from tests.proof.judge import Taken, compare

ASKED, TWIN = BrokerOrderId("B1"), BrokerOrderId("B2")


def test_a_twin_that_was_found_first_halts_its_account_when_the_other_shows_its_tag() -> None:
    def test(doubt: Doubt) -> None:
        doubt.read(doubt.row(ASKED, tag=""), doubt.row(TWIN))
        assert doubt.order.broker_order_id == TWIN
        assert not doubt.halted()
        doubt.read(doubt.row(ASKED), doubt.row(TWIN))
        assert doubt.halted()
        assert doubt.order.broker_order_id == TWIN

    with_a_doubt(test)


def test_the_judge_takes_a_linked_twin_only_from_an_account_that_was_halted() -> None:
    def test(doubt: Doubt) -> None:
        doubt.read(doubt.row(TWIN))
        view: OrderView = doubt.order.view()
        assert view.tag is not None
        key = doubt.console.store.installation.tag_key
        taken = [Taken(ASKED, "c", view.tag), Taken(TWIN, "c", view.tag, twin=True)]
        stranger = structs.replace(view, broker_order_id=BrokerOrderId("B3"))
        halted = {view.account_id}
        compare((view,), taken, key, 1, 1, halted=halted).must_be_clean("a twin")
        assert len(compare((view,), taken, key, 1, 1).orphan) == 1
        assert len(compare((stranger,), taken, key, 1, 1, halted=halted).orphan) == 1
        lost = structs.replace(view, state=State.NOT_PLACED, broker_order_id=None)
        assert len(compare((lost,), taken, key, 1, 1, halted=halted).orphan) == 1

    with_a_doubt(test)
