"""Contract files of the day: fetched once, kept on disk by exchange and IST day.

Each exchange stands alone. A file that is missing, cut off, older than the one before, or
implausible changes nothing: the last good one stays, and is tried to be replaced at the next call.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import TypeVar

from copytrade_gui.brokers.http.http_call import AnswerLostError, HttpCall, NothingSentError
from copytrade_gui.brokers.iifl.instruments import (
    ContractFile,
    NotAContractFileError,
    read_contracts,
    text_of,
)
from copytrade_gui.brokers.iifl.session_call import PLAIN_HEADERS
from copytrade_gui.brokers.iifl.shapes import CONTRACTS
from copytrade_gui.domain.instrument import LOT_QUOTED, Exchange, Instrument, InstrumentKey
from copytrade_gui.ports import BrokerFailureError, DayContracts

log = logging.getLogger(__name__)

MAX_FILE = 64 * 1024 * 1024
"""Bytes of one contract file; a real one of 100,000 rows has about 12 million."""
_FETCH_S = 60.0
_NAME = re.compile(r"([A-Z]+)-(\d{4}-\d{2}-\d{2})\.csv")
_LEAST_SHARE = 0.5
"""Of the contracts of the file before: with fewer it is implausible."""
_FEW_EXPIRED = 0.01
_MEASURE_FOR = timedelta(days=7)

ResultT = TypeVar("ResultT")


async def in_thread(work: Callable[[], ResultT]) -> ResultT:
    """Run blocking work off the loop."""
    return await asyncio.to_thread(work)


class ContractFiles:
    """The cache of contract files in one folder, and what was read from them."""

    def __init__(self, folder: Path, http_call: Callable[[], HttpCall]) -> None:
        self._folder = folder
        self._http_call = http_call
        self._read: dict[Exchange, DayContracts] = {}
        """The newest good file of each exchange."""
        self._lots: dict[InstrumentKey, int] = {}
        self._by_id: dict[Exchange, dict[str, Instrument]] = {}
        self._turns: dict[Exchange, asyncio.Lock] = {}

    async def newest(self, exchange: Exchange, today: date) -> DayContracts:
        """The contracts of the day, else those of the last good file, with the problem.

        Raises:
            BrokerFailureError: the broker gave no usable file and there is no older one.
        """
        try:
            await self.load(exchange, today)
        except BrokerFailureError as failure:
            held = self._read.get(exchange)
            if held is None:
                raise
            return DayContracts(held.day, held.instruments, held.skipped, str(failure))
        return self._read[exchange]

    async def load(self, exchange: Exchange, today: date) -> tuple[Instrument, ...]:
        """The instruments of the day: from memory, from the folder, or from the broker.

        Raises:
            BrokerFailureError: the broker gave no usable file and the folder has none of today.
        """
        async with self._turns.setdefault(exchange, asyncio.Lock()):
            known = self._read.get(exchange)
            if known is None or known.day != today:
                if known is None:
                    known = await in_thread(lambda: self._last_good(exchange, today))
                    self._take(exchange, known)
                if known is None or known.day != today:
                    contracts = await self._fetch(exchange, today, known)
                    known = DayContracts(today, contracts.instruments, contracts.skipped)
                    self._take(exchange, known)
            return known.instruments

    def lot_size(self, key: InstrumentKey) -> int | None:
        """Units per lot on the lot-quoted segments whose file has been loaded, else None."""
        return self._lots.get(key)

    def named(self, instrument_id: str, symbol: str) -> InstrumentKey | None:
        """The instrument of this id whose symbol is this, if there is exactly one.

        News of orders does not name the exchange, and two exchanges may use one id.
        """
        found = [
            one
            for by_id in self._by_id.values()
            if (one := by_id.get(instrument_id)) is not None
            and one.symbol.casefold() == symbol.casefold()
        ]
        return found[0].key if len(found) == 1 else None

    def cached_day(self, exchange: Exchange) -> date | None:
        """The IST day of the newest file on disk, or None: how old our contracts are."""
        return max((day for day, _ in self._cached(exchange)), default=None)

    def _cached(self, exchange: Exchange) -> Iterator[tuple[date, Path]]:
        for path in self._folder.glob(f"{exchange}-*.csv") if self._folder.is_dir() else ():
            named = _NAME.fullmatch(path.name)
            if named is not None and named[1] == exchange.value:
                try:
                    yield date.fromisoformat(named[2]), path
                except ValueError:
                    continue

    def _take(self, exchange: Exchange, contracts: DayContracts | None) -> None:
        if contracts is None:
            return
        log.info(
            "contract file exchange=%s day=%s instruments=%d rows_skipped=%d",
            exchange,
            contracts.day,
            len(contracts.instruments),
            contracts.skipped,
        )
        self._read[exchange] = contracts
        self._by_id[exchange] = {one.key.instrument_id: one for one in contracts.instruments}
        if exchange in LOT_QUOTED:
            self._lots.update({one.key: one.lot_size for one in contracts.instruments})

    def _last_good(self, exchange: Exchange, today: date) -> DayContracts | None:
        """The newest file on disk that can be used and is not of a later day."""
        for day, path in sorted(self._cached(exchange), reverse=True):
            if day <= today:
                contracts = _from_cache(path, exchange)
                if contracts is not None:
                    return DayContracts(day, contracts.instruments, contracts.skipped)
        return None

    async def _fetch(
        self, exchange: Exchange, today: date, before: DayContracts | None
    ) -> ContractFile:
        """As CSV; as JSON where that is not there or not usable."""
        try:
            return await self._fetch_as("csv", exchange, today, before)
        except BrokerFailureError as failure:
            if failure.code == "network":
                raise
            try:
                return await self._fetch_as("json", exchange, today, before)
            except BrokerFailureError:
                raise failure from None

    async def _fetch_as(
        self, form: str, exchange: Exchange, today: date, before: DayContracts | None
    ) -> ContractFile:
        try:
            reply = await self._http_call().request(
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
        path = self._folder / f"{exchange}-{today.isoformat()}.csv"
        return await in_thread(lambda: _accept(path, exchange, reply.body, before, today))


def _from_cache(path: Path, exchange: Exchange) -> ContractFile | None:
    try:
        body = path.read_bytes()
        contracts = read_contracts(text_of(_as_written(path, body)), exchange)
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


def _as_written(path: Path, body: bytes) -> bytes:
    """The bytes, if they are those that were stored; a file without its sum is believed."""
    try:
        kept = _sum_of(path).read_text(encoding="ascii", errors="replace")
    except OSError:
        return body
    if kept.strip() != hashlib.sha256(body).hexdigest():
        raise NotAContractFileError("it is not what was written")
    return body


def _sum_of(path: Path) -> Path:
    return path.with_suffix(".sha256")


def _accept(
    path: Path, exchange: Exchange, body: bytes, before: DayContracts | None, today: date
) -> ContractFile:
    try:
        contracts = read_contracts(text_of(body), exchange)
    except NotAContractFileError as error:
        raise BrokerFailureError(
            f"The broker's {exchange} contract file is not in the form we know: {error}. "
            "Try again in a minute."
        ) from error
    if not contracts.instruments:
        raise BrokerFailureError(
            f"The broker's {exchange} contract file holds no usable row. Try again in a minute."
        )
    why = _implausible(contracts, before, today)
    if why:
        raise BrokerFailureError(
            f"The broker's {exchange} contract file is not plausible: {why}. Try again in a minute."
        )
    try:
        _store(path, body)
    except OSError as error:
        # The day goes on without the cache; it only costs the fetch at the next start.
        log.warning(
            "contract file not cached file=%s reason=%s", path.name, error.strerror or "unknown"
        )
    return contracts


def _implausible(contracts: ContractFile, before: DayContracts | None, today: date) -> str:
    """Why a file is not taken in the place of the one before; one of weeks ago is no measure."""
    if before is None or today - before.day > _MEASURE_FOR:
        return ""
    count, known = len(contracts.instruments), len(before.instruments)
    if count < _LEAST_SHARE * known:
        return f"it has {count} contracts, the one of {before.day:%d %b %Y} had {known}"
    keys = {one.key for one in before.instruments}
    expired = sum(one.expired(before.day) and one.key not in keys for one in contracts.instruments)
    if expired > _FEW_EXPIRED * count:
        return f"it is older than the one of {before.day:%d %b %Y}, {expired} contracts had expired"
    return ""


def _store(path: Path, body: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _sum_of(path).unlink(missing_ok=True)
    _write(path, body)
    _write(_sum_of(path), hashlib.sha256(body).hexdigest().encode())
    for older in path.parent.glob(f"{path.name.partition('-')[0]}-*.csv"):
        if _NAME.fullmatch(older.name) and older.name < path.name:
            older.unlink(missing_ok=True)
            _sum_of(older).unlink(missing_ok=True)


def _write(path: Path, body: bytes) -> None:
    partial = path.with_suffix(".part")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
