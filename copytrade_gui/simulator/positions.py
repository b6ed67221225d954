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
    """One instrument and product over one day; values are price x quantity, not x multiplier."""

    instrument: Instrument
    product: str
    overnight: int = 0  # signed
    overnight_price: int = 0
    bought: int = 0
    buy_value: int = 0
    sold: int = 0
    sell_value: int = 0
    margin: int = 0  # held for the open part
    gain: int = 0  # realised so far, as counted in the account's total

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
    def buy_price(self) -> int:
        value = self.overnight_price * max(self.overnight, 0) + self.buy_value
        return rupees.average(value, self.total_bought)

    @property
    def sell_price(self) -> int:
        value = self.overnight_price * max(-self.overnight, 0) + self.sell_value
        return rupees.average(value, self.total_sold)

    @property
    def net_price(self) -> int:
        """The documented formula: overnight and day values over the net quantity."""
        value = self.overnight * self.overnight_price + self.buy_value - self.sell_value
        return rupees.average(value, self.net)

    @property
    def cost(self) -> int:
        """Average price of the side that is still open."""
        if not self.net:
            return 0
        return self.buy_price if self.net > 0 else self.sell_price

    @property
    def realised(self) -> int:
        """Profit on the closed part, rupee ten-thousandths, multiplier included."""
        closed = min(self.total_bought, self.total_sold)
        if not closed:
            return 0
        return closed * (self.sell_price - self.buy_price) * self.instrument.multiplier

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
