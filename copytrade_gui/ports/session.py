"""The broker as we need it: one account's session, and the broker as a whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from copytrade_gui.domain.account import Account
from copytrade_gui.domain.capabilities import Capabilities
from copytrade_gui.domain.holding import Holding
from copytrade_gui.domain.ids import AccountId, BrokerOrderId
from copytrade_gui.domain.instrument import Exchange, Instrument, InstrumentKey, Quote
from copytrade_gui.domain.money import Paise
from copytrade_gui.domain.order import OrderTerms
from copytrade_gui.ports.books import (
    BrokerOrder,
    BrokerPosition,
    BrokerTrade,
    FundLimits,
    Read,
)
from copytrade_gui.ports.outcomes import NotSent, OrderChannel, Refused, Silence, Unknown
from copytrade_gui.ports.updates import UpdateListener


@dataclass(frozen=True, slots=True)
class ChangeDone:
    """The broker took a cancel or modify request; the book shows what came of it."""


ChangeOutcome = ChangeDone | Refused | NotSent | Unknown


@dataclass(frozen=True, slots=True)
class BrokerProfile:
    """What the account may trade. ``client_id`` is empty where the broker masks it."""

    name: str
    exchanges: tuple[str, ...]
    products: tuple[str, ...]
    client_id: str = ""


@dataclass(frozen=True, slots=True)
class ClockOffset:
    """Broker's clock minus ours in ms, give or take ``grain_ms``.

    The broker tells its time in whole seconds, so the grain is half a second and half of the call.
    """

    ms: float
    grain_ms: float

    @property
    def seconds(self) -> int:
        """The offset to the second; 0 while the grain alone can explain it."""
        return 0 if abs(self.ms) <= self.grain_ms else round(self.ms / 1000)

    @property
    def in_words(self) -> str:
        """As the lamp shows it: ``+2 s ± 1 s``."""
        return f"{self.seconds:+d} s ± {max(1, round(self.grain_ms / 500))} s".replace("+0", "0")


class BrokerFailureError(Exception):
    """A read failed. The text is one sentence for the operator: what, why, what to do.

    ``silence`` is set when nobody answered at all.
    """

    def __init__(
        self,
        sentence: str,
        *,
        code: str = "",
        session_dead: bool = False,
        silence: Silence | None = None,
    ) -> None:
        super().__init__(sentence)
        self.code = code
        self.session_dead = session_dead
        self.silence = silence


class BrokerSession(Protocol):
    """One logged-in account. One session is one client; nothing here names another account."""

    @property
    def account_id(self) -> AccountId:
        """Whose session this is."""

    @property
    def orders(self) -> OrderChannel:
        """The channel orders take."""

    async def open_channel(self) -> None:
        """Open and keep warm the order connection; failures show as ``orders.warm`` being False."""

    async def cancel(self, order: BrokerOrderId) -> ChangeOutcome:
        """Ask to cancel a working order; safe to repeat."""

    async def modify(self, order: BrokerOrderId, terms: OrderTerms) -> ChangeOutcome:
        """Ask to change quantity, price, trigger, type or validity; the order id stays."""

    async def order_book(self) -> Read[BrokerOrder]:
        """Today's orders. Never raises for what the broker did; a bad answer is not whole."""

    async def order_history(self, order: BrokerOrderId) -> Read[BrokerOrder]:
        """One order's rows, a row for each state change."""

    async def trade_book(self) -> Read[BrokerTrade]:
        """Today's trades; as ``order_book``."""

    async def positions(self) -> tuple[BrokerPosition, ...]:
        """Net positions. Raises BrokerFailureError."""

    async def holdings(self) -> tuple[Holding, ...]:
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

    def hear_updates(self, listener: UpdateListener) -> None:
        """Tell ``listener`` what the broker tells by itself of this account's orders, from now on
        until the session is closed. One that tells nothing leaves the feed ``OFF``.
        """

    def watch_quotes(self, keys: Sequence[InstrumentKey]) -> None:
        """Have the prices of these instruments told, and of no others, where the broker can."""

    def hear_address(self, changed: Callable[[str, str], None]) -> None:
        """Call ``changed`` with the old and the new local address when a connection leaves from
        another address of this machine than the one before it. The old one is empty for the first,
        which is told as soon as it is known.

        It is called before an order that waits for that connection is written. What a router makes
        of the address is not visible here.
        """

    async def drop_connections(self) -> None:
        """Close every connection and open new ones before the next use.

        An order whose reply is outstanding becomes Unknown, one that waits in line NotSent. The
        session goes on. Never raises for what the network did.
        """

    async def aclose(self) -> None:
        """Close connections; the session stays valid at the broker."""


@dataclass(frozen=True, slots=True)
class SessionToken:
    """A day's session as kept in the secret store. ``made_ns`` is UTC ns; never logged or shown."""

    token: str
    made_ns: int

    def __repr__(self) -> str:
        return "SessionToken(***)"


@dataclass(frozen=True, slots=True)
class WayBack:
    """Where a browser comes back to after a login, on this machine; ``address`` empty: nowhere.

    ``problem`` says then why.
    """

    address: str
    problem: str = ""


class LoginReturns(Protocol):
    """Hears a browser that comes back from the broker's login page, one login at a time."""

    async def listen(self) -> WayBack:
        """Listen for one return; what is still listened for is given up."""

    async def returned(self) -> str:
        """The address it came back to. Raises BrokerFailureError: nobody came in time."""

    async def aclose(self) -> None:
        """Listen no more."""


@dataclass(frozen=True, slots=True)
class RouteSeen:
    """What a connection by an account's route showed.

    ``left_from`` is the local address it left from. ``seen`` is the address that the broker saw,
    empty where it does not tell. ``took_ms`` is from the call to the answer.
    """

    left_from: str
    seen: str
    took_ms: float


@dataclass(frozen=True, slots=True)
class DayContracts:
    """What can be traded in one exchange. ``skipped`` rows could not be used.

    ``problem`` says why ``day`` is not today; the file is then the last good one.
    """

    day: date
    instruments: tuple[Instrument, ...]
    skipped: int = 0
    problem: str = ""


class Broker(Protocol):
    """The broker as a whole: its manner, logins, contract files, and its clock."""

    @property
    def capabilities(self) -> Capabilities:
        """What it takes, and how often it may be asked."""

    def login_url(self, account: Account, back_to: str = "") -> str:
        """The broker's own login page for this account's app; opens in the user's browser.

        ``back_to`` is where it sends the browser afterwards; empty: where the app is registered.
        """

    async def exchange_code(self, account: Account, app_secret: str, code: str) -> SessionToken:
        """Trade a login code for the day's session. Raises BrokerFailureError."""

    def session(self, account: Account, token: SessionToken) -> BrokerSession:
        """Make a session object; no network."""

    async def contracts(self, exchange: Exchange, today: date) -> DayContracts:
        """The day's contract file, else the last good one. Raises BrokerFailureError: none."""

    async def try_route(self, account: Account, proxy_login: str | None = None) -> RouteSeen:
        """Make one connection by the account's route, and ask for what needs no session.

        ``proxy_login`` takes the place of the stored one. Raises BrokerFailureError.
        """

    async def clock_offset(self) -> ClockOffset:
        """Broker's clock minus ours, with its grain. Raises BrokerFailureError."""
