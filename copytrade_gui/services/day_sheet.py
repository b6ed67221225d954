"""One follower's day in figures: trades, charges, profit, slippage, latency, verdicts. Pure.

Everything follows from what is stored. Trades add up to what the broker's trade book says; charges
are an estimate, and the contract note is what counts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal

from msgspec import Struct

from copytrade_gui.domain.account import Account
from copytrade_gui.domain.changed_terms import change_in_words
from copytrade_gui.domain.charges import Charges, ChargeTable, charges, segment_of
from copytrade_gui.domain.ids import AccountId, BrokerOrderId, PlanId, TradeId
from copytrade_gui.domain.instrument import Instrument, InstrumentKey, Quote
from copytrade_gui.domain.money import rupees
from copytrade_gui.domain.order import Product, Side
from copytrade_gui.domain.position import NOTHING, Position, PositionKey
from copytrade_gui.domain.records import Fill, OrderView, SignalKind
from copytrade_gui.domain.waterfall import master_average, slippage
from copytrade_gui.ports import DayFacts


class SheetTrade(Struct, frozen=True, kw_only=True):
    """A trade of a copy. ``trade_id`` is empty of units whose trades were not read: they count at
    the average of their order. ``at_text`` is the broker's stamp, ``price`` rupees a unit.
    """

    at_text: str
    trade_id: TradeId
    order: OrderView
    quantity: int
    price: Decimal

    @property
    def value(self) -> Decimal:
        """In rupees."""
        return self.price * self.quantity


class SheetOrder(Struct, frozen=True, kw_only=True):
    """What became of one master's order in this account: sent, or why not.

    ``made_ns`` is when it was asked for, UTC ns. ``changed`` says what of it was changed since it
    left, from what to what. ``master_average`` is what the master got for his, ``slippage`` what
    the copy cost more than that, in rupees. ``charges`` is None where nothing was filled, or no
    rates are known.
    """

    made_ns: int
    master: str
    order: OrderView
    changed: str
    charges: Charges | None
    master_average: Decimal | None
    slippage: Decimal | None


class SheetPosition(Struct, frozen=True, kw_only=True):
    """What copies hold of one instrument as one product, and what it brought today; in rupees.

    ``priced`` is False while nobody knows what a part of it cost; ``open`` is None without a price.
    """

    instrument: Instrument
    product: Product
    position: Position
    priced: bool
    quote: Quote | None
    open: Decimal | None


class Sheet(Struct, frozen=True, kw_only=True):
    """One follower's day. ``notes`` are sentences that the figures are to be read with."""

    day: date
    account: Account
    trades: tuple[SheetTrade, ...]
    orders: tuple[SheetOrder, ...]
    positions: tuple[SheetPosition, ...]
    charges: Charges
    notes: tuple[str, ...]

    @property
    def bought(self) -> Decimal:
        """The value of what was bought, in rupees."""
        return self._value(Side.BUY)

    @property
    def sold(self) -> Decimal:
        """The value of what was sold."""
        return self._value(Side.SELL)

    @property
    def realised(self) -> Decimal:
        """What closing has brought today, before charges, where its cost is known."""
        return sum((one.position.realised_today for one in self.positions if one.priced), NOTHING)

    @property
    def after_charges(self) -> Decimal:
        """Realised less charges."""
        return self.realised - rupees(self.charges.total)

    @property
    def open(self) -> Decimal | None:
        """What closing the rest at the last prices would bring; None where a price is missing."""
        known = [one.open for one in self.positions if one.open is not None]
        return sum(known, NOTHING) if len(known) == len(self.positions) else None

    @property
    def slippage(self) -> Decimal:
        """What copies cost more than at their masters' prices, where those are known."""
        return sum((one.slippage for one in self.orders if one.slippage is not None), NOTHING)

    @property
    def latencies_ms(self) -> list[float]:
        """From call to answer of every order that was answered, sorted."""
        timings = [one.order.timing for one in self.orders]
        return sorted(one.call_to_reply_ms for one in timings if one is not None)

    def _value(self, side: Side) -> Decimal:
        return sum((one.value for one in self.trades if one.order.terms.side is side), NOTHING)


class Beside(Struct, frozen=True):
    """What a day's facts do not hold: whose accounts, at which rates, and the newest prices."""

    accounts: Mapping[AccountId, Account]
    rates: ChargeTable
    quotes: Mapping[InstrumentKey, Quote] = {}


def sheets_of(facts: DayFacts, beside: Beside) -> tuple[Sheet, ...]:
    """A sheet for every follower who was concerned on the day, by name; an account that was
    removed since is told by its id.
    """
    orders: defaultdict[AccountId, list[OrderView]] = defaultdict(list)
    fills: defaultdict[AccountId, list[Fill]] = defaultdict(list)
    for order in facts.orders:
        if order.is_copy:
            orders[order.account_id].append(order)
    for fill in facts.fills:
        fills[fill.account_id].append(fill)
    concerned = orders.keys() | {one.account_id for one in facts.carried}
    averages = _master_averages(facts)
    made = [
        _Making(facts, beside, account, orders[account], fills[account]).sheet(averages)
        for account in concerned
    ]
    return tuple(sorted(made, key=lambda one: (one.account.name.casefold(), one.account.client_id)))


def _master_averages(facts: DayFacts) -> dict[PlanId, Decimal | None]:
    """What masters got for the orders that were copied, in rupees a unit."""
    placed: defaultdict[PlanId, list[OrderView]] = defaultdict(list)
    for one in facts.orders:
        if not one.is_copy:
            placed[one.plan_id].append(one)
    plans = placed.keys() | facts.seen.keys()
    return {plan: master_average(placed[plan], facts.seen.get(plan)) for plan in plans}


class _Making:
    """The making of one sheet."""

    def __init__(
        self,
        facts: DayFacts,
        beside: Beside,
        account: AccountId,
        orders: list[OrderView],
        fills: list[Fill],
    ) -> None:
        self._facts = facts
        self._beside = beside
        self._account = account
        self._orders = orders
        self._fills = fills
        self._unrated: set[str] = set()
        self._unread = 0
        self._unpriced_units = 0

    def sheet(self, averages: Mapping[PlanId, Decimal | None]) -> Sheet:
        """Make it; ``averages`` are what masters got."""
        trades = self._trades()
        by_intent: defaultdict[str, Decimal] = defaultdict(Decimal)
        for trade in trades:
            by_intent[trade.order.intent_id] += trade.value
        orders = tuple(self._line(one, by_intent[one.intent_id], averages) for one in self._orders)
        positions = self._positions(trades)
        total = sum((one.charges for one in orders if one.charges is not None), Charges())
        account = self._beside.accounts.get(self._account)
        if account is None:
            account = Account(self._account, self._account, self._account, "")
        return Sheet(
            day=self._facts.day,
            account=account,
            trades=trades,
            orders=orders,
            positions=positions,
            charges=total,
            notes=tuple(self._notes(positions)),
        )

    def _trades(self) -> tuple[SheetTrade, ...]:
        """Every trade of a copy; behind them what filled without its trades being read."""
        by_number = {one.broker_order_id: one for one in self._orders if one.broker_order_id}
        read: defaultdict[BrokerOrderId, int] = defaultdict(int)
        found = []
        for fill in self._fills:
            order = by_number.get(fill.broker_order_id)
            if order is not None:  # else a master's own, in an account that is both
                read[fill.broker_order_id] += fill.quantity
                found.append(
                    SheetTrade(
                        at_text=fill.at_text, trade_id=fill.trade_id, order=order,
                        quantity=fill.quantity, price=fill.price,
                    )
                )  # fmt: skip
        for number, order in by_number.items():
            missing = order.filled_quantity - read[number]
            if missing <= 0:
                continue
            self._unread += missing
            if order.average_price is None:
                self._unpriced_units += missing
            else:
                found.append(
                    SheetTrade(
                        at_text="", trade_id=TradeId(""), order=order, quantity=missing,
                        price=order.average_price,
                    )
                )  # fmt: skip
        return tuple(found)

    def _line(
        self, order: OrderView, value: Decimal, averages: Mapping[PlanId, Decimal | None]
    ) -> SheetOrder:
        signal = self._facts.signals[order.plan_id]
        master = averages.get(signal.copied_plan(order.plan_id))
        name = self._beside.accounts.get(signal.master_id)
        terms = order.terms
        squares_off = signal.kind is SignalKind.SQUARE_OFF
        sent = self._facts.sent.get(order.intent_id, terms)
        return SheetOrder(
            made_ns=signal.made_ns,
            master="Square off" if squares_off else name.name if name else signal.master_id,
            order=order,
            changed=change_in_words(sent, terms, None),
            charges=self._charges(order, value),
            master_average=master,
            slippage=slippage(terms.side, order.filled_quantity, order.average_price, master),
        )

    def _charges(self, order: OrderView, value: Decimal) -> Charges | None:
        if not value:
            return None
        terms = order.terms
        segment = segment_of(terms.instrument, terms.product)
        rates = self._beside.rates.of(segment, self._facts.day)
        if rates is None:
            self._unrated.add(segment.replace("_", " "))
            return None
        return charges(rates, terms.instrument.key.exchange, terms.side, value)

    def _positions(self, trades: Iterable[SheetTrade]) -> tuple[SheetPosition, ...]:
        held: dict[PositionKey, Position] = {}
        instruments: dict[InstrumentKey, Instrument] = {}
        unpriced: set[PositionKey] = set()
        for one in self._facts.carried:
            if one.account_id == self._account:
                key = PositionKey(one.account_id, one.key, one.product)
                cost = one.cost or NOTHING
                held[key] = Position(net=one.net, cost=cost, carried=one.net, carried_cost=cost)
                instruments[one.key] = one.instrument
                if one.cost is None:
                    unpriced.add(key)
        for trade in trades:
            terms = trade.order.terms
            key = PositionKey(self._account, terms.instrument.key, terms.product)
            instruments[terms.instrument.key] = terms.instrument
            held[key] = held.get(key, Position()).traded(terms.side, trade.quantity, trade.price)
        found = []
        for key, position in held.items():
            quote = self._beside.quotes.get(key.instrument)
            opened: Decimal | None = NOTHING
            if position.net:
                known = quote is not None and key not in unpriced
                opened = position.open_profit(quote.last) if quote is not None and known else None
            found.append(
                SheetPosition(
                    instrument=instruments[key.instrument],
                    product=key.product,
                    position=position,
                    priced=key not in unpriced,
                    quote=quote,
                    open=opened,
                )
            )
        return tuple(sorted(found, key=lambda one: (one.instrument.symbol, one.product)))

    def _notes(self, positions: Iterable[SheetPosition]) -> Iterable[str]:
        yield (
            "Charges are an estimate by the table of rates. The contract note, which rounds some "
            "taxes over the whole day, is what counts."
        )
        if compared := self._beside.rates.compared(self._facts.day):
            yield compared
        for segment in sorted(self._unrated):
            yield f"No rates of {segment} are known for this day: their charges are in no sum."
        if self._unread:
            yield (
                f"The trades of {self._unread} filled units were not read. They count at the "
                "average that the order book says."
            )
        if self._unpriced_units:
            yield (
                f"Of {self._unpriced_units} filled units no price is known: they are in no amount. "
                "Compare with the contract note."
            )
        if any(not one.priced for one in positions):
            yield (
                "What was carried in without a known price is in no profit. Compare with the "
                "contract note."
            )
        if any(one.open is None for one in positions):
            yield "Of what is still open no price is known here, so its profit is not told."
