"""Positions and profit and loss, from trades alone: exact to the paisa, and adding up.

A position keeps what was paid for what is open (its cost) and what closing has brought (realised).
Closing takes its part of the average cost, rounded to the paisa, and the rest stays with what is
open, so at any moment realised + open profit is cash received - cash paid + value.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.instrument import InstrumentKey
from copytrade_gui.domain.order import Product, Side

NOTHING = Decimal(0)
_PAISA = Decimal("0.01")
_PRICE = Decimal("0.0001")
"""How exactly an average price is told; no amount is computed from it."""
_MONEY = Context(prec=60, rounding=ROUND_HALF_EVEN)
Group = TypeVar("Group", bound=Hashable)


class PositionKey(Struct, frozen=True):
    """Whose position, in what, held as what."""

    account_id: AccountId
    instrument: InstrumentKey
    product: Product


class OwnKey(PositionKey, frozen=True):
    """The same for what the account's owner holds beside copies."""


class Position(Struct, frozen=True):
    """Net quantity in units, bought less sold; amounts are rupees.

    ``cost`` was paid for what is open, and is below 0 for a short position, which brought money in.
    ``carried`` and ``carried_cost`` are ``net`` and ``cost`` as the day began; ``bought``, ``sold``
    and their values are the day's trades, ``realised_today`` is the day's part of ``realised``.
    """

    net: int = 0
    cost: Decimal = NOTHING
    realised: Decimal = NOTHING
    carried: int = 0
    carried_cost: Decimal = NOTHING
    bought: int = 0
    bought_value: Decimal = NOTHING
    sold: int = 0
    sold_value: Decimal = NOTHING
    realised_today: Decimal = NOTHING

    @property
    def average(self) -> Decimal | None:
        """Rupees a unit of what is open cost on average, to four places; None if nothing is."""
        if not self.net:
            return None
        return _MONEY.divide(self.cost, Decimal(self.net)).quantize(_PRICE, context=_MONEY)

    def traded(self, side: Side, quantity: int, price: Decimal) -> Position:
        """The position after a trade of so many units (above 0) at rupees a unit."""
        direction = 1 if side is Side.BUY else -1
        closes = min(quantity, abs(self.net)) if self.net * direction < 0 else 0
        taken = self._cost_of(closes)
        # Closing sells what cost ``taken``, or buys back what was sold for it (then below 0).
        gained = _less(_times(price, -direction * closes), taken)
        opened = _times(price, direction * (quantity - closes))
        moved = replace(
            self,
            net=self.net + direction * quantity,
            cost=_plus(_less(self.cost, taken), opened),
            realised=_plus(self.realised, gained),
            realised_today=_plus(self.realised_today, gained),
        )
        value = _times(price, quantity)
        if side is Side.BUY:
            paid = _plus(self.bought_value, value)
            return replace(moved, bought=self.bought + quantity, bought_value=paid)
        received = _plus(self.sold_value, value)
        return replace(moved, sold=self.sold + quantity, sold_value=received)

    def next_day(self) -> Position:
        """The position as the next day begins: what is open is carried in, the day's sums are 0."""
        return Position(
            net=self.net,
            cost=self.cost,
            realised=self.realised,
            carried=self.net,
            carried_cost=self.cost,
        )

    def open_profit(self, last: Decimal) -> Decimal:
        """What closing at this price would bring, in rupees."""
        return _less(_times(last, self.net), self.cost)

    def day_profit(self, last: Decimal, previous_close: Decimal) -> Decimal:
        """What the day has brought so far: what was carried in counts from the previous close."""
        grown = _less(_times(last, self.net), _times(previous_close, self.carried))
        return _plus(grown, _less(self.sold_value, self.bought_value))

    def day_brought(self, last: Decimal | None, previous_close: Decimal | None) -> Decimal | None:
        """``day_profit`` at prices that may not be known; None: nobody can say."""
        if not (self.net or self.carried):
            return self.realised_today
        if last is None or (self.carried and not previous_close):
            return None
        return self.day_profit(last, previous_close or NOTHING)

    def _cost_of(self, units: int) -> Decimal:
        """The part of the cost that belongs to so many of the open units."""
        if units == abs(self.net):
            return self.cost
        part = _MONEY.divide(_times(self.cost, units), Decimal(abs(self.net)))
        return part.quantize(_PAISA, context=_MONEY)


class Profit(Struct, frozen=True):
    """Realised and open profit of some positions, in rupees; a loss is below 0.

    ``unpriced`` positions are open and have no price: their open profit is in no sum.
    """

    realised: Decimal = NOTHING
    open: Decimal = NOTHING
    unpriced: int = 0

    @property
    def total(self) -> Decimal:
        """Realised and open together."""
        return _plus(self.realised, self.open)

    def __add__(self, other: Profit) -> Profit:
        return Profit(
            _plus(self.realised, other.realised),
            _plus(self.open, other.open),
            self.unpriced + other.unpriced,
        )


class Positions:
    """The positions of all accounts, by account, instrument and product."""

    def __init__(self) -> None:
        self._held: dict[PositionKey, Position] = {}

    def __iter__(self) -> Iterator[tuple[PositionKey, Position]]:
        return iter(self._held.items())

    def __contains__(self, key: PositionKey) -> bool:
        return key in self._held

    def of(self, key: PositionKey) -> Position:
        """One position; an empty one where nothing was traded."""
        return self._held.get(key, _NONE)

    def carry_in(self, key: PositionKey, net: int, cost: Decimal) -> None:
        """The day begins with so many units more, for which so many rupees were paid."""
        before = self.of(key)
        net, cost = before.carried + net, _plus(before.carried_cost, cost)
        self._held[key] = Position(net=net, cost=cost, carried=net, carried_cost=cost)

    def trade(self, key: PositionKey, side: Side, quantity: int, price: Decimal) -> Position:
        """Take in a trade of so many units at rupees a unit; the position after it."""
        after = self._held[key] = self.of(key).traded(side, quantity, price)
        return after

    def next_day(self) -> None:
        """Begin the next day: what is open is carried in.

        INTRADAY is not, because the broker squares it off; whether our trades show that is the
        comparison's business (``engine.books``).
        """
        self._held = {
            key: position.next_day()
            for key, position in self._held.items()
            if key.product is not Product.INTRADAY and (position.net or position.realised)
        }

    def profits(
        self, last: Mapping[InstrumentKey, Decimal], group: Callable[[PositionKey], Group]
    ) -> dict[Group, Profit]:
        """Profit by whatever ``group`` makes of a key, such as its account. ``last`` is rupees."""
        found: dict[Group, Profit] = {}
        for key, position in self._held.items():
            name = group(key)
            found[name] = found.get(name, _NO_PROFIT) + _profit(position, last.get(key.instrument))
        return found


_NONE = Position()
_NO_PROFIT = Profit()


def _profit(position: Position, last: Decimal | None) -> Profit:
    if not position.net:
        return Profit(position.realised)
    if last is None:
        return Profit(position.realised, unpriced=1)
    return Profit(position.realised, position.open_profit(last))


def _times(price: Decimal, units: int) -> Decimal:
    return _MONEY.multiply(price, Decimal(units))


def _plus(one: Decimal, other: Decimal) -> Decimal:
    return _MONEY.add(one, other)


def _less(one: Decimal, other: Decimal) -> Decimal:
    return _MONEY.subtract(one, other)
