"""What the fields of a link may hold, as they are typed or imported: read, or a sentence why not.

Lists stand with ``;``, ``,`` or ``|`` between their words; an empty text filters nothing.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import time
from enum import StrEnum
from typing import TypeVar

from msgspec import Struct

from copytrade_gui.domain.account_field import text_problem
from copytrade_gui.domain.drift import ReduceDrift
from copytrade_gui.domain.exit_rule import ExitRules, latest_exit
from copytrade_gui.domain.guard import Beyond, PriceGuard
from copytrade_gui.domain.instrument import Exchange
from copytrade_gui.domain.link import Copies, Filters, LinkState, TimeWindow
from copytrade_gui.domain.margin import WhenShort
from copytrade_gui.domain.number import Bounds, NotANumber, read_number
from copytrade_gui.domain.offset import read_offset
from copytrade_gui.domain.order import Product, Side
from copytrade_gui.domain.typed import quoted

MOST_GROUP = 40
MOST_SYMBOLS = 50
"""Symbols of one list."""
MOST_SYMBOL = 40
NOTHING = "none"
"""How a file says that nothing is filtered, or that there is no group: no name of either."""
FILTERS = ("sides", "products", "exchanges", "symbols", "not_symbols")
"""The fields of ``Filters``, named alike in files."""
GUARD = ("slippage", "delay", "beyond")
"""The fields of a price guard, as files name them."""
EXITS = ("stop_loss", "target", "exit_at")
"""The fields of the rules by which copies are left."""
_WIDEST, _DEEPEST, _HIGHEST = 50, 99, 1_000
"""Per cent: of a slippage, a stop-loss and a target."""
_DELAY = Bounds(3_600, "the longest delay in seconds", unit="s", example="5", whole=True)
LABELS = {
    "copies": "Copies",
    "when_short": "Short of margin",
    "reduce_drift": "Reduce drift by itself",
    "state": "State",
    "group": "Group",
    "group_multiplier": "Group multiplier",
    "sides": "Sides",
    "products": "Products",
    "exchanges": "Exchanges",
    "symbols": "Only symbols",
    "not_symbols": "Not symbols",
    "from": "From",
    "to": "To",
    "slippage": "Slippage",
    "delay": "Delay",
    "beyond": "Beyond it",
    "stop_loss": "Stop-loss",
    "target": "Target",
    "exit_at": "Exit at",
}
"""What the fields are called in a sentence and in the window."""

_BETWEEN = re.compile(r"[;,|\n]")
_SYMBOL = re.compile(r"[A-Z0-9][A-Z0-9&._ -]*")
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::00)?")
"""A spreadsheet saves 15:00 as 15:00:00."""
_WITH_SECONDS = re.compile(r"[0-9]{1,2}:[0-9]{2}:[0-9]{2}")
_SECONDS = re.compile(r"([0-9]+) *(?:s|secs?|seconds?)", re.IGNORECASE)
Choice = TypeVar("Choice", bound=StrEnum)


class LinkProblem(Struct, frozen=True):
    """Which field of a link is wrong, as ``LABELS`` spells it, in one sentence with the remedy."""

    field: str
    sentence: str


class _WrongError(Exception):
    """A field is wrong; the text is the sentence."""


def read_state(text: str) -> LinkState | LinkProblem:
    """Read a state, in any casing and with or without its underscore."""
    try:
        return LinkState("_".join(text.lower().replace("_", " ").split()))
    except ValueError:
        return _unknown("state", text, LinkState)


def read_copies(text: str) -> Copies | LinkProblem:
    """Read what a link copies, in any casing."""
    return _one_of("copies", text, Copies)


def read_when_short(text: str) -> WhenShort | LinkProblem:
    """Read what becomes of an entry that is short of margin, in any casing."""
    return _one_of("when_short", text, WhenShort)


def read_reduce_drift(text: str) -> ReduceDrift | LinkProblem:
    """Read whether copies that are too many are closed without a person, in any casing."""
    return _one_of("reduce_drift", text, ReduceDrift)


def group_problem(group: str) -> str | None:
    """A group is one short line that can be read, in any script; empty for none."""
    if not group:
        return None
    if group.lower() == NOTHING:
        return f"Group cannot be called {group}. Choose another word."
    return text_problem("Group", group, MOST_GROUP)


def read_filters(before: Filters, cells: Mapping[str, str]) -> Filters | LinkProblem:
    """``before`` with the fields that ``cells`` names."""
    for field, text in cells.items():
        try:
            match field:
                case "sides":
                    before = replace(before, sides=_choices(field, text, Side))
                case "products":
                    before = replace(before, products=_choices(field, text, Product))
                case "exchanges":
                    before = replace(before, exchanges=_choices(field, text, Exchange))
                case "symbols":
                    before = replace(before, symbols=_symbols(field, text))
                case "not_symbols":
                    before = replace(before, not_symbols=_symbols(field, text))
        except _WrongError as wrong:
            return LinkProblem(field, str(wrong))
    both = before.symbols & before.not_symbols
    if both:
        return LinkProblem(
            "not_symbols",
            f"Symbol {min(both)} stands in both lists, so it would never be copied. Take it out of "
            "one.",
        )
    return before


def read_window(opens: str, closes: str) -> TimeWindow | LinkProblem | None:
    """Read the two times of a window, both IST; both empty is none."""
    if not opens and not closes:
        return None
    first, last = _time(opens), _time(closes)
    if first is None:
        return _no_time("from", opens)
    if last is None:
        return _no_time("to", closes)
    if first >= last:
        return LinkProblem(
            "to", f"To {closes} is not after From {opens}. A window lies within one day."
        )
    return TimeWindow(first, last)


def read_guard(
    before: PriceGuard | None, cells: Mapping[str, str]
) -> PriceGuard | LinkProblem | None:
    """``before`` with the fields that ``cells`` names; None where nothing is asked of an entry."""
    texts = {field: cells.get(field, guard_text(before, field)).strip() for field in GUARD}
    slippage = read_offset(texts["slippage"], LABELS["slippage"], _WIDEST, from_zero=True)
    if isinstance(slippage, NotANumber):
        return LinkProblem("slippage", slippage.sentence)
    delay, beyond = None, texts["beyond"].lower()
    if texts["delay"]:
        seconds = _SECONDS.fullmatch(texts["delay"])
        typed = texts["delay"] if seconds is None else seconds[1]
        read = read_number(typed, _DELAY, LABELS["delay"])
        if isinstance(read, NotANumber):
            return LinkProblem("delay", read.sentence)
        delay = int(read.value)
    if beyond and beyond not in set(Beyond):
        return _unknown("beyond", texts["beyond"], Beyond)
    after = Beyond(beyond or Beyond.SKIP)
    if slippage is None and "beyond" not in cells:
        after = Beyond.SKIP  # what a limit stood at was taken away
    if after is Beyond.LIMIT and slippage is None:
        return LinkProblem(
            "beyond", "Beyond it a limit needs a Slippage to stand at. Write one, or choose skip."
        )
    if after is Beyond.WAIT and slippage is None:
        return LinkProblem(
            "beyond", "Beyond it wait needs a Slippage to wait for. Write one, or choose skip."
        )
    if after is Beyond.WAIT and delay is None:
        return LinkProblem(
            "delay", "Beyond it wait needs a Delay, after which it is given up. Write the seconds."
        )
    if slippage is None and delay is None:
        return None
    return PriceGuard(slippage, delay, after)


def read_exits(
    before: ExitRules | None, cells: Mapping[str, str], exchanges: Collection[Exchange] = ()
) -> ExitRules | LinkProblem | None:
    """``before`` with the fields that ``cells`` names; None where there is no rule.

    ``exchanges`` are those that the link copies from, all where none is named.
    """
    texts = {field: cells.get(field, exits_text(before, field)).strip() for field in EXITS}
    stop = read_offset(texts["stop_loss"], LABELS["stop_loss"], _DEEPEST)
    if isinstance(stop, NotANumber):
        return LinkProblem("stop_loss", stop.sentence)
    target = read_offset(texts["target"], LABELS["target"], _HIGHEST)
    if isinstance(target, NotANumber):
        return LinkProblem("target", target.sentence)
    at = _time(texts["exit_at"]) if texts["exit_at"] else None
    if texts["exit_at"] and at is None:
        return _no_time("exit_at", texts["exit_at"])
    first, latest = latest_exit(exchanges)
    if at is not None and at >= latest:
        return LinkProblem(
            "exit_at",
            f"{LABELS['exit_at']} {at:%H:%M} must be before {latest:%H:%M} IST, when brokers begin "
            f"to end intraday positions at {first} by themselves. Write an earlier time, or let "
            "the link copy from exchanges alone that close later.",
        )
    rules = ExitRules(stop, target, at)
    return None if rules == ExitRules() else rules


def exits_text(rules: ExitRules | None, field: str) -> str:
    """A field of the exit rules as a file or a field spells it; empty for none."""
    if rules is None:
        return ""
    if field == "exit_at":
        return time_text(rules.at)
    offset = rules.stop if field == "stop_loss" else rules.target
    return "" if offset is None else offset.text


def guard_text(guard: PriceGuard | None, field: str) -> str:
    """A field of a price guard as a file or a field spells it; empty for none."""
    if guard is None:
        return ""
    if field == "delay":
        return "" if guard.delay_s is None else str(guard.delay_s)
    if field == "beyond":
        return guard.beyond.value
    if guard.slippage is None:
        return ""
    return guard.slippage.text


def list_text(words: Collection[str]) -> str:
    """A list as a file or a field spells it; empty for nothing."""
    return "; ".join(sorted(words))


def time_text(moment: time | None) -> str:
    """A time as a file or a field spells it; empty for none."""
    return "" if moment is None else f"{moment:%H:%M}"


def _words(text: str) -> list[str]:
    return [word for word in (" ".join(one.split()) for one in _BETWEEN.split(text)) if word]


def _one_of(field: str, text: str, kind: type[Choice]) -> Choice | LinkProblem:
    try:
        return kind(text.lower())
    except ValueError:
        return _unknown(field, text, kind)


def _unknown(field: str, text: str, kind: type[Choice]) -> LinkProblem:
    known = ", ".join(kind)
    return LinkProblem(field, f"{LABELS[field]} {quoted(text)} is not known. Use one of: {known}.")


def _choices(field: str, text: str, kind: type[Choice]) -> frozenset[Choice]:
    named = {member.value.upper(): member for member in kind}
    words = [word for part in _words(text) for word in part.split()]
    unknown = [word for word in words if word.upper() not in named]
    if unknown:
        raise _WrongError(
            f"{LABELS[field]} {quoted(unknown[0])} is not known. Use out of: {', '.join(kind)}."
        )
    return frozenset(named[word.upper()] for word in words)


def _symbols(field: str, text: str) -> frozenset[str]:
    words = _words(text)
    for word in words:
        symbol = word.upper()
        if word.lower() == NOTHING or len(word) > MOST_SYMBOL or not _SYMBOL.fullmatch(symbol):
            raise _WrongError(
                f"{LABELS[field]} {quoted(word)} is no symbol of an exchange: letters, digits, "
                f"& . _ - and spaces, at most {MOST_SYMBOL}, with ; between two symbols."
            )
    symbols = frozenset(word.upper() for word in words)
    if len(symbols) > MOST_SYMBOLS:
        raise _WrongError(
            f"{LABELS[field]} holds {len(symbols)} symbols, more than {MOST_SYMBOLS}. "
            "Filter by exchange or product instead."
        )
    return symbols


def _no_time(field: str, text: str) -> LinkProblem:
    if _WITH_SECONDS.fullmatch(text.strip()):
        return LinkProblem(
            field,
            f"{LABELS[field]} {quoted(text)} is no time of the day in India in whole minutes. "
            "Write hour and minute, such as 15:00.",
        )
    given = f"{quoted(text)} is not" if text else "is empty: it must be"
    return LinkProblem(field, f"{LABELS[field]} {given} a time of the day in India, such as 09:20.")


def _time(text: str) -> time | None:
    found = _TIME.fullmatch(text.strip())
    if found is None:
        return None
    hour, minute = int(found[1]), int(found[2])
    return time(hour, minute) if hour < 24 and minute < 60 else None
