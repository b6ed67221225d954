"""A book of which the beginning is recognised reads as one that is read whole every time."""

import json
import random
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
import pytest

from copytrade_gui.brokers.http.http_call import MAX_BODY, HttpReply
from copytrade_gui.brokers.http.httpx_channel import HttpxChannel
from copytrade_gui.brokers.iifl.client import IiflBroker
from copytrade_gui.brokers.iifl.session import IiflSession
from copytrade_gui.ports import MARK, BrokerOrder, Read
from tests.brokers.rig import ACCOUNT, TOKEN, SystemClock

ROW = {
    "brokerOrderId": "1",
    "orderStatus": "open",
    "exchange": "NSEEQ",
    "instrumentId": "1594",
    "transactionType": "BUY",
    "quantity": "2",
    "filledQuantity": "0",
    "orderTag": "NA",
}
Rows = list[object]


class Bodies:
    """An HTTP call behind which lies one reply after another."""

    def __init__(self) -> None:
        self.body = b""
        self.status = 200

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
        return HttpReply(self.status, {}, self.body)

    async def drop(self) -> None:
        """Nothing is open."""

    async def aclose(self) -> None:
        """Nothing is open."""


def session_on(http_call: Bodies, cache: Path) -> IiflSession:
    clock = SystemClock()
    broker = IiflBroker(
        login_url="http://127.0.0.1:9/",
        clock=clock,
        http_call_factory=lambda _address: http_call,
        channel_factory=lambda needs: HttpxChannel(needs, clock),
        cache_dir=cache,
    )
    return broker.session(ACCOUNT, TOKEN)


def row(number: int, **changes: object) -> dict[str, object]:
    return {**ROW, "brokerOrderId": str(number), **changes}


def written(rows: Rows) -> bytes:
    return b'{"status":"Ok","message":"Success","result":' + msgspec.json.encode(rows) + b"}"


async def read(session: IiflSession, http_call: Bodies, body: bytes) -> Read[BrokerOrder]:
    http_call.body = body
    return await session.order_book()


async def agrees(
    session: IiflSession, http_call: Bodies, body: bytes, cache: Path
) -> Read[BrokerOrder]:
    """The session, which read other bodies before, reads this one as a session that never did."""
    told = await read(session, http_call, body)
    assert told == await read(session_on(http_call, cache), http_call, body)
    return told


def grow(dice: random.Random, rows: Rows) -> Rows:
    return [*rows, *(row(dice.randint(1, 10**9)) for _ in range(dice.randint(1, 3)))]


def change(dice: random.Random, rows: Rows) -> Rows:
    at = dice.choice((len(rows) - 1, dice.randrange(len(rows))))
    filled = str(dice.randint(0, 2))
    return [*rows[:at], row(at + 1, filledQuantity=filled), *rows[at + 1 :]]


def odd(dice: random.Random, rows: Rows) -> Rows:
    strange: Rows = [
        "text", None, 7, [1], {}, row(1, quantity="many"), row(1, exchange="MCXCOMM"),
        {"status": "EC916", "message": "No orders"}, {"status": "EC915", "message": "Failed"},
        row(1, rejectionReason='a "},{" inside [x]'), row(1, orderTag="},{"),
    ]  # fmt: skip
    at = dice.choice((len(rows), dice.randrange(len(rows))))
    return [*rows[:at], dice.choice(strange), *rows[at + dice.randint(0, 1) :]]


CHANGES: tuple[Callable[[random.Random, Rows], Rows], ...] = (
    grow, grow, change, change, odd,
    lambda _, rows: rows,
    lambda dice, rows: rows[: dice.randrange(len(rows))],
    lambda dice, rows: dice.sample(rows, len(rows)),
    lambda dice, rows: [*rows, dice.choice(rows)],
    lambda _, rows: rows[1:],
)  # fmt: skip


def wrapped(dice: random.Random, rows: Rows) -> bytes:
    """As the broker wraps a book, and now and then in another way."""
    inner = msgspec.json.encode(rows)
    if dice.random() < 0.8:
        return written(rows)
    return dice.choice(
        (
            inner,
            b'{"status":"Ok","result":{"orders":' + inner + b"}}",
            b'{"status":"Ok","message":"Success","result":' + inner + b',"data":[]}',
            b'{"orders":' + inner + b',"result":' + inner + b"}",
            b'{"message":"' + b"[{}]" + b'","result":' + inner + b"}",
            b'{"status":"EC915","message":"Failed","result":' + inner + b"}",
            json.dumps({"status": "Ok", "message": "Success", "result": rows}).encode(),
            json.dumps({"status": "Ok", "result": json.dumps(rows)}).encode(),
            written(rows)[:-1],
            written(rows) + b"]",
            b"",
        )
    )


@pytest.mark.parametrize("seed", range(60))
async def test_any_sequence_of_books_reads_as_if_each_were_the_first(
    seed: int, cache: Path
) -> None:
    dice = random.Random(f"growing/{seed}")  # noqa: S311 - a test's dice
    http_call = Bodies()
    session = session_on(http_call, cache)
    rows: Rows = [row(1)]
    marked: dict[bytes, BrokerOrder] = {}
    for _ in range(40):
        tried = dice.choice(CHANGES)(dice, rows) or [row(1)]
        told = await agrees(session, http_call, wrapped(dice, tried), cache)
        marks = marks_of(told)
        assert len(marks) in (0, len(told.rows))
        for mark, one in zip(marks, told.rows, strict=False):
            assert marked.setdefault(mark, one) == one
        if dice.random() < 0.7:
            rows = [one for one in tried if isinstance(one, dict) and "quantity" in one] or rows


def marks_of(told: Read[BrokerOrder]) -> list[bytes]:
    return [told.marks[at : at + MARK] for at in range(0, len(told.marks), MARK)]


async def test_a_row_that_did_not_change_has_the_same_mark(cache: Path) -> None:
    http_call = Bodies()
    session = session_on(http_call, cache)
    first = await read(session, http_call, written([row(1), row(2), row(3)]))
    again = await read(session, http_call, written([row(1), row(2), row(3)]))
    grown = await read(
        session, http_call, written([row(1), row(2), row(3, filledQuantity="2"), row(4)])
    )
    assert len(set(marks_of(first))) == 3
    assert marks_of(first) == marks_of(again)
    assert marks_of(first)[:2] == marks_of(grown)[:2]
    assert marks_of(first)[2] not in marks_of(grown)
    assert [one.filled_quantity for one in grown.rows] == [0, 0, 2, 0]
    assert list(grown.rows[1:3]) == [grown.rows[1], grown.rows[-2]]


async def test_a_row_that_was_read_before_is_not_kept(cache: Path) -> None:
    http_call = Bodies()
    session = session_on(http_call, cache)
    first = await read(session, http_call, written([row(1), row(2)]))
    kept, alone = first.rows[0], object()
    del first
    grown = await read(session, http_call, written([row(1), row(2), row(3)]))
    assert sys.getrefcount(kept) == sys.getrefcount(alone)
    assert [one.broker_order_id for one in grown.rows] == ["1", "2", "3"]


async def test_a_refusal_after_a_good_read_is_a_refusal(cache: Path) -> None:
    http_call = Bodies()
    session = session_on(http_call, cache)
    body = written([row(1)])
    assert (await read(session, http_call, body)).whole
    http_call.status = 503
    assert not (await read(session, http_call, body)).whole
    http_call.status = 401
    assert (await read(session, http_call, body)).session_dead


async def test_a_code_behind_known_rows_spoils_the_whole_read(cache: Path) -> None:
    http_call = Bodies()
    session = session_on(http_call, cache)
    await read(session, http_call, written([row(1)]))
    spoilt = await read(
        session, http_call, written([row(1), {"status": "EC916", "message": "None"}])
    )
    assert (spoilt.rows, spoilt.whole) == ((), False)


async def test_the_same_rows_in_a_second_array_prove_nothing(cache: Path) -> None:
    http_call = Bodies()
    session = session_on(http_call, cache)
    one = msgspec.json.encode(row(1))
    await read(session, http_call, b'{"orders":[' + one + b'],"result":[' + one + b"]}")
    both = b'{"orders":[' + one + b"," + one + b'],"result":[' + one + b"]}"
    assert len((await read(session, http_call, both)).rows) == 1


async def test_a_second_result_behind_known_rows_is_the_one_that_counts(cache: Path) -> None:
    http_call = Bodies()
    session = session_on(http_call, cache)
    body = written([row(1)])
    await read(session, http_call, body)
    twice = (
        body[:-2]
        + b","
        + msgspec.json.encode(row(2))
        + b'],"result":['
        + (msgspec.json.encode(row(3)) + b"]}")
    )
    assert [one.broker_order_id for one in (await read(session, http_call, twice)).rows] == ["3"]
