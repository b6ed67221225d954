"""The broker's own record of what reached it. Lost, duplicate and orphan are judged from this.

It is written at the moment of acceptance and knows nothing of what any reply or book said.
"""

from collections import Counter

import msgspec

from copytrade_gui.simulator import rupees
from copytrade_gui.simulator.ist import NS
from copytrade_gui.simulator.orders import Order


class WireOrder(msgspec.Struct, gc=False):
    """One order of a place request as it came over the wire, refused ones included."""

    at: int  # ns
    account: str
    tag: str
    exchange: str
    instrument_id: str
    side: str
    quantity: str
    outcome: str = ""
    """`accepted`, an EC code, or what stopped the whole request: 401, 429, address, fault."""
    order_id: str = ""


class Excess(msgspec.Struct, gc=False):
    """A call that came while its class had already used up the second before it."""

    at: int
    account: str
    call: str
    limit: int


class Ledger:
    """Append-only while the broker runs; a reset starts a new one."""

    def __init__(self) -> None:
        self.accepted: list[Order] = []
        self.wire: list[WireOrder] = []
        self.excess: list[Excess] = []
        self.tags: Counter[str] = Counter()
        """How often each tag was asked for, whatever became of it."""
        self.refused_for_rate = 0
        """Replies of 429, or of EC003 where that is the broker's way to say it."""

    @property
    def seconds_over_limit(self) -> int:
        """Distinct (account, class, second) in which a limit was passed."""
        return len({(e.account, e.call, e.at // NS) for e in self.excess})

    def orders_with_tag(self, tag: str) -> list[Order]:
        return [order for order in self.accepted if order.terms.tag == tag]

    def rows(self) -> list[dict[str, object]]:
        """Every accepted order as plain values, in the order of acceptance."""
        return [ledger_row(order) for order in self.accepted]

    def summary(self) -> dict[str, object]:
        """Totals for a proof: counts by outcome, repeated tags, excess calls."""
        by_tag = Counter(
            (order.account, order.terms.tag) for order in self.accepted if order.terms.tag
        )
        return {
            "accepted": len(self.accepted),
            "open": sum(order.live for order in self.accepted),
            "accepted_by_origin": dict(Counter(order.origin for order in self.accepted)),
            "by_status": dict(Counter(order.status for order in self.accepted)),
            "place_requests": len(self.wire),
            "place_outcomes": dict(Counter(line.outcome for line in self.wire)),
            "tags_accepted_twice": sorted(tag for (_, tag), n in by_tag.items() if n > 1),
            "tags_requested_twice": sorted(tag for tag, n in self.tags.items() if n > 1),
            "refused_for_rate": self.refused_for_rate,
            "calls_over_limit": len(self.excess),
            "seconds_over_limit": self.seconds_over_limit,
        }


def ledger_row(order: Order) -> dict[str, object]:
    """One accepted order as the control path shows it."""
    terms = order.terms
    return {
        "number": order.number,
        "account": order.account,
        "tag": terms.tag,
        "order_id": order.order_id,
        "origin": order.origin,
        "accepted_ns": order.accepted_at,
        "visible_ns": order.visible_at,
        "updated_ns": order.updated_at,
        "exchange": terms.instrument.exchange,
        "instrument_id": str(terms.instrument.id),
        "symbol": terms.instrument.symbol,
        "side": "BUY" if terms.buy else "SELL",
        "quantity": terms.quantity,
        "product": terms.product,
        "complexity": terms.complexity,
        "order_type": terms.kind,
        "validity": terms.validity,
        "price": rupees.text(terms.price),
        "trigger": rupees.text(terms.trigger),
        "status": order.status,
        "filled": order.filled,
        "average_price": rupees.text(rupees.average(order.value, order.filled)),
        "reason": order.reason,
    }
