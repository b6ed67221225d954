"""The audit trail as a file for people and for auditors, and the check of such a file."""

from __future__ import annotations

import contextlib
import csv
import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from copytrade_gui.domain.day import DaySeal
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.records import Fill
from copytrade_gui.ports import TrailPart
from copytrade_gui.storage.files.files import PRIVATE_FILE
from copytrade_gui.storage.journal.chain import SEALED, ChainCheck, EventRow
from copytrade_gui.storage.journal.facts import FILL_SEEN, read_fill, read_seal

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class Export:
    """A growing .csv or .json file, owner-only. Raises OSError.

    JSON is one array with an object a line; CSV is UTF-8 with the mark that spreadsheets look for.
    """

    def __init__(self, path: Path) -> None:
        self.count = 0
        self._csv = path.suffix.lower() == ".csv"
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_FILE)
        encoding = "utf-8-sig" if self._csv else "utf-8"
        self._file = os.fdopen(handle, "w", encoding=encoding, newline="")
        self._writer = csv.writer(self._file)
        if self._csv:
            self._writer.writerow(EventRow._fields)

    def add(self, rows: Sequence[EventRow]) -> None:
        """Write the next events."""
        for row in rows:
            plain = [value.hex() if isinstance(value, bytes) else value for value in row]
            if self._csv:
                self._writer.writerow(tame(value) for value in plain)
            else:
                line = msgspec.json.encode(dict(zip(EventRow._fields, plain, strict=True)))
                self._file.write(("[\n" if self.count == 0 else ",\n") + line.decode())
            self.count += 1

    def finish(self) -> None:
        """Write the end and sync."""
        if not self._csv:
            self._file.write("\n]\n" if self.count else "[]\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def tame(value: str | int | None) -> str | int | None:
    """Prefix text that a spreadsheet would run as a formula."""
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS):
        return "'" + value
    return value


class _Exported(msgspec.Struct, forbid_unknown_fields=True):
    number: int
    wall_ns: int
    mono_ns: int
    clock_offset_ms: int | None
    actor: str
    kind: str
    account_id: str
    plan_id: str
    intent_id: str
    reason: str
    body: str
    previous_hash: str
    own_hash: str


def verify_export(path: Path, part: TrailPart | None = None) -> tuple[str, ...]:
    """Check the chain of a JSON export, away from the program that wrote it: of a whole trail, or
    of ``part`` of one. Raises OSError.
    """
    check = ChainCheck() if part is None else ChainCheck(bytes.fromhex(part.previous), part.before)
    for row in _rows(path, check.problems):
        check.walk([row])
    if part is not None and (check.number, check.head.hex()) != (
        part.before + part.events,
        part.head,
    ):
        check.problems.append(
            f"The trail ends with event {check.number}; it ended with event "
            f"{part.before + part.events} and another hash when it was written."
        )
    return tuple(check.problems)


def fills_in(path: Path) -> dict[AccountId, list[Fill]]:
    """The trades in a JSON export, by account; what cannot be read is left out. Raises OSError."""
    found: defaultdict[AccountId, list[Fill]] = defaultdict(list)
    for row in _rows(path, []):
        if row.kind == FILL_SEEN:
            with contextlib.suppress(ValueError, RecursionError):
                fill = read_fill(row.body)
                found[fill.account_id].append(fill)
    return found


def seals_in(path: Path) -> list[DaySeal]:
    """The seals in a JSON export; what cannot be read is left out. Raises OSError."""
    found = []
    for row in _rows(path, []):
        if row.kind == SEALED:
            with contextlib.suppress(ValueError, RecursionError):
                found.append(read_seal(row.body))
    return found


def _rows(path: Path, problems: list[str]) -> Iterator[EventRow]:
    with path.open(encoding="utf-8") as file:
        for line_number, line in enumerate(file, 1):
            text = line.strip().removesuffix(",")
            if text in ("[", "]", "[]"):
                continue
            try:
                found = msgspec.json.decode(text, type=_Exported)
                fields = msgspec.structs.astuple(found)
                hashes = bytes.fromhex(found.previous_hash), bytes.fromhex(found.own_hash)
            except (ValueError, RecursionError) as error:
                problems.append(f"Line {line_number} of {path.name} cannot be read: {error}")
                continue
            yield EventRow._make((*fields[:-2], *hashes))
