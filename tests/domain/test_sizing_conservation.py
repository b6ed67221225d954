"""P10: what is copied is what was agreed, over any sequence of entries, exits and reversals.

Every case is a follower's whole story with one master in one instrument, drawn from its number. It
is judged by fractions that are computed here, beside the rules.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

import pytest

from copytrade_gui.domain.exits import Copy, Reducing, against, reducing, within_copy
from copytrade_gui.domain.freeze import MOST_SLICES, slices
from copytrade_gui.domain.money import Paise
from copytrade_gui.domain.order import MAX_QUANTITY, Product, Side
from copytrade_gui.domain.sizing import MasterOrder, Rounding, Sized, SizingRule, Strategy, size
from copytrade_gui.domain.sizing.ledger import NOTHING, Rounded, round_exit
from tests.domain.test_sizing import exact
from tests.proof.counts import proof_range

SEED = "20261130"
CASES = proof_range(400, "sizing")
LOTS = (1, 1, 15, 25, 65, 75, 1_250)
SIDES = (Side.BUY, Side.SELL)


class Story:
    """A master and one follower whose every order fills whole."""

    def __init__(self, number: int) -> None:
        draw = self.draw = random.Random(f"{SEED} {number}")  # noqa: S311 - a case by its number
        self.lot = draw.choice(LOTS)
        self.rule = self._rule()
        self.times = draw.choice((Decimal(1), Decimal(draw.randrange(1, 500)).scaleb(-2)))
        """What his group multiplies each entry by."""
        self.funds = Paise(draw.randrange(0, 10**12)), Paise(draw.randrange(1, 10**12))
        self.net = 0
        """The master's, in signed units."""
        self.copied = 0
        self.carry = NOTHING
        self.target = NOTHING
        """Units that the copy should hold but for rounding, kept beside the rules' own carry."""
        self.orders = 0

    def _rule(self) -> SizingRule:
        draw = self.draw
        strategy = draw.choice(list(Strategy))
        bounds = strategy.kind.bounds
        value = Decimal(draw.randrange(1, 3_000)).scaleb(-draw.randrange(0, 3))
        if bounds is None or bounds.whole:
            value = Decimal(draw.randrange(1, 3_000))
        most = None if bounds is None else bounds.most
        value = Decimal(1) if most is None else min(value, Decimal(most))
        cap = draw.choice((None, None, None, draw.randrange(1, 20_000)))
        least = draw.choice((None, None, None, draw.randrange(1, (cap or 20_000) + 1)))
        return SizingRule(strategy, value, cap, least, draw.choice(list(Rounding)))

    def play(self) -> None:
        for _ in range(self.draw.randrange(1, 14)):
            if self.net and self.draw.random() < 0.6:
                side = Side.SELL if self.net > 0 else Side.BUY
                most = abs(self.net) // self.lot
                lots = self.draw.choice((most, most, self.draw.randrange(1, 2 * most + 1)))
            else:
                side, lots = self.draw.choice(SIDES), self.draw.randrange(1, 40)
            enters = not against(side, self.net)
            self.order(side, lots * self.lot, here=not enters or self.draw.random() < 0.9)
        if self.net:
            side = Side.SELL if self.net > 0 else Side.BUY
            self.order(side, abs(self.net), here=True)
        assert self.copied == 0, "the last exit closes exactly what the copies opened"
        assert self.carry == 0, "who is out owes and is owed nothing"

    def order(self, side: Side, quantity: int, *, here: bool) -> None:
        """The master trades; a follower who is not ``here`` was switched off as he entered."""
        price = Decimal(self.draw.randrange(1, 10**6)).scaleb(-2)
        order = MasterOrder(quantity, self.lot, price, Decimal(9), self.funds[1])

        def entry(units: int, carry: Fraction) -> Sized:
            asked = MasterOrder(units, self.lot, order.price, order.stop, order.capital)
            return size(self.rule, asked, self.funds[0], carry, self.times)

        exiting = reducing(side, quantity, Product.NORMAL, (self.net,), 0)
        held = against(side, self.copied)
        copy = Copy(held, carry=self.carry)
        rounding = self.rule.rounding
        sized, part = within_copy(Reducing(quantity, self.lot, exiting), copy, entry, rounding)
        again = within_copy(Reducing(quantity, self.lot, exiting), copy, entry, rounding)
        assert (sized, part) == again, "the same facts give the same size"
        reduced = min(quantity, against(side, self.net))
        if here:
            self.judge(order, sized, held, reduced, entry)
        sign = 1 if side is Side.BUY else -1
        self.net += sign * quantity
        if here:
            self.copied += sign * sized.quantity
            if sized.carry is not None:
                self.carry = sized.carry
            self.orders += 1

    def exact(self, asked: MasterOrder) -> Fraction:
        """His share of an entry, not rounded."""
        rule = self.rule
        share = exact(rule.strategy, Fraction(rule.parameter), asked, self.funds[0])
        return share * Fraction(self.times)

    def judge(
        self,
        order: MasterOrder,
        sized: Sized,
        held: int,
        reduced: int,
        entry: Callable[[int, Fraction], Sized],
    ) -> None:
        quantity, lot, units = order.quantity, self.lot, sized.quantity
        assert units % lot == 0
        assert 0 <= units <= MAX_QUANTITY + held
        assert units or sized.code
        assert sized.reason or not sized.code
        beyond = quantity - reduced
        opening = self.opens(order, beyond, reduced, entry) if beyond else Sized(0)
        opened = opening.quantity
        closed = units - opened
        assert 0 <= closed <= held if reduced else closed == 0, "an exit opened"
        if reduced and beyond:
            assert closed == held, "a reversal is a whole exit and an entry"
        before = abs(self.copied)
        after = opened if reduced and beyond else before + opened - closed
        if reduced:
            self.target *= 1 - Fraction(reduced, abs(self.net))
        if beyond:
            self.target = self.grown(order, beyond, opening, after)
        assert abs(self.target - after) < lot, "more than rounding to lots explains"
        cut = slices(units, lot, 1_800 if lot <= 1_800 else None) if units else ()
        if isinstance(cut, Sized):
            assert units > 1_800 // lot * lot * MOST_SLICES
        else:
            assert sum(cut) == units
            assert len(cut) <= MOST_SLICES

    def grown(self, order: MasterOrder, beyond: int, opening: Sized, after: int) -> Fraction:
        """What the copy should hold after an entry: with its exact share, where rests are kept."""
        if self.rule.rounding is not Rounding.CARRY or opening.carry is None:
            return self.target + opening.quantity
        if opening.code in ("capped", "raised_to_min"):
            return Fraction(after)
        asked = MasterOrder(beyond, self.lot, order.price, order.stop, order.capital)
        share = self.exact(asked)
        return self.target + share

    def opens(
        self,
        order: MasterOrder,
        beyond: int,
        reduced: int,
        entry: Callable[[int, Fraction], Sized],
    ) -> Sized:
        """What the rule gives for the units that open, judged by its exact share."""
        asked = MasterOrder(beyond, self.lot, order.price, order.stop, order.capital)
        carry = NOTHING if reduced else self.carry
        sized = entry(beyond, carry)
        given = sized.quantity
        share = self.exact(asked)
        wants = share > 0
        share += carry if self.rule.rounding is Rounding.CARRY else NOTHING
        most = self.rule.max_quantity
        half = Fraction(self.lot, 2) if self.rule.rounding is Rounding.NEAREST else NOTHING
        allowed = max(min(share + half, Fraction(MAX_QUANTITY if most is None else most)), NOTHING)
        least = self.rule.min_quantity
        if least is not None and wants:
            allowed = max(allowed, Fraction(least + -least % self.lot))
        if sized.code == "no_lot_in_clamps":
            return sized
        assert given <= allowed
        assert given + self.lot >= allowed or share > MAX_QUANTITY
        return sized


@pytest.mark.timeout(900)
def test_stories_of_entries_exits_and_reversals(
    record_property: Callable[[str, object], None],
) -> None:
    orders = 0
    for number in CASES:
        story = Story(number)
        try:
            story.play()
        except AssertionError as error:
            raise AssertionError(f"story {number}: {error}") from error
        orders += story.orders
    record_property("cases", len(CASES))
    assert orders


def test_many_small_entries_and_exits_never_drift_by_a_lot() -> None:
    """Half of one lot, 200 times in and 200 times out: what rounding took comes back."""
    rule = SizingRule(Strategy.RATIO, Decimal("0.37"), rounding=Rounding.CARRY)
    copied, carry, net = 0, NOTHING, 0
    for _ in range(200):
        net += 65
        sized = size(rule, MasterOrder(65, 65), carry=carry)
        copied += sized.quantity
        assert sized.carry is not None
        carry = sized.carry
        assert 0 <= Fraction("0.37") * net - copied < 65
        assert Fraction("0.37") * net - copied == carry
    for _ in range(200):
        exiting = reducing(Side.SELL, 65, Product.NORMAL, (net,), 0)
        copy = Copy(copied, carry=carry)
        sized, _ = within_copy(Reducing(65, 65, exiting), copy, lambda *_: Sized(0, "zero", "no"))
        assert sized.carry is not None
        net, copied, carry = net - 65, copied - sized.quantity, sized.carry
        assert abs(Fraction("0.37") * net - copied) < 65
    assert (copied, carry) == (0, NOTHING)


def test_a_whole_exit_leaves_no_carry_even_of_what_is_no_whole_lot() -> None:
    assert round_exit(100, (10, 10), 75, Fraction(40)) == Rounded(75, NOTHING)
    assert round_exit(100, (15, 10), 75) == Rounded(75, NOTHING)
