"""A history made of the orders of the moment."""

from collections.abc import Mapping
from pathlib import Path

from copytrade_gui.domain.ids import IntentId
from copytrade_gui.domain.records import OrderView
from copytrade_gui.domain.waterfall import Waterfall
from copytrade_gui.services.verbs import HistoryRow, LatencySample
from copytrade_gui.storage.journal.facts import order_fact, to_json


class FakeHistory:
    def __init__(self, orders: Mapping[IntentId, OrderView]) -> None:
        self._orders = orders
        self.fall = Waterfall({})

    async def latency(self, limit: int) -> tuple[LatencySample, ...]:
        views = sorted(self._orders.values(), key=lambda view: view.changed_ns)
        return tuple(
            LatencySample(view.attempt_id, view.plan_id, view.account_id, view.changed_ns,
                          view.timing, number, view.role)
            for number, view in enumerate(views)
            if view.timing is not None and view.attempt_id is not None
        )[-limit:]  # fmt: skip

    async def events(self, limit: int, text: str = "") -> tuple[HistoryRow, ...]:
        views = list(self._orders.values())[:limit]
        return tuple(
            HistoryRow(
                len(views) - number, view.changed_ns, "engine", "OrderChanged",
                str(view.account_id), view.intent_id, view.reason,
                to_json(order_fact(view, "SENDING")),
            )
            for number, view in enumerate(views)
        )  # fmt: skip

    async def orders(self, limit: int) -> tuple[OrderView, ...]:
        return tuple(self._orders.values())[:limit]

    async def waterfall(self, order: OrderView) -> Waterfall:
        del order
        return self.fall

    async def export_orders(self, path: Path) -> int:
        return len(self._orders)

    async def verify_audit(self) -> tuple[str, ...]:
        return ()
