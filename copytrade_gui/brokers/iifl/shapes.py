"""The JSON shapes and endpoints of IIFL's Open API v1, read tolerantly (docs/broker.md 6 to 16).

Unknown fields are ignored, a number may be text, and each value is judged only where it is used.
"""

from __future__ import annotations

import msgspec

from copytrade_gui.brokers.iifl.scalar import Value

SESSION = "/getusersession"
PROFILE = "/profile"
LOGOUT = "/profile/logout"
LIMITS = "/limits"
MARGIN = "/preordermargin"
SPAN = "/spanexposure"
ORDERS = "/orders"
TRADES = "/trades"
POSITIONS = "/positions"
HOLDINGS = "/holdings"
CANDLES = "/marketdata/historicaldata"
QUOTES = "/marketdata/marketquotes"
DEPTH = "/marketdata/marketdepth"
OPEN_INTEREST = "/marketdata/openinterest"
CONTRACTS = "/contractfiles/{segment}.{form}"


class Row(msgspec.Struct, rename="camel", frozen=True):
    """What every element of a ``result`` may carry beside its own fields."""

    status: Value = None
    message: Value = None


class Leg(Row, frozen=True):
    """One element of the reply to a place, modify or cancel call."""

    broker_order_id: Value = None


class OrderRow(Row, frozen=True):
    """Order book and order history (docs/broker.md 9.6)."""

    broker_order_id: Value = None
    exchange_order_id: Value = None
    order_status: Value = None
    exchange: Value = None
    instrument_id: Value = None
    trading_symbol: Value = None
    transaction_type: Value = None
    quantity: Value = None
    filled_quantity: Value = None
    pending_quantity: Value = None
    product: Value = None
    order_type: Value = None
    validity: Value = None
    price: Value = None
    sl_trigger_price: Value = None
    average_traded_price: Value = None
    disclosed_qty: Value = None
    disclosed_quantity: Value = None
    exchange_timestamp: Value = None
    exchange_update_time: Value = None
    broker_update_time: Value = None
    rejection_reason: Value = None
    source: Value = None
    order_tag: Value = None
    order_complexity: Value = None

    @property
    def disclosed(self) -> Value:
        """Disclosed quantity: the sample and the field table spell it differently."""
        return self.disclosed_quantity if self.disclosed_qty is None else self.disclosed_qty


class TradeRow(Row, frozen=True):
    """Trade book (docs/broker.md 9.7); ``filled_quantity`` is of this fill."""

    broker_order_id: Value = None
    exchange_trade_id: Value = None
    exchange: Value = None
    instrument_id: Value = None
    transaction_type: Value = None
    traded_price: Value = None
    filled_quantity: Value = None
    fill_timestamp: Value = None
    order_tag: Value = None


class PositionRow(Row, frozen=True):
    """Positions (docs/broker.md 14)."""

    exchange: Value = None
    instrument_id: Value = None
    trading_symbol: Value = None
    formatted_instrument_name: Value = None
    product: Value = None
    net_quantity: Value = None
    overnight_quantity: Value = None
    day_buy_quantity: Value = None
    day_sell_quantity: Value = None
    net_average_price: Value = None
    overnight_price: Value = None
    day_buy_price: Value = None
    day_sell_price: Value = None
    realized_pnl: Value = None
    lot_size: Value = None
    multiplier: Value = None


class HoldingRow(Row, frozen=True):
    """Holdings (docs/broker.md 14)."""

    isin: Value = None
    nse_instrument_id: Value = None
    bse_instrument_id: Value = None
    product: Value = None
    previous_day_close: Value = None
    nse_trading_symbol: Value = None
    bse_trading_symbol: Value = None
    formatted_instrument_name: Value = None
    total_quantity: Value = None
    dp_quantity: Value = None
    t1_quantity: Value = None
    collateral_quantity: Value = None
    average_traded_price: Value = None


class LimitsRow(Row, frozen=True):
    """Funds in rupees (docs/broker.md 8)."""

    trading_limit: Value = None
    opening_cash_limit: Value = None
    utilized_margin: Value = None


class ProfileRow(Row, frozen=True):
    """Profile (docs/broker.md 8); the client id in it may be masked."""

    client_id: Value = None
    client_name: Value = None
    exchanges: list[Value] = []
    products: list[Value] = []


class MarginRow(Row, frozen=True):
    """Margin of one order (docs/broker.md 12)."""

    current_order_margin: Value = None
    fund_short: Value = None


class SpanRow(Row, frozen=True):
    """SPAN and exposure margin of a set of orders (docs/broker.md 12)."""

    span: Value = None
    exposure_margin: Value = None
    total_margin: Value = None
    buy_premium: Value = None


class QuoteRow(Row, frozen=True):
    """One quote (docs/broker.md 13)."""

    exchange: Value = None
    instrument_id: Value = None
    ltp: Value = None
    close: Value = None
    best_bid_price: Value = None
    best_ask_price: Value = None
    bes_ask_price: Value = None
    """The misspelling that the broker's own sample carries once."""


class LevelRow(msgspec.Struct, rename="camel", frozen=True):
    """One level of the depth."""

    price: Value = None
    quantity: Value = None
    orders: Value = None


class LadderRow(msgspec.Struct, rename="camel", frozen=True):
    """Both sides of the depth, best first."""

    bids: list[LevelRow] = []
    asks: list[LevelRow] = []


class DepthRow(Row, frozen=True):
    """Market depth (docs/broker.md 13)."""

    total_bid_quantity: Value = None
    total_ask_quantity: Value = None
    market_depth: LadderRow = LadderRow()


class OpenInterestRow(Row, frozen=True):
    """Open interest (docs/broker.md 13)."""

    open_interest: Value = None
    day_high_oi: Value = None
    day_low_oi: Value = None


class CandlesRow(Row, frozen=True):
    """Candles: time, open, high, low, close, volume (docs/broker.md 13)."""

    candles: list[list[Value]] = []


class SessionRow(Row, frozen=True):
    """Reply of the session exchange (docs/broker.md 4.1)."""

    user_session: Value = None


class ModifyBody(msgspec.Struct, rename="camel", frozen=True, omit_defaults=True):
    """A modify request: only what may change, as text (docs/broker.md 9.4)."""

    quantity: str
    order_type: str
    validity: str
    price: str | None = None
    sl_trigger_price: str | None = None
    market_protection_percent: str | None = None


class MarginBody(msgspec.Struct, rename="camel", frozen=True, omit_defaults=True):
    """A margin request: the fields of an order (docs/broker.md 12)."""

    instrument_id: str
    exchange: str
    transaction_type: str
    quantity: str
    order_complexity: str
    product: str
    order_type: str
    validity: str
    price: str | None = None
    sl_trigger_price: str | None = None


class InstrumentBody(msgspec.Struct, rename="camel", frozen=True):
    """Names one instrument in a market data request."""

    exchange: str
    instrument_id: str


class SpanBody(msgspec.Struct, rename="camel", frozen=True):
    """One leg of a SPAN request; ``quantity`` as the broker counts it."""

    instrument_id: str
    exchange: str
    transaction_type: str
    quantity: str


class CandlesBody(msgspec.Struct, rename="camel", frozen=True):
    """A candle request; dates are ``DD-Mon-YYYY``."""

    exchange: str
    instrument_id: str
    interval: str
    from_date: str
    to_date: str


class SessionBody(msgspec.Struct, frozen=True):
    """The session exchange's request (docs/broker.md 4.1)."""

    checkSum: str  # noqa: N815 - the broker's own spelling, not camel case of ours
