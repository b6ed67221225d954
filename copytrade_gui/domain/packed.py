"""Values of one kind in a tenth of the memory: each as what it says differently from one like it.

Nothing of a value is lost, and each comes back alone. A value is packed only if it comes back as
it was, byte for byte of what msgspec writes of it; one that would not is not taken.
"""

from __future__ import annotations

import zlib
from array import array
from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

import msgspec

T = TypeVar("T")

_WINDOW = -12  # raw deflate that sees 4 KiB back: a value like it is one to two
_LEVEL, _MEMORY = 6, 1


class Form(Generic[T]):
    """How values of one type are written; made once for a type."""

    def __init__(self, kind: type[T]) -> None:
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder = msgspec.msgpack.Decoder(kind)

    def raw(self, value: T) -> bytes:
        """All that a value says."""
        return self._encoder.encode(value)

    def pack(self, raw: bytes, like: bytes) -> bytes:
        """What ``raw`` says differently from ``like``. Raises ValueError: it is not read back."""
        deflate = zlib.compressobj(
            _LEVEL, zlib.DEFLATED, _WINDOW, _MEMORY, zlib.Z_DEFAULT_STRATEGY, like
        )
        packed = deflate.compress(raw) + deflate.flush()
        try:
            same = self.raw(self.unpack(packed, like)) == raw
        except (msgspec.ValidationError, msgspec.DecodeError) as error:
            raise ValueError(str(error)) from error
        if not same:
            raise ValueError("it would come back as something else")
        return packed

    def unpack(self, packed: bytes, like: bytes) -> T:
        """A new value, equal to the one that was packed."""
        return self._decoder.decode(inflated(packed, like))


class Packed(Generic[T]):
    """A row of packed values: the first by one given, all others by the first.

    To be added to at its end, and read anywhere.
    """

    __slots__ = ("_data", "_ends", "_form", "_like")

    def __init__(self, form: Form[T], like: bytes) -> None:
        self._form = form
        self._like = like
        self._data = b""
        self._ends = array("I")

    def extend(self, raws: Iterable[bytes]) -> None:
        """Add values, as their form writes them. Raises ValueError: one would not come back, and
        none was added.
        """
        first = self._first()
        found: list[bytes] = []
        for raw in raws:
            found.append(self._form.pack(raw, self._like if first is None else first))
            first = raw if first is None else first
        for packed in found:
            self._ends.append((self._ends[-1] if self._ends else 0) + len(packed))
        self._data += b"".join(found)

    def __len__(self) -> int:
        return len(self._ends)

    def __getitem__(self, place: int) -> T:
        """The value at a place, from 0. Raises IndexError."""
        packed = self._at(place)
        first = self._first() if place else None
        return self._form.unpack(packed, self._like if first is None else first)

    def __iter__(self) -> Iterator[T]:
        return (self[place] for place in range(len(self)))

    def _at(self, place: int) -> bytes:
        end = self._ends[place]
        return self._data[self._ends[place - 1] if place else 0 : end]

    def _first(self) -> bytes | None:
        return inflated(self._at(0), self._like) if self._ends else None


def inflated(packed: bytes, like: bytes) -> bytes:
    """What was packed by one like it, as its form writes it."""
    return zlib.decompressobj(_WINDOW, like).decompress(packed)
