"""The login page's codes, the sessions they buy, and how sessions end."""

import base64
import hashlib
from urllib.parse import urlencode

import msgspec
import pytest

from copytrade_gui.simulator.accounts import checksum
from copytrade_gui.simulator.ist import NS, day_number, day_start
from copytrade_gui.simulator.wire import Reply, Request
from tests.simulator.stand import FIRST, MASTER, Json, Stand, leg


def post_login(stand: Stand, **fields: str) -> Reply:
    app = stand.broker.desk.accounts[MASTER].app
    given = {"clientId": MASTER, "password": "x", "appkey": app.key} | fields
    headers = {"content-type": "application/x-www-form-urlencoded"}
    body = urlencode(given).encode()
    return stand.broker.handle(Request("POST", "/login", "", headers, body, "127.0.0.1"))


def exchange(stand: Stand, code: str, *, client: str = MASTER, secret: str = "") -> Json:
    secret = secret or stand.broker.desk.accounts[client].app.secret
    proof = hashlib.sha256(f"{client}{code}{secret}".encode()).hexdigest()
    reply: Json = msgspec.json.decode(
        stand.send("POST", "/getusersession", {"checkSum": proof}, headers={}).body
    )
    stand.wait()
    return reply


def test_the_published_checksum_vector() -> None:
    assert checksum("TEST101", "ABCDEFGHIJKLMNOPQRST", "secret123") == (
        "514f83c26feaee7ee266844a5583035074fdcc9229f5c40d0f44a43142bfd2b9"
    )


def test_a_code_is_good_once(stand: Stand) -> None:
    code = stand.broker.issue_code(MASTER)
    assert len(code) == 20
    first = exchange(stand, code)
    assert first["status"] == "Ok"
    assert exchange(stand, code)["status"] == "Not_Ok"
    stand.tokens[MASTER] = first["userSession"]
    assert stand.send("GET", "/profile").status == 200


def test_a_code_is_good_for_five_minutes(stand: Stand) -> None:
    code = stand.broker.issue_code(MASTER)
    stand.wait(301)
    assert exchange(stand, code)["status"] == "Not_Ok"


def test_a_wrong_secret_buys_nothing(stand: Stand) -> None:
    code = stand.broker.issue_code(MASTER)
    assert exchange(stand, code, secret="wrong")["status"] == "Not_Ok"
    assert exchange(stand, code)["status"] == "Ok"


def test_the_token_carries_the_claims_clients_use(stand: Stand) -> None:
    token = exchange(stand, stand.broker.issue_code(FIRST), client=FIRST)["userSession"]
    head, claims, _ = (base64.urlsafe_b64decode(p + "==") for p in token.split("."))
    assert msgspec.json.decode(head)["alg"] == "RS256"
    content = msgspec.json.decode(claims)
    assert content["preferred_username"] == content["ucc"] == FIRST
    assert content["solace_group"] == "SUBSCRIBER_CLIENT"


def test_the_redirect_carries_code_and_client(stand: Stand) -> None:
    reply = post_login(stand, redirecturl="http://127.0.0.1:8/cb")
    location = dict(reply.headers)["location"]
    assert location.startswith("http://127.0.0.1:8/cb?authCode=")
    assert location.endswith(f"&clientId={MASTER}")
    stand.broker.set_switches({"redirect_case": "lower"})
    location = dict(post_login(stand, redirecturl="http://127.0.0.1:8/cb?a=1").headers)["location"]
    assert "?a=1&authcode=" in location
    assert location.endswith(f"&clientid={MASTER}")


def test_without_an_address_the_code_is_shown(stand: Stand) -> None:
    reply = post_login(stand)
    assert reply.status == 200
    assert b"<code>" in reply.body


def test_an_address_that_is_no_web_address_is_ignored(stand: Stand) -> None:
    assert post_login(stand, redirecturl="javascript:alert(1)").status == 200


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"clientId": "999"}, "Client does not exist."),
        ({"clientId": ""}, "Client id cannot be empty"),
        ({"appkey": "nope"}, "Incorrect appKey."),
        ({"appkey": ""}, "appKey cannot be empty"),
        ({"password": ""}, "Password cannot be empty"),
    ],
)
def test_the_page_says_what_is_wrong(stand: Stand, fields: dict[str, str], text: str) -> None:
    reply = post_login(stand, **fields)
    assert reply.status == 400
    assert text in reply.body.decode()
    assert not stand.broker.desk.codes


def test_what_was_typed_is_shown_but_never_run(stand: Stand) -> None:
    reply = post_login(stand, clientId='"><script>')
    assert b"<script>" not in reply.body
    assert b"&quot;&gt;&lt;script&gt;" in reply.body


def test_a_partner_key_serves_any_client(stand: Stand) -> None:
    partner = stand.broker.desk.accounts[FIRST].app
    code = stand.broker.issue_code(MASTER, partner.key)
    assert exchange(stand, code, secret=partner.secret)["status"] == "Ok"


def test_sessions_die_at_midnight_whatever_the_token_says(stand: Stand) -> None:
    midnight = day_start(day_number(stand.clock.now) + 1)
    stand.clock.now = midnight - NS
    assert stand.send("GET", "/profile").status == 200
    stand.clock.now = midnight
    assert stand.send("GET", "/profile").status == 401


def test_logout_ends_this_session_alone(stand: Stand) -> None:
    other = stand.broker.open_session(MASTER)
    assert stand.send("POST", "/profile/logout").status == 200
    assert stand.send("GET", "/profile").status == 401
    stand.tokens[MASTER] = other
    assert stand.send("GET", "/profile").status == 200


def test_a_second_login_can_end_the_first() -> None:
    stand = Stand(second_login_ends_first=True)
    stand.broker.open_session(MASTER)
    assert stand.send("GET", "/profile").status == 401
    assert stand.send("GET", "/profile", who=FIRST).status == 200


@pytest.mark.parametrize("form", ["EC044", "EC055", "EC075"])
def test_a_dead_session_can_come_as_a_code(form: str) -> None:
    stand = Stand(dead_session=form)
    stand.broker.expire_sessions()
    reply = stand.send("POST", "/orders", [leg()])
    assert (reply.status, form.encode() in reply.body) == (200, True)
    assert stand.json("GET", "/orders")["status"] == form
    assert stand.broker.ledger.accepted == []
    assert stand.broker.ledger.wire[0].outcome == "session"


@pytest.mark.parametrize("header", ["", "Bearer ", "Bearer nonsense", "Basic abc"])
def test_a_call_without_a_token_is_a_401(stand: Stand, header: str) -> None:
    reply = stand.send("GET", "/orders", headers={"authorization": header})
    assert reply.status == 401


def test_only_registered_addresses_may_call(stand: Stand) -> None:
    stand.broker.desk.accounts[MASTER].app.addresses = ["10.0.0.7"]
    for method, path, body in [
        ("POST", "/orders", [leg()]), ("GET", "/limits", None), ("GET", "/profile", None),
    ]:  # fmt: skip
        reply = stand.send(method, path, body, peer="10.0.0.8")
        assert (reply.status, b'"status":"EC500"' in reply.body) == (200, True)
    assert stand.broker.ledger.accepted == []
    assert b"EC500" not in stand.send("GET", "/limits", peer="10.0.0.7").body
    stand.broker.set_switches({"ip_check": "trading"})
    assert b"EC500" not in stand.send("GET", "/profile", peer="10.0.0.8").body
    assert b"EC500" in stand.send("GET", "/limits", peer="10.0.0.8").body


def test_the_login_itself_needs_the_address(stand: Stand) -> None:
    stand.broker.desk.accounts[MASTER].app.addresses = ["10.0.0.7"]
    reply = exchange(stand, stand.broker.issue_code(MASTER))
    assert reply["result"][0]["status"] == "EC500"
