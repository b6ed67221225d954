"""Contract files: what a row becomes, and what the cache does with a file."""

import asyncio
import datetime as dt
import json
import logging
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path

import pytest

from copytrade_gui.brokers.http.http_call import (
    MAX_BODY,
    AnswerLostError,
    HttpReply,
    NothingSentError,
)
from copytrade_gui.brokers.iifl.contract_files import ContractFiles
from copytrade_gui.brokers.iifl.instruments import NotAContractFileError, read_contracts
from copytrade_gui.domain.instrument import Exchange, Instrument, InstrumentKey, InstrumentKind
from copytrade_gui.ports import BrokerFailureError

HEADER = (
    "Exchange,Underlying Instrument Symbol,Instrument ID,Instrument Type,Option Type,"
    "Strike Price,Underlying Instrument Name,Trading Symbol,Expiry,Lot Size,Tick Size"
)
EQUITIES = f"""{HEADER}
NSEEQ,RELIANCE,2885,EQ,,,RELIANCE INDUSTRIES LTD,RELIANCE-EQ,,1,0.05
NSEEQ,NIFTY 50,999920000,INDEX,,,NIFTY 50,NIFTY 50,,0,0
NSEEQ,BROKEN,12,EQ,,,BROKEN,BROKEN-EQ,,zero,0.05
"""
DAY = dt.date(2026, 11, 24)


def only(line: str, exchange: Exchange = Exchange.NSEFO, header: str = HEADER) -> list[object]:
    read = read_contracts(f"{header}\n{line}\n", exchange)
    return [*read.instruments, *([None] * read.skipped)]


def test_an_equity_an_index_and_a_bad_row() -> None:
    read = read_contracts(EQUITIES, Exchange.NSEEQ)
    assert read.skipped == 1
    reliance, nifty = read.instruments
    assert reliance.key == InstrumentKey(Exchange.NSEEQ, "2885")
    assert (reliance.symbol, reliance.name) == ("RELIANCE-EQ", "RELIANCE INDUSTRIES LTD")
    assert (reliance.lot_size, reliance.tick) == (1, Decimal("0.05"))
    assert (nifty.kind, nifty.tradable, nifty.lot_size) == (InstrumentKind.INDEX, False, 1)


@pytest.mark.parametrize(
    ("line", "kind", "strike", "expiry"),
    [
        ("NSEFO,NIFTY,35005,FUTIDX,XX,,NIFTY,N26NOVFUT,24-Nov-2026,65,0.05", "FUT", None, DAY),
        ("NSEFO,NIFTY,35006,FUTIDX,XX,0,NIFTY,NF,24-Nov-2026 23:59,65,0.05", "FUT", None, DAY),
        ("NSEFO,NIFTY,1,OPTIDX,CE,24000,NIFTY,N24000CE,24-NOV-2026,65,0.05", "CE", "24000", DAY),
        (
            "NSEFO,NIFTY,2,OPTIDX,PE,24000.50,NIFTY,NPE,2026-11-24,65,0.05",
            "PE",
            "24000.5",
            DAY,
        ),
        ("nsefo,INFY,3,FUTSTK,XX,,INFY,INFYFUT,24-Nov-2026,400,0.05", "FUT", None, DAY),
    ],
)
def test_derivatives(line: str, kind: str, strike: str | None, expiry: dt.date) -> None:
    (made,) = read_contracts(f"{HEADER}\n{line}\n", Exchange.NSEFO).instruments
    assert made.kind == kind
    assert made.strike == (None if strike is None else Decimal(strike))
    assert made.expiry == expiry


@pytest.mark.parametrize(
    "line",
    [
        "NSEEQ,NIFTY,1,FUTIDX,XX,,NIFTY,NF,24-Nov-2026,65,0.05",  # of another file
        "NSEFO,NIFTY,1,FUTIDX,XX,,NIFTY,NF,,65,0.05",
        "NSEFO,NIFTY,1,FUTIDX,XX,,NIFTY,NF,31-Feb-2026,65,0.05",
        "NSEFO,NIFTY,1,OPTIDX,CE,,NIFTY,NF,24-Nov-2026,65,0.05",
        "NSEFO,NIFTY,1,OPTIDX,CE,-5,NIFTY,NF,24-Nov-2026,65,0.05",
        "NSEFO,NIFTY,1,FUTIDX,XX,,NIFTY,NF,24-Nov-2026,0,0.05",
        "NSEFO,NIFTY,1,FUTIDX,XX,,NIFTY,NF,24-Nov-2026,65,0",
        "NSEFO,NIFTY,1,FUTIDX,XX,,NIFTY,NF,24-Nov-2026,65,NaN",
        "NSEFO,NIFTY,,FUTIDX,XX,,NIFTY,NF,24-Nov-2026,65,0.05",
        "NSEFO,NIFTY,1,FUTIDX,XX,,NIFTY,,24-Nov-2026,65,0.05",
        "NSEFO,NIFTY",
        '"NSEFO',
    ],
)
def test_rows_that_are_skipped(line: str) -> None:
    assert only(line) == [None]


def test_columns_may_move_and_grow() -> None:
    header = "﻿Tick Size, LOT SIZE ,Trading Symbol,Instrument ID,Exchange,Freeze Quantity"
    (made,) = read_contracts(f"{header}\n0.05,1,X-EQ,7,BSEEQ,100\n", Exchange.BSEEQ).instruments
    assert (made.symbol, made.key.instrument_id, made.name) == ("X-EQ", "7", "X-EQ")


def test_a_stray_quote_spoils_one_row_only() -> None:
    text = f'{HEADER}\nNSEEQ,"BAD,1,EQ,,,X,X,,1,0.05\nNSEEQ,A,2,EQ,,,A,A-EQ,,1,0.05\n'
    read = read_contracts(text, Exchange.NSEEQ)
    assert [one.symbol for one in read.instruments] == ["A-EQ"]


def test_ncdex_is_ordered_by_symbol() -> None:
    line = "NCDEXCOMM,DHANIYA,9,FUTCOM,XX,,DHANIYA,DHANIYA10JUL26,10-Jul-2026,10,2"
    (made,) = read_contracts(f"{HEADER}\n{line}\n", Exchange.NCDEXCOMM).instruments
    assert made.key.instrument_id == "DHANIYA10JUL26"


def test_what_is_no_contract_file() -> None:
    for text in ("", "<html>", "a,b,c\n1,2,3", '[{"a":1}]', '{"result":["x"]}'):
        with pytest.raises(NotAContractFileError, match="column 'exchange' is missing"):
            read_contracts(text, Exchange.NSEEQ)

    for text in ('[{"exchange":"NSEEQ"', "{}", '{"result":5}', "[" * 5000):
        with pytest.raises(NotAContractFileError, match=r"cut off|no list of contracts"):
            read_contracts(text, Exchange.NSEEQ)


@pytest.mark.parametrize("column", ["Lot Size", " tick size", "EXPIRY", "Instrument ID"])
def test_a_column_that_stands_there_twice_is_never_guessed(column: str) -> None:
    row = "NSEFO,NIFTY,35005,FUTIDX,XX,,NIFTY,N26NOVFUT,24-Nov-2026,65,0.05"
    said = f"column '{column.strip().lower()}' stands there twice"
    with pytest.raises(NotAContractFileError, match=said):
        read_contracts(f"{HEADER},{column}\n{row},75\n", Exchange.NSEFO)
    keys = [name.title().replace(" ", "") for name in (*HEADER.split(","), column)]
    cells = [f'"{key[:1].lower()}{key[1:].replace("ID", "Id")}": "1"' for key in keys]
    for served in (f"[{{{', '.join(cells)}}}]", f'{{"result": [{{{", ".join(cells)}}}]}}'):
        with pytest.raises(NotAContractFileError, match=said):
            read_contracts(served, Exchange.NSEFO)
    (same,) = only(f"{row},1,2", header=f"{HEADER},Other,Other")
    assert isinstance(same, Instrument), "one that nobody reads may"


@pytest.mark.parametrize(
    "odd",
    ["A\u202eB", "A\ufffdB", "A\x1b[31m", "A\x00B", "\u3164", "A\u00a0B", "A\u200dB", "S" * 200],
)
def test_a_text_that_cannot_be_read_is_never_taken(odd: str) -> None:
    rows = {
        "number": f"NSEEQ,AAA,{odd},EQ,,,Aaa,AAA-EQ,,1,0.05",
        "symbol": f"NSEEQ,AAA,1,EQ,,,Aaa,{odd},,1,0.05",
        "underlying": f"NSEEQ,{odd},1,EQ,,,Aaa,AAA-EQ,,1,0.05",
    }
    for field, row in rows.items():
        assert only(row, Exchange.NSEEQ) == [None], field
    (named,) = only(f"NSEEQ,AAA,1,EQ,,,{odd},AAA-EQ,,1,0.05", Exchange.NSEEQ)
    assert isinstance(named, Instrument)
    assert named.name == "AAA-EQ", "it is for reading alone: the contract is traded by its symbol"


@pytest.mark.parametrize(
    "written",
    [
        "24-Nov-2026", "24-NOV-2026 23:59", "2026-11-24", "2026-11-24 23:59", "24-11-2026",
        "2026-11-24T23:59:00", "24-11-2026 23:59", "24-Nov-2026T23:59:00",
    ],
)  # fmt: skip
def test_an_expiry_in_every_writing(written: str) -> None:
    (future,) = only(f"NSEFO,NIFTY,1,FUTIDX,XX,,NIFTY,NF,{written},65,0.05")
    assert isinstance(future, Instrument)
    assert future.expiry == DAY


@pytest.mark.parametrize(
    "written",
    ["", "24-11-26", "26-11-24", "24/11/2026", "24-13-2026", "2026-24-11", "soon", "1-2-3-4"],
)  # fmt: skip
def test_an_expiry_that_is_not_clear_is_never_guessed(written: str) -> None:
    assert only(f"NSEFO,NIFTY,1,FUTIDX,XX,,NIFTY,NF,{written},65,0.05") == [None]


@pytest.mark.parametrize("expiry", ["", "01-Jan-1980", "2026-11-24T23:59:00", "soon"])
@pytest.mark.parametrize("option", ["", "XX", "CE", "PE"])
@pytest.mark.parametrize("exchange", [Exchange.NSEEQ, Exchange.BSEEQ])
def test_equity_files_hold_shares_whatever_their_rows_carry(
    exchange: Exchange, option: str, expiry: str
) -> None:
    (share,) = only(f"{exchange},INFY,1594,EQ,{option},0,INFOSYS,INFY-EQ,{expiry},1,0.05", exchange)
    assert isinstance(share, Instrument)
    assert (share.kind, share.expiry, share.strike) == (InstrumentKind.EQUITY, None, None)


@pytest.mark.parametrize("exchange", [Exchange.NSEFO, Exchange.MCXCOMM, Exchange.NSECURR])
def test_a_row_among_contracts_that_is_none_is_left_out(exchange: Exchange) -> None:
    assert only(f"{exchange},GOLD,1,COM,,,GOLD,GOLD,,1,1", exchange) == [None]


# ---------------------------------------------------------------- the cache


class CountingCall:
    """An HTTP call that answers from a list; what happened is counted."""

    def __init__(self, *answers: bytes | int | Exception) -> None:
        self.answers = list(answers)
        self.paths: list[str] = []

    async def request(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
        timeout_s: float,
        max_body: int = MAX_BODY,
        why_held: Callable[[], str] | None = None,
    ) -> HttpReply:
        self.paths.append(path)
        await asyncio.sleep(0)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, int):
            return HttpReply(answer, {}, b"")
        return HttpReply(200, {}, answer)

    async def drop(self) -> None:
        pass

    async def aclose(self) -> None:
        pass


def files(cache: Path, *answers: bytes | int | Exception) -> tuple[ContractFiles, CountingCall]:
    http_call = CountingCall(*answers)
    return ContractFiles(cache, lambda: http_call), http_call


def listing(folder: Path) -> dict[str, int]:
    """Names and rights of what the cache holds."""
    if not folder.is_dir():
        return {}
    return {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}


async def test_fetched_once_a_day_and_kept(cache: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "copytrade_gui.brokers")
    contracts, http_call = files(cache, EQUITIES.encode())
    assert contracts.cached_day(Exchange.NSEEQ) is None
    both = await asyncio.gather(
        contracts.load(Exchange.NSEEQ, DAY), contracts.load(Exchange.NSEEQ, DAY)
    )
    assert both[0] is both[1]
    assert http_call.paths == ["/contractfiles/NSEEQ.csv"]
    assert contracts.cached_day(Exchange.NSEEQ) == DAY
    assert listing(cache) == {"NSEEQ-2026-11-24.csv": 0o600, "NSEEQ-2026-11-24.sha256": 0o600}
    assert listing(cache.parent)[cache.name] == 0o700
    lines = [record.getMessage() for record in caplog.records]
    assert [line for line in lines if "rows_skipped=1" in line] == lines

    again, no_call = files(cache)  # another start of the program, the same day
    assert await again.load(Exchange.NSEEQ, DAY) == both[0]
    assert no_call.paths == []


async def test_the_next_day_replaces_the_file(cache: Path) -> None:
    contracts, http_call = files(cache, EQUITIES.encode(), EQUITIES.encode())
    await contracts.load(Exchange.NSEEQ, DAY)
    await contracts.load(Exchange.NSEEQ, DAY + dt.timedelta(days=1))
    assert len(http_call.paths) == 2
    assert set(listing(cache)) == {"NSEEQ-2026-11-25.csv", "NSEEQ-2026-11-25.sha256"}


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (NothingSentError("no network"), "could not be fetched: no network"),
        (AnswerLostError("cut"), "could not be fetched: cut"),
        (503, "HTTP 503"),
        (404, "HTTP 404"),
        (b"<html>denied</html>", "not in the form we know"),
        (HEADER.encode() + b"\n", "holds no usable row"),
        (b"\xff\xfe\x00", "not in the form we know"),
    ],
)
async def test_a_failed_fetch_leaves_nothing_and_may_be_repeated(
    cache: Path, answer: bytes | int | Exception, sentence: str
) -> None:
    again = [] if isinstance(answer, Exception) else [answer]  # as JSON too
    contracts, _ = files(cache, answer, *again, EQUITIES.encode())
    with pytest.raises(BrokerFailureError, match=sentence):
        await contracts.load(Exchange.NSEEQ, DAY)
    assert listing(cache) == {}
    assert len(await contracts.load(Exchange.NSEEQ, DAY)) == 2


@pytest.mark.parametrize("missing", [404, b"<html>denied</html>", HEADER.encode() + b"\n"])
async def test_the_json_form_steps_in_where_the_csv_cannot_be_used(
    cache: Path, missing: bytes | int
) -> None:
    row = {
        "exchange": "NSEEQ", "underlyingInstrumentSymbol": "INFY", "instrumentId": 1594,
        "instrumentType": "EQ", "optionType": "", "strikePrice": None, "lotSize": "1",
        "underlyingInstrumentName": "INFOSYS", "tradingSymbol": "INFY-EQ", "expiry": "",
        "tickSize": 0.05, "formattedInstrumentName": "INFOSYS LIMITED", "series": "EQ",
    }  # fmt: skip
    served = json.dumps([row, {**row, "lotSize": "none", "instrumentId": "2"}, "odd"]).encode()
    contracts, http_call = files(cache, missing, served)
    for _ in range(2):
        (infy,) = await contracts.load(Exchange.NSEEQ, DAY)
        assert (infy.symbol, infy.tick, infy.lot_size) == ("INFY-EQ", Decimal("0.05"), 1)
        contracts, _http_call = files(cache)  # the next start reads it from the folder
    assert [path.rpartition(".")[2] for path in http_call.paths] == ["csv", "json"]


def spoil(folder: Path) -> None:
    folder.mkdir(mode=0o700)
    (folder / "NSEEQ-2026-11-24.csv").write_bytes(b"\x00\x01 not a file of ours")


@pytest.mark.expected_log("cached contract file unusable")
async def test_a_damaged_cache_is_fetched_anew(cache: Path) -> None:
    spoil(cache)
    contracts, http_call = files(cache, EQUITIES.encode())
    assert len(await contracts.load(Exchange.NSEEQ, DAY)) == 2
    assert len(http_call.paths) == 1


@pytest.mark.expected_log("contract file not cached")
async def test_a_full_or_read_only_folder_costs_the_cache_only(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    contracts, _ = files(tmp_path / "cache", EQUITIES.encode())
    assert len(await contracts.load(Exchange.NSEEQ, DAY)) == 2


async def test_lot_sizes_are_known_for_lot_quoted_segments(cache: Path) -> None:
    line = "MCXCOMM,GOLDM,440939,FUTCOM,XX,,GOLDM,GOLDM26DEC,04-Dec-2026,100,1"
    contracts, _ = files(cache, f"{HEADER}\n{line}\n".encode())
    key = InstrumentKey(Exchange.MCXCOMM, "440939")
    assert contracts.lot_size(key) is None
    await contracts.load(Exchange.MCXCOMM, DAY)
    assert contracts.lot_size(key) == 100
    assert contracts.lot_size(InstrumentKey(Exchange.MCXCOMM, "1")) is None
