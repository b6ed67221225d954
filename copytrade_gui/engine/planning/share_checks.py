"""Shares of a plan, once they are sized: within what their accounts have free, and checked."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from msgspec import structs

from copytrade_gui.domain.checks.check import Finding, Level
from copytrade_gui.domain.checks.share import UNBOUNDED, Bounds, ShareFacts, share_findings
from copytrade_gui.domain.exits import AWAITS_COPY
from copytrade_gui.domain.guard import AWAITS_PRICE
from copytrade_gui.domain.margin import CUT_TO_MARGIN, NO_MARGIN, Margin, Margins, WhenShort
from copytrade_gui.domain.number import grouped
from copytrade_gui.domain.order import MAX_QUANTITY, OrderTerms, Side
from copytrade_gui.domain.sizing import Sized, SizingRule
from copytrade_gui.engine.orders.links import LinkFacts
from copytrade_gui.engine.planning.share import Share

_TELLS = WhenShort.WARN
_ENABLED = ("", "")


def within_margins(
    shares: Sequence[Share],
    followers: Sequence[LinkFacts],
    terms: OrderTerms,
    price: Decimal | None,
    margins: Margins,
) -> list[Share]:
    """Shares of an order that only opens: of links that skip or shrink what their account's margin
    is too short for. Where nothing is known of a margin, the broker decides.
    """
    lot = terms.instrument.lot_size
    return [
        share
        if facts.link.when_short is _TELLS or share.terms is not None
        else _within(share, facts.link.when_short, margins.of(share.account.account_id), lot, price)
        for share, facts in zip(shares, followers, strict=True)
    ]


def _within(
    share: Share, then: WhenShort, margin: Margin | None, lot: int, price: Decimal | None
) -> Share:
    sized = share.sized
    units = sized.quantity
    if not units or margin is None or sized.code == AWAITS_COPY:
        return share
    if not margin.is_short(units, price):
        return share
    why = margin.in_words(units, price)
    fits = margin.fitting(units, lot, price) if then is WhenShort.SHRINK else 0
    if not fits:
        end = "Not one lot fits." if then is WhenShort.SHRINK else "The link skips such an entry."
        return Share(share.account, Sized(0, NO_MARGIN, f"{why} {end}"))
    why = f"{why} Of {grouped(units)} units {grouped(fits)} fit."
    if sized.code == AWAITS_PRICE:  # what is left of it waits all the same
        cut = structs.replace(sized, quantity=fits, reason=f"{why} {sized.reason}")
    else:
        cut = structs.replace(sized, quantity=fits, code=CUT_TO_MARGIN, reason=why)
    return structs.replace(share, sized=cut, again=None)


def untroubled(
    shares: Sequence[Share],
    terms: OrderTerms,
    price: Decimal | None,
    bounds: Bounds,
    *,
    exits: bool,
) -> bool:
    """True if nothing is found of the worst that all these shares together could be: the largest,
    with the most orders and the largest position of any account, and the least margin. Then
    nothing is found of any of them, unless an account has limits of its own, or the broker has not
    enabled it.
    """
    most = max((share.sized.quantity for share in shares), default=0)
    margins = bounds.margins
    worst = ShareFacts(
        quantity=most,
        price=price,
        kind=terms.instrument.kind,
        limits=bounds.limits,
        open_orders=max(bounds.open_orders.values(), default=0),
        orders_today=max(bounds.orders_today.values(), default=0),
        net=max(map(abs, bounds.nets.values()), default=0) + most,
        exits=exits,
        margin=None if margins is None else margins.least,
    )
    return not most or not share_findings(worst)


def share_checked(
    share: Share,
    terms: OrderTerms,
    price: Decimal | None,
    bounds: Bounds,
    *,
    rule: SizingRule | None = None,
    exits: bool,
) -> Share:
    """The share as it is, with what is to be asked of a person, or its account's verdict.

    ``rule`` is what sized it, None of the master's own order.
    """
    sized, account = share.sized, share.account.account_id
    if not sized.quantity or (bounds is UNBOUNDED and sized.quantity <= MAX_QUANTITY):
        return share
    signed = sized.quantity if terms.side is Side.BUY else -sized.quantity
    margins = bounds.margins
    no_segment, no_product = bounds.not_enabled.get(account, _ENABLED)
    found = share_findings(
        ShareFacts(
            quantity=sized.quantity,
            price=price,
            kind=terms.instrument.kind,
            limits=bounds.special.get(account, bounds.limits),
            rule=rule,
            open_orders=bounds.open_orders.get(account, 0),
            orders_today=bounds.orders_today.get(account, 0),
            net=bounds.nets.get(account, 0) + signed,
            exits=exits,
            no_segment=no_segment,
            no_product=no_product,
            margin=None if margins is None or share.terms is not None else margins.of(account),
            account=account,
            set_for=bounds.set_for,
        ),
    )
    if not found:
        return share
    last = found[-1]
    if last.level is Level.BLOCK:
        return Share(share.account, Sized(0, last.code, last.sentence))
    holds = tuple(one.sentence for one in found if one.level is Level.HOLD)
    warning = next((one for one in found if one.level is Level.WARN), None)
    if warning is not None:
        sized = _told(sized, warning)
    return structs.replace(share, sized=sized, holds=holds, warning=warning)


def _told(sized: Sized, warning: Finding) -> Sized:
    """A size that leaves all the same, with what was warned of in its verdict."""
    why = f"{sized.reason} {warning.sentence}".strip()
    return structs.replace(sized, code=sized.code or warning.code, reason=why)


def unheld(share: Share) -> Share:
    """A share of which a person would have been asked: nobody is there to be, so it is blocked."""
    if not share.holds:
        return share
    return Share(share.account, Sized(0, "hold", " ".join(share.holds)))
