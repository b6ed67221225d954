"""Squaring off what owners hold themselves as well: only where it is chosen, and to zero.

The simulator's positions are the judge.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine

import pytest

from copytrade_gui.domain.ids import CommandId
from copytrade_gui.domain.order import Side
from copytrade_gui.domain.position import OwnKey
from copytrade_gui.domain.square_off import EVERYTHING, Chosen, LegState, Scope, SquareOffReport
from copytrade_gui.engine.orders import faultpoints
from copytrade_gui.engine.planning.denied import DeniedError
from copytrade_gui.simulator.faults import Fault
from tests.engine.broker_owner import holds_from_yesterday, trades_himself
from tests.engine.test_exits import F1, F2, position, press, ticket
from tests.engine.test_leaving import begin
from tests.engine.test_links import becomes_master, held
from tests.engine.test_square_off import at_broker, square_off
from tests.proof.rig import Console, ProgramStopped, world

BUY, SELL = Side.BUY, Side.SELL
ALL: Scope = (Chosen(owners=True),)
Script = Callable[[Console], Coroutine[object, object, None]]


def live(script: Script) -> None:
    with world(2) as made:
        made.live(script)


async def hold(console: Console, own: int, copied: int = 10) -> None:
    """F1 copies a half, and his owner trades so many units himself; F2 copies twice as much."""
    made = console.world
    await begin(console)
    console.see_price()
    if copied:
        side = BUY if copied > 0 else SELL
        await press(console, ticket(made, side, abs(copied)), wait_s=15)
    if own:
        side = BUY if own > 0 else SELL
        trades_himself(made, made.accounts[1], ticket(made, side), abs(own))
    await made.clock.sleep(130)
    made.broker.advance()


@pytest.mark.parametrize("copied", [10, -10, 0])
@pytest.mark.parametrize("own", [7, -3, -7])
def test_both_end_at_zero_where_it_is_chosen(own: int, copied: int) -> None:
    async def script(console: Console) -> None:
        await hold(console, own, copied)
        assert held(console) == [copied, copied // 2 + own, copied * 2]
        if copied:
            report = await square_off(console, EVERYTHING, "copies")
            assert not any(isinstance(leg.key, OwnKey) for leg in report.legs)
        both = await square_off(console, ALL, "all")
        assert held(console) == [copied, 0, 0]
        own_legs = [leg for leg in both.legs if isinstance(leg.key, OwnKey)]
        if copied * own < 0:  # the owner had closed the copy, or a part of it, by himself
            return
        assert both.proven
        assert [leg.state for leg in own_legs] == [LegState.CLOSED]
        await console.world.clock.sleep(60)
        ledger = console.engine.parts.exits.ledger
        assert not any(net for _, net in ledger.copied()), "an owner's is no copy"

    live(script)


@pytest.mark.parametrize("copied", [10, -10])
@pytest.mark.parametrize("own", [7, -3, -7])
def test_both_leave_in_one_act(own: int, copied: int) -> None:
    async def script(console: Console) -> None:
        await hold(console, own, copied)
        report = await square_off(console, ALL)
        assert held(console) == [copied, 0, 0]
        if copied * own < 0:  # what of the copy its owner had closed by himself is named
            assert [leg.left for leg in report.legs if leg.left]
            return
        assert report.proven
        await console.world.clock.sleep(60)
        assert not any(net for _, net in console.engine.parts.exits.ledger.copied())

    live(script)


def test_holdings_masters_and_other_accounts_stay() -> None:
    async def script(console: Console) -> None:
        made = console.world
        holds_from_yesterday(made, made.accounts[2], ticket(made, BUY), 6)
        await hold(console, 4, 0)
        trades_himself(made, made.accounts[0], ticket(made, BUY), 5)
        await made.clock.sleep(130)
        await square_off(console, (Chosen(F1, owners=True),))
        assert held(console) == [5, 0, 0]
        assert position(made, 2, "NORMAL") == 6
        await square_off(console, ALL, "everything")
        assert [position(made, number, "NORMAL") for number in range(3)] == [0, 0, 0]
        assert held(console) == [5, 0, 0], "a master closes his own by his own order"

    live(script)


def test_a_book_that_lags_behind_what_copies_closed_turns_nobody_round() -> None:
    async def script(console: Console) -> None:
        await hold(console, 7)
        made = console.world
        await console.engine.square_offs.begin(EVERYTHING, CommandId("copies"), "operator")
        while any(net for _, net in console.engine.parts.exits.ledger.copied()):
            await made.clock.sleep(0.1)
        late = Fault(
            action="book_quantity", call="positions", form="netQuantity", units=5,
            accounts=[made.accounts[1].client_id], until_s=5,
        )  # fmt: skip
        made.broker.add_fault(late)
        await square_off(console, ALL)
        assert held(console) == [10, 0, 0]

    live(script)


def test_only_where_it_was_chosen() -> None:
    async def script(console: Console) -> None:
        made = console.world
        await hold(console, 4, 0)
        other = made.terms(side=BUY, which=1)
        trades_himself(made, made.accounts[1], other, 3)
        await made.clock.sleep(130)
        made.broker.advance()
        here = Chosen(F1, made.instruments[0].key, owners=True)
        await square_off(console, (here, Chosen(F1)))
        assert at_broker(made) == {(F1, made.instruments[1].symbol): 3}

    live(script)


def test_an_account_that_is_a_master_too_keeps_its_own() -> None:
    async def script(console: Console) -> None:
        made = console.world
        becomes_master(console, F1)
        await hold(console, 4)
        await square_off(console, ALL)
        assert position(made, 1) == 4

    live(script)


def test_while_an_own_order_works_there_nothing_of_it_is_closed() -> None:
    async def script(console: Console) -> None:
        made = console.world
        await hold(console, 7, 0)
        key = made.instruments[0].key
        price = made.price(made.instruments[0]) + 50
        made.broker.owner(made.accounts[1].client_id).place(
            {
                "exchange": key.exchange.value, "instrumentId": key.instrument_id, "quantity": "7",
                "transactionType": "SELL", "orderType": "LIMIT", "price": f"{price:.2f}",
            },
            channel="App",
        )  # fmt: skip
        await made.clock.sleep(60)
        report = await square_off(console, ALL)
        (leg,) = report.legs
        assert (leg.state, leg.code) == (LegState.NOT_SENT, "own_order_works")
        assert position(made, 1) == 7

    live(script)


@pytest.mark.parametrize("point", [faultpoints.AFTER_PLAN_COMMIT, faultpoints.AFTER_WRITE])
def test_a_crash_in_the_middle_is_named_and_gone_on_with(point: str) -> None:
    armed: list[str] = []

    def fault(reached: str) -> None:
        if armed and reached == armed[0]:
            armed.clear()
            raise ProgramStopped(0)

    async def before(console: Console) -> None:
        await hold(console, 7, 0)
        armed.append(point)
        await square_off(console, ALL)

    async def after(console: Console) -> None:
        console.log_all_in()
        await console.world.clock.sleep(240)
        await console.engine.resume("operator", "Looked.")
        left = position(console.world, 1)
        assert left in (0, 7)
        if left:
            await square_off(console, ALL, "again")
        assert position(console.world, 1) == 0
        assert not any(net for _, net in console.engine.parts.exits.ledger.copied())

    with world(2) as made:
        assert made.live(before, fault=fault) is None
        made.live(after)


def test_what_is_rejected_is_named() -> None:
    async def script(console: Console) -> None:
        made = console.world
        await hold(console, 7, 0)
        made.broker.add_fault(Fault(action="reject", text="RMS:Blocked"))
        report: SquareOffReport = await square_off(console, ALL)
        (leg,) = report.legs
        assert (leg.state, leg.left, leg.at_broker) == (LegState.FAILED, 7, 7)
        assert "RMS" in leg.reason
        made.broker.clear_faults()
        assert (await square_off(console, tuple(leg.chosen for leg in report.left), "2")).proven
        assert position(made, 1) == 0

    live(script)


def test_with_nothing_held_it_is_refused() -> None:
    async def script(console: Console) -> None:
        await hold(console, 0, 0)
        with pytest.raises(DeniedError, match="Accounts hold nothing there"):
            await console.engine.square_offs.begin(ALL, CommandId("none"), "operator")

    live(script)


def test_the_preview_tells_both_apart() -> None:
    async def script(console: Console) -> None:
        await hold(console, 7)
        lines = await console.engine.square_offs.preview(ALL)
        told = {(line.key.account_id, isinstance(line.key, OwnKey)): line.units for line in lines}
        assert told == {(F1, False): 5, (F1, True): 7, (F2, False): 20}

    live(script)
