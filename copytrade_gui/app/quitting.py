"""The last seconds: no order is left unanswered behind."""

from __future__ import annotations

from copytrade_gui.domain.events import Severity
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.engine.engine import Engine
from copytrade_gui.ports import Clock

_LOOK_EVERY_S = 0.02
_GRACE_S = 0.5


async def replies_are_in(engine: Engine, clock: Clock) -> None:
    """Let nothing more leave, and wait for the replies to what has left.

    A connection that is closed before them would leave each of those orders UNKNOWN, and the
    next start in a HALT. It takes no longer than the deadline an order has anyway.
    """
    engine.gate.brake(TradingState.HALT)
    waiting = engine.book.unanswered
    if not waiting:
        return
    orders = "1 order" if waiting == 1 else f"{waiting} orders"
    engine.book.alarm(
        "quitting",
        f"The program ends when the broker has answered {orders} that just left, within "
        f"{engine.settings.deadline_ms / 1000:g} s.",
        severity=Severity.INFO,
    )
    until_ns = clock.mono_ns() + int((engine.settings.deadline_ms / 1000 + _GRACE_S) * 1e9)
    while engine.book.unanswered and clock.mono_ns() < until_ns:
        await clock.sleep(_LOOK_EVERY_S)
