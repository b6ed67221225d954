"""What of copied positions may be closed now: never more than copies hold, and nobody is reversed.

An owner may have sold his copy by himself, which our fills do not show. So an order that closes is
also at most what the broker's position book shows on that side.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from copytrade_gui.domain.exits import OUT_OF_HOLDINGS, against
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.instrument import Instrument
from copytrade_gui.domain.order import OrderTerms, OrderType, Product, Side, Validity
from copytrade_gui.domain.position import OwnKey, PositionKey
from copytrade_gui.domain.protection import protect
from copytrade_gui.domain.sizing import Sized
from copytrade_gui.domain.square_off import (
    Line,
    Scope,
    beyond,
    chosen_in,
    closable,
    closing_side,
)
from copytrade_gui.engine.books.account_positions import AccountPositions
from copytrade_gui.engine.books.copies import Copies
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.engine.planning.copy_ledger import CopyLedger
from copytrade_gui.engine.planning.owned import Owned
from copytrade_gui.ports import BrokerPosition

_ONLY_RESTS = "Copies hold nothing there yet; what fills before its cancel is closed too."


class Closable:
    """Answers from memory; sends and reads nothing."""

    def __init__(
        self,
        core: Core,
        copies: Copies,
        ledger: CopyLedger,
        positions: AccountPositions,
        owned: Owned,
    ) -> None:
        self.owned = owned
        self._book = core.book
        self._lanes = core.lanes
        self._quotes = core.quotes
        self._copies = copies
        self._ledger = ledger
        self._positions = positions

    def held(self, scope: Scope) -> dict[PositionKey, int]:
        """What is to be closed in a scope, signed units; what is none is left out."""
        found = {}
        for key, net in self._ledger.copied():
            chosen = chosen_in(scope, key)
            if chosen is not None and (units := beyond(net, chosen.keep)):
                found[key] = units
        return found | self.owned.held(scope)

    def net(self, key: PositionKey) -> int:
        """What copies hold of one position, or its owner beside them, signed units."""
        if isinstance(key, OwnKey):
            return self.owned.net(key)
        return self._ledger.copied_of(key)

    def entering(self, scope: Scope) -> dict[PositionKey, Instrument]:
        """Positions of a scope in which copies work, or wait to leave, and hold nothing yet."""
        found: dict[PositionKey, Instrument] = {}
        for lane in self._lanes:
            for order in (*self._book.open_of(lane.account_id), *lane.queue):
                key = position_of(order)
                chosen = chosen_in(scope, key)
                ours = order.is_copy and not order.state.ended
                if ours and chosen is not None and not chosen.keep and not self.net(key):
                    found[key] = order.intent.terms.instrument
        return found

    def instrument(self, key: PositionKey) -> Instrument:
        """What a copied position is in, as it was ordered."""
        known = self._copies.instruments.get(key.instrument)
        if known is not None:
            return known
        orders = self._book.of_account(key.account_id)
        return next(one.intent.terms.instrument for one in orders if one.key == key.instrument)

    def name(self, account: AccountId) -> str:
        """An account's name, or its id when it is gone."""
        lane = self._lanes.get(account)
        return str(account) if lane is None else lane.account.name

    def working(self, keys: Collection[PositionKey]) -> list[Order]:
        """Copies in these positions that work, wait, or are in doubt."""
        return [
            order
            for account in dict.fromkeys(key.account_id for key in keys)
            for order in self._book.recent_of(account)
            if not order.state.ended and order.is_copy and position_of(order) in keys
        ]

    def line(self, key: PositionKey, held: int, orders: int) -> Line:
        """What would be closed of one position, by the account's positions as last read.

        ``orders`` are its copies that work there.
        """
        instrument, book = self.instrument(key), self._positions.book(key.account_id)
        if not held:
            account = self.name(key.account_id)
            return Line(
                key=key,
                account=account,
                instrument=instrument,
                held=0,
                units=0,
                reason=_ONLY_RESTS,
                orders=orders,
            )
        part = (key.instrument, key.product)
        told = self._positions.shows_fills(key.account_id, part, self.net(key))
        sized = self.sized(key, held, book.rows if book.at_ns and told else None)
        terms = closing_terms(instrument, closing_side(held), key.product)
        leaving = protect(
            terms,
            self._quotes.fresh_price(key.instrument),
            self._quotes.day_band(key.instrument),
        )
        return Line(
            key=key,
            account=self.name(key.account_id),
            instrument=instrument,
            held=held,
            units=sized.quantity,
            code=sized.code,
            reason=sized.reason,
            orders=orders,
            price=None if leaving is None else leaving.price,
        )

    def sized(self, key: PositionKey, held: int, rows: Sequence[BrokerPosition] | None) -> Sized:
        """The order that closes ``held`` units, signed, or why there is none, or a smaller one.

        ``rows`` are the account's positions at the broker; None where they were not read.
        """
        code, reason = self._why_not(key)
        if code:
            return Sized(0, code, reason)
        if isinstance(key, OwnKey):
            return self.owned.sized(key)
        return closable(held, self.at_broker(key, rows), self.instrument(key).lot_size)

    def at_broker(self, key: PositionKey, rows: Sequence[BrokerPosition] | None) -> int | None:
        """What the broker shows of a position, signed; None where no book of it tells all."""
        if rows is None or key.product in OUT_OF_HOLDINGS:
            return None
        return sum(
            row.net_quantity
            for row in rows
            if row.key == key.instrument and row.product is key.product
        )

    def by_master(
        self, key: PositionKey, units: int, side: Side, first: Collection[AccountId] = ()
    ) -> list[tuple[AccountId, int]]:
        """Whose copies so many units are, of those on the side that is reduced.

        Those of the ``first`` masters are taken before others'.
        """
        if isinstance(key, OwnKey):
            return [(key.account_id, units)]
        found, left = [], units
        for master, net in sorted(self._nets(key), key=lambda one: one[0] not in first):
            part = min(left, against(side, net))
            if part:
                found.append((master, part))
                left -= part
        return found

    # ------------------------------------------------------------ inside

    def _nets(self, key: PositionKey) -> Iterable[tuple[AccountId, int]]:
        account = key.account_id
        for master, nets in self._ledger.masters_of(key.instrument, key.product):
            if master != account and account in nets:
                yield master, nets[account]

    def _why_not(self, key: PositionKey) -> tuple[str, str]:
        """Code and sentence why no order can leave in the account; empty: it can."""
        lane = self._lanes.get(key.account_id)
        if lane is None:
            return "removed", "The account was removed here. Close it on the broker's page."
        masters = [master for master, _ in self._nets(key)]
        facts = [lane.facts, *(lane.facts_to_close(master) for master in masters)]
        return next(((one.code, one.reason) for one in facts if one.code), ("", ""))


def whole(scope: Scope, keys: Iterable[PositionKey]) -> set[PositionKey]:
    """Those of which nothing is to stay: whatever of copies works there is cancelled first."""
    found = ((key, chosen_in(scope, key)) for key in keys)
    return {key for key, chosen in found if chosen is not None and not chosen.keep}


def place_of(order: Order) -> PositionKey:
    """What an order of a square-off closes: copies, or what an owner holds."""
    kind = PositionKey if order.is_copy else OwnKey
    return kind(order.intent.account_id, order.key, order.intent.terms.product)


def position_of(order: Order) -> PositionKey:
    """The position that an order changes."""
    return PositionKey(order.intent.account_id, order.key, order.intent.terms.product)


def closing_terms(
    instrument: Instrument, side: Side, product: Product, quantity: int = 0
) -> OrderTerms:
    """An order that closes: at the market, which leaves with a protected limit price."""
    return OrderTerms(
        instrument=instrument,
        side=side,
        quantity=quantity,
        product=product,
        order_type=OrderType.MARKET,
        validity=Validity.DAY,
    )
