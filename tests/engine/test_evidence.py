"""What counts as evidence that an order is absent, and what becomes of one that appears."""

from __future__ import annotations

import asyncio
import itertools

from msgspec import structs

from copytrade_gui.domain.account import SessionState
from copytrade_gui.domain.ids import CommandId, attempt_id, order_tag
from copytrade_gui.domain.instrument import Exchange, InstrumentKey
from copytrade_gui.domain.order import FanOut, State
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.ports import Read
from copytrade_gui.simulator.config import Switches
from copytrade_gui.simulator.faults import Fault
from tests.engine.book_reads import Doubt, with_a_doubt
from tests.engine.test_leaving import begin, press, shut
from tests.proof.rig import Console, ProgramStopped, world

RATE = Fault(action="too_many", call="place")
OTHER = InstrumentKey(Exchange.NSEEQ, "999999")


NS = 1_000_000_000


def order_of(console: Console, account: str) -> Order:
    return next(one for one in console.engine.book if one.intent.account_id == account)


def test_an_order_whose_tag_the_book_shows_is_never_called_absent() -> None:
    """The owner or the broker changed its quantity before we found it."""

    def test(doubt: Doubt) -> None:
        changed = doubt.row(quantity=doubt.order.intent.terms.quantity + 5)
        for _ in range(6):
            doubt.read(changed)
            doubt.pass_time(60)
        assert doubt.state() is State.REVIEW
        (item,) = doubt.console.engine.decisions.awaited
        assert [one.broker_order_id for one in item.candidates] == ["B1"]

    with_a_doubt(test)


def test_a_refusal_is_not_confirmed_while_a_book_shows_the_tag() -> None:
    def test(doubt: Doubt) -> None:
        changed = doubt.row(quantity=doubt.order.intent.terms.quantity + 5)
        for _ in range(3):
            doubt.read(changed)
            doubt.pass_time(3)
        assert doubt.state() is State.REVIEW
        assert not doubt.lane.queue

    with_a_doubt(test, RATE, after_s=0.4)


def test_a_refusal_is_not_confirmed_while_the_trades_show_the_tag() -> None:
    def test(doubt: Doubt) -> None:
        assert doubt.order.attempt is not None
        trades = Read((doubt.trade("T1", "B1", 1, doubt.order.attempt.tag),), whole=True)
        for _ in range(3):
            doubt.read(trades=trades)
            doubt.pass_time(3)
        assert doubt.state() is State.UNKNOWN
        assert not doubt.lane.queue

    with_a_doubt(test, RATE, after_s=0.4)


def test_a_refusal_that_no_read_confirms_goes_to_a_person() -> None:
    def test(doubt: Doubt) -> None:
        for _ in range(31):
            doubt.read(whole=False)
            doubt.pass_time(60)
        doubt.read(whole=False)
        assert doubt.state() is State.REVIEW

    with_a_doubt(test, RATE, after_s=0.4)


def test_a_doubt_of_an_account_that_is_logged_out_goes_to_a_person_too() -> None:
    async def script(console: Console) -> None:
        await begin(console)
        made = console.world
        follower = made.accounts[1]
        made.broker.add_fault(
            Fault(action="drop_reply", call="place", accounts=[follower.client_id])
        )
        await press(console, "lost")
        await made.clock.sleep(0.5)
        console.engine.detach(follower.account_id, SessionState.LOGGED_OUT)
        await made.clock.sleep(1_900)
        assert order_of(console, follower.account_id).state is State.REVIEW

    with world(1) as made:
        made.live(script)


def test_a_book_that_forgets_an_order_it_showed_before_is_not_complete() -> None:
    """Also where that order is not ours: a book never forgets what it showed the same day."""

    def test(doubt: Doubt) -> None:
        doubt.read(doubt.row("OWNERS", tag="", key=OTHER))
        for _ in range(6):
            doubt.read()
            doubt.pass_time(60)
        assert doubt.state() is State.UNKNOWN

    with_a_doubt(test)


def test_a_read_that_began_before_the_doubt_confirms_nothing() -> None:
    """Books take 2.5 s here, and the refused order shows after 3: one read saw it."""

    async def script(console: Console) -> None:
        await begin(console)
        made = console.world
        follower = made.accounts[1]
        made.broker.add_fault(Fault(action="delay", call="orders", ms=2500.0))
        made.broker.add_fault(
            Fault(action="answer", call="place", http_status=429, accounts=[follower.client_id],
                  count=1)
        )  # fmt: skip
        made.broker.add_fault(Fault(action="show_late", seconds=3.0, accounts=[follower.client_id]))
        early = asyncio.ensure_future(console.engine.read_books(follower.account_id))
        await made.clock.sleep(2.2)
        await press(console, "refused", away=60)
        await early
        made.broker.clear_faults()
        made.broker.add_fault(Fault(action="delay", call="orders", ms=2500.0))
        await made.clock.sleep(60)
        made.broker.clear_faults()
        assert order_of(console, follower.account_id).state is State.WORKING

    with world(1) as made:
        made.live(script)
        mine = [o for o in made.broker.ledger.accepted if o.account == made.accounts[1].client_id]
        assert len(mine) == 1


async def refused_and_held(console: Console) -> None:
    """An order refused for its session but taken, shown late; a halt holds its second try."""
    await begin(console)
    made = console.world
    follower = made.accounts[1]
    made.broker.add_fault(
        Fault(action="answer", call="place", http_status=401, accounts=[follower.client_id],
              count=1)
    )  # fmt: skip
    made.broker.add_fault(Fault(action="show_late", seconds=90.0, accounts=[follower.client_id]))
    await press(console, "late", away=60)
    await made.clock.sleep(0.5)
    await console.engine.stop_trading(TradingState.HALT, "operator", "test")


async def late_after_stale(console: Console) -> None:
    """As above, until the second try is too old."""
    await refused_and_held(console)
    made = console.world
    follower = made.accounts[1]
    await made.clock.sleep(80)
    assert order_of(console, follower.account_id).state is State.STALE
    made.broker.clear_faults()


def test_a_late_find_of_an_order_that_grew_stale_is_shown_and_swept() -> None:
    async def script(console: Console) -> None:
        await late_after_stale(console)
        made = console.world
        follower = made.accounts[1].account_id
        await made.clock.sleep(30)
        await console.engine.read_books(follower)
        assert order_of(console, follower).state in (State.WORKING, State.ACKED)
        await console.engine.stop_trading(TradingState.KILL, "operator", "test")
        await made.clock.sleep(30)
        assert order_of(console, follower).state is State.CANCELLED

    with world(1) as made:
        made.live(script)
        assert {order.status for order in made.broker.ledger.accepted} == {"cancelled"}


def test_a_late_find_of_a_stale_order_also_after_a_restart() -> None:
    async def die(console: Console) -> None:
        await late_after_stale(console)
        await console.store.journal.flush()
        raise ProgramStopped("power cut")

    async def again(console: Console) -> None:
        made = console.world
        follower = made.accounts[1].account_id
        console.log_all_in()
        await made.clock.sleep(30)
        await console.engine.read_books(follower)
        assert order_of(console, follower).state in (State.WORKING, State.ACKED)

    with world(1) as made:
        made.live(die)
        made.live(again)


def test_a_late_find_is_cancelled_if_its_plan_was_cancelled_while_it_was_held() -> None:
    async def script(console: Console) -> None:
        await refused_and_held(console)
        made = console.world
        follower = made.accounts[1].account_id
        await made.clock.sleep(10)
        assert order_of(console, follower).state is State.REFUSED
        (plan,) = console.engine.book.plans
        console.engine.cancel_plan(plan, "operator")
        made.broker.clear_faults()
        await made.clock.sleep(100)
        await console.engine.read_books(follower)
        await made.clock.sleep(30)
        assert order_of(console, follower).state is State.CANCELLED

    with world(1) as made:
        made.live(script)
        assert {order.status for order in made.broker.ledger.accepted} == {"cancelled"}


def test_a_first_try_that_is_found_while_the_second_is_out_halts_the_account() -> None:
    """The first was called refused; the second may be there too, and then there are two."""

    def test(doubt: Doubt) -> None:
        first = doubt.row()
        doubt.read()
        doubt.pass_time(2.1)
        doubt.read()
        order = doubt.order
        assert order.state is State.REFUSED
        assert order.attempt is not None
        name = attempt_id(order.intent.intent_id, 2)
        second = structs.replace(
            order.attempt, attempt_id=name, number=2, tag=order_tag(b"key of this test", name)
        )
        doubt.console.engine.book.mark(order, second)
        doubt.read(first)
        assert doubt.halted()

    with_a_doubt(test, RATE, after_s=0.4)


def test_a_tag_of_an_order_that_never_left_halts_its_account() -> None:
    """It was proven that no byte left; if the book shows it, a proof of ours is wrong."""

    async def script(console: Console) -> None:
        await begin(console)
        made = console.world
        shut(console, "F001")
        await press(console, "nowhere")
        await made.clock.sleep(3)
        lane = console.engine.lanes[made.accounts[1].account_id]
        order = order_of(console, lane.account_id)
        assert order.state is State.NOT_SENT
        row = Doubt(console, lane, order).row()
        console.engine.parts.reconciler.absorb_orders(lane, Read((row,), whole=True))
        assert lane.status.halted

    with world(1) as made:
        made.live(script)


def test_a_cancel_is_asked_once_when_the_broker_takes_it() -> None:
    async def script(console: Console) -> None:
        await begin(console)
        made = console.world
        terms = made.terms(away=60)
        placed = await console.engine.submit(
            made.master, terms, FanOut.WITH_MASTER, CommandId("rest")
        )
        await made.clock.sleep(5)
        assert console.engine.cancel_plan(placed.plan.plan_id, "operator") == 2
        await made.clock.sleep(20)
        assert {order.state for order in console.engine.book} == {State.CANCELLED}

    with world(1) as made:
        made.live(script)
        cancels = [path for _, method, path, _ in made.wire if method == "DELETE"]
        assert len(cancels) == 2


def test_a_cancel_that_was_taken_and_takes_long_is_asked_once_and_then_read() -> None:
    async def script(console: Console) -> None:
        await begin(console)
        await press(console, "rest", away=60)
        await console.world.clock.sleep(5)
        (plan,) = console.engine.book.plans
        console.engine.cancel_plan(plan, "operator")
        await console.world.clock.sleep(40)
        assert {order.state for order in console.engine.book} == {State.CANCELLED}

    with world(1, switches=Switches(latency_ms=5, jitter_ms=0, change_ms=20_000.0)) as made:
        made.live(script)
        assert sorted(path for _, method, path, _ in made.wire if method == "DELETE") == [
            f"/orders/{order.order_id}" for order in made.broker.ledger.accepted
        ]


def test_a_cancel_without_an_answer_is_asked_three_times_two_seconds_apart_then_read() -> None:
    async def script(console: Console) -> None:
        await begin(console)
        made = console.world
        await press(console, "rest", away=60)
        await made.clock.sleep(5)
        lost = Fault(action="drop_reply", call="cancel", placed=False)
        made.broker.add_fault(lost)
        (plan,) = console.engine.book.plans
        console.engine.cancel_plan(plan, "operator")
        await made.clock.sleep(60)
        assert {order.state for order in console.engine.book} <= {
            State.WORKING, State.CANCEL_PENDING,
        }  # fmt: skip

    with world(1, switches=Switches(latency_ms=5, jitter_ms=0)) as made:
        made.live(script)
        at = [at for at, method, path, _ in made.wire if method == "DELETE" and path[-1] == "2"]
        assert len(at) == 3
        gaps = [later - before for before, later in itertools.pairwise(at)]
        assert min(gaps) >= 2_000_000_000
        assert max(gaps) < 3_000_000_000


def test_an_order_called_absent_that_appears_after_a_kill_is_cancelled() -> None:
    async def script(console: Console) -> None:
        await begin(console)
        made = console.world
        master = made.accounts[0]
        for fault in (
            Fault(action="drop_reply", call="place", accounts=[master.client_id], count=1),
            Fault(action="show_late", seconds=400.0, accounts=[master.client_id]),
        ):
            made.broker.add_fault(fault)
        await press(console, "lost", away=60)
        await made.clock.sleep(300)
        assert order_of(console, master.account_id).state is State.NOT_PLACED
        await console.engine.stop_trading(TradingState.KILL, "operator", "test")
        await made.clock.sleep(300)
        assert order_of(console, master.account_id).state is State.CANCELLED

    with world(1) as made:
        made.live(script)
        assert {order.status for order in made.broker.ledger.accepted} == {"cancelled"}
