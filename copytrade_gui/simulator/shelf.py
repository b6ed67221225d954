"""The beginning of a book that will not change any more, kept as text for the reads to come.

By the end of a day a book has half a megabyte, is read every few seconds, and all but its last
rows are as they were.
"""


class Shelf:
    """The first rows of one book of one account, as JSON with commas between.

    Whoever changes one of its rows, or how rows look, must throw it away (`Account.shelves`).
    """

    __slots__ = ("count", "latest", "text")

    def __init__(self) -> None:
        self.text = bytearray()
        self.count = 0
        """Of how many orders or fills, counted from the first."""
        self.latest = 0
        """From which moment on (ns) all of them are to be seen: a clock may be turned back."""

    def put(self, row: bytes, seen_from: int) -> None:
        """Add the next row."""
        if self.count:
            self.text += b","
        self.text += row
        self.count += 1
        self.latest = max(self.latest, seen_from)

    def with_rest(self, rest: list[bytes]) -> bytes:
        """All rows of a book: these and then the rest."""
        return b",".join([self.text, *rest] if self.count else rest)
