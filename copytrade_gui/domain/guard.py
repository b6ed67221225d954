"""Price guards: how far from the master's price, and how long after his order, a copy may enter.

Only what opens is guarded. What reduces a position is never held back, and its limit is never
drawn nearer: nobody stays in what his master has left because of a price.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

from copytrade_gui.domain.money import tick_above, tick_below
from copytrade_gui.domain.number import grouped
from copytrade_gui.domain.offset import Offset
from copytrade_gui.domain.order import OrderTerms, OrderType, Side

PRICE_GUARD = "price_guard"
DELAY_GUARD = "delay_guard"
AT_GUARD = "at_price_guard"
"""The entry leaves, with a limit that stands at the guard."""
AWAITS_PRICE = "awaits_price"
"""The entry has not left: it waits here until the market is back inside the guard."""
NO_BETTER_PRICE = "no_better_price"
"""The entry waited for that, in vain."""
CODES = frozenset({PRICE_GUARD, DELAY_GUARD, NO_BETTER_PRICE})
"""Why a guard keeps an entry out."""


class Beyond(StrEnum):
    """What becomes of an entry when the market is beyond the guard as it is about to leave."""

    SKIP = "skip"
    """It is not sent."""
    LIMIT = "limit"
    """It is sent, and rests with its limit at the guard."""
    WAIT = "wait"
    """It is kept here, unsent, until the market is back inside or the delay is over."""


@dataclass(frozen=True, slots=True)
class PriceGuard:
    """What one link asks of an entry. Without ``slippage`` or ``delay_s`` that is not asked.

    The limit of an entry is never worse than ``slippage`` allows, whatever ``beyond`` says.
    ``delay_s`` are seconds after the master's order; a later entry is not sent. One that waits for
    a better price waits that long, so it has both.
    """

    slippage: Offset | None = None
    delay_s: int | None = None
    beyond: Beyond = Beyond.SKIP

    @property
    def in_words(self) -> str:
        """``at most 0.5 % beyond the master's price, else skipped; at most 5 s after him``."""
        parts = []
        if self.slippage is not None:
            after = _AFTER[self.beyond]
            parts.append(
                f"at most {self.slippage.in_words} beyond the master's price, else {after}"
            )
        if self.delay_s is not None:
            parts.append(f"at most {grouped(self.delay_s)} s after him")
        return "; ".join(parts)


_AFTER = {
    Beyond.SKIP: "skipped",
    Beyond.LIMIT: "a limit there",
    Beyond.WAIT: "it waits for a better one",
}


class MasterPrice(Struct, frozen=True, gc=False):
    """What a master pays or gets, beside the market, at one moment.

    ``price`` is rupees: the average of what he traded, else the price he asked for, else, of an
    order at the market, the last price when it was made; None where nobody knows. ``trades`` is
    True if he has traded or asked for the market's price, False while his limit or stop may rest.
    ``last`` is the last price, None without a young one; ``age_ms`` is how old his order is.
    """

    price: Decimal | None
    trades: bool
    last: Decimal | None
    age_ms: int


def master_price(
    asked: OrderTerms, traded_at: Decimal | None, last: Decimal | None, age_ms: int
) -> MasterPrice:
    """A master's price by the terms he asked for, and by what he traded at, if he did."""
    if traded_at is not None:
        return MasterPrice(traded_at, trades=True, last=last, age_ms=age_ms)
    if asked.order_type is OrderType.MARKET:
        return MasterPrice(last, trades=True, last=last, age_ms=age_ms)
    price = asked.trigger if asked.order_type is OrderType.SLM else asked.price
    return MasterPrice(price, trades=False, last=last, age_ms=age_ms)


def why_out(guard: PriceGuard, terms: OrderTerms, master: MasterPrice) -> tuple[str, str] | None:
    """Code and sentence why an entry may not leave now; None: it may, at ``limit_of``."""
    late = guard.delay_s is not None and master.age_ms > guard.delay_s * 1_000
    if guard.delay_s is not None and late:
        return DELAY_GUARD, (
            f"The master's order is {grouped(master.age_ms // 1_000)} s old, and the link enters "
            f"at most {grouped(guard.delay_s)} s after it."
        )
    if guard.slippage is None:
        return None
    if master.price is None:
        return PRICE_GUARD, (
            "The master's price is not known, and the link has a price guard. Place a new order if "
            "it is wanted."
        )
    worst, words = _worst(guard.slippage, terms, master.price), _said(guard.slippage, master.price)
    if terms.trigger is not None and _worse(terms.side, terms.trigger, worst):
        return PRICE_GUARD, (
            f"It would be triggered at {grouped(terms.trigger)}, and the link enters at most "
            f"{words}, which is {grouped(worst)}."
        )
    if guard.beyond is not Beyond.SKIP or not master.trades or master.last is None:
        return None
    if not _worse(terms.side, master.last, worst):
        return None
    return PRICE_GUARD, (
        f"The last price is {grouped(master.last)}, and the link enters at most {words}, which is "
        f"{grouped(worst)}."
    )


class Waits(Struct, frozen=True):
    """An entry waits for a better price: until the market is at ``worst`` rupees, or inside it."""

    worst: Decimal
    sentence: str

    def over_at(self, side: Side, last: Decimal) -> bool:
        """True where this last price, in rupees, is inside the guard."""
        return not _worse(side, last, self.worst)


def waits(guard: PriceGuard, terms: OrderTerms, master: MasterPrice) -> Waits | None:
    """For what price an entry, which ``why_out`` lets in, waits; None: it may leave now.

    A master's limit or stop that may rest has no price that a copy could be late for: it rests too.
    Without a young last price nobody knows that the market is inside, so it waits.
    """
    slippage, price = guard.slippage, master.price
    if guard.beyond is not Beyond.WAIT or slippage is None or price is None or not master.trades:
        return None
    worst = _worst(slippage, terms, price)
    if master.last is not None and not _worse(terms.side, master.last, worst):
        return None
    now = "No last price is known" if master.last is None else f"The last is {grouped(master.last)}"
    return Waits(
        worst, f"It waits for {grouped(worst)} or better, {_said(slippage, price)}. {now}."
    )


def limit_of(guard: PriceGuard, terms: OrderTerms, master: MasterPrice) -> Decimal | None:
    """The limit of an entry in rupees, on tick: its own, or the guard's where that is nearer."""
    if guard.slippage is None or master.price is None or terms.price is None:
        return terms.price
    worst = _worst(guard.slippage, terms, master.price)
    return worst if _worse(terms.side, terms.price, worst) else terms.price


def why_at_guard(guard: PriceGuard, master: MasterPrice) -> str:
    """One sentence about a limit that ``limit_of`` drew nearer."""
    if guard.slippage is None or master.price is None:
        return ""
    return (
        f"Its limit is the link's price guard, {_said(guard.slippage, master.price)} when it was "
        "planned."
    )


def _said(slippage: Offset, price: Decimal) -> str:
    return f"{slippage.in_words} beyond the master's {grouped(price)}"


def _worst(slippage: Offset, terms: OrderTerms, price: Decimal) -> Decimal:
    """The worst price an entry may have, on tick, which is never beyond the guard."""
    off, tick = slippage.of(price), terms.instrument.tick
    if terms.side is Side.BUY:
        return max(tick_below(price + off, tick), tick)
    return max(tick_above(price - off, tick), tick)


def _worse(side: Side, price: Decimal, than: Decimal) -> bool:
    return price > than if side is Side.BUY else price < than
