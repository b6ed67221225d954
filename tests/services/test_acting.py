"""Each front end leaves its actor in the trail: of every verb, of its plan, of its stop."""

from __future__ import annotations

import asyncio

from copytrade_gui.domain.actor import Actor, ActorKind
from copytrade_gui.domain.ids import AccountId, CommandId
from copytrade_gui.domain.square_off import EVERYTHING
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.services.acting import verbs_of
from copytrade_gui.services.limits import LimitEdits
from copytrade_gui.services.square_off import SquareOffService
from tests.services.rig import Services, on_a_console

MASTER, F1 = AccountId("M"), AccountId("F001")
DESK = Actor(ActorKind.TOKEN, "desk")


async def actors(here: Services, *kinds: str) -> list[tuple[str, str]]:
    """The actor of each entry of these kinds, the oldest first."""
    await here.console.store.journal.flush()
    rows = await here.console.store.history.events(1_000)
    return [(row.kind, row.actor) for row in reversed(rows) if row.kind in kinds]


def test_what_an_actor_asks_for_is_his_in_the_trail() -> None:
    async def script(here: Services) -> None:
        trading = verbs_of(here.trading, DESK)
        placed = await trading.submit(MASTER, here.draft(), CommandId("place"))
        await here.world.clock.sleep(2)
        assert here.at_broker == 4
        await trading.cancel_plan(placed.plan_id, CommandId("cancel"))
        await here.world.clock.sleep(2)
        assert all(order.state.ended for order in here.engine.book)
        await trading.pause("looks wrong")
        await trading.resume("looked at it", "")
        followers = verbs_of(here.followers, DESK)
        await followers.set_active([F1], False)
        made = here.console
        limits = LimitEdits(made.engine, made.store.journal, here.world.clock)
        await verbs_of(limits, DESK).set_limits(
            None, {"open_orders": "40"}, "fewer", CommandId("limits")
        )
        kinds = ("PlanMade", "Command", "TradingStateChanged", "AccountEdited")
        found = await actors(here, *kinds)
        mine = [one for one in found if one[1] == DESK.text]
        assert [kind for kind, _ in mine] == [
            "PlanMade", "Command", "TradingStateChanged", "TradingStateChanged",
            "AccountEdited", "Command",
        ]  # fmt: skip

    on_a_console(script)


def test_a_square_off_and_its_orders_are_who_asked_for_it() -> None:
    async def script(here: Services) -> None:
        await here.trading.submit(MASTER, here.draft(away=-20), CommandId("place"))
        await here.world.clock.sleep(10)
        square_offs = verbs_of(SquareOffService(here.engine), DESK)
        await square_offs.begin(EVERYTHING, CommandId("off"))
        await here.world.clock.sleep(10)
        found = await actors(here, "PlanMade", "Command")
        assert found[0] == ("PlanMade", "operator")
        assert len(found) > 2
        assert {actor for _, actor in found[1:]} == {DESK.text}

    on_a_console(script)


def test_two_who_act_at_once_are_kept_apart() -> None:
    async def script(here: Services) -> None:
        agent = Actor(ActorKind.AGENT, "scout")
        await asyncio.gather(
            verbs_of(here.trading, DESK).submit(MASTER, here.draft(60), CommandId("one")),
            verbs_of(here.trading, agent).submit(MASTER, here.draft(70), CommandId("two")),
            here.trading.submit(MASTER, here.draft(80), CommandId("three")),
        )
        await here.world.clock.sleep(2)
        found = await actors(here, "PlanMade")
        assert sorted(actor for _, actor in found) == sorted([DESK.text, agent.text, "operator"])
        await here.trading.halt("enough")
        assert here.engine.gate.change.actor == "operator"
        assert here.engine.gate.state is TradingState.HALT

    on_a_console(script)
