"""The end-of-day gate: a final complete read of every account, then the day is sealed."""

from __future__ import annotations

from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.order import State
from copytrade_gui.engine.engine import Engine
from copytrade_gui.engine.recovery import ist
from copytrade_gui.ports import Clock, Journal


async def end_of_day(engine: Engine, journal: Journal, clock: Clock) -> tuple[str, ...]:
    """Read every account that traded; say what is still open; seal the day if nothing is.

    Orders called absent are looked for once more by the same read (order-safety section 7).
    """
    open_points: list[str] = []
    for lane in engine.lanes:
        orders = list(engine.book.of_account(lane.account_id))
        if not any(order.attempt is not None for order in orders):
            continue
        absorbed = await engine.read_books(lane.account_id)
        if not absorbed.complete:
            open_points.append(
                f"{lane.account.name}: its order book could not be read whole "
                f"({absorbed.why_not}). Log in and run the gate again."
            )
        for order in orders:
            if not order.state.ended and order.state is not State.REVIEW:
                terms = order.intent.terms
                open_points.append(
                    f"{lane.account.name}: {terms.side} {terms.quantity} "
                    f"{terms.instrument.symbol} is {order.state}."
                )
        filled = engine.book.filled_by_orders(lane.account_id)
        traded = engine.book.filled_by_trades(lane.account_id)
        if filled != traded:
            open_points.append(
                f"{lane.account.name}: orders say {filled} filled, trades say {traded}."
            )
    if not open_points:
        day = ist(clock.wall_ns()).date().isoformat()
        await journal.commit_command(
            CommandId(f"seal:{day}"), "program", "seal_day", day, "", clock.wall_ns()
        )
    return tuple(open_points)
