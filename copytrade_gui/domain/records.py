"""The records behind an order: signal, plan, intent, attempt, fill (docs/safety.md 2, 3).

Those of which a plan makes one for each follower are msgspec structs: a frozen dataclass takes
fifteen times as long to make, and five hundred of each are made while an order waits. None can be
part of a cycle, so Python's collector need not look at them.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

from copytrade_gui.domain.account import Role
from copytrade_gui.domain.actor import ActorKind
from copytrade_gui.domain.divergence import Divergence
from copytrade_gui.domain.ids import (
    AccountId,
    AttemptId,
    BrokerOrderId,
    CommandId,
    IntentId,
    PlanId,
    SignalId,
    Tag,
    TradeId,
)
from copytrade_gui.domain.order import FanOut, OrderTerms, State

AS_IT_LEFT = 0
"""The version of a change that was made before the order left."""
OPERATOR = ActorKind.OPERATOR.value
"""The actor of what a person does in our window."""
ENGINE = ActorKind.PROGRAM.value
"""The actor of what the program does by itself."""


class SignalKind(StrEnum):
    """What asked for orders."""

    TICKET = "ticket"
    """A person placed a master order in our window or by a command."""
    MASTER = "master"
    """An order that the master placed at the broker was seen there."""
    SQUARE_OFF = "square_off"
    """A person closes what copies hold."""
    FILL = "fill"
    """A master's order filled more, and there are followers who copy fills."""
    CATCH_UP = "catch_up"
    """A person lets followers catch up with what a master holds."""


_REFERENCES = {
    SignalKind.TICKET: "cmd:",
    SignalKind.SQUARE_OFF: "off:",
    SignalKind.FILL: "fill:",
    SignalKind.CATCH_UP: "up:",
}
"""How ``order_ref`` begins where there is no broker's order id."""


def reference(kind: SignalKind, name: str) -> str:
    """The ``order_ref`` of a signal: ``name`` is a broker's order id, a plan's, or a command's."""
    return f"{_REFERENCES.get(kind, '')}{name}"


@dataclass(frozen=True, slots=True)
class Signal:
    """What asks for orders: one version of one order of a master, or of one thing to be done.

    ``order_ref`` names it (``reference``), ``terms`` are what was asked for in the master's own
    size, ``actor`` who asked for it. ``made_ns`` is wall time, UTC ns. The version of a FILL is
    what the order has filled, in units, and the quantity of its terms is by how much that grew.
    """

    signal_id: SignalId
    master_id: AccountId
    order_ref: str
    version: int
    terms: OrderTerms
    fan_out: FanOut
    command_id: CommandId | None
    made_ns: int
    actor: str = OPERATOR

    @property
    def kind(self) -> SignalKind:
        """What kind of thing it is."""
        for kind, start in _REFERENCES.items():
            if self.order_ref.startswith(start):
                return kind
        return SignalKind.MASTER

    @property
    def filled_of(self) -> tuple[PlanId, int] | None:
        """Of a FILL the plan of the master's order, and the units that it had filled by then."""
        if self.kind is not SignalKind.FILL:
            return None
        return PlanId(self.order_ref.removeprefix(_REFERENCES[SignalKind.FILL])), self.version

    def copied_plan(self, own: PlanId) -> PlanId:
        """The plan of the master's order: of a FILL that of the order, else ``own``."""
        return own if self.filled_of is None else self.filled_of[0]


class Intent(Struct, frozen=True, gc=False):
    """One account's share of a plan, or one slice of it; frozen when the plan is committed.

    ``terms`` are what leaves (sized, protected, on tick). ``state`` is the planning result:
    PLANNED, BLOCKED or SKIPPED, the latter two with ``code`` and ``reason``. ``signal_age_ms``
    bounds how old the order may be when it leaves. ``rank`` is its place in the send order.
    """

    intent_id: IntentId
    plan_id: PlanId
    account_id: AccountId
    role: Role
    slice_number: int
    terms: OrderTerms
    signal_age_ms: int
    rank: int
    state: State = State.PLANNED
    code: str = ""
    reason: str = ""

    @property
    def is_copy(self) -> bool:
        """False for the master's own order."""
        return self.role is Role.FOLLOWER


@dataclass(frozen=True, slots=True)
class Plan:
    """The one plan of a signal: its children (intents), frozen with every size and verdict.

    ``made_ns`` is wall time UTC ns, ``made_mono_ns`` monotonic ns.
    """

    plan_id: PlanId
    signal: Signal
    intents: tuple[Intent, ...]
    made_ns: int
    made_mono_ns: int

    @property
    def closes(self) -> bool:
        """True if it does nothing but close what copies hold."""
        return self.signal.kind is SignalKind.SQUARE_OFF

    @property
    def leads(self) -> tuple[Intent, ...]:
        """The master's own order, in slices; empty where he has none here."""
        return tuple(intent for intent in self.intents if not intent.is_copy)


class Attempt(Struct, gc=False):
    """One request for an intent as it is marked before its first byte.

    ``marked_ns`` is UTC ns; a request that was made while the master's answer was awaited gets it
    when it is chosen to leave. Nothing else of an attempt ever changes.
    """

    attempt_id: AttemptId
    intent_id: IntentId
    account_id: AccountId
    number: int
    tag: Tag
    marked_ns: int
    deadline_ms: int


class Amendment(Struct, frozen=True, gc=False):
    """A change of an order, decided and stored before it is asked for.

    ``terms`` are what the order shall be, with its whole quantity; ``version`` counts from 1, and
    is ``AS_IT_LEFT`` of an order that left with fewer units than were planned.
    """

    intent_id: IntentId
    version: int
    terms: OrderTerms


@dataclass(frozen=True, slots=True)
class Fill:
    """One exchange trade; unique by (account, trade id). ``quantity`` units, ``price`` rupees."""

    account_id: AccountId
    trade_id: TradeId
    broker_order_id: BrokerOrderId
    quantity: int
    price: Decimal
    at_text: str


class Timing(Struct, frozen=True, gc=False):
    """Monotonic ns of an attempt: its call, bytes handed to the socket, reply parsed.

    The call is the operator's press, or, of a copy that waits for the master's order, the moment
    that order was acknowledged.
    """

    called_ns: int
    sent_ns: int
    replied_ns: int

    @property
    def call_to_reply_ms(self) -> float:
        """From the order's call to its acknowledgement."""
        return (self.replied_ns - self.called_ns) / 1e6

    @property
    def send_to_reply_ms(self) -> float:
        """What the broker and the line took."""
        return (self.replied_ns - self.sent_ns) / 1e6

    @property
    def call_to_send_ms(self) -> float:
        """What we took."""
        return (self.sent_ns - self.called_ns) / 1e6


class OrderView(Struct, frozen=True, gc=False):
    """An intent with its newest attempt as it stands now: a row of the feed and of the journal."""

    plan_id: PlanId
    intent_id: IntentId
    account_id: AccountId
    role: Role
    terms: OrderTerms
    state: State
    code: str
    reason: str
    attempt_id: AttemptId | None
    attempt_number: int
    tag: Tag | None
    broker_order_id: BrokerOrderId | None
    filled_quantity: int
    average_price: Decimal | None
    timing: Timing | None
    changed_ns: int
    cancel_requested: bool = False
    diverged: Divergence | None = None

    @property
    def is_copy(self) -> bool:
        """False for a master's own order."""
        return self.role is Role.FOLLOWER
