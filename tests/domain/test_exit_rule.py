"""Exit rules of links: where a position is left, and how the rules are read."""

from __future__ import annotations

from datetime import time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copytrade_gui.domain.exit_rule import ExitRules, levels
from copytrade_gui.domain.instrument import Exchange
from copytrade_gui.domain.link_field import EXITS, LinkProblem, exits_text, read_exits
from copytrade_gui.domain.offset import Offset
from copytrade_gui.domain.order import Product

HALF, FIVE = Offset(Decimal("0.5"), percent=True), Offset(Decimal(5), percent=False)
OFFSETS = st.none() | st.builds(
    Offset, st.decimals("0.01", "99", places=2), percent=st.booleans()
)  # fmt: skip


@given(OFFSETS, OFFSETS, st.decimals("0.05", "5000", places=2), st.booleans())
def test_a_stop_is_a_loss_and_a_target_a_gain_on_either_side(
    stop: Offset | None, target: Offset | None, average: Decimal, is_long: bool
) -> None:
    found = levels(ExitRules(stop, target), average, is_long=is_long)
    way = 1 if is_long else -1
    assert not found.passed(average)
    for offset, sign, name in ((stop, -way, "stop-loss"), (target, way, "target")):
        if offset is not None:
            at = average + sign * offset.of(average)
            assert found.passed(at)
            assert found.passed(at + sign)
            assert name in found.in_words(at, average)
            assert not found.passed(at - sign * offset.of(average) / 2)


def test_a_time_is_for_what_is_held_intraday_alone() -> None:
    rules = ExitRules(at=time(15, 10))
    assert rules.ends(Product.INTRADAY, time(15, 10))
    assert not rules.ends(Product.INTRADAY, time(15, 9, 59))
    assert not rules.ends(Product.NORMAL, time(15, 14))
    assert not ExitRules(HALF).ends(Product.INTRADAY, time(15, 14))


@pytest.mark.parametrize(
    ("cells", "made"),
    [
        ({}, None),
        ({"stop_loss": "0.5%"}, ExitRules(HALF)),
        ({"stop_loss": "0.5 %", "target": "Rs 5", "exit_at": "15:10"},
         ExitRules(HALF, FIVE, time(15, 10))),
        ({"exit_at": "9:30"}, ExitRules(at=time(9, 30))),
    ],
)  # fmt: skip
def test_rules_are_read_as_they_are_written(cells: dict[str, str], made: ExitRules | None) -> None:
    assert read_exits(None, cells) == made
    assert read_exits(None, {field: exits_text(made, field) for field in EXITS}) == made
    assert read_exits(made, {}) == made
    assert read_exits(made, dict.fromkeys(EXITS, "")) is None


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("stop_loss", "0"), ("stop_loss", "100%"), ("stop_loss", "none at all"),
        ("target", "0%"), ("target", "-5"), ("target", "1001%"),
        ("exit_at", "15:15"), ("exit_at", "25:00"), ("exit_at", "noon"),
    ],
)  # fmt: skip
def test_a_wrong_rule_is_refused_by_its_field_with_a_remedy(field: str, text: str) -> None:
    problem = read_exits(ExitRules(HALF, FIVE), {field: text})
    assert isinstance(problem, LinkProblem)
    assert problem.field == field
    assert problem.sentence.endswith(".")


@pytest.mark.parametrize(
    ("exchanges", "at", "latest"),
    [
        ((), "15:14", "15:15"),
        ((Exchange.MCXCOMM,), "23:00", "23:15"),
        ((Exchange.MCXCOMM, Exchange.NSECOMM), "23:14", "23:15"),
        ((Exchange.NSECURR,), "16:44", "16:45"),
        ((Exchange.NSECURR, Exchange.MCXCOMM), "16:44", "16:45"),
        ((Exchange.NSEFO, Exchange.MCXCOMM), "15:14", "15:15"),
    ],
)
def test_an_exit_time_goes_by_the_exchanges_that_the_link_copies_from(
    exchanges: tuple[Exchange, ...], at: str, latest: str
) -> None:
    made = ExitRules(at=time.fromisoformat(at))
    assert read_exits(None, {"exit_at": at}, exchanges) == made
    problem = read_exits(None, {"exit_at": latest}, exchanges)
    assert isinstance(problem, LinkProblem)
    assert f"must be before {latest} IST" in problem.sentence
    if exchanges:
        widened = read_exits(ExitRules(at=time(23)), {}, (*exchanges, Exchange.NSEEQ))
        assert isinstance(widened, LinkProblem), "another exchange that closes earlier"
        assert "NSEEQ" in widened.sentence or "NSEFO" in widened.sentence


def test_rules_are_said_as_far_as_there_are_any() -> None:
    assert ExitRules().in_words == ""
    assert ExitRules(at=time(15, 10)).in_words == "exit at 15:10"
    whole = ExitRules(HALF, FIVE, time(9, 20))
    assert whole.in_words == f"stop-loss {HALF.in_words}, target {FIVE.in_words}, exit at 09:20"
