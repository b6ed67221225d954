"""Names of the feed's topics (docs/broker.md 11.2); segments and ids in lower case."""

from __future__ import annotations

from copytrade_gui.domain.account import client_key
from copytrade_gui.domain.instrument import Exchange, InstrumentKey

_ORDERS = "prod/updates/order/v1/"
_TRADES = "prod/updates/trade/v1/"
_MARKET = ("prod/marketfeed/mw/v1/", "prod/marketfeed/index/v1/")
"""Of what is traded, and of indices; an id does not say which of them it is."""
_RANGE = "prod/marketfeed/lpp/v1/"
_STATUS = "prod/marketfeed/marketstatus/v1/"
_CIRCUITS = {"prod/marketfeed/uppercircuit/v1/": True, "prod/marketfeed/lowercircuit/v1/": False}
MOST_AT_ONCE = 1_024
"""Topics in one subscription."""


def order_topic(client_id: str) -> str:
    """News of a client's orders."""
    return _ORDERS + client_key(client_id)


def trade_topic(client_id: str) -> str:
    """News of a client's fills."""
    return _TRADES + client_key(client_id)


def market_topics(key: InstrumentKey) -> tuple[str, ...]:
    """Prices of an instrument, which come under one of them."""
    return tuple(
        f"{begins}{key.exchange.lower()}/{key.instrument_id.lower()}" for begins in _MARKET
    )


def range_topic(key: InstrumentKey) -> str:
    """The range in which the exchange takes limit orders of an instrument."""
    return f"{_RANGE}{key.exchange.lower()}/{key.instrument_id.lower()}"


def market_key(topic: str) -> InstrumentKey | None:
    """The instrument that a topic of prices is about; None for any other topic."""
    return next(filter(None, (_key(topic, begins) for begins in _MARKET)), None)


def range_key(topic: str) -> InstrumentKey | None:
    """The instrument that a topic of its range is about; None for any other topic."""
    return _key(topic, _RANGE)


def circuit_topics(exchange: Exchange) -> tuple[str, ...]:
    """Upper and lower circuits of all instruments of a segment."""
    return tuple(f"{begins}{exchange.lower()}" for begins in _CIRCUITS)


def circuit_segment(topic: str) -> tuple[Exchange, bool] | None:
    """The segment whose circuits a topic tells, and whether the upper ones; else None."""
    for begins, upper in _CIRCUITS.items():
        if (exchange := _segment(topic, begins)) is not None:
            return exchange, upper
    return None


def status_topic(exchange: Exchange) -> str:
    """What the market of a segment does."""
    return f"{_STATUS}{exchange.lower()}"


def status_segment(topic: str) -> Exchange | None:
    """The segment whose market a topic tells; None for any other topic."""
    return _segment(topic, _STATUS)


def _segment(topic: str, begins: str) -> Exchange | None:
    if not topic.startswith(begins):
        return None
    try:
        return Exchange(topic.removeprefix(begins).upper())
    except ValueError:
        return None


def _key(topic: str, begins: str) -> InstrumentKey | None:
    if not topic.startswith(begins):
        return None
    segment, _, number = topic.removeprefix(begins).partition("/")
    try:
        return InstrumentKey(Exchange(segment.upper()), number.upper()) if number else None
    except ValueError:
        return None
