"""Words that several rooms show: a divergence, a day, a start, a text of somebody else's."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copytrade_gui.domain.day import DayReport, DaySeal
from copytrade_gui.domain.divergence import Change, Divergence
from copytrade_gui.domain.events import RecoveryReport
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.instrument import Exchange
from copytrade_gui.domain.typed import LONGEST_QUOTE, cut, listed, quoted

DAY = date(2026, 11, 24)
CHANGES = (Change("price", "101.05", "99.50"), Change("quantity", "10", "20"))


@pytest.mark.parametrize(
    ("changes", "cancelled", "words"),
    [
        (CHANGES, False, "price 101.05 → 99.50, quantity 10 → 20"),
        (CHANGES[1:], True, "quantity 10 → 20, then cancelled at the broker"),
        ((), True, "cancelled at the broker"),
        ((), False, "changed back to what was sent"),
    ],
)
def test_a_divergence_says_what_was_done(
    changes: tuple[Change, ...], *, cancelled: bool, words: str
) -> None:
    assert Divergence(20, changes, cancelled, 1, 0).in_words == words


def report(**found: object) -> DayReport:
    return DayReport(DAY, 1, "operator", orders=2, fills=20, accounts=1, absent=0, **found)  # type: ignore[arg-type]  # names of fields


@pytest.mark.parametrize(
    ("day", "blocked", "words"),
    [
        (report(not_ended=("x",)), True, "1 order has not ended. Settle these, then check again."),
        (report(unread=("x", "y")), True, "2 accounts could not be read."),
        (report(too_early="MCX trades until 23:30."), True, "MCX trades until 23:30."),
        (report(differences=("x",)), False, "1 difference to look at."),
    ],
)
def test_a_day_that_is_open_says_why(day: DayReport, *, blocked: bool, words: str) -> None:
    assert day.blocked is blocked
    assert words in day.in_words
    assert day.in_words.startswith("24 Nov 2026 is not sealed: ")


def test_a_day_that_is_sealed_says_what_it_holds() -> None:
    seal = DaySeal(DAY, 2, 20, 1, 1, ("x",), "operator", 1, events=7)
    words = report(seal=seal, differences=("x",), reviews=("y",)).in_words
    assert words == (
        "24 Nov 2026 is sealed: 2 orders in 1 account, 7 events; it holds 1 difference and "
        "1 undecided order."
    )


def test_the_report_of_a_start_in_one_line() -> None:
    start = RecoveryReport(1, (), (), (), ("one",), (), (AccountId("F1"),), needs_resume=True)
    assert start.in_words == (
        "1 account not read yet, 0 proven, 0 unknown, 0 stale, 1 missed, 0 differences"
    )


def test_an_exchange_as_a_trader_says_it() -> None:
    assert {exchange.house for exchange in Exchange} == {"NSE", "BSE", "MCX", "NCDEX"}


@given(st.text(max_size=200), st.integers(1, 60))
def test_any_text_fits_on_one_line(text: str, longest: int) -> None:
    shown = cut(text, longest)
    assert shown.isprintable()
    assert len(shown) <= longest + 1
    assert (shown == text) or not text.isprintable() or shown.endswith("…")


def test_a_quote_is_cut_where_it_is_long() -> None:
    assert quoted("0,5") == '"0,5"'
    assert quoted("a\nb") == '"a\\nb"'
    assert quoted("x" * 100) == f'"{"x" * LONGEST_QUOTE}…"'


@pytest.mark.parametrize(
    ("count", "words"), [(0, ""), (1, "F1"), (2, "F1, F2"), (3, "F1, F2 and 1 more"),
                         (1_003, "F1, F2 and 1,001 more")]
)  # fmt: skip
def test_of_many_names_the_first_are_told_and_how_many_there_are_beside_them(
    count: int, words: str
) -> None:
    assert listed([f"F{number + 1}" for number in range(count)], 2) == words
