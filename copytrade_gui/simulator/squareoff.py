"""The broker's own square-off: before the close it ends intraday orders and positions by itself."""

from typing import Protocol

from copytrade_gui.simulator.accounts import Account
from copytrade_gui.simulator.hours import SQUARE_OFF
from copytrade_gui.simulator.ist import NS, day_start
from copytrade_gui.simulator.orders import Order, Terms

_REASON = "RMS: Auto Square Off"


class Squaring(Protocol):
    """What it needs of the exchange."""

    def accept(self, account: Account, terms: Terms, now: int, *, origin: str) -> Order: ...

    def withdraw(self, account: Account, order: Order, at: int, reason: str) -> None: ...


def moments(day: int, after: int, until: int) -> list[int]:
    """The times (ns) of a day's square-offs that lie after one moment and not after another."""
    begins = day_start(day)
    times = {begins + second * NS for second in SQUARE_OFF.values()}
    return sorted(time for time in times if after < time <= until)


def square_off(account: Account, at: int, day: int, exchange: Squaring) -> None:
    """End what is INTRADAY on the exchanges whose time has come; positions at any price."""
    begins = day_start(day)
    due = {name for name, second in SQUARE_OFF.items() if begins + second * NS == at}
    for order in list(account.orders.values()):
        terms = order.terms
        if order.live and terms.product == "INTRADAY" and terms.instrument.exchange in due:
            exchange.withdraw(account, order, at, _REASON)
    for position in list(account.positions.values()):
        instrument = position.instrument
        if position.product != "INTRADAY" or instrument.exchange not in due:
            continue
        left, buy = abs(position.net), position.net < 0
        most = instrument.freeze // instrument.quantity_step * instrument.quantity_step or left
        while left > 0:
            quantity = min(left, most)
            terms = Terms(
                instrument, buy, quantity, "INTRADAY", "MARKET", "DAY", "REGULAR",
                source="NA", channel="Admin",
            )  # fmt: skip
            exchange.accept(account, terms, at, origin="admin")
            left -= quantity
