"""The one reader of numbers that a person typed or a file holds.

A number is read exactly or refused, never guessed: its digits are 0 to 9, groups stand as in
``1,00,000`` or ``100,000``, decimals follow a point, and ``k``, ``l`` and ``cr`` behind it mean
thousand, lakh and crore. Anything else is a sentence that shows what to write instead. Length and
bounds are asked before anything is computed, and no exponent is ever expanded.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal

from copytrade_gui.domain.typed import cut, quoted

MAX_DIGITS = 20
"""Significant digits a number may have: times the largest quantity it is still exact in 28."""
LONGEST = 40
"""Characters a number may be written with; what is longer is refused unread."""
_SUFFIXES = {"k": (1_000, "thousand"), "l": (100_000, "lakh"), "cr": (10_000_000, "crore")}
_NO_SUFFIX = (1, "")
_WHOLE = r"[0-9]+|[1-9][0-9]{0,2}(?:,[0-9]{3})+|[1-9][0-9]?(?:,[0-9]{2})+,[0-9]{3}"
_NUMBER = re.compile(rf"[+-]?(?:(?:{_WHOLE})(?:\.[0-9]*)?|\.[0-9]+)")
_DECIMAL_COMMA = re.compile(r"([+-]?[0-9]*),([0-9]+)")
_EUROPEAN = re.compile(r"([+-]?[0-9]{1,3}(?:\.[0-9]{3})+),([0-9]+)")
_COMMAS = re.compile(r"[+-]?[0-9][0-9,]*[0-9](?:\.[0-9]+)?")
_SCIENTIFIC = re.compile(r"([+-]?[0-9]*\.?[0-9]+|[+-]?[0-9]+\.)[eE]([+-]?[0-9]+)")
_MOST_ZEROS = 15
"""The largest power of ten a remedy writes out."""
_PLAIN_BELOW = 10**MAX_DIGITS
_SPACES = re.compile(r"[\s_'\u2019]+")


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a field takes: above 0 (or from 0 on), up to ``most``.

    ``why`` says in words why not more, ``unit`` what is counted, ``example`` what one could write.
    """

    most: int
    why: str
    unit: str = ""
    example: str = "0.5"
    whole: bool = False
    from_zero: bool = False
    rupees: bool = False
    """The rupee sign may stand before it."""


@dataclass(frozen=True, slots=True)
class Number:
    """A number inside its bounds, exact. ``understood`` says how its suffix was read."""

    value: Decimal
    understood: str = ""
    """``1 lakh = 1,00,000 x``; empty where the digits say it themselves."""


@dataclass(frozen=True, slots=True)
class NotANumber:
    """Why a text was refused, in one sentence with the remedy. ``suggestion`` would be taken."""

    sentence: str
    suggestion: str = ""


def read_number(text: str, bounds: Bounds, label: str) -> Number | NotANumber:
    """Read a number as typed or imported. ``label`` is the field's name, as its user knows it."""
    typed = text.strip()
    if not typed:
        return NotANumber(f"{label} is empty. Write {_such_as(bounds)}.")
    if len(typed) > LONGEST:
        return NotANumber(
            f"{label} {quoted(typed)} has {grouped(len(typed))} characters and is not a number. "
            f"Write {_such_as(bounds)}."
        )
    plain = typed.removeprefix("₹").lstrip() if bounds.rupees else typed
    body, suffix = _split(plain)
    if not _NUMBER.fullmatch(body):
        meant, remedy = _remedy(plain, bounds)
        return NotANumber(f"{label} {quoted(typed)} is not a number; {remedy}.", meant)
    if _digits(body) > MAX_DIGITS:
        return NotANumber(
            f"{label} {quoted(typed)} has more than {MAX_DIGITS} digits. Write fewer."
        )
    before = Decimal(body.replace(",", ""))
    factor, word = _SUFFIXES.get(suffix, _NO_SUFFIX)
    value = before * factor
    if problem := outside(value, bounds):
        least = "1" if bounds.whole and value <= 0 else ""
        return NotANumber(f"{label} {problem}", least)
    if not suffix:
        return Number(value)
    return Number(value, f"{grouped(before)} {word} = {grouped(value)} {bounds.unit}".rstrip())


def outside(value: Decimal, bounds: Bounds) -> str:
    """What is wrong with a number's size or kind, to stand behind the field's name; or empty."""
    if not value.is_finite():
        return f"{value} is not a number. Write {_such_as(bounds)}."
    if value < 0 and bounds.from_zero:
        return f"must be 0 or above. Write {_such_as(bounds)}."
    if value <= 0 and not bounds.from_zero:
        least = "Type at least 1" if bounds.whole else f"Write {_such_as(bounds)}"
        return f"must be above 0. {least}."
    if value > bounds.most:
        return f"{grouped(value)} is above {grouped(bounds.most)}, {bounds.why}. Write less."
    if bounds.whole and value != value.to_integral_value():
        return f"{grouped(value)} is not a whole number. Write {_such_as(bounds)}."
    return ""


def grouped(number: int | Decimal) -> str:
    """Any number with Indian groups and no needless zeros: ``12,34,567.5``, ``1E+999999``."""
    if isinstance(number, int):
        if abs(number) < _PLAIN_BELOW:
            return f"-{_groups(str(-number))}" if number < 0 else _groups(str(number))
        number = Decimal(number)
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or number.adjusted() > MAX_DIGITS or exponent < -LONGEST:
        return cut(str(number), MAX_DIGITS)
    sign, written = ("-" if number < 0 else ""), f"{number.copy_abs():f}"
    whole, _, decimals = written.partition(".")
    decimals = decimals.rstrip("0")
    return f"{sign}{_groups(whole)}{'.' if decimals else ''}{decimals}"


def plain(number: Decimal) -> str:
    """A number as a field or a file holds it: ``grouped`` without its groups."""
    return grouped(number).replace(",", "")


def _groups(digits: str) -> str:
    if len(digits) <= 3:
        return digits
    head, tail = digits[:-3], digits[-3:]
    pairs = [head[max(end - 2, 0) : end] for end in range(len(head), 0, -2)]
    return f"{','.join(reversed(pairs))},{tail}"


def _such_as(bounds: Bounds) -> str:
    kind = "a whole number" if bounds.whole else "a number"
    of_what = f" of {bounds.unit}" if bounds.whole and bounds.unit else ""
    return f"{kind}{of_what} such as {bounds.example}"


def _split(text: str) -> tuple[str, str]:
    """The digits and the suffix behind them, which may be empty."""
    lowered = text.lower()
    suffix = next((suffix for suffix in _SUFFIXES if lowered.endswith(suffix)), "")
    return text[: len(text) - len(suffix)].rstrip(), suffix


def _digits(body: str) -> int:
    """How many digits count, without zeros before and behind."""
    written = body.lstrip("+-").replace(",", "")
    if "." in written:
        written = written.rstrip("0")
    return len(written.replace(".", "").lstrip("0"))


def _remedy(plain: str, bounds: Bounds) -> tuple[str, str]:
    """What was meant by a text that is no number, if it shows, and what to write in words."""
    simple = "".join(_latin(letter) for letter in plain).lower()
    if bounds.unit and simple.endswith(bounds.unit):
        simple = simple[: -len(bounds.unit)]
    for suffix, (_, word) in _SUFFIXES.items():
        simple = simple.removesuffix(word) + suffix if simple.endswith(word) else simple
    body, suffix = _split(_SPACES.sub("", simple))
    meant = [f"{number}{suffix}" for number in _meant(body)]
    if bounds.whole:
        meant = [number for number in meant if "." not in number]
    if meant and all(len(number) <= LONGEST for number in meant):
        return meant[0] if len(meant) == 1 else "", "write " + " or ".join(meant)
    if _SCIENTIFIC.fullmatch(body):
        return "", "write all its digits, without an E"
    return "", f"write {_such_as(bounds)}"


def _meant(body: str) -> list[str]:
    """The numbers that a text with its decimals, groups or powers put otherwise may mean."""
    if _NUMBER.fullmatch(body):
        return [body]
    if match := _DECIMAL_COMMA.fullmatch(body):
        before, after = match[1] or "0", match[2]
        pointed = f"{before}.{after}"
        small = len(after) < 3 or not before.strip("+-0")  # 1,5 and 0,500; but 1234,567 is either
        return [pointed] if small else [pointed, f"{before}{after}"]
    if match := _EUROPEAN.fullmatch(body):
        return [f"{match[1].replace('.', '')}.{match[2]}"]
    if match := _SCIENTIFIC.fullmatch(body):
        power = match[2]
        small = len(power) <= 3 and abs(int(power)) <= _MOST_ZEROS
        return [f"{Decimal(f'{match[1]}E{power}'):f}"] if small else []
    return [body.replace(",", "")] if _COMMAS.fullmatch(body) else []


def _latin(letter: str) -> str:
    """A digit of any alphabet as 0 to 9, anything else as it is."""
    digit = unicodedata.decimal(letter, None)
    return letter if digit is None else str(digit)
