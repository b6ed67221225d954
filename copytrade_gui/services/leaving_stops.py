"""What a person has to say who ends a stop (docs/safety.md 11)."""

from __future__ import annotations

from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.services.verbs import RefusedError

RESUME_WORD = "RESUME"


def must_be_explained(state: TradingState, reason: str, word: str = "") -> None:
    """Raises RefusedError where what is said is too little to leave this state."""
    if state is not TradingState.PAUSE and not reason.strip():
        raise RefusedError("Reason is empty. Say in a few words why it is safe.", field="reason")
    if state is TradingState.KILL and word.strip() != RESUME_WORD:
        raise RefusedError(f"Word must be {RESUME_WORD}. Type it to come back.", field="word")
