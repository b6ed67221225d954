"""An exit never opens: what of an order is an exit, and what a follower's copy of it may be."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copytrade_gui.domain.exits import Exiting, against, opening_share, reducing, within_copy
from copytrade_gui.domain.order import Product, Side
from copytrade_gui.domain.sizing import Sized

BUY, SELL = Side.BUY, Side.SELL


@pytest.mark.parametrize(
    ("side", "quantity", "product", "nets", "unread", "least", "most"),
    [
        (SELL, 10, Product.INTRADAY, (10,), 0, 10, 10),
        (SELL, 10, Product.INTRADAY, (4,), 0, 4, 4),
        (SELL, 10, Product.INTRADAY, (0,), 0, 0, 0),  # a short is an entry
        (SELL, 10, Product.INTRADAY, (-5,), 0, 0, 0),
        (BUY, 10, Product.NORMAL, (-5,), 0, 5, 5),
        (SELL, 10, Product.NORMAL, (0, 10), 0, 0, 10),  # one of both
        (SELL, 10, Product.INTRADAY, (0,), 7, 0, 7),  # a buy that may have filled since
        (SELL, 10, Product.INTRADAY, None, 0, 0, 10),  # not known
        (BUY, 10, Product.INTRADAY, None, 0, 0, 10),
        (SELL, 10, Product.DELIVERY, (0,), 0, 10, 10),  # nothing is sold short for delivery
        (BUY, 10, Product.DELIVERY, (-10,), 0, 0, 0),
        (BUY, 10, Product.BNPL, None, 0, 0, 0),
    ],
)
def test_what_of_a_masters_order_is_an_exit(
    side: Side,
    quantity: int,
    product: Product,
    nets: tuple[int, ...] | None,
    unread: int,
    least: int,
    most: int,
) -> None:
    assert reducing(side, quantity, product, nets, unread) == Exiting(least, most)


@pytest.mark.parametrize(
    ("sized", "quantity", "exiting", "held", "coming", "gets", "code"),
    [
        (7, 10, 0, 0, 0, 7, ""),  # an entry
        (7, 10, 10, 7, 0, 7, ""),
        (7, 10, 10, 0, 0, 0, "no_copy_to_exit"),
        (7, 10, 10, 4, 0, 4, "cut_to_copy"),
        (7, 10, 10, 0, 7, 7, "awaits_copy"),
        (7, 10, 10, 2, 3, 5, "awaits_copy"),
        (14, 20, 10, 7, 0, 14, ""),  # a reversal: out of 7, short by 7
        (14, 20, 10, 0, 0, 7, "cut_to_copy"),  # no copy: the entry alone
        (14, 20, 10, 3, 0, 10, "cut_to_copy"),
        (0, 10, 10, 5, 0, 0, ""),  # the sizing rule's own verdict stays
    ],
)
def test_what_a_copy_may_be(
    sized: int, quantity: int, exiting: int, held: int, coming: int, gets: int, code: str
) -> None:
    copy = within_copy(
        Sized(sized),
        quantity=quantity,
        exiting=Exiting(exiting, exiting),
        held=held,
        coming=coming,
        lot_size=1,
    )
    assert (copy.quantity, copy.code) == (gets, code)
    assert bool(copy.reason) == bool(code)


def test_what_is_not_known_to_be_an_entry_waits() -> None:
    copy = within_copy(Sized(7), quantity=10, exiting=Exiting(0, 10), held=0, coming=0, lot_size=1)
    assert (copy.quantity, copy.code) == (7, "awaits_copy")
    copy = within_copy(Sized(7), quantity=10, exiting=Exiting(0, 10), held=7, coming=0, lot_size=1)
    assert (copy.quantity, copy.code) == (7, ""), "exit or entry, it opens nothing by an exit"


def test_an_exit_leaves_in_whole_lots() -> None:
    whole = Exiting(150, 150)
    copy = within_copy(Sized(150), quantity=150, exiting=whole, held=100, coming=0, lot_size=75)
    assert (copy.quantity, copy.code) == (75, "cut_to_copy")
    copy = within_copy(Sized(150), quantity=150, exiting=whole, held=50, coming=0, lot_size=75)
    assert (copy.quantity, copy.code) == (0, "no_copy_to_exit")
    assert "holds 50, less than one lot" in copy.reason


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
            free = against(side, copy.net(known=True)) - copy.left(side)
            bounded = within_copy(
                Sized(sized),
                quantity=quantity,
                exiting=exiting,
                held=max(0, free),
                coming=0,
                lot_size=1,
            )
            assert bounded.quantity <= sized
            master.orders.append(Placed(side, quantity))
            if bounded.quantity and bounded.code != "awaits_copy":
                opening = opening_share(sized, quantity, exiting.most, 1)
                assert bounded.quantity <= max(0, free) + opening
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
