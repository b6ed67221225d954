"""Books: what makes a read whole, in every wrapping the broker has been seen to use."""

import json
from pathlib import Path

import pytest

from copytrade_gui.brokers.http.http_call import HttpReply
from copytrade_gui.brokers.iifl import shapes
from copytrade_gui.brokers.iifl.reads import read_page
from copytrade_gui.ports import BrokerFailureError
from tests.brokers.rig import Line, Request, client, reply, scripted, session_of

ROW = {
    "brokerOrderId": "1",
    "orderStatus": "open",
    "exchange": "NSEEQ",
    "instrumentId": "1594",
    "transactionType": "BUY",
    "quantity": "1",
    "filledQuantity": "0",
}
ROWS = [ROW, {**ROW, "brokerOrderId": "2"}]


def page(body: object, status: int = 200) -> tuple[int, str, bool]:
    written = body if isinstance(body, bytes) else json.dumps(body).encode()
    read = read_page(HttpReply(status, {}, written), shapes.OrderRow, "order book")
    return len(read.rows), read.problem, read.session_dead


@pytest.mark.parametrize(
    "body",
    [
        ROWS,
        {"result": ROWS},
        {"status": "Ok", "message": "Success", "result": ROWS},
        {"status": "Ok", "result": {"orders": ROWS}},
        {"status": "Ok", "result": {"data": ROWS}},
        {"orders": ROWS},
        {"status": "Ok", "result": json.dumps(ROWS)},
        {"status": "Ok", "result": {"status": "Success", "orders": ROWS}},
    ],
)
def test_two_rows_in_every_wrapping(body: object) -> None:
    assert page(body) == (2, "", False)


@pytest.mark.parametrize("body", [{"result": ROW}, ROW, {"result": [ROW]}, [ROW]])
def test_one_row(body: object) -> None:
    assert page(body) == (1, "", False)


@pytest.mark.parametrize("code", ["EC916", "EC920", "EC922", "EC926"])
def test_empty_in_every_wrapping(code: str) -> None:
    said = {"status": code, "message": "Error : nothing found."}
    empty: list[object] = [
        {"status": "Ok", "result": said},
        {"status": "Ok", "result": [said]},
        said,
        [said],
        [],
        {"result": []},
        {"status": "Ok", "result": {"orders": []}},
    ]
    for body in empty:
        assert page(body) == (0, "", False)


NOTHING = [{"status": "ok"}, {"status": "Success", "message": "Success"}, {"status": " OK "}]


@pytest.mark.parametrize("said", NOTHING)
def test_a_row_that_holds_only_a_status_is_an_empty_book_or_stands_beside_one(
    said: dict[str, str],
) -> None:
    for body in ({"status": "Ok", "result": said}, {"result": [said]}, [said]):
        assert page(body) == (0, "", False)
    for rows in ([*ROWS, said], [said, *ROWS], [ROW, said, ROWS[1]]):
        assert page({"status": "Ok", "result": rows}) == (2, "", False)
        assert page({"result": {"positionList": rows}}) == (2, "", False)


def test_a_reply_that_is_nothing_but_a_status_is_no_book() -> None:
    """Nothing in it says that it speaks of the book at all."""
    for body in ({"status": "Ok"}, {"status": "Success", "message": "Success"}):
        rows, _, _ = page(body)
        assert rows == 1  # the one row, which cannot be understood as an order
    for odd in ({"status": "Not_Ok"}, {"status": "ok", "brokerOrderId": "5"}, {"message": "ok"}):
        assert page({"result": [ROW, odd]})[0] == 2


@pytest.mark.parametrize("code", ["EC915", "EC917", "EC003", "EC500", "EC901", "EC999"])
def test_another_code_is_no_book(code: str) -> None:
    for body in ({"result": {"status": code}}, {"result": [{"status": code}]}, {"status": code}):
        rows, problem, dead = page(body)
        assert (rows, dead) == (0, False)
        assert code in problem


def test_a_code_among_rows_is_no_book() -> None:
    rows, problem, _ = page({"result": [ROW, {"status": "EC916"}]})
    assert rows == 0
    assert problem


@pytest.mark.parametrize("code", ["EC044", "EC055", "EC075", "EC401"])
def test_a_dead_session_is_known_by_code(code: str) -> None:
    assert page({"status": "Ok", "result": [{"status": code}]})[2]
    assert page({"status": code}, 400)[2]


@pytest.mark.parametrize(
    ("status", "dead", "word"),
    [(401, True, "Log the account in"), (403, False, "403"), (429, False, "too many calls")],
)
def test_refusals_by_status(status: int, dead: bool, word: str) -> None:
    rows, problem, is_dead = page({"result": ROWS}, status)
    assert (rows, is_dead) == (0, dead)
    assert word in problem


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"null",
        {"status": "Ok", "result": None},
        {"status": "Not_Ok", "result": ROWS},
        {"result": 5},
        {"result": "text"},
        {"result": [ROW, "text"]},
        {"result": [ROW, None]},
        {"result": [{**ROW, "quantity": [1]}]},
    ],
)
def test_not_whole(body: object) -> None:
    assert page(body)[1].endswith(".")


@pytest.mark.parametrize("status", [301, 404, 500, 502, 503])
def test_an_odd_status_is_never_a_book(status: int) -> None:
    assert page({"result": ROWS}, status)[1]


# ---------------------------------------------------------------- through the session


async def test_a_row_that_cannot_be_understood_spoils_the_read_but_keeps_the_others(
    cache: Path,
) -> None:
    bad = {**ROW, "brokerOrderId": "3", "quantity": "many"}

    async def script(line: Line, request: Request) -> None:
        line.send(reply(json.dumps({"status": "Ok", "result": [*ROWS, bad]}).encode()))

    async with scripted(script) as broker, client(broker, cache) as made:
        read = await session_of(made).order_book()
    assert [row.broker_order_id for row in read.rows] == ["1", "2"]
    assert not read.whole
    assert read.problem == "1 of 3 rows of the broker's order book cannot be understood."


async def test_commodity_rows_without_a_contract_file_are_not_guessed(cache: Path) -> None:
    row = {**ROW, "exchange": "MCXCOMM"}

    async def script(line: Line, request: Request) -> None:
        if "contractfiles" in request.path:
            line.send(reply(b"", 503))
        else:
            line.send(reply(json.dumps([row]).encode()))

    async with scripted(script) as broker, client(broker, cache) as made:
        read = await session_of(made).order_book()
    assert (read.rows, read.whole) == ((), False)


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        (b"<html>Access Denied</html>", 200, "cannot be read"),
        (b"<html>Bad gateway</html>", 502, "HTTP 502"),
        (b"", 429, "too many calls"),
        (b"", 401, "Log the account in again"),
        (b'{"status":"Ok","result":{"status":"EC924","message":"no limits"}}', 200, "no limits"),
        (b'{"status":"Ok","result":{}}', 200, "cannot be understood"),
        (b'{"status":"Ok","result":[]}', 200, "incomplete"),
    ],
)
async def test_failures_are_one_sentence(
    cache: Path, body: bytes, status: int, sentence: str
) -> None:
    async def script(line: Line, request: Request) -> None:
        line.send(reply(body, status))

    async with scripted(script) as broker, client(broker, cache) as made:
        session = session_of(made)
        for call in (session.limits, session.profile):
            if call == session.profile and b"{}" in body:
                continue  # every field of a profile may be missing
            with pytest.raises(BrokerFailureError, match=sentence) as caught:
                await call()
            assert "token-of-the-day" not in str(caught.value)
            assert "Denied" not in str(caught.value)
            assert "\n" not in str(caught.value)


async def test_nobody_there_is_one_sentence(cache: Path) -> None:
    async with scripted() as broker:
        pass
    async with client(broker, cache) as made:
        session = session_of(made)
        with pytest.raises(BrokerFailureError, match=r"refused the connection\. Check the network"):
            await session.limits()
        read = await session.order_book()
        assert not read.whole
        assert "Check the network" in read.problem
