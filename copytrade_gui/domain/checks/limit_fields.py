"""Every limit as a person types it: its words, its unit, and for whom it can be set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields

from copytrade_gui.domain.checks.limits import Limits, stricter_than
from copytrade_gui.domain.draft import FieldProblem
from copytrade_gui.domain.money import Paise, in_rupees, rupees
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
    losses: bool = False
    """It bounds what a day may lose, else what orders may reach: two forms."""
    choices: tuple[str, ...] = ()
    """What it can be in words, where it is chosen and not typed: first None, then 1, 2."""

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
        if self.choices:
            return str(value)
        return grouped(rupees(Paise(value)) if self.in_rupees else value)

    def words(self, limits: Limits) -> str:
        """``₹5,00,000``, ``50 orders``, ``no limit``."""
        value = getattr(limits, self.name)
        if self.choices:
            return self.choices[value or 0]
        if value is None:
            return "no limit"
        if self.in_rupees:
            return in_rupees(rupees(Paise(value)))
        return f"{grouped(value)} {self.unit}"


_THEN = ("only exits pass", "nothing leaves", "square off")

LIMIT_FIELDS: tuple[LimitField, ...] = (
    LimitField("order_value", "Value of one &order", "₹", _RUPEES,
               "In shares or option premium, of one account; above half of it you are asked",
               of_one=True),
    LimitField("futures_value", "Value of one &futures order", "₹", _RUPEES,
               "By contract value, of one account; above half of it you are asked",
               of_one=True),
    LimitField("plan_value", "Value of one &plan", "₹", _RUPEES,
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
               "Of 3 % (options 10 % or ₹5): beyond it you are asked, twice as far is refused"),
    LimitField("same_again_ms", "Same order a&gain", "ms", _count("ms", 6_00_000),
               "You are asked about the same order within this time"),
    LimitField("day_loss", "Daily &loss", "₹", _RUPEES,
               "What one follower's copies lose on a day, open loss included, after charges",
               of_one=True, losses=True),
    LimitField("equity_floor", "&Equity floor", "₹", _RUPEES,
               "One follower's funds at the broker less the day's loss may not fall to this",
               of_one=True, losses=True),
    LimitField("lock_from", "Profit is &kept from", "₹", _RUPEES,
               "Once one follower's profit of the day was so much",
               of_one=True, losses=True),
    LimitField("lock_back", "Profit may fall &back by", "₹", _RUPEES,
               "From the highest of the day, once it was so much as above",
               of_one=True, losses=True),
    LimitField("loss_then", "&Then", "", Bounds(2, _WHY, whole=True),
               "To square off what copies hold is agreed to by choosing it; see Why",
               of_one=True, losses=True, choices=_THEN),
    LimitField("all_day_loss", "Together: dail&y loss", "₹", _RUPEES,
               "What all of their copies together lose on a day", losses=True),
    LimitField("all_equity_floor", "Together: e&quity floor", "₹", _RUPEES,
               "The sum of their funds less the day's loss may not fall to this", losses=True),
    LimitField("all_lock_from", "Together: kept f&rom", "₹", _RUPEES,
               "Once the profit of the day of all together was so much", losses=True),
    LimitField("all_lock_back", "Together: may f&all back by", "₹", _RUPEES,
               "From the highest sum of the day", losses=True),
    LimitField("all_loss_then", "Together: t&hen", "", Bounds(2, _WHY, whole=True),
               "For everybody who is counted together",
               losses=True, choices=_THEN),
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
    if not problems:
        problems += _unpaired(values, "")
        problems += _unpaired(values, "all_")
    return tuple(problems) or Limits(**values)  # type: ignore[arg-type]  # paise are integers


def _unpaired(values: Mapping[str, int | None], prefix: str) -> Iterator[FieldProblem]:
    """A profit that is kept needs both numbers, and never becomes a loss."""
    names = f"{prefix}lock_from", f"{prefix}lock_back"
    begins, back = (values[name] for name in names)
    if begins is not None and back is None:
        yield FieldProblem(
            names[1], "Write how far the profit may fall back, or leave both fields empty."
        )
    elif back is not None and begins is None:
        yield FieldProblem(
            names[0], "Write from which profit on it is kept, or leave both fields empty."
        )
    elif begins is not None and back is not None and back > begins:
        yield FieldProblem(
            names[1],
            f"It is above {in_rupees(rupees(Paise(begins)))}, from which the profit is kept, so "
            "the profit could become a loss. Write less.",
        )


def looser(own: Limits, of_all: Limits) -> tuple[FieldProblem, ...]:
    """Fields in which one account's limits would say more than those of all, which hold anyway."""
    found = []
    for field in LIMIT_FIELDS:
        mine, theirs = getattr(own, field.name), getattr(of_all, field.name)
        if mine is None or theirs is None or not stricter_than(field.name, theirs, mine):
            continue
        lower = stricter_than(field.name, 0, 1)
        found.append(
            FieldProblem(
                field.name,
                f"For all accounts it is {field.words(of_all)}, and one account's limit can only "
                f"be {'lower. Write less, or raise' if lower else 'higher. Write more, or lower'} "
                "that of all accounts.",
            )
        )
    return tuple(found)
