"""What an account's three books and our records must agree on, and where they do not.

An owner may trade on his own and may hold what he bought earlier, so that a position is not ours
is no error and what we filled is only a share of it. What can be proven is this: for every order
of ours the order book's filled quantity, the sum of its trades, our own figure and our stored fills
are one number; for every instrument what the positions call bought and sold today is the sum of the
day's whole trade book, ours and strangers'; and every position is what its own figures add up to.
Nothing is ever traded to make them agree (docs/safety.md 1.5).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from copytrade_gui.domain.account import Account
from copytrade_gui.domain.ids import BrokerOrderId
from copytrade_gui.domain.instrument import InstrumentKey
from copytrade_gui.domain.order import Product, Side
from copytrade_gui.engine.orders.book import Book
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.ports import BrokerOrder, BrokerPosition, BrokerTrade


@dataclass(frozen=True, slots=True)
class Books:
    """An account's books of today, read whole one after the other."""

    orders: Sequence[BrokerOrder]
    trades: Sequence[BrokerTrade]
    positions: Sequence[BrokerPosition] | None
    """None where they could not be read: they prove nothing then."""


@dataclass(slots=True)
class _Day:
    """Units bought and sold today."""

    bought: int = 0
    sold: int = 0

    def add(self, side: Side, quantity: int) -> None:
        if side is Side.BUY:
            self.bought += quantity
        else:
            self.sold += quantity

    @property
    def net(self) -> int:
        return self.bought - self.sold


def differences(account: Account, book: Book, books: Books) -> tuple[str, ...]:
    """One sentence for each thing that does not agree; empty when everything does."""
    ours = [
        order
        for order in book.of_account(account.account_id)
        if order.broker_order_id is not None and book.sent_today(order)
    ]
    found = [*_of_orders(account, book, ours, books), *_of_tags(account, book, books.trades)]
    if books.positions is not None:
        found += _of_positions(account, ours, books.trades, books.positions)
    return tuple(found)


def _of_orders(account: Account, book: Book, ours: Sequence[Order], books: Books) -> Iterable[str]:
    rows: dict[BrokerOrderId, BrokerOrder] = {}
    for row in books.orders:
        rows.setdefault(row.broker_order_id, row)
    traded: defaultdict[BrokerOrderId, int] = defaultdict(int)
    for trade in {one.trade_id: one for one in books.trades}.values():  # a row may come twice
        traded[trade.broker_order_id] += trade.quantity
    for order in ours:
        number = order.broker_order_id
        row_of = None if number is None else rows.get(number)
        if number is None or row_of is None:
            continue  # such a read is not complete, and proves nothing
        by_trades, by_fills = traded[number], book.traded_of_any(account.account_id, number)
        if not row_of.filled_quantity == by_trades == by_fills == order.filled:
            terms = order.sent_terms
            yield (
                f"{account.name}: {terms.side} {terms.quantity} {terms.instrument.symbol}, order "
                f"{number}: filled {row_of.filled_quantity} by the broker's order book, "
                f"{by_trades} by its trade book, {order.filled} by our record, {by_fills} by our "
                "stored fills. Compare the order at the broker."
            )


def _of_tags(account: Account, book: Book, trades: Sequence[BrokerTrade]) -> Iterable[str]:
    """An order that we say never was has traded: the order book hides it."""
    for trade in trades:
        order = book.by_tag(trade.tag) if trade.tag else None
        if (
            order is not None
            and order.intent.account_id == account.account_id
            and order.broker_order_id is None
            and order.state.ended
        ):
            yield (
                f"{account.name}: {trade.side} {trade.quantity} "
                f"{order.intent.terms.instrument.symbol} was traded under order "
                f"{trade.broker_order_id} with the tag of an order that we call {order.state}. "
                "Compare the order at the broker."
            )


def _of_positions(
    account: Account,
    ours: Sequence[Order],
    trades: Sequence[BrokerTrade],
    positions: Sequence[BrokerPosition],
) -> Iterable[str]:
    symbols = {order.key: order.intent.terms.instrument.symbol for order in ours}
    symbols.update((row.key, row.symbol) for row in positions if row.symbol)
    traded: defaultdict[InstrumentKey, _Day] = defaultdict(_Day)
    for trade in {one.trade_id: one for one in trades}.values():
        traded[trade.key].add(trade.side, trade.quantity)
    shown: dict[InstrumentKey, _Day] = {}
    for row in positions:
        symbol = symbols.get(row.key, str(row.key))
        yield from _of_own_figures(account, symbol, row)
        day = shown.setdefault(row.key, _Day())
        day.bought += row.bought or 0
        day.sold += row.sold or 0
    for key in dict.fromkeys((*traded, *shown)):
        symbol, day = symbols.get(key, str(key)), traded[key]
        there = shown.get(key)
        if there is None:
            # A row that is flat may be left out; one that is not may not.
            if day.net:
                yield (
                    f"{account.name}: {symbol}: the trade book says {day.bought} bought and "
                    f"{day.sold} sold today, the positions show none of it. Compare the "
                    "position at the broker."
                )
        elif (there.bought, there.sold) != (day.bought, day.sold):
            yield (
                f"{account.name}: {symbol}: the positions say {there.bought} bought and "
                f"{there.sold} sold today, the trade book {day.bought} and {day.sold}. Compare "
                "the position at the broker."
            )
        else:
            yield from _of_products(account, symbol, key, ours, positions)


def _of_own_figures(account: Account, symbol: str, row: BrokerPosition) -> Iterable[str]:
    if row.carried is None or row.bought is None or row.sold is None:
        return
    sum_of_them = row.carried + row.bought - row.sold
    if sum_of_them != row.net_quantity:
        yield (
            f"{account.name}: {symbol}{_words(row.product)}: the broker shows a position of "
            f"{row.net_quantity}, but {row.carried} carried, {row.bought} bought and {row.sold} "
            f"sold make {sum_of_them}. Compare the position at the broker."
        )


def _of_products(
    account: Account,
    symbol: str,
    key: InstrumentKey,
    ours: Sequence[Order],
    positions: Sequence[BrokerPosition],
) -> Iterable[str]:
    """Our share is part of each product's day; where it is not, somebody converted the position."""
    shares: dict[Product, _Day] = {}
    for order in ours:
        if order.key == key and order.filled:
            shares.setdefault(_product_of(order), _Day()).add(order.intent.terms.side, order.filled)
    booked: Mapping[Product | None, _Day] = {
        row.product: _Day(row.bought or 0, row.sold or 0) for row in positions if row.key == key
    }
    if None in booked:
        return  # a product we have no word for may be the one
    for product, share in shares.items():
        there = booked.get(product, _Day())
        if share.bought > there.bought or share.sold > there.sold:
            yield (
                f"{account.name}: {symbol}: our orders filled {share.bought} bought and "
                f"{share.sold} sold as {product}, the positions show only {there.bought} and "
                f"{there.sold} under it. The position was converted; look at it at the broker."
            )


def _product_of(order: Order) -> Product:
    """What it was sent as, unless it was changed at the broker, which was told already."""
    changes = () if order.diverged is None else order.diverged.changes
    now = [Product(change.now) for change in changes if change.field == "product"]
    return now[0] if now else order.intent.terms.product


def _words(product: Product | None) -> str:
    return "" if product is None else f" ({product})"
