"""Rows of a square-off: what would be closed, and what became of it."""

from __future__ import annotations

from copytrade_gui.domain.position import OwnKey, PositionKey
from copytrade_gui.domain.square_off import Leg, LegState, Line
from copytrade_gui.ui import figures
from copytrade_gui.ui.icons import Mark
from copytrade_gui.ui.state_words import Look
from copytrade_gui.ui.tables.columns import Column
from copytrade_gui.ui.theme import Tone

LEG_LOOKS: dict[LegState, Look] = {
    LegState.WAITS: Look("Gets ready", Tone.MUTED, Mark.RING),
    LegState.SENT: Look("On its way", Tone.INFO, Mark.HALF),
    LegState.RESTS: Look("Works at the exchange", Tone.WARN, Mark.HALF),
    LegState.NOT_SENT: Look("Not sent", Tone.BAD, Mark.SQUARE),
    LegState.FAILED: Look("Not closed", Tone.BAD, Mark.SQUARE),
    LegState.CHECKED: Look("Books are read", Tone.INFO, Mark.HALF),
    LegState.CLOSED: Look("Closed, proven", Tone.OK, Mark.CIRCLE),
    LegState.UNPROVEN: Look("Closed, not proven", Tone.WARN, Mark.TRIANGLE),
}


def whose(key: PositionKey) -> str:
    """``Copies`` or ``Owner's``."""
    return "Owner's" if isinstance(key, OwnKey) else "Copies"


def order_words(line: Line) -> str:
    """``SELL 75``; an en dash where no order would leave."""
    return f"{line.side} {figures.whole(line.units)}" if line.units else figures.UNKNOWN


def verdict_words(line: Line) -> str:
    """What a trader must know of one line."""
    words = [line.reason] if line.reason else []
    if line.orders:
        orders = figures.plural(line.orders, "order")
        verb = "is" if line.orders == 1 else "are"
        words.append(f"{orders} of copies there {verb} cancelled first.")
    if line.units and line.price is None:
        words.append("No price of it is known yet; it is read again before the order leaves.")
    return " ".join(words)


def _side_tone(units: int) -> Tone:
    if not units:
        return Tone.MUTED
    return Tone.BUY if units > 0 else Tone.SELL


def _line_mark(line: Line) -> Mark:
    if not line.units:
        return Mark.SQUARE
    return Mark.TRIANGLE if line.code else Mark.CIRCLE


def _line_tone(line: Line) -> Tone:
    if not line.units:
        return Tone.BAD
    return Tone.WARN if line.code else Tone.OK


def _verdict_tone(line: Line) -> Tone:
    return _line_tone(line) if line.code else Tone.MUTED


LINE_COLUMNS: tuple[Column[Line], ...] = (
    Column("account", "Account", lambda r: r.account, chars=17, mark=_line_mark, tone=_line_tone),
    Column("symbol", "Instrument", lambda r: r.instrument.symbol, chars=19),
    Column("product", "Product", lambda r: r.key.product, chars=9, tone=lambda _: Tone.MUTED),
    Column("whose", "Whose", lambda r: whose(r.key), chars=7, tone=lambda _: Tone.MUTED,
           note="Copies, by our own fills; Owner's: what the broker shows beside them"),
    Column("held", "Held", lambda r: figures.signed(r.held), sort=lambda r: r.held,
           numeric=True, chars=8, tone=lambda r: _side_tone(r.held), note="Units held"),
    Column("order", "Order", order_words, sort=lambda r: r.units, numeric=True, chars=11,
           strong=True, note="What would leave: never more than is held"),
    Column("price", "Worst price", lambda r: figures.price(r.price, r.instrument.tick),
           sort=lambda r: r.price, numeric=True, chars=10,
           note="At the market, and at no worse a price than this"),
    Column("verdict", "To know", verdict_words, tone=_verdict_tone, chars=22, takes_rest=True,
           tip=lambda r: verdict_words(r) or r.account),
)  # fmt: skip

LEG_COLUMNS: tuple[Column[Leg], ...] = (
    Column("account", "Account", lambda r: r.account, chars=17,
           mark=lambda r: LEG_LOOKS[r.state].mark, tone=lambda r: LEG_LOOKS[r.state].tone),
    Column("symbol", "Instrument", lambda r: r.instrument.symbol, chars=19),
    Column("whose", "Whose", lambda r: whose(r.key), chars=7, tone=lambda _: Tone.MUTED,
           note="Copies, by our own fills; Owner's: what the broker shows beside them"),
    Column("before", "Held before", lambda r: figures.signed(r.before), sort=lambda r: r.before,
           numeric=True, chars=10, tone=lambda r: _side_tone(r.before)),
    Column("closed", "Closed", lambda r: figures.whole(r.closed), sort=lambda r: r.closed,
           numeric=True, chars=8, note="Units that its orders filled"),
    Column("left", "Left", lambda r: figures.signed(r.left), sort=lambda r: r.left, numeric=True,
           chars=8, strong=True, tone=lambda r: Tone.BAD if r.left else Tone.MUTED,
           note="Units that are still held"),
    Column("at_broker", "At broker", lambda r: figures.signed(r.at_broker),
           sort=lambda r: r.at_broker, numeric=True, chars=9,
           note="What the broker's position book shows after it, the owner's own included"),
    Column("state", "State", lambda r: LEG_LOOKS[r.state].word, chars=19,
           tone=lambda r: LEG_LOOKS[r.state].tone),
    Column("reason", "Why", lambda r: r.reason, chars=16, takes_rest=True,
           tip=lambda r: r.reason or LEG_LOOKS[r.state].word),
)  # fmt: skip
