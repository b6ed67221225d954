"""What the orders of a ticket are worth, need of margin and cost, by account and together. Pure.

Worked out in a thread, with the preview that it belongs to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal

from msgspec import Struct

from copytrade_gui.domain.charges import Charges, Rates, charges
from copytrade_gui.domain.exits import Exiting
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.margin import Margins
from copytrade_gui.domain.money import Paise, order_value
from copytrade_gui.domain.order import OrderTerms, Side
from copytrade_gui.engine.planning.share import Share
from copytrade_gui.services.verbs import NO_COST, MarginNeeded, RowCost


class Known(Struct, frozen=True):
    """What was known when the ticket was asked about.

    ``needed`` is None where the broker has not told what such an order needs, ``rates`` where the
    table has none for it. ``held`` is what copies hold of it, signed units by account; who is not
    in it holds nothing.
    """

    exiting: Exiting = Exiting(0, 0)
    needed: Margins | None = None
    rates: Rates | None = None
    held: Mapping[AccountId, int] = {}


NOTHING_KNOWN = Known()


class Costs:
    """Of orders that leave with ``terms`` and are worth so many rupees a unit (None: not known)."""

    def __init__(self, known: Known, terms: OrderTerms, price: Decimal | None) -> None:
        self._known, self._terms, self._price = known, terms, price
        self._closes = known.exiting.least >= terms.quantity
        self._orders: Counter[tuple[Side, int]] = Counter()
        self._needed, self._not_told = 0, 0

    def of(self, share: Share, *, is_master: bool) -> RowCost:
        """What one account's share is worth and needs; it is in all that is told of all."""
        units = share.sized.quantity
        if not units:
            return NO_COST
        terms = share.terms or self._terms
        parts = share.slices or (units,)
        self._orders.update([(terms.side, part) for part in parts])
        value = None if self._price is None else order_value(self._price, units)
        account = share.account.account_id
        after = None
        if not is_master:
            signed = units if terms.side is Side.BUY else -units
            after = self._known.held.get(account, 0) + signed
        needed, short = self._margin(account, units, share)
        return RowCost(len(parts), value, needed, short, after)

    def _margin(
        self, account: AccountId, units: int, share: Share
    ) -> tuple[Paise | None, bool | None]:
        """What it needs, and whether that is more than the most of what is free."""
        if self._closes:
            return Paise(0), False
        told = self._known.needed
        if told is None or share.terms is not None:  # it was asked of the other side
            self._not_told += 1
            return None, None
        needed = told.of_units(units, self._terms.price)
        self._needed += needed
        margin = told.of(account)
        return needed, None if margin is None else margin.is_short(units, self._terms.price)

    @property
    def margin(self) -> MarginNeeded | None:
        """What all of them need together; None while the broker has not told it."""
        if self._closes:
            return MarginNeeded(Paise(0), 0)
        told = self._known.needed
        if told is None:
            return None
        at_most = self._known.exiting.most > 0
        return MarginNeeded(Paise(self._needed), told.age_s, self._not_told, at_most)

    @property
    def charges(self) -> Charges | None:
        """What all of them cost if they fill whole; None without a price or rates."""
        rates, price = self._known.rates, self._price
        if rates is None or price is None:
            return None
        exchange = self._terms.instrument.key.exchange
        return _sum(
            [
                (charges(rates, exchange, side, price * units), times)
                for (side, units), times in self._orders.items()
            ]
        )


def _sum(found: Sequence[tuple[Charges, int]]) -> Charges:
    return Charges(
        brokerage=sum(one.brokerage * times for one, times in found),
        tax=sum(one.tax * times for one, times in found),
        exchange=sum(one.exchange * times for one, times in found),
        sebi=sum(one.sebi * times for one, times in found),
        stamp=sum(one.stamp * times for one, times in found),
        gst=sum(one.gst * times for one, times in found),
    )
