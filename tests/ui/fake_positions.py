"""What is held, as the engine would tell it of the people of ``people``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from copytrade_gui.domain.account import Account, Role
from copytrade_gui.domain.instrument import Instrument, Quote
from copytrade_gui.domain.order import Product
from copytrade_gui.services.holding_report import HoldingReport
from copytrade_gui.services.position_report import PositionLine, PositionReport, sums_of
from tests.ui import people

UNREADABLE = "The broker answered with a page that is no position book. It is asked again."


@dataclass
class FakePositions:
    told: PositionReport = field(default_factory=PositionReport)
    asked: int = 0
    shares: HoldingReport = field(default_factory=HoldingReport)
    read: int = 0

    async def report(self) -> PositionReport:
        self.asked += 1
        return self.told

    async def holdings(self) -> HoldingReport:
        return self.shares

    async def read_holdings(self) -> None:
        self.read += 1


def line(
    account: Account,
    instrument: Instrument,
    *,
    copied: int | None,
    own: int | None = 0,
    average: str | None = "100.00",
    product: Product = Product.NORMAL,
    problem: str = "",
    age_s: int = 1,
    priced: bool = True,
) -> PositionLine:
    """One position at the last price of ``people``; nothing was carried in or closed."""
    last = people.LAST_PRICE[instrument.key]
    quote = Quote(
        instrument.key, last, last, last, last, people.NOW_NS - age_s * 1_000_000_000
    ) if priced else None  # fmt: skip
    held = None if own is None else (copied or 0) + own
    net = (held or 0) if copied is None else copied
    paid = None if average is None else Decimal(average)
    open_ = None if paid is None or quote is None else (quote.last - paid) * net
    return PositionLine(
        account_id=account.account_id,
        account=account.name,
        role=Role.MASTER if account.master else Role.FOLLOWER,
        key=instrument.key,
        symbol=instrument.symbol,
        product=product,
        instrument=instrument,
        copied=copied,
        held=held,
        read_ns=0 if held is None else people.NOW_NS - 40_000_000_000,
        problem=problem,
        average=paid if net else None,
        quote=quote,
        realised=None if paid is None else Decimal(0),
        open=open_ if net else Decimal(0),
        day=open_ if net else Decimal(0),
    )


def report(lines: Iterable[PositionLine], unread: Sequence[tuple[str, str]] = ()) -> PositionReport:
    told = tuple(lines)
    return PositionReport(
        told,
        sums_of(one for one in told if one.copied is None),
        sums_of(one for one in told if one.copied is not None),
        tuple(unread),
    )


def a_morning(accounts: Sequence[Account]) -> PositionReport:
    """An option all copied, a future some went short in, a share of the master's own."""
    master = next(one for one in accounts if one.master)
    followers = [one for one in accounts if not one.master]
    lines = [
        line(master, people.NIFTY_CE, copied=None, own=150, average="97.10"),
        line(master, people.BANKNIFTY, copied=None, own=-35, average="59302.15"),
        line(master, people.RELIANCE, copied=None, own=40, average="1561.00", age_s=14,
             product=Product.DELIVERY),
    ]  # fmt: skip
    for number, account in enumerate(followers):
        units = 75 * (1 + number % 3)
        lines.append(
            line(
                account, people.NIFTY_CE, copied=units,
                own=-75 if number == 2 else None if number == 5 else 0,
                average=None if number == 7 else "97.35",
                problem=UNREADABLE if number in (5, 6) else "",
            )
        )  # fmt: skip
        if number % 2:
            lines.append(line(account, people.BANKNIFTY, copied=-35, average="59298.40"))
    unread = [(followers[5].name, UNREADABLE)] if len(followers) > 5 else []
    return report(lines, unread)
