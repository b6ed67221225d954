"""Money: what an order needs, what an account has, and when risk control says no.

The rates are round numbers in the size of the real ones; what matters to a client is that they
add up, that they bind, and that a rejection reads like the broker's.
"""

from copytrade_gui.simulator import rupees
from copytrade_gui.simulator.accounts import Account
from copytrade_gui.simulator.instruments import Instrument
from copytrade_gui.simulator.orders import Order, Terms
from copytrade_gui.simulator.positions import Position

_EQUITY_PERCENT = {"INTRADAY": 20, "DELIVERY": 100, "BNPL": 25, "NORMAL": 100}
_SPAN_PERCENT = 12
_EXPOSURE_PERCENT = 3


def unit_margin(instrument: Instrument, product: str, price: int, *, buy: bool) -> int:
    """Margin of one counted quantity, ten-thousandths of a rupee."""
    if instrument.kind == "EQ":
        return price * _EQUITY_PERCENT[product] // 100
    if instrument.kind == "FUT" or not buy:
        base = instrument.strike or price
        return base * instrument.multiplier * (_SPAN_PERCENT + _EXPOSURE_PERCENT) // 100
    return price * instrument.multiplier


def span_parts(instrument: Instrument, price: int, quantity: int, *, buy: bool) -> tuple[int, int]:
    """Span and exposure margin of a derivative quantity; nothing for shares and bought options."""
    if instrument.kind == "EQ" or (instrument.kind != "FUT" and buy):
        return 0, 0
    notional = (instrument.strike or price) * instrument.multiplier * quantity
    return notional * _SPAN_PERCENT // 100, notional * _EXPOSURE_PERCENT // 100


def trading_limit(account: Account) -> int:
    """Everything the account may use, before what is in use."""
    return (
        account.cash
        + account.pay_in
        + account.collateral
        + account.sale_credit
        + account.adhoc
        - account.blocked_for_payout
    )


def utilised(account: Account) -> int:
    """Margin of open orders and positions, plus today's realised loss."""
    return account.blocked_by_orders + account.position_margin + max(0, -account.realised)


def available(account: Account) -> int:
    """What a new order may still need."""
    return trading_limit(account) - utilised(account)


def position_of(account: Account, instrument: Instrument, product: str) -> Position | None:
    """The account's position in an instrument under one product."""
    return account.positions.get((*instrument.key, product))


def order_margin(account: Account, terms: Terms, price: int, quantity: int) -> int:
    """Margin for the part of an order that opens or enlarges a position."""
    position = position_of(account, terms.instrument, terms.product)
    net = position.net if position else 0
    closing = min(quantity, max(0, -net if terms.buy else net))
    if not terms.buy and terms.product in {"DELIVERY", "BNPL"} and terms.instrument.kind == "EQ":
        return 0  # sold out of holdings, checked on its own
    unit = unit_margin(terms.instrument, terms.product, price, buy=terms.buy)
    return unit * (quantity - closing)


def objection(account: Account, order: Order, price: int) -> str:
    """Why risk control rejects an order, or nothing; blocks its margin when it does not."""
    terms = order.terms
    quantity = order.pending
    shares_out = not terms.buy and terms.product in {"DELIVERY", "BNPL"}
    if shares_out and terms.instrument.kind == "EQ":
        held = _sellable(account, terms)
        if quantity > held:
            return f"RMS:Rule: Check holdings, Required:{quantity}, Available:{held}"
    needed = order_margin(account, terms, terms.price or price, quantity)
    free = available(account)
    if needed > free:
        return (
            f"RMS:Margin Exceeds, Required:{_money(needed)}, Available:{_money(free)} "
            f"for entity account-{account.client_id}"
        )
    order.blocked = needed
    account.blocked_by_orders += needed
    return ""


def release(account: Account, order: Order, quantity: int) -> None:
    """Free the margin of a part of an order that no longer waits."""
    waiting = order.pending
    part = order.blocked * quantity // waiting if waiting > quantity else order.blocked
    order.blocked -= part
    account.blocked_by_orders -= part


def book_fill(account: Account, terms: Terms, quantity: int, price: int) -> None:
    """Let a fill change position, margin and holdings."""
    key = (*terms.instrument.key, terms.product)
    position = account.positions.get(key)
    if position is None:
        position = account.positions[key] = Position(terms.instrument, terms.product)
    if not terms.buy and terms.product in {"DELIVERY", "BNPL"}:
        from_holdings = quantity - min(quantity, max(0, position.net))
        holding = account.holdings.get(terms.instrument.underlying)
        if holding is not None:
            holding.sold_today += from_holdings
        account.sale_credit += price * quantity * 80 // 100
    position.take(buy=terms.buy, quantity=quantity, price=price)
    account.realised -= position.gain
    account.position_margin -= position.margin
    position.gain = position.realised
    net = position.net
    covered = net < 0 and terms.product in {"DELIVERY", "BNPL"}
    position.margin = (
        0
        if not net or covered
        else abs(net) * unit_margin(terms.instrument, terms.product, position.cost, buy=net > 0)
    )
    account.realised += position.gain
    account.position_margin += position.margin


def limits_row(account: Account) -> dict[str, object]:
    """The result of the limits call; every number follows from the account's books."""
    span = exposure = 0
    for position in account.positions.values():
        one, two = span_parts(
            position.instrument, position.cost, abs(position.net), buy=position.net > 0
        )
        span += one
        exposure += two
    return {
        "tradingLimit": rupees.number(trading_limit(account)),
        "openingCashLimit": rupees.number(account.cash),
        "intradayPayin": rupees.number(account.pay_in),
        "collateralMargin": rupees.number(account.collateral),
        "creditForSell": rupees.number(account.sale_credit),
        "adhocMargin": rupees.number(account.adhoc),
        "utilizedMargin": rupees.number(utilised(account)),
        "blockedForPayout": rupees.number(account.blocked_for_payout),
        "utilizedSpanMargin": rupees.number(span),
        "utilizedExposureMargin": rupees.number(exposure),
    }


def _sellable(account: Account, terms: Terms) -> int:
    position = position_of(account, terms.instrument, terms.product)
    holding = account.holdings.get(terms.instrument.underlying)
    bought_today = max(0, position.net) if position else 0
    return bought_today + (holding.sellable if holding else 0)


def _money(units: int) -> str:
    return f"{units // 100 / 100:.2f}"
