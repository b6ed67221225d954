"""Carrying out a call under faults: what happens before it, to it, and to its reply."""

import math
import random
from collections.abc import Callable

import msgspec

from copytrade_gui.simulator.codes import text_of
from copytrade_gui.simulator.desk import Call, Desk
from copytrade_gui.simulator.faults import BOOK_ACTIONS, PLACE_ACTIONS, Fault, changed_tag
from copytrade_gui.simulator.ist import NS
from copytrade_gui.simulator.orders import Twist
from copytrade_gui.simulator.wire import Reply, Wire

Struck = list[tuple[Fault, random.Random]]

_BEFORE = frozenset({"too_many", "dead_session", "bad_address"})
_INSTEAD = frozenset({"drop_reply", "answer", "timed_out", "code"})
_BLOCK_PAGE = (
    "<html><head><title>Access Denied</title></head><body><h1>Access Denied</h1>"
    "You do not have permission to reach this page.<p>Reference 18.5f2d</body></html>"
)
_TIMED_OUT = "Request timed out. Please check the order book before trying again."


def carry_out(call: Call, struck: Struck, desk: Desk, perform: Callable[[Call], Reply]) -> Reply:
    """Perform a call while faults strike it. Each call may be hit by several."""
    twist = Twist()
    for fault, dice in struck:
        if fault.action == "expire_session" and call.session is not None:
            call.session.end()
        elif fault.action in BOOK_ACTIONS:
            call.lies = (*call.lies, (fault, dice))
        elif fault.action in PLACE_ACTIONS and call.name == "place":
            _twist(twist, fault, dice, call)
            call.twist = twist
    replacement = next((fault for fault, _ in struck if fault.action in _INSTEAD), None)
    before = next((fault for fault, _ in struck if fault.action in _BEFORE), None)
    if before is not None:
        reply = _refuse(before, call, desk)
    elif replacement is not None and not replacement.takes_effect:
        reply = _not_done(replacement, call, desk)
    else:
        reply = perform(call)
        if replacement is not None:
            reply = _replaced(replacement, call, reply, desk)
    for fault, dice in struck:
        if fault.action == "delay":
            reply.delay_ms += delay_of(fault.ms, fault.sigma, dice)
        elif fault.action == "wire" and fault.wire is not None:
            reply.wire = fault.wire
    return reply


def delay_of(median_ms: float, sigma: float, dice: random.Random) -> float:
    """A lognormal delay; with sigma 0 the median itself."""
    if not sigma:
        return median_ms
    return median_ms * math.exp(dice.gauss(0.0, sigma))


def _twist(twist: Twist, fault: Fault, dice: random.Random, call: Call) -> None:
    match fault.action:
        case "accept_late":
            twist.late_ns = round(fault.seconds * NS)
        case "show_late":
            twist.hidden_ns = round(fault.seconds * NS)
        case "reject":
            twist.reject = fault.text or "RMS:Blocked for simulated rejection"
        case "duplicate_order":
            twist.copies = fault.copies
        case "tag":
            tag = str(call.legs[0].order_tag or "") if call.legs else ""
            twist.tag = changed_tag(tag, fault.form, dice)
        case "status":
            twist.status = fault.text
        case "end_status":
            twist.end_status = fault.text
        case "parts":
            twist.parts = fault.copies
        case "fill_after_cancel":
            twist.late_fill = True


def _mark(call: Call, outcome: str) -> None:
    for line in call.lines:
        line.outcome = line.outcome or outcome


def _refuse(fault: Fault, call: Call, desk: Desk) -> Reply:
    _mark(call, f"fault:{fault.action}")
    if fault.action == "too_many":
        return too_many(desk, call.now, fault.retry_after)
    if fault.action == "bad_address":
        return desk.failed_result("EC500", call.now, array=True)
    return dead_session(desk, call, fault.form or "401")


def too_many(desk: Desk, now: int, retry_after: float | None) -> Reply:
    """A 429; nobody has documented its body."""
    reply = desk.data({"status": "Not_Ok", "message": "Too many requests."}, now, 429)
    if retry_after is not None:
        reply.headers = (*reply.headers, ("retry-after", f"{retry_after:g}"))
    return reply


def dead_session(desk: Desk, call: Call, form: str) -> Reply:
    """A session that is no more: a bare 401, or one of three codes inside a 200."""
    if form == "401":
        return desk.data({"status": "EC044", "message": text_of("EC044")}, call.now, 401)
    if call.name == "place":
        return desk.failed_result(form, call.now, array=True)
    return desk.failure(form, call.now)


def _not_done(fault: Fault, call: Call, desk: Desk) -> Reply:
    _mark(call, f"fault:{fault.action}")
    empty = desk.ok([], call.now)
    return _replaced(fault, call, empty, desk)


def _replaced(fault: Fault, call: Call, reply: Reply, desk: Desk) -> Reply:
    match fault.action:
        case "drop_reply":
            kinds = {"close": "close", "silence": "silence", "reset": "reset"}
            reply.wire = msgspec.convert({"kind": kinds[fault.how]}, Wire)
            return reply
        case "timed_out":
            text = fault.text or _TIMED_OUT
            return desk.data({"status": "Not_Ok", "message": text}, call.now, 400)
        case "code":
            return _coded(fault.code, call, desk)
        case _:
            return _answer(fault, call, reply, desk)


def _coded(code: str, call: Call, desk: Desk) -> Reply:
    if call.name == "place":
        leg = {"status": code, "message": text_of(code)}
        return desk.ok([leg for _ in call.legs or (None,)], call.now)
    if call.name in {"modify", "cancel"}:
        return refused_change(call, code, desk)
    return desk.failed_result(code, call.now)


def refused_change(call: Call, code: str, desk: Desk) -> Reply:
    """A modify or cancel that is refused: its code where the switch says."""
    place = desk.switches.error_place
    if place == "mixed":
        asked = call.client.calls
        place = ("result", "outer")[(asked["modify"] + asked["cancel"]) % 2]
    return desk.failure(code, call.now) if place == "outer" else desk.failed_result(code, call.now)


def _answer(fault: Fault, call: Call, reply: Reply, desk: Desk) -> Reply:
    status, now = fault.http_status, call.now
    match fault.form:
        case "empty":
            return desk.json(b"", now, status)
        case "broken":
            return desk.json(
                b'{"status":"Ok","message":"Success","result":[{"status":', now, status
            )
        case "truncated":
            return desk.json(reply.body[: len(reply.body) // 2], now, status)
        case "text":
            return desk.text(fault.text or "upstream error", now, status=status, kind="text/plain")
        case "json":
            return desk.json((fault.text or "{}").encode(), now, status)
        case "huge":
            return desk.json(b'{"result":"' + b"x" * fault.size + b'"}', now, status)
        case "deep":
            return desk.json(b"[" * fault.size + b"]" * fault.size, now, status)
        case _:
            return desk.text(fault.text or _BLOCK_PAGE, now, status=status)
