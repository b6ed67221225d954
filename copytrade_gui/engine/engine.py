"""The façade: start, stop, submit, cancel, stops. What happens inside is elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from functools import partial

from copytrade_gui.domain.account import Account, SessionState
from copytrade_gui.domain.events import RecoveryReport
from copytrade_gui.domain.ids import AccountId, CommandId, IntentId, PlanId
from copytrade_gui.domain.money import Paise
from copytrade_gui.domain.order import FanOut, OrderTerms
from copytrade_gui.domain.trading_state import StateChange, TradingState
from copytrade_gui.engine.books.comparison import Comparison
from copytrade_gui.engine.books.decisions import Decisions
from copytrade_gui.engine.books.divergence import Divergences
from copytrade_gui.engine.books.poller import Poller
from copytrade_gui.engine.books.reconciler import Absorbed, Reconciler
from copytrade_gui.engine.books.resolver import Resolver
from copytrade_gui.engine.orders import faultpoints
from copytrade_gui.engine.orders.account_news import AccountNews
from copytrade_gui.engine.orders.book import Book
from copytrade_gui.engine.orders.bus import Bus
from copytrade_gui.engine.orders.gate import Gate
from copytrade_gui.engine.orders.halts import Halts
from copytrade_gui.engine.orders.hold import Holds
from copytrade_gui.engine.orders.hours import Hours
from copytrade_gui.engine.orders.lane import Lanes
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.engine.orders.progress import Progress
from copytrade_gui.engine.orders.settings import EngineSettings
from copytrade_gui.engine.orders.work import Work
from copytrade_gui.engine.planning.exits import Exits
from copytrade_gui.engine.recovery.ended import Ended
from copytrade_gui.engine.recovery.recovery import Recovery
from copytrade_gui.engine.recovery.sleep import Sleep
from copytrade_gui.engine.recovery.takeover import TakeOver
from copytrade_gui.engine.sending.breaker import Breaker
from copytrade_gui.engine.sending.dispatcher import Dispatcher
from copytrade_gui.engine.sending.fan_out import FanOutRule
from copytrade_gui.engine.sending.replies import Replies
from copytrade_gui.engine.sending.submission import Placed, Submission
from copytrade_gui.engine.sending.wave import Waves
from copytrade_gui.engine.stops.auto_stops import AutoStops
from copytrade_gui.engine.stops.stops import Stops
from copytrade_gui.engine.stops.sweep import Sweep
from copytrade_gui.engine.stops.unmatched import UnmatchedAlarm
from copytrade_gui.ports import (
    BrokerSession,
    Chance,
    Clock,
    FaultPoint,
    Journal,
    KillFlag,
    LostRecords,
)


class Engine:
    """Owns the orders. Every method runs on the engine's loop; ``brake`` alone may be called
    from any thread.
    """

    def __init__(
        self,
        *,
        journal: Journal,
        clock: Clock,
        chance: Chance,
        kill_flag: KillFlag,
        installation_key: bytes,
        settings: EngineSettings | None = None,
        fault: FaultPoint = faultpoints.pass_by,
        undisturbed: Callable[[], AbstractContextManager[None]] = nullcontext,
        lost: LostRecords | None = None,
    ) -> None:
        """``undisturbed`` is held open while a plan is made and its wave leaves."""
        self.settings = settings = settings or EngineSettings()
        self._journal = journal
        self.bus = Bus()
        self.book = Book(self.bus, clock)
        self.lanes = Lanes(settings)
        self.gate, self.hours = Gate(clock, kill_flag), Hours(clock, settings)
        self._holds = Holds(self.book, self.lanes, self.gate, self.hours, clock)
        self._work = Work(clock, chance, self._bug)
        self.exits = Exits(self.book, self.lanes, clock, self._work, settings)
        self._breaker, self._account_news = (
            Breaker(settings),
            AccountNews(self.lanes, self.bus, self._work),
        )
        self.refresh_warmth = self._account_news.refresh_warmth
        self._halts = Halts(self.lanes, self._account_news, self.bus, clock)
        self._auto_stops = AutoStops(self.gate, self.book, self._work, self.stop_trading)
        self._progress = Progress(self.book, self.bus, clock, self._auto_stops.overshoot)
        waves = Waves(
            book=self.book,
            lanes=self.lanes,
            gate=self.gate,
            progress=self._progress,
            clock=clock,
            settings=settings,
            installation_key=installation_key,
            fault=fault,
        )
        self._dispatcher = Dispatcher(
            book=self.book,
            lanes=self.lanes,
            gate=self.gate,
            progress=self._progress,
            waves=waves,
            exits=self.exits,
            journal=journal,
            clock=clock,
            work=self._work,
            settings=settings,
            hours=self.hours,
            fault=fault,
            undisturbed=undisturbed,
            on_storage_failure=self.storage_failed,
        )
        self.sweep = Sweep(
            gate=self.gate,
            book=self.book,
            lanes=self.lanes,
            dispatcher=self._dispatcher,
            clock=clock,
            work=self._work,
            settings=settings,
            fault=fault,
            on_live=self._live,
        )
        self._fan_out = FanOutRule(
            book=self.book,
            dispatcher=self._dispatcher,
            clock=clock,
            work=self._work,
            fault=fault,
            cancel_rest=lambda orders, reason: self.sweep.changes.cancel(orders, reason=reason),
            waves=waves,
        )
        self._dispatcher.on_never_left = self._fan_out.never_left
        self._replies = Replies(
            book=self.book,
            lanes=self.lanes,
            progress=self._progress,
            account_news=self._account_news,
            halts=self._halts,
            breaker=self._breaker,
            clock=clock,
            settings=settings,
            fault=fault,
            on_doubt=self._live,
            on_live=self._live,
            on_not_sent=self._dispatcher.not_sent_again,
            on_breaker=self._auto_stops.breaker,
            on_queue=self._dispatcher.kick,
        )
        waves.on_reply = self._replies.take
        self._takeover = TakeOver(
            lost or LostRecords(), self.book, self.bus, journal, clock, self._work
        )
        self._reconciler = Reconciler(
            self.book,
            self._halts,
            Divergences(clock, self.hours),
            on_live=self._live,
            on_settled=self._settled,
            on_rejected=self._replies.count_alike,
            on_unknown=self._takeover.found,
        )
        self._resolver = Resolver(
            book=self.book,
            bus=self.bus,
            clock=clock,
            settings=settings,
            fault=fault,
            on_settled=self._settled,
            on_requeue=lambda order: self._dispatcher.enqueue([order]),
            shown=self._reconciler.shown,
        )
        self.decisions = Decisions(self.book, self._resolver)
        self._stops = Stops(
            gate=self.gate,
            book=self.book,
            bus=self.bus,
            breaker=self._breaker,
            sweep=self.sweep.begin,
            dispatcher=self._dispatcher,
            journal=journal,
            kill_flag=kill_flag,
            clock=clock,
            fault=fault,
            on_active=self._resumed,
        )
        self._recovery = Recovery(
            book=self.book,
            bus=self.bus,
            gate=self.gate,
            lanes=self.lanes,
            stops=self._stops,
            fan_out=self._fan_out,
            dispatcher=self._dispatcher,
            resolver=self._resolver,
            clock=clock,
            work=self._work,
            settings=settings,
            hours=self.hours,
            fault=fault,
            on_doubt=self._live,
            on_live=self._live,
        )
        self._poller = Poller(
            book=self.book,
            lanes=self.lanes,
            reconciler=self._reconciler,
            resolver=self._resolver,
            account_news=self._account_news,
            clock=clock,
            work=self._work,
            settings=settings,
            fault=fault,
            awaited_master=self._fan_out.awaited_master,
            put_off=self.sweep.changes.being_answered,
            after_read=(self._recovery.after_read, self.sweep.after_read, self.exits.after_read),
            notice_time=self.gate.notice_time,
            network_back=self._recovery.network_back,
            on_ready=self._dispatcher.kick,
        )
        self._takeover.tells(
            self._auto_stops, self._recovery, self._poller, on_storage_failure=self.storage_failed
        )
        self.sweep.reads_by(self._poller, self._reconciler)
        self.offline, self.exits.look = self._poller.offline, self._poller.look
        self._replies.on_silence = self.offline.unanswered
        self.comparison = self._recovery.comparison = Comparison(
            book=self.book, poller=self._poller, clock=clock, work=self._work, settings=settings
        )
        self.submission = Submission(
            book=self.book,
            bus=self.bus,
            lanes=self.lanes,
            gate=self.gate,
            progress=self._progress,
            waves=waves,
            dispatcher=self._dispatcher,
            fan_out=self._fan_out,
            exits=self.exits,
            journal=journal,
            clock=clock,
            settings=settings,
            hours=self.hours,
            work=self._work,
            fault=fault,
            undisturbed=undisturbed,
            on_storage_failure=self.storage_failed,
        )
        self.gate.on_kill_file = self._auto_stops.kill_file
        sleep = Sleep(self.book, self.lanes, self._recovery, self._poller, self._work)
        self.gate.on_sleep = sleep.slept
        self.ended = Ended(self.book, self.lanes, self._reconciler, self.submission, clock)
        self.bus.subscribe(journal.append)
        self.bus.subscribe(self._fan_out.hear)
        self.bus.subscribe(UnmatchedAlarm(self.book, self.lanes, self._work).hear)

    # ------------------------------------------------------------ life

    async def start(self, accounts: Iterable[Account]) -> None:
        """Restore the day from the journal; nothing leaves until recovery allows it."""
        for account in accounts:
            self.lanes.put(account)
        work = await self._journal.load(self.hours.now.date())
        self._halts.restore(work.halts)
        self.submission.restore(work)
        self._recovery.restore(work, lost_today=self._takeover.due)

    async def stop(self) -> None:
        """Send nothing more, end background work, store what is queued. Orders stay as they are."""
        self.gate.brake(TradingState.HALT)
        self._dispatcher.close()
        self._poller.close()
        await self._work.stop()
        self._recovery.close()
        await self._journal.flush()

    # ------------------------------------------------------------ accounts

    def put_account(self, account: Account) -> None:
        """Add or change an account; running plans keep their frozen values, a halt stays."""
        self._halts.apply(self.lanes.put(account))

    def drop_account(self, account_id: AccountId) -> None:
        """Forget an account; what waits for it is skipped."""
        lane = self.lanes.drop(account_id)
        if lane is not None:
            for order in lane.queue:
                self._dispatcher.skip(order, "removed", "The account was removed.")

    def has_open_orders(self, account_id: AccountId) -> bool:
        """True while an order of the account is in doubt, working, or waiting to leave."""
        return any(not order.state.ended for order in self.book.of_account(account_id))

    def attach(self, account_id: AccountId, session: BrokerSession) -> None:
        """An account is logged in; its books are read before anything else is believed."""
        lane = self.lanes[account_id]
        lane.session = session
        session.orders.obey(partial(self._holds.why_held, session.orders))
        self.offline.attach(lane, session)
        self.exits.masters.look(account_id, 0.0)
        self._account_news.session(lane, SessionState.READY)
        if not self._recovery.compare_if_due(lane):
            self._poller.look(account_id, 0.0)
        self._dispatcher.kick()

    def detach(self, account_id: AccountId, state: SessionState, reason: str = "") -> None:
        """An account's session ended."""
        if (lane := self.lanes.get(account_id)) is not None:
            lane.session = None
            self._account_news.session(lane, state, reason)

    def note_margin(self, account_id: AccountId, free: Paise) -> None:
        """Free margin in paise as the broker just told; sizing by capital uses it."""
        if (lane := self.lanes.get(account_id)) is not None:
            self._account_news.margin(lane, free)

    # ------------------------------------------------------------ orders

    async def submit(
        self, master_id: AccountId, terms: OrderTerms, fan_out: FanOut, command: CommandId
    ) -> Placed:
        """Plan a master order, commit it, and put what may leave on the wire.

        Raises:
            DeniedError: a stop, a missing session, a missing price, or a failed commit.
        """
        return await self.submission.submit(master_id, terms, fan_out, command)

    def cancel(self, intents: Iterable[IntentId], reason: str) -> int:
        """Cancel orders as their states ask; returns how many requests leave."""
        orders = [order for intent in intents if (order := self.book.get(intent)) is not None]
        return self.sweep.changes.cancel(orders, reason=reason, anew=True)

    def cancel_plan(self, plan: PlanId, reason: str) -> int:
        """Cancel a whole plan: unsent skipped, live cancelled, unknown on find."""
        return self.sweep.changes.cancel(self.book.of_plan(plan), reason=reason, anew=True)

    async def read_books(self, account_id: AccountId) -> Absorbed:
        """Read one account's books now and act on what they show."""
        return await self._poller.read(self.lanes[account_id])

    # ------------------------------------------------------------ stops

    def brake(self, state: TradingState) -> None:
        """Stop before the next byte, from any thread; ``stop_trading`` then does the rest."""
        self.gate.brake(state)

    async def stop_trading(self, state: TradingState, actor: str, reason: str) -> StateChange:
        """PAUSE, HALT or KILL."""
        return await self._stops.stop(state, actor, reason)

    async def resume(self, actor: str, reason: str) -> StateChange:
        """Back to ACTIVE by a person. Raises JournalFailureError: the stop stays."""
        return await self._stops.resume(actor, reason)

    def lift_account_halt(self, account_id: AccountId, saw: str, actor: str, reason: str) -> bool:
        """A person looked at what halted an account alone; False if more than he ``saw`` did.

        What waits for the account and is still fresh leaves now.
        """
        lifted = self._halts.lift(account_id, saw, actor, reason)
        self._dispatcher.kick()
        return lifted

    def storage_failed(self, sentence: str) -> None:
        """The journal could not store something: HALT."""
        self._stops.storage_failed(sentence)
        # It holds already; stored too, if only in the emergency journal, it survives a restart.
        self._auto_stops.storage(sentence)

    @property
    def recovery_report(self) -> RecoveryReport | None:
        """What the start found."""
        return self._recovery.report

    # ------------------------------------------------------------ inside

    def _live(self, order: Order) -> None:
        """An order is at the broker or in doubt: have its account read when its state wants it."""
        self._poller.soon(order)
        self.sweep.live(order)
        self._dispatcher.more_is_known()

    def _settled(self, order: Order) -> None:
        self._progress.settled(order)
        self._poller.soon(order)
        self._dispatcher.kick()

    def _resumed(self) -> None:
        self._recovery.resumed()
        self._dispatcher.kick()

    def _bug(self, sentence: str) -> None:
        self.book.alarm("bug", f"Part of the engine failed and was logged: {sentence}")
