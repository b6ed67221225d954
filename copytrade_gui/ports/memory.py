"""The engine's memory and what else is kept: journal, history, accounts, secrets, the kill flag."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Protocol

import msgspec

from copytrade_gui.domain.account import Account, Role
from copytrade_gui.domain.day import DaySeal, OpenDay
from copytrade_gui.domain.events import Event, PlanSettled
from copytrade_gui.domain.habit import Ordered
from copytrade_gui.domain.halt import AccountHalt
from copytrade_gui.domain.ids import (
    AccountId,
    AttemptId,
    BrokerOrderId,
    CommandId,
    IntentId,
    PlanId,
    Tag,
)
from copytrade_gui.domain.instrument import Instrument, InstrumentKey
from copytrade_gui.domain.link import Link
from copytrade_gui.domain.order import OrderTerms
from copytrade_gui.domain.position import PositionKey
from copytrade_gui.domain.records import Amendment, Attempt, Fill, OrderView, Plan, Timing
from copytrade_gui.domain.seen import SeenOrder
from copytrade_gui.domain.trading_state import StateChange
from copytrade_gui.domain.waterfall import Moments
from copytrade_gui.ports.books import BrokerOrder
from copytrade_gui.ports.day_facts import Carried, Copied, DayFacts, TrailPart

FOLLOW_VERB = "follow"
"""The verb under which it is recorded what becomes of a master's orders placed elsewhere."""

IGNORE_VERB = "ignore_seen"
"""The verb under which it is recorded that a person has an order of a master's not copied."""

LIMITS_VERB = "limits"
"""The verb under which an edit of the limits is recorded, its subject what they were and are."""

IGNORE_DRIFT_VERB = "ignore_drift"
"""The verb under which it is recorded that a person lets a position be off until it is flat."""
SQUARE_OFF_VERB = "square_off"
"""The verb under which a square-off is recorded before it begins, its subject the scope."""

SQUARED_OFF_VERB = "squared_off"
"""The verb under which it is recorded that nothing is left, its subject the command that began it.
"""

KEEP_DAY_VERB = "keep_day"
"""The verb under which it is recorded that a day was written as one file, its reason the hash."""

STOPPED_SQUARE_OFF_VERB = "square_off_stopped"
PARTLY_SQUARED_OFF_VERB = "squared_off_in_part"
"""The same where something is left, or nothing is proven."""


class JournalFailureError(Exception):
    """A commit failed; nothing of it is stored. The engine halts: nothing is sent unrecorded."""


@dataclass(frozen=True, slots=True)
class BegunSquareOff:
    """A square-off that was begun today; ``scope`` as ``domain.square_off.scope_text`` says it.

    ``ended`` is False if the program ended before it was over, or a stop came in the middle
    (``stopped``); ``proven`` is True if it ended with nothing left. ``at_ns`` is UTC ns.
    """

    command_id: CommandId
    actor: str
    scope: str
    at_ns: int
    ended: bool
    proven: bool = False
    stopped: bool = False


@dataclass(frozen=True, slots=True)
class OpenWork:
    """What the journal knows at start: trading state as stored, and today's orders."""

    trading: StateChange | None
    plans: tuple[Plan, ...]
    orders: tuple[OrderView, ...]
    known_tags: Mapping[Tag, IntentId]
    """Of every attempt, not only the newest: an earlier one may still appear in a book."""
    last_event_ns: int
    next_plan_number: int
    fills: tuple[Fill, ...] = ()
    """Trades already seen today, so that their rows are not taken for new ones."""
    halts: tuple[AccountHalt, ...] = ()
    """Of every account that was ever halted alone, removed ones too; whatever the day."""
    carried: tuple[Carried, ...] = ()
    copied: tuple[Copied, ...] = ()
    """What followers carry by orders that are not among ``orders``; INTRADAY carries nothing."""
    amended: tuple[Amendment, ...] = ()
    """Changes of today that were decided and may be made, those of an order in their order."""
    follows: Mapping[AccountId, str] = field(default_factory=dict)
    """What a person chose for orders that a master places elsewhere, whatever the day."""
    ignored_orders: frozenset[tuple[AccountId, BrokerOrderId]] = frozenset()
    """Which of today's orders that masters placed elsewhere a person has not copied."""
    seen: Mapping[PlanId, SeenOrder] = field(default_factory=dict)
    """How masters' orders that were placed elsewhere and copied stood when last told today, by the
    plan of their copies."""
    limits: Mapping[str, Mapping[str, int | None]] = field(default_factory=dict)
    """What a person set for an account, or for all of them (empty), whatever the day, by the names
    of ``domain.checks.limits.Limits``."""
    ignored_drift: Mapping[PositionKey, int] = field(default_factory=dict)
    """Positions that a person lets be off by so many units until they are flat."""
    square_offs: tuple[BegunSquareOff, ...] = ()
    """Those of the day, the oldest first."""
    peaks: Mapping[AccountId, Decimal] = field(default_factory=dict)
    """Today's highest profits that were stored, in rupees, by account or scope."""
    ordered: tuple[tuple[AccountId, Ordered], ...] = ()
    """What masters ordered in the last weeks, today included, the oldest first."""


def drift_subject(key: PositionKey, units: int) -> str:
    """The subject under ``IGNORE_DRIFT_VERB``; 0 units: it is not ignored any more."""
    return msgspec.json.encode((key, units)).decode()


def read_drift_subject(subject: str) -> tuple[PositionKey, int]:
    """What ``drift_subject`` wrote."""
    return msgspec.json.decode(subject, type=tuple[PositionKey, int])


class Journal(Protocol):
    """The engine's memory. Commits are awaited before anything acts on them."""

    async def commit_plan(self, plan: Plan, attempts: Sequence[Attempt], bodies: str = "") -> bool:
        """Store a plan with its intents and first attempts as one record, with full sync.

        ``bodies`` is the SHA-256 (hex) over the bodies of the attempts' requests in their order.
        An order waits for this, so it may keep the loop from turning for some milliseconds. The
        plan is a fact from then on: nobody appends it.

        False if this action's plan is already stored (nothing is written). Raises
        JournalFailureError: it may be on the disk all the same.
        """

    async def commit_attempts(self, attempts: Sequence[Attempt], bodies: str = "") -> None:
        """Mark attempts of stored plans SENDING; else as ``commit_plan``.

        Raises JournalFailureError.
        """

    async def commit_amendments(self, amendments: Sequence[Amendment]) -> None:
        """Store changes of live orders before any of them is asked for, as one fact.

        Raises JournalFailureError: it may be on the disk all the same.
        """

    async def commit_trading_state(self, change: StateChange) -> None:
        """Store a stop before it acts. Raises JournalFailureError."""

    async def commit_command(
        self, command: CommandId, actor: str, verb: str, subject: str, reason: str, at_ns: int
    ) -> bool:
        """Record a person's act once; False if this command is already known."""

    async def seal_day(self, seal: DaySeal) -> DaySeal:
        """Store a seal right behind the newest fact, whose number and hash it gets filled in.

        Raises JournalFailureError: the day is not sealed.
        """

    def append(self, event: Event) -> None:
        """Queue a fact; stored in groups (every 20 ms or 25 rows). Never blocks, never raises.

        The halt of an account waits for no group: it and what came before it are stored at once.
        """

    async def flush(self) -> None:
        """Wait until everything appended is stored or in the emergency journal."""

    async def load(self, day: date) -> OpenWork:
        """Read what is not ended, and everything of ``day`` (IST date)."""


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One stored fact. ``number`` counts from 1, ``body`` is JSON; ids may be empty."""

    number: int
    wall_ns: int
    actor: str
    kind: str
    account_id: str
    plan_id: str
    intent_id: str
    reason: str
    body: str


@dataclass(frozen=True, slots=True)
class TimedOrder:
    """When one acknowledged attempt was called, sent and answered; ``rank`` is its send place.

    ``role`` says whether it was the master's own order or a copy.
    """

    attempt_id: AttemptId
    plan_id: PlanId
    account_id: AccountId
    at_ns: int
    timing: Timing
    rank: int
    role: Role


@dataclass(frozen=True, slots=True)
class PastPlan:
    """A stored plan in short. ``settled`` is None until every order had its first outcome."""

    plan_id: PlanId
    made_ns: int
    master_id: AccountId
    terms: OrderTerms
    intents: int
    settled: PlanSettled | None


class History(Protocol):
    """What is remembered, read back; every limit counts rows."""

    async def latency(self, limit: int) -> tuple[TimedOrder, ...]:
        """The newest answered orders, oldest first."""

    async def events(
        self, limit: int, *, text: str = "", kind: str = "", plan_id: str = "", before: int = 0
    ) -> tuple[AuditEvent, ...]:
        """The newest facts that contain ``text``, newest first; ``before`` pages by number."""

    async def orders(self, limit: int, plan_id: str = "") -> tuple[OrderView, ...]:
        """The newest orders of any day (of one plan if given), newest first."""

    async def day(self, day: date) -> DayFacts:
        """Everything of an Indian day that a follower's sheet is made of."""

    async def moments(self, plan: PlanId, intent: IntentId, until_ns: int) -> Moments | None:
        """What is stored of an order's times up to a UTC ns; None: its plan is not stored."""

    async def master_average(self, plan: PlanId) -> Decimal | None:
        """What the master got for the order that a plan copies, in rupees a unit; None: nothing."""

    async def plans(self, limit: int) -> tuple[PastPlan, ...]:
        """The newest plans, newest first."""

    async def verify(self) -> tuple[str, ...]:
        """Check the whole audit trail; what is wrong, in sentences; empty means intact."""

    async def export_events(self, path: Path) -> int:
        """Write the audit trail to ``path`` (.csv or .json by its ending); returns how many facts.

        Raises OSError; ValueError for another ending.
        """

    async def export_day(self, path: Path, day: date) -> TrailPart:
        """Write the facts of an Indian day to a .json file. Raises OSError."""


class SealBook(Protocol):
    """Which days are closed. What is read raises JournalFailureError where it cannot be."""

    async def newest(self, day: date) -> DaySeal | None:
        """The day's newest seal."""

    async def left_open(self, since: date, before: date) -> tuple[OpenDay, ...]:
        """Days from ``since`` up to before ``before`` with attempts and no seal, oldest first."""

    async def export(self, seal: DaySeal) -> Path:
        """Write a seal as a file of its own, for whoever keeps it elsewhere. Raises OSError."""


class AccountBook(Protocol):
    """The stored accounts, and who copies whom."""

    async def all(self) -> tuple[Account, ...]:
        """Every account, masters first, then by name."""

    async def links(self) -> tuple[Link, ...]:
        """Every link, by the follower's name."""

    async def put(self, accounts: Sequence[Account], links: Sequence[Link] = ()) -> None:
        """Add or replace accounts and links, all or none."""

    async def remove(
        self,
        account_ids: Sequence[AccountId],
        links: Collection[tuple[AccountId, AccountId]] = (),
    ) -> None:
        """Forget accounts with every link of theirs, and ``links``, all or none.

        A link is named by its master and its follower. The history of all stays.
        """


class SecretStore(Protocol):
    """App secrets and session tokens; nothing secret is kept anywhere else."""

    async def get(self, account: AccountId, name: str) -> str | None:
        """Read a secret, or None."""

    async def put(self, account: AccountId, name: str, value: str) -> None:
        """Store a secret."""

    async def remove(self, account: AccountId, name: str) -> None:
        """Forget a secret; silent if it is not there."""


class Passphrase(Protocol):
    """What unlocks the window. It is kept nowhere; what is stored can only check one."""

    async def is_set(self) -> bool:
        """Whether there is one."""

    async def check(self, passphrase: str) -> bool:
        """True if it is the one; after each wrong one the next answer takes longer."""

    async def set(self, passphrase: str) -> str:
        """Take another one from now on; why not, in a sentence, or nothing."""

    async def renew_key(self, passphrase: str) -> str:
        """Encrypt the secrets it opens with a new key; why not, in a sentence, or nothing.

        ``passphrase`` is the right one, empty where none is set.
        """

    async def forget_key(self) -> None:
        """Keep no key of the secrets in memory until the next ``check`` of the right one."""


InstrumentOf = Callable[[InstrumentKey], Awaitable[Instrument | None]]
"""Looks an instrument up in the contract files; None if they do not have it."""


async def no_instrument(key: InstrumentKey) -> Instrument | None:  # noqa: ARG001 - knows none
    """The contract files of a console that has none."""
    return None


@dataclass(frozen=True, slots=True)
class LostRecords:
    """Since when our records are whole: orders placed before it may be in the broker's books only.

    ``before_ns`` is UTC ns, 0 if nothing was ever lost. ``instrument_of`` looks an instrument up in
    the contract files, None if they do not have it.
    """

    before_ns: int = 0
    instrument_of: InstrumentOf = no_instrument

    def covers(self, row: BrokerOrder) -> bool:
        """True for a row of the broker's book that was placed while our records are not whole."""
        return row.placed_ns is not None and row.placed_ns < self.before_ns


class KillFlag(Protocol):
    """The kill flag's file beside the database, so that a kill works if the database does not."""

    def is_set(self) -> bool:
        """True if the file is there, or if we cannot tell (fail closed)."""

    def set(self, why: str) -> None:
        """Create the file, synced, before the kill acts."""

    def clear(self) -> None:
        """Remove the file when a person ends the kill."""
