"""Holdings: read in quiet time, what can be sold apart from what is pledged, and never sold for a
copy.

The simulator's own ledger of shares is the judge.
"""

from __future__ import annotations

import json

import pytest

from copytrade_gui.__main__ import main
from copytrade_gui.domain.ids import AccountId
from copytrade_gui.domain.order import Product, Side, State
from copytrade_gui.domain.square_off import EVERYTHING
from copytrade_gui.engine.orders.settings import EngineSettings
from copytrade_gui.engine.planning.denied import DeniedError
from copytrade_gui.services.holding_report import HoldingLine
from copytrade_gui.services.positions import holdings_now
from copytrade_gui.simulator.faults import Fault
from copytrade_gui.simulator.positions import Holding
from tests.engine.test_exits import DAY_NS, F1, position, press, ticket
from tests.engine.test_leaving import begin
from tests.proof.rig import Console, World, world

BUY, SELL, DELIVERY = Side.BUY, Side.SELL, Product.DELIVERY
READING = EngineSettings(holdings_every=1_800)
OWN, T1, PLEDGED = 100, 20, 40


def endow(made: World) -> None:
    """Everybody holds shares of his own from earlier days, some of them pledged."""
    for account in made.broker.accounts:
        symbol = made.instruments[0].underlying
        account.holdings[symbol, "DELIVERY"] = Holding(symbol, OWN, T1, 14_000_000, pledged=PLEDGED)


def shares(made: World, number: int) -> Holding:
    return made.broker.accounts[number].holdings[made.instruments[0].underlying, "DELIVERY"]


def told(console: Console) -> dict[AccountId, HoldingLine]:
    return {line.account_id: line for line in holdings_now(console.engine)().lines}


def test_who_holds_shares_only_as_his_own_sells_none_of_them_for_a_copy() -> None:
    async def script(console: Console) -> None:
        made = console.world
        await begin(console)
        sent = len(made.broker.ledger.accepted)
        orders = await press(console, ticket(made, SELL, product=DELIVERY))
        assert {one.code for one in orders.values()} == {"no_copy_to_exit"}
        assert len(made.broker.ledger.accepted) == sent + 1, "the master's own order alone"
        await press(console, ticket(made, BUY, 40, product=DELIVERY))
        assert [position(made, number, "DELIVERY") for number in (1, 2)] == [20, 80]
        orders = await press(console, ticket(made, SELL, 90, product=DELIVERY))
        assert {one.state for one in orders.values()} == {State.FILLED}
        for number in (1, 2):
            assert position(made, number, "DELIVERY") == 0
            assert shares(made, number).sold_today == 0, "his own shares were sold"
        with pytest.raises(DeniedError) as denied:
            console.engine.square_offs.must_hold(EVERYTHING)
        assert denied.value.code == "nothing_held"

    with world(2) as made:
        endow(made)
        made.live(script)


def test_copies_that_were_delivered_are_sold_and_nothing_beside_them() -> None:
    """On the next day they are T1 among the shares of his own."""

    async def monday(console: Console) -> None:
        await begin(console)
        await press(console, ticket(console.world, BUY, 40, product=DELIVERY))

    async def tuesday(console: Console) -> None:
        made = console.world
        await begin(console)
        await console.engine.resume("operator", "a new day")
        await made.clock.sleep(30)
        line = told(console)[F1]
        assert (line.holding.in_demat, line.holding.unsettled) == (OWN + T1, 20)
        assert (line.holding.pledged, line.copied, line.all_units) == (PLEDGED, 20, 180)
        orders = await press(console, ticket(made, SELL, 100, product=DELIVERY))
        assert {one.state for one in orders.values()} == {State.FILLED}
        for number in (1, 2):
            assert shares(made, number).sellable == OWN + T1
        orders = await press(console, ticket(made, SELL, 10, product=DELIVERY))
        assert {one.code for one in orders.values()} == {"no_copy_to_exit"}
        await made.clock.sleep(20)
        line = told(console)[F1]  # read again behind the sale
        assert ((line.holding.in_demat or 0) + (line.holding.unsettled or 0)) == OWN + T1
        assert line.copied == 0

    with world(2, settings=READING) as made:
        endow(made)
        made.live(monday)
        made.time.now_ns += DAY_NS
        made.live(tuesday)


def test_they_are_read_behind_a_login_kept_over_a_failure_and_stored_where_they_changed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def script(console: Console) -> None:
        made, engine = console.world, console.engine
        await begin(console)
        assert not told(console), "nothing is read while the morning's logins go on"
        await made.clock.sleep(30)
        assert {
            (line.holding.in_demat, line.holding.unsettled, line.holding.pledged, line.copied)
            for line in told(console).values()
        } == {(OWN, T1, PLEDGED, 0)}
        assert len(told(console)) == 3
        made.broker.add_fault(Fault(action="book_failed", call="holdings"))
        engine.holdings.look([F1])
        await made.clock.sleep(2)
        line = told(console)[F1]
        assert line.holding.in_demat == OWN
        assert line.problem
        made.broker.clear_faults()
        shares(made, 1).sold_today = 30
        engine.holdings.look([F1, AccountId("M")])
        await made.clock.sleep(2)
        line = told(console)[F1]
        assert (line.holding.in_demat, line.problem) == (OWN - 30, "")
        await console.store.journal.flush()
        seen = await console.store.history.events(100, kind="HoldingsSeen")
        assert sorted(one.account_id for one in seen) == sorted(["M", "F001", "F001", "F002"])
        assert await console.store.history.verify() == ()

    with world(2, settings=READING) as made:
        endow(made)
        made.switches.placeholder_holdings = True
        made.live(script)
        place = ["--paper", "--data-dir", str(made.folder / "life0")]
        assert main(["positions", *place, "--json"]) == 0
        stored = json.loads(capsys.readouterr().out)["holdings"]
        assert sorted((one["account_id"], one["can_sell"], one["pledged"]) for one in stored) == [
            ("F001", OWN - 30, PLEDGED), ("F002", OWN, PLEDGED), ("M", OWN, PLEDGED),
        ]  # fmt: skip
        assert main(["positions", *place]) == 0
        assert "3 holdings as last read" in capsys.readouterr().out
