"""Who copies, and how much: stored and known to the engine, or refused and unchanged."""

from dataclasses import replace
from decimal import Decimal

import pytest

from copytrade_gui.domain.account import Account
from copytrade_gui.domain.ids import AccountId, CommandId
from copytrade_gui.domain.link import Follower
from copytrade_gui.domain.order import State
from copytrade_gui.domain.sizing import SizingRule, Strategy
from copytrade_gui.services.account_store import APP_SECRET
from copytrade_gui.services.follower_verbs import FollowerDraft
from copytrade_gui.services.verbs import RefusedError
from tests.services.rig import Services, on_a_console

F1 = AccountId("F001")
TRIPLE = SizingRule(Strategy.RATIO, Decimal(3), None)


def typed(client_id: str, name: str = "Asha", parameter: str = "0.5") -> FollowerDraft:
    return FollowerDraft(name, client_id, "appkey", "s3cret", "ratio", parameter, "", active=True)


async def stored(here: Services) -> dict[AccountId, Account]:
    return {one.account_id: one for one in await here.console.store.accounts.all()}


def test_who_is_added_copies_the_next_order() -> None:
    async def script(here: Services) -> None:
        follower = await here.followers.add(here.world.master, typed("kx77001"))
        added = follower.account
        assert (await stored(here))[added.account_id] == added
        assert follower.link in await here.console.store.accounts.links()
        assert await here.secrets.get(added.account_id, APP_SECRET) == "s3cret"
        rows = (await here.trading.preview(here.world.master, here.draft())).rows
        assert added.account_id in {row.account_id for row in rows}

    on_a_console(script)


@pytest.mark.parametrize(
    ("draft", "field"),
    [
        (typed("kx77001", name=" "), "name"),
        (typed("KX 77001"), "client_id"),
        (typed("kx77001", parameter="0,5"), "parameter"),
        (typed("KX10001"), "client_id"),
    ],
)
def test_a_draft_that_is_wrong_is_refused_by_its_field(draft: FollowerDraft, field: str) -> None:
    async def script(here: Services) -> None:
        before = await stored(here)
        client = before[F1].client_id.swapcase()  # one client in any casing
        twin = draft if draft.client_id != "KX10001" else typed(client)
        with pytest.raises(RefusedError) as refused:
            await here.followers.add(here.world.master, twin)
        assert refused.value.field == field
        assert await stored(here) == before

    on_a_console(script)


def test_an_edit_leaves_what_it_does_not_name() -> None:
    """A window that shows five fields of a link takes no filter, state or clamp away."""

    async def script(here: Services) -> None:
        master = here.world.master
        full = replace(
            typed("kx77001"),
            is_master=True, min_quantity="2", rounding="nearest", overrides="NIFTY lots 2",
            state="close_only", group="family", sides="buy", products="intraday",
            exchanges="NSEFO", symbols="NIFTY", not_symbols="TCS", window_from="09:20",
            window_to="11:00",
        )  # fmt: skip
        before = await here.followers.add(master, full)
        name = before.account.account_id
        edited = await here.followers.edit(master, name, typed("kx77001", "Asha R", "0.75"))
        assert edited.account == replace(before.account, name="Asha R")
        rule = replace(before.link.sizing, parameter=Decimal("0.75"))
        assert edited.link == replace(before.link, sizing=rule)
        assert edited.link in await here.console.store.accounts.links()
        assert (await stored(here))[name] == edited.account

    on_a_console(script)


def test_one_rule_for_several_or_for_none() -> None:
    async def script(here: Services) -> None:
        names = [one.account_id for one in await here.followers.accounts()]
        master, book = here.world.master, here.console.store.accounts
        with pytest.raises(RefusedError, match="does not copy"):
            await here.followers.set_sizing(master, names, TRIPLE)
        assert all(link.sizing != TRIPLE for link in await book.links())
        await here.followers.set_sizing(master, names[1:], TRIPLE)
        assert {link.sizing for link in await book.links()} == {TRIPLE}

    on_a_console(script)


def test_who_is_off_gets_nothing_and_who_has_orders_is_not_removed() -> None:
    async def script(here: Services) -> None:
        await here.followers.set_active([F1], active=False)
        placed = await here.trading.submit(here.world.master, here.draft(), CommandId("one"))
        await here.console.quiet(60)
        states = {view.account_id: view.state for view in await here.trading.orders()}
        assert states.pop(F1) is State.SKIPPED
        assert set(states.values()) == {State.WORKING}
        with pytest.raises(RefusedError, match="not ended"):
            await here.followers.remove(here.world.master, [name for name in states if name != "M"])
        assert len(await stored(here)) == 4
        await here.trading.cancel_plan(placed.plan_id, CommandId("c"))
        await here.world.clock.sleep(5)
        lane = here.console.engine.lanes[F1]
        gone = Follower(lane.account, lane.links[here.world.master].link)
        await here.followers.remove(here.world.master, [F1])
        assert F1 not in await stored(here)
        await here.followers.restore([gone])
        assert (await stored(here))[F1] == gone.account
        assert gone.link in await here.console.store.accounts.links()

    on_a_console(script)


def test_a_link_is_turned_round_only_while_its_copies_hold_nothing() -> None:
    async def script(here: Services) -> None:
        async def turn(word: str) -> Follower:
            return await here.followers.edit(here.world.master, F1, FollowerDraft(reverse=word))

        assert (await turn("yes")).link.sizing.reverse
        assert not (await turn("no")).link.sizing.reverse
        placed = await here.trading.submit(here.world.master, here.draft(), CommandId("rests"))
        await here.console.world.clock.sleep(5)
        with pytest.raises(RefusedError, match="square them off first") as refused:
            await turn("yes")
        assert refused.value.field == "reverse"
        await here.trading.cancel_plan(placed.plan_id, CommandId("gone"))
        await here.console.quiet(60)
        here.console.see_price()
        await here.trading.submit(here.world.master, here.draft(away=-60), CommandId("fills"))
        await here.console.quiet(60)
        with pytest.raises(RefusedError, match="square them off first"):
            await turn("yes")
        assert not here.engine.lanes[F1].links[here.world.master].link.sizing.reverse

    on_a_console(script)
