"""Links: what one lets through, what a change of one touches, and accounts that are both.

The simulator's positions and its wire are the judge.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time
from decimal import Decimal

import pytest

from copytrade_gui.domain.calendar import IST
from copytrade_gui.domain.ids import AccountId, CommandId
from copytrade_gui.domain.instrument import Exchange
from copytrade_gui.domain.link import Filters, Link, LinkState, TimeWindow
from copytrade_gui.domain.order import FanOut, OrderTerms, Product, Side, State
from copytrade_gui.domain.sizing import SizingRule, Strategy
from copytrade_gui.engine.planning.denied import DeniedError
from copytrade_gui.services.follower_verbs import FollowerDraft
from copytrade_gui.services.followers import Followers
from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.simulator.faults import Fault
from copytrade_gui.storage.secrets.paper_secrets import PaperSecrets
from tests.engine.test_exits import F1, F2, position, press, shown, ticket
from tests.engine.test_leaving import begin
from tests.proof.judge import settled
from tests.proof.rig import MORNING_NS, Console, world

BUY, SELL = Side.BUY, Side.SELL
M = AccountId("M")
TWICE = SizingRule(Strategy.RATIO, Decimal(2))


def link_of(console: Console, follower: AccountId = F1, master: AccountId = M) -> Link:
    return console.engine.lanes[follower].links[master].link


def change(console: Console, follower: AccountId = F1, **changes: object) -> Link:
    """Go by a changed link from now on, as the window's verbs do; returns the one before."""
    before = link_of(console, follower)
    console.engine.put_link(replace(before, **changes), "test")  # type: ignore[arg-type]  # by name
    return before


def becomes_master(console: Console, account: AccountId) -> None:
    console.engine.put_account(replace(console.engine.lanes[account].account, master=True))


def held(console: Console) -> list[int]:
    made = console.world
    return [position(made, number) for number in range(len(made.accounts))]


async def order(console: Console, master: AccountId, terms: OrderTerms) -> list[AccountId]:
    """Place a master's order; the accounts of its plan."""
    command = CommandId(f"{master} at {console.world.time.now_ns}")
    placed = await console.engine.submit(master, terms, FanOut.WITH_MASTER, command)
    await console.world.clock.sleep(5)
    return [one.account_id for one in placed.plan.intents]


async def clean(console: Console, run: str, plans: int, accounts: dict[AccountId, int]) -> None:
    """Nothing lost, double or ours alone; a master's plan is for so many accounts."""
    expected: dict[str, int] = {
        plan.plan_id: accounts[plan.signal.master_id]
        for plan in console.engine.book.plans.values()
        if plan.signal.master_id in accounts
    }
    (await settled(console, plans, expected)).must_be_clean(run)


FILTERED = {
    "filtered_side": {"filters": Filters(sides=frozenset({SELL}))},
    "filtered_product": {"filters": Filters(products=frozenset({Product.NORMAL}))},
    "filtered_exchange": {"filters": Filters(exchanges=frozenset({Exchange.NSEFO}))},
    "filtered_symbol": {"filters": Filters(not_symbols=frozenset({"INFY"}))},
    "outside_window": {"window": TimeWindow(time(11, 0), time(15, 0))},
    "close_only": {"state": LinkState.CLOSE_ONLY},
}


@pytest.mark.parametrize("code", FILTERED)
def test_what_a_link_keeps_out_is_not_copied_but_what_was_copied_is_still_closed(code: str) -> None:
    async def script(console: Console) -> None:
        made = console.world
        assert datetime.fromtimestamp(MORNING_NS / 1e9, IST).hour == 10
        await begin(console)
        await press(console, ticket(made, BUY))
        assert held(console) == [10, 5, 20]
        change(console, **FILTERED[code])  # type: ignore[arg-type]  # by name
        more = ticket(made, BUY)
        assert shown(console, more)[F1] == (0, code)
        orders = await press(console, more)
        assert (orders[F1].state, orders[F1].code) == (State.SKIPPED, code)
        assert orders[F1].reason.endswith(".")
        assert held(console) == [20, 5, 40]
        # His exit is theirs, and of a reversal only the exit, unless he may open on that side.
        await press(console, ticket(made, SELL, 4))
        assert held(console) == [16, 4, 32]
        await press(console, ticket(made, SELL, 30))
        assert held(console) == [-14, -7 if code == "filtered_side" else 0, -28]
        (await settled(console, 4)).must_be_clean("a link's filter")

    with world(2) as made:
        made.live(script)


@pytest.mark.parametrize("state", [LinkState.PAUSED, LinkState.FROZEN])
def test_a_stopped_link_keeps_exits_back_as_well(state: LinkState) -> None:
    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        await press(console, ticket(made, BUY))
        change(console, state=state)
        orders = await press(console, ticket(made, SELL))
        assert (orders[F1].state, orders[F1].code) == (State.SKIPPED, state.value)
        assert held(console) == [0, 5, 0]
        change(console, state=LinkState.ACTIVE)
        await press(console, ticket(made, BUY))
        assert held(console) == [10, 10, 20]
        (await settled(console, 3)).must_be_clean("a stopped link")

    with world(2) as made:
        made.live(script)


@pytest.mark.parametrize("state", [LinkState.PAUSED, LinkState.FROZEN])
def test_a_person_closes_copies_of_a_paused_link_and_not_of_a_frozen_one(state: LinkState) -> None:
    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        await press(console, ticket(made, BUY))
        change(console, state=state)
        sell = ticket(made, SELL, 25)
        placed = await console.engine.close(M, sell, {F1: 5, F2: 20}, CommandId("close"))
        await made.clock.sleep(5)
        codes = {
            o.intent.account_id: o.code for o in console.engine.book.of_plan(placed.plan.plan_id)
        }
        assert held(console) == [10, 5 if state is LinkState.FROZEN else 0, 0]
        assert codes[F1] == ("frozen" if state is LinkState.FROZEN else "")

    with world(2) as made:
        made.live(script)


@pytest.mark.parametrize("gone", ["paused", "frozen", "removed"])
@pytest.mark.parametrize("fan_out", list(FanOut))
def test_what_waits_does_not_leave_once_its_link_is_stopped_or_gone(
    gone: str, fan_out: FanOut
) -> None:
    """It waits for a session, or for the master's answer; what has left is followed to its end."""

    async def script(console: Console) -> None:
        made, engine = console.world, console.engine
        await begin(console)
        made.broker.add_fault(
            Fault(action="delay", accounts=[made.accounts[0].client_id], ms=2_000)
        )
        for account in (F1, F2):
            engine.lanes[account].wait_until_ns = made.clock.mono_ns() + 3_000_000_000
        placed = await engine.submit(M, ticket(made, BUY), fan_out, CommandId("one"))
        await made.clock.sleep(0.5)
        if gone == "removed":
            engine.drop_link(M, F1, "test")
        else:
            change(console, state=LinkState(gone))
        await made.clock.sleep(8)
        orders = {o.intent.account_id: o for o in engine.book.of_plan(placed.plan.plan_id)}
        assert (orders[F1].state, orders[F1].code) == (State.SKIPPED, gone)
        assert orders[F2].state is State.FILLED
        assert held(console) == [10, 0, 20]

    with world(2) as made:
        made.live(script)


def test_a_changed_link_is_for_later_plans_alone() -> None:
    """Rule, filters and window change while a plan waits for the master's answer."""

    async def script(console: Console) -> None:
        made, engine = console.world, console.engine
        await begin(console)
        made.broker.add_fault(
            Fault(action="delay", accounts=[made.accounts[0].client_id], ms=2_000)
        )
        terms = ticket(made, BUY)
        placed = await engine.submit(M, terms, FanOut.ON_MASTER_WORKING, CommandId("one"))
        await made.clock.sleep(0.5)
        assert engine.book.of_plan(placed.plan.plan_id)[1].state is State.PLANNED
        change(console, sizing=TWICE, group="Family")
        change(console, F2, filters=Filters(sides=frozenset({SELL})))
        await made.clock.sleep(8)
        assert held(console) == [10, 5, 20]
        orders = await press(console, terms)
        assert held(console) == [20, 25, 20]
        assert orders[F2].code == "filtered_side"

    with world(2) as made:
        made.live(script)


def test_close_only_holds_for_what_waits_already() -> None:
    async def script(console: Console) -> None:
        made, engine = console.world, console.engine
        await begin(console)
        await press(console, ticket(made, BUY))
        made.broker.add_fault(
            Fault(action="delay", accounts=[made.accounts[0].client_id], ms=2_000)
        )
        await engine.submit(M, ticket(made, BUY), FanOut.ON_MASTER_WORKING, CommandId("more"))
        await made.clock.sleep(0.5)
        change(console, state=LinkState.CLOSE_ONLY)
        await made.clock.sleep(8)
        assert held(console) == [20, 5, 40]

    with world(2) as made:
        made.live(script)


def test_each_master_is_copied_and_left_by_its_own_link() -> None:
    """F1 is a master too, F2 copies both."""

    async def script(console: Console) -> None:
        made, engine = console.world, console.engine
        becomes_master(console, F1)
        engine.put_link(Link(F1, F2, TWICE), "test")
        await begin(console)
        await order(console, M, ticket(made, BUY, 10))  # F1 half, F2 twice
        assert held(console) == [10, 5, 20]
        # His copies are not copied on.
        assert await order(console, F1, ticket(made, BUY, 3)) == [F1, F2]
        assert held(console) == [10, 8, 26]
        # The one's exit takes nothing of what was copied of the other.
        await order(console, M, ticket(made, SELL, 5))
        assert held(console) == [5, 6, 16]
        await order(console, M, ticket(made, SELL, 5))
        assert held(console) == [0, 3, 6]
        await order(console, F1, ticket(made, SELL, 3))
        assert held(console) == [0, 0, 0]
        await clean(console, "two masters", 5, {F1: 2})

    with world(2) as made:
        made.live(script)


def test_who_sold_his_copies_by_his_own_ticket_is_not_opened_by_his_masters_exit() -> None:
    async def script(console: Console) -> None:
        made = console.world
        becomes_master(console, F1)
        await begin(console)
        await order(console, M, ticket(made, BUY, 10))
        assert held(console) == [10, 5, 20]
        await order(console, F1, ticket(made, SELL, 3))
        assert held(console) == [10, 2, 20]
        await made.clock.sleep(15)
        await order(console, M, ticket(made, SELL, 10))
        assert held(console) == [0, 0, 0]
        await clean(console, "his own ticket", 3, {F1: 1})

    with world(2) as made:
        made.live(script)


def test_a_frozen_or_switched_off_account_places_no_order_of_its_own() -> None:
    async def script(console: Console) -> None:
        made, engine = console.world, console.engine
        becomes_master(console, F1)
        await begin(console)
        change(console, state=LinkState.FROZEN)
        for code, undo in (
            ("frozen", lambda: change(console, state=LinkState.PAUSED)),
            ("off", lambda: engine.put_account(replace(engine.lanes[F1].account, active=True))),
        ):
            if code == "off":
                engine.put_account(replace(engine.lanes[F1].account, active=False))
            with pytest.raises(DeniedError) as denied:
                await order(console, F1, ticket(made, BUY, 1))
            assert denied.value.code == code
            undo()
        await order(console, F1, ticket(made, BUY, 1))  # a paused link keeps only copies back
        assert held(console) == [0, 1, 0]

    with world(2) as made:
        made.live(script)


def verbs(console: Console) -> Followers:
    return Followers(console.engine, console.store.accounts, PaperSecrets())


def test_a_circle_is_refused_and_named_and_every_change_is_in_the_trail() -> None:
    async def script(console: Console) -> None:
        followers, store = verbs(console), console.store
        becomes_master(console, F1)
        before = await followers.links()
        draft = draft_of(console, M)
        with pytest.raises(RefusedError) as refused:
            await followers.edit(F1, M, draft)
        assert refused.value.field == "master"
        assert any(
            words in refused.value.sentence
            for words in ("Master copies Follower 1, Follower 1 copies Master",
                          "Follower 1 copies Master, Master copies Follower 1")
        )  # fmt: skip
        with pytest.raises(RefusedError):
            await followers.edit(F2, F1, draft_of(console, F1))  # nobody's orders to copy
        assert await followers.links() == before == await store.accounts.links()
        await followers.edit(F1, F2, draft_of(console, F2))
        await followers.set_state(F1, [F2], LinkState.PAUSED)
        await followers.set_sizing(F1, [F2], TWICE)
        await followers.remove(F1, [F2])
        await store.journal.flush()
        found = await store.history.events(10, kind="LinkChanged")
        assert [one.account_id for one in found] == [F2] * 4
        assert {one.actor for one in found} == {"operator"}
        assert '"state":"paused"' in found[2].body
        assert await store.history.verify() == ()
        assert await store.accounts.links() == before

    with world(2) as made:
        made.live(script)


def draft_of(console: Console, account: AccountId) -> FollowerDraft:
    one = console.engine.lanes[account].account
    return FollowerDraft(
        one.name, one.client_id, one.app_key, "", "ratio", "1", "", one.active, one.master
    )


def test_a_follower_of_two_masters_is_removed_from_one_and_stays_with_the_other() -> None:
    async def script(console: Console) -> None:
        followers = verbs(console)
        becomes_master(console, F1)
        await followers.edit(F1, F2, draft_of(console, F2))
        await followers.remove(M, [F2])
        assert {link.key for link in await console.store.accounts.links()} == {(M, F1), (F1, F2)}
        await followers.remove(F1, [F2])
        await followers.remove(M, [F1])  # he is a master and stays
        accounts = {one.account_id for one in await console.store.accounts.all()}
        assert accounts == {M, F1} == {lane.account_id for lane in console.engine.lanes}

    with world(2) as made:
        made.live(script)


def test_links_come_back_after_a_restart() -> None:
    async def script(console: Console) -> None:
        followers = verbs(console)
        await followers.set_sizing(M, [F1], TWICE)
        await followers.set_state(M, [F2], LinkState.CLOSE_ONLY)
        console.world.links = list(await followers.links())

    async def again(console: Console) -> None:
        assert link_of(console).sizing == TWICE
        assert link_of(console, F2).state is LinkState.CLOSE_ONLY
        await begin(console)
        orders = await press(console, ticket(console.world, BUY))
        assert orders[F2].code == "close_only"
        assert held(console) == [10, 20, 0]

    with world(2) as made:
        made.live(script)
        made.live(again)
