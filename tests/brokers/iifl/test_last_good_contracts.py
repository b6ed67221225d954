"""A contract file that cannot be used changes nothing: the last good one stays, with its day."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from copytrade_gui.brokers.http.http_call import NothingSentError
from copytrade_gui.brokers.iifl.contract_files import ContractFiles
from copytrade_gui.domain.instrument import Exchange
from copytrade_gui.ports import BrokerFailureError
from tests.brokers.iifl.test_instruments import HEADER, files

DAY = dt.date(2026, 11, 24)
NEXT = DAY + dt.timedelta(days=1)
FO = Exchange.NSEFO


def row(number: int, *, expiry: str = "24-Dec-2026", exchange: str = "NSEFO", lot: int = 65) -> str:
    return (
        f"{exchange},NIFTY,{number},OPTIDX,CE,{24_000 + number},NIFTY,"
        f"NIFTY{number}CE,{expiry},{lot},0.05"
    )


def table(*rows: str) -> bytes:
    return "\n".join((HEADER, *rows, "")).encode()


GOOD = table(*(row(number) for number in range(100)))
TOMORROW = table(*(row(number, lot=75) for number in range(90)))
LATIN = table(*(row(number).replace("NIFTY,NIFTY", "NIFTÉ,NIFTY") for number in range(90)))

SPOILT: dict[str, bytes | int | Exception] = {
    "no network": NothingSentError("no network"),
    "not there": 404,
    "the broker is down": 503,
    "a web page": b"<html>Access denied</html>",
    "empty": b"",
    "a bare header": table(),
    "zeros": bytes(10_000),
    "noise": bytes(range(256)) * 40,
    "cut in a row": GOOD[: len(GOOD) - 20],
    "cut after a few rows": table(*(row(number) for number in range(40))),
    "of another exchange": table(*(row(number, exchange="BSEFO") for number in range(100))),
    "of last month": table(
        *(row(number) for number in range(80)),
        *(row(number, expiry="29-Oct-2026") for number in range(100, 120)),
    ),
    "a list of nothing": b"[]",
    "JSON that is cut off": b'{"result": [{"exchange": "NSEFO"',
    "JSON of another kind": json.dumps({"status": "ok"}).encode(),
}


@pytest.mark.parametrize("what", SPOILT)
async def test_the_last_good_file_stays_with_its_day_and_the_reason(
    tmp_path: Path, what: str
) -> None:
    cache, answer = tmp_path / "contracts", SPOILT[what]
    again = [] if isinstance(answer, Exception) else [answer]  # as JSON too
    contracts, _ = files(cache, GOOD, answer, *again, TOMORROW)
    await contracts.load(FO, DAY)
    kept = await contracts.newest(FO, NEXT)
    assert (kept.day, len(kept.instruments)) == (DAY, 100)
    assert "NSEFO contract file" in kept.problem
    assert contracts.cached_day(FO) == DAY
    anew = await contracts.newest(FO, NEXT)
    assert (anew.day, anew.problem, anew.instruments[0].lot_size) == (NEXT, "", 75)


@pytest.mark.parametrize("what", ["a bare header", "a web page", "of another exchange"])
async def test_the_last_good_file_stays_over_a_restart(tmp_path: Path, what: str) -> None:
    cache, answer = tmp_path / "contracts", SPOILT[what]
    first, _ = files(cache, GOOD)
    await first.load(FO, DAY)
    second, _ = files(cache, answer, answer)
    kept = await second.newest(FO, NEXT)
    assert (kept.day, len(kept.instruments)) == (DAY, 100)


async def test_each_exchange_stands_alone(tmp_path: Path) -> None:
    contracts, _ = files(tmp_path / "contracts", 404, 404, GOOD)
    with pytest.raises(BrokerFailureError, match="HTTP 404"):
        await contracts.newest(Exchange.NSEEQ, DAY)
    assert (await contracts.newest(FO, DAY)).problem == ""


async def test_a_file_of_weeks_ago_is_no_measure(tmp_path: Path) -> None:
    contracts, _ = files(tmp_path / "contracts", GOOD, SPOILT["cut after a few rows"])
    await contracts.load(FO, DAY)
    later = DAY + dt.timedelta(days=14)
    assert (await contracts.newest(FO, later)).day == later


@pytest.mark.parametrize(
    "body",
    [TOMORROW.decode().encode("utf-8-sig"), TOMORROW.decode().encode("utf-16"),
     TOMORROW.replace(b"\n", b"\r\n"), LATIN],
    ids=["with a mark", "UTF-16", "CR LF", "UTF-8 letters"],
)  # fmt: skip
async def test_other_writings_of_a_good_file_are_read(tmp_path: Path, body: bytes) -> None:
    contracts, _ = files(tmp_path / "contracts", body)
    assert len(await contracts.load(FO, DAY)) == 90


async def test_a_symbol_whose_letters_cannot_be_read_is_skipped_and_counted(tmp_path: Path) -> None:
    odd = row(1).replace("NIFTY1CE", "NIFTÉ1CE").encode("latin-1")
    contracts, _ = files(tmp_path / "contracts", TOMORROW + odd + b"\n")
    found = await contracts.newest(FO, DAY)
    assert (len(found.instruments), found.skipped) == (90, 1)


def swapped(path: Path) -> None:
    path.write_bytes(table(*(row(number, lot=1) for number in range(100))))


def cut(path: Path) -> None:
    path.write_bytes(b"\n".join(GOOD.split(b"\n")[:50]) + b"\n")


def zeros(path: Path) -> None:
    path.write_bytes(GOOD[:2000] + bytes(3000) + GOOD[5000:])


def emptied(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("spoil", [swapped, cut, zeros, emptied])
@pytest.mark.expected_log("cached contract file unusable")
async def test_a_file_on_disk_that_is_not_what_was_written_is_fetched_anew(
    tmp_path: Path, spoil: object
) -> None:
    cache = tmp_path / "contracts"
    first, _ = files(cache, GOOD)
    await first.load(FO, DAY)
    assert callable(spoil)
    spoil(cache / "NSEFO-2026-11-24.csv")
    again, http_call = files(cache, GOOD)
    found = await again.load(FO, DAY)
    assert {one.lot_size for one in found} == {65}
    assert (len(found), len(http_call.paths)) == (100, 1)


async def test_a_folder_in_the_place_of_a_file_costs_the_cache_only(
    tmp_path: Path, expected_log: object
) -> None:
    assert callable(expected_log)
    expected_log("cached contract file unusable")
    expected_log("contract file not cached")
    cache = tmp_path / "contracts"
    (cache / "NSEFO-2026-11-24.csv").mkdir(parents=True)
    contracts, _ = files(cache, GOOD)
    assert isinstance(contracts, ContractFiles)
    assert len(await contracts.load(FO, DAY)) == 100
