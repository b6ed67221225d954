"""From a reply to bytes and pauses: what exactly goes over the connection, and when it closes.

Pure, so that a socket server and a virtual network play the same script.
"""

import gzip
from collections.abc import Callable
from typing import Literal

import msgspec

from copytrade_gui.simulator.wire import Reply, Wire, WireKind

StepKind = Literal["send", "wait", "close", "reset", "repeat", "hang"]

_REASONS = {
    200: "OK", 302: "Found", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden",
    404: "Not Found", 405: "Method Not Allowed", 413: "Content Too Large",
    429: "Too Many Requests", 500: "Internal Server Error", 502: "Bad Gateway",
    503: "Service Unavailable", 504: "Gateway Timeout",
}  # fmt: skip
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Step(msgspec.Struct, frozen=True):
    """One thing a server does with a connection.

    send: write `data` in one go. wait: `pause_ms`. close and reset: end the connection.
    repeat: write `data` every `pause_ms` until the client leaves. hang: answer nothing more.
    """

    kind: StepKind
    data: bytes = b""
    pause_ms: float = 0.0


def head_bytes(
    status: int, headers: tuple[tuple[str, str], ...], length: int | None, *, last: bool = False
) -> bytes:
    """Status line and headers. `length` None leaves the length unsaid; `last` announces a close."""
    lines = [f"HTTP/1.1 {status} {_REASONS.get(status, 'Status')}"]
    lines += [f"{name}: {value}" for name, value in headers]
    if length is not None:
        lines.append(f"content-length: {length}")
    if last:
        lines.append("connection: close")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def whole_reply(reply: Reply, *, last: bool = False) -> bytes:
    """A reply as an honest server writes it."""
    return head_bytes(reply.status, reply.headers, len(reply.body), last=last) + reply.body


def script(reply: Reply, *, last: bool = False) -> list[Step]:
    """The steps of one reply after its delay; `last` when the client asked for a close."""
    wire = reply.wire
    if wire is None:
        steps = [Step("send", whole_reply(reply, last=last))]
        return [*steps, Step("close")] if last else steps
    return _SCRIPTS[wire.kind](reply, wire)


def _chunked(reply: Reply, wire: Wire) -> list[Step]:
    head = head_bytes(reply.status, (*reply.headers, ("transfer-encoding", "chunked")), None)
    size = max(1, wire.chunk)
    pieces = [_chunk(reply.body[i : i + size]) for i in range(0, len(reply.body), size)]
    return [Step("send", head + b"".join(pieces) + b"0\r\n\r\n")]


def _endless(reply: Reply, wire: Wire) -> list[Step]:
    head = head_bytes(reply.status, (*reply.headers, ("transfer-encoding", "chunked")), None)
    block = _chunk(b" " * max(1, wire.chunk))
    return [Step("send", head), Step("repeat", block, max(1.0, wire.pause_ms))]


def _gzipped(reply: Reply, _wire: Wire) -> list[Step]:
    packed = gzip.compress(reply.body, mtime=0)
    headers = (*reply.headers, ("content-encoding", "gzip"))
    return [Step("send", head_bytes(reply.status, headers, len(packed)) + packed)]


def _padded(reply: Reply, wire: Wire) -> list[Step]:
    lines = [("x-filler", "f" * 1000) for _ in range(max(1, wire.size // 1012))]
    head = head_bytes(reply.status, (*reply.headers, *lines), len(reply.body))
    return [Step("send", head + reply.body)]


def _wrong_length(reply: Reply, wire: Wire) -> list[Step]:
    head = head_bytes(reply.status, reply.headers, max(0, len(reply.body) + wire.delta))
    closing = [Step("close")] if wire.then_close else []
    return [Step("send", head + reply.body), *closing]


def _no_length(reply: Reply, _wire: Wire) -> list[Step]:
    head = head_bytes(reply.status, reply.headers, None)
    return [Step("send", head + reply.body), Step("close")]


def _torn(reply: Reply, wire: Wire) -> list[Step]:
    whole = whole_reply(reply)
    pause = Step("wait", pause_ms=wire.pause_ms)
    return [Step("send", whole[: wire.at]), pause, Step("send", whole[wire.at :])]


def _early(reply: Reply, wire: Wire) -> list[Step]:
    copy = Step("send", whole_reply(reply))
    return [copy, Step("wait", pause_ms=wire.pause_ms), copy]


def _dripped(reply: Reply, wire: Wire) -> list[Step]:
    whole = whole_reply(reply)
    size = max(1, wire.chunk)
    steps: list[Step] = []
    for start in range(0, len(whole), size):
        if start:
            steps.append(Step("wait", pause_ms=wire.pause_ms))
        steps.append(Step("send", whole[start : start + size]))
    return steps


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


_SCRIPTS: dict[WireKind, Callable[[Reply, Wire], list[Step]]] = {
    "silence": lambda _reply, _wire: [Step("hang")],
    "close": lambda _reply, _wire: [Step("close")],
    "cut": lambda reply, wire: [Step("send", whole_reply(reply)[: wire.at]), Step("close")],
    "reset": lambda reply, wire: [Step("send", whole_reply(reply)[: wire.at]), Step("reset")],
    "torn": _torn,
    "drip": _dripped,
    "endless": _endless,
    "raw": lambda _reply, wire: [
        Step("send", wire.data),
        *([Step("close")] if wire.then_close else []),
    ],
    "twice": lambda reply, _wire: [Step("send", whole_reply(reply) * 2)],
    "early": _early,
    "continue": lambda reply, wire: [Step("send", _CONTINUE * wire.count + whole_reply(reply))],
    "chunked": _chunked,
    "gzip": _gzipped,
    "headers": _padded,
    "length": _wrong_length,
    "no_length": _no_length,
    "close_after": lambda reply, _wire: [Step("send", whole_reply(reply)), Step("close")],
}
