"""How much each follower trades: pure rules over integers and decimals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from enum import StrEnum

from msgspec import Struct

from copytrade_gui.domain.money import Paise
from copytrade_gui.domain.number import Bounds, NotANumber, Number, grouped, outside, read_number
from copytrade_gui.domain.order import MAX_QUANTITY, PER_ORDER

MAX_RATIO = 1_000_000_000
"""Largest multiple a rule may name. What it makes of an order is bounded by ``MAX_QUANTITY``."""
PARAMETER_LABEL = "Value"
CAP_LABEL = "Most units"


class Strategy(StrEnum):
    """Names of the sizing rules, as stored and as written in a CSV file."""

    RATIO = "ratio"
    """Parameter: multiple of the master's quantity, e.g. 0.5."""
    CAPITAL_PERCENT = "capital_percent"
    """Parameter: per cent of the follower's capital to spend on one order, e.g. 10."""
    FIXED = "fixed"
    """Parameter: units for every order, whatever the master trades."""


PARAMETERS: Mapping[Strategy, Bounds] = {
    Strategy.RATIO: Bounds(MAX_RATIO, "the largest multiple of a master's order", unit="x"),
    Strategy.CAPITAL_PERCENT: Bounds(100, "all of the capital", unit="%", example="10"),
    Strategy.FIXED: Bounds(MAX_QUANTITY, PER_ORDER, unit="units", example="75", whole=True),
}
CAP = Bounds(MAX_QUANTITY, PER_ORDER, unit="units", example="1800", whole=True)

# Python 3.11 takes longer to find a member in its enum than to size a follower.
_RATIO, _FIXED = Strategy.RATIO, Strategy.FIXED


@dataclass(frozen=True, slots=True)
class SizingRule:
    """A strategy with its parameter and an optional cap in units per order."""

    strategy: Strategy
    parameter: Decimal
    max_quantity: int | None = None

    @property
    def asks_capital(self) -> bool:
        """True if the quantity follows from the follower's capital."""
        return self.strategy is Strategy.CAPITAL_PERCENT

    def in_words(self) -> str:
        """Say the rule as a trader would: ``0.5 x``, ``10 % of capital``, ``75 fixed``."""
        number = grouped(self.parameter)
        words = {
            Strategy.RATIO: f"{number} x",
            Strategy.CAPITAL_PERCENT: f"{number} % of capital",
            Strategy.FIXED: f"{number} fixed",
        }[self.strategy]
        return words if self.max_quantity is None else f"{words}, max {grouped(self.max_quantity)}"


class Sized(Struct, frozen=True, gc=False):
    """Result of sizing. ``quantity`` 0 comes with a reason code and a sentence."""

    quantity: int
    code: str = ""
    reason: str = ""


class RuleProblem(Struct, frozen=True):
    """Which field of a rule is wrong, ``parameter`` or ``max_quantity``, in one sentence."""

    field: str
    sentence: str


def read_rule(strategy: Strategy, parameter: str, max_quantity: str) -> SizingRule | RuleProblem:
    """Read a rule as typed or imported; an empty ``max_quantity`` is no cap."""
    number = read_number(parameter, PARAMETERS[strategy], PARAMETER_LABEL)
    if isinstance(number, NotANumber):
        return RuleProblem("parameter", number.sentence)
    cap: int | None = None
    if max_quantity.strip():
        most = read_number(max_quantity, CAP, CAP_LABEL)
        if isinstance(most, NotANumber):
            return RuleProblem("max_quantity", f"{most.sentence[:-1]}, or leave it empty.")
        cap = int(most.value)
    return SizingRule(strategy, number.value, cap)


def understood(strategy: Strategy, parameter: str, max_quantity: str = "") -> str:
    """How suffixes of a rule as typed were read: ``1 lakh = 1,00,000 x``; empty without any."""
    read = (
        read_number(parameter, PARAMETERS[strategy], PARAMETER_LABEL),
        read_number(max_quantity, CAP, CAP_LABEL),
    )
    return ", ".join(
        number.understood for number in read if isinstance(number, Number) and number.understood
    )


def problem_with(rule: SizingRule) -> RuleProblem | None:
    """Ask a rule that was not typed what ``read_rule`` asks a typed one."""
    if wrong := outside(rule.parameter, PARAMETERS[rule.strategy]):
        return RuleProblem("parameter", f"{PARAMETER_LABEL} {wrong}")
    if rule.max_quantity is not None and (wrong := outside(Decimal(rule.max_quantity), CAP)):
        return RuleProblem("max_quantity", f"{CAP_LABEL} {wrong}")
    return None


def size(
    rule: SizingRule,
    *,
    master_quantity: int,
    lot_size: int,
    price: Decimal | None,
    capital: Paise | None,
) -> Sized:
    """Compute a follower's quantity in units, floored to whole lots and to the rule's cap.

    ``price`` is rupees a unit (needed by ``capital_percent``), ``capital`` the follower's capital.
    A stored parameter that no field would take today is the follower's verdict ``above_limit``.
    """
    if rule.parameter > MAX_RATIO:  # asked before anything is computed: it may have any exponent
        problem = problem_with(rule)
        return Sized(0, "above_limit", "" if problem is None else problem.sentence)
    if rule.strategy is _RATIO:
        raw = (rule.parameter * master_quantity).to_integral_value(ROUND_FLOOR)
    elif rule.strategy is _FIXED:
        raw = rule.parameter
    else:
        if capital is None:
            return Sized(0, "no_capital", "The account's free margin is not known yet; log it in.")
        if price is None or price <= 0:
            return Sized(0, "no_price", "No price is known for sizing by capital.")
        budget = Decimal(capital) * rule.parameter / 10_000  # per cent of paise, in rupees
        raw = (budget / price).to_integral_value(ROUND_FLOOR)
    units = int(raw)
    if rule.max_quantity is not None:
        units = min(units, rule.max_quantity)
    quantity = units - units % lot_size
    if quantity <= 0:
        below = f"{grouped(units)}, below one lot of {grouped(lot_size)}"
        return Sized(0, "zero", f"{rule.in_words()} gives {below}.")
    return Sized(quantity)
