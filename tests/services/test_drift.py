"""Copies against the broker's books. The simulator's positions are the judge."""

from __future__ import annotations

from dataclasses import replace

import pytest

from copytrade_gui.domain.drift import Step
from copytrade_gui.domain.drift_report import DriftLine
from copytrade_gui.domain.ids import AccountId, CommandId
from copytrade_gui.domain.link import LinkState
from copytrade_gui.domain.order import FanOut, Product, Side
from copytrade_gui.domain.position import PositionKey
from copytrade_gui.domain.square_off import Chosen
from copytrade_gui.engine.signals.drift_lines import Differed, drift_of
from copytrade_gui.services.catch_up import CatchUps
from copytrade_gui.services.drift import Drift
from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.simulator.faults import Fault
from tests.engine.broker_owner import trades_himself
from tests.engine.test_exits import F1, F2, position, press, ticket
from tests.engine.test_leaving import begin
from tests.engine.test_square_off import F3, at_broker, square_off
from tests.proof.owner import Owner
from tests.proof.rig import Console, ProgramStopped, world

BUY, SELL = Side.BUY, Side.SELL


def lines(console: Console, differed: Differed | None = None) -> dict[AccountId, DriftLine]:
    """Each account's line in the first instrument."""
    key = console.world.instruments[0].key
    told = drift_of(console.engine.drift.now(), Differed() if differed is None else differed)
    return {line.key.account_id: line for line in told.lines if line.key.instrument == key}


async def read_again(console: Console) -> None:
    """Until positions and then order books were read once more at their own pace."""
    await console.world.clock.sleep(console.engine.settings.positions_copied + 30)


def test_a_copy_is_in_step_once_the_broker_shows_it_and_never_before() -> None:
    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        seen = set()
        await press(console, ticket(made, BUY, 40), wait_s=0)
        for _ in range(100):
            await made.clock.sleep(0.1)
            seen |= {(line.step, line.held is None) for line in lines(console).values()}
        assert (Step.UNKNOWN, True) in seen
        assert (Step.IN_STEP, True) not in seen
        found = lines(console)
        assert {line.step for line in found.values()} == {Step.IN_STEP}
        for number, account in ((1, F1), (2, F2)):
            assert found[account].copied == found[account].held == position(made, number) != 0
        made.broker.add_fault(Fault(action="book_failed", call="positions"))
        await press(console, ticket(made, BUY, 40), wait_s=20)
        assert {line.step for line in lines(console).values()} == {Step.UNKNOWN}

    with world(2) as made:
        made.live(script)


@pytest.mark.parametrize("told", [True, False])
def test_what_the_owner_sells_of_his_copies_is_drift_and_what_he_adds_is_his_own(
    told: bool,
) -> None:
    """Told by the broker it is known at once, and why; else when two reads have shown it."""

    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        await press(console, ticket(made, BUY, 40), wait_s=20)
        copied, differed = {F1: position(made, 1), F2: position(made, 2)}, Differed()
        trades_himself(made, made.accounts[1], ticket(made, SELL), 15)
        trades_himself(made, made.accounts[2], ticket(made, BUY), 7)
        for _ in range(2 if told else 30):
            await made.clock.sleep(10)
            lines(console, differed)
        line = lines(console, differed)[F1]
        assert (line.step, line.verdict.units) == (Step.DRIFTING, -15)
        assert f"15 of {copied[F1]} copied are not there" in line.verdict.reason
        assert ("The owner sold 15 by himself" in line.verdict.reason) is told
        assert line.verdict.excess == 0
        await read_again(console)
        found = lines(console, differed)
        assert found[F1].held == copied[F1] - 15 == position(made, 1)
        assert found[F2].held == copied[F2] + 7 == position(made, 2)
        assert found[F2].step is (Step.IN_STEP if told else Step.UNKNOWN)

    with world(2) as made:
        made.line.feed = told
        made.live(script)


def test_what_no_order_made_is_unexplained_when_two_reads_showed_it() -> None:
    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        await press(console, ticket(made, BUY, 40), wait_s=20)
        key = made.instruments[0].key
        found = made.broker.find_instrument(key.exchange, key.instrument_id)
        entry = made.broker.accounts[1].positions[(*found.key, "INTRADAY")]
        entry.sold += 3  # as if the broker had sold by itself, without an order
        entry.sell_value += entry.buy_value * 3 // entry.bought
        differed = Differed()
        for _ in range(30):
            await made.clock.sleep(10)
            line = lines(console, differed)[F1]
        await console.engine.read_books(F1)
        line = lines(console, differed)[F1]
        assert (line.step, line.verdict.units) == (Step.UNEXPLAINED, -3)
        assert line.held == position(made, 1)
        assert lines(console, differed)[F2].step is Step.IN_STEP

    with world(2) as made:
        made.live(script)


def test_copies_that_outlive_their_masters_position_are_drift_by_what_may_be_closed() -> None:
    """The follower's exit was refused; he still holds what the master left."""

    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        await press(console, ticket(made, BUY, 40), wait_s=20)
        held = position(made, 1)
        refused = Fault(action="reject", text="RMS:Blocked", accounts=[made.accounts[1].client_id])
        made.broker.add_fault(refused)
        await press(console, ticket(made, SELL, 40), wait_s=30)
        assert [position(made, number) for number in (0, 1, 2)] == [0, held, 0]
        (line,) = lines(console).values()
        assert (line.key.account_id, line.step) == (F1, Step.DRIFTING)
        assert line.verdict.units == line.verdict.excess == held
        assert line.lots == held
        made.broker.clear_faults()
        report = await square_off(console, line.exit)
        assert (report.left, report.proven) == ((), True)
        assert at_broker(made) == {}
        assert lines(console) == {}

    with world(2) as made:
        made.live(script)


def test_while_the_masters_order_rests_its_copies_are_not_too_many() -> None:
    """Copies that filled before a master's order which still works are nobody's drift."""

    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        resting = ticket(made, BUY, 40, away=60)
        command = CommandId("rests")
        placed = await console.engine.submit(made.master, resting, FanOut.WITH_MASTER, command)
        await made.clock.sleep(3)
        own, *copies = console.engine.book.of_plan(placed.plan.plan_id)
        for copy in copies:
            assert copy.broker_order_id is not None
            assert resting.price is not None
            price = resting.price + 200 * resting.instrument.tick
            assert Owner(made, copy.intent.account_id).change(
                copy.broker_order_id, price=str(price)
            )
        await made.clock.sleep(30)
        assert [position(made, number) for number in range(3)] == [0, 20, 80]
        assert {line.step for line in lines(console).values()} == {Step.IN_STEP}
        console.engine.cancel([own.intent.intent_id], "by a person")
        await made.clock.sleep(30)
        excess = {account: one.verdict.excess for account, one in lines(console).items()}
        assert excess == {F1: 20, F2: 80}

    with world(2) as made:
        made.live(script)


def test_ignored_until_flat_survives_a_restart_and_ends_with_the_position() -> None:
    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        await press(console, ticket(made, BUY, 40), wait_s=20)
        trades_himself(made, made.accounts[1], ticket(made, SELL), 15)
        await read_again(console)
        drift = Drift(console.engine, console.store.journal, made.clock)
        key = PositionKey(F1, made.instruments[0].key, Product.INTRADAY)
        with pytest.raises(RefusedError, match="differently"):
            await drift.ignore(key, -14, CommandId("wrong"))
        await drift.ignore(key, -15, CommandId("ignore"))
        worst = (await drift.report()).worst()
        assert (worst[F1].ignored, worst[F1].trouble) == (True, False)
        raise ProgramStopped("power cut")

    async def after(console: Console) -> None:
        made = console.world
        await begin(console)
        await read_again(console)
        await console.engine.resume("operator", "looked")
        drift = Drift(console.engine, console.store.journal, made.clock)
        assert (await drift.report()).worst()[F1].ignored
        trades_himself(made, made.accounts[1], ticket(made, SELL), 1)
        await read_again(console)
        line = (await drift.report()).worst()[F1]
        assert (line.verdict.units, line.trouble) == (-16, True)  # more than he knew of
        trades_himself(made, made.accounts[1], ticket(made, BUY), 16)
        await press(console, ticket(made, SELL, 40), wait_s=20)
        await drift.report()
        assert console.engine.drift.ignored == {}
        raise ProgramStopped("power cut")

    async def last(console: Console) -> None:
        assert console.engine.drift.ignored == {}

    with world(2) as made:
        made.line.feed = True
        made.live(script)
        made.live(after)
        made.live(last)


async def seen(console: Console) -> dict[AccountId, DriftLine]:
    """Once the master's position is certain."""
    await console.world.clock.sleep(20)
    return lines(console)


@pytest.mark.parametrize("side", [BUY, SELL])
def test_who_missed_a_position_whole_has_a_line_until_he_is_caught_up(side: Side) -> None:
    """One is rejected, one logged in late; who copies nothing by choice lacks nothing."""

    async def script(console: Console) -> None:
        made, engine = console.world, console.engine
        await begin(console)
        client = made.account(F1).client_id
        number = made.broker.add_fault(Fault(action="reject", accounts=[client], text="RMS: no"))
        paused = next(one for one in made.links if one.follower_id == F3)
        engine.put_link(replace(paused, state=LinkState.PAUSED), "operator")
        await press(console, ticket(made, side, 40))
        found = await seen(console)
        assert {one: line.step for one, line in found.items()} == {
            F1: Step.MISSING, F2: Step.IN_STEP
        }  # fmt: skip
        line, sign = found[F1], 1 if side is BUY else -1
        assert (line.copied, line.verdict.units, line.masters) == (0, -20 * sign, (made.master,))
        assert line.verdict.reason.endswith("nothing of it was copied here: 20 lacking. RMS: no")
        assert line.trouble
        assert line.exit == ()
        # Active again he lacks it too: a person sees him, and decides.
        engine.put_link(paused, "operator")
        assert set(lines(console)) == {F1, F2, F3}
        made.broker.clear_faults(number)
        told = await Drift(engine, console.store.journal, made.clock).report()
        catch_ups = CatchUps(engine)
        missed = {one.key.account_id: one for one in told.lines if one.step is Step.MISSING}
        for account, one in missed.items():
            units = abs(one.verdict.units)
            await catch_ups.begin(made.master, one.key, {account: units}, CommandId(account))
            await made.clock.sleep(3)
            assert position(made, int(account[1:])) == sign * units
        assert {one.step for one in (await seen(console)).values()} == {Step.IN_STEP}

    with world(3) as made:
        made.live(script)


def test_who_had_copies_and_left_lacks_nothing_and_nobody_what_the_master_left() -> None:
    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        await press(console, ticket(made, BUY, 40))
        key = made.instruments[0].key
        await square_off(console, (Chosen(F1, key, Product.INTRADAY),))
        assert position(made, 1) == 0
        assert F1 not in await seen(console)
        client = made.account(F2).client_id
        made.broker.add_fault(Fault(action="reject", accounts=[client], text="RMS: no"))
        for side in (SELL, BUY):
            await press(console, made.terms(side=side, quantity=40, away=-60, which=1))
        await made.clock.sleep(20)
        told = drift_of(console.engine.drift.now(), Differed())
        assert [one for one in told.lines if one.step is Step.MISSING] == []

    with world(2) as made:
        made.live(script)
