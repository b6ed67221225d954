"""A book that grows: the beginning that was read before is recognised by its bytes, not read again.

A book is asked for every few seconds and holds the whole day, a kilobyte an order; nearly all of
it is what the reply before said. Only equal bytes are recognised, only inside an array of plain
rows, and whatever is not of that form is read whole. So a read says what it would say
without this; a row that was read before is made of its bytes again when somebody asks for it.

Of a row that was read only a digest of its bytes is kept: the books of five hundred accounts are
hundreds of megabytes at the end of a busy day.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar, overload

from copytrade_gui.brokers.http.http_call import MAX_ROWS
from copytrade_gui.ports import MARK

RowT = TypeVar("RowT")

_DIGEST = MARK
"""Bytes kept of the SHA-256 of a row: as good as the row itself, and a sixtieth of it."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A reply without its known beginning: how many rows, and a body that holds only the rest.

    ``rest`` is None when there is none.
    """

    known: int
    rest: bytes | None


@dataclass(frozen=True, slots=True)
class Known:
    """What one whole reply said, as digests of the bytes of its rows.

    ``head`` is what stands before the first row and ends with the bracket; ``ends`` says where the
    comma behind each row ends, if there is one. ``digests`` has of each row the digest of its bytes
    and the one byte before them; ``whole`` is that of everything up to the last row's end, for the
    usual case in one look.
    """

    head: bytes = b""
    ends: Sequence[int] = ()
    digests: bytes = b""
    whole: bytes = b""
    tail: bytes = b""

    def __len__(self) -> int:
        return len(self.ends)

    def cut(self, body: bytes) -> Cut:
        """Recognise the rows with which a reply begins."""
        count = self._same_rows(body)
        if count == 0:
            return Cut(0, body)
        end = self.ends[count - 1]
        if count == len(self) and body[end - 1 :] == self.tail:
            return Cut(count, None)
        if body[end - 1 : end] != b",":  # not sure that the row is over
            count -= 1
        if count == 0:
            return Cut(0, body)
        return Cut(count, self.head + body[self.ends[count - 1] :])

    def raw(self, body: bytes, place: int) -> bytes:
        """The bytes of a row in the reply that is known."""
        start = self.ends[place - 1] if place else len(self.head)
        return body[start : self.ends[place] - 1]

    def grown(self, body: bytes, cut: Cut, raws: Sequence[bytes]) -> Known:
        """The whole reply, now that the rest of its cut was read: ``raws`` its rows as bytes.

        Knows no rows if the rest was not just rows between the known head and tail: then what was
        cut off proves nothing, and the reply must be read whole.
        """
        joined, kept = b",".join(raws), cut.known
        plain = self.head + joined + self.tail == cut.rest
        if not raws or not plain or kept + len(raws) > MAX_ROWS:
            return Known()
        ends = array("Q", self.ends[:kept])
        ends.extend(_ends(self.ends[kept - 1], raws))
        digests = self.digests[: kept * _DIGEST] + _digests(b",", raws)
        whole = _digest(memoryview(body)[: ends[-1] - 1])
        return Known(self.head, ends, digests, whole, self.tail)

    def _same_rows(self, body: bytes) -> int:
        """How many of the known rows stand at the beginning of a reply, one behind the other."""
        if not self.ends or not body.startswith(self.head):
            return 0
        text, digests, start = memoryview(body), memoryview(self.digests), len(self.head)
        if _digest(text[: self.ends[-1] - 1]) == self.whole:
            return len(self)
        for number, end in enumerate(self.ends):
            known = digests[number * _DIGEST : (number + 1) * _DIGEST]
            if _digest(text[start - 1 : end - 1]) != known:
                return number
            start = end
        return len(self)


class GrownRows(Sequence[RowT]):
    """The rows of a reply that began with known ones, which are made when they are asked for.

    It holds the whole reply, so nobody may keep it for long. Not those that are ``new``.
    """

    __slots__ = ("_body", "_known", "_made", "_new", "_old")

    def __init__(
        self, known: Known, body: bytes, new: Sequence[RowT], made: Callable[[bytes], RowT]
    ) -> None:
        """``known`` is all of this reply, ``made`` a row of its bytes."""
        self._known, self._body, self._new, self._made = known, body, new, made
        self._old = len(known) - len(new)

    def __len__(self) -> int:
        return len(self._known)

    @overload
    def __getitem__(self, place: int) -> RowT: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[RowT]: ...
    def __getitem__(self, place: int | slice) -> RowT | Sequence[RowT]:
        places = range(len(self))[place]
        if isinstance(places, range):
            return tuple([self._at(one) for one in places])
        return self._at(places)

    def __iter__(self) -> Iterator[RowT]:
        return map(self._at, range(len(self)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    __hash__ = None  # type: ignore[assignment]  # as of any sequence that says what it holds

    def _at(self, place: int) -> RowT:
        if place >= self._old:
            return self._new[place - self._old]
        return self._made(self._known.raw(self._body, place))


def known_of(body: bytes, raws: Sequence[bytes]) -> Known:
    """What a reply that was read whole said; no rows if they are not all of its last array."""
    joined = b",".join(raws)
    head, _, tail = body.partition(joined) if raws else (body, b"", b"")
    # A later array could hold the same rows, and be the one that was read.
    if not (head.endswith(b"[") and tail.startswith(b"]") and b"[" not in tail):
        return Known()
    ends = array("Q", _ends(len(head), raws))
    whole = _digest(memoryview(body)[: ends[-1] - 1])
    return Known(head, ends, _digests(b"[", raws), whole, tail)


def _ends(start: int, raws: Sequence[bytes]) -> Iterable[int]:
    for raw in raws:
        start += len(raw) + 1
        yield start


def _digests(before: bytes, raws: Sequence[bytes]) -> bytes:
    befores = (before, *(b"," for _ in raws[1:]))
    return b"".join(_digest(byte + raw) for byte, raw in zip(befores, raws, strict=True))


def _digest(text: bytes | memoryview) -> bytes:
    return hashlib.sha256(text).digest()[:_DIGEST]
