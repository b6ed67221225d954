"""What goes wrong at the simulated broker is classified rightly, judged by its ledger."""

from pathlib import Path

import pytest

from copytrade_gui.domain.order import OrderType, State
from copytrade_gui.ports import (
    Accepted,
    BrokerFailureError,
    Doubt,
    Refused,
    Unknown,
)
from copytrade_gui.simulator.faults import Fault
from tests.brokers.rig import place, tag, terms
from tests.brokers.stand import fault, naming, place_order, standing


async def test_wrong_secret_wrong_code_wrong_client(cache: Path) -> None:
    async with standing(cache) as stand:
        account, theirs = stand.account(), stand.simulated.accounts[0]
        code = stand.simulated.issue_code(theirs.client_id)
        with pytest.raises(BrokerFailureError, match="refused the login of Ravi") as caught:
            await stand.broker.exchange_code(account, "not the secret", code)
        assert "not the secret" not in str(caught.value)
        with pytest.raises(BrokerFailureError, match="refused the login of Ravi"):
            await stand.broker.exchange_code(account, theirs.app.secret, "NOSUCHCODE0000000000")
        with pytest.raises(BrokerFailureError, match="another client"):
            await stand.broker.exchange_code(
                account, theirs.app.secret, f"http://x/?authCode={code}&clientId=other"
            )
        with pytest.raises(BrokerFailureError, match="Paste the whole address"):
            await stand.broker.exchange_code(account, theirs.app.secret, "http://x/nothing")


@pytest.mark.parametrize("form", ["401", "EC044", "EC055", "EC075"])
async def test_a_dead_session_in_every_form(cache: Path, form: str) -> None:
    async with standing(cache, switches={"dead_session": form}) as stand:
        session = await stand.login()
        stand.simulated.expire_sessions()
        outcome = (await place(session.orders, 1)).outcome
        assert isinstance(outcome, Unknown)
        assert outcome.doubt is Doubt.AUTH
        read = await session.order_book()
        assert (read.whole, read.session_dead) == (False, True)
        with pytest.raises(BrokerFailureError) as caught:
            await session.profile()
        assert caught.value.session_dead
        assert stand.simulated.ledger.accepted == []


async def test_unregistered_address(cache: Path) -> None:
    async with standing(cache) as stand:
        session = await stand.login()
        stand.simulated.accounts[0].app.addresses = ["203.0.113.7"]
        outcome = (await place(session.orders, 1)).outcome
        assert isinstance(outcome, Refused)
        assert outcome.blocks_account
        read = await session.order_book()
        assert not read.whole
        assert "network address" in read.problem


async def test_over_the_limit(cache: Path) -> None:
    async with standing(cache, switches={"retry_after": 2.0}) as stand:
        session = await stand.login()
        outcomes = [(await place(session.orders, number)).outcome for number in range(12)]
        late = [one for one in outcomes if isinstance(one, Unknown)]
        assert len(late) == 2
        assert {(one.doubt, one.retry_after_ms) for one in late} == {(Doubt.RATE, 2000)}
        assert len(stand.simulated.ledger.accepted) == 10


@pytest.mark.parametrize("fast", [True, False], ids=["wire", "httpx"])
@pytest.mark.parametrize(
    "misfortune",
    [
        fault(action="drop_reply", how="close", call="place"),
        fault(action="drop_reply", how="reset", call="place"),
        fault(action="drop_reply", how="silence", call="place"),
        fault(action="answer", form="html", call="place"),
        fault(action="answer", form="empty", http_status=200, call="place"),
        fault(action="answer", form="truncated", http_status=200, call="place"),
        fault(action="answer", form="huge", http_status=200, call="place"),
        fault(action="answer", form="deep", http_status=200, call="place"),
        fault(action="timed_out", call="place"),
        fault(action="code", code="EC003", placed=True, call="place"),
        fault(action="code", code="EC912", placed=True, call="place"),
        fault(action="wire", wire={"kind": "endless", "chunk": 4096, "pause_ms": 0}, call="place"),
        fault(action="wire", wire={"kind": "headers", "size": 1_000_000}, call="place"),
        fault(action="wire", wire={"kind": "cut", "at": 60}, call="place"),
        fault(action="wire", wire={"kind": "length", "delta": 20}, call="place"),
    ],
    ids=naming,
)
async def test_an_order_whose_reply_is_lost_is_found_by_its_tag(
    cache: Path, misfortune: Fault, fast: bool
) -> None:
    """Accepted by the broker, Unknown to us, sent once, and in the book under its tag."""
    async with standing(cache, fast=fast) as stand:
        session = await stand.login()
        await session.open_channel()
        stand.simulated.add_fault(misfortune)
        outcome = (await place(session.orders, 1, deadline_ms=400)).outcome
        assert isinstance(outcome, Unknown)
        stand.simulated.clear_faults()
        assert stand.simulated.ledger.tags[tag(1)] == 1
        (order,) = stand.simulated.ledger.accepted
        book = await session.order_book()
        assert book.whole
        assert [(row.tag, row.broker_order_id) for row in book.rows] == [(tag(1), order.order_id)]
        # The channel is usable again, by itself.
        assert isinstance((await place(session.orders, 2)).outcome, Accepted)


@pytest.mark.parametrize(
    "misfortune",
    [
        fault(action="book_failed", call="orders"),
        fault(action="book_garble", rows=1, form="text", call="orders"),
        fault(action="book_garble", rows=1, form="null", call="orders"),
        fault(action="book_garble", rows=1, form="missing", call="orders"),
        fault(action="book_garble", rows=1, form="list", call="orders"),
        fault(action="answer", form="html", http_status=200, call="orders"),
        fault(action="answer", form="truncated", http_status=200, call="orders"),
        fault(action="answer", http_status=503, call="orders"),
        fault(action="answer", form="deep", http_status=200, call="orders"),
        fault(action="too_many", call="orders"),
        fault(action="drop_reply", how="close", call="orders"),
    ],
    ids=naming,
)
async def test_a_bad_book_is_never_whole(cache: Path, misfortune: Fault) -> None:
    async with standing(cache) as stand:
        session = await stand.login()
        assert isinstance((await place(session.orders, 1)).outcome, Accepted)
        stand.simulated.add_fault(misfortune)
        read = await session.order_book()
        assert not read.whole
        assert read.problem.endswith(".")
        assert not read.session_dead


async def test_a_status_we_do_not_know_keeps_its_row(cache: Path) -> None:
    async with standing(cache) as stand:
        session = await stand.login()
        stand.simulated.add_fault(fault(action="status", text="frozen by exchange", call="place"))
        assert isinstance((await place(session.orders, 1)).outcome, Accepted)
        read = await session.order_book()
        assert read.whole
        assert [(row.state, row.status_text) for row in read.rows] == [(None, "frozen by exchange")]


async def test_markets_orders_carry_protection(cache: Path) -> None:
    async with standing(cache) as stand:
        session = await stand.login()
        order = session.orders.prepare(terms(order_type=OrderType.MARKET, price=None), tag(1))
        assert isinstance((await place_order(session, order)).outcome, Accepted)
        stand.simulated.advance()
        (row,) = (await session.order_book()).rows
        assert row.state is State.FILLED, row.rejection_reason
