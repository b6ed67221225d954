"""What a master does elsewhere: orders of his that no person placed here become copies, once.

They are seen in his order book, pushed or read. What was there when we first looked, or was placed
too long ago, is listed and never copied by itself. An order is copied when it is at the exchange;
what is cancelled or rejected afterwards takes its unfilled copies with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from msgspec import structs

from copytrade_gui.domain.events import Event, MasterSeen, PlanMade, Severity
from copytrade_gui.domain.ids import AccountId, BrokerOrderId, PlanId, is_our_tag, seen_command
from copytrade_gui.domain.records import ENGINE, OPERATOR, SignalKind
from copytrade_gui.domain.seen import Follow, Seen, SeenOrder
from copytrade_gui.engine.books.poller import Poller
from copytrade_gui.engine.orders.absorbed import Absorbed
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.orders.lane import Lane
from copytrade_gui.engine.planning.clearing import Clearing
from copytrade_gui.engine.planning.denied import DeniedError
from copytrade_gui.engine.planning.exits import Exits
from copytrade_gui.engine.planning.questions import Despite
from copytrade_gui.engine.sending.amendments import Amendments
from copytrade_gui.engine.sending.following import Following
from copytrade_gui.engine.sending.submission import Submission
from copytrade_gui.engine.signals.caught_up import why_over
from copytrade_gui.engine.signals.seen_row import (
    GONE,
    Elsewhere,
    in_order,
    in_position,
    is_older,
    kind_problem,
    newer,
    seen_order,
    terms_key,
    terms_of,
    there_before,
    why_late,
)
from copytrade_gui.engine.signals.unfollowed import Unfollowed, still_unfollowed, why_no_copy
from copytrade_gui.ports import BrokerOrder, InstrumentOf

_OLD = "It was there when its book was first read; it is not copied by itself."
_PRICE_WITHIN_S = 1.0
_BY_A_PERSON = "A person ignored it."
_BY_NOBODY = "Nobody copied this master when it was placed."
_SHOWN = "Orders that this master places elsewhere are only shown."
_ASK = "Copy it, or ignore it. Once you copied one, the next are copied by themselves."


class MasterSignals:
    """Sees, asks, copies and follows what masters place elsewhere."""

    def __init__(
        self,
        core: Core,
        *,
        clearing: Clearing,
        submission: Submission,
        amendments: Amendments,
        following: Following,
        exits: Exits,
        poller: Poller,
        instrument_of: InstrumentOf,
    ) -> None:
        self._book = core.book
        self._lanes = core.lanes
        self._bus = core.bus
        self._clock = core.clock
        self._work = core.work
        self._news = core.news
        self._settings = core.settings
        self._clearing = clearing
        self._submission = submission
        self._amendments = amendments
        self._quotes = core.quotes
        self._following = following
        self._exits = exits
        self._poller = poller
        self._instrument_of = instrument_of
        self.unfollowed = Unfollowed(core)
        self._orders: dict[AccountId, dict[BrokerOrderId, Elsewhere]] = {}
        self._complete_ns: dict[AccountId, int] = {}
        """When the newest complete read of a master's book began, monotonic."""
        self._before_ns: dict[AccountId, int] = {}
        """The same of the read before it, until the newest one's rows were told."""
        self._follow: dict[AccountId, Follow] = {}
        self._ignored: set[tuple[AccountId, BrokerOrderId]] = set()
        """Which of today's orders a person ignored before this start."""
        self._newest_ns = 0

    # ------------------------------------------------------------ what a person decides

    def orders(self) -> tuple[SeenOrder, ...]:
        """Every order that masters placed elsewhere today, newest first."""
        seen = [one.view for orders in self._orders.values() for one in orders.values()]
        return tuple(sorted(seen, key=lambda one: -one.seen_ns))

    def follow(self, master: AccountId) -> Follow:
        """What becomes of orders that this master places elsewhere."""
        return self._follow.get(master, Follow.ASK)

    def restore(
        self, follows: Mapping[AccountId, str], ignored: Iterable[tuple[AccountId, BrokerOrderId]]
    ) -> None:
        """What a person chose before this start, and which of today's he ignored.

        A word that is none asks.
        """
        self._ignored.update(ignored)
        known = {one.value for one in Follow}
        self._follow = {name: Follow(word) for name, word in follows.items() if word in known}

    def set_follow(self, master: AccountId, follow: Follow) -> None:
        """From now on; what was seen before stays as it is."""
        self._follow[master] = follow

    def ignore(self, master: AccountId, number: BrokerOrderId) -> bool:
        """A person says no; False if there is nothing to say no to."""
        order = self._orders.get(master, {}).get(number)
        if order is None or order.working or not order.view.became.open_to_ignore:
            return False
        self._become(order, Seen.IGNORED, _BY_A_PERSON)
        return True

    async def copy(
        self,
        master: AccountId,
        number: BrokerOrderId,
        confirmed: int | None = None,
        despite: Despite = None,
        actor: str = OPERATOR,
    ) -> PlanId:
        """A person has it copied now, however old it is.

        Raises DeniedError: it cannot be, or a check holds it until ``confirmed`` (units), or warns
        of what is not in ``despite``.
        """
        order = self._orders.get(master, {}).get(number)
        if order is None:
            raise DeniedError("not_seen", "This order is not known any more. Close and open again.")
        became = order.view.became
        if became in (Seen.CAUGHT_UP, Seen.NOT_COPIED):
            raise DeniedError(became.value, order.view.reason)
        if not became.open_to_copy or order.working:
            raise DeniedError("not_seen", f"This order is {became.value} already.")
        if why := kind_problem(order.row) or await self._lacks_instrument(order):
            raise DeniedError("not_copied", why)
        plan = await self._copy(order, actor, confirmed, despite)
        if plan is None:
            raise DeniedError("not_copied", order.view.reason)
        return plan

    def copying(self, master: AccountId) -> bool:
        """True while an order of his is being copied at this moment."""
        return any(order.working for order in self._orders.get(master, {}).values())

    def hear(self, event: Event) -> None:
        """Followers were caught up with his position: what is in it is not copied any more."""
        made = event.plan.signal if isinstance(event, PlanMade) else None
        seen = self._orders.get(made.master_id) if made else None
        if made and seen and made.kind is SignalKind.CATCH_UP:
            for order in seen.values():
                self._see_end(order)

    # ------------------------------------------------------------ what is seen

    def after_read(self, lane: Lane, absorbed: Absorbed) -> None:
        """A book was read: what a master's first complete one shows was there before us."""
        account = lane.account_id
        if not absorbed.complete or not lane.account.master:
            return
        if account not in self._complete_ns:
            self._orders[account] = {}
            self._exits.masters.look(account, 0.0)  # by a read that shows it, too, exits are told
            for row, untold in there_before(absorbed.strangers):
                order = self._first(lane, row, Seen.MISSED, _OLD)
                order.untold = untold
                self._copy_fills(order, 0)
                self._see_end(order)
                self._end_copies(order)
        # The rows of this read are told next: the read before it did not show what is new in them.
        self._before_ns[account] = self._complete_ns.get(account, 0)
        self._complete_ns[account] = absorbed.began_ns

    def seen(self, lane: Lane, rows: Sequence[BrokerOrder]) -> None:
        """Rows that are no orders of ours, read or pushed."""
        account = lane.account_id
        if account not in self._complete_ns or not lane.account.master:
            return  # whatever it is, the first complete read lists it
        known, is_read = self._orders[account], account in self._before_ns
        absent_ns = self._before_ns.pop(account, self._complete_ns[account])
        for row in sorted(rows, key=in_order):
            if is_our_tag(row.tag):
                continue
            order = known.get(row.broker_order_id)
            if order is None:
                order = self._first(lane, row, Seen.WAITS, "", absent_ns)
                self._traded(order, row.filled_quantity)
            elif order.row == row or is_older(row, order.row):
                continue
            elif not is_read and terms_key(row) in order.had:
                self._poller.look(account, 0.0)  # his old terms, or his newest: the book tells
                continue
            else:
                self._take(order, row)
            self._decide(order, absent_ns)

    def _first(
        self, lane: Lane, row: BrokerOrder, became: Seen, reason: str, absent_ns: int = 0
    ) -> Elsewhere:
        account = lane.account_id
        copied = self._submission.plan_of(seen_command(account, row.broker_order_id))
        plan = None if copied is None else copied.plan_id
        if copied is not None:
            became, reason = Seen.COPIED, why_no_copy(copied)
        elif (account, row.broker_order_id) in self._ignored:
            became, reason = Seen.IGNORED, _BY_A_PERSON
        view = seen_order(account, row, self._clock.wall_ns(), became, reason, plan)
        view = self.unfollowed.named(view)
        self._newest_ns = max(self._clock.mono_ns(), self._newest_ns + 1)
        order = Elsewhere(row, view, absent_ns, self._newest_ns)
        self._orders[account][row.broker_order_id] = order
        self._exits.orders.elsewhere(account, row)
        self._bus.publish(MasterSeen(view))
        self._work.start(self._name(order), f"look up {row.key}")
        return order

    def _traded(self, order: Elsewhere, units: int) -> None:
        """His position changed by so much: what it was before tells an exit from an entry."""
        row, account = order.row, order.view.account_id
        if units and row.product is not None:
            part, signed = (row.key, row.product), in_position(row, units)
            self._exits.masters.traded(account, part, signed, order.absent_ns, order.seen_ns)

    async def _name(self, order: Elsewhere) -> None:
        if not await self._lacks_instrument(order) and order.instrument is not None:
            order.view = structs.replace(order.view, symbol=order.instrument.symbol)
            self._bus.publish(MasterSeen(order.view))

    async def _lacks_instrument(self, order: Elsewhere) -> str:
        if order.instrument is None:
            order.instrument = await self._instrument_of(order.row.key)
        if order.instrument is None:
            return f"{order.row.key} is not in the contract files of today."
        return ""

    def _take(self, order: Elsewhere, row: BrokerOrder) -> None:
        """A newer row of it."""
        before, order.row = order.row, row
        self._traded(order, row.filled_quantity - before.filled_quantity)
        self._exits.orders.elsewhere(order.view.account_id, row)
        is_changed = terms_key(before) != terms_key(row)
        order.view = still_unfollowed(order.view, newer(order.view, before, row))
        self._bus.publish(MasterSeen(order.view))
        if is_changed:
            order.had = (order.had | {terms_key(before)}) - {terms_key(row)}
        if is_changed and order.view.became is Seen.COPIED:
            self._work.start(self._change_copies(order, before), f"change {row.broker_order_id}")

    async def _change_copies(self, order: Elsewhere, before: BrokerOrder) -> None:
        """The master changed his order: its copies follow."""
        was, now = terms_of(before, order.instrument), terms_of(order.row, order.instrument)
        if was is not None and now is not None and order.view.plan_id is not None:
            what = f"{order.view.in_words} of {self._who(order)}"
            paid = order.row.average_price if order.row.average_price > 0 else None
            await self._following.elsewhere(order.view.plan_id, what, (was, now), paid)

    # ------------------------------------------------------------ what becomes of it

    def _decide(self, order: Elsewhere, since_ns: int) -> None:
        self._see_end(order)
        state, became = order.row.state, order.view.became
        if became is Seen.COPIED:
            self._copy_fills(order, since_ns)
            self._end_copies(order)
        elif became is Seen.WAITS and state and (state.at_exchange or order.row.filled_quantity):
            self._at_exchange(order)

    def _see_end(self, order: Elsewhere) -> None:
        if (end := why_over(order.row, order.view, self._book.plans.values())) is not None:
            self._become(order, *end)

    def _at_exchange(self, order: Elsewhere) -> None:
        if why := kind_problem(order.row):
            self._become(order, Seen.NOT_COPIED, why)
            return
        late = why_late(order.row, self._age_ms(order), self._settings)
        if late := late if self._lanes.followers_of(order.view.account_id) else _BY_NOBODY:
            self._become(order, Seen.MISSED, late)
            return
        follow = self.follow(order.view.account_id)
        if follow is Follow.SHOW:
            self._become(order, Seen.IGNORED, _SHOWN)
        elif follow is Follow.ASK:
            self._become(order, Seen.ASKED, _ASK)
            self._book.alarm(
                "master_elsewhere",
                f"{self._who(order)} placed {order.view.in_words} at the broker. {_ASK}",
                account=order.view.account_id,
                severity=Severity.WARNING,
            )
        elif not order.working:
            self._work.start(self._copy_seen(order), f"copy {order.row.broker_order_id}")

    def _who(self, order: Elsewhere) -> str:
        return self._lanes[order.view.account_id].account.name

    def _age_ms(self, order: Elsewhere) -> int:
        """How long ago it was placed by the broker's stamp, or else was seen."""
        placed = order.row.placed_ns
        if placed is None:
            return (self._clock.mono_ns() - order.seen_ns) // 1_000_000
        return (self._clock.wall_ns() - placed) // 1_000_000

    async def _copy_seen(self, order: Elsewhere) -> None:
        if why := await self._lacks_instrument(order):
            self._become(order, Seen.NOT_COPIED, why)
            return
        try:
            await self._copy(order, ENGINE)
        except DeniedError as denied:
            self._deny(order, denied)

    async def _copy(
        self, order: Elsewhere, actor: str, confirmed: int | None = None, despite: Despite = None
    ) -> PlanId | None:
        account, row = order.view.account_id, order.row
        terms = terms_of(row, order.instrument)
        if terms is None or order.working:
            return None
        if row.state in GONE:
            terms = replace(terms, quantity=row.filled_quantity)  # the rest of it he took back
        order.working = True
        try:
            # By which side of the market a limit stands on goes who copies the opposite side.
            if any(one.link.sizing.reverse for one in self._lanes.followers_of(account)):
                await self._quotes.refresh_within([row.key], _PRICE_WITHIN_S)
            end = why_over(row, order.view, self._book.plans.values())
            if end is not None:  # nothing is awaited between this and its plan
                raise DeniedError(*end)
            placed = await self._submission.submit(
                seen_command(account, row.broker_order_id),
                lambda: self._clearing.seen(
                    account,
                    row.broker_order_id,
                    terms,
                    order.place,
                    row.average_price if row.average_price > 0 else None,
                    age_ms=self._age_ms(order),
                    confirmed=confirmed,
                    despite=despite,
                ),
                seen_ns=order.seen_ns,
                actor=actor,
            )
        finally:
            order.working = False
        plan = placed.plan.plan_id
        order.view = structs.replace(order.view, plan_id=plan)
        self._become(order, Seen.COPIED, why_no_copy(placed.plan))
        self._copy_fills(order, self._clock.mono_ns())
        if order.row.state in GONE and order.row is not row:
            self._end_copies(order)
        elif terms_key(order.row) != terms_key(row):  # he changed it while it was being copied
            self._work.start(self._change_copies(order, row), f"change {row.broker_order_id}")
        return plan

    def _deny(self, order: Elsewhere, denied: DeniedError) -> None:
        self._become(order, Seen.DENIED, denied.sentence)
        self._book.alarm(
            "master_not_copied",
            f"{order.view.in_words} of {self._who(order)} was placed at the broker and not "
            f"copied: {denied.sentence}",
            account=order.view.account_id,
            severity=Severity.WARNING,
        )

    def _end_copies(self, order: Elsewhere) -> None:
        """Its copies go if it ended short, but for those that copy what he had filled alone."""
        plan = None if (name := order.view.plan_id) is None else self._book.plan(name)
        if plan is not None and order.row.state in GONE:
            copies, filled = self._book.of_plan(plan.plan_id), order.row.filled_quantity
            if plan.signal.terms.quantity > filled or any(one.asked for one in copies):
                why = f"The master's order ended as {order.row.status_text}."
                self._amendments.cancel_copies(copies, why)

    def _copy_fills(self, order: Elsewhere, since_ns: int) -> None:
        """What a copied order has filled is for those who copy fills."""
        if (plan := order.view.plan_id) is not None:
            self._news.copied_row(plan, order.row, order.seen_ns, since_ns)

    def _become(self, order: Elsewhere, became: Seen, reason: str) -> None:
        order.view = structs.replace(order.view, became=became, reason=reason)
        self._bus.publish(MasterSeen(order.view))
