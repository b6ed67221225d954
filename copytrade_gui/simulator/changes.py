"""A change or a cancel of an order, asked for by a call or by its owner at the broker's pages."""

from collections.abc import Mapping

import msgspec

from copytrade_gui.simulator.accounts import Account
from copytrade_gui.simulator.amend import new_terms
from copytrade_gui.simulator.desk import Desk
from copytrade_gui.simulator.orders import Order
from copytrade_gui.simulator.terms import Leg, RefusedError, Scalar

_CHANGEABLE = frozenset({"open", "trigger", "queued"})
_MODIFIABLE = frozenset(
    {"quantity", "orderType", "validity", "price", "slTriggerPrice", "disclosedQuantity",
     "marketProtectionPercent"}
)  # fmt: skip


def modify_order(
    desk: Desk, account: Account, order_id: str, fields: Mapping[str, Scalar], now: int
) -> Order:
    """Take a change that names fields as the modify call does; it takes effect a moment later.

    Raises:
        RefusedError: EC985, EC992, EC993, EC999, or the code of a rule that the change breaks.
    """
    desk.exchange.settle(account, now)
    if not (order_id.isascii() and order_id.isalnum()):
        raise RefusedError("EC985")
    order = account.orders.get(order_id)
    if order is None or order.visible_at > now:
        raise RefusedError("EC999")
    if order.stage not in _CHANGEABLE or order.status in {"modify pending", "cancel pending"}:
        raise RefusedError("EC993")
    known = {name: value for name, value in fields.items() if name in _MODIFIABLE}
    if not known:
        raise RefusedError("EC992")
    try:
        leg = msgspec.convert(known, Leg)
    except msgspec.ValidationError:
        raise RefusedError("EC992") from None
    terms = new_terms(order, leg, remaining=desk.switches.modify_quantity == "remaining")
    desk.exchange.modify(account, order, terms, now)
    desk.changes += 1
    return order


def cancel_order(desk: Desk, account: Account, order_id: str, now: int) -> Order:
    """Take a cancel.

    Raises:
        RefusedError: EC979, EC995 or EC997.
    """
    desk.exchange.settle(account, now)
    if not (order_id.isascii() and order_id.isalnum()):
        raise RefusedError("EC979")
    order = account.orders.get(order_id)
    if order is None or order.visible_at > now:
        raise RefusedError("EC997")
    if not desk.exchange.cancel(account, order, now):
        raise RefusedError("EC995")
    desk.changes += 1
    return order
