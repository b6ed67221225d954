"""What the engine's parts tell each other. ``assembly`` says who hears what, and in which order."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Generic, TypeVarTuple

from copytrade_gui.domain.ids import AccountId, PlanId
from copytrade_gui.domain.order import OrderTerms
from copytrade_gui.domain.records import OrderView, Plan, Signal
from copytrade_gui.domain.trading_state import StateChange
from copytrade_gui.engine.orders.absorbed import Absorbed
from copytrade_gui.engine.orders.lane import Lane
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.ports import BrokerOrder, PlaceReply, Silence, StopAsked

Said = TypeVarTuple("Said")


class Told(Generic[*Said]):
    """One kind of news. Calling it calls everybody who asked to hear it, now."""

    def __init__(self) -> None:
        self._calls: tuple[Callable[[*Said], object], ...] = ()

    def to(self, *calls: Callable[[*Said], object]) -> None:
        """These hear it as well, after those before them."""
        self._calls += calls

    def __call__(self, *said: *Said) -> None:
        for call in self._calls:
            call(*said)


@dataclass(eq=False, slots=True)
class News:
    """The engine's inner news; unlike the bus it is not stored, and an exception is the teller's.

    A part tells upwards by it; downwards it calls what it was made with.
    """

    # -- orders
    reply: Told[Order, PlaceReply] = field(default_factory=Told)
    """The broker's reply to an order's newest attempt."""
    live: Told[Order] = field(default_factory=Told)
    """The order is at the broker or in doubt."""
    settled: Told[Order] = field(default_factory=Told)
    """The order has an outcome that nobody waits for any more."""
    filled: Told[Order, int] = field(default_factory=Told)
    """So many more units of the order were filled."""
    lead_filled: Told[PlanId] = field(default_factory=Told)
    """Something was told of a plan's own order of the master that has filled."""
    lead_changed: Told[Order, OrderTerms, OrderTerms] = field(default_factory=Told)
    """A plan's own order of the master was changed at the broker: from what, and to what."""
    lead_ended: Told[OrderView] = field(default_factory=Told)
    """A plan's own order of the master ended, or a slice of it."""
    copy_filled: Told[PlanId] = field(default_factory=Told)
    """Something was told of a copy of this plan that has filled."""
    rejected: Told[Order] = field(default_factory=Told)
    """The exchange or the broker's risk checks rejected the order after it was taken."""
    never_left: Told[Order] = field(default_factory=Told)
    """No byte of the order left, and it will not be tried again."""
    packed: Told[Order, bool] = field(default_factory=Told)
    """The order ended a while ago and is kept packed from now on; False: it is whole again."""
    requeue: Told[Order] = field(default_factory=Told)
    """The order is proven not to be at the broker, and may be tried once more."""
    awaits_price: Told[Order, str, Decimal] = field(default_factory=Told)
    """The order is kept back until the market is at so many rupees or better; the sentence says
    so."""
    exit_planned: Told[Signal, Collection[AccountId]] = field(default_factory=Told)
    """A signal becomes a plan that reduces what its master, or only these accounts, hold."""
    copies_leave: Told[Plan] = field(default_factory=Told)
    """A plan's copies leave now: with their master's order, or because his is at the exchange.
    """
    overshoot: Told[PlanId] = field(default_factory=Told)
    """More orders of the plan were about to leave than were planned."""
    # -- accounts
    silence: Told[AccountId, Silence, str] = field(default_factory=Told)
    """An order of the account got no answer at all: how, and why in one sentence."""
    unknown_cancelled: Told[AccountId] = field(default_factory=Told)
    """The cancel of an order that our records do not know was answered."""
    after_read: Told[Lane, Absorbed] = field(default_factory=Told)
    """The account's order book was read, and what it shows was merged."""
    unknown_rows: Told[Lane, list[BrokerOrder]] = field(default_factory=Told)
    """The account's book shows rows with a tag of this program that no order of ours has."""
    seen: Told[Lane, Sequence[BrokerOrder]] = field(default_factory=Told)
    """Orders of the account that are none of ours: all of a whole read, or one just pushed."""
    copied_row: Told[PlanId, BrokerOrder, int, int] = field(default_factory=Told)
    """A row of an order that a master placed elsewhere, with the plan of its copies; when it
    was first seen, and a moment at which it had filled no more than was known, monotonic.
    """
    traded_elsewhere: Told[AccountId] = field(default_factory=Told)
    """A master's order that is none of ours was filled."""
    ready: Told[()] = field(default_factory=Told[()])
    """An account may send again."""
    positions_read: Told[()] = field(default_factory=Told[()])
    """More is known of positions: an exit may have waited for it."""
    limits_set: Told[()] = field(default_factory=Told[()])
    """Limits were set, of all accounts or of one."""
    # -- the whole
    storage_failed: Told[str] = field(default_factory=Told)
    """The journal could not store something; the sentence says what."""
    breaker_opened: Told[()] = field(default_factory=Told[()])
    """Too many answers of the broker were ambiguous."""
    repeats: Told[str] = field(default_factory=Told)
    """Plans repeat themselves faster than a person places them; the sentence says how fast."""
    loss_of_all: Told[str] = field(default_factory=Told)
    """All followers together reached a loss limit that halts; the sentence says which."""
    stop_asked: Told[StopAsked] = field(default_factory=Told)
    """A file beside the database asks for a stop, the kill flag's too; one of everything has
    braked already."""
    slept: Told[StateChange, int] = field(default_factory=Told)
    """The machine slept: the trading state before it, and the ns gained."""
    network_back: Told[int] = field(default_factory=Told)
    """This machine had no network for so many ns; told before anything leaves."""
    resumed: Told[()] = field(default_factory=Told[()])
    """A person resumed trading."""
    part_failed: Told[str] = field(default_factory=Told)
    """A part of the engine failed, which was logged; the sentence says which."""
