"""Whatever a client sends, the broker answers: no input may end in an exception of ours."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from copytrade_gui.simulator.wire import Reply, Request
from tests.simulator.stand import MASTER, Stand, leg

POSTS = [
    "/v1/orders", "/v1/getusersession", "/v1/preordermargin", "/v1/spanexposure",
    "/v1/marketdata/historicaldata", "/v1/marketdata/marketquotes", "/v1/marketdata/marketdepth",
    "/v1/marketdata/openinterest", "/v1/profile/logout", "/login",
]  # fmt: skip
VALUES: dict[str, list[object]] = {
    "instrumentId": ["2885", 2885, "999920000", "", "-1", "9" * 30],
    "exchange": ["NSEEQ", "NSEFO", "NCDEXCOMM", "", 7],
    "transactionType": ["BUY", "SELL", "buy", 1],
    "quantity": ["10", 10, 10.0, "1e400", "-0", "9" * 400, 10**400, 1e308, "٣", "²"],
    "orderComplexity": ["REGULAR", "AMO", "BO", "CO"],
    "product": ["INTRADAY", "DELIVERY", "NORMAL", "BNPL"],
    "orderType": ["LIMIT", "MARKET", "SL", "SLM"],
    "validity": ["DAY", "IOC"],
    "price": ["1600", 1600.05, "NaN", "sNaN", "-Infinity", "1e-9", "1E+99999999", 10**400, ""],
    "slTriggerPrice": ["1500", "x", 0],
    "slLegPrice": ["1500", "x"],
    "targetLegPrice": ["1700", None],
    "disclosedQuantity": ["5", "x", "NaN", 10**400],
    "marketProtectionPercent": ["0.5", "NaN", "0"],
    "orderTag": ["T", "~", "\u0000", "é", "x" * 60],
    "algoId": ["A", "", "\n"],
    "interval": ["1 minute", "1 day", "weekly", "monthly", "x"],
    "fromDate": ["20-Nov-2026", "31-Feb-2026", 5],
    "toDate": ["21-Nov-2026", "", "01-Jan-0001"],
    "checkSum": ["x", 1],
}
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
optional: dict[str, st.SearchStrategy[object]] = {
    name: st.sampled_from(values) | anything for name, values in VALUES.items()
}
objects = st.fixed_dictionaries({}, optional=optional)
extras = ("slTriggerPrice", "slLegPrice", "targetLegPrice", "disclosedQuantity",
          "marketProtectionPercent", "orderTag", "algoId")  # fmt: skip
valid: dict[str, st.SearchStrategy[object]] = {n: st.just(value) for n, value in leg().items()}
orders = st.fixed_dictionaries(valid, optional={name: optional[name] for name in extras})
contents = objects | st.lists(objects | orders, max_size=3) | anything


def encoded(content: object) -> bytes:
    try:
        return msgspec.json.encode(content)
    except (ValueError, OverflowError, msgspec.EncodeError):
        return b"[" + str(content).encode("utf-8", "replace") + b"]"


def send(stand: Stand, method: str, path: str, body: bytes) -> Reply:
    headers = {
        "authorization": f"Bearer {stand.tokens[MASTER]}",
        "content-type": "application/json",
    }
    path, _, query = path.partition("?")
    return stand.broker.handle(Request(method, path, query, headers, body, "127.0.0.1"))


@settings(max_examples=400)
@given(st.sampled_from(POSTS), contents)
def test_any_content_is_answered(path: str, content: object) -> None:
    stand = Stand(accounts=1, rate_limits=False)
    reply = send(stand, "POST", path, encoded(content))
    assert reply.status in {200, 302, 400, 401}
    stand.wait(5)
    stand.broker.advance()
    for order in stand.broker.ledger.accepted:
        assert 0 <= order.filled <= order.terms.quantity


@settings(max_examples=150)
@given(contents)
def test_any_change_is_answered(content: object) -> None:
    stand = Stand(accounts=1, rate_limits=False)
    order = stand.accepted(price="1400")
    stand.wait()
    assert send(stand, "PUT", f"/v1/orders/{order}", encoded(content)).status == 200
    stand.wait()
    assert stand.row(order)["quantity"].isdecimal()


@settings(max_examples=200)
@given(
    st.sampled_from(["GET", "PUT", "DELETE", "POST", "PATCH"]),
    st.text(max_size=20).map(lambda t: f"/v1/orders/{t}") | st.text(max_size=30)
    | st.text(max_size=9).map(lambda t: f"/v1/contractfiles/{t}"),
    st.binary(max_size=60),
)  # fmt: skip
def test_any_path_and_any_bytes_are_answered(method: str, path: str, body: bytes) -> None:
    stand = Stand(accounts=1, rate_limits=False)
    assert send(stand, method, path, body).status in {200, 400, 401, 404, 405}
    assert send(stand, "POST", "/v1/orders", body).status == 200
