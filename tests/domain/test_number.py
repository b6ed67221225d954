"""Numbers as typed and imported: read exactly or refused with what to write instead."""

import re
import unicodedata
from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from copytrade_gui.domain.number import (
    LONGEST,
    MAX_DIGITS,
    Bounds,
    NotANumber,
    Number,
    grouped,
    read_number,
)
from copytrade_gui.domain.typed import LONGEST_QUOTE, cut, quoted

RATIO = Bounds(1_000_000_000, "the most here", unit="x", example="0.5")
UNITS = Bounds(50_000_000, "the most here", unit="units", example="10", whole=True)
RUPEES = Bounds(10_000_000, "the most here", unit="rupees", rupees=True)
LONGEST_SENTENCE = 250


def value(text: str, bounds: Bounds = RATIO) -> Decimal:
    read = read_number(text, bounds, "Value")
    assert isinstance(read, Number), read
    return read.value


def refusal(text: str, bounds: Bounds = RATIO) -> str:
    read = read_number(text, bounds, "Value")
    assert isinstance(read, NotANumber), read
    return read.sentence


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1,00,000", "100000"),
        ("100,000", "100000"),
        ("1,000,000", "1000000"),
        ("10,00,000", "1000000"),
        ("1,300.50", "1300.50"),
        ("  0.5\n", "0.5"),
        (".5", "0.5"),
        ("5.", "5"),
        ("+2", "2"),
        ("007", "7"),
        ("2.5k", "2500"),
        ("1L", "100000"),
        ("1 l", "100000"),
        ("1.25 Cr", "12500000"),
        ("0.47368421052631576", "0.47368421052631576"),
        ("1.000000000000000000000000000000", "1"),
    ],
)
def test_a_number_as_traders_write_it_is_taken_exactly(text: str, number: str) -> None:
    assert value(text) == Decimal(number)


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("0,5", "0.5"),
        ("1,5", "1.5"),
        ("1,50", "1.50"),
        ("0,500", "0.500"),
        ("-0,5", "-0.5"),
        (",5", "0.5"),
        ("1234,567", "1234.567 or 1234567"),
        ("1.300,50", "1300.50"),
        ("1,000,00", "100000"),
        ("1,00,00", "10000"),
        ("01,000", "01.000 or 01000"),
        ("1 000", "1000"),
        ("1\u00a0000", "1000"),
        ("1_000", "1000"),
        ("1'000.5", "1000.5"),
        ("0.5 x", "0.5"),
        ("1 lakh", "1l"),
        ("2 Crore", "2cr"),
        ("1,5l", "1.5l"),
        ("1e3", "1000"),
        ("1E-05", "0.00001"),
        ("\u0661\u0662", "12"),
        ("\uff11\uff12", "12"),
        ("1e18", "all its digits, without an E"),
        ("1e4300", "all its digits, without an E"),
        ("7e52190", "all its digits, without an E"),
        ("1e999999", "all its digits, without an E"),
        ("1e-999999", "all its digits, without an E"),
        ("1e1000000", "all its digits, without an E"),
        ("half", "a number such as 0.5"),
        ("NaN", "a number such as 0.5"),
        ("Infinity", "a number such as 0.5"),
        ("0x10", "a number such as 0.5"),
        ("1.2.3", "a number such as 0.5"),
        ("1,", "a number such as 0.5"),
        ("l", "a number such as 0.5"),
        ("₹5", "a number such as 0.5"),
    ],
)
def test_what_is_no_number_is_refused_with_what_to_write(text: str, remedy: str) -> None:
    assert refusal(text) == f"Value {quoted(text)} is not a number; write {remedy}."


def test_a_decimal_comma_is_never_ten_times_the_order() -> None:
    assert refusal("0,5") == 'Value "0,5" is not a number; write 0.5.'


def test_bounds_are_named_with_the_figure() -> None:
    assert refusal("6,00,00,000", UNITS) == (
        "Value 6,00,00,000 is above 5,00,00,000, the most here. Write less."
    )
    assert refusal("6cr", UNITS).startswith("Value 6,00,00,000 is above 5,00,00,000,")
    assert refusal("0") == "Value must be above 0. Write a number such as 0.5."
    assert refusal("-1", UNITS) == "Value must be above 0. Type at least 1."
    assert refusal("1.5", UNITS) == (
        "Value 1.5 is not a whole number. Write a whole number of units such as 10."
    )
    assert refusal("0.0001k", UNITS).startswith("Value 0.1 is not a whole number.")
    assert value("0.001k", UNITS) == 1
    assert refusal("") == "Value is empty. Write a number such as 0.5."
    assert refusal("0.123456789012345678901") == (
        f'Value "0.123456789012345678901" has more than {MAX_DIGITS} digits. Write fewer.'
    )
    assert value("0", Bounds(9, "the most", from_zero=True)) == 0
    assert value("₹ 1,300.50", RUPEES) == Decimal("1300.50")


def test_a_pasted_megabyte_is_one_short_sentence() -> None:
    for text in ("9" * 1_000_000, "0" * 999_999 + "1", "1e" + "9" * 999_998, "x" * 1_000_000):
        sentence = refusal(text)
        assert "has 10,00,000 characters and is not a number" in sentence
        assert len(sentence) < LONGEST_SENTENCE


def test_a_lakh_is_shown_as_it_was_understood() -> None:
    read = read_number("1l", RATIO, "Value")
    assert isinstance(read, Number)
    assert read.understood == "1 lakh = 1,00,000 x"
    read = read_number("2.5K", UNITS, "Value")
    assert isinstance(read, Number)
    assert read.understood == "2.5 thousand = 2,500 units"
    read = read_number("1.5", RATIO, "Value")
    assert isinstance(read, Number)
    assert not read.understood


HARD = st.one_of(
    st.text(max_size=60),
    st.text(alphabet="0123456789,.eE+-_ '₹klcrxKL%", max_size=45),
    st.from_regex(r"[+-]?[0-9]{1,50}([.,][0-9]{0,50})?([eE][+-]?[0-9]{1,8})?", fullmatch=True),
    st.text(st.characters(categories=["Nd", "No", "Nl", "Zs", "Cf"]), max_size=45),
)


@settings(max_examples=400, deadline=None)
@given(HARD, st.sampled_from((RATIO, UNITS, RUPEES)))
@example("1e999999999999", RATIO)
@example("\u06f1\u06f2", UNITS)
@example("\u202e15", UNITS)
@example("1" * 41, RATIO)
def test_any_text_is_read_exactly_or_refused_in_one_short_sentence(
    text: str, bounds: Bounds
) -> None:
    read = read_number(text, bounds, "Value")
    if isinstance(read, NotANumber):
        assert len(read.sentence) < LONGEST_SENTENCE
        assert read.sentence.isprintable()
        assert read.sentence.endswith(".")
        return
    assert 0 < read.value <= bounds.most
    digits = text.strip().removeprefix("₹").strip().lower()
    factor = 1
    for suffix, times in (("cr", 10_000_000), ("l", 100_000), ("k", 1_000)):
        if digits.endswith(suffix):
            digits, factor = digits.removesuffix(suffix), times
    assert digits.isascii()
    # Compared as whole numbers, so that nothing is rounded.
    whole, _, decimals = digits.strip().replace(",", "").partition(".")
    exact = int(f"{whole}{decimals}") * factor
    assert int(read.value * 10 ** len(decimals)) == exact


@settings(max_examples=400, deadline=None)
@given(HARD)
def test_what_a_refusal_says_to_write_is_a_number(text: str) -> None:
    read = read_number(text, RATIO, "Value")
    if not isinstance(read, NotANumber):
        return
    remedy = re.fullmatch(r"Value \".*\" is not a number; write (.*)\.", read.sentence)
    if remedy is None or remedy[1].startswith(("a number", "all its digits")):
        return
    for number in remedy[1].split(" or "):
        again = read_number(number, RATIO, "Value")
        assert isinstance(again, Number) or "is not a number" not in again.sentence


@given(st.integers(min_value=-(10**19), max_value=10**19))
def test_groups_are_indian_and_read_back(number: int) -> None:
    shown = grouped(number)
    assert int(shown.replace(",", "")) == number
    assert re.fullmatch(r"-?[0-9]{1,3}|-?[0-9]{1,2}(,[0-9]{2})*,[0-9]{3}", shown)


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (Decimal("1234567.500"), "12,34,567.5"),
        (Decimal("0.50"), "0.5"),
        (Decimal("-0.5"), "-0.5"),
        (Decimal("1E+5"), "1,00,000"),
        (Decimal("1E+999999"), "1E+999999"),
        (Decimal("1E-999999"), "1E-999999"),
        (Decimal("NaN"), "NaN"),
        (Decimal("1" + "0" * 6000), "10000000000000000000…"),
    ],
)
def test_no_number_is_too_long_to_be_shown(number: Decimal, shown: str) -> None:
    assert grouped(number) == shown


def test_a_whole_number_of_any_length_is_shown() -> None:
    assert grouped(10**6000) == "10000000000000000000…"


@settings(max_examples=200)
@given(st.text(max_size=200))
def test_a_quote_is_short_printable_and_says_that_it_was_cut(text: str) -> None:
    shown = cut(text, LONGEST_QUOTE)
    assert len(shown) <= LONGEST_QUOTE + 1
    assert all(unicodedata.category(letter)[0] != "C" for letter in shown)
    assert (shown == text) == (text.isprintable() and len(text) <= LONGEST_QUOTE)


def test_no_bound_of_the_reader_lets_a_product_be_rounded() -> None:
    assert LONGEST > MAX_DIGITS
    longest = value("9" * 9 + "." + "9" * (MAX_DIGITS - 9))
    assert Decimal(49_999_999) * longest == Decimal(
        f"{49_999_999 * int('9' * MAX_DIGITS)}E-{MAX_DIGITS - 9}"
    )
