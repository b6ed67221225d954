"""The control path: the ledger, the faults and the switches over HTTP, apart from the broker.

Everything lies under `/control/<token>/`; without the token nothing here exists. The same
verbs are plain methods of `SimulatedBroker`, which this module only translates.
"""

import time
from collections.abc import Mapping
from urllib.parse import parse_qs

import msgspec

from copytrade_gui.simulator import rupees
from copytrade_gui.simulator.accounts import Account, account_row
from copytrade_gui.simulator.broker import SimulatedBroker
from copytrade_gui.simulator.codes import EXCHANGES, PRODUCTS
from copytrade_gui.simulator.config import Brought
from copytrade_gui.simulator.course import Scene, SceneError
from copytrade_gui.simulator.faults import Fault
from copytrade_gui.simulator.feed.feed import DropHow
from copytrade_gui.simulator.instruments import Instrument
from copytrade_gui.simulator.ist import stamp
from copytrade_gui.simulator.ledger import ledger_row
from copytrade_gui.simulator.lifetime import LONGEST_S, Lifetime
from copytrade_gui.simulator.owner import OwnerError
from copytrade_gui.simulator.ownercontrol import Handler, OwnerControl
from copytrade_gui.simulator.standing import StandingError, carry, hold, profit_report
from copytrade_gui.simulator.wire import Reply, Request, Wire


class ControlError(Exception):
    """A control request that cannot be carried out; the text says what to change."""


_PROBLEMS = (
    ControlError, OwnerError, SceneError, StandingError,
    msgspec.ValidationError, msgspec.DecodeError, KeyError, RecursionError,
)  # fmt: skip


class ControlledBroker:
    """A broker with its control path in front: what servers serve."""

    def __init__(
        self, broker: SimulatedBroker, token: str, lifetime: Lifetime | None = None
    ) -> None:
        self.broker = broker
        self.calls = 0
        """Requests to the control path so far."""
        self._prefix = f"/control/{token}"
        self._routes: dict[tuple[str, str], Handler] = {
            ("GET", ""): self._summary,
            ("GET", "/ledger"): self._ledger,
            ("GET", "/summary"): self._summary,
            ("GET", "/wire"): self._wire,
            ("GET", "/tags"): self._tags,
            ("GET", "/excess"): self._excess,
            ("GET", "/requests"): self._requests,
            ("GET", "/peers"): self._peers,
            ("GET", "/clock"): self._clock,
            ("GET", "/accounts"): self._accounts,
            ("GET", "/instruments"): self._instruments,
            ("POST", "/accounts"): self._open_accounts,
            ("POST", "/accounts/brought"): self._bring_accounts,
            ("PATCH", "/accounts"): self._change_account,
            ("GET", "/faults"): self._faults,
            ("POST", "/faults"): self._add_faults,
            ("DELETE", "/faults"): self._clear_faults,
            ("GET", "/switches"): self._switches,
            ("PATCH", "/switches"): self._change_switches,
            ("POST", "/price"): self._price,
            ("POST", "/market"): self._market,
            ("GET", "/profit"): self._profit,
            ("POST", "/positions"): self._carry,
            ("POST", "/holdings"): self._hold,
            ("POST", "/sessions/expire"): self._expire,
            ("POST", "/sessions"): self._open_session,
            **OwnerControl(broker).routes,
            ("GET", "/feed"): self._feed,
            ("POST", "/feed/drop"): self._drop_feed,
            ("POST", "/feed/certificate"): self._feed_certificate,
            ("POST", "/reset"): self._reset,
            **({} if lifetime is None else _LifeControl(lifetime).routes),
        }

    def handle(self, request: Request) -> Reply:
        """Answer a control request, or pass it on to the broker."""
        path = request.path
        if not path.startswith(self._prefix):
            return self.broker.handle(request)
        self.calls += 1
        now = self.broker.desk.now()
        rest = path[len(self._prefix) :].rstrip("/")
        route = self._routes.get((request.method, rest))
        if route is None:
            return self.broker.desk.data({"error": f"no {request.method} {rest}"}, now, 404)
        query = {name: values[-1] for name, values in parse_qs(request.query).items()}
        try:
            return self.broker.desk.data(route(request, query), now)
        except _PROBLEMS as problem:
            return self.broker.desk.data({"error": str(problem)}, now, 400)

    @property
    def latency_ms(self) -> float:
        """How long the broker takes for an answer."""
        return self.broker.latency_ms

    def connect(self, peer: str) -> Wire | None:
        """What happens to a new connection before any request."""
        return self.broker.connect(peer)

    # -- reading ------------------------------------------------------------------------------

    def _ledger(self, _request: Request, query: dict[str, str]) -> object:
        self.broker.advance()
        account, tag = query.get("account"), query.get("tag")
        first = _after(query)
        return [
            ledger_row(order)
            for order in self.broker.ledger.accepted[first:]
            if account in {None, order.account} and tag in {None, order.terms.tag}
        ]

    def _summary(self, _request: Request, _query: dict[str, str]) -> object:
        self.broker.advance()
        return self.broker.ledger.summary()

    def _wire(self, _request: Request, query: dict[str, str]) -> object:
        account = query.get("account")
        lines = self.broker.ledger.wire[_after(query) :]
        return [line for line in lines if account in {None, line.account}]

    def _tags(self, _request: Request, _query: dict[str, str]) -> object:
        return dict(self.broker.ledger.tags)

    def _excess(self, _request: Request, _query: dict[str, str]) -> object:
        return self.broker.ledger.excess

    def _requests(self, _request: Request, _query: dict[str, str]) -> object:
        ledger = self.broker.ledger
        return {
            "accounts": {a.client_id: dict(a.calls) for a in self.broker.accounts},
            "refused_for_rate": ledger.refused_for_rate,
            "calls_over_limit": len(ledger.excess),
            "seconds_over_limit": ledger.seconds_over_limit,
        }

    def _peers(self, _request: Request, _query: dict[str, str]) -> object:
        """From which addresses each account's calls, logins and feeds came."""
        return {
            account.client_id: {call: sorted(peers) for call, peers in account.peers.items()}
            for account in self.broker.accounts
            if account.peers
        }

    def _clock(self, _request: Request, _query: dict[str, str]) -> object:
        now = self.broker.desk.now()
        # The processor time of the whole process, in every thread: what a bench asks before and
        # after a burst, to tell the broker's own cost from its client's.
        return {"now_ns": now, "ist": stamp(now), "cpu_ns": time.process_time_ns()}

    def _accounts(self, _request: Request, _query: dict[str, str]) -> object:
        return [account_row(account) for account in self.broker.accounts]

    def _faults(self, _request: Request, _query: dict[str, str]) -> object:
        return self.broker.desk.faults.rows()

    def _switches(self, _request: Request, _query: dict[str, str]) -> object:
        return self.broker.desk.switches

    # -- changing -----------------------------------------------------------------------------

    def _open_accounts(self, request: Request, _query: dict[str, str]) -> object:
        asked = _object(request)
        count, masters = _whole(asked, "count", 1), _whole(asked, "masters", 0)
        if not 1 <= count <= 2000:
            raise ControlError("count must be 1 to 2000")
        if not 0 <= masters <= count:
            raise ControlError("masters must be 0 to count")
        opened = self.broker.desk.open_accounts(count, masters=masters)
        return [account_row(account) for account in opened]

    def _bring_accounts(self, request: Request, _query: dict[str, str]) -> object:
        """Have an account for each of these clients; whoever has one stays as he is."""
        asked = msgspec.json.decode(request.body, type=list[Brought])
        return [account_row(account) for account in self.broker.desk.bring(asked)]

    def _change_account(self, request: Request, _query: dict[str, str]) -> object:
        fields = _object(request)
        account = self._account(fields)
        lists = {"exchanges": EXCHANGES, "products": PRODUCTS}
        named = {name: msgspec.convert(fields[name], list[str]) for name in lists if name in fields}
        for name, words in named.items():
            if not set(words) <= set(lists[name]):
                raise ControlError(f"{name} must be of {', '.join(lists[name])}")
        for name, words in named.items():
            setattr(account, name, words)
        if "addresses" in fields:
            account.app.addresses = msgspec.convert(fields["addresses"], list[str])
        if "frozen_code" in fields:
            account.frozen_code = str(fields["frozen_code"])
        if "cash" in fields:
            account.cash = _price(fields, "cash")
        return account_row(account)

    def _add_faults(self, request: Request, _query: dict[str, str]) -> object:
        return {"numbers": [self.broker.add_fault(fault) for fault in read_faults(request.body)]}

    def _clear_faults(self, _request: Request, query: dict[str, str]) -> object:
        number = query.get("number")
        if number is not None and not number.isdigit():
            raise ControlError("number must be the number of a fault")
        self.broker.clear_faults(int(number) if number else None)
        return self.broker.desk.faults.rows()

    def _change_switches(self, request: Request, _query: dict[str, str]) -> object:
        self.broker.set_switches(_object(request))
        return self.broker.desk.switches

    def _price(self, request: Request, _query: dict[str, str]) -> object:
        fields = _object(request)
        exchange, number = str(fields.get("exchange")), str(fields.get("instrument_id"))
        self.broker.set_price(exchange, number, _price(fields, "price"))
        return {"last": rupees.text(self.broker.last_price(exchange, number))}

    def _market(self, request: Request, _query: dict[str, str]) -> object:
        """Let the market go as a script of scenes says."""
        self.broker.play(read_script(request.body))
        return self.broker.desk.prices.course.moves

    def _profit(self, _request: Request, query: dict[str, str]) -> object:
        self.broker.advance()
        desk, wanted = self.broker.desk, query.get("account")
        chosen = [a for a in self.broker.accounts if wanted in {None, a.client_id}]
        return profit_report(chosen, desk.prices, desk.now())

    def _carry(self, request: Request, _query: dict[str, str]) -> object:
        """Give an account a position carried from the day before."""
        fields = _object(request)
        instrument = self._instrument(fields)
        carry(
            self._account(fields), instrument, str(fields.get("product", "NORMAL")),
            quantity=_whole(fields, "quantity", 0), price=_price(fields, "price"),
        )  # fmt: skip
        return {"symbol": instrument.symbol}

    def _hold(self, request: Request, _query: dict[str, str]) -> object:
        """Let an account hold shares from earlier days."""
        fields = _object(request)
        instrument = self._instrument(fields)
        hold(
            self._account(fields), instrument, settled=_whole(fields, "settled", 0),
            unsettled=_whole(fields, "unsettled", 0), pledged=_whole(fields, "pledged", 0),
            price=_price(fields, "price"),
        )  # fmt: skip
        return {"symbol": instrument.symbol}

    def _instrument(self, fields: Mapping[str, object]) -> Instrument:
        return self.broker.find_instrument(
            str(fields.get("exchange")), str(fields.get("instrument_id"))
        )

    def _instruments(self, _request: Request, query: dict[str, str]) -> object:
        """The instruments of one trading symbol, in every segment that has it."""
        wanted = query.get("symbol", "").casefold()
        return [
            {
                "exchange": one.exchange,
                "instrument_id": key[1],
                "symbol": one.symbol,
                "step": one.quantity_step,
                "last": rupees.text(self.broker.last_price(*key)),
            }
            for key, one in self.broker.desk.instruments.by_key.items()
            if one.symbol.casefold() == wanted
        ]

    def _expire(self, request: Request, _query: dict[str, str]) -> object:
        client = str(_object(request).get("client_id", ""))
        return {"ended": self.broker.expire_sessions(client)}

    def _open_session(self, request: Request, _query: dict[str, str]) -> object:
        account = self._account(_object(request))
        return {"token": self.broker.open_session(account.client_id)}

    # -- the feed -----------------------------------------------------------------------------

    def _feed(self, _request: Request, _query: dict[str, str]) -> object:
        feed = self.broker.feed
        return {"connections": feed.rows(), "sent": dict(feed.sent)}

    def _drop_feed(self, request: Request, _query: dict[str, str]) -> object:
        """End connections of the push feed: of ``client_id``, or all; ``how`` as for a fault."""
        fields = _object(request)
        client = self._account(fields).client_id if "client_id" in fields else ""
        how = msgspec.convert(fields.get("how", "close"), DropHow)
        return {"dropped": self.broker.feed.drop(client, how)}

    def _feed_certificate(self, request: Request, _query: dict[str, str]) -> object:
        """Show new connections of the push feed a certificate of another ``kind``."""
        kind = str(_object(request).get("kind", ""))
        try:
            self.broker.feed.show_certificate(kind)
        except ValueError as problem:
            raise ControlError(str(problem)) from problem
        return {"kind": kind}

    def _reset(self, _request: Request, _query: dict[str, str]) -> object:
        self.broker.reset()
        return self.broker.ledger.summary()

    def _account(self, fields: Mapping[str, object]) -> Account:
        client = str(fields.get("client_id", ""))
        account = self.broker.desk.accounts.get(client)
        if account is None:
            raise ControlError(f"client_id {client!r} is none of the simulated accounts")
        return account


class _LifeControl:
    """How long the process stays, and its end, by HTTP."""

    def __init__(self, lifetime: Lifetime) -> None:
        self._lifetime = lifetime
        self.routes: dict[tuple[str, str], Handler] = {
            ("GET", "/stay"): self._told,
            ("POST", "/stay"): self._stay,
            ("POST", "/end"): self._end,
        }

    def _told(self, _request: Request, _query: dict[str, str]) -> object:
        return {"idle_s": self._lifetime.idle_s}

    def _stay(self, request: Request, query: dict[str, str]) -> object:
        idle_s = _object(request).get("idle_s")
        if isinstance(idle_s, bool) or not isinstance(idle_s, int | float):
            raise ControlError("idle_s must be seconds, 0 to go with the parent")
        if not 0 <= idle_s <= LONGEST_S:
            raise ControlError(f"idle_s must be 0 to {LONGEST_S:.0f}")
        self._lifetime.stay(float(idle_s))
        return self._told(request, query)

    def _end(self, _request: Request, _query: dict[str, str]) -> object:
        """The process ends, with its day saved, once this is answered."""
        self._lifetime.end_soon()
        return {"ends": True}


def read_faults(body: bytes) -> list[Fault]:
    """One fault or a list of them, as JSON.

    Raises:
        msgspec.ValidationError: a field is unknown or has an impossible value; the text names it.
        msgspec.DecodeError: not JSON.
    """
    return (
        msgspec.json.decode(body, type=list[Fault])
        if body.lstrip()[:1] == b"["
        else [msgspec.json.decode(body, type=Fault)]
    )


def read_script(body: bytes) -> list[Scene]:
    """One scene of the market or a list of them, as JSON; raises as `read_faults` does."""
    return (
        msgspec.json.decode(body, type=list[Scene])
        if body.lstrip()[:1] == b"["
        else [msgspec.json.decode(body, type=Scene)]
    )


def _object(request: Request) -> dict[str, object]:
    return msgspec.json.decode(request.body or b"{}", type=dict[str, object])


def _after(query: dict[str, str]) -> int:
    text = query.get("after", "0")
    if not text.isdigit():
        raise ControlError("after must be a whole number, the lines to leave out")
    return int(text)


def _whole(fields: Mapping[str, object], name: str, default: int) -> int:
    value = fields.get(name, default)
    if not isinstance(value, int):
        raise ControlError(f"{name} must be a whole number")
    return value


def _price(fields: Mapping[str, object], name: str) -> int:
    value = fields.get(name)
    units = rupees.parse(value) if isinstance(value, str | int | float) else None
    if units is None or units < 0:
        raise ControlError(f"{name} must be rupees, for example 1540.25")
    return units
