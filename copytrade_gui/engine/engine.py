"""The façade: start, stop, submit, cancel, stops. What happens inside is elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial

from copytrade_gui.domain.account import Account, SessionState
from copytrade_gui.domain.basis import SIMULATED, UNDECLARED
from copytrade_gui.domain.charges import ChargeTable
from copytrade_gui.domain.events import BasisChanged, LinkChanged, RecoveryReport, RouteChanged
from copytrade_gui.domain.ids import AccountId, CommandId, IntentId, PlanId
from copytrade_gui.domain.link import Link
from copytrade_gui.domain.money import Paise
from copytrade_gui.domain.order import FanOut, OrderTerms
from copytrade_gui.domain.recipients import Recipients
from copytrade_gui.domain.records import OPERATOR
from copytrade_gui.domain.rights import Rights
from copytrade_gui.domain.route import DIRECT
from copytrade_gui.domain.sizing import Sized
from copytrade_gui.domain.trading_state import StateChange, TradingState
from copytrade_gui.engine.assembly import assemble
from copytrade_gui.engine.orders.absorbed import Absorbed
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.engine.planning.changing import Changed, changed
from copytrade_gui.engine.planning.denied import DeniedError
from copytrade_gui.engine.planning.questions import Despite
from copytrade_gui.engine.sending.submission import Placed
from copytrade_gui.ports import (
    BrokerSession,
    Journal,
    JournalFailureError,
    KillFlag,
    LostRecords,
    QuoteSource,
)


class Engine:
    """Owns the orders. Every method runs on the engine's loop; ``brake`` alone may be called
    from any thread.
    """

    def __init__(
        self,
        core: Core,
        *,
        journal: Journal,
        kill_flag: KillFlag,
        installation_key: bytes,
        lost: LostRecords | None = None,
    ) -> None:
        """``core`` is a new one (``make_core``)."""
        self.core = core
        self._journal = journal
        self.parts = parts = assemble(
            core,
            journal=journal,
            kill_flag=kill_flag,
            installation_key=installation_key,
            lost=lost or LostRecords(),
        )
        self.settings, self.bus = core.settings, core.bus
        self.book, self.lanes = core.book, core.lanes
        self.gate, self.hours = core.gate, core.hours
        self.quotes: QuoteSource = core.quotes
        self.exits, self.clearing = parts.exits, parts.clearing
        self.submission, self.sweep = parts.submission, parts.sweep
        self.some_stops = parts.some_stops
        self.catching_up = parts.catching_up
        self.offline, self.comparison = parts.poller.offline, parts.comparison
        self.master_signals = parts.master_signals
        self.decisions, self.ended = parts.decisions, parts.ended
        self.copies, self.positions = parts.copies, parts.positions
        self.holdings, self.margins = parts.holdings, parts.margins
        self.charges = parts.charges
        self.owner_orders, self.drift = parts.owner_orders, parts.drift.facts
        self.resting = parts.resting
        self.square_offs, self.exit_watch = parts.square_offs, parts.exit_watch
        self.refresh_warmth = core.account_news.refresh_warmth

    # ------------------------------------------------------------ life

    async def start(self, accounts: Iterable[Account], links: Iterable[Link]) -> None:
        """Restore the day from the journal; nothing leaves until recovery allows it."""
        for account in accounts:
            self.lanes.put(account)
        for link in links:
            self.lanes.put_link(link)
        work = await self._journal.load(self.hours.now.date())
        self.core.halts.restore(work.halts)
        self.submission.restore(work)
        self.parts.fill_signals.restore(work)
        self.master_signals.restore(work.follows, work.ignored_orders)
        self.master_signals.unfollowed.restore(work.seen)
        self.clearing.limits.restore(work.limits)
        self.clearing.checks.habits.restore(work.ordered)
        self.parts.recovery.restore(work, lost_today=self.parts.takeover.due)
        self.copies.restore(work)
        self.square_offs.restore(work)
        self.parts.drift.restore(work)
        self.parts.loss_watch.begin(work)
        self.sweep.begin_alone()
        self.resting.restore()
        self.parts.hand_overs.restore()
        self.exit_watch.begin()

    async def stop(self) -> None:
        """Send nothing more, end background work, store what is queued. Orders stay as they are."""
        self.gate.brake(TradingState.HALT)
        self.parts.dispatcher.close()
        self.parts.poller.close()
        self.positions.close()
        self.holdings.close()
        await self.core.work.stop()
        self.parts.recovery.close()
        await self._journal.flush()

    # ------------------------------------------------------------ accounts

    def put_account(self, account: Account, actor: str = OPERATOR) -> None:
        """Add or change an account; running plans keep their frozen values, a halt stays.

        What is declared of it and its route are told; what a simulated account is by itself nobody
        declared.
        """
        known = self.lanes.get(account.account_id)
        was_master = known is not None and known.account.master
        before = UNDECLARED if known is None else known.account.declared
        route = DIRECT if known is None else known.account.route
        by_itself = known is None and account.declared == SIMULATED
        self.core.halts.apply(self.lanes.put(account))
        if before != account.declared and not by_itself:
            self.bus.publish(BasisChanged(account.account_id, before, account.declared, actor))
        if route != account.route:
            self.bus.publish(RouteChanged(account.account_id, route, account.route, actor))
        if account.master and not was_master:
            self.exits.masters.look(account.account_id, 0.0)

    def account(self, account_id: AccountId) -> Account | None:
        """An account as a person last changed it; None: there is none."""
        lane = self.lanes.get(account_id)
        return None if lane is None else lane.account

    def drop_account(self, account_id: AccountId) -> None:
        """Forget an account: what waits for it is skipped, and nothing is read or heard of it."""
        lane = self.lanes.drop(account_id)
        if lane is not None:
            lane.put_session(None)
            self.parts.updates.detach(lane)
            for order in lane.queue:
                self.parts.dispatcher.skip(order, "removed", "The account was removed.")

    def put_link(self, link: Link, actor: str) -> None:
        """Add or change a link: plans that run keep what they took of it.

        But what has not left stays if the link is paused or frozen now, changes too.
        """
        before = self.lanes.put_link(link)
        self.core.halts.apply(self.lanes[link.follower_id])
        self.parts.loss_watch.concerns(link.follower_id)
        self.exit_watch.concerns(link.follower_id)
        self.parts.drift.concerns(link)
        if before != link:
            self.bus.publish(LinkChanged(before, link, actor))
            if link.state.stops:
                self.parts.following.link_stopped(link)
            self.parts.dispatcher.kick()

    def drop_link(self, master: AccountId, follower: AccountId, actor: str) -> None:
        """Forget a link; what has not left by it does not leave any more."""
        before = self.lanes.drop_link(master, follower)
        if before is not None:
            self.core.halts.apply(self.lanes[follower])
            self.parts.loss_watch.concerns(follower)
            self.exit_watch.concerns(follower)
            self.bus.publish(LinkChanged(before, None, actor))
            self.parts.following.unlinked(before)
            self.parts.dispatcher.kick()

    def is_copied(self, master: AccountId) -> bool:
        """True while a copy of this master's orders is in doubt, working, or waiting to leave."""
        return any(
            one.master_id == master and one.intent.account_id != master and not one.state.ended
            for one in self.book.recent
        )

    def has_open_orders(self, account_id: AccountId) -> bool:
        """True while an order of the account is in doubt, working, or waiting to leave."""
        return any(not order.state.ended for order in self.book.recent_of(account_id))

    def attach(self, account_id: AccountId, session: BrokerSession) -> None:
        """An account is logged in; its books are read before anything else is believed."""
        lane = self.lanes[account_id]
        lane.put_session(session)
        session.orders.obey(partial(self.parts.holds.why_held, session.orders))
        self.offline.attach(lane, session)
        self.parts.updates.attach(lane, session)
        self.exits.masters.look(account_id, 0.0)
        self.positions.logged_in(lane)
        self.holdings.logged_in(lane)
        self.core.account_news.session(lane, SessionState.READY)
        if not self.parts.recovery.compare_if_due(lane):
            self.parts.poller.look(account_id, 0.0)
        self.parts.dispatcher.kick()

    def detach(self, account_id: AccountId, state: SessionState, reason: str = "") -> None:
        """An account's session ended."""
        if (lane := self.lanes.get(account_id)) is not None:
            lane.put_session(None)
            self.parts.updates.detach(lane)
            self.core.account_news.session(lane, state, reason)

    def note_margin(self, account_id: AccountId, free: Paise, funds: Paise | None = None) -> None:
        """Free margin in paise as the broker just told; sizing by capital uses it.

        ``funds`` are before margins in use: a floor of the equity goes by them.
        """
        if (lane := self.lanes.get(account_id)) is not None:
            self.core.account_news.margin(lane, free, funds, self.core.clock.wall_ns())
            self.margins.funds_read(account_id)
            self.parts.loss_watch.concerns(account_id)

    def note_rights(self, account_id: AccountId, rights: Rights) -> None:
        """What the account may trade, as its profile just told."""
        if (lane := self.lanes.get(account_id)) is not None:
            self.core.account_news.rights(lane, rights)

    def put_charges(self, table: ChargeTable) -> None:
        """Rates of charges, by which losses are judged after charges."""
        self.parts.loss_watch.charges_set(table)

    # ------------------------------------------------------------ orders

    async def submit(
        self,
        master_id: AccountId,
        terms: OrderTerms,
        fan_out: FanOut,
        command: CommandId,
        confirmed: int | None = None,
        recipients: Recipients | None = None,
        *,
        despite: Despite = None,
        actor: str = OPERATOR,
    ) -> Placed:
        """Plan a master order, commit it, and put what may leave on the wire.

        Raises:
            DeniedError: a check blocks, or holds until ``confirmed``, or warns of what is not in
                ``despite``; a failed commit.
        """
        return await self.submission.submit(
            command,
            partial(
                self.clearing.ticket,
                *(master_id, terms, fan_out, command, confirmed, recipients),
                despite=despite,
            ),
            actor=actor,
        )

    async def close(
        self,
        master_id: AccountId,
        terms: OrderTerms,
        quantities: Mapping[AccountId, int],
        command: CommandId,
        confirmed: int | None = None,
    ) -> Placed:
        """Close what copies hold, each account's units at most; see ``Clearing.closing``."""
        sizes = {account: Sized(units) for account, units in quantities.items()}
        return await self.submission.submit(
            command,
            lambda: self.clearing.closing(master_id, terms, sizes, command, confirmed),
            actor=OPERATOR,
        )

    async def modify(self, intent: IntentId, after: OrderTerms) -> int:
        """Change a live order, and its copies if it is the master's own; returns of how many.

        Raises DeniedError: nothing was asked for.
        """
        order = self.book.get(intent)
        if order is None or order.attempt is None or order.state.ended:
            raise DeniedError("not_live", "This order does not work at the broker any more.")
        if not self.gate.may_change:
            why = self.gate.why_not() or self.gate.why_only_exits() or "Trading is stopped."
            raise DeniedError("stopped", why)
        lane = self.lanes.get(order.intent.account_id)
        if lane is not None and (lane.frozen or lane.facts.code):
            raise DeniedError(*lane.why_not_own())
        only = None if lane is None else lane.only_exits
        more = after.quantity > order.terms.quantity
        if only is not None and (more or self.exits.why_opens(order)[0]):
            raise DeniedError(only.code, f"Only its exits are changed: {only.sentence}")
        if order.is_copy:
            own = changed([order], order.sent_terms, order.terms, after, lambda _: True)
            return await self.modify_all(own)
        orders = self.book.of_plan(order.intent.plan_id)
        try:
            return await self.parts.following.change(
                orders, Changed(order.sent_terms, order.terms, after, after)
            )
        except JournalFailureError as failure:
            self.storage_failed(str(failure))
            raise DeniedError("not_recorded", str(failure)) from failure

    async def modify_all(self, pairs: Sequence[tuple[Order, OrderTerms]]) -> int:
        """Change these live orders. Raises DeniedError: nothing was asked for."""
        try:
            return await self.parts.amendments.modify(pairs)
        except JournalFailureError as failure:
            self.storage_failed(str(failure))
            raise DeniedError("not_recorded", str(failure)) from failure

    def cancel(self, intents: Iterable[IntentId], reason: str) -> int:
        """Cancel orders as their states ask; returns how many requests leave."""
        orders = [order for intent in intents if (order := self.book.get(intent)) is not None]
        return self.parts.amendments.cancel(orders, reason=reason, anew=True)

    def cancel_plan(self, plan: PlanId, reason: str) -> int:
        """Cancel a whole plan: unsent skipped, live cancelled, unknown on find."""
        return self.parts.amendments.cancel(self.book.of_plan(plan), reason=reason, anew=True)

    async def read_books(self, account_id: AccountId) -> Absorbed:
        """Read one account's books now and act on what they show."""
        return await self.parts.poller.read(self.lanes[account_id])

    # ------------------------------------------------------------ stops

    def brake(self, state: TradingState) -> None:
        """Stop before the next byte, from any thread; ``stop_trading`` then does the rest."""
        self.gate.brake(state)

    def look_for_stops(self) -> None:
        """See whether a file asks for a stop, or a new day begins that nobody has armed."""
        self.gate.look()
        self.parts.stops.look_at_day()

    async def stop_trading(
        self, state: TradingState, actor: str, reason: str, *, all_orders: bool = False
    ) -> StateChange:
        """PAUSE, REDUCE, HALT or KILL; with ``all_orders`` one of what the owners placed too."""
        return await self.parts.stops.stop(state, actor, reason, all_orders=all_orders)

    async def resume(
        self, actor: str, reason: str, into: TradingState = TradingState.ACTIVE
    ) -> StateChange:
        """Back to ACTIVE by a person, or from a stricter stop to REDUCE.

        Raises JournalFailureError: the stop stays.
        """
        return await self.parts.stops.resume(actor, reason, into)

    def lift_account_halt(self, account_id: AccountId, saw: str, actor: str, reason: str) -> bool:
        """A person looked at what halted an account alone; False if more than he ``saw`` did.

        What waits for the account and is still fresh leaves now.
        """
        lifted = self.core.halts.lift(account_id, saw, actor, reason)
        self.parts.dispatcher.kick()
        return lifted

    def storage_failed(self, sentence: str) -> None:
        """The journal could not store something: HALT."""
        self.core.news.storage_failed(sentence)

    @property
    def recovery_reads(self) -> bool:
        """True while the books of accounts that are logged in are read after a start or a gap."""
        return self.parts.recovery.reads

    @property
    def recovery_report(self) -> RecoveryReport | None:
        """What the start found."""
        return self.parts.recovery.report
