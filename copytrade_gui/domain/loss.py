"""What a day may lose: when copies have lost so much that nothing more is opened.

``LossTerms`` are a scope's limits in rupees. They are judged by what the day has brought, after
charges: realised and open, what was carried in from the previous close, less what orders cost.
"""

from __future__ import annotations

from decimal import Decimal
from enum import IntEnum

from msgspec import Struct

from copytrade_gui.domain.checks.account import LOSS_LIMIT
from copytrade_gui.domain.checks.limits import Limits
from copytrade_gui.domain.money import Paise, in_rupees, rupees

LOSS_UNKNOWN = "loss_unknown"
CODES = frozenset({LOSS_LIMIT, LOSS_UNKNOWN})
"""Why only exits are copied to an account; a person or the next day ends it."""
_KINDS = frozenset({"day_loss", "equity_floor", "profit_lock"})
_NOTHING = Decimal(0)
_ANY = Decimal("Infinity")


class Then(IntEnum):
    """What happens to whoever reaches a limit; the numbers are those of ``Limits``."""

    ONLY_EXITS = 0
    HALT = 1
    SQUARE_OFF = 2
    """Only exits pass, and what copies hold is squared off, as a person agreed when he set it."""


def then_of(evidence: str) -> Then | None:
    """What was chosen with a limit that was reached, by its name (``Bound.evidence``); None: it is
    no loss limit's.
    """
    kind, _, rest = evidence.partition(" ")
    return Then[rest.rpartition(" ")[2].upper()] if kind in _KINDS else None


class Bound(Struct, frozen=True):
    """One limit on what a day brings: reached when the profit is ``at`` or below it, in rupees.

    ``evidence`` names it the same way at every look; ``words`` say it, with the limit's numbers.
    """

    evidence: str
    at: Decimal
    words: str


class LossTerms(Struct, frozen=True):
    """Limits of one scope in rupees, None where there is none.

    ``lock_from`` and ``lock_back`` count together only: once the day's profit was ``lock_from``,
    it may fall back from its highest by less than ``lock_back``.
    """

    day_loss: Decimal | None = None
    equity_floor: Decimal | None = None
    lock_from: Decimal | None = None
    lock_back: Decimal | None = None
    then: Then = Then.ONLY_EXITS

    def bounds(self, peak: Decimal, funds: Decimal | None) -> list[Bound]:
        """All that a day's profit is judged by now.

        ``peak`` is the day's highest profit, ``funds`` what the account has before margins in use,
        None while nobody knows it. A profit of the day is not counted to the equity: the broker
        may have it in the funds already.
        """
        found = []
        then = self.then.name.lower()
        if self.day_loss is not None:
            found.append(
                Bound(
                    f"day_loss {self.day_loss} {then}",
                    -self.day_loss,
                    f"its limit for a day's loss is {in_rupees(self.day_loss)}",
                )
            )
        if self.equity_floor is not None and funds is not None:
            found.append(
                Bound(
                    f"equity_floor {self.equity_floor} {then}",
                    self.equity_floor - funds if funds > self.equity_floor else _ANY,
                    f"its funds are {in_rupees(funds)}, and its equity may not fall to "
                    f"{in_rupees(self.equity_floor)}",
                )
            )
        if self.lock_back is not None and self.locked(peak):
            kept = peak - self.lock_back
            found.append(
                Bound(
                    f"profit_lock {self.lock_from} {self.lock_back} {then}",
                    kept,
                    f"it was {in_rupees(peak)}, of which {in_rupees(kept)} are kept",
                )
            )
        return found

    def locked(self, peak: Decimal) -> bool:
        """True if the day's highest profit was high enough to be kept."""
        return None not in (self.lock_from, self.lock_back) and peak >= (self.lock_from or _NOTHING)

    @property
    def locks(self) -> bool:
        """True if a profit may be kept."""
        return self.lock_from is not None and self.lock_back is not None


def of_one(limits: Limits) -> LossTerms | None:
    """What bounds the losses of one follower; None if nothing does."""
    return _terms(limits.day_loss, limits.equity_floor, limits.lock_from, limits.lock_back,
                  limits.loss_then)  # fmt: skip


def of_all(limits: Limits) -> LossTerms | None:
    """What bounds the losses of all followers together; None if nothing does."""
    return _terms(limits.all_day_loss, limits.all_equity_floor, limits.all_lock_from,
                  limits.all_lock_back, limits.all_loss_then)  # fmt: skip


def _terms(
    day_loss: Paise | None,
    equity_floor: Paise | None,
    lock_from: Paise | None,
    lock_back: Paise | None,
    then: int | None,
) -> LossTerms | None:
    terms = LossTerms(
        _rupees(day_loss),
        _rupees(equity_floor),
        _rupees(lock_from),
        _rupees(lock_back),
        Then(then or 0),
    )
    bounds = terms.day_loss is not None or terms.equity_floor is not None or terms.locks
    return terms if bounds else None


def _rupees(amount: Paise | None) -> Decimal | None:
    return None if amount is None else rupees(amount)
