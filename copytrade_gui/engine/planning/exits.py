"""What each follower has to reduce when a master's order reduces what the master has.

It is a part of what his copies hold (``copy_ledger``). Orders of the account that are open or in
doubt count against it, so that two exits in a row never overshoot.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from msgspec import Struct

from copytrade_gui.domain.ban import BAN, NO_BANS
from copytrade_gui.domain.calendar import IndianTime, indian_time
from copytrade_gui.domain.contract_days import NO_CONTRACT_DAYS, OLD_CONTRACTS
from copytrade_gui.domain.exits import (
    AWAITS_COPY,
    CUT_TO_COPY,
    Copy,
    Exiting,
    Reducing,
    without_its_rule,
)
from copytrade_gui.domain.guard import AWAITS_PRICE, MasterPrice
from copytrade_gui.domain.ids import AccountId, IntentId, PlanId
from copytrade_gui.domain.instrument import Instrument
from copytrade_gui.domain.link import NotCopied
from copytrade_gui.domain.money import Paise
from copytrade_gui.domain.order import OrderTerms, Side
from copytrade_gui.domain.records import Plan, SignalKind
from copytrade_gui.domain.reverse import opposite
from copytrade_gui.domain.sizing import Sized
from copytrade_gui.domain.sizing.ledger import NOTHING
from copytrade_gui.domain.trading_state import ONLY_EXITS
from copytrade_gui.engine.books.account_positions import AccountPositions
from copytrade_gui.engine.books.master_positions import MasterPositions
from copytrade_gui.engine.books.poller import Poller
from copytrade_gui.engine.orders.absorbed import Absorbed
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.orders.lane import Lane
from copytrade_gui.engine.orders.links import Linked, kept_out
from copytrade_gui.engine.orders.order import GIVEN_UP, Order
from copytrade_gui.engine.planning.copies_held import Asked, CopiesHeld
from copytrade_gui.engine.planning.copy_ledger import CopyLedger
from copytrade_gui.engine.planning.day_profits import DayProfits
from copytrade_gui.engine.planning.entries import Entering, Entries
from copytrade_gui.engine.planning.left import Ruling, left_for
from copytrade_gui.engine.planning.master_exits import MasterExits, Place, of_fill
from copytrade_gui.engine.planning.master_orders import MasterOrders
from copytrade_gui.engine.planning.moment import Moment
from copytrade_gui.engine.planning.other_orders import OtherOrders
from copytrade_gui.engine.planning.share import Share

_LESS = "Less is left to reduce than when it was planned."
_REMEMBERED = 256
"""Plans whose cover is kept; none waits longer than a minute."""


class Cover(Struct, frozen=True):
    """What of one master order is an exit, and what the followers' copies have for it.

    ``exiting`` are units of the master's order, ``copies`` are by follower; who is not in it holds
    nothing, and rounding left nothing over for him. ``only_exits`` are followers whose link or loss
    limit keeps out what opens, and why.
    """

    exiting: Exiting
    copies: Mapping[AccountId, Copy]
    only_exits: Mapping[AccountId, NotCopied]
    capital: Paise | None = None
    """The master's free margin, for rules that go by funds."""
    turned: OrderTerms | Sized | None = None
    """The order for links that copy the opposite side, or why there is none; None: none does."""
    master: MasterPrice | None = None
    """What links with a price guard compare an entry with; None where they are not asked."""
    place: Place | None = None
    """Where the order stands among the master's; None of one that is being placed here."""
    opened: int | None = None
    """Of a fill the units that its order had opened before it; None of an order as a whole."""


class _Now(Struct):
    """One plan as it is judged when an order of it is about to leave."""

    whole: OrderTerms
    reducing: Reducing
    entering: Entering
    shares: Mapping[AccountId, Sequence[Order]]
    """Of each account the orders that left or may leave: the slices of its share."""
    of_fill: bool
    asked: dict[Side, Asked]
    """By the side that its copies are on; looked up when it is needed: a mere entry does not."""


class Exits:
    """Knows the copied quantities, and keeps an exit from leaving where it would open."""

    def __init__(
        self,
        core: Core,
        masters: MasterPositions,
        positions: AccountPositions,
        poller: Poller,
        profits: DayProfits,
    ) -> None:
        self._book = core.book
        self._lanes = core.lanes
        self.masters = masters
        self._clock = core.clock
        self._gate = core.gate
        self._profits = profits
        self.master_orders = MasterOrders(core)
        self.orders = OtherOrders(core, self.master_orders)
        self.ledger = CopyLedger(core.clock, core.lanes)
        self.held = CopiesHeld(core, masters, positions, self.orders, self.ledger)
        self.entries = Entries(core)
        self.of_masters = MasterExits(core, masters, self.orders, self.ledger)
        self.known: dict[PlanId, Exiting] = {}
        """What of a plan's order is known to be an exit, once no read can tell more."""
        self.awaiting: set[IntentId] = set()
        """Orders that were last kept back for what is not known yet."""
        self.bans = NO_BANS
        """The ban list in force; put anew while the program runs."""
        self.contracts = NO_CONTRACT_DAYS
        """The contract files in use; put anew as they are read."""
        self._news = core.news
        self._poller = poller

    def filled(self, order: Order, units: int) -> None:
        """So many more units of an order of ours were filled."""
        lane = self._lanes.get(order.intent.account_id)
        if not order.is_copy or (lane is not None and lane.account.master):
            self.masters.filled(order, units)
        self.ledger.filled(order, units)

    # ------------------------------------------------------------ a plan

    def cover(
        self,
        master: AccountId,
        terms: OrderTerms,
        followers: Sequence[Linked],
        moment: Moment,
        *,
        place: Place | None = None,
        price: MasterPrice | None = None,
        turned: OrderTerms | Sized | None = None,
    ) -> Cover:
        """What an order of the master with these terms may take from each follower's copies.

        ``place`` is where it stands among his orders, ``price`` what its entries are guarded by,
        ``turned`` the order for links that copy the opposite side.
        """
        lane = self._lanes.get(master)
        capital = None if lane is None else lane.facts.capital
        names = [one.account_id for one in followers]
        exiting = self.of_masters.exiting(master, terms, place=place)
        asked = None if exiting.least >= terms.quantity else price
        only_exits = self._profits.unknown(names) | kept_out(
            followers, terms, moment.time.at, asked, may_wait=not exiting.most
        )
        if moment.kept:
            only_exits = {**dict.fromkeys(names, moment.kept[0]), **only_exits}
        straight = [one.account_id for one in followers if not one.link.sizing.reverse]
        copies = self._copies(exiting, terms, master, straight)
        if len(straight) < len(names):
            others = [one.account_id for one in followers if one.link.sizing.reverse]
            copies = {**copies, **self._copies(exiting, opposite(terms), master, others)}
        opened = None
        if place is not None and place.before is not None:
            opened = self.of_masters.opened(master, terms, place)
            copies = {account: of_fill(copy) for account, copy in copies.items()}
        return Cover(exiting, copies, only_exits, capital, turned, price, place, opened)

    def why_kept_to_exits(self, instrument: Instrument) -> NotCopied | None:
        """Why of copies in an instrument only what reduces leaves now, in all accounts; or None."""
        kept = self.kept_to_exits(instrument, indian_time(self._clock.wall_ns()))
        return kept[0] if kept else None

    def kept_to_exits(self, instrument: Instrument, time: IndianTime) -> tuple[NotCopied, ...]:
        """The same with every reason: of trading, of the contract file, of the ban list."""
        found = []
        if why := self._gate.why_only_exits():
            found.append(NotCopied(ONLY_EXITS, why))
        if why := self.contracts.why_only_exits(instrument.key.exchange, time.contract_day):
            found.append(NotCopied(OLD_CONTRACTS, why))
        if why := self.bans.why_only_exits(instrument, time.at.date()):
            found.append(NotCopied(BAN, why))
        return tuple(found)

    def would_hold(self, terms: OrderTerms, accounts: Iterable[AccountId]) -> dict[AccountId, int]:
        """What copies of each account hold of the instrument, signed units, with what works or
        waits on this side: several that wait for one price leave together.
        """
        held, entering = self.ledger.held_of(terms), self.orders.entering
        return {one: held.get(one, 0) + entering(one, terms) for one in accounts}

    def closing(self, master: AccountId, terms: OrderTerms, accounts: Sequence[AccountId]) -> Cover:
        """What an order that does nothing but close may take from each account's copies of him."""
        exiting = Exiting(terms.quantity, terms.quantity)
        return Cover(exiting, self._copies(exiting, terms, master, accounts), {})

    def _copies(
        self,
        exiting: Exiting,
        terms: OrderTerms,
        master: AccountId,
        accounts: Sequence[AccountId],
    ) -> Mapping[AccountId, Copy]:
        carries = self.ledger.carries_of(master, terms)
        if not exiting.most:
            return {account: Copy(carry=owed) for account, owed in carries.items()}
        copies: dict[AccountId, Copy] = {}
        asked = self.held.asked(master, terms)
        for account in accounts:
            owed = carries.get(account, NOTHING)
            copy = self.held.of(account, asked, carry=owed)
            if copy.held or copy.coming:
                copies[account] = copy
            elif owed:
                copies[account] = Copy(carry=owed)
        return copies

    def remember(
        self,
        plan: PlanId,
        master: AccountId,
        terms: OrderTerms,
        cover: Cover,
        shares: Iterable[Share],
    ) -> None:
        """A plan is being made of this: what waits of it is judged by it again."""
        self.ledger.make(plan, master, terms, shares)
        if cover.master is not None:
            self.entries.remember(plan, terms, cover.master)
        if cover.place is not None:
            self.of_masters.remember(plan, cover.place)
        self._learn(plan, cover.exiting)

    def _learn(self, plan: PlanId, exiting: Exiting) -> None:
        """What no read can tell more of is kept: it is of the moment of the master's order."""
        if exiting.known:
            self.known[plan] = exiting
            if len(self.known) > _REMEMBERED:
                del self.known[next(iter(self.known))]

    def _exiting(self, plan: Plan, order: Order) -> Exiting:
        """What of the order of a plan is an exit, as far as it is known by now."""
        exiting = self.known.get(plan.plan_id)
        if exiting is None:
            signal = plan.signal
            exiting = self.of_masters.exiting(signal.master_id, signal.terms, but=order)
            self._learn(plan.plan_id, exiting)
        return exiting

    def after_read(self, _lane: Lane, read: Absorbed) -> None:
        """An account's books were read: what waits for its copies may be decided."""
        if read.complete and self.awaiting:
            self._news.positions_read()

    def inside_guard(
        self, order: Order, wanted: OrderTerms, after: OrderTerms, traded_at: Decimal | None = None
    ) -> OrderTerms:
        """What a copy becomes by a change of its master's order: no entry goes beyond its guard."""
        plan = self._book.plan(order.intent.plan_id)
        if plan is None or not order.is_copy:
            return wanted
        if self._exiting(plan, order).most:
            return wanted
        orders = self._book.of_plan(plan.plan_id)
        return self.entries.change(order, wanted, after, orders, traded_at)

    # ------------------------------------------------------------ what waits

    def judge(self, orders: Sequence[Order]) -> dict[IntentId, Ruling]:
        """What of orders that wait to leave may, for those that may not leave as they were planned.

        Facts may have changed since: the master's position was read, a copy that was counted on was
        rejected, an order that might have filled still rests.
        """
        self.awaiting.clear()
        found: dict[IntentId, Ruling] = {}
        by_plan: dict[PlanId, _Now] = {}
        for order in orders:
            intent = order.intent
            plan = self._book.plan(intent.plan_id)
            if plan is None:
                continue
            if not intent.is_copy:
                if code := self._why_own_opens(order, plan):
                    found[intent.intent_id] = Ruling(0, *code)
                continue
            now = by_plan.get(intent.plan_id)
            if now is None:
                now = by_plan[intent.plan_id] = self._look(plan, order)
            ruling = self._rule(order, now)
            if ruling is None:
                continue
            found[intent.intent_id] = ruling
            if ruling.code == AWAITS_PRICE:
                self.awaiting.add(intent.intent_id)
            if ruling.code == AWAITS_COPY:
                self.awaiting.add(intent.intent_id)
                self._poller.look(intent.account_id, 0.0)
                self._poller.look(plan.signal.master_id, 0.0)
        return found

    def why_opens(self, order: Order) -> tuple[str, str]:
        """Code and sentence why an order may not leave any more as it was planned, because only
        exits pass in its account by now; empty: it may.
        """
        plan = self._book.plan(order.intent.plan_id)
        lane = self._lanes.get(order.intent.account_id)
        if plan is None or lane is None or order.closes:
            return "", ""
        if not order.is_copy:
            return self._why_own_opens(order, plan) or ("", "")
        if not (self._gate.reduces or lane.only_exits is not None):
            return "", ""
        ruling = self._rule(order, self._look(plan, order))
        return ("", "") if ruling is None else (ruling.code, ruling.reason)

    def _look(self, plan: Plan, order: Order) -> _Now:
        whole, exiting = plan.signal.terms, self._exiting(plan, order)
        shares: defaultdict[AccountId, list[Order]] = defaultdict(list)
        orders = self._book.of_plan(plan.plan_id)
        for one in orders:
            if one.intent_state not in GIVEN_UP:
                shares[one.intent.account_id].append(one)
        kept = self.why_kept_to_exits(whole.instrument)
        entering = self.entries.now(plan, orders, exiting, kept)
        is_fill = plan.signal.kind is SignalKind.FILL
        reducing = Reducing(whole.quantity, whole.instrument.lot_size, exiting)
        return _Now(whole, reducing, entering, shares, is_fill, {})

    def _rule(self, order: Order, now: _Now) -> Ruling | None:
        """None: it leaves as it was planned."""
        intent, account = order.intent, order.intent.account_id
        again, carry = self.ledger.before(intent.plan_id, account)
        out, limit = self.entries.judge(order, now.entering, resized=again is not None)
        if out is None and (late := self.entries.waits(order, now.entering)) is not None:
            return Ruling(0, AWAITS_PRICE, late.sentence, late.worst)
        may_open = out is None
        if again is None and may_open and not now.reducing.exiting.most:
            return None if limit is None else Ruling(order.sent_terms.quantity, "", "", limit)
        asked = now.asked.get(intent.terms.side)
        if asked is None:
            its = now.whole if intent.terms.side is now.whole.side else opposite(now.whole)
            asked = now.asked[its.side] = self.held.asked(order.master_id, its, order)
        # Slices of one share are judged together, as the share was before any of them left.
        share, filled, planned = now.shares[account], 0, 0
        for one in share:
            filled += one.filled
            planned += one.intent.terms.quantity
        copy = self.held.of(account, asked, filled, carry)
        if now.of_fill:
            copy = of_fill(copy)
        if again is None:
            sized = without_its_rule(now.reducing, copy, planned, may_open=may_open)
        else:
            sized = again(now.reducing, copy, may_open, planned)
        if sized.code == AWAITS_COPY:
            return Ruling(0, sized.code, sized.reason)
        if sized.carry is not None:
            self.ledger.sized_again(intent.plan_id, account, sized.carry)
        units = left_for(order, share, sized.quantity)
        if units == order.sent_terms.quantity and limit is None:
            return None
        if out is not None:
            return Ruling(units, sized.code if units else out.code, out.sentence)
        return Ruling(units, sized.code or CUT_TO_COPY, sized.reason or _LESS, limit)

    def _why_own_opens(self, order: Order, plan: Plan) -> tuple[str, str] | None:
        """Code and sentence why a master's own order may not leave: only exits do, everywhere or in
        his account, and it is none for all that is known.
        """
        lane, terms = self._lanes.get(order.intent.account_id), plan.signal.terms
        why = self._gate.why_only_exits()
        only = NotCopied(ONLY_EXITS, why) if why else None if lane is None else lane.only_exits
        if only is None or order.closes:
            return None
        exiting = self._exiting(plan, order)
        return None if exiting.least >= terms.quantity else (only.code, only.sentence)
