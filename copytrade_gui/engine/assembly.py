"""Who is made with whom, and who hears what: read from the top it is the diagram of the engine."""

from __future__ import annotations

from dataclasses import dataclass

from copytrade_gui.domain.events import (
    FillSeen,
    MasterSeen,
    OrderChanged,
    PlanMade,
    TradingStateChanged,
)
from copytrade_gui.engine.books.account_positions import AccountPositions
from copytrade_gui.engine.books.comparison import Comparison
from copytrade_gui.engine.books.copies import Copies
from copytrade_gui.engine.books.decisions import Decisions
from copytrade_gui.engine.books.divergence import Divergences
from copytrade_gui.engine.books.holdings import Holdings
from copytrade_gui.engine.books.margins import NeededMargins
from copytrade_gui.engine.books.master_positions import MasterPositions
from copytrade_gui.engine.books.owner_orders import OwnerOrders
from copytrade_gui.engine.books.poller import Poller
from copytrade_gui.engine.books.reconciler import Reconciler
from copytrade_gui.engine.books.resolver import Resolver
from copytrade_gui.engine.books.updates import Updates
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.planning.clearing import Clearing
from copytrade_gui.engine.planning.closable import Closable
from copytrade_gui.engine.planning.day_charges import DayCharges
from copytrade_gui.engine.planning.day_profits import DayProfits
from copytrade_gui.engine.planning.exits import Exits
from copytrade_gui.engine.planning.fill_clearing import FillClearing
from copytrade_gui.engine.planning.limits import LimitsInForce
from copytrade_gui.engine.planning.owned import Owned
from copytrade_gui.engine.recovery.ended import Ended
from copytrade_gui.engine.recovery.recovery import Recovery
from copytrade_gui.engine.recovery.sleep import Sleep
from copytrade_gui.engine.recovery.takeover import TakeOver
from copytrade_gui.engine.sending.amendments import Amendments
from copytrade_gui.engine.sending.breaker import Breaker
from copytrade_gui.engine.sending.dispatcher import Dispatcher
from copytrade_gui.engine.sending.fan_out import FanOutRule
from copytrade_gui.engine.sending.following import Following
from copytrade_gui.engine.sending.hold import Holds
from copytrade_gui.engine.sending.kept_back import KeptBack
from copytrade_gui.engine.sending.price_waits import PriceWaits
from copytrade_gui.engine.sending.replies import Replies
from copytrade_gui.engine.sending.resting import RestingCopies
from copytrade_gui.engine.sending.submission import Submission
from copytrade_gui.engine.sending.wave import Waves
from copytrade_gui.engine.signals.catching_up import CatchingUp
from copytrade_gui.engine.signals.drift_facts import DriftFacts
from copytrade_gui.engine.signals.drift_reducer import DriftReducer
from copytrade_gui.engine.signals.fills import FillSignals
from copytrade_gui.engine.signals.master import MasterSignals
from copytrade_gui.engine.stops.auto_stops import AutoStops
from copytrade_gui.engine.stops.exit_watch import ExitWatch
from copytrade_gui.engine.stops.hand_over import HandOvers
from copytrade_gui.engine.stops.loss_acts import LossActs
from copytrade_gui.engine.stops.loss_watch import LossWatch
from copytrade_gui.engine.stops.some_stops import SomeStops
from copytrade_gui.engine.stops.square_off import SquareOffs
from copytrade_gui.engine.stops.square_off_reads import SquareOffReads
from copytrade_gui.engine.stops.stops import Stops
from copytrade_gui.engine.stops.sweep import Sweep
from copytrade_gui.engine.stops.unmatched import UnmatchedAlarm
from copytrade_gui.ports import Journal, KillFlag, LostRecords


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of an engine above its core."""

    holds: Holds
    reconciler: Reconciler
    resolver: Resolver
    poller: Poller
    updates: Updates
    comparison: Comparison
    copies: Copies
    positions: AccountPositions
    holdings: Holdings
    margins: NeededMargins
    owner_orders: OwnerOrders
    drift: DriftReducer
    decisions: Decisions
    exits: Exits
    clearing: Clearing
    catching_up: CatchingUp
    dispatcher: Dispatcher
    amendments: Amendments
    following: Following
    fan_out: FanOutRule
    resting: RestingCopies
    submission: Submission
    sweep: Sweep
    stops: Stops
    some_stops: SomeStops
    fill_signals: FillSignals
    master_signals: MasterSignals
    auto_stops: AutoStops
    charges: DayCharges
    loss_watch: LossWatch
    exit_watch: ExitWatch
    hand_overs: HandOvers
    square_offs: SquareOffs
    recovery: Recovery
    takeover: TakeOver
    ended: Ended


def assemble(
    core: Core,
    *,
    journal: Journal,
    kill_flag: KillFlag,
    installation_key: bytes,
    lost: LostRecords,
) -> Parts:
    """Make every part, wing by wing, each with those below it; then say who hears what."""
    # -- books
    reconciler = Reconciler(core, Divergences(core), lost)
    poller = Poller(core, reconciler, resolver := Resolver(core, reconciler.shown))
    updates, copies, holdings = Updates(core, reconciler, poller), Copies(core), Holdings(core)
    positions = AccountPositions(core, copies)
    owner_orders, comparison = OwnerOrders(core, positions), Comparison(core, poller, positions)
    # -- planning
    profits = DayProfits(
        core, copies, limits := LimitsInForce(core.settings.limits, core.lanes, core.news)
    )
    exits = Exits(core, masters := MasterPositions(core, positions), positions, poller, profits)
    clearing = Clearing(core, exits, limits, margins := NeededMargins(core, copies))
    # -- sending
    dispatcher = Dispatcher(core, waves := Waves(core, exits, installation_key), exits, journal)
    amendments = Amendments(core, dispatcher, reconciler.shown, journal)
    fan_out, resting, price_waits, unmatched = (
        FanOutRule(core, dispatcher, amendments, waves),
        RestingCopies(core, exits, amendments),
        PriceWaits(core, dispatcher, masters),
        UnmatchedAlarm(core),
    )
    replies = Replies(core, breaker := Breaker(core.settings), dispatcher)
    submission = Submission(
        core,
        waves=waves,
        dispatcher=dispatcher,
        fan_out=fan_out,
        clearing=clearing,
        exits=exits,
        journal=journal,
    )
    # -- stops
    auto_stops = AutoStops(
        core,
        stops := Stops(
            core,
            breaker,
            dispatcher,
            sweep := Sweep(core, amendments, poller, reconciler),
            journal,
            kill_flag,
        ),
        some_stops := SomeStops(core, sweep, journal),
    )
    square_offs = SquareOffs(
        core,
        clearing=clearing,
        submission=submission,
        amendments=amendments,
        reads=SquareOffReads(
            core,
            Closable(
                core,
                copies,
                exits.ledger,
                positions,
                Owned(core, copies, exits.ledger, positions, owner_orders, lost.instrument_of),
            ),
            poller,
            positions,
        ),
        journal=journal,
    )
    loss_watch = LossWatch(
        core,
        profits,
        loss_acts := LossActs(
            core, ledger=exits.ledger, amendments=amendments, square_offs=square_offs
        ),
    )
    exit_watch, hand_overs = (
        ExitWatch(core, copies=copies, ledger=exits.ledger, square_offs=square_offs),
        HandOvers(core, exits, kept_back := KeptBack(core, exits), amendments, square_offs),
    )
    # -- signals
    fill_signals = FillSignals(core, FillClearing(core, clearing), submission, masters)
    master_signals = MasterSignals(
        core,
        clearing=clearing,
        submission=submission,
        amendments=amendments,
        following=(following := Following(core, clearing, exits, amendments)),
        exits=exits,
        poller=poller,
        instrument_of=lost.instrument_of,
    )
    # -- recovery
    recovery = Recovery(core, stops, fan_out, dispatcher, resolver, comparison)
    takeover = TakeOver(core, lost, journal, auto_stops, recovery, poller)

    news = core.news
    news.reply.to(replies.take)
    news.live.to(
        poller.soon,
        updates.linked,
        sweep.live,
        loss_acts.live,
        following.live,
        resting.live,
        dispatcher.more_is_known,
    )
    news.settled.to(core.progress.settled, poller.soon, lambda _: dispatcher.kick())
    news.filled.to(
        exits.filled, copies.filled, positions.filled, holdings.filled,
        profits.charges.filled, loss_watch.filled,
        exit_watch.filled, resting.filled,
    )  # fmt: skip
    news.lead_filled.to(resting.lead_filled, fill_signals.look, hand_overs.lead_filled)
    news.lead_changed.to(following.lead_changed)
    news.lead_ended.to(price_waits.lead_ended, unmatched.lead_ended)
    news.copy_filled.to(unmatched.copy_filled)
    news.packed.to(profits.charges.packed)
    news.rejected.to(replies.count_alike)
    news.never_left.to(fan_out.never_left)
    news.requeue.to(lambda order: dispatcher.enqueue([order]))
    news.awaits_price.to(price_waits.begin)
    news.exit_planned.to(price_waits.exit_planned, resting.exit_planned)
    news.copies_leave.to(resting.copies_leave)
    news.overshoot.to(auto_stops.overshoot)
    news.silence.to(poller.offline.unanswered)
    news.unknown_cancelled.to(sweep.unknown_cancelled)
    news.unknown_rows.to(takeover.found)
    news.traded_elsewhere.to(lambda account: masters.look(account, 0.0))
    news.after_read.to(
        updates.after_read,
        recovery.after_read,
        sweep.after_read,
        exits.after_read,
        fill_signals.after_read,
        master_signals.after_read,
        owner_orders.after_read,
    )
    news.seen.to(master_signals.seen)
    news.copied_row.to(exits.of_masters.seen, resting.seen, fill_signals.seen, hand_overs.seen)
    news.ready.to(dispatcher.kick)
    news.positions_read.to(resting.positions_read, dispatcher.more_is_known)
    # A stop holds before anything is stored; stored too, if only in the emergency journal, it
    # survives a restart.
    news.storage_failed.to(stops.storage_failed, auto_stops.storage)
    news.breaker_opened.to(auto_stops.breaker)
    news.repeats.to(auto_stops.repeats)
    news.limits_set.to(loss_watch.limits_set)
    news.loss_of_all.to(auto_stops.loss_of_all)
    news.stop_asked.to(auto_stops.asked)
    news.slept.to(Sleep(core, recovery, poller).slept)
    news.network_back.to(recovery.network_back)
    news.resumed.to(recovery.resumed, dispatcher.kick)
    news.part_failed.to(
        lambda why: core.book.alarm("bug", f"Part of the engine failed and was logged: {why}")
    )
    for hears, *kinds in (
        (journal.append,),
        (fan_out.hear, OrderChanged),
        (master_signals.hear, PlanMade),
        (copies.hear, FillSeen),
        (loss_watch.hear, FillSeen),
        (exit_watch.hear, FillSeen),
        (price_waits.hear, TradingStateChanged),
        (unmatched.hear, MasterSeen),
        (resting.hear, MasterSeen),
        (kept_back.hear, PlanMade),
    ):
        core.bus.subscribe(hears, *kinds)
    core.quotes.hear(price_waits.on_quote, loss_watch.on_quote, exit_watch.on_quote)
    return Parts(
        holds=Holds(core, exits),
        reconciler=reconciler,
        resolver=resolver,
        poller=poller,
        updates=updates,
        comparison=comparison,
        copies=copies,
        positions=positions,
        holdings=holdings,
        margins=margins,
        owner_orders=owner_orders,
        drift=DriftReducer(
            core,
            DriftFacts(core, copies, positions, owner_orders, exits),
            master_signals,
            square_offs,
            poller,
        ),
        decisions=Decisions(core.book, resolver),
        exits=exits,
        clearing=clearing,
        catching_up=CatchingUp(core, clearing, exits, poller, master_signals),
        dispatcher=dispatcher,
        amendments=amendments,
        following=following,
        fan_out=fan_out,
        resting=resting,
        submission=submission,
        sweep=sweep,
        stops=stops,
        some_stops=some_stops,
        fill_signals=fill_signals,
        master_signals=master_signals,
        auto_stops=auto_stops,
        charges=profits.charges,
        loss_watch=loss_watch,
        exit_watch=exit_watch,
        hand_overs=hand_overs,
        square_offs=square_offs,
        recovery=recovery,
        takeover=takeover,
        ended=Ended(core, reconciler, submission),
    )
