"""docs/sizing.md, executed line by line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

import pytest

from copytrade_gui.domain.exits import Copy, Reducing, against, reducing, within_copy
from copytrade_gui.domain.freeze import slices
from copytrade_gui.domain.instrument import Exchange, Instrument, InstrumentKey, InstrumentKind
from copytrade_gui.domain.money import Paise, paise
from copytrade_gui.domain.number import plain
from copytrade_gui.domain.order import OrderTerms, OrderType, Product, Side, Validity
from copytrade_gui.domain.reverse import told, turned
from copytrade_gui.domain.sizing import (
    MasterOrder,
    Rounding,
    RuleTexts,
    Sized,
    SizingRule,
    Strategy,
    read_rule,
    size,
)
from copytrade_gui.domain.sizing.ledger import NOTHING
from tests.house.source import ROOT

PAGE = (ROOT / "docs" / "sizing.md").read_text(encoding="utf-8")
CAPITAL, MASTERS = paise(Decimal(100_000)), paise(Decimal(400_000))
PRICE, STOP = Decimal(100), Decimal(98)
Line = dict[str, str]


def lines(*columns: str) -> Iterator[Line]:
    """The rows of the table that has exactly these columns."""
    head = f"| {' | '.join(columns)} |\n"
    assert PAGE.count(head) == 1, head
    for row in PAGE.partition(head)[2].splitlines()[1:]:
        if not row.startswith("|"):
            return
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        yield dict(zip(columns, cells, strict=True))


def rule(words: str, rounding: str = "down", overrides: str = "") -> SizingRule:
    """A rule as the page writes it: ``ratio 2 max 160``."""
    chosen = read_rule(RuleTexts("ratio", "1", overrides=f"X {words}"))
    assert isinstance(chosen, SizingRule), chosen
    basis = chosen.overrides[0].rule
    whole = read_rule(RuleTexts("ratio", "1", overrides=overrides))
    assert isinstance(whole, SizingRule), whole
    return SizingRule(
        basis.strategy, basis.parameter, basis.max_quantity, basis.min_quantity,
        Rounding(rounding), overrides=whole.overrides,
    )  # fmt: skip


def traded(words: str) -> tuple[Side, int]:
    verb, quantity = words.split()
    return {"buys": Side.BUY, "sells": Side.SELL}[verb], int(quantity)


def order(quantity: str | int, lot: str | int = 1, names: tuple[str, ...] = ()) -> MasterOrder:
    return MasterOrder(int(quantity), int(lot), PRICE, STOP, MASTERS, names)


def test_the_table_of_rules_names_all_of_them() -> None:
    rows = lines("Strategy", "Called", "Share in units")
    named = sorted((row["Strategy"], row["Called"]) for row in rows)
    assert named == sorted((f"`{one}`", one.kind.label) for one in Strategy)


ENTRIES = list(lines("Rule", "Master", "Lot", "Rounding", "Gets", "Verdict", "Because"))


@pytest.mark.parametrize("row", ENTRIES, ids=lambda row: f"{row['Rule']} of {row['Master']}")
def test_an_entry(row: Line) -> None:
    sized = size(rule(row["Rule"], row["Rounding"]), order(row["Master"], row["Lot"]), CAPITAL)
    assert (str(sized.quantity), sized.code, sized.reason) == (
        row["Gets"], row["Verdict"], row["Because"],
    )  # fmt: skip


GROUPS = ("Rule", "Group's multiplier", "Master", "Lot", "Gets", "Because")


@pytest.mark.parametrize("row", list(lines(*GROUPS)))
def test_a_group(row: Line) -> None:
    times = Decimal(row["Group's multiplier"])
    sized = size(rule(row["Rule"]), order(row["Master"], row["Lot"]), CAPITAL, times=times)
    assert (str(sized.quantity), sized.reason) == (row["Gets"], row["Because"])


@pytest.mark.parametrize("row", list(lines("Rule", "Not known", "Verdict", "Because")))
def test_what_is_not_known(row: Line) -> None:
    missing = row["Not known"]
    asked = MasterOrder(
        195,
        1,
        None if missing == "price" else PRICE,
        None if missing == "stop" else STOP,
        None if missing == "master's capital" else MASTERS,
    )
    sized = size(rule(row["Rule"]), asked, None if missing == "capital" else CAPITAL)
    assert (sized.quantity, sized.code, sized.reason) == (0, row["Verdict"], row["Because"])


def copied(
    chosen: SizingRule, lot: int, master: int, words: str, copy: int, carry: Fraction = NOTHING
) -> Sized:
    """What becomes of a follower's copy of one order of a master who has so many units."""
    side, quantity = traded(words)

    def entry(units: int, owed: Fraction) -> Sized:
        return size(chosen, order(units, lot), CAPITAL, owed)

    whole = Reducing(quantity, lot, reducing(side, quantity, Product.NORMAL, (master,), 0))
    return within_copy(whole, Copy(against(side, copy), carry=carry), entry, chosen.rounding)[0]


def test_the_story_of_a_carry() -> None:
    chosen, master, copy, carry = rule("ratio 0.5", "carry"), 0, 0, NOTHING
    rows = list(lines("Master", "Exact share", "Gets", "Copy holds", "Carry"))
    for row in rows:
        side, quantity = traded(row["Master"])
        sized = copied(chosen, 65, master, row["Master"], copy, carry)
        assert sized.carry is not None
        sign, carry = 1 if side is Side.BUY else -1, sized.carry
        master, copy = master + sign * quantity, copy + sign * sized.quantity
        if row["Exact share"]:
            assert Fraction(row["Exact share"]) == Fraction(quantity, 2)
        assert (sized.quantity, copy, carry) == (
            int(row["Gets"]), int(row["Copy holds"]), Fraction(row["Carry"]),
        )  # fmt: skip
    assert (len(rows), master, copy) == (8, 0, 0)


EXITS = list(
    lines("Rule", "Lot", "Master has", "Order", "Copy holds", "Gets", "Verdict", "Because")
)


@pytest.mark.parametrize("row", EXITS, ids=lambda row: f"{row['Order']} of {row['Master has']}")
def test_an_exit(row: Line) -> None:
    lot, master, copy = int(row["Lot"]), int(row["Master has"]), int(row["Copy holds"])
    sized = copied(rule(row["Rule"]), lot, master, row["Order"], copy)
    assert (str(sized.quantity), sized.code, sized.reason) == (
        row["Gets"], row["Verdict"], row["Because"],
    )  # fmt: skip


@pytest.mark.parametrize("row", list(lines("Units", "Lot", "Freeze", "Orders")))
def test_a_large_order(row: Line) -> None:
    cut = slices(int(row["Units"]), int(row["Lot"]), int(row["Freeze"]))
    said = cut.code if isinstance(cut, Sized) else ", ".join(map(str, cut))
    assert said == row["Orders"]


@pytest.mark.parametrize("row", list(lines("Rule", "Overrides", "Instrument", "Master", "Gets")))
def test_one_symbol_otherwise(row: Line) -> None:
    lot = 1 if "EQ" in row["Instrument"] else 65
    chosen = rule(row["Rule"], overrides=row["Overrides"])
    asked = order(row["Master"], lot, tuple(row["Instrument"].split()))
    assert size(chosen, asked, Paise(CAPITAL)).quantity == int(row["Gets"])


def test_every_table_of_the_page_is_executed() -> None:
    assert len(re.findall(r"^\|---", PAGE, re.MULTILINE)) == 9


INFOSYS = Instrument(
    InstrumentKey(Exchange.NSEEQ, "1594"), "INFY-EQ", "INFOSYS", "INFY", InstrumentKind.EQUITY, 1,
    Decimal("0.05"),
)  # fmt: skip


def asked(words: str, product: str) -> OrderTerms:
    """A master's order as the page writes it: ``sells stop 98 limit 97``."""
    verb, *rest = words.split()
    said = dict(zip(rest[::2], rest[1::2], strict=False))
    limit = said.get("limit") or said.get("ioc")
    price, trigger = (None if text is None else Decimal(text) for text in (limit, said.get("stop")))
    kind = {
        (False, False): OrderType.MARKET, (True, False): OrderType.LIMIT,
        (True, True): OrderType.SL, (False, True): OrderType.SLM,
    }[price is not None, trigger is not None]  # fmt: skip
    side = {"buys": Side.BUY, "sells": Side.SELL}[verb]
    validity = Validity.IOC if "ioc" in said else Validity.DAY
    return OrderTerms(
        INFOSYS, side, 10, Product(product), kind, validity, price=price, trigger=trigger
    )


REVERSED_ROWS = list(lines("Master", "Last price", "Product", "Leaves", "Verdict"))


@pytest.mark.parametrize("row", REVERSED_ROWS, ids=lambda row: f"{row['Master']} {row['Product']}")
def test_the_opposite_side(row: Line) -> None:
    terms = asked(row["Master"], row["Product"])
    last = Decimal(row["Last price"]) if row["Last price"] else None
    other = turned(terms, last)
    if isinstance(other, Sized):
        assert (other.quantity, other.code, row["Leaves"]) == (0, row["Verdict"], "")
        return
    assert told(Sized(10), other).code == row["Verdict"]
    verb = "sells" if other.side is Side.SELL else "buys"
    stop = "" if other.trigger is None else f"stop {plain(other.trigger)} "
    assert other.price is not None
    assert f"{verb} {stop}limit {plain(other.price)}" == row["Leaves"]
    assert (other.quantity, other.validity) == (terms.quantity, terms.validity)
