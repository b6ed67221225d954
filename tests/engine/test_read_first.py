"""After a start nothing leaves in an account that has orders of today before its book was read.

docs/safety.md 7.4: what the program learnt a moment before it died, perhaps that the account must
be halted, may not be stored. A person may resume while an account is not logged in; that is no
read.
"""

from __future__ import annotations

from copytrade_gui.domain.ids import AccountId, CommandId
from copytrade_gui.domain.order import FanOut, State
from copytrade_gui.domain.trading_state import TradingState
from copytrade_gui.engine.orders import faultpoints
from copytrade_gui.simulator.faults import Fault
from tests.engine.test_account_halts import halted, orders_at_broker
from tests.engine.test_leaving import begin, press
from tests.proof.rig import Console, ProgramStopped, world

F1 = AccountId("F001")


async def shares(console: Console, name: str) -> dict[AccountId, tuple[str, str]]:
    made = console.world
    terms = made.terms(away=60)
    placed = await console.engine.submit(made.master, terms, FanOut.WITH_MASTER, CommandId(name))
    return {one.account_id: (one.state, one.code) for one in placed.plan.intents}


def test_a_twin_nobody_stored_halts_its_account_before_another_order_leaves() -> None:
    armed: list[bool] = []

    def die(point: str) -> None:
        if armed and point == faultpoints.AFTER_BOOK_READ:
            raise ProgramStopped("power cut")

    async def twins(console: Console) -> None:
        await begin(console)
        client = console.world.account(F1).client_id
        console.world.broker.add_fault(Fault(action="duplicate_order", accounts=[client], count=1))
        armed.append(True)
        await press(console, "twice", away=60)
        await console.world.clock.sleep(10)

    async def after(console: Console) -> None:
        for account in console.world.accounts:
            if account.account_id != F1:
                console.log_in(account.account_id)
        await console.world.clock.sleep(5)
        await console.engine.resume("operator", "Looked at the others.")
        assert console.engine.gate.state is TradingState.ACTIVE
        console.log_in(F1)
        assert (await shares(console, "too early"))[F1] == (State.BLOCKED, "unread")
        await console.world.clock.sleep(10)
        assert halted(console).startswith("DUPLICATE")
        assert (await shares(console, "halted"))[F1] == (State.BLOCKED, "account_halted")
        await console.world.clock.sleep(3)

    with world(2) as made:
        assert made.live(twins, fault=die) is None
        made.live(after)
        assert orders_at_broker(made) == [3, 2, 3]


def test_an_account_whose_orders_all_ended_trades_again_once_it_was_read() -> None:
    async def morning(console: Console) -> None:
        await begin(console)
        await press(console, "one")
        await console.world.clock.sleep(30)
        assert {order.state for order in console.engine.book} == {State.FILLED}

    async def after(console: Console) -> None:
        made = console.world
        console.log_in(made.master)
        await made.clock.sleep(5)
        await console.engine.resume("operator", "No time to wait.")
        console.log_in(F1)
        console.log_in(AccountId("F002"))
        terms, command = made.terms(away=60), CommandId("previewed too early")
        assert (await shares(console, "an order of nobody's"))[F1] == (State.BLOCKED, "unread")
        await made.clock.sleep(10)
        await console.engine.submit(made.master, terms, FanOut.WITH_MASTER, command)
        await made.clock.sleep(10)
        assert console.bugs == []

    with world(2) as made:
        made.live(morning)
        made.live(after)
        assert orders_at_broker(made) == [3, 2, 2]


def test_what_still_waits_in_an_account_leaves_only_once_it_was_read() -> None:
    async def morning(console: Console) -> None:
        made = console.world
        await begin(console)
        await press(console, "one")
        await made.clock.sleep(30)
        console.engine.lanes[F1].wait_until_ns = made.clock.mono_ns() + 60_000_000_000
        await press(console, "waits", away=60)
        await made.clock.sleep(1)
        raise ProgramStopped("power cut")

    async def after(console: Console) -> None:
        made = console.world
        console.log_in(made.master)
        console.log_in(AccountId("F002"))
        await made.clock.sleep(3)
        await console.engine.resume("operator", "No time to wait.")
        client = made.account(F1).client_id
        made.broker.add_fault(
            Fault(action="answer", call="orders", http_status=503, form="html", accounts=[client])
        )
        console.log_in(F1)
        await made.clock.sleep(5)
        assert orders_at_broker(made) == [2, 1, 2]
        made.broker.clear_faults()
        await made.clock.sleep(10)
        assert orders_at_broker(made) == [2, 2, 2]

    with world(2) as made:
        made.live(morning)
        made.live(after)
