"""What orders of earlier days left open: quantities by master, and with their cost."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from sqlalchemy import Connection

from copytrade_gui.domain.account import Role
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.instrument import Exchange, InstrumentKey
from copytrade_gui.domain.order import Product
from copytrade_gui.domain.position import Position
from copytrade_gui.ports import Carried, Copied
from copytrade_gui.storage.journal.terms import Terms

_Key = tuple[str, str, str, str, str]
"""Account, exchange, instrument, product and role of what is carried."""
_FILLS = (
    "FROM intents i JOIN order_terms t ON t.terms_number = i.terms_number "
    "JOIN instruments_used u ON u.instrument_number = t.instrument_number "
    "JOIN attempts a ON a.intent_number = i.intent_number "
    "JOIN broker_orders b ON b.attempt_row = a.attempt_row "
    "JOIN plans p ON p.plan_number = i.plan_number "
    "JOIN actions c ON c.action_id = p.action_id "
    "WHERE t.product <> 'INTRADAY' AND b.filled_quantity > 0 AND "
)
_NET = "sum(CASE t.side WHEN 'BUY' THEN b.filled_quantity ELSE -b.filled_quantity END) AS net"


def carried(connection: Connection, condition: str, values: tuple[int, ...]) -> Iterator[Carried]:
    """Of each master apart: what orders ``i`` of a condition left open. INTRADAY leaves nothing."""
    rows = connection.exec_driver_sql(
        "SELECT c.master_id, i.account_id, u.exchange, u.instrument_id, t.product, i.role, "
        f"{_NET} {_FILLS} {condition} GROUP BY 1, 2, 3, 4, 5, 6 HAVING net <> 0",
        values,
    )
    for master, account, exchange, number, product, role, net in rows:
        key = InstrumentKey(Exchange(exchange), number)
        yield Carried(AccountId(master), AccountId(account), key, Product(product), net, Role(role))


def copied(
    connection: Connection, condition: str, values: tuple[int, ...], terms: Terms
) -> Iterator[Copied]:
    """The same of all masters, with its cost from the orders that made it, the oldest first."""
    open_now = (
        "SELECT i.account_id, u.exchange, u.instrument_id, t.product, i.role, "
        f"{_NET} {_FILLS} {condition} GROUP BY 1, 2, 3, 4, 5 HAVING net <> 0"
    )
    made_by = (
        f"WITH carried AS ({open_now}) SELECT i.account_id, u.exchange, u.instrument_id, "  # noqa: S608 - only constants of ours
        "t.product, i.role, i.terms_number, b.filled_quantity, b.average_price "
        f"{_FILLS} {condition} "
        "AND (i.account_id, u.exchange, u.instrument_id, t.product, i.role) IN "
        "(SELECT account_id, exchange, instrument_id, product, role FROM carried) "
        "ORDER BY i.intent_number"
    )
    found = connection.exec_driver_sql(open_now, values)
    nets: dict[_Key, int] = {(a, e, n, p, r): net for a, e, n, p, r, net in found}
    made: dict[_Key, Position] = {}
    last: dict[_Key, int] = {}
    unpriced: set[_Key] = set()
    for row in connection.exec_driver_sql(made_by, (*values, *values)) if nets else ():
        account, exchange, number, product, role, terms_number, quantity, average = row
        key = (account, exchange, number, product, role)
        if average is None:
            unpriced.add(key)
        side = terms.get(terms_number, 1).side
        before = made.get(key, Position())
        made[key] = before.traded(side, quantity, Decimal(average or 0))
        last[key] = terms_number
    for key, net in nets.items():
        yield Copied(
            AccountId(key[0]),
            terms.get(last[key], 1).instrument,
            Product(key[3]),
            net,
            Role(key[4]),
            None if key in unpriced else made[key].cost,
        )
