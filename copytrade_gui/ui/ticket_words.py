"""What the ticket says: previews, questions, results. Pure words, tested as such."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum, StrEnum, auto

from copytrade_gui.domain.draft import Draft, read_price, read_quantity
from copytrade_gui.domain.exits import NO_COPY
from copytrade_gui.domain.instrument import Instrument, Quote
from copytrade_gui.domain.money import Paise
from copytrade_gui.domain.number import NotANumber, Number
from copytrade_gui.domain.order import OrderType, Side, State
from copytrade_gui.domain.recipients import Recipients, Scope
from copytrade_gui.domain.records import OrderView
from copytrade_gui.domain.wait import wait_of_orders
from copytrade_gui.services.verbs import Preview, PreviewRow
from copytrade_gui.ui import figures
from copytrade_gui.ui.state_words import PROBLEM_STATES, wait_words

STALE_AFTER_S = 5
_WAITING = frozenset({State.PLANNED, State.SENDING})
_WHY_NOT = {
    "zero": "below one lot",
    "off": "switched off",
    "no_session": "not logged in",
    "no_capital": "margin not known",
    "no_master_capital": "master's margin not known",
    "no_margin": "not enough margin",
    "offline": "broker does not answer",
    "unread": "order book not read",
    "no_basis": "no basis declared",
    "loss_limit": "loss limit reached",
    "loss_unknown": "day's loss not known",
    "order_value": "above its value limit",
    "above_limit": "above the largest order",
    "open_orders": "too many open orders",
    "orders_a_day": "too many orders today",
    "net_position": "above its position limit",
    "filtered_exchange": "exchange not copied",
    "filtered_product": "product not copied",
    "filtered_symbol": "symbol not copied",
    "filtered_side": "side not copied",
    "outside_window": "outside its hours",
    "after_exit_time": "after its exit time",
    "no_rule": "no sizing rule",
    "no_stop": "no stop to size by",
    "no_lot_in_clamps": "no lot fits its limits",
    "copies_fills": "copies what fills",
    "price_guard": "beyond its slippage",
    "delay_guard": "later than its delay",
}
"""Verdicts whose own name says too little; the others are read as they are written."""


NOTHING = Paise(0)


class Phase(Enum):
    """Where the ticket stands."""

    EDITING = auto()
    ASKING = auto()
    SENDING = auto()


class ConfirmWhen(StrEnum):
    """When the ticket asks before it sends."""

    ALWAYS = "always"
    ABOVE = "above"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class ConfirmPolicy:
    """``above`` is a value in paise, master and followers together."""

    when: ConfirmWhen = ConfirmWhen.ALWAYS
    above: Paise = NOTHING

    def asks(self, value: Paise | None, *, paper: bool, first_today: bool) -> bool:
        """Whether to ask; an unknown value and the first live order of a day always do."""
        if not paper and first_today:
            return True
        if self.when is ConfirmWhen.ABOVE:
            return value is None or value > self.above
        return self.when is ConfirmWhen.ALWAYS


def verb(side: Side, preview: Preview | None) -> str:
    """``Buy for 23``: the accounts that would get an order, where that is known."""
    if preview is None or preview.problems:
        return str(side.capitalize())
    number = sum(row.quantity > 0 for row in preview.rows)
    return f"{side.capitalize()} for {figures.whole(number)}"


def obstacle(preview: Preview) -> str:
    """Why the ticket cannot be sent as it stands; empty when it can."""
    if preview.problems:
        return f"Correct the {preview.problems[0].field.replace('_', ' ')} first."
    if preview.blocked_by:
        return f"This order will be refused. {preview.blocked_by}"
    if not any(row.quantity > 0 for row in preview.rows if row.is_master):
        return next((row.reason for row in preview.rows if row.is_master), "Nothing to send.")
    return ""


def alone(preview: Preview | None, recipients: Recipients) -> str:
    """What is said beside the button where the master's order would leave without a copy."""
    rows = () if preview is None else preview.rows
    followers = [row for row in rows if not row.is_master]
    if not followers or any(row.quantity for row in followers):
        return ""
    if recipients.scope is Scope.NOBODY:
        return "Only the master's order is sent: the ticket is for the master alone."
    if all(row.code == NO_COPY for row in followers):
        return "No follower holds a copy to exit. Only the master's order is sent."
    return (
        f"No follower gets this order: {skip_reasons(followers)}. Only the master's order is sent, "
        "once you type its quantity."
    )


def promise(preview: Preview | None) -> tuple[object, ...]:
    """What a trader agrees to: whether it may leave, and who gets how much."""
    if preview is None:
        return ()
    passing = tuple((row.account_id, row.quantity) for row in preview.rows if row.quantity)
    return preview.blocked_by, preview.problems, passing


def units_words(draft: Draft) -> str:
    """The quantity in the other unit: ``= 150 units``; empty while it is no number."""
    read = read_quantity(draft.quantity, in_lots=draft.in_lots)
    if draft.instrument is None or isinstance(read, NotANumber):
        return ""
    lot, number = draft.instrument.lot_size, int(read.value)
    understood = f"{read.understood} " if read.understood else ""
    if draft.in_lots:
        return f"{understood}= {figures.plural(number * lot, 'unit')}"
    words = figures.whole(number // lot) if number % lot == 0 else figures.price(read.value / lot)
    return f"{understood}= {words} {'lot' if number == lot else 'lots'}"


def understood_words(text: str) -> str:
    """How a price with a suffix was read, ``2.5 thousand = 2,500 rupees``; empty without one."""
    read = read_price(text)
    return read.understood if isinstance(read, Number) else ""


def fan_out_summary(rows: Iterable[PreviewRow]) -> str:
    """``24 followers: 22 pass, 2 skipped (1 no margin, 1 below one lot)``."""
    followers = [row for row in rows if not row.is_master]
    if not followers:
        return "No follower copies this master."
    passing = sum(row.quantity > 0 for row in followers)
    words = f"{figures.plural(len(followers), 'follower')}: {figures.whole(passing)} pass"
    if passing == len(followers):
        return words
    return f"{words}, {figures.whole(len(followers) - passing)} skipped"


def why_not(row: PreviewRow) -> str:
    """Two or three words for a verdict, such as ``below one lot``."""
    return _WHY_NOT.get(row.code, row.code.replace("_", " ")) or row.reason


def skip_reasons(rows: Iterable[PreviewRow]) -> str:
    """The commonest reasons first: ``2 switched off, 1 below one lot``."""
    counted = Counter(
        why_not(row) or "no reason" for row in rows if not row.is_master and not row.quantity
    )
    return ", ".join(f"{number} {words}" for words, number in counted.most_common(3))


def question(draft: Draft, preview: Preview, *, mode: str) -> str:
    """The sentence before sending: what, for whom, at most for how much, and each warning."""
    instrument = draft.instrument
    if instrument is None:
        return ""
    own = next((row for row in preview.rows if row.is_master), None)
    followers = sum(row.quantity > 0 for row in preview.rows if not row.is_master)
    quantity = figures.whole(own.quantity if own else 0)
    whom = f"for you and {figures.plural(followers, 'follower')}" if followers else "for you alone"
    value = f", value up to {figures.money(preview.value)}" if preview.value is not None else ""
    sentence = (
        f"{mode}: {draft.side.capitalize()} {quantity} {instrument.symbol} "
        f"{at_words(draft, preview.protected_price)} {whom}{value}."
    )
    return "\n".join((sentence, *preview.warnings))


def at_words(draft: Draft, protected: Decimal | None) -> str:
    """``at 101.05``, ``at market, at most 103.10``, ``when 101.00 trades, at least 98.95``."""
    tick = draft.instrument.tick if draft.instrument else None
    bound = "at most" if draft.side is Side.BUY else "at least"
    price = _typed(draft.price) if draft.order_type.has_price else None
    trigger = _typed(draft.trigger) if draft.order_type.has_trigger else None
    if draft.order_type is OrderType.LIMIT:
        return f"at {figures.price(price, tick)}"
    limit = price if draft.order_type is OrderType.SL else protected
    tail = f", {bound} {figures.price(limit, tick)}" if limit is not None else ""
    if draft.order_type is OrderType.MARKET:
        return f"at market{tail}"
    return f"when {figures.price(trigger, tick)} trades{tail}"


def _typed(text: str) -> Decimal | None:
    read = read_price(text)
    return read.value if isinstance(read, Number) else None


def progress(orders: Iterable[OrderView], planned: int) -> tuple[str, bool]:
    """``18 of 22 acknowledged in 358 ms, slowest call 65.8 ms``; whether something went wrong."""
    known = list(orders)
    answered = [order for order in known if order.state not in _WAITING]
    acked = [o for o in answered if o.state not in PROBLEM_STATES and o.state is not State.SKIPPED]
    # A rejection comes after an acknowledgement; nobody cares for the difference at this place.
    refused = sum(o.state in (State.REFUSED, State.REJECTED) for o in answered)
    unknown = sum(o.state in (State.UNKNOWN, State.REVIEW) for o in answered)
    unsent = sum(o.state in (State.NOT_SENT, State.STALE, State.NOT_PLACED) for o in answered)
    wait = wait_of_orders(known)
    words = f"{figures.whole(len(acked))} of {figures.whole(planned)} acknowledged"
    if wait is not None:
        words += f" {wait_words(*wait)}"
    for number, what in ((refused, "rejected"), (unknown, "unknown"), (unsent, "not sent")):
        if number:
            words += f", {number} {what}"
    return words, bool(refused or unknown or unsent)


def quote_age_s(quote: Quote, now_ns: int) -> int:
    """Whole seconds since the quote was received."""
    return max(0, (now_ns - quote.at_ns) // 1_000_000_000)


def change_words(quote: Quote, tick: Decimal) -> str:
    """``▲ +2.35 (+2.38 %)`` against the previous close."""
    if not quote.previous_close:
        return ""
    change = quote.last - quote.previous_close
    share = change / quote.previous_close * 100
    arrow, sign = ("▲", "+") if change > 0 else ("▼", "") if change < 0 else ("", "")
    return f"{arrow} {sign}{figures.price(change, tick)} ({sign}{share:.2f} %)".strip()


def instrument_words(instrument: Instrument) -> str:
    """Exchange, kind, expiry and lot in one line."""
    parts = [str(instrument.key.exchange)]
    if instrument.kind.is_option and instrument.strike is not None:
        parts.append(f"{instrument.strike.normalize():f} {instrument.kind}")
    elif instrument.kind != "EQ":
        parts.append(str(instrument.kind))
    if instrument.expiry is not None:
        parts.append(f"{instrument.expiry:%d %b %Y}")
    parts.append(f"lot {figures.whole(instrument.lot_size)}")
    return " · ".join(parts)
