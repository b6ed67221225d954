"""Open a reply, whichever of the broker's ways it is wrapped in (docs/broker.md 6)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeVar

import msgspec

from copytrade_gui.brokers.http.http_call import MAX_ROWS
from copytrade_gui.brokers.iifl.scalar import words
from copytrade_gui.brokers.iifl.shapes import Row

MAX_DEPTH = 32
"""Levels of JSON that we are willing to read (docs/safety.md 14.5)."""


class UnreadableError(Exception):
    """The body is not JSON of a shape we know. The text says why, without quoting it."""


class _Envelope(Row, frozen=True):
    result: msgspec.Raw = msgspec.Raw()
    orders: msgspec.Raw = msgspec.Raw()
    trades: msgspec.Raw = msgspec.Raw()
    positions: msgspec.Raw = msgspec.Raw()
    position_list: msgspec.Raw = msgspec.Raw()
    holdings: msgspec.Raw = msgspec.Raw()
    data: msgspec.Raw = msgspec.Raw()


_ENVELOPE = msgspec.json.Decoder(_Envelope)
_RAW_LIST = msgspec.json.Decoder(list[msgspec.Raw])
_TEXT = msgspec.json.Decoder(str)


class Opened(msgspec.Struct, frozen=True):
    """An opened envelope. ``rows`` are undecoded; ``code`` and ``message`` are the outer ones.

    ``alone`` is True when the payload was one object and not an array of them.
    """

    code: str
    message: str
    rows: list[msgspec.Raw]
    alone: bool


def open_envelope(body: bytes | msgspec.Raw) -> Opened:
    """Find the rows in a reply, whichever way they are wrapped (docs/broker.md 6.4).

    Raises:
        UnreadableError: not JSON, too deep, too many rows, or neither array nor object.
    """
    try:
        opened = _open(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableError("the reply is not JSON of a known shape") from error
    if len(opened.rows) > MAX_ROWS:
        raise UnreadableError(f"the reply has more than {MAX_ROWS} rows")
    if too_deep(bytes(body)):
        raise UnreadableError(f"the reply is nested deeper than {MAX_DEPTH}")
    return opened


def _open(body: bytes | msgspec.Raw) -> Opened:
    if _first(body) == b"[":
        return Opened("", "", _RAW_LIST.decode(body), alone=False)
    outer = _ENVELOPE.decode(body)
    code, message = words(outer.status, outer.message)
    result = outer.result
    if _first(result) == b'"':
        # The documentation warns that historical data may be a string of JSON: parse twice.
        result = msgspec.Raw(_TEXT.decode(result).encode())
    if _first(result) == b"[":
        return Opened(code, message, _RAW_LIST.decode(result), alone=False)
    if _first(result) == b"{":
        inner = _listed(_ENVELOPE.decode(result))
        if inner is not None:
            return Opened(code, message, inner, alone=False)
        return Opened(code, message, [result], alone=True)
    if result:
        if _first(result) == b"n":  # null: no payload, the outer code may say why
            return Opened(code, message, [], alone=True)
        raise UnreadableError("the result is neither an array nor an object")
    bare = _listed(outer)
    if bare is not None:
        return Opened(code, message, bare, alone=False)
    # No result at all: the documentation prints some replies as one bare object.
    return Opened(code, message, [msgspec.Raw(bytes(body))], alone=True)


def _listed(envelope: _Envelope) -> list[msgspec.Raw] | None:
    for wrapped in (
        envelope.orders,
        envelope.trades,
        envelope.positions,
        envelope.position_list,
        envelope.holdings,
        envelope.data,
    ):
        if _first(wrapped) == b"[":
            return _RAW_LIST.decode(wrapped)
    return None


def _first(raw: bytes | msgspec.Raw) -> bytes:
    return bytes(memoryview(raw)[:64]).lstrip()[:1]


RowT = TypeVar("RowT")


def decode_rows(rows: Sequence[msgspec.Raw], kind: type[RowT]) -> tuple[list[RowT], int]:
    """Decode each row; the second value counts those that are not objects of this kind."""
    decoder = msgspec.json.Decoder(kind)
    good: list[RowT] = []
    bad = 0
    for row in rows:
        try:
            good.append(decoder.decode(row))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            bad += 1
    return good, bad


_FIELDS = msgspec.json.Decoder(dict[str, object])
_LONGEST_STATUS = 512  # bytes; a row of a book is longer, and is not opened twice


def decode_book(
    rows: list[msgspec.Raw], body: bytes, kind: type[RowT]
) -> tuple[list[msgspec.Raw], list[RowT], int]:
    """The rows of a book, undecoded and decoded, and how many are not objects of this kind.

    Rows are left out that hold only a status of success, and perhaps a message. Such a row stands
    for an empty book, or beside the rows of one (docs/broker.md 21.3). It does so inside a
    ``result`` or a list; a reply that is nothing else says nothing about a book.
    """
    telling = [raw for raw in rows if not _says_nothing(raw) or bytes(raw) == body]
    return telling, *decode_rows(telling, kind)


def _says_nothing(raw: msgspec.Raw) -> bool:
    if len(bytes(raw)) > _LONGEST_STATUS or _first(raw) != b"{":
        return False
    try:
        fields = _FIELDS.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return fields.keys() <= {"status", "message"} and str(
        fields.get("status", "")
    ).strip().casefold() in ("ok", "success")


_STRINGS = re.compile(rb'"(?:[^"\\]++|\\(?:.|\Z))*+(?:"|\Z)', re.DOTALL)
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


def too_deep(body: bytes) -> bool:
    """Tell whether JSON is nested deeper than ``MAX_DEPTH``; time grows with its length only."""
    if body.count(b"[") + body.count(b"{") <= MAX_DEPTH:
        return False
    brackets = _STRINGS.sub(b"", body).translate(None, _NOT_BRACKETS)
    brackets = brackets.translate(bytes.maketrans(b"{}", b"[]"))
    for _ in range(MAX_DEPTH):
        if not brackets:
            return False
        brackets = brackets.replace(b"[]", b"")
    return bool(brackets)
