"""What was committed is there after the next start, once, and in the state it last had."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from msgspec import structs

from copytrade_gui.domain.account import AccountStatus, SessionState
from copytrade_gui.domain.day import DayChecked, DayReport, DayStep
from copytrade_gui.domain.events import (
    AccountChanged,
    Alarm,
    FillSeen,
    LampChanged,
    OrderChanged,
    PlanMade,
    PlanSettled,
    RecoveryReport,
    RecoveryReported,
    ReviewsChanged,
    Severity,
    TradingStateChanged,
)
from copytrade_gui.domain.ids import AccountId, BrokerOrderId, CommandId, TradeId
from copytrade_gui.domain.order import State
from copytrade_gui.domain.records import Fill, Timing
from copytrade_gui.domain.trading_state import StateChange, TradingState
from copytrade_gui.ports import JournalFailureError, OpenWork
from copytrade_gui.storage.files.folder import DataFolder, open_folder
from copytrade_gui.storage.store import Store, open_store
from tests.storage.conftest import SMALL
from tests.storage.samples import (
    DAY,
    MASTER,
    NIFTY_CALL,
    NOON_NS,
    HandClock,
    first_attempts,
    make_attempt,
    make_plan,
    terms,
    view_of,
)
from tests.waiting import until


def counted(store: Store, sql: str) -> int:
    with sqlite3.connect(f"file:{store.folder.database}?mode=ro", uri=True) as connection:
        (count,) = connection.execute(sql).fetchone()
    connection.close()
    return int(count)


async def test_a_committed_plan_is_loaded_as_it_was_committed(store: Store) -> None:
    plan = make_plan()
    attempts = first_attempts(plan)
    assert await store.journal.commit_plan(plan, attempts)
    work = await store.journal.load(DAY)
    assert work.plans == (plan,)
    assert work.known_tags == {attempt.tag: attempt.intent_id for attempt in attempts}
    states = {view.account_id: view.state for view in work.orders}
    assert states == {
        "master": State.SENDING,
        "follower-001": State.SENDING,
        "follower-002": State.SENDING,
        "follower-003": State.BLOCKED,
    }
    assert work.next_plan_number == 2


async def test_an_option_keeps_strike_expiry_and_its_own_price(store: Store) -> None:
    base = terms(65, "101.35", NIFTY_CALL)
    plan = make_plan(base=base)
    protected = replace(plan.intents[1].terms, price=Decimal("104.40"), trigger=Decimal("99.95"))
    plan = replace(
        plan,
        intents=(
            plan.intents[0],
            structs.replace(plan.intents[1], terms=protected),
            *plan.intents[2:],
        ),
    )
    await store.journal.commit_plan(plan, first_attempts(plan))
    assert (await store.journal.load(DAY)).plans == (plan,)


async def test_the_same_action_is_planned_once(store: Store) -> None:
    plan = make_plan()
    assert await store.journal.commit_plan(plan, first_attempts(plan))
    assert not await store.journal.commit_plan(plan, first_attempts(plan))
    await store.journal.flush()
    assert counted(store, "SELECT count(*) FROM plans") == 1
    assert counted(store, "SELECT count(*) FROM attempts") == 3


async def test_a_second_plan_goes_on_counting(store: Store) -> None:
    for command in ("c1", "c2", "c3"):
        plan = make_plan(command)
        assert await store.journal.commit_plan(plan, first_attempts(plan))
    work = await store.journal.load(DAY)
    assert [plan.signal.order_ref for plan in work.plans] == ["cmd:c1", "cmd:c2", "cmd:c3"]
    assert work.next_plan_number == 4
    assert counted(store, "SELECT count(*) FROM instruments_used") == 1


async def test_an_order_is_loaded_as_it_last_changed(store: Store, clock: HandClock) -> None:
    plan = make_plan()
    attempts = first_attempts(plan)
    await store.journal.commit_plan(plan, attempts)
    timing = Timing(1_000, 2_000, 61_000_000)
    seen = [
        view_of(plan.intents[1], attempts[1], State.ACKED, broker_order_id="B1", timing=timing),
        view_of(
            plan.intents[1],
            attempts[1],
            State.PARTIAL,
            broker_order_id="B1",
            filled=4,
            average="1500.05",
            timing=timing,
        ),
        view_of(plan.intents[2], attempts[2], State.UNKNOWN, reason="The reply was lost."),
    ]
    for view in seen:
        store.journal.append(OrderChanged(view, "SENDING"))
    await store.journal.flush()
    orders = {view.account_id: view for view in (await store.journal.load(DAY)).orders}
    assert orders[AccountId("follower-001")] == seen[1]
    assert orders[AccountId("follower-002")] == seen[2]
    assert clock.waiting  # the checkpoint


async def test_filled_quantity_never_goes_down(store: Store) -> None:
    plan = make_plan()
    attempts = first_attempts(plan)
    await store.journal.commit_plan(plan, attempts)
    for filled in (6, 4):
        view = view_of(
            plan.intents[0], attempts[0], State.PARTIAL, broker_order_id="B1", filled=filled
        )
        store.journal.append(OrderChanged(view, "WORKING"))
        await store.journal.flush()
    work = await store.journal.load(DAY)
    assert work.orders[0].filled_quantity == 6


async def test_an_order_changes_although_the_wall_clock_jumped_back(store: Store) -> None:
    plan = make_plan()
    attempts = first_attempts(plan)
    await store.journal.commit_plan(plan, attempts)
    for state, changed_ns in ((State.ACKED, NOON_NS), (State.FILLED, NOON_NS - 3_600 * 10**9)):
        view = view_of(
            plan.intents[0], attempts[0], state, broker_order_id="B1", changed_ns=changed_ns
        )
        store.journal.append(OrderChanged(view, "x"))
        await store.journal.flush()
    assert (await store.journal.load(DAY)).orders[0].state is State.FILLED


@pytest.mark.expected_log("a commit failed")
async def test_only_a_dead_attempt_may_be_followed_by_another(store: Store) -> None:
    plan = make_plan()
    attempts = first_attempts(plan)
    await store.journal.commit_plan(plan, attempts)
    second = make_attempt(plan.intents[0], 2)
    with pytest.raises(JournalFailureError):
        await store.journal.commit_attempts([second])
    dead = view_of(plan.intents[0], attempts[0], State.NOT_SENT, reason="No connection.")
    store.journal.append(OrderChanged(dead, "SENDING"))
    # Still queued: the journal stores it before the next attempt.
    await store.journal.commit_attempts([second])
    order = (await store.journal.load(DAY)).orders[0]
    assert (order.state, order.attempt_number, order.tag) == (State.SENDING, 2, second.tag)
    with pytest.raises(JournalFailureError):
        await store.journal.commit_attempts([make_attempt(plan.intents[0], 3)])


async def test_an_attempt_of_another_plan_is_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="has no intent in"):
        await store.journal.commit_plan(make_plan("c1"), first_attempts(make_plan("c2")))
    assert (await store.journal.load(DAY)).plans == ()


@pytest.mark.expected_log("contradicts")
async def test_a_tag_is_never_stored_twice(store: Store) -> None:
    """The engine refuses it before its first byte; the table does so whatever happened."""
    one, two = make_plan("c1"), make_plan("c2")
    attempts = first_attempts(one)
    await store.journal.commit_plan(one, attempts)
    stolen = [structs.replace(first_attempts(two)[0], tag=attempts[0].tag)]
    await store.journal.commit_plan(two, stolen)
    await store.journal.flush()
    assert counted(store, "SELECT count(*) FROM attempts") == 3


async def test_yesterdays_open_order_is_loaded_and_its_ended_one_is_not(store: Store) -> None:
    yesterday = NOON_NS - 86_400 * 10**9
    ended, live = make_plan("c1", made_ns=yesterday), make_plan("c2", made_ns=yesterday)
    for plan in (ended, live):
        await store.journal.commit_plan(plan, first_attempts(plan))
    for intent, attempt in zip(ended.intents, first_attempts(ended), strict=False):
        view = view_of(intent, attempt, State.REJECTED, broker_order_id=f"B{intent.rank}")
        store.journal.append(OrderChanged(view, "ACKED"))
    work = await store.journal.load(DAY)
    assert [plan.plan_id for plan in work.plans] == [live.plan_id]
    before = await store.journal.load(DAY - timedelta(days=1))
    assert {plan.plan_id for plan in before.plans} == {ended.plan_id, live.plan_id}


async def test_followers_marked_after_their_plan_are_sending(store: Store) -> None:
    plan = make_plan()
    attempts = first_attempts(plan)
    await store.journal.commit_plan(plan, attempts[:1])
    states = [view.state for view in (await store.journal.load(DAY)).orders]
    assert states == [State.SENDING, State.PLANNED, State.PLANNED, State.BLOCKED]
    await store.journal.commit_attempts(attempts[1:])
    work = await store.journal.load(DAY)
    assert [view.state for view in work.orders][:3] == [State.SENDING] * 3
    assert {view.tag for view in work.orders[:3]} == work.known_tags.keys()
    assert work.plans == (plan,)


async def test_a_cancelled_commit_still_ends_whole(folder: DataFolder, clock: HandClock) -> None:
    async with open_store(folder, clock, seams=SMALL) as store:
        plan = make_plan(followers=100)
        with closing(sqlite3.connect(store.order_log.path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")  # so that the commit takes longer than it stands still
            commit = asyncio.ensure_future(store.journal.commit_plan(plan, first_attempts(plan)))
            await asyncio.sleep(0)
            commit.cancel()
            other.execute("ROLLBACK")
            with pytest.raises(asyncio.CancelledError):
                await commit
        later = make_plan("c2")
        assert await store.journal.commit_plan(later, first_attempts(later))
        work = await store.journal.load(DAY)
        assert [one.plan_id for one in work.plans] == [plan.plan_id, later.plan_id]
        assert len(work.plans[0].intents) == 101


async def test_three_masters_commit_at_once(store: Store) -> None:
    plans = [make_plan(f"c{number}", followers=50) for number in range(3)]
    done = await asyncio.gather(
        *(store.journal.commit_plan(plan, first_attempts(plan)) for plan in plans)
    )
    assert done == [True, True, True]
    stored = (await store.journal.load(DAY)).plans  # which of them came first is nobody's business
    assert sorted(stored, key=lambda plan: plan.plan_id) == sorted(
        plans, key=lambda plan: plan.plan_id
    )
    assert counted(store, "SELECT count(*) FROM instruments_used") == 1


async def test_the_inline_form_is_deterministic(tmp_path: Path) -> None:
    heads = set()
    for name in ("one", "two"):
        clock = HandClock()
        seams = replace(SMALL, random_bytes=bytes)
        folder = open_folder(tmp_path / name, "paper")
        async with open_store(folder, clock, inline=True, seams=seams) as store:
            for number in range(5):
                plan = make_plan(f"c{number}")
                attempts = first_attempts(plan)
                await store.journal.commit_plan(plan, attempts)
                for intent, attempt in zip(plan.intents, attempts, strict=False):
                    view = view_of(intent, attempt, State.UNKNOWN)
                    store.journal.append(OrderChanged(view, "SENDING"))
                    await clock.advance(0.007)
        heads.add(folder.witness.read_bytes())
    assert len(heads) == 1
    assert b'"last_event":20' in heads.pop()


async def test_a_command_is_recorded_once(store: Store) -> None:
    async def press() -> bool:
        return await store.journal.commit_command(
            CommandId("k1"), "trader", "kill", "all", "wrong price", NOON_NS
        )

    assert await press()
    assert not await press()
    await store.journal.flush()
    assert counted(store, "SELECT count(*) FROM events WHERE kind = 'Command'") == 1


async def test_the_newest_trading_state_is_restored(store: Store) -> None:
    assert (await store.journal.load(DAY)).trading is None
    halt = StateChange(TradingState.HALT, "trader", "lunch", NOON_NS)
    active = StateChange(TradingState.ACTIVE, "trader", "back", NOON_NS + 1)
    await store.journal.commit_trading_state(halt)
    assert (await store.journal.load(DAY)).trading == halt
    await store.journal.commit_trading_state(active)
    assert (await store.journal.load(DAY)).trading == active


async def test_a_fill_is_stored_once(store: Store) -> None:
    fill = Fill(
        MASTER, TradeId("T1"), BrokerOrderId("B1"), 5, Decimal("1500.05"), "23-Nov-2026 12:00:00"
    )
    store.journal.append(FillSeen(fill))
    store.journal.append(FillSeen(fill))
    work = await store.journal.load(DAY)
    assert work.fills == (fill,)


async def test_facts_are_stored_in_groups_after_20_ms(store: Store, clock: HandClock) -> None:
    for number in range(5):
        alarm = Alarm(Severity.INFO, f"A{number}", "Nothing.", NOON_NS)
        store.journal.append(alarm)
    assert counted(store, "SELECT count(*) FROM events") == 0
    await clock.advance(0.021)
    await store.journal.flush()
    assert counted(store, "SELECT count(*) FROM events") == 5


async def test_25_facts_do_not_wait_for_the_timer(store: Store) -> None:
    for number in range(25):
        store.journal.append(Alarm(Severity.INFO, f"A{number}", "Nothing.", NOON_NS))
    await until(lambda: counted(store, "SELECT count(*) FROM events") == 25)


async def test_every_kind_of_event_is_stored_and_steady_news_once(store: Store) -> None:
    plan = make_plan()
    attempts = first_attempts(plan)
    await store.journal.commit_plan(plan, attempts)
    view = view_of(plan.intents[0], attempts[0], State.ACKED, broker_order_id="B1")
    halted = StateChange(TradingState.HALT, "trader", "lunch", NOON_NS)
    report = RecoveryReport(NOON_NS, (view,), (), (), ("M1",), (), (), needs_resume=True)
    news = (
        PlanMade(plan),
        OrderChanged(view, "SENDING"),
        FillSeen(Fill(MASTER, TradeId("T1"), BrokerOrderId("B1"), 5, Decimal(1), "now")),
        PlanSettled(plan.plan_id, 4, 3, 0, 1, 0, 1.5, 2.5, 60.5, 61.5, NOON_NS),
        TradingStateChanged(halted, 0.5),
        AccountChanged(AccountStatus(MASTER, SessionState.READY)),
        AccountChanged(AccountStatus(MASTER, SessionState.READY, last_latency_ms=61.0)),
        Alarm(Severity.CRITICAL, "duplicate", "Two rows.", NOON_NS, MASTER, plan.plan_id),
        ReviewsChanged(()),
        ReviewsChanged(()),
        RecoveryReported(report),
        RecoveryReported(report, done=True),
        LampChanged("database", "ok", "All well."),
        LampChanged("database", "ok", "All well."),
        DayStep(1, 2),
        DayChecked(DayReport(DAY, NOON_NS, "operator", 3, 40, 2, 0)),
    )
    for event in news:
        store.journal.append(event)
    await store.journal.flush()
    assert counted(store, "SELECT count(*) FROM events") == len(news) - 5
    assert counted(store, "SELECT count(DISTINCT kind) FROM events") == 11


@pytest.mark.expected_log("contradicts")
async def test_a_late_find_beside_a_live_attempt_keeps_the_facts(store: Store) -> None:
    plan = make_plan()
    attempts = first_attempts(plan)
    await store.journal.commit_plan(plan, attempts)
    intent = plan.intents[0]
    gone = view_of(intent, attempts[0], State.NOT_PLACED, reason="Four complete reads.")
    store.journal.append(OrderChanged(gone, "UNKNOWN"))
    await store.journal.commit_attempts([make_attempt(intent, 2)])
    late = view_of(intent, attempts[0], State.ACKED, broker_order_id="B9", reason="Late find.")
    store.journal.append(OrderChanged(late, "NOT_PLACED"))
    store.journal.append(Alarm(Severity.CRITICAL, "late_find", "It exists.", NOON_NS))
    await store.journal.flush()
    assert store.journal.healthy
    assert counted(store, "SELECT count(*) FROM events") == 5
    assert counted(store, "SELECT count(*) FROM broker_orders WHERE broker_order_id = 'B9'") == 1


@pytest.mark.parametrize("inline", [True, False])
async def test_a_restart_finds_everything(
    folder: DataFolder, clock: HandClock, inline: bool
) -> None:
    plan = make_plan(followers=30)
    attempts = first_attempts(plan)
    works: list[OpenWork] = []
    async with open_store(folder, clock, inline=inline, seams=SMALL) as store:
        await store.journal.commit_plan(plan, attempts)
        for intent, attempt in zip(plan.intents, attempts, strict=False):
            view = view_of(intent, attempt, State.ACKED, broker_order_id=f"B{intent.rank}")
            store.journal.append(OrderChanged(view, "SENDING"))
        works.append(await store.journal.load(DAY))
    async with open_store(folder, clock, inline=inline, seams=SMALL) as store:
        assert store.warnings == () or "MiB" in store.warnings[0]
        works.append(await store.journal.load(DAY))
        next_plan = make_plan("c2", followers=30)
        assert await store.journal.commit_plan(next_plan, first_attempts(next_plan))
    assert works[0].orders == works[1].orders
    assert works[0].plans == works[1].plans == (plan,)
    assert clock.waiting == 0
