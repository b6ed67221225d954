"""What of a master's order, or of one fill of it, reduces what he had before it."""

from __future__ import annotations

import sys

from msgspec import Struct, structs

from copytrade_gui.domain.exits import OUT_OF_HOLDINGS, Copy, Exiting, against, reducing
from copytrade_gui.domain.ids import AccountId, PlanId
from copytrade_gui.domain.order import OrderTerms, Side
from copytrade_gui.domain.records import SignalKind
from copytrade_gui.engine.books.master_positions import MasterPositions
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.engine.planning.copy_ledger import CopyLedger
from copytrade_gui.engine.planning.left import own_part
from copytrade_gui.engine.planning.other_orders import UNREAD, OtherOrders
from copytrade_gui.ports import BrokerOrder

_REMEMBERED = 256
"""Plans whose place is kept; none waits longer than a minute."""


class Place(Struct, frozen=True):
    """Where an order stands among its master's.

    ``source_ns`` is when it was called here, or was seen, monotonic. ``elsewhere``: he placed it
    at the broker. The others are of one fill of it: ``before`` the units that it had filled until
    then, None of an order as a whole; ``first_trade`` the first of the fill's trades among those
    that were told of him. ``untold``, of an order too, are signed units that his position has and
    of which no trade was told in this run; None: nobody knows yet.
    """

    source_ns: int
    elsewhere: bool = True
    before: int | None = None
    first_trade: int = 0
    untold: int | None = 0


class MasterExits:
    """Compares a master's order with his position before it."""

    def __init__(
        self, core: Core, masters: MasterPositions, orders: OtherOrders, ledger: CopyLedger
    ) -> None:
        self._book = core.book
        self._masters = masters
        self._orders = orders
        self._ledger = ledger
        self._began_ns = core.clock.mono_ns()
        self._places: dict[PlanId, Place] = {}
        self._filled_before: dict[PlanId, int] = {}
        """Of orders that were placed elsewhere and copied in an earlier run, the units that were
        filled when this run first looked.
        """
        self._filled: dict[PlanId, int] = {}
        """Of such orders the units that have filled by now."""

    def seen(self, plan: PlanId, row: BrokerOrder, _seen_ns: int, since_ns: int) -> None:
        """A row of a copied order that a master placed elsewhere; ``since_ns`` is 0 where it is the
        first of this run.
        """
        self._filled[plan] = max(row.filled_quantity, self._filled.get(plan, 0))
        if not since_ns:
            self._filled_before.setdefault(plan, row.filled_quantity)

    def remember(self, plan: PlanId, place: Place) -> None:
        """A plan is being made of an order of this place."""
        self._places[plan] = place
        if len(self._places) > _REMEMBERED:
            del self._places[next(iter(self._places))]

    def exiting(
        self,
        master: AccountId,
        terms: OrderTerms,
        *,
        but: Order | None = None,
        place: Place | None = None,
    ) -> Exiting:
        """What of it is an exit: of one to come, or of the plan of ``but``."""
        unread = self._orders.own_unread(master, terms, but)
        if but is not None:
            plan_id = but.intent.plan_id
            own = self._book.leads_of(plan_id)
            unread += sum(one.ordered - one.filled for one in own if one.attempt_state in UNREAD)
            place = self._places.get(plan_id) or self._of_earlier_run(but)
        if place is None or not place.elsewhere:  # else the read that shows it shows them
            unread += self._orders.elsewhere_unread(master, terms, but)
        nets = self._before(master, terms, place)
        copied, made_here = self._ledger.of_master(master, terms)
        if nets is not None and copied:
            nets = tuple(signed(terms, own_part(terms, net, copied)) for net in nets)
        if place is not None and place.before is not None:  # of this order, what the sum has or not
            made_here += (
                -signed(terms, place.before) if place.elsewhere else signed(terms, terms.quantity)
            )
        ordered_here = against(terms.side, made_here)
        return reducing(terms.side, terms.quantity, terms.product, nets, unread, ordered_here)

    def by_now(self, master: AccountId, terms: OrderTerms, but: Order) -> Exiting:
        """What of the order of a plan is an exit by what its master holds now, with what it has
        filled itself: he may have traded on since it was called.
        """
        leads = self._book.leads_of(but.intent.plan_id)
        filled = sum(one.filled for one in leads) or self._filled.get(but.intent.plan_id, 0)
        here = self._orders.own_unread(master, terms, but)
        unread = here + self._orders.elsewhere_unread(master, terms, but)
        nets = self._masters.of(master, terms.instrument.key, terms.product)
        copied, made_here = self._ledger.of_master(master, terms)
        if nets is not None:
            nets = tuple(net + signed(terms, filled) for net in nets)
            if copied:
                nets = tuple(signed(terms, own_part(terms, net, copied)) for net in nets)
        if leads:
            made_here += signed(terms, filled)
        ordered_here = against(terms.side, made_here)
        return reducing(terms.side, terms.quantity, terms.product, nets, unread, ordered_here)

    def opened(self, master: AccountId, terms: OrderTerms, place: Place) -> int:
        """Units that an order had opened by what it filled before these terms, at most."""
        before = place.before or 0
        nets = self._before(master, terms, place)
        if nets is None or terms.product in OUT_OF_HOLDINGS:
            return before
        return min(before, max(against(terms.side.opposite, net) for net in nets))

    def _of_earlier_run(self, but: Order) -> Place:
        """Whatever an order that was placed elsewhere, or one fill, filled in an earlier run is in
        every read of this one, and no trade is told of it: what is left of an exit would seem to
        turn his position round.
        """
        plan = self._book.plan(but.intent.plan_id)
        if plan is None:
            return Place(but.called_ns, elsewhere=False)
        terms = plan.signal.terms
        if plan.signal.kind is SignalKind.FILL:
            units = -signed(terms, terms.quantity)
            return Place(but.called_ns, before=0, first_trade=sys.maxsize, untold=units)
        if plan.signal.kind is SignalKind.MASTER and but.called_ns < self._began_ns:
            filled = self._filled_before.get(plan.plan_id)
            untold = None if filled is None else -signed(terms, filled)
            return Place(but.called_ns, elsewhere=False, untold=untold)
        return Place(but.called_ns, elsewhere=False)

    def _before(
        self, master: AccountId, terms: OrderTerms, place: Place | None
    ) -> tuple[int, ...] | None:
        """What he had before it, signed units; None where that is not known."""
        nets = self._masters.of(master, terms.instrument.key, terms.product)
        if place is None or not place.source_ns:
            return nets
        if place.elsewhere and not self._masters.settled(master):
            return None
        if nets is None or place.untold is None:
            return None
        there_before = place.elsewhere and place.before is None and place.untold
        if there_before and not self._masters.read_since(master, place.source_ns):
            return None  # what was read may be from before it
        part = (terms.instrument.key, terms.product)
        if place.before is None:  # before this order of his and those after it
            back = self._masters.since(master, part, place.source_ns)
        else:
            back = self._masters.told_from(master, part, place.first_trade)
        return tuple(net - back - place.untold for net in nets)


def signed(terms: OrderTerms, units: int) -> int:
    """A position of so many units that an order of this side reduces, signed."""
    return units if terms.side is Side.SELL else -units


def of_fill(copy: Copy) -> Copy:
    """What a copy has for a fill of the master's: what leaves already is of earlier fills, which
    his position has not any more either.
    """
    return structs.replace(copy, leaving=0)
