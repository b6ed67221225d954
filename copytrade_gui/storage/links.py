"""Links as rows: one for each pair of accounts of which one copies the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import time
from decimal import Decimal

import msgspec
from sqlalchemy import Connection, Row, bindparam, delete, or_, select
from sqlalchemy.dialects.sqlite import insert

from copytrade_gui.domain.drift import ReduceDrift
from copytrade_gui.domain.exit_rule import ExitRules
from copytrade_gui.domain.guard import PriceGuard
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.instrument import Exchange
from copytrade_gui.domain.link import Copies, Filters, Link, LinkState, TimeWindow
from copytrade_gui.domain.margin import WhenShort
from copytrade_gui.domain.order import Product, Side
from copytrade_gui.domain.sizing import Override, Rounding, SizingRule, Strategy
from copytrade_gui.storage.database.tables import accounts, links

_ALL = (
    select(links)
    .join(accounts, accounts.c.account_id == links.c.follower_id)
    .order_by(accounts.c.name, links.c.follower_id, links.c.master_id)
)
_FRESH = insert(links)
_PUT = _FRESH.on_conflict_do_update(
    index_elements=[links.c.master_id, links.c.follower_id],
    set_={column.name: _FRESH.excluded[column.name] for column in links.columns},
)
_REMOVE = delete(links).where(
    links.c.master_id == bindparam("master"), links.c.follower_id == bindparam("follower")
)
_REMOVE_OF = delete(links).where(
    or_(links.c.master_id == bindparam("gone"), links.c.follower_id == bindparam("gone"))
)
Key = tuple[AccountId, AccountId]
"""Master and follower."""
_decode = msgspec.json.decode


def read_links(connection: Connection) -> tuple[Link, ...]:
    """Every link, by the follower's name."""
    return tuple(_link(row) for row in connection.execute(_ALL))


def put_links(connection: Connection, changed: Iterable[Link]) -> None:
    """Add or replace links."""
    if rows := [_row(link) for link in changed]:
        connection.execute(_PUT, rows)


def remove_links(connection: Connection, gone: Iterable[Key]) -> None:
    """Forget these links."""
    if rows := [{"master": master, "follower": follower} for master, follower in gone]:
        connection.execute(_REMOVE, rows)


def remove_links_of(connection: Connection, gone: Iterable[AccountId]) -> None:
    """Forget every link of these accounts."""
    if rows := [{"gone": account} for account in gone]:
        connection.execute(_REMOVE_OF, rows)


def _row(link: Link) -> Mapping[str, str | int | None]:
    rule, filters, window = link.sizing, link.filters, link.window
    return {
        "master_id": link.master_id,
        "follower_id": link.follower_id,
        "strategy": rule.strategy.value,
        "parameter": str(rule.parameter),
        "max_quantity": rule.max_quantity,
        "min_quantity": rule.min_quantity,
        "rounding": rule.rounding.value,
        "reverse": int(rule.reverse),
        "overrides": msgspec.json.encode(rule.overrides).decode(),
        "state": link.state.value,
        "group_name": link.group,
        "sides": _json(filters.sides),
        "products": _json(filters.products),
        "exchanges": _json(filters.exchanges),
        "symbols": _json(filters.symbols),
        "not_symbols": _json(filters.not_symbols),
        "opens": None if window is None else f"{window.opens:%H:%M}",
        "closes": None if window is None else f"{window.closes:%H:%M}",
        "group_multiplier": str(link.group_multiplier),
        "guard": None if link.guard is None else msgspec.json.encode(link.guard).decode(),
        "exits": None if link.exits is None else msgspec.json.encode(link.exits).decode(),
        "copies": link.copies.value,
        "when_short": link.when_short.value,
        "reduce_drift": link.reduce_drift.value,
    }


def _link(row: Row[tuple[object, ...]]) -> Link:
    window = None
    if row.opens is not None:
        window = TimeWindow(time.fromisoformat(row.opens), time.fromisoformat(row.closes))
    return Link(
        master_id=AccountId(row.master_id),
        follower_id=AccountId(row.follower_id),
        sizing=SizingRule(
            Strategy(row.strategy),
            Decimal(row.parameter),
            row.max_quantity,
            row.min_quantity,
            Rounding(row.rounding),
            bool(row.reverse),
            _decode(row.overrides, type=tuple[Override, ...]),
        ),
        state=LinkState(row.state),
        group=row.group_name,
        filters=Filters(
            sides=_decode(row.sides, type=frozenset[Side]),
            products=_decode(row.products, type=frozenset[Product]),
            exchanges=_decode(row.exchanges, type=frozenset[Exchange]),
            symbols=_decode(row.symbols, type=frozenset[str]),
            not_symbols=_decode(row.not_symbols, type=frozenset[str]),
        ),
        window=window,
        group_multiplier=Decimal(row.group_multiplier),
        guard=None if row.guard is None else _decode(row.guard, type=PriceGuard),
        exits=None if row.exits is None else _decode(row.exits, type=ExitRules),
        copies=Copies(row.copies),
        when_short=WhenShort(row.when_short),
        reduce_drift=ReduceDrift(row.reduce_drift),
    )


def _json(words: Iterable[str]) -> str:
    return msgspec.json.encode(sorted(words)).decode()
