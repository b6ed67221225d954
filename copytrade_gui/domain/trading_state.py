"""The stops: what may be done in which trading state (docs/safety.md 11)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from copytrade_gui.domain.calendar import indian_day


class TradingState(StrEnum):
    """From freest to strictest."""

    ACTIVE = "ACTIVE"
    PAUSE = "PAUSE"
    """No new plans; a running plan finishes."""
    REDUCE = "REDUCE"
    """Only what reduces leaves: exits and square-offs. What opens is denied, also what waits."""
    HALT = "HALT"
    """No new orders, the queue is held; only cancels."""
    KILL = "KILL"
    """The queue is dropped and every working order of ours is cancelled."""
    RECOVERING = "RECOVERING"
    """After start: no order leaves until the books were read."""

    allows_new_plans: bool
    """A new master order may be planned; under REDUCE, what of it reduces."""
    allows_sending: bool
    """An order that is already planned may leave."""
    allows_modify: bool
    """A working order may be changed."""


ONLY_EXITS = "only_exits"
"""Why nothing that opens leaves in any account: trading is in REDUCE."""
STOPS = frozenset({TradingState.PAUSE, TradingState.REDUCE, TradingState.HALT, TradingState.KILL})
"""What a person, the program or a file may put trading into, to stop it."""
NOT_ARMED = "Live trading is not armed today."
"""Why only exits leave on a day on which nobody has let positions be opened yet."""
STRICTNESS = {
    TradingState.ACTIVE: 0,
    TradingState.PAUSE: 1,
    TradingState.REDUCE: 2,
    TradingState.RECOVERING: 3,
    TradingState.HALT: 4,
    TradingState.KILL: 5,
}
"""Of two stops the one with more holds."""
STOPS_OF_SOME = frozenset({TradingState.REDUCE, TradingState.HALT, TradingState.KILL})
"""What an account, or a group, may be put into alone. PAUSE lets running plans end: of one account
they have a moment later, so that HALT does for it."""
_STOPPED = {TradingState.HALT, TradingState.KILL, TradingState.RECOVERING}
# Kept on each member: the gate asks before every piece of a wave.
for _state in TradingState:
    _state.allows_new_plans = _state in {TradingState.ACTIVE, TradingState.REDUCE}
    _state.allows_sending = _state not in _STOPPED
    _state.allows_modify = _state in {TradingState.ACTIVE, TradingState.PAUSE}


@dataclass(frozen=True, slots=True)
class StateChange:
    """Who put trading into a state, when (UTC ns) and why; shown in the strip until it ends.

    ``all_orders``: a KILL that also cancels what the accounts' owners placed themselves.
    """

    state: TradingState
    actor: str
    reason: str
    at_ns: int
    all_orders: bool = False

    @property
    def not_armed(self) -> bool:
        """True where only exits leave because the day was not begun by a person yet."""
        return self.state is TradingState.REDUCE and self.reason == NOT_ARMED

    def begins(self, now_ns: int) -> bool:
        """True if it lets positions be opened, and was put on the Indian day of ``now_ns``."""
        return self.state is TradingState.ACTIVE and indian_day(self.at_ns) == indian_day(now_ns)


def to_begin_with(stored: StateChange | None, beside: StateChange | None) -> StateChange | None:
    """What a start takes over: the database's word, or a newer one of the file beside it.

    The file is believed only where it stops, and never where that would weaken a stored stop.
    """
    if beside is None or beside.state not in STOPS:
        return stored
    if stored is None:
        return beside
    weaker = STRICTNESS[beside.state] < STRICTNESS[stored.state]
    return stored if weaker or beside.at_ns <= stored.at_ns else beside
