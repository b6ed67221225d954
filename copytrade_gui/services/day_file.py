"""A whole day as one file to keep: sheets, audit trail, and a manifest of hashes over all of it.

It is a zip. Whoever has only the file can check it on any machine: that every part is there as it
was written, that the day's trail is whole and was not changed, and that the trades in the sheets
are those of the trail.
"""

from __future__ import annotations

import csv
import hashlib
import io
import lzma
import zipfile
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path, PurePosixPath
from typing import IO

import msgspec

from copytrade_gui.domain.day import DaySeal
from copytrade_gui.domain.ids import AccountId, BrokerOrderId
from copytrade_gui.domain.records import Fill
from copytrade_gui.ports import TrailPart
from copytrade_gui.services.sheet_page import ORDER, PRICE, QUANTITY, TRADE, TRADES
from copytrade_gui.services.written_file import whole_file

TRAIL = "trail.json"
SHEETS = "sheets"
_MANIFEST = "manifest.json"
_FORMAT = "copytrade day"
_LONGEST_MANIFEST = 64 * 1024 * 1024
_CHUNK = 1 << 20
_DAMAGED = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, RuntimeError, ValueError)
"""What reading a damaged part raises; RuntimeError one with a password, or nested too deep."""


class Part(msgspec.Struct, frozen=True):
    """One file of the day."""

    name: str
    size: int
    sha256: str


class SheetOf(msgspec.Struct, frozen=True):
    """Whose sheet it is; ``csv`` is its name in the file."""

    account_id: AccountId
    client_id: str
    name: str
    csv: str


class Manifest(msgspec.Struct, frozen=True):
    """What a day's file holds. ``day`` is the Indian date, ``made`` when it was made (IST)."""

    format: str
    version: int
    day: str
    made: str
    paper: bool
    trail: TrailPart
    seal: DaySeal | None
    sheets: tuple[SheetOf, ...]
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """A day's file that was written. ``sha256`` is over the whole file; note it elsewhere."""

    path: Path
    followers: int
    events: int
    sealed: bool
    sha256: str


def manifest(
    day: str,
    made: str,
    folder: Path,
    *,
    paper: bool,
    trail: TrailPart,
    seal: DaySeal | None,
    sheets: Sequence[SheetOf],
) -> Manifest:
    """The manifest of what lies in a folder. Raises OSError."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    parts = []
    for path in files:
        with path.open("rb") as file:
            name = path.relative_to(folder).as_posix()
            parts.append(Part(name, path.stat().st_size, _digest(file)))
    return Manifest(_FORMAT, 1, day, made, paper, trail, seal, tuple(sheets), tuple(parts))


def write(path: Path, folder: Path, content: Manifest) -> str:
    """Put a folder into a day's file, whole or not at all; returns its SHA-256. Raises OSError."""
    with whole_file(path) as fresh:
        with zipfile.ZipFile(fresh, "w", zipfile.ZIP_DEFLATED) as archive:
            for part in content.parts:
                archive.write(folder / part.name, part.name)
            archive.writestr(_MANIFEST, msgspec.json.format(msgspec.json.encode(content), indent=2))
        with fresh.open("rb") as file:
            return _digest(file)


def unpacked(path: Path, folder: Path) -> tuple[Manifest | None, list[str]]:
    """Put the parts of a day's file that are as they were written into a folder.

    Returns its manifest, None where it has none that can be read, and what does not fit, in
    sentences. Raises OSError, zipfile.BadZipFile.
    """
    with zipfile.ZipFile(path) as archive:
        content = _read_manifest(archive)
        if content is None:
            return None, [f"{path.name} has no manifest that can be read: it is no day's file."]
        problems = []
        listed = {part.name for part in content.parts}
        for name, times in Counter(archive.namelist()).items():
            if times > 1:
                problems.append(f"{name} stands in the file {times} times.")
            elif name not in listed and name != _MANIFEST:
                problems.append(f"{name} is in the file, but not in its manifest.")
        found = [_unpack(archive, part, folder) for part in content.parts]
    problems += [problem for problem in found if problem]
    return content, problems


def _read_manifest(archive: zipfile.ZipFile) -> Manifest | None:
    try:
        info = archive.getinfo(_MANIFEST)
        if info.file_size > _LONGEST_MANIFEST:
            return None
        content = msgspec.json.decode(archive.read(info), type=Manifest)
    except (KeyError, *_DAMAGED):
        return None
    return content if (content.format, content.version) == (_FORMAT, 1) else None


def _unpack(archive: zipfile.ZipFile, part: Part, folder: Path) -> str:
    """What is wrong with a part, in a sentence; empty: it lies in the folder."""
    name = PurePosixPath(part.name)
    if name.is_absolute() or ".." in name.parts or "\\" in part.name:
        return f"{part.name} would lie outside of the file's own folder."
    try:
        info = archive.getinfo(part.name)
    except KeyError:
        return f"{part.name} is missing."
    if info.file_size != part.size:
        return f"{part.name} has {info.file_size} bytes, the manifest says {part.size}."
    target = folder / name
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with archive.open(info) as source, target.open("wb") as out:
            digest = _digest(source, out)
    except _DAMAGED as error:
        return f"{part.name} cannot be unpacked: {error}."
    return "" if digest == part.sha256 else f"{part.name} was changed after it was written."


def _digest(source: IO[bytes], out: IO[bytes] | None = None) -> str:
    digest = hashlib.sha256()
    while chunk := source.read(_CHUNK):
        digest.update(chunk)
        if out is not None:
            out.write(chunk)
    return digest.hexdigest()


def trades_differ(
    content: Manifest, folder: Path, fills: Mapping[AccountId, Sequence[Fill]]
) -> list[str]:
    """How the trades in the sheets differ from those in the trail, in sentences."""
    problems = []
    for sheet in content.sheets:
        path = folder / sheet.csv
        if not path.is_file():
            continue  # told already
        told = _told(path.read_text("utf-8-sig"))
        if told is None:
            problems.append(f"The trades in {sheet.csv} cannot be read.")
            continue
        trades, orders = told
        known = {(fill.trade_id, fill.quantity, fill.price): fill.broker_order_id
                 for fill in fills.get(sheet.account_id, ())}  # fmt: skip
        ours = {key for key, order in known.items() if order in orders}
        problems += [
            f"{sheet.csv} tells of trade {number}, {units} at {price}, which the trail does not "
            "know."
            for number, units, price in sorted(trades - known.keys())
        ]
        problems += [
            f"{sheet.csv} lacks trade {number}, {units} at {price}, which is in the trail."
            for number, units, price in sorted(ours - trades)
        ]
    return problems


def _told(text: str) -> tuple[set[tuple[str, int, Decimal]], set[BrokerOrderId]] | None:
    """The trades of a sheet as comma separated text, and its orders; None: it is no sheet."""
    trades: set[tuple[str, int, Decimal]] = set()
    orders: set[BrokerOrderId] = set()
    columns: list[str] = []
    title = ""
    try:
        rows = list(csv.reader(io.StringIO(text)))
        for before, row in zip([[], *rows], rows, strict=False):
            if not row:
                title, columns = "", []
            elif not title and not before:
                title = row[0]
            elif title and not columns:
                columns = row
            elif ORDER in columns:
                cells = dict(zip(columns, row, strict=True))
                orders.add(BrokerOrderId(cells[ORDER]))
                if title == TRADES and cells[TRADE]:
                    trades.add((cells[TRADE], int(cells[QUANTITY]), Decimal(cells[PRICE])))
    except (ValueError, KeyError, InvalidOperation, csv.Error):
        return None
    return trades, orders - {BrokerOrderId("")}
