"""What the copies of an account, and of a group of followers, hold and brought, added up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from msgspec import Struct

from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.link import Link
from copytrade_gui.services.position_report import PositionLine, PositionReport


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
    for of, name, part in copies_by(report.lines, links):
        yield _sum(of, name, part)
    for link in report.links:
        yield _sum("link", link.account, link.lines, link.master)


def _sum(of: str, name: str, lines: Sequence[PositionLine], master: str = "") -> ProfitSum:
    known = [line.realised for line in lines if line.realised is not None]
    total = sum(known, Decimal(0)).quantize(Decimal("0.01"))
    return ProfitSum(of, name, len(lines), total, len(lines) - len(known), master)


def copies_by(
    lines: Iterable[PositionLine], links: Iterable[Link]
) -> Iterator[tuple[str, str, list[PositionLine]]]:
    """Copied positions of each ``account``, each ``group`` (whoever is in several counts in each)
    and of ``all``, by name.
    """
    copies = [line for line in lines if line.copied is not None]
    of_account: defaultdict[AccountId, list[PositionLine]] = defaultdict(list)
    for line in copies:
        of_account[line.account_id].append(line)
    for own in of_account.values():
        yield "account", own[0].account, own
    members: defaultdict[str, set[AccountId]] = defaultdict(set)
    for link in links:
        if link.group:
            members[link.group].add(link.follower_id)
    for group in sorted(members):
        yield "group", group, [one for one in copies if one.account_id in members[group]]
    yield "all", "", copies
