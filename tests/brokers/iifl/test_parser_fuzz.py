"""P11: whatever the body is, it is read or refused, in bounded time, and nothing is guessed."""

import json
import random
import string
import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copytrade_gui.brokers.http.http_call import MAX_ROWS, HttpReply
from copytrade_gui.brokers.iifl import shapes
from copytrade_gui.brokers.iifl.envelope import (
    MAX_DEPTH,
    UnreadableError,
    open_envelope,
    too_deep,
)
from copytrade_gui.brokers.iifl.instruments import NotAContractFileError, read_contracts
from copytrade_gui.brokers.iifl.mapping import (
    holding_of,
    limits_of,
    order_of,
    position_of,
    quote_of,
    trade_of,
)
from copytrade_gui.brokers.iifl.outcome import classify, classify_change
from copytrade_gui.brokers.iifl.reads import read_page
from copytrade_gui.domain.instrument import Exchange, InstrumentKey
from copytrade_gui.ports import Accepted, Refused
from tests.brokers.rig import accepted, leg
from tests.proof.counts import proof_range

SEED = 20261124
CASES = proof_range(2_000, "fuzz_parser")

ODD_NUMBERS = [
    "NaN", "-NaN", "Infinity", "1e309", "1e-400", "0x10", "1_000", "١٢", "１２", "½", "1,5", "--1",
    "+", "", " ", "9" * 400, "1e999999999", "-0", "00", "1.", ".5", "1e", "null", "None", "true",
]  # fmt: skip
ODD_DATES = [
    "31-Feb-2026 10:00:00", "2026-11-24T10:00:00Z", "24/11/2026", "45511", "24-Nov-26 1:2:3",
    "24-nov-2026 24:00:00", "99-Xyz-0000 99:99:99", "24-Nov-2026 10:00:60",
]  # fmt: skip
ODD_TEXT = [
    "\x00",
    "\ud7ff",
    "\U0010ffff",
    "\u202e",
    "a" * 5000,
    "../..",
    "'; --",
    "\n\r\t",
    "💥" * 50,
]
FIELDS = [
    "status", "message", "result", "orders", "data", "brokerOrderId", "orderStatus", "exchange",
    "instrumentId", "transactionType", "quantity", "filledQuantity", "pendingQuantity", "price",
    "orderTag", "exchangeTimestamp", "product", "orderType", "validity", "ltp", "candles",
    "marketDepth", "netQuantity", "tradingLimit", "exchanges", "exchangeTradeId", "tradedPrice",
]  # fmt: skip
GOOD = {
    "brokerOrderId": "240920000000124",
    "orderStatus": "open",
    "exchange": "NSEEQ",
    "instrumentId": "1594",
    "transactionType": "BUY",
    "quantity": "10",
    "filledQuantity": "0",
    "price": "1",
    "slTriggerPrice": "0",
    "averageTradedPrice": "0",
    "exchangeTradeId": "7",
    "tradedPrice": "1",
}
KINDS: list[type[shapes.Row]] = [
    shapes.OrderRow,
    shapes.TradeRow,
    shapes.PositionRow,
    shapes.HoldingRow,
    shapes.LimitsRow,
    shapes.ProfileRow,
    shapes.QuoteRow,
    shapes.DepthRow,
    shapes.CandlesRow,
    shapes.SessionRow,
]


Tell = Callable[[str, object], None]


class Slowest:
    """The most processor time one input took; `make proof` lets none take a second."""

    def __init__(self) -> None:
        self.ms = 0.0
        self._began = 0

    def __enter__(self) -> None:
        self._began = time.process_time_ns()

    def __exit__(self, *_: object) -> None:
        self.ms = max(self.ms, (time.process_time_ns() - self._began) / 1e6)


def value(dice: random.Random, depth: int = 0) -> object:
    choice = dice.randrange(11 if depth < 4 else 8)
    if choice == 0:
        return dice.choice(ODD_NUMBERS)
    if choice == 1:
        return dice.choice(ODD_DATES)
    if choice == 2:
        return dice.choice(ODD_TEXT)
    if choice == 3:
        return dice.choice([None, True, False, 0, -1, 10**30, 1.5, 1e308, "EC916", "EC901", "Ok"])
    if choice == 4:
        return "".join(dice.choices(string.printable, k=dice.randrange(30)))
    if choice < 8:
        return dice.choice(list(GOOD.values()))
    if choice == 8:
        return [value(dice, depth + 1) for _ in range(dice.randrange(4))]
    return row(dice, depth + 1)


def row(dice: random.Random, depth: int = 0) -> dict[str, object]:
    made: dict[str, object] = dict(GOOD) if dice.random() < 0.5 else {}
    for _ in range(dice.randrange(6)):
        made[dice.choice(FIELDS)] = value(dice, depth)
    return made


def body(dice: random.Random) -> bytes:
    rows = [row(dice) for _ in range(dice.randrange(5))]
    shape = dice.randrange(8)
    wrapped: object = [
        rows,
        {"result": rows},
        {"status": "Ok", "message": "Success", "result": rows[0] if rows else None},
        {"status": "Ok", "result": {"orders": rows}},
        {"status": dice.choice(["EC916", "EC003", "Ok", 5]), "result": {"data": rows}},
        {"result": json.dumps(rows)},
        rows[0] if rows else {},
        value(dice),
    ][shape]
    written = json.dumps(wrapped, ensure_ascii=dice.random() < 0.5).encode("utf-8", "replace")
    if dice.random() < 0.4 and written:
        spoiled = bytearray(written)
        for _ in range(dice.randint(1, 5)):
            at = dice.randrange(len(spoiled))
            spoiled[at : at + dice.randrange(3)] = dice.randbytes(dice.randrange(3))
            if not spoiled:
                break
        return bytes(spoiled)
    return written


def no_lots(_key: InstrumentKey) -> int | None:
    return None


def read_everything(written: bytes, status: int = 200) -> None:
    """Put the bytes through every reader there is; any exception is a failure."""
    reply = HttpReply(status, {"retry-after": "1"}, written)
    outcome = classify(status, reply.headers, written)
    if isinstance(outcome, Accepted):
        assert outcome.broker_order_id.encode() in written
    elif isinstance(outcome, Refused):
        assert outcome.code.encode() in written
    classify_change(reply)
    for kind in KINDS:
        page = read_page(reply, kind, "book")
        assert page.problem or status == 200
        for one in page.rows:
            if isinstance(one, shapes.OrderRow):
                order_of(one, no_lots)
            elif isinstance(one, shapes.TradeRow):
                trade_of(one, no_lots)
            elif isinstance(one, shapes.PositionRow):
                position_of(one, no_lots)
            elif isinstance(one, shapes.HoldingRow):
                holding_of(one)
            elif isinstance(one, shapes.LimitsRow):
                limits_of(one)
            elif isinstance(one, shapes.QuoteRow):
                quote_of(one, 0)


@pytest.mark.timeout(540)
def test_seeded_bodies(record_property: Tell) -> None:
    readable = 0
    slowest = Slowest()
    for index in CASES:
        dice = random.Random(f"{SEED}/{index}")  # noqa: S311 - a case must come again
        written = body(dice)
        with slowest:
            try:
                read_everything(written, dice.choice([200, 200, 200, 400, 401, 503]))
                open_envelope(written)
                readable += 1
            except UnreadableError:
                continue
            except Exception as error:
                raise AssertionError(f"case {index}: {written[:300]!r}") from error
    assert readable > len(CASES) / 3, "the cases are too broken to test anything"
    record_property("bodies", len(CASES))
    record_property("inputs", len(CASES))
    record_property("slowest_ms", slowest.ms)


@given(st.binary(max_size=300))
def test_any_bytes(written: bytes) -> None:
    read_everything(written)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=4)
        ),
    )
)
@settings(max_examples=300)
def test_any_json(thing: object) -> None:
    read_everything(json.dumps(thing).encode())


MIB = 1 << 20


@pytest.mark.parametrize(
    "written",
    [
        b"[" * (8 * MIB),
        b'{"a":' * MIB,
        b"[" + b"[]," * (2 * MIB) + b"[]]",
        b"[" + b"{}," * (2 * MIB) + b"{}]",
        b'"' + rb"\"" * (4 * MIB),
        b'{"result":"' + rb"\"" * (3 * MIB) + b'"}',
        b'["' + b'","' * (2 * MIB) + b'"]',
        b'{"result":[' + b"9" * (8 * MIB) + b"]}",
        b'{"price":"' + b"9" * (8 * MIB) + b'"}',
        b" " * (8 * MIB),
        b'{"status":"Ok","message":"' + b"x" * (8 * MIB) + b'"}',
        b'{"result":[' + b'{"brokerOrderId":"1"},' * (MAX_ROWS + 1) + b"{}]}",
        accepted(1)[:-1] + b" " * (8 * MIB) + b"}",
    ],
    ids=range(13),
)
def test_eight_mib_of_the_worst(written: bytes, record_property: Tell) -> None:
    slowest = Slowest()
    with slowest:
        classify(200, {}, written)
    with slowest:
        page = read_page(HttpReply(200, {}, written), shapes.OrderRow, "order book")
    assert page.problem or len(page.rows) <= 1
    record_property("inputs", 1)
    record_property("slowest_ms", slowest.ms)


# ---------------------------------------------------------------- depth and rows


@given(
    st.integers(1, 200), st.sampled_from(["[]", "{}"]), st.text(alphabet='[]{}"\\a', max_size=20)
)
def test_depth_is_counted_outside_strings(depth: int, kind: str, noise: str) -> None:
    inner = json.dumps([noise] * 40)
    opening = "[" if kind == "[]" else '{"a":'
    written = opening * (depth - 1) + inner + kind[1] * (depth - 1)
    assert json.loads(written)
    assert too_deep(written.encode()) is (depth > MAX_DEPTH)


def test_row_bound() -> None:
    rows = b",".join([b'{"status":"x"}'] * MAX_ROWS)
    assert len(open_envelope(b'{"result":[%b]}' % rows).rows) == MAX_ROWS
    with pytest.raises(UnreadableError, match="rows"):
        open_envelope(b'{"result":[%b,{}]}' % rows)


def test_readers_of_a_refusal_do_not_quote_the_body() -> None:
    secret = b'{"status":"Ok","token":"eyJsecret"'
    with pytest.raises(UnreadableError) as caught:
        open_envelope(secret)
    assert "eyJsecret" not in str(caught.value)
    assert "eyJsecret" not in read_page(HttpReply(200, {}, secret), shapes.Row, "x").problem
    assert "EC901" in str(classify(200, {}, leg("EC901")))


# ---------------------------------------------------------------- contract files


@given(st.text(max_size=400) | st.binary(max_size=400).map(lambda raw: raw.decode("latin-1")))
def test_any_text_is_a_contract_file_or_is_not(written: str) -> None:
    for text in (written, HEADER + "\n" + written, f"[{written}", f"{{{written}"):
        try:
            read_contracts(text, Exchange.NSEEQ)
        except NotAContractFileError as error:
            refused = str(error)
            # With a header only for a last row that is cut.
            assert not text.startswith(HEADER) or "cut off" in refused


HEADER = (
    "Exchange,Underlying Instrument Symbol,Instrument ID,Instrument Type,Option Type,"
    "Strike Price,Underlying Instrument Name,Trading Symbol,Expiry,Lot Size,Tick Size"
)


def in_camel_case(column: str) -> str:
    words = column.split()
    return words[0].lower() + "".join(word.capitalize() for word in words[1:])


@pytest.mark.parametrize(
    "written",
    [
        "[" * (8 * MIB), "[" + "{}," * (2 * MIB) + "{}]", '{"result":' * MIB,
        "[1" + ",1" * (4 * MIB),
        '[{"' + "A" * (8 * MIB) + '":1}]', '[{"exchange":' + "9" * (8 * MIB) + "}]",
    ],
    ids=range(6),
)  # fmt: skip
def test_eight_mib_that_are_no_contract_file(written: str, record_property: Tell) -> None:
    slowest = Slowest()
    with slowest, pytest.raises(NotAContractFileError):
        read_contracts(written, Exchange.NSEEQ)
    record_property("inputs", 1)
    record_property("slowest_ms", slowest.ms)


def test_seeded_contract_rows(record_property: Tell) -> None:
    slowest = Slowest()
    for index in CASES:
        dice = random.Random(f"{SEED}/csv/{index}")  # noqa: S311 - a case must come again
        cells = ["NSEFO", "NIFTY", str(index), "OPTIDX", "CE", "24000", "NIFTY", "NIFTY26CE",
                 "24-Nov-2026", "65", "0.05"]  # fmt: skip
        for _ in range(dice.randrange(4)):
            odd = dice.choice([*ODD_NUMBERS, *ODD_DATES, *ODD_TEXT, '"', "XX", "INDEX", "0", "-1"])
            cells[dice.randrange(len(cells))] = odd
        with slowest:
            read = read_contracts(f"{HEADER}\n{','.join(cells)}\n", Exchange.NSEFO)
            row = dict(zip(map(in_camel_case, HEADER.split(",")), cells, strict=True))
            again = read_contracts(json.dumps([row]), Exchange.NSEFO)
        for one in (*read.instruments, *again.instruments):
            assert one.lot_size >= 1
            assert one.tick > 0
    record_property("inputs", 2 * len(CASES))
    record_property("slowest_ms", slowest.ms)
