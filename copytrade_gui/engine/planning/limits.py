"""The limits in force, and how often plans were made: what bounds a plan beside its own terms."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from copytrade_gui.domain.checks.limits import Limits
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.instrument import InstrumentKey
from copytrade_gui.domain.order import OrderTerms, Side
from copytrade_gui.ports import Clock

_TEN_SECONDS, _MINUTE, _HOUR = 10_000_000_000, 60_000_000_000, 3_600_000_000_000


class LimitsInForce:
    """Limits of all accounts and of some; changes hold for the next plan."""

    def __init__(self, of_all: Limits) -> None:
        self.of_all = of_all
        self._special: dict[AccountId, Limits] = {}

    @property
    def special(self) -> Mapping[AccountId, Limits]:
        """Accounts with stricter limits of their own, tightened by those of all."""
        return {name: self.of_all.tightened(own) for name, own in self._special.items()}

    def put(self, account: AccountId, own: Limits | None) -> None:
        """Give one account limits of its own; None takes them away."""
        if own is None:
            self._special.pop(account, None)
        else:
            self._special[account] = own


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

    def counts(self, terms: OrderTerms) -> tuple[int, int, int]:
        """Plans of this instrument and side in 10 s, then of everything in a minute and an hour."""
        now = self._clock.mono_ns()
        while self._all and now - self._all[0] > _HOUR:
            self._all.popleft()
        alike = self._alike.get(_kind(terms), deque())
        while alike and now - alike[0][0] > _TEN_SECONDS:
            alike.popleft()
        minute = sum(now - at <= _MINUTE for at in self._all)
        return len(alike), minute, len(self._all)

    def same_again(self, terms: OrderTerms, within_ms: int | None) -> bool:
        """True if an order of the same size was planned in the last ``within_ms``."""
        if within_ms is None:
            return False
        since = self._clock.mono_ns() - within_ms * 1_000_000
        alike = self._alike.get(_kind(terms), ())
        return any(at >= since and quantity == terms.quantity for at, quantity in alike)


def _kind(terms: OrderTerms) -> tuple[InstrumentKey, Side]:
    return terms.instrument.key, terms.side
