"""When the price comes to an order that waits for it."""

from copytrade_gui.simulator.accounts import Account
from copytrade_gui.simulator.ist import NS
from copytrade_gui.simulator.orders import Order
from copytrade_gui.simulator.prices import Prices


def look_ahead(prices: Prices, account: Account, order: Order, last: int) -> None:
    """Schedule what a resting order does in the second in which the price reaches it, up to one.

    What was looked at before is not looked at again; a stop waits for its trigger, any other order
    for its limit.
    """
    first = order.scan_from
    if first > last:
        return
    terms = order.terms
    if order.stage == "trigger":
        level, action = terms.trigger, "trigger"
        below = not terms.buy
    else:
        level, action = terms.worst, "match"
        below = terms.buy
    search = prices.first_at_or_below if below else prices.first_at_or_above
    found = search(terms.instrument, level, first, last)
    if found is None:
        order.scan_from = last + 1
        return
    order.scan_from = found
    del account.resting[order.order_id]
    account.schedule(found * NS, action, order)
