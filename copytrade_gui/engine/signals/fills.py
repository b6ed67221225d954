"""What masters' orders fill, for those who copy fills: each growth becomes copies, once.

A plan of a master's order names who copies its fills. What the order has filled never falls, so its
sum names a growth, however it was told and how often. What filled while nobody looked is recorded
and never copied by itself.
"""

from __future__ import annotations

from decimal import Decimal
from functools import partial

from msgspec import Struct

from copytrade_gui.domain.events import Severity
from copytrade_gui.domain.ids import AccountId, PlanId
from copytrade_gui.domain.link import COPIES_FILLS
from copytrade_gui.domain.number import grouped
from copytrade_gui.domain.order import Side
from copytrade_gui.domain.records import Plan
from copytrade_gui.engine.books.master_positions import MasterPositions
from copytrade_gui.engine.orders.absorbed import Absorbed
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.orders.lane import Lane
from copytrade_gui.engine.planning.cleared import Cleared
from copytrade_gui.engine.planning.denied import DeniedError
from copytrade_gui.engine.planning.fill_clearing import FillClearing, Growth
from copytrade_gui.engine.planning.master_exits import Place
from copytrade_gui.engine.sending.submission import Submission
from copytrade_gui.ports import BrokerOrder, OpenWork

_APART_NS = 1_000_000_000
"""Between two plans of one order: an exchange fills in many small parts, and a follower may place
ten orders a second, no more."""
_MISSED = (
    "The master's order filled {units} more while this program did not see his book, too long ago "
    "to be copied by itself."
)


class _Filled(Struct):
    """What an order had filled when it was last looked at, all of it copied or recorded as missed.

    ``value`` is what was paid for it in rupees, None if nobody knows. At ``next_ns``, monotonic,
    more of it may be copied.
    """

    units: int
    value: Decimal | None
    next_ns: int = 0


class _News(Struct):
    """What was told of an order; at ``since_ns`` nothing of it was new. Monotonic, 0: never."""

    plan: Plan
    total: int
    value: Decimal | None
    place: Place
    since_ns: int


class FillSignals:
    """Watches what masters' orders fill, placed here or elsewhere."""

    def __init__(
        self,
        core: Core,
        clearing: FillClearing,
        submission: Submission,
        masters: MasterPositions,
    ) -> None:
        self._book = core.book
        self._lanes = core.lanes
        self._clock = core.clock
        self._work = core.work
        self._settings = core.settings
        self._clearing = clearing
        self._submission = submission
        self._masters = masters
        self._filled: dict[PlanId, _Filled] = {}
        self._waiting: dict[PlanId, _News] = {}
        """The newest of orders of which a part was copied less than a second ago."""
        self._unread: dict[PlanId, AccountId] = {}
        """Of orders placed here by an earlier run those whose master's book was not read yet."""
        self._read_ns: dict[AccountId, int] = {}
        """When the newest complete read of a master's book was asked for, monotonic."""

    def restore(self, work: OpenWork) -> None:
        """What was copied before this start is not copied again."""
        for plan in work.plans:
            if plan.signal.filled_of is not None:
                order, total = plan.signal.filled_of
                known = self._filled.get(order)
                if known is None or known.units < total:
                    self._filled[order] = _Filled(total, None)
            elif plan.leads and _copiers(plan):
                self._unread[plan.plan_id] = plan.signal.master_id

    def after_read(self, lane: Lane, read: Absorbed) -> None:
        """A book was read: what a master's orders filled before it is known."""
        if not read.complete:
            return
        account = lane.account_id
        for plan in [one for one, master in self._unread.items() if master == account]:
            self.look(plan)
            del self._unread[plan]
        self._read_ns[account] = read.began_ns

    def look(self, plan_id: PlanId) -> None:
        """A master's order that was placed here has filled: compare with what was copied of it."""
        plan = self._book.plan(plan_id)
        leads = self._book.leads_of(plan_id)
        if plan is None or not leads:
            return
        total, value = sum(one.filled for one in leads), Decimal(0)
        known = True
        for one in leads:
            value += one.filled * (one.average_price or 0)
            known = known and (not one.filled or one.average_price is not None)
        since_ns = 0
        if plan_id not in self._unread:
            since_ns = max(self._read_ns.get(plan.signal.master_id, 0), leads[0].called_ns)
        place = Place(leads[0].called_ns, elsewhere=False)
        self._hear(_News(plan, total, value if known else None, place, since_ns))

    def seen(self, plan_id: PlanId, row: BrokerOrder, seen_ns: int, since_ns: int) -> None:
        """A row of an order that a master placed elsewhere and that was copied.

        ``seen_ns`` is its place among his orders. At ``since_ns`` it had not filled more than what
        was known. Monotonic; 0: this is the first that is seen of it.
        """
        plan = self._book.plan(plan_id)
        if plan is not None and row.filled_quantity:
            value = row.filled_quantity * row.average_price if row.average_price > 0 else None
            self._hear(_News(plan, row.filled_quantity, value, Place(seen_ns), since_ns))

    # ------------------------------------------------------------ inside

    def _hear(self, news: _News) -> None:
        """Copy what is new, or wait a moment for more of it."""
        name, now = news.plan.plan_id, self._clock.mono_ns()
        known = self._filled.get(name) or _Filled(0, Decimal(0))
        if news.total <= known.units:
            return
        if now >= known.next_ns:
            self._grew(news, known)
            return
        earlier = self._waiting.get(name)
        if earlier is None:
            self._work.later((known.next_ns - now) / 1e9, partial(self._waited, name))
        elif earlier.total >= news.total:
            return
        else:
            news.since_ns = min(news.since_ns, earlier.since_ns)
        self._waiting[name] = news

    def _waited(self, plan: PlanId) -> None:
        if (news := self._waiting.pop(plan, None)) is not None:
            self._hear(news)

    def _grew(self, news: _News, known: _Filled) -> None:
        plan, total, value, place = news.plan, news.total, news.value, news.place
        named = _copiers(plan)
        if not named:
            return
        self._forget()
        now = self._clock.mono_ns()
        self._filled[plan.plan_id] = _Filled(total, value, now + _APART_NS)
        linked = {one.account_id for one in self._lanes.followers_of(plan.signal.master_id)}
        copiers = named & linked
        if not copiers:
            return
        units, terms = total - known.units, plan.signal.terms
        first_trade, untold = self._masters.told_last(
            plan.signal.master_id,
            (terms.instrument.key, terms.product),
            place.source_ns,
            units if terms.side is Side.BUY else -units,
        )
        late_ms = (now - news.since_ns) // 1_000_000
        most_ms = self._settings.signal_age_market_ms + self._settings.poll_pushed * 1_000
        too_late = not news.since_ns or late_ms > most_ms
        growth = Growth(
            order=plan,
            total=total,
            units=units,
            price=_price(known, total, value),
            place=Place(place.source_ns, place.elsewhere, known.units, first_trade, untold),
            copiers=copiers,
            missed=_MISSED.format(units=grouped(units)) if too_late else "",
        )
        self._work.start(self._copy(growth), f"copy a fill of {plan.plan_id}")

    async def _copy(self, growth: Growth) -> None:
        denied = ""

        def clear() -> Cleared:
            nonlocal denied
            cleared = self._clearing.clear(growth)
            denied = cleared.denied
            return cleared

        try:
            await self._submission.submit(growth.command, clear)
        except DeniedError as why:
            denied = why.sentence
        if not denied:
            return
        signal, number = growth.order.signal, len(growth.copiers)
        terms, lane = signal.terms, self._lanes.get(signal.master_id)
        name = signal.master_id if lane is None else lane.account.name
        self._book.alarm(
            "fill_not_copied",
            f"{name}'s {terms.side.value} {terms.instrument.symbol} filled {grouped(growth.units)} "
            f"more, and {number} {'follower who copies' if number == 1 else 'followers who copy'} "
            f"fills got nothing of it: {denied} Look at what they hold, and place what is wanted.",
            account=signal.master_id,
            severity=Severity.WARNING,
        )

    def _forget(self) -> None:
        """Orders whose plans left the memory fill no more."""
        for plan in [one for one in self._filled if not self._book.knows(one)]:
            del self._filled[plan]


def _copiers(plan: Plan) -> frozenset[AccountId]:
    """Who copies what the order of this plan fills."""
    return frozenset(one.account_id for one in plan.intents if one.code == COPIES_FILLS)


def _price(known: _Filled, total: int, value: Decimal | None) -> Decimal | None:
    """What the units were got for that are new, in rupees; what all were, where that is unclear."""
    if value is None:
        return None
    if known.value is not None and value > known.value:
        return (value - known.value) / (total - known.units)
    return value / total
