"""Books against records after a start and a sleep: what differs is told, and nothing trades."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from copytrade_gui.domain.account import Account
from copytrade_gui.domain.events import Alarm, Event
from copytrade_gui.domain.ids import BrokerOrderId, TradeId
from copytrade_gui.domain.order import Side, State
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.engine.books.differences import Books
from copytrade_gui.engine.books.differences import differences as compared
from copytrade_gui.ports import BrokerTrade
from copytrade_gui.simulator.faults import Fault
from tests.engine.broker_owner import holds_from_yesterday, trades_himself
from tests.engine.test_leaving import begin, press
from tests.proof.p16_clock import JumpyClock
from tests.proof.rig import Console, World, world

FIVE_MINUTES_NS = 300_000_000_000


def first(made: World) -> Account:
    """The first follower; his share of a master's 10 is 5."""
    return made.accounts[1]


async def trade(console: Console) -> None:
    """Everybody's order filled, and every fill stored."""
    await begin(console)
    await press(console, "one")
    await console.world.clock.sleep(30)
    assert {order.state for order in console.engine.book} == {State.FILLED}


def state(console: Console) -> TradingState:
    return console.engine.gate.state


def differences(console: Console) -> tuple[str, ...]:
    report = console.engine.recovery_report
    assert report is not None
    return report.differences


def after_a_restart(
    fault: Fault | None, seen: Callable[[Console], None], *, wait_s: float = 60
) -> None:
    """A morning's trade, a restart, a fault at the broker, everybody logged in again."""

    async def morning(console: Console) -> None:
        await trade(console)

    async def afternoon(console: Console) -> None:
        if fault is not None:
            console.world.broker.add_fault(fault)
        console.log_all_in()
        await console.world.clock.sleep(wait_s)
        seen(console)
        assert console.bugs == []

    with world(2) as made:
        made.live(morning)
        sent = len(made.broker.ledger.wire)
        made.live(afternoon)
        assert len(made.broker.ledger.wire) == sent, "a repair by trading"


def lie(made: World, **fields: object) -> Fault:
    return Fault(accounts=[first(made).client_id], **fields)  # type: ignore[arg-type]  # by name


async def come_back(console: Console, fault: Fault, wait_s: float = 60) -> None:
    console.world.broker.add_fault(fault)
    console.log_all_in()
    await console.world.clock.sleep(wait_s)


def test_where_everything_agrees_a_restart_resumes_by_itself_once_it_was_compared() -> None:
    def seen(console: Console) -> None:
        assert state(console) is TradingState.ACTIVE
        assert differences(console) == ()
        asked = [one.calls["positions"] for one in console.world.broker.accounts]
        # After its fill, and to be compared; each once more when the fill is in it for certain.
        assert asked[1:] == [4, 4]

    after_a_restart(None, seen)


def test_nothing_leaves_before_the_books_were_compared() -> None:
    def seen(console: Console) -> None:
        assert state(console) is TradingState.RECOVERING
        report = console.engine.recovery_report
        assert report is not None
        assert report.unread_accounts

    after_a_restart(Fault(action="delay", call="positions", ms=3_000), seen, wait_s=2)


def test_a_wrong_position_is_told_with_account_instrument_and_numbers_and_waits_for_a_person() -> (
    None
):
    async def afternoon(console: Console) -> None:
        made = console.world
        await come_back(console, lie(made, action="book_quantity", call="positions", units=75))
        (sentence,) = differences(console)
        assert sentence == (
            "Follower 1: INFY-EQ (INTRADAY): the broker shows a position of 80, but 0 carried, "
            "5 bought and 0 sold make 5. Compare the position at the broker."
        )
        assert state(console) is TradingState.RECOVERING
        made.broker.clear_faults()
        await made.clock.sleep(120)
        assert state(console) is TradingState.RECOVERING, "a person resumes"
        await console.engine.resume("operator", "looked at the broker's page")
        assert state(console) is TradingState.ACTIVE

    with world(2) as made:
        made.live(trade)
        sent = len(made.broker.ledger.wire)
        made.live(afternoon)
        assert len(made.broker.ledger.wire) == sent


def test_positions_that_show_other_buys_than_the_trade_book_are_told() -> None:
    async def afternoon(console: Console) -> None:
        made = console.world
        fault = lie(made, action="book_quantity", call="positions", form="dayBuyQuantity", units=-2)
        await come_back(console, fault)
        assert (
            "Follower 1: INFY-EQ: the positions say 3 bought and 0 sold today, the trade book 5 "
            "and 0. Compare the position at the broker."
        ) in differences(console)

    with world(2) as made:
        made.live(trade)
        made.live(afternoon)


def test_a_fill_of_ours_that_the_trade_book_does_not_show_is_told() -> None:
    async def afternoon(console: Console) -> None:
        made = console.world
        await come_back(console, lie(made, action="book_short", call="trades", rows=99))
        order = next(iter(console.engine.book.of_account(first(made).account_id)))
        found = differences(console)
        assert found[0] == (
            f"Follower 1: BUY 5 INFY-EQ, order {order.broker_order_id}: filled 5 by the broker's "
            "order book, 0 by its trade book, 5 by our record, 5 by our stored fills. Compare the "
            "order at the broker."
        )
        assert order.state is State.FILLED
        assert order.filled == 5

    with world(2) as made:
        made.live(trade)
        made.live(afternoon)


def test_trades_that_lag_some_seconds_behind_are_no_difference() -> None:
    def seen(console: Console) -> None:
        assert differences(console) == ()
        assert state(console) is TradingState.ACTIVE

    after_a_restart(Fault(action="book_short", call="trades", rows=99, until_s=8), seen)


@pytest.mark.parametrize("form", ["failed", "silent"])
def test_positions_that_cannot_be_read_are_unread_and_keep_nobody_waiting(form: str) -> None:
    heard: list[str] = []

    async def afternoon(console: Console) -> None:
        def hear(event: Event) -> None:
            if isinstance(event, Alarm) and event.code == "unread":
                heard.append(event.sentence)

        console.engine.bus.subscribe(hear)
        made = console.world
        fault = {
            "failed": lie(made, action="book_failed", call="positions"),
            "silent": lie(made, action="drop_reply", call="positions", how="silence"),
        }[form]
        await come_back(console, fault, wait_s=180)
        assert differences(console) == ()
        assert state(console) is TradingState.ACTIVE

    with world(2) as made:
        made.live(trade)
        made.live(afternoon)
    assert len(heard) == 1
    assert heard[0].startswith("The books of Follower 1 could not be compared: ")


def test_an_account_that_is_not_logged_in_is_compared_when_it_is() -> None:
    async def afternoon(console: Console) -> None:
        made = console.world
        for account in (made.accounts[0], made.accounts[2]):
            console.log_in(account.account_id)
        await made.clock.sleep(60)
        report = console.engine.recovery_report
        assert report is not None
        assert report.unread_accounts == (first(made).account_id,)
        assert state(console) is TradingState.RECOVERING
        console.log_in(first(made).account_id)
        await made.clock.sleep(10)
        assert state(console) is TradingState.ACTIVE

    with world(2) as made:
        made.live(trade)
        made.live(afternoon)


def test_a_login_that_is_replaced_while_it_is_compared_is_compared_again() -> None:
    async def afternoon(console: Console) -> None:
        made = console.world
        made.broker.add_fault(Fault(action="delay", call="positions", ms=2_000, count=1))
        console.log_all_in()
        await made.clock.sleep(1)
        console.log_all_in()
        await made.clock.sleep(20)
        assert state(console) is TradingState.ACTIVE

    with world(2) as made:
        made.live(trade)
        made.live(afternoon)


def test_what_filled_while_the_program_was_away_is_taken_in_once_and_is_no_difference() -> None:
    async def morning(console: Console) -> None:
        await begin(console)
        await press(console, "rests", away=40)
        await console.world.clock.sleep(20)

    async def afternoon(console: Console) -> None:
        console.log_all_in()
        await console.world.clock.sleep(60)
        orders = list(console.engine.book)
        assert {order.state for order in orders} == {State.FILLED}
        for order in orders:
            assert order.broker_order_id is not None
            account = order.intent.account_id
            assert console.engine.book.traded_of(account, order.broker_order_id) == order.filled
        assert differences(console) == ()
        assert state(console) is TradingState.ACTIVE

    with world(2) as made:
        made.live(morning)
        key = made.instruments[0].key
        last = made.broker.last_price(key.exchange, key.instrument_id)
        made.broker.set_price(key.exchange, key.instrument_id, last * 9 // 10)
        made.time.now_ns += 20_000_000_000
        made.live(afternoon)


def test_an_owner_who_trades_and_holds_on_his_own_is_no_difference() -> None:
    async def afternoon(console: Console) -> None:
        made = console.world
        trades_himself(made, first(made), made.terms(), 7)
        trades_himself(made, first(made), made.terms(side=Side.SELL), 12)
        trades_himself(made, first(made), made.terms(which=1), 3)
        await made.clock.sleep(10)
        console.log_all_in()
        await made.clock.sleep(60)
        assert differences(console) == ()
        assert state(console) is TradingState.ACTIVE

    with world(2) as made:
        holds_from_yesterday(made, first(made), made.terms(), 50)
        holds_from_yesterday(made, first(made), made.terms(which=1), -8)
        made.live(trade)
        made.live(afternoon)


def test_after_a_sleep_the_books_are_compared_too() -> None:
    async def script(console: Console) -> None:
        await trade(console)
        made = console.world
        clock = made.clock
        assert isinstance(clock, JumpyClock)
        made.broker.add_fault(lie(made, action="book_quantity", call="positions", units=1))
        made.time.now_ns += FIVE_MINUTES_NS
        clock.mono_off_ns -= FIVE_MINUTES_NS
        console.engine.gate.notice_time()
        await clock.sleep(60)
        assert len(differences(console)) == 1
        assert state(console) is TradingState.RECOVERING

    with world(2) as made:
        made.clock = JumpyClock(made.time)
        made.live(script)


def test_a_difference_that_is_found_after_a_person_resumed_is_told_as_an_alarm() -> None:
    heard: list[str] = []

    async def afternoon(console: Console) -> None:
        def hear(event: Event) -> None:
            if isinstance(event, Alarm) and event.code == "difference":
                heard.append(event.sentence)

        console.engine.bus.subscribe(hear)
        made = console.world
        made.broker.add_fault(lie(made, action="book_quantity", call="positions", units=1))
        console.log_all_in()
        await made.clock.sleep(2)
        await console.engine.resume("operator", "in a hurry")
        await made.clock.sleep(60)

    with world(2) as made:
        made.live(trade)
        made.live(afternoon)
    assert len(heard) == 1


def test_an_order_booked_under_another_product_is_told() -> None:
    """The day's sums of the instrument agree; only our share is not where we ordered it."""

    async def afternoon(console: Console) -> None:
        made = console.world
        (account,) = (one for one in made.broker.accounts if one.client_id == first(made).client_id)
        (position,) = account.positions.values()
        position.product = "DELIVERY"
        console.log_all_in()
        await made.clock.sleep(60)
        (sentence,) = differences(console)
        assert sentence.startswith(
            "Follower 1: INFY-EQ: our orders filled 5 bought and 0 sold as INTRADAY, the positions "
            "show only 0 and 0 under it."
        )

    with world(2) as made:
        made.live(trade)
        made.live(afternoon)


def test_yesterdays_orders_are_not_compared_with_todays_books() -> None:
    async def next_day(console: Console) -> None:
        console.log_all_in()
        await console.world.clock.sleep(60)
        report = console.engine.recovery_report
        assert report is not None
        assert (report.differences, report.unread_accounts) == ((), ())
        _, *followers = console.world.broker.accounts
        assert {one.calls["positions"] for one in followers} == {2}, "after yesterday's fill"

    with world(2) as made:
        made.live(trade)
        made.time.now_ns += 24 * 3_600 * 1_000_000_000
        made.live(next_day)


def test_a_trade_with_the_tag_of_an_order_called_not_placed_is_told() -> None:
    """The order book hides the order, the trade book does not."""

    async def script(console: Console) -> None:
        await begin(console)
        made = console.world
        made.broker.add_fault(lie(made, action="drop_reply", call="place", placed=False))
        await press(console, "absent")
        await made.clock.sleep(400)
        (order,) = console.engine.book.of_account(first(made).account_id)
        assert order.state is State.NOT_PLACED
        assert order.attempt is not None
        trade = BrokerTrade(
            TradeId("T1"), BrokerOrderId("B9"), order.key, Side.BUY, 5, Decimal(1500),
            order.attempt.tag, "",
        )  # fmt: skip
        (sentence,) = compared(first(made), console.engine.book, Books((), (trade,), None))
        assert sentence == (
            "Follower 1: BUY 5 INFY-EQ was traded under order B9 with the tag of an order that we "
            "call NOT_PLACED. Compare the order at the broker."
        )

    with world(1) as made:
        made.live(script)


@pytest.mark.parametrize(("sides", "told"), [("BB", 1), ("BS", 0)])
def test_a_position_that_is_left_out_is_told_unless_it_is_flat(sides: str, told: int) -> None:
    async def script(console: Console) -> None:
        made = console.world
        key = made.instruments[0].key
        trades = [
            BrokerTrade(
                TradeId(f"T{number}"), BrokerOrderId("B1"), key,
                Side.BUY if side == "B" else Side.SELL, 5, Decimal(1500), "", "",
            )
            for number, side in enumerate(sides)
        ]  # fmt: skip
        found = compared(first(made), console.engine.book, Books((), trades, ()))
        assert len(found) == told
        assert all("10 bought and 0 sold today, the positions show none" in one for one in found)

    with world(1) as made:
        made.live(script)
