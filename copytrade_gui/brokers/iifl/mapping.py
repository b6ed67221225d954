"""Wire to domain: pure and total. A row that cannot be read becomes None, never a guess."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import TypeVar

from copytrade_gui.brokers.iifl.scalar import Value, decimal, order_id, text, whole, word
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
_NO_PRICE = frozenset({"", "NA", "-"})
_LONGEST_STAMP = 64

_SIDES: Mapping[str, Side] = {"BUY": Side.BUY, "B": Side.BUY, "SELL": Side.SELL, "S": Side.SELL}
_PRODUCTS: Mapping[str, Product] = {member.value: member for member in Product}
_VALIDITIES: Mapping[str, Validity] = {member.value: member for member in Validity}
_TYPES: Mapping[str, OrderType] = {member.value: member for member in OrderType}
_EXCHANGES: Mapping[str, Exchange] = {member.value: member for member in Exchange}

WordT = TypeVar("WordT", bound=StrEnum)


def _word(words: Mapping[str, WordT], value: Value) -> WordT | None:
    return words.get(text(value).upper())


def key_of(exchange: Value, instrument_id: Value) -> InstrumentKey | None:
    """Name an instrument, or None when either half is missing or unknown."""
    segment, number = _word(_EXCHANGES, exchange), text(instrument_id)
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
    number = whole(counted)
    if number is None or key.exchange not in LOT_QUOTED:
        return number
    lot = lot_size(key)
    return None if lot is None else number * lot


def stamp_ns(written: Value) -> int | None:
    """Read ``20-Sep-2024 16:05:33`` (IST, no zone) as UTC ns; None for any other form."""
    stamp = text(written)
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
    tag = word(written)  # an order, each of its trades and our own attempt name one
    return "" if tag.upper() == "NA" else tag


def order_of(row: OrderRow, lot_size: LotSize) -> BrokerOrder | None:
    """Map a row of the order book or of an order's history."""
    number = order_id(row.broker_order_id)
    key = key_of(row.exchange, row.instrument_id)
    side = _word(_SIDES, row.transaction_type)
    status = word(row.order_status)
    if number is None or key is None or side is None or not status:
        return None
    quantity = units(key, row.quantity, lot_size)
    filled = units(key, row.filled_quantity, lot_size)
    if quantity is None or quantity <= 0 or filled is None or filled < 0:
        return None
    pending = units(key, row.pending_quantity, lot_size)
    prices = _prices(row)
    if prices is None or (pending is None and text(row.pending_quantity)):
        return None
    price, trigger, average = prices
    placed, updated = stamp_ns(row.exchange_timestamp), stamp_ns(row.broker_update_time)
    return BrokerOrder(
        broker_order_id=BrokerOrderId(number),
        tag=tag_of(row.order_tag),
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
        product=_word(_PRODUCTS, row.product),
        order_type=_word(_TYPES, row.order_type),
        validity=_word(_VALIDITIES, row.validity),
        rejection_reason=word(row.rejection_reason),
        placed_ns=updated if placed is None else placed,
        updated_ns=stamp_ns(row.exchange_update_time) if updated is None else updated,
        complexity=word(row.order_complexity).upper(),
    )


def _prices(row: OrderRow) -> tuple[Decimal, Decimal, Decimal] | None:
    found = [_price(value) for value in (row.price, row.sl_trigger_price, row.average_traded_price)]
    price, trigger, average = found
    if price is None or trigger is None or average is None:
        return None
    return price, trigger, average


def _price(value: Value) -> Decimal | None:
    # A price that is not there is 0 (a MARKET order has none); one that cannot be read is not.
    return _ZERO if text(value) in _NO_PRICE else decimal(value)


def _known_price(value: Value) -> Decimal | None:
    return None if text(value) in _NO_PRICE else decimal(value)


def trade_of(row: TradeRow, lot_size: LotSize) -> BrokerTrade | None:
    """Map a row of the trade book."""
    number, trade = order_id(row.broker_order_id), text(row.exchange_trade_id)
    key = key_of(row.exchange, row.instrument_id)
    side = _word(_SIDES, row.transaction_type)
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
        tag=tag_of(row.order_tag),
        at_text=word(row.fill_timestamp),
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
    average, realised = _price(row.net_average_price), _price(row.realized_pnl)
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
        carried_average=_known_price(row.overnight_price),
        bought_average=_known_price(row.day_buy_price),
        sold_average=_known_price(row.day_sell_price),
    )


def holding_of(row: HoldingRow) -> Holding | None:
    """Map a holding. Whether what can be sold adds up with the total is nothing we know."""
    quantity, average = whole(row.total_quantity), _price(row.average_traded_price)
    symbol = _symbol_of(row)
    if quantity is None or average is None or not (symbol or text(row.isin)):
        return None
    listed = ((Exchange.NSEEQ, row.nse_instrument_id), (Exchange.BSEEQ, row.bse_instrument_id))
    keys = (key_of(exchange, number) for exchange, number in listed if whole(number) != 0)
    close = _known_price(row.previous_day_close)
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
    utilised, opening = _price(row.utilized_margin), _price(row.opening_cash_limit)
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
