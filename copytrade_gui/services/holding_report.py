"""Holdings as they are told: what each account can sell, with what of it copies hold. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from msgspec import Struct

from copytrade_gui.domain.account import Account, Role
from copytrade_gui.domain.exits import OUT_OF_HOLDINGS
from copytrade_gui.domain.holding import Holding
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.position import PositionKey
from copytrade_gui.engine.books.copies import Copy
from copytrade_gui.engine.books.holdings import HoldingsRead


class HoldingLine(Struct, frozen=True, kw_only=True):
    """One share in one account. Quantities in units, amounts in rupees.

    ``copied`` is what copies hold of it for delivery by our fills, today's included, which come
    into the holdings later; it is 0 for what the owner bought himself.
    """

    account_id: AccountId
    account: str
    role: Role
    holding: Holding
    copied: int
    read_ns: int
    """When it was read, UTC ns."""
    problem: str
    """Why a later read failed, in one sentence."""

    @property
    def value(self) -> Decimal | None:
        """What all of it was worth at the last close; None: the broker does not say."""
        close = self.holding.previous_close
        return None if close is None else close * self.all_units

    @property
    def all_units(self) -> int:
        """Everything held, whether the broker's total counts pledged shares or not."""
        one = self.holding
        parts = (one.in_demat, one.unsettled, one.pledged)
        return max(one.quantity, sum(part or 0 for part in parts))


class HoldingReport(Struct, frozen=True):
    """All holdings at one moment."""

    lines: tuple[HoldingLine, ...] = ()
    unread: tuple[tuple[str, str], ...] = ()
    """Accounts whose holdings were not read today, and why, in one sentence."""


def holdings_of(
    accounts: Iterable[Account],
    books: Mapping[AccountId, HoldingsRead],
    copies: Mapping[PositionKey, Copy],
    why_not: Mapping[AccountId, str],
) -> HoldingReport:
    """The report; looks at nothing but what it is given."""
    found = list(accounts)
    lines = sorted(
        _lines(found, books, copies),
        key=lambda line: (line.holding.symbol, line.role is not Role.MASTER, line.account),
    )
    unread = [
        (one.name, why_not.get(one.account_id, "") or books[one.account_id].problem)
        for one in found
        if not books[one.account_id].at_ns
    ]
    return HoldingReport(tuple(lines), tuple(one for one in unread if one[1]))


def _lines(
    accounts: Iterable[Account],
    books: Mapping[AccountId, HoldingsRead],
    copies: Mapping[PositionKey, Copy],
) -> Iterator[HoldingLine]:
    for account in accounts:
        read = books[account.account_id]
        for holding in read.rows:
            yield HoldingLine(
                account_id=account.account_id,
                account=account.name,
                role=Role.MASTER if account.master else Role.FOLLOWER,
                holding=holding,
                copied=_copied(account.account_id, holding, copies),
                read_ns=read.at_ns,
                problem=read.problem,
            )


def _copied(account: AccountId, holding: Holding, copies: Mapping[PositionKey, Copy]) -> int:
    """Of the product that the holding names, or of both where it names none we know."""
    products = OUT_OF_HOLDINGS if holding.product is None else {holding.product}
    keys = (PositionKey(account, key, product) for key in holding.keys for product in products)
    return sum(copies[key].position.net for key in keys if key in copies)
