"""The end of a day: every account read once more, then sealed, or one sentence why not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import msgspec
import pytest

from copytrade_gui.domain.account import Role
from copytrade_gui.domain.day import DayChecked, DayReport, DaySeal, DayStep
from copytrade_gui.domain.events import Event
from copytrade_gui.domain.order import State
from copytrade_gui.ports import JournalFailureError
from copytrade_gui.services.closing import Closing
from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.simulator.faults import Fault
from tests.engine.test_comparing import first, lie, trade
from tests.engine.test_leaving import begin, press
from tests.proof.rig import MORNING_NS, Console, World, world

TODAY = date(2026, 11, 24)
HOUR_NS = 3_600 * 1_000_000_000
EVENING_NS = 6 * HOUR_NS
"""From 10:00 to 16:00 IST, when the last equity session is over."""

LAST_MINUTE_NS = MORNING_NS + 5 * HOUR_NS + 2_385 * 1_000_000_000
"""15:39:45 IST."""


def closing(console: Console) -> Closing:
    store = console.store
    return Closing(console.engine, store.journal, store.seals, console.world.clock)


async def in_the_evening(console: Console) -> Closing:
    await trade(console)
    console.world.time.now_ns += EVENING_NS
    await console.world.clock.sleep(20)
    return closing(console)


async def events_of(console: Console, kind: str) -> int:
    await console.store.journal.flush()
    return len(await console.store.history.events(100, kind=kind))


def sealed(report: DayReport) -> DaySeal:
    assert report.seal is not None, report.in_words
    return report.seal


def test_a_day_with_nothing_open_is_sealed_over_the_whole_trail() -> None:
    async def script(console: Console) -> None:
        gate = await in_the_evening(console)
        steps: list[tuple[int, int]] = []
        told: list[DayReport] = []

        def hear(event: Event) -> None:
            if isinstance(event, DayStep):
                steps.append((event.done, event.of))
            elif isinstance(event, DayChecked):
                told.append(event.report)

        console.engine.bus.subscribe(hear)
        asked = [one.calls["positions"] for one in console.world.broker.accounts]
        sent = len(console.world.broker.ledger.wire)
        report = await gate.close_day("operator")
        seal = sealed(report)
        assert report.in_words.startswith("24 Nov 2026 is sealed: 3 orders in 3 accounts, ")
        assert (seal.orders, seal.accounts, seal.day) == (3, 3, TODAY)
        assert seal.fills == sum(order.filled for order in console.engine.book)
        # What is still held is said: the day is closed, and money is at risk all the same.
        (held,) = report.held
        units = {order.intent.account_id: order.filled for order in console.engine.book}
        master = next(one for one in console.world.accounts if one.master)
        own = units.pop(master.account_id)
        copied = f"copies +{sum(units.values())} in 2 accounts."
        assert held.endswith(f": {master.name} +{own}, {copied}")
        assert report.in_words.endswith("; still held: 1 position.")
        assert steps == [(done, 3) for done in range(4)]
        assert told == [report]
        now = [one.calls["positions"] for one in console.world.broker.accounts]
        assert [after - before for before, after in zip(asked, now, strict=True)][1:] == [1, 1]
        assert len(console.world.broker.ledger.wire) == sent, "nothing is sent"
        # The seal is the very next fact, and names the one before it.
        trail = list(await console.store.history.events(100, kind="DaySealed"))
        assert [one.number for one in trail] == [seal.events + 1]
        assert await console.store.history.verify() == ()
        assert await console.store.seals.newest(TODAY) == seal
        path = console.store.folder.seals / f"2026-11-24-{seal.events}.json"
        assert msgspec.json.decode(path.read_bytes(), type=DaySeal) == seal
        assert path.stat().st_mode & 0o077 == 0

    with world(2) as made:
        made.live(script)


def test_before_the_last_session_is_over_the_day_stays_open() -> None:
    async def script(console: Console) -> None:
        await trade(console)
        report = await closing(console).close_day("operator")
        assert report.seal is None
        assert report.in_words == (
            "24 Nov 2026 is not sealed: trading goes on until 15:40 IST. Close the day after that."
        )
        assert await console.store.seals.newest(TODAY) is None

    with world(2) as made:
        made.live(script)


def test_an_order_that_has_not_ended_keeps_the_day_open_and_is_named() -> None:
    async def script(console: Console) -> None:
        await begin(console)
        await press(console, "rests", away=60)
        made = console.world
        await made.clock.sleep(30)
        report = await closing(console).close_day("operator")
        assert report.seal is None
        working = [order for order in console.engine.book if not order.state.ended]
        assert len(report.not_ended) == len(working) > 0
        mine = next(one for one in working if one.intent.account_id == "F001")
        named = f"Follower 1: BUY %s INFY-EQ, order {mine.broker_order_id}: working."
        assert named % 5 in report.not_ended
        lead = next(one for one in working if one.intent.role is Role.MASTER)
        twice = replace(lead.terms, quantity=2 * lead.terms.quantity)
        await console.engine.modify(lead.intent.intent_id, twice)
        await made.clock.sleep(10)
        report = await closing(console).close_day("operator")
        assert named % 10 in report.not_ended, "as it was changed, not as it was sent"
        assert "have not ended" in report.in_words or "has not ended" in report.in_words
        console.engine.cancel([one.intent.intent_id for one in working], "the day is over")
        await made.clock.sleep(10)
        sealed(await closing(console).close_day("operator"))

    with world(2, starts_ns=LAST_MINUTE_NS) as made:
        made.live(script)


def test_an_order_in_doubt_keeps_the_day_open_and_one_in_review_does_not() -> None:
    async def script(console: Console) -> None:
        await begin(console)
        made = console.world
        made.time.now_ns += EVENING_NS - 600_000_000_000
        made.broker.add_fault(Fault(action="drop_reply", call="place", placed=False))
        # Absent orders stay in doubt while their account's trade book cannot be read.
        made.broker.add_fault(Fault(action="book_failed", call="trades", name="blind"))
        console.see_price()
        await press(console, "lost")
        await made.clock.sleep(60)
        gate = closing(console)
        report = await gate.close_day("operator")
        assert report.seal is None
        assert len(report.not_ended) == 3
        assert all(sentence.endswith(": unknown.") for sentence in report.not_ended)
        assert len(report.unread) == 3
        await made.clock.sleep(2_000)
        assert {order.state for order in console.engine.book} == {State.REVIEW}
        made.broker.clear_faults()
        report = await gate.close_day("operator")
        assert sealed(report).reviews == 3
        assert report.in_words.endswith("; it holds 3 undecided orders.")

    with world(2) as made:
        made.live(script)


def test_an_order_called_not_placed_is_looked_for_once_more() -> None:
    """Its order appears in the evening: the day is not sealed as if it had never been."""

    async def script(console: Console) -> None:
        await begin(console)
        made = console.world
        client = first(made).client_id
        made.broker.add_fault(Fault(action="drop_reply", call="place", accounts=[client]))
        made.broker.add_fault(Fault(action="show_late", seconds=20_000, accounts=[client]))
        await press(console, "hidden")
        await made.clock.sleep(400)
        (order,) = console.engine.book.of_account(first(made).account_id)
        assert order.state.value == "NOT_PLACED"
        console.engine.parts.poller.close()  # only the gate reads from here on
        made.broker.clear_faults()
        made.time.now_ns += EVENING_NS
        report = await closing(console).close_day("operator")
        assert order.broker_order_id is not None, "found late, by the gate's own read"
        assert order.state is State.FILLED
        assert order.filled == 5
        assert report.absent == 0
        sealed(report)

    with world(2) as made:
        made.live(script)


def test_an_account_that_cannot_be_read_keeps_the_day_open_until_it_can() -> None:
    async def script(console: Console) -> None:
        gate = await in_the_evening(console)
        made = console.world
        made.broker.add_fault(lie(made, action="book_failed", call="positions"))
        report = await gate.close_day("operator")
        assert report.seal is None
        assert len(report.unread) == 1
        assert report.unread[0].startswith("Follower 1: ")
        assert report.differences == ()
        assert "1 account could not be read" in report.in_words
        made.broker.clear_faults()
        sealed(await gate.close_day("operator"))

    with world(2) as made:
        made.live(script)


def test_differences_keep_the_day_open_until_a_person_takes_those_he_saw() -> None:
    async def script(console: Console) -> None:
        gate = await in_the_evening(console)
        made = console.world
        made.broker.add_fault(
            lie(made, action="book_quantity", call="positions", units=75, name="wrong")
        )
        report = await gate.close_day("program")
        assert report.seal is None
        assert len(report.differences) == 1
        assert not report.blocked
        other = await gate.close_day("operator", ("something else",))
        assert other.seal is None, "what he did not see he did not accept"
        seal = sealed(await gate.close_day("operator", report.differences))
        assert seal.differences == report.differences
        assert seal.actor == "operator"

    with world(2) as made:
        made.live(script)


def test_midnight_in_the_middle_of_the_reads_seals_neither_day() -> None:
    """From a Friday to a Saturday, which has no session that would still have to end."""
    friday = TODAY + timedelta(days=3)

    async def script(console: Console) -> None:
        await trade(console)
        made = console.world
        made.time.now_ns += 14 * HOUR_NS - 45 * 1_000_000_000  # 23:59:50
        await made.clock.sleep(5)
        made.broker.add_fault(Fault(action="delay", call="positions", ms=6_000))
        made.broker.add_fault(Fault(action="delay", call="trades", ms=6_000))
        made.broker.add_fault(Fault(action="delay", call="orders", ms=6_000))
        report = await closing(console).close_day("operator")
        assert report.seal is None
        assert report.day == friday
        assert "midnight came while the books were read" in report.in_words
        for day in (friday, friday + timedelta(days=1)):
            assert await console.store.seals.newest(day) is None

    with world(2, starts_ns=MORNING_NS + 72 * HOUR_NS) as made:
        made.live(script)


def test_a_seal_that_cannot_be_stored_is_refused_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def script(console: Console) -> None:
        gate = await in_the_evening(console)

        async def full(_seal: DaySeal) -> DaySeal:
            raise JournalFailureError("The disk is full.")

        monkeypatch.setattr(console.store.journal, "seal_day", full)
        with pytest.raises(RefusedError) as refusal:
            await gate.close_day("operator")
        assert str(refusal.value) == "The day is not sealed: The disk is full."

    with world(2) as made:
        made.live(script)


def put_in_the_way(place: Path) -> None:
    place.write_text("a file where a folder should be")


def test_a_seal_whose_file_cannot_be_written_holds_all_the_same() -> None:
    async def script(console: Console) -> None:
        gate = await in_the_evening(console)
        put_in_the_way(console.store.folder.seals)
        report = await gate.close_day("operator")
        sealed(report)
        assert report.notes[-1].startswith("The seal is recorded, but its file could not be ")

    with world(2) as made:
        made.live(script)


def test_a_removed_account_and_orders_of_earlier_days_are_noted() -> None:
    async def next_day(made: World, console: Console) -> None:
        console.log_all_in()
        await made.clock.sleep(30)
        await console.engine.resume("operator", "looked")
        console.see_price()
        await press(console, "today", which=1)
        await made.clock.sleep(30)
        console.engine.drop_account(first(made).account_id)
        made.time.now_ns += EVENING_NS
        await made.clock.sleep(10)
        report = await closing(console).close_day("operator")
        assert report.notes[0] == "F001 was removed today, so its orders were not read again."
        assert report.notes[1].startswith("3 orders of earlier days never got their end here")
        assert sealed(report).accounts == 2

    async def resting(console: Console) -> None:
        await begin(console)
        await press(console, "rests", away=60)
        await console.world.clock.sleep(20)

    with world(2) as made:
        made.live(resting)
        made.time.now_ns += 24 * HOUR_NS
        made.live(lambda console: next_day(made, console))
