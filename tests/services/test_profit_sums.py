"""What copies brought adds up by account, by group and in all, and what is not known is counted."""

from __future__ import annotations

from decimal import Decimal

from copytrade_gui.domain.account import Role
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.instrument import Exchange, InstrumentKey
from copytrade_gui.domain.link import Link
from copytrade_gui.domain.order import Product
from copytrade_gui.domain.sizing import SizingRule, Strategy
from copytrade_gui.services.position_report import LinkReport, PositionLine, PositionReport
from copytrade_gui.services.profit_sums import profit_sums

M, N = AccountId("M"), AccountId("N")
RULE = SizingRule(Strategy.RATIO, Decimal(1))


def line(account: str, realised: str | None, copied: int | None = 10) -> PositionLine:
    return PositionLine(
        account_id=AccountId(account),
        account=f"Name of {account}",
        role=Role.FOLLOWER,
        key=InstrumentKey(Exchange.NSEEQ, "1594"),
        symbol="INFY-EQ",
        product=Product.INTRADAY,
        instrument=None,
        copied=copied,
        held=None,
        read_ns=0,
        problem="",
        average=None,
        quote=None,
        realised=None if realised is None else Decimal(realised),
        open=None,
        day=None,
    )


def of_link(account: str, master: AccountId, realised: str) -> LinkReport:
    own = (line(account, realised),)
    return LinkReport(account_id=AccountId(account), account=f"Name of {account}",
                      master_id=master, master=master, lines=own, cost=None)  # fmt: skip


def link(master: AccountId, follower: str, group: str) -> Link:
    return Link(master, AccountId(follower), RULE, group=group)


def test_sums_add_up_to_the_paisa_and_nobody_counts_twice_in_one() -> None:
    lines = [line("A", "10.10"), line("A", "-3.05"), line("B", None), line("C", "7"),
             line("M", "99", copied=None)]  # fmt: skip
    links = [link(M, "A", "Family"), link(N, "A", "Family"), link(M, "B", "Family"),
             link(M, "C", "")]  # fmt: skip
    report = PositionReport(tuple(lines), only_masters={AccountId(one): M for one in "ABC"})
    told = {(one.of, one.name): one for one in profit_sums(report, links)}
    assert {key: (one.positions, str(one.realised_today), one.unknown)
            for key, one in told.items()} == {
        ("account", "Name of A"): (2, "7.05", 0),
        ("account", "Name of B"): (1, "0.00", 1),
        ("account", "Name of C"): (1, "7.00", 0),
        ("group", "Family"): (3, "7.05", 1),
        ("all", ""): (4, "14.05", 1),
    }  # fmt: skip


def test_a_group_is_its_links_and_not_what_its_accounts_copy_besides() -> None:
    report = PositionReport(
        (line("A", "5"), line("B", "7"), line("C", "2")),
        links=(of_link("A", M, "20"), of_link("A", N, "-15")),
        only_masters={AccountId("B"): M, AccountId("C"): N},
    )
    links = [link(M, "A", "Family"), link(N, "A", "Fund"), link(M, "B", "Family"),
             link(N, "B", "Fund"), link(M, "C", "Family"), link(N, "C", "")]  # fmt: skip
    told = {one.name: (one.positions, str(one.realised_today))
            for one in profit_sums(report, links) if one.of in ("group", "all")}  # fmt: skip
    assert told == {"Family": (2, "27.00"), "Fund": (1, "-15.00"), "": (3, "14.00")}
