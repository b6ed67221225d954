"""The limits in force, and how often plans were made: what bounds a plan beside its own terms."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace

from copytrade_gui.domain.checks.limits import NO_LIMITS, Limits
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.instrument import InstrumentKey
from copytrade_gui.domain.order import OrderTerms, Side
from copytrade_gui.domain.scope import group_of, is_whole, wholes_of
from copytrade_gui.engine.orders.lane import Lanes
from copytrade_gui.engine.orders.news import News
from copytrade_gui.ports import Clock

_TEN_SECONDS, _MINUTE, _HOUR = 10_000_000_000, 60_000_000_000, 3_600_000_000_000


class LimitsInForce:
    """Limits of all accounts and of some; changes hold for the next plan.

    ``first`` is what holds for all of them until a person sets something else.
    """

    def __init__(self, first: Limits, lanes: Lanes, news: News) -> None:
        self.first = self.of_all = first
        self._lanes = lanes
        self._news = news
        self._own: dict[AccountId, Limits] = {}

    @property
    def own(self) -> Mapping[AccountId, Limits]:
        """What was set for single accounts and for groups (``domain.scope``), as it was set."""
        return self._own

    @property
    def special(self) -> Mapping[AccountId, Limits]:
        """Accounts with stricter limits of their own or of a group, tightened by those of all."""
        if not any(is_whole(scope) for scope in self._own):
            return {name: self.of_all.tightened(own) for name, own in self._own.items()}
        found = {}
        for lane in self._lanes:
            limits = self.of(lane.account_id)
            if limits is not self.of_all:
                found[lane.account_id] = limits
        return found

    def of(self, account: AccountId) -> Limits:
        """What bounds one account."""
        limits, lane = self.of_all, self._lanes.get(account)
        if self._own and lane is not None:
            links = [linked.link for linked in lane.links.values()]
            for scope in (*wholes_of(links), account):
                own = self._own.get(scope)
                limits = limits if own is None else limits.tightened(own)
        return limits

    def set_for(self, account: AccountId) -> Sequence[tuple[str, Limits]]:
        """Those of all, and what was set for its groups and for itself, in this order: of whom each
        is, in words that follow a figure; empty for those of all.
        """
        lane = self._lanes.get(account)
        links = [] if lane is None else [linked.link for linked in list(lane.links.values())]
        found = [("", self.of_all)]
        for scope in (*wholes_of(links), account):
            if (own := self._own.get(scope)) is not None:
                group = group_of(scope)
                whole = f"of its group {group}" if group else "of all followers"
                found.append((whole if is_whole(scope) else "of its own", own))
        return found

    def put(self, account: AccountId | None, limits: Limits) -> None:
        """Set the limits of one account or group, or of all (None); ``NO_LIMITS`` takes one's own
        away.
        """
        if account is None:
            self.of_all = limits
        elif limits == NO_LIMITS:
            self._own.pop(account, None)
        else:
            self._own[account] = limits
        self._news.limits_set()

    def restore(self, stored: Mapping[str, Mapping[str, int | None]]) -> None:
        """Put in force what was set before this start; a name that is no limit is left out.

        A limit that was not known when they were set is as at first, and none for one account.
        """
        known = {one.name for one in fields(Limits)}
        for account, values in stored.items():
            begin = NO_LIMITS if account else self.first
            limits = replace(begin, **{n: v for n, v in values.items() if n in known})  # type: ignore[arg-type]  # paise are integers
            self.put(AccountId(account) if account else None, limits)


class Cadence:
    """When plans were made, by monotonic time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._all: deque[int] = deque()
        self._alike: dict[tuple[InstrumentKey, Side], deque[tuple[int, int]]] = {}

    def made(self, terms: OrderTerms) -> None:
        """A plan was made."""
        now = self._clock.mono_ns()
        self._all.append(now)
        self._alike.setdefault(_kind(terms), deque()).append((now, terms.quantity))

    def alike(self, terms: OrderTerms, within_ms: int | None) -> tuple[tuple[int, int, int], bool]:
        """Plans of this instrument and side in 10 s, then of everything in a minute and an hour;
        and True if one of the same size is among those of the last ``within_ms``.
        """
        now = self._clock.mono_ns()
        while self._all and now - self._all[0] > _HOUR:
            self._all.popleft()
        alike = self._alike.get(_kind(terms), deque())
        while alike and now - alike[0][0] > _TEN_SECONDS:
            alike.popleft()
        minute = sum(now - at <= _MINUTE for at in self._all)
        again = False
        if within_ms is not None:
            since = now - within_ms * 1_000_000
            again = any(at >= since and quantity == terms.quantity for at, quantity in alike)
        return (len(alike), minute, len(self._all)), again


def _kind(terms: OrderTerms) -> tuple[InstrumentKey, Side]:
    return terms.instrument.key, terms.side
