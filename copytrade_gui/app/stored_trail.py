"""The audit trail of a data folder in which no console runs, and of a file it was written to."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple
from zipfile import BadZipFile

from copytrade_gui.app.logs import log_to
from copytrade_gui.app.system_clock import SystemClock
from copytrade_gui.services.day_file import TRAIL, trades_differ, unpacked
from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.services.written_file import file_behind
from copytrade_gui.storage.files.folder import PAPER_PROFILE, known_folder
from copytrade_gui.storage.journal.export import fills_in, seals_in, verify_export
from copytrade_gui.storage.store import Store, open_store


@asynccontextmanager
async def _trail(data_dir: Path | None, profile: str, *, paper: bool) -> AsyncIterator[Store]:
    folder = known_folder(data_dir, PAPER_PROFILE if paper else profile)
    async with open_store(folder, SystemClock()) as store:
        with log_to(folder):
            yield store


class Verified(NamedTuple):
    """``problems`` are what does not fit, in sentences; empty: all that is there fits. ``lost_ns``
    is when records were last lost, UTC ns; 0: never, or nobody knows.
    """

    problems: tuple[str, ...]
    lost_ns: int = 0


async def verify_trail(data_dir: Path | None, profile: str, *, paper: bool) -> Verified:
    """What does not fit in a folder's trail, and in its tables against it. What was found as the
    folder was opened is of it: a damaged file was replaced by then.

    Raises:
        StorageError: a console holds the folder, nobody ever started one in it, or it cannot be
            read.
        JournalFailureError: what a console left waiting cannot be stored.
    """
    async with _trail(data_dir, profile, paper=paper) as store:
        problems = (*store.opening.sentences, *await store.history.verify())
        return Verified(problems, store.installation.lost_ns)


async def verify_file(file: Path) -> Verified:
    """What does not fit in an exported trail or a day's file, on any machine.

    Raises RefusedError.
    """
    checks: dict[str, Callable[[Path], tuple[str, ...]]] = {
        ".json": verify_export,
        ".zip": _verify_day,
    }
    check = checks.get(file.suffix.lower())
    if check is None:
        raise RefusedError(
            f"File {file.name} must be a trail that was exported as .json, or a day that was kept "
            "as .zip; a spreadsheet's .csv cannot be verified.",
            field="file",
        )
    try:
        return Verified(await asyncio.to_thread(check, file))
    except (OSError, ValueError, RuntimeError, BadZipFile) as error:
        raise RefusedError(f"File {file} cannot be read: {error}.", field="file") from error


def _verify_day(file: Path) -> tuple[str, ...]:
    """What does not fit in a day's file: its parts, its trail, its seal, its sheets' trades."""
    with tempfile.TemporaryDirectory(prefix="copytrade-day-") as scratch:
        folder = Path(scratch)
        content, problems = unpacked(file, folder)
        if content is None:
            return tuple(problems)
        trail = folder / TRAIL
        if not trail.is_file():
            return (*problems, f"{TRAIL} is not in the file.")
        try:
            problems += verify_export(trail, content.trail)
        except ValueError as error:
            return (*problems, f"The manifest's hashes of the trail cannot be read: {error}.")
        if content.seal is not None and content.seal not in seals_in(trail):
            problems.append("The manifest's seal of the day is not in the trail.")
        problems += trades_differ(content, folder, fills_in(trail))
    return tuple(problems)


async def export_trail(data_dir: Path | None, profile: str, file: Path, *, paper: bool) -> int:
    """Write a folder's trail to a .json or .csv file; returns how many events.

    Raises as ``verify_trail``, and RefusedError for the file.
    """
    if file.suffix.lower() not in (".csv", ".json"):
        raise RefusedError(f"File {file.name} must end in .json or .csv.", field="file")
    async with _trail(data_dir, profile, paper=paper) as store:
        try:
            return await store.history.export_events(file_behind(file))
        except OSError as error:
            raise RefusedError(f"File {file} cannot be written: {error}.", field="file") from error
