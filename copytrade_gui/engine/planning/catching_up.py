"""What followers lack of a master's position, as a preview, and cleared as a plan of entries.

The orders go the ordinary way, with the same checks as copies of an order that he would place now;
nothing here closes anything. What is not known for certain is a refusal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

from msgspec import Struct, structs

from copytrade_gui.domain.catch_up import (
    CHANGED,
    ON_THE_WAY,
    OPPOSITE_HELD,
    CatchUp,
    CatchUpLine,
    difference,
    why_opposite,
)
from copytrade_gui.domain.checks.check import Level
from copytrade_gui.domain.exits import OUT_OF_HOLDINGS
from copytrade_gui.domain.ids import AccountId, CommandId
from copytrade_gui.domain.instrument import Instrument
from copytrade_gui.domain.order import FanOut, OrderTerms, Product, Side
from copytrade_gui.domain.position import PositionKey
from copytrade_gui.domain.records import SignalKind
from copytrade_gui.domain.sizing import Sized
from copytrade_gui.domain.square_off import Chosen
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.orders.links import Linked
from copytrade_gui.engine.planning import planner
from copytrade_gui.engine.planning.cleared import Cleared, signal_of
from copytrade_gui.engine.planning.clearing import Clearing, DeniedError
from copytrade_gui.engine.planning.closable import closing_terms
from copytrade_gui.engine.planning.exits import Cover, Exits
from copytrade_gui.engine.planning.share import Share
from copytrade_gui.engine.planning.share_checks import share_checked, unheld, within_margins

_UNREAD = "The master's positions are being read. Look again in a moment."
_OTHER = "The account stands differently than in the preview. Look again."
_WAY = "An order of it is on its way in this instrument. Look again when it has ended."


class Gap(Struct, frozen=True):
    """Which position of which master."""

    master: AccountId
    instrument: Instrument
    product: Product


class _Looked(Struct, frozen=True):
    """What follows from what is known at this moment."""

    terms: OrderTerms
    leaving: OrderTerms
    price: Decimal | None
    cover: Cover
    found: Sequence[tuple[CatchUpLine, Share]]


class CatchingUp:
    """Compares what copies hold with what their master does, by the rules of their links."""

    def __init__(self, core: Core, clearing: Clearing, exits: Exits) -> None:
        self._book = core.book
        self._lanes = core.lanes
        self._clock = core.clock
        self._quotes = core.quotes
        self._settings = core.settings
        self._clearing = clearing
        self._exits = exits

    async def preview(self, gap: Gap) -> CatchUp:
        """What would be sent now; sends and stores nothing."""
        await self._quotes.refresh([gap.instrument.key])
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
        )

    def clear(self, gap: Gap, agreed: Mapping[AccountId, int], command: CommandId) -> Cleared:
        """Entries for those whom a person saw and agreed to, with so many units each.

        Who stands differently by now gets nothing. Raises DeniedError.
        """
        looked = self._look(gap)
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
        )

    # ------------------------------------------------------------ inside

    def _own(self, gap: Gap) -> int:
        """What a master holds himself, signed units. Raises DeniedError: not known, or nothing."""
        lane, key = self._lanes.get(gap.master), gap.instrument.key
        if lane is None or not lane.active:
            raise DeniedError("off", "The master account is switched off, so nobody copies it.")
        if gap.product in OUT_OF_HOLDINGS:
            raise DeniedError(
                "positions_unread", "Shares that were delivered stand in no position book."
            )
        nets = self._exits.masters.of(gap.master, key, gap.product)
        if nets is None or len(nets) != 1:
            raise DeniedError("positions_unread", _UNREAD)
        own = nets[0] - self._exits.ledger.copied_of(PositionKey(gap.master, key, gap.product))
        if not own:
            raise DeniedError(
                "nothing_held",
                "The master holds none of it himself. Square off what his copies hold instead.",
            )
        return own

    def _look(self, gap: Gap) -> _Looked:
        own = self._own(gap)
        side = Side.BUY if own > 0 else Side.SELL
        terms = closing_terms(gap.instrument, side, gap.product, abs(own))
        found = self._clearing.checks.findings(terms)
        if found and found[-1].level is Level.BLOCK:
            raise DeniedError(found[-1].code, found[-1].sentence)
        if found:
            raise DeniedError("hold", f"{found[-1].sentence} Place it by the ticket instead.")
        leaving, price = self._clearing.protected(terms)
        straight = [
            one for one in self._clearing.in_turn(gap.master) if not one.link.sizing.reverse
        ]
        of_his = self._exits.entries.price(terms)
        cover = self._exits.cover(gap.master, leaving, straight, price=of_his)
        if cover.exiting.most:
            raise DeniedError("positions_unread", _UNREAD)
        # What rounding left over of earlier orders is in what they hold, or in this share.
        cover = structs.replace(cover, copies={})
        at = price if leaving.price is None else leaving.price
        shares = planner.share_out(leaving, [one.facts for one in straight], at, cover)
        lines = self._lines(gap, leaving, at, zip(straight, shares, strict=True))
        return _Looked(terms, leaving, price, cover, list(lines))

    def _lines(
        self,
        gap: Gap,
        leaving: OrderTerms,
        at: Decimal | None,
        shares: Iterable[tuple[Linked, Share]],
    ) -> Iterator[tuple[CatchUpLine, Share]]:
        nets, lot = self._exits.ledger.nets_of(gap.master, leaving), gap.instrument.lot_size
        sign = 1 if leaving.side is Side.BUY else -1
        pairs = list(shares)
        bounds = self._clearing.bounds(leaving, [one.account_id for one, _ in pairs])
        for linked, share in pairs:
            account = linked.account_id
            copied = nets.get(account, 0) * sign
            line = CatchUpLine(
                account_id=account,
                account=share.account.name,
                share=share.sized.quantity,
                copied=copied,
            )
            code, reason = self._why_not(gap, account, share, copied)
            if code:
                yield structs.replace(line, code=code, reason=reason), share
                continue
            lacking, excess = difference(line.share, copied, lot)
            if excess:
                whole = self._exits.ledger.copied_of(
                    PositionKey(account, gap.instrument.key, gap.product)
                )
                keep = whole - excess * sign
                chosen = Chosen(account, gap.instrument.key, gap.product, keep, (gap.master,))
                line = structs.replace(line, excess=excess, exit=(chosen,))
            wanted = structs.replace(
                share,
                sized=structs.replace(share.sized, quantity=lacking, carry=None),
                slices=(),
            )
            if lacking:
                rule = linked.link.sizing
                if bounds.margins is not None:
                    (wanted,) = within_margins(
                        [wanted], [linked.facts], leaving, at, bounds.margins
                    )
                wanted = unheld(share_checked(wanted, leaving, at, bounds, rule=rule, exits=False))
                wanted = planner.sliced(wanted, lot, bounds.freeze)
            limit = leaving.price if wanted.limit is None else wanted.limit
            sized = wanted.sized
            yield (
                structs.replace(
                    line,
                    units=sized.quantity,
                    code=sized.code if lacking else "",
                    reason=sized.reason if lacking else "",
                    price=limit,
                ),
                wanted,
            )

    def _why_not(self, gap: Gap, account: AccountId, share: Share, copied: int) -> tuple[str, str]:
        """Code and sentence why nothing is proposed for one; empty: something may be."""
        if not share.sized.quantity:
            return share.sized.code, share.sized.reason
        if copied < 0:
            return OPPOSITE_HELD, why_opposite(copied)
        moving = any(
            not order.state.ended
            and order.key == gap.instrument.key
            and order.intent.terms.product is gap.product
            for order in self._book.of_account(account)
        )
        return (ON_THE_WAY, _WAY) if moving else ("", "")
