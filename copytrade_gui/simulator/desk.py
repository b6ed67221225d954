"""The broker's shared table: everything that more than one kind of call needs."""

import random
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from copytrade_gui.simulator.accounts import (
    Account,
    App,
    Session,
    client_id,
    make_app,
    make_token,
    person,
)
from copytrade_gui.simulator.codes import text_of
from copytrade_gui.simulator.config import Brought, SimulatorConfig
from copytrade_gui.simulator.contractfiles import ContractFiles
from copytrade_gui.simulator.exchange import Exchange
from copytrade_gui.simulator.faults import Fault, FaultBook
from copytrade_gui.simulator.instruments import InstrumentList
from copytrade_gui.simulator.ist import NS, Clock, day_number, day_start, http_date
from copytrade_gui.simulator.ledger import Ledger, WireOrder
from copytrade_gui.simulator.orders import Terms, Twist
from copytrade_gui.simulator.positions import Holding
from copytrade_gui.simulator.prices import Prices
from copytrade_gui.simulator.quotes import MarketData
from copytrade_gui.simulator.rates import Window, limit_of
from copytrade_gui.simulator.rupees import UNIT
from copytrade_gui.simulator.templates import Templates
from copytrade_gui.simulator.terms import Leg, Scalar
from copytrade_gui.simulator.wire import Reply, Request

_anything = msgspec.json.Decoder()
_HELD = ("RELIANCE", "INFY", "TCS", "HDFCBANK", "SBIN", "ITC", "ICICIBANK", "LT")
Headers = tuple[tuple[str, str], ...]


class AuthCode(msgspec.Struct):
    """A code that the login page has handed out; good once, and only for a few minutes."""

    client_id: str
    app_key: str
    expires_at: int
    returned_id: str = ""
    """The client id as the login returned it; empty for as it is stored."""


class Call:
    """One call of the broker's interface on its way through the checks."""

    __slots__ = ("account", "argument", "legs", "lies", "lines", "name", "now", "request",
                 "session", "terms", "twist")  # fmt: skip

    def __init__(self, name: str, argument: str, request: Request, now: int) -> None:
        self.name = name
        self.argument = argument
        self.request = request
        self.now = now
        self.session: Session | None = None
        self.account: Account | None = None
        self.legs: list[Leg] | None = None
        self.lines: Sequence[WireOrder] = ()
        self.terms: Terms | None = None  # of a place request whose text is known to be in order
        self.twist: Twist | None = None
        self.lies: Sequence[tuple[Fault, random.Random]] = ()

    @property
    def client(self) -> Account:
        """The account behind a call that has passed the session check."""
        if self.account is None:
            raise LookupError(f"call {self.name} was carried out without a session")
        return self.account


class Desk:
    """State of one simulated broker. Nothing here reads a clock but `now`."""

    def __init__(self, config: SimulatorConfig, clock: Clock) -> None:
        self.config = config
        self.switches = config.switches
        self.clock = clock
        self.instruments = InstrumentList(day_number(clock()))
        self.templates = Templates(self.instruments)
        self.prices = Prices(config.seed, self.instruments, still=config.switches.market == "still")
        self.files = ContractFiles(self.instruments, self.switches)
        self.market = MarketData(self.instruments, self.prices)
        self.ledger = Ledger()
        self.exchange = Exchange(self.switches, self.instruments, self.prices, self.ledger)
        self.faults = FaultBook(config.seed)
        self.dice = random.Random(f"{config.seed}/desk")
        self.keys = random.Random(f"{config.source_of_keys}/desk")
        """Dice of codes and tokens."""
        self.accounts: dict[str, Account] = {}
        self.apps: dict[str, App] = {}
        self.sessions: dict[str, Session] = {}
        self.codes: dict[str, AuthCode] = {}
        self.open_windows: dict[tuple[str, str], Window] = {}
        self.changes = 0
        """Rises with everything worth saving."""
        self._headers: tuple[int, Headers] = (-1, ())
        self._number = 0
        """Of the next account that follows from its number."""
        self._brought: dict[str, Brought] = {}
        """By client id in one casing."""
        self.bring(config.brought)
        self.open_accounts(config.accounts, masters=config.masters)

    # -- time ---------------------------------------------------------------------------------

    def now(self) -> int:
        """The broker's wall clock; a new day lays out new option chains."""
        now = self.clock()
        today = day_number(now)
        if today != self.instruments.today:
            self.instruments.refresh(today)
        return now

    # -- accounts and sessions ----------------------------------------------------------------

    def open_accounts(self, count: int, *, masters: int = 0) -> list[Account]:
        """Open more accounts, so many of them masters and these first.

        Ids follow from their number, keys and secrets from the config.
        """
        made: list[Account] = []
        while len(made) < count:
            client, name = client_id(self._number), person(self._number)
            self._number += 1
            if client.casefold() not in self._brought:
                account = self._open(client, name, self._own_app(client))
                account.role = "master" if len(made) < masters else "follower"
                made.append(account)
        self.changes += 1
        return made

    def bring(self, clients: Iterable[Brought]) -> list[Account]:
        """The account of each of these clients; whoever has none, in any casing, gets one."""
        found: list[Account] = []
        for one in clients:
            account = self.named(one.client_id)
            if account is None:
                own = self._own_app(one.client_id)
                app = App(key=one.app_key or own.key, secret=one.app_secret or own.secret)
                account = self._open(one.client_id, person(len(self._brought)), app)
                account.brought = True
                self._brought[one.client_id.casefold()] = one
                self.changes += 1
            found.append(account)
        return found

    def furnishing(self) -> SimulatorConfig:
        """A config that gives the accounts there are by now."""
        brought = tuple(self._brought.values())
        counted = len(self.accounts) - len(brought)
        return msgspec.structs.replace(self.config, accounts=counted, brought=brought)

    def _own_app(self, client: str) -> App:
        return make_app(self.config.source_of_keys, "partner" if self.config.shared_app else client)

    def _open(self, client: str, name: str, app: App) -> Account:
        """An app that is known by its key stays as it is."""
        app = self.apps.setdefault(app.key, app)
        account = Account(
            client, name, app, self.config.capital * UNIT, f"{self.config.seed}/{client}"
        )
        account.day = day_number(self.clock())
        if self.config.holdings:
            self._endow(account)
        self.accounts[client] = account
        return account

    def named(self, client: str) -> Account | None:
        """The account of a client id in any casing."""
        wanted = client.casefold()
        return next((a for a in self.accounts.values() if a.client_id.casefold() == wanted), None)

    def _endow(self, account: Account) -> None:
        for symbol in account.rng.sample(_HELD, 3):
            quantity = account.rng.randint(2, 40) * 5
            instrument = next(i for i in self.instruments.live if i.underlying == symbol)
            paid = instrument.price * account.rng.randint(70, 104) // 100
            account.holdings[symbol, "DELIVERY"] = Holding(symbol, quantity, 0, paid)
        # The last of them is partly pledged and partly bought yesterday.
        mixed = list(account.holdings.values())[-1]
        mixed.unsettled, mixed.pledged = mixed.settled // 5, mixed.settled // 5 * 2
        mixed.settled -= mixed.unsettled + mixed.pledged

    def open_session(self, account: Account, app: App, now: int) -> Session:
        """A new login for a client; whether it ends an earlier one is a switch."""
        if self.switches.second_login_ends_first:
            for other in account.sessions:
                other.end()
        token = make_token(account, self.keys, now // NS)
        session = Session(
            account, app, token, issued_at=now, expires_at=day_start(day_number(now) + 1)
        )
        account.sessions.append(session)
        self.sessions[token] = session
        self.changes += 1
        return session

    def window_for_anyone(self, call: str, who: str) -> Window:
        """The window of a call that needs no session."""
        window = self.open_windows.get((call, who))
        if window is None:
            window = Window(limit_of(call, registered=self.config.registered))
            self.open_windows[call, who] = window
        return window

    # -- replies ------------------------------------------------------------------------------

    def headers(self, now: int) -> Headers:
        """The headers of a JSON reply; one tuple per second, so that servers can cache by it."""
        second = now // NS
        if self._headers[0] != second:
            self._headers = (
                second,
                (("content-type", "application/json"), ("date", http_date(second))),
            )
        return self._headers[1]

    def json(self, body: bytes, now: int, status: int = 200) -> Reply:
        """A JSON reply with ready bytes."""
        return Reply(status, self.headers(now), body)

    def data(self, content: object, now: int, status: int = 200) -> Reply:
        """A JSON reply from plain values."""
        return Reply(status, self.headers(now), msgspec.json.encode(content))

    def ok(self, result: object, now: int) -> Reply:
        """The usual envelope around a result."""
        return self.data({"status": "Ok", "message": "Success", "result": result}, now)

    def failure(self, code: str, now: int, *, status: int = 200) -> Reply:
        """A whole call refused: the code stands where `Ok` would."""
        return self.data({"status": code, "message": text_of(code)}, now, status)

    def failed_result(self, code: str, now: int, *, array: bool = False) -> Reply:
        """An Ok envelope with a failure inside, as most of this broker's errors come."""
        inner: object = {"status": code, "message": text_of(code)}
        return self.ok([inner] if array else inner, now)

    def text(
        self,
        body: str,
        now: int,
        *,
        status: int = 200,
        kind: str = "text/html; charset=utf-8",
        more: Headers = (),
    ) -> Reply:
        """A reply that is no JSON, with ``more`` headers."""
        headers = (("content-type", kind), ("date", http_date(now // NS)), *more)
        return Reply(status, headers, body.encode())


def read_json(body: bytes) -> object:
    """The content of a request body; None for what is no JSON."""
    try:
        content: object = _anything.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return None
    return content


def read_object(body: bytes) -> dict[str, Scalar] | None:
    """A JSON object, bare or as the only element of an array; None for anything else."""
    content = read_json(body)
    if isinstance(content, list) and len(content) == 1:
        content = content[0]
    return plain_fields(content) if isinstance(content, dict) else None


def plain_fields(fields: Mapping[str, object]) -> dict[str, Scalar]:
    """Fields as texts and numbers; what is neither becomes a text that fails its own check."""
    return {
        name: value if value is None or isinstance(value, str | int | float) else repr(value)
        for name, value in fields.items()
    }
