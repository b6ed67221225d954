"""The rules of packed orders, each broken on purpose: nothing told of one may be lost."""

from __future__ import annotations

from tests.proof.mutants import Mutant

_INDEX = "copytrade_gui/engine/orders/order_index.py"
_BOOK = "copytrade_gui/engine/orders/book.py"
_RECONCILER = "copytrade_gui/engine/books/reconciler.py"
_LAST_READ = "copytrade_gui/engine/orders/last_read.py"

MUTANTS: tuple[Mutant, ...] = (
    Mutant("a packed order is found by its tag", _INDEX,
           "            for packed, place in self._packed.by_tag(tag):\n",
           "            for packed, place in ():\n"),
    Mutant("a packed order is found by its number", _INDEX,
           "        if order is None and (found := self._packed.by_number(account, number)) is not"
           " None:\n",
           "        if False and (found := self._packed.by_number(account, number)):\n"),
    Mutant("an order that somebody holds is not packed", _INDEX,
           "        if any(map(self._is_held_elsewhere, orders, references)):\n",
           "        if False:\n"),
    Mutant("an order that changed while it was packed stays", _INDEX,
           "            or not packing.still_true\n", ""),
    Mutant("a packed order that changed is not let go again", _INDEX,
           "if packed.says(place, order) and may_be_packed(order)", "if may_be_packed(order)"),
    Mutant("a packed order with a trade that its row lacks stays whole", _INDEX,
           " and may_be_packed(order) and not held:", " and not held:"),
    Mutant("whom a catch-up was for is known after a day of packing",
           "copytrade_gui/engine/recovery/ended.py",
           " or plan.signal.kind is SignalKind.CATCH_UP\n", "\n"),
    Mutant("charges of a packed order stay in the day's", _BOOK,
           "        self._news.packed(order, True)\n", ""),
    Mutant("charges of an order that is whole again count once", _BOOK,
           "        self._news.packed(order, False)\n", ""),
    Mutant("a row that was let go is merged when its order is open again", _LAST_READ,
           "rows[number] = read.rows[self._keys.index(hash(number))] if row is None else row",
           "rows |= {} if row is None else {number: row}"),
    Mutant("a row for more than was ordered is kept", _LAST_READ,
           " and row.quantity <= ordered:", ":"),
    Mutant("a row whose word may not be an end is kept", _LAST_READ,
           "if number not in self.open and ", "if "),
    Mutant("a trade with another order's tag is looked at in every read", _RECONCILER,
           "if is_our_tag(row.tag) and row.tag not in self._book.index.tags_of(order):",
           "if False:"),
    Mutant("an order whose row was let go is missed in a book without it", _LAST_READ,
           "        if left := left - shown:", "        if False:"),
)  # fmt: skip
