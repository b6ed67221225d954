"""What the day has brought each follower's copies, kept with every fill and every price.

Only while a loss limit is set. A price moves the profit of those who hold its instrument by what
they hold of it: one multiplication for each of them, and nothing else is looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from msgspec import Struct

from copytrade_gui.domain.calendar import ist
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.instrument import InstrumentKey, Quote
from copytrade_gui.domain.link import NotCopied
from copytrade_gui.domain.loss import LOSS_UNKNOWN, Bound, LossTerms, of_all, of_one
from copytrade_gui.domain.money import Paise, in_rupees, rupees
from copytrade_gui.domain.scope import EVERY_FOLLOWER, is_whole, wholes_of
from copytrade_gui.engine.books.copies import Copies
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.planning.day_charges import DayCharges
from copytrade_gui.engine.planning.limits import LimitsInForce

_ZERO = Decimal(0)
_STORED_IN = 20
_NO_FUNDS = "Not all funds that a floor of the equity goes by were read from the broker yet."
_UNTIL = " Until that is known only exits are copied."


class Day(Struct, eq=False):
    """One scope's day: an account's, or that of several together (``domain.scope``). In rupees.

    ``profit`` is what is left of it after ``charges``; ``unrated`` says which of these are in no
    sum.
    ``unknown`` says why ``profit`` is not the whole; while it does, nothing is judged, and without
    ``funds`` no equity is. ``floor`` is
    the profit at which the next limit is reached, and above ``ceiling`` more of it is kept; None
    where nothing is. ``passed`` is what was reached.
    """

    scope: AccountId
    terms: LossTerms | None
    profit: Decimal = _ZERO
    charges: Decimal = _ZERO
    unrated: str = ""
    peak: Decimal = _ZERO
    unknown: str = ""
    nets: dict[InstrumentKey, Decimal] = {}
    floor: Decimal | None = None
    ceiling: Decimal | None = None
    funds: Decimal | None = None
    passed: frozenset[str] = frozenset()
    stored_peak: Decimal = _ZERO
    wholes: tuple[Day, ...] = ()
    """Of an account: those that it is a part of and that are bounded."""

    def look(self) -> list[Bound]:
        """What it has reached just now, for the first time."""
        terms = self.terms
        if terms is None or self.unknown:
            self.floor = self.ceiling = None
            return []
        self.peak = max(self.peak, self.profit)
        bounds = [one for one in terms.bounds(self.peak, self.funds)
                  if one.evidence not in self.passed]  # fmt: skip
        found = [one for one in bounds if self.profit <= one.at]
        self.passed |= {one.evidence for one in found}
        self.floor = max((one.at for one in bounds if one not in found), default=None)
        self.ceiling = self.peak if terms.locks else None
        return found

    @property
    def in_words(self) -> str:
        """What it brought, after charges and before them."""
        brought = f"{in_rupees(self.profit)} today"
        if self.charges:
            gross = in_rupees(self.profit + self.charges)
            brought += f" after charges of {in_rupees(self.charges)} ({gross} before them)"
        if self.unrated:
            brought += f", without charges of {self.unrated}, of which no rates are known"
        return brought

    @property
    def blind(self) -> str:
        """Why one of its limits cannot be judged, in a sentence; empty: all can, or it has none."""
        terms = self.terms
        if terms is None or self.unknown:
            return "" if terms is None else self.unknown
        return _NO_FUNDS if terms.equity_floor is not None and self.funds is None else ""

    @property
    def peak_to_store(self) -> bool:
        """True if its highest profit is kept, and has risen since it was stored by a twentieth of
        what it may fall back: so much less is kept after a crash at most.
        """
        terms = self.terms
        if terms is None or terms.lock_back is None or not terms.locked(self.peak):
            return False
        return self.peak - self.stored_peak >= terms.lock_back / _STORED_IN

    @property
    def concerned(self) -> bool:
        """True if its profit stands where something is to be judged."""
        floor, ceiling = self.floor, self.ceiling
        if floor is not None and self.profit <= floor:
            return True
        return ceiling is not None and self.profit > ceiling


class DayProfits:
    """Keeps them. It decides nothing: ``stops.loss_watch`` does."""

    def __init__(self, core: Core, copies: Copies, limits: LimitsInForce) -> None:
        self._copies = copies
        self._limits = limits
        self._lanes = core.lanes
        self._clock = core.clock
        self._hours = core.hours
        self.charges = DayCharges(core, copies.master_of)
        self._oldest_ns = int(core.settings.loss_price_age * 1e9)
        self._wholes: dict[AccountId, Day] = {}
        """Groups and all followers, where their losses together are bounded."""
        self._days: dict[AccountId, Day] = {}
        self._holders: dict[InstrumentKey, dict[AccountId, tuple[Day, Decimal]]] = {}
        """Who holds it, and how many units, signed: a price asks for nothing else."""
        self._prices: dict[InstrumentKey, Quote] = {}
        self._unknown: dict[AccountId, str] = {}
        """Of whom a part of the profit is not known, and why."""
        self._of_one = False
        self._peaks: Mapping[AccountId, Decimal] = {}
        """Today's as they were stored before this start."""

    def restore(self, peaks: Mapping[AccountId, Decimal]) -> None:
        """Take in what was stored of the day."""
        self._peaks = peaks

    def _new(self, scope: AccountId, terms: LossTerms | None) -> Day:
        peak = self._peaks.get(scope, _ZERO)
        return Day(scope, terms, peak=peak, stored_peak=peak)

    @property
    def watching(self) -> bool:
        """True while any loss limit is set."""
        return self._of_one or bool(self._wholes)

    def limits_set(self) -> None:
        """Go by the limits as they are now; every account is to be counted anew."""
        force = self._limits
        terms = {EVERY_FOLLOWER: of_all(force.of_all)}
        terms |= {name: of_all(own) for name, own in force.own.items() if is_whole(name)}
        bounded = {name: one for name, one in terms.items() if one is not None}
        self._wholes = {
            name: self._wholes.get(name) or self._new(name, one) for name, one in bounded.items()
        }
        for name, day in self._wholes.items():
            day.terms = bounded[name]
        self._of_one = any(of_one(one) for one in (force.of_all, *force.own.values()))
        if not self.watching:
            self._forget()

    def begin_day(self) -> None:
        """Nothing was gained and nothing reached yet; every account is to be counted anew."""
        self._peaks = {}
        self.charges.begin_day()
        self._wholes = {name: self._new(name, one.terms) for name, one in self._wholes.items()}
        self._forget()

    def _forget(self) -> None:
        self._days.clear()
        self._holders.clear()
        self._unknown.clear()

    def count(self, account: AccountId) -> Day | None:
        """Count an account anew from what its copies hold; None if nothing bounds its losses."""
        lane, day = self._lanes.get(account), self._days.get(account)
        links = [] if lane is None else [linked.link for linked in lane.links.values()]
        terms = of_one(self._limits.of(account)) if links else None
        wholes = tuple(self._wholes[one] for one in wholes_of(links) if one in self._wholes)
        if day is not None:
            self._leave(day)
        if terms is None and not wholes:
            self._days.pop(account, None)
            return None
        if day is None:
            day = self._days[account] = self._new(account, terms)
        day.terms, day.wholes = terms, wholes
        day.funds = None if lane is None or lane.status.funds is None else rupees(lane.status.funds)
        self._add_up(day)
        return day

    def wholes(self) -> Iterable[Day]:
        """The days of those that are bounded together, with what is known of them and their funds;
        to be judged once everybody was counted.
        """
        for name, day in self._wholes.items():
            day.unknown = next(
                (why for one, why in self._unknown.items() if day in self._days[one].wholes), ""
            )
            if day.terms is not None and day.terms.equity_floor is not None:
                self._sum_funds(name, day)
        return self._wholes.values()

    def _sum_funds(self, name: AccountId, day: Day) -> None:
        funds = [
            lane.status.funds
            for lane in self._lanes
            if name in wholes_of([linked.link for linked in lane.links.values()])
        ]
        known = [one for one in funds if one is not None]
        day.funds = rupees(Paise(sum(known))) if len(known) == len(funds) else None

    def moved(self, quote: Quote) -> list[Day]:
        """Take in a price; returns whose profit is to be judged by it."""
        key, before = quote.key, self._prices.get(quote.key)
        self._prices[key] = quote
        holders = self._holders.get(key)
        if not holders:
            return []
        if before is None or before.previous_close != quote.previous_close:
            counted = [self.count(account) for account in list(holders)]
            return [*(one for one in counted if one is not None), *self.wholes()]
        move = quote.last - before.last
        concerned: list[Day] = []
        if not move:
            return concerned
        for day, net in holders.values():
            gained = move * net
            day.profit += gained
            for whole in day.wholes:
                whole.profit += gained
            if day.concerned:
                concerned.append(day)
        return concerned + [one for one in self._wholes.values() if one.concerned]

    def unknown(self, accounts: Iterable[AccountId]) -> dict[AccountId, NotCopied]:
        """Whose loss nobody can judge now, and why: nothing that opens is copied to them."""
        if not self.watching:
            return {}
        old = self._old_prices()
        together = {day.scope: day.blind or old.get(day.scope, "") for day in self.wholes()}
        found = {}
        for account in accounts:
            day = self._days.get(account) or self.count(account)
            if day is None:
                continue
            why = day.blind
            if old and day.terms is not None:
                why = why or old.get(account, "")
            for whole in day.wholes:
                why = why or together[whole.scope]
            if why:
                found[account] = NotCopied(LOSS_UNKNOWN, why + _UNTIL)
        return found

    def held(self) -> list[InstrumentKey]:
        """What is held where a loss is bounded, of markets that trade now."""
        known = self._copies.instruments
        return [
            key
            for key in self._holders
            if key not in known or not self._hours.why_closed(known[key])
        ]

    # ------------------------------------------------------------ inside

    def _add_up(self, day: Day) -> None:
        profit, why = _ZERO, ""
        nets: dict[InstrumentKey, Decimal] = {}
        for key, copy in self._copies.of(day.scope).items():
            instrument, position = key.instrument, copy.position
            quote = self._prices.get(instrument)
            last = None if quote is None else quote.last
            brought = position.day_brought(last, None if quote is None else quote.previous_close)
            if position.net or brought is None:
                nets[instrument] = nets.get(instrument, _ZERO) + position.net
            if not copy.priced:
                why = why or f"What a trade in {self._name(instrument)} cost is not known."
            elif brought is None:
                what = "price" if quote is None else "previous close"
                why = why or f"No {what} of {self._name(instrument)} is known."
            else:
                profit += brought
        cost = self.charges.of(day.scope)
        day.charges, day.unrated = cost.total, ", ".join(cost.unrated)
        day.profit, day.nets, day.unknown = profit - cost.total, nets, why
        for instrument, net in nets.items():
            self._holders.setdefault(instrument, {})[day.scope] = day, net
        for whole in day.wholes:
            whole.profit += day.profit
            whole.charges += day.charges
        if why:
            self._unknown[day.scope] = why

    def _leave(self, day: Day) -> None:
        for whole in day.wholes:
            whole.profit -= day.profit
            whole.charges -= day.charges
        self._unknown.pop(day.scope, None)
        for instrument in day.nets:
            holders = self._holders[instrument]
            del holders[day.scope]
            if not holders:
                del self._holders[instrument]

    def _old_prices(self) -> dict[AccountId, str]:
        """Of whom a price is too old to go by, and why: accounts, and those counted together."""
        now = self._clock.wall_ns()
        found: dict[AccountId, str] = {}
        for key in self.held():
            quote = self._prices.get(key)
            if quote is None or now - quote.at_ns <= self._oldest_ns:
                continue
            why = (
                f"The newest price of {self._name(key)} is of {ist(quote.at_ns):%H:%M:%S}, and its "
                "loss is counted with that."
            )
            for account, (day, _) in self._holders[key].items():
                found.setdefault(account, why)
                for whole in day.wholes:
                    found.setdefault(whole.scope, why)
        return found

    def _name(self, key: InstrumentKey) -> str:
        known = self._copies.instruments.get(key)
        return str(key) if known is None else known.symbol
