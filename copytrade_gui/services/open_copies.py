"""Copies of a link that are open at the broker: which of them may go when it is stopped."""

from __future__ import annotations

from collections.abc import Sequence

from copytrade_gui.domain.ids import AccountId
from copytrade_gui.engine.engine import Engine
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.engine.planning.opening import opening


def open_copies(
    engine: Engine, master: AccountId, followers: Sequence[AccountId]
) -> tuple[list[Order], list[Order]]:
    """What opens and what only reduces, of this master's copies that are, or may be, there.

    Without what its owner changed, and without what closes copies by itself.
    """
    entries, exits = list[Order](), list[Order]()
    for account in followers:
        opens = set(opening(engine.book, engine.exits.ledger, account))
        for order in engine.book.open_of(account):
            copied = order.master_id == master and order.is_copy
            if copied and not (order.closes or order.diverged):
                (entries if order in opens else exits).append(order)
    return entries, exits
