"""Trades seen, once each, and what they sum to for an order and for an account."""

from __future__ import annotations

from array import array
from bisect import bisect_left

from copytrade_gui.domain.ids import AccountId, BrokerOrderId, TradeId
from copytrade_gui.domain.records import Fill


class _Ids:
    """Ids of an account's trades, each as the eight bytes of its hash, in order.

    Among the 20,000 trades that a book may hold two are taken for one in a day of 10**10.
    """

    __slots__ = ("_hashes",)

    def __init__(self) -> None:
        self._hashes = array("q")

    def __contains__(self, trade: TradeId) -> bool:
        key, at = self._place(trade)
        return at < len(self._hashes) and self._hashes[at] == key

    def add(self, trade: TradeId) -> None:
        """Add an id that is not in it."""
        key, at = self._place(trade)
        self._hashes.insert(at, key)

    def _place(self, trade: TradeId) -> tuple[int, int]:
        key = hash(trade)
        return key, bisect_left(self._hashes, key)


class Fills:
    """What is told of a trade is told once; kept of it are its id and its quantity in units."""

    __slots__ = ("_earlier", "_of_account", "_of_order", "_seen")

    def __init__(self) -> None:
        self._seen: dict[AccountId, _Ids] = {}
        self._earlier: dict[AccountId, _Ids] = {}
        """Seen before the last ``age``."""
        self._of_account: dict[AccountId, int] = {}
        self._of_order: dict[AccountId, dict[BrokerOrderId, int]] = {}

    def add(self, fill: Fill) -> bool:
        """Take a trade in; False if it was seen before."""
        account, number = fill.account_id, fill.broker_order_id
        seen = self._seen.setdefault(account, _Ids())
        if fill.trade_id in seen or fill.trade_id in self._earlier.get(account, ()):
            return False
        seen.add(fill.trade_id)
        of_order = self._of_order.setdefault(account, {})
        of_order[number] = of_order.get(number, 0) + fill.quantity
        self._of_account[account] = self._of_account.get(account, 0) + fill.quantity
        return True

    def of_order(self, account: AccountId, order: BrokerOrderId) -> int:
        """Sum of the quantities of all trades seen for one broker order."""
        return self._of_order.get(account, {}).get(order, 0)

    def of_account(self, account: AccountId) -> int:
        """Sum of the quantities of all trades seen for the orders of one account."""
        return self._of_account.get(account, 0)

    def forget_order(self, account: AccountId, order: BrokerOrderId) -> None:
        """An order left the memory; the ids of its trades go by ``age``."""
        gone = self._of_order.get(account, {}).pop(order, 0)
        self._of_account[account] = self._of_account.get(account, 0) - gone

    def pack_order(self, account: AccountId, order: BrokerOrderId) -> None:
        """An order is packed, and says itself what was traded of it."""
        self._of_order.get(account, {}).pop(order, None)

    def unpack_order(self, account: AccountId, order: BrokerOrderId, units: int) -> None:
        """A packed order is whole again, of which so many units were traded."""
        self._of_order.setdefault(account, {})[order] = units

    def age(self) -> None:
        """Forget the ids that were old at the last call: once in the life of a trade book."""
        self._earlier, self._seen = self._seen, {}
