"""What runs beside the engine while a console is open: lamps, backups, sessions kept young."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable

from copytrade_gui.domain.account import FeedState
from copytrade_gui.domain.events import LampChanged
from copytrade_gui.engine.engine import Engine
from copytrade_gui.ports import Broker, BrokerFailureError, Clock
from copytrade_gui.storage.store import Store

log = logging.getLogger(__name__)

_LAMPS_EVERY = 1.0
_STOPS_EVERY = 0.1
_CLOCK_EVERY = 30
_BACKUP_EVERY = 60
_CLOCK_WARN_MS, _CLOCK_BAD_MS = 2_000, 30_000


async def keep_stops(engine: Engine, clock: Clock) -> None:
    """Look for a stop that a file asks for, or that a new day brings, also while no order leaves.

    Runs until cancelled.
    """
    while True:
        await clock.sleep(_STOPS_EVERY)
        engine.look_for_stops()


async def keep_lamps(
    engine: Engine, store: Store, broker: Broker, clock: Clock, tidy: Callable[[], None]
) -> None:
    """Tell the lamps about once a second, read the broker's clock, make the hourly backup.

    ``tidy`` is called with every turn, for what is better done when nothing else is.
    All of them speak in the first turn. Plans that are long over leave the memory, one in a turn.
    Runs until cancelled.
    """
    turn, late_ms, rescued = 0, 0.0, False
    shown: dict[str, LampChanged] = {}

    def tell(name: str, state: str, words: str) -> None:
        lamp = LampChanged(name, state, words)
        if shown.get(name) != lamp:
            shown[name] = lamp
            engine.bus.publish(lamp)

    while True:
        # A halted account is logged in all the same.
        ready = sum(lane.logged_in for lane in engine.lanes)
        total = sum(1 for _ in engine.lanes)
        state = "ok" if ready == total and total else ("warn" if ready else "bad")
        tell("broker", state, f"{ready} of {total} logged in" if total else "no accounts")
        tell("feed", *_feed(engine))
        tell("engine", "ok" if late_ms < 250 else "warn", "ready" if late_ms < 250 else "busy")
        tell("database", *_database(engine, store))
        if turn % _CLOCK_EVERY == 0:
            await _read_clock(broker, store, engine, tell_clock=tell)
        started = clock.mono_ns()
        await clock.sleep(_LAMPS_EVERY)
        engine.gate.notice_time()
        late_ms = (clock.mono_ns() - started) / 1e6 - _LAMPS_EVERY * 1000
        if store.presence.problem() is not None:
            tell("database", *_database(engine, store))
            if not rescued:  # also if nobody gets to quit the console as he should
                await store.journal.flush()
                rescued = await store.backups.rescue(store.database, clock.wall_ns()) is not None
        elif turn % _BACKUP_EVERY == 0:
            await store.backups.hourly(store.database, store.order_log, clock.wall_ns())
        engine.ended.tidy()
        tidy()
        turn += 1


_NOT_LIVE = (
    (FeedState.EXPIRED, "must log in again"),
    (FeedState.REFUSED, "refused by the broker"),
    (FeedState.RECONNECTING, "reconnecting"),
    (FeedState.CONNECTING, "connecting"),
    (FeedState.LIVE, "catching up"),
)


def _feed(engine: Engine) -> tuple[str, str]:
    """State and words of its lamp: of how many logged-in accounts the broker tells by itself."""
    lanes = [lane for lane in engine.lanes if lane.logged_in]
    states = Counter(lane.status.feed for lane in lanes if not lane.pushed)
    live, total = len(lanes) - states.total(), len(lanes)
    if not total:
        return "ok", "nobody logged in"
    if states[FeedState.OFF] == total:
        return "ok", "off, books are read"
    missing = [f"{states[state]} {words}" for state, words in _NOT_LIVE if states[state]]
    words = ": ".join([f"{live} of {total} live", *([", ".join(missing)] if missing else [])])
    stand = live + states[FeedState.LIVE]
    return ("ok" if live == total else "warn" if stand else "bad"), words


def _database(engine: Engine, store: Store) -> tuple[str, str]:
    """State and words of its lamp; halts when what is written would be lost."""
    gone = store.presence.problem()
    if gone is None:
        problems = store.warnings
        return ("warn", problems[0]) if problems else ("ok", "recording")
    if engine.gate.state.allows_sending:
        engine.storage_failed(gone)
    return "bad", gone


async def _read_clock(
    broker: Broker, store: Store, engine: Engine, *, tell_clock: Callable[[str, str, str], None]
) -> None:
    try:
        offset = await broker.clock_offset()
    except BrokerFailureError as failure:
        tell_clock("clock", "warn", f"not compared: {failure}")
        if failure.silence is not None:
            engine.offline.suspect()
        return
    store.journal.clock_is_off_by(offset.seconds * 1000)
    engine.gate.clock_off_ms = offset.ms  # kept when a later read fails: it is the last we know
    off = abs(offset.ms)
    state = "ok" if off <= _CLOCK_WARN_MS else ("warn" if off <= _CLOCK_BAD_MS else "bad")
    tell_clock("clock", state, offset.in_words)
