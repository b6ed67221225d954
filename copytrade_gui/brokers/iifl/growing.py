"""A book that grows: the beginning that was read before is recognised by its bytes, not read again.

A book is asked for every few seconds and holds the whole day, a kilobyte an order; nearly all of
it is what the reply before said. Only equal bytes are recognised, only inside an array of plain
rows, and whatever is not of that form is read whole. So a read says what it would say
without this, and rows that stayed the same are the same objects.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from copytrade_gui.brokers.iifl.envelope import MAX_ROWS

RowT = TypeVar("RowT")


@dataclass(frozen=True, slots=True)
class Cut(Generic[RowT]):
    """A reply without its known beginning: ``known`` rows, and a body that holds only the rest.

    ``rest`` is None when there is none.
    """

    known: tuple[RowT, ...]
    rest: bytes | None


@dataclass(frozen=True, slots=True)
class Known(Generic[RowT]):
    """What one whole reply said, as bytes and as rows.

    ``text`` is the head and each row with a comma behind it; ``ends`` says where those commas end.
    """

    rows: tuple[RowT, ...] = ()
    head: bytes = b""
    text: bytes = b""
    ends: tuple[int, ...] = ()
    tail: bytes = b""

    def cut(self, body: bytes) -> Cut[RowT]:
        """Recognise the rows with which a reply begins."""
        if not self.rows:
            return Cut((), body)
        text, count = memoryview(self.text), len(self.rows)
        if body.startswith(text[:-1]) and body[len(text) - 1 :] == self.tail:
            return Cut(self.rows, None)
        if not body.startswith(text):
            count = bisect_left(self.ends, True, key=lambda end: not body.startswith(text[:end]))
        if count == 0:
            return Cut((), body)
        return Cut(self.rows[:count], self.head + body[self.ends[count - 1] :])

    def grown(self, cut: Cut[RowT], raws: Sequence[bytes], new: tuple[RowT, ...]) -> Known[RowT]:
        """The whole reply, now that the rest of its cut was read: ``raws`` its rows as bytes.

        Knows no rows if the rest was not just rows between the known head and tail: then what was
        cut off proves nothing, and the reply must be read whole.
        """
        joined, kept = b",".join(raws), len(cut.known)
        whole = self.head + joined + self.tail == cut.rest
        if not raws or not whole or kept + len(raws) > MAX_ROWS:
            return Known()
        text = self.text[: self.ends[kept - 1]] + joined + b","
        ends = _ends(self.ends[kept - 1], raws)
        return Known(cut.known + new, self.head, text, self.ends[:kept] + ends, self.tail)


def known_of(body: bytes, raws: Sequence[bytes], rows: tuple[RowT, ...]) -> Known[RowT]:
    """What a reply that was read whole said; no rows if they are not all of its last array."""
    joined = b",".join(raws)
    head, _, tail = body.partition(joined) if raws else (body, b"", b"")
    # A later array could hold the same rows, and be the one that was read.
    if not (head.endswith(b"[") and tail.startswith(b"]") and b"[" not in tail):
        return Known()
    return Known(rows, head, head + joined + b",", _ends(len(head), raws), tail)


def _ends(start: int, raws: Sequence[bytes]) -> tuple[int, ...]:
    ends = []
    for raw in raws:
        start += len(raw) + 1
        ends.append(start)
    return tuple(ends)
