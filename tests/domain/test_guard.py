"""Price guards: what an entry may cost beside the master's, and how late it may come."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copytrade_gui.domain.guard import (
    Beyond,
    MasterPrice,
    PriceGuard,
    limit_of,
    master_price,
    waits,
    why_out,
)
from copytrade_gui.domain.link_field import GUARD, LinkProblem, guard_text, read_guard
from copytrade_gui.domain.offset import Offset
from copytrade_gui.domain.order import OrderTerms, OrderType, Product, Side, Validity
from tests.domain.test_draft import FUTURE as NIFTY

BUY, SELL = Side.BUY, Side.SELL
HALF = Offset(Decimal("0.5"), percent=True)
TWO = Offset(Decimal(2), percent=False)


def entry(side: Side = BUY, price: str = "110", kind: OrderType = OrderType.LIMIT) -> OrderTerms:
    return OrderTerms(
        NIFTY, side, NIFTY.lot_size, Product.INTRADAY, kind, Validity.DAY, Decimal(price)
    )


def at(price: str | None, last: str | None, *, trades: bool = True, age_s: int = 0) -> MasterPrice:
    paid, now = (None if one is None else Decimal(one) for one in (price, last))
    return MasterPrice(paid, trades=trades, last=now, age_ms=age_s * 1_000)


@pytest.mark.parametrize(
    ("guard", "master", "side", "code", "says"),
    [
        (PriceGuard(HALF), at("100", "100.50"), BUY, "", ""),
        (PriceGuard(HALF), at("100", "100.55"), BUY, "price_guard", "100.55 0.5 % 100, 100.5."),
        (PriceGuard(HALF), at("100", "99.45"), SELL, "price_guard", "99.45 0.5 % 100, 99.5."),
        (PriceGuard(HALF), at("100", "90"), BUY, "", ""),  # better than his is no slippage
        (PriceGuard(TWO), at("100", "102.05"), BUY, "price_guard", "102.05 ₹2 100, 102."),
        (PriceGuard(HALF, None, Beyond.LIMIT), at("100", "150"), BUY, "", ""),
        (PriceGuard(HALF), at("100", "150", trades=False), BUY, "", ""),  # his order rests as well
        (PriceGuard(HALF), at("100", None), BUY, "", ""),  # its limit guards it all the same
        (PriceGuard(HALF), at(None, "100"), BUY, "price_guard", "not known"),
        (PriceGuard(None, 5), at("100", "150", age_s=5), BUY, "", ""),
        (PriceGuard(None, 5), at("100", "100", age_s=12), BUY, "delay_guard", "12 s old 5 s"),
        (PriceGuard(HALF, 5, Beyond.LIMIT), at("100", "100", age_s=6), BUY, "delay_guard", "6 5"),
    ],
)  # fmt: skip
def test_what_is_beyond_the_guard_is_said_with_its_numbers(
    guard: PriceGuard, master: MasterPrice, side: Side, code: str, says: str
) -> None:
    found = why_out(guard, entry(side), master)
    assert ("" if found is None else found[0]) == code
    sentence = "" if found is None else found[1]
    assert all(word in sentence for word in says.split()), sentence


def test_a_stop_that_is_triggered_beyond_the_guard_is_not_placed() -> None:
    stop = replace(entry(price="103", kind=OrderType.SL), trigger=Decimal(102))
    for beyond in Beyond:
        found = why_out(PriceGuard(HALF, None, beyond), stop, at("100", "100"))
        assert found is not None
        assert found[0] == "price_guard"
        assert "102" in found[1]


PRICES = st.integers(1, 40_000).map(lambda ticks: ticks * NIFTY.tick)
SLIPPAGES = st.builds(Offset, st.decimals("0", "30", places=2), percent=st.booleans())


@given(SLIPPAGES, PRICES, st.decimals("0.05", "2000", places=3), st.sampled_from(Side))
def test_an_entrys_limit_is_on_tick_never_beyond_the_guard_and_never_worse_than_its_own(
    slippage: Offset, own: Decimal, paid: Decimal, side: Side
) -> None:
    terms = replace(entry(side), price=own)
    limit = limit_of(PriceGuard(slippage), terms, at(str(paid), None))
    assert limit is not None
    assert limit % NIFTY.tick == 0
    assert limit >= NIFTY.tick
    off = slippage.of(paid)
    worse = own if side is BUY else -own
    assert (limit if side is BUY else -limit) <= worse
    if limit not in (own, NIFTY.tick):
        assert limit <= paid + off if side is BUY else limit >= paid - off


def test_the_masters_price_is_what_he_traded_at_else_what_he_asked_for() -> None:
    market = replace(entry(), order_type=OrderType.MARKET, price=None)
    stop = replace(market, order_type=OrderType.SLM, trigger=Decimal(105))
    last = Decimal(99)
    assert master_price(market, None, last, 0).price == last
    assert master_price(entry(), None, last, 0) == at("110", "99", trades=False)
    assert master_price(stop, None, last, 0).price == 105
    assert master_price(entry(), Decimal("98.5"), last, 0) == at("98.5", "99")


@pytest.mark.parametrize(
    ("cells", "made"),
    [
        ({}, None),
        ({"slippage": "0.5%"}, PriceGuard(HALF)),
        ({"slippage": "0.5 %", "beyond": "LIMIT"}, PriceGuard(HALF, None, Beyond.LIMIT)),
        ({"slippage": "2 rupees", "delay": "5 s"}, PriceGuard(TWO, 5)),
        ({"slippage": "2 rupees", "delay": "5 Seconds"}, PriceGuard(TWO, 5)),
        ({"slippage": "0"}, PriceGuard(Offset(Decimal(0), percent=False))),
        ({"slippage": "0.5%", "delay": "60", "beyond": "wait"}, PriceGuard(HALF, 60, Beyond.WAIT)),
        ({"delay": "5", "beyond": "skip"}, PriceGuard(None, 5)),
        ({"beyond": "skip"}, None),
    ],
)  # fmt: skip
def test_a_guard_is_read_as_it_is_written(cells: dict[str, str], made: PriceGuard | None) -> None:
    assert read_guard(None, cells) == made
    written = {field: guard_text(made, field) for field in GUARD}
    assert read_guard(None, written) == made
    assert read_guard(made, {}) == made
    assert read_guard(made, {"slippage": "", "delay": ""}) is None


@pytest.mark.parametrize(
    ("field", "cells"),
    [
        ("slippage", {"slippage": "half"}),
        ("slippage", {"slippage": "51%"}),
        ("slippage", {"slippage": "-1"}),
        ("delay", {"delay": "0"}),
        ("delay", {"delay": "1.5"}),
        ("delay", {"delay": "3601"}),
        ("delay", {"delay": "5 rupees"}),
        ("delay", {"delay": "Rs 5"}),
        ("delay", {"delay": "1,5 s"}),
        ("beyond", {"beyond": "Later", "slippage": "0.5%"}),
        ("beyond", {"beyond": "wait", "delay": "5"}),
        ("delay", {"beyond": "wait", "slippage": "0.5%", "delay": ""}),
        ("beyond", {"beyond": "limit", "delay": "5"}),
    ],
)  # fmt: skip
def test_a_wrong_guard_is_refused_by_its_field_with_a_remedy(
    field: str, cells: dict[str, str]
) -> None:
    problem = read_guard(PriceGuard(None, 9), cells)
    assert isinstance(problem, LinkProblem)
    assert problem.field == field
    assert problem.sentence.endswith(".")
    said = re.findall('"(.*?)"', problem.sentence)
    assert said in ([], [cells[field]]), "what was typed is quoted as it was typed"


@pytest.mark.parametrize(
    ("guard", "price", "side", "worst"),
    [
        (PriceGuard(HALF, 60, Beyond.WAIT), at("100", "100.51"), BUY, "100.5"),
        (PriceGuard(HALF, 60, Beyond.WAIT), at("100", "100.50"), BUY, None),
        (PriceGuard(HALF, 60, Beyond.WAIT), at("100", "99.49"), SELL, "99.5"),
        (PriceGuard(HALF, 60, Beyond.WAIT), at("100", "150"), SELL, None),
        (PriceGuard(HALF, 60, Beyond.WAIT), at("100", None), BUY, "100.5"),
        (PriceGuard(HALF, 60, Beyond.WAIT), at("100", "150", trades=False), BUY, None),
        (PriceGuard(HALF, 60), at("100", "150"), BUY, None),
    ],
)
def test_an_entry_waits_while_nobody_knows_that_the_market_is_inside_the_guard(
    guard: PriceGuard, price: MasterPrice, side: Side, worst: str | None
) -> None:
    """A master's own limit may rest, and a copy rests beside it."""
    found = waits(guard, replace(entry(), side=side), price)
    assert (None if found is None else found.worst) == (None if worst is None else Decimal(worst))
    if guard.beyond is Beyond.WAIT:
        assert why_out(guard, replace(entry(), side=side), price) is None
