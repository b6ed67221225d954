"""The verbs the window and the command line use, as Protocols, with what they return.

Every verb is awaited on the engine's loop; in the desktop program ``desktop.py`` carries the call
across to the engine's thread. A verb refuses with ``RefusedError``: one sentence naming the field
and the remedy; nothing changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from copytrade_gui.domain.account import AccountStatus, Role
from copytrade_gui.domain.charges import Charges
from copytrade_gui.domain.checks.check import Shown
from copytrade_gui.domain.day import DayReport
from copytrade_gui.domain.draft import Draft, FieldProblem
from copytrade_gui.domain.events import RecoveryReport, ReviewItem
from copytrade_gui.domain.ids import (
    AccountId,
    AttemptId,
    BrokerOrderId,
    CommandId,
    IntentId,
    PlanId,
)
from copytrade_gui.domain.instrument import Instrument, InstrumentKey, Quote
from copytrade_gui.domain.money import Paise
from copytrade_gui.domain.open_orders import Goes, OpenCopies, OpenOrders
from copytrade_gui.domain.records import OrderView, Timing
from copytrade_gui.domain.trading_state import StateChange, TradingState
from copytrade_gui.domain.waterfall import Waterfall


class RefusedError(Exception):
    """A verb did nothing; the text is one sentence with the field and the remedy.

    Of what a person may let pass (code ``hold`` or ``warn``) ``found`` is what he is shown and
    ``lines`` are the sentences.
    """

    def __init__(
        self,
        sentence: str,
        *,
        field: str = "",
        code: str = "",
        found: Sequence[Shown] = (),
        lines: Sequence[str] = (),
    ) -> None:
        super().__init__(sentence)
        self.found, self.lines = tuple(found), tuple(lines)
        self.sentence = sentence
        self.field = field
        self.code = code


class RowCost(Struct, frozen=True):
    """What one account's share of a ticket is worth and needs, in paise.

    ``orders`` are as many as the exchange's freeze quantity asks. ``value`` is None without a
    price, ``margin`` while the broker has not told what it needs; ``short`` is whether that is more
    than the most of what the account has free, None where either is not known. ``held_after`` is
    what its copies hold once it has filled whole, signed units; None of the master.
    """

    orders: int = 0
    value: Paise | None = None
    margin: Paise | None = None
    short: bool | None = None
    held_after: int | None = None


NO_COST = RowCost()
"""Of an account that gets nothing."""


class MarginNeeded(Struct, frozen=True):
    """What all orders of a ticket need, in paise, as the broker told it ``age_s`` seconds ago.

    ``not_told`` accounts get an order of which it is not known. ``at_most``: a part of it may
    close, and needs none. Orders that only close need nothing.
    """

    needed: Paise
    age_s: int
    not_told: int = 0
    at_most: bool = False


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """What one account would get. ``quantity`` 0 comes with a code and a reason."""

    account_id: AccountId
    name: str
    is_master: bool
    quantity: int
    lots: Decimal
    code: str
    reason: str
    cost: RowCost = NO_COST


@dataclass(frozen=True, slots=True)
class Preview:
    """The ticket's live answer: problems of its fields, or the fan-out with its value.

    ``protected_price`` is the limit price a MARKET or SL-M order would leave with, in rupees;
    ``value`` is master and followers together, in paise, None without a price.
    """

    problems: tuple[FieldProblem, ...]
    rows: tuple[PreviewRow, ...]
    protected_price: Decimal | None
    value: Paise | None
    blocked_by: str = ""
    """Why sending is not possible now (a stop, recovery, no session); empty when it is."""
    warnings: tuple[str, ...] = ()
    """What to look at twice, in sentences with the figure; none of them blocks."""
    not_known: tuple[str, ...] = ()
    """What the limit price was not compared with, because nobody has told it lately."""
    margin: MarginNeeded | None = None
    """Of all orders together; None while the broker has not told it."""
    charges: Charges | None = None
    """An estimate of what all of them cost if they fill whole; None without a price or rates."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """A master order was planned and its first orders are on the wire."""

    plan_id: PlanId
    planned: int
    blocked: int


@dataclass(frozen=True, slots=True)
class CancelAnswer:
    """What a cancel found, each order counted once.

    ``requests`` are at the broker and asked for now, one after another in each account;
    ``when_found`` may or may not exist there and are cancelled when they are found; ``unsent`` had
    not left and do not any more; ``filled`` and ``ended`` had ended before the cancel came.
    """

    requests: int = 0
    when_found: int = 0
    unsent: int = 0
    filled: int = 0
    ended: int = 0


class TradingVerbs(Protocol):
    """Orders and stops."""

    async def preview(self, master_id: AccountId, draft: Draft) -> Preview:
        """Size the draft for every follower of ``master_id``; sends nothing, stores nothing."""

    async def submit(
        self,
        master_id: AccountId,
        draft: Draft,
        command: CommandId,
        confirmed: str = "",
        despite: Sequence[Shown] = (),
    ) -> Submitted:
        """Place the master order and its copies. The same command twice is one order.

        Raises RefusedError; code ``hold``: a check asks for the quantity to be typed again, which
        ``confirmed`` then holds, in the ticket's own unit; code ``warn``: a check warns, and
        ``despite`` then is what the person was shown (``RefusedError.found``) and lets pass. What
        goes further by then is asked again.
        """

    async def count_open(self, intents: Sequence[IntentId], plans: Sequence[PlanId]) -> int:
        """How many of these orders, and of those of these plans, have not ended."""

    async def open_orders(self, whom: Sequence[AccountId] = ()) -> tuple[OpenOrders, ...]:
        """What of ours is open in each account, by our records and by the broker's books.

        ``whom``: in these accounts and groups (``domain.scope``) alone.
        """

    async def cancel(self, intents: Sequence[IntentId], command: CommandId) -> CancelAnswer:
        """Ask the broker to cancel these orders."""

    async def cancel_plan(self, plan_id: PlanId, command: CommandId) -> CancelAnswer:
        """Cancel everything of a plan: unsent is skipped, live is cancelled, unknown on find."""

    async def cancel_all(self, command: CommandId) -> CancelAnswer:
        """Cancel every order that has not ended, as ``cancel``; trading goes on."""

    async def open_copies(self, master_id: AccountId, followers: Sequence[AccountId]) -> OpenCopies:
        """How many copies of this master's orders are open in these followers' accounts."""

    async def cancel_copies(
        self, master_id: AccountId, followers: Sequence[AccountId], goes: Goes, command: CommandId
    ) -> CancelAnswer:
        """Cancel those that go, as ``cancel``. What its owner changed is his, and stays."""

    async def pause(self, reason: str) -> StateChange:
        """No new plans; a running one finishes."""

    async def only_exits(self, reason: str, word: str = "") -> StateChange:
        """Only what reduces leaves. Out of a stop it asks what ``resume`` asks. Raises
        RefusedError.
        """

    async def halt(self, reason: str) -> StateChange:
        """Nothing leaves but cancels."""

    async def kill(self, reason: str, *, all_orders: bool = False) -> StateChange:
        """Drop the queue and cancel every order of ours, until each account's book shows none.

        With ``all_orders`` what the accounts' owners placed themselves as well.
        """

    async def stop_some(
        self,
        whom: Sequence[AccountId],
        state: TradingState,
        reason: str,
        command: CommandId,
        *,
        all_orders: bool = False,
    ) -> None:
        """REDUCE, HALT or KILL of these accounts and groups (``domain.scope``) alone, until a
        person lifts it (``lift_account_halt``); ``all_orders`` as for ``kill``. Raises
        RefusedError.
        """

    async def resume(self, reason: str, word: str = "") -> StateChange:
        """Go back to ACTIVE. HALT needs a reason, KILL also ``RESUME``. Raises RefusedError."""

    async def state(self) -> StateChange:
        """The trading state with who, when, why."""

    async def orders(self) -> tuple[OrderView, ...]:
        """Every order of today, newest first."""

    async def reviews(self) -> tuple[ReviewItem, ...]:
        """Orders waiting for a person's decision."""

    async def decide_found(
        self, intent: IntentId, order: BrokerOrderId, reason: str, command: CommandId
    ) -> None:
        """A person says: this row of the book is our order. Recorded. Raises RefusedError."""

    async def decide_absent(self, intent: IntentId, reason: str, command: CommandId) -> None:
        """A person says: our order does not exist. Recorded. Raises RefusedError."""

    async def lift_account_halt(
        self, account_id: AccountId, saw: str, reason: str, command: CommandId
    ) -> None:
        """A person says: an account that was halted alone may go on. Recorded.

        ``saw`` is the ``AccountStatus.stopped`` he looked at; refused if more was found since. Only
        what waited for the account and is still fresh leaves. Raises RefusedError.
        """

    async def recovery(self) -> RecoveryReport | None:
        """The report of this start, None before it is ready."""

    async def end_of_day(self, accepted: Sequence[str] = ()) -> DayReport:
        """Read every account that traded once more and seal the day if nothing is open.

        ``accepted`` are differences of an earlier report that the operator takes as they are.
        News of type ``DayStep`` tell how far it has come. Raises RefusedError.
        """


LOGIN_NOT_RETURNED = "login_return"
"""Code of the refusal that says that nobody came back from the broker's page."""


@dataclass(frozen=True, slots=True)
class LoginPage:
    """The broker's page for one login, and where the browser comes back to.

    ``returns_to`` is listened on until ``login_return`` has its answer; empty: nowhere, and
    ``problem`` says why. ``plain`` is the page without a word of it, if the broker's refuses that.
    """

    address: str
    plain: str
    returns_to: str = ""
    problem: str = ""


class SessionVerbs(Protocol):
    """The morning's logins."""

    async def login_page(self, account_id: AccountId) -> LoginPage:
        """The broker's page for this account; a login begun before comes back no more.

        Raises RefusedError: the account has no app secret.
        """

    async def login_return(self) -> str:
        """Wait for the browser to come back from the page asked for last; where it came to.

        Raises RefusedError (``LOGIN_NOT_RETURNED``).
        """

    async def finish_login(self, account_id: AccountId, pasted: str) -> AccountStatus:
        """Take the code, or the whole address the browser ended on. Raises RefusedError."""

    async def login_all_paper(self) -> tuple[AccountStatus, ...]:
        """Log every account in at the simulator; how each stands then. Paper mode only."""

    async def logout(self, account_id: AccountId) -> None:
        """End one session."""


@dataclass(frozen=True, slots=True)
class LatencySample:
    """One acknowledged order: when it was called, sent and answered, and its place in the wave.

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
class HistoryRow:
    """One stored audit event. ``subject`` is an intent's or a plan's id, ``body`` JSON."""

    number: int
    at_ns: int
    actor: str
    kind: str
    account_id: str
    subject: str
    reason: str
    body: str


class HistoryVerbs(Protocol):
    """What is remembered."""

    async def latency(self, limit: int) -> tuple[LatencySample, ...]:
        """The newest samples, oldest first."""

    async def events(self, limit: int, text: str = "") -> tuple[HistoryRow, ...]:
        """The newest audit events that contain ``text``, newest first."""

    async def orders(self, limit: int) -> tuple[OrderView, ...]:
        """The newest orders of any day, newest first."""

    async def waterfall(self, order: OrderView) -> Waterfall:
        """When an order reached each stage, and what its fill cost against the master's."""

    async def export_orders(self, path: Path) -> int:
        """Write all orders to .csv or .xlsx by the ending; returns rows. Raises RefusedError."""

    async def verify_audit(self) -> tuple[str, ...]:
        """Check the hash chain; returns what is wrong, in sentences; empty means intact."""


class MarketVerbs(Protocol):
    """Instruments and prices."""

    async def search(self, text: str, limit: int = 30) -> tuple[Instrument, ...]:
        """Instruments whose symbol or name has all words of ``text``; best match first."""

    async def contracts(self) -> str:
        """What the search lacks: files that still come in, were never read, or are not of today."""

    async def instrument(self, key: InstrumentKey) -> Instrument | None:
        """One instrument by its key."""

    async def quote(self, key: InstrumentKey) -> Quote | None:
        """The newest quote; fetched through the master's session if older than a second."""
