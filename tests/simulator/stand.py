"""A broker on a stand: a clock we move, and a client that speaks its calls in one line each."""

from collections.abc import Mapping
from typing import Any

import msgspec

from copytrade_gui.simulator.broker import SimulatedBroker
from copytrade_gui.simulator.config import SimulatorConfig, Switches
from copytrade_gui.simulator.ist import NS
from copytrade_gui.simulator.orders import Order
from copytrade_gui.simulator.rupees import UNIT
from copytrade_gui.simulator.wire import Reply, Request

# Tuesday, 24 November 2026, 10:00:00 IST.
MORNING = 1_795_494_600 * NS
MS = 1_000_000
MASTER, FIRST, SECOND = "30000001", "30000002", "30000003"
RELIANCE = "2885"

Json = dict[str, Any]  # replies are looked into, not modelled: the tests share no code with them


class MovableClock:
    """Wall time that stands still until it is moved."""

    def __init__(self, now: int = MORNING) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += round(seconds * NS)


def leg(**changes: object) -> Json:
    """A valid order for 10 RELIANCE, marketable at once, with some fields changed or removed."""
    fields: Json = {
        "instrumentId": RELIANCE,
        "exchange": "NSEEQ",
        "transactionType": "BUY",
        "quantity": "10",
        "orderComplexity": "REGULAR",
        "product": "INTRADAY",
        "orderType": "LIMIT",
        "validity": "DAY",
        "price": "1600",
    } | changes
    return {name: value for name, value in fields.items() if value is not None}


class Stand:
    """One broker in virtual time, one session per account."""

    def __init__(self, accounts: int = 3, seed: int = 1, **switches: object) -> None:
        self.clock = MovableClock()
        chosen = msgspec.convert({"market": "still", "partial_rate": 0.0} | switches, Switches)
        config = SimulatorConfig(seed=seed, accounts=accounts, switches=chosen)
        self.broker = SimulatedBroker(config, self.clock)
        self.tokens = {a.client_id: self.broker.open_session(a.client_id)
                       for a in self.broker.accounts}  # fmt: skip

    def send(
        self, method: str, path: str, body: object = None, *, who: str = MASTER,
        headers: Mapping[str, str] | None = None, peer: str = "127.0.0.1",
    ) -> Reply:  # fmt: skip
        raw = (
            body if isinstance(body, bytes) else b"" if body is None else msgspec.json.encode(body)
        )
        given = {"authorization": f"Bearer {self.tokens.get(who, 'none')}"}
        path, _, query = path.partition("?")
        request = Request(method, f"/v1{path}", query, headers or given, raw, peer)
        return self.broker.handle(request)

    def json(self, method: str, path: str, body: object = None, *, who: str = MASTER) -> Any:
        return msgspec.json.decode(self.send(method, path, body, who=who).body)

    def place(self, who: str = MASTER, **changes: object) -> Json:
        """Place one order; returns its element of the result."""
        reply = self.json("POST", "/orders", [leg(**changes)], who=who)
        assert reply["status"] == "Ok"
        element: Json = reply["result"][0]
        return element

    def accepted(self, who: str = MASTER, **changes: object) -> str:
        """Place an order that must be accepted; returns its id."""
        element = self.place(who, **changes)
        assert element["status"] == "Success", element
        return str(element["brokerOrderId"])

    def refusal(self, **changes: object) -> str:
        """The code a place request is refused with; nothing may have entered the ledger."""
        before = len(self.broker.ledger.accepted)
        element = self.place(MASTER, **changes)
        assert "brokerOrderId" not in element
        assert len(self.broker.ledger.accepted) == before
        self.clock.forward(0.2)
        return str(element["status"])

    def rows(self, book: str, who: str = MASTER, *, pause: float = 0.4) -> list[Json]:
        """The rows of a book, none for an empty one; the clock moves on past its rate window."""
        result = self.json("GET", f"/{book}", who=who)["result"]
        self.clock.forward(pause)
        if isinstance(result, dict) or (result and "message" in result[0]):
            return []
        rows: list[Json] = result
        return rows

    def row(self, order_id: str, who: str = MASTER) -> Json:
        return next(r for r in self.rows("orders", who) if r["brokerOrderId"] == order_id)

    def order(self, order_id: str) -> Order:
        """The order in the broker's own ledger, after everything due has happened."""
        self.broker.advance()
        return next(o for o in self.broker.ledger.accepted if o.order_id == order_id)

    def price(self, rupees: float, instrument: str = RELIANCE, exchange: str = "NSEEQ") -> None:
        self.broker.set_price(exchange, instrument, round(rupees * UNIT))

    def wait(self, seconds: float = 1.0) -> None:
        self.clock.forward(seconds)
