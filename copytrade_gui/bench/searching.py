"""How long the list of instruments takes to answer while one types, among 200,000."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal

from copytrade_gui.app.wiring import Opened
from copytrade_gui.bench.fanout import machine
from copytrade_gui.bench.small_stand import paper_console, told
from copytrade_gui.domain.instrument import Exchange, Instrument, InstrumentKey, InstrumentKind

INSTRUMENTS = 200_000
"""As many as all contract files of the exchanges together hold, beside those of paper."""
_WORDS = (
    "RELIANCE-EQ", "NIFTY 25000 CE", "BANKNIFTY FUT", "GOLD", "TCS", "ZZZZ", "KARIVO 2500 PE",
    "tamesa 3000", "MIDINDEX 2800 CE",
)  # fmt: skip
_INDEX, _OF_INDEX = "MIDINDEX", 10_000
"""The longest chain, as that of the Nifty is on both exchanges together."""
_SHARES = 0.05
"""Of all instruments; the rest are options on every twentieth share."""
_EVERY = 20
_CONSONANTS, _VOWELS = "KRVTMSBDGHJLNP", "AIOE"
_STRIKES = range(2_000, 4_500, 25)
_EXPIRIES = 4
_EQUITIES = Exchange.NCDEXCOMM
_HELD_BY = (Exchange.BSECURR, Exchange.NSECOMM, Exchange.BSECOMM)
"""Paper has no contract file of these four that would take their place."""


def measure(rounds: int, instruments: int = INSTRUMENTS) -> dict[str, object]:
    """Type each text so many times, letter by letter; figures in ms a letter."""
    return asyncio.run(_measure(rounds, instruments))


async def _measure(rounds: int, instruments: int) -> dict[str, object]:
    taken: list[float] = []
    found = 0
    async with paper_console(1) as opened:
        await opened.contracts_loaded()
        listed_s = await _list(opened, instruments)
        for _ in range(rounds):
            for text in _WORDS:
                for length in range(1, len(text) + 1):
                    started = time.perf_counter_ns()
                    found += len(await opened.console.market.search(text[:length], 30))
                    taken.append((time.perf_counter_ns() - started) / 1e6)
    return {
        "bench": "search",
        "instruments": instruments,
        "listed_s": round(listed_s, 2),
        "letters": len(taken),
        "rows_found": found,
        **told("letter", taken),
        "machine": machine(),
    }


async def _list(opened: Opened, instruments: int) -> float:
    """Put so many more into the file that the console searches; seconds that it took."""
    started = time.perf_counter()
    today = date.today()  # noqa: DTZ011 - a contract day as good as another
    names = list(itertools.islice(_names(), int(instruments * _SHARES)))
    options = instruments - len(names)
    await opened.index.put(_EQUITIES, today, [_share(name) for name in names])
    chain = _chain(today, names, min(_OF_INDEX, options // 10))
    each = -(-options // len(_HELD_BY))
    for number, exchange in enumerate(_HELD_BY):
        most = min(each, options - number * each)
        rows = [_option(exchange, *next(chain)) for _ in range(most)]
        await opened.index.put(exchange, today, rows)
    return time.perf_counter() - started


_Terms = tuple[str, date, int, InstrumentKind]


def _names() -> Iterator[str]:
    """Made-up names, in no order: as many begin with one letter as with another."""
    syllables = ["".join(two) for two in itertools.product(_CONSONANTS, _VOWELS)]
    triples = list(itertools.product(syllables, repeat=3))
    random.Random(1).shuffle(triples)  # noqa: S311 - the same names each time
    yield from ("KARIVO", "TAMESA")
    for one in map("".join, triples):
        if one not in ("KARIVO", "TAMESA"):
            yield one


def _chain(today: date, names: Sequence[str], of_index: int) -> Iterator[_Terms]:
    """Options on the index, then on one share after the other."""
    weeks = [today + timedelta(days=7 * week) for week in range(1, 101)]
    long = itertools.product((_INDEX,), weeks, _STRIKES)
    yield from itertools.islice(_both(long), of_index)
    expiries = [today + timedelta(days=28 * month) for month in range(1, _EXPIRIES + 1)]
    for turn in itertools.count():
        yield from _both(itertools.product(names[turn::_EVERY], expiries, _STRIKES))


def _both(terms: Iterable[tuple[str, date, int]]) -> Iterator[_Terms]:
    for name, expiry, strike in terms:
        yield name, expiry, strike, InstrumentKind.CALL
        yield name, expiry, strike, InstrumentKind.PUT


def _share(name: str) -> Instrument:
    return Instrument(
        InstrumentKey(_EQUITIES, name), f"{name}-EQ", f"{name} LIMITED", name,
        InstrumentKind.EQUITY, 1, Decimal("0.05"),
    )  # fmt: skip


def _option(
    exchange: Exchange, name: str, expiry: date, strike: int, kind: InstrumentKind
) -> Instrument:
    symbol = f"{name} {expiry:%y%b} {strike} {kind}".upper()
    return Instrument(
        InstrumentKey(exchange, f"{symbol} {expiry:%d}"), symbol, f"{name} LIMITED", name, kind, 50,
        Decimal("0.05"), Decimal(strike), expiry,
    )  # fmt: skip
