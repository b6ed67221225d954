"""The gate every order passes: trading state and stops. Fails closed."""

from __future__ import annotations

from copytrade_gui.domain.trading_state import StateChange, TradingState
from copytrade_gui.ports import Clock, KillFlag

_STRICTNESS = {
    TradingState.ACTIVE: 0,
    TradingState.PAUSE: 1,
    TradingState.RECOVERING: 2,
    TradingState.HALT: 3,
    TradingState.KILL: 4,
}


class Gate:
    """Holds the trading state. ``brake`` may be called from any thread and takes hold at once."""

    def __init__(self, clock: Clock, kill_flag: KillFlag) -> None:
        self._clock = clock
        self._kill_flag = kill_flag
        self._brake: TradingState | None = None
        self.change = StateChange(
            TradingState.RECOVERING, "program", "Reading the books.", clock.wall_ns()
        )

    @property
    def state(self) -> TradingState:
        """The state in force: the stored one, or a brake that is stricter."""
        brake = self._brake
        if brake is not None and _STRICTNESS[brake] > _STRICTNESS[self.change.state]:
            return brake
        return self.change.state

    def brake(self, state: TradingState) -> None:
        """Stop now, before anything is stored; one attribute write, safe from any thread.

        The stop that follows on the engine's loop stores the state and releases the brake.
        """
        current = self._brake
        if current is None or _STRICTNESS[state] > _STRICTNESS[current]:
            self._brake = state

    def put(self, change: StateChange) -> None:
        """Set the state; the brake is released because the state now says what it said."""
        self.change = change
        self._brake = None

    def kill_flagged(self) -> bool:
        """True if the kill flag's file is there, or cannot be read."""
        return self._kill_flag.is_set()

    @property
    def may_plan(self) -> bool:
        """A new master order may be planned now."""
        return self.state.allows_new_plans

    @property
    def may_send(self) -> bool:
        """A planned order may leave now."""
        return self.state.allows_sending

    def why_not(self) -> str:
        """One sentence for the ticket, empty when planning is allowed."""
        state = self.state
        if state.allows_new_plans:
            return ""
        who = self.change.actor
        return {
            TradingState.PAUSE: f"Trading is paused by {who}. Resume to place new orders.",
            TradingState.HALT: f"Trading is halted by {who}. Resume with a reason.",
            TradingState.KILL: f"Trading was killed by {who}. Resume by typing the word.",
            TradingState.RECOVERING: "The books are being checked; resume when that is done.",
        }[state]
