"""What we need from the world: Protocols and their result types, nothing else.

Outcomes are values, exceptions are surprises. ``brokers`` and ``storage`` plug in from below,
``engine`` and ``services`` from above; nobody imports anybody across this page.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from copytrade_gui.domain.account import Account
from copytrade_gui.domain.events import Event, PlanSettled
from copytrade_gui.domain.ids import AccountId, BrokerOrderId, CommandId, PlanId, Tag, TradeId
from copytrade_gui.domain.instrument import Exchange, Instrument, InstrumentKey, Quote
from copytrade_gui.domain.money import Paise
from copytrade_gui.domain.order import OrderTerms, OrderType, Product, Side, State, Validity
from copytrade_gui.domain.records import Attempt, Fill, OrderView, Plan, Timing
from copytrade_gui.domain.trading_state import StateChange

RowT = TypeVar("RowT")

# ---------------------------------------------------------------- outcomes of a place call


@dataclass(frozen=True, slots=True)
class Accepted:
    """The broker took the request; RMS or the exchange may still reject it."""

    broker_order_id: BrokerOrderId


@dataclass(frozen=True, slots=True)
class Refused:
    """The broker definitely did not take it. ``blocks_account`` for an unregistered address."""

    code: str
    reason: str
    blocks_account: bool = False


@dataclass(frozen=True, slots=True)
class NotSent:
    """Proven: no byte of the request left us. The only outcome that may be repeated."""

    reason: str


class Doubt(StrEnum):
    """Why we do not know; AUTH and RATE are settled by two complete reads instead of the window."""

    PLAIN = "plain"
    AUTH = "auth"
    RATE = "rate"


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may have arrived. Never resent; the resolver finds out by tag."""

    reason: str
    code: str = ""
    doubt: Doubt = Doubt.PLAIN
    retry_after_ms: int = 0


PlaceOutcome = Accepted | Refused | NotSent | Unknown


@dataclass(frozen=True, slots=True)
class PlaceReply:
    """An outcome with its monotonic times in ns; ``sent_ns`` is 0 when no byte left."""

    outcome: PlaceOutcome
    sent_ns: int
    replied_ns: int


@dataclass(frozen=True, slots=True)
class PreparedOrder:
    """A place request ready for the wire. ``payload`` is opaque to the engine but its hash is kept."""

    tag: Tag
    payload: bytes
    payload_hash: str


class OrderRoad(Protocol):
    """One account's warm way to the broker for orders; callbacks, so that a wave needs no tasks."""

    @property
    def warm(self) -> bool:
        """True when an order can leave without a handshake."""

    def prepare(self, terms: OrderTerms, tag: Tag) -> PreparedOrder:
        """Encode a place request; pure, called before the plan is committed."""

    def place(
        self, order: PreparedOrder, deadline_ms: int, done: Callable[[PlaceReply], None]
    ) -> None:
        """Write the request now and return; ``done`` is called exactly once, later, on this loop.

        Never raises; never calls ``done`` before it returns; never resends. ``deadline_ms`` bounds
        the whole call.
        """


# ---------------------------------------------------------------- other calls of a session


@dataclass(frozen=True, slots=True)
class ChangeDone:
    """The broker took a cancel or modify request; the book shows what came of it."""


ChangeOutcome = ChangeDone | Refused | NotSent | Unknown


@dataclass(frozen=True, slots=True)
class BrokerOrder:
    """A row of the order book. ``state`` is None for a status text we have no row for.

    Quantities in units, prices in rupees. ``tag`` is empty where the book says ``NA`` or nothing.
    ``placed_ns`` is UTC ns, None when the stamp cannot be read (IST at the broker, whole seconds).
    ``product``, ``order_type`` and ``validity`` are None for a text we have no word for (an order
    made elsewhere): the row is still well formed, it just equals none of ours.
    """

    broker_order_id: BrokerOrderId
    exchange_order_id: str
    tag: str
    status_text: str
    state: State | None
    key: InstrumentKey
    side: Side
    quantity: int
    filled_quantity: int
    pending_quantity: int
    price: Decimal
    trigger: Decimal
    average_price: Decimal
    product: Product | None
    order_type: OrderType | None
    validity: Validity | None
    rejection_reason: str
    source: str
    placed_ns: int | None


@dataclass(frozen=True, slots=True)
class BrokerTrade:
    """A row of the trade book. ``quantity`` units of this fill, ``price`` rupees."""

    trade_id: TradeId
    broker_order_id: BrokerOrderId
    key: InstrumentKey
    side: Side
    quantity: int
    price: Decimal
    tag: str
    at_text: str


@dataclass(frozen=True, slots=True)
class Read(Generic[RowT]):
    """One read of a book. ``whole`` means: HTTP success, whole body parsed, every row well formed.

    A read that is not whole proves nothing; ``problem`` says why in one sentence, and
    ``session_dead`` is True when the broker said that the session is over.
    """

    rows: tuple[RowT, ...]
    whole: bool
    problem: str = ""
    session_dead: bool = False


@dataclass(frozen=True, slots=True)
class BrokerPosition:
    """Net position of one instrument and product; ``net_quantity`` units, average in rupees.

    ``product`` is None for a product name we have no word for.
    """

    key: InstrumentKey
    symbol: str
    product: Product | None
    net_quantity: int
    average_price: Decimal
    realised: Paise


@dataclass(frozen=True, slots=True)
class BrokerHolding:
    """One holding; ``quantity`` units, average in rupees."""

    isin: str
    symbol: str
    quantity: int
    average_price: Decimal


@dataclass(frozen=True, slots=True)
class FundLimits:
    """Money of an account in paise. ``available`` is what the broker would still let us use."""

    available: Paise
    utilised: Paise
    opening: Paise


@dataclass(frozen=True, slots=True)
class BrokerProfile:
    """What the account may trade. The broker masks the client id in this call."""

    name: str
    exchanges: tuple[str, ...]
    products: tuple[str, ...]


class BrokerFailureError(Exception):
    """A read failed. The text is one sentence for the operator: what, why, what to do."""

    def __init__(self, sentence: str, *, code: str = "", session_dead: bool = False) -> None:
        super().__init__(sentence)
        self.code = code
        self.session_dead = session_dead


class BrokerSession(Protocol):
    """One logged-in account. One session is one client; nothing here names another account."""

    @property
    def account_id(self) -> AccountId:
        """Whose session this is."""

    @property
    def orders(self) -> OrderRoad:
        """The road orders take."""

    async def open_road(self) -> None:
        """Open and keep warm the order connection; failures show as ``orders.warm`` being False."""

    async def cancel(self, order: BrokerOrderId) -> ChangeOutcome:
        """Ask to cancel a working order; safe to repeat."""

    async def modify(self, order: BrokerOrderId, terms: OrderTerms) -> ChangeOutcome:
        """Ask to change quantity, price, trigger, type or validity; the broker keeps the order id."""

    async def order_book(self) -> Read[BrokerOrder]:
        """Today's orders. Never raises for what the broker did; a bad answer is a read not whole."""

    async def order_history(self, order: BrokerOrderId) -> Read[BrokerOrder]:
        """One order's rows, a row for each state change."""

    async def trade_book(self) -> Read[BrokerTrade]:
        """Today's trades; as ``order_book``."""

    async def positions(self) -> tuple[BrokerPosition, ...]:
        """Net positions. Raises BrokerFailureError."""

    async def holdings(self) -> tuple[BrokerHolding, ...]:
        """Holdings. Raises BrokerFailureError."""

    async def limits(self) -> FundLimits:
        """Funds. Raises BrokerFailureError."""

    async def profile(self) -> BrokerProfile:
        """Profile. Raises BrokerFailureError."""

    async def margin_needed(self, terms: OrderTerms) -> Paise:
        """Margin one order would need. Raises BrokerFailureError."""

    async def quotes(self, keys: Sequence[InstrumentKey]) -> tuple[Quote, ...]:
        """Last prices. Raises BrokerFailureError."""

    async def logout(self) -> None:
        """End the session at the broker. Raises BrokerFailureError."""

    async def aclose(self) -> None:
        """Close connections; the session stays valid at the broker."""


@dataclass(frozen=True, slots=True)
class SessionToken:
    """A day's session as kept in the secret store. ``made_ns`` is UTC ns; never logged or shown."""

    token: str
    made_ns: int

    def __repr__(self) -> str:
        return "SessionToken(***)"


class Broker(Protocol):
    """The broker as a whole: logins, contract files, and its clock."""

    def login_url(self, account: Account) -> str:
        """The broker's own login page for this account's app; opens in the user's browser."""

    async def exchange_code(self, account: Account, app_secret: str, code: str) -> SessionToken:
        """Trade a login code for the day's session. Raises BrokerFailureError."""

    def session(self, account: Account, token: SessionToken) -> BrokerSession:
        """Make a session object; no network."""

    async def instruments(self, exchange: Exchange, today: date) -> tuple[Instrument, ...]:
        """The day's contract file, from the cache if it is today's. Raises BrokerFailureError."""

    async def clock_offset_ms(self) -> float:
        """Broker's ``Date`` header minus our wall clock, whole-second grain. Raises BrokerFailureError."""


# ---------------------------------------------------------------- memory


class JournalFailureError(Exception):
    """A commit failed; nothing of it is stored. The engine halts: nothing is sent unrecorded."""


@dataclass(frozen=True, slots=True)
class OpenWork:
    """What the journal knows at start: trading state as stored, and today's orders."""

    trading: StateChange | None
    plans: tuple[Plan, ...]
    orders: tuple[OrderView, ...]
    known_tags: frozenset[Tag]
    last_event_ns: int
    next_plan_number: int
    fills: tuple[Fill, ...] = ()
    """Trades already seen today, so that their rows are not taken for new ones."""


class Journal(Protocol):
    """The engine's memory. Commits are awaited before anything acts on them."""

    async def commit_plan(self, plan: Plan, attempts: Sequence[Attempt]) -> bool:
        """Store action, plan, intents and first attempts in one full-sync transaction.

        False if this action's plan is already stored (nothing is written). Raises
        JournalFailureError.
        """

    async def commit_attempts(self, attempts: Sequence[Attempt]) -> None:
        """Mark attempts SENDING in one full-sync transaction. Raises JournalFailureError."""

    async def commit_trading_state(self, change: StateChange) -> None:
        """Store a stop before it acts. Raises JournalFailureError."""

    async def commit_command(
        self, command: CommandId, actor: str, verb: str, subject: str, reason: str, at_ns: int
    ) -> bool:
        """Record a person's act once; False if this command is already known."""

    def append(self, event: Event) -> None:
        """Queue a fact; stored in groups (every 20 ms or 25 rows). Never blocks, never raises."""

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
    """When one acknowledged attempt was called, sent and answered; ``rank`` is its send place."""

    plan_id: PlanId
    account_id: AccountId
    at_ns: int
    timing: Timing
    rank: int


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

    async def plans(self, limit: int) -> tuple[PastPlan, ...]:
        """The newest plans, newest first."""

    async def verify(self) -> tuple[str, ...]:
        """Check the whole audit trail; what is wrong, in sentences; empty means intact."""

    async def export_events(self, path: Path) -> int:
        """Write the audit trail to ``path`` (.csv or .json by its ending); returns how many facts.

        Raises OSError; ValueError for another ending.
        """


class AccountBook(Protocol):
    """The stored accounts."""

    async def all(self) -> tuple[Account, ...]:
        """Every account, masters first, then by name."""

    async def put(self, accounts: Sequence[Account]) -> None:
        """Add or replace accounts, all or none."""

    async def remove(self, account_id: AccountId) -> None:
        """Forget an account; its history stays."""


class SecretStore(Protocol):
    """App secrets and session tokens; nothing secret is kept anywhere else."""

    async def get(self, account: AccountId, name: str) -> str | None:
        """Read a secret, or None."""

    async def put(self, account: AccountId, name: str, value: str) -> None:
        """Store a secret."""

    async def remove(self, account: AccountId, name: str) -> None:
        """Forget a secret; silent if it is not there."""


class KillFlag(Protocol):
    """The kill flag's file beside the database, so that a kill works if the database does not."""

    def is_set(self) -> bool:
        """True if the file is there, or if we cannot tell (fail closed)."""

    def set(self, why: str) -> None:
        """Create the file, synced, before the kill acts."""

    def clear(self) -> None:
        """Remove the file when a person ends the kill."""


# ---------------------------------------------------------------- the rest of the world


class Timer(Protocol):
    """A scheduled call."""

    def cancel(self) -> None:
        """Forget it; harmless after it ran."""


class Clock(Protocol):
    """Time. Durations use the monotonic clock, records the wall clock."""

    def wall_ns(self) -> int:
        """UTC nanoseconds since 1970."""

    def mono_ns(self) -> int:
        """Monotonic nanoseconds."""

    async def sleep(self, seconds: float) -> None:
        """Let others run for so long."""

    def call_later(self, seconds: float, call: Callable[[], None]) -> Timer:
        """Run ``call`` on this loop later."""


class Chance(Protocol):
    """Randomness, for jitter only; nothing that names or orders a record is random."""

    def uniform(self, low: float, high: float) -> float:
        """A number between ``low`` and ``high``."""


FaultPoint = Callable[[str], None]
"""Called with a point's name as the engine passes it; tests stop the program there."""

Unsubscribe = Callable[[], None]


class EventSource(Protocol):
    """News. Listeners are called on the engine's loop and must return at once."""

    def subscribe(self, listener: Callable[[Event], None]) -> Unsubscribe:
        """Hear every event from now on, until the returned call is made."""


class InstrumentIndex(Protocol):
    """The contract files, searchable."""

    async def put(self, exchange: Exchange, day: date, instruments: Sequence[Instrument]) -> None:
        """Replace what is known of one exchange by the contract file of ``day`` (IST date)."""

    async def day_of(self, exchange: Exchange) -> date | None:
        """Which day's contract file is held for an exchange, None if there is none."""

    async def search(self, text: str, limit: int) -> tuple[Instrument, ...]:
        """Instruments that have every word of ``text`` in symbol or name, best match first."""

    async def get(self, key: InstrumentKey) -> Instrument | None:
        """One instrument."""
