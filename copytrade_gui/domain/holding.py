"""Shares in an account's demat: what of them can be sold, and what cannot."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct

from copytrade_gui.domain.instrument import InstrumentKey
from copytrade_gui.domain.order import Product


class Holding(Struct, frozen=True, kw_only=True):
    """One holding as the broker tells it; quantities in units, prices in rupees.

    ``quantity`` is the broker's total, which may count shares that cannot be sold. ``in_demat`` is
    what can be sold, ``unsettled`` was bought yesterday (T1) and can be sold where the account may,
    ``pledged`` cannot be; each is None where the row does not say (docs/broker.md 21.10).
    """

    isin: str
    symbol: str
    quantity: int
    average_price: Decimal
    in_demat: int | None = None
    unsettled: int | None = None
    pledged: int | None = None
    keys: tuple[InstrumentKey, ...] = ()
    """The share at each exchange that lists it."""
    product: Product | None = None
    """None for a name we have no word for."""
    previous_close: Decimal | None = None
