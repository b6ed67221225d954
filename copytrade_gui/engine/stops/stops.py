"""PAUSE, REDUCE, HALT, KILL and the way back (docs/safety.md 11).

A stop takes hold in memory first, is stored second, and acts (the sweep) third, so that it works
without the database and survives a crash.
"""

from __future__ import annotations

import logging
from dataclasses import replace

from copytrade_gui.domain.events import Severity, TradingStateChanged
from copytrade_gui.domain.records import ENGINE
from copytrade_gui.domain.trading_state import NOT_ARMED, STRICTNESS, StateChange, TradingState
from copytrade_gui.engine.orders import faultpoints
from copytrade_gui.engine.orders.core import Core
from copytrade_gui.engine.sending.breaker import Breaker
from copytrade_gui.engine.sending.dispatcher import Dispatcher
from copytrade_gui.engine.stops.sweep import Sweep
from copytrade_gui.ports import Journal, JournalFailureError, KillFlag

log = logging.getLogger(__name__)


class Stops:
    """Changes the trading state."""

    def __init__(
        self,
        core: Core,
        breaker: Breaker,
        dispatcher: Dispatcher,
        sweep: Sweep,
        journal: Journal,
        kill_flag: KillFlag,
    ) -> None:
        self._gate = core.gate
        self._book = core.book
        self._bus = core.bus
        self._breaker = breaker
        self._dispatcher = dispatcher
        self._journal = journal
        self._kill_flag = kill_flag
        self._clock = core.clock
        self._fault = core.fault
        self._sweep = sweep
        self._news = core.news
        self._stop_files = core.stop_files
        self._settings = core.settings
        self._work = core.work
        self._all_orders = False
        self.stored = TradingState.ACTIVE
        """What a start would find; while the books are checked, what holds then."""

    async def stop(
        self, state: TradingState, actor: str, reason: str, *, all_orders: bool = False
    ) -> StateChange:
        """Put a stop in force. Never fails: what cannot be stored is alarmed, and still stops.

        ``all_orders``: a KILL that takes what the owners placed themselves as well, until it ends.
        """
        started = self._clock.mono_ns()
        self._gate.brake(state)
        self._all_orders |= all_orders and state is TradingState.KILL
        wall_ns, of_all = self._clock.wall_ns(), self._all_orders and state is TradingState.KILL
        change = StateChange(self._gate.state, actor, reason, wall_ns, of_all)
        if state is TradingState.PAUSE and change.state is TradingState.REDUCE:
            # A pause lets what waits leave: what opens was kept by REDUCE, and stays here.
            self._dispatcher.drop_what_opens()
            change = replace(change, state=state)
        if change.state is not state:
            stricter = STRICTNESS[state] > STRICTNESS[self.stored]
            if change.state is TradingState.RECOVERING and stricter:
                await self._store(replace(change, state=state))  # the brake holds it until then
            return self._gate.change  # a stricter stop is in force already
        effect_ms = (self._clock.mono_ns() - started) / 1e6
        if state is TradingState.KILL:
            self._flag_kill(reason)
        await self._store(change)
        self._gate.put(change)
        self._bus.publish(TradingStateChanged(change, effect_ms))
        if state is TradingState.REDUCE:
            self._dispatcher.kick()  # what waits is asked at once whether it opens
        if state is TradingState.KILL:
            self._fault(faultpoints.AFTER_KILL_COMMIT)
            self._dispatcher.drop_queue("killed", f"Killed by {actor}: {reason}")
            self._sweep.all_orders = self._all_orders
            self._sweep.begin()
        return change

    async def _store(self, change: StateChange) -> None:
        self._write_down(change)
        try:
            await self._journal.commit_trading_state(change)
        except JournalFailureError as failure:
            self._book.alarm(
                "not_stored", f"{change.state} is in force but was not stored: {failure}"
            )

    def _write_down(self, change: StateChange) -> None:
        """Beside the database as well, for a start that finds no other word of it."""
        self.stored = change.state
        try:
            self._stop_files.put(change)
        except OSError as error:
            self._book.alarm(
                "state_file", f"{change.state} holds; its file could not be written: {error}"
            )

    def _flag_kill(self, reason: str) -> None:
        try:
            self._kill_flag.set(reason)
        except OSError as error:
            self._book.alarm("kill_flag", f"The kill flag could not be written: {error}")
        self._fault(faultpoints.AFTER_KILL_FLAG)

    async def resume(
        self, actor: str, reason: str, into: TradingState = TradingState.ACTIVE
    ) -> StateChange:
        """Back to ACTIVE, or to REDUCE: only what reduces leaves. Stored before it takes hold.

        Raises:
            JournalFailureError: it could not be stored; the stop stays.
        """
        change = StateChange(into, actor, reason, self._clock.wall_ns())
        pressed = self._gate.pressed  # what the person saw; a stop pressed from now on stays
        await self._journal.commit_trading_state(change)
        if not self._killed_meanwhile(pressed):
            self._kill_flag.clear()
        if self._gate.pressed is pressed:  # else the file holds the stop that was pressed since
            self._write_down(change)
        self._breaker.close()
        self._gate.put(change, releases=pressed)
        if not self._gate.killed():
            self._all_orders = self._sweep.all_orders = False
        self._bus.publish(TradingStateChanged(change, 0.0))
        self._news.resumed()
        return change

    def _killed_meanwhile(self, pressed: TradingState | None) -> bool:
        now = self._gate.pressed
        return now is TradingState.KILL and pressed is not TradingState.KILL

    def restore(self, change: StateChange) -> None:
        """Put a stored state in force as it was; a KILL goes on with its sweep."""
        self._gate.put(change)
        self._bus.publish(TradingStateChanged(change, 0.0))
        if change.state is TradingState.KILL:
            self._dispatcher.drop_queue("killed", "Killed before the restart.")
            self._all_orders = self._sweep.all_orders = change.all_orders
            self._sweep.begin()

    def look_at_day(self) -> None:
        """A new day: at the live broker only exits leave until a person arms it."""
        change = self._gate.change
        if change.state is TradingState.ACTIVE and self.lacks_arming(change):
            self._gate.brake(TradingState.REDUCE)
            self._work.start(self._disarm(), "only exits on a new day")

    async def _disarm(self) -> None:
        await self.stop(TradingState.REDUCE, ENGINE, NOT_ARMED)

    def lacks_arming(self, before: StateChange | None) -> bool:
        """True if nobody has let positions be opened today; ``before`` is what held last."""
        if not self._settings.arms_each_day:
            return False
        return before is None or not before.begins(self._clock.wall_ns())

    def restore_unarmed(self) -> None:
        """Out of a recovery to exits alone, until a person arms the day."""
        change = StateChange(TradingState.REDUCE, ENGINE, NOT_ARMED, self._clock.wall_ns())
        self._write_down(change)
        self.restore(change)

    def storage_failed(self, sentence: str) -> None:
        """The journal cannot store: nothing more may leave unrecorded."""
        self._gate.brake(TradingState.HALT)
        change = StateChange(TradingState.HALT, "journal", sentence, self._clock.wall_ns())
        if self._gate.change.state is not TradingState.KILL:
            self._gate.put(change)
            self._bus.publish(TradingStateChanged(change, 0.0))
        self._book.alarm("journal", f"Halted: {sentence}", severity=Severity.CRITICAL)
