"""What copies of earlier days carry is read back at start, beside the day's own orders."""

from __future__ import annotations

from dataclasses import replace

from copytrade_gui.domain.events import OrderChanged
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.order import Product, Side, State
from copytrade_gui.storage.store import Store
from tests.storage.samples import DAY, INFY, NOON_NS, first_attempts, make_plan, terms, view_of

DAY_NS = 86_400 * 10**9


async def test_what_followers_carry_of_earlier_days_is_loaded(store: Store) -> None:
    carried = replace(terms(), product=Product.NORMAL)
    sold = replace(carried, side=Side.SELL)
    days = (
        (make_plan("c1", made_ns=NOON_NS - 9 * DAY_NS, base=carried), State.FILLED, 10),
        (make_plan("c2", made_ns=NOON_NS - 8 * DAY_NS, base=sold), State.CANCELLED, 3),
        (make_plan("c3", made_ns=NOON_NS - DAY_NS), State.FILLED, 10),  # squared off
        (make_plan("c4", made_ns=NOON_NS - DAY_NS, base=carried), State.WORKING, 1),
        (make_plan("c5", base=carried), State.FILLED, 10),
    )
    for plan, state, filled in days:
        await store.journal.commit_plan(plan, first_attempts(plan))
        for intent, attempt in zip(plan.intents, first_attempts(plan), strict=False):
            number = f"{plan.plan_id} {intent.rank}"
            view = view_of(intent, attempt, state, broker_order_id=number, filled=filled)
            store.journal.append(OrderChanged(view, "ACKED"))
    work = await store.journal.load(DAY)
    assert {(one.account_id, one.key, one.product, one.net) for one in work.copied} == {
        (AccountId(f"follower-{number:03d}"), INFY.key, Product.NORMAL, 7) for number in (1, 2)
    }
    # The rest is among the day's orders and counted there.
    assert {plan.plan_id for plan in work.plans} == {days[3][0].plan_id, days[4][0].plan_id}
