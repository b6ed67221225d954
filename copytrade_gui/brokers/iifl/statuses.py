"""The broker's status texts and what they mean: one table (docs/safety.md 2.17).

Words that other clients of this broker take are in it too (docs/broker.md 21.4). No word alone
makes an order FILLED: the engine asks the row's quantities beside it.
"""

from __future__ import annotations

from collections.abc import Mapping

from copytrade_gui.domain.order import State

STATES: Mapping[str, State] = {
    "put order req received": State.ACKED,
    "validation pending": State.ACKED,
    "open pending": State.ACKED,
    "new": State.ACKED,
    "pending": State.ACKED,
    "transit": State.ACKED,
    "amo req received": State.ACKED,
    "after market order req received": State.ACKED,
    "open": State.WORKING,
    "modified": State.WORKING,
    "not modified": State.WORKING,
    "not cancelled": State.WORKING,
    "partially filled": State.WORKING,
    "partially executed": State.WORKING,
    "partial": State.WORKING,
    "trigger pending": State.TRIGGER_PENDING,
    "modify pending": State.MODIFY_PENDING,
    "modify validation pending": State.MODIFY_PENDING,
    "modify after market order req received": State.MODIFY_PENDING,
    "cancel pending": State.CANCEL_PENDING,
    "complete": State.FILLED,
    "completed": State.FILLED,
    "success": State.FILLED,
    "traded": State.FILLED,
    "filled": State.FILLED,
    "executed": State.FILLED,
    "fully executed": State.FILLED,
    "cancelled": State.CANCELLED,
    "cancel": State.CANCELLED,
    "canceled": State.CANCELLED,
    "cancelled after market order": State.CANCELLED,
    "rejected": State.REJECTED,
    "reject": State.REJECTED,
    "fail": State.REJECTED,
    "failed": State.REJECTED,
    "expired": State.EXPIRED,
    "lapsed": State.EXPIRED,
}


def state_of(status_text: str, filled_quantity: int) -> State | None:
    """Name the state, or None for a text that is not in the table: never guess WORKING.

    IIFL may say "open" while an order fills, so WORKING with a fill is PARTIAL.
    """
    state = STATES.get(" ".join(status_text.replace("_", " ").split()).casefold())
    if state is State.WORKING and filled_quantity > 0:
        return State.PARTIAL
    return state
