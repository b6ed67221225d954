"""An exit never opens: what of an order is an exit, and what a follower's copy of it may be."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copytrade_gui.domain.exits import (
    NO_COPIES,
    Copy,
    Entry,
    Exiting,
    Part,
    Reducing,
    against,
    opening_share,
    reducing,
    within_copy,
    without_its_rule,
)
from copytrade_gui.domain.order import Product, Side
from copytrade_gui.domain.sizing import Sized
from copytrade_gui.domain.sizing.ledger import NOTHING

BUY, SELL = Side.BUY, Side.SELL


@pytest.mark.parametrize(
    ("side", "quantity", "product", "nets", "unread", "exiting"),
    [
        (SELL, 10, Product.INTRADAY, (10,), 0, Exiting(10, 10, (10, 10))),
        (SELL, 10, Product.INTRADAY, (40,), 0, Exiting(10, 10, (40, 40))),
        (SELL, 10, Product.INTRADAY, (4,), 0, Exiting(4, 4, (4, 4))),
        (SELL, 10, Product.INTRADAY, (0,), 0, Exiting(0, 0, (0, 0))),  # a short is an entry
        (SELL, 10, Product.INTRADAY, (-5,), 0, Exiting(0, 0, (0, 0))),
        (BUY, 10, Product.NORMAL, (-5,), 0, Exiting(5, 5, (5, 5))),
        (SELL, 10, Product.NORMAL, (0, 10), 0, Exiting(0, 10, (0, 10))),  # one of both
        (SELL, 10, Product.NORMAL, (10, 30), 0, Exiting(10, 10, (10, 30))),  # all, or a third
        (SELL, 10, Product.INTRADAY, (0,), 7, Exiting(0, 7, (0, 7))),  # may have filled since
        (SELL, 10, Product.INTRADAY, (-5,), 7, Exiting(0, 2, (0, 2))),  # first they make it less
        (BUY, 10, Product.INTRADAY, (40,), 10, Exiting(0, 0, (0, 0))),  # a target beside it
        (SELL, 10, Product.INTRADAY, None, 0, Exiting(0, 10)),  # not known
        (BUY, 10, Product.INTRADAY, None, 0, Exiting(0, 10)),
        (SELL, 10, Product.DELIVERY, (0,), 0, Exiting(10, 10)),  # nothing is sold short there
        (BUY, 10, Product.DELIVERY, (-10,), 0, Exiting(0, 0)),
        (BUY, 10, Product.BNPL, None, 0, Exiting(0, 0)),
    ],
)
def test_what_of_a_masters_order_is_an_exit(
    side: Side,
    quantity: int,
    product: Product,
    nets: tuple[int, ...] | None,
    unread: int,
    exiting: Exiting,
) -> None:
    assert reducing(side, quantity, product, nets, unread) == exiting
    whole = exiting.position is None or len(set(exiting.position)) == 1
    assert exiting.known == (exiting.least == exiting.most and whole)


@pytest.mark.parametrize(
    ("ordered_here", "part"), [(40, (40, 40)), (10, (10, 10)), (4, (10, 10)), (0, None)]
)
def test_a_delivery_is_a_part_of_what_was_ordered_here(
    ordered_here: int, part: tuple[int, int] | None
) -> None:
    """What he holds from elsewhere is in no book; selling as much as was copied is all of it."""
    exiting = reducing(SELL, 10, Product.DELIVERY, (0,), 0, ordered_here)
    assert exiting == Exiting(10, 10, part)


def ratio(value: str) -> Entry:
    return lambda units, _carry: Sized(int(Decimal(value) * units))


@pytest.mark.parametrize(
    ("rule", "quantity", "position", "held", "coming", "gets", "code"),
    [
        ("0.7", 10, (10, 10), 7, 0, 7, ""),
        ("0.7", 10, (10, 10), 0, 0, 0, "no_copy_to_exit"),
        ("0.7", 10, (10, 10), 4, 0, 4, "cut_to_copy"),
        ("0.7", 10, (10, 10), 9, 0, 9, "exit_in_proportion"),  # the last exit closes exactly
        ("0.7", 10, (20, 20), 14, 0, 7, ""),
        ("0.7", 10, (20, 20), 30, 0, 15, "exit_in_proportion"),
        ("0.7", 10, (30, 30), 2, 0, 0, "exit_below_lot"),
        ("0", 10, (10, 10), 4, 0, 4, "exit_in_proportion"),  # the rule is not asked
        ("0.7", 10, (10, 10), 0, 7, 7, "awaits_copy"),
        ("0.7", 10, (10, 10), 2, 3, 5, "awaits_copy"),
        ("0.7", 10, (10, 20), 14, 0, 14, "awaits_copy"),  # all of it, or half
        ("0.7", 10, (0, 10), 7, 0, 7, ""),  # exit or entry, it is the same
        ("0.7", 10, (0, 10), 3, 0, 7, "awaits_copy"),
        ("0.7", 20, (10, 10), 7, 0, 14, ""),  # a reversal: out of 7, short by 7
        ("0.7", 20, (10, 10), 0, 0, 7, "cut_to_copy"),  # no copy: the entry alone
        ("0.7", 20, (10, 10), 3, 0, 10, "cut_to_copy"),
        ("0.7", 10, None, 7, 0, 7, ""),  # of what it is a part nobody knows: as the rule says
        ("0.7", 10, None, 9, 0, 7, ""),
        ("0.7", 10, None, 4, 0, 4, "cut_to_copy"),
        ("0.7", 10, None, 4, 3, 7, "awaits_copy"),
    ],
)
def test_what_a_copy_gives_up(
    rule: str,
    quantity: int,
    position: tuple[int, int] | None,
    held: int,
    coming: int,
    gets: int,
    code: str,
) -> None:
    low, high = position or (quantity, quantity)
    exiting = Exiting(min(quantity, low), min(quantity, high), position)
    sized, part = within_copy(Reducing(quantity, 1, exiting), Copy(held, 0, coming), ratio(rule))
    assert (sized.quantity, sized.code) == (gets, code)
    assert bool(sized.reason) == bool(code)
    assert part is not None
    assert part.quantity == gets


def test_an_entry_is_the_rules_own_and_has_no_parts() -> None:
    order = Reducing(10, 1, Exiting(0, 0, (0, 0)))
    assert within_copy(order, Copy(5), ratio("0.7")) == (Sized(7), None)


def test_what_is_not_known_to_be_an_entry_waits() -> None:
    order = Reducing(10, 1, Exiting(0, 10))
    sized, part = within_copy(order, NO_COPIES, ratio("0.7"))
    assert (sized.quantity, sized.code) == (7, "awaits_copy")
    assert part == Part(0, 7, 10)
    sized, _ = within_copy(order, Copy(7), ratio("0.7"))
    assert (sized.quantity, sized.code) == (7, ""), "exit or entry, it opens nothing by an exit"


def test_two_exits_at_once_take_their_parts_and_never_more_than_is_left() -> None:
    """Half of his position is being sold already: so is half of the copy."""
    order = Reducing(5, 1, Exiting(5, 5, (10, 10)))
    sized, _ = within_copy(order, Copy(held=4, leaving=4), ratio("0.8"))
    assert (sized.quantity, sized.code) == (4, "")
    sized, _ = within_copy(order, Copy(held=1, leaving=7), ratio("0.8"))
    assert (sized.quantity, sized.code) == (1, "cut_to_copy")


def test_an_exit_leaves_in_whole_lots() -> None:
    whole = Reducing(150, 75, Exiting(150, 150, (150, 150)))
    sized, _ = within_copy(whole, Copy(100), ratio("1"))
    assert (sized.quantity, sized.code) == (75, "cut_to_copy")
    sized, _ = within_copy(whole, Copy(50), ratio("1"))
    assert (sized.quantity, sized.code) == (0, "no_copy_to_exit")
    assert "holds 50, less than one lot" in sized.reason


def test_what_leaves_is_sized_by_what_is_known_then_and_is_at_most_what_was_planned() -> None:
    """Planned for 150 to close and 150 to open; by then he has less, and the copy as well."""
    before = Reducing(200, 75, Exiting(0, 100, (0, 100)))
    planned, _ = within_copy(before, Copy(0, 0, 150), ratio("1.5"))
    assert (planned.quantity, planned.code) == (300, "awaits_copy")
    for reduced, held, leaves in ((0, 0, 300), (100, 150, 300), (100, 75, 225), (100, 0, 150)):
        now = Reducing(200, 75, Exiting(reduced, reduced, (reduced, reduced)))
        sized, _ = within_copy(now, Copy(held), ratio("1.5"), planned=300)
        assert sized.quantity == leaves
        sized, _ = within_copy(now, Copy(held), ratio("1.5"), planned=150)
        assert sized.quantity == 150
        sized, _ = within_copy(now, Copy(held), ratio("1.5"), may_open=False, planned=300)
        assert sized.quantity == (held if reduced else 0)


def test_a_share_of_which_only_its_size_is_known_leaves_as_far_as_the_copy_goes() -> None:
    order = Reducing(100, 5, Exiting(100, 100))
    whole = without_its_rule(order, Copy(50), 50, may_open=True)
    assert whole == Sized(50), "all that was planned"
    cut = without_its_rule(order, Copy(32), 50, may_open=True)
    assert (cut.quantity, cut.code) == (30, "cut_to_copy")
    waits = without_its_rule(order, Copy(32, coming=20), 50, may_open=True)
    assert (waits.quantity, waits.code) == (50, "awaits_copy")
    nothing = without_its_rule(order, Copy(4), 50, may_open=True)
    assert (nothing.quantity, nothing.code) == (0, "no_copy_to_exit")
    opens = Reducing(100, 5, Exiting(50, 50))
    assert without_its_rule(opens, Copy(10), 50, may_open=True).quantity == 35
    assert without_its_rule(opens, Copy(10), 50, may_open=False).quantity == 10


@dataclass
class Placed:
    side: Side
    quantity: int
    filled: int = 0
    """By the broker."""
    known: int = 0
    """By the last read of the book."""
    read: bool = False
    over: bool = False
    exiting: bool = False


@dataclass
class Trader:
    """An account at the broker, and what reads of its book told."""

    orders: list[Placed] = field(default_factory=list)

    def net(self, *, known: bool) -> int:
        return sum(
            (1 if one.side is BUY else -1) * (one.known if known else one.filled)
            for one in self.orders
        )

    def left(self, side: Side, *, unread: bool = False) -> int:
        """Units that may still fill, or may have without our knowing."""
        return sum(
            one.quantity - one.known
            for one in self.orders
            if one.side is side and not (unread and one.read) and not (one.read and one.over)
        )

    def read_book(self) -> None:
        for one in self.orders:
            one.known, one.read = one.filled, True

    def fill(self, number: int, units: int, *, ends: bool) -> None:
        if not self.orders:
            return
        one = self.orders[number % len(self.orders)]
        if one.over:
            return
        units = min(units, one.quantity - one.filled)
        if one.exiting:
            assert against(one.side, self.net(known=False)) >= units, "an exit opened a position"
        one.filled += units
        one.over = ends


EVENTS = st.lists(
    st.one_of(
        st.tuples(
            st.just("order"), st.sampled_from([BUY, SELL]), st.integers(1, 12), st.integers(1, 30)
        ),
        st.tuples(st.just("master fills"), st.integers(0, 40), st.integers(1, 12), st.booleans()),
        st.tuples(st.just("copy fills"), st.integers(0, 40), st.integers(1, 30), st.booleans()),
        st.tuples(st.just("master read"), st.just(0), st.just(0), st.just(0)),
        st.tuples(st.just("copy read"), st.just(0), st.just(0), st.just(0)),
    ),
    max_size=25,
)


@settings(max_examples=100)
@given(EVENTS)
def test_no_sequence_of_fills_and_master_orders_lets_an_exit_open(
    events: list[tuple[str, object, int, int]],
) -> None:
    """The copy may be rejected, fill in parts or late; the master's fills may not be read yet."""
    master, copy = Trader(), Trader()
    for what, first, second, third in events:
        if what == "order":
            assert isinstance(first, Side)
            side, quantity, sized = first, second, third
            exiting = reducing(
                side,
                quantity,
                Product.INTRADAY,
                (master.net(known=True),),
                master.left(side.opposite, unread=True),
            )
            truth = min(quantity, against(side, master.net(known=False)))
            resting = sum(one.filled - one.known for one in master.orders if one.read)
            assert exiting.most >= truth - resting, "an exit was taken for an entry"
            net, leaving = against(side, copy.net(known=True)), copy.left(side)
            free = max(0, net - leaving)
            order = Reducing(quantity, 1, exiting)
            bounded, _ = within_copy(
                order, Copy(free, leaving if free else 0), ratio(f"{sized / quantity:.3f}")
            )
            master.orders.append(Placed(side, quantity))
            if bounded.quantity and bounded.code != "awaits_copy":
                rule = ratio(f"{sized / quantity:.3f}")(quantity - exiting.most, NOTHING).quantity
                assert bounded.quantity <= free + rule
                is_exit = exiting.most == quantity
                copy.orders.append(Placed(side, bounded.quantity, exiting=is_exit))
        elif what == "master fills":
            assert isinstance(first, int)
            master.fill(first, second, ends=bool(third))
        elif what == "copy fills":
            assert isinstance(first, int)
            copy.fill(first, second, ends=bool(third))
        else:
            (master if what == "master read" else copy).read_book()


@given(st.integers(1, 10**6), st.integers(1, 10**6), st.integers(0, 10**6), st.integers(1, 100))
def test_a_copy_opens_no_more_than_the_masters_share(
    sized: int, quantity: int, exiting: int, lot: int
) -> None:
    exiting = min(exiting, quantity)
    opening = opening_share(sized, quantity, exiting, lot)
    assert opening % lot == 0
    assert opening * quantity <= sized * (quantity - exiting)
    assert opening_share(lot * 10, quantity, 0, lot) == lot * 10, "a mere entry is not touched"
