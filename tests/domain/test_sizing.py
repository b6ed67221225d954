"""What each sizing rule gives, why it gives nothing, and how it is typed."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copytrade_gui.domain.money import Paise, paise
from copytrade_gui.domain.order import MAX_QUANTITY
from copytrade_gui.domain.sizing import (
    MasterOrder,
    Override,
    Rounding,
    RuleProblem,
    RuleTexts,
    SizingRule,
    Strategy,
    problem_with,
    read_rule,
    rule_texts,
    size,
    understood,
)

LAKH = paise(Decimal(100_000))
ORDER = MasterOrder(195, 75, Decimal(100), Decimal(98), Paise(LAKH * 4), ("NIFTY-FUT", "NIFTY"))


def rule(strategy: str, value: str = "1", **more: object) -> SizingRule:
    return SizingRule(Strategy(strategy), Decimal(value), **more)  # type: ignore[arg-type]  # by name


@pytest.mark.parametrize(
    ("chosen", "gets", "code"),
    [
        (rule("ratio", "0.5"), 75, ""),  # 97.5: one lot of 75
        (rule("ratio", "2"), 375, ""),
        (rule("ratio", "2", max_quantity=160), 150, "capped"),
        (rule("ratio", "2", max_quantity=375), 375, ""),
        (rule("ratio", "2", max_quantity=390), 375, ""),
        (rule("ratio", "2", max_quantity=74), 0, "zero"),
        (rule("ratio", "0.1", min_quantity=75), 75, "raised_to_min"),
        (rule("ratio", "0.1", min_quantity=76), 150, "raised_to_min"),
        (rule("ratio", "0.5", min_quantity=75), 75, ""),
        (rule("ratio", "0.5", min_quantity=100, max_quantity=140), 0, "no_lot_in_clamps"),
        (rule("ratio", "0.5", rounding=Rounding.NEAREST), 75, ""),  # 1.3 lots
        (rule("ratio", "0.6", rounding=Rounding.NEAREST), 150, ""),  # 1.56 lots
        (rule("ratio", "2.5", rounding=Rounding.NEAREST), 450, ""),  # 6.5 lots: a half goes down
        (rule("ratio", "0.6", rounding=Rounding.NEAREST, max_quantity=149), 75, "capped"),
        (rule("ratio", "300000"), 0, "above_limit"),
        (rule("ratio", "300000", max_quantity=1_000), 975, "capped"),
        (rule("mirror"), 150, ""),
        (rule("fixed", "150"), 150, ""),
        (rule("fixed", "149"), 75, ""),
        (rule("lots", "3"), 225, ""),
        (rule("capital_percent", "10"), 75, ""),  # 10,000 rupees at 100 are 100 units
        (rule("equity"), 0, "zero"),  # a quarter of 195
        (rule("equity", "2"), 75, ""),
        (rule("rupees", "22500"), 225, ""),
        (rule("risk_rupees", "500"), 225, ""),  # 2 rupees a unit: 250
        (rule("risk_percent", "1"), 450, ""),  # 1,000 rupees: 500
        (rule("ratio", "-1"), 0, "bad_rule"),
        (rule("ratio", "NaN"), 0, "bad_rule"),
        (rule("ratio", "Infinity"), 0, "bad_rule"),
        (rule("capital_percent", "101"), 0, "above_limit"),
        (rule("ratio", "1E-999999", rounding=Rounding.CARRY), 0, "zero"),
    ],
)
def test_what_a_rule_gives(chosen: SizingRule, gets: int, code: str) -> None:
    sized = size(chosen, ORDER, LAKH)
    assert (sized.quantity, sized.code) == (gets, code)
    assert bool(sized.reason) == bool(code)


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        (
            rule("ratio", "0.1"),
            "0.1 x gives 19, below one lot of 75; 10 lots of the master's",
        ),
        (rule("equity"), "1 x funds gives 48, below one lot of 75; 4 lots of the master's would"),
        (rule("fixed", "50"), "50 fixed gives 50, below one lot of 75; a value of 75 would reach"),
        (
            rule("capital_percent", "7"),
            "7 % of capital gives 70, below one lot of 75; a value of 7.5 would reach it.",
        ),
        (rule("rupees", "1000"), "₹1,000 an order gives 10, below one lot of 75; a value of 7,500"),
        (rule("ratio", "1E-50"), "1E-50 x gives 0, below one lot of 75."),
        (rule("ratio", "2", max_quantity=160), "2 x gives 390; cut to 150, as at most 160 are"),
        (rule("ratio", "0.1", min_quantity=76), "0.1 x gives 19; raised to 150, the least agreed."),
        (rule("fixed", "75", max_quantity=50), "At most 50 are agreed, below one lot of 75."),
    ],
)
def test_a_verdict_says_its_numbers_and_what_would_help(chosen: SizingRule, said: str) -> None:
    assert said in size(chosen, ORDER, LAKH).reason


def test_what_is_more_than_all_the_capital_is_said() -> None:
    sized = size(rule("capital_percent", "50"), ORDER, paise(Decimal(7_000)))
    assert sized.reason.endswith("below one lot of 75; even 100 would not reach it.")


@pytest.mark.parametrize(
    ("chosen", "order", "capital", "code"),
    [
        (rule("capital_percent", "10"), ORDER, None, "no_capital"),
        (rule("capital_percent", "10"), MasterOrder(1, 1, Decimal(0)), LAKH, "no_price"),
        (rule("rupees", "10"), MasterOrder(1, 1), LAKH, "no_price"),
        (rule("equity"), ORDER, None, "no_capital"),
        (rule("equity"), MasterOrder(1, 1), LAKH, "no_master_capital"),
        (rule("equity"), MasterOrder(1, 1, capital=Paise(0)), LAKH, "no_master_capital"),
        (rule("equity"), ORDER, Paise(-5), "zero"),
        (rule("risk_rupees", "10"), MasterOrder(1, 1, Decimal(9)), LAKH, "no_stop"),
        (rule("risk_rupees", "10"), MasterOrder(1, 1, Decimal(9), Decimal(9)), LAKH, "no_stop"),
        (rule("risk_percent", "1"), MasterOrder(1, 1, None, Decimal(9)), LAKH, "no_price"),
        (rule("risk_percent", "1"), ORDER, None, "no_capital"),
        (rule("capital_percent", "1", min_quantity=75), ORDER, Paise(0), "zero"),
    ],
)
def test_a_missing_fact_is_a_verdict_and_never_a_guess(
    chosen: SizingRule, order: MasterOrder, capital: Paise | None, code: str
) -> None:
    sized = size(chosen, order, capital)
    assert (sized.quantity, sized.code) == (0, code)
    assert sized.reason.endswith(".")


def exact(strategy: Strategy, value: Fraction, order: MasterOrder, capital: int) -> Fraction:
    """What each rule gives, written out again in fractions of rupees."""
    assert order.price is not None
    assert order.stop is not None
    assert order.capital is not None
    price, distance = Fraction(order.price), abs(Fraction(order.price) - Fraction(order.stop))
    rupees = Fraction(capital, 100)
    return {
        Strategy.RATIO: value * order.quantity,
        Strategy.MIRROR: Fraction(order.quantity),
        Strategy.FIXED: value,
        Strategy.LOTS: value * order.lot_size,
        Strategy.EQUITY: value * order.quantity * capital / order.capital,
        Strategy.CAPITAL_PERCENT: rupees * value / 100 / price,
        Strategy.RUPEES: value / price,
        Strategy.RISK_RUPEES: value / distance,
        Strategy.RISK_PERCENT: rupees * value / 100 / distance,
    }[strategy]


@settings(max_examples=300)
@given(
    strategy=st.sampled_from(Strategy),
    rounding=st.sampled_from([Rounding.DOWN, Rounding.NEAREST]),
    value=st.decimals("0.01", "100", places=2),
    quantity=st.integers(1, 1_000_000),
    lot=st.integers(1, 2_000),
    price=st.decimals("0.05", "100000", places=2),
    distance=st.decimals("0.05", "100", places=2),
    funds=st.tuples(st.integers(0, 10**13), st.integers(1, 10**13)),
    most=st.none() | st.integers(1, 100_000),
    times=st.just(Decimal(1)) | st.decimals("0.01", "1000", places=2),
)
def test_whole_lots_never_more_than_the_rule_allows_nor_a_lot_less(
    strategy: Strategy,
    rounding: Rounding,
    value: Decimal,
    quantity: int,
    lot: int,
    price: Decimal,
    distance: Decimal,
    funds: tuple[int, int],
    most: int | None,
    times: Decimal,
) -> None:
    order = MasterOrder(quantity, lot, price, price + distance, Paise(funds[1]))
    rounded = SizingRule(strategy, value, most, rounding=rounding)
    sized = size(rounded, order, Paise(funds[0]), times=times)
    share = exact(strategy, Fraction(value), order, funds[0]) * Fraction(times)
    slack = Fraction(lot, 2) if rounding is Rounding.NEAREST else Fraction(0)
    allowed = min(share + slack, Fraction(MAX_QUANTITY if most is None else most))
    assert sized.quantity % lot == 0
    assert sized.quantity <= allowed
    assert (sized.quantity == 0) <= bool(sized.reason)
    if sized.code != "above_limit":
        assert sized.quantity + lot >= allowed, "a whole lot more was allowed"


def test_an_override_rules_its_instrument_alone_and_the_closest_name_wins() -> None:
    chosen = rule(
        "ratio",
        "1",
        overrides=(
            Override("NSEFO", rule("ratio", "5")),
            Override("NIFTY", rule("lots", "4", max_quantity=150)),
            Override("NIFTY-FUT", rule("lots", "3")),
        ),
    )

    def gets(*names: str) -> int:
        return size(chosen, MasterOrder(75, 75, names=names)).quantity

    assert gets("NIFTY-FUT", "NIFTY", "NSEFO") == 225
    assert gets("NIFTY-CE", "NIFTY", "NSEFO") == 150
    assert gets("BANK", "BANKNIFTY", "NSEFO") == 375
    assert gets("NIFTY-BEES", "", "NSEEQ") == 75


CLAMPS = st.none() | st.integers(1, MAX_QUANTITY)
VALUES = st.decimals("0.01", "100", places=2)
WORDS = st.from_regex(r"[A-Z][A-Z0-9&-]{0,9}( [A-Z0-9]{1,5})?", fullmatch=True)


@st.composite
def rules(draw: st.DrawFn, *, plain: bool = False) -> SizingRule:
    strategy = draw(st.sampled_from(Strategy))
    bounds = strategy.kind.bounds
    value = Decimal(1) if bounds is None else draw(VALUES)
    if bounds is not None and bounds.whole:
        value = Decimal(int(value) + 1)
    clamps = sorted((draw(CLAMPS) or 0, draw(CLAMPS) or 0))
    least, most = clamps[0] or None, clamps[1] or None
    if plain:
        return SizingRule(strategy, value, most, least)
    names = draw(st.lists(WORDS, max_size=3, unique=True))
    names = [name for name in names if not {*name.lower().split()[1:]} & {*Strategy}]
    return SizingRule(
        strategy,
        value,
        most,
        least,
        draw(st.sampled_from(Rounding)),
        draw(st.booleans()),
        tuple(Override(name, draw(rules(plain=True))) for name in names),
    )


@settings(max_examples=100)
@given(rules())
def test_a_rule_written_as_texts_is_read_again_alike(chosen: SizingRule) -> None:
    assert read_rule(rule_texts(chosen)) == chosen
    assert problem_with(chosen) is None


@pytest.mark.parametrize(
    ("texts", "field", "said"),
    [
        (RuleTexts("Half", "1"), "strategy", 'Strategy "Half" is not known. Use one of: ratio, mi'),
        (RuleTexts("ratio", ""), "parameter", "Value is empty. Write a number such as 0.5."),
        (RuleTexts("ratio", "0"), "parameter", "Value must be above 0."),
        (RuleTexts("mirror", "5"), "parameter", 'Value "5" means nothing for mirror'),
        (RuleTexts("fixed", "7.5"), "parameter", "is not a whole number"),
        (RuleTexts("equity", "1001"), "parameter", "above 1,000, the largest multiple of the fund"),
        (RuleTexts("rupees", "11cr"), "parameter", "the most an exchange takes in one order"),
        (RuleTexts("ratio", "1", "x"), "max_quantity", "Most units"),
        (RuleTexts("ratio", "1", "", "-1"), "min_quantity", "Least units must be above 0"),
        (RuleTexts("ratio", "1", "10", "20"), "min_quantity", "Least units 20 is above most units"),
        (RuleTexts("ratio", "1", rounding="up"), "rounding", "Use one of: down, nearest, carry."),
        (RuleTexts("ratio", "1", reverse="maybe"), "reverse", "must be yes or no"),
        (RuleTexts("ratio", "1", overrides="NIFTY 2"), "overrides", "names no strategy"),
        (RuleTexts("ratio", "1", overrides="lots 2"), "overrides", "names no strategy"),
        (RuleTexts("ratio", "1", overrides="A lots"), "overrides", "Override A: Value is empty."),
        (
            RuleTexts("ratio", "1", overrides="A lots x"),
            "overrides",
            'Override A: Value "x" is',
        ),
        (RuleTexts("ratio", "1", overrides="A lots 2 3"), "overrides", "behind its value"),
        (RuleTexts("ratio", "1", overrides="A lots 2 max"), "overrides", "behind its value"),
        (RuleTexts("ratio", "1", overrides="A lots 2 max 3 MAX 4"), "overrides", "once each"),
        (
            RuleTexts("ratio", "1", overrides="A lots 2; a lots 3"),
            "overrides",
            '"A" stands',
        ),
        (
            RuleTexts("ratio", "1", overrides=";".join(f"A{n} lots 1" for n in range(51))),
            "overrides",
            "more than 50",
        ),
    ],
)
def test_what_is_no_rule_is_one_sentence_about_its_field(
    texts: RuleTexts, field: str, said: str
) -> None:
    read = read_rule(texts)
    assert isinstance(read, RuleProblem)
    assert read.field == field
    assert said in read.sentence
    assert len(read.sentence) < 240


@settings(max_examples=200)
@given(st.builds(RuleTexts, *[st.sampled_from([*Strategy, "x"])], *[st.text(max_size=30)] * 6))
def test_any_texts_are_a_rule_or_one_sentence(texts: RuleTexts) -> None:
    read = read_rule(texts)
    if isinstance(read, RuleProblem):
        assert len(read.sentence) < 400
    else:
        assert problem_with(read) is None
    assert len(understood(texts)) < 200


def test_a_rule_is_said_as_a_trader_says_it() -> None:
    full = SizingRule(
        Strategy.RATIO, Decimal("0.5"), 1_800, 75, Rounding.CARRY, reverse=True,
        overrides=(Override("NIFTY", rule("lots", "2")),),
    )  # fmt: skip
    assert full.in_words() == "0.5 x, max 1,800, min 75, rest carried, reversed, 1 override"
    assert rule("rupees", "50000").in_words() == "₹50,000 an order"
    assert rule("mirror").in_words() == "1:1"
    assert (
        understood(RuleTexts("ratio", "1l", "2k"))
        == "1 lakh = 1,00,000 x, 2 thousand = 2,000 units"
    )
