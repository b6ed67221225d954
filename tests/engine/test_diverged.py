"""An order that is changed or cancelled at the broker, and not by us (docs/safety.md 9.31)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import msgspec
import pytest

from copytrade_gui.domain.events import Alarm, Event, OrderChanged
from copytrade_gui.domain.ids import BrokerOrderId
from copytrade_gui.domain.instrument import Exchange, InstrumentKey
from copytrade_gui.domain.order import OrderType, Product, State, Validity
from copytrade_gui.ports import BrokerOrder, Read
from tests.engine.book_reads import Doubt, with_a_doubt

LATER_NS = 5_000_000_000
Spoil = Callable[[BrokerOrder], BrokerOrder]


class Copy:
    """A follower's order that works at the broker, and what the operator is told of it."""

    def __init__(self, doubt: Doubt) -> None:
        self.doubt = doubt
        self.sent = doubt.order.intent.terms.quantity
        self.told: list[Alarm] = []
        self.views: list[OrderChanged] = []
        doubt.console.engine.bus.subscribe(self._hear)
        self.start_ns = doubt.console.world.time.wall_ns()
        self.first = doubt.row(updated_ns=self.start_ns)
        doubt.read(self.first)
        assert doubt.state() is State.WORKING

    def _hear(self, event: Event) -> None:
        if isinstance(event, Alarm):
            self.told.append(event)
        elif isinstance(event, OrderChanged):
            self.views.append(event)

    def shows(self, after_s: float = 5, **changes: object) -> None:
        """One read of the book, with the row changed by so many seconds after the first."""
        fields = {"updated_ns": self.start_ns + int(after_s * 1e9)} | changes
        self.doubt.read(self.doubt.row(**fields))  # type: ignore[arg-type]  # fields by name

    @property
    def words(self) -> str:
        mark = self.doubt.order.diverged
        return "" if mark is None else mark.in_words

    @property
    def alarms(self) -> list[str]:
        return [alarm.sentence for alarm in self.told if alarm.code == "diverged"]


def with_a_copy(test: Callable[[Copy], None]) -> None:
    with_a_doubt(lambda doubt: test(Copy(doubt)))


def test_a_copy_made_larger_fills_at_its_new_quantity_and_halts_nobody() -> None:
    def test(copy: Copy) -> None:
        larger = copy.sent + 10
        copy.shows(quantity=larger)
        assert copy.words == f"quantity {copy.sent} → {larger}"
        assert copy.views[-1].order.diverged is not None
        copy.shows(8, quantity=larger, filled_quantity=copy.sent + 5)
        assert copy.doubt.state() is State.PARTIAL
        copy.shows(9, quantity=larger, filled_quantity=larger, state=State.FILLED)
        assert copy.doubt.state() is State.FILLED
        assert copy.doubt.order.filled == larger
        assert not copy.doubt.halted()
        (sentence,) = copy.alarms
        assert "not by us" in sentence
        assert "F001" in sentence

    with_a_copy(test)


def test_a_copy_made_smaller_is_filled_at_its_new_quantity() -> None:
    def test(copy: Copy) -> None:
        copy.shows(quantity=4, filled_quantity=4, state=State.FILLED)
        assert copy.doubt.state() is State.FILLED
        assert copy.words == f"quantity {copy.sent} → 4"

    with_a_copy(test)


def test_more_than_the_changed_quantity_is_an_overfill() -> None:
    def test(copy: Copy) -> None:
        copy.shows(quantity=copy.sent + 10, filled_quantity=copy.sent + 11)
        assert copy.doubt.halted()

    with_a_copy(test)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda row: replace(row, price=row.price - 1), "price"),
        (lambda row: replace(row, order_type=OrderType.MARKET, price=Decimal(0)), "type"),
        (lambda row: replace(row, product=Product.DELIVERY), "product"),
        (lambda row: replace(row, validity=Validity.IOC), "validity"),
        (
            lambda row: replace(row, order_type=OrderType.SL, trigger=Decimal(90)),
            "trigger none → 90.00, type LIMIT → SL",
        ),
    ],
)
def test_other_changes_are_named_with_both_values(spoil: Spoil, words: str) -> None:
    def test(copy: Copy) -> None:
        copy.doubt.read(spoil(copy.first))
        assert copy.words.startswith(words)
        assert "→" in copy.words
        assert len(copy.alarms) == 1
        copy.doubt.read(spoil(copy.first))
        assert len(copy.alarms) == 1  # told once

    with_a_copy(test)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda row: replace(row, price=Decimal(0)),
        lambda row: replace(row, price=row.price * 100),
        lambda row: replace(row, price=row.price + Decimal("0.004")),
        lambda row: replace(row, price=row.price.quantize(Decimal("0.0001"))),
        lambda row: replace(
            row, price=row.price - 2, average_price=row.price - 2, filled_quantity=3
        ),
        lambda row: replace(row, trigger=Decimal("12.5")),
        lambda row: replace(row, product=None, validity=None, order_type=None),
        lambda row: replace(row, state=None, status_text="on hold", quantity=99),
        lambda row: replace(row, state=State.ACKED, price=row.price + 3),
        lambda row: replace(row, state=State.MODIFY_PENDING, quantity=99),
        lambda row: replace(row, state=State.CANCELLED, quantity=3, rejection_reason="RMS: off"),
        lambda row: replace(row, state=State.EXPIRED, price=Decimal(1)),
    ],
)
def test_the_brokers_manners_are_no_divergence(spoil: Spoil) -> None:
    def test(copy: Copy) -> None:
        copy.doubt.read(spoil(copy.first))
        assert copy.words == ""
        assert not copy.alarms
        assert not copy.doubt.halted()

    with_a_copy(test)


@pytest.mark.parametrize(
    ("sent", "shown", "words"),
    [
        (OrderType.MARKET, OrderType.LIMIT, ""),
        (OrderType.SLM, OrderType.SL, ""),
        (OrderType.SLM, OrderType.MARKET, ""),
        (OrderType.SL, OrderType.LIMIT, ""),
        (OrderType.SL, OrderType.MARKET, "type SL → MARKET"),
        (OrderType.LIMIT, OrderType.SL, "type LIMIT → SL"),
    ],
)
def test_a_type_shown_as_what_it_becomes_is_the_same(
    sent: OrderType, shown: OrderType, words: str
) -> None:
    def test(copy: Copy) -> None:
        intent = copy.doubt.order.intent
        price = intent.terms.price if sent.has_price else None
        trigger = intent.terms.price if sent.has_trigger else None
        terms = replace(intent.terms, order_type=sent, price=price, trigger=trigger)
        copy.doubt.order.intent = msgspec.structs.replace(intent, terms=terms)
        copy.shows(order_type=shown, price=copy.first.price)
        assert copy.words == words

    with_a_copy(test)


def test_a_status_we_do_not_know_proves_no_change_and_is_told() -> None:
    def test(copy: Copy) -> None:
        for filled in (copy.sent, copy.sent + 5):
            copy.shows(quantity=20, filled_quantity=filled, state=None, status_text="on hold")
        assert copy.words == ""
        assert copy.doubt.state() is State.WORKING
        assert [alarm.code for alarm in copy.told] == ["unmapped"]
        copy.shows(quantity=20, filled_quantity=20, state=State.FILLED)
        assert copy.doubt.state() is State.FILLED
        assert not copy.doubt.halted()

    with_a_copy(test)


def test_a_commodity_counted_in_units_is_no_change_but_halts_as_it_did() -> None:
    def test(copy: Copy) -> None:
        intent = copy.doubt.order.intent
        key = InstrumentKey(Exchange.MCXCOMM, "443")
        instrument = replace(intent.terms.instrument, key=key, lot_size=100)
        copy.doubt.order.intent = msgspec.structs.replace(
            intent, terms=replace(intent.terms, instrument=instrument)
        )
        copy.shows(quantity=copy.sent * 100)
        assert copy.words == ""
        copy.shows(quantity=copy.sent * 100, filled_quantity=500)
        assert copy.doubt.halted()

    with_a_copy(test)


def test_only_a_complete_book_shows_a_divergence() -> None:
    def test(copy: Copy) -> None:
        stranger = copy.doubt.row("S1", tag="", quantity=1)
        copy.doubt.read(copy.first, stranger)
        larger = copy.sent + 10
        late = copy.start_ns + LATER_NS
        # The stranger's order is gone, so the book is short: it proves no change, and no overfill.
        copy.shows(quantity=larger, filled_quantity=copy.sent + 5, state=State.PARTIAL)
        copy.shows(quantity=larger, filled_quantity=copy.sent + 5, state=State.CANCELLED)
        assert copy.words == ""
        assert not copy.doubt.halted()
        assert copy.doubt.state() is State.WORKING
        copy.doubt.read(
            copy.doubt.row(quantity=larger, filled_quantity=copy.sent + 5, updated_ns=late),
            stranger,
        )
        assert copy.words == f"quantity {copy.sent} → {larger}"
        assert copy.doubt.order.filled == copy.sent + 5

    with_a_copy(test)


def test_a_stale_book_does_not_change_it_back_and_forth() -> None:
    def test(copy: Copy) -> None:
        copy.shows(5, quantity=20)
        copy.shows(9, quantity=30)
        for _ in range(3):
            copy.shows(0, quantity=copy.sent)
            copy.shows(5, quantity=20)
        assert copy.words == f"quantity {copy.sent} → 30"
        assert len(copy.alarms) == 2
        # Of the very same second only what was never seen is news.
        copy.shows(9, quantity=20)
        copy.shows(9, quantity=40)
        copy.shows(9, quantity=30)
        assert copy.words == f"quantity {copy.sent} → 40"

    with_a_copy(test)


def test_a_copy_changed_back_stays_marked_and_counts_what_was_sent() -> None:
    def test(copy: Copy) -> None:
        copy.shows(5, quantity=20)
        copy.shows(9)
        assert copy.words == "changed back to what was sent"
        copy.shows(12, filled_quantity=copy.sent, state=State.FILLED)
        assert copy.doubt.state() is State.FILLED

    with_a_copy(test)


def test_without_stamps_a_completed_row_is_believed() -> None:
    def test(copy: Copy) -> None:
        copy.shows(quantity=20, updated_ns=None)
        copy.shows(quantity=copy.sent, updated_ns=None)
        assert copy.words == f"quantity {copy.sent} → 20"
        copy.shows(filled_quantity=copy.sent, state=State.FILLED, updated_ns=None)
        assert copy.doubt.state() is State.FILLED

    with_a_copy(test)


def test_a_cancel_nobody_here_asked_for_is_told_without_naming_who_did_it() -> None:
    def test(copy: Copy) -> None:
        copy.shows(state=State.CANCELLED)
        assert copy.doubt.state() is State.CANCELLED
        assert copy.words == "cancelled at the broker"
        (sentence,) = copy.alarms
        assert "cancelled at the broker, not by us" in sentence
        assert copy.views[-1].order.reason == "Cancelled at the broker, not by this program."
        assert copy.views[-1].order.diverged is not None
        copy.shows(state=State.CANCELLED)
        assert len(copy.alarms) == 1

    with_a_copy(test)


def test_a_change_and_then_a_cancel_are_told_as_two() -> None:
    def test(copy: Copy) -> None:
        copy.shows(5, quantity=20)
        copy.shows(9, quantity=20, filled_quantity=15, state=State.CANCELLED)
        assert copy.words == f"quantity {copy.sent} → 20, then cancelled at the broker"
        assert len(copy.alarms) == 2
        assert not copy.doubt.halted()

    with_a_copy(test)


def test_made_larger_filled_and_cancelled_between_two_reads_is_no_overfill() -> None:
    def test(copy: Copy) -> None:
        copy.shows(quantity=20, filled_quantity=15, state=State.CANCELLED)
        assert copy.doubt.state() is State.CANCELLED
        assert copy.doubt.order.filled == 15
        assert not copy.doubt.halted()
        assert len(copy.alarms) == 1

    with_a_copy(test)


@pytest.mark.parametrize(
    ("hour", "product", "diverged"),
    [
        (10, Product.INTRADAY, True),
        (15 + 10 / 60, Product.INTRADAY, False),  # brokers square off before the close
        (15 + 10 / 60, Product.DELIVERY, True),
        (15.5, Product.DELIVERY, True),  # the closing auction
        (15.6, Product.DELIVERY, False),
        (20, Product.DELIVERY, False),
    ],
)
def test_what_the_hour_explains_is_nobodys_doing(
    hour: float, product: Product, diverged: bool
) -> None:
    def test(copy: Copy) -> None:
        intent = copy.doubt.order.intent
        terms = replace(intent.terms, product=product)
        copy.doubt.order.intent = msgspec.structs.replace(intent, terms=terms)
        midnight_ns = copy.start_ns - copy.start_ns % 86_400_000_000_000 - 19_800_000_000_000
        at_ns = midnight_ns + int(hour * 3_600 * 1e9)
        copy.shows(state=State.CANCELLED, updated_ns=at_ns, product=product)
        assert copy.doubt.state() is State.CANCELLED
        assert bool(copy.words) is diverged

    with_a_copy(test)


def test_a_reason_of_the_broker_explains_a_cancel_and_is_shown() -> None:
    def test(copy: Copy) -> None:
        copy.shows(state=State.CANCELLED, rejection_reason="RMS: Auto Square Off")
        assert copy.words == ""
        assert copy.doubt.order.reason == "RMS: Auto Square Off"

    with_a_copy(test)


def test_the_rest_of_an_ioc_order_is_nobodys_doing() -> None:
    def test(copy: Copy) -> None:
        copy.shows(state=State.CANCELLED, validity=Validity.IOC, filled_quantity=3)
        assert copy.words == ""

    with_a_copy(test)


def test_a_cancel_that_was_asked_for_here_is_ours() -> None:
    def test(copy: Copy) -> None:
        copy.doubt.order.cancel_requested = True
        copy.shows(state=State.CANCELLED)
        assert copy.words == ""
        assert copy.doubt.order.reason == ""

    with_a_copy(test)


def test_trades_of_a_copy_made_larger_may_be_read_before_its_row() -> None:
    def test(copy: Copy) -> None:
        order, sent = copy.doubt.order, copy.sent
        trades = Read((copy.doubt.trade("T1", "B1", sent + 5),), whole=True)
        copy.doubt.read(copy.first, trades=trades)  # the row of before the change
        assert not copy.doubt.halted()
        late = copy.start_ns + LATER_NS
        row = copy.doubt.row(quantity=20, filled_quantity=sent + 5, updated_ns=late)
        copy.doubt.read(row, trades=trades)
        assert not copy.doubt.halted()
        assert order.ordered == 20

    with_a_copy(test)


def test_trades_above_what_the_row_says_halt_at_the_second_look() -> None:
    def test(copy: Copy) -> None:
        trades = Read((copy.doubt.trade("T1", "B1", copy.sent + 5),), whole=True)
        copy.doubt.read(copy.first, trades=trades)
        copy.doubt.read(copy.first, whole=False, trades=trades)  # tells nothing
        assert not copy.doubt.halted()
        copy.doubt.read(copy.first, trades=trades)
        assert copy.doubt.halted()

    with_a_copy(test)


def test_a_row_that_a_person_calls_ours_is_marked_with_its_own_quantity() -> None:
    def test(doubt: Doubt) -> None:
        larger = doubt.order.intent.terms.quantity + 5
        doubt.read(doubt.row(quantity=larger))
        assert doubt.state() is State.REVIEW
        engine = doubt.console.engine
        assert engine.decisions.found(doubt.order.intent.intent_id, BrokerOrderId("B1"), "seen")
        doubt.read(doubt.row(quantity=larger, filled_quantity=larger, state=State.FILLED))
        assert doubt.state() is State.FILLED
        assert doubt.order.diverged is not None
        assert not doubt.halted()

    with_a_doubt(test)
