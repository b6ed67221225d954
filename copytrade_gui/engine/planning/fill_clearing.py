"""What followers who copy fills get when a master's order has filled more."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from msgspec import Struct

from copytrade_gui.domain.exits import Exiting
from copytrade_gui.domain.ids import AccountId, CommandId, fill_command
from copytrade_gui.domain.order import FanOut, OrderType, Validity
from copytrade_gui.domain.records import Plan, SignalKind
from copytrade_gui.domain.sizing import Sized
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.planning.cleared import Cleared, signal_of
from copytrade_gui.engine.planning.clearing import Clearing
from copytrade_gui.engine.planning.denied import DeniedError
from copytrade_gui.engine.planning.exits import Cover
from copytrade_gui.engine.planning.master_exits import Place
from copytrade_gui.engine.planning.share import Share

FILL_MISSED = "fill_missed"


class Growth(Struct, frozen=True):
    """A master's order filled more.

    ``order`` is its plan, ``total`` what it has filled by now and ``units`` how much of it is new,
    ``price`` what he got for these, in rupees, None if nobody knows. ``copiers`` are those who copy
    its fills. ``missed`` is why it is too late to copy it; empty: it is not.
    """

    order: Plan
    total: int
    units: int
    price: Decimal | None
    place: Place
    copiers: frozenset[AccountId]
    missed: str = ""

    @property
    def command(self) -> CommandId:
        """The command under which it is copied, once."""
        return fill_command(self.order.plan_id, self.total)


class FillClearing:
    """Clears a fill as ``Clearing`` does an order, for those who copy fills."""

    def __init__(self, core: Core, clearing: Clearing) -> None:
        self._clock = core.clock
        self._clearing = clearing

    def clear(self, growth: Growth) -> Cleared:
        """Copies of what a master's order filled; denies nothing.

        What speaks against it is each one's verdict, so that a fill which is not copied is in the
        records like one that is.
        """
        order = growth.order.signal
        terms = replace(
            order.terms,
            quantity=growth.units,
            order_type=OrderType.MARKET,
            validity=Validity.DAY,
            price=None,
            trigger=None,
        )
        signal = signal_of(
            SignalKind.FILL,
            order.master_id,
            terms,
            FanOut.WITH_MASTER,
            growth.order.plan_id,
            made_ns=self._clock.wall_ns(),
            version=growth.total,
        )
        in_turn = self._clearing.in_turn(order.master_id)
        copiers = [one for one in in_turn if one.account_id in growth.copiers]
        facts = [one.facts for one in copiers]
        if growth.missed:
            why = Sized(0, FILL_MISSED, growth.missed)
        else:
            try:
                return self._clearing.copies_alone(
                    signal, copiers, facts, place=growth.place, traded_at=growth.price
                )
            except DeniedError as denied:
                why = Sized(0, denied.code, denied.sentence)
        shares = [Share(one.account, why) for one in facts]
        return Cleared(
            signal, None, terms, 0, shares, Cover(Exiting(0, 0), {}, {}), denied=why.reason
        )
