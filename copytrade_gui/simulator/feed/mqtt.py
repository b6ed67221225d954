"""The packets of MQTT 3.1.1 (OASIS, 29 October 2014) that a QoS 0 feed needs, as bytes."""

import struct
from typing import NamedTuple

CONNECT, PUBLISH, SUBSCRIBE, UNSUBSCRIBE, PINGREQ, DISCONNECT = 1, 3, 8, 10, 12, 14
PINGRESP = b"\xd0\x00"
REFUSED_TOPIC = 0x80

BAD_VERSION, BAD_IDENTIFIER, UNAVAILABLE, BAD_LOGIN, UNAUTHORISED = 1, 2, 3, 4, 5
"""Return codes of a CONNACK beside 0, accepted."""

MAX_PACKET = 256 * 1024
_PROTOCOL = b"\x00\x04MQTT"
_WILL, _WILL_RETAIN_AND_QOS, _PASSWORD, _USER = 0x04, 0x38, 0x40, 0x80


class MalformedError(Exception):
    """Bytes that break the protocol; the connection is closed, as MQTT demands."""


class Packet(NamedTuple):
    """One control packet: its type, the low four bits of its first byte, and what follows."""

    kind: int
    flags: int
    body: bytes


class Login(NamedTuple):
    """What a CONNECT asks for. ``version`` is the protocol level; 4 is 3.1.1."""

    version: int
    identifier: str
    clean: bool
    keep_alive_s: int
    user: str
    password: str


def take_packet(buffer: bytearray) -> Packet | None:
    """Cut the first whole packet off a buffer; None while it is not all there.

    Raises:
        MalformedError: a length that cannot be.
    """
    length = shift = 0
    for place in range(1, 5):
        if place >= len(buffer):
            return None
        length |= (buffer[place] & 0x7F) << shift
        shift += 7
        if not buffer[place] & 0x80:
            break
    else:
        raise MalformedError("remaining length")
    if length > MAX_PACKET:
        raise MalformedError("packet too large")
    end = place + 1 + length
    if len(buffer) < end:
        return None
    packet = Packet(buffer[0] >> 4, buffer[0] & 0x0F, bytes(buffer[place + 1 : end]))
    del buffer[:end]
    return packet


class _Reader:
    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = 0

    @property
    def left(self) -> bool:
        return self._at < len(self._body)

    def take(self, count: int) -> bytes:
        piece = self._body[self._at : self._at + count]
        if len(piece) < count:
            raise MalformedError("packet too short")
        self._at += count
        return piece

    def number(self) -> int:
        return int.from_bytes(self.take(2), "big")

    def binary(self) -> bytes:
        return self.take(self.number())

    def text(self) -> str:
        try:
            text = self.binary().decode()
        except UnicodeDecodeError as problem:
            raise MalformedError("no UTF-8") from problem
        if "\x00" in text:
            raise MalformedError("null character")
        return text


def read_connect(body: bytes) -> Login:
    """Read a CONNECT; of another version than 3.1.1 only the version.

    Raises:
        MalformedError: not to be read.
    """
    reader = _Reader(body)
    name = reader.binary()
    version, flags = reader.take(2)
    if name != _PROTOCOL[2:] or version != 4:
        return Login(version, "", clean=True, keep_alive_s=0, user="", password="")
    if flags & 0x01 or (not flags & _WILL and flags & _WILL_RETAIN_AND_QOS):
        raise MalformedError("connect flags")
    keep_alive_s = reader.number()
    identifier = reader.text()
    if flags & _WILL:
        reader.text()
        reader.binary()
    user = reader.text() if flags & _USER else ""
    password = reader.text() if flags & _PASSWORD else ""
    return Login(version, identifier, bool(flags & 0x02), keep_alive_s, user, password)


def read_topics(packet: Packet) -> tuple[int, list[str]]:
    """The number and the topics of a SUBSCRIBE or UNSUBSCRIBE.

    Raises:
        MalformedError: not to be read, or without a topic.
    """
    reader = _Reader(packet.body)
    number = reader.number()
    topics = []
    while reader.left:
        topics.append(reader.text())
        if packet.kind == SUBSCRIBE and reader.take(1)[0] > 2:
            raise MalformedError("quality of service")
    if packet.flags != 2 or not topics:
        raise MalformedError("subscription")
    return number, topics


def connack(code: int) -> bytes:
    """The answer to a CONNECT; a session of before is never present."""
    return bytes((0x20, 2, 0, code))


def suback(number: int, codes: bytes) -> bytes:
    """The answer to a SUBSCRIBE: 0 or 0x80 for each of its topics."""
    return b"\x90" + _length(2 + len(codes)) + number.to_bytes(2, "big") + codes


def unsuback(number: int) -> bytes:
    """The answer to an UNSUBSCRIBE."""
    return b"\xb0\x02" + number.to_bytes(2, "big")


def publish(topic: bytes, payload: bytes) -> bytes:
    """A message under a topic, QoS 0, not retained."""
    head = struct.pack(">H", len(topic))
    return b"".join((b"\x30", _length(2 + len(topic) + len(payload)), head, topic, payload))


def _length(value: int) -> bytes:
    if value < 128:
        return bytes((value,))
    digits = bytearray()
    while True:
        value, digit = divmod(value, 128)
        digits.append(digit | 0x80 if value else digit)
        if not value:
            return bytes(digits)
