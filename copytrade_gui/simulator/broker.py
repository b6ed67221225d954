"""The simulated broker: one object, one method that answers requests, no sockets, no threads."""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from urllib.parse import unquote

import msgspec

from copytrade_gui.simulator.accountcalls import AccountCalls
from copytrade_gui.simulator.accounts import Account, Session
from copytrade_gui.simulator.config import SimulatorConfig, Switches
from copytrade_gui.simulator.course import Scene, move_of
from copytrade_gui.simulator.desk import Call, Desk
from copytrade_gui.simulator.faults import Fault
from copytrade_gui.simulator.feed.feed import Feed
from copytrade_gui.simulator.instruments import Instrument
from copytrade_gui.simulator.ist import Clock
from copytrade_gui.simulator.ledger import Excess, Ledger
from copytrade_gui.simulator.login import Login, may_call
from copytrade_gui.simulator.marketcalls import MarketCalls
from copytrade_gui.simulator.misfortune import carry_out, dead_session, too_many
from copytrade_gui.simulator.ordercalls import OrderCalls, change_count, read_place
from copytrade_gui.simulator.owner import Owner
from copytrade_gui.simulator.prices import slot_of
from copytrade_gui.simulator.rates import window_class
from copytrade_gui.simulator.wire import Reply, Request, Wire

_Handler = Callable[[Call], Reply]
_TRADING = frozenset(
    {"place", "modify", "cancel", "orders", "order", "trades", "positions", "holdings", "limits"}
)
_OPEN = frozenset({"session", "contracts"})
"""Calls that need no session."""


_GONE = (Wire(kind="reset"), Wire(kind="silence"))
"""How a call ends that cannot arrive: a connection that is cut, or silence."""


class SimulatedBroker:
    """A broker for one test, one paper-trading day, or five hundred accounts in virtual time.

    Args:
        config: what it is built from; the same config, requests and times give the same answers.
        clock: wall time in ns UTC; real, or a virtual one that the caller moves.
    """

    def __init__(self, config: SimulatorConfig, clock: Clock) -> None:
        self.feed = Feed()
        self._furnish(Desk(config, clock))

    def _furnish(self, desk: Desk) -> None:
        self.desk = desk
        self.feed.furnish(desk)
        self.login = Login(desk)
        orders, account, market = OrderCalls(desk), AccountCalls(desk), MarketCalls(desk)
        self._routes: dict[tuple[str, str], tuple[str, _Handler]] = {
            ("POST", "/v1/getusersession"): ("session", self.login.exchange),
            ("GET", "/v1/profile"): ("profile", account.profile),
            ("GET", "/v1/limits"): ("limits", account.limits),
            ("GET", "/v1/limits/fno"): ("limits", account.limits),
            ("GET", "/v1/limits/equity"): ("limits", account.limits),
            ("POST", "/v1/profile/logout"): ("logout", account.logout),
            ("POST", "/v1/preordermargin"): ("margin", account.margin),
            ("POST", "/v1/spanexposure"): ("span", account.span),
            ("POST", "/v1/orders"): ("place", orders.place),
            ("GET", "/v1/orders"): ("orders", orders.orders),
            ("GET", "/v1/trades"): ("trades", orders.trades),
            ("GET", "/v1/positions"): ("positions", account.positions),
            ("GET", "/v1/holdings"): ("holdings", account.holdings),
            ("POST", "/v1/marketdata/historicaldata"): ("candles", market.candles),
            ("POST", "/v1/marketdata/marketquotes"): ("quotes", market.quotes),
            ("POST", "/v1/marketdata/marketdepth"): ("depth", market.depth),
            ("POST", "/v1/marketdata/openinterest"): ("interest", market.interest),
        }
        self._order_routes: dict[str, tuple[str, _Handler]] = {
            "PUT": ("modify", orders.modify),
            "DELETE": ("cancel", orders.cancel),
            "GET": ("order", orders.order),
        }
        self._contracts: tuple[str, _Handler] = ("contracts", account.contracts)

    # -- the wire -----------------------------------------------------------------------------

    def handle(self, request: Request) -> Reply:
        """Answer one request: broker paths under `/v1`, the login page, 404 for the rest."""
        desk = self.desk
        now = desk.now()
        path = request.path
        route = self._routes.get((request.method, path))
        argument = ""
        if route is None:
            if path.startswith("/v1/orders/"):
                route = self._order_routes.get(request.method)
                argument = unquote(path[11:])
            elif path.startswith("/v1/contractfiles/") and request.method == "GET":
                route = self._contracts
                argument = unquote(path[18:])
            elif path in {"/", "/login", "/login/"}:
                return self.login.page(request, now)
            if route is None:
                # Of ours alone: the broker tells nobody which address it sees.
                seen = ("x-seen-address", request.peer)
                return desk.text("Not Found", now, status=404, kind="text/plain", more=(seen,))
        name, handler = route
        call = Call(name, argument, request, now)
        session = desk.sessions.get(_token(request.headers.get("authorization", "")))
        if desk.faults:
            gone = self.unreachable(request, name)
            if gone:
                return Reply(200, (), b"", wire=_GONE[gone == "silence"])
        if session is not None:
            call.session = session
            call.account = account = session.account
            account.calls[name] = account.calls.get(name, 0) + 1
            account.saw(name, request.peer)
        if name == "place":
            read_place(call, desk)
        if desk.faults:
            who = call.account.client_id if call.account is not None else ""
            struck = desk.faults.strike(name, who, now)
            if struck:
                reply = carry_out(call, struck, desk, lambda call: self._perform(call, handler))
                return self._late(reply, call)
        return self._late(self._perform(call, handler), call)

    @property
    def latency_ms(self) -> float:
        """How long every answer takes."""
        return self.desk.switches.latency_ms

    def connect(self, peer: str) -> Wire | None:
        """What a fault does to a new connection before any request; None for nothing."""
        desk = self.desk
        if not desk.faults:
            return None
        gone = desk.faults.no_network("connect", "", desk.now())
        if gone:
            return _GONE[gone == "silence"]
        for fault, _ in desk.faults.strike("connect", peer, desk.now()):
            if fault.wire is not None:
                return fault.wire
        return None

    def unreachable(self, request: Request, name: str = "") -> str:
        """How a fault keeps this request from arriving (see `no_network`); empty for not at all.

        `name` is the call's; without it only faults of all calls are found.
        """
        desk = self.desk
        session = desk.sessions.get(_token(request.headers.get("authorization", "")))
        who = "" if session is None else session.account.client_id
        return desk.faults.no_network(name, who, desk.now())

    def advance(self) -> None:
        """Let everything happen that is due by now, for all accounts."""
        now = self.desk.now()
        for account in self.desk.accounts.values():
            self.desk.exchange.settle(account, now)

    def next_event_ns(self) -> int | None:
        """When something is next due by itself; price crossings not counted. None for never."""
        due = [a.events[0][0] for a in self.desk.accounts.values() if a.events]
        return min(due, default=None)

    # -- checks before a call -----------------------------------------------------------------

    def _perform(self, call: Call, handler: _Handler) -> Reply:
        refusal = self._refusal(call)
        if refusal is None:
            return handler(call)
        for line in call.lines:
            line.outcome = line.outcome or _refusal_word(refusal)
        return refusal

    def _refusal(self, call: Call) -> Reply | None:
        desk = self.desk
        if call.name in _OPEN:
            if call.name == "contracts":
                window = desk.window_for_anyone("contracts", f"{call.request.peer}/{call.argument}")
                if desk.switches.rate_limits and not window.admit(call.now):
                    return too_many(desk, call.now, desk.switches.retry_after)
            return None
        session, switches = call.session, desk.switches
        if session is None or not session.alive or call.now >= session.expires_at:
            return dead_session(desk, call, switches.dead_session)
        if (
            session.app.addresses
            and not may_call(session.app, call.request.peer)
            and (switches.ip_check == "all" or call.name in _TRADING)
        ):
            return desk.failed_result("EC500", call.now, array=True)
        return self._over_limit(call, session)

    def _over_limit(self, call: Call, session: Session) -> Reply | None:
        desk = self.desk
        registered = desk.config.registered
        window = session.windows.get(call.name) or session.window(call.name, registered=registered)
        count = change_count(call)
        if window.admit(call.now, count):
            return None
        kind = window_class(call.name, registered=registered)
        desk.ledger.excess.append(Excess(call.now, session.account.client_id, kind, window.limit))
        if not desk.switches.rate_limits:
            window.force(call.now, count)
            return None
        desk.ledger.refused_for_rate += 1
        if desk.switches.over_limit == "EC003":
            return desk.failed_result("EC003", call.now, array=call.name == "place")
        return too_many(desk, call.now, desk.switches.retry_after)

    def _late(self, reply: Reply, call: Call) -> Reply:
        switches = self.desk.switches
        reply.delay_ms += switches.latency_ms
        if switches.jitter_ms:
            dice = call.account.rng if call.account is not None else self.desk.dice
            # Lognormal with the given mean: most calls a little late, a few very.
            reply.delay_ms += switches.jitter_ms * math.exp(dice.gauss(-0.32, 0.8))
        return reply

    # -- for tests and the control path -------------------------------------------------------

    @property
    def ledger(self) -> Ledger:
        """The record that outcomes are judged by. Call `advance` first for a complete one."""
        return self.desk.ledger

    @property
    def accounts(self) -> list[Account]:
        """All accounts in the order they were opened."""
        return list(self.desk.accounts.values())

    def open_session(self, client_id: str) -> str:
        """Log a client in without the login page; returns the token."""
        account = self.desk.accounts[client_id]
        return self.desk.open_session(account, account.app, self.desk.now()).token

    def owner(self, client_id: str) -> Owner:
        """The owner of an account, at the broker's own web page or phone.

        Raises:
            KeyError: no such account.
        """
        return Owner(self.desk, self.desk.accounts[client_id])

    def issue_code(self, client_id: str, app_key: str = "") -> str:
        """A one-time auth code, as the login page would hand out."""
        app = self.desk.apps[app_key or self.desk.accounts[client_id].app.key]
        return self.login.issue_code(client_id, app, self.desk.now())

    def expire_sessions(self, client_id: str = "") -> int:
        """End the sessions of one client or of all; returns how many were alive."""
        ended = 0
        for session in self.desk.sessions.values():
            if session.alive and client_id in {"", session.account.client_id}:
                session.end()
                ended += 1
        self.desk.changes += 1
        return ended

    def set_switches(self, changes: Mapping[str, object]) -> None:
        """Change some switches.

        Raises:
            msgspec.ValidationError: an unknown switch or value; the text names it. Nothing changed.
        """
        switches = self.desk.switches
        wanted = msgspec.convert(msgspec.to_builtins(switches) | dict(changes), Switches)
        self.advance()
        for name in changes:
            setattr(switches, name, getattr(wanted, name))
        if "square_off" in changes:
            for account in self.desk.accounts.values():
                account.squared_until = self.desk.now()
        if "market" in changes:
            self.desk.prices.still = switches.market == "still"
        self.desk.files.forget()
        self.feed.publish(self.desk.now())
        # Rendered rows and books may look different from now on.
        for account in self.desk.accounts.values():
            account.shelves.clear()
            for order in account.orders.values():
                order.row = b""

    def play(self, script: Sequence[Scene]) -> None:
        """Let the market go as a script says, from now on.

        Raises:
            SceneError: a scene that cannot be played; nothing has changed then.
        """
        desk = self.desk
        now = desk.now()
        known = {instrument.underlying for instrument in desk.instruments.live}
        moves = [move_of(scene, slot_of(now), known) for scene in script]
        self.advance()
        desk.prices.play(moves)
        desk.changes += 1

    def reset(self) -> None:
        """A new day in the same house: same accounts, keys and switches; no orders, no faults."""
        old = self.desk
        self._furnish(Desk(old.furnishing(), old.clock))

    def add_fault(self, fault: Fault) -> int:
        """Arm a fault from now on; returns its number."""
        number = self.desk.faults.add(fault, self.desk.now())
        self.feed.look()
        return number

    def clear_faults(self, number: int | None = None) -> None:
        """Disarm one fault, or all of them."""
        self.desk.faults.clear(number)

    def find_instrument(self, exchange: str, instrument_id: str) -> Instrument:
        """An instrument by exchange and id (as text).

        Raises:
            KeyError: the broker has no such instrument.
        """
        found = self.desk.instruments.find(exchange, instrument_id)
        if found is None:
            raise KeyError(f"no instrument {instrument_id} in {exchange}")
        return found

    def last_price(self, exchange: str, instrument_id: str) -> int:
        """The last price now, in ten-thousandths of a rupee."""
        instrument = self.find_instrument(exchange, instrument_id)
        return self.desk.prices.last(instrument, slot_of(self.desk.now()))

    def set_price(self, exchange: str, instrument_id: str, price: int) -> None:
        """Move the market: from now on the price path runs through `price` (ten-thousandths).

        Derivatives of the same underlying move along; resting orders are looked at at once.
        """
        desk = self.desk
        instrument = self.find_instrument(exchange, instrument_id)
        self.advance()
        now = desk.now()
        desk.prices.set(instrument, price, slot_of(now))
        for account in desk.accounts.values():
            for order in list(account.resting.values()):
                if order.terms.instrument.underlying == instrument.underlying:
                    desk.exchange.rematch(account, order, now, now)
        self.feed.publish(now, instrument.underlying)
        desk.changes += 1


@lru_cache(maxsize=8192)
def _token(authorization: str) -> str:
    """What follows `Bearer `; the same text each time, so that its hash is computed once."""
    return authorization[7:]


def _refusal_word(reply: Reply) -> str:
    if reply.status != 200:
        return str(reply.status)
    return "EC500" if b"EC500" in reply.body else "EC003" if b"EC003" in reply.body else "session"
