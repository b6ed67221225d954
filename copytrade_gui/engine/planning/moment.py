"""The moment at which an order is judged."""

from __future__ import annotations

from msgspec import Struct

from copytrade_gui.domain.calendar import IndianTime
from copytrade_gui.domain.link import NotCopied
from copytrade_gui.engine.orders.quotes import Prices


class Moment(Struct, frozen=True):
    """What is the same for all that is asked of one order: looked up once, and handed down.

    ``prices`` are of its instrument; ``kept`` is why in all accounts only what reduces leaves in
    it, for each reason.
    """

    time: IndianTime
    prices: Prices
    kept: tuple[NotCopied, ...]
