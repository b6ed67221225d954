"""Plans that ended a while ago, all of each order in a hundred bytes, and where to find it.

Whatever is told of such an order is told of an order that we know: its id, its tag and its number
at the broker lead to it, and it comes back whole.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

from copytrade_gui.domain.ids import AccountId, BrokerOrderId, IntentId, PlanId, Tag
from copytrade_gui.domain.packed import Form, Packed
from copytrade_gui.domain.records import Plan
from copytrade_gui.engine.orders.order import Order

_FORM = Form(Order)
_BITS = 24
"""Of 2 MiB: with 200,000 orders one in four hundred unknown keys is looked for in vain."""
_LOW = (1 << _BITS) - 1


class PackedPlan:
    """One plan. ``whole`` are those of its orders that came back, by their place in it."""

    __slots__ = ("_keys", "_orders", "_places", "plan", "whole")

    def __init__(self, plan: Plan, orders: Packed[Order], keys: Iterable[tuple[int, int]]) -> None:
        pairs = sorted(keys)
        self.plan = replace(plan, intents=())
        self.whole: dict[int, Order] = {}
        self._orders = orders
        self._keys = array("q", [key for key, _ in pairs])
        self._places = array("I", [place for _, place in pairs])

    def __len__(self) -> int:
        return len(self._orders)

    def order(self, place: int) -> Order:
        """An order: the one that came back, or else a new object, which changes nothing here."""
        return self.whole.get(place) or self._orders[place]

    def says(self, place: int, order: Order) -> bool:
        """True if the order at this place says what was packed of it."""
        return _FORM.raw(self._orders[place]) == _FORM.raw(order)

    def places(self, key: int) -> Iterator[int]:
        """Where orders may be that have this key."""
        at = bisect_left(self._keys, key)
        while at < len(self._keys) and self._keys[at] == key:
            yield self._places[at]
            at += 1


class Packing:
    """A plan that is being packed, so many orders at a time; it stays as it is meanwhile."""

    def __init__(self, plan: Plan, orders: Sequence[Order], like: bytes) -> None:
        self.plan = plan
        self.orders = orders
        self.packed = Packed(_FORM, like)
        self._raws: list[bytes] = []

    @property
    def done(self) -> bool:
        """True once all its orders were packed."""
        return len(self.packed) == len(self.orders)

    def step(self, most: int) -> None:
        """Pack some more orders. Raises ValueError: one of them would not come back."""
        done = len(self.packed)
        raws = [_FORM.raw(order) for order in islice(self.orders, done, done + most)]
        self.packed.extend(raws)
        self._raws += raws

    @property
    def still_true(self) -> bool:
        """True if no order has changed since it was packed."""
        return self._raws == [_FORM.raw(order) for order in self.orders]


class PackedPlans:
    """All of them by plan, oldest first as they were packed, and the way to each order."""

    def __init__(self) -> None:
        self._plans: dict[PlanId, PackedPlan] = {}
        self._marks = bytearray()
        """Two bits for each tag and number; where one is missing the key is none of these."""
        self._like = b""
        """An order as it is written, of the first plan: what one of each plan is packed by."""

    def __iter__(self) -> Iterator[PackedPlan]:
        return iter(self._plans.values())

    def __contains__(self, plan: PlanId) -> bool:
        return plan in self._plans

    def begin(self, plan: Plan, orders: Sequence[Order]) -> Packing:
        """Begin to pack a plan. Raises ValueError: its first order cannot be written."""
        self._like = self._like or _FORM.raw(orders[0])
        return Packing(plan, orders, self._like)

    def add(self, packing: Packing, tags: Sequence[Iterable[Tag]]) -> None:
        """Take in a plan that is packed; ``tags`` are those of each of its orders."""
        if not self._marks:
            self._marks = bytearray(1 << (_BITS - 3))
        keys: list[tuple[int, int]] = []
        for place, (order, own) in enumerate(zip(packing.orders, tags, strict=True)):
            intent, number = order.intent, order.broker_order_id
            keys += [(hash(intent.intent_id), place), (hash(intent.account_id), place)]
            found = [hash(tag) for tag in own]
            if number is not None:
                found.append(_number_key(intent.account_id, number))
            for key in found:
                self._mark(key)
            keys += [(key, place) for key in found]
        self._plans[packing.plan.plan_id] = PackedPlan(packing.plan, packing.packed, keys)

    def pop(self, plan: PlanId) -> PackedPlan | None:
        """Take a plan out; its marks stay, and cost a look in vain."""
        return self._plans.pop(plan, None)

    def by_intent(self, intent: IntentId) -> tuple[PackedPlan, int] | None:
        """The plan of an order, and its place in it."""
        packed = self._plans.get(PlanId(intent.partition(".")[0]))
        if packed is not None:
            for place in packed.places(hash(intent)):
                if packed.order(place).intent.intent_id == intent:
                    return packed, place
        return None

    def by_number(self, account: AccountId, number: BrokerOrderId) -> tuple[PackedPlan, int] | None:
        """The plan of the order that is linked to a broker's number, and its place in it."""
        for packed, place in self._having(_number_key(account, number)):
            order = packed.order(place)
            if order.broker_order_id == number and order.intent.account_id == account:
                return packed, place
        return None

    def by_tag(self, tag: str) -> Iterator[tuple[PackedPlan, int]]:
        """Plans, and places in them, of orders one of whose attempts may carry the tag."""
        return self._having(hash(tag))

    def of_account(self, account: AccountId) -> Iterator[Order]:
        """Orders of one account as new objects, but for those that came back."""
        key = hash(account)
        for packed in list(self):
            for place in packed.places(key):
                order = packed.order(place)
                if place not in packed.whole and order.intent.account_id == account:
                    yield order

    def _having(self, key: int) -> Iterator[tuple[PackedPlan, int]]:
        if self._marks and self._is_marked(key):
            for packed in self:
                for place in packed.places(key):
                    yield packed, place

    def _mark(self, key: int) -> None:
        for bit in (key & _LOW, key >> 32 & _LOW):
            self._marks[bit >> 3] |= 1 << (bit & 7)

    def _is_marked(self, key: int) -> bool:
        marks = self._marks
        first, second = key & _LOW, key >> 32 & _LOW
        return bool(marks[first >> 3] >> (first & 7) & 1 and marks[second >> 3] >> (second & 7) & 1)


def _number_key(account: AccountId, number: BrokerOrderId) -> int:
    return hash((account, number))
