"""Sizing rules in words, for table, editor and import."""

from __future__ import annotations

from copytrade_gui.domain.number import grouped
from copytrade_gui.domain.sizing import RuleTexts, SizingRule, Strategy, understood
from copytrade_gui.ui import figures

STRATEGY_WORDS = {strategy: strategy.kind.label for strategy in Strategy}


def parameter_hint(strategy: Strategy, typed: str) -> str:
    """What the value means, or how a suffix in it was read."""
    return understood(RuleTexts(strategy, typed)) or strategy.kind.hint


def parameter_words(rule: SizingRule) -> str:
    """The parameter with its unit: ``0.5 x``, ``10 %``, ``75`` units."""
    return rule.strategy.kind.short.format(grouped(rule.parameter))


def rule_words(rule: SizingRule | None) -> str:
    """The sizing rule as a trader says it."""
    return figures.UNKNOWN if rule is None else rule.in_words()
