"""Links: who copies whom, how much, which orders, and at what time of the day.

A link says what may open a position. What only reduces what its copies hold passes whatever is
filtered and at any time, so that nobody is left in a position that his master has left; only a
link that is paused or frozen keeps exits back as well.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, time
from decimal import Decimal
from enum import StrEnum
from graphlib import CycleError, TopologicalSorter

from msgspec import Struct

from copytrade_gui.domain.account import Account
from copytrade_gui.domain.drift import ReduceDrift
from copytrade_gui.domain.exit_rule import AFTER_EXIT, ExitRules
from copytrade_gui.domain.guard import CODES as GUARDED
from copytrade_gui.domain.guard import PriceGuard
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.instrument import Exchange, Instrument, InstrumentKind
from copytrade_gui.domain.margin import NO_MARGIN, WhenShort
from copytrade_gui.domain.order import OrderTerms, Product, Side
from copytrade_gui.domain.sizing import SizingRule
from copytrade_gui.domain.sizing.growth import FILL_ADDS_NONE
from copytrade_gui.domain.sizing.kind import ONE

MOST_LINKS = 2_000
"""Links of one console."""

PAUSED = "paused"
FROZEN = "frozen"
CLOSE_ONLY = "close_only"
FILTERED_EXCHANGE = "filtered_exchange"
FILTERED_PRODUCT = "filtered_product"
FILTERED_SYMBOL = "filtered_symbol"
FILTERED_SIDE = "filtered_side"
OUTSIDE_WINDOW = "outside_window"
NOT_CHOSEN = "not_chosen"
COPIES_FILLS = "copies_fills"
"""The link copies fills: of the order itself it takes nothing, and of each fill its share."""
CODES = frozenset(
    {
        PAUSED,
        FROZEN,
        CLOSE_ONLY,
        FILTERED_EXCHANGE,
        FILTERED_PRODUCT,
        FILTERED_SYMBOL,
        FILTERED_SIDE,
        OUTSIDE_WINDOW,
        NOT_CHOSEN,
        AFTER_EXIT,
        COPIES_FILLS,
        FILL_ADDS_NONE,
        NO_MARGIN,
        *GUARDED,
    }
)
"""Why a link does not copy an order, or a fill: a person has chosen it, nothing is wrong."""
FOR_NOBODY = frozenset({NOT_CHOSEN, COPIES_FILLS})
"""Why an order is not for a follower whatever his account and his link's state are."""


class Copies(StrEnum):
    """What of a master's orders a link copies."""

    ORDERS = "orders"
    """Each order when it is at the exchange, whatever it fills; changes and cancels follow."""
    FILLS = "fills"
    """What an order has filled, each time that it grows; changes and cancels are nobody's."""


class LinkState(StrEnum):
    """What a link lets through."""

    ACTIVE = "active"
    CLOSE_ONLY = "close_only"
    """Nothing that opens; what its copies hold may still be reduced."""
    PAUSED = "paused"
    """Nothing new, exits neither. What is at the broker stays there."""
    FROZEN = "frozen"
    """As paused, and an order that a person places in the follower's account is refused too."""

    @property
    def stops(self) -> bool:
        """True if not even an exit passes."""
        return self in (LinkState.PAUSED, LinkState.FROZEN)

    def stricter_than(self, other: LinkState) -> bool:
        """True if it lets less through."""
        return _FROM_LOOSE_TO_STRICT.index(self) > _FROM_LOOSE_TO_STRICT.index(other)

    @property
    def in_words(self) -> str:
        """``close only``: as a person reads it."""
        return self.replace("_", " ")


_FROM_LOOSE_TO_STRICT = (LinkState.ACTIVE, LinkState.CLOSE_ONLY, LinkState.PAUSED, LinkState.FROZEN)


@dataclass(frozen=True, slots=True)
class Filters:
    """Which orders may open a position; what is empty lets everything through.

    A symbol is a contract's own or its underlying's, in capitals.
    """

    sides: frozenset[Side] = frozenset()
    products: frozenset[Product] = frozenset()
    exchanges: frozenset[Exchange] = frozenset()
    symbols: frozenset[str] = frozenset()
    """Only these."""
    not_symbols: frozenset[str] = frozenset()
    """All but these."""


NO_FILTERS = Filters()


@dataclass(frozen=True, slots=True)
class TimeWindow:
    """Times of the day in India, on every day; ``closes`` itself is outside."""

    opens: time
    closes: time

    @property
    def in_words(self) -> str:
        """``09:20 to 11:00``."""
        return f"{self.opens:%H:%M} to {self.closes:%H:%M}"


@dataclass(frozen=True, slots=True)
class Link:
    """One account's orders are copied to another.

    ``group`` is the person's own word, or empty; ``group_multiplier`` is the group's, by which the
    size of each entry is multiplied (``domain/group.py``).
    """

    master_id: AccountId
    follower_id: AccountId
    sizing: SizingRule
    state: LinkState = LinkState.ACTIVE
    group: str = ""
    filters: Filters = NO_FILTERS
    window: TimeWindow | None = None
    group_multiplier: Decimal = ONE
    guard: PriceGuard | None = None
    exits: ExitRules | None = None
    copies: Copies = Copies.ORDERS
    when_short: WhenShort = WhenShort.WARN
    reduce_drift: ReduceDrift = ReduceDrift.NO

    @property
    def key(self) -> tuple[AccountId, AccountId]:
        """Master and follower: there is one link between two accounts."""
        return self.master_id, self.follower_id

    @property
    def copies_all(self) -> bool:
        """True if every order is copied at any time and price, so that nothing need be asked."""
        if self.exits is not None and self.exits.at is not None:
            return False
        unguarded = self.window is None and self.guard is None
        return self.state is LinkState.ACTIVE and unguarded and self.filters == NO_FILTERS


@dataclass(frozen=True, slots=True)
class Follower:
    """An account with one link by which it copies."""

    account: Account
    link: Link


class NotCopied(Struct, frozen=True, gc=False):
    """Why a link does not copy an order: one of ``CODES`` and a sentence."""

    code: str
    sentence: str

    @property
    def exits_pass(self) -> bool:
        """True if what only reduces the copies' position is copied all the same."""
        return self.code not in (PAUSED, FROZEN) and self.code not in FOR_NOBODY


def why_not(link: Link, terms: OrderTerms, moment: datetime) -> NotCopied | None:
    """Why the link does not copy this order at this moment (IST); None if it does."""
    stopped = why_stopped(link)
    if stopped is not None:
        return stopped
    if link.state is LinkState.CLOSE_ONLY:
        return NotCopied(CLOSE_ONLY, "The link is set to close only: it copies exits, no entries.")
    kept = _filtered(link.filters, terms) or _outside(link.window, moment)
    return kept or _after_exit(link.exits, terms, moment)


def _outside(window: TimeWindow | None, moment: datetime) -> NotCopied | None:
    if window is None or window.opens <= moment.time() < window.closes:
        return None
    return NotCopied(
        OUTSIDE_WINDOW, f"The link copies from {window.in_words} IST; it is {moment:%H:%M}."
    )


def _after_exit(rules: ExitRules | None, terms: OrderTerms, moment: datetime) -> NotCopied | None:
    if rules is None or rules.at is None or not rules.ends(terms.product, moment.time()):
        return None
    return NotCopied(
        AFTER_EXIT,
        f"The link leaves what is held INTRADAY at {rules.at:%H:%M} IST, so it enters "
        f"nothing after that; it is {moment:%H:%M}.",
    )


def _filtered(filters: Filters, terms: OrderTerms) -> NotCopied | None:
    instrument, names = terms.instrument, symbols_of(terms.instrument)
    if filters.exchanges and instrument.key.exchange not in filters.exchanges:
        return NotCopied(FILTERED_EXCHANGE, f"The link copies {_only(filters.exchanges)}.")
    if filters.products and terms.product not in filters.products:
        return NotCopied(FILTERED_PRODUCT, f"The link copies {_only(filters.products)} orders.")
    if filters.symbols and not names & filters.symbols:
        return NotCopied(
            FILTERED_SYMBOL, f"{instrument.symbol} is not among the link's only symbols."
        )
    if names & filters.not_symbols:
        return NotCopied(
            FILTERED_SYMBOL, f"{instrument.symbol} is among the symbols that the link leaves out."
        )
    if filters.sides and terms.side not in filters.sides:
        return NotCopied(FILTERED_SIDE, f"The link copies {_only(filters.sides)} orders.")
    return None


def why_stopped(link: Link) -> NotCopied | None:
    """Why the link copies nothing at all, exits neither; None if it may."""
    if link.state is LinkState.PAUSED:
        return NotCopied(PAUSED, "The link is paused. Set it active to copy again.")
    if link.state is LinkState.FROZEN:
        return NotCopied(FROZEN, "The link is frozen. Set it active to copy again.")
    return None


_SERIES = re.compile(r"-[A-Z0-9]{1,2}\Z")
"""What a share's symbol has behind its name: ``RELIANCE-EQ``."""


def symbols_of(instrument: Instrument) -> frozenset[str]:
    """The symbols a filter may name an instrument by."""
    symbol = instrument.symbol.upper()
    names = {symbol, instrument.underlying.upper()}
    if instrument.kind is InstrumentKind.EQUITY:
        names.add(_SERIES.sub("", symbol))
    return frozenset(names - {""})


def _only(choices: Collection[str]) -> str:
    return f"only {', '.join(sorted(choices))}"


# ------------------------------------------------------------ who copies whom


def cycle(links: Iterable[Link]) -> tuple[AccountId, ...]:
    """Accounts of which each copies the next and the last one the first; empty if there are none.

    An account may be master of some and follower of others; only in a circle an order would come
    back to where it came from.
    """
    sorter: TopologicalSorter[AccountId] = TopologicalSorter()
    for link in links:
        sorter.add(link.follower_id, link.master_id)
    try:
        sorter.prepare()
    except CycleError as error:
        found: list[AccountId] = error.args[1]  # each is the master of the next, the first twice
        return tuple(reversed(found[1:]))
    return ()


def cycle_words(accounts: Collection[AccountId], name: Callable[[AccountId], str]) -> str:
    """``A copies B, B copies C, C copies A``: a circle as a sentence without its full stop."""
    names = [name(account) for account in accounts]
    following = [*names[1:], *names[:1]]
    return ", ".join(f"{one} copies {other}" for one, other in zip(names, following, strict=True))
