"""What orders would need of margin, asked of the broker before there is an order to send.

Who looks at a ticket, or has just copied an order, wants to know it of that instrument. One account
is asked for all, in a quiet moment and seldom, so that no order ever waits for it; what accounts
have free is read by whoever keeps the sessions.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection, Sequence

from msgspec import Struct

from copytrade_gui.domain.ids import AccountId, IntentId
from copytrade_gui.domain.instrument import InstrumentKey
from copytrade_gui.domain.margin import Margin, Margins
from copytrade_gui.domain.money import Paise
from copytrade_gui.domain.order import OrderTerms, Product, Side
from copytrade_gui.domain.records import Intent
from copytrade_gui.engine.books.copies import Copies
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.orders.lane import Lane
from copytrade_gui.engine.orders.limiter import RollingWindow
from copytrade_gui.ports import BrokerFailureError

log = logging.getLogger(__name__)

_What = tuple[InstrumentKey, Side, Product]

_S = 1_000_000_000
_YOUNG_NS = 30 * _S
"""What is younger is not asked again, however often somebody looks."""
_KEPT_NS = 3_600 * _S
"""What is older says nothing any more."""
_WANTED_NS = 600 * _S
"""So long after somebody last looked it is kept young."""
_DAY_NS = 8 * 3_600 * _S
_TRADED = 30
"""Of what was wanted in a trading day so many are kept young, the last wanted."""
_SEEN_NS = 3 * _S
"""By then what an order took is in what the broker says is free."""
_A_SECOND = 5
_QUIET_S = 0.5
_PATIENCE = 10
"""So many times it waits for orders to have left."""
_MOST = 200
"""Instruments that are kept; of more the one that was wanted longest ago goes."""


class _Needed(Struct):
    """The newest answer, and since when it is wanted; monotonic ns, 0: never."""

    terms: OrderTerms
    wanted_ns: int
    asked_ns: int = 0
    tried_ns: int = 0
    needed: Paise = Paise(0)
    of: OrderTerms | None = None


class _Taken(Struct):
    """What an entry took of what was free when it was planned, where so many units need so much."""

    planned_ns: int
    needed: Paise
    of_units: int
    paise: int = 0

    def put(self, units: int) -> None:
        """It takes what so many units need."""
        self.paise = self.needed * units // self.of_units


class NeededMargins:
    """Asks, keeps, and says how old it is. Sends nothing but reads."""

    def __init__(self, core: Core, copies: Copies) -> None:
        self._book = core.book
        self._lanes = core.lanes
        self._clock = core.clock
        self._work = core.work
        self._progress = core.progress
        self._copies = copies
        self._known: dict[_What, _Needed] = {}
        self._slots = RollingWindow(_A_SECOND)
        self._read_ns: dict[AccountId, int] = {}
        """When an account's funds were last told, monotonic."""
        self._taken: defaultdict[AccountId, dict[IntentId, _Taken]] = defaultdict(dict)
        """What entries since took of what was free then."""
        self._open: dict[IntentId, _Taken] = {}
        """Those of them that may still come to nothing."""
        self._asking = False

    # ------------------------------------------------------------ what is told

    def funds_read(self, account: AccountId) -> None:
        """The broker just told what an account has free."""
        now = self._clock.mono_ns()
        self._read_ns[account] = now
        taken = self._taken.get(account, {})
        for name in [one for one, its in taken.items() if its.planned_ns < now - _SEEN_NS]:
            del taken[name]
            self._open.pop(name, None)

    def planned(self, terms: OrderTerms, entries: Sequence[Intent]) -> None:
        """Entries of a plan: until the funds are read again they are less by these."""
        if not entries:
            return
        now = self._clock.mono_ns()
        known = self._known.get(_what(terms))
        if known is not None and known.of is not None and self._age(known) <= _KEPT_NS:
            of_units = known.of.quantity
            for one in entries:
                its = self._open[one.intent_id] = _Taken(now, known.needed, of_units)
                self._taken[one.account_id][one.intent_id] = its
        self.want(terms)

    def want(self, terms: OrderTerms) -> None:
        """Somebody looks at an order of this kind: ask for it soon, and keep it young a while."""
        now, what = self._clock.mono_ns(), _what(terms)
        known = self._known.pop(what, None)
        if known is None:
            known = _Needed(terms, now)
            if len(self._known) >= _MOST:
                del self._known[next(iter(self._known))]
        self._known[what] = known
        known.terms, known.wanted_ns = terms, now
        self._begin()

    def of(self, terms: OrderTerms, accounts: Collection[AccountId]) -> Margins | None:
        """What is known for an order of this kind; None where nothing is."""
        known = self._known.get(_what(terms))
        if known is None or known.of is None or (age := self._age(known)) > _KEPT_NS:
            return None
        self._look_at_open()
        now, free = self._clock.mono_ns(), {}
        for account in accounts:
            lane = self._lanes.get(account)
            margin = None if lane is None else lane.facts.capital
            if margin is not None:
                if taken := self._taken.get(account):
                    left = margin - sum([its.paise for its in taken.values()])
                    margin = Paise(max(left, min(margin, 0)))  # below 0 only by the broker's word
                free[account] = margin, (now - self._read_ns.get(account, now)) // _S
        of = known.of
        told = Margin(Paise(0), 0, known.needed, of.quantity, of.price, 0)
        needed = told.of(of.quantity, terms.price)  # at this order's price, once for all accounts
        return Margins(free, needed, of.quantity, terms.price or of.price, age // _S)

    def _look_at_open(self) -> None:
        """An entry that ended took what it filled, and the rest of it is free again."""
        for name, its in list(self._open.items()):
            order = self._book.get(name)
            if order is None:  # its plan could not be stored
                its.put(0)
            else:
                ended = order.state.ended
                its.put(order.filled if ended else order.ordered)
                if not ended or order.may_attempt:
                    continue
            del self._open[name]

    # ------------------------------------------------------------ asking

    def _age(self, known: _Needed) -> int:
        return self._clock.mono_ns() - known.asked_ns

    def _begin(self) -> None:
        if not self._asking and self._due() is not None:
            self._asking = True
            self._work.start(self._ask_all(), "ask for margins")

    def _due(self) -> _Needed | None:
        """What is wanted and not young, the longest untried first."""
        now = self._clock.mono_ns()
        due = [one for one in self._wanted() if not one.tried_ns or now - one.tried_ns >= _YOUNG_NS]
        return min(due, key=lambda one: one.tried_ns, default=None)

    def _wanted(self) -> list[_Needed]:
        """What is kept young. A master who trades on his phone looks at no ticket of ours."""
        now, known = self._clock.mono_ns(), list(self._known.values())
        last = len(known) - _TRADED
        return [
            one
            for place, one in enumerate(known)
            if now - one.wanted_ns < (_DAY_NS if place >= last else _WANTED_NS)
        ]

    async def _ask_all(self) -> None:
        try:
            while (one := self._due()) is not None:
                await self._quiet()
                await self._ask(one)
        finally:
            self._asking = False
        if self._wanted():
            self._work.later(_YOUNG_NS / _S, self._begin)

    async def _quiet(self) -> None:
        """Wait while orders leave, but not for ever: some wait long, for a login or a read."""
        for _ in range(_PATIENCE):
            if not self._progress.runs_any and self._slots.take(self._clock.mono_ns()):
                return
            await self._clock.sleep(_QUIET_S)

    async def _ask(self, one: _Needed) -> None:
        terms, one.tried_ns = one.terms, self._clock.mono_ns()
        lane = self._whom_to_ask(terms)
        if lane is None or lane.session is None:
            return
        try:
            needed = await lane.session.margin_needed(terms)
        except BrokerFailureError as failure:
            log.info("no margin of an order in %s: %s", terms.instrument.key, failure)
            return
        one.needed, one.of, one.asked_ns = needed, terms, self._clock.mono_ns()

    def _whom_to_ask(self, terms: OrderTerms) -> Lane | None:
        """An account whose copies hold nothing of the instrument, because the broker takes what an
        account holds into account; else any.
        """
        logged_in = [lane for lane in self._lanes if lane.logged_in]
        key = terms.instrument.key
        holding = {part.account_id for part in self._copies.held() if part.instrument == key}
        free = (lane for lane in logged_in if lane.account_id not in holding)
        return next(free, logged_in[0] if logged_in else None)


def _what(terms: OrderTerms) -> _What:
    return terms.instrument.key, terms.side, terms.product
