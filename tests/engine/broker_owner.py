"""What the owner of an account does at the broker himself, past the console."""

from __future__ import annotations

from copytrade_gui.domain.account import Account
from copytrade_gui.domain.order import OrderTerms, Side
from copytrade_gui.simulator import rupees
from copytrade_gui.simulator.accounts import Account as BrokerAccount
from copytrade_gui.simulator.standing import carry
from tests.proof.rig import World


def _at_broker(made: World, account: Account) -> BrokerAccount:
    return next(one for one in made.broker.accounts if one.client_id == account.client_id)


def trades_himself(made: World, account: Account, terms: OrderTerms, quantity: int) -> None:
    """An order from the broker's own app, at a price that trades."""
    key = terms.instrument.key
    found = made.broker.find_instrument(key.exchange, key.instrument_id)
    far = made.broker.last_price(key.exchange, key.instrument_id) * (
        101 if terms.side is Side.BUY else 99
    )
    price = far // 100 - far // 100 % found.tick
    fields = {
        "exchange": key.exchange, "instrumentId": key.instrument_id, "quantity": str(quantity),
        "transactionType": terms.side.value, "orderType": "LIMIT", "price": rupees.text(price),
    }  # fmt: skip
    made.broker.owner(account.client_id).place(fields, channel="App")


def holds_from_yesterday(made: World, account: Account, terms: OrderTerms, quantity: int) -> None:
    """A carried position that is none of ours."""
    key = terms.instrument.key
    found = made.broker.find_instrument(key.exchange, key.instrument_id)
    price = made.broker.last_price(key.exchange, key.instrument_id)
    carry(_at_broker(made, account), found, "NORMAL", quantity=quantity, price=price)
