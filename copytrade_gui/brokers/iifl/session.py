"""One logged-in account: ``BrokerSession`` over an HTTP call for reads and a channel for orders."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TypeVar

import msgspec

from copytrade_gui.brokers.http.channel import Channel
from copytrade_gui.brokers.http.growing import Cut, GrownRows, Known, known_of
from copytrade_gui.brokers.http.http_call import AnswerLostError, NothingSentError
from copytrade_gui.brokers.iifl import shapes
from copytrade_gui.brokers.iifl.auth import whole_id
from copytrade_gui.brokers.iifl.envelope import decode_rows
from copytrade_gui.brokers.iifl.feed import Feed
from copytrade_gui.brokers.iifl.mapping import (
    LotSize,
    holding_of,
    is_placeholder,
    limits_of,
    margin_of,
    missing_lots,
    order_of,
    position_of,
    trade_of,
)
from copytrade_gui.brokers.iifl.market import MarketReads
from copytrade_gui.brokers.iifl.order_body import margin_body, modify_body
from copytrade_gui.brokers.iifl.outcome import classify_change
from copytrade_gui.brokers.iifl.reads import ADDRESS_REFUSED, Page, read_page
from copytrade_gui.brokers.iifl.scalar import order_id, text
from copytrade_gui.brokers.iifl.session_call import SessionCall
from copytrade_gui.domain.account import FeedState
from copytrade_gui.domain.holding import Holding
from copytrade_gui.domain.ids import AccountId, BrokerOrderId, is_our_tag
from copytrade_gui.domain.instrument import LOT_QUOTED, Exchange, InstrumentKey, Quote
from copytrade_gui.domain.money import Paise
from copytrade_gui.domain.order import OrderTerms
from copytrade_gui.ports import (
    BrokerFailureError,
    BrokerOrder,
    BrokerPosition,
    BrokerProfile,
    BrokerTrade,
    ChangeOutcome,
    Clock,
    FundLimits,
    NotSent,
    OrderChannel,
    Read,
    Refused,
    Unknown,
    UpdateListener,
)

log = logging.getLogger(__name__)

CHANGE_S = 7.0
"""Total time of a cancel or modify call, the same as an order's (docs/safety.md 4.6)."""

LoadLots = Callable[[Exchange], Awaitable[None]]
"""Loads an exchange's contract file so that its lot sizes are known."""

WireT = TypeVar("WireT", shapes.OrderRow, shapes.TradeRow, shapes.PositionRow)
BookT = TypeVar("BookT", BrokerOrder, BrokerTrade)
RowT = TypeVar("RowT")


class IiflSession:
    """``BrokerSession`` at IIFL. Made by ``IiflBroker.session``."""

    def __init__(
        self,
        account_id: AccountId,
        *,
        caller: SessionCall,
        channel: Channel,
        clock: Clock,
        lot_size: LotSize,
        load_lots: LoadLots,
        closed: Callable[[IiflSession], None],
        feed: Callable[[IiflSession], Feed | None] = lambda _session: None,
    ) -> None:
        self._account_id = account_id
        self._caller = caller
        self._channel = channel
        self._lot_size = lot_size
        self._load_lots = load_lots
        self._closed = closed
        self._orders_known = Known()
        self._trades_known = Known()
        self._keys: dict[BrokerOrderId, InstrumentKey] = {}
        """Of orders in the book that do not carry a tag of this program."""
        self.market = MarketReads(caller, clock)
        """Depth, open interest, candles and SPAN margin, which the port does not ask for."""
        self._feed = feed(self)

    @property
    def account_id(self) -> AccountId:
        """Whose session this is."""
        return self._account_id

    @property
    def orders(self) -> OrderChannel:
        """The channel orders take."""
        return self._channel

    async def open_channel(self) -> None:
        """Open and keep warm the order connection."""
        await self._channel.open()

    def hear_updates(self, listener: UpdateListener) -> None:
        """Tell what the broker tells by itself; without a feed its books are read."""
        if self._feed is None:
            listener.feed(FeedState.OFF, "")
        else:
            self._feed.hear(listener)

    def watch_quotes(self, keys: Sequence[InstrumentKey]) -> None:
        """Have the prices of these instruments told, and of no others."""
        if self._feed is not None:
            self._feed.watch(keys)

    def key_in_book(self, order: BrokerOrderId) -> InstrumentKey | None:
        """The instrument of an order that the order book has shown, if its tag is none of ours."""
        return self._keys.get(order)

    def hear_address(self, changed: Callable[[str, str], None]) -> None:
        """Hear where connections leave from, and when one leaves from another local address."""
        self._caller.egress.hear(changed)

    async def drop_connections(self) -> None:
        """Close every connection; new ones are opened before the next use."""
        if self._feed is not None:
            self._feed.drop()
        await self._channel.drop()
        await self._caller.http_call.drop()

    # ------------------------------------------------------------ changes

    async def cancel(self, order: BrokerOrderId) -> ChangeOutcome:
        """Ask to cancel a working order; safe to repeat."""
        return await self._change("DELETE", order, None)

    async def modify(self, order: BrokerOrderId, terms: OrderTerms) -> ChangeOutcome:
        """Ask to change an order; ``terms.quantity`` is the new total."""
        try:
            body = modify_body(terms)
        except ValueError as error:
            return Refused("bad_quantity", str(error))
        return await self._change("PUT", order, body)

    async def _change(self, method: str, order: BrokerOrderId, body: bytes | None) -> ChangeOutcome:
        number = order_id(order)
        if number is None:
            return Refused("bad_order_id", "The order id is not one this broker gives.")
        path = f"{shapes.ORDERS}/{number}"
        try:
            reply = await self._channel.spare_call(method, path, body or b"", CHANGE_S)
            if reply is None:
                reply = await self._caller.http_call.request(
                    method, path, headers=self._caller.headers, body=body, timeout_s=CHANGE_S
                )
        except NothingSentError as error:
            return NotSent(str(error), error.silence)
        except AnswerLostError as error:
            return Unknown(str(error))
        return classify_change(reply)

    # ------------------------------------------------------------ books

    async def order_book(self) -> Read[BrokerOrder]:
        """Today's orders."""
        what = "order book"
        self._orders_known, read, new = await self._growing(
            shapes.ORDERS, self._orders_known, shapes.OrderRow, order_of, what
        )
        if read.whole:
            self._keys |= {row.broker_order_id: row.key for row in new if not is_our_tag(row.tag)}
        return read

    async def order_history(self, order: BrokerOrderId) -> Read[BrokerOrder]:
        """One order's rows, a row for each state change."""
        what = "order history"
        number = order_id(order)
        if number is None:
            return Read((), whole=False, problem="The order id is not one this broker gives.")
        page = await self._caller.page("GET", f"{shapes.ORDERS}/{number}", shapes.OrderRow, what)
        return await self._book(page, order_of, what)

    async def trade_book(self) -> Read[BrokerTrade]:
        """Today's trades."""
        what = "trade book"
        self._trades_known, read, _ = await self._growing(
            shapes.TRADES, self._trades_known, shapes.TradeRow, trade_of, what
        )
        return read

    async def _growing(
        self,
        path: str,
        known: Known,
        kind: type[WireT],
        mapped: Callable[[WireT, LotSize], BookT | None],
        what: str,
    ) -> tuple[Known, Read[BookT], Sequence[BookT]]:
        """Read a book that may begin as it did before; also what to know of it the next time, and
        the rows that were not known.
        """

        def made(raw: bytes) -> BookT:
            (row,), _ = decode_rows([msgspec.Raw(raw)], kind)
            found = mapped(row, self._lot_size)
            if found is None:
                raise AssertionError(f"a row of the {what} was read before")
            return found

        try:
            reply = await self._caller.ask("GET", path, what)
        except BrokerFailureError as error:
            missing: Page[WireT] = Page((), str(error), error.code, silence=error.silence)
            return known, await self._book(missing, mapped, what), ()
        cut = known.cut(reply.body) if reply.status == 200 else Cut(0, reply.body)
        if cut.rest is None:
            rows = GrownRows[BookT](known, reply.body, (), made)
            return known, Read(rows, whole=True, marks=known.digests), ()
        page = read_page(replace(reply, body=cut.rest), kind, what)
        read = await self._book(page, mapped, what)
        if cut.known:
            if _keepable(read) and (grown := known.grown(reply.body, cut, page.raws)).ends:
                rows = GrownRows(grown, reply.body, read.rows, made)
                return grown, Read(rows, whole=True, marks=grown.digests), read.rows
            page = read_page(reply, kind, what)
            read = await self._book(page, mapped, what)
        if not _keepable(read):
            return known, read, read.rows
        known = known_of(reply.body, page.raws)
        return known, replace(read, marks=known.digests), read.rows

    async def _book(
        self, page: Page[WireT], mapped: Callable[[WireT, LotSize], BookT | None], what: str
    ) -> Read[BookT]:
        await self._lots_for(page.rows)
        rows = [mapped(row, self._lot_size) for row in page.rows]
        good = tuple(row for row in rows if row is not None)
        problem, bad = page.problem, len(rows) - len(good)
        if bad and not problem:
            problem = f"{bad} of {len(rows)} rows of the broker's {what} cannot be understood."
        if problem:
            # Without a network 500 accounts say the same every few seconds, and an alarm has told.
            level = logging.INFO if page.silence is None else logging.DEBUG
            log.log(level, "read not whole account=%s what=%s: %s", self._account_id, what, problem)
        return Read(
            good,
            whole=not problem,
            problem=problem,
            session_dead=page.session_dead,
            silence=page.silence,
            address_refused=page.problem == ADDRESS_REFUSED,
        )

    async def _lots_for(self, rows: Sequence[WireT]) -> None:
        """Load the contract files without which a commodity row's lots cannot become units."""
        for exchange in sorted(missing_lots(rows, self._lot_size)):
            try:
                await self._load_lots(exchange)
            except BrokerFailureError as error:
                log.info("lot sizes missing exchange=%s: %s", exchange, error)

    # ------------------------------------------------------------ the rest

    async def positions(self) -> tuple[BrokerPosition, ...]:
        """Net positions."""
        what = "positions"
        rows = await self._caller.rows("GET", shapes.POSITIONS, shapes.PositionRow, what)
        await self._lots_for(rows)
        return _all([position_of(row, self._lot_size) for row in rows], what)

    async def holdings(self) -> tuple[Holding, ...]:
        """Holdings."""
        what = "holdings"
        rows = await self._caller.rows("GET", shapes.HOLDINGS, shapes.HoldingRow, what)
        return _all([holding_of(row) for row in rows if not is_placeholder(row)], what)

    async def limits(self) -> FundLimits:
        """Funds."""
        what = "funds"
        rows = await self._caller.rows("GET", shapes.LIMITS, shapes.LimitsRow, what)
        return _one([limits_of(row) for row in rows], what)

    async def profile(self) -> BrokerProfile:
        """Profile; also the cheapest proof that a session is alive."""
        what = "profile"
        row = _one(
            list(await self._caller.rows("GET", shapes.PROFILE, shapes.ProfileRow, what)), what
        )
        return BrokerProfile(
            name=text(row.client_name),
            exchanges=tuple(text(value) for value in row.exchanges),
            products=tuple(text(value) for value in row.products),
            client_id=whole_id(text(row.client_id)),
        )

    async def margin_needed(self, terms: OrderTerms) -> Paise:
        """Margin one order would need, existing positions considered."""
        what = "margin"
        try:
            body = margin_body(terms)
        except ValueError as error:
            raise BrokerFailureError(str(error)) from error
        rows = await self._caller.rows("POST", shapes.MARGIN, shapes.MarginRow, what, body=body)
        return _one([margin_of(row.current_order_margin) for row in rows], what)

    async def quotes(self, keys: Sequence[InstrumentKey]) -> tuple[Quote, ...]:
        """Last prices; instruments the broker has no price for are left out."""
        return await self.market.quotes(keys)

    async def logout(self) -> None:
        """End the session at the broker."""
        await self._caller.rows("POST", shapes.LOGOUT, shapes.Row, "log-out")

    async def aclose(self) -> None:
        """Close connections; the session stays valid at the broker."""
        self._closed(self)
        if self._feed is not None:
            await self._feed.aclose()
        await self._channel.aclose()
        await self._caller.http_call.aclose()


def _keepable(read: Read[BookT]) -> bool:
    """False also for lots: a contract file that is read anew may make other units of them."""
    return read.whole and not any(row.key.exchange in LOT_QUOTED for row in read.rows)


def _all(rows: Sequence[RowT | None], what: str) -> tuple[RowT, ...]:
    good = tuple(row for row in rows if row is not None)
    if len(good) < len(rows):
        raise BrokerFailureError(
            f"{len(rows) - len(good)} of {len(rows)} rows of the broker's {what} "
            "cannot be understood. Try again; if it stays so, look at the broker's own page."
        )
    return good


def _one(rows: Sequence[RowT | None], what: str) -> RowT:
    found = _all(rows, what)
    if len(found) != 1:
        raise BrokerFailureError(f"The broker's {what} is incomplete. Try again in a minute.")
    return found[0]
