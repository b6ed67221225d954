"""Copies that came to nothing are sent again by a person, once, and never what may be there.

It is catching up of those alone: sized now, after every check, less what they hold. The simulator's
positions and ledger are the judge.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from copytrade_gui.domain.ids import AccountId, CommandId, IntentId
from copytrade_gui.domain.order import Side, State
from copytrade_gui.services.catch_up import CatchUps
from copytrade_gui.services.verbs import RefusedError
from copytrade_gui.simulator.faults import Fault
from tests.engine.test_exits import F1, F2, press, ticket
from tests.engine.test_leaving import begin
from tests.engine.test_links import M, held
from tests.proof.rig import Console, world

F3 = AccountId("F003")


def reject(console: Console, account: AccountId, action: str, **more: object) -> None:
    client = console.world.account(account).client_id
    fault = {"action": action, "call": "place", "accounts": [client], "count": 1, **more}
    console.world.broker.add_fault(Fault(**fault))  # type: ignore[arg-type]  # by name


def intents(console: Console, *accounts: AccountId) -> list[IntentId]:
    return [one.intent.intent_id for one in console.engine.book
            if one.intent.account_id in accounts]  # fmt: skip


async def again(console: Console, lost: list[IntentId], command: str = "again") -> int:
    """What a person does: choose them, look at the preview, press its verb."""
    verbs = CatchUps(console.engine)
    missing = await verbs.missing(lost)
    told = await verbs.preview(missing.master, missing.of)
    agreed = {
        one.account_id: one.units for one in told.placed if one.account_id in missing.accounts
    }
    done = await verbs.begin(missing.master, missing.of, agreed, CommandId(command))
    await console.world.clock.sleep(8)
    return done


def test_what_was_rejected_is_sent_again_once_to_those_alone() -> None:
    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        reject(console, F1, "reject")
        reject(console, F3, "reject")
        orders = await press(console, ticket(made, Side.BUY, 20))
        assert {one.state for one in (orders[F1], orders[F3])} == {State.REJECTED}
        await made.clock.sleep(15)
        assert held(console) == [20, 0, 40, 0]
        assert await again(console, intents(console, F1)) == 1
        assert held(console) == [20, 10, 40, 0], "F3 was not chosen"
        accepted = len(made.broker.ledger.accepted)
        # The same press once more is the same plan, and another one finds that nothing lacks.
        with pytest.raises(RefusedError, match="Nobody lacks"):
            await again(console, intents(console, F1), "another")
        assert await again(console, intents(console, F3), "third") == 1
        assert held(console) == [20, 10, 40, 30]
        assert len(made.broker.ledger.accepted) == accepted + 1
        kinds = [plan.signal.kind.name for plan in console.engine.book.plans.values()]
        assert kinds == ["TICKET", "CATCH_UP", "CATCH_UP"]

    with world(3) as made:
        made.live(script)


def test_what_may_be_at_the_broker_is_never_sent_again() -> None:
    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        reject(console, F1, "drop_reply")
        reject(console, F2, "reject")
        made.broker.add_fault(Fault(action="book_failed", accounts=[made.account(F1).client_id]))
        orders = await press(console, ticket(made, Side.BUY, 20))
        assert orders[F1].state is State.UNKNOWN
        before = len(made.wire)
        verbs = CatchUps(console.engine)
        with pytest.raises(RefusedError, match="before its absence is proven"):
            await verbs.missing(intents(console, F1, F3))
        missing = await verbs.missing(intents(console, F1, F2, F3))
        assert missing.accounts == {F2}
        assert "Follower 1, Follower 3" in missing.left_out[0]
        await made.clock.sleep(15)
        # Whoever names him all the same is refused by the same rule as any catching up.
        with pytest.raises(RefusedError):
            await verbs.begin(M, missing.of, {F1: 10}, CommandId("by force"))
        places = [line for line in made.broker.ledger.wire if line.account ==
                  made.account(F1).client_id]  # fmt: skip
        assert len(places) == 1
        assert len(made.wire) >= before

    with world(3) as made:
        made.live(script)


def test_copies_of_several_positions_are_not_one_sending() -> None:
    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        for product in (Side.BUY, Side.SELL):
            reject(console, F1, "reject")
            which = 0 if product is Side.BUY else 1
            await press(console, replace(made.terms(quantity=20, away=-20, which=which)))
        verbs = CatchUps(console.engine)
        with pytest.raises(RefusedError, match="Choose those of one"):
            await verbs.missing(intents(console, F1))
        with pytest.raises(RefusedError, match="No copies are chosen"):
            await verbs.missing(intents(console, M))

    with world(1) as made:
        made.live(script)
