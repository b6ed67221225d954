"""What an account holds: today's positions by the broker's own formulas, and its holdings."""

import msgspec

from copytrade_gui.simulator import rupees
from copytrade_gui.simulator.config import Switches
from copytrade_gui.simulator.instruments import Instrument


class Holding(msgspec.Struct):
    """Shares from earlier days. `price` is the average paid, in ten-thousandths."""

    symbol: str
    settled: int  # in the depository (dp)
    unsettled: int  # bought yesterday (t1)
    price: int
    product: str = "DELIVERY"
    sold_today: int = 0
    pledged: int = 0  # given as collateral; cannot be sold

    @property
    def sellable(self) -> int:
        return self.settled + self.unsettled - self.sold_today


class Position(msgspec.Struct):
    """One instrument and product over one day; values are price x quantity, not x multiplier.

    What is bought and what is sold are averaged each by itself, the carried part included, as the
    broker's formulas have it (docs/broker.md 14). Values are whole numbers and nothing is lost in
    rounding: what was realised and what is still open always add up to what was paid and received.
    """

    instrument: Instrument
    product: str
    overnight: int = 0  # signed
    overnight_price: int = 0
    overnight_value: int = 0  # of the carried quantity; 0 for price x quantity
    bought: int = 0
    buy_value: int = 0
    sold: int = 0
    sell_value: int = 0
    margin: int = 0  # held for the open part
    gain: int = 0  # realised so far, as counted in the account's total
    closing: int = 0  # of the open quantity, what orders on their way are to close

    @property
    def net(self) -> int:
        return self.overnight + self.bought - self.sold

    @property
    def total_bought(self) -> int:
        """Overnight long plus today's buys."""
        return max(self.overnight, 0) + self.bought

    @property
    def total_sold(self) -> int:
        return max(-self.overnight, 0) + self.sold

    @property
    def total_buy_value(self) -> int:
        return self.buy_value + (self._carried if self.overnight > 0 else 0)

    @property
    def total_sell_value(self) -> int:
        return self.sell_value + (self._carried if self.overnight < 0 else 0)

    @property
    def _carried(self) -> int:
        return self.overnight_value or abs(self.overnight) * self.overnight_price

    @property
    def buy_price(self) -> int:
        return rupees.average(self.total_buy_value, self.total_bought)

    @property
    def sell_price(self) -> int:
        return rupees.average(self.total_sell_value, self.total_sold)

    @property
    def net_price(self) -> int:
        """The documented formula: overnight and day values over the net quantity."""
        return rupees.average(self.total_buy_value - self.total_sell_value, self.net)

    @property
    def cost(self) -> int:
        """Average price of the side that is still open."""
        return rupees.average(self.open_value, abs(self.net))

    @property
    def open_value(self) -> int:
        """What the open quantity was bought or sold for."""
        if not self.net:
            return 0
        value = self.total_buy_value if self.net > 0 else self.total_sell_value
        return value - self._closed_value(value)

    @property
    def realised(self) -> int:
        """Profit on the closed part, rupee ten-thousandths, multiplier included."""
        bought, sold = self.total_buy_value, self.total_sell_value
        if self.net > 0:
            bought = self._closed_value(bought)
        elif self.net < 0:
            sold = self._closed_value(sold)
        return (sold - bought) * self.instrument.multiplier

    def profit_at(self, price: int) -> int:
        """Profit on the open part at a price, rupee ten-thousandths, multiplier included."""
        sign = 1 if self.net > 0 else -1
        return (self.net * price - sign * self.open_value) * self.instrument.multiplier

    def _closed_value(self, value: int) -> int:
        """The closed quantity's share of the larger side's value."""
        larger = max(self.total_bought, self.total_sold)
        return rupees.average(value * (larger - abs(self.net)), larger)

    def take(self, *, buy: bool, quantity: int, price: int) -> None:
        """Book one fill."""
        if buy:
            self.bought += quantity
            self.buy_value += quantity * price
        else:
            self.sold += quantity
            self.sell_value += quantity * price


def position_row(p: Position, previous_close: int, switches: Switches) -> dict[str, object]:
    """A row of the position book, numbers and strings mixed as documented."""
    i = p.instrument
    return {
        "instrumentId": str(i.id),
        "tradingSymbol": i.symbol,
        "formattedInstrumentName": i.name,
        "exchange": i.exchange,
        "product": p.product,
        "realizedPnl": rupees.number(p.realised),
        "netQuantity": p.net,
        "netAveragePrice": rupees.number(p.net_price),
        "overnightQuantity": p.overnight,
        "overnightPrice": rupees.number(p.overnight_price),
        "buyQuantity": p.total_bought,
        "buyPrice": rupees.number(p.buy_price),
        "sellQuantity": p.total_sold,
        "sellPrice": rupees.number(p.sell_price),
        "dayBuyQuantity": p.bought,
        "dayBuyPrice": rupees.number(rupees.average(p.buy_value, p.bought)),
        "dayBuyValue": rupees.number(p.buy_value * i.multiplier),
        "daySellQuantity": p.sold,
        "daySellPrice": rupees.number(rupees.average(p.sell_value, p.sold)),
        "daySellValue": rupees.number(p.sell_value * i.multiplier),
        "multiplier": str(i.multiplier),
        "lotSize": "1" if i.in_lots and switches.commodity_lots == "one" else str(i.lot),
        "tickSize": rupees.text(i.tick),
        "previousDayClose": rupees.text(previous_close),
    }


def holding_row(
    h: Holding,
    nse: Instrument | None,
    bse: Instrument | None,
    previous_close: int,
    switches: Switches,
) -> dict[str, object]:
    """A row of the holdings; whether the total counts pledged shares is a switch."""
    some = nse or bse
    pledged = h.pledged if switches.holdings_total == "all" else 0
    return {
        "isin": some.isin if some else "",
        "nseInstrumentId": str(nse.id) if nse else None,
        "bseInstrumentId": str(bse.id) if bse else None,
        "nseTradingSymbol": nse.symbol if nse else None,
        "bseTradingSymbol": bse.symbol if bse else None,
        "formattedInstrumentName": some.name if some else h.symbol,
        "product": h.product,
        "totalQuantity": h.sellable + pledged,
        "dpQuantity": h.settled - min(h.sold_today, h.settled),
        "collateralQuantity": h.pledged,
        "t1Quantity": h.unsettled - max(h.sold_today - h.settled, 0),
        "authorizedQuantity": "0",
        "averageTradedPrice": rupees.number(h.price),
        "previousDayClose": rupees.number(previous_close),
    }


def placeholder_row() -> dict[str, object]:
    """A row that stands for no holding at all: zeros, and no name."""
    return {
        "isin": "",
        "nseInstrumentId": None,
        "bseInstrumentId": None,
        "nseTradingSymbol": "",
        "bseTradingSymbol": "",
        "formattedInstrumentName": "",
        "product": "",
        "totalQuantity": 0,
        "dpQuantity": 0,
        "collateralQuantity": 0,
        "t1Quantity": 0,
        "authorizedQuantity": "0",
        "averageTradedPrice": 0,
        "previousDayClose": None,
    }
