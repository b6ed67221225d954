"""Columns of the orders that masters placed elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from copytrade_gui.domain.order import OrderType, Side
from copytrade_gui.domain.seen import Seen, SeenOrder
from copytrade_gui.ui import figures
from copytrade_gui.ui.icons import Mark
from copytrade_gui.ui.state_words import Look
from copytrade_gui.ui.tables.columns import Column
from copytrade_gui.ui.theme import Tone

LOOKS: dict[Seen, Look] = {
    Seen.WAITS: Look("Not at the exchange yet", Tone.INFO, Mark.RING),
    Seen.ASKED: Look("Waits for you", Tone.WARN, Mark.TRIANGLE),
    Seen.COPIED: Look("Copied", Tone.OK, Mark.CIRCLE),
    Seen.DENIED: Look("Not copied: a check", Tone.BAD, Mark.SQUARE),
    Seen.MISSED: Look("Missed", Tone.WARN, Mark.DIAMOND),
    Seen.IGNORED: Look("Ignored", Tone.MUTED, Mark.DASH),
    Seen.CAUGHT_UP: Look("Caught up", Tone.OK, Mark.CIRCLE),
    Seen.NOT_COPIED: Look("Not copied", Tone.MUTED, Mark.DASH),
}

_NO_COPY = Look("No copy sent", Tone.WARN, Mark.TRIANGLE)


def look_of(became: Seen, reason: str) -> Look:
    """How what became of it is shown: a plan that gave nobody an order is not called copied."""
    return _NO_COPY if became.gave_nobody(reason) else LOOKS[became]


@dataclass(frozen=True, slots=True)
class SeenRow:
    """One order with its master's name."""

    order: SeenOrder
    master: str
    last: Decimal | None = None
    """The last price in rupees, where somebody may still have it copied and it is known."""


def key_of(row: SeenRow) -> tuple[str, str]:
    """What tells two of them apart: broker's numbers are those of one account."""
    return row.order.account_id, row.order.broker_order_id


def terms_words(order: SeenOrder) -> str:
    """``BUY 1,500 NIFTY 26NOV 26500 CE at 101.05``, as the broker's book shows it."""
    words = f"{order.side} {figures.whole(order.quantity)} {order.symbol}"
    if order.order_type in (OrderType.SL, OrderType.SLM):
        words += f" trigger {_price(order.trigger)}"
    if order.price:
        return f"{words} at {_price(order.price)}"
    return f"{words} at market" if order.order_type is OrderType.MARKET else words


def filled_words(order: SeenOrder) -> str:
    """``75 of 150``."""
    return f"{figures.whole(order.filled_quantity)} of {figures.whole(order.quantity)}"


def status_words(order: SeenOrder) -> str:
    """The broker's word, as one reads it: ``Partially filled``."""
    return order.status.replace("_", " ").capitalize()


def leaves_at(order: SeenOrder, last: Decimal | None) -> str:
    """The price at which a copy would leave now: his limit, else about the last one."""
    if order.price:
        return _price(order.price)
    return "market" if last is None else f"about {_price(last)}"


def since_words(order: SeenOrder, last: Decimal | None) -> str:
    """Where the market stands against what he paid or asks; empty while that is not known."""
    his = order.average_price or order.price
    if last is None or not his:
        return ""
    got = "he traded at" if order.average_price else "he asks"
    if last == his:
        return f"The last price is {_price(last)}, as {got}."
    apart, where = abs(last - his), "above" if last > his else "below"
    share = f"{apart * 100 / his:.2f} %"
    better = (last < his) is (order.side is Side.BUY)
    words = "better" if better else "worse"
    return (
        f"The last price is {_price(last)}, {_price(apart)} ({share}) {where} the {_price(his)} "
        f"{got}: {words} for the copies."
    )


def _now(row: SeenRow) -> str:
    """What stands beside "copy now": the price it leaves at, and the last one."""
    order = row.order
    if not order.became.open_to_copy:
        return ""
    at = leaves_at(order, row.last)
    return f"{at} (last {_price(row.last)})" if row.last is not None and order.price else at


def _look(row: SeenRow) -> Look:
    return look_of(row.order.became, row.order.reason)


def _order_words(row: SeenRow) -> str:
    order = row.order
    changes = f"  (changed {order.changes} x)" if order.changes else ""
    return f"{terms_words(order)}{changes}"


def _price(value: Decimal) -> str:
    return figures.price(value)


COLUMNS: tuple[Column[SeenRow], ...] = (
    Column("time", "Seen IST", lambda r: figures.clock_ms(r.order.seen_ns),
           sort=lambda r: r.order.seen_ns, chars=12, tone=lambda _: Tone.MUTED,
           tip=lambda r: figures.stamp(r.order.seen_ns),
           note="When this program saw it first, not when it was placed"),
    Column("master", "Master", lambda r: r.master, chars=12),
    Column("order", "Order", _order_words, chars=32, takes_rest=True,
           tone=lambda r: Tone.BUY if r.order.side is Side.BUY else Tone.SELL),
    Column("became", "What became of it", lambda r: _look(r).word, chars=19,
           tone=lambda r: _look(r).tone, mark=lambda r: _look(r).mark),
    Column("now", "Copy now at", _now, numeric=True, chars=22,
           note="The price a copy would leave at now, beside the last price"),
    Column("reason", "Why", lambda r: r.order.reason, chars=18, takes_rest=True,
           tip=lambda r: r.order.reason or _look(r).word),
    Column("filled", "Filled", lambda r: filled_words(r.order), numeric=True, chars=13,
           sort=lambda r: r.order.filled_quantity),
    Column("status", "At the broker", lambda r: status_words(r.order), chars=16),
    Column("placed", "Placed IST",
           lambda r: figures.clock(r.order.placed_ns) if r.order.placed_ns else figures.UNKNOWN,
           sort=lambda r: r.order.placed_ns or 0, chars=10, tone=lambda _: Tone.MUTED,
           note="When the broker says that it was placed, in whole seconds"),
    Column("product", "Product", lambda r: r.order.product or "", chars=10),
    Column("number", "Broker's number", lambda r: r.order.broker_order_id, chars=18, shown=False),
)  # fmt: skip
