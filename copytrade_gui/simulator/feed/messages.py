"""Order and trade updates as JSON (docs/broker.md 11.4, 11.5): every value a string."""

import msgspec

from copytrade_gui.simulator import rupees
from copytrade_gui.simulator.accounts import Account
from copytrade_gui.simulator.books import status_text
from copytrade_gui.simulator.config import Switches
from copytrade_gui.simulator.ist import DAY_SECONDS, day_number, second_of_day, stamp
from copytrade_gui.simulator.orders import Fill, Order, Step

_FIRST_DAY = 25_569
"""1 January 1970 as a serial day that counts from 30 December 1899."""
_AT_THE_EXCHANGE = frozenset(
    {"open", "trigger pending", "complete", "rejected", "cancelled", "cancelled after market order"}
)


def is_told(step: Step, switches: Switches) -> bool:
    """Whether this broker sends an update for a step at all."""
    return switches.feed_statuses == "all" or step.status in _AT_THE_EXCHANGE


def order_update(account: Account, order: Order, step: Step, switches: Switches) -> bytes:
    """The update of one step of an order; no ``exchange`` in it, and the tag in ``comments``."""
    terms = order.terms
    instrument = terms.instrument
    status = order.shown_status or step.status
    last = step is order.steps[-1]
    if order.shown_end and last and not order.live:
        status = order.shown_end
    updated = stamp(step.at)
    pending = step.quantity - step.filled
    sender = account.app.name if terms.channel == "API" else terms.channel
    message = {
        "clientId": order.account,
        "validity": terms.validity,
        "orderComplexity": terms.complexity,
        "product": terms.product,
        "orderType": step.kind,
        "tradingSymbol": instrument.symbol,
        "transactionType": "BUY" if terms.buy else "SELL",
        "instrumentId": str(instrument.id),
        "price": rupees.text(step.price),
        "slTriggerPrice": rupees.text(step.trigger),
        "quantity": str(step.quantity),
        "disclosedQuantity": str(terms.disclosed),
        "cancelledQuantity": str(pending) if step.status.startswith("cancelled") else "0",
        "algoId": terms.algo,
        "marketProtectionPercent": terms.protection,
        "placedBy": order.placed_by,
        "averageTradedPrice": rupees.text(rupees.average(step.value, step.filled)),
        "filledQuantity": str(step.filled),
        "pendingQuantity": str(pending),
        "brokerOrderId": order.order_id,
        "exchangeOrderId": order.exchange_id,
        "rejectionReason": step.reason,
        "orderStatus": status_text(status, switches, order.number),
        "exchangeTimestamp": stamp(order.accepted_at),
        "exchangeUpdateTime": updated,
        "mainLegOrderId": order.parent,
        "validityDate": str(day_number(order.accepted_at) + _FIRST_DAY),
        "source": terms.channel,
        "comments": f"{order.label}~{order.app_key}~{sender}",
        "brokerUpdateTime": updated,
    }
    if switches.feed_tag != "comments":
        message["comments"] = ""
        message[switches.feed_tag] = order.label
    message.update(order.words)
    return msgspec.json.encode(message)


def trade_update(order: Order, fill: Fill, switches: Switches) -> bytes:
    """The update of one fill. It has no tag; day and time are numbers of a spreadsheet."""
    terms = order.terms
    side = "BUY" if terms.buy else "SELL"
    message = {
        "tradedPrice": rupees.text(fill.price),
        "filledQuantity": str(fill.quantity),
        "exchangeTradeId": fill.trade_id,
        "instrumentId": str(terms.instrument.id),
        "exchange": terms.instrument.exchange,
        "clientId": order.account,
        "orderComplexity": terms.complexity,
        "product": terms.product,
        "tradingSymbol": terms.instrument.symbol,
        "fillDate": str(day_number(fill.at) + _FIRST_DAY),
        "fillTime": day_fraction(second_of_day(fill.at)),
        "brokerOrderId": order.order_id,
        "exchangeOrderId": order.exchange_id,
        "transactionType": side[0] if switches.trade_side == "letter" else side,
        "orderType": terms.kind,
        "placedBy": order.placed_by,
        "algoId": terms.algo,
    }
    message.update(order.words)
    return msgspec.json.encode(message)


def day_fraction(second: int) -> str:
    """A second of the day as a fraction of it: 16:14:17 is `0.676585648148148`."""
    return f"{second / DAY_SECONDS:.15f}".rstrip("0").rstrip(".")
