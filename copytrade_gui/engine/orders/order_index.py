"""Where every order we know is found: by its id, account, plan, tags and number at the broker.

Most orders of a busy day have ended long ago. Those are kept packed (``packed_plans``), and who
asks for one by anything that names it gets the order itself, whole again and in its place.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from copytrade_gui.domain.ids import AccountId, BrokerOrderId, IntentId, PlanId, Tag
from copytrade_gui.domain.records import Plan
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.engine.orders.packed_plans import PackedPlan, PackedPlans, Packing

_ALONE = max(map(sys.getrefcount, [object()]))
"""References to an object that one list holds, as they are counted in this way."""
_FILED = 2
"""More of them, by the two dictionaries that ``_file`` fills."""


class OrderIndex:
    """Looks up orders; it changes none of them.

    ``left`` is called with an order that is packed from now on, ``came_back`` with one that is
    whole again, before anybody gets it.
    """

    def __init__(
        self, came_back: Callable[[Order], object], left: Callable[[Order], object]
    ) -> None:
        self._came_back = came_back
        self._left = left
        self.plans: dict[PlanId, Plan] = {}
        """Those that are not packed, oldest first."""
        self._orders: dict[IntentId, Order] = {}
        self._by_account: dict[AccountId, dict[IntentId, Order]] = {}
        self._unfiled: list[Order] = []
        """Not yet in the two above: who looks there has time for it, a new plan has not."""
        self._by_tag: dict[str, Order] = {}
        self._by_number: dict[AccountId, dict[BrokerOrderId, Order]] = {}
        self._by_plan: dict[PlanId, list[Order]] = {}
        self._earlier_tags: dict[IntentId, list[Tag]] = {}
        """Of the few orders that had more than one try."""
        self._packed = PackedPlans()

    # ------------------------------------------------------------ reading

    def all(self) -> Iterator[Order]:
        """Every order. Those that are packed come first, as new objects: to be read only."""
        recent = list(self.recent())
        for packed in list(self._packed):
            for place in range(len(packed)):
                if place not in packed.whole:
                    yield packed.order(place)
        yield from recent

    @property
    def count(self) -> int:
        """How many orders there are, packed or not."""
        self._file()
        packed = sum(len(one) - len(one.whole) for one in self._packed)
        return len(self._orders) + packed

    def recent(self) -> Iterable[Order]:
        """Orders that are not packed, oldest first."""
        self._file()
        return self._orders.values()

    def all_of(self, account: AccountId) -> Iterator[Order]:
        """Every order of one account; packed ones come as in ``all``."""
        recent = list(self.recent_of(account))
        yield from self.packed_of(account)
        yield from recent

    def packed_of(self, account: AccountId) -> Iterator[Order]:
        """Orders of one account that are packed, as new objects."""
        return self._packed.of_account(account)

    def recent_of(self, account: AccountId) -> Iterable[Order]:
        """Orders of one account that are not packed, oldest first."""
        self._file()
        return self._by_account.get(account, {}).values()

    def get(self, intent: IntentId) -> Order | None:
        """One order."""
        self._file()
        order = self._orders.get(intent)
        if order is None and (found := self._packed.by_intent(intent)) is not None:
            order = self._whole_again(*found)
        return order

    def by_tag(self, tag: str) -> Order | None:
        """The order whose attempt carries this tag, newest or not."""
        order = self._by_tag.get(tag)
        if order is None:
            for packed, place in self._packed.by_tag(tag):
                if tag in self.tags_of(packed.order(place)):
                    return self._whole_again(packed, place)
        return order

    def by_number(self, account: AccountId, number: BrokerOrderId) -> Order | None:
        """The order linked to a broker order id."""
        order = self._by_number.get(account, {}).get(number)
        if order is None and (found := self._packed.by_number(account, number)) is not None:
            order = self._whole_again(*found)
        return order

    def look_at(self, account: AccountId, number: BrokerOrderId) -> Order | None:
        """The order linked to a broker order id, to be read: one that is packed stays so."""
        order = self._by_number.get(account, {}).get(number)
        return self.packed_by_number(account, number) if order is None else order

    def packed_by_number(self, account: AccountId, number: BrokerOrderId) -> Order | None:
        """A packed order as it stands, which stays packed."""
        found = self._packed.by_number(account, number)
        return None if found is None else found[0].order(found[1])

    def of_plan(self, plan: PlanId) -> list[Order]:
        """Orders of one plan in send order."""
        orders = self._by_plan.get(plan)
        if orders is None:
            orders = self._by_plan[plan] if self._unpack(plan) else []
        return orders

    def leads_of(self, plan: PlanId) -> list[Order]:
        """The master's own order of a plan, in slices; empty where he has none here."""
        return [order for order in self.of_plan(plan) if not order.is_copy]

    def copies_of(self, plan: PlanId) -> list[Order]:
        """The followers' orders of a plan in send order."""
        return [order for order in self.of_plan(plan) if order.is_copy]

    def plan(self, plan: PlanId) -> Plan | None:
        """One plan."""
        return self.plans.get(plan) or self._unpack(plan)

    def knows(self, plan: PlanId) -> bool:
        """True for a plan of which we have the orders."""
        return plan in self.plans or plan in self._packed

    @property
    def oldest_packed(self) -> Order | None:
        """The first order of the plan that was packed first; to be read."""
        return next((packed.order(0) for packed in self._packed), None)

    def tags_of(self, order: Order) -> list[Tag]:
        """Tags of all its attempts."""
        tags = self._earlier_tags.get(order.intent.intent_id, [])
        return tags if order.attempt is None else [*tags, order.attempt.tag]

    # ------------------------------------------------------------ changing

    def add(self, plan: Plan, orders: list[Order]) -> None:
        """Take in a plan with an order for each of its intents."""
        self.plans[plan.plan_id] = plan
        self._by_plan[plan.plan_id] = orders
        self._unfiled += orders

    def tagged(self, order: Order, tag: Tag) -> None:
        """An attempt of the order carries the tag."""
        self._by_tag[tag] = order

    def keep_tag(self, order: Order, tag: Tag) -> None:
        """An attempt that is not the newest any more, or never was, carries the tag."""
        self._earlier_tags.setdefault(order.intent.intent_id, []).append(tag)

    def linked(self, order: Order, number: BrokerOrderId) -> None:
        """The order has this number at the broker."""
        self._by_number.setdefault(order.intent.account_id, {})[number] = order

    def remove(self, plan: PlanId) -> list[tuple[Order, bool]]:
        """Forget a plan; its orders, and of each whether it was linked to a broker's number."""
        orders = self.of_plan(plan)
        self._file()
        self.plans.pop(plan, None)
        self._by_plan.pop(plan, None)
        return [(order, self._leaves(order)) for order in orders]

    # ------------------------------------------------------------ packing

    def begin_packing(self, plan: Plan) -> Packing:
        """Begin to pack a plan that ended. Raises ValueError: that cannot be."""
        return self._packed.begin(plan, self.of_plan(plan.plan_id))

    def end_packing(self, packing: Packing) -> bool:
        """Let go of the orders of a plan and keep what was packed of them.

        False, and nothing happens, where one of them has changed meanwhile, is held by anybody
        else, or would not be found by all that names it.
        """
        plan, orders = packing.plan, packing.orders
        self._file()
        if (
            self._by_plan.get(plan.plan_id) is not orders
            or plan.intents != tuple(order.intent for order in orders)
            or not packing.still_true
            or not all(map(self._is_found, orders))
        ):
            return False
        references = list(map(sys.getrefcount, orders))
        if any(map(self._is_held_elsewhere, orders, references)):
            return False
        self._packed.add(packing, [self.tags_of(order) for order in orders])
        del self.plans[plan.plan_id], self._by_plan[plan.plan_id]
        for order in orders:
            self._leaves(order, tags_stay=True)
            self._left(order)
        return True

    def packed_again(self, may_be_packed: Callable[[Order], bool]) -> bool:
        """Let go of orders of one plan that came back; False if there are none of any plan.

        If one of them has changed, is held by anybody, or may not be packed by what is known of
        it elsewhere, its plan is as if it had never been packed.
        """
        packed = next((one for one in self._packed if one.whole), None)
        if packed is not None and not self._let_go(packed, may_be_packed):
            self._unpack(packed.plan.plan_id)
        return packed is not None

    # ------------------------------------------------------------ inside

    def _let_go(self, packed: PackedPlan, may_be_packed: Callable[[Order], bool]) -> bool:
        places, orders = list(packed.whole), list(packed.whole.values())
        packed.whole = {}
        references = list(map(sys.getrefcount, orders))
        for place, order, count in zip(places, orders, references, strict=True):
            held = self._is_held_elsewhere(order, count)
            if packed.says(place, order) and may_be_packed(order) and not held:
                self._leaves(order, tags_stay=True)
                self._left(order)
            else:
                packed.whole[place] = order
        return not packed.whole

    def _file(self) -> None:
        for order in self._unfiled:
            self._orders[order.intent.intent_id] = order
            own = self._by_account.setdefault(order.intent.account_id, {})
            own[order.intent.intent_id] = order
        self._unfiled.clear()

    def _leaves(self, order: Order, *, tags_stay: bool = False) -> bool:
        name, account = order.intent.intent_id, order.intent.account_id
        self._orders.pop(name, None)
        self._by_account[account].pop(name, None)
        for tag in self.tags_of(order):
            if self._by_tag.get(tag) is order:
                del self._by_tag[tag]
        if not tags_stay:
            self._earlier_tags.pop(name, None)
        number = order.broker_order_id
        return number is not None and self._by_number[account].pop(number, None) is not None

    def _is_found(self, order: Order) -> bool:
        """True if each name of the order leads to it, now and when it is packed."""
        intent, number = order.intent, order.broker_order_id
        return (
            intent.intent_id.partition(".")[0] == intent.plan_id
            and self._orders.get(intent.intent_id) is order
            and all(self._by_tag.get(tag) is order for tag in self.tags_of(order))
            and (number is None or self._by_number.get(intent.account_id, {}).get(number) is order)
        )

    def _is_held_elsewhere(self, order: Order, references: int) -> bool:
        """True if more than this index refers to it, so that it must stay the one object it is."""
        linked = order.broker_order_id is not None
        return references > _ALONE + _FILED + len(set(self.tags_of(order))) + linked

    def _whole_again(self, packed: PackedPlan, place: int) -> Order:
        order = packed.whole.get(place)
        if order is None:
            order = packed.order(place)
            packed.whole[place] = order
            self._back(order)
        return order

    def _back(self, order: Order) -> None:
        intent = order.intent
        self._orders[intent.intent_id] = order
        self._by_account.setdefault(intent.account_id, {})[intent.intent_id] = order
        for tag in self.tags_of(order):
            self._by_tag[tag] = order
        if order.broker_order_id is not None:
            self.linked(order, order.broker_order_id)
        self._came_back(order)

    def _unpack(self, name: PlanId) -> Plan | None:
        """A packed plan is needed whole: it is as if it had never been packed."""
        packed = self._packed.pop(name)
        if packed is None:
            return None
        self._file()
        orders: list[Order] = []
        for place in range(len(packed)):
            order = packed.whole.get(place)
            if order is None:
                order = packed.order(place)
                self._back(order)
            orders.append(order)
        plan = replace(packed.plan, intents=tuple(order.intent for order in orders))
        self._by_plan[name] = orders
        # Older than any that was never packed: whoever looks at the newest first ends before it.
        self.plans = {name: plan, **self.plans}
        return plan
