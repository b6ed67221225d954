"""Stop-losses, targets and exit times of links: who is left, when, and never turned round.

The simulator's positions are the judge.
"""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import time
from decimal import Decimal

import pytest

from copytrade_gui.domain.events import Alarm
from copytrade_gui.domain.exit_rule import ExitRules
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.link import Link, LinkState
from copytrade_gui.domain.number import grouped
from copytrade_gui.domain.offset import Offset
from copytrade_gui.domain.order import Product, Side, State
from copytrade_gui.domain.sizing import SizingRule, Strategy
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.engine.orders import faultpoints
from copytrade_gui.services.position_report import report_of
from copytrade_gui.services.positions import facts_of
from copytrade_gui.simulator.config import Switches
from copytrade_gui.simulator.course import Scene
from copytrade_gui.simulator.faults import Fault
from tests.engine.broker_owner import trades_himself
from tests.engine.test_exits import F1, F2, position, press, ticket
from tests.engine.test_leaving import begin
from tests.engine.test_links import M, becomes_master, change, held, order
from tests.engine.test_price_guard import moves
from tests.proof.judge import settled
from tests.proof.rig import Console, ProgramStopped, world

BUY, SELL = Side.BUY, Side.SELL
ONE, TWO = (Offset(Decimal(n), percent=True) for n in (1, 2))
RULES = ExitRules(stop=ONE, target=TWO)


def told(console: Console, code: str = "exit_rule") -> list[str]:
    """Sentences of this alarm, as they come."""
    heard: list[str] = []

    def hear(event: Alarm) -> None:
        if event.code == code:
            heard.append(event.sentence)

    console.engine.bus.subscribe(hear, Alarm)
    return heard


async def clean(console: Console, run: str) -> None:
    """Nothing lost, double or ours alone."""
    plans = list(console.engine.book.plans.values())
    closing = {str(plan.plan_id): len(plan.intents) for plan in plans if plan.closes}
    (await settled(console, len(plans), closing)).must_be_clean(run)


async def enters(console: Console, side: Side = BUY, quantity: int = 10) -> None:
    """The master enters, everybody follows, and the market stands."""
    await begin(console)
    await moves(console, 0.01)
    await press(console, ticket(console.world, side, quantity))


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize(("move", "met"), [(-1.2, "stop-loss"), (2.3, "target")])
def test_who_meets_his_stop_or_target_is_left_and_nobody_else(
    side: Side, move: float, met: str
) -> None:
    async def script(console: Console) -> None:
        made, way = console.world, 1 if side is BUY else -1
        heard = told(console)
        change(console, F1, exits=RULES)
        await enters(console, side)
        assert held(console) == [10 * way, 5 * way, 20 * way]
        await moves(console, way * move * 0.6)
        await made.clock.sleep(10)
        assert held(console) == [10 * way, 5 * way, 20 * way]
        await moves(console, way * move * 0.6)
        await made.clock.sleep(20)
        assert held(console) == [10 * way, 0, 20 * way]
        assert [met in one for one in heard] == [True]
        (left,) = (one for one in console.engine.book if one.closes)
        assert (left.state, left.code) == (State.FILLED, "exit_rule")  # its row says why as well
        assert f"its {met} stands at" in left.reason
        report = console.engine.square_offs.report()
        assert report is not None
        assert report.proven
        # His master's exit finds nothing to take of him, and a new entry is his again.
        await press(console, ticket(made, side.opposite))
        assert held(console) == [0, 0, 0]
        await press(console, ticket(made, side))
        assert held(console) == [10 * way, 5 * way, 20 * way]
        await clean(console, "an exit rule")

    with world(2) as made:
        made.live(script)


def test_the_rule_goes_by_what_all_entries_cost_and_closes_what_is_held_by_then() -> None:
    async def script(console: Console) -> None:
        made = console.world
        change(console, F1, exits=RULES)
        await enters(console)
        await moves(console, -0.8)
        await press(console, ticket(made, BUY, 30))  # the average falls by 0.6 %
        (line, *_) = (one for one in report_of(facts_of(console.engine)).lines if one.exits)
        assert line.average is not None
        stop, goal = (
            grouped(round(line.average * times, 2)) for times in (Decimal("0.99"), Decimal("1.02"))
        )
        assert (line.account_id, line.exits) == (F1, f"stop-loss at {stop}, target at {goal}")
        await moves(console, -0.5)
        await made.clock.sleep(10)
        assert held(console) == [40, 20, 80]
        resting = await press(console, ticket(made, BUY, away=400))
        assert resting[F1].state is State.WORKING
        await moves(console, -0.4)
        await made.clock.sleep(20)
        assert held(console) == [40, 0, 80]
        assert resting[F1].state is State.CANCELLED  # or it would open again
        assert resting[F2].state is State.WORKING

    with world(2) as made:
        made.live(script)


def test_of_two_masters_copies_only_those_of_the_link_are_left() -> None:
    async def script(console: Console) -> None:
        made, engine = console.world, console.engine
        becomes_master(console, F1)
        engine.put_link(Link(F1, F2, SizingRule(Strategy.RATIO, Decimal(1))), "test")
        change(console, F2, exits=RULES)
        await begin(console)
        await moves(console, 0.01)
        await order(console, M, ticket(made, BUY, 10))
        await order(console, F1, ticket(made, BUY, 3))
        assert held(console) == [10, 8, 23]
        await moves(console, -1.5)
        await made.clock.sleep(20)
        assert held(console) == [10, 8, 3]
        await order(console, F1, ticket(made, SELL, 3))
        assert held(console) == [10, 5, 0]

    with world(2) as made:
        made.live(script)


def test_who_sold_by_himself_is_never_turned_round_by_a_rule() -> None:
    async def script(console: Console) -> None:
        made = console.world
        for account in (F1, F2):
            change(console, account, exits=RULES)
        await enters(console)
        trades_himself(made, made.accounts[1], ticket(made, SELL), 5)
        trades_himself(made, made.accounts[2], ticket(made, SELL), 8)
        await moves(console, -1.5)
        await made.clock.sleep(120)
        assert held(console) == [10, 0, 0]
        tried = [plan for plan in console.engine.book.plans.values() if plan.closes]
        assert len(tried) == 1  # nothing was ever sent for F1

    with world(2) as made:
        made.live(script)


@pytest.mark.parametrize("state", [TradingState.PAUSE, TradingState.HALT, TradingState.KILL])
def test_no_rule_goes_past_a_stop_and_what_is_still_met_follows_the_resume(
    state: TradingState,
) -> None:
    async def script(console: Console) -> None:
        made, engine, heard = console.world, console.engine, told(console)
        for account in (F1, F2):
            change(console, account, exits=RULES)
        await enters(console)
        await engine.stop_trading(state, "operator", "test")
        await moves(console, -1.5)
        await made.clock.sleep(20)
        assert held(console) == [10, 5, 20]
        assert ["not squared off yet" in one for one in heard] == [True, True]
        change(console, F2, state=LinkState.FROZEN)
        await engine.resume("operator", "test")
        await made.clock.sleep(30)
        assert held(console) == [10, 0, 20]
        change(console, F2, state=LinkState.PAUSED)  # a person's rule, not his master's order
        await made.clock.sleep(20)
        assert held(console) == [10, 0, 0]

    with world(2) as made:
        made.live(script)


@pytest.mark.parametrize(
    "point",
    [faultpoints.BEFORE_PLAN_COMMIT, faultpoints.AFTER_PLAN_COMMIT, faultpoints.AFTER_WRITE],
)
def test_a_crash_while_a_rule_is_carried_out_closes_once(point: str) -> None:
    armed: list[str] = []

    def fault(where: str) -> None:
        if armed and where == armed[0]:
            armed.clear()
            raise ProgramStopped(0)

    async def script(console: Console) -> None:
        made = console.world
        for account in (F1, F2):
            change(console, account, exits=RULES)
        made.links = [one.link for lane in console.engine.lanes for one in lane.links.values()]
        await enters(console)
        armed[:] = [point]
        await moves(console, -1.5)
        await made.clock.sleep(60)

    async def again(console: Console) -> None:
        console.log_all_in()
        for _ in range(20):
            console.see_price()
            await console.world.clock.sleep(10)
        assert held(console) == [10, 0, 0]
        filled = [one for one in console.engine.book if one.closes and one.filled]
        assert {one.code for one in filled} == {"exit_rule"}
        await clean(console, f"a crash {point} of an exit rule")

    with world(2) as made:
        made.live(script, fault=fault)
        assert not armed
        made.live(again)


def test_what_nothing_was_sent_for_is_tried_again_and_what_was_rejected_is_not() -> None:
    async def script(console: Console) -> None:
        made, engine = console.world, console.engine
        for account in (F1, F2):
            change(console, account, exits=RULES)
        await enters(console)
        first, second = ([one.client_id] for one in made.accounts[1:])
        made.broker.add_fault(Fault(action="book_failed", call="positions", accounts=first))
        made.broker.add_fault(Fault(action="reject", accounts=second, text="RMS: no"))
        await moves(console, -1.5)
        await made.clock.sleep(30)
        assert held(console) == [10, 5, 20]
        made.broker.clear_faults()
        await made.clock.sleep(60)
        assert held(console) == [10, 0, 20]
        sent = [one for one in engine.book if one.closes and one.intent.account_id == F2]
        assert [one.state for one in sent] == [State.REJECTED]

    with world(2) as made:
        made.live(script)


def test_intraday_copies_are_left_at_their_time_and_none_is_made_after_it() -> None:
    async def script(console: Console) -> None:
        made, heard = console.world, told(console)
        now = console.engine.hours.now
        soon = time(now.hour, now.minute + 2)
        change(console, F1, exits=ExitRules(at=soon))
        await enters(console)
        await press(console, ticket(made, BUY, 10, product=Product.NORMAL))
        assert held(console) == [10, 5, 20]
        await made.clock.sleep(150)
        assert held(console) == [10, 0, 20]
        assert position(made, 1, "NORMAL") == 5
        orders = await press(console, ticket(made, BUY))
        assert (orders[F1].state, orders[F1].code) == (State.SKIPPED, "after_exit_time")
        assert held(console) == [20, 0, 40]
        orders = await press(console, ticket(made, BUY, product=Product.NORMAL))
        assert position(made, 1, "NORMAL") == 10
        assert [f"{soon:%H:%M}" in one for one in heard] == [True]

    with world(2) as made:
        made.live(script)


def test_a_rule_that_cannot_be_judged_is_told_once() -> None:
    async def script(console: Console) -> None:
        made, heard = console.world, told(console, "exit_rule_blind")
        change(console, F1, exits=RULES)
        await enters(console)
        made.broker.add_fault(Fault(action="answer", call="quotes", placed=False))
        await made.clock.sleep(60)
        assert ["cannot be judged" in one for one in heard] == [True]
        assert held(console) == [10, 5, 20]

    with world(2) as made:
        made.live(script)


@pytest.mark.parametrize("seed", range(3))
def test_whatever_masters_and_market_do_no_rule_opens_or_turns_round_anybody(seed: int) -> None:
    """The master is long or flat, so no follower may ever be short."""
    dice = random.Random(seed)  # noqa: S311 - chance is no secret

    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        await moves(console, 0.01)
        for account in (F1, F2, AccountId("F003")):
            stop, target = (Offset(Decimal(dice.randint(2, 9)) / 10, percent=True) for _ in "ab")
            change(console, account, exits=ExitRules(stop, target))
        master = 0
        for _ in range(14):
            what = dice.random()
            if what < 0.4:
                units = dice.choice((10, 20))
                await press(console, ticket(made, BUY, units), wait_s=dice.random())
                master += units
            elif what < 0.6 and master:
                units = dice.choice((master, master // 2))
                await press(console, ticket(made, SELL, units), wait_s=dice.random())
                master -= units
            else:
                await moves(console, dice.choice((-0.9, -0.4, 0.4, 0.9)))
            number, quiet = dice.randint(1, 3), all(o.state.ended for o in console.engine.book)
            if quiet and dice.random() < 0.2 and (units := position(made, number)) > 0:
                terms = replace(ticket(made, SELL), quantity=units)
                trades_himself(made, made.accounts[number], terms, units)
                await made.clock.sleep(150)  # nothing is pushed here: so long until it is read
            await made.clock.sleep(dice.choice((0.3, 2, 9)))
            assert min(held(console)) >= 0
        await made.clock.sleep(60)
        assert min(held(console)) >= 0

    with world(3, seed=seed + 1) as made:
        made.live(script)


def test_what_is_copied_while_a_rule_is_carried_out_has_its_rule_as_well() -> None:
    async def script(console: Console) -> None:
        made = console.world
        change(console, F1, exits=RULES)
        await enters(console, quantity=40)
        first = [made.accounts[1].client_id]
        made.broker.add_fault(Fault(action="parts", copies=4, accounts=first))
        await moves(console, -1.3)
        await made.clock.sleep(3)
        assert 0 < held(console)[1] < 20  # its order fills in parts
        made.broker.clear_faults()
        await press(console, ticket(made, BUY), wait_s=30)
        assert held(console)[1] == 5
        await moves(console, -1.8)
        await made.clock.sleep(60)
        assert held(console)[1] == 0

    with world(2, switches=Switches(latency_ms=60, jitter_ms=80, fill_ms=1_500)) as made:
        made.live(script)


def test_a_price_from_before_the_entry_meets_no_rule() -> None:
    async def script(console: Console) -> None:
        made = console.world
        change(console, F1, exits=RULES)
        await begin(console)
        await moves(console, 0.01)
        made.broker.play([Scene(scene="move", percent=2.5, seconds=1)])
        await made.clock.sleep(3)
        await press(console, ticket(made, BUY), wait_s=12)
        assert held(console) == [10, 5, 20]

    with world(2) as made:
        made.live(script)
