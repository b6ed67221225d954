"""What was changed at the broker is in the trail, and is there again after a restart."""

from __future__ import annotations

from msgspec import structs

from copytrade_gui.domain.divergence import Change, Divergence
from copytrade_gui.domain.events import OrderChanged
from copytrade_gui.domain.order import State
from copytrade_gui.storage.files.folder import DataFolder
from copytrade_gui.storage.store import Store, open_store
from tests.storage.conftest import SMALL
from tests.storage.samples import DAY, NOON_NS, HandClock, first_attempts, make_plan, view_of

MARK = Divergence(20, (Change("quantity", "10", "20"),), False, NOON_NS + 5, NOON_NS)


async def test_the_newest_fact_of_an_order_carries_its_mark(store: Store) -> None:
    plan = make_plan()
    attempts = first_attempts(plan)
    await store.journal.commit_plan(plan, attempts)
    plain = view_of(plan.intents[1], attempts[1], State.WORKING, broker_order_id="B1")
    marked = structs.replace(plain, diverged=MARK)
    for view in (plain, marked, structs.replace(marked, state=State.PARTIAL, filled_quantity=12)):
        store.journal.append(OrderChanged(view, "WORKING"))
    other = view_of(plan.intents[2], attempts[2], State.WORKING, broker_order_id="B2")
    store.journal.append(OrderChanged(other, "ACKED"))
    await store.journal.flush()
    loaded = {view.intent_id: view.diverged for view in (await store.journal.load(DAY)).orders}
    assert loaded[marked.intent_id] == MARK
    assert loaded[other.intent_id] is None
    shown = {view.intent_id: view.diverged for view in await store.history.orders(10)}
    assert shown == loaded
    assert await store.history.verify() == ()


async def test_a_change_back_to_nothing_is_a_mark_too(folder: DataFolder, clock: HandClock) -> None:
    plan = make_plan()
    attempts = first_attempts(plan)
    back = Divergence(10, (), False, NOON_NS, 0)
    async with open_store(folder, clock, inline=True, seams=SMALL) as store:
        await store.journal.commit_plan(plan, attempts)
        view = view_of(plan.intents[1], attempts[1], State.WORKING, broker_order_id="B1")
        store.journal.append(OrderChanged(structs.replace(view, diverged=back), "WORKING"))
    async with open_store(folder, clock, inline=True, seams=SMALL) as store:
        (found,) = [v.diverged for v in (await store.journal.load(DAY)).orders if v.diverged]
        assert found == back
