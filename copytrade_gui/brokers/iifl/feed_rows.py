"""News of orders and trades to rows of the books; what is not understood is None, not a guess."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import msgspec

from copytrade_gui.brokers.iifl.mapping import (
    LotSize,
    key_of,
    order_of,
    tag_of,
    trade_of,
    written_stamp,
)
from copytrade_gui.brokers.iifl.scalar import Value, decimal, order_id, text, whole
from copytrade_gui.brokers.iifl.shapes import OrderRow, TradeRow
from copytrade_gui.brokers.iifl.statuses import state_of
from copytrade_gui.domain.account import same_client
from copytrade_gui.domain.ids import BrokerOrderId
from copytrade_gui.domain.instrument import InstrumentKey
from copytrade_gui.domain.order import State
from copytrade_gui.ports import BrokerOrder, BrokerTrade

MOST_BYTES = 64 * 1024
"""Of one piece of news; an order has about a thousand."""

KeyOf = Callable[[BrokerOrderId, str, str, str], InstrumentKey | None]
"""The instrument of an order, from its number, its tag, and its instrument's id and symbol."""

_DAY_ZERO = datetime(1899, 12, 30, tzinfo=UTC)
"""Day 0 of a spreadsheet; its days are Indian ones, so only the calendar part counts."""
_DAY_SECONDS = 86_400
_LAST_DAY = 80_000


class OrderNews(OrderRow, frozen=True):
    """An order as the feed tells of it: a row of the book without ``exchange`` (11.4)."""

    client_id: Value = None
    comments: Value = None
    remarks: Value = None


class TradeNews(TradeRow, frozen=True):
    """A fill as the feed tells of it: its time is a serial day and a part of a day (11.5)."""

    client_id: Value = None
    fill_date: Value = None
    fill_time: Value = None


NewsT = TypeVar("NewsT", OrderNews, TradeNews)
_ORDER = msgspec.json.Decoder(OrderNews)
_TRADE = msgspec.json.Decoder(TradeNews)


def order_news(payload: bytes, client_id: str) -> OrderNews | None:
    """Read news of an order of ``client_id``."""
    news = _decode(_ORDER, payload)
    return news if news is not None and same_client(text(news.client_id), client_id) else None


def is_on_its_way(news: OrderNews) -> bool:
    """True for news from before the exchange: that the order was taken, and nothing else."""
    return state_of(text(news.order_status), 0) is State.ACKED and not whole(news.filled_quantity)


def order_in(news: OrderNews, key_of_order: KeyOf, lot: LotSize) -> BrokerOrder | None:
    """The row of the order; None also where its instrument cannot be told."""
    number, tag, instrument = order_id(news.broker_order_id), _tag(news), text(news.instrument_id)
    if number is None:
        return None
    key = key_of(news.exchange, news.instrument_id) or key_of_order(
        BrokerOrderId(number), tag, instrument, text(news.trading_symbol)
    )
    if key is None or key.instrument_id.casefold() != instrument.casefold():
        return None
    row = msgspec.structs.replace(
        news, exchange=key.exchange.value, instrument_id=key.instrument_id, order_tag=tag
    )
    return order_of(row, lot)


def trade_in(payload: bytes, client_id: str, lot: LotSize) -> BrokerTrade | None:
    """Read news of a fill of ``client_id``."""
    news = _decode(_TRADE, payload)
    if news is None or not same_client(text(news.client_id), client_id):
        return None
    stamp = text(news.fill_timestamp) or _stamp(news.fill_date, news.fill_time)
    return trade_of(msgspec.structs.replace(news, fill_timestamp=stamp), lot)


def _decode(decoder: msgspec.json.Decoder[NewsT], payload: bytes) -> NewsT | None:
    if len(payload) > MOST_BYTES:
        return None
    try:
        return decoder.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _tag(news: OrderNews) -> str:
    """``comments`` is tag, app key and app name with ``~`` between; others have a field for it."""
    first = text(news.comments).partition("~")[0]
    tags = (tag_of(written) for written in (news.order_tag, first, news.remarks))
    return next(filter(None, tags), "")


def _stamp(day: Value, part: Value) -> str:
    """A moment of a spreadsheet as the trade book writes it; empty where it is none."""
    days, fraction = whole(day), decimal(part)
    if days is None or fraction is None or not 0 < days < _LAST_DAY or not 0 <= fraction < 1:
        return ""
    seconds = round(fraction * _DAY_SECONDS)
    return written_stamp(_DAY_ZERO + timedelta(days=days, seconds=seconds))
