"""Books that do not tell the truth: what each book fault does to the rows of one read."""

import random
from collections.abc import Callable

import msgspec

from copytrade_gui.simulator.faults import Fault, changed_tag

_GARBLED = {
    "text": b'"garbled"',
    "null": b"null",
    "number": b"42",
    "list": b"[1,2,3]",
    "missing": b'{"orderStatus":"open"}',
}


def distort(rows: list[bytes], fault: Fault, source: random.Random) -> list[bytes]:
    """The rows as a lying book shows them; the given list is left alone."""
    count = min(fault.rows, len(rows))
    match fault.action:
        case "book_empty":
            return []
        case "book_short":
            return rows[: len(rows) - count]
        case "book_duplicate":
            chosen = [rows[source.randrange(len(rows))] for _ in range(count)]
            return rows + chosen
        case "book_shuffle":
            return source.sample(rows, len(rows))
        case "book_garble":
            return _replace(rows, count, source, lambda _row: _garbled(fault.form))
        case "book_quantity":
            return _replace(rows, count, source, lambda row: _miscounted(row, fault))
        case "book_tag":
            return _replace(rows, count, source, lambda row: _retagged(row, fault.form, source))
        case _:
            return rows


def _replace(
    rows: list[bytes], count: int, source: random.Random, change: Callable[[bytes], bytes]
) -> list[bytes]:
    changed = list(rows)
    for place in source.sample(range(len(rows)), count):
        changed[place] = change(rows[place])
    return changed


def _garbled(form: str) -> bytes:
    return _GARBLED.get(form or "text", _GARBLED["text"])


def _miscounted(row: bytes, fault: Fault) -> bytes:
    content = msgspec.json.decode(row)
    name = fault.form or "netQuantity"
    if not isinstance(content, dict) or name not in content:
        return row  # another lie garbled it before, or this book has no such figure
    wrong = int(content[name]) + fault.units
    content[name] = str(wrong) if isinstance(content[name], str) else wrong
    return msgspec.json.encode(content)


def _retagged(row: bytes, form: str, source: random.Random) -> bytes:
    content = msgspec.json.decode(row)
    if not isinstance(content, dict):
        return row  # another lie garbled it before
    content["orderTag"] = changed_tag(str(content.get("orderTag", "")), form, source) or "NA"
    return msgspec.json.encode(content)
