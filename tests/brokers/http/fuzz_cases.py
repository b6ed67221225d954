"""Broken, odd and hostile replies to an order, each with the verdicts that would be right.

A case is what the broker's socket does after the whole request arrived. `right` names the only
verdicts that are not wrong: "accepted" means Accepted with exactly this order's id.
"""

import gzip
import random
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from tests.brokers.rig import accepted, leg, reply

ACCEPTED = frozenset({"accepted"})
REFUSED = frozenset({"refused"})
UNKNOWN = frozenset({"unknown"})

BOMB = gzip.compress(b" " * 50_000_000, 1)

SHORT_MS = 150
"""Deadline of the cases that can end in no other way than by it."""


@dataclass(frozen=True)
class Case:
    """`pieces` go out one by one; `then`: keep, close, cut, silence, or drip or forever `tail`."""

    name: str
    pieces: tuple[bytes, ...]
    then: str
    right: frozenset[str]
    tail: bytes = b""

    @property
    def ends_by_deadline(self) -> bool:
        return self.then in ("silence", "drip")


def chunked(body: bytes, sizes: list[int], *headers: str, trailer: bytes = b"") -> bytes:
    head = reply(b"", 200, "Transfer-Encoding: chunked", *headers, length=False)
    out, at = [head], 0
    for size in sizes:
        piece = body[at : at + size]
        if piece:
            out.append(b"%x\r\n%b\r\n" % (len(piece), piece))
        at += size
    if body[at:]:
        out.append(b"%x\r\n%b\r\n" % (len(body[at:]), body[at:]))
    return b"".join(out) + b"0\r\n" + trailer + b"\r\n"


def whole(name: str, sent: bytes, right: frozenset[str], then: str = "keep") -> Case:
    return Case(name, (sent,), then, right)


Maker = Callable[[random.Random, str], Case]


def clean(dice: random.Random, number: str) -> Case:
    body = accepted(number)
    coded = gzip.compress(body)
    forms = [
        reply(body),
        reply(body, 200, "Connection: keep-alive", "Keep-Alive: timeout=5", "Server: x"),
        reply(body, 201, "X-Empty:", "Set-Cookie: a=b", "Set-Cookie: c=d"),
        chunked(body, [dice.randint(1, 40) for _ in range(dice.randint(0, 8))]),
        chunked(body, [], trailer=b"X-Trailer: 1\r\n"),
        reply(coded, 200, "Content-Encoding: gzip"),
        chunked(coded, [7, 3], "Content-Encoding: gzip"),
        reply(zlib.compress(body), 200, "Content-Encoding: deflate"),
        b"HTTP/1.1 100 Continue\r\n\r\n" + reply(body),
        b"HTTP/1.1 100 Continue\r\nX-A: 1\r\n\r\n" * 3 + chunked(body, [9]),
        reply(body, 200, reason=""),
    ]
    sent = dice.choice(forms)
    cuts = sorted(dice.sample(range(1, len(sent)), min(dice.randint(0, 6), len(sent) - 1)))
    pieces = tuple(sent[a:b] for a, b in zip([0, *cuts], [*cuts, len(sent)], strict=True))
    return Case("clean", pieces, "keep", ACCEPTED)


def closing(dice: random.Random, number: str) -> Case:
    body = accepted(number)
    sent = dice.choice(
        [
            reply(body, 200, "Connection: close"),
            chunked(body, [5], "Connection: close"),
            reply(body).replace(b"HTTP/1.1", b"HTTP/1.0"),
        ]
    )
    return whole("closing", sent, ACCEPTED, dice.choice(["close", "keep"]))


def refused(dice: random.Random, number: str) -> Case:
    del number
    body = leg(f"EC{dice.choice([900, 904, 954, 991, 703])}")
    return whole(
        "refused", dice.choice([reply(body), reply(body, 400), chunked(body, [3])]), REFUSED
    )


def torn(dice: random.Random, number: str) -> Case:
    body = accepted(number)
    sent = dice.choice(
        [
            reply(body),
            chunked(body, [20]),
            reply(gzip.compress(body), 200, "Content-Encoding: gzip"),
        ]
    )
    return whole(
        "torn", sent[: dice.randrange(len(sent))], UNKNOWN, dice.choice(["close", "cut", "silence"])
    )


def too_much(dice: random.Random, number: str) -> Case:
    one = reply(accepted(number))
    extra = dice.choice(
        [
            one,
            reply(accepted("X9")),
            b"x",
            b"HTTP/1.1 200",
            b"\x00",
            reply(leg("EC901")),
            b"0\r\n\r\n",
        ]
    )
    return whole("too much", one + extra, UNKNOWN)


def interim(dice: random.Random, number: str) -> Case:
    first = dice.choice(
        [
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
            b"HTTP/1.1 102 Processing\r\n\r\n",
            b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n",
            b"HTTP/1.1 100 Continue\r\n\r\n" * 50,
        ]
    )
    return whole("interim", first + reply(accepted(number)), UNKNOWN)


def bad_framing(dice: random.Random, number: str) -> Case:
    body = accepted(number)
    size = len(body)

    def lengths(*lines: str) -> bytes:
        return reply(body, 200, *lines, length=False)

    broken_chunks = [
        b"zz\r\n" + body,
        b"-5\r\n" + body,
        b"ffffffffffffffffff\r\n" + body,
        b"%x\r\n%bXX0\r\n\r\n" % (size, body),
        b"%x\n%b\n0\n\n" % (size, body),
        b"%x \r\n%b\r\n0\r\n\r\n" % (size + 4, body),
        b"\r\n" + body,
    ]
    head = reply(b"", 200, "Transfer-Encoding: chunked", length=False)
    sent = dice.choice(
        [
            lengths(f"Content-Length: {size}", f"Content-Length: {size + 1}"),
            lengths(f"Content-Length: {size}", "Transfer-Encoding: chunked"),
            lengths(f"Content-Length: -{size}"),
            lengths(f"Content-Length: {size}, {size}"),
            lengths("Content-Length: 99999999999999999999999"),
            lengths("Content-Length: 9000000"),
            lengths(f"Content-Length: 0x{size:x}"),
            lengths(f"Content-Length: {size - 1}"),
            lengths("Transfer-Encoding: chunked, identity"),
            lengths("Transfer-Encoding: xchunked"),
            lengths(),  # without any length: ended by closing only
            head + dice.choice(broken_chunks),
        ]
    )
    return whole("bad framing", sent, UNKNOWN, "close")


def not_http(dice: random.Random, number: str) -> Case:
    body = accepted(number)
    junk = dice.randbytes(dice.randint(1, 400))
    sent = dice.choice(
        [
            b"",
            body,
            junk,
            b"SSH-2.0-OpenSSH_9.2\r\n",
            b"HTTP/9.9 200 OK\r\nContent-Length: 0\r\n\r\n",
            b"HTTP/1.1 2000 OK\r\n\r\n",
            b"HTTP/1.1 OK\r\n\r\n",
            b"ICY 200 OK\r\n\r\n" + body,
            b"POST / HTTP/1.1\r\n\r\n",
            reply(body).replace(b"\r\n", b"\n"),
            reply(body, 200, "Bad Header Line"),
            reply(body, 200, "X: a\x00b"),
            b"\x15\x03\x03\x00\x02\x02\x28",
        ]
    )
    return whole("not http", sent, UNKNOWN, "close")


def bad_coding(dice: random.Random, number: str) -> Case:
    body = accepted(number)
    coded = gzip.compress(body)
    flipped = bytearray(coded)
    flipped[dice.randrange(12, len(coded) - 8)] ^= 1 << dice.randrange(8)
    sent = dice.choice(
        [
            reply(body, 200, "Content-Encoding: gzip"),
            reply(coded[:-9], 200, "Content-Encoding: gzip"),
            reply(bytes(flipped), 200, "Content-Encoding: gzip"),
            reply(coded + b"junk", 200, "Content-Encoding: gzip"),
            reply(coded + coded, 200, "Content-Encoding: gzip"),
            reply(body, 200, "Content-Encoding: br"),
            reply(coded, 200, "Content-Encoding: gzip, gzip"),
            reply(coded),
            reply(BOMB, 200, "Content-Encoding: gzip"),
        ]
    )
    return whole("bad coding", sent, UNKNOWN)


def flood(dice: random.Random, number: str) -> Case:
    del number
    start = b"HTTP/1.1 200 OK\r\n"
    plain = reply(b"", 200, "Transfer-Encoding: chunked", length=False)
    name, first, tail = dice.choice(
        [
            ("headers", start, b"X-Flood: %b\r\n" % (b"f" * 1000)),
            ("tiny headers", start, b"a:b\r\n" * 200),
            ("one header", start + b"X: ", b"y" * 8192),
            ("status line", b"HTTP/1.1 200 ", b"O" * 8192),
            ("chunks", plain, b"1000\r\n%b\r\n" % (b" " * 4096)),
            ("tiny chunks", plain, b"1\r\n \r\n" * 500),
            ("chunk extensions", plain, b"1;%b\r\n \r\n" % (b"e" * 4096)),
            ("trailers", plain + b"0\r\n", b"T: %b\r\n" % (b"t" * 1000)),
            ("body to the end", reply(b"", length=False), b" " * 8192),
            ("gzip", reply(b"", 200, "Content-Encoding: gzip", length=False), b"\x1f\x8b" * 4096),
            ("interim", b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 20),
        ]
    )
    return Case(f"flood of {name}", (first,), "forever", UNKNOWN, tail)


def drip(dice: random.Random, number: str) -> Case:
    sent = reply(accepted(number))[: dice.randint(1, 30)]
    return Case("drip", (sent,), "drip", UNKNOWN, b"x")


def mutated(dice: random.Random, number: str) -> Case:
    """A good reply with a few bytes changed anywhere but in the id: no other id may come of it."""
    body = accepted(number)
    sent = bytearray(dice.choice([reply(body), chunked(body, [30]), reply(leg("EC954"))]))
    for _ in range(dice.randint(1, 4)):
        held = bytes(sent).find(number.encode())
        at = dice.randrange(len(sent))
        if 0 <= held - 1 <= at <= held + len(number):
            continue
        what = dice.randrange(3)
        if what == 0:
            sent[at] = dice.randrange(256)
        elif what == 1:
            del sent[at]
        else:
            sent.insert(at, dice.randrange(256))
    right = frozenset(
        {"accepted", "unknown"} if number.encode() in sent else {"refused", "unknown"}
    )
    return whole("mutated", bytes(sent), right, "close")


MAKERS: tuple[Maker, ...] = (
    clean,
    clean,
    clean,
    closing,
    refused,
    torn,
    torn,
    too_much,
    interim,
    bad_framing,
    bad_framing,
    not_http,
    bad_coding,
    flood,
    drip,
    mutated,
    mutated,
    mutated,
)


def make_case(seed: int, index: int, number: str) -> Case:
    """The case of a seed and an index; always the same one."""
    dice = random.Random(f"{seed}/{index}")  # noqa: S311 - a case must come again
    return dice.choice(MAKERS)(dice, number)
