"""What followers lack of a master's position, as a preview, and cleared as a plan of entries.

The orders go the ordinary way, with the same checks as copies of an order that he would place now;
nothing here closes anything. What is not known for certain is a refusal, and so is whatever may
still be copied by itself: nobody gets the same units twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from msgspec import Struct, structs

from copytrade_gui.domain.calendar import indian_day
from copytrade_gui.domain.catch_up import (
    CHANGED,
    LONG_FIRST,
    NOT_DECIDED,
    ON_THE_WAY,
    OPPOSITE_HELD,
    WHOSE_UNKNOWN,
    CatchUp,
    CatchUpLine,
    difference,
    why_opposite,
)
from copytrade_gui.domain.checks.check import Level
from copytrade_gui.domain.exits import OUT_OF_HOLDINGS
from copytrade_gui.domain.guard import master_price
from copytrade_gui.domain.ids import AccountId, CommandId
from copytrade_gui.domain.instrument import Instrument
from copytrade_gui.domain.link import Copies
from copytrade_gui.domain.order import FanOut, OrderTerms, Product, Side
from copytrade_gui.domain.position import PositionKey
from copytrade_gui.domain.records import SignalKind
from copytrade_gui.domain.reverse import NOT_REVERSED
from copytrade_gui.domain.seen import Seen
from copytrade_gui.domain.sizing import Sized
from copytrade_gui.domain.square_off import Chosen
from copytrade_gui.engine.books.poller import Poller
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.orders.links import Linked
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.engine.planning import planner
from copytrade_gui.engine.planning.cleared import Cleared, signal_of
from copytrade_gui.engine.planning.clearing import Clearing
from copytrade_gui.engine.planning.closable import closing_terms
from copytrade_gui.engine.planning.denied import DeniedError
from copytrade_gui.engine.planning.exits import Cover, Exits
from copytrade_gui.engine.planning.questions import asked_of
from copytrade_gui.engine.planning.share import Share
from copytrade_gui.engine.planning.share_checks import share_checked, unheld, within_margins
from copytrade_gui.engine.signals.caught_up import squared_off
from copytrade_gui.engine.signals.long_legs import LongLegs
from copytrade_gui.engine.signals.master import MasterSignals

_LOOKS, _LOOK_S = 10, 0.4
_UNREAD = "The master's positions are being read. Look again in a moment."
_OTHER = "The account stands differently than in the preview. Look again."
_WAY = "An order of it is on its way in this instrument. Look again when it has ended."
_FILLS = "It copies fills, and an order of the master's fills there. Look again when it has ended."
_WHOSE = "It holds copies of which nobody knows whose they are. Square them off first."
_BEING_COPIED = "An order that he placed elsewhere is being copied. Look again in a moment."
_OPPOSITE = "The link copies the opposite side; nothing is caught up there."
_MORE_TO_FILL = "Its copies hold more than the master's orders have filled so far."
_EACH_ALONE = "Its rule gives less for all of it at once than it gave for the master's orders."
_OWNER_CLOSED = "Its owner closed a part by himself."
_OPEN = frozenset({Seen.WAITS, Seen.ASKED, Seen.MISSED, Seen.DENIED})
"""What became of an order that was placed elsewhere, while it may still be copied as a matter of
course."""


class Gap(Struct, frozen=True):
    """Which position of which master."""

    master: AccountId
    instrument: Instrument
    product: Product


class _Looked(Struct, frozen=True):
    """What follows from what is known at this moment; ``warned`` are sentences."""

    terms: OrderTerms
    leaving: OrderTerms
    price: Decimal | None
    cover: Cover
    found: Sequence[tuple[CatchUpLine, Share]]
    warned: tuple[str, ...]
    works: str


class CatchingUp:
    """Compares what copies hold with what their master does, by the rules of their links."""

    def __init__(
        self,
        core: Core,
        clearing: Clearing,
        exits: Exits,
        poller: Poller,
        elsewhere: MasterSignals,
    ) -> None:
        self._book = core.book
        self._lanes = core.lanes
        self._clock = core.clock
        self._quotes = core.quotes
        self._settings = core.settings
        self._clearing = clearing
        self._exits = exits
        self._poller = poller
        self._elsewhere = elsewhere
        self._long_legs = LongLegs(core, exits)

    async def prepare(self, gap: Gap) -> None:
        """Have a price, and what the master holds, read anew where it is not certain."""
        part = (gap.instrument.key, gap.product)
        for _ in range(_LOOKS):
            await self._quotes.refresh([gap.instrument.key])
            lane = self._lanes.get(gap.master)
            if lane is None or lane.session is None:
                return
            if self._exits.masters.certain(gap.master, part):
                return  # nothing is awaited between this and what follows from it
            self._poller.look(gap.master, 0.0)
            await self._clock.sleep(_LOOK_S)

    async def preview(self, gap: Gap) -> CatchUp:
        """What would be sent now; sends and stores nothing."""
        await self.prepare(gap)
        lane = self._lanes.get(gap.master)
        name = gap.master if lane is None else lane.account.name
        try:
            looked = self._look(gap)
        except DeniedError as denied:
            return CatchUp(master=name, symbol=gap.instrument.symbol, denied=denied.sentence)
        return CatchUp(
            master=name,
            symbol=gap.instrument.symbol,
            side=looked.terms.side,
            held=looked.terms.quantity,
            lines=tuple(line for line, _ in looked.found),
            told=tuple(words for words in (looked.works, *looked.warned) if words),
        )

    def clear(self, gap: Gap, agreed: Mapping[AccountId, int], command: CommandId) -> Cleared:
        """Entries for those whom a person saw and agreed to, with so many units each.

        Who stands differently by now gets nothing. Raises DeniedError.
        """
        looked = self._look(gap, sends=True)
        shares = []
        for line, share in looked.found:
            if line.account_id in agreed:
                if line.units != agreed[line.account_id]:
                    share = Share(share.account, Sized(0, CHANGED, _OTHER))  # noqa: PLW2901 - his verdict
                shares.append(share)
        if not any(share.sized.quantity for share in shares):
            raise DeniedError(CHANGED, "Nobody lacks what the preview showed. Look again.")
        at = looked.price if looked.leaving.price is None else looked.leaving.price
        self._clearing.plan_value(at, 0, shares, looked.cover)
        return Cleared(
            signal=signal_of(
                SignalKind.CATCH_UP,
                gap.master,
                looked.terms,
                FanOut.WITH_MASTER,
                command,
                made_ns=self._clock.wall_ns(),
            ),
            own=None,
            leaving=looked.leaving,
            signal_age_ms=planner.signal_age_ms(looked.terms, looked.price, self._settings),
            shares=shares,
            cover=looked.cover,
            passed=(*looked.warned, *asked_of((), shares).warnings),
            asked=True,
        )

    # ------------------------------------------------------------ inside

    def _own(self, gap: Gap) -> int:
        """What a master holds himself, signed units. Raises DeniedError: not known, or nothing."""
        lane, key = self._lanes.get(gap.master), gap.instrument.key
        if lane is None or not lane.active:
            raise DeniedError("off", "The master account is switched off, so nobody copies it.")
        if lane.session is None:
            raise DeniedError("positions_unread", "The master is not logged in. Log him in first.")
        if gap.product in OUT_OF_HOLDINGS:
            raise DeniedError(
                "positions_unread", "Shares that were delivered stand in no position book."
            )
        nets, masters = self._exits.masters.of(gap.master, key, gap.product), self._exits.masters
        if nets is None or len(nets) != 1 or not masters.certain(gap.master, (key, gap.product)):
            raise DeniedError("positions_unread", _UNREAD)
        own = nets[0] - self._exits.ledger.copied_of(PositionKey(gap.master, key, gap.product))
        if not own:
            raise DeniedError(
                "nothing_held",
                "The master holds none of it himself, so nobody lacks any. What his copies hold of "
                "it can be squared off.",
            )
        return own

    def _works(self, gap: Gap) -> str:
        """One sentence if orders of the master work there. Raises DeniedError: one of them may
        still be copied, so that who catches up now would get it twice.
        """
        key, working = gap.instrument.key, 0
        for order in self._book.recent_of(gap.master):
            working += self._moves(order, gap)
        if self._elsewhere.copying(gap.master):
            raise DeniedError(NOT_DECIDED, _BEING_COPIED)
        for seen in self._elsewhere.orders():
            if (seen.account_id, seen.key, seen.product) != (gap.master, key, gap.product):
                continue
            if seen.became in _OPEN and (seen.filled_quantity or not seen.gone):
                raise DeniedError(
                    NOT_DECIDED,
                    "An order that he placed elsewhere in it is neither copied nor ignored. Decide "
                    "about it first, in Masters' orders.",
                )
            working += not seen.gone and seen.filled_quantity < seen.quantity
        if not working:
            return ""
        return (
            "Orders of the master work in it. Who catches up gets no copy of those that were "
            "placed before, his stop for one: see that each has a stop of its own."
        )

    def _moves(self, order: Order, gap: Gap) -> bool:
        """True if an order in this instrument and product has not ended, or is tried again."""
        if order.key != gap.instrument.key or order.intent.terms.product is not gap.product:
            return False
        return not order.state.ended or self._exits.orders.waits(order)

    def _look(self, gap: Gap, *, sends: bool = False) -> _Looked:
        own, works = self._own(gap), self._works(gap)
        side = Side.BUY if own > 0 else Side.SELL
        terms = closing_terms(gap.instrument, side, gap.product, abs(own))
        moment = self._clearing.checks.moment(terms.instrument)
        if sends:
            found = self._clearing.check(terms, None, moment)
        else:
            found = self._clearing.checks.findings(terms, None, moment)
            if found and found[-1].level is Level.BLOCK:
                raise DeniedError(found[-1].code, found[-1].sentence)
        asked = asked_of(found, ())
        if asked.holds:
            raise DeniedError("hold", f"{asked.holds[0]} Nothing is caught up while that is so.")
        price = moment.prices.fresh
        leaving = self._clearing.protected(terms, price, moment.prices.band)
        linked = self._clearing.in_turn(gap.master)
        straight = [one for one in linked if not one.link.sizing.reverse]
        of_his = master_price(terms, None, price, 0)
        cover = self._exits.cover(gap.master, leaving, straight, moment, price=of_his)
        if cover.exiting.most:
            raise DeniedError("positions_unread", _UNREAD)
        # What rounding left over of earlier orders is in what they hold, or in this share.
        cover = structs.replace(cover, copies={})
        at = price if leaving.price is None else leaving.price
        shares = planner.share_out(leaving, [one.facts for one in straight], at, cover)
        pairs = list(zip(straight, shares, strict=True))
        lines = list(self._lines(gap, leaving, at, pairs, works=bool(works)))
        lines += self._reversed(gap, leaving, linked)
        return _Looked(terms, leaving, price, cover, lines, asked.warnings, works)

    def _reversed(
        self, gap: Gap, leaving: OrderTerms, linked: Iterable[Linked]
    ) -> Iterator[tuple[CatchUpLine, Share]]:
        """Those who copy the opposite side: they are shown, and get nothing."""
        nets = self._exits.ledger.nets_of(gap.master, leaving)
        sign = 1 if leaving.side is Side.BUY else -1
        for one in linked:
            if one.link.sizing.reverse:
                account = one.facts.account
                yield (
                    CatchUpLine(
                        account_id=one.account_id,
                        account=account.name,
                        share=0,
                        copied=nets.get(one.account_id, 0) * sign,
                        code=NOT_REVERSED,
                        reason=_OPPOSITE,
                    ),
                    Share(account, Sized(0, NOT_REVERSED, _OPPOSITE)),
                )

    def _lines(
        self,
        gap: Gap,
        leaving: OrderTerms,
        at: Decimal | None,
        pairs: Sequence[tuple[Linked, Share]],
        *,
        works: bool,
    ) -> Iterator[tuple[CatchUpLine, Share]]:
        nets, lot = self._exits.ledger.nets_of(gap.master, leaving), gap.instrument.lot_size
        key = gap.instrument.key
        sign = 1 if leaving.side is Side.BUY else -1
        today = indian_day(self._clock.wall_ns())
        bounds = self._clearing.bounds(leaving, [one.account_id for one, _ in pairs], today)
        longs = self._long_legs.of(gap.master, gap.instrument, leaving.side, gap.product)
        for linked, share in pairs:
            account = linked.account_id
            copied = nets.get(account, 0) * sign
            line = CatchUpLine(
                account_id=account,
                account=share.account.name,
                share=share.sized.quantity,
                copied=copied,
            )
            code, reason = self._why_not(gap, leaving, linked, share, copied, works=works)
            if code:
                yield structs.replace(line, code=code, reason=reason), share
                continue
            lacking, excess = difference(line.share, copied, lot)
            first = self._long_legs.lacking(longs, gap.master, account, gap.product)
            if lacking and first:
                yield structs.replace(line, code=LONG_FIRST, reason=first), share
                continue
            if excess:
                line = self._too_many(gap, leaving, linked, line, excess, works=works)
            # What is sized again as it leaves would be all of his share, not what he lacks.
            sized = structs.replace(share.sized, quantity=lacking, carry=None)
            wanted = structs.replace(share, sized=sized, slices=(), again=None)
            if lacking:
                rule = linked.link.sizing
                if bounds.margins is not None:
                    (wanted,) = within_margins(
                        [wanted], [linked.facts], leaving, at, bounds.margins
                    )
                wanted = unheld(share_checked(wanted, leaving, at, bounds, rule=rule, exits=False))
                wanted = planner.sliced(wanted, lot, bounds.freeze)
            limit = leaving.price if wanted.limit is None else wanted.limit
            if lacking:
                sized, again = (
                    wanted.sized,
                    squared_off(self._book.recent_of(account), key, gap.product),
                )
                why = f"{sized.reason} {again}".strip() if sized.quantity else sized.reason
                line = structs.replace(line, units=sized.quantity, code=sized.code, reason=why)
            yield structs.replace(line, price=limit), wanted

    def _too_many(
        self,
        gap: Gap,
        leaving: OrderTerms,
        linked: Linked,
        line: CatchUpLine,
        excess: int,
        *,
        works: bool,
    ) -> CatchUpLine:
        """What of copies above a share a square-off may close, and nothing where they may be right:
        his rule sizes each order by itself, an order of the master's fills, or the owner sold.
        """
        if works:
            return structs.replace(line, reason=_MORE_TO_FILL)
        if not linked.link.sizing.adds_up(planner.names_of(gap.instrument)):
            return structs.replace(line, reason=_EACH_ALONE)
        account, key, ledger = line.account_id, gap.instrument.key, self._exits.ledger
        closing = replace(leaving, side=leaving.side.opposite)
        there = self._exits.held.of(account, self._exits.held.asked(gap.master, closing)).held
        excess = min(excess, max(0, there - line.share))
        excess -= excess % gap.instrument.lot_size
        if not excess:
            return structs.replace(line, reason=_OWNER_CLOSED)
        signed = excess if leaving.side is Side.BUY else -excess
        keep = ledger.copied_of(PositionKey(account, key, gap.product)) - signed
        chosen = Chosen(account, key, gap.product, keep, (gap.master,))
        return structs.replace(line, excess=excess, exit=(chosen,))

    def _why_not(
        self,
        gap: Gap,
        leaving: OrderTerms,
        linked: Linked,
        share: Share,
        copied: int,
        *,
        works: bool,
    ) -> tuple[str, str]:
        """Code and sentence why nothing is proposed for one; empty: something may be."""
        account = linked.account_id
        if not share.sized.quantity:
            return share.sized.code, share.sized.reason
        if copied < 0:
            return OPPOSITE_HELD, why_opposite(copied)
        if self._exits.ledger.whose_unknown(leaving).get(account):
            return WHOSE_UNKNOWN, _WHOSE
        if any(self._moves(order, gap) for order in self._book.recent_of(account)):
            return ON_THE_WAY, _WAY
        if works and linked.link.copies is Copies.FILLS:
            return ON_THE_WAY, _FILLS
        return "", ""
