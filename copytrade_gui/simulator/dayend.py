"""Midnight at the broker: books are emptied, money is settled, positions are carried."""

from copytrade_gui.simulator import risk
from copytrade_gui.simulator.accounts import Account
from copytrade_gui.simulator.positions import Holding, Position
from copytrade_gui.simulator.prices import Prices, slot_of


def close_day(account: Account, prices: Prices, midnight: int) -> None:
    """End one account's day. `midnight` is the first nanosecond of the new one.

    Open orders lapse; intraday positions are squared off at the last price; delivery becomes
    holdings; the rest is carried overnight. The ledger keeps the orders, the books do not.
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
    carried: dict[tuple[str, str, str], Position] = {}
    for key, position in account.positions.items():
        last = prices.last(position.instrument, slot_of(midnight - 1))
        kept = _carry(account, position, last)
        if kept is not None:
            carried[key] = kept
            account.position_margin += kept.margin
    account.positions = carried
    for holding in account.holdings.values():
        sold = min(holding.sold_today, holding.settled)
        holding.settled += holding.unsettled - sold - (holding.sold_today - sold)
        holding.unsettled = holding.sold_today = 0
    for position in list(account.positions.values()):
        if position.product in {"DELIVERY", "BNPL"}:
            _to_holdings(account, position)


def _carry(account: Account, position: Position, last: int) -> Position | None:
    net = position.net
    if not net:
        return None
    instrument = position.instrument
    if position.product == "INTRADAY":
        account.cash += (last - position.cost) * net * instrument.multiplier
        return None
    if position.product in {"DELIVERY", "BNPL"} and net < 0:
        account.cash += position.cost * -net
        return None
    unit = risk.unit_margin(instrument, position.product, position.cost, buy=net > 0)
    return Position(
        instrument,
        position.product,
        overnight=net,
        overnight_price=position.cost,
        margin=unit * abs(net),
    )


def _to_holdings(account: Account, position: Position) -> None:
    symbol = position.instrument.underlying
    paid = position.cost * position.net
    holding = account.holdings.setdefault(
        symbol, Holding(symbol, 0, 0, position.cost, position.product)
    )
    total = holding.settled + holding.unsettled
    holding.price = (holding.price * total + paid) // (total + position.net)
    holding.unsettled += position.net
    account.cash -= paid
    account.position_margin -= position.margin
    del account.positions[*position.instrument.key, position.product]
