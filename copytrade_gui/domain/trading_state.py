"""The stops: what may be done in which trading state (docs/safety.md 11)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class TradingState(StrEnum):
    """From freest to strictest."""

    ACTIVE = "ACTIVE"
    PAUSE = "PAUSE"
    """No new plans; a running plan finishes."""
    HALT = "HALT"
    """No new orders, the queue is held; only cancels."""
    KILL = "KILL"
    """The queue is dropped and every working order of ours is cancelled."""
    RECOVERING = "RECOVERING"
    """After start: no order leaves until the books were read."""

    allows_new_plans: bool
    """A new master order may be planned."""
    allows_sending: bool
    """An order that is already planned may leave."""
    allows_modify: bool
    """A working order may be changed."""


# Kept on each member: the gate asks before every piece of a wave.
for _state in TradingState:
    _state.allows_new_plans = _state is TradingState.ACTIVE
    _state.allows_sending = _state in {TradingState.ACTIVE, TradingState.PAUSE}
    _state.allows_modify = _state.allows_sending


@dataclass(frozen=True, slots=True)
class StateChange:
    """Who put trading into a state, when (UTC ns) and why; shown in the strip until it ends."""

    state: TradingState
    actor: str
    reason: str
    at_ns: int
