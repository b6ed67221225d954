"""What is stored of one day: its orders, their trades, and what was carried into it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from msgspec import Struct

from copytrade_gui.domain.account import Role
from copytrade_gui.domain.ids import AccountId, IntentId, PlanId
from copytrade_gui.domain.instrument import Instrument, InstrumentKey
from copytrade_gui.domain.order import OrderTerms, Product
from copytrade_gui.domain.records import Fill, OrderView, Signal
from copytrade_gui.domain.seen import SeenOrder


@dataclass(frozen=True, slots=True)
class Copied:
    """What orders of earlier days made in one account: ``net`` is bought less sold, in units.

    ``role`` tells a master's own orders from copies. ``cost`` is what the open part was paid, in
    rupees, at the averages of the orders; None if the broker never told one of them.
    """

    account_id: AccountId
    instrument: Instrument
    product: Product
    net: int
    role: Role
    cost: Decimal | None

    @property
    def key(self) -> InstrumentKey:
        """The instrument's key."""
        return self.instrument.key


@dataclass(frozen=True, slots=True)
class Carried(Copied):
    """The same of what came of one master's orders."""

    master_id: AccountId


class TrailPart(Struct, frozen=True):
    """The facts of a day in the audit trail: ``events`` of them behind the fact ``before``, whose
    hash is ``previous`` (hex); ``head`` is the last one's. The next day's part goes on from there.
    """

    events: int
    before: int
    previous: str
    head: str


class DayFacts(Struct, frozen=True):
    """Of an Indian day. ``orders`` are those of its plans, the oldest first, and ``fills`` the
    trades of these as they were read; ``carried`` is what orders of earlier days left open.

    ``signals`` say what asked for the orders of each plan, ``sent`` what those orders left with
    that were changed since, ``seen`` how the master's own order stood at last where he placed it
    elsewhere.
    """

    day: date
    signals: Mapping[PlanId, Signal] = {}
    orders: tuple[OrderView, ...] = ()
    fills: tuple[Fill, ...] = ()
    carried: tuple[Copied, ...] = ()
    sent: Mapping[IntentId, OrderTerms] = {}
    seen: Mapping[PlanId, SeenOrder] = {}
