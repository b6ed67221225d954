"""The limits of one scope: for all accounts, a group, or one account (docs/safety.md 10)."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from copytrade_gui.domain.money import Paise

_LAKH = 100_000 * 100
"""A lakh of rupees, in paise."""
_SHARES, _FUTURES, _PLAN = Paise(5 * _LAKH), Paise(25 * _LAKH), Paise(50 * _LAKH)


_FLOORS = frozenset({"equity_floor", "all_equity_floor"})
"""What must not be fallen below: the higher, the stricter."""


def stricter_than(name: str, one: int, other: int) -> bool:
    """True if of two values of a limit the first lets less through."""
    return one > other if name in _FLOORS else one < other


@dataclass(frozen=True, slots=True)
class Limits:
    """None is no limit. Values in paise, counts in orders or plans.

    ``order_value`` bounds one account's order in shares or in option premium, ``futures_value``
    one in futures; above half of it a person is asked. ``plan_value`` bounds all accounts of a
    plan together. ``open_orders`` and ``orders_a_day`` are of one account. ``net_position`` bounds
    units of one instrument in one account. ``repeats`` are plans of one instrument and side in
    10 seconds, ``plans_a_minute`` and ``plans_an_hour`` of everything. ``collar`` is how many
    times the usual distance a limit price may stand from the market before a person is asked;
    twice as far is blocked. ``same_again_ms``: the same order in so many ms is asked about.

    The rest bounds losses (``domain.loss``): of one follower what his copies lose in a day, what
    his account is worth at least, and how far the day's profit may fall back once it reached
    ``lock_from``. ``loss_then`` is 1 where that halts, 2 where what copies hold is squared off;
    else only exits pass. Names that begin with ``all_`` are of all copies together.
    """

    collar: int | None = 1
    same_again_ms: int | None = 2_000

    order_value: Paise | None = _SHARES
    futures_value: Paise | None = _FUTURES
    plan_value: Paise | None = _PLAN
    open_orders: int | None = 50
    orders_a_day: int | None = 500
    net_position: int | None = None
    repeats: int | None = 5
    plans_a_minute: int | None = 60
    plans_an_hour: int | None = 300

    day_loss: Paise | None = None
    equity_floor: Paise | None = None
    lock_from: Paise | None = None
    lock_back: Paise | None = None
    loss_then: int | None = None
    all_day_loss: Paise | None = None
    all_equity_floor: Paise | None = None
    all_lock_from: Paise | None = None
    all_lock_back: Paise | None = None
    all_loss_then: int | None = None

    def tightened(self, by: Limits) -> Limits:
        """The stricter of both in each field: limits only tighten from all to group to account."""
        stricter = {}
        for one in fields(self):
            ours, theirs = getattr(self, one.name), getattr(by, one.name)
            if theirs is not None and (ours is None or stricter_than(one.name, theirs, ours)):
                stricter[one.name] = theirs
        return replace(self, **stricter) if stricter else self


NO_LIMITS = Limits(**{one.name: None for one in fields(Limits)})
"""For a scope where nothing is set."""

PAPER_LIMITS = Limits(
    order_value=None,
    futures_value=None,
    plan_value=None,
    repeats=None,
    plans_a_minute=None,
    plans_an_hour=None,
)
"""In paper, where 500 invented followers trade invented money, until somebody sets them."""
