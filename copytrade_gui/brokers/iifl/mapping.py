"""Wire to domain: pure and total. A row that cannot be read becomes None, never a guess."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Protocol, TypeVar

from copytrade_gui.brokers.iifl.scalar import (
    Value,
    decimal,
    known_price,
    order_id,
    prices,
    text,
    whole,
    wholes,
    words,
)
from copytrade_gui.brokers.iifl.shapes import (
    HoldingRow,
    LimitsRow,
    OrderRow,
    PositionRow,
    QuoteRow,
    TradeRow,
)
from copytrade_gui.brokers.iifl.statuses import state_of
from copytrade_gui.domain.calendar import IST
from copytrade_gui.domain.holding import Holding
from copytrade_gui.domain.ids import BrokerOrderId, TradeId
from copytrade_gui.domain.instrument import LOT_QUOTED, Exchange, InstrumentKey, Quote
from copytrade_gui.domain.money import Paise, paise
from copytrade_gui.domain.order import OrderType, Product, Side, Validity
from copytrade_gui.ports import (
    BrokerOrder,
    BrokerPosition,
    BrokerTrade,
    FundLimits,
)

LotSize = Callable[[InstrumentKey], int | None]
"""Units per lot of an instrument, or None if its contract file is not loaded."""

_MONTH_NAMES = (
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
)  # fmt: skip
_MONTHS = {name: number for number, name in enumerate(_MONTH_NAMES, 1)}
_ZERO = Decimal(0)
_LONGEST_STAMP = 64

_SIDES: Mapping[str, Side] = {"BUY": Side.BUY, "B": Side.BUY, "SELL": Side.SELL, "S": Side.SELL}
_PRODUCTS: Mapping[str, Product] = {member.value: member for member in Product}
_VALIDITIES: Mapping[str, Validity] = {member.value: member for member in Validity}
_TYPES: Mapping[str, OrderType] = {member.value: member for member in OrderType}
_EXCHANGES: Mapping[str, Exchange] = {member.value: member for member in Exchange}

WordT = TypeVar("WordT", bound=StrEnum)


class Named(Protocol):
    """A row that names an instrument."""

    @property
    def exchange(self) -> Value: ...
    @property
    def instrument_id(self) -> Value: ...


def _word(known: Mapping[str, WordT], value: Value) -> WordT | None:
    return known.get(text(value).upper())


def key_of(exchange: Value, instrument_id: Value) -> InstrumentKey | None:
    """Name an instrument, or None when either half is missing or unknown."""
    return _key_in(*words(exchange, instrument_id))


def _key_in(exchange: str, number: str) -> InstrumentKey | None:
    segment = _EXCHANGES.get(exchange.upper())
    if segment is None or not number or len(number) > 60:
        return None
    return _key(segment, number)


@lru_cache(maxsize=8192)
def _key(segment: Exchange, number: str) -> InstrumentKey:
    return InstrumentKey(segment, number)


def units(key: InstrumentKey, counted: Value, lot_size: LotSize) -> int | None:
    """Turn a quantity as the broker counts it into units; None if it cannot be.

    Four commodity segments count in lots (docs/broker.md 9.1); everything else is units already.
    """
    return _in_units(key, whole(counted), lot_size)


def _in_units(key: InstrumentKey, number: int | None, lot_size: LotSize) -> int | None:
    if number is None or key.exchange not in LOT_QUOTED:
        return number
    lot = lot_size(key)
    return None if lot is None else number * lot


def missing_lots(rows: Iterable[Named], lot_size: LotSize) -> set[Exchange]:
    """The segments that count in lots and whose lot sizes some of these rows need first."""
    keys = {key_of(row.exchange, row.instrument_id) for row in rows}
    return {
        key.exchange
        for key in keys
        if key is not None and key.exchange in LOT_QUOTED and lot_size(key) is None
    }


def stamp_ns(written: Value) -> int | None:
    """Read ``20-Sep-2024 16:05:33`` (IST, no zone) as UTC ns; None for any other form."""
    return _stamp_in(text(written))


def _stamp_in(stamp: str) -> int | None:
    return _stamp_ns(stamp) if len(stamp) <= _LONGEST_STAMP else None


@lru_cache(maxsize=8192)
def _stamp_ns(written: str) -> int | None:
    date_part, _, time_part = written.partition(" ")
    try:
        day, month, year = date_part.split("-")
        hour, minute, second = time_part.strip().split(":")
        moment = datetime(
            int(year),
            _MONTHS[month.lower()],
            int(day),
            int(hour),
            int(minute),
            int(second),
            tzinfo=IST,
        )
        # Whole seconds in, whole seconds out: no float on the way.
        return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1) * 1_000_000_000
    except (ValueError, KeyError, OverflowError):
        return None


def written_stamp(moment: datetime) -> str:
    """Write a moment as the broker's books do, ``20-Sep-2024 16:05:33``, whatever the zone."""
    month = _MONTH_NAMES[moment.month - 1]
    return f"{moment.day:02d}-{month.capitalize()}-{moment.year} {moment:%H:%M:%S}"


def tag_of(written: Value) -> str:
    """Read a tag; the book says ``NA`` for none (docs/broker.md 9.6)."""
    return _tag_in(*words(written))  # an order, each of its trades and our own attempt name one


def _tag_in(tag: str) -> str:
    return "" if tag.upper() == "NA" else tag


def order_of(row: OrderRow, lot_size: LotSize) -> BrokerOrder | None:
    """Map a row of the order book or of an order's history."""
    number = order_id(row.broker_order_id)
    exchange, instrument, sided, status, tag, product, kind, validity, *more = words(
        row.exchange,
        row.instrument_id,
        row.transaction_type,
        row.order_status,
        row.order_tag,
        row.product,
        row.order_type,
        row.validity,
        row.rejection_reason,
        row.order_complexity,
        row.pending_quantity,
        row.exchange_timestamp,
        row.broker_update_time,
        row.exchange_update_time,
    )
    key, side = _key_in(exchange, instrument), _SIDES.get(sided.upper())
    if number is None or key is None or side is None or not status:
        return None
    reason, complexity, unfilled, *stamps = more
    quantity, filled, pending = [
        _in_units(key, counted, lot_size)
        for counted in wholes(row.quantity, row.filled_quantity, row.pending_quantity)
    ]
    if quantity is None or quantity <= 0 or filled is None or filled < 0:
        return None
    price, trigger, average = prices(row.price, row.sl_trigger_price, row.average_traded_price)
    if price is None or trigger is None or average is None or (pending is None and unfilled):
        return None
    placed, updated, at_exchange = map(_stamp_in, stamps)
    return BrokerOrder(
        broker_order_id=BrokerOrderId(number),
        tag=_tag_in(tag),
        status_text=status,
        state=state_of(status, filled),
        key=key,
        side=side,
        quantity=quantity,
        filled_quantity=filled,
        pending_quantity=max(quantity - filled, 0) if pending is None else pending,
        price=price,
        trigger=trigger,
        average_price=average,
        product=_PRODUCTS.get(product.upper()),
        order_type=_TYPES.get(kind.upper()),
        validity=_VALIDITIES.get(validity.upper()),
        rejection_reason=reason,
        placed_ns=updated if placed is None else placed,
        updated_ns=at_exchange if updated is None else updated,
        complexity=complexity.upper(),
    )


def trade_of(row: TradeRow, lot_size: LotSize) -> BrokerTrade | None:
    """Map a row of the trade book."""
    number = order_id(row.broker_order_id)
    trade, exchange, instrument, sided, tag, at_text = words(
        row.exchange_trade_id,
        row.exchange,
        row.instrument_id,
        row.transaction_type,
        row.order_tag,
        row.fill_timestamp,
    )
    key, side = _key_in(exchange, instrument), _SIDES.get(sided.upper())
    if number is None or not trade or key is None or side is None:
        return None
    quantity, price = units(key, row.filled_quantity, lot_size), decimal(row.traded_price)
    if quantity is None or quantity <= 0 or price is None:
        return None
    return BrokerTrade(
        trade_id=TradeId(trade),
        broker_order_id=BrokerOrderId(number),
        key=key,
        side=side,
        quantity=quantity,
        price=price,
        tag=_tag_in(tag),
        at_text=at_text,
    )


def position_of(row: PositionRow, lot_size: LotSize) -> BrokerPosition | None:
    """Map a position; on lot-quoted segments the row's own lot size comes before ours."""
    key = key_of(row.exchange, row.instrument_id)
    if key is None:
        return None
    own_lot = whole(row.lot_size)

    def counted(value: Value) -> int | None:
        return units(
            key, value, lambda named: own_lot if own_lot and own_lot > 0 else lot_size(named)
        )

    net = counted(row.net_quantity)
    average, realised = prices(row.net_average_price, row.realized_pnl)
    if net is None or average is None or realised is None:
        return None
    return BrokerPosition(
        key=key,
        symbol=text(row.trading_symbol) or text(row.formatted_instrument_name),
        product=_word(_PRODUCTS, row.product),
        net_quantity=net,
        average_price=average,
        realised=paise(realised),
        carried=counted(row.overnight_quantity),
        bought=counted(row.day_buy_quantity),
        sold=counted(row.day_sell_quantity),
        multiplier=whole(row.multiplier),
        lot_in_file=lot_size(key),
        carried_average=known_price(row.overnight_price),
        bought_average=known_price(row.day_buy_price),
        sold_average=known_price(row.day_sell_price),
    )


def holding_of(row: HoldingRow) -> Holding | None:
    """Map a holding. Whether what can be sold adds up with the total is nothing we know."""
    quantity, (average,) = whole(row.total_quantity), prices(row.average_traded_price)
    symbol = _symbol_of(row)
    if quantity is None or average is None or not (symbol or text(row.isin)):
        return None
    listed = ((Exchange.NSEEQ, row.nse_instrument_id), (Exchange.BSEEQ, row.bse_instrument_id))
    keys = (key_of(exchange, number) for exchange, number in listed if whole(number) != 0)
    close = known_price(row.previous_day_close)
    return Holding(
        isin=text(row.isin),
        symbol=symbol,
        quantity=quantity,
        average_price=average,
        in_demat=whole(row.dp_quantity),
        unsettled=whole(row.t1_quantity),
        pledged=whole(row.collateral_quantity),
        keys=tuple(key for key in keys if key is not None),
        product=_word(_PRODUCTS, row.product),
        previous_close=close or None,
    )


def is_placeholder(row: HoldingRow) -> bool:
    """A row of nothing, as an account without holdings may show (docs/broker.md 21.3)."""
    parts = (row.dp_quantity, row.t1_quantity, row.collateral_quantity)
    nothing = whole(row.total_quantity) == 0 and not any(whole(part) for part in parts)
    return nothing and not _symbol_of(row)


def _symbol_of(row: HoldingRow) -> str:
    symbols = (row.nse_trading_symbol, row.bse_trading_symbol, row.formatted_instrument_name)
    return next((text(name) for name in symbols if text(name) not in ("", "NA")), "")


def limits_of(row: LimitsRow) -> FundLimits | None:
    """Map funds.

    The broker calls ``tradingLimit`` the funds available, but its sample fits the sum before
    margins in use (docs/broker.md 8). So what is in use is taken off: if the broker had done it
    already, orders sized by capital come out too small, which is the harmless mistake.
    """
    trading = decimal(row.trading_limit)
    utilised, opening = prices(row.utilized_margin, row.opening_cash_limit)
    if trading is None or utilised is None or opening is None:
        return None
    return FundLimits(
        available=paise(trading - utilised), utilised=paise(utilised), opening=paise(opening)
    )


def quote_of(row: QuoteRow, at_ns: int) -> Quote | None:
    """Map a quote; None without a last price (some segments answer exchange ``Z``, id 0)."""
    key, last = key_of(row.exchange, row.instrument_id), decimal(row.ltp)
    if key is None or last is None or last <= 0:
        return None
    ask = decimal(row.bes_ask_price) if row.best_ask_price is None else decimal(row.best_ask_price)
    return Quote(
        key=key,
        last=last,
        bid=decimal(row.best_bid_price) or _ZERO,
        ask=ask or _ZERO,
        previous_close=decimal(row.close) or _ZERO,
        at_ns=at_ns,
    )


def margin_of(value: Value) -> Paise | None:
    """Read a margin in rupees as paise, rounded up: too little asked for is the costly mistake."""
    number = decimal(value)
    return None if number is None else Paise(-int(paise(-number)))
