"""Whom the ticket sends the order to: what the others are told, and what is asked of a person.

The simulator's ledger and positions are the judge.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from copytrade_gui.domain.account import Role
from copytrade_gui.domain.draft import Draft
from copytrade_gui.domain.ids import AccountId, CommandId
from copytrade_gui.domain.order import FanOut, Side, State
from copytrade_gui.domain.recipients import EVERYBODY, MASTER_ALONE, Recipients, Scope
from copytrade_gui.domain.records import OrderView
from copytrade_gui.services.follower_verbs import FollowerDraft
from copytrade_gui.services.verbs import RefusedError
from tests.engine.test_exits import position, ticket
from tests.services.rig import Services, on_a_console
from tests.services.rig import ticket as draft_of

F1, F2, F3 = (AccountId(f"F{number:03d}") for number in (1, 2, 3))
FAMILY = Recipients(Scope.GROUPS, frozenset({"Family"}))
BOTH = Recipients(Scope.GROUPS, frozenset({"Family", "Friends"}))
THIRD = Recipients(Scope.FOLLOWERS, followers=frozenset({F3}))


async def grouped(here: Services) -> AccountId:
    """F1 in Family, F2 in Friends, F3 in no group; they copy 0.5, 2 and 1.5 times. The master."""
    for name, group in ((F1, "Family"), (F2, "Friends")):
        await here.followers.edit(here.world.master, name, FollowerDraft(group=group))
    return here.world.master


def order(here: Services, side: Side, recipients: Recipients, quantity: int = 10) -> Draft:
    return replace(draft_of(ticket(here.world, side, quantity)), recipients=recipients)


async def press(
    here: Services, draft: Draft, confirmed: str = ""
) -> dict[AccountId, list[OrderView]]:
    """Place it; what became of every follower, by account."""
    command = CommandId(f"at {here.world.time.now_ns}")
    placed = await here.trading.submit(here.world.master, draft, command, confirmed)
    await here.world.clock.sleep(5)
    found: dict[AccountId, list[OrderView]] = {}
    for view in await here.trading.orders():
        if view.plan_id == placed.plan_id and view.role is Role.FOLLOWER:
            found.setdefault(view.account_id, []).append(view)
    return found


def held(here: Services) -> list[int]:
    return [position(here.world, number) for number in range(4)]


@pytest.mark.parametrize("fan_out", list(FanOut))
@pytest.mark.parametrize(
    ("recipients", "holding"),
    [
        (EVERYBODY, [10, 5, 20, 15]),
        (FAMILY, [10, 5, 0, 0]),
        (BOTH, [10, 5, 20, 0]),
        (THIRD, [10, 0, 0, 15]),
        (MASTER_ALONE, [10, 0, 0, 0]),
    ],
)
def test_only_those_who_were_chosen_get_it_and_each_other_one_has_one_verdict(
    recipients: Recipients, holding: list[int], fan_out: FanOut
) -> None:
    async def script(here: Services) -> None:
        master = await grouped(here)
        draft = replace(order(here, Side.BUY, recipients), fan_out=fan_out)
        seen = await here.trading.preview(master, draft)
        assert not any("asked" in words for words in seen.warnings)
        orders = await press(here, draft)
        assert held(here) == holding
        told = {row.account_id: row for row in seen.rows if not row.is_master}
        for number, name in enumerate((F1, F2, F3), start=1):
            (view,) = orders[name]
            row = told[name]
            assert row.quantity == holding[number]
            assert (view.code, view.reason) == (row.code, row.reason)
            if not holding[number]:
                assert (view.state, view.code) == (State.SKIPPED, "not_chosen")
                assert view.reason == f"The ticket is {recipients.in_words()}."

    on_a_console(script)


def test_who_is_left_out_of_an_exit_keeps_his_copies_for_a_later_one() -> None:
    async def script(here: Services) -> None:
        await grouped(here)
        await press(here, order(here, Side.BUY, EVERYBODY))
        assert held(here) == [10, 5, 20, 15]
        await press(here, order(here, Side.SELL, FAMILY, 4))
        assert held(here) == [6, 3, 20, 15]
        await press(here, order(here, Side.SELL, EVERYBODY, 6))
        assert held(here) == [0, 0, 0, 0]

    on_a_console(script)


def test_where_no_follower_gets_it_the_master_is_asked_before_his_order_leaves_alone() -> None:
    async def script(here: Services) -> None:
        master = await grouped(here)
        await here.followers.set_active([F1, F2], active=False)
        await here.followers.edit(master, F3, FollowerDraft(sides="SELL"))
        draft = order(here, Side.BUY, EVERYBODY)
        sentence = (
            "No follower gets this order. 2 of 3: The follower is switched off. 1 of 3: The link "
            "copies only SELL orders. Only the master's order is sent."
        )
        seen = await here.trading.preview(master, draft)
        assert f"You will be asked: {sentence}" in seen.warnings
        with pytest.raises(RefusedError) as refused:
            await press(here, draft)
        assert (refused.value.code, refused.value.sentence) == ("hold", sentence)
        with pytest.raises(RefusedError):
            await press(here, draft, confirmed="9")
        assert here.at_broker == 0
        await press(here, draft, confirmed="10")
        assert held(here) == [10, 0, 0, 0]
        # Who said that it is for him alone is not asked.
        await press(here, order(here, Side.BUY, MASTER_ALONE))
        assert held(here) == [20, 0, 0, 0]
        for nobody in (FAMILY, Recipients(Scope.GROUPS, frozenset({"Gone"}))):
            with pytest.raises(RefusedError, match="No follower gets this order"):
                await press(here, order(here, Side.BUY, nobody))
        # Nobody misses an exit of what no copy holds.
        await here.followers.set_active([F1, F2], active=True)
        await press(here, order(here, Side.SELL, EVERYBODY, 20))
        assert held(here) == [0, 0, 0, 0]

    on_a_console(script)


def test_a_group_multiplies_its_entries_from_the_next_order_on_and_exits_go_by_the_copies() -> None:
    async def script(here: Services) -> None:
        master = await grouped(here)
        await press(here, order(here, Side.BUY, EVERYBODY))
        await here.followers.set_group(master, [], "Friends", "0.75")
        await here.followers.edit(master, F3, FollowerDraft(group="Friends"))
        groups = [(one.name, one.multiplier, one.links) for one in await here.followers.groups()]
        assert groups == [("Family", 1, 1), ("Friends", Decimal("0.75"), 2)]
        await press(here, order(here, Side.BUY, EVERYBODY))
        assert held(here) == [20, 10, 35, 26]  # 2 and 1.5 times 0.75: 15 and 11
        await press(here, order(here, Side.SELL, EVERYBODY, 20))
        assert held(here) == [0, 0, 0, 0]
        # Out of the group he copies as his rule says.
        await here.followers.edit(master, F3, FollowerDraft(group=""))
        await press(here, order(here, Side.BUY, EVERYBODY))
        assert held(here) == [10, 5, 15, 15]
        await here.console.store.journal.flush()
        assert await here.console.store.history.verify() == ()

    on_a_console(script)


def test_a_running_plan_keeps_the_size_it_was_made_with() -> None:
    async def script(here: Services) -> None:
        await grouped(here)
        for name in (F1, F2):
            here.engine.lanes[name].wait_until_ns = here.world.clock.mono_ns() + 3_000_000_000
        draft = order(here, Side.BUY, EVERYBODY)
        await here.trading.submit(here.world.master, draft, CommandId("one"))
        await here.world.clock.sleep(0.5)
        assert held(here)[1:3] == [0, 0]
        await here.followers.set_group(here.world.master, [], "Friends", "3")
        await here.world.clock.sleep(6)
        assert held(here) == [10, 5, 20, 15]

    on_a_console(script)


@pytest.mark.parametrize(
    ("multiplier", "words"),
    [("0", "above 0"), ("-1", "above 0"), ("1e9", "1000000000"), ("NaN", "not a number"),
     ("1001", "1,000"), ("", "empty")],
)  # fmt: skip
def test_a_multiplier_that_is_none_is_refused_and_changes_nothing(
    multiplier: str, words: str
) -> None:
    async def script(here: Services) -> None:
        await grouped(here)
        before = await here.console.store.accounts.links()
        with pytest.raises(RefusedError) as refused:
            await here.followers.set_group(here.world.master, [F3], "Friends", multiplier)
        assert refused.value.field == "multiplier"
        assert words in refused.value.sentence
        with pytest.raises(RefusedError, match="Group is empty"):
            await here.followers.set_group(here.world.master, [F1], "", "2")
        with pytest.raises(RefusedError, match="is here already as Family") as written:
            await here.followers.edit(here.world.master, F3, FollowerDraft(group="FAMILY"))
        assert written.value.field == "group"
        assert await here.console.store.accounts.links() == before

    on_a_console(script)
