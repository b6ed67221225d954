"""Orders of masters placed elsewhere that may not be copied any more: they ended unfilled, or what
they filled was placed by catching up with the master's position after it.
"""

from __future__ import annotations

from collections.abc import Iterable

from copytrade_gui.domain.calendar import ist
from copytrade_gui.domain.instrument import InstrumentKey
from copytrade_gui.domain.number import grouped
from copytrade_gui.domain.order import Product
from copytrade_gui.domain.records import Plan, SignalKind
from copytrade_gui.domain.seen import Seen, SeenOrder
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.engine.signals.seen_row import GONE
from copytrade_gui.ports import BrokerOrder


def why_over(row: BrokerOrder, order: SeenOrder, plans: Iterable[Plan]) -> tuple[Seen, str] | None:
    """What becomes of an order that is not copied yet, and why nobody may; None: he may."""
    if order.became is not Seen.WAITS and not order.became.open_to_copy:
        return None
    if row.state in GONE and not row.filled_quantity:
        return Seen.NOT_COPIED, f"It ended as {row.status_text}."
    why = "" if order.became is Seen.WAITS else _why_caught_up(order, plans)
    return (Seen.CAUGHT_UP, why) if why else None


def _why_caught_up(order: SeenOrder, plans: Iterable[Plan]) -> str:
    """Why a copy of an order that was placed elsewhere would place its units twice; empty: it
    would not, because nothing of it was in a position that was caught up with.
    """
    if not order.filled_quantity:
        return ""
    placed_ns = order.placed_ns or 0  # where nobody says when, it may have been before
    for plan in plans:
        signal = plan.signal
        if (
            signal.kind is SignalKind.CATCH_UP
            and signal.master_id == order.account_id
            and signal.terms.instrument.key == order.key
            and signal.terms.product is order.product
            and min(order.seen_ns, placed_ns) <= signal.made_ns
        ):
            return (
                f"Followers were caught up with his position at {ist(signal.made_ns):%H:%M:%S} "
                f"IST, with the {grouped(order.filled_quantity)} in it that this order filled: a "
                "copy would place them twice. Catch up by orders once more for who lacks some."
            )
    return ""


def squared_off(orders: Iterable[Order], key: InstrumentKey, product: Product) -> str:
    """A sentence if copies of it were squared off today, by whomever; else empty."""
    for order in orders:
        held_as = order.intent.terms.product
        if order.closes and order.filled and order.key == key and held_as is product:
            return "Copies of it were squared off today; this would open them again."
    return ""
