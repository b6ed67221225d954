"""A link: what it copies, what it says when it does not, and that nobody copies himself."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copytrade_gui.domain.calendar import IST
from copytrade_gui.domain.group import groups_of, in_step, written_otherwise
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.instrument import Exchange, Instrument, InstrumentKey, InstrumentKind
from copytrade_gui.domain.link import (
    CODES,
    Filters,
    Link,
    LinkState,
    TimeWindow,
    cycle,
    cycle_words,
    why_not,
)
from copytrade_gui.domain.link_field import (
    LinkProblem,
    group_problem,
    list_text,
    read_filters,
    read_state,
    read_window,
)
from copytrade_gui.domain.order import OrderTerms, OrderType, Product, Side, Validity
from copytrade_gui.domain.recipients import EVERYBODY, MASTER_ALONE, Recipients, Scope
from copytrade_gui.domain.sizing import SizingRule, Strategy

RULE = SizingRule(Strategy.RATIO, Decimal(1))
M = AccountId("M")
LINK = Link(AccountId("A"), AccountId("B"), RULE)
TEN = datetime(2026, 11, 24, 10, 0, tzinfo=IST)
SHARE = Instrument(
    InstrumentKey(Exchange.NSEEQ, "1"), "BAJAJ-AUTO-EQ", "Bajaj Auto", "", InstrumentKind.EQUITY,
    1, Decimal("0.05"),
)  # fmt: skip
CALL = Instrument(
    InstrumentKey(Exchange.NSEFO, "2"), "NIFTY26NOV26000CE", "Nifty", "NIFTY",
    InstrumentKind.CALL, 65, Decimal("0.05"),
)  # fmt: skip


def order(
    instrument: Instrument = SHARE, side: Side = Side.BUY, product: Product = Product.INTRADAY
) -> OrderTerms:
    return OrderTerms(instrument, side, 65, product, OrderType.LIMIT, Validity.DAY, Decimal(100))


@pytest.mark.parametrize(
    ("link", "terms", "code", "said"),
    [
        (LINK, order(), "", ""),
        (replace(LINK, state=LinkState.PAUSED), order(), "paused", "paused"),
        (replace(LINK, state=LinkState.FROZEN), order(), "frozen", "frozen"),
        (replace(LINK, state=LinkState.CLOSE_ONLY), order(), "close_only", "exits"),
        (replace(LINK, filters=Filters(sides=frozenset({Side.SELL}))), order(),
         "filtered_side", "only SELL orders"),
        (replace(LINK, filters=Filters(products=frozenset({Product.NORMAL, Product.BNPL}))),
         order(), "filtered_product", "only BNPL, NORMAL"),
        (replace(LINK, filters=Filters(exchanges=frozenset({Exchange.NSEFO}))), order(),
         "filtered_exchange", "only NSEFO."),
        (replace(LINK, filters=Filters(symbols=frozenset({"BAJAJ"}))), order(),
         "filtered_symbol", "BAJAJ-AUTO-EQ is not among"),
        (replace(LINK, filters=Filters(symbols=frozenset({"BAJAJ-AUTO"}))), order(), "", ""),
        (replace(LINK, filters=Filters(symbols=frozenset({"NIFTY"}))), order(CALL), "", ""),
        (replace(LINK, filters=Filters(not_symbols=frozenset({"NIFTY"}))), order(CALL),
         "filtered_symbol", "leaves out"),
        (replace(LINK, filters=Filters(not_symbols=frozenset({"NIFTY26NOV26000CE"}))),
         order(CALL), "filtered_symbol", "leaves out"),
        (replace(LINK, window=TimeWindow(time(9, 20), time(10, 0))), order(),
         "outside_window", "09:20 to 10:00 IST; it is 10:00"),
        (replace(LINK, window=TimeWindow(time(10, 0), time(10, 1))), order(), "", ""),
    ],
)  # fmt: skip
def test_what_a_link_copies_and_why_not(
    link: Link, terms: OrderTerms, code: str, said: str
) -> None:
    found = why_not(link, terms, TEN)
    assert ("" if found is None else found.code) == code
    assert link.copies_all is (link == LINK)
    if found is not None:
        assert said in found.sentence
        assert found.sentence.endswith(".")
        assert found.code in CODES
        assert found.exits_pass is (code not in ("paused", "frozen"))


def linked(*pairs: str) -> list[Link]:
    return [Link(AccountId(one[1]), AccountId(one[0]), RULE) for one in pairs]


def test_a_circle_is_named_and_a_tree_is_none() -> None:
    assert cycle([]) == ()
    assert cycle(linked("BA", "CA", "CB", "DC", "DA")) == ()
    assert cycle_words(cycle(linked("AA")), str) == "A copies A"
    said = cycle_words(cycle(linked("DA", "AB", "BC", "CA")), lambda one: f"Mr {one}")
    assert said in {
        "Mr A copies Mr B, Mr B copies Mr C, Mr C copies Mr A",
        "Mr B copies Mr C, Mr C copies Mr A, Mr A copies Mr B",
        "Mr C copies Mr A, Mr A copies Mr B, Mr B copies Mr C",
    }
    chain = [Link(AccountId(str(n)), AccountId(str(n + 1)), RULE) for n in range(3_000)]
    assert cycle(chain) == ()
    assert len(cycle([*chain, Link(AccountId("3000"), AccountId("0"), RULE)])) == 3_001


@given(st.sets(st.tuples(st.sampled_from("ABCDEF"), st.sampled_from("ABCDEF"))))
def test_what_is_called_a_circle_is_one_and_no_other_is_overlooked(
    pairs: set[tuple[str, str]],
) -> None:
    found = cycle(linked(*(one + other for one, other in pairs)))
    for one, other in zip(found, [*found[1:], *found[:1]], strict=True):
        assert (one, other) in pairs
    if not found:  # then each can be put behind all whom he copies
        left = set("ABCDEF")
        while left:
            free = {one for one in left if not any(b in left for a, b in pairs if a == one)}
            assert free
            left -= free


FILTERS = st.builds(
    Filters,
    st.frozensets(st.sampled_from(Side)),
    st.frozensets(st.sampled_from(Product)),
    st.frozensets(st.sampled_from(Exchange)),
    st.frozensets(st.sampled_from(["M&M", "NIFTY", "A B-EQ", "30FDC"])),
    st.frozensets(st.sampled_from(["NONEX", "L&TFH", "TCS"])),
)


@given(FILTERS, FILTERS)
def test_filters_come_back_as_they_were_written(before: Filters, wanted: Filters) -> None:
    cells = {
        "sides": list_text(wanted.sides),
        "products": list_text(wanted.products).lower(),
        "exchanges": list_text(wanted.exchanges).replace(";", ","),
        "symbols": list_text(wanted.symbols).replace(";", " | "),
        "not_symbols": list_text(wanted.not_symbols),
    }
    assert read_filters(before, cells) == wanted
    assert read_filters(before, {}) == before


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("sides", "BUY; HOLD"), ("products", "MIS"), ("exchanges", "NSE"), ("symbols", "=TCS"),
        ("symbols", "none"), ("not_symbols", "A" * 41), ("symbols", "TCS; \u0924"),
        ("symbols", "; ".join(f"S{n}" for n in range(51))),
    ],
)  # fmt: skip
def test_a_wrong_filter_is_one_sentence_with_field_and_remedy(field: str, text: str) -> None:
    found = read_filters(Filters(), {field: text})
    assert isinstance(found, LinkProblem)
    assert found.field == field
    assert found.sentence.endswith(".")
    assert len(found.sentence) < 250


def test_a_symbol_in_both_lists_is_refused() -> None:
    found = read_filters(Filters(symbols=frozenset({"TCS"})), {"not_symbols": "INFY; tcs"})
    assert isinstance(found, LinkProblem)
    assert "TCS" in found.sentence


@pytest.mark.parametrize(
    ("opens", "closes", "field"),
    [
        ("", "10:00", "from"), ("9.20", "10:00", "from"), ("09:20", "", "to"),
        ("24:00", "10:00", "from"), ("09:20", "09:60", "to"), ("10:00", "10:00", "to"),
        ("23:00", "02:00", "to"),
    ],
)  # fmt: skip
def test_a_wrong_window_names_its_field(opens: str, closes: str, field: str) -> None:
    found = read_window(opens, closes)
    assert isinstance(found, LinkProblem)
    assert found.field == field


@pytest.mark.parametrize("text", ["15:00:30", "25:00:00", "15:60:00"])
def test_a_time_with_seconds_that_is_no_whole_minute_says_how_to_write_it(text: str) -> None:
    found = read_window("09:20", text)
    assert isinstance(found, LinkProblem)
    assert found.sentence == (
        f'To "{text}" is no time of the day in India in whole minutes. Write hour and minute, such '
        "as 15:00."
    )


def test_words_of_states_windows_and_groups() -> None:
    assert read_window("", "") is None
    assert read_window("9:20", "15:00") == TimeWindow(time(9, 20), time(15, 0))
    assert read_window("9:20:00", "15:00:00") == TimeWindow(time(9, 20), time(15, 0))
    assert read_state("Close only") is read_state(" CLOSE_ONLY ") is LinkState.CLOSE_ONLY
    assert isinstance(read_state("off"), LinkProblem)
    assert group_problem("") is group_problem("Family of Asha (2)") is None
    for group in ("None", "---", "x" * 41, "two\nlines"):
        assert str(group_problem(group)).startswith("Group")


LINKS_IN_GROUPS = st.builds(
    lambda follower, group, times: Link(
        M, AccountId(f"F{follower}"), RULE, group=group, group_multiplier=times
    ),
    st.integers(0, 6), st.sampled_from(["", "Family", "Friends"]),
    st.integers(1, 3).map(Decimal),
)  # fmt: skip


@given(st.lists(LINKS_IN_GROUPS, max_size=6), LINKS_IN_GROUPS)
def test_all_links_of_a_group_keep_one_multiplier(held: list[Link], changed: Link) -> None:
    of_group = {"": Decimal(1), "Family": Decimal(2), "Friends": Decimal("0.5")}
    links = {one.key: replace(one, group_multiplier=of_group[one.group]) for one in held}
    (stepped,) = in_step([changed], links.values())
    links[stepped.key] = stepped
    told = groups_of(links.values())
    assert sum(group.links for group in told) == sum(bool(one.group) for one in links.values())
    for group in told:
        members = [one for one in links.values() if one.group == group.name]
        assert {one.group_multiplier for one in members} == {group.multiplier}
    assert stepped.group or stepped.group_multiplier == 1


def test_a_group_that_is_here_is_found_in_any_casing() -> None:
    one = Link(M, AccountId("F1"), RULE, group="Family")
    assert written_otherwise("FAMILY", [one]) == "Family"
    assert written_otherwise("Family", [one]) == ""


@pytest.mark.parametrize(
    ("recipients", "left_out"),
    [
        (EVERYBODY, ""),
        (Recipients(Scope.GROUPS, frozenset({"Family"})), ""),
        (Recipients(Scope.GROUPS, frozenset({"A", "B"})),
         "The ticket is for groups A and B alone."),
        (Recipients(Scope.FOLLOWERS, followers=frozenset({AccountId("F1")})), ""),
        (Recipients(Scope.FOLLOWERS, followers=frozenset({AccountId("F2")})),
         "The ticket is for 1 chosen follower alone."),
        (MASTER_ALONE, "The ticket is for the master alone."),
    ],
)  # fmt: skip
def test_whom_a_ticket_leaves_out_is_said(recipients: Recipients, left_out: str) -> None:
    found = recipients.why_left_out(Link(M, AccountId("F1"), RULE, group="Family"))
    assert ("" if found is None else found.sentence) == left_out
    assert found is None or (found.code, found.exits_pass) == ("not_chosen", False)


def test_who_is_in_no_group_is_in_none_that_is_chosen() -> None:
    assert Recipients(Scope.GROUPS, frozenset({""})).why_left_out(Link(M, M, RULE)) is not None
