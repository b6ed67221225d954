"""The names under which the feed speaks (docs/broker.md 11.2), and who may hear them."""

import re
from typing import Literal

import msgspec

from copytrade_gui.simulator.codes import EXCHANGES

TopicKind = Literal[
    "order", "trade", "market", "index", "interest", "status", "limits",
    "upper_circuit", "lower_circuit", "year_high", "year_low",
]  # fmt: skip

MOST_IN_ONE_PACKET = 1024
MOST_FOR_ONE_CLIENT = 6000

_PREFIXES: dict[str, TopicKind] = {
    "prod/updates/order/v1/": "order",
    "prod/updates/trade/v1/": "trade",
    "prod/marketfeed/mw/v1/": "market",
    "prod/marketfeed/index/v1/": "index",
    "prod/marketfeed/oi/v1/": "interest",
    "prod/marketfeed/lpp/v1/": "limits",
    "prod/marketfeed/marketstatus/v1/": "status",
    "prod/marketfeed/marketStatus/v1/": "status",  # as the broker's own Node client writes it
    "prod/marketfeed/uppercircuit/v1/": "upper_circuit",
    "prod/marketfeed/lowercircuit/v1/": "lower_circuit",
    "prod/marketfeed/high52week/v1/": "year_high",
    "prod/marketfeed/low52week/v1/": "year_low",
}
_OF_A_CLIENT = frozenset({"order", "trade"})
_OF_A_SEGMENT = frozenset({"status", "upper_circuit", "lower_circuit", "year_high", "year_low"})
_SEGMENTS = {name.lower(): name for name in EXCHANGES}
_TOPIC = re.compile(r"(prod/[a-z]+/[A-Za-z0-9]+/v1/)([a-z0-9]+)(?:/([a-z0-9]+))?")


class Topic(msgspec.Struct, frozen=True):
    """One topic, read. ``client`` is in lower case; ``exchange`` as the broker's calls name it."""

    kind: TopicKind
    client: str = ""
    exchange: str = ""
    instrument_id: str = ""


def read_topic(text: str) -> Topic | None:
    """What a topic is about; None for a name that this feed does not have.

    What stands behind the prefix is lower-case letters, digits and one slash; no wildcards.
    """
    parts = _TOPIC.fullmatch(text)
    kind = _PREFIXES.get(parts[1]) if parts else None
    if parts is None or kind is None:
        return None
    first, second = parts[2], parts[3] or ""
    if kind in _OF_A_CLIENT:
        return None if second else Topic(kind, client=first)
    exchange = _SEGMENTS.get(first)
    if exchange is None or bool(second) == (kind in _OF_A_SEGMENT):
        return None
    return Topic(kind, exchange=exchange, instrument_id=second.upper())


def order_topic(client_id: str) -> str:
    """Where a client's order updates go."""
    return f"prod/updates/order/v1/{client_id.lower()}"


def trade_topic(client_id: str) -> str:
    """Where a client's trade updates go."""
    return f"prod/updates/trade/v1/{client_id.lower()}"
