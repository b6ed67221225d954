"""Clients of the broker, their apps and their sessions of the day."""

import base64
import hashlib
import random
import string
from collections import Counter
from collections.abc import Callable
from heapq import heappush

import msgspec

from copytrade_gui.simulator.codes import EXCHANGES, PRODUCTS
from copytrade_gui.simulator.orders import Fill, Order, Terms
from copytrade_gui.simulator.positions import Holding, Position
from copytrade_gui.simulator.rates import Window, limit_of, window_class
from copytrade_gui.simulator.shelf import Shelf

_FIRST_CLIENT = 30_000_001
_FIRST_LETTERED = 10_001
_LETTERS = string.ascii_letters + string.digits
_CAPITALS = string.ascii_uppercase + string.digits
_GIVEN = ("Aarav", "Ananya", "Arjun", "Diya", "Farah", "Gurpreet", "Ishaan", "Kavya", "Lakshmi",
          "Meera", "Nikhil", "Pooja", "Rahul", "Sana", "Tanvi", "Vikram")  # fmt: skip
_FAMILY = ("Agarwal", "Bhat", "Chopra", "Desai", "Fernandes", "Ghosh", "Iyer", "Joshi", "Khan",
           "Menon", "Nair", "Patel", "Rao", "Shah", "Singh", "Verma")  # fmt: skip


class App(msgspec.Struct):
    """A registered application: the key pair a client authorises, and where it may call from."""

    key: str
    secret: str
    name: str = "SELF"
    redirect_url: str = ""
    addresses: list[str] = msgspec.field(default_factory=list)
    """Source addresses allowed to call; empty allows all."""


class Session:
    """One login of one client: its token, its life, and its call windows."""

    __slots__ = ("account", "alive", "app", "expires_at", "issued_at", "token", "watchers",
                 "windows")  # fmt: skip

    def __init__(
        self, account: "Account", app: App, token: str, *, issued_at: int, expires_at: int
    ) -> None:
        self.account = account
        self.app = app
        self.token = token
        self.issued_at = issued_at
        self.expires_at = expires_at
        self.alive = True
        self.windows: dict[str, Window] = {}
        self.watchers: set[Callable[[], None]] = set()
        """Called once when it ends before its time."""

    def end(self) -> None:
        """Let it be dead from now on."""
        self.alive = False
        watchers, self.watchers = self.watchers, set()
        for told in watchers:
            told()

    def window(self, call: str, *, registered: bool) -> Window:
        """The window a call counts in."""
        window = self.windows.get(call)
        if window is None:
            name = window_class(call, registered=registered)
            window = self.windows.get(name)
            if window is None:
                window = self.windows[name] = Window(limit_of(call, registered=registered))
            self.windows[call] = window
        return window


class Account:
    """One client: books, money and the moments at which something will happen to its orders."""

    def __init__(self, client_id: str, name: str, app: App, capital: int, seed: str) -> None:
        self.client_id = client_id
        self.name = name
        self.app = app
        self.role = "follower"
        self.brought = False
        """True for one that does not follow from its number."""
        self.rng = random.Random(seed)
        self.calls: Counter[str] = Counter()
        self.peers: dict[str, set[str]] = {}
        """By call, `login` and `feed` among them: the addresses it came from."""
        self.day = 0
        self.orders: dict[str, Order] = {}
        self.fills: list[Fill] = []
        self.resting: dict[str, Order] = {}
        self.positions: dict[tuple[str, str, str], Position] = {}
        self.holdings: dict[tuple[str, str], Holding] = {}
        """By symbol and product."""
        self.selling: Counter[tuple[str, str]] = Counter()
        """Shares that delivery orders on their way are to sell, by symbol and product."""
        self.squared_until = 0
        """Up to when (ns) the broker's square-offs of intraday positions have been carried out."""
        self.events: list[tuple[int, int, str, str, int, int]] = []
        """Heap of (due ns, tie-break, action, order id, order version, amount)."""
        self.event_count = 0
        self.on_due: Callable[[Account, int], None] | None = None
        """Told when something falls due (ns) earlier than all that was scheduled before."""
        self.cash = capital  # ten-thousandths of a rupee, as all money here
        self.pay_in = 0
        self.blocked_for_payout = 0
        self.collateral = 0
        self.adhoc = 0
        self.sale_credit = 0
        self.blocked_by_orders = 0
        self.position_margin = 0
        self.realised = 0
        self.late: dict[str, Order] = {}
        """Orders that a fault lets the broker accept only later, by order id."""
        self.sessions: list[Session] = []
        self.shelves: dict[str, Shelf] = {}
        """What has settled of each book; empty when a settled row changed after all."""
        self.frozen_code = ""
        """EC703 to EC705 while the account may not trade."""
        self.exchanges = list(EXCHANGES)
        self.products = list(PRODUCTS)
        """What the profile tells, and risk control lets pass."""

    def not_enabled(self, terms: Terms) -> str:
        """Why risk control takes no such order of this client, or nothing."""
        segment = terms.instrument.exchange
        if segment not in self.exchanges:
            return f"RMS:Blocked for {segment}, client not enabled in segment"
        return "" if terms.product in self.products else "RMS:Client not enabled on product"

    def saw(self, call: str, peer: str) -> None:
        """A call of the account came from this address."""
        peers = self.peers.get(call)
        if peers is None:
            peers = self.peers[call] = set()
        peers.add(peer)

    def shelf(self, book: str, now: int) -> Shelf:
        """What has settled of a book and may be seen by now."""
        shelf = self.shelves.get(book)
        if shelf is None or shelf.latest > now:
            shelf = self.shelves[book] = Shelf()
        return shelf

    def schedule(self, due: int, action: str, order: Order, amount: int = 0) -> None:
        """Let `action` happen to an order at `due`, unless its terms change before."""
        self.event_count += 1
        entry = (due, self.event_count, action, order.order_id, order.version, amount)
        heappush(self.events, entry)
        if self.on_due is not None and self.events[0] is entry:
            self.on_due(self, due)


def account_row(account: Account) -> dict[str, str | bool]:
    """What a client needs to log an account in."""
    return {
        "client_id": account.client_id,
        "app_key": account.app.key,
        "app_secret": account.app.secret,
        "role": account.role,
        "name": account.name,
        "brought": account.brought,
    }


def person(number: int) -> str:
    """An invented name for the n-th client."""
    return f"{_GIVEN[number % len(_GIVEN)]} {_FAMILY[number // len(_GIVEN) % len(_FAMILY)]}"


def client_id(number: int) -> str:
    """Of the n-th client: digits alone for most, letters in front for every sixth."""
    if number % 6 == 5:
        return f"KX{_FIRST_LETTERED + number}"
    return str(_FIRST_CLIENT + number)


def spelled(client: str, case: str) -> str:
    """A client id in the casing in which this broker returns it: stored, upper or lower."""
    return {"upper": client.upper(), "lower": client.lower()}.get(case, client)


def make_app(source_of_keys: str, name: str) -> App:
    """An app whose key and secret follow from the source alone."""
    source = random.Random(f"{source_of_keys}/app/{name}")
    key = "".join(source.choices(_LETTERS, k=15))
    return App(key=key, secret="".join(source.choices(_LETTERS, k=100)))


def make_code(source: random.Random) -> str:
    """A one-time auth code: 20 capitals and digits."""
    return "".join(source.choices(_CAPITALS, k=20))


def checksum(client: str, code: str, secret: str) -> str:
    """What `/getusersession` expects for a code."""
    return hashlib.sha256(f"{client}{code}{secret}".encode()).hexdigest()


def _segment(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def make_token(account: Account, source: random.Random, now_s: int) -> str:
    """A token shaped like the broker's: RS256 header, Keycloak claims, a signature nobody checks.

    `exp` lies 180 days ahead, as in the broker's samples; the true end is midnight. One client id
    comes in two casings, as seen live.
    """
    head = {"alg": "RS256", "typ": "JWT", "kid": "simulated-iifl"}
    claims = {
        "exp": now_s + 180 * 86_400,
        "iat": now_s,
        "jti": f"{source.getrandbits(128):032x}",
        "iss": "https://keycloak.iiflsecurities.com/realms/IIFL",
        "aud": "account",
        "typ": "Bearer",
        "azp": "IIFL",
        "solace_group": "SUBSCRIBER_CLIENT",
        "ucc": account.client_id.upper(),
        "name": account.name,
        "preferred_username": account.client_id.lower(),
        "email": f"client{account.client_id}@example.invalid",
    }
    return ".".join(
        (
            _segment(msgspec.json.encode(head)),
            _segment(msgspec.json.encode(claims)),
            _segment(source.randbytes(256)),
        )
    )
