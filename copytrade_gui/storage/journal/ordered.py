"""What masters ordered in the last weeks, here or elsewhere: what they usually order follows."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection

from copytrade_gui.domain.habit import DAYS, Ordered
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.records import SignalKind, reference

_DAY_NS = 86_400 * 1_000_000_000
_NONE_OF_HIS = tuple(
    f"{reference(kind, '')}*"
    for kind in (SignalKind.SQUARE_OFF, SignalKind.FILL, SignalKind.CATCH_UP)
)


def ordered(connection: Connection, before_ns: int) -> Iterator[tuple[AccountId, Ordered]]:
    """Masters' orders up to UTC ns, the oldest first."""
    rows = connection.exec_driver_sql(
        "SELECT a.master_id, json_extract(u.content, '$.underlying'), a.quantity, a.made_ns "
        "FROM actions a JOIN order_terms t ON t.terms_number = a.terms_number "
        "JOIN instruments_used u ON u.instrument_number = t.instrument_number "
        "WHERE a.made_ns >= ? AND a.made_ns < ? "
        "AND a.order_ref NOT GLOB ? AND a.order_ref NOT GLOB ? AND a.order_ref NOT GLOB ? "
        "ORDER BY a.made_ns",
        (before_ns - DAYS * _DAY_NS, before_ns, *_NONE_OF_HIS),
    )
    for master, underlying, quantity, made_ns in rows:
        yield AccountId(master), Ordered(underlying.upper(), quantity, made_ns)
