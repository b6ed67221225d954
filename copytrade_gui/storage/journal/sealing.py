"""Seals of closed days: a fact that names the one before it, a row to find it by, and a file.

Whoever keeps the file elsewhere can later show that the trail still says what it said that evening.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import TypeVar

import msgspec
from sqlalchemy import Connection

from copytrade_gui.domain.calendar import day_bounds
from copytrade_gui.domain.day import DaySeal, OpenDay
from copytrade_gui.ports import JournalFailureError
from copytrade_gui.storage.database.database import Database
from copytrade_gui.storage.database.engines import SqliteFailedError
from copytrade_gui.storage.files.files import PRIVATE_FOLDER, Files
from copytrade_gui.storage.files.reserve import Reserve
from copytrade_gui.storage.journal.facts import Moment, read_seal, seal_fact
from copytrade_gui.storage.journal.trail import Trail

T = TypeVar("T")

_KEEP = "INSERT OR IGNORE INTO commands VALUES (?,?,?,?,?,?)"
_NEWEST = (
    "SELECT e.body FROM commands c JOIN events e ON e.number = CAST(c.reason AS INTEGER) "
    "WHERE c.command_id >= ? AND c.command_id < ? ORDER BY e.number DESC LIMIT 1"
)
_SENT = (
    "SELECT count(*), count(DISTINCT i.account_id) FROM plans p "
    "JOIN intents i ON i.plan_number = p.plan_number "
    "JOIN attempts a ON a.intent_number = i.intent_number WHERE p.made_ns >= ? AND p.made_ns < ?"
)


async def store_seal(
    trail: Trail, database: Database, reserve: Reserve, seal: DaySeal, at: Moment
) -> DaySeal:
    """Store a seal behind the trail's newest fact. Raises JournalFailureError."""
    if trail.waiting:
        raise JournalFailureError(
            "Earlier facts wait outside the database, so the day cannot be sealed. Free some disk "
            "space, then check again."
        )
    whole = replace(seal, events=trail.number, head=trail.head.hex())
    failure = await trail.store(database, [seal_fact(whole, at)], reserve)
    if failure is not None:
        raise JournalFailureError(failure)
    number = str(trail.number)
    row = (_name(seal.day) + number, seal.actor, "seal_day", str(seal.day), number, seal.at_ns)
    try:
        await database.write(lambda connection: connection.exec_driver_sql(_KEEP, row).rowcount)
    except SqliteFailedError as error:
        raise JournalFailureError(str(error)) from error
    return whole


class SqliteSeals:
    """``ports.SealBook``."""

    def __init__(self, database: Database, folder: Path, files: Files) -> None:
        self._database = database
        self._folder = folder
        self._files = files

    async def newest(self, day: date) -> DaySeal | None:
        """The day's newest seal."""
        return await self._read(lambda connection: _newest(connection, day))

    async def left_open(self, since: date, before: date) -> tuple[OpenDay, ...]:
        """Days with attempts and no seal, oldest first."""

        def read(connection: Connection) -> tuple[OpenDay, ...]:
            found = []
            for number in range((before - since).days):
                day = since + timedelta(days=number)
                orders, accounts = connection.exec_driver_sql(_SENT, day_bounds(day)).one()
                if orders and not _sealed(connection, day):
                    found.append(OpenDay(day, orders, accounts))
            return tuple(found)

        return await self._read(read)

    async def _read(self, work: Callable[[Connection], T]) -> T:
        try:
            return await self._database.read(work)
        except (SqliteFailedError, ValueError, RecursionError) as error:
            raise JournalFailureError(f"The seals cannot be read: {error}") from error

    async def export(self, seal: DaySeal) -> Path:
        """Write ``seals/2026-11-24-1234.json``, owner-only; named by day and sealed events."""
        self._folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
        path = self._folder / f"{seal.day}-{seal.events}.json"
        body = msgspec.json.format(msgspec.json.encode(seal), indent=2)
        self._files.replace(path, body + b"\n")
        return path


def _newest(connection: Connection, day: date) -> DaySeal | None:
    first = _name(day)
    body = connection.exec_driver_sql(_NEWEST, (first, first + "~")).scalar()
    return None if body is None else read_seal(str(body))


def _sealed(connection: Connection, day: date) -> bool:
    found = connection.exec_driver_sql(
        "SELECT 1 FROM commands WHERE command_id = ?",
        (_name(day)[:-1],),  # so earlier versions wrote it
    ).first()
    return found is not None or _newest(connection, day) is not None


def _name(day: date) -> str:
    return f"seal:{day}:"
