"""The facts that the checks of a plan are asked about, gathered from memory."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal

from copytrade_gui.domain.ban import BAN
from copytrade_gui.domain.calendar import indian_time
from copytrade_gui.domain.checks.check import Finding
from copytrade_gui.domain.checks.plan import KEPT_TO_EXITS, PlanFacts, not_known, plan_findings
from copytrade_gui.domain.contract_days import OLD_CONTRACTS
from copytrade_gui.domain.habit import NOT_UNLIKE, UNLIKE_HIM
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.instrument import Instrument
from copytrade_gui.domain.order import OrderTerms
from copytrade_gui.domain.records import Signal, SignalKind
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.orders.lots import Lots
from copytrade_gui.engine.planning.exits import Exits
from copytrade_gui.engine.planning.habits import Habits
from copytrade_gui.engine.planning.limits import Cadence, LimitsInForce
from copytrade_gui.engine.planning.moment import Moment

HIS_OWN = (
    frozenset(
        {
            "not_trading",
            "no_reference",
            "no_price",
            "stop_side",
            "duplicate_order",
            "price_band",
            "day_band",
        }
    )
    | KEPT_TO_EXITS
)
"""Checks of what a master decided himself when he placed an order at the broker. Of what opens
where only exits pass each copy is kept back alone."""
ONLY_CLOSES = UNLIKE_HIM | KEPT_TO_EXITS | {"not_trading", "duplicate_order", "repeats"}
"""Checks that an order which only closes need not pass."""


class PlanChecks:
    """Asks what is asked once a plan. A fact that no check needs of an order is not looked up."""

    def __init__(self, core: Core, exits: Exits, limits: LimitsInForce) -> None:
        self._clock = core.clock
        self._gate = core.gate
        self._hours = core.hours
        self._quotes = core.quotes
        self._takes = core.takes
        self._settings = core.settings
        self._exits = exits
        self._limits = limits
        self.lots = Lots(core.lanes, core.clock, core.work, core.settings)
        self.cadence = Cadence(core.clock)
        self.habits = Habits(core.clock)

    def moment(self, instrument: Instrument) -> Moment:
        """What every question about an order of this instrument goes by now."""
        time = indian_time(self._clock.wall_ns())
        prices, kept = self._quotes.known(instrument.key), self._exits.kept_to_exits
        return Moment(time, prices, kept(instrument, time))

    def findings(
        self,
        terms: OrderTerms,
        master: AccountId | None = None,
        moment: Moment | None = None,
        *,
        traded_at: Decimal | None = None,
        without: Collection[str] = (),
    ) -> list[Finding]:
        """What the checks of a plan find, up to the first that blocks; nothing comes of it.

        ``master`` is whose order it is, None where that is of no concern. ``moment`` is the one at
        which it is judged, that of the call if not given. ``without`` are codes of
        checks that are not asked; ``traded_at`` is a price in rupees that a master who placed the
        order elsewhere got for it.
        """
        moment = moment or self.moment(terms.instrument)
        limits, prices, today = self._limits.of_all, moment.prices, moment.time.at.date()
        kept = {one.code: one.sentence for one in moment.kept}
        old, banned, ban_unknown = kept.get(OLD_CONTRACTS, ""), kept.get(BAN, ""), ""
        if self._settings.keeps_sessions:  # a simulated exchange has no ban list
            ban_unknown = self._exits.bans.why_unknown(terms.instrument, today)
        unlike = self.habits.unlike(master, terms)
        told = old or banned or ban_unknown or unlike != NOT_UNLIKE
        if told and self._only_reduces(master, terms):
            old = banned = ban_unknown = ""
            unlike = NOT_UNLIKE
        plans, same_again = self.cadence.alike(terms, limits.same_again_ms)
        return plan_findings(
            PlanFacts(
                terms=terms,
                today=today,
                takes=self._takes,
                stopped="" if self._gate.may_plan else self._gate.why_not(),
                closed=self._hours.why_closed(terms.instrument),
                not_trading=self._hours.why_not_trading(terms.instrument),
                lot_unseen=self.lots.why_not(terms.instrument.key.exchange),
                last=prices.fresh or traded_at,
                close=prices.close,
                plans=plans,
                same_again=same_again,
                limits=limits,
                contracts_old=old,
                banned=banned,
                ban_unknown=ban_unknown,
                unlike=unlike,
                price_range=prices.taken,
                day_band=prices.band,
            ),
            without,
        )

    def not_known(self, terms: OrderTerms) -> tuple[str, ...]:
        """What a limit price cannot be compared with, because nobody has told it lately."""
        key = terms.instrument.key
        return not_known(terms, self._quotes.price_range(key), self._quotes.day_band(key))

    def made(self, signal: Signal, kind: SignalKind) -> None:
        """A plan was made; what lets followers catch up is no order of their master's."""
        self.cadence.made(signal.terms)
        if kind is not SignalKind.CATCH_UP:
            self.habits.made(signal)

    def _only_reduces(self, master: AccountId | None, terms: OrderTerms) -> bool:
        if master is None:
            return False
        return self._exits.of_masters.exiting(master, terms).least >= terms.quantity
