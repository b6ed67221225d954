"""Questions the market asks about an order: may it trade, does it trade, at which price."""

import msgspec

from copytrade_gui.simulator import rupees
from copytrade_gui.simulator.config import Switches
from copytrade_gui.simulator.hours import is_open, past_square_off
from copytrade_gui.simulator.instruments import Instrument, InstrumentList
from copytrade_gui.simulator.orders import Terms
from copytrade_gui.simulator.prices import Prices, slot_of

_CONVERTED_PERCENT = 3 * rupees.UNIT


class MarketRules:
    """The exchange's and the broker's rules, as answers; changes nothing."""

    def __init__(self, switches: Switches, instruments: InstrumentList, prices: Prices) -> None:
        self.switches = switches
        self._instruments = instruments
        self._prices = prices

    def marketable(self, terms: Terms, slot: int) -> bool:
        """Whether an order trades at once. At or through the last price is enough."""
        if not terms.worst:
            return True
        last = self._prices.last(terms.instrument, slot)
        return terms.worst >= last if terms.buy else terms.worst <= last

    def triggered(self, terms: Terms, slot: int) -> bool:
        """Whether the last price has reached a stop's trigger."""
        last = self._prices.last(terms.instrument, slot)
        return last >= terms.trigger if terms.buy else last <= terms.trigger

    def fill_price(self, terms: Terms, slot: int) -> int:
        """The other side's best price, never worse than the order's own limit."""
        if terms.buy:
            ask = self._prices.ask(terms.instrument, slot)
            return min(ask, terms.worst) if terms.worst else ask
        bid = self._prices.bid(terms.instrument, slot)
        return max(bid, terms.worst) if terms.worst else bid

    def bounded(self, terms: Terms, slot: int) -> Terms:
        """A MARKET or SLM order with the worst price that its protection allows from here.

        A bare MARKET becomes a LIMIT order where the switch says so. Others stay as they are.
        """
        percent = rupees.parse(terms.protection) or 0
        bare = not percent and terms.kind == "MARKET" and self._bare_market(terms) == "convert"
        if terms.kind not in {"MARKET", "SLM"} or not (percent or bare):
            return terms
        last, tick = self._prices.last(terms.instrument, slot), terms.instrument.tick
        away = last * (percent or _CONVERTED_PERCENT) // (100 * rupees.UNIT)
        worst = (last + away) // tick * tick
        if not terms.buy:
            worst = max(tick, -((away - last) // tick) * tick)
        if bare:
            return msgspec.structs.replace(terms, kind="LIMIT", price=worst)
        return msgspec.structs.replace(terms, bound=worst)

    def _bare_market(self, terms: Terms) -> str:
        switches = self.switches
        if terms.channel == "Admin":
            return "accept"
        return switches.bare_market if terms.channel == "API" else switches.web_market

    def policy(self, terms: Terms, at: int) -> str:
        """Why the broker's own rules reject an order, or nothing."""
        switches = self.switches
        if (
            terms.kind == "MARKET"
            and terms.protection == "0.0"
            and self._bare_market(terms) == "reject"
        ):
            return "RMS:Rule: MARKET order without market protection is not allowed"
        if terms.kind == "SLM" and switches.reject_slm and terms.channel == "API":
            return "RMS:Rule: SLM order is not allowed"
        if (
            switches.square_off
            and terms.product == "INTRADAY"
            and terms.channel != "Admin"
            and past_square_off(terms.instrument.exchange, at)
        ):
            return "RMS: Auto Square Off Block"
        if switches.trading_hours and not is_open(terms.instrument.exchange, at):
            return "Market is closed."
        if terms.instrument.exchange in switches.halted:
            return "Market is halted."
        return ""

    def price_band(self, instrument: Instrument, at: int) -> tuple[int, int]:
        """The lowest and highest price of the day, on ticks; zeros for what has no such band."""
        if instrument.kind not in {"EQ", "FUT"}:
            return 0, 0
        close, tick = self._prices.previous_close(instrument, at), instrument.tick
        return -(close * -80 // 100 // tick) * tick, close * 120 // 100 // tick * tick

    def protection_band(self, instrument: Instrument, at: int) -> tuple[int, int]:
        """The band around the last price (LPP); zeros for what has none.

        Options 20 rupees either way up to a premium of 50 and 40 % above it, futures 3 %.
        """
        if not instrument.derivative:
            return 0, 0
        last = self._prices.last(instrument, slot_of(at))
        if instrument.kind == "FUT":
            away = last * 3 // 100
        elif last <= 50 * rupees.UNIT:
            away = 20 * rupees.UNIT
        else:
            away = last * 40 // 100
        return max(instrument.tick, last - away), last + away

    def exchange_objection(self, terms: Terms, at: int) -> str:
        """Why the exchange rejects an order, or nothing. Not prefixed by RMS, as in life."""
        instrument = terms.instrument
        if self._instruments.expired(instrument):
            return "Contract has expired."
        if (
            instrument.exchange == "MCXCOMM"
            and terms.validity == "IOC"
            and not self.switches.mcx_ioc
        ):
            return "IOC orders are not allowed in this segment."
        if instrument.freeze and terms.quantity > instrument.freeze:
            return f"Quantity is above the freeze quantity of {instrument.freeze}."
        if terms.price % instrument.tick or terms.trigger % instrument.tick:
            return f"Price is not a multiple of the tick size {rupees.text(instrument.tick)}."
        low, high = self.price_band(instrument, at) if terms.price else (0, 0)
        if high and not low <= terms.price <= high:
            band = f"{rupees.text(low)} to {rupees.text(high)}"
            return f"Price is outside the day's price range {band}."
        if terms.price and self.switches.price_protection:
            low, high = self.protection_band(instrument, at)
            if high and not low <= terms.price <= high:
                band = f"{rupees.text(low)} to {rupees.text(high)}"
                return f"Price is outside the limit price protection range {band}."
        return ""
