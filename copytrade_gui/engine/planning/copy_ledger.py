"""What copies hold, apart from what their owners hold, and what rounding left over.

A copied quantity is what the fills of an account's copies make in one instrument and product: today
for INTRADAY, which the broker squares off, else as far back as fills are stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction

from msgspec import Struct

from copytrade_gui.domain.account import Role
from copytrade_gui.domain.calendar import indian_day
from copytrade_gui.domain.exits import Again
from copytrade_gui.domain.ids import AccountId, PlanId
from copytrade_gui.domain.instrument import InstrumentKey
from copytrade_gui.domain.order import OrderTerms, Product, Side
from copytrade_gui.domain.position import PositionKey
from copytrade_gui.domain.sizing.ledger import NOTHING
from copytrade_gui.engine.orders.lane import Lanes
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.engine.planning.share import Share
from copytrade_gui.ports import Carried, Clock

Slot = tuple[AccountId, InstrumentKey, Product, int]
"""Whose orders, instrument and product, with the Indian day for INTRADAY and 0 for the carried."""
_ALL = AccountId("")
"""No master: the sum of all, and copies of which nobody knows whose they are."""
_REMEMBERED = 256
"""Plans that are kept; none waits longer than a minute."""


class _Made(Struct, frozen=True):
    """What a plan was made of: how to size shares again, and the carries before and after it."""

    slot: Slot
    again: Mapping[AccountId, Again]
    carries: dict[AccountId, tuple[Fraction, Fraction]]


class CopyLedger:
    """Signed units by link, instrument and product, and carries (``domain.sizing.ledger``)."""

    def __init__(self, clock: Clock, lanes: Lanes) -> None:
        self._clock = clock
        self._lanes = lanes
        self._nets: dict[Slot, dict[AccountId, int]] = {}
        """Of masters, by follower; of himself what his own orders here make."""
        self._held: dict[Slot, dict[AccountId, int]] = {}
        """Of nobody in particular, the copies of all masters together."""
        self._carries: dict[Slot, dict[AccountId, Fraction]] = {}
        """None where it is 0."""
        self._made: dict[PlanId, _Made] = {}

    def restore(self, carried: Iterable[Carried]) -> None:
        """Take in what the orders of earlier days hold."""
        for one in carried:
            self._add(one.master_id, one.account_id, (one.key, one.product, 0), one.net, one.role)

    def filled(self, order: Order, units: int) -> None:
        """So many more units of an order of ours were filled."""
        intent = order.intent
        terms = intent.terms
        day = order.changed_ns if order.attempt is None else order.attempt.marked_ns
        what = _what(order.key, terms.product, day)
        signed = units if terms.side is Side.BUY else -units
        self._add(order.master_id, intent.account_id, what, signed, intent.role)

    def _add(
        self,
        master: AccountId,
        account: AccountId,
        what: tuple[InstrumentKey, Product, int],
        signed: int,
        role: Role,
    ) -> None:
        if role is not Role.MASTER:
            _add(self._held, (_ALL, *what), account, signed)
            master = self._whose(master, account)
        _add(self._nets, (master, *what), account, signed)

    def _whose(self, master: AccountId, account: AccountId) -> AccountId:
        """Whose order a copy is of: of one that was found in a book only its account is known."""
        return master if master != account else self._lanes.only_master_of(account) or _ALL

    def nets_of(self, master: AccountId, terms: OrderTerms) -> Mapping[AccountId, int]:
        """What copies of this master hold now of it, signed units by follower."""
        return self._nets.get(self._slot_of(master, terms), {})

    def held_of(self, terms: OrderTerms) -> Mapping[AccountId, int]:
        """What copies of all masters together hold of it, signed units by account."""
        return self._held.get(self._slot_of(_ALL, terms), {})

    def held_by_links(self) -> Iterator[tuple[AccountId, PositionKey, int]]:
        """Of each link what its copies hold now: the master, whose and what it is, signed units."""
        today = indian_day(self._clock.wall_ns())
        for (master, key, product, day), nets in self._nets.items():
            if master != _ALL and day in (0, today):
                for account, net in nets.items():
                    if net and account != master:
                        yield master, PositionKey(account, key, product), net

    def made(self) -> Iterator[tuple[AccountId, InstrumentKey, Product]]:
        """Positions in which orders here made anything that is still held, each with the master:
        his own orders, or copies of him.
        """
        today = indian_day(self._clock.wall_ns())
        for (master, key, product, day), nets in self._nets.items():
            if master != _ALL and day in (0, today) and any(nets.values()):
                yield master, key, product

    def copied(self) -> Iterator[tuple[PositionKey, int]]:
        """What copies of all masters hold now, signed units, wherever that is not 0."""
        today = indian_day(self._clock.wall_ns())
        for (_, key, product, day), nets in self._held.items():
            if day == (today if product is Product.INTRADAY else 0):
                for account, net in nets.items():
                    if net:
                        yield PositionKey(account, key, product), net

    def copied_of(self, key: PositionKey) -> int:
        """What copies of all masters hold now in one position, signed units."""
        what = _what(key.instrument, key.product, self._clock.wall_ns())
        return self._held.get((_ALL, *what), {}).get(key.account_id, 0)

    def masters_of(
        self, key: InstrumentKey, product: Product
    ) -> Iterator[tuple[AccountId, Mapping[AccountId, int]]]:
        """``nets_of`` of every master whose orders made copies in it, today's for INTRADAY.

        The empty name stands for copies of which nobody knows whose they are.
        """
        what = _what(key, product, self._clock.wall_ns())
        return ((slot[0], nets) for slot, nets in self._nets.items() if slot[1:] == what)

    def whose_unknown(self, terms: OrderTerms) -> Mapping[AccountId, int]:
        """What copies hold of it of which nobody knows whose they are, signed units by account."""
        return self.nets_of(_ALL, terms)

    def of_master(self, master: AccountId, terms: OrderTerms) -> tuple[int, int]:
        """What copies in a master's own account hold of it, and what his own orders here made of
        it; signed units.
        """
        slot = self._slot_of(master, terms)
        copied = self._held.get((_ALL, *slot[1:]), {}).get(master, 0)
        return copied, self._nets.get(slot, {}).get(master, 0)

    def carries_of(self, master: AccountId, terms: OrderTerms) -> Mapping[AccountId, Fraction]:
        """What rounding left over so far of this master's orders, in units by follower."""
        return self._carries.get(self._slot_of(master, terms), {})

    def make(
        self, plan: PlanId, master: AccountId, terms: OrderTerms, shares: Iterable[Share]
    ) -> None:
        """A plan is being made of these shares: what rounding leaves over counts from here on."""
        slot = self._slot_of(master, terms)
        carries = self._carries.setdefault(slot, {})
        again: dict[AccountId, Again] = {}
        changed: dict[AccountId, tuple[Fraction, Fraction]] = {}
        for share in shares:
            account, after = share.account.account_id, share.sized.carry
            if share.again is not None:
                again[account] = share.again
            if after is not None and after != (before := carries.get(account, NOTHING)):
                changed[account] = (before, after)
                _put(carries, account, after)
        if again or changed:
            self._made[plan] = _Made(slot, again, changed)
            if len(self._made) > _REMEMBERED:
                del self._made[next(iter(self._made))]

    def unmake(self, plan: PlanId) -> None:
        """The plan was not made after all: what rounding left over is as it was before."""
        made = self._made.pop(plan, None)
        if made is None:
            return
        carries = self._carries.setdefault(made.slot, {})
        for account, (before, after) in made.carries.items():
            if carries.get(account, NOTHING) == after:
                _put(carries, account, before)

    def before(self, plan: PlanId, account: AccountId) -> tuple[Again | None, Fraction]:
        """What an account's share of a plan was sized by: how to size it once more, None for a
        mere exit or entry, and what rounding had left over before, in units.
        """
        made = self._made.get(plan)
        if made is None:
            return None, NOTHING
        again, carries = made.again.get(account), made.carries.get(account)
        if carries is not None:
            return again, carries[0]
        return again, self._carries.get(made.slot, {}).get(account, NOTHING)

    def sized_again(self, plan: PlanId, account: AccountId, carry: Fraction) -> None:
        """An account's share of a plan leaves this over, now that it was sized again."""
        made = self._made.get(plan)
        if made is None:
            return
        before = self.before(plan, account)[1]
        carries = self._carries.setdefault(made.slot, {})
        after = made.carries.get(account, (before, before))[1]
        if carries.get(account, NOTHING) == after:  # no later plan counted on it
            _put(carries, account, carry)
            made.carries[account] = (before, carry)

    def _slot_of(self, master: AccountId, terms: OrderTerms) -> Slot:
        return (master, *_what(terms.instrument.key, terms.product, self._clock.wall_ns()))


def _add(
    nets: dict[Slot, dict[AccountId, int]], slot: Slot, account: AccountId, signed: int
) -> None:
    of_slot = nets.setdefault(slot, {})
    of_slot[account] = of_slot.get(account, 0) + signed


def _put(carries: dict[AccountId, Fraction], account: AccountId, carry: Fraction) -> None:
    if carry:
        carries[account] = carry
    else:
        carries.pop(account, None)


def _what(key: InstrumentKey, product: Product, wall_ns: int) -> tuple[InstrumentKey, Product, int]:
    return key, product, indian_day(wall_ns) if product is Product.INTRADAY else 0
