"""What a cancel asks, and what came of it, in words."""

from __future__ import annotations

from copytrade_gui.domain.records import OrderView
from copytrade_gui.services.verbs import CancelAnswer
from copytrade_gui.ui import figures
from copytrade_gui.ui.state_words import order_words

STAYS = "What fills before the request arrives stays filled."


def one_order(order: OrderView, name: str) -> str:
    """``SELL 150 NIFTY ... at 101.05 of Asha (F-4711)``: which order the question is about."""
    number = f" ({order.broker_order_id})" if order.broker_order_id else ""
    return f"{order_words(order.terms)} of {name}{number}"


def answer_words(answer: CancelAnswer) -> tuple[str, bool]:
    """A sentence for the notices, and whether anything was cancelled or will be."""
    one = sum((answer.filled, answer.ended)) == 1
    gone = _gone(answer, "It" if one else "They")
    parts = []
    if answer.requests:
        verb = "is" if answer.requests == 1 else "are"
        parts.append(
            f"{figures.plural(answer.requests, 'cancel request')} {verb} on the way to the broker."
        )
    if answer.unsent:
        parts.append(f"{figures.plural(answer.unsent, 'order')} had not left and will not.")
    if answer.when_found:
        orders = figures.plural(answer.when_found, "order")
        parts.append(f"The broker may or may not have {orders}: cancelled when found.")
    if not parts:
        return gone or "Nothing to cancel.", False
    if answer.filled:
        parts.append(f"{figures.plural(answer.filled, 'order')} filled before the cancel.")
    return " ".join(parts), True


def _gone(answer: CancelAnswer, subject: str) -> str:
    if answer.filled and not answer.ended:
        return f"{subject} filled before the cancel: nothing to cancel."
    if answer.filled:
        return f"{subject} filled or ended before the cancel: nothing to cancel."
    return f"{subject} had ended before the cancel: nothing to cancel." if answer.ended else ""
