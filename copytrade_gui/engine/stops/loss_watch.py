"""Loss limits: whose day's loss reached one is stopped before the next byte (docs/safety.md 10.18).

Judged with every price and every fill of what is held. Who reached a limit lets only exits pass, or
is halted, as was chosen with the limit: in memory at once, stored second, told third. What follows
from it does ``loss_acts``. A stop ends by itself on the next day, or when a person lifts it.
"""

from __future__ import annotations

from copytrade_gui.domain.calendar import indian_day
from copytrade_gui.domain.charges import ChargeTable
from copytrade_gui.domain.events import Event, FillSeen, ProfitPeak, Severity
from copytrade_gui.domain.halt import Finding
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.instrument import InstrumentKey, Quote
from copytrade_gui.domain.loss import LOSS_UNKNOWN, Bound, Then
from copytrade_gui.domain.scope import EVERY_FOLLOWER, in_words, is_whole
from copytrade_gui.domain.typed import listed
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.engine.planning.day_profits import Day, DayProfits
from copytrade_gui.engine.stops.loss_acts import LossActs
from copytrade_gui.ports import OpenWork

_AT_A_TIME = 50
"""So many accounts are counted anew in one turn of the loop, a millisecond of it."""
_SOON = 0.005
_ASKED_EACH_NS = 1_000_000_000
_TELL_AFTER = 1.0
"""Seconds: many accounts reach their limits together, and are one alarm."""
_NAMED = 4
_PATIENT = 5
"""Looks: a price may be late once."""
_ENDS = "It ends by itself on the next day; before that a person may lift it, with a reason."
_ENDS_FOR_ALL = (
    "Trading is halted until a person resumes it, with a reason; what halts the followers ends by "
    "itself on the next day, or when a person lifts it."
)


class LossWatch:
    """Hears prices, fills, funds and edits of the limits, and stops who reached one."""

    def __init__(self, core: Core, profits: DayProfits, acts: LossActs) -> None:
        self._profits = profits
        self._acts = acts
        self._lanes = core.lanes
        self._halts = core.halts
        self._book = core.book
        self._bus = core.bus
        self._clock = core.clock
        self._work = core.work
        self._quotes = core.quotes
        self._every = core.settings.loss_look
        self._day = indian_day(core.clock.wall_ns())
        self._due: dict[AccountId, None] = {}
        self._looking = False
        self._asking = False
        self._asked_ns = 0
        self._reached: list[tuple[AccountId, str]] = []
        self._looks_blind = 0

    # ------------------------------------------------------------ what it hears

    def begin(self, work: OpenWork) -> None:
        """The day was restored: its orders, stops and square-offs."""
        self._profits.restore(work.peaks)
        self.limits_set()
        self._acts.restore(work)

    def on_quote(self, quote: Quote) -> None:
        """A price came."""
        for day in self._profits.moved(quote):
            self._judge(day)

    def filled(self, order: Order, _units: int) -> None:
        """More units of an order of ours were filled."""
        self.concerns(order.intent.account_id)

    def hear(self, event: Event) -> None:
        """A trade was read: from the bus."""
        if isinstance(event, FillSeen):
            self.concerns(event.fill.account_id)

    def concerns(self, account: AccountId) -> None:
        """A fact of this account changed; it is counted anew in a moment."""
        if self._profits.watching:
            if not self._due:
                self._work.later(_SOON, self._catch_up)
            self._due[account] = None

    def limits_set(self) -> None:
        """Limits were set: they hold from now on, for what was lost before as well."""
        self._turn_day()
        self._profits.limits_set()
        self._count_all()
        self._keep_looking()

    def charges_set(self, table: ChargeTable) -> None:
        """Other rates of charges hold from now on, for what was traded today as well."""
        self._profits.charges.put(table)
        self._count_all()

    def _count_all(self) -> None:
        for lane in self._lanes:
            self.concerns(lane.account_id)

    # ------------------------------------------------------------ judging

    def _catch_up(self) -> None:
        accounts = list(self._due)[:_AT_A_TIME]
        for account in accounts:
            del self._due[account]
        if self._due:
            self._work.later(_SOON, self._catch_up)
        for account in accounts:
            day = self._profits.count(account)
            if day is not None:
                self._judge(day)
        if not self._due:
            for whole in self._profits.wholes():
                self._judge(whole)
            self._ask_prices()

    def _judge(self, day: Day) -> None:
        if self._due and is_whole(day.scope):
            return  # a part of it is still to be counted
        for bound in day.look():
            self._stop(day, bound)
        if day.peak_to_store:
            day.stored_peak = day.peak
            self._bus.publish(ProfitPeak(day.scope, self._day, day.peak))

    def _stop(self, day: Day, bound: Bound) -> None:
        then = Then.ONLY_EXITS if day.terms is None else day.terms.then
        whole = is_whole(day.scope)
        who = f"{in_words(day.scope)} together brought" if whole else "Its copies brought"
        whom = "any of them" if whole else "it"
        cancelled = "entries that work are cancelled"
        what = {
            Then.ONLY_EXITS: f"only exits are copied to {whom}, and {cancelled}",
            Then.HALT: f"nothing is sent to {whom}, and {cancelled}",
            Then.SQUARE_OFF: f"only exits are copied to {whom}, {cancelled}, and what copies hold "
            "is squared off, as was agreed with the limit",
        }[then]
        ends = _ENDS_FOR_ALL if then is Then.HALT and day.scope == EVERY_FOLLOWER else _ENDS
        sentence = f"{who} {day.in_words}, and {bound.words}: {what}. {ends}"
        finding = Finding(bound.evidence, sentence, 0, then is not Then.HALT, self._day)
        if self._halts.stop(day.scope, finding):
            if not self._reached:
                self._work.later(_TELL_AFTER, self._tell)
            self._reached.append((day.scope, sentence))
            self._acts.act(day.scope, then)

    def _tell(self) -> None:
        self._acts.carry_on()
        reached, self._reached = self._reached, []
        first, sentence = reached[0]
        if len(reached) == 1:
            self._alarm(f"{self._name(first)}: {sentence}", first)
            return
        names = listed([self._name(one) for one, _ in reached], _NAMED)
        self._alarm(f"{len(reached)} loss limits were reached, of {names}. {sentence}")

    def _alarm(self, sentence: str, account: AccountId | None = None) -> None:
        account = None if account is None or is_whole(account) else account
        self._book.alarm("loss_limit", sentence, account=account, severity=Severity.CRITICAL)

    def _name(self, scope: AccountId) -> str:
        lane = self._lanes.get(scope)
        return in_words(scope) if lane is None else lane.account.name

    # ------------------------------------------------------------ now and then

    def _keep_looking(self) -> None:
        if not self._looking and (self._profits.watching or self._halts.end_by_themselves):
            self._looking = True
            self._work.later(self._every, self._look)

    def _look(self) -> None:
        self._looking = False
        self._turn_day()
        self._ask_prices()
        self._tell_unknown()
        self._acts.carry_on()
        self._keep_looking()

    def _tell_unknown(self) -> None:
        """Tell once when somebody's loss could not be judged for a while."""
        names = [lane.account_id for lane in self._lanes if lane.logged_in]
        unknown = self._profits.unknown(names)
        self._looks_blind = self._looks_blind + 1 if unknown else 0
        if self._looks_blind == _PATIENT:
            account, first = next(iter(unknown.items()))
            others = f" and of {len(unknown) - 1} more" if len(unknown) > 1 else ""
            self._book.alarm(
                LOSS_UNKNOWN,
                f"The loss limits of {self._name(account)}{others} cannot be judged. "
                f"{first.sentence}",
                severity=Severity.WARNING,
            )

    def _turn_day(self) -> None:
        today = indian_day(self._clock.wall_ns())
        if today != self._day:
            self._day = today
            self._halts.turn_day()
            self._profits.begin_day()
            self._count_all()

    def _ask_prices(self) -> None:
        """Those that are young are not asked for again, nor those the broker tells by itself."""
        held, now = self._profits.held(), self._clock.mono_ns()
        if held and not self._asking and now - self._asked_ns >= _ASKED_EACH_NS:
            self._asking, self._asked_ns = True, now
            self._work.start(self._ask(held), "prices of what loss limits watch")

    async def _ask(self, held: list[InstrumentKey]) -> None:
        try:
            await self._quotes.refresh(held)
        finally:
            self._asking = False
