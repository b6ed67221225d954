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

    @property
    def allows_new_plans(self) -> bool:
        """A new master order may be planned."""
        return self is TradingState.ACTIVE

    @property
    def allows_sending(self) -> bool:
        """An order that is already planned may leave."""
        return self in (TradingState.ACTIVE, TradingState.PAUSE)

    @property
    def allows_modify(self) -> bool:
        """A working order may be changed."""
        return self in (TradingState.ACTIVE, TradingState.PAUSE)


@dataclass(frozen=True, slots=True)
class StateChange:
    """Who put trading into a state, when (UTC ns) and why; shown in the strip until it ends."""

    state: TradingState
    actor: str
    reason: str
    at_ns: int
