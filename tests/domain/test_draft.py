"""A ticket as typed: numbers, stops on the wrong side, and what it warns of."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copytrade_gui.domain.capabilities import Capabilities
from copytrade_gui.domain.caution import Portion, cautions
from copytrade_gui.domain.draft import Draft, FieldProblem, read_draft
from copytrade_gui.domain.freeze import FreezeTable
from copytrade_gui.domain.instrument import Exchange, Instrument, InstrumentKey, InstrumentKind
from copytrade_gui.domain.money import Paise
from copytrade_gui.domain.order import (
    MAX_QUANTITY,
    FanOut,
    OrderTerms,
    OrderType,
    Product,
    Side,
    Validity,
)
from tests.domain.test_number import HARD

TODAY = date(2026, 11, 25)
SHARE = Instrument(
    InstrumentKey(Exchange.NSEEQ, "2885"), "RELIANCE", "Reliance Industries", "RELIANCE",
    InstrumentKind.EQUITY, 1, Decimal("0.05"),
)  # fmt: skip
FUTURE = Instrument(
    InstrumentKey(Exchange.NSEFO, "53001"), "NIFTY 29DEC FUT", "Nifty December", "NIFTY",
    InstrumentKind.FUTURE, 65, Decimal("0.05"), None, date(2026, 12, 29),
)  # fmt: skip
LAST = Decimal("1550.00")
TICKET = Draft(
    instrument=SHARE,
    side=Side.BUY,
    quantity="10",
    in_lots=False,
    product=Product.INTRADAY,
    order_type=OrderType.LIMIT,
    validity=Validity.DAY,
    price="1550",
    trigger="",
    fan_out=FanOut.WITH_MASTER,
)


def terms(draft: Draft, last: Decimal | None = LAST) -> OrderTerms:
    read = read_draft(draft, TODAY, last)
    assert isinstance(read, OrderTerms), read
    return read


def problem(draft: Draft, last: Decimal | None = LAST) -> FieldProblem:
    read = read_draft(draft, TODAY, last)
    assert isinstance(read, tuple)
    (only,) = read
    return only


@pytest.mark.parametrize(
    ("typed", "sentence", "suggestion"),
    [
        ("1e4300", 'Quantity "1e4300" is not a number; write all its digits, without an E.', ""),
        ("7e52190", 'Quantity "7e52190" is not a number; write all its digits, without an E.', ""),
        ("1e1000000", 'Quantity "1e1000000" is not a number; write all its digits, ', ""),
        ("1e-999999", 'Quantity "1e-999999" is not a number; write all its digits, ', ""),
        ("0,5", 'Quantity "0,5" is not a number; write a whole number of units such as 1.', ""),
        ("1,00,00", 'Quantity "1,00,00" is not a number; write 10000.', "10000"),
        ("6cr", "Quantity 6,00,00,000 is above 5,00,00,000, the broker's most for one order.", ""),
        ("9" * 19, "is above 5,00,00,000, the broker's most for one order. Write less.", ""),
        ("9" * 4300, "4,300 characters and is not a number.", ""),
        ("0", "Quantity must be above 0. Type at least 1.", "1"),
        ("1.5", "Quantity 1.5 is not a whole number. Write a whole number of units such as 1.", ""),
    ],
)
def test_what_is_no_quantity_is_told_under_its_field(
    typed: str, sentence: str, suggestion: str
) -> None:
    told = problem(replace(TICKET, quantity=typed))
    assert told.field == "quantity"
    assert sentence in told.sentence
    assert told.suggestion == suggestion


@pytest.mark.parametrize(
    ("takes", "change", "field", "sentence", "suggestion"),
    [
        (
            Capabilities(order_types=frozenset({OrderType.LIMIT, OrderType.SL})),
            {"order_type": OrderType.MARKET, "price": ""},
            "order_type",
            "The broker takes no MARKET orders. Choose LIMIT or SL.",
            "LIMIT",
        ),
        (
            Capabilities(products=frozenset({Product.NORMAL})),
            {},
            "product",
            "The broker takes no INTRADAY orders. Choose NORMAL.",
            "NORMAL",
        ),
        (
            Capabilities(delivery_on=frozenset({Exchange.BSEEQ})),
            {"product": Product.DELIVERY},
            "product",
            "DELIVERY is for BSE shares. Choose NORMAL or INTRADAY.",
            "NORMAL",
        ),
        (
            Capabilities(validities=frozenset({Validity.DAY})),
            {"validity": Validity.IOC},
            "validity",
            "The broker takes no IOC orders. Choose DAY.",
            "DAY",
        ),
        (
            Capabilities(no_ioc_on=frozenset({Exchange.NSEEQ})),
            {"validity": Validity.IOC},
            "validity",
            "NSE takes no IOC orders from a program. Choose DAY.",
            "DAY",
        ),
        (
            Capabilities(exchanges=frozenset({Exchange.NSEFO})),
            {},
            "instrument",
            "The broker takes no orders for NSEEQ. Pick another instrument.",
            "",
        ),
        (
            Capabilities(most_units=9),
            {},
            "quantity",
            "Quantity 10 is above 9, the broker's most for one order. Write less.",
            "",
        ),
    ],
)
def test_what_the_broker_does_not_take_is_told_under_its_field(
    takes: Capabilities, change: dict[str, object], field: str, sentence: str, suggestion: str
) -> None:
    ticket = replace(TICKET, **change)  # type: ignore[arg-type]  # of several fields
    assert isinstance(read_draft(ticket, TODAY, LAST), OrderTerms)  # another broker takes it
    assert read_draft(ticket, TODAY, LAST, takes) == (FieldProblem(field, sentence, suggestion),)


def test_lots_are_bounded_in_units() -> None:
    ticket = replace(TICKET, instrument=FUTURE, in_lots=True)
    assert terms(replace(ticket, quantity="2")).quantity == 130
    told = problem(replace(ticket, quantity="10,00,000"))
    assert told.sentence.startswith("Quantity 6,50,00,000 is above 5,00,00,000, the broker's most")


@pytest.mark.parametrize("typed", ["1e27", "1e-27", "10000000.05", "9" * 30, "1550,5", "-1"])
def test_what_is_no_price_is_told_under_its_field(typed: str) -> None:
    assert problem(replace(TICKET, price=typed)).field == "price"
    stop = replace(TICKET, order_type=OrderType.SLM, trigger=typed)
    assert problem(stop, None).field == "trigger"


@settings(max_examples=300, deadline=None)
@given(quantity=HARD, price=HARD, trigger=HARD, in_lots=st.booleans())
def test_any_ticket_is_terms_within_bounds_or_short_sentences(
    quantity: str, price: str, trigger: str, in_lots: bool
) -> None:
    draft = replace(
        TICKET,
        instrument=FUTURE,
        order_type=OrderType.SL,
        quantity=quantity,
        price=price,
        trigger=trigger,
        in_lots=in_lots,
    )
    read = read_draft(draft, TODAY, LAST)
    if isinstance(read, OrderTerms):
        assert 0 < read.quantity <= MAX_QUANTITY
        return
    for told in read:
        assert len(told.sentence) < 250
        assert told.sentence.isprintable()


@pytest.mark.parametrize("kind", [OrderType.SL, OrderType.SLM])
@pytest.mark.parametrize(
    ("side", "trigger", "sentence"),
    [
        (
            Side.SELL,
            "1560",
            (
                "A stop that sells must have its trigger below the last price 1550.00; 1560 would "
                "trigger at once. Lower it, or use LIMIT."
            ),
        ),
        (
            Side.BUY,
            "1540",
            (
                "A stop that buys must have its trigger above the last price 1550.00; 1540 would "
                "trigger at once. Raise it, or use LIMIT."
            ),
        ),
        (Side.SELL, "1550", "A stop that sells must have its trigger below the last price "),
        (Side.BUY, "1550", "A stop that buys must have its trigger above the last price "),
    ],
)
def test_a_stop_on_the_wrong_side_of_the_price_is_refused(
    kind: OrderType, side: Side, trigger: str, sentence: str
) -> None:
    price = str(Decimal(trigger) + (5 if side is Side.BUY else -5))
    told = problem(replace(TICKET, side=side, order_type=kind, trigger=trigger, price=price))
    assert told.field == "trigger"
    assert told.sentence.startswith(sentence)


@pytest.mark.parametrize(
    ("side", "trigger", "price"), [(Side.SELL, "1540", "1535"), (Side.BUY, "1560", "1565")]
)
def test_a_stop_on_its_own_side_passes(side: Side, trigger: str, price: str) -> None:
    for kind in (OrderType.SL, OrderType.SLM):
        draft = replace(TICKET, side=side, order_type=kind, trigger=trigger, price=price)
        assert terms(draft).trigger == Decimal(trigger)


def test_without_a_price_a_stop_passes_and_the_ticket_says_that_nobody_looked() -> None:
    draft = replace(TICKET, side=Side.SELL, order_type=OrderType.SLM, trigger="1600")
    (said,) = cautions(terms(draft, None), None, ())
    assert said == (
        "No price from the last seconds is known for RELIANCE: whether trigger 1,600 stands on "
        "the right side of it was not checked."
    )


@pytest.mark.parametrize(
    ("side", "typed", "last", "said"),
    [
        (Side.BUY, "1500", LAST, ""),
        (Side.SELL, "1600", LAST, ""),
        (Side.BUY, "1550", None, "The stop of a position that is bought stands below its price"),
        (Side.SELL, "1500", LAST, "The stop of a position that is sold stands above its price"),
        (Side.BUY, "15oo", LAST, 'Stop "15oo" is not a number'),
        (Side.BUY, "1500.03", LAST, "Stop 1500.03 is not a multiple of"),
    ],
)
def test_a_stop_to_size_by_stands_where_the_position_loses(
    side: Side, typed: str, last: Decimal | None, said: str
) -> None:
    draft = replace(TICKET, side=side, price="1550", stop=typed)
    read = read_draft(draft, TODAY, last)
    if said:
        assert isinstance(read, tuple)
        assert [problem.field for problem in read] == ["stop"]
        assert said in read[0].sentence
    else:
        assert isinstance(read, OrderTerms)
        assert read.stop == Decimal(typed)
        assert terms(replace(draft, stop=" ")).stop is None


# ------------------------------------------------------------ warnings, which never block


def lakhs(number: int) -> Paise:
    return Paise(number * 100_000 * 100)


def test_a_limit_far_from_the_price_is_named_in_per_cent() -> None:
    assert cautions(terms(replace(TICKET, price="604.50")), LAST, ()) == (
        "Limit 604.5 is 61 % below the last price 1,550.",
    )
    assert cautions(terms(replace(TICKET, price="1750")), LAST, ()) == (
        "Limit 1,750 is 12.9 % above the last price 1,550.",
    )
    assert cautions(terms(replace(TICKET, price="1500")), LAST, ()) == ()
    assert cautions(terms(replace(TICKET, price="604.50")), None, ()) == ()


def test_an_order_worth_more_than_its_account_is_named_in_rupees() -> None:
    large = terms(replace(TICKET, quantity="5,00,000"))
    crore = [
        Portion("Master", 500_000, lakhs(100)),
        Portion("Asha", 250_000, lakhs(100)),
        Portion("Ravi", 500, lakhs(100)),
        Portion("Unknown", 500_000, None),
    ]
    assert cautions(large, LAST, crore) == (
        (
            "The order of Master is worth ₹77,50,00,000, its free margin is ₹1,00,00,000, "
            "77.5 times as much. So in 2 accounts."
        ),
    )
    assert cautions(large, LAST, [Portion("Ravi", 3_000, lakhs(100))]) == ()
    delivery = replace(large, product=Product.DELIVERY)
    assert len(cautions(delivery, LAST, [Portion("Ravi", 6_500, lakhs(100))])) == 1
    assert cautions(large, LAST, [Portion("Empty", 1, Paise(0))]) == (
        "The order of Empty is worth ₹1,550, its free margin is ₹0.",
    )


def test_more_than_the_freeze_quantity_is_named() -> None:
    ticket = terms(replace(TICKET, instrument=FUTURE, quantity="2600", price="26000"), None)
    table = FreezeTable({(Exchange.NSEFO, "NIFTY"): 1_800}, date(2026, 2, 1))
    assert cautions(ticket, None, [Portion("Master", 2_600, None)], table) == (
        (
            "2,600 units for Master are above the freeze quantity of 1,800 for NIFTY (as of "
            "01 Feb 2026): it leaves in 2 orders."
        ),
    )
    assert cautions(ticket, None, [Portion("Master", 1_755, None)], table) == ()
