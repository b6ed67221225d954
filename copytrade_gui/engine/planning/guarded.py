"""A share of an order that only opens, inside its link's price guard."""

from __future__ import annotations

from msgspec import structs

from copytrade_gui.domain.guard import (
    AT_GUARD,
    AWAITS_PRICE,
    Beyond,
    MasterPrice,
    PriceGuard,
    limit_of,
    waits,
    why_at_guard,
)
from copytrade_gui.domain.order import OrderTerms
from copytrade_gui.engine.planning.share import Share


def guarded(share: Share, guard: PriceGuard, terms: OrderTerms, at: MasterPrice) -> Share:
    """The share with the limit and the age that the guard allows, or waiting for a better price.

    A resting order of the master's has no price yet to compare one on the opposite side with.
    """
    sized, leaving = share.sized, share.terms or terms
    if not sized.quantity:
        return share
    compared = at.trades or leaving.side is terms.side
    limit = limit_of(guard, leaving, at) if compared else leaving.price
    age_ms = None if guard.delay_s is None else max(0, guard.delay_s * 1_000 - at.age_ms)
    share = structs.replace(share, age_ms=age_ms, waits=guard.beyond is Beyond.WAIT)
    if limit != leaving.price:
        why = f"{sized.reason} {why_at_guard(guard, at)}".strip()
        sized = structs.replace(sized, code=sized.code or AT_GUARD, reason=why)
    if (late := waits(guard, leaving, at)) is not None:
        why = f"{sized.reason} {late.sentence}".strip()
        sized = structs.replace(sized, code=AWAITS_PRICE, reason=why)
    return structs.replace(share, sized=sized, limit=None if limit == leaving.price else limit)
