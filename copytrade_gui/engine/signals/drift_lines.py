"""Copies against the broker's books, worked out of what is known at one moment. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from copytrade_gui.domain.account import Account
from copytrade_gui.domain.drift import Standing, Step, judge
from copytrade_gui.domain.drift_report import DriftLine, DriftReport
from copytrade_gui.domain.exits import OUT_OF_HOLDINGS
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.instrument import Instrument, InstrumentKey
from copytrade_gui.domain.position import PositionKey
from copytrade_gui.engine.books.account_positions import PositionsRead
from copytrade_gui.engine.books.copies import Copy
from copytrade_gui.engine.books.owner_orders import OwnersDay, Part
from copytrade_gui.engine.signals.missed_whole import Missed, lines_of
from copytrade_gui.ports import BrokerPosition

Differed = dict[PositionKey, tuple[int, int]]
"""The end of the first read that showed a difference which its orders do not explain, and units."""


class Facts(Struct, frozen=True, kw_only=True):
    """What is known at one moment. ``why_not`` says why an account is not read.

    ``behind`` are accounts whose copies filled after their positions were asked for, ``doubtful``
    positions with an order of ours that no read has shown yet, ``on_the_way`` those with one that
    may still fill, in signed units. ``links`` are a master, a position and what of it copies him;
    ``out`` those masters and instruments of which the master holds none for certain. ``missed`` are
    positions of masters that some followers lack the whole of.
    """

    accounts: Mapping[AccountId, Account]
    copies: Mapping[PositionKey, Copy]
    instruments: Mapping[InstrumentKey, Instrument]
    books: Mapping[AccountId, PositionsRead]
    owners: Mapping[AccountId, OwnersDay]
    why_not: Mapping[AccountId, str]
    behind: frozenset[AccountId]
    doubtful: frozenset[PositionKey]
    on_the_way: Mapping[PositionKey, int]
    links: tuple[tuple[AccountId, PositionKey, int], ...]
    out: frozenset[tuple[AccountId, Part]]
    ignored: Mapping[PositionKey, int]
    missed: tuple[Missed, ...] = ()


def drift_of(facts: Facts, differed: Differed) -> DriftReport:
    """The report. ``differed`` is what earlier ones could not explain, brought up to date."""
    lines = {line.key: line for line in _lines(facts, differed)}
    for line in lines_of(facts.missed, facts.ignored):
        lines.setdefault(line.key, line)
    return DriftReport(tuple(sorted(lines.values(), key=lambda line: line.place)))


def _lines(facts: Facts, differed: Differed) -> Iterator[DriftLine]:
    masters: dict[PositionKey, dict[AccountId, int]] = {}
    for master, key, net in facts.links:
        masters.setdefault(key, {})[master] = net
    for key, copy in facts.copies.items():
        copied_by = masters.get(key, {})
        standing = _standing(facts, key, copy, copied_by)
        standing = _compared(facts, key, standing, differed)
        verdict = judge(standing)
        if not copy.position.net and verdict.step is not Step.UNEXPLAINED:
            continue
        instrument = facts.instruments[key.instrument]
        owner = facts.owners.get(key.account_id)
        yield DriftLine(
            key=key,
            account=_name(facts, key.account_id),
            symbol=instrument.symbol,
            instrument=instrument,
            verdict=verdict,
            copied=standing.copied,
            held=standing.held,
            owner=standing.owner,
            working=facts.on_the_way.get(key, 0),
            owner_working=_of(owner.working, key) if owner else 0,
            masters=tuple(copied_by),
            master_names=tuple(sorted(_name(facts, one) for one in copied_by)),
            left=standing.left,
            out=tuple(
                one for one in copied_by if (one, (key.instrument, key.product)) in facts.out
            ),
            read_ns=facts.books.get(key.account_id, _UNREAD).at_ns,
            ignored=verdict.units != 0 and facts.ignored.get(key) == verdict.units,
        )


def _standing(
    facts: Facts, key: PositionKey, copy: Copy, copied_by: Mapping[AccountId, int]
) -> Standing:
    position, part = copy.position, (key.instrument, key.product)
    book = facts.books.get(key.account_id, _UNREAD)
    owner = facts.owners.get(key.account_id)
    rows = [row for row in book.rows if row.key == key.instrument]
    held, held_today = _by_broker(rows, key)
    left = 0
    if key not in facts.on_the_way and key not in facts.doubtful:
        left = sum(net for master, net in copied_by.items() if (master, part) in facts.out)
    return Standing(
        copied=position.net,
        copied_today=position.bought - position.sold,
        held=held if book.at_ns else None,
        held_today=held_today if book.at_ns else None,
        owner=_of(owner.filled, key) if owner else 0,
        left=left,
        not_told=_not_told(facts, key, copy, rows, owner),
        owner_known=owner is not None and owner.began_ns >= book.ended_ns,
    )


def _by_broker(rows: Iterable[BrokerPosition], key: PositionKey) -> tuple[int, int | None]:
    """What is held, and what of it today's trades made, None where a row does not say."""
    held, today = 0, 0
    silent = False
    for row in rows:
        if row.product is key.product:
            held += row.net_quantity
            silent = silent or row.bought is None or row.sold is None
            today += (row.bought or 0) - (row.sold or 0)
    return held, None if silent else today


def _not_told(
    facts: Facts,
    key: PositionKey,
    copy: Copy,
    rows: Iterable[BrokerPosition],
    owner: OwnersDay | None,
) -> str:
    """Why nothing can be said of it, in one sentence; empty where something can."""
    account, book = key.account_id, facts.books.get(key.account_id, _UNREAD)
    if key in facts.doubtful:
        return "An order of ours was sent, and no book that was read shows what became of it yet."
    if key.product in OUT_OF_HOLDINGS and copy.position.carried:
        return "Shares that were delivered stand in the account's holdings: see Holdings."
    why = facts.why_not.get(account, "") or book.problem
    if why or not book.at_ns:
        when = "cannot be read any more" if book.at_ns else "were not read today"
        return f"Its positions {when}. {why}".rstrip()
    if owner is None:
        return "Its order book was not read whole today."
    unnamed = any(row.product is None for row in rows)
    if unnamed or (key.instrument, None) in owner.filled:
        return "The broker shows a trade of it under a product that we have no word for."
    return ""


def _compared(facts: Facts, key: PositionKey, standing: Standing, differed: Differed) -> Standing:
    """The same, knowing whether two reads that could be compared differed alike."""
    differs = standing.differs
    if not differs:
        differed.pop(key, None)
        return standing
    account = key.account_id
    book, owner = facts.books[account], facts.owners[account]
    if account in facts.behind or book.began_ns < owner.changed_ns:
        return standing  # filled since: these reads cannot be compared
    ended_ns = book.ended_ns
    first, units = differed.get(key, (ended_ns, differs))
    if units != differs:
        first = ended_ns
    differed[key] = (first, differs)
    return replace(standing, stood=first != ended_ns)


def _of(units: Mapping[Part, int], key: PositionKey) -> int:
    return units.get((key.instrument, key.product), 0)


def _name(facts: Facts, account: AccountId) -> str:
    """An account's name, or its id when it is gone."""
    known = facts.accounts.get(account)
    return account if known is None else known.name


_UNREAD = PositionsRead()
