"""What a start has found, and its report: told now and then while it grows, stored once.

Five hundred books are read after a start. Made anew after each read, the report of 10,000 orders
was most of the work of a start and most of its database.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from copytrade_gui.domain.events import RecoveryReport, RecoveryReported
from copytrade_gui.domain.ids import AccountId, IntentId
from copytrade_gui.engine.orders.bus import Bus
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.engine.orders.work import Work

TELL_EVERY_S = 1.0
"""How often what is new is told before the report is done."""


class Findings:
    """Collected by the recovery. ``unread`` lists accounts whose books are not checked yet;
    ``asks`` is true while a person must look.
    """

    def __init__(
        self,
        bus: Bus,
        work: Work,
        *,
        unread: Callable[[], Collection[AccountId]],
        asks: Callable[[], bool],
    ) -> None:
        self._bus = bus
        self._work = work
        self._unread = unread
        self._asks = asks
        self.started_ns = 0
        self._open: dict[IntentId, Order] = {}
        self._doubtful: list[Order] = []
        """Those of them in doubt when last looked at: none comes into doubt later."""
        self.stale: list[Order] = []
        self.missed: dict[str, None] = {}
        self.differences: dict[str, None] = {}
        self._final: RecoveryReport | None = None
        self._told: tuple[object, ...] = ()
        self._telling = False

    @property
    def report(self) -> RecoveryReport:
        """What is known now; when it is done, what was known at its end."""
        return self._final or self._make()

    def begin(self, started_ns: int) -> None:
        """A gap began a new report; what waited too long in it is in ``stale``."""
        self.started_ns = started_ns
        self._open.clear()
        self._doubtful.clear()
        self.differences.clear()
        self.missed.clear()
        self._final = None

    @property
    def open(self) -> Collection[Order]:
        """Orders that had not ended when the gap began, so that the books must show them."""
        return self._open.values()

    def add(self, order: Order) -> None:
        """One more of ``open``."""
        if self._open.setdefault(order.intent.intent_id, order) is order:
            self._doubtful.append(order)

    def changed(self) -> None:
        """Something was found or proven: told within ``TELL_EVERY_S`` if it makes a difference."""
        if not self._telling:
            self._telling = True
            self._work.later(TELL_EVERY_S, self._tell)

    def end(self) -> None:
        """From here on nothing refines the report: it is told as it stands, to be stored."""
        self._final = self._make()
        self._bus.publish(RecoveryReported(self._final, done=True))

    def _tell(self) -> None:
        self._telling = False
        if self._final is not None:
            return
        self._doubtful = [order for order in self._doubtful if order.state.in_doubt]
        counts = (len(self._open), len(self._doubtful), len(self.stale))
        found = (*counts, tuple(self.missed), tuple(self.differences), self._asks())
        if found != self._told:
            self._told = found
            self._bus.publish(RecoveryReported(self._make()))

    def _make(self) -> RecoveryReport:
        return RecoveryReport(
            started_ns=self.started_ns,
            proven=tuple(order.view() for order in self.open if not order.state.in_doubt),
            unknown=tuple(order.view() for order in self.open if order.state.in_doubt),
            stale=tuple(order.view() for order in self.stale),
            missed_master_orders=tuple(self.missed),
            differences=tuple(self.differences),
            unread_accounts=tuple(self._unread()),
            needs_resume=self._asks(),
        )
