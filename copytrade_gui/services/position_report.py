"""Positions as they are told: copied apart from own, with what they cost and brought. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Protocol

from msgspec import Struct

from copytrade_gui.domain.account import Account, Role
from copytrade_gui.domain.charges import Cost
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.instrument import Instrument, InstrumentKey, Quote
from copytrade_gui.domain.order import Product, Side
from copytrade_gui.domain.position import NOTHING, Position, PositionKey
from copytrade_gui.engine.books.account_positions import PositionsRead
from copytrade_gui.engine.books.copies import Copy, LinkKey
from copytrade_gui.ports import BrokerPosition
from copytrade_gui.services.holding_report import HoldingReport


class PositionLine(Struct, frozen=True, kw_only=True):
    """One account's position in one instrument and product. Quantities in units, amounts in rupees.

    ``copied`` is what our orders hold, None for a master. ``held`` is what the broker shows in all,
    None while it was not read today. Average and amounts are the copied part's, of a master the
    whole; each is None while nobody knows it. ``realised`` is today's, ``day`` all that today
    brought, before charges.
    """

    account_id: AccountId
    account: str
    role: Role
    key: InstrumentKey
    symbol: str
    product: Product | None
    instrument: Instrument | None
    """None where it was traded elsewhere only."""
    copied: int | None
    held: int | None
    read_ns: int
    """When the broker's positions were read, UTC ns; 0: not today."""
    problem: str
    """Why it was not read, or the last read failed, in one sentence."""
    average: Decimal | None
    quote: Quote | None
    realised: Decimal | None
    open: Decimal | None
    day: Decimal | None
    exits: str = ""
    """Where the rules of its link leave it, in words; empty where there is none."""
    behind: bool = False
    """What the broker showed last may lack what copies filled since: the two are not compared."""

    @property
    def net(self) -> int:
        """What average and amounts are about."""
        return (self.held or 0) if self.copied is None else self.copied

    @property
    def own(self) -> int | None:
        """What is not copied: the owner's own; None while nobody knows it."""
        return None if self.held is None or self.behind else self.held - (self.copied or 0)

    @property
    def against(self) -> bool:
        """True if the owner's own trades lie against the copy: it is not all there any more."""
        return bool(self.copied and self.own and (self.own > 0) is not (self.copied > 0))


class Sums(Struct, frozen=True):
    """What some positions are worth together, in rupees. ``unknown`` are in no sum: no price."""

    accounts: int = 0
    positions: int = 0
    """How many are open."""
    realised: Decimal = NOTHING
    open: Decimal = NOTHING
    day: Decimal = NOTHING
    unknown: int = 0
    stale_ns: int = 0
    """The oldest price in a sum, UTC ns; 0 where none was needed."""


class LinkReport(Struct, frozen=True, kw_only=True):
    """What copies of one master hold and brought in one account, of ``lines`` of their own.

    Each line's average and amounts are what this link itself bought and sold: what the links of an
    account brought on a day adds up to what the account did, but realised may lie with one link
    what is open with another. ``master`` is his name, empty where nobody knows whom copies follow.
    """

    account_id: AccountId
    account: str
    master_id: AccountId
    master: str
    lines: tuple[PositionLine, ...]
    cost: Cost | None
    """What its orders cost today; None without a table of rates."""


class PositionReport(Struct, frozen=True):
    """All positions at one moment, with what masters and what all copies brought."""

    lines: tuple[PositionLine, ...] = ()
    masters: Sums = Sums()
    followers: Sums = Sums()
    unread: tuple[tuple[str, str], ...] = ()
    """Accounts whose positions at the broker are not known today, and why, in one sentence."""
    links: tuple[LinkReport, ...] = ()
    """Of accounts whose copies are not all of one master, each link apart."""
    only_masters: Mapping[AccountId, AccountId] = {}
    """Of the other accounts: whose all their copies are."""
    costs: Mapping[AccountId, Cost] | None = None
    """What each account's copies cost today; None without a table of rates."""


class PositionVerbs(Protocol):
    """What is held, and what it brought."""

    async def report(self) -> PositionReport:
        """All positions as known now; prices are asked for while somebody looks."""

    async def holdings(self) -> HoldingReport:
        """What accounts hold in their demat, as it was last read."""

    async def read_holdings(self) -> None:
        """Have the holdings of every account that is logged in read now, a few at a time."""


class Facts(Struct, frozen=True):
    """What a report follows from, as it stood at one moment. ``why_not`` says why an account is
    not read, empty if it could be.
    """

    accounts: Mapping[AccountId, Account]
    copies: Mapping[PositionKey, Copy]
    instruments: Mapping[InstrumentKey, Instrument]
    books: Mapping[AccountId, PositionsRead]
    why_not: Mapping[AccountId, str]
    quotes: Mapping[InstrumentKey, Quote]
    exits: Mapping[PositionKey, str] = {}
    """Where rules of links leave a copied position, in words."""
    behind: frozenset[PositionKey] = frozenset()
    """Copied positions of which the books do not tell all that was filled yet."""
    by_link: Mapping[LinkKey, Copy] = {}
    """What each link holds, of accounts whose copies are not all of one master."""
    only_masters: Mapping[AccountId, AccountId] = {}
    """Whose all copies of an account are, of the other accounts."""
    costs: Mapping[AccountId, Mapping[AccountId, Cost]] | None = None
    """What copies cost today, by account and master; None without a table of rates."""


def report_of(facts: Facts) -> PositionReport:
    """The report; looks at nothing but what it is given."""
    lines = (*_of_masters(facts), *_of_copies(facts), *_of_owners(facts))
    lines = tuple(sorted(lines, key=_place))
    return PositionReport(
        lines,
        sums_of(line for line in lines if line.copied is None),
        sums_of(line for line in lines if line.copied is not None),
        tuple(_unread(facts)),
        tuple(_of_links(facts)),
        facts.only_masters,
        None
        if facts.costs is None
        else {account: costs_of(parts.values()) for account, parts in facts.costs.items()},
    )


def sums_of(lines: Iterable[PositionLine]) -> Sums:
    """What these lines come to."""
    accounts, positions, unknown, oldest = set[AccountId](), 0, 0, 0
    realised = opened = day = NOTHING
    for line in lines:
        accounts.add(line.account_id)
        positions += line.net != 0
        realised += line.realised or NOTHING
        opened += line.open or NOTHING
        day += line.day or NOTHING
        unknown += line.day is None or (line.net != 0 and line.open is None)
        if line.net and line.quote is not None:
            oldest = min(oldest or line.quote.at_ns, line.quote.at_ns)
    return Sums(len(accounts), positions, realised, opened, day, unknown, oldest)


def costs_of(parts: Iterable[Cost]) -> Cost:
    """What these come to."""
    return sum(parts, Cost())


def _place(line: PositionLine) -> tuple[str, str, bool, str]:
    return line.symbol, line.product or "", line.role is not Role.MASTER, line.account_id


def _of_copies(facts: Facts) -> Iterator[PositionLine]:
    for key, copy in facts.copies.items():
        account = facts.accounts.get(key.account_id)
        instrument = facts.instruments.get(key.instrument)
        book = facts.books.get(key.account_id, _UNREAD)
        held = sum(
            row.net_quantity
            for row in book.rows
            if row.key == key.instrument and row.product is key.product
        )
        yield _line(
            facts, key.account_id, key.instrument, key.product, copy.position,
            account=account.name if account else key.account_id,
            role=Role.FOLLOWER,
            symbol=instrument.symbol if instrument else str(key.instrument),
            copied=copy.position.net,
            held=held if book.at_ns else None,
            priced=copy.priced,
            exits=facts.exits.get(key, ""),
            behind=key in facts.behind,
        )  # fmt: skip


def _of_links(facts: Facts) -> Iterator[LinkReport]:
    """Those that hold something or traded today, by account and master."""
    found: defaultdict[tuple[AccountId, AccountId], list[PositionLine]] = defaultdict(list)
    for key, copy in facts.by_link.items():
        account = facts.accounts.get(key.account_id)
        instrument = facts.instruments.get(key.instrument)
        found[key.account_id, key.master_id].append(
            _line(
                facts, key.account_id, key.instrument, key.product, copy.position,
                account=account.name if account else key.account_id,
                role=Role.FOLLOWER,
                symbol=instrument.symbol if instrument else str(key.instrument),
                copied=copy.position.net,
                held=None,
                priced=copy.priced,
            )
        )  # fmt: skip
    for (account_id, master_id), lines in sorted(found.items(), key=lambda one: one[0]):
        master = facts.accounts.get(master_id)
        costs = None if facts.costs is None else facts.costs.get(account_id, {})
        yield LinkReport(
            account_id=account_id,
            account=lines[0].account,
            master_id=master_id,
            master=master.name if master else master_id,
            lines=tuple(sorted(lines, key=_place)),
            cost=None if costs is None else costs.get(master_id, Cost()),
        )


def _of_masters(facts: Facts) -> Iterator[PositionLine]:
    for account in facts.accounts.values():
        if account.master:
            for row in facts.books.get(account.account_id, _UNREAD).rows:
                position, priced = _of_row(row)
                if row.net_quantity or row.bought or row.sold or row.carried:
                    yield _line(
                        facts, account.account_id, row.key, row.product, position,
                        account=account.name, role=Role.MASTER, symbol=_symbol(facts, row),
                        copied=None, held=row.net_quantity, priced=priced,
                    )  # fmt: skip


def _of_owners(facts: Facts) -> Iterator[PositionLine]:
    """What a follower holds that no copy of his is about."""
    for account in facts.accounts.values():
        if account.master:
            continue
        for row in facts.books.get(account.account_id, _UNREAD).rows:
            copied = row.product is not None and (
                PositionKey(account.account_id, row.key, row.product) in facts.copies
            )
            if row.net_quantity and not copied:
                yield _line(
                    facts, account.account_id, row.key, row.product, Position(),
                    account=account.name, role=Role.FOLLOWER, symbol=_symbol(facts, row),
                    copied=0, held=row.net_quantity,
                )  # fmt: skip


def _line(
    facts: Facts,
    account_id: AccountId,
    key: InstrumentKey,
    product: Product | None,
    position: Position,
    *,
    account: str,
    role: Role,
    symbol: str,
    copied: int | None,
    held: int | None,
    priced: bool = True,
    exits: str = "",
    behind: bool = False,
) -> PositionLine:
    quote, book = facts.quotes.get(key), facts.books.get(account_id, _UNREAD)
    return PositionLine(
        account_id=account_id,
        account=account,
        role=role,
        key=key,
        symbol=symbol,
        product=product,
        instrument=facts.instruments.get(key),
        copied=copied,
        held=held,
        read_ns=book.at_ns,
        problem=book.problem or ("" if book.at_ns else facts.why_not.get(account_id, "")),
        average=position.average if priced else None,
        quote=quote,
        realised=position.realised_today if priced else None,
        open=_open(position, quote) if priced else None,
        day=_day(position, quote) if priced else None,
        exits=exits,
        behind=behind,
    )


def _open(position: Position, quote: Quote | None) -> Decimal | None:
    if not position.net:
        return NOTHING
    return None if quote is None else position.open_profit(quote.last)


def _day(position: Position, quote: Quote | None) -> Decimal | None:
    if quote is None:
        return position.day_brought(None, None)
    return position.day_brought(quote.last, quote.previous_close)


def _of_row(row: BrokerPosition) -> tuple[Position, bool]:
    """A row of the broker's as a position, and whether all its prices are known."""
    parts = (
        (row.carried, row.carried_average),
        (row.bought, row.bought_average),
        (row.sold, row.sold_average),
    )
    if any(units is None or (units and price is None) for units, price in parts):
        return Position(net=row.net_quantity), False
    carried, paid = row.carried or 0, (row.carried_average or NOTHING) * (row.carried or 0)
    position = Position(net=carried, cost=paid, carried=carried, carried_cost=paid)
    for side, units, price in (
        (Side.BUY, row.bought, row.bought_average),
        (Side.SELL, row.sold, row.sold_average),
    ):
        if units and price is not None:
            position = position.traded(side, units, price)
    return position, position.net == row.net_quantity


def _symbol(facts: Facts, row: BrokerPosition) -> str:
    instrument = facts.instruments.get(row.key)
    return instrument.symbol if instrument else row.symbol or str(row.key)


def _unread(facts: Facts) -> Iterator[tuple[str, str]]:
    for account_id, book in facts.books.items():
        if not book.at_ns:
            account = facts.accounts.get(account_id)
            why = facts.why_not.get(account_id, "") or book.problem
            if why:  # else it is being read
                yield (account.name if account else account_id, why)


_UNREAD = PositionsRead()
