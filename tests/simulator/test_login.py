"""The login page's codes, the sessions they buy, and how sessions end."""

import base64
import hashlib
from urllib.parse import parse_qsl, urlencode, urlsplit

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
    assert (content["preferred_username"], content["ucc"]) == (FIRST.lower(), FIRST.upper())
    assert content["solace_group"] == "SUBSCRIBER_CLIENT"


def test_the_redirect_carries_code_and_client(stand: Stand) -> None:
    reply = post_login(stand, redirecturl="http://127.0.0.1:8/cb")
    location = dict(reply.headers)["location"]
    assert location.startswith("http://127.0.0.1:8/cb?authCode=")
    assert location.endswith(f"&clientId={MASTER}")
    stand.broker.set_switches({"redirect_names": "lower"})
    location = dict(post_login(stand, redirecturl="http://127.0.0.1:8/cb?a=1").headers)["location"]
    assert "?a=1&authcode=" in location
    assert location.endswith(f"&clientid={MASTER}")


@pytest.mark.parametrize(
    ("names", "code", "client"),
    [
        ("camel", "authCode", "clientId"), ("lower", "authcode", "clientid"),
        ("snake", "auth_code", "client_id"), ("short", "code", "clientcode"),
        ("nobody", "authcode", ""),
    ],
)  # fmt: skip
def test_the_names_in_the_redirect_are_a_switch(names: str, code: str, client: str) -> None:
    stand = Stand(redirect_names=names)
    location = dict(post_login(stand, redirecturl="http://127.0.0.1:8/cb").headers)["location"]
    back = dict(parse_qsl(urlsplit(location).query))
    assert set(back) == {code, client} - {""}
    assert back.get(client, MASTER) == MASTER
    assert exchange(stand, back[code])["status"] == "Ok"


@pytest.mark.parametrize(
    "sent",
    ["http://127.0.0.1:8/cb?a=1", "http%3A%2F%2F127.0.0.1%3A8%2Fcb%3Fa%3D1"],
    ids=["as it is", "escaped once more"],
)
def test_a_redirect_address_is_taken_escaped_or_not(stand: Stand, sent: str) -> None:
    location = dict(post_login(stand, redirecturl=sent).headers)["location"]
    assert location.startswith("http://127.0.0.1:8/cb?a=1&authCode=")


@pytest.mark.parametrize("returned", ["stored", "upper", "lower"])
@pytest.mark.parametrize("typed", ["KX10006", "kx10006"])
def test_the_checksum_is_made_of_the_id_as_it_is_returned(returned: str, typed: str) -> None:
    stand = Stand(accounts=6, returned_id=returned)
    account = stand.broker.desk.accounts["KX10006"]
    reply = post_login(
        stand, clientId=typed, appkey=account.app.key, redirecturl="http://localhost/"
    )
    back = dict(parse_qsl(urlsplit(dict(reply.headers)["location"]).query))
    shown = {"stored": "KX10006", "upper": "KX10006", "lower": "kx10006"}[returned]
    assert back["clientId"] == shown
    other = shown.swapcase()
    secret = account.app.secret
    assert exchange(stand, back["authCode"], client=other, secret=secret)["status"] == "Not_Ok"
    assert exchange(stand, back["authCode"], client=shown, secret=secret)["status"] == "Ok"


@pytest.mark.parametrize("masked", [False, True])
def test_the_profile_shows_the_whole_id_or_a_masked_one(masked: bool) -> None:
    stand = Stand(masked_profile=masked)
    shown = stand.json("GET", "/profile")["result"]["clientId"]
    assert shown == ("3******1" if masked else MASTER)


ELSEWHERE = [
    "https://evil.example/cb", "http://127.0.0.1@evil.example/", "http://127.0.0.1.evil.example/",
    "http://evil.example\\@127.0.0.1/", "http://localhost.evil.example/", "http://10.0.0.1/",
    "http://127.0.0.1/\r\nset-cookie: a=1", "//evil.example", "http:evil.example",
    "http%3A%2F%2Fevil.example%2F", "https://[::2]/", "http://127.0.0.1:8#@evil.example\\",
]  # fmt: skip


@pytest.mark.parametrize("target", ELSEWHERE)
def test_a_code_never_goes_to_another_machine(stand: Stand, target: str) -> None:
    app = stand.broker.desk.accounts[MASTER].app
    for sent, registered in ((target, ""), ("", target)):
        app.redirect_url = registered
        stand.broker.desk.codes.clear()
        reply = post_login(stand, redirecturl=sent)
        assert "location" not in dict(reply.headers)
        assert reply.status == 400 or b"<code>" in reply.body
        if reply.status == 400:
            assert b"only to this machine" in reply.body
            assert not stand.broker.desk.codes


@pytest.mark.parametrize(
    "target",
    ["http://127.0.0.1:8/cb", "https://localhost/x?y=1", "http://[::1]:9/", "HTTP://LOCALHOST:7"],
)
def test_a_code_goes_back_to_this_machine(stand: Stand, target: str) -> None:
    assert dict(post_login(stand, redirecturl=target).headers)["location"].startswith(target)


@pytest.mark.parametrize(
    ("headers", "welcome"),
    [
        ({}, True),
        ({"host": "127.0.0.1:8123"}, True),
        ({"host": "localhost:8123"}, True),
        ({"host": "[::1]:8123", "origin": "http://[::1]:8123"}, True),
        ({"host": "127.0.0.1:8123", "origin": "http://127.0.0.1:8123"}, True),
        ({"host": "evil.example"}, False),
        ({"host": "127.0.0.1.evil.example:8123"}, False),
        ({"host": ""}, False),
        ({"host": "127.0.0.1:8123", "origin": "http://evil.example"}, False),
        ({"host": "127.0.0.1:8123", "origin": "http://127.0.0.1:9999"}, False),
        ({"host": "127.0.0.1:8123", "origin": "null"}, False),
        ({"origin": "http://127.0.0.1:8123"}, False),
    ],
)
def test_a_page_of_another_site_cannot_log_in_here(
    stand: Stand, headers: dict[str, str], welcome: bool
) -> None:
    app = stand.broker.desk.accounts[MASTER].app
    body = urlencode({"clientId": MASTER, "password": "x", "appkey": app.key}).encode()
    for method in ("GET", "POST"):
        reply = stand.broker.handle(Request(method, "/login", "", headers, body, "127.0.0.1"))
        assert reply.status == (200 if welcome else 403)
    assert bool(stand.broker.desk.codes) is welcome


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
