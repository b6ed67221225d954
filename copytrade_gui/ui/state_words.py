"""Order states, sessions and outcomes in words, with the tone and the shape that go with them."""

from __future__ import annotations

from dataclasses import dataclass

from copytrade_gui.domain.account import Account, AccountStatus, FeedState, SessionState
from copytrade_gui.domain.basis import why_not_live
from copytrade_gui.domain.guard import AWAITS_PRICE
from copytrade_gui.domain.link import LinkState
from copytrade_gui.domain.order import OrderTerms, OrderType, State
from copytrade_gui.domain.records import OrderView
from copytrade_gui.domain.route import why_unregistered
from copytrade_gui.ui import figures
from copytrade_gui.ui.icons import Mark
from copytrade_gui.ui.theme import Tone


def rights_words(status: AccountStatus) -> str:
    """What the broker lets an account trade, in a sentence."""
    if status.rights is None:
        return "What the broker lets it trade is read when it is logged in."
    return f"At the broker it may trade {status.rights.in_words}."


@dataclass(frozen=True, slots=True)
class Look:
    """A state as shown: word, tone, shape."""

    word: str
    tone: Tone
    mark: Mark


PROBLEM_STATES = frozenset(
    {State.BLOCKED, State.STALE, State.NOT_SENT, State.REFUSED, State.UNKNOWN, State.NOT_PLACED,
     State.REVIEW, State.REJECTED}
)  # fmt: skip
"""What did not become an order, or may not have."""

ORDER_LOOKS: dict[State, Look] = {
    State.PLANNED: Look("Planned", Tone.MUTED, Mark.RING),
    State.BLOCKED: Look("Blocked", Tone.WARN, Mark.DIAMOND),
    State.SKIPPED: Look("Skipped", Tone.MUTED, Mark.DASH),
    State.STALE: Look("Too old", Tone.WARN, Mark.DIAMOND),
    State.SENDING: Look("Sending", Tone.INFO, Mark.RING),
    State.NOT_SENT: Look("Not sent", Tone.WARN, Mark.DIAMOND),
    State.REFUSED: Look("Refused", Tone.BAD, Mark.SQUARE),
    State.UNKNOWN: Look("Unknown", Tone.BAD, Mark.TRIANGLE),
    State.NOT_PLACED: Look("Not placed", Tone.WARN, Mark.DIAMOND),
    State.REVIEW: Look("Decide", Tone.BAD, Mark.TRIANGLE),
    State.ACKED: Look("Accepted", Tone.INFO, Mark.HALF),
    State.WORKING: Look("Working", Tone.INFO, Mark.HALF),
    State.TRIGGER_PENDING: Look("Trigger pending", Tone.INFO, Mark.HALF),
    State.PARTIAL: Look("Part filled", Tone.INFO, Mark.HALF),
    State.MODIFY_PENDING: Look("Changing", Tone.INFO, Mark.HALF),
    State.CANCEL_PENDING: Look("Cancelling", Tone.INFO, Mark.HALF),
    State.FILLED: Look("Filled", Tone.OK, Mark.CIRCLE),
    State.CANCELLED: Look("Cancelled", Tone.MUTED, Mark.DASH),
    State.REJECTED: Look("Rejected", Tone.BAD, Mark.SQUARE),
    State.EXPIRED: Look("Expired", Tone.MUTED, Mark.DASH),
}

AWAITING_PRICE = Look("Waiting", Tone.INFO, Mark.RING)
"""It has not left: its link waits for a better price."""

DIVERGED = Look("Diverged", Tone.WARN, Mark.DIAMOND)
"""A mark beside the state: changed or cancelled at the broker, and not by us."""

ONLY_EXITS = Look("Exits only", Tone.WARN, Mark.DIAMOND)
"""A loss limit was reached: nothing that opens is copied."""

UNREGISTERED = Look("Address", Tone.BAD, Mark.SQUARE)
"""Its connections leave from an address that is not registered: nothing leaves."""

NO_BASIS = Look("No basis", Tone.WARN, Mark.DIAMOND)
"""A live account of which nobody has declared why its orders may be sent: only exits leave."""

SESSION_LOOKS: dict[SessionState, Look] = {
    SessionState.LOGGED_OUT: Look("Login needed", Tone.WARN, Mark.RING),
    SessionState.LOGGING_IN: Look("Logging in", Tone.INFO, Mark.HALF),
    SessionState.READY: Look("Ready", Tone.OK, Mark.CIRCLE),
    SessionState.EXPIRED: Look("Expired", Tone.WARN, Mark.DIAMOND),
    SessionState.OFFLINE: Look("Offline", Tone.BAD, Mark.TRIANGLE),
    SessionState.BLOCKED: Look("Blocked", Tone.BAD, Mark.SQUARE),
}


FEED_WORDS: dict[FeedState, str] = {
    FeedState.OFF: "orders followed by reading its book",
    FeedState.CONNECTING: "order news connecting",
    FeedState.LIVE: "order news live",
    FeedState.RECONNECTING: "order news reconnecting",
    FeedState.REFUSED: "order news refused",
    FeedState.EXPIRED: "order news need a new login",
}


def order_look(order: OrderView) -> Look:
    """An order's state, or that it waits here for a better price."""
    if order.code == AWAITS_PRICE and order.state is State.PLANNED:
        return AWAITING_PRICE
    return ORDER_LOOKS[order.state]


def feed_words(status: AccountStatus) -> str:
    """How an account's orders are followed, and since when where its news does not come."""
    if status.catching_up:
        return "order news live again, reading its book for what it missed"
    words = FEED_WORDS[status.feed]
    if status.feed in (FeedState.OFF, FeedState.LIVE) or not status.feed_ns:
        return words
    return f"{words} since {figures.clock(status.feed_ns)} IST"


def copying_look(
    account: Account,
    status: AccountStatus,
    link: LinkState = LinkState.ACTIVE,
    *,
    live: bool = False,
) -> Look:
    """The copying states: on, out of step, stopped alone, off. A stop shows also when off.

    ``live``: at the broker, where an account without a basis opens nothing.
    """
    if status.halted:
        return Look("HALTED", Tone.BAD, Mark.SQUARE)
    if status.only_exits or (live and why_not_live(account.declared.basis)):
        return ONLY_EXITS if status.only_exits else NO_BASIS
    if not account.active:
        return Look("Off", Tone.MUTED, Mark.RING)
    if link.stops:
        return Look(link.in_words.capitalize(), Tone.MUTED, Mark.RING)
    if status.session is SessionState.OFFLINE:
        return SESSION_LOOKS[SessionState.OFFLINE]
    ready = status.session is SessionState.READY
    if not ready or why_unregistered(account.route, status.left_from):
        return UNREGISTERED if ready else Look("No session", Tone.WARN, Mark.TRIANGLE)
    if link is LinkState.CLOSE_ONLY:
        return Look("Close only", Tone.INFO, Mark.HALF)
    return Look("On", Tone.OK, Mark.CIRCLE)


QUIET_RANK = 3
"""From this rank on nothing is wrong with an account."""


def copying_rank(
    account: Account,
    status: AccountStatus,
    link: LinkState = LinkState.ACTIVE,
    *,
    live: bool = False,
) -> int:
    """Trouble first: 0 halted, 1 only exits or no basis, 2 no session or a wrong address, 3 on,
    4 off.
    """
    if status.halted:
        return 0
    if status.only_exits or (live and why_not_live(account.declared.basis)):
        return 1
    if not account.active or link.stops:
        return 4
    ready = status.session is SessionState.READY
    return QUIET_RANK if ready and not why_unregistered(account.route, status.left_from) else 2


def client_tail(client_id: str) -> str:
    """The first two and the last four characters, so that ids of two series can be told apart; the
    whole id belongs in a tool tip only.
    """
    return client_id if len(client_id) <= 7 else f"{client_id[:2]}…{client_id[-4:]}"


def price_words(terms: OrderTerms) -> str:
    """The price as a trader says it: ``101.05``, ``MKT``, ``trg 100.50``."""
    tick = terms.instrument.tick
    if terms.order_type is OrderType.MARKET:
        return "MKT" if terms.price is None else figures.price(terms.price, tick)
    if terms.price is None:
        return f"trg {figures.price(terms.trigger, tick)}"
    return figures.price(terms.price, tick)


def order_words(terms: OrderTerms) -> str:
    """``BUY 150 NIFTY ... at 101.05``."""
    price = price_words(terms)
    at = "at market" if price == "MKT" else f"at {price}"
    return f"{terms.side} {figures.whole(terms.quantity)} {terms.instrument.symbol} {at}"


def diverged_words(order: OrderView) -> str:
    """What was done to the order at the broker, and not by us; empty if nothing was."""
    return "" if order.diverged is None else f"DIVERGED: {order.diverged.in_words}"


def quantity_words(order: OrderView) -> str:
    """The quantity that was sent, and what it was changed to at the broker."""
    sent = figures.whole(order.terms.quantity)
    now = ordered(order)
    return sent if now == order.terms.quantity else f"{sent} → {figures.whole(now)}"


def ordered(order: OrderView) -> int:
    """What the broker's order is for."""
    return order.terms.quantity if order.diverged is None else order.diverged.quantity


def why_words(order: OrderView) -> str:
    """A divergence and the reason, as far as there are any."""
    if order.diverged is not None and order.diverged.cancelled:
        return diverged_words(order)  # the reason would say it twice
    return "  ·  ".join(words for words in (diverged_words(order), reason_words(order)) if words)


def wait_words(waited_ms: float, slowest_call_ms: float | None) -> str:
    """``in 358 ms, slowest call 65.8 ms``: from the press to the last acknowledgement."""
    words = f"in {figures.milliseconds(waited_ms)} ms"
    if slowest_call_ms is None:
        return words
    return f"{words}, slowest call {figures.milliseconds(slowest_call_ms)} ms"


def reason_words(order: OrderView) -> str:
    """Why, with the code last; empty when there is nothing to explain."""
    if order.reason and order.code:
        return f"{order.reason} ({order.code})"
    return order.reason or order.code
