"""The audit trail in words: what each stored event is called, who did it, and what it says."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from decimal import Decimal

from copytrade_gui.domain.account import SessionState
from copytrade_gui.domain.actor import read_actor
from copytrade_gui.domain.checks.limit_fields import LIMIT_FIELDS
from copytrade_gui.domain.checks.limits import Limits
from copytrade_gui.domain.order import State
from copytrade_gui.domain.seen import Seen
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.ports import LIMITS_VERB
from copytrade_gui.services.verbs import HistoryRow
from copytrade_gui.ui import figures
from copytrade_gui.ui.masters.seen_rows import look_of
from copytrade_gui.ui.state_words import ORDER_LOOKS, SESSION_LOOKS, wait_words

Body = Mapping[str, object]

_CHILD_STATE = 8
"""Where a plan's record names the state of a child that is not simply planned."""
KINDS = {
    "PlanMade": "Order planned",
    "OrdersMarked": "Copies sent",
    "PlanVoided": "Order withdrawn",
    "ChecksPassed": "Sent all the same",
    "OrderChanged": "Order",
    "OrdersAmended": "Orders to change",
    "ChangeNotMade": "Change not made",
    "FillSeen": "Fill",
    "PlanSettled": "Order answered",
    "TradingStateChanged": "Trading",
    "AccountChanged": "Session",
    "AccountHalted": "Account stopped",
    "AccountHaltLifted": "Stop lifted",
    "ProfitPeak": "Profit kept",
    "HoldingsSeen": "Holdings read",
    "LinkChanged": "Who copies whom",
    "AccountEdited": "Account",
    "BasisChanged": "Compliance basis",
    "RouteChanged": "Route to the broker",
    "Alarm": "Alarm",
    "ReviewsChanged": "Orders to decide",
    "RecoveryReported": "Books read",
    "LampChanged": "Lamp",
    "DayStep": "Day checked",
    "SheetStep": "Sheets written",
    "DayChecked": "Day checked",
    "DaySealed": "Day sealed",
    "Command": "Command",
    "MasterSeen": "Master's order",
}
VERBS = {
    "cancel": "Cancel of single orders",
    "cancel_plan": "Cancel of an order with its copies",
    "decide_found": "Decided: this is our order",
    "decide_absent": "Decided: our order does not exist",
    "lift_account_halt": "Lift of an account's halt",
    "modify": "Change of a working order",
    "copy_seen": "Copy of a master's order from elsewhere",
    "ignore_seen": "A master's order from elsewhere ignored",
    "keep_day": "Day kept as a file",
    "limits": "Limits set",
    "square_off": "Square-off begun",
    "squared_off": "Square-off over",
    "squared_off_in_part": "Square-off over, in part",
    "square_off_stopped": "Square-off stopped in the middle",
    "follow": "Choice for a master's orders from elsewhere",
    "day_left_open": "A day was left open",
}
STATES = {
    TradingState.ACTIVE: "Copying",
    TradingState.PAUSE: "Paused",
    TradingState.REDUCE: "Only exits",
    TradingState.HALT: "Halted",
    TradingState.KILL: "Killed",
    TradingState.RECOVERING: "Checking the books",
}


def who(row: HistoryRow) -> str:
    """The person or the program."""
    return read_actor(row.actor).in_words


def what(row: HistoryRow) -> str:
    """What kind of event it is; one of a later version is spelled out."""
    return KINDS.get(row.kind) or _spelled(row.kind)


def details(row: HistoryRow, order_of: Callable[[str], str]) -> str:
    """What happened. ``order_of`` says the order of a plan or an intent, or nothing.

    A body that cannot be read costs the details, never the line: the trail shows what is there.
    """
    try:
        body = json.loads(row.body or "{}")
        words = _DETAILS.get(row.kind, _reason)(row, body if isinstance(body, dict) else {})
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        words = row.reason
    order = order_of(row.subject) if row.subject else ""
    return ": ".join(part for part in (order, words) if part)


def _spelled(kind: str) -> str:
    words = re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", kind)
    return words[:1].upper() + words[1:].lower()


def _reason(row: HistoryRow, _body: Body) -> str:
    return row.reason


def _plan(_row: HistoryRow, body: Body) -> str:
    planned, intents = _number(body, "planned"), _number(body, "intents")
    children = body.get("children")
    if isinstance(children, list):  # earlier versions kept only the two numbers
        intents = len(children)
        planned = sum(
            len(child) <= _CHILD_STATE or child[_CHILD_STATE] == State.PLANNED for child in children
        )
    without = intents - planned
    words = f"{figures.plural(planned, 'order')} planned"
    return f"{words}, {figures.whole(without)} without" if without else words


def _marked(_row: HistoryRow, body: Body) -> str:
    waves = body["marks"]
    orders = sum(len(one["orders"]) for one in waves) if isinstance(waves, list) else 0
    return f"{figures.plural(orders, 'order')} that waited left"


def _order(row: HistoryRow, body: Body) -> str:
    words = _state(body.get("state"))
    before = _state(body.get("before"))
    if before and before != words:
        words = f"{before} → {words}"
    filled = _number(body, "filled_quantity")
    if filled:
        average = _price(body, "average_price")
        words += f", {figures.whole(filled)} filled"
        words += f" at {figures.price(average)}" if average is not None else ""
    if body.get("broker_order_id"):
        words += f", broker order {body['broker_order_id']}"
    code = str(body.get("code") or "")
    why = f"{row.reason} ({code})" if row.reason and code else row.reason or code
    return f"{words}. {why}" if why else words


def _price(body: Body, name: str) -> Decimal | None:
    """Rupees as the journal wrote them, or None."""
    try:
        return Decimal(str(body.get(name) or ""))
    except ArithmeticError:
        return None


def _fill(_row: HistoryRow, body: Body) -> str:
    price = _price(body, "price")
    return (
        f"{figures.whole(_number(body, 'quantity'))} at {figures.price(price)}, "
        f"broker order {body['broker_order_id']}, trade {body['trade_id']}"
    )


def _settled(_row: HistoryRow, body: Body) -> str:
    meant = _number(body, "intents") - _number(body, "blocked")
    words = f"{_number(body, 'acked')} of {meant} acknowledged"
    waited, slowest = body.get("last_ack_ms"), body.get("slowest_call_ms")
    if isinstance(waited, int | float):
        slow = slowest if isinstance(slowest, int | float) else None
        words += f" {wait_words(waited, slow)}"
    for name in ("refused", "blocked", "unknown"):
        if _number(body, name):
            words += f", {figures.whole(_number(body, name))} {name}"
    return words


def _trading(row: HistoryRow, body: Body) -> str:
    change = body["change"]
    state = STATES[TradingState(change["state"])] if isinstance(change, dict) else ""
    return f"{state}: {row.reason}" if row.reason else state


def _account(row: HistoryRow, body: Body) -> str:
    session = SESSION_LOOKS[SessionState(str(body["session"]))].word
    return f"{session}: {row.reason}" if row.reason else session


def _link(_row: HistoryRow, body: Body) -> str:
    before, after = body["before"], body["after"]
    if not isinstance(after, dict):
        return f"Copies {body['master_id']} no more"
    if not isinstance(before, dict):
        return f"Copies {body['master_id']}, {_spelled(str(after['state'])).lower()}"
    changed = [_spelled(name).lower() for name in after if after[name] != before.get(name)]
    if after["state"] != before["state"]:
        changed.remove("state")
        changed.insert(0, f"set to {_spelled(str(after['state'])).lower()}")
    return f"Copies {body['master_id']}, changed: {', '.join(changed)}"


def _reviews(_row: HistoryRow, body: Body) -> str:
    waiting = body["intents"]
    number = len(waiting) if isinstance(waiting, list) else 0
    return f"{figures.plural(number, 'order')} to decide" if number else "Nothing to decide"


def _lamp(row: HistoryRow, body: Body) -> str:
    return f"{str(body['name']).capitalize()}: {row.reason}"


def _command(row: HistoryRow, body: Body) -> str:
    verb = str(body.get("verb", ""))
    words = VERBS.get(verb) or _spelled(verb)
    if verb == LIMITS_VERB:
        words += _limits_changed(str(body.get("subject", "")))
    return f"{words}. {row.reason}" if row.reason else words


def _limits_changed(subject: str) -> str:
    """`` of all accounts: Open orders 50 orders → 40 orders``; empty if it cannot be read."""
    try:
        edit = json.loads(subject)
        before, after = Limits(**edit["before"]), Limits(**edit["after"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return ""
    told = [
        f"{one.name_in_words} {one.words(before)} → {one.words(after)}"
        for one in LIMIT_FIELDS
        if getattr(before, one.name) != getattr(after, one.name)
    ]
    return f" of {edit['account'] or 'all accounts'}: {', '.join(told)}"


def _seen(row: HistoryRow, body: Body) -> str:
    words = f"{body['side']} {figures.whole(_number(body, 'quantity'))} {body['symbol']}"
    became = look_of(Seen(str(body["became"])), row.reason).word
    return f"{words}: {became}. {row.reason}" if row.reason else f"{words}: {became}"


def _number(body: Body, name: str) -> int:
    value = body.get(name, 0)
    return value if isinstance(value, int) else 0


def _state(value: object) -> str:
    return ORDER_LOOKS[State(str(value))].word if value else ""


_DETAILS: dict[str, Callable[[HistoryRow, Body], str]] = {
    "PlanMade": _plan,
    "OrdersMarked": _marked,
    "OrderChanged": _order,
    "FillSeen": _fill,
    "PlanSettled": _settled,
    "TradingStateChanged": _trading,
    "AccountChanged": _account,
    "LinkChanged": _link,
    "ReviewsChanged": _reviews,
    "LampChanged": _lamp,
    "Command": _command,
    "MasterSeen": _seen,
}
