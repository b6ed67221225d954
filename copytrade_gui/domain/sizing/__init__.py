"""How much each follower trades: pure rules over integers and decimals, one file a family."""

from copytrade_gui.domain.sizing.fields import (
    RuleProblem,
    RuleTexts,
    problem_with,
    read_rule,
    rule_texts,
    understood,
)
from copytrade_gui.domain.sizing.kind import Kind, MasterOrder, Sized
from copytrade_gui.domain.sizing.rule import Override, Rounding, SizingRule
from copytrade_gui.domain.sizing.size import size
from copytrade_gui.domain.sizing.strategy import Strategy

__all__ = [
    "Kind",
    "MasterOrder",
    "Override",
    "Rounding",
    "RuleProblem",
    "RuleTexts",
    "Sized",
    "SizingRule",
    "Strategy",
    "problem_with",
    "read_rule",
    "rule_texts",
    "size",
    "understood",
]
