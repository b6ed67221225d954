"""Who lacks the whole of a position that his master opened today: nothing of it was ever copied.

Sizes are those of catching up: what a link's rule gives for all that the master holds now. Who had
copies of it today and left, by whatever way, lacks nothing here, and neither does who was to get
none: by his link, its filters, or a loss limit.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping

from msgspec import Struct

from copytrade_gui.domain.calendar import ist
from copytrade_gui.domain.drift import Step, Verdict, missed_whole
from copytrade_gui.domain.drift_report import DriftLine
from copytrade_gui.domain.exits import OUT_OF_HOLDINGS
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.instrument import Instrument, InstrumentKey
from copytrade_gui.domain.link import Copies as Copied
from copytrade_gui.domain.link import why_not
from copytrade_gui.domain.order import OrderTerms, Product, Side
from copytrade_gui.domain.position import PositionKey
from copytrade_gui.domain.sizing import MasterOrder, size
from copytrade_gui.domain.sizing.ledger import NOTHING
from copytrade_gui.engine.books.account_positions import AccountPositions
from copytrade_gui.engine.books.copies import Copies
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.orders.lane import Lane
from copytrade_gui.engine.orders.links import Linked, LinkFacts
from copytrade_gui.engine.planning import planner
from copytrade_gui.engine.planning.closable import closing_terms
from copytrade_gui.engine.planning.exits import Exits


class Missed(Struct, frozen=True):
    """A master's own position, signed units, and the followers whose copies hold nothing of it,
    each with why his last copy came to nothing where there was one.
    """

    master: AccountId
    name: str
    key: InstrumentKey
    product: Product
    held: int
    instrument: Instrument
    order: MasterOrder
    followers: tuple[tuple[LinkFacts, str], ...]


class MissedWhole:
    """Finds them by what is known now. Reads and sends nothing."""

    def __init__(
        self, core: Core, copies: Copies, positions: AccountPositions, exits: Exits
    ) -> None:
        self._book = core.book
        self._lanes = core.lanes
        self._quotes = core.quotes
        self._clock = core.clock
        self._copies = copies
        self._positions = positions
        self._exits = exits

    def now(self, copies: Container[PositionKey]) -> Iterator[Missed]:
        """Of each position that orders here made, and that its master opened today. ``copies`` are
        positions of which copies hold, or today held, anything.
        """
        for master, key, product in self._exits.ledger.made():
            lane = self._lanes.get(master)
            if lane is None or not lane.active or product in OUT_OF_HOLDINGS:
                continue
            held = self._held(lane, key, product)
            instrument = self._instrument(master, key) if held else None
            if instrument is None:
                continue
            side = Side.BUY if held > 0 else Side.SELL
            terms = closing_terms(instrument, side, product, abs(held))
            followers = tuple(self._lacking(lane, terms, copies))
            if followers:
                quote = self._quotes.newest(key)
                order = MasterOrder(
                    terms.quantity,
                    instrument.lot_size,
                    None if quote is None else quote.last,
                    capital=lane.facts.capital,
                    names=planner.names_of(instrument),
                )
                name = lane.account.name
                yield Missed(master, name, key, product, held, instrument, order, followers)

    def _held(self, lane: Lane, key: InstrumentKey, product: Product) -> int:
        """What a master holds himself, where one read tells it and he opened all of it today."""
        master = lane.account_id
        nets = self._exits.masters.of(master, key, product)
        if nets is None or len(nets) != 1:
            return 0
        rows = self._positions.book(master).rows
        if any(row.carried != 0 for row in rows if row.key == key and row.product is product):
            return 0
        return nets[0] - self._exits.ledger.copied_of(PositionKey(master, key, product))

    def _instrument(self, master: AccountId, key: InstrumentKey) -> Instrument | None:
        """As it was ordered."""
        orders = (one for one in self._book.recent_of(master) if one.key == key)
        ordered = next((one.intent.terms.instrument for one in orders), None)
        return self._copies.instruments.get(key, ordered)

    def _lacking(
        self, lane: Lane, terms: OrderTerms, copies: Container[PositionKey]
    ) -> Iterator[tuple[LinkFacts, str]]:
        moment, key = ist(self._clock.wall_ns()), terms.instrument.key
        unended = [*self._book.open_of(lane.account_id), *lane.queue]
        works = any(order.key == key for order in unended)
        for linked in self._lanes.followers_of(lane.account_id):
            its = PositionKey(linked.account_id, key, terms.product)
            if its in copies or self._gets_none(linked):
                continue
            if works and linked.link.copies is Copied.FILLS:
                continue
            why = self._why(its) if why_not(linked.link, terms, moment) is None else None
            if why is not None:
                yield linked.facts, why

    def _gets_none(self, linked: Linked) -> bool:
        """True for who is to get no entry by a person's choice, or by a limit."""
        facts = linked.facts
        no = facts.stopped is not None or facts.only_exits is not None
        return no or not facts.account.active or linked.link.sizing.reverse

    def _why(self, its: PositionKey) -> str | None:
        """Why his last copy came to nothing, empty if there was none; None: one filled or may."""
        why = ""
        for order in self._book.recent_of(its.account_id):
            if order.key == its.instrument and order.intent.terms.product is its.product:
                if order.filled or not order.state.ended or self._exits.orders.waits(order):
                    return None
                why = order.reason
        return why


def lines_of(missed: Iterable[Missed], ignored: Mapping[PositionKey, int]) -> Iterator[DriftLine]:
    """A line for each of them to whom his rule gives anything. Pure; any thread may."""
    for one in missed:
        sign = 1 if one.held > 0 else -1
        for facts, why in one.followers:
            by, account = facts.sized_by, facts.account
            share = size(by.rule, one.order, by.capital, NOTHING, by.times).quantity
            if not share:
                continue
            key, units = PositionKey(account.account_id, one.key, one.product), -sign * share
            reason = missed_whole(one.name, one.held, share, why)
            yield DriftLine(
                key=key,
                account=account.name,
                symbol=one.instrument.symbol,
                instrument=one.instrument,
                verdict=Verdict(Step.MISSING, units, reason),
                copied=0,
                held=None,
                owner=0,
                working=0,
                owner_working=0,
                masters=(one.master,),
                master_names=(one.name,),
                left=0,
                out=(),
                read_ns=0,
                ignored=ignored.get(key) == units,
            )
