"""What can be chosen about the simulated broker, before it starts or while it runs."""

from typing import Annotated, Literal

import msgspec


class Switches(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Everything about the broker that its public documentation leaves open.

    Each default is the form a live client reported, or else the one that is harder on us.
    All can be changed while the broker runs, over the control path or in-process.
    """

    books: Literal["enveloped", "bare", "keyed", "listed"] = "enveloped"
    """`{"result":[...]}`, `[...]`, or `{"result":{"orders":[...]}}`; `listed` puts positions under
    `positionList` and the other books as `enveloped`."""
    empty_books: Literal["live", "object", "array", "list", "stub", "stub_row"] = "live"
    """An empty book's code as `result:{...}`, `result:[{...}]`, or plainly `result:[]`;
    `live` is an object for orders and trades, an array for positions and holdings. Without a code:
    `stub` is `result:{"status":"ok"}`, `stub_row` the same as the only row of a list."""
    status_row: bool = False
    """A row that holds only a status stands behind the real rows of every book."""
    placeholder_holdings: bool = False
    """Holdings carry a row of zeros without a name; alone where there are none."""
    status_case: Literal["lower", "title", "upper", "snake", "mixed"] = "lower"
    """`mixed`: every second order in `snake` (TRIGGER_PENDING), the others in `lower`."""
    holdings_total: Literal["all", "free"] = "all"
    """Whether `totalQuantity` of a holding counts pledged shares, or only what can be sold."""
    expiry_text: Literal["named", "named_time", "iso", "iso_time", "digits"] = "named"
    """How contract files write 30 April 2026: `30-Apr-2026`, `30-Apr-2026 23:59`, `2026-04-30`,
    `2026-04-30T23:59:00`, `30-04-2026`."""
    dressed_equities: bool = True
    """Some rows of the equity files carry option type XX, strike 0 and an expiry, as seen live."""
    contract_series: bool = True
    """The JSON contract files carry `series`, their thirteenth key."""
    commodity_lots: Literal["units", "one"] = "units"
    """What contract files say about a commodity's lot: its units, or 1. The `multiplier` of a
    position always says its units."""
    modify_body: Literal["object", "any"] = "object"
    """Whether a modify that comes as an array is refused, or taken like the bare object."""
    disclosed_name: Literal["disclosedQty", "disclosedQuantity"] = "disclosedQty"
    bare_margin: bool = True
    """Margin and open-interest replies without envelope, as the documentation prints them."""
    error_place: Literal["result", "outer", "mixed"] = "result"
    """Where a refused modify or cancel puts its code; `mixed`: in turn, for each account."""
    candles_as_text: bool = False
    """Candles as a JSON string inside the JSON; the documentation warns of it."""

    bare_market: Literal["reject", "accept", "convert"] = "reject"
    """MARKET without a protection percentage: rejected by risk control, filled at any price, or
    turned into a LIMIT order near the last price, whose unfilled rest then works."""
    web_market: Literal["accept", "convert"] = "convert"
    """The same for an order of the broker's web page, phone app or dealer, which may be bare."""
    mcx_ioc: bool = False
    """Whether MCX takes IOC orders from the API; since March 2026 it does not."""
    reject_slm: bool = True
    trading_hours: bool = False
    """Off: the market is always open, because paper trading happens in the evening too."""
    halted: list[str] = msgspec.field(default_factory=list)
    """Exchanges whose market is halted: their feed says so, and they take no order."""
    square_off: bool = False
    """Whether the broker ends intraday orders and positions at 15:15 (currencies 16:45, commodities
    23:25) by itself, and takes no new ones after it."""
    price_protection: bool = False
    """Whether the exchange rejects limit prices of derivatives outside the band around the last
    price: options 20 rupees either way up to a premium of 50 and 40 % above, futures 3 %."""
    modify_quantity: Literal["total", "remaining"] = "total"

    rate_limits: bool = True
    over_limit: Literal["429", "EC003"] = "429"
    retry_after: float | None = None
    """Seconds in the `Retry-After` header of a 429; None sends no such header."""
    dead_session: Literal["401", "EC044", "EC055", "EC075"] = "401"
    ip_check: Literal["all", "trading"] = "all"
    second_login_ends_first: bool = False
    redirect_names: Literal["camel", "lower", "snake", "short", "nobody"] = "camel"
    """`authCode` and `clientId`; the same in lower case; `auth_code` and `client_id`; `code` and
    `clientcode`; or `authcode` alone, without any id."""
    returned_id: Literal["stored", "upper", "lower"] = "stored"
    """The casing of the client id that a login returns; its checksum is made of that one."""
    masked_profile: bool = False
    """The profile shows the client id as `3******1`."""
    blind_quotes: bool = True
    """MCX and BSE currency quotes answer exchange "Z", instrument 0, as seen live."""

    feed_statuses: Literal["all", "exchange"] = "all"
    """Whether the push feed tells every step of an order, or only what the exchange says of it."""
    feed_tag: Literal["comments", "orderTag", "remarks"] = "comments"
    """Where an order update carries the tag: first in `comments`, or in a field of its own."""
    trade_side: Literal["letter", "word"] = "letter"
    """`B` and `S` in trade updates, as seen live, or `BUY` and `SELL`, as documented."""
    trade_first: bool = False
    """Whether a fill's trade update comes before the order update of the same fill."""
    feed_ms: float = 2.0
    """From a change to its message leaving, on top of the latency: a call's reply comes first."""
    suback_ms: float = 5.0
    """From a subscription to its answer; one within microseconds breaks the broker's own client."""

    latency_ms: float = 0.0
    """How long the broker takes over every broker call (the control path is never slowed)."""
    jitter_ms: float = 0.0
    """Mean of a lognormal delay on top of the latency."""
    walk_ms: tuple[float, float, float] = (3.0, 8.0, 15.0)
    """From acceptance to: validation, risk decision, the exchange's order book."""
    fill_ms: float = 20.0
    """From being matched to the fill showing, and between the parts of one order."""
    change_ms: float = 15.0
    """From a taken cancel or modify to its effect at the exchange."""
    partial_rate: float = 0.15
    """Share of the orders that fill in parts."""
    reject_rate: float = 0.0
    """Share of the orders that risk control rejects for no reason of their own."""
    market: Literal["walk", "still"] = "walk"
    """Whether prices move by themselves, or only when set."""


class Brought(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A client whom somebody brings along, with his app if he has one."""

    client_id: Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9]{1,20}$")]
    app_key: str = ""
    app_secret: str = ""


class SimulatorConfig(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What a simulated broker is built from; the same values give the same broker."""

    seed: int = 1
    secret: str = ""
    """What keys, codes and tokens follow from; empty: from the seed, as a test wants it."""
    accounts: int = 11
    """How many follow from their number."""
    brought: tuple[Brought, ...] = ()
    """Further ones."""
    masters: int = 1
    """The first accounts of the list play the master; nothing else sets them apart."""
    capital: int = 10_000_000
    """Opening cash of each account, whole rupees."""
    registered: bool = False
    """Apps registered for more than 10 orders a second: higher limits, algo id required."""
    holdings: bool = True
    """Give every account a few shares to start with."""
    shared_app: bool = False
    """One partner app for all accounts instead of an app of their own each."""
    switches: Switches = msgspec.field(default_factory=Switches)

    @property
    def source_of_keys(self) -> str:
        """Where the dice of keys, codes and tokens start."""
        return self.secret or str(self.seed)
