"""Which of an account's copies at the broker open something: what is cancelled first of all."""

from __future__ import annotations

from copytrade_gui.domain.exits import OUT_OF_HOLDINGS, against
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.instrument import InstrumentKey
from copytrade_gui.domain.order import Product, Side
from copytrade_gui.engine.orders.book import Book
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.engine.planning.copy_ledger import CopyLedger

_Slot = tuple[AccountId, InstrumentKey, Product, Side]


def opening(book: Book, ledger: CopyLedger, account: AccountId) -> list[Order]:
    """Copies of an account at the broker, or perhaps there, that do not only reduce.

    The oldest on a side reduce first what copies of their master hold.
    """
    found: list[Order] = []
    left: dict[_Slot, int] = {}
    for order in book.open_of(account):
        terms = order.intent.terms
        if order.closes or not order.is_copy:
            continue
        if terms.side is Side.SELL and terms.product in OUT_OF_HOLDINGS:
            continue  # nothing is sold short for delivery
        slot = order.master_id, order.key, terms.product, terms.side
        if slot not in left:
            net = ledger.nets_of(order.master_id, terms).get(account, 0)
            left[slot] = against(terms.side, net)
        left[slot] -= order.ordered - order.filled
        if left[slot] < 0:
            found.append(order)
    return found
