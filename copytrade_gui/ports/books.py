"""What the broker's books show: the values of their rows, and of a read of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Generic, TypeVar

from copytrade_gui.domain.ids import BrokerOrderId, TradeId
from copytrade_gui.domain.instrument import InstrumentKey
from copytrade_gui.domain.money import Paise
from copytrade_gui.domain.order import OrderType, Product, Side, State, Validity
from copytrade_gui.ports.outcomes import Silence

RowT = TypeVar("RowT")
MARK = 16
"""Bytes of the mark of a row of a read."""


@dataclass(frozen=True, slots=True)
class BrokerOrder:
    """A row of the order book. ``state`` is None for a status text we have no row for.

    Quantities in units, prices in rupees. ``tag`` is empty where the book says ``NA`` or nothing.
    ``placed_ns`` is UTC ns, None when the stamp cannot be read (IST at the broker, whole seconds);
    ``updated_ns`` likewise, of the last change to the row.
    ``product``, ``order_type`` and ``validity`` are None for a text we have no word for (an order
    made elsewhere): the row is still well formed, it just equals none of ours.
    """

    broker_order_id: BrokerOrderId
    tag: str
    status_text: str
    state: State | None
    key: InstrumentKey
    side: Side
    quantity: int
    filled_quantity: int
    pending_quantity: int
    price: Decimal
    trigger: Decimal
    average_price: Decimal
    product: Product | None
    order_type: OrderType | None
    validity: Validity | None
    rejection_reason: str
    placed_ns: int | None
    updated_ns: int | None = None
    complexity: str = ""
    """``REGULAR``, ``AMO``, ``BO``, ``CO``, or empty where the row does not say."""

    @property
    def all_filled(self) -> bool:
        """Nothing of it is left to work, whatever its status text says."""
        return self.filled_quantity >= self.quantity


@dataclass(frozen=True, slots=True)
class BrokerTrade:
    """A row of the trade book. ``quantity`` units of this fill, ``price`` rupees."""

    trade_id: TradeId
    broker_order_id: BrokerOrderId
    key: InstrumentKey
    side: Side
    quantity: int
    price: Decimal
    tag: str
    at_text: str


@dataclass(frozen=True, slots=True)
class Read(Generic[RowT]):
    """One read of a book. ``whole`` means: HTTP success, whole body parsed, every row well formed.

    A read that is not whole proves nothing; ``problem`` says why in one sentence, and
    ``session_dead`` is True when the broker said that the session is over. ``silence`` is set when
    nobody answered at all; ``address_refused`` when the broker does not know the address we called
    from (EC500, docs/broker.md 6.3).

    ``rows`` may be made anew each time they are asked for, and may hold the whole reply: keep a
    row, not all of them. ``marks`` has ``MARK`` bytes for each row, which are equal in two reads
    only for rows that are equal; empty where the adapter cannot tell.
    """

    rows: Sequence[RowT]
    whole: bool
    problem: str = ""
    session_dead: bool = False
    silence: Silence | None = None
    address_refused: bool = False
    marks: bytes = field(default=b"", repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class BrokerPosition:
    """Net position of one instrument and product; ``net_quantity`` units, average in rupees.

    ``product`` is None for a product name we have no word for. ``carried`` is what was held before
    today (signed), ``bought`` and ``sold`` are today's; None where the row does not say. By the
    broker's own formula the net is carried + bought - sold (docs/broker.md 14).
    """

    key: InstrumentKey
    symbol: str
    product: Product | None
    net_quantity: int
    average_price: Decimal
    realised: Paise
    carried: int | None = None
    bought: int | None = None
    sold: int | None = None
    multiplier: int | None = None
    """Units that one counted quantity is worth, as the row says; None where it does not."""
    lot_in_file: int | None = None
    """Units per lot in the contract file, on segments that count in lots."""
    carried_average: Decimal | None = None
    bought_average: Decimal | None = None
    sold_average: Decimal | None = None
    """Rupees a unit of what was carried in, bought and sold today; None where the row is silent."""


@dataclass(frozen=True, slots=True)
class FundLimits:
    """Money of an account in paise. ``available`` is what the broker would still let us use."""

    available: Paise
    utilised: Paise
    opening: Paise
