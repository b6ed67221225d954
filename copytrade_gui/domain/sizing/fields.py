"""A sizing rule as typed in the editor, written in a CSV file and stored: texts, field by field."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from msgspec import Struct

from copytrade_gui.domain.number import NotANumber, Number, grouped, outside, plain, read_number
from copytrade_gui.domain.sizing.rule import CLAMP, Override, Rounding, SizingRule
from copytrade_gui.domain.sizing.size import PARAMETER_LABEL
from copytrade_gui.domain.sizing.strategy import Strategy
from copytrade_gui.domain.typed import quoted

MAX_LABEL, MIN_LABEL = "Most units", "Least units"
MOST_OVERRIDES = 50
_YES = frozenset({"1", "yes", "y", "true", "on"})
_NO = frozenset({"0", "no", "n", "false", "off", ""})


@dataclass(frozen=True, slots=True)
class RuleTexts:
    """A rule as texts. What is empty is not set; a strategy and mostly a value must be.

    ``overrides`` reads ``NIFTY lots 2 max 260; NSEFO ratio 0.5``: a symbol, underlying or segment,
    a strategy, its value, and clamps.
    """

    strategy: str
    parameter: str = ""
    max_quantity: str = ""
    min_quantity: str = ""
    rounding: str = ""
    reverse: str = ""
    overrides: str = ""


class RuleProblem(Struct, frozen=True):
    """Which field of a rule is wrong, by its name in ``RuleTexts``, in one sentence."""

    field: str
    sentence: str


class _BadRule(Exception):  # noqa: N818 - it never leaves this module
    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.problem = RuleProblem(field, sentence)


def read_rule(texts: RuleTexts) -> SizingRule | RuleProblem:
    """Read a rule as typed or imported, or say which field is wrong and what to write."""
    try:
        rule = SizingRule(
            strategy := _strategy(texts.strategy),
            _value(strategy, texts.parameter, PARAMETER_LABEL),
            _clamp(texts.max_quantity, "max_quantity", MAX_LABEL),
            _clamp(texts.min_quantity, "min_quantity", MIN_LABEL),
            _rounding(texts.rounding),
            _yes(texts.reverse),
            tuple(_overrides(texts.overrides)),
        )
    except _BadRule as bad:
        return bad.problem
    return problem_with(rule) or rule


def rule_texts(rule: SizingRule) -> RuleTexts:
    """The texts of a rule; reading them gives the rule again."""
    return RuleTexts(
        rule.strategy.value,
        "" if rule.strategy.kind.bounds is None else plain(rule.parameter),
        "" if rule.max_quantity is None else str(rule.max_quantity),
        "" if rule.min_quantity is None else str(rule.min_quantity),
        "" if rule.rounding is Rounding.DOWN else rule.rounding.value,
        "yes" if rule.reverse else "",
        "; ".join(_override_text(one) for one in rule.overrides),
    )


def understood(texts: RuleTexts) -> str:
    """How suffixes of a rule as typed were read: ``1 lakh = 1,00,000 x``; empty without any."""
    try:
        bounds = _strategy(texts.strategy).kind.bounds
    except _BadRule:
        return ""
    read = (
        None if bounds is None else read_number(texts.parameter, bounds, PARAMETER_LABEL),
        read_number(texts.max_quantity, CLAMP, MAX_LABEL),
        read_number(texts.min_quantity, CLAMP, MIN_LABEL),
    )
    return ", ".join(
        number.understood for number in read if isinstance(number, Number) and number.understood
    )


def problem_with(rule: SizingRule) -> RuleProblem | None:
    """Ask a rule that was not typed what ``read_rule`` asks a typed one."""
    bounds = rule.strategy.kind.bounds
    if bounds is not None and (wrong := outside(rule.parameter, bounds)):
        return RuleProblem("parameter", f"{PARAMETER_LABEL} {wrong}")
    most, least = rule.max_quantity, rule.min_quantity
    for field, label, units in (
        ("max_quantity", MAX_LABEL, most),
        ("min_quantity", MIN_LABEL, least),
    ):
        if units is not None and (wrong := outside(Decimal(units), CLAMP)):
            return RuleProblem(field, f"{label} {wrong}")
    if most is not None and least is not None and least > most:
        return RuleProblem(
            "min_quantity",
            f"{MIN_LABEL} {grouped(least)} is above {MAX_LABEL.lower()} {grouped(most)}. Lower it.",
        )
    for override in rule.overrides:
        if problem := problem_with(override.rule):
            return RuleProblem("overrides", f"Override {override.name}: {problem.sentence}")
    return None


def _strategy(text: str) -> Strategy:
    try:
        return Strategy(text.strip().lower())
    except ValueError:
        known = ", ".join(Strategy)
        raise _BadRule(
            "strategy", f"Strategy {quoted(text)} is not known. Use one of: {known}."
        ) from None


def _value(strategy: Strategy, text: str, label: str) -> Decimal:
    bounds = strategy.kind.bounds
    if bounds is None:
        if text.strip() not in ("", "1"):
            raise _BadRule(
                "parameter",
                f"{label} {quoted(text)} means nothing for {strategy}, which takes no value. Leave "
                "it empty, or use ratio.",
            )
        return Decimal(1)
    number = read_number(text, bounds, label)
    if isinstance(number, NotANumber):
        raise _BadRule("parameter", number.sentence)
    return number.value


def _clamp(text: str, field: str, label: str) -> int | None:
    if not text.strip():
        return None
    number = read_number(text, CLAMP, label)
    if isinstance(number, NotANumber):
        raise _BadRule(field, f"{number.sentence[:-1]}, or leave it empty.")
    return int(number.value)


def _rounding(text: str) -> Rounding:
    said = text.strip().lower()
    try:
        return Rounding(said) if said else Rounding.DOWN
    except ValueError:
        known = ", ".join(Rounding)
        raise _BadRule(
            "rounding", f"Rounding {quoted(text)} is not known. Use one of: {known}."
        ) from None


def _yes(text: str) -> bool:
    said = text.strip().lower()
    if said not in _YES | _NO:
        raise _BadRule("reverse", f"Reverse {quoted(text)} must be yes or no.")
    return said in _YES


def _overrides(text: str) -> Iterator[Override]:
    seen: set[str] = set()
    for entry in text.split(";"):
        words = entry.split()
        if not words:
            continue
        override = _override(entry.strip(), words)
        if override.name in seen:
            raise _BadRule("overrides", f"Override {quoted(override.name)} stands there twice.")
        seen.add(override.name)
        if len(seen) > MOST_OVERRIDES:
            raise _BadRule("overrides", f"There are more than {MOST_OVERRIDES} overrides.")
        yield override


def _override(entry: str, words: list[str]) -> Override:
    at = next((n for n, word in enumerate(words) if n and word.lower() in _NAMES), 0)
    if not at:
        raise _BadRule(
            "overrides",
            f"Override {quoted(entry)} names no strategy. Write a symbol, underlying or segment, a "
            "strategy and its value, such as NIFTY lots 2.",
        )
    name, strategy, rest = " ".join(words[:at]).upper(), _strategy(words[at]), words[at + 1 :]
    value = "" if strategy.kind.bounds is None or not rest else rest.pop(0)
    clamps = dict(zip((word.lower() for word in rest[::2]), rest[1::2], strict=False))
    if len(rest) != 2 * len(clamps) or clamps.keys() - {"max", "min"}:
        raise _BadRule(
            "overrides",
            f"Override {quoted(entry)} is not understood behind its value. Write max or min with a "
            "number, once each, or nothing.",
        )
    most, least = clamps.get("max", ""), clamps.get("min", "")
    rule = read_rule(RuleTexts(strategy, value, most, least))
    if isinstance(rule, RuleProblem):
        raise _BadRule("overrides", f"Override {name}: {rule.sentence}")
    return Override(name, rule)


_NAMES = frozenset(strategy.value for strategy in Strategy)


def _override_text(override: Override) -> str:
    rule = rule_texts(override.rule)
    words = [override.name, rule.strategy, rule.parameter]
    words += ["max", rule.max_quantity] if rule.max_quantity else []
    words += ["min", rule.min_quantity] if rule.min_quantity else []
    return " ".join(word for word in words if word)
