"""What a reply to a place, modify or cancel call proves (docs/safety.md 5).

The rule behind every line: only what the broker said in so many words is a fact. Everything
else is Unknown, which is never sent again and is settled by reading the order book.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping

from copytrade_gui.brokers.http.http_call import HttpReply
from copytrade_gui.brokers.iifl.envelope import UnreadableError, decode_rows, open_envelope
from copytrade_gui.brokers.iifl.errors import (
    CodeClass,
    class_of,
    clean,
    is_code,
    retry_after_ms,
    speaks_of_doubt,
    speaks_of_rate,
)
from copytrade_gui.brokers.iifl.scalar import order_id, text, word
from copytrade_gui.brokers.iifl.shapes import Leg
from copytrade_gui.domain.ids import BrokerOrderId
from copytrade_gui.ports import (
    Accepted,
    ChangeDone,
    ChangeOutcome,
    Doubt,
    PlaceOutcome,
    Refused,
    Unknown,
)

_TAKEN = frozenset({"success", "ok"})
_PLAINLY_TAKEN = re.compile(
    rb'\{"status":"Ok","message":"[A-Za-z ]*","result":\[\{"status":"Success",'
    rb'"message":"[A-Za-z ]*","brokerOrderId":"([A-Za-z0-9_-]{1,40})"'
    rb'(?:,"requestTime":"[A-Za-z0-9: -]*")?\}\]\}'
)
"""The one reply that five hundred orders get at the same moment, to the letter.

The table below judges it the same, in ten times the time.
"""


def classify(status: int, headers: Mapping[str, str], body: bytes) -> PlaceOutcome:
    """Judge the reply to a place call of one order. Total: any bytes give an outcome."""
    if status == 200 and (plain := _PLAINLY_TAKEN.fullmatch(body)) is not None:
        return Accepted(BrokerOrderId(sys.intern(plain[1].decode("ascii"))))
    verdict = _judge(status, headers, body, changing=False)
    if isinstance(verdict, Leg):
        return Accepted(BrokerOrderId(word(verdict.broker_order_id)))
    return verdict


def classify_change(reply: HttpReply) -> ChangeOutcome:
    """Judge the reply to a modify or cancel call. Total: any bytes give an outcome."""
    verdict = _judge(reply.status, reply.headers, reply.body, changing=True)
    return ChangeDone() if isinstance(verdict, Leg) else verdict


def _judge(
    status: int, headers: Mapping[str, str], body: bytes, *, changing: bool
) -> Leg | Refused | Unknown:
    refusal = _by_status(status, headers)
    if refusal is not None:
        return refusal
    try:
        leg, lone = _only_leg(body)
    except UnreadableError as error:
        return Unknown(f"The broker's reply cannot be judged: {error}.")
    said, message = text(leg.status), clean(text(leg.message))
    if status == 400 and (speaks_of_doubt(message) or not is_code(said)):
        return Unknown(f"The broker answered with HTTP 400: {message}", code=said or "400")
    if is_code(said):
        return _judge_code(leg, headers, changing=changing)
    if status != 400 and said.casefold() in _TAKEN and order_id(leg.broker_order_id) is not None:
        return leg
    if speaks_of_rate(message):
        return Unknown(message, doubt=Doubt.RATE, retry_after_ms=retry_after_ms(headers))
    missing = "no order id" if lone else "more than one result, or none"
    return Unknown(f"The broker's reply has {missing} and no code.")


def _by_status(status: int, headers: Mapping[str, str]) -> Unknown | None:
    if 200 <= status < 300 or status == 400:
        return None
    if status == 429:
        return Unknown(
            "The broker says that this account calls too often (429).",
            code="429",
            doubt=Doubt.RATE,
            retry_after_ms=retry_after_ms(headers),
        )
    if status in (401, 403):
        return Unknown(
            f"The broker no longer accepts this session ({status}).",
            code=str(status),
            doubt=Doubt.AUTH,
        )
    return Unknown(f"The broker answered with HTTP {status}.", code=str(status))


def _judge_code(leg: Leg, headers: Mapping[str, str], *, changing: bool) -> Refused | Unknown:
    code, message = text(leg.status), clean(text(leg.message))
    meaning = class_of(code, message)
    if leg.broker_order_id is not None and not changing:
        # An error together with an order id contradicts itself: there may be an order.
        return Unknown(f"The broker answered {code} together with an order id.", code=code)
    if meaning is CodeClass.REFUSED or (changing and meaning is CodeClass.CHANGE_REFUSED):
        return Refused(code, message)
    if meaning is CodeClass.ADDRESS:
        return Refused(code, message, blocks_account=True)
    if meaning is CodeClass.AUTH:
        return Unknown(message or f"The broker answered {code}.", code=code, doubt=Doubt.AUTH)
    if speaks_of_rate(message):
        return Unknown(message, code=code, doubt=Doubt.RATE, retry_after_ms=retry_after_ms(headers))
    return Unknown(message or f"The broker answered {code}.", code=code)


def _only_leg(body: bytes) -> tuple[Leg, bool]:
    """The one leg of a reply; the second value is False when there is none or more than one.

    The outer status stays ``Ok`` even when every leg failed, so it is used only where there is
    no leg at all.
    """
    opened = open_envelope(body)
    if len(opened.rows) != 1:
        outer = Leg(status=opened.code if not opened.rows else None, message=opened.message)
        return outer, False
    legs, bad = decode_rows(opened.rows, Leg)
    if bad:
        raise UnreadableError("its only result is not an object that we know")
    return legs[0], True
