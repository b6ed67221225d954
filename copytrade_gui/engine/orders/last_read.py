"""What an account's books showed last: of a read only what changed or is not settled is merged.

Books are read every few seconds and hold the whole day; nearly all rows of a read are the very
rows of the one before. A row is settled when merging it once more could change nothing: its order
is ours, linked, and has ended. Where the order says all that the row says, the row is let go; the
next read has it, if it is wanted after all. Rows are told apart by their marks, so an adapter that
gives none only loses the speed. Numbers of orders are kept as their hashes: two of a day's 20,000
are taken for one in a day of 10**10.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping

from copytrade_gui.domain.ids import AccountId, BrokerOrderId
from copytrade_gui.engine.orders.book import Book
from copytrade_gui.ports import MARK, BrokerOrder, BrokerTrade, Read


class LastReadOrders:
    """The last whole order book of one account."""

    __slots__ = ("_first", "_keys", "_lacking", "_marks", "_unsettled", "open")

    def __init__(self) -> None:
        self._lacking: dict[BrokerOrderId, BrokerOrder | None] = {}
        self._marks = b""
        self._keys = array("q")
        """Of each row, in the book's order: the hash of its order's number."""
        self._unsettled: dict[BrokerOrderId, BrokerOrder] = {}
        self._first: dict[BrokerOrderId, BrokerOrder] = {}
        """Of each order the row that counts, the first one in the book, unless it was let go."""
        self.open: dict[BrokerOrderId, BrokerOrder] = {}
        """Of these, the ones that have not ended."""

    def take(
        self, read: Read[BrokerOrder], book: Book, account: AccountId
    ) -> Mapping[BrokerOrderId, BrokerOrder | None]:
        """Take in a whole read; the orders that the book does not show.

        Those of the ones we know, and of those it showed before, with the row it showed, if it did
        and the row was not let go.
        """
        same, linked = _same_start(self._marks, read.marks), book.newly_linked(account)
        new, self._marks = read.rows[same:], read.marks
        if not (new or linked) and same == len(self._keys):
            return self._lacking
        shown, left = set(self._keys[:same]), set(self._keys[same:])
        left -= shown
        for number in [one for one in self._first if hash(one) in left] if left else ():
            self._lacking[number] = self._first.pop(number)
            self._unsettled.pop(number, None)
            self.open.pop(number, None)
            left.discard(hash(number))
        del self._keys[same:]
        for row in new:
            number = row.broker_order_id
            self._keys.append(key := hash(number))
            if key not in shown:
                shown.add(key)
                self._first[number] = self._unsettled[number] = row
                self._lacking.pop(number, None)
                if is_open(row):
                    self.open[number] = row
        if left := left - shown:  # their rows were let go, so these are ours
            ours = book.numbers_of(account)
            self._lacking |= dict.fromkeys(one for one in ours if hash(one) in left)
        for number in linked:
            if hash(number) not in shown:
                self._lacking.setdefault(number)
        return self._lacking

    def forget(self, order: BrokerOrderId) -> None:
        """We do not know the order any more."""
        self._lacking.pop(order, None)

    def to_merge(
        self, read: Read[BrokerOrder], open_ids: Iterable[BrokerOrderId | None]
    ) -> list[BrokerOrder]:
        """Rows to merge, in the book's order: unsettled ones, and those of orders that are open.

        ``read`` is the one that was taken in last.
        """
        rows = dict(self._unsettled)
        for number in open_ids:
            if number is not None and number not in rows and self.shows(number):
                row = self._first.get(number)
                rows[number] = read.rows[self._keys.index(hash(number))] if row is None else row
        return list(rows.values())

    def shows(self, order: BrokerOrderId) -> bool:
        """True if the book shows the order, whether its row is still held or not."""
        return order in self._first or hash(order) in self._keys

    def row(self, order: BrokerOrderId) -> BrokerOrder | None:
        """The row of an order; None also where it was let go."""
        return self._first.get(order)

    def is_settled(self, order: BrokerOrderId) -> bool:
        """True if the book, read once more with the same row, would say nothing of this order."""
        return order not in self._unsettled and order not in self._lacking

    def settle(self, row: BrokerOrder, ordered: int) -> None:
        """This row need not be merged again while it stays the same and its order is ended.

        It is let go unless it is for more than was ``ordered``, in units, or stands open.
        """
        number = row.broker_order_id
        self._unsettled.pop(number, None)
        if number not in self.open and row.quantity <= ordered:
            self._first.pop(number, None)


class LastReadTrades:
    """The last whole trade book of one account."""

    __slots__ = ("_count", "_marks", "_unsettled")

    def __init__(self) -> None:
        self._marks = b""
        self._count = 0
        self._unsettled: list[BrokerTrade] = []

    def take(self, read: Read[BrokerTrade]) -> list[BrokerTrade]:
        """Take in a whole read; the rows to merge."""
        same = _same_start(self._marks, read.marks)
        if same < self._count:
            same = 0  # a trade never leaves a book: look at all of them
            self._unsettled = []
        self._marks, self._count = read.marks, len(read.rows)
        return [*self._unsettled, *read.rows[same:]]

    def keep(self, unsettled: list[BrokerTrade]) -> None:
        """These rows, of those to merge, are looked at in the next read too."""
        self._unsettled = unsettled


def is_open(row: BrokerOrder) -> bool:
    """True unless the row's status says that the order ended; an unknown status does not."""
    return row.state is None or not row.state.ended


def _same_start(old: bytes, new: bytes) -> int:
    """How many rows at the beginning have the same marks."""
    if new.startswith(old):
        return len(old) // MARK
    places = range(0, min(len(old), len(new)), MARK)
    differ = (at for at in places if old[at : at + MARK] != new[at : at + MARK])
    return next(differ, min(len(old), len(new))) // MARK
