"""Money: what an order needs, what an account has, and when risk control says no.

The rates are round numbers in the size of the real ones; what matters to a client is that they
add up, that they bind, and that a rejection reads like the broker's.
"""

from collections import Counter

from copytrade_gui.simulator import rupees
from copytrade_gui.simulator.accounts import Account
from copytrade_gui.simulator.instruments import Instrument
from copytrade_gui.simulator.orders import Order, Terms
from copytrade_gui.simulator.positions import Position
from copytrade_gui.simulator.prices import Prices, slot_of

DELIVERED = ("DELIVERY", "BNPL")
"""Products whose shares go into the holdings, and are sold out of them."""
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
    if _out_of_holdings(terms):
        return 0  # checked on its own
    opening = quantity - closing_part(account, terms, quantity)
    return opening * unit_margin(terms.instrument, terms.product, price, buy=terms.buy)


def closing_part(account: Account, terms: Terms, quantity: int) -> int:
    """How much of an order closes what is open and no other order is to close already."""
    position = position_of(account, terms.instrument, terms.product)
    net = position.net if position else 0
    against = -net if terms.buy else net
    return min(quantity, max(0, against - position.closing)) if position else 0


def shortage_of_shares(account: Account, terms: Terms, quantity: int) -> str:
    """Why a delivery sale is more than the account can deliver, or nothing."""
    if not _out_of_holdings(terms):
        return ""
    held = _sellable(account, terms)
    if quantity <= held:
        return ""
    return f"RMS:Rule: Check holdings, Required:{quantity}, Available:{held}"


def objection(account: Account, order: Order, prices: Prices, at: int) -> str:
    """Why risk control rejects an order at a moment (ns), or nothing.

    Its margin is blocked when it does not. A loss on what is open that is more than what is free
    opens nothing more.
    """
    terms, quantity = order.terms, order.pending
    shortage = shortage_of_shares(account, terms, quantity)
    if shortage:
        return shortage
    price = terms.price or prices.last(terms.instrument, slot_of(at))
    needed = order_margin(account, terms, price, quantity)
    free = available(account)
    entity = f"for entity account-{account.client_id}"
    if needed > free:
        return f"RMS:Margin Exceeds, Required:{_money(needed)}, Available:{_money(free)} {entity}"
    lost = -open_profit(account, prices, at) if needed else 0
    if lost > free:
        return f"RMS:MtoM Exceeds, Required:{_money(lost)}, Available:{_money(free)} {entity}"
    hold(account, order, needed)
    return ""


def open_profit(account: Account, prices: Prices, at: int) -> int:
    """Profit on all that is open at the last prices of a moment (ns), ten-thousandths."""
    slot = slot_of(at)
    return sum(
        position.profit_at(prices.last(position.instrument, slot))
        for position in account.positions.values()
        if position.net
    )


def hold(account: Account, order: Order, needed: int) -> None:
    """Block the margin of an order's open part, and what of a position it is to close."""
    order.blocked = needed
    account.blocked_by_orders += needed
    if _out_of_holdings(order.terms):
        order.closing = order.pending
        account.selling[_shares(order.terms)] += order.closing
        return
    position = position_of(account, order.terms.instrument, order.terms.product)
    if position is not None:
        order.closing = closing_part(account, order.terms, order.pending)
        position.closing += order.closing


def hold_again(account: Account, order: Order) -> None:
    """After a restart: count once more the shares that an order is to sell."""
    if _out_of_holdings(order.terms):
        account.selling[_shares(order.terms)] += order.closing


def release(account: Account, order: Order, quantity: int) -> None:
    """Free the margin of a part of an order that no longer waits; what closes goes first."""
    closed = min(quantity, order.closing)
    opening = order.pending - order.closing
    part = order.blocked
    if order.pending > quantity and opening:
        part = order.blocked * (quantity - closed) // opening
    order.blocked -= part
    account.blocked_by_orders -= part
    if not closed:
        return
    order.closing -= closed
    if _out_of_holdings(order.terms):
        account.selling[_shares(order.terms)] -= closed
        return
    position = position_of(account, order.terms.instrument, order.terms.product)
    if position is not None:
        position.closing -= closed


def book_fill(account: Account, terms: Terms, quantity: int, price: int) -> None:
    """Let a fill change position, margin and holdings."""
    key = (*terms.instrument.key, terms.product)
    position = account.positions.get(key)
    if position is None:
        position = account.positions[key] = Position(terms.instrument, terms.product)
    position.take(buy=terms.buy, quantity=quantity, price=price)
    account.realised -= position.gain
    account.position_margin -= position.margin
    position.gain = position.realised
    position.margin = position_margin(position)
    account.realised += position.gain
    account.position_margin += position.margin
    if terms.product in DELIVERED:
        _deliver(account, terms.instrument.underlying)


def position_margin(position: Position) -> int:
    """Margin of what is open; none for shares sold out of holdings."""
    net, product, instrument = position.net, position.product, position.instrument
    if not net or (net < 0 and product in DELIVERED):
        return 0
    return abs(net) * unit_margin(instrument, product, position.cost, buy=net > 0)


def _deliver(account: Account, underlying: str) -> None:
    """Count what delivery positions take out of the holdings, and four fifths of what it brings."""
    sold: Counter[str] = Counter()
    credit = 0
    for position in account.positions.values():
        if position.product in DELIVERED and position.net < 0:
            if position.instrument.underlying == underlying:
                sold[position.product] -= position.net
            credit += position.open_value * 80 // 100
    account.sale_credit = credit
    for product in DELIVERED:
        holding = account.holdings.get((underlying, product))
        if holding is not None:
            holding.sold_today = sold[product]


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


def _out_of_holdings(terms: Terms) -> bool:
    return not terms.buy and terms.product in DELIVERED and terms.instrument.kind == "EQ"


def _shares(terms: Terms) -> tuple[str, str]:
    return terms.instrument.underlying, terms.product


def _sellable(account: Account, terms: Terms) -> int:
    """Shares of an underlying under a product that are held or bought today, on any exchange."""
    underlying, product = shares = _shares(terms)
    holding = account.holdings.get(shares)
    held = holding.settled + holding.unsettled if holding else 0
    for position in account.positions.values():
        if position.product == product and position.instrument.underlying == underlying:
            held += position.net
    return max(0, held - account.selling[shares])


def _money(units: int) -> str:
    return f"{units // 100 / 100:.2f}"
