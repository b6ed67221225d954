"""One account's links to its masters, as the engine goes by them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from functools import lru_cache

from msgspec import Struct

from copytrade_gui.domain.account import Account
from copytrade_gui.domain.guard import PRICE_GUARD, MasterPrice, Waits, waits, why_out
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.link import Link, NotCopied, why_not, why_stopped
from copytrade_gui.domain.money import Paise
from copytrade_gui.domain.order import OrderTerms
from copytrade_gui.domain.reverse import opposite
from copytrade_gui.domain.sizing import SizingRule


class LaneFacts(Struct, frozen=True, gc=False):
    """What may leave in an account, as it stood at one moment.

    ``code`` and ``reason`` say why no order can leave; empty when one can. ``capital`` is paise.
    ``only_exits`` says why nothing may that opens.
    """

    account: Account
    code: str
    reason: str
    capital: Paise | None
    only_exits: NotCopied | None = None


class SizedBy(Struct, frozen=True, eq=False, gc=False):
    """What sizes of a link follow from beside the order, found by ``sized_by``.

    Links that have all of it alike have the very same object, so that a plan sizes each once.
    ``capital`` is paise, and None where the rule does not ask for it.
    """

    rule: SizingRule
    times: Decimal
    capital: Paise | None


def sized_by(link: Link, capital: Paise | None) -> SizedBy:
    """What sizes of this link follow from, where its follower has so much free, in paise."""
    parts = link.sizing, link.group_multiplier, capital if link.sizing.asks_capital else None
    try:
        return _the_same(*parts)
    except TypeError:  # a stored value that is a signalling NaN has no hash; it is sized by nobody
        return SizedBy(*parts)


@lru_cache(maxsize=4096)
def _the_same(rule: SizingRule, times: Decimal, capital: Paise | None) -> SizedBy:
    return SizedBy(rule, times, capital)


class LinkFacts(Struct, frozen=True, gc=False):
    """What a follower's share of his master's order follows from, as it stood at one moment.

    ``code`` and ``reason`` are the account's. ``stopped`` says why the link copies nothing at all;
    ``copies_all`` that it copies everything at any time and price, so that nothing need be asked.
    """

    account: Account
    link: Link
    code: str
    reason: str
    capital: Paise | None
    sized_by: SizedBy
    stopped: NotCopied | None
    copies_all: bool
    only_exits: NotCopied | None = None


class Linked:
    """A link, with its facts kept ready: they are made anew whenever they or the link change."""

    __slots__ = ("account_id", "facts", "link")

    def __init__(self, link: Link, account: LaneFacts) -> None:
        self.account_id: AccountId = link.follower_id
        self.put(link, account)

    def put(self, link: Link, account: LaneFacts) -> None:
        """Go by this link and by these facts of its follower's account from now on."""
        self.link = link
        self.facts = LinkFacts(
            account.account,
            link,
            account.code,
            account.reason,
            account.capital,
            sized_by(link, account.capital),
            why_stopped(link),
            link.copies_all and account.only_exits is None,
            account.only_exits,
        )


def kept_out(
    links: Iterable[Linked],
    terms: OrderTerms,
    moment: datetime,
    master: MasterPrice | None,
    *,
    may_wait: bool,
) -> dict[AccountId, NotCopied]:
    """Whose link or account lets of an order only pass at this moment (IST) what is an exit.

    ``master`` is what price guards go by, None where they are not asked. ``may_wait`` is False for
    an order that is partly an exit: that part leaves now, and what opens does not follow it later.
    """
    found = {}
    for linked in links:
        if not linked.facts.copies_all:
            why = why_not(linked.link, terms, moment) or linked.facts.only_exits
            why = why or guarded_out(linked.link, terms, master, may_wait=may_wait)
            if why is not None and why.exits_pass:
                found[linked.account_id] = why
    return found


def guarded_out(
    link: Link, terms: OrderTerms, master: MasterPrice | None, *, may_wait: bool
) -> NotCopied | None:
    """Why the link's price guard keeps out what opens now; None if it does not, or if it may wait.

    ``terms`` are the master's: on the opposite side a price is worse the other way.
    """
    if link.guard is None or master is None:
        return None
    its = opposite(terms) if link.sizing.reverse else terms
    found = why_out(link.guard, its, master)
    if found is None and not may_wait and (late := waits(link.guard, its, master)) is not None:
        found = PRICE_GUARD, f"{late.sentence} With an order that is an exit too nothing waits."
    return None if found is None else NotCopied(*found)


def price_awaited(link: Link, terms: OrderTerms, master: MasterPrice) -> Waits | None:
    """For what price a mere entry of the link waits now; None: for none."""
    if link.guard is None:
        return None
    return waits(link.guard, opposite(terms) if link.sizing.reverse else terms, master)
