"""One order on its way: an intent with its newest attempt.

The intent's own state is PLANNED, BLOCKED, SKIPPED or STALE; once an attempt exists and the intent
was not given up, the attempt's state shows.
"""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct

from copytrade_gui.domain.account import Role
from copytrade_gui.domain.calendar import indian_day
from copytrade_gui.domain.checks.account import LOSS_LIMIT
from copytrade_gui.domain.divergence import Divergence
from copytrade_gui.domain.drift import REDUCED
from copytrade_gui.domain.exit_rule import EXIT_RULE
from copytrade_gui.domain.exits import HANDED_OVER
from copytrade_gui.domain.guard import AWAITS_PRICE, NO_BETTER_PRICE
from copytrade_gui.domain.ids import AccountId, BrokerOrderId
from copytrade_gui.domain.instrument import InstrumentKey
from copytrade_gui.domain.order import OrderTerms, State
from copytrade_gui.domain.records import Attempt, Intent, OrderView, Plan, Timing
from copytrade_gui.ports import Doubt

SENT_BY = frozenset({EXIT_RULE, LOSS_LIMIT, REDUCED, HANDED_OVER})
"""Codes of rules by which the program itself has orders sent."""
GIVEN_UP = frozenset({State.BLOCKED, State.SKIPPED, State.STALE})
"""An intent in one of these has no attempt that counts."""
# Python 3.11 takes longer to find a member in its enum than to compare it.
_PLANNED = State.PLANNED
_MAY_FOLLOW = frozenset({None, State.NOT_SENT, State.REFUSED})


class Order(Struct, eq=False, gc=False):
    """One intent on its way. Read it anywhere, change it only through the book.

    ``called_ns``, ``trigger_ns`` and ``waiting_ns`` are monotonic: the operator's call, what set
    this order off (its master's acknowledgement where it waited for one), and since when it waits.
    """

    intent: Intent
    key: InstrumentKey
    """Its instrument's key."""
    master_id: AccountId
    """Whose signal asked for it."""
    is_copy: bool
    """False for a master's own order."""
    intent_state: State
    code: str
    reason: str
    called_ns: int
    trigger_ns: int
    waiting_ns: int
    changed_ns: int
    attempt: Attempt | None = None
    attempt_state: State | None = None
    broker_order_id: BrokerOrderId | None = None
    filled: int = 0
    average_price: Decimal | None = None
    timing: Timing | None = None
    cancel_requested: bool = False
    leaving: bool = False
    resends: int = 0
    requeued: int = 0
    doubt: Doubt = Doubt.PLAIN
    doubt_ns: int = 0
    absent_reads: int = 0
    absent_since_ns: int = 0
    complained: frozenset[str] = frozenset()
    diverged: Divergence | None = None
    asked: tuple[OrderTerms, ...] = ()
    """What it was to become by changes that we asked for, the newest last."""
    shown_quantity: int = 0
    """Units that the broker's book last showed it for; 0 while no row did."""
    cut: OrderTerms | None = None
    """What of it leaves, where the books showed that less is left to reduce than was planned."""
    shrunk: bool = False
    """That is so because its master made his smaller while it waited here."""
    awaits_price: bool = False
    """It is kept here for a better price, or was and has not left since: an exit of its master's
    and a stop end it, however old it may become."""
    closes: bool = False
    """It only closes what copies hold: a follower who is switched off still gets out."""
    why: tuple[str, str] = ("", "")
    """Code and sentence of the rule that had it sent; they stand wherever nothing newer does."""

    @property
    def state(self) -> State:
        """What the operator sees."""
        if self.intent_state in GIVEN_UP or self.attempt_state is None:
            return self.intent_state
        return self.attempt_state

    @property
    def may_attempt(self) -> bool:
        """True if a (further) attempt would be the only live one."""
        return self.intent_state is _PLANNED and self.attempt_state in _MAY_FOLLOW

    def stale_at(self, mono_ns: int) -> bool:
        """True if it would be too old to leave at monotonic ``mono_ns`` (docs/safety.md 1.8)."""
        return mono_ns - self.called_ns > self.intent.signal_age_ms * 1_000_000

    @property
    def too_old(self) -> tuple[str, str]:
        """Code and sentence for an order that grew stale before it left."""
        if self.code == AWAITS_PRICE:
            return NO_BETTER_PRICE, (
                "The market did not come back inside the link's price guard in the "
                f"{self.intent.signal_age_ms / 1000:g} s that it waits. Given up; nothing of it "
                "left."
            )
        return (
            "too_old",
            f"It waited longer than the {self.intent.signal_age_ms / 1000:g} s it may; not sent.",
        )

    @property
    def ordered(self) -> int:
        """Units the broker's order is for: what we sent, unless it was changed at the broker."""
        if self.diverged is not None:
            return self.diverged.quantity
        sent = self.sent_terms.quantity
        shown = self.shown_quantity or sent
        if self.attempt_state is State.MODIFY_PENDING:
            return max(shown, self.terms.quantity)
        return shown if self.asked else sent

    @property
    def terms(self) -> OrderTerms:
        """What it is, or is to become by the newest change that we asked for."""
        return self.asked[-1] if self.asked else self.sent_terms

    @property
    def sent_terms(self) -> OrderTerms:
        """What leaves, or left: what was planned, or what of it there was to reduce."""
        return self.intent.terms if self.cut is None else self.cut

    @property
    def sized_terms(self) -> OrderTerms:
        """What it is for his whole order: what leaves, or was planned where his became smaller."""
        return self.intent.terms if self.shrunk else self.sent_terms

    def sent_on_day_of(self, wall_ns: int) -> bool:
        """True if the attempt was marked on the Indian day of ``wall_ns``.

        The broker's books show one day; what was sent on another is in none of them.
        """
        attempt = self.attempt
        return attempt is not None and indian_day(attempt.marked_ns) == indian_day(wall_ns)

    def remember(self, view: OrderView) -> None:
        """Take up what a stored view says about its reason."""
        self.code, self.reason = view.code, view.reason
        self.why = (view.code, view.reason) if view.code in SENT_BY else ("", "")

    def take_up(self, view: OrderView, plan: Plan) -> None:
        """Stand as the journal remembers it, but for its reason and what it filled."""
        self.average_price, self.timing = view.average_price, view.timing
        self.changed_ns, self.cancel_requested = view.changed_ns, view.cancel_requested
        self.diverged, self.broker_order_id = view.diverged, view.broker_order_id
        if view.attempt_id is not None and view.tag is not None:
            self.attempt = Attempt(
                view.attempt_id,
                view.intent_id,
                view.account_id,
                view.attempt_number,
                view.tag,
                # No earlier mark is possible; the last change may be minutes later, and the
                # look-alike review must not miss a row that was placed in between.
                plan.made_ns,
                0,
            )
            # Tries of before the restart count, and if there is another, it is one more.
            self.resends = view.attempt_number
            self.requeued = int(view.state is State.REFUSED or view.attempt_number > 1)
        if view.state in GIVEN_UP or view.state is _PLANNED:
            self.intent_state = view.state
            if self.attempt is not None:
                # Not sent or refused; if the broker has it after all, it is a late find.
                self.attempt_state = State.REFUSED
        else:
            self.intent_state = _PLANNED
            self.attempt_state = view.state

    def view(self) -> OrderView:
        """Freeze the order as it stands."""
        attempt = self.attempt
        return OrderView(
            plan_id=self.intent.plan_id,
            intent_id=self.intent.intent_id,
            account_id=self.intent.account_id,
            role=self.intent.role,
            terms=self.terms,
            state=self.state,
            code=self.code,
            reason=self.reason,
            attempt_id=None if attempt is None else attempt.attempt_id,
            attempt_number=0 if attempt is None else attempt.number,
            tag=None if attempt is None else attempt.tag,
            broker_order_id=self.broker_order_id,
            filled_quantity=self.filled,
            average_price=self.average_price,
            timing=self.timing,
            changed_ns=self.changed_ns,
            cancel_requested=self.cancel_requested,
            diverged=self.diverged,
        )


def orders_of(plan: Plan, called_ns: int | None = None) -> list[Order]:
    """A plan's intents, of which nothing has left.

    ``called_ns`` is the operator's call, monotonic, where the plan's own is of another life.
    """
    called = plan.made_mono_ns if called_ns is None else called_ns
    closes = plan.closes
    return [_order_of(intent, plan, called, closes=closes) for intent in plan.intents]


def order_of(intent: Intent, plan: Plan) -> Order:
    """One intent of which nothing has left, that is none of its plan's as it was made."""
    return _order_of(intent, plan, plan.made_mono_ns, closes=plan.closes)


def _order_of(intent: Intent, plan: Plan, called: int, *, closes: bool) -> Order:
    return Order(
        intent,
        intent.terms.instrument.key,
        plan.signal.master_id,
        intent.role is Role.FOLLOWER,
        intent.state,
        intent.code,
        intent.reason,
        called,
        called,
        called,
        plan.made_ns,
        awaits_price=intent.code == AWAITS_PRICE,
        closes=closes,
        why=(intent.code, intent.reason) if intent.code in SENT_BY else ("", ""),
    )
