"""What an account may trade at its broker: segments and products, as its profile told at login.

The broker names them in a list (docs/broker.md 8). What is not in it is denied only where every
word of it is one that we know: a spelling that nobody has seen must not keep an account out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from msgspec import Struct

from copytrade_gui.domain.instrument import Exchange
from copytrade_gui.domain.order import Product

_KINDS = {
    "EQ": "shares",
    "FO": "futures and options",
    "CURR": "currencies",
    "COMM": "commodities",
}
_EXCHANGES = frozenset(name for one in Exchange for name in (one.value, one.house))
_PRODUCTS = frozenset(one.value for one in Product)
_REMEDY = "Have it enabled at the broker, then log the account in again."


class Rights(Struct, frozen=True):
    """The words of the broker; empty where it told none."""

    exchanges: tuple[str, ...] = ()
    products: tuple[str, ...] = ()

    def why_not_segment(self, exchange: Exchange) -> str:
        """Why nothing of this segment can be opened, in sentences; empty: it may be."""
        told = _read(self.exchanges, _EXCHANGES)
        if told is None or exchange.value in told or exchange.house in told:
            return ""
        return (
            f"The broker has not enabled {kind_of(exchange)} ({exchange}) for this account, by its "
            f"profile at the last login. {_REMEDY}"
        )

    def why_not_product(self, product: Product) -> str:
        """The same of a product."""
        told = _read(self.products, _PRODUCTS)
        if told is None or product.value in told:
            return ""
        return (
            f"The broker does not let this account use {product}, by its profile at the last "
            f"login; it may use {', '.join(sorted(told))}. {_REMEDY}"
        )

    @property
    def in_words(self) -> str:
        """``NSEEQ, NSEFO; INTRADAY, NORMAL``, as the broker spells them."""
        return "; ".join(
            ", ".join(words) or "not told" for words in (self.exchanges, self.products)
        )

    @property
    def kinds(self) -> str:
        """``Shares, futures and options``: what it may trade, without exchange or product."""
        told = _read(self.exchanges, _EXCHANGES)
        if told is None:
            return "Not told"
        found = [
            words
            for ends, words in _KINDS.items()
            if any(
                one.value.endswith(ends) and (one.value in told or one.house in told)
                for one in Exchange
            )
        ]
        return ", ".join(found).capitalize() or "Nothing"


def kind_of(exchange: Exchange) -> str:
    """``NSE futures and options``."""
    words = next(words for ends, words in _KINDS.items() if exchange.value.endswith(ends))
    return f"{exchange.house} {words}"


def _read(words: Iterable[str], known: Collection[str]) -> set[str] | None:
    """The words as we spell them; None where nothing follows from them."""
    told = {word.strip().upper() for word in words if word.strip()}
    return told if told and told <= set(known) else None
