"""The market's hours as the engine asks for them: one answer for gate, mark, recovery, day end."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from copytrade_gui.domain.calendar import EQUITY, Calendar, SessionKind, ist, shares_of
from copytrade_gui.domain.instrument import Exchange, Instrument
from copytrade_gui.domain.market_status import MarketPhase, MarketStatus
from copytrade_gui.domain.order import Product
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.engine.orders.settings import EngineSettings
from copytrade_gui.ports import Clock

_SQUARED_OFF_BEFORE = timedelta(minutes=30)
"""Brokers end intraday orders and positions by themselves within so long before the close."""


class Hours:
    """The calendar in force. Both attributes are put anew while the program runs."""

    def __init__(self, clock: Clock, settings: EngineSettings) -> None:
        self._clock = clock
        self._settings = settings
        self.calendar = Calendar()
        self.auctioned: Collection[str] | None = None
        """Underlyings with derivatives, whose shares end their day in an auction; None: unknown."""
        self._told: dict[Exchange, MarketStatus] = {}

    @property
    def now(self) -> datetime:
        """The time in India."""
        return ist(self._clock.wall_ns())

    def why_closed(self, instrument: Instrument) -> str:
        """Why no order for this instrument is sent now (docs/safety.md 9.32); empty: it may be.

        A simulated market is never closed.
        """
        if not self._settings.keeps_sessions:
            return ""
        shares = shares_of(instrument, self.auctioned)
        return self.calendar.why_closed(instrument.key.exchange, self.now, shares)

    def put_status(self, status: MarketStatus) -> None:
        """Keep what an exchange says of its market."""
        self._told[status.exchange] = status

    def halted(self, exchange: Exchange) -> bool:
        """Whether the last that an exchange said today is that its market is halted."""
        return self._phase_today(exchange) is MarketPhase.HALTED

    @property
    def all_halted(self) -> tuple[Exchange, ...]:
        """The exchanges whose market is halted."""
        return tuple(sorted(filter(self.halted, self._told)))

    def why_not_trading(self, instrument: Instrument) -> str:
        """What stands against an order where its exchange says something else than the calendar.

        A halt, or a market that is closed in the middle of its session; empty otherwise. It is a
        warning: an exchange takes orders in some halts, and what it said may have been lost since.
        """
        exchange = instrument.key.exchange
        phase = self._phase_today(exchange)
        if phase is MarketPhase.HALTED or (
            phase is MarketPhase.CLOSED and not self.why_closed(instrument)
        ):
            said = self._told[exchange].said
            return f"{said}. The order may be refused there, or wait until it trades again."
        return ""

    def _phase_today(self, exchange: Exchange) -> MarketPhase | None:
        told = self._told.get(exchange)
        if told is None or ist(told.at_ns).date() != self.now.date():
            return None
        return told.phase

    def broker_ends(self, instrument: Instrument, product: Product) -> bool:
        """True in the last half hour of a day, in which brokers close what is held INTRADAY.

        An order of ours that closes it too might meet theirs, and turn the account round.
        """
        if not self._settings.keeps_sessions or product is not Product.INTRADAY:
            return False
        shares = shares_of(instrument, self.auctioned)
        sessions = self.calendar.sessions(instrument.key.exchange, self.now.date(), shares)
        trading = [one.closes for one in sessions if one.kind is SessionKind.CONTINUOUS]
        return bool(trading) and self.now >= max(trading) - _SQUARED_OFF_BEFORE

    def explains_an_end(self, order: Order, wall_ns: int) -> bool:
        """True if the broker may by itself have ended what is left of an order at that time.

        Outside its sessions it does. Of a day that has none in the calendar, although an order of
        ours was taken on it, the hours are not known: they explain nothing.
        """
        if not self._settings.day_ends:
            return False
        moment, terms = ist(wall_ns), order.intent.terms
        exchange = terms.instrument.key.exchange
        shares = shares_of(terms.instrument, self.auctioned)
        sessions = self.calendar.sessions(exchange, moment.date(), shares)
        if not sessions:
            sent = order.attempt
            return sent is None or ist(sent.marked_ns).date() != moment.date()
        if terms.product is Product.INTRADAY:
            trading = [one.closes for one in sessions if one.kind is SessionKind.CONTINUOUS]
            if trading and moment >= max(trading) - _SQUARED_OFF_BEFORE:
                return True
        return not any(one.runs_at(moment) for one in sessions)

    def trade_now(self, orders: Iterable[Order]) -> bool:
        """True while a market of these orders trades, equity's where there are none.

        A day without a session on which they were sent all the same counts: its hours are unknown.
        """
        now, day = self.now, self.now.date()
        exchanges = {order.key.exchange for order in orders}
        unlisted = any(self.calendar.unlisted(exchange, day) for exchange in exchanges)
        if unlisted and self._settings.day_ends:
            return True
        return self.calendar.trades_at(exchanges or EQUITY, now)
