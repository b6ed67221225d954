"""Everything that is asked before a signal becomes a plan, and what each account then gets."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

from msgspec import structs

from copytrade_gui.domain.checks.check import Finding, Level
from copytrade_gui.domain.checks.share import Bounds
from copytrade_gui.domain.exits import Copy
from copytrade_gui.domain.freeze import FreezeTable
from copytrade_gui.domain.guard import master_price
from copytrade_gui.domain.habit import UNLIKE_HIM
from copytrade_gui.domain.ids import AccountId, CommandId
from copytrade_gui.domain.instrument import DayBand
from copytrade_gui.domain.money import in_rupees, order_value, rupees
from copytrade_gui.domain.order import FanOut, OrderTerms
from copytrade_gui.domain.protection import protect
from copytrade_gui.domain.recipients import EVERYBODY, Recipients
from copytrade_gui.domain.records import Plan, Signal, SignalKind
from copytrade_gui.domain.sizing import Sized
from copytrade_gui.domain.trading_state import ONLY_EXITS
from copytrade_gui.engine.books.margins import NeededMargins
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.orders.lane import Lane
from copytrade_gui.engine.orders.links import Linked, LinkFacts
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.engine.planning import planner
from copytrade_gui.engine.planning.bounding import Bounding
from copytrade_gui.engine.planning.cleared import Cleared, signal_of
from copytrade_gui.engine.planning.denied import DeniedError
from copytrade_gui.engine.planning.exits import Cover, Exits
from copytrade_gui.engine.planning.limits import LimitsInForce
from copytrade_gui.engine.planning.master_exits import Place
from copytrade_gui.engine.planning.moment import Moment
from copytrade_gui.engine.planning.plan_checks import HIS_OWN, ONLY_CLOSES, PlanChecks
from copytrade_gui.engine.planning.questions import Asked, Despite, asked_of, nobody_gets_it
from copytrade_gui.engine.planning.share import Share
from copytrade_gui.engine.planning.share_checks import share_checked, unheld

_NO_REPETITION = frozenset({SignalKind.SQUARE_OFF, SignalKind.FILL})
"""What counts as no repetition: it only closes, or an order of the master's bounds it."""


class Clearing:
    """Asks every check, sizes every share, and bounds it by what copies hold and by the limits."""

    def __init__(
        self, core: Core, exits: Exits, limits: LimitsInForce, margins: NeededMargins
    ) -> None:
        self._lanes = core.lanes
        self._gate, self._clock = core.gate, core.clock
        self._settings, self._news = core.settings, core.news
        self._exits, self._plan_number = exits, 0
        self.limits, self.margins = limits, margins
        self._bounding = Bounding(core, exits, limits, margins)
        self.checks = PlanChecks(core, exits, limits)
        self.freeze = FreezeTable()
        """The most units of one order, by instrument; put anew while the program runs."""

    def begin_at(self, plan_number: int) -> None:
        """Count plans from here: each begins with another follower."""
        self._plan_number = plan_number

    def made(self, plan: Plan, cleared: Cleared) -> None:
        """A plan was made of what was cleared."""
        self._plan_number += 1
        self.margins.planned(cleared.leaving, cleared.entries(plan))
        if (kind := plan.signal.kind) not in _NO_REPETITION:
            self.checks.made(plan.signal, kind)

    def in_turn(self, master_id: AccountId) -> list[Linked]:
        """The links of one master with their facts, each plan beginning with another."""
        return planner.rotate(self._lanes.followers_of(master_id), self._plan_number)

    def follows_quantity(self, order: Order) -> bool:
        """True if a copy's size is a multiple of its master's quantity, and may change with it."""
        lane = self._lanes.get(order.intent.account_id)
        linked = None if lane is None else lane.links.get(order.master_id)
        if lane is None or linked is None:
            return False
        return linked.link.sizing.strategy.follows_quantity

    def following(self, orders: Iterable[Order]) -> list[Order]:
        """Those that still follow a change of the master's order: no link has been stopped, and no
        account is halted.
        """
        lanes = self._with_lanes(orders)
        return [one for one, lane in lanes if not (lane.status.halted or lane.why_kept(one)[0])]

    def kept_to_exits(self, order: Order) -> bool:
        """True if an order opens in an account in which only exits pass by now: it grows and moves
        no more. Where trading is limited to exits as a whole, changes wait until that is lifted.
        """
        lane = self._lanes.get(order.intent.account_id)
        only = lane is not None and lane.only_exits is not None
        return only and bool(self._exits.why_opens(order)[0])

    def halted(self, orders: Iterable[Order]) -> list[Order]:
        """Those whose account is halted alone."""
        return [one for one, lane in self._with_lanes(orders) if lane.status.halted]

    def stopped(self, orders: Iterable[Order]) -> list[Order]:
        """Those whose account is not halted, but whose link is stopped or was removed."""
        lanes = self._with_lanes(orders)
        return [one for one, lane in lanes if not lane.status.halted and lane.why_kept(one)[0]]

    def _with_lanes(self, orders: Iterable[Order]) -> Iterator[tuple[Order, Lane]]:
        for order in orders:
            if (lane := self._lanes.get(order.intent.account_id)) is not None:
                yield order, lane

    def cover(
        self,
        master_id: AccountId,
        terms: OrderTerms,
        followers: Sequence[Linked],
        moment: Moment,
        asked: OrderTerms | None = None,
    ) -> Cover:
        """What these followers have to reduce if an order of the master's with these terms, for
        which he ``asked`` with others where he did, is an exit.
        """
        asked, last = asked or terms, moment.prices.fresh
        of_his = master_price(asked, None, last, 0)
        other = planner.turned_for(followers, asked, last)
        return self._exits.cover(master_id, terms, followers, moment, price=of_his, turned=other)

    def ticket(
        self,
        master_id: AccountId,
        terms: OrderTerms,
        fan_out: FanOut,
        command: CommandId,
        confirmed: int | None = None,
        recipients: Recipients | None = None,
        *,
        despite: Despite = None,
    ) -> Cleared:
        """A master's order, placed here, and its copies.

        ``recipients`` are those a person chose, and he is asked where none of them gets it; without
        them it is for all, and nobody is asked that.
        ``confirmed`` is the quantity in units that a person typed after he was asked, ``despite``
        the warnings that he lets pass. Raises DeniedError; code ``hold`` or ``warn``: he is to be
        asked.
        """
        moment = self.checks.moment(terms.instrument)
        found = self.check(terms, master_id, moment)
        lane = self._lanes.get(master_id)
        if lane is None or not lane.account.master:
            raise DeniedError("master", f"Account {master_id} is not a master. Choose one.")
        code, reason = lane.why_not_own()
        if code:
            raise DeniedError(code, f"The master account cannot trade: {reason}")
        price = moment.prices.fresh
        leaving = self.protected(terms, price, moment.prices.band)
        followers = self.in_turn(master_id)
        cover = self.cover(master_id, leaving, followers, moment, terms)
        names = [master_id, *(follower.account_id for follower in followers)]
        bounds = self.bounds(leaving, names, moment.time.day)
        at = price if leaving.price is None else leaving.price
        facts = planner.facts_for(followers, recipients or EVERYBODY)
        shares = planner.share_out(leaving, facts, at, cover, bounds)
        own = self.own(lane, leaving, at, shares, bounds=bounds, cover=cover)
        more = [] if recipients is None else nobody_gets_it(shares, recipients)
        passed = _confirm(terms, asked_of(found, [own, *shares], more), confirmed, despite)
        return Cleared(
            signal=self._signal(SignalKind.TICKET, master_id, terms, fan_out, command),
            own=own,
            leaving=leaving,
            signal_age_ms=planner.signal_age_ms(terms, price, self._settings),
            shares=shares,
            cover=cover,
            passed=passed,
            asked=confirmed is not None or despite is not None,
        )

    def seen(
        self,
        master_id: AccountId,
        name: str,
        terms: OrderTerms,
        place: Place,
        traded_at: Decimal | None,
        *,
        age_ms: int,
        confirmed: int | None = None,
        despite: Despite = None,
    ) -> Cleared:
        """Copies of an order that the master placed elsewhere, so long ago; he has none here.

        ``name`` is its id at the broker, ``place`` where it is among his orders, ``traded_at``
        what he got, in rupees, to protect a copy of a MARKET order by. What a check holds is denied
        unless a person ``confirmed`` it, and what it warns of is only told where no person is there
        to let it pass (``despite`` is None). Raises DeniedError.
        """
        followers = self.in_turn(master_id)
        signal = self._signal(SignalKind.MASTER, master_id, terms, FanOut.WITH_MASTER, name)
        facts = planner.facts_for(followers, EVERYBODY)
        return self.copies_alone(
            signal,
            followers,
            facts,
            place=place,
            traded_at=traded_at,
            age_ms=age_ms,
            confirmed=confirmed,
            despite=despite,
        )

    def copies_alone(
        self,
        signal: Signal,
        followers: Sequence[Linked],
        facts: Sequence[LinkFacts],
        *,
        place: Place,
        traded_at: Decimal | None,
        age_ms: int = 0,
        confirmed: int | None = None,
        despite: Despite = None,
    ) -> Cleared:
        """Copies of what a master did, with no order of his among them. Raises DeniedError."""
        master_id, terms = signal.master_id, signal.terms
        of_fill = signal.kind is SignalKind.FILL
        lane = self._lanes.get(master_id)
        if lane is None or not lane.active:
            raise DeniedError("off", "The master account is switched off, so nobody copies it.")
        without = HIS_OWN | UNLIKE_HIM | {"repeats"} if of_fill else HIS_OWN
        moment = self.checks.moment(terms.instrument)
        found = self.check(terms, master_id, moment, traded_at=traded_at, without=without)
        _confirm(terms, asked_of(found, ()), confirmed, None)
        fresh = moment.prices.fresh  # a fill has its price, also where the market has left it
        price = traded_at or fresh if of_fill else fresh or traded_at
        leaving = self.protected(terms, price, moment.prices.band)
        of_his = master_price(terms, traded_at, fresh or traded_at, age_ms)
        other = planner.turned_for(followers, terms, of_his.last)
        cover = self._exits.cover(
            master_id, leaving, followers, moment, place=place, price=of_his, turned=other
        )
        names = [follower.account_id for follower in followers]
        bounds = self.bounds(leaving, names, moment.time.day)
        at = price if leaving.price is None else leaving.price
        shares = planner.share_out(leaving, facts, at, cover, bounds)
        self.plan_value(at, 0, shares, cover)
        if not confirmed:
            shares = [unheld(share) for share in shares]
        passed = _confirm(terms, asked_of(found, shares), confirmed, despite)
        return Cleared(
            signal=signal,
            own=None,
            leaving=leaving,
            signal_age_ms=planner.signal_age_ms(terms, price, self._settings),
            shares=shares,
            cover=cover,
            passed=passed,
            asked=confirmed is not None or despite is not None,
        )

    def closing(
        self,
        master_id: AccountId,
        terms: OrderTerms,
        sizes: Mapping[AccountId, Sized],
        command: CommandId,
        confirmed: int | None = None,
        *,
        own: bool = False,
    ) -> Cleared:
        """Orders that close what copies hold: ``terms`` with units, and why, for each account.

        No master's order belongs to it; ``master_id`` says whose copies they are. Each account's
        order is at most what its copies hold. With ``own`` it is one order of that account's owner.
        Raises DeniedError.
        """
        moment = self.checks.moment(terms.instrument)
        found = self.check(terms, master_id, moment, without=ONLY_CLOSES)
        price = moment.prices.fresh
        leaving = self.protected(terms, price, moment.prices.band)
        lanes = [lane for name in sizes if (lane := self._lanes.get(name)) is not None]
        cover = self._exits.closing(master_id, leaving, [lane.account_id for lane in lanes])
        if own:
            cover = structs.replace(cover, copies={master_id: Copy(sizes[master_id].quantity)})
        facts = [(lane.facts_to_close(master_id), sizes[lane.account_id]) for lane in lanes]
        _confirm(terms, asked_of(found, ()), confirmed, None)
        shares = planner.closing_shares(leaving, facts, cover, self.freeze.of(terms.instrument))
        return Cleared(
            signal=self._signal(
                SignalKind.SQUARE_OFF, master_id, terms, FanOut.WITH_MASTER, command
            ),
            own=shares[0] if own else None,
            leaving=leaving,
            signal_age_ms=planner.signal_age_ms(terms, price, self._settings),
            shares=() if own else shares,
            cover=cover,
        )

    def own(
        self,
        lane: Lane,
        leaving: OrderTerms,
        price: Decimal | None,
        shares: Sequence[Share],
        *,
        bounds: Bounds,
        cover: Cover,
    ) -> Share:
        """The own order of the master of this lane as a share, beside the copies' ``shares``.

        Raises DeniedError: a limit of his account, or of all orders of the plan together.
        """
        exits = cover.exiting.least >= leaving.quantity
        share = Share(lane.account, Sized(leaving.quantity))
        own = share_checked(share, leaving, price, bounds, exits=exits)
        own = planner.sliced(own, leaving.instrument.lot_size, bounds.freeze)
        if not exits and (why := self._gate.why_only_exits()):
            raise DeniedError(ONLY_EXITS, f"The master's order opens. {why}")
        if (only := lane.facts.only_exits) is not None and not exits:
            raise DeniedError(only.code, f"The master's order opens: {only.sentence}")
        if not own.sized.quantity:
            raise DeniedError(own.sized.code, f"The master's order: {own.sized.reason}")
        self.plan_value(price, leaving.quantity, shares, cover)
        return own

    def check(
        self,
        terms: OrderTerms,
        master: AccountId | None,
        moment: Moment,
        *,
        traded_at: Decimal | None = None,
        without: Collection[str] = (),
    ) -> list[Finding]:
        """What is asked once a plan, whatever asks for it; returns what holds it, or warns.

        Raises DeniedError.
        """
        found = self.checks.findings(terms, master, moment, traded_at=traded_at, without=without)
        if found and found[-1].level is Level.BLOCK:
            worst = found[-1]
            if worst.code == "repeats":
                self._news.repeats(worst.sentence)
            raise DeniedError(worst.code, worst.sentence)
        return found

    def bounds(self, terms: OrderTerms, accounts: Collection[AccountId], today: int) -> Bounds:
        """What bounds the shares of these accounts in this instrument on this Indian day."""
        return self._bounding.of(terms, accounts, self.freeze.of(terms.instrument), today)

    def plan_value(
        self, price: Decimal | None, own: int, shares: Sequence[Share], cover: Cover
    ) -> None:
        """Ask about all orders of a plan together, unless it only reduces. Raises DeniedError."""
        most = self.limits.of_all.plan_value
        if most is None or price is None or cover.exiting.least:
            return
        value = order_value(price, own + sum(share.sized.quantity for share in shares))
        if value > most:
            raise DeniedError(
                "plan_value",
                f"All orders together are worth {in_rupees(rupees(value))}, above the limit of "
                f"{in_rupees(rupees(most))} for one plan. Lower the size, or raise the limit.",
            )

    def protected(self, terms: OrderTerms, price: Decimal | None, band: DayBand) -> OrderTerms:
        """The terms as they leave, protected around this price. Raises DeniedError."""
        leaving = protect(terms, price, band)
        if leaving is None:
            raise DeniedError(
                "no_price", f"{terms.instrument.symbol} has no price to protect the order by."
            )
        return leaving

    def _signal(
        self, kind: SignalKind, master: AccountId, terms: OrderTerms, fan_out: FanOut, name: str
    ) -> Signal:
        return signal_of(kind, master, terms, fan_out, name, made_ns=self._clock.wall_ns())


def _confirm(
    terms: OrderTerms, asked: Asked, confirmed: int | None, despite: Despite
) -> tuple[str, ...]:
    """What was found and lets the order leave all the same. The typed quantity lets pass what
    holds; of warnings a person lets pass those that he was shown, and not more. Raises DeniedError.
    """
    everything, unread = (*asked.holds, *asked.warnings), asked.unread(despite)
    if asked.holds and (confirmed != terms.quantity or unread):
        raise DeniedError.asking("hold", everything, (*asked.held, *asked.shown))
    if unread:
        raise DeniedError.asking("warn", asked.warnings, asked.shown)
    return everything
