"""One master order becomes a plan: master order and sized follower orders, or reasons why not.

Pure work on snapshots in memory; no database read, no network. 500 followers take a few ms.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from functools import partial

from msgspec import structs

from copytrade_gui.domain.checks.share import UNBOUNDED, Bounds
from copytrade_gui.domain.exits import (
    AWAITS_COPY,
    NO_COPIES,
    Again,
    Copy,
    Entry,
    Reducing,
    within_copy,
)
from copytrade_gui.domain.freeze import slices
from copytrade_gui.domain.instrument import Instrument
from copytrade_gui.domain.link import (
    CODES,
    COPIES_FILLS,
    FOR_NOBODY,
    Copies,
    Link,
    NotCopied,
    symbols_of,
)
from copytrade_gui.domain.money import Paise
from copytrade_gui.domain.order import OrderTerms, OrderType, Side, State
from copytrade_gui.domain.recipients import Recipients
from copytrade_gui.domain.reverse import told, turned
from copytrade_gui.domain.sizing import MasterOrder, Rounding, Sized, size
from copytrade_gui.domain.sizing.growth import size_growth
from copytrade_gui.domain.sizing.ledger import NOTHING
from copytrade_gui.engine.orders.links import LaneFacts, Linked, LinkFacts, SizedBy
from copytrade_gui.engine.orders.settings import EngineSettings
from copytrade_gui.engine.planning.exits import Cover
from copytrade_gui.engine.planning.guarded import guarded
from copytrade_gui.engine.planning.share import Share
from copytrade_gui.engine.planning.share_checks import share_checked, untroubled, within_margins

_SWITCHED_OFF = Sized(0, "off", "The follower is switched off.")
_FILLS, _COPIES_FILLS = (
    Copies.FILLS,
    NotCopied(COPIES_FILLS, "The link copies fills: it gets its share of what this order fills."),
)


def share_out(
    terms: OrderTerms,
    followers: Sequence[LinkFacts],
    last_price: Decimal | None,
    cover: Cover,
    bounds: Bounds = UNBOUNDED,
) -> list[Share]:
    """Size the master's order for every follower, in the order given. Pure; any thread may.

    An exit takes its part of what the followers' copies hold (``cover``), also where a link keeps
    out what opens; any share is bounded by ``bounds``.
    """
    price = terms.price if terms.price is not None else last_price
    quantity, lot = terms.quantity, terms.instrument.lot_size
    names = names_of(terms.instrument)
    order = MasterOrder(quantity, lot, price, terms.stop, cover.capital, names)
    if cover.exiting.most or cover.copies or cover.only_exits:
        shares = _covered(followers, order, Reducing(quantity, lot, cover.exiting), cover)
    else:
        shares = _entries(followers, order, cover.opened)
    other = cover.turned
    if other is not None:
        shares = [
            _turned(share, other) if facts.link.sizing.reverse else share
            for share, facts in zip(shares, followers, strict=True)
        ]
    if cover.master is not None and not cover.exiting.most:
        shares = [
            share if (guard := facts.link.guard) is None
            else guarded(share, guard, terms, cover.master)
            for share, facts in zip(shares, followers, strict=True)
        ]  # fmt: skip
    if bounds.margins is not None and not cover.exiting.most:
        shares = within_margins(shares, followers, terms, price, bounds.margins)
    exits, only_exits = cover.exiting.least >= quantity, cover.only_exits
    apart = {*bounds.special, *bounds.not_enabled}
    plain = other is None and untroubled(shares, terms, price, bounds, exits=exits)
    shares = [
        share
        if plain and facts.account.account_id not in apart
        else share_checked(
            share,
            share.terms or terms,
            price if share.terms is None else share.terms.price,
            bounds,
            rule=facts.link.sizing,
            exits=exits or facts.account.account_id in only_exits,
        )
        for share, facts in zip(shares, followers, strict=True)
    ]
    freeze = bounds.freeze
    return shares if freeze is None else [sliced(share, lot, freeze) for share in shares]


def turned_for(
    followers: Sequence[Linked], asked: OrderTerms, last_price: Decimal | None
) -> OrderTerms | Sized | None:
    """The order, as the master ``asked`` for it, for links that copy the opposite side; None where
    none of them does.
    """
    if not any(one.link.sizing.reverse for one in followers):
        return None
    return turned(asked, last_price)


def facts_for(followers: Sequence[Linked], recipients: Recipients) -> list[LinkFacts]:
    """The facts to share an order out by; whom it is not for gets nothing, exits neither.

    Nor does who copies fills: his share is of what the order fills.
    """
    chosen = None if recipients.everybody else recipients
    return [
        one.facts
        if (why := _why_not_for(one.link, chosen)) is None
        else structs.replace(one.facts, stopped=why)
        for one in followers
    ]


def _why_not_for(link: Link, chosen: Recipients | None) -> NotCopied | None:
    left_out = None if chosen is None else chosen.why_left_out(link)
    return _COPIES_FILLS if left_out is None and link.copies is _FILLS else left_out


def sliced(share: Share, lot_size: int, freeze: int | None) -> Share:
    """The share in as many orders as the exchange's freeze quantity asks, or the verdict."""
    quantity = share.sized.quantity
    if freeze is None or quantity <= freeze:
        return share
    parts = slices(quantity, lot_size, freeze)
    if isinstance(parts, Sized):
        return Share(share.account, parts)
    return structs.replace(share, slices=parts)


def closing_shares(
    terms: OrderTerms,
    accounts: Sequence[tuple[LaneFacts, Sized]],
    cover: Cover,
    freeze: int | None,
) -> list[Share]:
    """What each account closes: the units named for it, bounded by what its copies hold. Pure.

    A follower who is switched off still gets out.
    """
    lot = terms.instrument.lot_size
    whole = Reducing(terms.quantity, lot, cover.exiting)
    shares = []
    for facts, named in accounts:
        copy = cover.copies.get(facts.account.account_id, NO_COPIES)
        share = Share(facts.account, Sized(0, facts.code, facts.reason))
        if not facts.code:
            found, again = _within(
                whole, copy, _named(named.quantity), Rounding.DOWN, may_open=True
            )
            share = Share(facts.account, found, again=again)
            if named.code and share.sized.quantity:
                sized = structs.replace(share.sized, code=named.code, reason=named.reason)
                share = structs.replace(share, sized=sized)
        shares.append(sliced(share, lot, freeze))
    return shares


def _named(units: int) -> Entry:
    """Whatever of an order may open: nothing but what a person named."""
    sized = Sized(units)
    return lambda _units, _carry: sized


def _entries(followers: Sequence[LinkFacts], order: MasterOrder, opened: int | None) -> list[Share]:
    """Shares of an order that only opens, each size once."""
    known: dict[SizedBy, Sized] = {}
    shares = []
    for facts in followers:
        sized = _why_not(facts)
        if sized is None:
            sized = known.get(facts.sized_by)
            if sized is None:
                sized = known[facts.sized_by] = _entry(facts.sized_by, order, opened, NOTHING)
        shares.append(Share(facts.account, sized))
    return shares


def _covered(
    followers: Sequence[LinkFacts], order: MasterOrder, whole: Reducing, cover: Cover
) -> list[Share]:
    """Shares of an order that may reduce, or that is owed what rounding left over.

    Who sizes alike, and whose copies have alike for it, gets the same, which is found once.
    """
    known: dict[tuple[object, ...], tuple[Sized, Again | None]] = {}
    shares = []
    for facts in followers:
        why_not, by, account = _why_not(facts), facts.sized_by, facts.account.account_id
        copy, kept_out = cover.copies.get(account, NO_COPIES), cover.only_exits.get(account)
        if why_not is None and kept_out is not None and not (whole.exiting.most and _holds(copy)):
            why_not = Sized(0, kept_out.code, kept_out.sentence)
        if why_not is not None:
            shares.append(Share(facts.account, why_not))
            continue
        may_open, carry = kept_out is None, None if copy.carry is NOTHING else copy.carry
        alike = (by, may_open, copy.held, copy.leaving, copy.coming, carry)
        found = known.get(alike)
        if found is None:
            sizes = partial(_part, by, order, cover.opened)
            found = _within(whole, copy, sizes, by.rule.rounding, may_open=may_open)
            known[alike] = found
        shares.append(Share(facts.account, found[0], again=found[1]))
    return shares


def _part(
    by: SizedBy, order: MasterOrder, opened: int | None, units: int, carry: Fraction
) -> Sized:
    """What so many units of the order are for whoever sizes by this."""
    asked = order if units == order.quantity else structs.replace(order, quantity=units)
    return _entry(by, asked, opened, carry)


def _entry(by: SizedBy, order: MasterOrder, opened: int | None, carry: Fraction) -> Sized:
    if opened is not None:
        return size_growth(by.rule, order, opened, by.capital, by.times)
    return size(by.rule, order, by.capital, carry, by.times)


def entry_of(
    by: SizedBy, terms: OrderTerms, last_price: Decimal | None, capital: Paise | None
) -> Entry:
    """How a link sizes what opens of a master's order with these terms."""
    price = terms.price if terms.price is not None else last_price
    quantity, lot, names = terms.quantity, terms.instrument.lot_size, names_of(terms.instrument)
    order = MasterOrder(quantity, lot, price, terms.stop, capital, names)
    return partial(_part, by, order, None)


def _within(
    order: Reducing, copy: Copy, entry: Entry, rounding: Rounding, *, may_open: bool
) -> tuple[Sized, Again | None]:
    """What the copy gives up and what it opens, with how to size it again where that may change."""
    sized, part = within_copy(order, copy, entry, rounding, may_open=may_open)
    if part is None or not (part.beyond or sized.code == AWAITS_COPY):
        return sized, None  # a mere entry, or a mere exit of what is known

    def again(now: Reducing, copy: Copy, may_still_open: bool, planned: int) -> Sized:
        opens = may_open and may_still_open
        return within_copy(now, copy, entry, rounding, may_open=opens, planned=planned)[0]

    return sized, again


def _turned(share: Share, other: OrderTerms | Sized) -> Share:
    """The share of a link that copies the opposite side."""
    if not share.sized.quantity:
        return share
    if isinstance(other, Sized):
        return Share(share.account, other)
    return structs.replace(share, sized=told(share.sized, other), terms=other)


def _holds(copy: Copy) -> bool:
    return copy.held > 0 or copy.coming > 0


def _why_not(facts: LinkFacts) -> Sized | None:
    """Why the account gets no order at all, exits neither; None: it may."""
    if facts.stopped is not None and facts.stopped.code in FOR_NOBODY:
        return Sized(0, facts.stopped.code, facts.stopped.sentence)
    if not facts.account.active:
        return _SWITCHED_OFF
    if facts.stopped is not None:
        return Sized(0, facts.stopped.code, facts.stopped.sentence)
    return Sized(0, facts.code, facts.reason) if facts.code else None


def names_of(instrument: Instrument) -> tuple[str, ...]:
    """What a rule for one instrument alone may call it, the closest name first."""
    symbol = instrument.symbol.upper()
    return symbol, *sorted(symbols_of(instrument) - {symbol}), instrument.key.exchange


def rotate(followers: Sequence[Linked], plan_number: int) -> list[Linked]:
    """Start each plan elsewhere, so that no follower is always last.

    The stride is about 0.38 of the circle (and odd), which spreads starts evenly in few plans.
    """
    count = len(followers)
    if count == 0:
        return []
    start = plan_number * (count * 382 // 1000 | 1) % count
    return [*followers[start:], *followers[:start]]


def signal_age_ms(terms: OrderTerms, last_price: Decimal | None, settings: EngineSettings) -> int:
    """How old the order may be when it leaves: 10 s where it would trade at once, else 60 s."""
    if terms.order_type in (OrderType.MARKET, OrderType.SLM):
        return settings.signal_age_market_ms
    if terms.order_type is OrderType.LIMIT and terms.price is not None and last_price is not None:
        crosses = terms.price >= last_price if terms.side is Side.BUY else terms.price <= last_price
        if crosses:
            return settings.signal_age_market_ms
    return settings.signal_age_resting_ms


def unplanned(code: str) -> State:
    """How an order ends that does not leave by this code: by a choice, or by what is wrong."""
    return State.SKIPPED if code == "off" or code in CODES else State.BLOCKED
