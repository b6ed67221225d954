"""The sweep of a KILL, and what of ours is open anywhere (docs/safety.md 11.8).

Our records may lack an order: the broker doubled one, mixed up two replies, or an old copy of the
database was put back. So the sweep cancels what our records know at once, and then whatever each
account's own book shows open with a tag of this program, until a complete read shows none. By
choice also what its owner placed there himself.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from copytrade_gui.domain.events import Severity
from copytrade_gui.domain.ids import AccountId, BrokerOrderId
from copytrade_gui.domain.open_orders import OpenOrders
from copytrade_gui.engine.books.poller import Poller
from copytrade_gui.engine.books.reconciler import Reconciler
from copytrade_gui.engine.orders.absorbed import Absorbed
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.orders.lane import Lane
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.engine.sending.amendments import Amendments
from copytrade_gui.ports import BrokerOrder

_FOUND = "Found after a KILL."
_UNREAD = "Its order book was not read whole since the start."


class Sweep:
    """While a KILL is in force, of all or of an account alone, cancels until nothing of ours is
    open there.
    """

    def __init__(
        self, core: Core, amendments: Amendments, poller: Poller, reconciler: Reconciler
    ) -> None:
        self._book = core.book
        self._lanes = core.lanes
        self._settings = core.settings
        self._killed = core.gate.killed
        self._kills, self._kills_all = core.halts.kills, core.halts.kills_all
        self.all_orders = False
        """A KILL of all takes what the owners placed themselves as well."""
        self._amendments = amendments
        self._poller = poller
        self._reconciler = reconciler
        self._reads: dict[AccountId, Absorbed] = {}
        """The newest read of each account's order book, without what it showed."""
        self._whole: set[AccountId] = set()
        """Accounts whose order book was read whole at least once."""
        self._told: set[tuple[AccountId, BrokerOrderId]] = set()

    def begin(self) -> int:
        """Cancel every order our records know, and have each account's book read.

        Returns how many cancels are on their way; what only the books know comes after them.
        """
        return self._begin(self._lanes, self._not_ended())

    def begin_alone(self) -> int:
        """As ``begin``, in the accounts that were killed alone; also at a start."""
        killed = {lane.account_id: lane for lane in self._lanes if self._kills(lane.account_id)}
        if not killed:
            return 0
        orders = [one for one in self._not_ended() if one.intent.account_id in killed]
        return self._begin(killed.values(), orders)

    def _not_ended(self) -> list[Order]:
        return [order for order in self._book.recent if not order.state.ended]

    def _begin(self, lanes: Iterable[Lane], orders: Iterable[Order]) -> int:
        count = self._amendments.cancel(orders, reason="Cancelled by KILL.", anew=True)
        for lane in lanes:
            busy = self._amendments.pending(lane.account_id)
            self._poller.look(lane.account_id, self._settings.poll_first if busy else 0.0)
        return count

    def live(self, order: Order) -> None:
        """An order is at the broker or in doubt: under a KILL it goes, asked for or not."""
        state = order.attempt_state
        found = state is not None and state.open_at_broker and not order.cancel_requested
        if found and self._sweeps(order.intent.account_id):
            self._amendments.cancel([order], reason=_FOUND)
        self._amendments.live(order)

    def after_read(self, lane: Lane, absorbed: Absorbed) -> None:
        """An account's order book was read; under a KILL whatever of ours it shows open goes."""
        account = lane.account_id
        self._reads[account] = replace(absorbed, strangers=[], rows=(), trades=None)
        if not absorbed.whole:
            return
        self._whole.add(account)
        self._amendments.after_read(account, absorbed.began_ns)
        if not self._sweeps(account):
            return
        unknown = []
        for row in self._reconciler.open_rows(account):
            order = self._book.by_broker(account, row.broker_order_id)
            if order is not None and order.state.open_at_broker:
                self.live(order)
            else:
                self._amendments.cancel_row(row, account)
                unknown.append(row)
        if self._takes_owners(account):
            for row in self._reconciler.open_rows(account, ours=False):
                self._amendments.cancel_row(row, account, self._takes_owners)
        self._tell(lane, unknown)
        clear = self._of(lane).proven_none
        # Also an account without any: an order may come to light that our records do not know.
        self._poller.look(
            account, self._settings.late_find_every if clear else self._settings.poll_active
        )

    def unknown_cancelled(self, account: AccountId) -> None:
        """A cancel of what only the account's book knows was answered: the book tells the rest."""
        self._poller.look(account, self._settings.poll_first)

    def open_orders(self) -> tuple[OpenOrders, ...]:
        """Every account as it stands, in the order of the lanes."""
        return tuple(self._of(lane) for lane in self._lanes)

    # ------------------------------------------------------------ inside

    def _sweeps(self, account: AccountId) -> bool:
        if self._killed():
            return True
        lane = self._lanes.get(account)
        return lane is not None and lane.status.halted != "" and self._kills(account)

    def _takes_owners(self, account: AccountId) -> bool:
        if self._killed() and self.all_orders:
            return True
        lane = self._lanes.get(account)
        return lane is not None and lane.status.halted != "" and self._kills_all(account)

    def _of(self, lane: Lane) -> OpenOrders:
        account = lane.account_id
        ours = sum(
            order.state.open_at_broker or order.state.in_doubt
            for order in self._book.open_of(account)
        )
        read = self._reads.get(account)
        if account not in self._whole or read is None:
            why = "" if read is None else read.why_not
            return OpenOrders(account, ours, None, False, why or lane.why_not()[1] or _UNREAD)
        shown = len(self._reconciler.open_rows(account))
        quiet = not self._amendments.pending(account)
        after = read.began_ns > self._amendments.heard_ns(account)
        others = len(self._reconciler.open_rows(account, ours=False))
        none = not (ours or shown or (others and self._takes_owners(account)))
        proven = none and quiet and after and read.complete
        return OpenOrders(account, ours, shown, proven, "" if proven else read.why_not, others)

    def _tell(self, lane: Lane, rows: list[BrokerOrder]) -> None:
        account = lane.account_id
        new = [row for row in rows if (account, row.broker_order_id) not in self._told]
        if not new:
            return
        self._told.update((account, row.broker_order_id) for row in new)
        numbers = ", ".join(row.broker_order_id for row in new)
        what = "an order" if len(new) == 1 else f"{len(new)} orders"
        self._book.alarm(
            "killed_unknown",
            f"KILL: account {lane.account.name} has {what} of this program open that our records "
            f"do not know as open; cancelled too: {numbers}.",
            account=account,
            severity=Severity.WARNING,
        )
