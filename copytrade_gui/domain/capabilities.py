"""What a broker takes and how often it may be asked; every broker says it of itself."""

from __future__ import annotations

from dataclasses import dataclass

from copytrade_gui.domain.ids import TAG_CHARACTERS, TAG_LENGTH
from copytrade_gui.domain.instrument import Exchange
from copytrade_gui.domain.order import MAX_QUANTITY, OrderType, Product, Validity


@dataclass(frozen=True, slots=True)
class Capabilities:
    """One broker's manner, as far as the engine and the ticket have to know it.

    Rates are calls of one session in any rolling second, as this program uses them. The defaults
    are a careful pace, and a broker that takes everything the program can name.
    """

    orders_per_second: int = 8
    changes_per_second: int = 10
    """Orders, modifies and cancels together: what exceeds ``orders_per_second`` is kept for cancels
    (docs/safety.md 12)."""
    reads_per_second: int = 2
    """Of each kind of book."""
    history_per_second: int = 5
    """Of the history of single orders."""
    exchanges: frozenset[Exchange] = frozenset(Exchange)
    order_types: frozenset[OrderType] = frozenset(OrderType)
    products: frozenset[Product] = frozenset(Product)
    validities: frozenset[Validity] = frozenset(Validity)
    delivery_on: frozenset[Exchange] = frozenset({Exchange.NSEEQ, Exchange.BSEEQ})
    """Exchanges whose shares can be taken to a demat account: DELIVERY and BNPL."""
    no_ioc_on: frozenset[Exchange] = frozenset()
    """Exchanges that take no IOC order from a program."""
    most_units: int = MAX_QUANTITY
    """Units in one order."""
    label_length: int = TAG_LENGTH
    label_characters: frozenset[str] = frozenset(TAG_CHARACTERS)
    """What an order's label holds that comes back in the books: our tag must fit into it."""

    @property
    def carries_tags(self) -> bool:
        """False for a broker in whose books no order of ours could be found again."""
        return self.label_length >= TAG_LENGTH and self.label_characters.issuperset(TAG_CHARACTERS)
