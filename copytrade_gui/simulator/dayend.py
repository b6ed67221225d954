"""Midnight at the broker: books are emptied, money is settled, positions are carried."""

from copytrade_gui.simulator import risk, rupees
from copytrade_gui.simulator.accounts import Account
from copytrade_gui.simulator.ist import day_number
from copytrade_gui.simulator.positions import Holding, Position
from copytrade_gui.simulator.prices import Prices, slot_of


def close_day(account: Account, prices: Prices, midnight: int) -> None:
    """End one account's day. `midnight` is the first nanosecond of the new one.

    Open orders lapse; intraday positions are squared off at the last price; contracts that expired
    are settled; delivery becomes holdings; the rest is carried overnight at what it cost. The
    ledger keeps the orders, the books do not.
    """
    for order in account.orders.values():
        if order.live:
            risk.release(account, order, order.pending)
            order.end(midnight - 1, "cancelled", "Order validity has ended.")
    account.orders.clear()
    account.fills.clear()
    account.shelves.clear()
    account.resting.clear()
    account.events.clear()
    account.late.clear()
    account.cash += account.realised + account.pay_in
    account.pay_in = account.sale_credit = account.realised = account.position_margin = 0
    account.blocked_by_orders = 0
    account.selling.clear()
    carried: dict[tuple[str, str, str], Position] = {}
    for key, position in account.positions.items():
        kept = _carry(account, position, prices, midnight)
        if kept is not None:
            carried[key] = kept
            account.position_margin += kept.margin
    account.positions = carried
    for holding in account.holdings.values():
        sold = min(holding.sold_today, holding.settled)
        holding.settled += holding.unsettled - sold - (holding.sold_today - sold)
        holding.unsettled = holding.sold_today = 0
    for position in list(account.positions.values()):
        if position.product in risk.DELIVERED:
            _to_holdings(account, position)


def _carry(account: Account, position: Position, prices: Prices, midnight: int) -> Position | None:
    net, instrument = position.net, position.instrument
    if not net:
        return None
    last = slot_of(midnight - 1)
    if position.product == "INTRADAY":
        account.cash += position.profit_at(prices.last(instrument, last))
        return None
    if position.product in risk.DELIVERED and net < 0:
        account.cash += position.open_value
        return None
    if 0 < instrument.expiry < day_number(midnight):
        account.cash += position.profit_at(prices.settlement(instrument))
        return None
    return Position(
        instrument,
        position.product,
        overnight=net,
        overnight_price=position.cost,
        overnight_value=position.open_value,
        margin=risk.position_margin(position),
    )


def _to_holdings(account: Account, position: Position) -> None:
    symbol, product = position.instrument.underlying, position.product
    paid = position.open_value
    holding = account.holdings.setdefault(
        (symbol, product), Holding(symbol, 0, 0, position.cost, product)
    )
    total = holding.settled + holding.unsettled + holding.pledged
    holding.price = rupees.average(holding.price * total + paid, total + position.net)
    holding.unsettled += position.net
    account.cash -= paid
    account.position_margin -= position.margin
    del account.positions[*position.instrument.key, position.product]
