"""Undo a content coding without ever holding more than we agreed to."""

from __future__ import annotations

import zlib


class BodyTooLargeError(Exception):
    """The decoded body would exceed its limit."""


class BadCodingError(Exception):
    """The body is not what its ``Content-Encoding`` says, or we do not know that coding."""


class Inflater:
    """Decodes a body piece by piece. Knows ``identity``, ``gzip`` and ``deflate``."""

    def __init__(self, coding: str, limit: int) -> None:
        name = coding.strip().lower()
        if name in ("", "identity"):
            self._stream = None
        elif name in ("gzip", "x-gzip"):
            self._stream = zlib.decompressobj(16 + zlib.MAX_WBITS)
        elif name == "deflate":
            self._stream = zlib.decompressobj()
        else:
            raise BadCodingError(f"content coding {name[:20]!r} is not supported")
        self._limit = limit
        self._held = bytearray()

    def feed(self, piece: bytes) -> None:
        """Take the next piece as it came off the wire.

        Raises:
            BodyTooLargeError: the limit is passed; nothing more is decoded.
            BadCodingError: the piece cannot be decoded.
        """
        if self._stream is None:
            self._held += piece
        else:
            if self._stream.eof:
                raise BadCodingError("bytes follow the end of the compressed body")
            try:
                # One byte above the limit tells "exactly full" from "more to come".
                room = self._limit - len(self._held) + 1
                self._held += self._stream.decompress(piece, room)
            except zlib.error as error:
                raise BadCodingError("the compressed body is damaged") from error
            if self._stream.unused_data:
                raise BadCodingError("bytes follow the end of the compressed body")
        if len(self._held) > self._limit:
            raise BodyTooLargeError(f"the body is larger than {self._limit} bytes")

    def finish(self) -> bytes:
        """Return the whole body.

        Raises:
            BadCodingError: the compressed body ends early.
        """
        if self._stream is not None and not self._stream.eof:
            raise BadCodingError("the compressed body ends early")
        return bytes(self._held)
