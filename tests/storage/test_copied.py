"""What copies of earlier days carry is read back at start, beside the day's own orders."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from copytrade_gui.domain.account import Role
from copytrade_gui.domain.events import OrderChanged
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.order import Product, Side, State
from copytrade_gui.storage.store import Store
from tests.storage.samples import DAY, INFY, NOON_NS, first_attempts, make_plan, terms, view_of

DAY_NS = 86_400 * 10**9


async def test_what_is_carried_of_earlier_days_is_loaded(store: Store) -> None:
    carried = replace(terms(), product=Product.NORMAL)
    sold = replace(carried, side=Side.SELL)
    days = (
        (make_plan("c1", made_ns=NOON_NS - 9 * DAY_NS, base=carried), State.FILLED, 10, "100.05"),
        (make_plan("c2", made_ns=NOON_NS - 8 * DAY_NS, base=sold), State.CANCELLED, 3, "99"),
        (make_plan("c3", made_ns=NOON_NS - DAY_NS), State.FILLED, 10, "98"),  # squared off
        (make_plan("c4", made_ns=NOON_NS - DAY_NS, base=carried), State.WORKING, 1, "97"),
        (make_plan("c5", base=carried), State.FILLED, 10, "96"),
    )
    for plan, state, filled, price in days:
        await store.journal.commit_plan(plan, first_attempts(plan))
        for intent, attempt in zip(plan.intents, first_attempts(plan), strict=False):
            number = f"{plan.plan_id} {intent.rank}"
            view = view_of(
                intent, attempt, state, broker_order_id=number, filled=filled, average=price
            )
            store.journal.append(OrderChanged(view, "ACKED"))
    work = await store.journal.load(DAY)
    carry = {one.account_id: (one.role, one.instrument, one.product, one.net)
             for one in work.copied}  # fmt: skip
    assert carry == {
        AccountId("master"): (Role.MASTER, INFY, Product.NORMAL, 7),
        AccountId("follower-001"): (Role.FOLLOWER, INFY, Product.NORMAL, 7),
        AccountId("follower-002"): (Role.FOLLOWER, INFY, Product.NORMAL, 7),
    }
    # Ten were bought, and three of them sold: seven of them are open at what they cost.
    assert {one.cost for one in work.copied} == {7 * Decimal("100.05")}
    # The rest is among the day's orders and counted there.
    assert {plan.plan_id for plan in work.plans} == {days[3][0].plan_id, days[4][0].plan_id}
