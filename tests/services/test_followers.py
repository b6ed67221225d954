"""Who copies, and how much: stored and known to the engine, or refused and unchanged."""

from decimal import Decimal

import pytest

from copytrade_gui.domain.account import Account
from copytrade_gui.domain.ids import AccountId, CommandId
from copytrade_gui.domain.order import State
from copytrade_gui.domain.sizing import SizingRule, Strategy
from copytrade_gui.services.account_store import APP_SECRET
from copytrade_gui.services.verbs import FollowerDraft, RefusedError
from tests.services.desk import Desk, at_the_desk

F1 = AccountId("F001")
TRIPLE = SizingRule(Strategy.RATIO, Decimal(3), None)


def typed(client_id: str, name: str = "Asha", parameter: str = "0.5") -> FollowerDraft:
    return FollowerDraft(name, client_id, "appkey", "s3cret", "ratio", parameter, "", active=True)


async def stored(desk: Desk) -> dict[AccountId, Account]:
    return {one.account_id: one for one in await desk.console.store.accounts.all()}


def test_who_is_added_copies_the_next_order() -> None:
    async def script(desk: Desk) -> None:
        added = await desk.followers.add(desk.world.master, typed("kx77001"))
        assert (await stored(desk))[added.account_id] == added
        assert await desk.secrets.get(added.account_id, APP_SECRET) == "s3cret"
        rows = (await desk.trading.preview(desk.world.master, desk.draft())).rows
        assert added.account_id in {row.account_id for row in rows}

    at_the_desk(script)


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
    async def script(desk: Desk) -> None:
        before = await stored(desk)
        client = before[F1].client_id.swapcase()  # one client in any casing
        twin = draft if draft.client_id != "KX10001" else typed(client)
        with pytest.raises(RefusedError) as refused:
            await desk.followers.add(desk.world.master, twin)
        assert refused.value.field == field
        assert await stored(desk) == before

    at_the_desk(script)


def test_one_rule_for_several_or_for_none() -> None:
    async def script(desk: Desk) -> None:
        names = [one.account_id for one in await desk.followers.accounts()]
        with pytest.raises(RefusedError, match="is a master"):
            await desk.followers.set_sizing(names, TRIPLE)
        assert all(one.sizing != TRIPLE for one in (await stored(desk)).values())
        await desk.followers.set_sizing(names[1:], TRIPLE)
        assert all(one.sizing == TRIPLE for one in (await stored(desk)).values() if one.master_id)

    at_the_desk(script)


def test_who_is_off_gets_nothing_and_who_has_orders_is_not_removed() -> None:
    async def script(desk: Desk) -> None:
        await desk.followers.set_active([F1], active=False)
        placed = await desk.trading.submit(desk.world.master, desk.draft(), CommandId("one"))
        await desk.console.quiet(60)
        states = {view.account_id: view.state for view in await desk.trading.orders()}
        assert states.pop(F1) is State.SKIPPED
        assert set(states.values()) == {State.WORKING}
        with pytest.raises(RefusedError, match="not ended"):
            await desk.followers.remove(list(states))
        assert len(await stored(desk)) == 4
        await desk.trading.cancel_plan(placed.plan_id, CommandId("c"))
        await desk.world.clock.sleep(5)
        (gone,) = [one for one in await desk.followers.accounts() if one.account_id == F1]
        await desk.followers.remove([F1])
        assert F1 not in await stored(desk)
        await desk.followers.restore([gone])
        assert (await stored(desk))[F1] == gone

    at_the_desk(script)
