"""How much each follower trades: pure rules over integers and decimals."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from enum import StrEnum

from msgspec import Struct

from copytrade_gui.domain.money import Paise


class Strategy(StrEnum):
    """Names of the sizing rules, as stored and as written in a CSV file."""

    RATIO = "ratio"
    """Parameter: multiple of the master's quantity, e.g. 0.5."""
    CAPITAL_PERCENT = "capital_percent"
    """Parameter: per cent of the follower's capital to spend on one order, e.g. 10."""
    FIXED = "fixed"
    """Parameter: units for every order, whatever the master trades."""


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
        number = f"{self.parameter.normalize():f}"
        words = {
            Strategy.RATIO: f"{number} x",
            Strategy.CAPITAL_PERCENT: f"{number} % of capital",
            Strategy.FIXED: f"{number} fixed",
        }[self.strategy]
        return words if self.max_quantity is None else f"{words}, max {self.max_quantity}"


class Sized(Struct, frozen=True, gc=False):
    """Result of sizing. ``quantity`` 0 comes with a reason code and a sentence."""

    quantity: int
    code: str = ""
    reason: str = ""


def problem_with(rule: SizingRule) -> str | None:
    """One sentence naming the field that is wrong, or None."""
    if not rule.parameter.is_finite() or rule.parameter <= 0:
        return f"Parameter {rule.parameter} must be a number above 0."
    if rule.strategy is Strategy.FIXED and rule.parameter != rule.parameter.to_integral_value():
        return f"Parameter {rule.parameter} must be a whole number of units for strategy 'fixed'."
    if rule.strategy is Strategy.CAPITAL_PERCENT and rule.parameter > 100:
        return f"Parameter {rule.parameter} must be at most 100 for strategy 'capital_percent'."
    if rule.max_quantity is not None and rule.max_quantity <= 0:
        return f"Max quantity {rule.max_quantity} must be above 0, or left empty."
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
    """
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
        return Sized(0, "zero", f"{rule.in_words()} gives {units}, below one lot of {lot_size}.")
    return Sized(quantity)
