"""What masters ordered in the last weeks, here or elsewhere: what they usually order follows."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection

from copytrade_gui.domain.habit import DAYS, Ordered
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.records import SignalKind, reference
from copytrade_gui.storage.journal.terms import Terms

_DAY_NS = 86_400 * 1_000_000_000
_NONE_OF_HIS = tuple(f"{reference(kind, '')}*" for kind in (SignalKind.SQUARE_OFF, SignalKind.FILL))


def ordered(
    connection: Connection, before_ns: int, terms: Terms
) -> Iterator[tuple[AccountId, Ordered]]:
    """Masters' orders up to UTC ns, the oldest first."""
    rows = connection.exec_driver_sql(
        "SELECT master_id, terms_number, quantity, made_ns FROM actions "
        "WHERE made_ns >= ? AND made_ns < ? AND order_ref NOT GLOB ? AND order_ref NOT GLOB ? "
        "ORDER BY made_ns",
        (before_ns - DAYS * _DAY_NS, before_ns, *_NONE_OF_HIS),
    )
    for master, number, quantity, made_ns in rows:
        underlying = terms.get(number, quantity).instrument.underlying.upper()
        yield AccountId(master), Ordered(underlying, quantity, made_ns)
