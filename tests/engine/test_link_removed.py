"""A link is removed while copies of it are open: what their master does still takes them back.

The simulator's orders and positions are the judge.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import replace

import pytest

from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.order import Side, State
from copytrade_gui.domain.seen import Follow, Seen
from copytrade_gui.engine.orders.order import Order
from copytrade_gui.services.verbs import RefusedError
from tests.engine.test_exits import F1, F2, ticket
from tests.engine.test_fill_copy import BOTH, NEAR, Place, begins, here
from tests.engine.test_leaving import begin
from tests.engine.test_links import M, becomes_master, draft_of, held, verbs
from tests.engine.test_master_elsewhere import LOOKING, elsewhere, owner
from tests.engine.test_resting_entries import (
    Leave,
    alarms,
    comes_back,
    leaves_elsewhere,
    leaves_here,
    rests,
)
from tests.proof.rig import Console, ProgramStopped, world

BUY, SELL = Side.BUY, Side.SELL
Script = Callable[[Console], Coroutine[object, object, None]]
LAST = pytest.mark.parametrize("last", [True, False])


def live(*scripts: Script, followers: int = 2) -> None:
    with world(followers, settings=LOOKING) as made:
        for script in scripts:
            made.live(script)


async def unlinks(console: Console, *, last: bool) -> None:
    """F1 copies M no more, and with ``last`` nobody does; the accounts stay, as masters."""
    gone = [F1, F2] if last else [F1]
    for account in gone:
        becomes_master(console, account)
    await verbs(console).remove(M, gone)
    assert len(console.engine.lanes.followers_of(M)) == 2 - len(gone)


def copy_of(console: Console, account: AccountId = F1) -> Order:
    (found,) = [one for one in console.engine.book if one.intent.account_id == account]
    return found


@LAST
@BOTH
def test_his_cancel_at_the_broker_takes_copies_of_a_removed_link(place: Place, last: bool) -> None:
    async def script(console: Console) -> None:
        await begins(console)
        his = await place(console, BUY, 10)
        assert copy_of(console).state is State.WORKING
        told = alarms(console)
        await unlinks(console, last=last)
        (sentence, *_) = told["open_copies"]
        assert "Follower 1 copies Master no more. 1 copy is still open" in sentence
        owner(console.world).cancel(his.order_id)
        await console.world.clock.sleep(10)
        assert copy_of(console).state is State.CANCELLED
        await comes_back(console)
        assert held(console) == [0, 0, 0]

    live(script)


@LAST
@pytest.mark.parametrize("leave", [leaves_here, leaves_elsewhere])
@BOTH
def test_his_exit_takes_entries_of_a_removed_link(place: Place, leave: Leave, last: bool) -> None:
    async def script(console: Console) -> None:
        await rests(console, place)
        await unlinks(console, last=last)
        await leave(console, SELL, 10)
        assert held(console) == [0, 0, 0]
        await comes_back(console)
        assert held(console) == [0, 0, 0]
        entry = next(one for one in console.engine.book if one.intent.account_id == F1)
        assert (entry.state, entry.code) == (State.CANCELLED, "master_exits")

    live(script)


def test_after_a_restart_his_cancel_still_takes_them() -> None:
    async def script(console: Console) -> None:
        await begins(console)
        elsewhere(console.world, ticket(console.world, BUY, 10, NEAR))
        await console.world.clock.sleep(4)
        assert copy_of(console).state is State.WORKING
        await unlinks(console, last=True)
        console.world.links = []
        await console.world.clock.sleep(1)
        raise ProgramStopped("power cut")

    async def after(console: Console) -> None:
        made = console.world
        assert not console.engine.lanes.followers_of(M)
        console.log_all_in()
        await made.clock.sleep(10)
        assert copy_of(console).state is State.WORKING
        (his,) = made.broker.accounts[0].orders.values()
        owner(made).cancel(his.order_id)
        await made.clock.sleep(10)
        assert copy_of(console).state is State.CANCELLED

    live(script, after)


def test_what_a_master_places_whom_nobody_copies_is_listed_and_asks_nobody() -> None:
    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        await unlinks(console, last=True)
        told = alarms(console)
        for follow in Follow:
            console.engine.master_signals.set_follow(M, follow)
            elsewhere(made, ticket(made, BUY))
            await made.clock.sleep(5)
        assert {one.became for one in console.engine.master_signals.orders()} == {Seen.MISSED}
        assert held(console) == [30, 0, 0]
        assert not told

    live(script)


@BOTH
def test_a_change_of_his_leaves_them_as_they_are_and_names_them(place: Place) -> None:
    async def script(console: Console) -> None:
        made = console.world
        await begins(console)
        his = await place(console, BUY, 10)
        await unlinks(console, last=False)
        told = alarms(console)
        before = copy_of(console).terms
        terms = ticket(made, BUY, 4, 2 * NEAR)
        if place is here:
            (lead,) = [one for one in console.engine.book if one.intent.account_id == M]
            await console.engine.modify(lead.intent.intent_id, terms)
        else:
            owner(made).modify(his.order_id, {"price": str(terms.price), "quantity": "4"})
        await made.clock.sleep(10)
        assert copy_of(console).terms == before
        assert copy_of(console, F2).terms.quantity == 8
        (sentence,) = told["not_changed"]
        assert F1 in sentence
        assert F2 not in sentence

    live(script)


def test_a_master_stays_one_while_copies_of_his_orders_are_open() -> None:
    async def script(console: Console) -> None:
        followers = verbs(console)
        await rests(console)
        await unlinks(console, last=True)
        draft = replace(draft_of(console, M), is_master=False)
        with pytest.raises(RefusedError) as refused:
            await followers.edit(F1, M, draft)
        assert refused.value.field == "is_master"
        assert console.engine.lanes[M].account.master
        console.engine.cancel([one.intent.intent_id for one in console.engine.book], "by hand")
        await console.world.clock.sleep(10)
        await followers.edit(F1, M, draft)
        assert not console.engine.lanes[M].account.master

    live(script)
