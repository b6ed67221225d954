"""Facts, in the past tense. Everything the window, the journal and the latency meter hear of."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

from copytrade_gui.domain.account import AccountStatus
from copytrade_gui.domain.basis import Declared
from copytrade_gui.domain.day import DayChecked, DayStep, SheetStep
from copytrade_gui.domain.halt import AccountHalt
from copytrade_gui.domain.holding import Holding
from copytrade_gui.domain.ids import AccountId, BrokerOrderId, IntentId, PlanId, Tag
from copytrade_gui.domain.link import Link
from copytrade_gui.domain.order import OrderTerms
from copytrade_gui.domain.records import Fill, OrderView, Plan
from copytrade_gui.domain.route import Route
from copytrade_gui.domain.seen import SeenOrder
from copytrade_gui.domain.trading_state import StateChange

REJECTED_ALIKE = "rejected_alike"
"""Code of the alarm for orders of one plan that were rejected with the same words."""


class Severity(StrEnum):
    """How loud an alarm is."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class PlanMade:
    """A plan was committed; from here on a crash cannot lose or double it."""

    plan: Plan


@dataclass(frozen=True, slots=True)
class ChecksPassed:
    """A plan left although checks held it or warned: what was found, in sentences.

    ``actor`` is who let it pass; the program where nobody was there to be asked of a warning.
    ``account_id`` is the master.
    """

    plan_id: PlanId
    account_id: AccountId
    actor: str
    found: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlanVoided:
    """A plan whose commit failed: nothing of it left, and nothing ever will.

    It may be on the disk all the same, so this is the end of whatever is there of it.
    """

    plan_id: PlanId
    reason: str
    at_ns: int


@dataclass(frozen=True, slots=True)
class ChangeNotMade:
    """A change of an order that was decided and will never be made: the order is as it was before.

    ``terms`` are what the order was to become, ``reason`` is why it does not.
    """

    plan_id: PlanId
    intent_id: IntentId
    account_id: AccountId
    terms: OrderTerms
    reason: str


class OrderChanged(Struct, frozen=True, gc=False):
    """An intent or its attempt moved to another state, or its fill grew."""

    order: OrderView
    before: str


@dataclass(frozen=True, slots=True)
class FillSeen:
    """A trade row seen for the first time."""

    fill: Fill


@dataclass(frozen=True, slots=True)
class PlanSettled:
    """Every intent of a plan has its first definite outcome.

    Durations in ms from the operator's press; ``last_ack_ms`` is what he waited. Only
    ``slowest_call_ms`` counts from the copy's own call. ``unknown`` counts orders nobody can vouch
    for yet. ``planned_ms``: sized, checked and made into requests; ``committed_ms``: on the disk.
    ``seen_before_ms``: a master's order that he placed elsewhere was seen so long before the call.
    """

    plan_id: PlanId
    intents: int
    acked: int
    refused: int
    blocked: int
    unknown: int
    first_byte_ms: float | None
    last_byte_out_ms: float | None
    first_ack_ms: float | None
    last_ack_ms: float | None
    at_ns: int
    slowest_call_ms: float | None = None
    planned_ms: float | None = None
    committed_ms: float | None = None
    seen_before_ms: float | None = None


@dataclass(frozen=True, slots=True)
class TradingStateChanged:
    """A stop was pressed or lifted. ``effect_ms`` is the time until it took hold here."""

    change: StateChange
    effect_ms: float


@dataclass(frozen=True, slots=True)
class AccountChanged:
    """An account's session, margin, warmth or last outcome changed."""

    status: AccountStatus


@dataclass(frozen=True, slots=True)
class AccountHalted:
    """One account alone was stopped, or more was found in one that is."""

    halt: AccountHalt
    actor: str = "engine"

    @property
    def reason(self) -> str:
        """Everything that was found, in words."""
        return self.halt.reason


@dataclass(frozen=True, slots=True)
class AccountHaltLifted:
    """A person has looked at an account that was halted alone, and let it go on."""

    halt: AccountHalt
    actor: str
    reason: str


@dataclass(frozen=True, slots=True)
class ProfitPeak:
    """The highest profit of an Indian day so far, in rupees, of which a part is kept: of an
    account's copies, or of all followers' (``domain.scope``).
    """

    account_id: AccountId
    day: int
    peak: Decimal


@dataclass(frozen=True, slots=True)
class HoldingsSeen:
    """An account's holdings were read at ``at_ns`` (UTC); stored where they are not as before."""

    account_id: AccountId
    rows: tuple[Holding, ...]
    at_ns: int


@dataclass(frozen=True, slots=True)
class LinkChanged:
    """A link was made (``before`` is None), changed, or taken away (``after`` is None)."""

    before: Link | None
    after: Link | None
    actor: str

    @property
    def link(self) -> Link:
        """The link as it is, or was."""
        link = self.after or self.before
        if link is None:
            raise ValueError("a change of nothing")
        return link


@dataclass(frozen=True, slots=True)
class AccountEdited:
    """A person added, changed or removed an account: in words, and nothing secret in them."""

    account_id: AccountId
    words: str
    actor: str


@dataclass(frozen=True, slots=True)
class BasisChanged:
    """A person declared on what basis an account is traded here, or took that back."""

    account_id: AccountId
    before: Declared
    after: Declared
    actor: str


@dataclass(frozen=True, slots=True)
class RouteChanged:
    """A person said which way an account's connections take, or what is registered for it."""

    account_id: AccountId
    before: Route
    after: Route
    actor: str


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something a person must know: what happened, what it means, what to do, code last."""

    severity: Severity
    code: str
    sentence: str
    at_ns: int
    account_id: AccountId | None = None
    plan_id: PlanId | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A row of the broker's book that looks like an attempt whose tag is missing."""

    broker_order_id: BrokerOrderId
    status_text: str
    quantity: int
    filled_quantity: int
    price: str
    placed_at: str


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """One order a person must decide on: what we sent, and what the book shows."""

    intent_id: IntentId
    account_id: AccountId
    tag: Tag
    sent: OrderView
    why: str
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class ReviewsChanged:
    """The list of orders waiting for a person's decision, whole."""

    items: tuple[ReviewItem, ...]


@dataclass(frozen=True, slots=True)
class RecoveryReport:
    """What the start found (docs/safety.md 7.6)."""

    started_ns: int
    proven: tuple[OrderView, ...]
    unknown: tuple[OrderView, ...]
    stale: tuple[OrderView, ...]
    missed_master_orders: tuple[str, ...]
    differences: tuple[str, ...]
    unread_accounts: tuple[AccountId, ...]
    needs_resume: bool

    @property
    def in_words(self) -> str:
        """One line for the band and the log."""
        unread = len(self.unread_accounts)
        accounts = f"{unread} account{'' if unread == 1 else 's'}"
        return (f"{accounts} not read yet, " if unread else "") + (
            f"{len(self.proven)} proven, {len(self.unknown)} unknown, {len(self.stale)} stale, "
            f"{len(self.missed_master_orders)} missed, {len(self.differences)} differences"
        )


@dataclass(frozen=True, slots=True)
class RecoveryReported:
    """What a start has found so far; ``done`` when no later read refines it."""

    report: RecoveryReport
    done: bool = False


@dataclass(frozen=True, slots=True)
class LampChanged:
    """A lamp of the status bar. ``name`` is broker, feed, engine, database, clock or market."""

    name: str
    state: str
    """``ok``, ``warn`` or ``bad``."""
    words: str


@dataclass(frozen=True, slots=True)
class MasterSeen:
    """An order that a master placed elsewhere was seen, changed, or decided on."""

    order: SeenOrder


Event = (
    PlanMade
    | ChecksPassed
    | PlanVoided
    | OrderChanged
    | ChangeNotMade
    | FillSeen
    | PlanSettled
    | TradingStateChanged
    | AccountChanged
    | AccountHalted
    | AccountHaltLifted
    | ProfitPeak
    | HoldingsSeen
    | LinkChanged
    | AccountEdited
    | BasisChanged
    | RouteChanged
    | Alarm
    | ReviewsChanged
    | RecoveryReported
    | LampChanged
    | MasterSeen
    | DayStep
    | DayChecked
    | SheetStep
)
