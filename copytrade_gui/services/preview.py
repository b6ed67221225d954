"""What a ticket is told before it is sent, out of shares and of facts that were taken before.

Nothing here reads the engine: a preview of 500 followers is worked out in a thread, because the
loop on which orders leave has more urgent things to do than a ticket's every keystroke.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from copytrade_gui.domain.account import Account
from copytrade_gui.domain.caution import Portion, cautions
from copytrade_gui.domain.checks.check import Finding
from copytrade_gui.domain.freeze import FreezeTable
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.link import FOR_NOBODY
from copytrade_gui.domain.money import Paise, order_value
from copytrade_gui.domain.number import grouped
from copytrade_gui.domain.order import OrderTerms, OrderType
from copytrade_gui.domain.recipients import Recipients
from copytrade_gui.engine.planning.denied import DeniedError
from copytrade_gui.engine.planning.questions import asked_of, nobody_gets_it
from copytrade_gui.engine.planning.share import Share
from copytrade_gui.services.ticket_costs import NOTHING_KNOWN, Costs, Known
from copytrade_gui.services.verbs import NO_COST, Preview, PreviewRow, RowCost


@dataclass(frozen=True, slots=True)
class Asked:
    """A ticket that could be read, and what was known when it was asked about.

    ``terms`` are as typed, ``leaving`` with the price an unpriced order leaves with (None: there is
    none); ``last`` is the last price in rupees if it is fresh, ``margins`` are free margins in
    paise, ``contracts_words`` says how old the contracts are where they are not of today.
    """

    master_id: AccountId
    master: Account | None
    terms: OrderTerms
    leaving: OrderTerms | None
    last: Decimal | None
    recipients: Recipients
    found: Sequence[Finding]
    blocked_by: str
    margins: Mapping[AccountId, Paise | None]
    freeze: FreezeTable
    contracts_words: str
    not_known: tuple[str, ...] = ()
    """What its limit price cannot be compared with."""
    known: Known = NOTHING_KNOWN
    """What it is worth, needs and costs follows from this."""
    resting: Sequence[AccountId] = ()
    """Of each copy of an earlier entry that rests, and goes with this exit, whose it is."""

    @property
    def sized(self) -> OrderTerms:
        """What shares are made of."""
        return self.leaving or self.terms

    @property
    def price(self) -> Decimal | None:
        """What one unit is worth, rupees; None while nobody knows."""
        return self.last if self.sized.price is None else self.sized.price


def preview_of(
    asked: Asked, shares: Sequence[Share], own: Share | None, denied: DeniedError | None
) -> Preview:
    """The answer to the ticket; ``own`` is the master's share, None if ``denied``. Pure.

    Of an order that will be refused it says no more than that: nobody is asked anything about it,
    and no copy of an earlier one is cancelled.
    """
    terms = asked.terms
    costs = Costs(asked.known, asked.sized, asked.price)
    own_cost = NO_COST if own is None else costs.of(own, is_master=True)
    rows = (
        _master_row(asked, denied, own_cost),
        *(_row(share, terms, costs.of(share, is_master=False)) for share in shares),
    )
    refused = asked.blocked_by or ("" if denied is None else denied.sentence)
    follows = (
        () if refused else (*_asked_words(asked, shares, own), *_cancelled_words(asked, shares))
    )
    old = (asked.contracts_words,) if asked.contracts_words else ()
    portions = (Portion(row.name, row.quantity, asked.margins.get(row.account_id)) for row in rows)
    price, protected = asked.price, None
    if asked.leaving is not None and asked.leaving is not terms:
        protected = asked.leaving.price
    return Preview(
        (),
        rows,
        protected,
        None if price is None else order_value(price, sum(row.quantity for row in rows)),
        refused,
        (*follows, *old, *cautions(terms, asked.last, portions, asked.freeze)),
        asked.not_known,
        costs.margin,
        costs.charges,
    )


def _asked_words(asked: Asked, shares: Sequence[Share], own: Share | None) -> tuple[str, ...]:
    """What a person will be asked before it leaves, and what he will have to say he has read."""
    nobody = nobody_gets_it(shares, asked.recipients)
    questions = asked_of(asked.found, shares if own is None else [own, *shares], nobody)
    return tuple(f"You will be asked: {one}" for one in questions.holds) + questions.warnings


def _cancelled_words(asked: Asked, shares: Sequence[Share]) -> tuple[str, ...]:
    """What this exit cancels beside what it sells or buys, and when: nobody enters behind it."""
    named = {one.account.account_id for one in shares if one.sized.code not in FOR_NOBODY}
    count = sum(account in named for account in asked.resting)
    if not count:
        return ()
    what = (
        "1 copy of an earlier entry still rests and is"
        if count == 1
        else (f"{grouped(count)} copies of earlier entries still rest and are")
    )
    at_once = asked.terms.order_type is OrderType.MARKET
    return (f"{what} cancelled {'with this exit' if at_once else 'when this exit fills'}.",)


def _master_row(asked: Asked, denied: DeniedError | None, cost: RowCost) -> PreviewRow:
    master_id, terms = asked.master_id, asked.terms
    name = master_id if asked.master is None else asked.master.name
    if denied is not None:
        return PreviewRow(master_id, name, True, 0, Decimal(0), denied.code, denied.sentence)
    lots = _lots(terms.quantity, terms)
    return PreviewRow(master_id, name, True, terms.quantity, lots, "", "", cost)


def _row(share: Share, terms: OrderTerms, cost: RowCost) -> PreviewRow:
    sized = share.sized
    return PreviewRow(
        share.account.account_id,
        share.account.name,
        False,
        sized.quantity,
        _lots(sized.quantity, terms),
        sized.code,
        sized.reason,
        cost,
    )


def _lots(quantity: int, terms: OrderTerms) -> Decimal:
    return Decimal(quantity) / terms.instrument.lot_size
