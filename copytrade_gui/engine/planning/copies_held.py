"""What copies have for an exit: at most what their account holds, beside its other orders.

An owner may sell his copies by himself, which our fills do not show.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from msgspec import Struct

from copytrade_gui.domain.calendar import indian_day
from copytrade_gui.domain.exits import OUT_OF_HOLDINGS, Copy, against
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.order import OrderTerms, Side
from copytrade_gui.domain.sizing.ledger import NOTHING
from copytrade_gui.engine.books.account_positions import AccountPositions, Part
from copytrade_gui.engine.books.master_positions import MasterPositions
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.engine.planning.copy_ledger import CopyLedger
from copytrade_gui.engine.planning.other_orders import OtherOrders


class Asked(Struct, frozen=True):
    """An exit by these terms of a master's copies: what is looked up once for all accounts.

    ``nets`` is what copies hold, signed units, ``together`` with those of all other masters, and
    ``waiting`` orders that wait to leave, all by account. ``but`` is an order of the plan that is
    judged, None of one to come. ``sells`` is True
    where it closes what was bought, ``in_book`` where the position book shows what is held of
    ``part``, ``today`` is the Indian day.
    """

    master: AccountId
    terms: OrderTerms
    nets: Mapping[AccountId, int]
    together: Mapping[AccountId, int]
    waiting: Mapping[AccountId, Sequence[Order]]
    but: Order | None
    sells: bool
    in_book: bool
    part: Part
    today: int


class CopiesHeld:
    """Answers from memory; asks for a read of positions where one tells."""

    def __init__(
        self,
        core: Core,
        masters: MasterPositions,
        positions: AccountPositions,
        orders: OtherOrders,
        ledger: CopyLedger,
    ) -> None:
        self._book = core.book
        self._clock = core.clock
        self._lanes = core.lanes
        self._masters = masters
        self._positions = positions
        self._orders = orders
        self._ledger = ledger

    def asked(self, master: AccountId, terms: OrderTerms, but: Order | None = None) -> Asked:
        """What an exit of copies of this master is to be asked by."""
        return Asked(
            master,
            terms,
            self._ledger.nets_of(master, terms),
            self._ledger.held_of(terms),
            self._orders.planned(terms, but),
            but,
            terms.side is Side.SELL,
            terms.product not in OUT_OF_HOLDINGS,
            (terms.instrument.key, terms.product),
            indian_day(self._clock.wall_ns()),
        )

    def of(
        self, account: AccountId, asked: Asked, filled: int = 0, carry: Fraction = NOTHING
    ) -> Copy:
        """What an account's copies have; ``filled`` units of the exit itself count as still there.

        ``carry`` is what rounding left over.
        """
        net, waiting = asked.nets.get(account, 0), asked.waiting.get(account, ())
        units = net if asked.sells else -net
        more = leaving = coming = 0
        if units > 0 and asked.in_book:
            units, more = self._at_broker(account, asked, units)
        if waiting or self._book.count_open(account):
            master, but = asked.master, asked.but
            leaving, coming = self._orders.of(account, master, asked.terms, waiting, but)
        units, coming = units + filled, coming + more
        if units >= leaving:
            return Copy(units - leaving, leaving, coming, carry)
        # What comes closes first what is held on the other side, or is to leave already.
        coming += max(0, units) - leaving + min(0, units)
        return Copy(0, leaving, max(0, coming), carry)

    def _at_broker(self, account: AccountId, asked: Asked, held: int) -> tuple[int, int]:
        """What is there of the units that copies made, and the units it may be more.

        Less than the copies made is believed of a read that was asked for after the exit was
        called and long enough after the last fill: an earlier one may show an old book. Where no
        read tells, it is what the copies made. Another master's copies on the other side make the
        account's position less: where it is what all copies made, all of these are there.
        """
        all_made = asked.together.get(account, 0)
        made = all_made if asked.sells else -all_made
        lane = self._lanes.get(account)
        if lane is not None and lane.account.master:
            side, nets = asked.terms.side, self._masters.of(account, *asked.part)
            shown = [0, held] if nets is None else [against(side, one) for one in nets]
            if nets is not None and all((one if asked.sells else -one) >= made for one in nets):
                shown = [held]
            least, most = min(held, *shown), min(held, max(shown))
            return least, most - least
        called, least = asked.but, held
        for net in self._positions.nets(account, asked.part, asked.today):
            there = net if asked.sells else -net
            if there < made:
                least = min(least, there)
        least = max(0, least)
        if least == held or (called and self._positions.tell(account, called.called_ns)):
            return least, 0
        return least, held - least
