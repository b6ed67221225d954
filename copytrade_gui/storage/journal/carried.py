"""What orders of earlier days left open, and what it cost: by master, and of all together."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct
from sqlalchemy import Connection

from copytrade_gui.domain.account import Role
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.instrument import Instrument
from copytrade_gui.domain.order import Product, Side
from copytrade_gui.domain.position import NOTHING, Position
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


class CarriedIn(Struct, frozen=True):
    """What is still open: of each master apart, and of all together. INTRADAY leaves nothing."""

    by_master: tuple[Carried, ...]
    together: tuple[Copied, ...]


def carried_in(
    connection: Connection, condition: str, values: tuple[int, ...], terms: Terms
) -> CarriedIn:
    """What orders ``i`` of a condition left open, with its cost from the orders that made it, the
    oldest first.
    """
    made_by = (
        "WITH carried AS (SELECT i.account_id, u.exchange, u.instrument_id, t.product, i.role, "  # noqa: S608 - only constants of ours
        f"c.master_id, {_NET} {_FILLS} {condition} GROUP BY 1, 2, 3, 4, 5, 6 HAVING net <> 0) "
        "SELECT i.account_id, u.exchange, u.instrument_id, t.product, i.role, c.master_id, "
        f"i.terms_number, b.filled_quantity, b.average_price {_FILLS} {condition} "
        "AND (i.account_id, u.exchange, u.instrument_id, t.product, i.role) IN "
        "(SELECT account_id, exchange, instrument_id, product, role FROM carried) "
        "ORDER BY i.intent_number"
    )
    together: dict[_Key, _Made] = {}
    by_master: dict[tuple[str, _Key], _Made] = {}
    for row in connection.exec_driver_sql(made_by, (*values, *values)):
        *name, master, terms_number, units, average = row
        key: _Key = tuple(name)
        price = None if average is None else Decimal(average)
        side = terms.get(terms_number, 1).side
        for made in (
            together.setdefault(key, _Made()),
            by_master.setdefault((master, key), _Made()),
        ):
            made.take(terms_number, side, units, price)
    return CarriedIn(
        tuple(
            Carried(*made.copied(key, terms), AccountId(master))
            for (master, key), made in by_master.items()
            if made.position.net
        ),
        tuple(
            Copied(*made.copied(key, terms)) for key, made in together.items() if made.position.net
        ),
    )


class _Made:
    """A position as the orders make it, one after the other."""

    def __init__(self) -> None:
        self.position = Position()
        self._priced = True
        self._last = 0

    def take(self, terms_number: int, side: Side, units: int, price: Decimal | None) -> None:
        """So many units of one more order, at rupees a unit if the broker told it."""
        self.position = self.position.traded(side, units, price or NOTHING)
        self._priced &= price is not None
        self._last = terms_number

    def copied(
        self, key: _Key, terms: Terms
    ) -> tuple[AccountId, Instrument, Product, int, Role, Decimal | None]:
        """As ``Copied`` tells it."""
        account, _, _, product, role = key
        return (
            AccountId(account),
            terms.get(self._last, 1).instrument,
            Product(product),
            self.position.net,
            Role(role),
            self.position.cost if self._priced else None,
        )
