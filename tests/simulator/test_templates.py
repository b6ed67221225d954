"""An order whose text is known but for its tag is taken exactly as one that is read anew."""

import msgspec
import pytest

from copytrade_gui.simulator.broker import SimulatedBroker
from copytrade_gui.simulator.faults import Fault
from copytrade_gui.simulator.ist import NS
from copytrade_gui.simulator.templates import Templates
from tests.simulator.stand import FIRST, MASTER, RELIANCE, SECOND, Stand, leg

_DAY_S = 86_400


def _body(tag: str, **changes: object) -> bytes:
    return msgspec.json.encode([leg(orderTag=tag, **changes)])


def _sent(stand: Stand, body: bytes, who: str = MASTER) -> object:
    return msgspec.json.decode(stand.send("POST", "/orders", body, who=who).body)


def _same(broker: SimulatedBroker) -> tuple[object, object, object]:
    ledger = broker.ledger
    return ledger.rows(), msgspec.to_builtins(ledger.wire), dict(ledger.tags)


def test_a_known_text_leaves_the_same_record(monkeypatch: pytest.MonkeyPatch) -> None:
    known, anew = Stand(), Stand()
    bodies = [_body(f"T-{n}", price="1600.05") for n in range(6)]
    replies = [
        _sent(known, body, who) for body, who in zip(bodies, [MASTER, FIRST] * 3, strict=True)
    ]
    monkeypatch.setattr(Templates, "match", lambda *_: None)
    assert [
        _sent(anew, body, who) for body, who in zip(bodies, [MASTER, FIRST] * 3, strict=True)
    ] == replies
    for stand in (known, anew):
        stand.clock.forward(5)
        stand.broker.advance()
    assert _same(known.broker) == _same(anew.broker)


def test_each_order_has_terms_of_its_own() -> None:
    stand = Stand()
    for tag, who in (("A", MASTER), ("B", FIRST), ("C", SECOND)):
        _sent(stand, _body(tag, orderComplexity="AMO"), who)
    order = stand.broker.ledger.accepted[1]
    stand.send("PUT", f"/orders/{order.order_id}", {"quantity": "25"}, who=FIRST)
    assert [(o.terms.tag, o.terms.quantity) for o in stand.broker.ledger.accepted] == [
        ("A", 10), ("B", 25), ("C", 10),
    ]  # fmt: skip


@pytest.mark.parametrize("tag", ["x" * 51, "half;done", "\u20b9", "", "two\nlines"])
def test_a_bad_tag_in_a_known_text_meets_its_own_rule(tag: str) -> None:
    stand, anew = Stand(), Stand()
    _sent(stand, _body("good"))
    assert _result(_sent(stand, _body(tag))) == _result(_sent(anew, _body(tag)))


@pytest.mark.parametrize(
    "text",
    [
        '"orderTag":"%s","orderTag":"last"',  # the last mention counts
        '"orderTag":"%s","order\\u0054ag":"last"',
        '"orderTag":"%s" , "orderTag" : "last"',
    ],
)
def test_a_tag_that_is_said_twice_is_read_each_time(text: str) -> None:
    stand = Stand()
    plain = msgspec.json.encode(leg())[:-1].decode()
    for tag in ("last", "other"):
        _sent(stand, f"[{plain},{text % tag}}}]".encode())
    assert [order.terms.tag for order in stand.broker.ledger.accepted] == ["last", "last"]


def test_sessions_limits_frozen_accounts_and_faults_come_first() -> None:
    stand = Stand()
    stand.send("POST", "/orders", _body("warm"), who=FIRST)
    stand.broker.desk.accounts[FIRST].frozen_code = "EC703"
    assert _result(_sent(stand, _body("frozen"), FIRST))[0]["status"] == "EC703"
    assert stand.send("POST", "/orders", _body("nobody"), who="nobody").status == 401
    for number in range(10):
        assert stand.send("POST", "/orders", _body(f"n{number}"), who=SECOND).status == 200
    assert stand.send("POST", "/orders", _body("eleventh"), who=SECOND).status == 429
    stand.broker.add_fault(Fault(action="tag", form="lower"))
    _sent(stand, _body("SHOUT"))
    assert stand.broker.ledger.accepted[-1].shown_tag == "shout"
    outcomes = {line.tag: line.outcome for line in stand.broker.ledger.wire}
    assert outcomes["frozen"] == "EC703"
    assert outcomes["nobody"] == "401"
    assert outcomes["eleventh"] == "429"


def test_another_day_reads_anew() -> None:
    stand = Stand()
    _sent(stand, _body("today"))
    stand.clock.now += _DAY_S * NS
    assert stand.broker.desk.now()
    assert stand.broker.desk.templates.match(_body("next"), stand.clock.now, MASTER) is None
    assert stand.broker.find_instrument("NSEEQ", RELIANCE) is not None


def _result(reply: object) -> list[dict[str, str]]:
    content = msgspec.convert(reply, dict[str, object])
    result = msgspec.convert(content["result"], list[dict[str, str]])
    return [{k: v for k, v in one.items() if k in {"status", "message"}} for one in result]
