"""Sizing rules in words, for table, editor and import."""

from __future__ import annotations

from copytrade_gui.domain.number import grouped
from copytrade_gui.domain.sizing import SizingRule, Strategy, understood
from copytrade_gui.ui import figures

STRATEGY_WORDS = {
    Strategy.RATIO: "Ratio",
    Strategy.CAPITAL_PERCENT: "% of capital",
    Strategy.FIXED: "Fixed",
}
PARAMETER_WORDS = {
    Strategy.RATIO: "Multiple of the master's quantity, e.g. 0.5",
    Strategy.CAPITAL_PERCENT: "Per cent of free margin for one order, e.g. 10",
    Strategy.FIXED: "Units for every order, e.g. 75",
}


def parameter_hint(strategy: Strategy, typed: str) -> str:
    """What the value means, or how a suffix in it was read."""
    return understood(strategy, typed) or PARAMETER_WORDS[strategy]


def parameter_words(rule: SizingRule) -> str:
    """The parameter with its unit: ``0.5 x``, ``10 %``, ``75`` units."""
    if rule.strategy is Strategy.FIXED:
        return grouped(rule.parameter)
    unit = "x" if rule.strategy is Strategy.RATIO else "%"
    return f"{grouped(rule.parameter)} {unit}"


def rule_words(rule: SizingRule | None) -> str:
    """The sizing rule as a trader says it."""
    return figures.UNKNOWN if rule is None else rule.in_words()
