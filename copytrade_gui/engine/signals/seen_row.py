"""What a row of the broker's book says of an order that was placed elsewhere."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct, structs

from copytrade_gui.domain.changed_terms import change_in_words
from copytrade_gui.domain.ids import AccountId, PlanId
from copytrade_gui.domain.instrument import Instrument, InstrumentKey
from copytrade_gui.domain.order import OrderTerms, OrderType, Product, Side, State
from copytrade_gui.domain.seen import Seen, SeenOrder
from copytrade_gui.engine.orders.settings import EngineSettings
from copytrade_gui.engine.planning.master_exits import Place
from copytrade_gui.ports import BrokerOrder

GONE = frozenset({State.CANCELLED, State.REJECTED, State.EXPIRED})
_REGULAR = frozenset({"", "REGULAR"})


class Elsewhere(Struct, eq=False):
    """One order of a master: its newest row, and what became of it."""

    row: BrokerOrder
    view: SeenOrder
    absent_ns: int
    """When a read began that did not show it yet, monotonic."""
    seen_ns: int
    """When it was seen, monotonic, and later than the one before: its place among his orders."""
    instrument: Instrument | None = None
    working: bool = False
    """It is being copied at this moment."""
    had: frozenset[tuple[object, ...]] = frozenset()
    """Terms that it had before: a pushed row with these may be one that comes late."""
    untold: int = 0
    """Where it was there at the first read: the signed units that it and those after it had filled.

    They are in every read of his positions, and no trade is told of them.
    """

    @property
    def place(self) -> Place:
        """Where it stands among his orders."""
        return Place(self.seen_ns, untold=self.untold)


def terms_key(row: BrokerOrder) -> tuple[object, ...]:
    """What of a row is a change of the order, and not of its state."""
    return row.quantity, row.price, row.trigger, row.order_type, row.validity


def in_order(row: BrokerOrder) -> tuple[int, str]:
    """As they were placed: by the broker's stamp, which has whole seconds, then by its number."""
    return row.placed_ns or 0, row.broker_order_id


def in_position(row: BrokerOrder, units: int) -> int:
    """What so many units of it are in a position, signed."""
    return units if row.side is Side.BUY else -units


def there_before(rows: Iterable[BrokerOrder]) -> list[tuple[BrokerOrder, int]]:
    """What a first read shows as it was placed, each with the signed units that it and those after
    it had filled: what he had before an exit cannot be told by what he has now.
    """
    found: list[tuple[BrokerOrder, int]] = []
    after: dict[tuple[InstrumentKey, Product | None], int] = {}
    for row in sorted(rows, key=in_order, reverse=True):
        part = (row.key, row.product)
        after[part] = after.get(part, 0) + in_position(row, row.filled_quantity)
        found.append((row, after[part]))
    return found[::-1]


def is_older(row: BrokerOrder, known: BrokerOrder) -> bool:
    """True if the row surely is from before the known one: news and books may come out of order.

    What was filled grows only, what has ended stays so, and the broker's stamps have whole seconds.
    """
    if row.filled_quantity != known.filled_quantity:
        return row.filled_quantity < known.filled_quantity
    was_over = known.state is not None and known.state.ended
    if was_over and (row.state is None or not row.state.ended):
        return True
    if row.updated_ns is None or known.updated_ns is None:
        return False
    return row.updated_ns < known.updated_ns


def kind_problem(row: BrokerOrder) -> str:
    """Why an order of this kind is never copied; empty if it may be."""
    if row.complexity not in _REGULAR:
        return f"{row.complexity} orders are not copied."
    if row.product is None or row.order_type is None or row.validity is None:
        return "Its product, type or validity is a word that this program does not know."
    return ""


def why_late(row: BrokerOrder, age_ms: int, settings: EngineSettings) -> str:
    """Why it is too old to be copied by itself; empty if it is not older than may leave."""
    if row.placed_ns is None:
        return ""
    rests = row.order_type is OrderType.SL or not row.filled_quantity
    most_ms = settings.signal_age_resting_ms if rests else settings.signal_age_market_ms
    if age_ms <= most_ms:
        return ""
    return (
        f"It was placed {age_ms // 1000} s before it was seen, too long ago to be copied by itself."
    )


def terms_of(row: BrokerOrder, instrument: Instrument | None) -> OrderTerms | None:
    """The terms of an order that was placed elsewhere; None if one of its words is unknown."""
    if instrument is None or row.product is None:
        return None
    kind, validity = row.order_type, row.validity
    if kind is None or validity is None:
        return None
    return OrderTerms(
        instrument=instrument,
        side=row.side,
        quantity=row.quantity,
        product=row.product,
        order_type=kind,
        validity=validity,
        price=row.price if kind.has_price and row.price > 0 else None,
        trigger=row.trigger if kind.has_trigger and row.trigger > 0 else None,
    )


def seen_order(
    account: AccountId,
    row: BrokerOrder,
    seen_ns: int,
    became: Seen,
    reason: str,
    plan: PlanId | None,
) -> SeenOrder:
    """A master's order as its first row shows it; ``seen_ns`` is UTC ns."""
    return SeenOrder(
        account_id=account,
        broker_order_id=row.broker_order_id,
        symbol=str(row.key),
        side=row.side,
        quantity=row.quantity,
        filled_quantity=row.filled_quantity,
        product=row.product,
        order_type=row.order_type,
        price=row.price,
        trigger=row.trigger,
        status=row.status_text,
        seen_ns=seen_ns,
        became=became,
        reason=reason,
        plan_id=plan,
        key=row.key,
        average_price=row.average_price,
        placed_ns=row.placed_ns,
        gone=row.state in GONE,
    )


def newer(order: SeenOrder, before: BrokerOrder, row: BrokerOrder) -> SeenOrder:
    """The same by a newer row than ``before``. What the broker made of it is no change of his."""
    paid = row.average_price if row.average_price > 0 else None
    is_changed = bool(change_in_words(before, row, paid)) or before.validity is not row.validity
    return structs.replace(
        order,
        quantity=row.quantity,
        filled_quantity=row.filled_quantity,
        average_price=row.average_price,
        order_type=row.order_type,
        price=row.price,
        trigger=row.trigger,
        status=row.status_text,
        changes=order.changes + is_changed,
        gone=row.state in GONE,
    )
