"""What an account's books showed last: of a read only what changed or is not settled is merged.

Books are read every few seconds and hold the whole day; nearly all rows of a read are the very
rows of the one before. A row is settled when merging it once more could change nothing: its order
is ours, linked, and has ended. Rows are compared by identity, so an adapter that makes every row
anew only loses the speed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import compress, count
from operator import is_not

from copytrade_gui.domain.ids import BrokerOrderId
from copytrade_gui.ports import BrokerOrder, BrokerTrade


class LastReadOrders:
    """The last whole order book of one account."""

    __slots__ = ("_checked", "_lacking", "_rows", "_unsettled", "first", "open")

    def __init__(self) -> None:
        self._lacking: dict[BrokerOrderId, BrokerOrder | None] = {}
        self._checked = 0
        self._rows: Sequence[BrokerOrder] = ()
        self._unsettled: dict[BrokerOrderId, BrokerOrder] = {}
        self.first: dict[BrokerOrderId, BrokerOrder] = {}
        """Of each order the row that counts: the first one in the book."""
        self.open: dict[BrokerOrderId, BrokerOrder] = {}
        """Of these, the ones that have not ended."""

    def take(
        self, rows: Sequence[BrokerOrder], known: Sequence[BrokerOrderId]
    ) -> Mapping[BrokerOrderId, BrokerOrder | None]:
        """Take in a whole read; the orders that the book does not show.

        Those of the ones we know, and of those it showed before, with the row it showed, if it did.
        ``known`` only ever gets longer, but for ``forget``.
        """
        same = _same_start(self._rows, rows)
        for row in self._rows[same:]:
            if self.first.get(row.broker_order_id) is row:
                del self.first[row.broker_order_id]
                self._lacking[row.broker_order_id] = row
                self._unsettled.pop(row.broker_order_id, None)
                self.open.pop(row.broker_order_id, None)
        for row in rows[same:]:
            if self.first.setdefault(row.broker_order_id, row) is row:
                self._unsettled[row.broker_order_id] = row
                self._lacking.pop(row.broker_order_id, None)
                if is_open(row):
                    self.open[row.broker_order_id] = row
        self._rows = rows
        for number in known[self._checked :]:
            if number not in self.first:
                self._lacking.setdefault(number)
        self._checked = len(known)
        return self._lacking

    def forget(self, order: BrokerOrderId) -> None:
        """We do not know the order any more; ``known`` got shorter by it."""
        self._lacking.pop(order, None)
        self._checked = 0

    def to_merge(self, open_ids: Iterable[BrokerOrderId | None]) -> list[BrokerOrder]:
        """Rows to merge, in the book's order: unsettled ones, and those of orders that are open."""
        rows = dict(self._unsettled)
        for number in open_ids:
            if number is not None and number in self.first:
                rows.setdefault(number, self.first[number])
        return list(rows.values())

    def is_settled(self, order: BrokerOrderId) -> bool:
        """True if the book, read once more with the same row, would say nothing of this order."""
        return order not in self._unsettled and order not in self._lacking

    def settle(self, row: BrokerOrder) -> None:
        """This row need not be merged again while it stays the same and its order is ended."""
        self._unsettled.pop(row.broker_order_id, None)


class LastReadTrades:
    """The last whole trade book of one account."""

    __slots__ = ("_rows", "_unsettled")

    def __init__(self) -> None:
        self._rows: Sequence[BrokerTrade] = ()
        self._unsettled: list[BrokerTrade] = []

    def take(self, rows: Sequence[BrokerTrade]) -> list[BrokerTrade]:
        """Take in a whole read; the rows to merge."""
        same = _same_start(self._rows, rows)
        if same < len(self._rows):
            same = 0  # a trade never leaves a book: look at all of them
            self._unsettled = []
        merge = [*self._unsettled, *rows[same:]]
        self._rows = rows
        return merge

    def keep(self, unsettled: list[BrokerTrade]) -> None:
        """These rows, of those to merge, are looked at in the next read too."""
        self._unsettled = unsettled


def is_open(row: BrokerOrder) -> bool:
    """True unless the row's status says that the order ended; an unknown status does not."""
    return row.state is None or not row.state.ended


def _same_start(old: Sequence[object], new: Sequence[object]) -> int:
    """How many rows at the beginning are the same objects."""
    if old is new:
        return len(old)
    return next(compress(count(), map(is_not, old, new)), min(len(old), len(new)))
