"""The facts that the checks of a plan are asked about, gathered from memory."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal

from copytrade_gui.domain.checks.check import Finding, findings
from copytrade_gui.domain.checks.plan import KEPT_TO_EXITS, PLAN_CHECKS, PlanFacts, not_known
from copytrade_gui.domain.habit import NOT_UNLIKE, UNLIKE_HIM
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.order import OrderTerms
from copytrade_gui.domain.records import Signal, SignalKind
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.orders.lots import Lots
from copytrade_gui.engine.planning.exits import Exits
from copytrade_gui.engine.planning.habits import Habits
from copytrade_gui.engine.planning.limits import Cadence, LimitsInForce

HIS_OWN = (
    frozenset(
        {"no_reference", "no_price", "stop_side", "duplicate_order", "price_band", "day_band"}
    )
    | KEPT_TO_EXITS
)
"""Checks of what a master decided himself when he placed an order at the broker. Of what opens
where only exits pass each copy is kept back alone."""
ONLY_CLOSES = UNLIKE_HIM | KEPT_TO_EXITS | {"duplicate_order", "repeats"}
"""Checks that an order which only closes need not pass."""


class PlanChecks:
    """Asks what is asked once a plan. A fact that no check needs of an order is not looked up."""

    def __init__(self, core: Core, exits: Exits, limits: LimitsInForce) -> None:
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

    def findings(
        self,
        terms: OrderTerms,
        master: AccountId | None = None,
        *,
        traded_at: Decimal | None = None,
        without: Collection[str] = (),
    ) -> list[Finding]:
        """What the checks of a plan find, up to the first that blocks; nothing comes of it.

        ``master`` is whose order it is, None where that is of no concern. ``without`` are codes of
        checks that are not asked; ``traded_at`` is a price in rupees that a master who placed the
        order elsewhere got for it.
        """
        limits = self._limits.of_all
        key, today = terms.instrument.key, self._hours.now.date()
        quote = self._quotes.newest(key)
        bans = self._exits.bans
        old = self._exits.why_old(terms.instrument)
        banned = bans.why_only_exits(terms.instrument, today)
        ban_unknown = ""
        if self._settings.keeps_sessions:  # a simulated exchange has no ban list
            ban_unknown = bans.why_unknown(terms.instrument, today)
        unlike = self.habits.unlike(master, terms)
        told = old or banned or ban_unknown or unlike != NOT_UNLIKE
        if told and self._only_reduces(master, terms):
            old = banned = ban_unknown = ""
            unlike = NOT_UNLIKE
        return findings(
            [check for check in PLAN_CHECKS if check.code not in without],
            PlanFacts(
                terms=terms,
                today=today,
                takes=self._takes,
                stopped="" if self._gate.may_plan else self._gate.why_not(),
                closed=self._hours.why_closed(terms.instrument),
                lot_unseen=self.lots.why_not(key.exchange),
                last=self._quotes.fresh_price(key) or traded_at,
                close=None if quote is None else quote.previous_close,
                plans=self.cadence.counts(terms),
                same_again=self.cadence.same_again(terms, limits.same_again_ms),
                limits=limits,
                contracts_old=old,
                banned=banned,
                ban_unknown=ban_unknown,
                unlike=unlike,
                price_range=self._quotes.price_range(key),
                day_band=self._quotes.day_band(key),
            ),
        )

    def not_known(self, terms: OrderTerms) -> tuple[str, ...]:
        """What a limit price cannot be compared with, because nobody has told it lately."""
        key = terms.instrument.key
        return not_known(terms, self._quotes.price_range(key), self._quotes.day_band(key))

    def made(self, signal: Signal) -> None:
        """A plan was made; what lets followers catch up is no order of their master's."""
        self.cadence.made(signal.terms)
        if signal.kind is not SignalKind.CATCH_UP:
            self.habits.made(signal)

    def _only_reduces(self, master: AccountId | None, terms: OrderTerms) -> bool:
        if master is None:
            return False
        return self._exits.of_masters.exiting(master, terms).least >= terms.quantity
