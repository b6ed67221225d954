"""What the copies of an account, and of a group of links, hold and brought, added up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from msgspec import Struct

from copytrade_gui.domain.charges import Cost
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.link import Link
from copytrade_gui.services.position_report import PositionLine, PositionReport, costs_of


class Part(Struct, frozen=True):
    """Copied positions that are added up. ``cost`` is what their orders cost today; None where it
    is not counted.
    """

    of: str
    name: str
    lines: Sequence[PositionLine]
    cost: Cost | None


class ProfitSum(Struct, frozen=True):
    """``of`` is ``account``, ``link``, ``group`` or ``all``. Amounts in rupees before charges, with
    two decimals; ``unknown`` positions are not in them.
    """

    of: str
    name: str
    positions: int
    realised_today: Decimal
    unknown: int
    master: str = ""
    """Whose orders the copies of a link are; empty where nobody knows, and of the others."""


def profit_sums(report: PositionReport, links: Iterable[Link]) -> Iterator[ProfitSum]:
    """Of each follower, of each group, and of all; of each link where copies of an account are not
    all of one master.
    """
    for part in copies_by(report, links):
        yield _sum(part.of, part.name, part.lines)
    for link in report.links:
        yield _sum("link", link.account, link.lines, link.master)


def _sum(of: str, name: str, lines: Sequence[PositionLine], master: str = "") -> ProfitSum:
    known = [line.realised for line in lines if line.realised is not None]
    total = sum(known, Decimal(0)).quantize(Decimal("0.01"))
    return ProfitSum(of, name, len(lines), total, len(lines) - len(known), master)


def copies_by(report: PositionReport, links: Iterable[Link]) -> Iterator[Part]:
    """Copied positions of each ``account``, of each ``group`` what its links hold, and of ``all``,
    by name. What an account copies of a master by a link outside of the group is not the group's.
    """
    of_account: defaultdict[AccountId, list[PositionLine]] = defaultdict(list)
    for line in report.lines:
        if line.copied is not None:
            of_account[line.account_id].append(line)
    accounts = {
        account: Part("account", own[0].account, own, _cost(report, [account]))
        for account, own in of_account.items()
    }
    yield from accounts.values()
    of_link = {
        (account, master): accounts[account]
        for account, master in report.only_masters.items()
        if account in accounts
    } | {
        (one.account_id, one.master_id): Part("link", one.account, one.lines, one.cost)
        for one in report.links
    }
    groups: defaultdict[str, list[Part]] = defaultdict(list)
    for link in links:
        if link.group:
            groups[link.group] += filter(None, [of_link.get((link.follower_id, link.master_id))])
    for group, parts in sorted(groups.items()):
        costs = [one.cost for one in parts if one.cost is not None]
        cost = None if report.costs is None else costs_of(costs)
        yield Part("group", group, [line for one in parts for line in one.lines], cost)
    every = [line for own in of_account.values() for line in own]
    yield Part("all", "", every, _cost(report, of_account))


def _cost(report: PositionReport, accounts: Iterable[AccountId]) -> Cost | None:
    costs = report.costs
    return None if costs is None else costs_of(costs[one] for one in accounts if one in costs)
