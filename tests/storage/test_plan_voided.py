"""The end of a plan that could not be stored, where it is on the disk all the same."""

from __future__ import annotations

from copytrade_gui.domain.events import PlanVoided
from copytrade_gui.domain.ids import PlanId
from copytrade_gui.domain.order import State
from copytrade_gui.storage.store import Store
from tests.storage.samples import DAY, NOON_NS, first_attempts, make_plan
from tests.storage.test_journal import counted


async def test_a_voided_plan_has_no_order_that_could_leave_and_no_other_is_touched(
    store: Store,
) -> None:
    plans = make_plan("kept"), make_plan("voided")
    for plan in plans:
        await store.journal.commit_plan(plan, first_attempts(plan)[:1])  # the others still wait
    store.journal.append(PlanVoided(plans[1].plan_id, "The disk failed.", NOON_NS))
    store.journal.append(PlanVoided(PlanId("not on the disk"), "The disk failed.", NOON_NS))
    work = await store.journal.load(DAY)
    states = {
        plan.plan_id: {view.state for view in work.orders if view.plan_id == plan.plan_id}
        for plan in plans
    }
    assert states[plans[0].plan_id] >= {State.SENDING, State.PLANNED}
    assert not states[plans[1].plan_id] & {State.SENDING, State.PLANNED}
    assert State.SKIPPED in states[plans[1].plan_id]
    assert counted(store, "SELECT count(*) FROM attempts WHERE state = 'SENDING'") == 1
    assert counted(store, "SELECT count(*) FROM events WHERE kind = 'PlanVoided'") == 2
