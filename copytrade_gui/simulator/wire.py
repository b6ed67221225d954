"""What comes in and what goes out, before any socket: requests, replies, wire misbehaviour."""

from collections.abc import Mapping
from typing import Literal

import msgspec

WireKind = Literal[
    "silence",  # never answer, keep the connection open
    "close",  # close before any byte
    "cut",  # close after `at` bytes
    "reset",  # TCP reset after `at` bytes
    "torn",  # pause `pause_ms` at byte `at`, then the rest
    "drip",  # `chunk` bytes every `pause_ms`
    "endless",  # a chunked body that never ends, `chunk` bytes every `pause_ms`
    "raw",  # `data` instead of a reply; closes when `then_close`
    "twice",  # the whole reply twice in one packet
    "early",  # the reply, then `pause_ms` later an unasked copy: a reply before the next request
    "continue",  # `count` times "100 Continue" before the reply
    "chunked",  # the body in chunks of `chunk` bytes
    "gzip",  # the body compressed
    "headers",  # `size` more bytes of headers
    "length",  # Content-Length wrong by `delta`
    "no_length",  # no Content-Length: the close ends the body
    "close_after",  # a correct reply, then the connection closes unannounced
]


class Request(msgspec.Struct):
    """One HTTP request as the broker's core sees it. Header names are lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    peer: str  # source address without port, e.g. "127.0.0.1"


class Wire(msgspec.Struct, frozen=True):
    """How the bytes of one reply are mistreated on their way out."""

    kind: WireKind
    at: int = 0
    pause_ms: float = 50.0
    chunk: int = 1024
    size: int = 1_048_576
    count: int = 1
    delta: int = 0
    data: bytes = b""
    then_close: bool = True


class Reply(msgspec.Struct):
    """One HTTP reply; `delay_ms` is how long the broker sits on it before the first byte."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    delay_ms: float = 0.0
    wire: Wire | None = None
