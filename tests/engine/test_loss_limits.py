"""Loss limits: who reached his is stopped before the next byte, until the next day or a person.

The simulator's trade book, positions and ledger are the judge.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from copytrade_gui.domain.checks.limits import NO_LIMITS
from copytrade_gui.domain.ids import AccountId, CommandId
from copytrade_gui.domain.instrument import Quote
from copytrade_gui.domain.money import Paise
from copytrade_gui.domain.order import Side, State
from copytrade_gui.domain.scope import group_scope
from copytrade_gui.engine.planning.denied import DeniedError
from copytrade_gui.services.closing import Closing
from copytrade_gui.services.limits import LimitEdits
from copytrade_gui.services.position_report import report_of
from copytrade_gui.services.positions import facts_of
from copytrade_gui.services.trading import Trading
from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.simulator.faults import Fault
from tests.engine.test_exits import DAY_NS, F1, F2, position, press, switch, ticket
from tests.proof import p27_crash
from tests.proof.p27_crash import HALTS_EACH, name_of, play
from tests.proof.rig import Console, ProgramStopped, world


def test_in_a_crash_every_follower_stops_at_his_limit_within_a_second_of_the_quote() -> None:
    followers = 24

    async def script(console: Console) -> None:
        made, engine = console.world, console.engine
        seen = await play(console, followers)
        seen.must_be_right()
        reach = seen.reach
        # Exits pass where only exits pass; where it halts nothing does.
        before = {n: position(made, n) for n in reach}
        orders = await press(console, ticket(made, Side.SELL, 400), wait_s=20)
        for number in reach:
            status = engine.lanes[name_of(number)].status
            if number % HALTS_EACH == 0:
                assert status.halted
                assert position(made, number) == before[number] > 0
                assert orders[name_of(number)].code == "account_halted"
            else:
                assert status.only_exits
                assert "its limit for a day's loss is ₹" in status.only_exits
                assert position(made, number) == 0
                assert orders[name_of(number)].state is State.FILLED

    with world(followers) as made:
        made.live(script)


async def limit(console: Console, account: AccountId | None = None, **limits: int) -> None:
    """Set limits in whole rupees; what happens then is 1 or 2."""
    values = {n: v if n.endswith("then") else v * 100 for n, v in limits.items()}
    console.engine.clearing.limits.put(account, replace(NO_LIMITS, **values))  # type: ignore[arg-type]  # paise are integers
    await console.world.clock.sleep(1)


def price(console: Console, rupees: str | Decimal) -> None:
    """A quote of the first instrument, a moment newer than the last."""
    made = console.world
    key, last = made.instruments[0].key, Decimal(rupees)
    made.time.now_ns += 1_000_000
    before = console.engine.quotes.newest(key)
    close = last if before is None else before.previous_close
    console.engine.core.quotes.put(Quote(key, last, last, last, close, made.time.wall_ns()))


async def hold(console: Console, quantity: int = 400) -> Decimal:
    """Everybody logged in and long; returns the price at which nobody has gained or lost."""
    console.log_all_in()
    await console.world.clock.sleep(5)
    console.see_price()
    await press(console, ticket(console.world, Side.BUY, quantity), wait_s=20)
    line = next(one for one in report_of(facts_of(console.engine)).lines if one.copied)
    assert line.average is not None
    return line.average


def stopped(console: Console, account: AccountId = F1) -> str:
    return console.engine.lanes[account].status.stopped


async def entry(console: Console) -> dict[AccountId, tuple[State, str]]:
    """A master's order that opens and rests; what became of each copy."""
    terms = p27_crash.resting_entry(console.world)
    orders = await press(console, terms, wait_s=3)
    assert not [one for one in orders.values() if one.state is State.BLOCKED and one.attempt]
    return {name: (one.state, one.code) for name, one in orders.items()}


F3 = AccountId("F003")
STOPPED = (State.BLOCKED, "loss_limit")


def test_it_holds_over_a_restart_and_ends_on_the_next_day_or_when_a_person_lifts_it() -> None:
    """F1 ends by itself on the next day; F2's is lifted, and a limit that is set anew bites."""

    async def falls(console: Console) -> None:
        at = await hold(console)
        await limit(console, F1, day_loss=1_000)
        await limit(console, F2, day_loss=1_000)
        price(console, at - 5)  # F1 holds 200, F2 800
        assert "brought -₹4,000" in stopped(console, F2)
        price(console, at - 6)
        assert "limit for a day's loss is ₹1,000: only exits are copied to it" in stopped(console)
        price(console, at + 1)  # a loss that was reached was reached
        assert (await entry(console))[F1] == STOPPED
        raise ProgramStopped("power cut")

    async def restarted(console: Console) -> None:
        assert stopped(console)
        console.log_all_in()
        await console.world.clock.sleep(5)
        await limit(console, F2, day_loss=1_000)
        assert set((await entry(console)).values()) == {STOPPED}
        verbs = Trading(
            console.engine, console.store.journal, console.world.clock,
            Closing(console.engine, console.store.journal, console.store.seals,
                    console.world.clock),
        )  # fmt: skip
        with pytest.raises(RefusedError, match="Reason is empty"):
            await verbs.lift_account_halt(F2, stopped(console, F2), " ", CommandId("a"))
        await verbs.lift_account_halt(F2, stopped(console, F2), "He agreed.", CommandId("b"))
        made = console.world
        price(console, made.price(made.instruments[0]) - 8)
        assert not stopped(console, F2)  # the same limit, the same day
        found = await entry(console)
        assert (found[F1], found[F2][0]) == (STOPPED, State.WORKING)
        await limit(console, F2, day_loss=1_001)
        await made.clock.sleep(1)
        assert stopped(console, F2)

    async def next_day(console: Console) -> None:
        assert not stopped(console)
        assert not stopped(console, F2)

    with world(2) as made:
        made.live(falls)
        made.live(restarted)
        made.time.now_ns += DAY_NS
        made.live(next_day)


def test_the_next_day_comes_to_a_program_that_runs_on() -> None:
    async def script(console: Console) -> None:
        at = await hold(console)
        await limit(console, F1, day_loss=1_000)
        price(console, at - 6)
        assert stopped(console)
        console.world.time.now_ns += DAY_NS
        await console.world.clock.sleep(10)
        assert not stopped(console)

    with world(1) as made:
        made.live(script)


def test_a_limit_that_is_set_on_the_second_day_of_a_program_holds_at_once() -> None:
    async def script(console: Console) -> None:
        console.world.time.now_ns += DAY_NS
        at = await hold(console)
        await limit(console, F1, day_loss=1_000)
        price(console, at - 6)
        assert stopped(console)

    with world(1) as made:
        made.live(script)


def test_prices_are_asked_for_once_at_a_time() -> None:
    """Fills come in many pieces, and the broker answers ten questions a second."""

    async def script(console: Console) -> None:
        made = console.world
        await hold(console)
        await limit(console, None, day_loss=100_000)
        made.broker.add_fault(Fault(action="answer", call="quotes", http_status=503))
        await made.clock.sleep(5)
        for _ in range(40):
            for lane in console.engine.lanes:
                console.engine.parts.loss_watch.concerns(lane.account_id)
            await made.clock.sleep(0.02)
        await made.clock.sleep(5)
        assert made.broker.desk.ledger.excess == []

    with world(2) as made:
        made.live(script)


def test_all_followers_together_are_stopped_and_lifted_as_one() -> None:
    async def script(console: Console) -> None:
        at = await hold(console)  # 200 and 800 units
        await limit(console, all_day_loss=10_000, all_loss_then=1)
        price(console, at - Decimal("9.99"))
        assert not stopped(console)
        price(console, at - 10)
        await console.world.clock.sleep(2)
        for account in (F1, F2):
            assert "All followers together brought -₹10,000 today" in stopped(console, account)
            assert console.engine.lanes[account].status.halted
        assert not stopped(console, console.world.master)
        engine = console.engine
        with pytest.raises(DeniedError, match="Trading is halted"):
            await entry(console)
        assert "All followers together brought" in engine.gate.change.reason
        await engine.resume("operator", "agreed")
        assert {code for _, code in (await entry(console)).values()} == {"account_halted"}
        assert engine.lift_account_halt(F1, stopped(console), "operator", "agreed")
        assert not stopped(console, F2)
        await console.store.journal.flush()
        assert await console.store.history.verify() == ()
        alarms = await console.store.history.events(50, kind="Alarm")
        assert ["All followers: All followers" in one.reason for one in alarms] == [True]

    with world(2) as made:
        made.live(script)


def test_a_group_has_limits_of_its_own_for_each_and_for_all_in_it() -> None:
    """F1 and F3 are a family: 200 and 600 units; F2 holds 800 and is in no group."""
    family = group_scope("Family")

    async def script(console: Console) -> None:
        made, engine = console.world, console.engine
        at = await hold(console)
        for link in made.links:
            if link.follower_id in (F1, F3):
                engine.put_link(replace(link, group="Family"), "operator")
        verbs = LimitEdits(engine, console.store.journal, made.clock)
        typed = {"day_loss": "4000", "all_day_loss": "8000"}
        await verbs.set_limits(family, typed, "They asked for it", CommandId("c1"))
        with pytest.raises(RefusedError, match="This group is not here any more"):
            await verbs.set_limits(group_scope("Friends"), typed, "x", CommandId("c2"))
        await made.clock.sleep(1)
        price(console, at - Decimal("6.6"))
        assert not stopped(console)
        price(console, at - 7)  # ₹1,400 and ₹4,200
        assert "Its copies brought -₹4,200 today" in stopped(console, F3)
        assert not stopped(console)
        price(console, at - 10)  # ₹8,000 together
        assert "Group Family together brought -₹8,000 today" in stopped(console)
        assert not stopped(console, F2)
        assert (await entry(console))[F1] == STOPPED
        raise ProgramStopped("power cut")

    async def again(console: Console) -> None:
        assert not stopped(console, F2)
        for link in console.world.links:  # links of this world are stored without a group
            if link.follower_id in (F1, F3):
                console.engine.put_link(replace(link, group="Family"), "operator")
        assert "Group Family" in stopped(console)
        limits = console.engine.clearing.limits
        assert limits.of(F1).day_loss == Paise(4_000_00)
        assert limits.of(F2).day_loss is None
        assert console.engine.lift_account_halt(F1, stopped(console), "operator", "agreed")
        assert not stopped(console)
        assert "Its copies brought" in stopped(console, F3)

    with world(3) as made:
        made.live(script)
        made.live(again)


def test_nobody_is_judged_together_before_everybody_was_counted() -> None:
    """Fifty who lose are counted before ten who gain, and a price comes in between."""

    async def script(console: Console) -> None:
        made, quotes = console.world, console.engine.core.quotes
        console.log_all_in()
        await made.clock.sleep(5)
        console.see_price()
        names = [one.account_id for one in made.accounts[1:]]
        for which, off in ((0, names[50:]), (1, names[:50])):
            for name in names:
                switch(console, name, on=name not in off)
            terms = made.terms(side=Side.BUY, quantity=40, away=-60, which=which)
            await press(console, terms, wait_s=20)
        first, second = (made.instruments[n].key for n in (0, 1))
        net = dict.fromkeys((first, second), 0)
        for held, copy in console.engine.copies.held().items():
            net[held.instrument] += copy.position.net
        for key, moves in ((first, -10), (second, 10 * net[first] // net[second])):
            quote = quotes.newest(key)
            assert quote is not None
            quotes.put(replace(quote, last=quote.last + moves, at_ns=made.time.wall_ns()))
        limits = replace(NO_LIMITS, all_day_loss=Paise(net[first] * 10 * 100 // 2))
        console.engine.clearing.limits.put(None, limits)
        await made.clock.sleep(0.006)
        quote = quotes.newest(first)
        assert quote is not None
        quotes.put(replace(quote, previous_close=quote.last, at_ns=made.time.wall_ns()))
        await made.clock.sleep(0.1)
        assert not stopped(console)

    with world(60) as made:
        made.live(script)


def test_the_equity_floor_counts_funds_and_the_days_loss() -> None:
    async def script(console: Console) -> None:
        at = await hold(console)
        await limit(console, F1, equity_floor=50_000)
        found = await entry(console)  # nobody has read his funds yet
        assert found[F1] == (State.BLOCKED, "loss_unknown")
        assert found[F2][0] is State.WORKING
        await limit(console, F2, equity_floor=50_000, day_loss=1_000)
        price(console, at - 2)
        assert "limit for a day's loss" in stopped(console, F2)  # which needs no funds
        price(console, at)
        console.engine.note_margin(F1, Paise(10_000_00), Paise(51_000_00))
        price(console, at - Decimal("4.99"))
        await console.world.clock.sleep(1)
        assert not stopped(console)
        assert (await entry(console))[F1][0] is State.WORKING
        price(console, at - 5)
        assert "its equity may not fall to ₹50,000" in stopped(console)

    with world(2) as made:
        made.live(script)


def test_a_kept_profit_follows_the_highest_of_the_day_also_over_a_crash() -> None:
    async def rises(console: Console) -> None:
        at = await hold(console)
        await limit(console, F1, lock_from=2_000, lock_back=500)
        for gained in (9, 5, 12, 16):  # he holds 200 units
            price(console, at + gained)
            await console.world.clock.sleep(0.5)
            assert not stopped(console)
        await console.store.journal.flush()
        raise ProgramStopped("power cut")

    async def falls(console: Console) -> None:
        await limit(console, F1, lock_from=2_000, lock_back=500)
        await console.world.clock.sleep(1)
        (line,) = [one for one in report_of(facts_of(console.engine)).lines if one.copied
                   and one.account_id == F1]  # fmt: skip
        assert line.average is not None
        price(console, line.average + Decimal("13.51"))
        assert not stopped(console)
        price(console, line.average + Decimal("13.50"))
        assert "it was ₹3,200, of which ₹2,700 are kept" in stopped(console)

    with world(1) as made:
        made.live(rises)
        made.live(falls)


def test_what_is_not_known_is_no_zero_and_keeps_out_what_opens() -> None:
    async def script(console: Console) -> None:
        made = console.world
        await hold(console)
        await limit(console, F1, day_loss=1_000)
        assert (await entry(console))[F1][0] is State.WORKING
        made.broker.add_fault(Fault(action="answer", call="quotes", http_status=503))
        await made.clock.sleep(30)
        orders = await press(console, p27_crash.resting_entry(made), wait_s=3)
        assert (orders[F1].code, orders[F2].state) == ("loss_unknown", State.WORKING)
        assert "newest price of INFY-EQ is of 10:00" in orders[F1].reason
        assert "Until that is known only exits are copied" in orders[F1].reason
        out = await press(console, ticket(made, Side.SELL, 400), wait_s=20)
        assert out[F1].state is State.FILLED
        assert not stopped(console)
        await console.store.journal.flush()
        (alarm,) = await console.store.history.events(50, kind="Alarm", text="cannot be judged")
        assert alarm.reason.startswith("The loss limits of Follower 1 cannot be judged. The newest")

    with world(2) as made:
        made.live(script)
