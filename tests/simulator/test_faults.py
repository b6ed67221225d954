"""Scripted misfortune: each fault does what it says, to whom it says, as often as it says."""

import msgspec
import pytest

from copytrade_gui.simulator.faults import BOOK_ACTIONS, PLACE_ACTIONS, Fault
from copytrade_gui.simulator.wirescript import script
from tests.simulator.stand import FIRST, MASTER, SECOND, Stand, leg


def arm(stand: Stand, **fields: object) -> int:
    return stand.broker.add_fault(msgspec.convert(fields, Fault))


def tags(stand: Stand) -> list[str]:
    stand.broker.advance()
    return [order.terms.tag for order in stand.broker.ledger.accepted]


@pytest.mark.parametrize("how", ["close", "silence", "reset"])
def test_accepted_and_the_reply_lost(stand: Stand, how: str) -> None:
    arm(stand, action="drop_reply", how=how)
    reply = stand.send("POST", "/orders", [leg(orderTag="T")])
    assert reply.wire is not None
    assert {"close": "close", "silence": "hang", "reset": "reset"}[how] == script(reply)[-1].kind
    assert tags(stand) == ["T"]


def test_the_reply_lost_and_nothing_accepted(stand: Stand) -> None:
    arm(stand, action="drop_reply", placed=False)
    assert stand.send("POST", "/orders", [leg()]).wire is not None
    assert tags(stand) == []
    assert [line.outcome for line in stand.broker.ledger.wire] == ["fault:drop_reply"]


@pytest.mark.parametrize("placed", [True, False])
@pytest.mark.parametrize(
    ("fields", "status", "part"),
    [
        ({"action": "answer"}, 503, b"<html>"),
        ({"action": "answer", "http_status": 200, "form": "html"}, 200, b"<html>"),
        ({"action": "answer", "form": "empty", "http_status": 500}, 500, b""),
        ({"action": "answer", "form": "broken", "http_status": 200}, 200, b'"status":'),
        ({"action": "answer", "form": "text", "http_status": 502}, 502, b"upstream"),
        ({"action": "answer", "form": "json", "http_status": 200, "text": "{}"}, 200, b"{}"),
        ({"action": "answer", "form": "huge", "size": 5000, "http_status": 200}, 200, b"xxx"),
        ({"action": "answer", "form": "deep", "size": 5000, "http_status": 200}, 200, b"[[["),
        ({"action": "timed_out"}, 400, b"timed out"),
        ({"action": "code"}, 200, b'"EC003"'),
        ({"action": "code", "code": "EC912"}, 200, b'"EC912"'),
        ({"action": "code", "code": "EC913"}, 200, b'"EC913"'),
        ({"action": "code", "code": "EC777"}, 200, b'"EC777"'),
    ],
)
def test_unclear_answers_with_and_without_an_order(
    stand: Stand, fields: dict[str, object], status: int, part: bytes, *, placed: bool
) -> None:
    arm(stand, placed=placed, **fields)
    reply = stand.send("POST", "/orders", [leg(orderTag="T")])
    assert reply.status == status
    assert part in reply.body
    assert b"brokerOrderId" not in reply.body
    assert tags(stand) == (["T"] if placed else [])


def test_a_truncated_reply_is_half_of_the_true_one(stand: Stand) -> None:
    arm(stand, action="answer", form="truncated", http_status=200)
    body = stand.send("POST", "/orders", [leg()]).body
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(body)
    assert body.startswith(b'{"status":"Ok"')
    assert len(tags(stand)) == 1


def test_a_refusing_code_places_nothing_by_default(stand: Stand) -> None:
    arm(stand, action="code", code="EC904")
    assert stand.place()["status"] == "EC904"
    assert tags(stand) == []


@pytest.mark.parametrize(
    ("form", "status", "part"),
    [("401", 401, b"EC044"), ("EC044", 200, b"EC044"), ("EC055", 200, b"EC055"),
     ("EC075", 200, b"EC075")],
)  # fmt: skip
def test_a_session_that_is_called_dead(stand: Stand, form: str, status: int, part: bytes) -> None:
    arm(stand, action="dead_session", form=form, count=1, call="place")
    reply = stand.send("POST", "/orders", [leg()])
    assert reply.status == status
    assert part in reply.body
    assert tags(stand) == []
    assert stand.send("GET", "/profile").status == 200


def test_a_session_that_really_ends(stand: Stand) -> None:
    arm(stand, action="expire_session", call="place", nth=[2])
    assert stand.place()["status"] == "Success"
    assert stand.send("POST", "/orders", [leg()]).status == 401
    assert stand.send("GET", "/orders").status == 401
    assert stand.send("GET", "/orders", who=FIRST).status == 200


def test_too_many_with_and_without_a_time(stand: Stand) -> None:
    arm(stand, action="too_many", call="place", nth=[1])
    arm(stand, action="too_many", call="place", nth=[2], retry_after=2.0)
    assert "retry-after" not in dict(stand.send("POST", "/orders", [leg()]).headers)
    reply = stand.send("POST", "/orders", [leg()])
    assert (reply.status, dict(reply.headers)["retry-after"]) == (429, "2")
    assert tags(stand) == []
    assert stand.broker.ledger.refused_for_rate == 0  # injected, not earned


def test_a_position_that_is_miscounted_and_a_trade_that_is_left_out(stand: Stand) -> None:
    stand.accepted()
    stand.wait()
    (before,) = stand.rows("positions")
    arm(stand, action="book_quantity", call="positions", units=75, count=1)
    arm(stand, action="book_quantity", call="trades", form="filledQuantity", count=1)
    (wrong,) = stand.rows("positions")
    assert wrong == {**before, "netQuantity": int(str(before["netQuantity"])) + 75}
    (trade,) = stand.rows("trades")
    (right,) = stand.rows("trades")
    assert trade == {**right, "filledQuantity": str(int(str(right["filledQuantity"])) + 1)}
    assert stand.rows("positions") == [before], "the position itself is as it was"
    arm(stand, action="book_short", call="trades")
    assert stand.rows("trades") == []


def test_a_wrong_source_address(stand: Stand) -> None:
    arm(stand, action="bad_address")
    reply = stand.send("POST", "/orders", [leg()])
    assert reply.status == 200
    assert b'"status":"EC500"' in reply.body
    assert tags(stand) == []


def test_accepted_late(stand: Stand) -> None:
    arm(stand, action="accept_late", seconds=8)
    arm(stand, action="timed_out", call="place")
    assert stand.send("POST", "/orders", [leg(orderTag="T")]).status == 400
    stand.wait(7.5)
    assert (stand.rows("orders"), tags(stand)) == ([], [])
    stand.wait(0.2)
    (row,) = stand.rows("orders")
    assert row["orderTag"] == "T"
    assert tags(stand) == ["T"]


@pytest.mark.parametrize("seconds", [1, 30, 90, 150, 600])
def test_shown_late(stand: Stand, seconds: int) -> None:
    arm(stand, action="show_late", seconds=seconds)
    order = stand.accepted()
    assert tags(stand) == [""]
    stand.wait(seconds - 0.95)
    assert stand.rows("orders") == []
    assert stand.rows("trades") == []
    assert stand.json("GET", f"/orders/{order}")["result"]["status"] == "EC918"
    assert stand.json("DELETE", f"/orders/{order}")["result"]["status"] == "EC997"
    stand.wait(0.2)
    assert len(stand.rows("orders")) == 1
    assert len(stand.rows("trades")) == 1


def test_rejections_at_a_rate() -> None:
    stand = Stand(accounts=100)
    arm(stand, action="reject", text="RMS:Scrip X is in Ban Period.", probability=0.1)
    for client in stand.tokens:
        stand.accepted(who=client)
    stand.wait()
    stand.broker.advance()
    states = [o.status for o in stand.broker.ledger.accepted]
    assert states.count("complete") + states.count("rejected") == 100
    assert 2 <= states.count("rejected") <= 22
    reasons = {o.reason for o in stand.broker.ledger.accepted if o.status == "rejected"}
    assert reasons == {"RMS:Scrip X is in Ban Period."}


def test_the_broker_makes_two_of_one(stand: Stand) -> None:
    arm(stand, action="duplicate_order")
    stand.accepted(orderTag="T")
    assert tags(stand) == ["T", "T"]
    assert [o.origin for o in stand.broker.ledger.accepted] == ["request", "duplicate"]
    assert stand.broker.ledger.tags["T"] == 1
    assert len({r["brokerOrderId"] for r in stand.rows("orders")}) == 2


@pytest.mark.parametrize(
    ("form", "shown"),
    [("NA", "NA"), ("empty", "NA"), ("truncate", "ABCD"), ("swap", "BACDEFGH"),
     ("lower", "abcdefgh")],
)  # fmt: skip
def test_tags_come_back_changed(stand: Stand, form: str, shown: str) -> None:
    arm(stand, action="tag", form=form)
    order = stand.accepted(orderTag="ABCDEFGH")
    stand.wait()
    assert stand.row(order)["orderTag"] == shown
    assert stand.rows("trades")[0]["orderTag"] == shown
    assert tags(stand) == ["ABCDEFGH"]


def test_any_status_text_can_be_shown(stand: Stand) -> None:
    arm(stand, action="status", text="Brand New Status")
    order = stand.accepted()
    stand.wait()
    assert stand.row(order)["orderStatus"] == "Brand New Status"
    assert stand.order(order).status == "complete"


def test_fills_in_as_many_parts_as_said(stand: Stand) -> None:
    arm(stand, action="parts", copies=4)
    stand.accepted(quantity="10")
    stand.wait()
    assert [t["filledQuantity"] for t in stand.rows("trades")] == ["2", "2", "2", "4"]


def test_a_fill_after_the_cancel(stand: Stand) -> None:
    arm(stand, action="fill_after_cancel")
    order = stand.accepted(price="1500")
    stand.wait()
    stand.json("DELETE", f"/orders/{order}")
    stand.wait()
    row = stand.row(order)
    assert (row["orderStatus"], row["filledQuantity"]) == ("complete", "10")
    history = [r["orderStatus"] for r in stand.json("GET", f"/orders/{order}")["result"]]
    assert history.index("cancelled") < history.index("complete")


@pytest.fixture
def filled(stand: Stand) -> Stand:
    for place in range(6):
        stand.accepted(orderTag=f"TAG{place}")
        stand.wait(10)
    return stand


def ids(stand: Stand, book: str = "orders") -> list[str]:
    return [row["brokerOrderId"] for row in stand.rows(book)]


@pytest.mark.parametrize("book", ["orders", "trades"])
def test_lying_books(filled: Stand, book: str) -> None:
    true = ids(filled, book)
    assert len(true) == 6
    arm(filled, action="book_empty", nth=[1])
    arm(filled, action="book_short", rows=2, nth=[2])
    arm(filled, action="book_duplicate", rows=2, nth=[3])
    arm(filled, action="book_shuffle", nth=[4])
    arm(filled, action="book_stale", seconds=25, nth=[5])
    assert ids(filled, book) == []
    assert ids(filled, book) == true[:4]
    doubled = ids(filled, book)
    assert (doubled[:6], len(doubled)) == (true, 8)
    shuffled = ids(filled, book)
    assert (sorted(shuffled), shuffled == true) == (true, False)
    stale = ids(filled, book)
    assert stale == true[: len(stale)]
    assert len(stale) < 6
    assert ids(filled, book) == true


def test_a_stale_book_shows_old_states(stand: Stand) -> None:
    order = stand.accepted(price="1500")
    stand.wait(10)
    stand.price(1400)
    stand.wait(10)
    arm(stand, action="book_stale", seconds=15, count=1)
    assert stand.row(order)["orderStatus"] == "open"
    assert stand.row(order)["orderStatus"] == "complete"


@pytest.mark.parametrize("form", ["text", "null", "number", "list", "missing"])
def test_garbled_rows(filled: Stand, form: str) -> None:
    arm(filled, action="book_garble", rows=2, form=form)
    rows = filled.json("GET", "/orders")["result"]
    assert len(rows) == 6
    assert sum(isinstance(r, dict) and "orderTag" in r for r in rows) == 4


def test_failed_reads_say_so(filled: Stand) -> None:
    arm(filled, action="book_failed", call="orders,trades,positions,holdings,order")
    for path, code in [
        ("/orders", "EC915"), ("/trades", "EC927"), ("/positions", "EC919"),
        ("/holdings", "EC921"), ("/orders/1", "EC917"),
    ]:  # fmt: skip
        assert filled.json("GET", path)["result"]["status"] == code


def test_a_book_with_foreign_tags(filled: Stand) -> None:
    arm(filled, action="book_tag", rows=3, form="NA", call="orders", count=1)
    assert sum(r["orderTag"] == "NA" for r in filled.rows("orders")) == 3
    assert sum(r["orderTag"] == "NA" for r in filled.rows("orders")) == 0


def test_a_lost_cancel_reply_still_cancels(stand: Stand) -> None:
    order = stand.accepted(price="1500")
    stand.wait()
    arm(stand, action="drop_reply", call="cancel")
    assert stand.send("DELETE", f"/orders/{order}").wire is not None
    stand.wait()
    assert stand.row(order)["orderStatus"] == "cancelled"


def test_a_lost_modify_reply_still_modifies(stand: Stand) -> None:
    order = stand.accepted(price="1500")
    stand.wait()
    arm(stand, action="drop_reply", call="modify")
    assert stand.send("PUT", f"/orders/{order}", {"quantity": "11"}).wire is not None
    stand.wait()
    assert stand.row(order)["quantity"] == "11"


def test_conditions_choose_whom_and_when(stand: Stand) -> None:
    arm(stand, action="code", accounts=[FIRST], skip=1, count=2, call="place")
    arm(stand, action="code", accounts=[SECOND], from_s=5, until_s=10, code="EC912")
    seen = []
    for _ in range(4):
        seen.append([stand.place(who)["status"] for who in (MASTER, FIRST, SECOND)])
        stand.wait(3)
    assert [row[0] for row in seen] == ["Success"] * 4
    assert [row[1] for row in seen] == ["Success", "EC003", "EC003", "Success"]
    assert [row[2] for row in seen] == ["Success", "Success", "EC912", "EC912"]


def test_delays_are_lognormal_and_seeded() -> None:
    def delays(seed: int) -> list[float]:
        stand = Stand(seed=seed, rate_limits=False)
        arm(stand, action="delay", ms=140, sigma=0.5, call="place")
        return [stand.send("POST", "/orders", [leg()]).delay_ms for _ in range(400)]

    drawn = sorted(delays(3))
    assert drawn[0] > 0
    assert 120 < drawn[200] < 165
    assert drawn[-1] > 350
    assert sorted(delays(3)) == drawn != sorted(delays(4))


def test_latency_and_jitter_are_on_broker_calls_alone() -> None:
    stand = Stand(latency_ms=60, jitter_ms=10)
    delays = [stand.send("GET", "/profile", who=w).delay_ms for w in stand.tokens]
    assert all(d > 60 for d in delays)
    assert len(set(delays)) == len(delays)


def test_faults_strike_each_account_alike_whatever_others_do() -> None:
    def outcomes(order: list[str]) -> dict[str, list[str]]:
        stand = Stand(accounts=4)
        arm(stand, action="code", probability=0.5, call="place")
        seen: dict[str, list[str]] = {}
        for who in order:
            seen.setdefault(who, []).append(stand.place(who)["status"])
            stand.wait(0.2)
        return seen

    clients = list(Stand(accounts=4).tokens)
    assert outcomes(clients * 6) == outcomes([c for c in clients for _ in range(6)])


def test_cleared_faults_are_gone(stand: Stand) -> None:
    first = arm(stand, action="code")
    arm(stand, action="bad_address", call="profile")
    stand.broker.clear_faults(first)
    assert stand.place()["status"] == "Success"
    assert b"EC500" in stand.send("GET", "/profile").body
    stand.broker.clear_faults()
    assert b"EC500" not in stand.send("GET", "/profile").body


def test_an_impossible_fault_is_named() -> None:
    with pytest.raises(msgspec.ValidationError, match="sekonds"):
        msgspec.convert({"action": "show_late", "sekonds": 3}, Fault)
    with pytest.raises(msgspec.ValidationError, match="action"):
        msgspec.convert({"action": "explode"}, Fault)


def test_no_action_is_both_of_order_and_of_book() -> None:
    assert PLACE_ACTIONS.isdisjoint(BOOK_ACTIONS)
