"""What the engine's parts tell each other. ``assembly`` says who hears what, and in which order."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from decimal import Decimal
from typing import Generic, TypeVarTuple

from copytrade_gui.domain.ids import AccountId, PlanId
from copytrade_gui.domain.records import Plan, Signal
from copytrade_gui.domain.trading_state import StateChange
from copytrade_gui.engine.orders.absorbed import Absorbed
from copytrade_gui.engine.orders.lane import Lane
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.ports import BrokerOrder, PlaceReply, Silence

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


class News:
    """The engine's inner news; unlike the bus it is not stored, and an exception is the teller's.

    A part tells upwards by it; downwards it calls what it was made with.
    """

    def __init__(self) -> None:
        # -- orders
        self.reply: Told[Order, PlaceReply] = Told()
        """The broker's reply to an order's newest attempt."""
        self.live: Told[Order] = Told()
        """The order is at the broker or in doubt."""
        self.settled: Told[Order] = Told()
        """The order has an outcome that nobody waits for any more."""
        self.filled: Told[Order, int] = Told()
        """So many more units of the order were filled."""
        self.rejected: Told[Order] = Told()
        """The exchange or the broker's risk checks rejected the order after it was taken."""
        self.never_left: Told[Order] = Told()
        """No byte of the order left, and it will not be tried again."""
        self.requeue: Told[Order] = Told()
        """The order is proven not to be at the broker, and may be tried once more."""
        self.awaits_price: Told[Order, str, Decimal] = Told()
        """The order is kept back until the market is at so many rupees or better; the sentence says
        so."""
        self.exit_planned: Told[Signal, Collection[AccountId]] = Told()
        """A signal becomes a plan that reduces what its master, or only these accounts, hold."""
        self.copies_leave: Told[Plan] = Told()
        """A plan's copies leave now: with their master's order, or because his is at the exchange.
        """
        self.overshoot: Told[PlanId] = Told()
        """More orders of the plan were about to leave than were planned."""
        # -- accounts
        self.silence: Told[AccountId, Silence, str] = Told()
        """An order of the account got no answer at all: how, and why in one sentence."""
        self.unknown_cancelled: Told[AccountId] = Told()
        """The cancel of an order that our records do not know was answered."""
        self.after_read: Told[Lane, Absorbed] = Told()
        """The account's order book was read, and what it shows was merged."""
        self.unknown_rows: Told[Lane, list[BrokerOrder]] = Told()
        """The account's book shows rows with a tag of this program that no order of ours has."""
        self.seen: Told[Lane, Sequence[BrokerOrder]] = Told()
        """Orders of the account that are none of ours: all of a whole read, or one just pushed."""
        self.copied_row: Told[PlanId, BrokerOrder, int, int] = Told()
        """A row of an order that a master placed elsewhere, with the plan of its copies; when it
        was first seen, and a moment at which it had filled no more than was known, monotonic.
        """
        self.traded_elsewhere: Told[AccountId] = Told()
        """A master's order that is none of ours was filled."""
        self.ready: Told[()] = Told()
        """An account may send again."""
        self.positions_read: Told[()] = Told()
        """More is known of positions: an exit may have waited for it."""
        self.limits_set: Told[()] = Told()
        """Limits were set, of all accounts or of one."""
        # -- the whole
        self.storage_failed: Told[str] = Told()
        """The journal could not store something; the sentence says what."""
        self.breaker_opened: Told[()] = Told()
        """Too many answers of the broker were ambiguous."""
        self.repeats: Told[str] = Told()
        """Plans repeat themselves faster than a person places them; the sentence says how fast."""
        self.loss_of_all: Told[str] = Told()
        """All followers together reached a loss limit that halts; the sentence says which."""
        self.kill_file: Told[()] = Told()
        """The kill flag's file was found that nobody here has set."""
        self.slept: Told[StateChange, int] = Told()
        """The machine slept: the trading state before it, and the ns gained."""
        self.network_back: Told[int] = Told()
        """This machine had no network for so many ns; told before anything leaves."""
        self.resumed: Told[()] = Told()
        """A person resumed trading."""
        self.part_failed: Told[str] = Told()
        """A part of the engine failed, which was logged; the sentence says which."""
