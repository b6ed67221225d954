"""Events as stored facts: what the audit trail keeps of each, and how it is read back.

An ``OrderChanged`` keeps only what moved (the terms are in the plan's tables): a day of 170,000
orders would otherwise repeat its instruments a million times. Nothing secret passes here: accounts
carry no secrets, and bodies of requests and replies are never events.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from copytrade_gui.domain.account import AccountStatus
from copytrade_gui.domain.day import DayChecked, DaySeal
from copytrade_gui.domain.divergence import Divergence
from copytrade_gui.domain.events import (
    AccountChanged,
    AccountEdited,
    AccountHalted,
    AccountHaltLifted,
    Alarm,
    BasisChanged,
    ChangeNotMade,
    ChecksPassed,
    Event,
    FillSeen,
    HoldingsSeen,
    LampChanged,
    LinkChanged,
    MasterSeen,
    OrderChanged,
    PlanSettled,
    PlanVoided,
    ProfitPeak,
    RecoveryReported,
    ReviewsChanged,
    RouteChanged,
    TradingStateChanged,
)
from copytrade_gui.domain.halt import AccountHalt
from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.link import Link
from copytrade_gui.domain.money import in_rupees
from copytrade_gui.domain.order import OrderTerms
from copytrade_gui.domain.records import ENGINE, Fill, OrderView
from copytrade_gui.domain.rights import Rights
from copytrade_gui.domain.trading_state import StateChange
from copytrade_gui.storage.journal.chain import SEALED, Fact

ORDER_CHANGED = "OrderChanged"
FILL_SEEN = "FillSeen"
PLAN_MADE = "PlanMade"
"""Its body is the plan's record (``plan_record``); the journal makes it when the plan is stored."""
ORDERS_MARKED = "OrdersMarked"
"""Attempts of stored plans were marked SENDING; its body is the wave's record."""
ORDERS_AMENDED = "OrdersAmended"
"""Changes of live orders were decided; its body is their record."""
CHANGE_NOT_MADE = "ChangeNotMade"
"""One of them never will be; its body are the terms that it was to bring."""
PLAN_SETTLED = "PlanSettled"
PLAN_VOIDED = "PlanVoided"
TRADING_STATE = "TradingStateChanged"
HALT_KINDS = frozenset({"AccountHalted", "AccountHaltLifted"})
"""The newest of these says how the halt of an account stands."""


PROFIT_PEAK = "ProfitPeak"
HOLDINGS_SEEN = "HoldingsSeen"


class OrderFact(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an ``OrderChanged`` keeps. Times ns, quantities units, ``average_price`` rupees."""

    before: str
    state: str
    changed_ns: int
    attempt_number: int = 0
    tag: str = ""
    broker_order_id: str = ""
    filled_quantity: int = 0
    average_price: Decimal | None = None
    code: str = ""
    cancel_requested: bool = False
    called_ns: int = 0
    sent_ns: int = 0
    replied_ns: int = 0
    diverged: Divergence | None = None


class CommandFact(msgspec.Struct, frozen=True):
    """A person's act."""

    command_id: str
    verb: str
    subject: str


class ReviewsFact(msgspec.Struct, frozen=True):
    """Which orders wait for a person."""

    intents: list[str]


class RecoveryFact(msgspec.Struct, frozen=True):
    """What a start found."""

    proven: list[str]
    unknown: list[str]
    stale: list[str]
    missed: list[str]
    differences: list[str]
    unread: list[str]
    needs_resume: bool


class LinkFact(msgspec.Struct, frozen=True):
    """What a ``LinkChanged`` keeps: whose orders, and the link before and after."""

    master_id: str
    before: Link | None
    after: Link | None


class Moment(msgspec.Struct, frozen=True):
    """When a fact was queued: UTC ns, monotonic ns, broker clock minus ours in ms if known."""

    wall_ns: int
    mono_ns: int
    clock_offset_ms: int | None


_encoder = msgspec.json.Encoder(order="deterministic")  # a set has no order of its own


def to_json(value: object) -> str:
    """Encode a domain value or a struct of this module."""
    return _encoder.encode(value).decode()


def order_fact(view: OrderView, before: str) -> OrderFact:
    """Keep what moved."""
    timing = view.timing
    return OrderFact(
        before,
        view.state,
        view.changed_ns,
        view.attempt_number,
        view.tag or "",
        view.broker_order_id or "",
        view.filled_quantity,
        view.average_price,
        view.code,
        view.cancel_requested,
        timing.called_ns if timing else 0,
        timing.sent_ns if timing else 0,
        timing.replied_ns if timing else 0,
        view.diverged,
    )


def fact_from(event: Event, at: Moment) -> Fact:
    """Turn an event into the fact that is stored."""
    account = plan = intent = reason = ""
    actor = ENGINE
    body: object = event
    match event:
        case OrderChanged() | ChangeNotMade():
            account, plan, intent, reason, body = _of_order(event)
        case FillSeen(fill=fill):
            account, body = fill.account_id, fill
        case PlanSettled() | PlanVoided() | ChecksPassed():
            plan = event.plan_id
            account, actor, reason = _of_plan(event)
        case TradingStateChanged(change=change):
            actor, reason, body = change.actor, change.reason, event
        case AccountChanged(status=status):
            account, reason = status.account_id, status.stopped or status.session_reason
            body = status_fact(status)
        case (
            AccountHalted()
            | AccountHaltLifted()
            | LinkChanged()
            | AccountEdited()
            | BasisChanged()
            | RouteChanged()
            | ProfitPeak()
            | HoldingsSeen()
        ):
            account, actor, reason, body = _of_account(event)
        case Alarm():
            account, plan = event.account_id or "", event.plan_id or ""
            reason, body = event.sentence, event
        case ReviewsChanged(items=items):
            body = ReviewsFact([item.intent_id for item in items])
        case RecoveryReported() | DayChecked():
            actor, reason, body = _report(event)
        case LampChanged():
            reason, body = event.words, event
        case MasterSeen(order=seen):
            account, plan = seen.account_id, seen.plan_id or ""
            reason, body = seen.reason, seen
    return Fact(
        at.wall_ns,
        at.mono_ns,
        at.clock_offset_ms,
        actor,
        type(event).__name__,
        account,
        plan,
        intent,
        reason,
        to_json(body),
    )


def _of_order(event: OrderChanged | ChangeNotMade) -> tuple[str, str, str, str, object]:
    """Account, plan, intent, words and body."""
    if isinstance(event, ChangeNotMade):
        return event.account_id, event.plan_id, event.intent_id, event.reason, event.terms
    view = event.order
    body = order_fact(view, event.before)
    return view.account_id, view.plan_id, view.intent_id, view.reason, body


def _of_plan(event: PlanSettled | PlanVoided | ChecksPassed) -> tuple[str, str, str]:
    """Account, actor and words."""
    if isinstance(event, ChecksPassed):
        return event.account_id, event.actor, " ".join(event.found)
    return "", ENGINE, event.reason if isinstance(event, PlanVoided) else ""


def _of_account(
    event: AccountHalted
    | AccountHaltLifted
    | LinkChanged
    | AccountEdited
    | BasisChanged
    | RouteChanged
    | ProfitPeak
    | HoldingsSeen,
) -> tuple[str, str, str, object]:
    """Account, actor, words and body."""
    if isinstance(event, ProfitPeak):
        return event.account_id, ENGINE, f"Highest so far today: {in_rupees(event.peak)}.", event
    if isinstance(event, HoldingsSeen):
        return event.account_id, ENGINE, "", event
    if isinstance(event, BasisChanged | RouteChanged):
        words = f"{event.before.in_words} becomes {event.after.in_words}."
        return event.account_id, event.actor, words, event
    if isinstance(event, AccountEdited):
        return event.account_id, event.actor, event.words, event
    if isinstance(event, LinkChanged):
        link = event.link
        body = LinkFact(link.master_id, event.before, event.after)
        return link.follower_id, event.actor, "", body
    return event.halt.account_id, event.actor, event.reason, event.halt


def _report(event: RecoveryReported | DayChecked) -> tuple[str, str, object]:
    """Actor, words and body."""
    if isinstance(event, DayChecked):
        return event.report.actor, event.report.in_words, event.report
    report = event.report
    return (
        ENGINE,
        report.in_words,
        RecoveryFact(
            [view.intent_id for view in report.proven],
            [view.intent_id for view in report.unknown],
            [view.intent_id for view in report.stale],
            list(report.missed_master_orders),
            list(report.differences),
            list(report.unread_accounts),
            report.needs_resume,
        ),
    )


def recorded_fact(
    kind: str, record: str, at: Moment, plan_id: str = "", actor: str = ENGINE
) -> Fact:
    """A record of the order log as the fact that the audit chain covers."""
    return Fact(
        at.wall_ns, at.mono_ns, at.clock_offset_ms, actor, kind, "", plan_id, "", "", record
    )


def command_fact(
    command: CommandId, *, actor: str, verb: str, subject: str, reason: str, at: Moment
) -> Fact:
    """Turn a person's act into the fact that is stored."""
    body = to_json(CommandFact(command, verb, subject))
    return Fact(
        at.wall_ns, at.mono_ns, at.clock_offset_ms, actor, "Command", "", "", "", reason, body
    )


def seal_fact(seal: DaySeal, at: Moment) -> Fact:
    """Turn a seal into the fact that is stored."""
    words = f"{seal.day} sealed over {seal.events} events."
    return Fact(
        at.wall_ns, at.mono_ns, at.clock_offset_ms, seal.actor, SEALED, "", "", "", words,
        to_json(seal),
    )  # fmt: skip


class StatusFact(msgspec.Struct, frozen=True):
    """What an ``AccountChanged`` keeps."""

    session: str
    session_reason: str
    halted: str
    only_exits: str = ""
    rights: Rights | None = None


def status_fact(status: AccountStatus) -> StatusFact:
    """Keep what tells of an account's changes, and no margins, latencies or steady lamps."""
    return StatusFact(
        status.session, status.session_reason, status.halted, status.only_exits, status.rights
    )


_ORDER = msgspec.json.Decoder(OrderFact)
_TERMS = msgspec.json.Decoder(OrderTerms)
_FILL = msgspec.json.Decoder(Fill)
_STATE = msgspec.json.Decoder(TradingStateChanged)
_HALT = msgspec.json.Decoder(AccountHalt)
_PEAK = msgspec.json.Decoder(ProfitPeak)
_HOLDINGS = msgspec.json.Decoder(HoldingsSeen)
_SEAL = msgspec.json.Decoder(DaySeal)


def read_order(body: str) -> OrderFact:
    """Read an ``OrderChanged`` body. Raises msgspec.DecodeError."""
    return _ORDER.decode(body)


def read_terms(body: str) -> OrderTerms:
    """Read a ``ChangeNotMade`` body. Raises msgspec.DecodeError."""
    return _TERMS.decode(body)


def read_fill(body: str) -> Fill:
    """Read a ``FillSeen`` body. Raises msgspec.DecodeError."""
    return _FILL.decode(body)


def read_state(body: str) -> StateChange:
    """Read a ``TradingStateChanged`` body. Raises msgspec.DecodeError."""
    return _STATE.decode(body).change


def read_halt(body: str) -> AccountHalt:
    """Read the body of one of ``HALT_KINDS``. Raises msgspec.DecodeError."""
    return _HALT.decode(body)


def read_peak(body: str) -> ProfitPeak:
    """Read a ``ProfitPeak`` body. Raises msgspec.DecodeError."""
    return _PEAK.decode(body)


def read_holdings(body: str) -> HoldingsSeen:
    """Read a ``HoldingsSeen`` body. Raises msgspec.DecodeError."""
    return _HOLDINGS.decode(body)


def read_seal(body: str) -> DaySeal:
    """Read a ``DaySealed`` body. Raises msgspec.DecodeError."""
    return _SEAL.decode(body)
