"""Sizing rules and states of links in words, for table, editor and import."""

from __future__ import annotations

from copytrade_gui.domain.drift import REDUCED_AFTER_S, ReduceDrift
from copytrade_gui.domain.guard import Beyond
from copytrade_gui.domain.link import Copies, LinkState
from copytrade_gui.domain.margin import WhenShort
from copytrade_gui.domain.number import grouped
from copytrade_gui.domain.open_orders import Goes
from copytrade_gui.domain.sizing import Rounding, RuleTexts, SizingRule, Strategy, understood

STATE_WORDS = {
    LinkState.ACTIVE: "Active",
    LinkState.CLOSE_ONLY: "Close only",
    LinkState.PAUSED: "Paused",
    LinkState.FROZEN: "Frozen",
}
STATE_HINTS = {
    LinkState.ACTIVE: "Copies every order that no filter keeps out.",
    LinkState.CLOSE_ONLY: "Copies exits, and opens nothing.",
    LinkState.PAUSED: "Copies nothing, exits neither. Open copies follow no change of the "
    "master's; what he cancels goes there too.",
    LinkState.FROZEN: "As paused, and no order of the account leaves from here at all, nor a "
    "change of one; cancels do.",
}
GOES_WORDS = {
    Goes.NOTHING: "Stay at the broker, as they are",
    Goes.ENTRIES: "What opens is cancelled, exits stay",
    Goes.EVERYTHING: "All are cancelled, exits too",
}
COPIES_WORDS = {Copies.ORDERS: "His orders", Copies.FILLS: "What his orders fill"}
SHORT_WORDS = {
    WhenShort.WARN: "Told, and sent",
    WhenShort.SKIP: "Not sent",
    WhenShort.SHRINK: "Cut to what fits",
}
REDUCE_WORDS = {
    ReduceDrift.NO: "A person decides",
    ReduceDrift.YES: f"Reduced by itself after {REDUCED_AFTER_S} s",
}
BEYOND_WORDS = {
    Beyond.SKIP: "Not sent",
    Beyond.LIMIT: "Sent, with the limit there",
    Beyond.WAIT: "Waits unsent for a better price, for the delay",
}
ROUNDING_WORDS = {
    Rounding.DOWN: "Down to whole lots",
    Rounding.NEAREST: "To the nearest lot",
    Rounding.CARRY: "Down, the rest is carried",
}
STRATEGY_WORDS = {strategy: strategy.kind.label for strategy in Strategy}


def parameter_hint(strategy: Strategy, typed: str) -> str:
    """What the value means, or how a suffix in it was read."""
    return understood(RuleTexts(strategy, typed)) or strategy.kind.hint


def parameter_words(rule: SizingRule) -> str:
    """The parameter with its unit: ``0.5 x``, ``10 %``, ``75`` units."""
    return rule.strategy.kind.short.format(grouped(rule.parameter))
