"""Contract files of the day: fetched once, kept on disk by exchange and IST day."""

from __future__ import annotations

import asyncio
import logging
import os
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TypeVar

from copytrade_gui.brokers.iifl.caller import PLAIN_HEADERS
from copytrade_gui.brokers.iifl.door import AnswerLostError, HttpDoor, NothingSentError
from copytrade_gui.brokers.iifl.instruments import (
    ContractFile,
    NotAContractFileError,
    read_contracts,
)
from copytrade_gui.brokers.iifl.wire import CONTRACTS
from copytrade_gui.domain.instrument import LOT_QUOTED, Exchange, Instrument, InstrumentKey
from copytrade_gui.ports import BrokerFailureError

log = logging.getLogger(__name__)

MAX_FILE = 64 * 1024 * 1024
"""Bytes of one contract file; a real one of 100,000 rows has about 12 million."""
_FETCH_S = 60.0
_NAME = re.compile(r"([A-Z]+)-(\d{4}-\d{2}-\d{2})\.csv")

ResultT = TypeVar("ResultT")


async def in_thread(work: Callable[[], ResultT]) -> ResultT:
    """Run blocking work off the loop."""
    return await asyncio.to_thread(work)


class ContractFiles:
    """The cache of contract files in one folder, and what was read from them."""

    def __init__(self, folder: Path, door: Callable[[], HttpDoor]) -> None:
        self._folder = folder
        self._door = door
        self._read: dict[Exchange, tuple[date, tuple[Instrument, ...]]] = {}
        self._lots: dict[InstrumentKey, int] = {}
        self._turns: dict[Exchange, asyncio.Lock] = {}

    async def load(self, exchange: Exchange, today: date) -> tuple[Instrument, ...]:
        """The instruments of the day: from memory, from the folder, or from the broker.

        Raises:
            BrokerFailureError: the broker gave no usable file and the folder has none of today.
        """
        async with self._turns.setdefault(exchange, asyncio.Lock()):
            known = self._read.get(exchange)
            if known is None or known[0] != today:
                path = self._folder / f"{exchange}-{today.isoformat()}.csv"
                contracts = await in_thread(lambda: _from_cache(path, exchange))
                if contracts is None:
                    contracts = await self._fetch(path, exchange)
                log.info(
                    "contract file exchange=%s day=%s instruments=%d rows_skipped=%d",
                    exchange,
                    today,
                    len(contracts.instruments),
                    contracts.skipped,
                )
                known = self._read[exchange] = (today, contracts.instruments)
                if exchange in LOT_QUOTED:
                    self._lots.update({one.key: one.lot_size for one in contracts.instruments})
            return known[1]

    def lot_size(self, key: InstrumentKey) -> int | None:
        """Units per lot on the lot-quoted segments whose file has been loaded, else None."""
        return self._lots.get(key)

    def cached_day(self, exchange: Exchange) -> date | None:
        """The IST day of the newest file on disk, or None: how old our contracts are."""
        days: list[date] = []
        for path in self._folder.glob(f"{exchange}-*.csv") if self._folder.is_dir() else ():
            named = _NAME.fullmatch(path.name)
            if named is not None and named[1] == exchange.value:
                try:
                    days.append(date.fromisoformat(named[2]))
                except ValueError:
                    continue
        return max(days, default=None)

    async def _fetch(self, path: Path, exchange: Exchange) -> ContractFile:
        """As CSV; as JSON where that is not there or not usable."""
        try:
            return await self._fetch_as("csv", path, exchange)
        except BrokerFailureError as failure:
            if failure.code == "network":
                raise
            try:
                return await self._fetch_as("json", path, exchange)
            except BrokerFailureError:
                raise failure from None

    async def _fetch_as(self, form: str, path: Path, exchange: Exchange) -> ContractFile:
        try:
            reply = await self._door().request(
                "GET",
                CONTRACTS.format(segment=exchange.value, form=form),
                headers={**PLAIN_HEADERS, "Accept": "text/csv, application/json, */*"},
                timeout_s=_FETCH_S,
                max_body=MAX_FILE,
            )
        except (NothingSentError, AnswerLostError) as error:
            raise BrokerFailureError(
                f"The {exchange} contract file could not be fetched: {error}. "
                "Check the network and try again.",
                code="network",
            ) from None
        if reply.status != 200:
            raise BrokerFailureError(
                f"The broker answered the {exchange} contract file with HTTP {reply.status}. "
                "Try again in a minute.",
                code=str(reply.status),
            )
        return await in_thread(lambda: _accept(path, exchange, reply.body))


def _from_cache(path: Path, exchange: Exchange) -> ContractFile | None:
    try:
        contracts = read_contracts(path.read_text(encoding="utf-8", errors="replace"), exchange)
    except FileNotFoundError:
        return None
    except (OSError, NotAContractFileError) as error:
        log.warning(
            "cached contract file unusable, fetching anew file=%s reason=%s",
            path.name,
            type(error).__name__,
        )
        return None
    return contracts if contracts.instruments else None


def _accept(path: Path, exchange: Exchange, body: bytes) -> ContractFile:
    try:
        contracts = read_contracts(body.decode("utf-8", errors="replace"), exchange)
    except NotAContractFileError as error:
        raise BrokerFailureError(
            f"The broker's {exchange} contract file is not in the form we know: {error}. "
            "Try again in a minute."
        ) from error
    if not contracts.instruments:
        raise BrokerFailureError(
            f"The broker's {exchange} contract file holds no usable row. Try again in a minute."
        )
    try:
        _store(path, body)
    except OSError as error:
        # The day goes on without the cache; it only costs the fetch at the next start.
        log.warning(
            "contract file not cached file=%s reason=%s", path.name, error.strerror or "unknown"
        )
    return contracts


def _store(path: Path, body: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = path.with_suffix(".part")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    for older in path.parent.glob(f"{path.name.partition('-')[0]}-*.csv"):
        if _NAME.fullmatch(older.name) and older.name < path.name:
            older.unlink(missing_ok=True)
