"""Files of followers: there and back, several masters in one file, and the fields of a link."""

import csv
import io
from dataclasses import replace
from datetime import time
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copytrade_gui.domain.account import Account
from copytrade_gui.domain.account_field import MOST_NAME, name_problem
from copytrade_gui.domain.basis import Basis, Declared, problem_with
from copytrade_gui.domain.drift import ReduceDrift
from copytrade_gui.domain.exit_rule import ExitRules
from copytrade_gui.domain.guard import Beyond, PriceGuard
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.instrument import Exchange
from copytrade_gui.domain.link import Copies, Filters, Follower, Link, LinkState, TimeWindow
from copytrade_gui.domain.link_field import group_problem, read_guard
from copytrade_gui.domain.margin import WhenShort
from copytrade_gui.domain.offset import Offset
from copytrade_gui.domain.order import Product, Side
from copytrade_gui.domain.route import Family, Route, RouteKind
from copytrade_gui.domain.sizing import Override, Rounding, SizingRule, Strategy
from copytrade_gui.services.follower_csv import write_followers
from copytrade_gui.services.follower_verbs import RowVerdict
from tests.services.test_follower_files import ASHA, HEADER, MASTER, ROW, SECOND, but, check


@pytest.mark.parametrize(
    "name", ["=Asha", "+91 98 Ravi", "-Dash", "@home", "'=Asha", "''=x", "'Asha", '="x"', "O'Hara"]
)
def test_a_name_that_a_spreadsheet_would_run_comes_back_as_it_was(name: str) -> None:
    held = but(ASHA, name=name, group=name)
    text = written(held)
    cell = next(csv.reader([text.splitlines()[1]]))[0]
    assert not cell.startswith(("=", "+", "-", "@"))
    assert check(text, held).unchanged == (held,)
    added = check(text).added[0]
    assert added.account.name == added.link.group == name


def written(*followers: Follower) -> str:
    masters = {one.account_id: one.client_id for one in (MASTER, SECOND)}
    masters.update({one.account.account_id: one.account.client_id for one in followers})
    text, count = write_followers(followers, masters.__getitem__)
    assert count == len(followers)
    return text


LETTERS = st.sampled_from("=+-@'\"; ,|Ab1\u0905\u0b95\u200d") | st.characters(
    exclude_categories=["C", "Zl", "Zp"]
)
NAMES = (
    st.text(LETTERS, max_size=MOST_NAME)
    .map(str.strip)
    .filter(lambda name: name_problem(name) is None)
)
CLAMP = st.none() | st.integers(1, 50_000_000)
OVERRIDE = st.builds(
    Override, st.sampled_from(["NIFTY", "NSEFO"]),
    st.builds(SizingRule, st.just(Strategy.LOTS), st.integers(1, 9).map(Decimal), CLAMP),
)  # fmt: skip
RULES = st.builds(
    SizingRule, st.just(Strategy.RATIO), st.decimals("0.0001", "9999", places=4), CLAMP,
    rounding=st.sampled_from(Rounding), reverse=st.booleans(),
    overrides=st.lists(OVERRIDE, max_size=2, unique_by=lambda one: one.name).map(tuple),
) | st.builds(
    SizingRule, st.just(Strategy.MIRROR), st.just(Decimal(1)), min_quantity=CLAMP,
)  # fmt: skip
FILTERS = st.builds(
    Filters,
    st.frozensets(st.sampled_from(Side)),
    st.frozensets(st.sampled_from(Product)),
    st.frozensets(st.sampled_from(Exchange)),
    st.frozensets(st.sampled_from(["M&M", "NIFTY BANK", "30FDC-EQ"])),
    st.frozensets(st.sampled_from(["L&TFH", "TCS"])),
)
MINUTES = st.times().map(lambda moment: moment.replace(second=0, microsecond=0))
WINDOWS = st.none() | st.builds(
    TimeWindow, MINUTES.filter(lambda moment: moment < time(12)), MINUTES.filter(time(12).__lt__)
)
GUARDS = st.none() | st.builds(
    PriceGuard, st.none() | st.builds(
        Offset, st.decimals("0", "50", places=2), percent=st.booleans()
    ),
    st.none() | st.integers(1, 3_600), st.sampled_from(Beyond),
).filter(lambda guard: read_guard(guard, {}) == guard)  # fmt: skip
OFFSETS = st.none() | st.builds(Offset, st.decimals("0.01", "99", places=2), percent=st.booleans())
EXITS = st.none() | st.builds(
    ExitRules, OFFSETS, OFFSETS, st.none() | MINUTES.filter(time(15, 15).__gt__)
).filter(ExitRules().__ne__)  # fmt: skip
LINKS = st.builds(
    Link, st.just(MASTER.account_id), st.just(ASHA.account.account_id), RULES,
    st.sampled_from(LinkState),
    st.just("") | NAMES.map(lambda name: name[:40].strip()).filter(
        lambda group: group_problem(group) is None
    ),
    FILTERS, WINDOWS,
    st.decimals("0.01", "1000", places=2),
    GUARDS,
    EXITS,
    st.sampled_from(Copies),
    st.sampled_from(WhenShort),
    st.sampled_from(ReduceDrift),
).map(lambda link: link if link.group else replace(link, group_multiplier=Decimal(1)))  # fmt: skip
REFERENCES = NAMES.filter(lambda said: said.lower() != "none")
ALGO_IDS = st.from_regex(r"[A-Za-z0-9_-]{0,12}", fullmatch=True)
DECLARED = st.builds(
    Declared, st.none() | st.sampled_from(Basis), st.just("") | st.just("spouse") | REFERENCES,
    ALGO_IDS,
).filter(lambda said: problem_with(said, live=False) is None)  # fmt: skip
ADDRESSES = st.ip_addresses(v=4, network="127.0.0.0/8").map(str) | st.ip_addresses(
    v=6, network="2001:db8::/32"
).map(str)
REGISTERED = st.lists(ADDRESSES, max_size=3, unique=True).map(tuple)
ROUTES = st.one_of(
    st.builds(Route, registered=REGISTERED),
    st.builds(Route, st.just(RouteKind.SOURCE), ADDRESSES, registered=REGISTERED),
    st.builds(
        Route, st.just(RouteKind.PROXY), st.sampled_from(["http://127.0.0.1:1", "http://[::1]:8080"]),
        registered=REGISTERED,
    ),
    st.builds(
        Route, st.just(RouteKind.SOURCE), st.just("127.0.0.3"), st.just(Family.IPV4),
        st.just(("127.0.0.3",)),
    ),
)  # fmt: skip
ACCOUNTS = st.builds(
    replace,
    st.just(ASHA.account),
    name=NAMES,
    app_key=st.from_regex(r"[A-Za-z0-9_-]{0,15}", fullmatch=True).filter(lambda k: k != "none"),
    active=st.booleans(),
    master=st.booleans(),
    declared=DECLARED,
    route=ROUTES,
)
FOLLOWERS = st.builds(Follower, ACCOUNTS, LINKS)


def of_one_group(first: Link, link: Link) -> Link:
    """A group has one multiplier, and is written in one way."""
    if first.group.casefold() != link.group.casefold():
        return link
    return replace(link, group=first.group, group_multiplier=first.group_multiplier)


@given(FOLLOWERS, FOLLOWERS, LINKS)
@settings(max_examples=200)
def test_an_export_read_back_is_exactly_what_was_written(
    before: Follower, now: Follower, second: Link
) -> None:
    """Of an account with two masters, whatever of it was changed since, and where it is new."""
    second, changed = (of_one_group(before.link, link) for link in (second, now.link))
    now = replace(now, link=changed)
    other = Follower(before.account, replace(second, master_id=SECOND.account_id))
    text = written(before, other)
    assert check(text, before, other, master=None).unchanged == (before, other)
    back = check(text, now, other)
    assert {*back.to_store, *back.unchanged} == {before, other}
    fresh = check(text, master=None).added
    name = fresh[0].account.account_id
    assert [
        Follower(
            replace(one.account, account_id=before.account.account_id),
            replace(one.link, follower_id=before.account.account_id),
        )
        for one in fresh
    ] == [before, other]
    assert {one.link.follower_id for one in fresh} == {name}


def test_a_follower_of_two_masters_has_a_row_for_each() -> None:
    text = f"{HEADER},master\n{ROW},MX1\n,kx2,,,fixed,75,,,mx2\n"
    first, second = check(text, master=None).added
    assert first.account == second.account
    assert (first.link.master_id, second.link.master_id) == ("M-1", "M-2")
    assert second.link.sizing == SizingRule(Strategy.FIXED, Decimal(75))
    assert first.link.sizing == SizingRule(Strategy.RATIO, Decimal("0.5"), 300)


def test_a_further_master_is_told_with_his_rule_and_needs_one() -> None:
    (row,) = check("client_id,master,strategy,parameter\nKX10081,MX2,fixed,75\n", ASHA).rows
    assert row.verdict is RowVerdict.NEW
    assert row.sentence == 'Copies "Other" as well: 75 fixed.'
    (problem,) = check("client_id,master\nKX10081,MX2\n", ASHA).problems
    assert problem.field == "strategy"


def test_a_row_that_names_no_master_is_about_the_only_one_or_the_chosen_one() -> None:
    second = but(ASHA, master_id=SECOND.account_id)
    text = "client_id,state\nKX10081,paused\n"
    assert check(text, second, master=None).changed == (but(second, state=LinkState.PAUSED),)
    both = (ASHA, second)
    assert check(text, *both).changed == (but(ASHA, state=LinkState.PAUSED),)
    (problem,) = check(text, *both, master=None).problems
    assert problem.field == "master"
    assert "Owner and Other" in problem.sentence
    (renamed,) = check("client_id,name\nKX10081,Asha B\n", *both, master=None).changed
    assert renamed.account.name == "Asha B"
    (problem,) = check(f"{HEADER}\n{ROW}\n", master=None).problems
    assert problem.field == "master"


def test_rows_of_one_account_that_contradict_each_other_are_refused() -> None:
    text = f"{HEADER},master\n{ROW},MX1\nRavi,KX2,,,fixed,75,,no,MX2\n"
    first, second = check(text).problems
    for problem, line, other in ((first, 2, 3), (second, 3, 2)):
        assert (problem.line, problem.field) == (line, "active")
        assert f"line {other}" in problem.sentence


def test_who_is_nobody_or_no_master_cannot_be_copied() -> None:
    head = "client_id,name,strategy,parameter,master"
    for master, said in (("KX10081", "Asha is no master here"), ("ZZ9", "no account here")):
        (problem,) = check(f"{head}\nKX2,Ravi,ratio,1,{master}\n", ASHA).problems
        assert problem.field == "master"
        assert said in problem.sentence


def test_a_circle_in_a_file_is_named() -> None:
    """A master may come in the file himself, behind his followers."""
    head = "client_id,name,strategy,parameter,master,is_master"
    chain = f"{head}\nKX3,Ravi,ratio,1,KX2,yes\nKX2,Zoya,ratio,1,MX1,yes\n"
    first, zoya = check(chain).added
    assert (first.link.master_id, zoya.account.master) == (zoya.account.account_id, True)
    (problem,) = check(f"{chain}MX1,,ratio,1,KX3,\n").problems
    assert (problem.line, problem.field) == (4, "master")
    circle = ["Owner copies Ravi", "Ravi copies Zoya", "Zoya copies Owner"]
    turned = [", ".join([*circle[n:], *circle[:n]]) for n in range(3)]
    assert any(words in problem.sentence for words in turned)
    (itself,) = check("client_id,strategy,parameter,master\nmx1,ratio,1,mx1\n").problems
    assert "Owner cannot copy himself" in itself.sentence


def test_nobody_stops_being_a_master_while_he_is_copied() -> None:
    held = but(ASHA, master=True)
    other = Account(AccountId("F-KX3"), "Ravi", "KX3", "key")
    copy = Follower(other, Link(held.account.account_id, other.account_id, held.link.sizing))
    (problem,) = check("client_id,is_master\nKX10081,no\n", held, copy).problems
    assert problem.field == "is_master"
    assert check("client_id,is_master\nKX10081,no\n", held).changed == (but(held, master=False),)


@pytest.mark.parametrize(
    ("field", "cell"),
    [
        ("state", "off"), ("group", "a" * 41), ("sides", "long"), ("products", "MIS"),
        ("exchanges", "NSE"), ("symbols", "=x"), ("not_symbols", "A;B;" * 30 + "none"),
        ("from", "9.20"), ("to", "25:00"), ("is_master", "perhaps"), ("rounding", "up"),
        ("min_quantity", "501"), ("overrides", "NIFTY"), ("group_multiplier", "0"),
        ("group_multiplier", "2"), ("group_multiplier", "1e9"), ("reverse", "perhaps"),
    ],
)  # fmt: skip
def test_a_field_of_a_link_that_means_nothing_is_named(field: str, cell: str) -> None:
    held = but(ASHA, window=TimeWindow(time(9, 20), time(15, 0)))
    out = io.StringIO()
    csv.writer(out).writerows([["client_id", field], ["KX10081", cell]])
    (problem,) = check(out.getvalue(), held).problems
    assert problem.field == field
    assert problem.sentence.endswith(".")


FAMILY = replace(ASHA.link, group="Family", group_multiplier=Decimal("1.5"))
IN_FAMILY = Follower(ASHA.account, FAMILY)
RAVI = Follower(
    Account(AccountId("F-KX2"), "Ravi", "KX2", "key"),
    replace(FAMILY, follower_id=AccountId("F-KX2")),
)


def test_who_comes_into_a_group_takes_its_multiplier_and_leaves_it_there_when_he_goes() -> None:
    alone = replace(RAVI, link=replace(RAVI.link, group="", group_multiplier=Decimal(1)))
    (moved,) = check("client_id,group\nKX2,Family\n", IN_FAMILY, alone).changed
    assert moved == RAVI
    (gone,) = check("client_id,group\nKX2,none\n", IN_FAMILY, RAVI).changed
    assert gone == alone
    (other,) = check("client_id,group\nKX2,Friends\n", IN_FAMILY, RAVI).changed
    assert (other.link.group, other.link.group_multiplier) == ("Friends", Decimal(1))


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("KX10081,Family,2\nKX2,Family,3", "another one in line 2"),
        ("KX10081,Family,2", "would keep another multiplier: Ravi."),
        ("KX10081,Family,2\nKX2,Friends,", ""),
        ("KX10081,Family,2\nKX2,Family,", ""),
        ("KX10081,Family,\nKX2,Family,2", "would keep another multiplier: Asha."),
        ("KX10081,family,", "is here already as Family. Write it like that."),
    ],
)
def test_a_group_has_one_multiplier_and_is_written_in_one_way(rows: str, words: str) -> None:
    preview = check(f"client_id,group,group_multiplier\n{rows}\n", IN_FAMILY, RAVI)
    if words:
        *first, problem = preview.problems
        assert words in problem.sentence
        assert [one.line for one in first] == ([2] if "another one" in words else [])
        return
    after = [one.link for one in (*preview.changed, *preview.unchanged)]
    multipliers = {(link.group, link.group_multiplier) for link in after}
    assert len(multipliers) == len({group for group, _ in multipliers})
    assert ("Family", Decimal(2)) in multipliers
