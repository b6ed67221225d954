"""docs/safety.md 5, row by row, and every code there is or could be (P12)."""

import pytest

from copytrade_gui.brokers.http.http_call import HttpReply
from copytrade_gui.brokers.iifl.outcome import classify, classify_change
from copytrade_gui.ports import Accepted, ChangeDone, Doubt, Refused, Unknown
from tests.brokers.rig import accepted, leg

DEFINITE = {
    *range(703, 706),
    *range(900, 912),
    914,
    *range(928, 935),
    936,
    *range(941, 992),
}
AUTH = {44, 55, 75, 401, 403}
CHANGE_ONLY = {701, 702, 992, 993, 994, 995, 997, 999}


def envelope(inner: str, outer: str = '"status":"Ok","message":"Success"') -> bytes:
    return f'{{{outer},"result":{inner}}}'.encode()


# ---------------------------------------------------------------- accepted


@pytest.mark.parametrize(
    "body",
    [
        accepted(240919000000041),
        b'[{"status":"Success","brokerOrderId":"240919000000041"}]',
        b'{"status":"Success","brokerOrderId":"240919000000041"}',
        b'{"result":{"status":"Success","brokerOrderId":240919000000041}}',
        b'{"status":"EC912","result":[{"status":" SUCCESS ","brokerOrderId":"240919000000041"}]}',
        b'{"result":{"data":[{"status":"Ok","brokerOrderId":"240919000000041","new":[1]}]}}',
        b'\n {"result" : [ {"status":"success","brokerOrderId":"240919000000041"} ] }\r\n',
    ],
)
@pytest.mark.parametrize("status", [200, 201, 202])
def test_accepted_needs_a_leg_with_success_and_an_order_id(status: int, body: bytes) -> None:
    outcome = classify(status, {}, body)
    assert isinstance(outcome, Accepted)
    assert outcome.broker_order_id == "240919000000041"


# ---------------------------------------------------------------- codes


def test_every_code() -> None:
    for number in range(1000):
        code = f"EC{number:03d}"
        outcome = classify(200, {}, leg(code, "some text"))
        if number in DEFINITE:
            assert outcome == Refused(code, "some text")
        elif number in AUTH:
            assert outcome == Unknown("some text", code=code, doubt=Doubt.AUTH)
        else:
            assert outcome == Unknown("some text", code=code)


def test_every_code_on_a_change() -> None:
    for number in range(1000):
        code = f"EC{number:03d}"
        for body in (leg(code), f'{{"status":"{code}","message":"m"}}'.encode()):
            outcome = classify_change(HttpReply(200, {}, body))
            definite = number in DEFINITE or number in CHANGE_ONLY
            assert isinstance(outcome, Refused if definite else Unknown), code


def test_the_address_refusal_goes_by_its_text_too() -> None:
    text = "Error : IP address not authorized for trading."
    assert classify(200, {}, leg("EC500", text)) == Refused("EC500", text, blocks_account=True)
    assert classify(200, {}, leg("EC500", "Server error")) == Unknown("Server error", code="EC500")


@pytest.mark.parametrize("code", ["EC0901", "EC90", "ec901", "E901", "901", "EC901 ", "XEC901"])
def test_what_only_resembles_a_code(code: str) -> None:
    outcome = classify(200, {}, leg(code))
    # Space around a code is trimmed; everything else is no code at all.
    assert isinstance(outcome, Refused if code.strip() == "EC901" else Unknown)


def test_a_code_outside_the_legs_counts_when_there_is_no_leg() -> None:
    assert classify(200, {}, b'{"status":"EC901","message":"m"}') == Refused("EC901", "m")
    assert classify(200, {}, b'{"status":"EC901","message":"m","result":[]}') == Refused(
        "EC901", "m"
    )
    assert isinstance(classify(200, {}, b'{"status":"EC901","result":[{},{}]}'), Unknown)


# ---------------------------------------------------------------- everything that proves nothing


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"null",
        b"true",
        b"12",
        b'"Success"',
        b"<html><body>Access Denied</body></html>",
        b"{",
        accepted(1)[:-1],
        accepted(1) + b"}",
        accepted(1) + accepted(2),
        b"\xff\xfe",
        b"{}",
        b"[]",
        b'{"status":"Ok"}',
        b'{"status":"Ok","result":null}',
        b'{"status":"Ok","result":[]}',
        b'{"status":"Ok","result":[null]}',
        b'{"status":"Ok","result":["Success"]}',
        b'{"status":"Ok","result":7}',
        envelope('[{"status":"Success"}]'),
        envelope('[{"status":"Success","brokerOrderId":""}]'),
        envelope('[{"status":"Success","brokerOrderId":null}]'),
        envelope('[{"status":"Success","brokerOrderId":"../1"}]'),
        envelope('[{"status":"Success","brokerOrderId":"' + "1" * 41 + '"}]'),
        envelope('[{"status":"Success","brokerOrderId":true}]'),
        envelope('[{"status":"Success","brokerOrderId":{"id":1}}]'),
        envelope('[{"brokerOrderId":"1"}]'),
        envelope('[{"status":"Pending","brokerOrderId":"1"}]'),
        envelope('[{"status":"Not_Ok","brokerOrderId":"1"}]'),
        envelope('[{"status":"EC901","brokerOrderId":"1"}]'),
        envelope('[{"status":"Success","brokerOrderId":"1"},{"status":"EC901"}]'),
        envelope('[{"status":"EC901"},{"status":"EC901"}]'),
        b"[" * 100_000,
        b'{"result":' * 50 + b"1" + b"}" * 50,
    ],
)
@pytest.mark.parametrize("status", [200, 204])
def test_unreadable_or_incomplete_is_unknown(status: int, body: bytes) -> None:
    assert isinstance(classify(status, {}, body), Unknown)


@pytest.mark.parametrize("body", [accepted(1), leg("EC901"), b"", b"<html>"])
def test_a_status_that_is_no_answer_is_unknown_whatever_the_body_says(body: bytes) -> None:
    for status in (*range(500, 600), 0, 100, 101, 301, 302, 307, 404, 409, 422):
        assert isinstance(classify(status, {}, body), Unknown), status


# ---------------------------------------------------------------- 400


@pytest.mark.parametrize(
    "text",
    [
        "Request timed out",
        "Time-out at the exchange",
        "gateway timeout",
        "Please check the order book before trying",
        "Something went wrong, try again",
        "Please try after some time",
        "The order is in transit",
    ],
)
def test_a_400_that_hides_a_timeout_is_unknown_even_with_a_definite_code(text: str) -> None:
    assert isinstance(classify(400, {}, leg("EC904", text)), Unknown)


def test_other_400s() -> None:
    assert classify(400, {}, leg("EC904", "must be positive")) == Refused(
        "EC904", "must be positive"
    )
    assert isinstance(classify(400, {}, leg("EC003", "bad")), Unknown)
    assert isinstance(classify(400, {}, b'{"message":"Bad request"}'), Unknown)
    assert isinstance(classify(400, {}, b"Bad request"), Unknown)
    assert isinstance(classify(400, {}, accepted(1)), Unknown)


# ---------------------------------------------------------------- auth and rate


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("body", [b"", accepted(1), leg("EC901"), b"<html>"])
def test_auth_by_status(status: int, body: bytes) -> None:
    outcome = classify(status, {}, body)
    assert isinstance(outcome, Unknown)
    assert (outcome.doubt, outcome.code) == (Doubt.AUTH, str(status))


@pytest.mark.parametrize(
    ("headers", "wait_ms"),
    [
        ({}, 0),
        ({"retry-after": "2"}, 2000),
        ({"retry-after": " 0 "}, 0),
        ({"retry-after": "999999"}, 3_600_000),
        ({"retry-after": "-5"}, 0),
        ({"retry-after": "soon"}, 0),
        ({"retry-after": "٣"}, 0),
        ({"retry-after": "9" * 5000}, 0),
        (
            {
                "retry-after": "Tue, 24 Nov 2026 10:00:05 GMT",
                "date": "Tue, 24 Nov 2026 10:00:00 GMT",
            },
            5000,
        ),
        ({"retry-after": "Tue, 24 Nov 2026 10:00:05 GMT"}, 0),
        (
            {
                "retry-after": "Tue, 24 Nov 2026 10:00:00 GMT",
                "date": "Tue, 24 Nov 2026 10:00:05 GMT",
            },
            0,
        ),
    ],
)
@pytest.mark.parametrize("body", [b"", accepted(1), leg("EC901")])
def test_rate_by_status(headers: dict[str, str], wait_ms: int, body: bytes) -> None:
    outcome = classify(429, headers, body)
    assert isinstance(outcome, Unknown)
    assert (outcome.doubt, outcome.retry_after_ms) == (Doubt.RATE, wait_ms)


@pytest.mark.parametrize("text", ["Too many requests", "Rate limit exceeded", "throttled"])
def test_rate_by_text(text: str) -> None:
    for body in (leg("EC003", text), leg("Failure", text)):
        outcome = classify(200, {"retry-after": "1"}, body)
        assert isinstance(outcome, Unknown)
        assert (outcome.doubt, outcome.retry_after_ms) == (Doubt.RATE, 1000)
    # A definite code stays definite whatever its text is about.
    assert isinstance(classify(200, {}, leg("EC948", text)), Refused)


def test_texts_are_made_fit_for_a_cell() -> None:
    long = "x" * 5000
    outcome = classify(200, {}, leg("EC901", r"a\u0007b\n\u202ec " + long))
    assert isinstance(outcome, Refused)
    assert outcome.reason.startswith("a b c xxx")
    assert len(outcome.reason) == 200


def test_change_done() -> None:
    body = b'{"status":"Ok","result":{"status":"Success","brokerOrderId":"1"}}'
    assert classify_change(HttpReply(200, {}, body)) == ChangeDone()
    assert isinstance(classify_change(HttpReply(500, {}, body)), Unknown)
    # Some books echo the id beside the code of a refused change.
    body = b'{"status":"Ok","result":{"status":"EC992","message":"m","brokerOrderId":"1"}}'
    assert classify_change(HttpReply(200, {}, body)) == Refused("EC992", "m")


def test_the_short_way_judges_like_the_table() -> None:
    """A reply to the letter takes a short way, one space more the long one; the result is one."""
    short = accepted(240919000000041)
    long = short.replace(b'"result":', b'"result": ')
    assert short != long
    assert classify(200, {}, short) == classify(200, {}, long) == Accepted("240919000000041")  # type: ignore[arg-type]  # a plain text is one


@pytest.mark.parametrize(
    "change",
    [
        (b'"brokerOrderId":"1"', b'"brokerOrderId":""'),
        (b'"brokerOrderId":"1"', b'"brokerOrderId":"' + b"1" * 41 + b'"'),
        (b'"brokerOrderId":"1"', b'"brokerOrderId":"1/../2"'),
        (b'"result":[{"status":"Success"', b'"result":[{"status":"EC912"'),
        (b"}]}", b'},{"status":"EC912"}]}'),
        (b"}]}", b"}]"),
    ],
)
def test_a_reply_that_only_resembles_a_good_one_is_not_accepted(
    change: tuple[bytes, bytes],
) -> None:
    body = accepted(1)
    assert classify(200, {}, body) == Accepted("1")  # type: ignore[arg-type]  # a plain text is one
    assert not isinstance(classify(200, {}, body.replace(*change)), Accepted)
    assert not isinstance(classify(500, {}, body), Accepted)
