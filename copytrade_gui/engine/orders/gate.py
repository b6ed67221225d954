"""The gate every order passes: trading state and stops. Fails closed."""

from __future__ import annotations

from copytrade_gui.domain.actor import read_actor
from copytrade_gui.domain.trading_state import NOT_ARMED, STRICTNESS, StateChange, TradingState
from copytrade_gui.engine.orders.news import News
from copytrade_gui.ports import Clock, KillFlag, StopAsked, StopFiles

KILL_FLAGGED = StopAsked(
    "",
    TradingState.KILL,
    "kill flag",
    "The kill flag's file is there, or its folder cannot be read.",
)
"""What its file asks for; nobody waits for an answer."""
_CLOCK_OFF_MS = 30_000
"""docs/safety.md 9.33: with a clock so far off the broker's nothing new is planned."""
_STALLED_NS = 5_000_000_000
"""docs/safety.md 9.51: nothing new is planned while the window has not answered for so long."""
_SLEPT_NS = 10_000_000_000
"""The wall clock gained so much on the monotonic: sleep, or it was set (docs/safety.md 9.34)."""


class Gate:
    """Holds the trading state. ``brake`` may be called from any thread and takes hold at once."""

    def __init__(
        self, clock: Clock, kill_flag: KillFlag, news: News, stop_files: StopFiles
    ) -> None:
        self._clock = clock
        self._kill_flag = kill_flag
        self._brake: TradingState | None = None
        self._news = news
        self._stop_files = stop_files
        self.clock_off_ms = 0.0
        """Broker's clock minus ours as last read; 0 until it is."""
        self._window_ns: int | None = None
        self._offset_ns = clock.wall_ns() - clock.mono_ns()
        self.change = StateChange(
            TradingState.RECOVERING, "program", "The console was started.", clock.wall_ns()
        )

    @property
    def state(self) -> TradingState:
        """The state in force: the stored one, or a brake that is stricter."""
        brake = self._brake
        if brake is not None and STRICTNESS[brake] > STRICTNESS[self.change.state]:
            return brake
        return self.change.state

    def brake(self, state: TradingState) -> None:
        """Stop now, before anything is stored; one attribute write, safe from any thread.

        The stop that follows on the engine's loop stores the state and releases the brake.
        """
        current = self._brake
        if current is None or STRICTNESS[state] > STRICTNESS[current]:
            self._brake = state

    @property
    def pressed(self) -> TradingState | None:
        """The brake that is on and not yet released by a stored state."""
        return self._brake

    def put(self, change: StateChange, *, releases: TradingState | None = None) -> None:
        """Set the state. Brakes that it covers are released, and those up to ``releases``.

        A stricter brake stays on: it was pressed while this change was being stored, and its own
        stop is on the way.
        """
        self.change = change
        covered = STRICTNESS[change.state]
        if releases is not None:
            covered = max(covered, STRICTNESS[releases])
        brake = self._brake
        if brake is not None and STRICTNESS[brake] <= covered:
            self._brake = None

    def kill_flagged(self) -> bool:
        """True if the kill flag's file is there, or cannot be read."""
        return self._kill_flag.is_set()

    def killed(self) -> bool:
        """True while a KILL is in force, stored or not."""
        return self.state is TradingState.KILL

    @property
    def may_plan(self) -> bool:
        """A new master order may be planned now; looks for the files that stop too."""
        self.notice_time()
        self.look()
        return not self.why_not() and not self._killed_by_file()

    @property
    def may_send(self) -> bool:
        """A planned order may leave now; looks for the files that stop too."""
        self.notice_time()
        self.look()
        return self.state.allows_sending and not self._killed_by_file()

    @property
    def may_change(self) -> bool:
        """A working order may be changed now; looks for the files that stop too."""
        self.notice_time()
        self.look()
        return self.state.allows_modify and not self._killed_by_file()

    @property
    def reduces(self) -> bool:
        """True while only what reduces may leave, in any account."""
        return self.state is TradingState.REDUCE

    def why_only_exits(self) -> str:
        """One sentence why only what reduces may leave; empty: anything may, or nothing."""
        if not self.reduces:
            return ""
        if self.change.not_armed:
            return f"Only exits leave. {NOT_ARMED} Arm it to open positions: Stops > Resume."
        who = read_actor(self.change.actor).in_a_sentence
        return f"Only exits leave, as {who} chose. Resume to open positions again."

    def notice_time(self) -> None:
        """See whether the machine slept since the last look: then nothing leaves unasked."""
        wall_ns = self._clock.wall_ns()
        offset = wall_ns - self._clock.mono_ns()
        gained, self._offset_ns = offset - self._offset_ns, offset
        if gained <= _SLEPT_NS:
            return
        reason = f"The clock jumped {gained / 1e9:.0f} s ahead, as after a sleep."
        self._news.slept(self.recover("clock", reason), gained)

    def recover(self, actor: str, reason: str) -> StateChange:
        """Let nothing leave until the books were checked; a stop stays. Returns what was before."""
        before = self.change
        if before.state.allows_sending:
            wall_ns = self._clock.wall_ns()
            self.change = StateChange(TradingState.RECOVERING, actor, reason, wall_ns)
        return before

    def look(self) -> None:
        """See whether files beside the database ask for a stop: then it holds from here on."""
        for asked in self._stop_files.asked():
            if asked.for_all:
                self.brake(asked.state)
            self._news.stop_asked(asked)

    def _killed_by_file(self) -> bool:
        if not self.kill_flagged():
            return False
        self.brake(TradingState.KILL)
        self._news.stop_asked(KILL_FLAGGED)
        return True

    def window_answers(self) -> None:
        """The window's loop turns; one attribute write, safe from any thread.

        Whoever has called it once must go on: a window that is silent for 5 s stops new plans,
        because nobody sees them. Headless it is never called.
        """
        self._window_ns = self._clock.mono_ns()

    def window_closed(self) -> None:
        """There is no window any more that could stall."""
        self._window_ns = None

    def why_unfit(self) -> str:
        """Why nothing new is planned in any trading state, in a sentence; empty: it may be."""
        off_ms, window_ns = self.clock_off_ms, self._window_ns
        if abs(off_ms) > _CLOCK_OFF_MS:
            return (
                f"This machine's clock is {off_ms / 1000:+.0f} s off the broker's. "
                "Set it; orders are taken again when it has been read, within half a minute."
            )
        if window_ns is not None and self._clock.mono_ns() - window_ns > _STALLED_NS:
            return "The window has not answered for 5 seconds. New orders wait until it does."
        return ""

    def why_not(self) -> str:
        """One sentence for the ticket, empty when planning is allowed."""
        state = self.state
        if state.allows_new_plans:
            return self.why_unfit()  # under REDUCE each share is asked what it opens
        who = read_actor(self.change.actor).in_a_sentence
        return {
            TradingState.PAUSE: f"Trading is paused by {who}. Resume to place new orders.",
            TradingState.HALT: f"Trading is halted by {who}. Resume with a reason.",
            TradingState.KILL: f"Trading was killed by {who}. Resume by typing the word.",
            TradingState.RECOVERING: "The books are being checked; resume when that is done.",
        }[state]
