"""Every limit as a person types it: its words, its unit, and for whom it can be set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from copytrade_gui.domain.checks.limits import Limits
from copytrade_gui.domain.draft import FieldProblem
from copytrade_gui.domain.money import Paise, rupees
from copytrade_gui.domain.number import Bounds, NotANumber, grouped, read_number

_MOST_RUPEES = 10_00_00_00_000
_MOST_COUNT = 1_00_000
_WHY = "the most a limit can be"
_RUPEES = Bounds(_MOST_RUPEES, _WHY, unit="rupees", example="500000", whole=True, rupees=True)


def _count(unit: str, most: int = _MOST_COUNT) -> Bounds:
    return Bounds(most, _WHY, unit=unit, example="50", whole=True)


@dataclass(frozen=True, slots=True)
class LimitField:
    """One limit. ``of_one``: it can be set for one account, too, and only tightens there."""

    name: str
    label: str
    """With the mark of its key."""
    unit: str
    bounds: Bounds
    means: str
    of_one: bool = False

    @property
    def name_in_words(self) -> str:
        """The label without its mark."""
        return self.label.replace("&", "")

    @property
    def in_rupees(self) -> bool:
        """Typed in rupees, kept in paise."""
        return self.bounds.rupees

    def typed(self, limits: Limits) -> str:
        """The value as one would type it; empty is no limit."""
        value = getattr(limits, self.name)
        if value is None:
            return ""
        return grouped(rupees(Paise(value)) if self.in_rupees else value)

    def words(self, limits: Limits) -> str:
        """``Rs 5,00,000``, ``50 orders``, ``no limit``."""
        value = getattr(limits, self.name)
        if value is None:
            return "no limit"
        number = grouped(rupees(Paise(value)) if self.in_rupees else value)
        return f"Rs {number}" if self.in_rupees else f"{number} {self.unit}"


LIMIT_FIELDS: tuple[LimitField, ...] = (
    LimitField("order_value", "Value of one &order", "rupees", _RUPEES,
               "In shares or option premium, of one account; above half of it you are asked",
               of_one=True),
    LimitField("futures_value", "Value of one &futures order", "rupees", _RUPEES,
               "By contract value, of one account; above half of it you are asked",
               of_one=True),
    LimitField("plan_value", "Value of one &plan", "rupees", _RUPEES,
               "All accounts of one master order together"),
    LimitField("open_orders", "Open order&s", "orders", _count("orders"),
               "Of one account at the same time", of_one=True),
    LimitField("orders_a_day", "Orders a &day", "orders", _count("orders"),
               "Of one account", of_one=True),
    LimitField("net_position", "&Net position", "units", _count("units", 5_00_00_000),
               "Of one instrument in one account", of_one=True),
    LimitField("repeats", "&Repeats", "orders", _count("orders"),
               "Master orders of one instrument and side in 10 seconds"),
    LimitField("plans_a_minute", "Master orders a &minute", "orders", _count("orders"),
               "Of every instrument"),
    LimitField("plans_an_hour", "Master orders an &hour", "orders", _count("orders"),
               "Of every instrument"),
    LimitField("collar", "Distance from the mar&ket", "x", _count("x", 100),
               "Of 3 % (options 10 % or Rs 5): beyond it you are asked, twice as far is refused"),
    LimitField("same_again_ms", "Same order a&gain", "ms", _count("ms", 6_00_000),
               "You are asked about the same order within this time"),
)  # fmt: skip
"""In the order of the form."""


def read_limits(typed: Mapping[str, str], before: Limits) -> Limits | tuple[FieldProblem, ...]:
    """Turn a form into limits, or say all that is wrong with it; what it lacks stays as before."""
    values: dict[str, int | None] = {one.name: getattr(before, one.name) for one in fields(Limits)}
    problems = []
    for field in LIMIT_FIELDS:
        text = typed.get(field.name)
        if text is None:
            continue
        if not text.strip():
            values[field.name] = None
            continue
        read = read_number(text, field.bounds, field.name_in_words)
        if isinstance(read, NotANumber):
            problems.append(FieldProblem(field.name, read.sentence))
            continue
        values[field.name] = int(read.value) * (100 if field.in_rupees else 1)
    return tuple(problems) or Limits(**values)  # type: ignore[arg-type]  # paise are integers


def looser(own: Limits, of_all: Limits) -> tuple[FieldProblem, ...]:
    """Fields in which one account's limits would say more than those of all, which hold anyway."""
    found = []
    for field in LIMIT_FIELDS:
        mine, theirs = getattr(own, field.name), getattr(of_all, field.name)
        if mine is not None and theirs is not None and mine > theirs:
            found.append(
                FieldProblem(
                    field.name,
                    f"For all accounts it is {field.words(of_all)}, and one account's limit can "
                    "only be lower. Write less, or raise that of all accounts.",
                )
            )
    return tuple(found)
