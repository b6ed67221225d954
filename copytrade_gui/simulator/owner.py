"""The owner of an account at the broker's own web page or phone app, or his dealer at a branch.

No session, no rate, no app key: these orders come to the exchange past the interface of the
programs, and programs see them in the books and in the push feed like any other.
"""

from collections.abc import Mapping

import msgspec

from copytrade_gui.simulator import rupees
from copytrade_gui.simulator.accounts import Account
from copytrade_gui.simulator.changes import cancel_order, modify_order
from copytrade_gui.simulator.codes import text_of
from copytrade_gui.simulator.desk import Desk, plain_fields
from copytrade_gui.simulator.orders import CHANNELS, Order, Twist
from copytrade_gui.simulator.terms import Leg, RefusedError, check_place

WORDS = frozenset({"orderComplexity", "product", "orderType", "validity"})
"""What books and feed may call otherwise than the place call does."""


class OwnerError(Exception):
    """What an owner cannot do; the text says why."""


class Owner:
    """One account's owner. Fields are those of the broker's place and modify calls."""

    def __init__(self, desk: Desk, account: Account) -> None:
        self._desk = desk
        self._account = account

    def place(
        self, fields: Mapping[str, object], *, channel: str = "Web",
        words: Mapping[str, str] | None = None,
    ) -> Order:  # fmt: skip
        """Place an order; what the fields leave out is a plain day order for INTRADAY at MARKET.

        Args:
            fields: as for the place call; ``orderTag`` as well, where a page puts one.
            channel: what the books call its source: `Web`, `App` or `Dealer`.
            words: what books and feed show instead of complexity, product, type or validity, for
                orders that programs cannot place, such as `{"orderComplexity": "GTT"}`.

        Raises:
            OwnerError: a word that is none, or a rule of the broker that is broken, with its code.
        """
        if channel not in CHANNELS:
            raise OwnerError(f"channel must be one of {', '.join(sorted(CHANNELS))}")
        unknown = set(words or ()) - WORDS
        if unknown:
            raise OwnerError(f"words may name {', '.join(sorted(WORDS))}, not {unknown.pop()}")
        desk = self._desk
        if self._account.frozen_code:
            raise _refusal(RefusedError(self._account.frozen_code))
        given = _USUAL | plain_fields(fields)
        try:
            leg = msgspec.convert(given, Leg)
            terms = check_place(leg, desk.instruments, algo_required=False)
        except RefusedError as refused:
            raise _refusal(refused) from refused
        except msgspec.ValidationError as problem:
            raise OwnerError(str(problem)) from problem
        terms.channel = channel
        terms.source = "NA"
        shown = Twist(words=tuple((words or {}).items()))
        order = desk.exchange.accept(
            self._account, terms, desk.now(), shown, origin=channel.lower()
        )
        desk.changes += 1
        return order

    def modify(self, order_id: str, fields: Mapping[str, object]) -> Order:
        """Change an order, whoever placed it.

        Raises:
            OwnerError: with the broker's code.
        """
        try:
            return modify_order(
                self._desk, self._account, order_id, plain_fields(fields), self._desk.now()
            )
        except RefusedError as refused:
            raise _refusal(refused) from refused

    def cancel(self, order_id: str) -> Order:
        """Cancel an order, whoever placed it.

        Raises:
            OwnerError: with the broker's code.
        """
        try:
            return cancel_order(self._desk, self._account, order_id, self._desk.now())
        except RefusedError as refused:
            raise _refusal(refused) from refused

    def leave(
        self, exchange: str, instrument_id: str, product: str, *, percent: int = 100,
        channel: str = "Web",
    ) -> Order:  # fmt: skip
        """Leave a position at MARKET, whole or a part of it, in whole lots and at least one.

        Raises:
            OwnerError: there is no such position, or no such part of one.
        """
        desk, account = self._desk, self._account
        if not 1 <= percent <= 100:
            raise OwnerError("percent must be 1 to 100")
        desk.exchange.settle(account, desk.now())
        position = account.positions.get((exchange, instrument_id, product))
        if position is None or not position.net:
            raise OwnerError(f"no open position in {exchange} {instrument_id} {product}")
        step = position.instrument.quantity_step
        part = max(step, abs(position.net) * percent // 100 // step * step)
        fields = {
            "exchange": exchange,
            "instrumentId": instrument_id,
            "product": product,
            "transactionType": "SELL" if position.net > 0 else "BUY",
            "quantity": str(part),
        }
        return self.place(fields, channel=channel)


def _refusal(refused: RefusedError) -> OwnerError:
    return OwnerError(f"the broker refuses: {refused.code} {text_of(refused.code)}")


_USUAL = {
    "transactionType": "BUY",
    "orderComplexity": "REGULAR",
    "product": "INTRADAY",
    "orderType": "MARKET",
    "validity": "DAY",
}


def owned_row(order: Order) -> dict[str, object]:
    """What the control path answers about an order of an owner."""
    terms = order.terms
    return {
        "order_id": order.order_id,
        "client_id": order.account,
        "status": order.status,
        "side": "BUY" if terms.buy else "SELL",
        "quantity": terms.quantity,
        "price": rupees.text(terms.price),
    }
