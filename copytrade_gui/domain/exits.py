"""Exits in proportion: what of an order reduces its account's position, and what a copy gives up.

A master's order may do two things at once: its first units reduce what he has, the rest opens or
enlarges a position. Of the first a copy gives up the same part of what it holds, whatever its
sizing rule says, and all of it when he gives up all; the rest is sized like any entry. So an exit
never opens, and the last one closes exactly what the copies opened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction

from msgspec import Struct

from copytrade_gui.domain.number import grouped
from copytrade_gui.domain.order import Product, Side
from copytrade_gui.domain.sizing import Rounding, Sized
from copytrade_gui.domain.sizing.ledger import NOTHING, round_exit

NO_COPY = "no_copy_to_exit"
CUT_TO_COPY = "cut_to_copy"
IN_PROPORTION = "exit_in_proportion"
BELOW_LOT = "exit_below_lot"
AWAITS_COPY = "awaits_copy"
HANDED_OVER = "handed_over"
"""The master left by another exit than the one whose copies had it."""
AWAITED = (
    "It may be an exit, and leaves as soon as reads of the books show what there is to reduce: "
    "the master's position, and the copy's."
)

OUT_OF_HOLDINGS = frozenset({Product.DELIVERY, Product.BNPL})
"""Nothing is sold short for delivery, and what is held from earlier days is in no position book."""


def against(side: Side, net: int) -> int:
    """Units of a position (signed, bought less sold) that an order of this side would reduce."""
    return max(0, net if side is Side.SELL else -net)


class Exiting(Struct, frozen=True):
    """Units of an order that reduce its account's position; the rest opens or enlarges one.

    ``least`` is what is known to, ``most`` what may until more was read of the account.
    ``position`` are the fewest and the most units that it would reduce; None where nobody knows
    what the exit is a part of.
    """

    least: int
    most: int
    position: tuple[int, int] | None = None

    @property
    def known(self) -> bool:
        """True if no read can tell more."""
        return self.least == self.most and (
            self.position is None or self.position[0] == self.position[1]
        )


def reducing(
    side: Side,
    quantity: int,
    product: Product,
    nets: Iterable[int] | None,
    unread: int,
    ordered_here: int = 0,
) -> Exiting:
    """What of an order is an exit.

    ``nets`` is what the position may be, in signed units, None where it is not known; ``unread``
    are units of earlier orders of the other side that may have filled since. Of a product that is
    in no position book ``ordered_here`` is what the account bought less sold by orders that were
    copied: selling as much or more leaves nothing that a copy could be a part of.
    """
    if product in OUT_OF_HOLDINGS:
        if side is Side.BUY:
            return Exiting(0, 0)
        known = max(quantity, ordered_here)
        return Exiting(quantity, quantity, (known, known) if ordered_here > 0 else None)
    if nets is None:
        return Exiting(0, quantity)
    there = [net if side is Side.SELL else -net for net in nets]
    # Of what stands on the other side of nothing, unread units first make it less.
    low, high = max(0, min(there)), max(0, max(there) + unread)
    return Exiting(min(quantity, low), min(quantity, high), (low, high))


class Copy(Struct, frozen=True, gc=False):
    """What a follower's copies have for an exit, in units.

    ``held`` is no other order's to reduce, ``leaving`` is, ``coming`` are copies that were sent and
    may have filled since. ``carry`` is what rounding left over (``domain.sizing.ledger``).
    """

    held: int = 0
    leaving: int = 0
    coming: int = 0
    carry: Fraction = NOTHING


NO_COPIES = Copy()

Entry = Callable[[int, Fraction], Sized]
"""Sizes so many units of a master's order that open, with what rounding left over before it."""


class Part(Struct, frozen=True, gc=False):
    """A copy of an order that reduces: units that close, units that open, and the carry after it.

    ``beyond`` are the units of the master's order that open: what ``opening`` is the copy of.
    """

    closing: int
    opening: int
    beyond: int
    carry: Fraction | None = None

    @property
    def quantity(self) -> int:
        """Both together."""
        return self.closing + self.opening


class Reducing(Struct, frozen=True):
    """A master's order that may reduce, the same for all followers; quantities in units."""

    quantity: int
    lot_size: int
    exiting: Exiting


Again = Callable[[Reducing, Copy, bool, int], Sized]
"""Sizes a share once more by what is known now: what of the order is an exit, what the copy has,
whether it may open, and the units that were planned, which are its most."""


def within_copy(
    order: Reducing,
    copy: Copy,
    entry: Entry,
    rounding: Rounding = Rounding.DOWN,
    *,
    may_open: bool = True,
    planned: int | None = None,
) -> tuple[Sized, Part | None]:
    """What a follower's copy of an order is that may reduce the master's position, and its parts.

    One that follows from what is not known yet has to wait until it is; it is planned at its
    largest, and asked for again when it is about to leave: then it is at most what was ``planned``.
    Without an exit it is an entry, and has no parts. Where it must not open, it is none.
    """
    if not order.exiting.most:
        return _at_most(entry(order.quantity, copy.carry) if may_open else _KEPT_OUT, planned), None
    least, most = _least_and_most(order, copy, entry, rounding, may_open=may_open)
    if least is not most:
        bound = most.quantity if planned is None else planned
        if min(least.quantity, bound) < min(most.quantity, bound):
            return _at_most(Sized(most.quantity, AWAITS_COPY, AWAITED, most.carry), planned), most
    return _at_most(_verdict(order, copy, entry, most), planned), most


def _at_most(sized: Sized, planned: int | None) -> Sized:
    if planned is None or sized.quantity <= planned:
        return sized
    return Sized(planned, sized.code, sized.reason, sized.carry)


def opening_share(sized: int, quantity: int, exiting: int, lot_size: int) -> int:
    """Units of a copy that may open a position: the master's share of it, in whole lots."""
    opening = sized * (quantity - exiting) // quantity
    return opening - opening % lot_size


def without_its_rule(order: Reducing, copy: Copy, planned: int, *, may_open: bool) -> Sized:
    """What leaves of a share of which only the units that were ``planned`` are known.

    It is one of a mere exit, or was made by an earlier run of the program: of the latter what may
    open is the master's part of what was planned.
    """
    lot_size = order.lot_size
    least = most = copy.held
    if may_open:
        least += opening_share(planned, order.quantity, order.exiting.most, lot_size)
        most += opening_share(planned, order.quantity, order.exiting.least, lot_size)
    least, most = min(planned, least), min(planned, most + copy.coming)
    if least < most:
        return Sized(most, AWAITS_COPY, AWAITED)
    units = least - least % lot_size
    if units == planned:
        return Sized(units)
    why = "It is an exit" if may_open else "Only exits pass here"
    return Sized(
        units,
        CUT_TO_COPY if units else NO_COPY,
        f"{why}, and the copy holds {grouped(copy.held)} of the {grouped(planned)} that were "
        "planned.",
    )


def _least_and_most(
    order: Reducing, copy: Copy, entry: Entry, rounding: Rounding, *, may_open: bool
) -> tuple[Part, Part]:
    """What the copy may have to be, by its quantity."""
    exiting, opens = order.exiting, entry if may_open else _opens_nothing
    if exiting.known and not copy.coming and exiting.position is not None:
        part = _in_proportion(order, exiting.position[0], copy, 0, opens, rounding)
        return part, part
    if exiting.position is None:
        found = [
            _bounded(order, reduced, copy, coming, entry, opens)
            for reduced in {exiting.least, exiting.most}
            for coming in {0, copy.coming}
        ]
    else:
        found = [
            _in_proportion(order, position, copy, coming, opens, rounding)
            for position in {*exiting.position}
            for coming in {0, copy.coming}
        ]
    # Of one size, what may open counts: the order may still prove to be an entry.
    ordered = sorted(found, key=lambda part: (part.quantity, part.opening, part.beyond))
    return ordered[0], ordered[-1]


_KEPT_OUT = Sized(
    0, NO_COPY, "Its link lets only exits pass, and the master's order reduces nothing here."
)


def _opens_nothing(_units: int, _carry: Fraction) -> Sized:
    return Sized(0)


def _bounded(
    order: Reducing, reduced: int, copy: Copy, coming: int, entry: Entry, opens: Entry
) -> Part:
    """The rule's own share, of which what reduces is at most what the copy holds."""
    whole, beyond = entry(order.quantity, NOTHING).quantity, order.quantity - reduced
    opening = opens(beyond, NOTHING).quantity if beyond else 0
    units = min(whole, copy.held + coming + opening)
    units -= units % order.lot_size
    opening = min(units, opening)
    return Part(units - opening, opening, beyond)


def _in_proportion(
    order: Reducing, position: int, copy: Copy, coming: int, entry: Entry, rounding: Rounding
) -> Part:
    """The part of the copy that the master gives up of his position, and an entry for the rest."""
    reduced, lot_size = min(order.quantity, position), order.lot_size
    closing, carry = 0, copy.carry
    if reduced:
        held, part = copy.held + coming, (reduced, position)
        rounded = round_exit(held + copy.leaving, part, lot_size, carry, rounding)
        closing, carry = min(rounded.quantity, held - held % lot_size), rounded.carry
    beyond = order.quantity - reduced
    if not beyond:
        return Part(closing, 0, 0, carry)
    opened = entry(beyond, carry)
    if opened.carry is not None or not reduced:
        return Part(closing, opened.quantity, beyond, opened.carry)
    return Part(closing, opened.quantity, beyond, carry)


def _verdict(order: Reducing, copy: Copy, entry: Entry, part: Part) -> Sized:
    """The answer, with its reason where it is another than the rule's own."""
    rule, units, held = entry(order.quantity, copy.carry), part.quantity, copy.held
    if not units:
        code, reason = _none(order, copy, entry, part)
        return Sized(0, code, reason, part.carry)
    if units == rule.quantity:
        return Sized(units, rule.code, rule.reason, part.carry)
    if order.exiting.position is None:
        what = f"An exit is at most what the copy holds, {grouped(held)}"
    elif part.opening and not part.closing:
        what = f"No copy is held to close; it opens {grouped(part.opening)}"
    elif part.opening:
        what = (
            f"It closes {grouped(part.closing)} of the {grouped(held)} that the copy holds, and "
            f"opens {grouped(part.opening)}"
        )
    else:
        what = (
            f"An exit takes of a copy what the master takes of his position: {grouped(units)} of "
            f"the {grouped(held)} that it holds"
        )
    code = CUT_TO_COPY if units < rule.quantity else IN_PROPORTION
    return Sized(units, code, f"{what}. The rule alone gives {grouped(rule.quantity)}.", part.carry)


def _none(order: Reducing, copy: Copy, entry: Entry, part: Part) -> tuple[str, str]:
    """Why nothing is left to be done."""
    if part.beyond and not copy.held:
        rule = entry(part.beyond, NOTHING)
        return rule.code, rule.reason
    if copy.held >= order.lot_size and order.exiting.position is not None:
        return BELOW_LOT, (
            f"The master gives up {grouped(order.quantity)} of "
            f"{grouped(order.exiting.position[1])}; of the {grouped(copy.held)} that the copy "
            f"holds that is less than one lot of {grouped(order.lot_size)}. A later exit takes it."
        )
    if copy.held:
        return NO_COPY, (
            f"The master's order is an exit, and the copy holds {grouped(copy.held)}, less than "
            "one lot."
        )
    return NO_COPY, (
        "The master's order is an exit, and no copied quantity is left to reduce here. If another "
        "exit of this account is open, cancel it first."
    )
